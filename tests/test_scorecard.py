"""The scorecard's rows in small, how they are recorded, and the manual's table of the last long run."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import App, running_app
from soak import endurance, inputs, load
from soak.command import FILE, PAGE
from soak.endurance import growth, slope
from soak.record import BEGIN, END, NEVER, Clock, Row, in_page, shown, table, to_json, write
from soak.visitors import Visitor, page_values, pressed

NAME = re.compile(r"\d{8}T\d+-[0-9a-f]{8}-instaflow-mini-0\.png")
LIMIT_S = 200.0


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("scorecard") / "inner"
    folder.mkdir()
    with running_app(folder, "--offline", "--host", "0.0.0.0", "--models", "instaflow-mini") as app:
        yield app


def test_no_name_that_a_visitor_chooses_becomes_a_path(app: App) -> None:
    visitor, above = Visitor(app, 1), app.out.parent.parent
    before = set(above.iterdir())
    values = page_values(app, prompt="../../x", images=1, models=["instaflow-mini"])
    answer = visitor.call("page", values, session_hash="../../../evil")
    assert visitor.outcome("page", answer.event)[0] == "complete"
    assert [bool(NAME.fullmatch(path.name)) for path in app.out.rglob("*") if path.is_file()] == [True]
    assert set(above.iterdir()) == before


def test_who_hangs_up_leaves_the_device_to_others(app: App) -> None:
    """How soon is measured where nothing else runs; here, it is before the eight images would have been drawn."""
    row = load.dropped(app, Clock.of(LIMIT_S), 2, asks=({"model": "instaflow-mini", "images": 8},))
    assert row.done == 2
    assert "inf" not in row.measured


def test_a_page_with_one_model_lets_it_be_chosen(app: App) -> None:
    assert Visitor(app, 2).press(pressed(app, "models", "change", ["instaflow-mini"])).status == 200


def test_bad_inputs_get_sentences(app: App) -> None:
    row = inputs.inputs(app, Clock.of(LIMIT_S), 200)
    assert row.passed, row.measured


def test_one_process_holds_as_much_after_many_images(app: App) -> None:
    """Descriptors and threads; of so few images, memory tells nothing."""
    course = endurance.drawn(app, Clock.of(LIMIT_S), 40)
    assert course.images[-1] >= 24  # on a busy machine
    assert growth(course.warm().descriptors) <= endurance.MOST_MORE
    assert growth(course.warm().threads) <= endurance.MOST_MORE


def test_the_app_has_withstood_it_all_without_a_traceback(app: App) -> None:
    assert app.process.poll() is None
    assert "Traceback" not in (app.out.parent / "app.log").read_text(encoding="utf-8")


# ---------------------------------------------------------------- figures


def test_growth_is_that_of_a_line_whatever_lies_around_it() -> None:
    images = list(range(0, 8000, 8))
    level = [2000.0 + (n % 3) for n in range(len(images))]
    rate, error = slope(images, level)
    assert abs(rate) < 3 * error < 0.1
    leaking, _ = slope(images, [value + 2.5 * n / 1000 for value, n in zip(level, images, strict=True)])
    assert leaking == pytest.approx(2.5, abs=0.1)
    assert slope([8], [1.0])[0] == float("inf")


def test_memory_may_grow_before_caches_are_full() -> None:
    course = endurance.Course(list(range(100)), [min(n, 25.0) for n in range(100)], [7] * 100, [9] * 100)
    assert slope(course.warm().images, course.warm().rss)[0] == pytest.approx(0)
    assert growth(course.warm().descriptors) == 0
    assert growth([]) == float("inf")


def test_bad_inputs_are_the_same_for_the_same_seed(app: App) -> None:
    first, again = (inputs.bad_inputs(app, seed=1) for _ in range(2))
    made = [next(first) for _ in range(100)]
    assert made == [next(again) for _ in range(100)]
    assert len(set(made)) == 100


# ---------------------------------------------------------------- the record


def test_a_row_is_met_if_all_was_done_and_all_well() -> None:
    assert Row.judged("kills", "none", 20, 20, "0", True, True).passed
    assert not Row.judged("kills", "none", 19, 20, "0", True).passed
    assert not Row.judged("kills", "none", 20, 20, "1", True, False).passed


def test_a_row_ends_with_its_time() -> None:
    assert list(Clock.of(60).counted(3)) == [0, 1, 2]
    assert list(Clock.of(-1).counted(3)) == []
    assert Clock.of(60).first(1).left <= 1
    assert Clock.of(1).first(60).left <= 1


def test_the_table_says_what_the_file_does(tmp_path: Path) -> None:
    rows = [
        Row("kill -9", "no damage", "0 of 12", True, 20, 20, 61.23),
        Row("images", "flat", "+0.2 MB", False, 900, 10_000),
    ]
    machine = {"cpu": "a processor", "processors": 2, "load": 0.1}
    file, page = tmp_path / "scorecard.json", tmp_path / "page.md"
    page.write_text(f"# Scorecard\n\n{BEGIN}\n{NEVER}\n{END}\n\nMore.\n", encoding="utf-8")
    write(to_json(rows, machine, 8), file, page)
    text, said = page.read_text(encoding="utf-8"), json.loads(file.read_text(encoding="utf-8"))
    assert [row["seconds"] for row in said["rows"]] == [61.2, 0.0]
    assert shown(text) == table(said)
    assert "1 of 2 rows meet their target" in text
    assert "| images | flat | +0.2 MB | 900 of 10,000 | no |" in text
    assert text.startswith("# Scorecard\n") and text.endswith("\n\nMore.\n")
    assert in_page(text, shown(text)) == text


def test_the_manual_has_the_table_of_the_last_run() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert shown(page) == (table(json.loads(FILE.read_text(encoding="utf-8"))) if FILE.exists() else NEVER)
