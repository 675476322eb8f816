"""Grids: how sides are read, what can be drawn in which cell and in which order, and the files that are made."""

import csv
import io
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import FAST, SLOW
from PIL import Image

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.events import Done, Failed, ImageReady
from instaflow_demo.gallery import Gallery, read_metadata
from instaflow_demo.registry import DEFAULT_MODELS
from instaflow_demo.request import MOST_CELLS, Axis, GenerationRequest, Grid, parse_axis, parse_grid
from instaflow_demo.request.grid import replace_words
from instaflow_demo.results.grid import CellResult, draw, pack, write_csv
from instaflow_demo.results.grid_sheet import Sheet, Tile, draw_sheet
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights


def axis(kind: str, written: Any, **options: Any) -> Axis:
    return parse_axis("across", kind, written, **options)


def values(kind: str, written: Any, **options: Any) -> tuple[Any, ...]:
    return axis(kind, written, **options).values


def refused(kind: str, written: Any) -> str:
    with pytest.raises(InvalidRequest) as raised:
        axis(kind, written)
    assert raised.value.problems.keys() == {"across"}
    return str(raised.value)


def grid(across: Axis, down: Axis | None = None, **options: Any) -> Grid:
    return parse_grid(options.pop("prompt", "A big dog"), across, down, **{"model": SLOW, "seed": 7, **options})


def problems(across: Axis, down: Axis | None = None, **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as raised:
        grid(across, down, **options)
    return {field: str(said) for field, said in raised.value.problems.items()}


# ---------------------------------------------------------------- the values of a side


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1, 2, 4, 8", (1, 2, 4, 8)),
        ("1,2,,4,", (1, 2, 4)),
        ("1; 2\n4", (1, 2, 4)),
        ("1-5", (1, 2, 3, 4, 5)),
        ("3–1", (3, 2, 1)),
        ("1-9 (+2)", (1, 3, 5, 7, 9)),
        ("9-1 (-4), 25", (9, 5, 1, 25)),
        ("1-10 [4]", (1, 4, 7, 10)),
        ("7 - 7", (7,)),
        ("2, 2, 4.0", (2, 4)),
    ],
)
def test_whole_numbers_are_lists_and_ranges(written: str, read: tuple[int, ...]) -> None:
    assert values("steps", written) == read


@pytest.mark.parametrize(
    ("written", "english", "portuguese"),
    [
        ("1, 2.5", (1, 2.5), (1, 2.5)),
        ("1,5", (1, 5), (1.5,)),
        ("1,5; 3", (1.5, 3), (1.5, 3)),
        ("1,5, 3", (1, 5, 3), (1.5, 3)),
        ("1,2,3", (1, 2, 3), (1, 2, 3)),
        ("0.1-0.5 (0.1)", (0.1, 0.2, 0.3, 0.4, 0.5), (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("1-2 (0,5);", (1, 1.5, 2), (1, 1.5, 2)),
    ],
)
def test_decimal_commas_are_read_where_they_are_written(written: str, english: Any, portuguese: Any) -> None:
    assert values("guidance", written) == english
    assert values("guidance", written, decimal_comma=True) == portuguese
    assert values("steps", "1,5", decimal_comma=True) == (1, 5)


def test_words_with_commas_are_quoted() -> None:
    assert values("words", "dog,  cat , “a red, round cat”, cat") == ("dog", "cat", "a red, round cat")


def test_random_seeds_are_drawn_apart() -> None:
    first, second, third = values("seed", "-1, random, 7")
    assert first != second
    assert third == 7


@pytest.mark.parametrize("written", ["x", "2.5", "1-5 (-1)", "1-5 (0)", "1-", "--1", "1e3", "９x", "1 2"])
def test_what_cannot_be_read_is_quoted(written: str) -> None:
    assert refused("steps", written).startswith(f"“{written}” cannot be read: write values such as 1, 2, 4, 8")


@pytest.mark.parametrize("written", ["1-1000000", "1-100000000000 (2)", "1-5 [999999]", ",".join(map(str, range(17)))])
def test_long_lists_are_refused_before_they_are_made(written: str) -> None:
    assert refused("steps", written).endswith("one side of a grid has at most 16.")


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("nothing", "1"),
        (None, "1"),
        (["steps"], "1"),
        ("steps", None),
        ("steps", "1" * 501),
        ("steps", " , "),
        ("words", ""),
    ],
)
def test_forged_sides_get_a_sentence(kind: Any, written: Any) -> None:
    assert refused(kind, written).endswith(".")


@given(
    st.sampled_from(["steps", "guidance", "seed", "size", "words"]), st.text('0123456789-–+.,;()[] \n"x', max_size=30)
)
def test_any_text_is_read_or_refused_in_words(kind: str, written: str) -> None:
    try:
        read = values(kind, written)
    except InvalidRequest:
        return
    assert 1 <= len(read) <= 16


# ---------------------------------------------------------------- cells


def test_a_model_s_own_settings_leave_cells_empty_with_the_reason() -> None:
    made = grid(axis("steps", "1, 2, 4, 8"), axis("model", list(DEFAULT_MODELS)))
    said = [str(cell.refused) for cell in made.cells if cell.refused]
    assert said == ["InstaFlow mini always uses 1 for steps."] * 3
    assert [(cell.row, cell.column) for cell in made.cells] == [
        (row, column) for row in range(3) for column in range(4)
    ]
    assert [cell.run.steps for cell in made.drawn] == [1, 1, 2, 4, 8, 1, 2, 4, 8]


def test_each_model_s_cells_are_drawn_together() -> None:
    made = grid(axis("model", [SLOW, FAST]), axis("seed", "1-3"))
    assert [cell.run.model.id for cell in made.drawn] == [SLOW] * 3 + [FAST] * 3
    made = grid(axis("guidance", "1, 3"), axis("seed", "1, 2"))
    assert [cell.run.guidance for cell in made.drawn] == [1, 1, 3, 3]


def test_a_cell_says_what_is_out_of_its_model_s_range() -> None:
    made = grid(axis("guidance", "3, 7"), axis("model", ["2rf-mini", SLOW]))
    (said,) = [str(cell.refused) for cell in made.cells if cell.refused]
    assert said == "Guidance must be from 0 to 5 for 2-Rectified Flow mini, not 7."


def test_what_a_side_does_not_change_is_the_same_everywhere() -> None:
    made = grid(axis("seed", "1, 2"), None, negative_prompt="blue", steps=3, guidance=2.0)
    asked = [cell.request for cell in made.drawn]
    assert [each.seed for each in asked if each] == [1, 2]
    assert {(each.negative_prompt, each.runs[0].steps, each.runs[0].guidance) for each in asked if each} == {
        ("blue", 3, 2.0)
    }
    drawn = grid(axis("steps", "1, 2"), None, seed=-1)
    assert len({cell.request.seed for cell in drawn.drawn if cell.request}) == 1
    fixed = grid(axis("model", [FAST, SLOW]), None, steps=5)  # a note, and no empty cell: no side asks for it
    assert [cell.run.steps for cell in fixed.drawn] == [1, 5]


def test_words_take_each_other_s_place() -> None:
    made = grid(axis("words", "DOG, cat, two birds"), axis("words", "big, small"))
    assert [cell.request.prompt for cell in made.cells if cell.request] == [
        *("A big DOG", "A big cat", "A big two birds"),
        *("A small DOG", "A small cat", "A small two birds"),
    ]
    assert replace_words("a.b axb", ["a.b"], r"\1") == r"\1 axb"


def test_wrong_grids_get_a_sentence_at_the_field() -> None:
    steps = axis("steps", "1, 2")
    assert problems(axis("words", "cat, dog")) == {
        "across": "The prompt does not contain “cat”: begin with words of the prompt, which the others replace."
    }
    assert problems(steps, steps).keys() == {"down"}
    assert "80 cells" in problems(axis("seed", "1-16"), axis("steps", "1-5"))["across"]
    assert problems(axis("size", "512"), model=FAST) == {"across": "InstaFlow mini always uses 256 for size."}
    assert problems(axis("model", ["nothing"])).keys() == {"across"}
    assert problems(steps, axis("model", ["nothing"]), prompt=" ").keys() == {"down", "prompt"}
    assert problems(steps, model=None).keys() == {"model"}
    assert problems(axis("seed", "5000000000")).keys() == {"across"}
    assert problems(steps, guidance=99, seed="x", negative_prompt=7).keys() == {"guidance", "seed", "negative_prompt"}
    assert len(grid(axis("seed", "1-16"), axis("steps", "1-3")).cells) == MOST_CELLS


# ---------------------------------------------------------------- drawing


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(Weights(), Gallery(tmp_path_factory.mktemp("shown")))
    yield service
    service.close()


def test_cells_are_ordinary_images_with_a_time_each(service: Service) -> None:
    made = grid(axis("steps", "1, 2"), axis("model", [FAST, SLOW]))
    events = list(draw(service, made))
    images = {each.number: each.event for each in events if isinstance(each.event, ImageReady)}
    assert list(images) == [0, 2, 3]
    assert [each.number for each in events if isinstance(each.event, Done)] == [0, 2, 3]
    assert all(image.timing.total_s > 0 for image in images.values())
    asked = GenerationRequest.parse("A big dog", [SLOW], seed=7, steps=2)
    (alone,) = [event for event in service.run(asked) if isinstance(event, ImageReady)]
    assert alone.sha256 == images[3].sha256

    results = [CellResult(cell, images.get(number), cell.refused) for number, cell in enumerate(made.cells)]
    rows = list(csv.DictReader(io.StringIO(write_csv(results))))
    assert [(row["Row"], row["Column"], row["Model"], row["Steps"]) for row in rows] == [
        *(("1", "1", FAST, "1"), ("1", "2", "", "")),
        *(("2", "1", SLOW, "1"), ("2", "2", SLOW, "2")),
    ]
    assert rows[1]["Why there is no image"] == "InstaFlow mini always uses 1 for steps."
    assert float(rows[3]["Seconds"]) == pytest.approx(images[3].timing.total_s, abs=1e-4)
    assert rows[3]["File"] == "row2-column2-sd-mini-steps2-seed7.png"
    assert rows[3]["SHA-256 of the pixels"] == images[3].sha256
    assert images[3].path
    assert read_metadata(images[3].path)["steps"] == 2


def test_a_cell_that_fails_lets_the_others_go_on(service: Service) -> None:
    made = grid(axis("model", ["instaflow-0.9b", FAST]))
    events = {each.number: type(each.event) for each in draw(service, made)}
    assert events == {0: Failed, 1: Done}


def test_stopping_ends_within_a_step_and_lets_others_in(service: Service) -> None:
    events = draw(service, grid(axis("steps", "50-100 [3]")))
    next(events)
    events.close()
    assert service.waiting == 0
    assert list(draw(service, grid(axis("model", [FAST]))))


def test_between_cells_others_have_their_turn(service: Service) -> None:
    order: list[str] = []

    def draw_another() -> None:
        order.extend("other" for _ in service.run(GenerationRequest.parse("three stars", [FAST], save=False)))

    events = draw(service, grid(axis("seed", "1, 2"), model=FAST))
    while not isinstance(next(events).event, Done):
        pass
    other = threading.Thread(target=draw_another)
    other.start()
    while service.waiting < 2:
        time.sleep(0.01)
    order.extend("second cell" for _ in events)
    other.join()
    assert order == sorted(order)


# ---------------------------------------------------------------- files


def test_an_archive_holds_its_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(pack({"grid.csv": b"a,b", "ação.png": b"x"}))) as archive:
        assert archive.namelist() == ["grid.csv", "ação.png"]
        assert archive.read("grid.csv") == b"a,b"


def test_a_sheet_shows_every_image_and_sentence_in_its_place() -> None:
    red, blue = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue"))
    tiles = {
        (0, 0): Tile("0.1 s", red),
        (0, 1): Tile("InstaFlow mini always uses 1 for steps."),
        (1, 1): Tile("1 s", blue),
    }
    sheet = Sheet(
        "Um cachorro grande " * 9, ["1 passo", "2 passos"], ["InstaFlow mini", "Stable Diffusion mini"], tiles
    )
    picture = np.asarray(Image.open(io.BytesIO(draw_sheet(sheet))))
    assert (picture == (255, 0, 0)).all(2).sum() == (picture == (0, 0, 255)).all(2).sum() == 160 * 160
    left, right = (np.nonzero((picture == colour).all(2))[1].min() for colour in ((255, 0, 0), (0, 0, 255)))
    assert right - left == 160 + 8
    alone = Image.open(io.BytesIO(draw_sheet(Sheet("x", ["1"], [""], {(0, 0): Tile("", red)}))))
    assert alone.width < 250  # no room for headings that are not there
