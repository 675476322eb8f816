"""From events to tables, against figures worked out by hand."""

import csv
import io
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from instaflow_demo.cli import output
from instaflow_demo.events import Done, Event, Failed, ImageReady, Step
from instaflow_demo.machine.clock import Moment, Stopwatch
from instaflow_demo.machine.environment import fingerprint
from instaflow_demo.measure import Measurement, Timing
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results import report, tables

REQUEST = GenerationRequest.parse("a dog | a cat", ["instaflow-mini", "sd-mini", "2rf-mini"], images=3, seed=7)
# seconds of text, sampling and decoding; the first pass of each is cold
FAST = (Timing(1, 1, 1.0, 2.0, 3.0, False), Timing(1, 1, 0.1, 0.2, 0.1, True), Timing(1, 1, 0.1, 0.3, 0.2, True))
SLOW = (Timing(1, 25, 2.0, 9.0, 3.0, False), Timing(1, 25, 0.1, 4.7, 0.2, True), Timing(1, 25, 0.1, 4.8, 0.1, True))


def events_of(model: str, passes: tuple[Timing, ...]) -> list[Event]:
    run = next(run for run in REQUEST.runs if run.model.id == model)
    image = Image.new("RGB", (2, 2))
    images = [ImageReady(model, i, 7 + i, image, timing, f"sha{i}") for i, timing in enumerate(passes)]
    measured = Measurement(
        model, "cpu", "float32", run.steps, run.guidance, run.network_evaluations, 1.5, passes, 10**9
    )
    return [*images, Done(model, measured)]


@pytest.fixture
def outcomes() -> tuple[report.Outcome, ...]:
    events = [*events_of("instaflow-mini", FAST), Failed("2rf-mini", "No."), *events_of("sd-mini", SLOW)]
    return report.collect(events, REQUEST)


def cells(outcomes: tuple[report.Outcome, ...]) -> list[dict[str, str]]:
    return written(report.comparison_rows(outcomes, REQUEST), report.COLUMNS)


def written(rows: Sequence[Any], columns: Sequence[tables.Column]) -> list[dict[str, str]]:
    """The text of every cell, by the title of its column."""
    return [dict(zip(tables.titles(columns), line, strict=True)) for line in tables.lines(rows, columns)]


def test_outcomes_are_in_the_order_of_the_request(outcomes: tuple[report.Outcome, ...]) -> None:
    assert [outcome.run.model.id for outcome in outcomes] == ["instaflow-mini", "sd-mini", "2rf-mini"]
    assert outcomes[2].error == "No."


def test_averages_leave_cold_passes_out(outcomes: tuple[report.Outcome, ...]) -> None:
    fast, slow = cells(outcomes)
    assert fast["Seconds per image"] == "0.500"
    assert fast["Images per second"] == "2.00"
    assert fast["Time of each image"] == "6.000, 0.400, 0.600"
    assert fast["it/s"] == "4.00"  # 2 steps in 0.5 s of sampling
    assert fast["Mode"] == "one by one"
    assert fast["Text, sampling, decoding (s)"] == "0.100 / 0.250 / 0.150"
    assert slow["Seconds per image"] == "5.000"
    assert (fast["Guidance"], slow["Guidance"]) == ("off", "3")
    assert fast["Peak memory (MB)"] == "1000"
    assert fast["State"] == slow["State"] == "warm"


def test_the_speed_up_is_against_the_slowest(outcomes: tuple[report.Outcome, ...]) -> None:
    assert [row["Speed-up"] for row in cells(outcomes)] == ["10.0x", "1.0x"]


def test_what_is_only_cold_is_marked_so() -> None:
    (row,) = cells(report.collect(events_of("sd-mini", SLOW[:1]), REQUEST))
    assert (row["State"], row["Seconds per image"]) == ("cold", "14.000")


def test_a_cold_time_is_no_speed_up() -> None:
    """Neither its own, nor what another model is measured against."""
    events = [*events_of("instaflow-mini", FAST), *events_of("sd-mini", SLOW[:1])]
    rows = cells(report.collect(events, REQUEST))
    assert [(row["State"], row["Speed-up"]) for row in rows] == [("warm", ""), ("cold", "")]


def test_the_terminal_calls_a_cold_time_cold_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    events = [*events_of("instaflow-mini", FAST), *events_of("sd-mini", SLOW[:1])]
    output.show_comparison(report.comparison_rows(report.collect(events, REQUEST), REQUEST))
    said = capsys.readouterr().out
    (seconds,) = (line for line in said.splitlines() if "Seconds per image" in line)
    assert "0.500 " in seconds and "14.000 (cold)" in seconds
    assert "Cold times, which are not how fast a model is: Stable Diffusion mini." in said


def test_the_terminal_says_nothing_of_cold_times_where_there_are_none(
    outcomes: tuple[report.Outcome, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    output.show_comparison(report.comparison_rows(outcomes, REQUEST))
    said = capsys.readouterr().out
    assert "old" not in said
    assert "10.0x" in said


def test_a_batch_has_one_time_for_all() -> None:
    together = Timing(3, 25, 0.3, 5.4, 0.3, True)
    measured = Measurement("sd-mini", "cpu", "float32", 25, 3.0, 50, 0.0, (together,), 0)
    assert measured.images == 3
    assert measured.seconds_per_image == pytest.approx(2.0)
    assert measured.iterations_per_second == pytest.approx(25 / 5.4)
    outcome = report.Outcome(REQUEST.runs[1], measurement=measured)
    (row,) = report.comparison_rows([outcome], replace(REQUEST, batched=True))
    (line,) = written([row], report.COLUMNS)
    assert [*line.values()][1:5] == ["3", "batched", "2.000", "0.50"]
    assert line["Text, sampling, decoding (s)"] == "0.100 / 1.800 / 0.100"


def test_no_time_at_all_divides_nothing() -> None:
    (row,) = cells(report.collect(events_of("sd-mini", (Timing(1, 25, 0.0, 0.0, 0.0, True),)), REQUEST))
    assert (row["Images per second"], row["Speed-up"], row["it/s"]) == ("0.00", "", "0.00")


def test_the_discussion_puts_published_figures_above_the_measured_ones(outcomes: tuple[report.Outcome, ...]) -> None:
    table = written(report.discussion_rows(outcomes), report.DISCUSSION)
    paper = {row["System"]: row for row in table if row["Measured"] == "in the paper, on an A100"}
    fast, slow = table[len(paper) :]
    assert set(paper) == {MODELS[name].title for name in MODELS if not MODELS[name].shipped} - {MODELS["text2im"].title}
    assert paper["InstaFlow 0.9B"]["Speed-up"] == "9.8x"  # 0.88 s / 0.09 s
    assert paper["InstaFlow 0.9B"]["FID-5k"] == "23.4"
    assert paper["Stable Diffusion 1.5"]["Network evaluations"] == slow["Network evaluations"] == "50"
    assert fast["Measured"] == "here, cpu, float32, warm"
    assert (fast["Seconds per image"], fast["Speed-up"], fast["it/s"]) == ("0.500", "10.0x", "4.00")
    assert (fast["Pixels"], fast["FID-5k"]) == ("256", "–")


def test_csv_and_markdown_hold_the_table(outcomes: tuple[report.Outcome, ...]) -> None:
    rows, columns = report.comparison_rows(outcomes, REQUEST), report.COLUMNS
    read = [tuple(line) for line in csv.reader(io.StringIO(tables.to_csv(rows, columns)))]
    assert read == [tables.titles(columns), *tables.lines(rows, columns)]
    lines = tables.to_markdown([replace(rows[0], system="a | b")], columns).splitlines()
    assert len(lines) == 3
    assert "a \\| b" in lines[2]


def test_both_stages_of_a_cascade_are_told_apart() -> None:
    request = GenerationRequest.parse("a dog", "text2im-mini", images=2)
    (run,) = request.runs
    both = Timing(2, run.all_steps, text_s=0.2, sample_s=6.0, decode_s=0.4, warm=False, upsample_s=2.0)
    measured = Measurement("text2im-mini", "cpu", "float32", 100, 3.0, run.network_evaluations, 1.0, (both,), 10**9)
    rows = report.comparison_rows(report.collect([Done("text2im-mini", measured)], request), request)
    (told,) = written(rows, report.COLUMNS)
    assert told["Text, sampling, decoding (s)"] == "0.100 / 2.000 + 1.000 / 0.200"
    assert (told["Steps"], told["Mode"], told["Network evaluations"]) == ("100 + 27", "batched", "227")
    (stored,) = report.results_json(fingerprint(), request, [report.Outcome(run, measurement=measured)])["results"]
    assert (stored["steps"], stored["upsampling_steps"]) == (100, 27)


def test_no_prompt_becomes_a_formula_in_a_spreadsheet() -> None:
    request = GenerationRequest.parse('=HYPERLINK("http://x")', "sd-mini", negative_prompt="@SUM(A1)")
    table = report.comparison_rows(report.collect(events_of("sd-mini", SLOW), request), request)
    cells_read = [cell for line in csv.reader(io.StringIO(tables.to_csv(table, report.COLUMNS))) for cell in line]
    assert len(cells_read) == 2 * len(report.COLUMNS)
    assert not [cell for cell in cells_read if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_json_is_plain_and_complete(outcomes: tuple[report.Outcome, ...], tmp_path: Path) -> None:
    values = json.loads(json.dumps(report.results_json(fingerprint(tmp_path), REQUEST, outcomes), allow_nan=False))
    fast, slow, failed = values["results"]
    assert fast["total_seconds"] == pytest.approx(7.0)  # everything, the cold pass too
    assert slow["network_evaluations"] == 50
    assert [image["seed"] for image in fast["images"]] == [7, 8, 9]
    assert failed["error"] == "No."


def test_json_keeps_the_images_that_came_before_a_failure(tmp_path: Path) -> None:
    first, *_ = events_of("sd-mini", SLOW)
    assert isinstance(first, ImageReady)
    saved = replace(first, path=tmp_path / "one.png")
    outcomes = report.collect([saved, Failed("sd-mini", "No memory.")], REQUEST)
    values = json.loads(json.dumps(report.results_json(fingerprint(tmp_path), REQUEST, outcomes)))["results"][1]
    assert values["error"] == "No memory."
    assert [image["path"] for image in values["images"]] == [str(tmp_path / "one.png")]


def test_a_run_that_was_stopped_says_so() -> None:
    outcome = report.collect([Step("sd-mini", 0, 1, 1, 25, 0.1)], REQUEST)[1]
    assert outcome.error == "The run was stopped."
    assert report.comparison_rows([outcome], REQUEST) == []


def test_a_step_foretells_the_rest() -> None:
    step = Step("sd-mini", 0, 1, step=5, steps=25, elapsed_s=2.0, stepped=5, stepping_s=1.6)
    assert step.iterations_per_second == 3.125
    assert step.remaining_s == pytest.approx(8.0)


def test_the_stopwatch_waits_for_the_device_only_when_it_is_asked() -> None:
    log: list[str] = []
    times = iter([1.0, 3.5, 10.0, 11.0])

    def clock() -> Moment:
        seconds = next(times)
        log.append("mark")

        def moment() -> float:
            log.append("wait")
            return seconds

        return moment

    watch = Stopwatch(clock)
    with watch("sample"):
        log.append("work")
    first = watch.so_far("text", "sample")
    with watch("sample"):
        pass
    assert log == ["mark", "work", "mark", "mark", "mark"]
    assert first() == 2.5, "what came later does not count"
    assert watch.seconds("sample") == 3.5
    assert watch.seconds("decode") == 0.0
    assert log.count("wait") == 4, "nothing is waited for twice"


def test_the_stopwatch_leaves_out_the_time_that_a_consumer_holds_an_item() -> None:
    now = itertools.count()
    watch = Stopwatch(lambda: partial(float, next(now)))
    for _ in watch.each("sample", iter("ab")):
        next(now)
    assert watch.seconds("sample") == 2, "two items, and not finding out that there is no third"
