"""Record the paths that the page shows on arrival in its flow tab, in each language.

    python tests/tools/store_first_paths.py [LANGUAGE ...]

Prompt, models and seed are as the tab has them when it opens.
"""

import sys

from instaflow_demo.registry import DEFAULT_MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.stored_paths import FOLDER, store_paths
from instaflow_demo.service import Service
from instaflow_demo.ui.tabs.flow import PROMPT, SEED
from instaflow_demo.ui.text import LANGUAGES, say
from instaflow_demo.weights.locate import Weights


def main() -> None:
    service = Service(Weights())
    for language in (each for each in LANGUAGES if each in (sys.argv[1:] or LANGUAGES)):
        request = GenerationRequest.parse(say(language, PROMPT), list(DEFAULT_MODELS), seed=SEED)
        store_paths(request, service.follow(request), FOLDER / language)


if __name__ == "__main__":
    main()
