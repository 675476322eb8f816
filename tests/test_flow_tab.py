"""The flow tab: what is judged before it runs, and what is shown of paths."""

from typing import Any

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import FAST, HOSTILE, JSON, SLOW, Tags, is_harmless
from PIL import Image

from instaflow_demo.errors import Sentence
from instaflow_demo.events import Failed, FewSteps, Loading, Noted, PathEvent, PathFrame, PathShape, PathStep
from instaflow_demo.gallery import Gallery
from instaflow_demo.registry import DEFAULT_MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.ui.html.film import Film, film_html, progress_text
from instaflow_demo.ui.runner import Runner
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.flow import FlowTab
from instaflow_demo.ui.text import LANGUAGES, TEXTS
from instaflow_demo.weights.locate import Weights

STEPS = 4
IMAGE = Image.new("RGB", (8, 8), (200, 40, 40))


def film_of(*events: PathEvent, model: str = SLOW) -> Film:
    film = Film(GenerationRequest.parse("a dog", model, steps=None if model == FAST else STEPS).runs[0])
    for event in events:
        film = film.after(event)
    return film


def frames(steps: int = STEPS, model: str = SLOW) -> list[PathFrame]:
    made = [PathFrame(model, i, steps, i / steps, IMAGE, Image.new("RGB", (8, 8))) for i in range(steps)]
    return [*made, PathFrame(model, steps, steps, 1.0, IMAGE, IMAGE)]


def shape(steps: int = STEPS, model: str = SLOW, straightness: float | None = 0.25) -> PathShape:
    points = tuple((i / steps, 0.1 if 0 < i < steps else 0.0) for i in range(steps + 1))
    return PathShape(model, points, ((1.5, 0.7),) * steps + ((1.0, 0.0),), 0.1, 0.75, straightness)


FINISHED = (shape(), *frames(), FewSteps(SLOW, 1, IMAGE), FewSteps(SLOW, STEPS, IMAGE))


# ---------------------------------------------------------------- what is shown


def test_a_film_has_all_frames_the_path_and_fewer_steps() -> None:
    html = film_html(film_of(*FINISHED), "a dog", "en")
    tags = Tags(html)
    assert [tag["data-t"] for _, tag in tags.tags if "data-t" in tag] == ["0.0", "0.25", "0.5", "0.75", "1.0"]
    assert all(str(source).startswith("data:image/webp;base64,") for source in tags.attribute("img", "src"))
    assert "straightness S = 0.250" in tags.text
    assert "at most 10 % of its length" in tags.text
    assert "75 % of all deviation" in tags.text
    assert "t = 0.00" in tags.text  # the last moment that 0.2 has reached
    assert [words for words in ("1 step", "4 steps") if words in tags.text] == ["1 step", "4 steps"]


def test_it_speaks_portuguese_with_decimal_commas() -> None:
    text = Tags(film_html(film_of(*FINISHED), "um cachorro", "pt-BR")).text
    assert "retidão S = 0,250" in text
    assert "4 passos" in text
    assert "t = 0,00" in text


def test_one_step_is_a_line_and_says_so() -> None:
    events = (shape(1, FAST, None), *frames(1, FAST), FewSteps(FAST, 1, IMAGE))
    straight = PathShape(FAST, ((0.0, 0.0), (1.0, 0.0)), ((1.0, 0.0), (1.0, 0.0)), 0.0, 1.0, None)
    text = Tags(film_html(film_of(straight, *events[1:], model=FAST), "a dog", "en")).text
    assert "straight by construction" in text
    assert "a straight line" in text


def test_every_picture_has_words_or_is_part_of_one_that_has() -> None:
    for language in LANGUAGES:
        tags = Tags(film_html(film_of(*FINISHED), "a dog", language)).tags
        assert all(tag.get("alt") is not None for name, tag in tags if name == "img")
        assert all(tag.get("aria-label") for _, tag in tags if tag.get("role") == "img")


def test_hostile_text_stays_text() -> None:
    noted = Noted(SLOW, (Sentence("Not read: {text}", text=HOSTILE),))
    assert is_harmless(film_html(film_of(noted, *FINISHED), HOSTILE, "en"))
    assert is_harmless(film_html(film_of(Failed(SLOW, Sentence("{text}", text=HOSTILE))), HOSTILE, "en"))


def test_nothing_is_shown_before_all_frames_are_there() -> None:
    assert film_html(film_of(), "a dog", "en") == ""
    assert film_html(film_of(*FINISHED[:4]), "a dog", "en") == ""


def test_progress_says_what_goes_on() -> None:
    def said(*events: PathEvent) -> str:
        return progress_text([film_of(*events)], "en")

    assert said() == "Waiting for the device…"
    assert said(Loading(SLOW)) == "Stable Diffusion mini: loading…"
    assert said(PathStep(SLOW, 2, 4)) == "Stable Diffusion mini: step 2 of 4."
    step = PathStep(SLOW, 4, 4)
    assert said(step, *FINISHED[:3]) == "Stable Diffusion mini: frame 2 of 5."
    assert said(step, *FINISHED[:-1]) == "Stable Diffusion mini: the same noise in fewer steps."


# ---------------------------------------------------------------- judging


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> FlowTab:
    out = tmp_path_factory.mktemp("out")
    texts = gr.I18n(**{language: dict(TEXTS[language]) for language in LANGUAGES})
    with gr.Blocks():
        tab = FlowTab(Service(Weights(), Gallery(out)), Settings(kept=Gallery(out), out=out), texts, Runner())
        tab.build()
        return tab


def values_of(tab: FlowTab, **changes: Any) -> list[Any]:
    return [changes.get(name, tab._inputs[name].value) for name in tab._inputs.names]


def wrong(tab: FlowTab, **changes: Any) -> dict[str, str]:
    answers = zip(tab._inputs.names, tab.validate(*values_of(tab, **changes)), strict=True)
    return {name: answer["message"] for name, answer in answers if not answer["is_valid"]}


def test_an_untouched_tab_follows_the_default_models(tab: FlowTab) -> None:
    assert wrong(tab) == {}
    assert tuple(run.model.id for run in tab.parse(*values_of(tab)).request.runs) == DEFAULT_MODELS


def test_visitors_are_greeted_in_their_language_with_what_is_here(tab: FlowTab) -> None:
    greeted = tab._greet(gr.Request(headers={"accept-language": "pt"}))
    assert greeted[tab._inputs["prompt"]] == TEXTS["pt-BR"]["example_1"]
    offered = [value for _, value in greeted[tab._inputs["models"]].choices]
    assert set(DEFAULT_MODELS) <= set(offered)
    assert not {"text2im-mini", "instaflow-0.9b"} & set(offered)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("prompt", value) for value in ("", "x" * 501, None, 7)),
        *(("seed", value) for value in (-2, 2**32, "seven", None)),
        *(("models", value) for value in ([], ["nothing"], ["text2im-mini"], None)),
    ],
    ids=str,
)
def test_a_forged_value_gets_a_sentence_at_its_field(tab: FlowTab, field: str, value: Any) -> None:
    for language in LANGUAGES:
        problems = wrong(tab, **{field: value}, language=language)
        assert problems.keys() == {field}
        assert problems[field].endswith(".")


@given(st.data())
def test_any_json_is_accepted_or_refused_in_words(tab: FlowTab, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(tab._inputs.names)))
    values = values_of(tab, **{name: data.draw(JSON)})
    if all(answer["is_valid"] for answer in tab.validate(*values)):
        assert tab.parse(*values).request.runs
