"""The tables of methods: what is read from `evaluate`'s file, where orders agree, and what the page makes of it."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from page import MACHINE, Tags
from PIL import Image

from instaflow_demo.measure import Figure
from instaflow_demo.registry import MODELS
from instaflow_demo.results.paper import PAPER, EvaluationRow, Table, agreement, read
from instaflow_demo.results.report import DISCUSSION, discussion_rows
from instaflow_demo.results.stored_samples import FOLDER, SIDE, draw_samples, load_samples, store_samples
from instaflow_demo.results.tables import lines, titles
from instaflow_demo.service import Service
from instaflow_demo.ui.html.plot import Point, scatter
from instaflow_demo.ui.tabs.results import SAMPLE_PROMPTS, agreement_text, parse_press, results_html
from instaflow_demo.ui.text import TEXTS, Language, machine_text, say
from instaflow_demo.weights.locate import Weights


def figure(value: float, spread: float = 0.01) -> Figure:
    return Figure(value, value - spread, value + spread, 100)


def row(
    model: str, steps: int, distance: float, top1: float = 0.8, seconds: float = 1.0, score: float = 0.5
) -> EvaluationRow:
    figures = {"feature_distance": figure(distance), "top1": figure(top1), "clip_score": figure(score)}
    figures |= {"seconds_per_image": figure(seconds), "straightness": None}
    return EvaluationRow(MODELS[model], steps, 1.0, steps, 100, figures)


def result(measured: EvaluationRow) -> dict[str, Any]:
    """A row as `evaluate` writes it."""
    figures = {name: asdict(value) if value else None for name, value in measured.figures.items()}
    fixed = {name: getattr(measured, name) for name in ("steps", "guidance", "network_evaluations", "prompts")}
    return {"model": measured.model.id, **fixed, **figures}


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = (row("sd-mini", 25, 10.0), row("instaflow-mini", 1, 20.0))
    stored = {"environment": {"cpu": "x"}, "judge": {}, "results": [result(each) for each in rows]}
    (tmp_path / "table.json").write_text(json.dumps(stored))
    assert read(tmp_path / "table.json") == Table({"cpu": "x"}, {}, rows)


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{}", '{"environment": {}, "judge": {}, "results": [{"model": "x"}]}']
)
def test_without_a_table_there_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "table.json").write_text(text)
    assert read(tmp_path / "table.json") is None


def test_the_paper_s_rows_are_steps_that_the_systems_take() -> None:
    for method in PAPER:
        if method.model in MODELS:
            assert method.steps in MODELS[method.model].steps


def test_orders_are_compared_pair_by_pair() -> None:
    rows = [row("sd-mini", 25, 10), row("2rf-mini", 25, 10.005), row("instaflow-mini", 1, 30), row("2rf-mini", 1, 20)]
    found = agreement(rows, "feature_distance", "fid_5k", lower_is_better=True)

    def names(pairs: tuple) -> set[tuple[str, int, str, int]]:
        return {(better.model, better.steps, worse.model, worse.steps) for better, worse in pairs}

    assert names(found.undecided) == {("2rf-mini", 25, "sd-mini", 25)}
    assert names(found.opposite) == {("instaflow-mini", 1, "2rf-mini", 1)}  # 31.0 against 68.3 in the paper
    assert names(found.same) == {
        (many, 25, few, 1) for many in ("sd-mini", "2rf-mini") for few in ("instaflow-mini", "2rf-mini")
    }


def test_higher_scores_are_better() -> None:
    rows = [row("sd-mini", 25, 1, score=0.6), row("instaflow-mini", 1, 1, score=0.5), row("2rf-mini", 1, 1, score=0.7)]
    found = agreement(rows, "clip_score", "clip_score", lower_is_better=False)
    assert [(better.model, worse.model) for better, worse in found.same] == [("sd-mini", "instaflow-mini")]
    assert len(found.opposite) == 2


def test_systems_that_the_paper_has_not_are_left_out() -> None:
    found = agreement([row("text2im-mini", 100, 1), row("sd-mini", 25, 2)], "top1", "fid_5k", lower_is_better=True)
    assert not (found.same or found.opposite or found.undecided)


@pytest.mark.parametrize("language", TEXTS)
def test_the_sentence_names_what_differs(language: Language) -> None:
    rows = [row("sd-mini", 25, 30), row("instaflow-mini", 1, 10), row("2rf-mini", 1, 20)]
    found = agreement(rows, "feature_distance", "fid_5k", lower_is_better=True)
    text = agreement_text(found, language)
    assert re.findall(r"\d+", text)[:4] == ["3", "1", "2", "0"]
    assert text.index("2-Rectified Flow + Distill, 1") < text.index("Stable Diffusion 1.4, 25")  # here it is better


@pytest.mark.parametrize("language", TEXTS)
def test_the_tab_shows_every_row_with_a_button_for_what_can_be_tried(language: Language) -> None:
    rows = (row("sd-mini", 25, 10.0, seconds=2), row("instaflow-mini", 1, 20.0, seconds=0.1))
    html = results_html(Table({"gpu": None, "cpu": "Abacus 3000"}, {}, rows), language)
    assert html.count("Abacus 3000") == 2
    buttons = re.findall(r'data-model="([^"]+)" data-steps="(\d+)"', html)
    of_paper = [(method.model, str(method.steps)) for method in PAPER if method.model in MODELS]
    assert buttons == [*of_paper, ("sd-mini", "25"), ("instaflow-mini", "1")]
    assert html.count("<svg") == 1
    assert ("0.090–0.110" if language == "en" else "0,090–0,110") in html
    assert results_html(None, language).count("<table") == 1


def test_samples_are_read_as_they_were_stored(tmp_path: Path) -> None:
    strip = draw_samples(Service(Weights()), ("instaflow-mini", 1), ["a dog", "three stars"], 7)
    assert strip.size == (2 * SIDE, SIDE)
    assert strip.crop((0, 0, SIDE, SIDE)).tobytes() != strip.crop((SIDE, 0, 2 * SIDE, SIDE)).tobytes()
    store_samples({("instaflow-mini", 1): strip}, ["a dog", "três estrelas"], 7, MACHINE, tmp_path)
    stored = load_samples(tmp_path)
    assert stored is not None
    assert (stored.prompts, stored.seed, stored.machine) == (("a dog", "três estrelas"), 7, "A CPU, 2 cores")
    with Image.open(stored.strips["instaflow-mini", 1]) as image:
        assert image.size == strip.size
    assert load_samples(tmp_path / "nowhere") is None


@pytest.mark.parametrize("language", TEXTS)
def test_every_method_that_can_be_tried_here_has_a_row_of_images_with_both_machines(language: Language) -> None:
    """In the visitor's language, and the paper's figures beside ours."""
    samples = load_samples(FOLDER / language)
    assert samples is not None
    assert samples.prompts == tuple(say(language, key) for key in SAMPLE_PROMPTS)
    ours = [row("sd-mini", 25, 10.0, seconds=2), row("instaflow-mini", 1, 20.0, seconds=0.1)]
    html = results_html(Table({"gpu": "Abacus 3000"}, {}, tuple(ours)), language, samples)
    rows = html.split("<figure")[1:]
    shipped = [method for method in PAPER if MODELS[method.model].shipped]
    assert len(rows) == len(shipped) == 6
    for method, shown in zip(shipped, rows, strict=True):
        assert f'data-model="{method.model}" data-steps="{method.steps}"' in shown
        assert machine_text(samples.machine, language) in shown and "A100" in shown
        assert (f"{method.fid_5k:.1f}" in shown) or (f"{method.fid_5k:.1f}".replace(".", ",") in shown)
    assert [("Abacus 3000" in shown) for shown in rows] == [
        method.model in ("sd-mini", "instaflow-mini") for method in shipped
    ]
    assert all(samples.prompts[0] in str(alt) for alt in Tags("<figure" + "<figure".join(rows)).attribute("img", "alt"))
    assert sum(path.stat().st_size for path in (FOLDER / language).iterdir()) < 120_000


class Pressed:
    """What gradio makes of an event's data."""

    def __init__(self, **data: Any):
        self.__dict__.update(data)


@pytest.mark.parametrize(
    "data",
    [{}, {"model": "sd-mini"}, {"model": "sd-mini", "steps": 7}, {"model": ["sd-mini"], "steps": 25}, {"steps": {}}],
)
def test_a_forged_press_is_no_row(data: dict[str, Any]) -> None:
    assert parse_press(Pressed(**data)) is None


def test_a_press_is_its_row() -> None:
    assert parse_press(Pressed(model="2rf-mini", steps=1)) == ("2rf-mini", 1)


LOOSE = [(0.1, 0.8), (0.11, 0.801), (0.12, 0.802), (2, 0.803), (2.2, 0.804), (90, 0.805)]
CROWD = [(0.0214, 0.979), (0.0209, 0.981), (0.0207, 0.976), (0.0212, 0.98), (0.286, 0.982), (0.331, 0.982)]


@pytest.mark.parametrize("places", [LOOSE, CROWD], ids=["loose", "a crowd"])
def test_labels_of_a_plot_cover_nothing(places: list[tuple[float, float]]) -> None:
    points = [Point(f"progressively distilled {n}", x, y - 0.004, y, y + 0.004) for n, (x, y) in enumerate(places)]
    svg = scatter(points, "seconds", "share", str)
    labels = [(float(x), float(y)) for x, y in re.findall(r'class="name" x="([\d.]+)" y="([\d.]+)"', svg)]
    assert len(labels) == 6
    for number, (x, y) in enumerate(labels):
        for other_x, other_y in labels[:number]:
            assert abs(x - other_x) > 160 or abs(y - other_y) >= 13
    assert svg.count("<circle") == 6
    assert "<script" not in scatter([Point("<script>", 1, 0, 0.5, 1)], "x", "y", str)


def test_every_published_figure_has_one_value_and_a_source() -> None:
    """The two models that are called 2-Rectified Flow differ, and each is shown with where its figures are from."""
    rows = {(method.title, method.steps): method for method in PAPER}
    assert len(rows) == len(PAPER)
    first, released = rows["2-Rectified Flow", 25], rows["2-Rectified Flow, as released", 25]
    assert (first.fid_5k, first.clip_score, first.model) == (22.1, 0.313, "2rf-mini")
    assert (released.fid_5k, released.clip_score, released.model) == (21.5, 0.315, "2rf")
    assert first.source != released.source
    checkpoints = [method.checkpoint for method in PAPER if method.checkpoint]
    assert sorted(checkpoints) == sorted(set(checkpoints))
    assert {name for name in checkpoints if MODELS[name].shipped} == set(), "no figure of the paper is a miniature's"


@pytest.mark.parametrize("language", TEXTS)
def test_the_tab_and_the_discussion_quote_the_same_figures(language: Language) -> None:
    shown = re.sub(r"<[^>]+>", " ", results_html(None, language)).replace(",", ".")
    for method in PAPER:
        assert f"{method.fid_5k:.1f}" in shown and f"{method.clip_score:.3f}" in shown
        assert (method.source.text if language == "en" else method.source.text_pt).replace(",", ".") in shown
    table = [dict(zip(titles(DISCUSSION), line, strict=True)) for line in lines(discussion_rows(()), DISCUSSION)]
    quoted = {row["System"]: (row["FID-5k"], row["CLIP score"], row["Source"]) for row in table}
    for method in PAPER:
        if method.checkpoint:
            figures = (f"{method.fid_5k:.1f}", f"{method.clip_score:.3f}", method.source.text)
            assert quoted[MODELS[method.checkpoint].title] == figures
