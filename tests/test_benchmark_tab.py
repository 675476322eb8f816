"""The benchmark's tab: what is judged before it runs, what somebody's file may hold, what is shown."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page import JSON, MACHINE, Tags, is_harmless

from instaflow_demo.errors import InvalidRequest
from instaflow_demo.gallery import Gallery
from instaflow_demo.registry import DEFAULT_MODELS, MODELS
from instaflow_demo.results.benchmark import (
    COLUMNS,
    Benchmark,
    BenchmarkRow,
    Refused,
    Timed,
    Working,
    run,
)
from instaflow_demo.results.benchmark_file import read_json, results_json
from instaflow_demo.results.tables import to_csv, to_markdown
from instaflow_demo.service import Service
from instaflow_demo.ui.html.timings import Theirs, Timings, progress_html, timings_html
from instaflow_demo.ui.runner import Runner
from instaflow_demo.ui.settings import Settings
from instaflow_demo.ui.tabs.benchmark import BenchmarkTab, PageLimits, read_theirs
from instaflow_demo.ui.text import LANGUAGES, TEXTS, Language, translate
from instaflow_demo.weights.locate import Weights

FAST, SLOW = "instaflow-mini", "sd-mini"
HOSTILE = '<img src=x onerror="window.__x=1"><script>window.__x=2</script>'


def row(model: str = FAST, median: float | None = 0.4, batch: int = 1, **changes: Any) -> BenchmarkRow:
    stages = {"text": 0.1, "sample": 0.2, "upsample": 0.0, "decode": 0.1} if median else {}
    measured = BenchmarkRow(
        model=model,
        backend="openvino",
        device="cpu",
        dtype="float32",
        size=256,
        batch=batch,
        decoder="full",
        steps=1,
        guidance=0.0,
        network_evaluations=1,
        n=20,
        load_s=0.5,
        cold_s=0.9,
        median_s=median,
        min_s=0.3,
        max_s=0.6,
        iqr_s=0.01,
        p95_s=0.5,
        stages=stages,
        images_per_second=batch / median if median else None,
        iterations_per_second=5.0,
        peak_bytes=512_000_000,
    )
    return replace(measured, **changes)


def asked(**options: Any) -> Benchmark:
    return Benchmark.parse([FAST, SLOW], repeats=2, **options)


def timings(*rows: BenchmarkRow, **changes: Any) -> Timings:
    """A benchmark that has measured these rows of two cases."""
    benchmark = asked()
    made = dict(zip(benchmark.cases, rows, strict=False))
    return replace(Timings.of(benchmark), rows=made, **changes)


# ---------------------------------------------------------------- a benchmark


def test_every_step_gives_a_chance_to_stop(tmp_path: Path) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    only = Benchmark.parse(["2rf-mini"], repeats=1, steps=3, backends=["eager"])
    events = list(run(service, only))
    assert [type(event) for event in events].count(Timed) == 2
    steps = [event for event in events[: [type(event) for event in events].index(Timed)] if isinstance(event, Working)]
    assert len(steps) > 3
    assert {(event.done, event.passes) for event in steps} == {(0, 2)}
    left = run(service, only)
    next(left)
    next(left)
    left.close()
    assert not service.waiting
    service.close()


def test_the_first_pass_of_a_case_is_never_averaged_in(tmp_path: Path) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    only = Benchmark.parse([FAST], repeats=1, backends=["eager"])
    fresh, again = ([event.row for event in run(service, only) if isinstance(event, Timed)] for _ in range(2))
    assert [measured.n for measured in (*fresh, *again)] == [0, 1, 0, 1]
    assert fresh[1].cold_s and not again[1].cold_s  # the model was warm the second time
    assert again[1].median_s and again[1].range_s is None
    service.close()


def test_what_cannot_be_timed_leaves_the_others_and_their_count(tmp_path: Path) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    events = list(run(service, Benchmark.parse([FAST, "instaflow-0.9b"], repeats=2, backends=["eager"])))
    refused = [event for event in events if isinstance(event, Refused)]
    assert [event.case.run.model.id for event in refused] == ["instaflow-0.9b"]
    last = events[-1]
    assert isinstance(last, Timed)
    assert (last.done, last.passes, last.row.n) == (3, 3, 2)
    service.close()


@pytest.mark.parametrize("field", ["backends", "decoders", "batches"])
def test_a_benchmark_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(InvalidRequest, match="Choose at least one"):
        asked(**{field: []})


# ---------------------------------------------------------------- a file from elsewhere


def stored(*rows: BenchmarkRow, **machine: Any) -> dict[str, Any]:
    return results_json(replace(MACHINE, **machine), rows)


def test_a_file_is_read_as_it_was_written() -> None:
    rows = (row(), row(SLOW, 4.0, batch=4), row(median=None))
    assert read_json(json.dumps(stored(*rows))) == ("A CPU", rows)
    assert read_json(json.dumps(stored(gpu="H100")))[0] == "H100"


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "null", "7", '"text"', "[" * 100_000, '{"a":' * 50_000, "9" * 5000, "\ud800"),
        '{"environment": {}, "results": []}',
        '{"environment": [], "results": []}',
        '{"environment": {"gpu": null, "cpu": null}, "results": []}',
        '{"environment": {"gpu": {"a": 1}, "cpu": ""}, "results": []}',
        '{"environment": {"gpu": "x", "cpu": ""}, "results": {"a": 1}}',
        '{"environment": {"gpu": "x", "cpu": ""}, "results": ["text"]}',
        '{"environment": {"gpu": "x", "cpu": ""}, "results": [[]]}',
        json.dumps(stored(*[row()] * 1001)),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_benchmark_s_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="not a benchmark file") as caught:
        read_json(text)
    assert translate("pt-BR", caught.value.sentence) != caught.value.sentence


NUMBERS = ("size", "batch", "steps", "guidance", "network_evaluations", "n", "load_s", "cold_s", "median_s")
NUMBERS += ("min_s", "max_s", "iqr_s", "p95_s", "images_per_second", "iterations_per_second", "peak_bytes")
BAD_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "-1", "1" * 400, "true", '"1"', "[1]", "{}")


@pytest.mark.parametrize("value", BAD_NUMBERS, ids=lambda value: value[:10])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_figure_that_is_none_is_refused(name: str, value: str) -> None:
    text = json.dumps(stored(replace(row(), **{name: 987654321})))
    assert text.count("987654321") == 1
    with pytest.raises(InvalidRequest):
        read_json(text.replace("987654321", value))


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {name: value}
            for name in ("model", "backend", "device", "dtype", "decoder")
            for value in (HOSTILE, 1, None, [])
        ),
        *({"stages": value} for value in (None, [], "text", {"other": 1.0}, {"text": "1"}, {"text": None})),
        *({"batch": 0}, {"batch": 1.5}, {"n": None}, {"steps": None}),
    ],
    ids=str,
)
def test_a_row_of_something_else_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        read_json(json.dumps({**stored(), "results": [{**asdict(row()), **changes}]}))


@pytest.mark.parametrize(("n", "kept"), [(2, []), (7, []), (8, ["iqr_s"]), (19, ["iqr_s"]), (20, ["iqr_s", "p95_s"])])
def test_figures_of_too_few_passes_are_left_out_of_a_file_too(n: int, kept: list[str]) -> None:
    _, (read,) = read_json(json.dumps(stored(row(n=n))))
    assert [name for name in ("iqr_s", "p95_s") if getattr(read, name) is not None] == kept
    assert read.range_s == (0.3, 0.6)


def test_a_file_of_an_earlier_version_is_read() -> None:
    earlier = {name: value for name, value in asdict(row()).items() if name not in ("min_s", "max_s")}
    _, (read,) = read_json(json.dumps({**stored(), "results": [earlier]}))
    assert (read.range_s, read.median_s) == (None, 0.4)


def test_a_row_without_a_value_is_refused() -> None:
    whole = asdict(row())
    for name in ("model", "backend", "decoder", "median_s", "n"):
        with pytest.raises(InvalidRequest):
            read_json(json.dumps({**stored(), "results": [{key: whole[key] for key in whole if key != name}]}))


@given(st.sampled_from([each for each in asdict(row())]), JSON)
def test_whatever_is_read_can_be_shown(name: str, value: Any) -> None:
    try:
        theirs = read_theirs(json.dumps({**stored(), "results": [{**asdict(row()), name: value}]}))
    except InvalidRequest:
        return
    assert is_harmless(timings_html(timings(row()), theirs, "en"))


def test_a_machine_s_name_is_short_and_can_be_printed() -> None:
    machine = read_json(json.dumps(stored(gpu="\u202eevil\u0000 \ud800" + "x" * 500)))[0]
    assert machine.startswith("evil xxx")
    assert len(machine) == 80


@pytest.mark.parametrize("sent", [None, 7, [], {}, "x" * 300_000])
def test_what_is_too_large_or_no_text_gets_its_sentence(sent: Any) -> None:
    with pytest.raises(InvalidRequest, match="at most 200 KB"):
        read_theirs(sent)


# ---------------------------------------------------------------- what is shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_fair_figures_come_first(language: Language) -> None:
    html = timings_html(timings(row(batch=4)), None, language)
    labels = re.findall(r'data-label="([^"]+)"', html)
    words = TEXTS[language]
    assert labels[:3] == [words["table_seconds"], words["images_per_second"], words["evaluations_short"]]
    values = re.findall(r"<td [^>]*><span>([^<]*)", html)
    assert values[:3] == (["0.1000", "10.00", "1"] if language == "en" else ["0,1000", "10,00", "1"])
    assert words["bench_note"] in html
    assert words["bench_batch_of"].format(n=4) in html


def test_bars_are_seconds_per_image_on_one_scale() -> None:
    html = timings_html(timings(row(batch=4), row(SLOW, 0.4)), None, "en")
    assert re.findall(r'class="stages"[^>]*style="width:([\d.]+)%"', html) == ["25.00", "100.00"]
    assert re.findall(r'<i class="(\w+)" style="width:([\d.]+)%"', html)[:3] == [
        ("text", "25.00"),
        ("sample", "50.00"),
        ("decode", "25.00"),
    ]
    assert "text 0.0250 s, sampling 0.0500 s, decode 0.0250 s" in html
    assert "upsampling" not in html


def test_a_case_without_warm_passes_has_a_row_and_no_bar() -> None:
    html = timings_html(timings(row(median=None)), None, "en")
    assert "0.900" in html
    assert "bars" not in html


def test_another_machine_stands_below_ours() -> None:
    theirs = Theirs("H100", (row(SLOW, 0.1),))
    html = timings_html(timings(row()), theirs, "en")
    order = [html.index(text) for text in ("This machine", "InstaFlow mini", "H100, from the file", "Stable Diffusion")]
    assert order == sorted(order)
    assert html.count("H100, from the file") == 2  # in the table and in the chart
    assert "This machine" not in timings_html(timings(row()), None, "en")
    alone = timings_html(Timings(), theirs, "en")
    assert "H100" in alone and "This machine" not in alone
    assert timings_html(Timings(), None, "en") == ""


def test_downloads_hold_all_of_ours_and_nothing_of_theirs() -> None:
    done = timings(row(), row(SLOW, 4.0), environment=MACHINE)
    tags = Tags(timings_html(done, Theirs("H100", (row(),)), "en"))
    files = dict(zip(tags.attribute("a", "download"), tags.attribute("a", "href"), strict=True))
    texts = {str(name).rpartition(".")[2]: unquote(str(link).partition(",")[2]) for name, link in files.items()}
    assert read_json(texts["json"]) == ("A CPU", done.ordered)
    assert texts["csv"] == to_csv(done.ordered, COLUMNS)
    assert texts["md"] == to_markdown(done.ordered, COLUMNS)
    assert "physical cores" in tags.text
    assert "<a " not in timings_html(timings(row()), None, "en")  # not while it goes on


def test_no_text_becomes_markup_here_either() -> None:
    (first, _) = asked().cases
    shown = timings(row(), refused=(Refused(first, HOSTILE),), environment=replace(MACHINE, cpu=HOSTILE))
    html = timings_html(shown, Theirs(HOSTILE, (row(),)), "en")
    assert is_harmless(html)
    assert HOSTILE not in html
    assert "Not timed: InstaFlow mini" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bar_says_what_is_at_work(language: Language) -> None:
    benchmark = asked(batches=[4])
    view = Timings.of(benchmark)
    assert TEXTS[language]["waiting_device"] in progress_html(view, 0.0, language)
    view = view.after(Working(benchmark.cases[1], 3, 6))
    html = progress_html(view, 30.0, language)
    assert Tags(html).attribute("div", "aria-valuenow") == ["50"]
    for part in ("4", "6", MODELS[SLOW].title, TEXTS[language]["bench_batch_of"].format(n=4)):
        assert part in Tags(html).text
    assert TEXTS[language]["remaining"].format(s="30.0 s").replace(".", "." if language == "en" else ",") in html


def test_rows_keep_the_order_of_their_cases() -> None:
    benchmark = asked()
    view = Timings.of(benchmark)
    for case, model in zip(reversed(benchmark.cases), (SLOW, FAST), strict=True):
        view = view.after(Timed(case, 1, 6, row(model)))
    assert [each.model for each in view.ordered] == [FAST, SLOW]
    assert not view.over
    assert view.after(Timed(benchmark.cases[0], 6, 6, row())).over


# ---------------------------------------------------------------- judging


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchmarkTab]:
    out = tmp_path_factory.mktemp("out")
    texts = gr.I18n(**{language: dict(TEXTS[language]) for language in LANGUAGES})
    with gr.Blocks():
        tab = BenchmarkTab(Service(Weights(), Gallery(out)), Settings(kept=Gallery(out), out=out), texts, Runner())
        tab.build()
        yield tab


def values_of(tab: BenchmarkTab, **changes: Any) -> list[Any]:
    """What an untouched tab sends, with changes by name."""
    return [changes.get(name, tab._inputs[name].value) for name in tab._inputs.names]


def wrong(tab: BenchmarkTab, **changes: Any) -> dict[str, str]:
    answers = zip(tab._inputs.names, tab.validate(*values_of(tab, **changes)), strict=True)
    return {name: answer["message"] for name, answer in answers if not answer["is_valid"]}


def test_an_untouched_tab_times_the_default_models_and_the_stock_pipeline(tab: BenchmarkTab) -> None:
    benchmark = tab.parse(*values_of(tab)).benchmark
    assert benchmark.repeats == 5
    made = [(case.run.model.id, case.request.backend, case.batch) for case in benchmark.cases]
    assert made == [(model, backend, 1) for backend in ("auto", "diffusers") for model in DEFAULT_MODELS]
    assert wrong(tab) == {}


def test_what_cannot_run_here_is_not_offered(tab: BenchmarkTab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instaflow_demo.ui.tabs.benchmark.find_spec", lambda _: None)
    greeted = tab._greet(gr.Request(headers={"accept-language": "pt"}))
    assert greeted[tab._inputs["language"]] == "pt-BR"
    offered = {name: [value for _, value in greeted[tab._inputs[name]].choices] for name in ("models", "backends")}
    assert offered["backends"] == ["auto", "eager"]
    assert set(DEFAULT_MODELS) <= set(offered["models"])
    assert "instaflow-0.9b" not in offered["models"]
    assert [value for _, value in greeted[tab._inputs["decoders"]].choices] == ["full", "tiny"]


def test_the_stock_pipeline_alone_can_be_timed(tab: BenchmarkTab) -> None:
    cases = tab.parse(*values_of(tab, backends=[])).benchmark.cases
    assert {case.request.backend for case in cases} == {"diffusers"}
    assert wrong(tab, backends=[], stock=False).keys() == {"backends"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("repeats", value) for value in (0, 51, 2.5, True, "5", None, float("nan"))),
        *(("batches", value) for value in ([], [2], [True], [1, 1e400], "1", None, [[1]], [16, 17])),
        *(("backends", value) for value in (["diffusers"], ["nothing"], None, {"auto": 1})),
        *(("decoders", value) for value in ([], ["full", "none"], [["full"]])),
        *(("models", value) for value in ([], ["nothing"], [7], FAST, None)),
    ],
    ids=str,
)
def test_a_forged_value_gets_a_sentence_at_its_field(tab: BenchmarkTab, field: str, value: Any) -> None:
    for language in LANGUAGES:
        problems = wrong(tab, **{field: value}, language=language)
        assert problems.keys() == {field}
        assert problems[field].endswith(".")


def test_where_others_wait_the_device_is_not_held_for_hours(tab: BenchmarkTab) -> None:
    long = {"repeats": 50, "batches": [1, 4, 16]}
    assert str(PageLimits().images) in wrong(tab, **long)["repeats"]
    alone = replace(tab._settings, alone=True)
    with gr.Blocks():
        mine = BenchmarkTab(tab._service, alone, tab._text, Runner())
        mine.build()
    assert wrong(mine, **long) == {}


@given(st.data())
def test_any_json_is_accepted_or_refused_in_words(tab: BenchmarkTab, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(tab._inputs.names)))
    values = values_of(tab, **{name: data.draw(JSON)})
    answers = tab.validate(*values)
    assert len(answers) == len(values)
    if all(answer["is_valid"] for answer in answers):
        assert tab.parse(*values).benchmark.cases
