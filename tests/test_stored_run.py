"""The run that the page shows on arrival: kept with its machine, and what the shipped models draw."""

from pathlib import Path

import pytest
from page import FAST, SLOW

from instaflow_demo.errors import DemoError
from instaflow_demo.events import Done
from instaflow_demo.machine.environment import fingerprint
from instaflow_demo.registry import DEFAULT_MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.stored_run import FOLDER, load_stored_run, store_run
from instaflow_demo.service import Service
from instaflow_demo.ui.html.view import RunView
from instaflow_demo.ui.tabs.form import EXAMPLES
from instaflow_demo.ui.text import LANGUAGES, Language, say
from instaflow_demo.weights.locate import Weights


def test_a_run_is_read_as_it_was_stored(tmp_path: Path) -> None:
    request = GenerationRequest.parse("a big dog", [FAST], seed=3)
    events = list(Service(Weights()).run(request))
    store_run(request, events, fingerprint(), tmp_path)
    stored = load_stored_run(tmp_path, [SLOW, FAST])
    assert stored is not None
    (image,) = stored.images
    assert (stored.request.prompt, stored.request.seed, image.model, image.seed) == ("a big dog", 3, FAST, 3)
    assert [image.measurement] == [event.measurement for event in events if isinstance(event, Done)]
    assert load_stored_run(tmp_path, [SLOW]) is None
    assert load_stored_run(tmp_path / "nowhere", [FAST]) is None


def test_a_run_that_did_not_finish_is_not_stored(tmp_path: Path) -> None:
    request = GenerationRequest.parse("a big dog", [FAST, SLOW])
    with pytest.raises(DemoError, match="Not every model"):
        store_run(
            request, Service(Weights()).run(GenerationRequest.parse("a big dog", [FAST])), fingerprint(), tmp_path
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_shown_on_arrival_is_the_first_example(language: Language) -> None:
    stored = load_stored_run(FOLDER / language, DEFAULT_MODELS)
    assert stored is not None
    assert stored.request.prompt == say(language, EXAMPLES[0])
    assert {image.model for image in stored.images} == set(DEFAULT_MODELS)
    assert all(column.stored and column.over for column in RunView.of_stored(stored).columns)
    assert sum(path.stat().st_size for path in (FOLDER / language).iterdir()) < 100_000
