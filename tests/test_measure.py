"""One meaning for iterations per second: what is shown while a pass goes on is what is shown when it is over."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from PIL import Image
from small_glide import save_converted
from small_refiner import save_refiner
from terminal import demo

from instaflow_demo import engines
from instaflow_demo.engines import Engine
from instaflow_demo.engines.memory import PLANS, WHOLE
from instaflow_demo.engines.refiner import Refiner
from instaflow_demo.events import Event, ImageReady, Step
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine import device
from instaflow_demo.machine.clock import Moment
from instaflow_demo.machine.device import Placement
from instaflow_demo.measure import Timing, iterations_per_second
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.results import benchmark
from instaflow_demo.results.benchmark import Benchmark, Timed
from instaflow_demo.service import Service
from instaflow_demo.ui.html.columns import progress_line
from instaflow_demo.ui.html.view import RunView
from instaflow_demo.weights.locate import ModelFiles, Weights

CPU = Placement("cpu", "float32")


@pytest.fixture(autouse=True)
def fake_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the device's clock takes longer than the last, so that nothing comes out equal by chance."""
    looks = count(1)

    def clock() -> Moment:
        number = next(looks)
        return lambda: number**2 / 8

    monkeypatch.setattr(device, "clock", lambda placement: clock)


@pytest.fixture(scope="module", params=["instaflow-mini", "2rf-mini", "text2im"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Engine]]:
    """The cascade is a small one with random weights."""
    spec, home = MODELS[request.param], tmp_path_factory.mktemp("home")
    if spec.kind == "text2im":
        save_converted(home)
    yield spec.id, (made := engines.load(spec, Weights(converted_dir=home).locate(spec), CPU))
    made.close()


def events_of(engine: Engine, model: str, steps: int) -> tuple[GenerationRequest, list[Event]]:
    asked = GenerationRequest.parse("a big dog", model, images=2, steps={"2rf-mini": steps, "text2im": 10})
    return asked, list(engine.generate(asked, asked.runs[0]))


def live_and_final(events: list[Event]) -> list[tuple[float, Timing]]:
    """The rate of the last step before each finished pass, and the pass's timing."""
    found, live = {}, 0.0
    for event in events:
        if isinstance(event, Step):
            live = event.iterations_per_second
        elif isinstance(event, ImageReady):
            found[id(event.timing)] = (live, event.timing)
    return list(found.values())


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("plan", [WHOLE, PLANS[-1]], ids=["whole", "offloaded"])
def test_the_rate_at_the_last_step_is_the_final_one(engine: tuple[str, Engine], plan: object, steps: int) -> None:
    model, made = engine
    made.apply(plan)  # type: ignore[arg-type]
    for live, timing in live_and_final(events_of(made, model, steps)[1]):
        assert live == timing.iterations_per_second
        assert timing.steps / live < timing.total_s - timing.text_s, "neither text nor decoding is counted"
    made.apply(WHOLE)


def test_the_page_shows_the_same_rate_twice(engine: tuple[str, Engine]) -> None:
    model, made = engine
    asked, events = events_of(made, model, 3)
    view = RunView.of(asked, True)
    for event in events:
        if isinstance(event, ImageReady):
            shown = progress_line(view.column(model), "en").rpartition(" · ")[2]
            assert shown == f"{event.timing.iterations_per_second:.1f} it/s"
        else:
            view = view.after(event)


def test_the_refiner_s_rate_counts_its_steps_alone(tmp_path: Path) -> None:
    refiner = Refiner.load(ModelFiles(save_refiner(tmp_path / "sdxl")), CPU)
    event = ImageReady("2rf", 0, 7, Image.new("RGB", (64, 64)), Timing(1, 1, 0.1, 0.1, 0.1, True), sha256="")
    steps = [step for step in refiner.refine(event, GenerationRequest.parse("a dog", "2rf")) if isinstance(step, Step)]
    assert all(step.iterations_per_second > step.step / step.elapsed_s for step in steps)


def test_a_benchmark_has_the_rate_of_its_passes(tmp_path: Path) -> None:
    service = Service(Weights(), Gallery(tmp_path))
    asked = Benchmark.parse(["instaflow-mini"], repeats=1, backends=["eager"], device="cpu")
    *_, last = (event.row for event in benchmark.run(service, asked) if isinstance(event, Timed))
    service.close()
    assert last.iterations_per_second == pytest.approx(iterations_per_second(1, last.stages["sample"]))


def test_text_and_moves_are_not_iterations() -> None:
    timing = Timing(1, 25, text_s=3.0, sample_s=6.0, decode_s=4.0, warm=True, overhead_s=1.0)
    assert timing.iterations_per_second == 5.0
    assert Timing(1, 1, 0.0, 0.0, 0.0, True).iterations_per_second == 0.0


def test_the_terminal_s_bar_ends_with_the_rate_of_the_table(tmp_path: Path) -> None:
    done = demo(tmp_path, "generate", "a dog", "--model", "2rf-mini", "--steps", "3", "--no-save", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    bars = re.findall(r"([\d.]+) ?it/s", done.stderr)
    assert re.search(rf"it/s +│ {re.escape(bars[-1])} ", done.stdout), (bars, done.stdout)
