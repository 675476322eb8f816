"""The paths that are kept for the page to show on arrival."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from instaflow_demo.errors import DemoError, Sentence
from instaflow_demo.events import Failed, FewSteps, PathFrame, PathShape
from instaflow_demo.registry import DEFAULT_MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results.stored_paths import FOLDER, load_paths, store_paths
from instaflow_demo.ui.tabs.flow import PROMPT, SEED, _stored_films
from instaflow_demo.ui.text import LANGUAGES, Language, say

MODEL = "2rf-mini"


def picture(shade: int) -> Image.Image:
    return Image.new("RGB", (16, 16), (shade, 128, 255 - shade))


def request() -> GenerationRequest:
    return GenerationRequest.parse("a dog", [MODEL], seed=3, steps=2, save=False)


def test_what_is_kept_is_told_again(tmp_path: Path) -> None:
    shape = PathShape(MODEL, ((0.0, 0.0), (0.5, 0.1), (1.0, 0.0)), ((1.2, 0.3), (1.0, 0.1), (1.0, 0.0)), 0.1, 0.9, 0.2)
    frames = [PathFrame(MODEL, i, 2, i / 2, picture(60 * i), picture(60 * i + 30)) for i in range(3)]
    few = [FewSteps(MODEL, 1, picture(200)), FewSteps(MODEL, 2, picture(250))]
    store_paths(request(), [shape, *frames, *few], tmp_path)
    loaded = load_paths(tmp_path, [MODEL, "sd-mini"])
    assert loaded is not None
    asked, (first, *rest) = loaded
    assert asked == request()
    assert first == shape
    for made, kept in zip([*frames, *few], rest, strict=True):
        assert type(made) is type(kept)
        for name, value in vars(made).items():
            if isinstance(value, Image.Image):
                assert (
                    abs(np.asarray(value).astype(int) - np.asarray(getattr(kept, name))).mean() < 6
                )  # WebP loses a little
            else:
                assert getattr(kept, name) == value
    assert load_paths(tmp_path, ["sd-mini"]) is None
    assert load_paths(tmp_path / "nowhere", [MODEL]) is None


def test_a_path_that_failed_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="No room"):
        store_paths(request(), [Failed(MODEL, Sentence("No room."))], tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tab_opens_with_films_of_the_default_models(language: Language) -> None:
    said = json.loads((FOLDER / language / "paths.json").read_text(encoding="utf-8"))
    assert (said["prompt"], said["seed"]) == (say(language, PROMPT), SEED)
    films = _stored_films(language, DEFAULT_MODELS)
    assert tuple(films) == DEFAULT_MODELS
    assert [film.count('data-t="') for film in films.values()] == [2, 26, 26]
