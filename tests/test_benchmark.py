"""The benchmark: what is timed, in which order, and that ours is no slower than the stock pipeline."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from served import ROOT, home_with_openvino
from small_glide import save_converted
from terminal import demo

from instaflow_demo.cli import progress
from instaflow_demo.errors import InvalidRequest
from instaflow_demo.events import Done, ImageReady
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine.environment import fingerprint
from instaflow_demo.measure import Measurement, Timing
from instaflow_demo.results import benchmark
from instaflow_demo.results.benchmark import Benchmark, BenchmarkRow, Refused, Timed
from instaflow_demo.results.benchmark_file import read_json, results_json
from instaflow_demo.results.tables import lines
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights

FIELDS = {
    *("model", "backend", "device", "dtype", "size", "batch", "decoder", "steps", "n", "cold_s", "median_s", "iqr_s"),
    *("p95_s", "min_s", "max_s", "stages", "images_per_second", "peak_bytes"),
}
FAST = "instaflow-mini"


pytestmark = pytest.mark.usefixtures("home_with_openvino")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service(Weights(), Gallery(tmp_path_factory.mktemp("images")))
    yield made
    made.close()


def timed(service: Service, asked: Benchmark) -> list[Timed]:
    return [event for event in benchmark.run(service, asked) if isinstance(event, Timed)]


def last(events: list[Timed], backend: str) -> BenchmarkRow:
    return [event.row for event in events if event.row.backend == backend][-1]


def test_every_combination_is_a_case_once() -> None:
    asked = Benchmark.parse(
        [FAST, "text2im-mini"], backends=["eager", "diffusers"], decoders=["full", "tiny"], batches=[1, 4]
    )
    named = [(case.run.model.id, case.batch, case.request.backend, case.request.decoder) for case in asked.cases]
    ours = [(FAST, batch, "eager", decoder) for batch in (1, 4) for decoder in ("full", "tiny")]
    stock = [(FAST, batch, "diffusers", "full") for batch in (1, 4)]
    cascade = [("text2im-mini", batch, "auto", "full") for batch in (1, 4)]
    assert sorted(named) == sorted([*ours, *stock, *cascade])
    assert len(named) == len(set(named))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"models": ["sd-9"]}, "no model called"),
        ({"repeats": 0}, "Repeats"),
        ({"repeats": 2.5}, "Repeats"),
        ({"repeats": True}, "Repeats"),
        ({"batches": [0]}, "number of images"),
        ({"batches": ["many"]}, "number of images"),
        ({"backends": ["cuda"]}, "Backend"),
        ({"decoders": ["huge"]}, "Decoder"),
    ],
)
def test_what_cannot_be_timed_is_a_sentence(settings: dict, sentence: str) -> None:
    with pytest.raises(InvalidRequest, match=sentence):
        Benchmark.parse(**({"models": [FAST]} | settings))


def test_cases_take_turns_and_the_first_pass_of_each_is_told_apart(service: Service) -> None:
    asked = Benchmark.parse([FAST], repeats=3, backends=["eager", "diffusers"], device="cpu")
    events = timed(service, asked)
    order = [event.case.request.backend for event in events]
    assert order == ["eager", "diffusers", "diffusers", "eager", "eager", "diffusers", "diffusers", "eager"]
    assert [event.done for event in events] == list(range(1, 9))
    assert {event.passes for event in events} == {asked.passes} == {8}
    for backend in ("eager", "diffusers"):
        row = last(events, backend)
        assert row.n == 3
        assert row.cold_s is not None
        assert row.cold_s > 0
        assert row.median_s is not None
        assert row.range_s is not None
        assert 0 < row.range_s[0] <= row.median_s <= row.range_s[1]
        assert row.iqr_s is None and row.p95_s is None, "three passes cannot tell"
        assert sum(row.stages.values()) == pytest.approx(row.median_s, rel=0.5)
        assert row.stages["text"] > 0, "a prompt that was read before would cost nothing"


def test_a_batch_is_one_pass(service: Service) -> None:
    (event, *_) = reversed(timed(service, Benchmark.parse([FAST], repeats=1, batches=[4], device="cpu")))
    row = event.row
    assert row.batch == 4
    assert row.median_s is not None
    assert row.images_per_second == pytest.approx(4 / row.median_s)
    assert row.seconds_per_image == pytest.approx(row.median_s / 4)


def test_passes_before_a_backend_took_over_do_not_count() -> None:
    def passes(*seconds: float, backend: str, warm: bool = True) -> list[Timing]:
        return [Timing(1, 1, 0.0, each, 0.0, warm, backend=backend) for each in seconds]

    timings = passes(9.0, backend="eager", warm=False) + passes(4.0, 4.0, backend="eager")
    timings += passes(7.0, backend="compiled", warm=False) + passes(1.0, 1.0, backend="compiled")
    measured = Measurement(FAST, "cuda", "float16", 1, 1.0, 1, 0.0, tuple(timings), 0)
    assert measured.seconds_per_image == 1.0

    class Fake:
        def run(self, request, *, patient):
            timing = timings.pop(0)
            yield ImageReady(FAST, 0, 0, Image.new("RGB", (1, 1)), timing, "")
            yield Done(FAST, replace(measured, passes=(timing,), backend=timing.backend))

    row = timed(Fake(), Benchmark.parse([FAST], repeats=5))[-1].row
    assert (row.backend, row.n, row.median_s, row.cold_s) == ("compiled", 2, 1.0, 9.0)


@pytest.mark.parametrize(
    ("passes", "told"),
    [(1, ()), (2, ("min_s", "max_s")), (8, ("min_s", "max_s", "iqr_s")), (20, ("min_s", "max_s", "iqr_s", "p95_s"))],
)
def test_a_row_says_what_its_number_of_passes_can_bear(passes: int, told: tuple[str, ...]) -> None:
    """A 95th percentile of five values is the slowest of them under a name that promises more."""

    timings = [Timing(1, 1, 0.0, second, 0.0, second > 0) for second in range(passes + 1)]  # the first one is cold

    class Fake:
        def run(self, request, *, patient):
            timing = timings.pop(0)
            yield ImageReady(FAST, 0, 0, Image.new("RGB", (1, 1)), timing, "")
            yield Done(FAST, Measurement(FAST, "cpu", "float32", 1, 1.0, 1, 0.0, (timing,), 0))

    row = timed(Fake(), Benchmark.parse([FAST], repeats=passes))[-1].row
    figures = ("min_s", "max_s", "iqr_s", "p95_s")
    assert tuple(name for name in figures if getattr(row, name) is not None) == told
    assert (row.n, row.median_s) == (passes, (passes + 1) / 2)
    if passes > 1:
        assert row.range_s == (1, passes)


def test_steps_mean_in_a_benchmark_what_they_mean_in_a_run(tmp_path: Path) -> None:
    save_converted(tmp_path)
    service = Service(Weights(converted_dir=tmp_path), Gallery(tmp_path / "images"))
    asked = Benchmark.parse(["text2im", FAST], repeats=1, steps=10, device="cpu")
    rows = {event.row.model: event.row for event in timed(service, asked)}
    service.close()
    assert (rows["text2im"].steps, rows["text2im"].upsampling_steps) == (10, 27)
    assert (rows[FAST].steps, rows[FAST].upsampling_steps) == (1, 0)
    (steps,) = [column for column in benchmark.COLUMNS if column.title == "Steps"]
    shown = {row.title: steps.text(row) for row in rows.values()}
    assert shown == {"Text2im (GLIDE)": "10 + 27", "InstaFlow mini": "1"}


def test_what_was_measured_before_ctrl_c_is_kept(service: Service) -> None:
    asked = Benchmark.parse([FAST, "2rf-mini"], repeats=5, steps=1, device="cpu")

    def stopped_after_the_first() -> Iterator:
        for event in benchmark.run(service, asked):
            yield event
            if isinstance(event, Timed):
                raise KeyboardInterrupt

    followed = progress.show_benchmark(stopped_after_the_first(), asked)
    assert followed.stopped
    assert [row.model for row in followed.rows] == [FAST]
    written = results_json(fingerprint(), followed.rows)
    assert read_json(json.dumps(written))[1] == followed.rows


def test_a_case_that_fails_says_why_and_the_others_go_on(service: Service) -> None:
    asked = Benchmark.parse(["instaflow-0.9b", FAST], repeats=1, device="cpu")
    events = [event for event in benchmark.run(service, asked) if isinstance(event, Timed | Refused)]
    (refused,) = [event for event in events if isinstance(event, Refused)]
    assert "not on this machine" in refused.message
    assert [event.row.model for event in events if isinstance(event, Timed)] == [FAST, FAST]


def test_results_are_read_as_they_were_written(service: Service) -> None:
    rows = [timed(service, Benchmark.parse([FAST], repeats=2, device="cpu"))[-1].row]
    written = results_json(fingerprint(), rows)
    assert set(written["results"][0]) >= FIELDS
    machine, read = read_json(json.dumps(written))
    assert machine == (fingerprint().gpu or fingerprint().cpu)
    assert lines(read, benchmark.COLUMNS) == lines(rows, benchmark.COLUMNS)


@pytest.mark.parametrize(
    ("gpu", "cpu", "shown"),
    [
        ("NVIDIA H100", "Xeon", "NVIDIA H100"),
        (None, "Xeon", "Xeon"),
        ("", " Ryzen\x00 9 ", "Ryzen 9"),
        (None, "x" * 99, "x" * 80),
        (None, "\x1b", "?"),
    ],
)
def test_the_machine_of_a_file_is_its_gpu_or_else_its_processor(gpu: str | None, cpu: str, shown: str) -> None:
    written = results_json(replace(fingerprint(), gpu=gpu, cpu=cpu), [])
    assert read_json(json.dumps(written))[0] == shown


def test_the_command_writes_what_it_measured(tmp_path: Path) -> None:
    home_with_openvino(tmp_path / "home")
    files = {name: tmp_path / f"b.{name}" for name in ("json", "csv", "markdown")}
    command = ["benchmark", "--models", FAST, "--repeats", "2", "--device", "cpu", "--baseline", "diffusers"]
    done = demo(tmp_path, *command, *[part for name, file in files.items() for part in (f"--{name}", str(file))])
    assert done.returncode == 0, done.stderr
    found = json.loads(files["json"].read_text())
    assert set(found) == {"environment", "results"}
    ours, stock = found["results"]
    assert set(ours) >= FIELDS
    assert stock["backend"] == "diffusers"
    assert ours["backend"] != "diffusers"
    assert found["environment"]["cpu"]
    for name in ("csv", "markdown"):
        assert "InstaFlow mini" in files[name].read_text()
    again = demo(tmp_path, "benchmark", "--models", FAST, "--repeats", "1", "--compare", str(files["json"]))
    assert again.returncode == 0, again.stderr
    assert "Measured on" in again.stdout


def test_the_command_refuses_a_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    done = demo(tmp_path, "benchmark", "--models", FAST, "--compare", "x.json")
    assert done.returncode == 2
    assert "not a benchmark file" in done.stderr.replace("\n", " ")


@pytest.mark.alone
def test_our_engine_is_no_slower_than_the_stock_pipeline(service: Service) -> None:
    """A regression guard: ratios within one run on the same weights; the figures themselves are in assets/results/."""
    backends = ["eager", "openvino", "diffusers"]
    asked = Benchmark.parse([FAST], repeats=12, backends=backends, decoders=["full", "int8"], device="cpu")
    found = {(event.row.backend, event.row.decoder): event.row.median_s or 0 for event in timed(service, asked)}
    relative = {case: seconds / found["diffusers", "full"] for case, seconds in found.items()}
    assert all(found.values())
    assert relative["eager", "full"] < 1.1, relative
    assert relative["openvino", "full"] < 1.0, relative
    assert relative["openvino", "int8"] < 0.7, relative


@pytest.mark.parametrize("name", ["cpu-2core.json"])
def test_the_published_figures_are_what_the_command_writes(name: str) -> None:
    machine, rows = read_json((ROOT / "assets/results" / name).read_text(encoding="utf-8"))
    assert machine
    assert {row.backend for row in rows} >= {"eager", "openvino", "diffusers"}
    assert all(row.n >= 5 and row.median_s for row in rows)
    assert os.path.sep not in machine
