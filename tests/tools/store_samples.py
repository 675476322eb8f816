"""Draw the images that the page's tab of results shows of each method of the paper, in each language.

python tests/tools/store_samples.py [LANGUAGE ...]
"""

import sys

from instaflow_demo.machine.environment import fingerprint
from instaflow_demo.registry import MODELS
from instaflow_demo.results.paper import PAPER
from instaflow_demo.results.stored_samples import FOLDER, draw_samples, store_samples
from instaflow_demo.service import Service
from instaflow_demo.ui.tabs.results import SAMPLE_PROMPTS
from instaflow_demo.ui.text import LANGUAGES, say
from instaflow_demo.weights.locate import Weights

SEED = 7


def main() -> None:
    service, machine = Service(Weights()), fingerprint()
    cases = [(method.model, method.steps) for method in PAPER if MODELS[method.model].shipped]
    for language in (each for each in LANGUAGES if each in (sys.argv[1:] or LANGUAGES)):
        prompts = [say(language, key) for key in SAMPLE_PROMPTS]
        strips = {case: draw_samples(service, case, prompts, SEED) for case in cases}
        store_samples(strips, prompts, SEED, machine, FOLDER / language)


if __name__ == "__main__":
    main()
