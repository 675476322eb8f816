"""The grid tab: what is judged before it runs, what is shown of a grid, and what a visitor takes away."""

import io
import json
import zipfile
from typing import Any

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import FAST, HOSTILE, JSON, SLOW, Tags, is_harmless, measurement, timing
from PIL import Image

from instaflow_demo.errors import DemoError, Sentence
from instaflow_demo.events import Done, Event, Failed, ImageReady, Loading, Noted, Step, digest
from instaflow_demo.gallery import Gallery
from instaflow_demo.registry import DEFAULT_MODELS
from instaflow_demo.request import GenerationRequest, parse_axis, parse_grid
from instaflow_demo.results.grid import CellEvent
from instaflow_demo.service import Service
from instaflow_demo.ui.albums import Albums
from instaflow_demo.ui.html.grid import GridView, cell_text, grid_html, plan_text, progress_html, sheet_of
from instaflow_demo.ui.runner import Runner
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.grid import GridTab, finish_text, make_files, parse_cell
from instaflow_demo.ui.text import LANGUAGES, TEXTS
from instaflow_demo.weights.locate import Weights

IMAGE = Image.new("RGB", (8, 8), (200, 40, 40))


def image_of(model: str, seconds: float = 0.5, **changes: Any) -> ImageReady:
    metadata = {"model": model, "device": "cpu", "dtype": "float32", "backend": "eager"}
    return ImageReady(model, 0, 7, IMAGE, timing(seconds, 2, **changes), digest(IMAGE), metadata=metadata)


def view_of(*events: tuple[int, Event], prompt: str = "A big dog") -> GridView:
    across, down = parse_axis("across", "steps", "1, 2"), parse_axis("down", "model", [FAST, SLOW])
    view = GridView.of(parse_grid(prompt, across, down, seed=7))
    for number, event in events:
        view = view.after(CellEvent(number, event), "gradio_api/file=/shown/a.png")
    return view


FINISHED = (
    *((0, image_of(FAST)), (0, Done(FAST, measurement(FAST, 0.5)))),
    *((2, image_of(SLOW, 1.25)), (2, Done(SLOW, measurement(SLOW, 1.25)))),
    *((3, image_of(SLOW, 2.5, warm=False)), (3, Done(SLOW, measurement(SLOW, 2.5)))),
)


# ---------------------------------------------------------------- what is shown


def test_the_table_has_a_time_in_each_cell_and_says_why_one_is_empty() -> None:
    tags = Tags(grid_html(view_of(*FINISHED), "en"))
    labels = [str(label) for label in tags.attribute("button", "aria-label")]
    assert labels == [
        "InstaFlow mini, 1 step: 0.500 s. Open its settings",
        "Stable Diffusion mini, 1 step: 1.25 s. Open its settings",
        "Stable Diffusion mini, 2 steps: 2.50 s · cold. Open its settings",
    ]
    assert tags.attribute("th", "scope") == ["col", "col", "row", "row"]
    assert tags.attribute("td", "data-phase") == ["done", "refused", "done", "done"]
    assert "InstaFlow mini always uses 1 for steps." in tags.text
    assert tags.attribute("button", "data-steps")[-1] == "2"
    assert tags.attribute("a", "download")[-1] == "row2-column2-sd-mini-steps2-seed7.png"


def test_it_speaks_portuguese_with_decimal_commas() -> None:
    text = Tags(grid_html(view_of(*FINISHED), "pt-BR")).text
    assert all(said in text for said in ("2 passos", "1,25 s", "2,50 s · frio", "o valor de “passos” é sempre 1"))
    halves = parse_grid("x", parse_axis("across", "guidance", "1.5; 3; 2.125"), None, model=SLOW)
    assert [cell_text(halves, cell, "pt-BR") for cell in halves.cells] == [
        "Orientação 1,5",
        "Orientação 3",
        "Orientação 2,125",
    ]


@pytest.mark.parametrize(
    ("kind", "written", "headings"),
    [
        ("seed", "7, 12345", ["Seed 7", "Seed 12345"]),
        ("size", "256", ["256 pixels"]),
        ("words", "dog, cat", ["dog", "cat"]),
    ],
)
def test_values_are_headings(kind: str, written: str, headings: list[str]) -> None:
    made = parse_grid("a dog", parse_axis("across", kind, written), None, model=SLOW)
    assert [cell_text(made, cell, "en") for cell in made.cells] == headings


def test_a_cell_shows_what_goes_on_in_it() -> None:
    view = view_of((2, Loading(SLOW, (Sentence("Slow today."),))), (2, Step(SLOW, 0, 1, 1, 1, 0.1)))
    phases = Tags(grid_html(view, "en")).attribute("td", "data-phase")
    assert phases == ["waiting", "refused", "running", "waiting"]
    assert "step 1/1" in Tags(grid_html(view, "en")).text
    assert "Slow today." in grid_html(view_of((2, Noted(SLOW, (Sentence("Slow today."),))), *FINISHED), "en")
    stopped = view.stop()
    assert Tags(grid_html(stopped, "en")).attribute("td", "data-phase") == ["stopped", "refused", "stopped", "stopped"]
    failed = view_of((0, Failed(FAST, Sentence("No room."))), *FINISHED[2:])
    assert failed.over
    assert "No room." in grid_html(failed, "en")


def test_progress_says_how_far_it_is_and_how_long_it_takes() -> None:
    view = view_of(*FINISHED[:2], (2, Loading(SLOW)))
    said = Tags(progress_html(view, 2.0, "en"))
    # one evaluation of seven is done; guided steps take two
    assert said.text == (
        "1 of 3 cells · Stable Diffusion mini, 1 step · Loading the model… · 2.00 s elapsed · 12.0 s left"
    )
    assert said.attribute("div", "aria-valuenow") == ["14"]
    assert plan_text(view.grid, "en").startswith("2 × 2 cells, 3 to draw. Empty, with the reason: 1.")
    assert finish_text(view.stop(), 3.0, "en", over=False) == "Stopped after 1 of 3 cells. What is drawn stays."


def test_hostile_text_stays_text() -> None:
    failed = (0, Failed(FAST, Sentence("{text}", text=HOSTILE)))
    html = grid_html(view_of(*FINISHED[2:], failed, prompt=HOSTILE), "en")
    assert is_harmless(html)
    assert Tags(html).attribute("button", "data-prompt") == [HOSTILE] * 2


def test_a_sheet_has_the_visitor_s_words() -> None:
    sheet = sheet_of(view_of(*FINISHED), "pt-BR")
    assert (sheet.columns, sheet.rows) == (["1 passo", "2 passos"], ["InstaFlow mini", "Stable Diffusion mini"])
    assert sheet.tiles[0, 1].text == "InstaFlow mini: o valor de “passos” é sempre 1."
    assert sheet.tiles[1, 0].text == "1,25 s"


def test_the_archive_holds_images_with_their_metadata_the_table_and_the_sheet() -> None:
    files = make_files(view_of(*FINISHED[:4]).stop(), "en")
    with zipfile.ZipFile(io.BytesIO(files["zip"])) as archive:
        names = archive.namelist()
        assert names == [
            "row1-column1-instaflow-mini-steps1-seed7.png",
            "row2-column1-sd-mini-steps1-seed7.png",
            *("grid.csv", "grid.png"),
        ]
        assert archive.read("grid.csv") == files["csv"]
        image = Image.open(io.BytesIO(archive.read(names[1])))
        assert json.loads(image.text["instaflow_demo"])["model"] == SLOW  # pyright: ignore[reportAttributeAccessIssue]
    assert len(files["csv"].decode().splitlines()) == 5


# ---------------------------------------------------------------- judging


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> GridTab:
    out = tmp_path_factory.mktemp("out")
    texts = gr.I18n(**{language: dict(TEXTS[language]) for language in LANGUAGES})
    with gr.Blocks():
        models = (*DEFAULT_MODELS, "2rf")
        settings = Settings(kept=Gallery(out), out=out, models=models)
        tab = GridTab(Service(Weights(), Gallery(out)), settings, texts, Runner(), Albums())
        tab.build()
        return tab


def values_of(tab: GridTab, **changes: Any) -> list[Any]:
    return [changes.get(name, tab._inputs[name].value) for name in tab._inputs.names]


def wrong(tab: GridTab, **changes: Any) -> dict[str, str]:
    answers = zip(tab._inputs.names, tab.validate(*values_of(tab, **changes)), strict=True)
    return {name: answer["message"] for name, answer in answers if not answer["is_valid"]}


def test_an_untouched_tab_draws_the_default_models_in_few_steps(tab: GridTab) -> None:
    assert wrong(tab) == {}
    grid = tab.parse(*values_of(tab)).grid
    assert [cell.run.steps for cell in grid.drawn] == [1, 1, 2, 4, 8, 1, 2, 4, 8]


def test_visitors_are_greeted_in_their_language_with_what_is_here(tab: GridTab) -> None:
    greeted = tab._greet(gr.Request(headers={"accept-language": "pt"}))
    assert greeted[tab._inputs["prompt"]] == TEXTS["pt-BR"]["example_1"]
    assert [value for _, value in greeted[tab._inputs["model"]].choices] == list(DEFAULT_MODELS)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": " "}, "prompt"),
        ({"seed": 1.5}, "seed"),
        ({"steps": "x", "across_kind": "by:seed"}, "prompt"),  # where it can be seen
        ({"across_values": "1-99"}, "across_values"),
        ({"across_values": None}, "across_values"),
        ({"across_kind": None}, "across_values"),
        ({"across_kind": ["by:steps"]}, "across_values"),
        ({"across_kind": "by:words", "across_values": "cat, dog"}, "across_values"),
        ({"across_kind": "by:model"}, "down_models"),
        ({"down_models": []}, "down_models"),
        ({"down_models": ["text2im-mini"]}, "down_models"),
        ({"down_models": ["2rf"], "down_kind": "by:none", "model": "text2im-mini"}, "model"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(tab: GridTab, changes: dict[str, Any], field: str) -> None:
    for language in LANGUAGES:
        problems = wrong(tab, language=language, **changes)
        assert problems.keys() == {field}
        assert problems[field].endswith(".")


@given(st.data())
def test_any_json_is_accepted_or_refused_in_words(tab: GridTab, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(tab._inputs.names)))
    values = values_of(tab, **{name: data.draw(JSON)})
    if all(answer["is_valid"] for answer in tab.validate(*values)):
        assert tab.parse(*values).grid.drawn


def test_sides_bring_values_to_begin_with(tab: GridTab) -> None:
    values, models, model, seed, *_ = tab._arrange("across", "en", "a lion", "by:words", "by:none")
    assert values.value == "lion, cat, castle"
    assert (models.visible, model.visible, seed.visible) == (False, True, True)
    values, models, model, seed, steps, *_ = tab._arrange("down", "pt-BR", None, "by:seed", "by:guidance")
    assert (values.value, seed.visible, steps.visible) == ("1; 1,5; 3; 5", False, True)
    assert tab._arrange("down", "en", 7, "by:steps", {"x": 1})[0].visible is False


class Press:
    """A press of a cell's button, as its browser tells of it."""

    def __init__(self, **said: Any):
        vars(self).update(said)


PRESSED = {
    "model": SLOW,
    "prompt": "a dog",
    "negative": "",
    "seed": "7",
    "steps": "4",
    "guidance": "3.0",
    "size": "256",
}


def test_a_cell_s_button_asks_for_its_image(tab: GridTab) -> None:
    asked = parse_cell(Press(**PRESSED), tab._settings)
    assert asked == GenerationRequest.parse("a dog", SLOW, seed=7, steps=4, guidance=3.0, size=256)


@pytest.mark.parametrize("name", PRESSED)
@given(forged=JSON)
def test_a_forged_press_is_accepted_or_refused_in_words(tab: GridTab, name: str, forged: Any) -> None:
    try:
        assert parse_cell(Press(**PRESSED | {name: forged}), tab._settings).runs
    except DemoError as error:
        assert str(error).endswith(".")
