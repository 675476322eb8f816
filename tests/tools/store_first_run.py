"""Run the comparison that the page shows on arrival, in each language, and keep it with the machine's name.

    python tests/tools/store_first_run.py [LANGUAGE ...]

Everything but the seed is as the page has it when it opens; the second of two runs is kept, as a visitor's would be
whose models have warmed up.
"""

import sys

from instaflow_demo.machine.environment import fingerprint
from instaflow_demo.registry import DEFAULT_MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.stored_run import FOLDER, store_run
from instaflow_demo.service import Service
from instaflow_demo.ui.tabs.form import EXAMPLES
from instaflow_demo.ui.text import LANGUAGES, say
from instaflow_demo.weights.locate import Weights

SEED = 7


def main() -> None:
    service, machine = Service(Weights()), fingerprint()
    for language in (each for each in LANGUAGES if each in (sys.argv[1:] or LANGUAGES)):
        request = GenerationRequest.parse(say(language, EXAMPLES[0]), list(DEFAULT_MODELS), seed=SEED)
        list(service.run(request, patient=True))
        store_run(request, service.run(request, patient=True), machine, FOLDER / language)


if __name__ == "__main__":
    main()
