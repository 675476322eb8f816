"""Passes that are too large for a device, and the times of those that fit, on a device and a clock of our own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_glide import save_converted
from small_sd import save_published, small_tiny_decoder
from test_networks import furthest
from test_schedulers import STOCHASTIC, said

from instaflow_demo import engines
from instaflow_demo.engines import Engine, latent, memory
from instaflow_demo.engines.batches import HALVED, step_events
from instaflow_demo.engines.memory import PLANS
from instaflow_demo.engines.pixels import to_uint8_async
from instaflow_demo.errors import OutOfMemory
from instaflow_demo.events import ImageReady, Preview, Step
from instaflow_demo.gallery import Gallery
from instaflow_demo.machine import device
from instaflow_demo.machine.clock import Moment, Stopwatch
from instaflow_demo.machine.device import Placement
from instaflow_demo.measure import Measurement, Timing
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.ui.text import translate
from instaflow_demo.weights.locate import ModelFiles, Weights

CPU = Placement("cpu", "float32")
SD = MODELS["sd-1.5"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose steps add noise, so that a generator that was used before would show."""
    folder = save_published(tmp_path_factory.mktemp("published") / "sd")
    small_tiny_decoder(4).save_pretrained(folder / "tiny_vae")
    said(folder, STOCHASTIC)
    return folder


@pytest.fixture(scope="module")
def engine(checkpoint: Path) -> Iterator[Engine]:
    made = engines.load(SD, Weights(folders={SD.id: checkpoint}).locate(SD), CPU)
    yield made
    made.close()


def ask(**options: Any) -> GenerationRequest:
    given = {"seed": 5, "steps": 3, "size": 256, "guidance": 2.0, "batched": True} | options
    return GenerationRequest.parse("a dog", given.pop("model", SD.id), **given)


def ready(events: Iterator[Any]) -> list[ImageReady]:
    return [event for event in events if isinstance(event, ImageReady)]


def arrays(events: list[ImageReady]) -> list[np.ndarray]:
    return [np.asarray(event.image).astype(int) for event in events]


class Room:
    """A device on which one stage has room for so many images; it really asks for what it does not have."""

    def __init__(self, stage: Callable[..., torch.Tensor], images: int, evaluations: int, after: int = 0):
        self.asked: list[int] = []
        self._stage, self._images, self._evaluations, self._after = stage, images, evaluations, after

    def __call__(self, inputs: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        count = len(inputs) // self._evaluations
        self.asked.append(count)
        if count > self._images and len(self.asked) > self._after:
            torch.empty(2**60, dtype=torch.uint8)
        return self._stage(inputs, *rest, **named)


@pytest.mark.parametrize(("stage", "evaluations", "after"), [("predict", 2, 0), ("predict", 2, 2), ("decode", 1, 0)])
def test_a_batch_that_does_not_fit_is_halved_and_no_image_is_another(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, stage: str, evaluations: int, after: int
) -> None:
    """Before the first step, after some of them have drawn noise, and at the end."""
    request = ask(images=5)
    whole = ready(engine.generate(request, request.runs[0]))
    networks = engine._networks  # pyright: ignore[reportAttributeAccessIssue]
    room = Room(getattr(networks, stage), 2, evaluations, after)
    monkeypatch.setattr(networks, stage, room)
    events = list(engine.generate(request, request.runs[0]))
    halved = ready(iter(events))
    assert [event.index for event in halved] == [0, 1, 2, 3, 4]
    assert [event.seed for event in halved] == [event.seed for event in whole] == [5, 6, 7, 8, 9]
    assert furthest(arrays(whole), arrays(halved)) <= 1
    assert [event.timing.images for event in halved] == [2, 2, 1, 2, 2]
    assert [event.notes for event in whole] == [()] * 5
    assert [event.notes for event in halved] == [(HALVED,)] * 5
    assert translate("pt-BR", HALVED) != HALVED
    assert max(room.asked) == 5
    made = [event for event in events if isinstance(event, Step) and event.step == event.steps]
    assert sum(event.images for event in made if event.images <= 2) == 5
    alone = ask(images=5, batched=False)
    monkeypatch.undo()
    assert furthest(arrays(ready(engine.generate(alone, alone.runs[0]))), arrays(halved)) <= 1


def test_one_image_that_does_not_fit_is_a_sentence(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = engine._networks  # pyright: ignore[reportAttributeAccessIssue]
    room = Room(networks.predict, 0, 2)
    monkeypatch.setattr(networks, "predict", room)
    request = ask(images=4)
    with pytest.raises(OutOfMemory, match="too little free memory for one 256x256 image"):
        list(engine.generate(request, request.runs[0]))
    assert room.asked == [4, 2, 1]


def test_another_error_is_no_reason_to_halve(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fails(latents: torch.Tensor, *_: Any) -> torch.Tensor:
        asked.append(len(latents))
        return latents @ latents.new_zeros(3, 3)

    networks = engine._networks  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setattr(networks, "predict", fails)
    request = ask(images=4)
    with pytest.raises(RuntimeError, match="shapes"):
        list(engine.generate(request, request.runs[0]))
    assert asked == [8]


def test_a_cascade_s_batch_is_halved_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its steps add noise as well."""
    cascade = engines.load(MODELS["text2im"], ModelFiles(save_converted(tmp_path)), CPU)
    request = ask(model="text2im", images=3, steps=10, size=None, guidance=3.0)
    whole = ready(cascade.generate(request, request.runs[0]))
    _, upsampler = cascade._upsampler  # pyright: ignore[reportAttributeAccessIssue]
    forward = upsampler.forward
    monkeypatch.setattr(upsampler, "forward", Room(forward, 1, 1, after=4))
    halved = ready(cascade.generate(request, request.runs[0]))
    assert furthest(arrays(whole), arrays(halved)) <= 1
    assert [event.index for event in halved] == [0, 1, 2]
    assert [event.notes for event in halved] == [(HALVED,)] * 3


# ---------------------------------------------------------------- a clock of our own


class Clock:
    """A device's clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> Moment:
        seconds = self.now
        return lambda: seconds

    def slowed(self, function: Callable[..., Any], seconds: float) -> Callable[..., Any]:
        """The function, which takes so long."""

        def slow(*given: Any, **named: Any) -> Any:
            self.now += seconds
            return function(*given, **named)

        return slow


@pytest.mark.parametrize("ahead", [False, True], ids=["waits", "works ahead"])
def test_times_are_exactly_what_a_device_took(engine: Engine, monkeypatch: pytest.MonkeyPatch, *, ahead: bool) -> None:
    """Whatever their consumer does meanwhile, and whether the host is ahead of the device."""
    clock, networks = Clock(), engine._networks  # pyright: ignore[reportAttributeAccessIssue]
    for stage, seconds in (("encode_text", 2.0), ("predict", 0.5), ("decode", 0.25)):
        monkeypatch.setattr(networks, stage, clock.slowed(getattr(networks, stage), seconds))
    monkeypatch.setattr(device, "clock", lambda placement: clock)
    monkeypatch.setattr(device, "works_ahead", lambda placement: ahead)
    engine._prompts.clear()  # pyright: ignore[reportAttributeAccessIssue]
    request, told = ask(images=2, batched=False, steps=4), []
    for event in engine.generate(request, request.runs[0]):
        told.append(event)
        clock.now += 0 if ahead else 1000.0  # the consumer takes its time
    first, second = (event.timing for event in ready(iter(told)))
    assert (first.text_s, first.sample_s, first.decode_s) == (2.0, 4 * 0.5, 0.25)
    assert (second.text_s, second.sample_s, second.decode_s) == (0.0, 4 * 0.5, 0.25), "the prompt was read lately"
    assert first.total_s == first.seconds_per_image == 4.25
    assert first.iterations_per_second == second.iterations_per_second == 2.0
    batch = ask(images=4, steps=4)
    (timing,) = {event.timing for event in ready(engine.generate(batch, batch.runs[0]))}
    assert (timing.images, timing.total_s, timing.seconds_per_image) == (4, 2.25, 2.25 / 4)


@pytest.mark.parametrize("ahead", [False, True], ids=["waits", "works ahead"])
def test_a_device_that_works_ahead_has_its_next_step_before_anybody_waits_for_the_last(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, *, ahead: bool
) -> None:
    """Neither for its time nor for a preview of it; and it is given one step too many, and no more."""
    networks, given, waits = engine._networks, [], []  # pyright: ignore[reportAttributeAccessIssue]

    def logged(name: str) -> Callable[..., torch.Tensor]:
        function = getattr(networks, name)

        def call(*inputs: Any) -> torch.Tensor:
            given.extend([name] * (name != "decode" or inputs[1] == "full"))  # previews belong to their step
            return function(*inputs)

        return call

    def waited(until: int) -> None:
        """Somebody waits for the first `until` pieces of work, while the device has so many more."""
        waits.append(len(given) - until)

    def clock() -> Moment:
        marked = len(given)
        return lambda: waited(marked) or float(marked)

    def pixels(image: torch.Tensor) -> Callable[[], torch.Tensor]:
        marked, made = len(given), to_uint8_async(image)
        return lambda: waited(marked) or made()

    for name in ("encode_text", "predict", "decode"):
        monkeypatch.setattr(networks, name, logged(name))
    monkeypatch.setattr(latent, "to_uint8_async", pixels)
    monkeypatch.setattr(latent, "PREVIEW_EVERY_S", -1.0)
    monkeypatch.setattr(device, "clock", lambda placement: clock)
    monkeypatch.setattr(device, "works_ahead", lambda placement: ahead)
    engine._prompts.clear()  # pyright: ignore[reportAttributeAccessIssue]
    request, told = replace(ask(images=2, steps=3, batched=False), previews=True), []
    for event in engine.generate(request, request.runs[0]):
        told.append(type(event))
        if isinstance(event, Step):
            assert given.count("predict") == min(event.step + ahead, 3)
            assert ("decode" in given) == (ahead and event.step == 3)
            assert event.elapsed_s == event.step + ("encode_text" in given)
        if isinstance(event, ImageReady):
            given.clear()  # the next image begins when this one is made
        else:
            assert min(waits) == int(ahead)
        waits.clear()
    assert told == [Step, Preview, Step, Preview, Step, ImageReady] * 2


def test_a_clock_is_read_when_the_event_of_its_step_is_due() -> None:
    asked = []

    def read() -> Step:
        asked.append("step")
        return Step(SD.id, 0, 1, 2, 4, 3.0, stepped=2, stepping_s=0.5)

    def pixels() -> torch.Tensor:
        asked.append("preview")
        return torch.zeros(1, 8, 8, 3, dtype=torch.uint8)

    events = step_events(read, pixels)
    assert asked == []
    step = next(events)
    assert isinstance(step, Step)
    assert (step.remaining_s, step.iterations_per_second, asked) == (3.0, 4.0, ["step"])
    (preview,) = events
    assert isinstance(preview, Preview)
    assert (preview.model, preview.image, asked) == (SD.id, 0, ["step", "preview"])


def test_a_stopwatch_adds_up_stages_and_what_others_hold_is_not_theirs() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    with watch("text"):
        clock.now += 1.5
    clock.now += 10
    for _ in watch.each("sample", iter(map(clock.slowed(int, 0.25), "1234"))):
        clock.now += 3
    soon = watch.so_far("text", "sample")
    with watch("sample"), watch("text"):
        clock.now += 0.5
    assert (soon(), watch.seconds("text"), watch.seconds("sample"), watch.seconds("never")) == (2.5, 2.0, 1.5, 0)


def test_averages_are_over_warm_passes_alone() -> None:
    cold, warm, batch = Timing(1, 4, 1, 8, 1, False), Timing(1, 4, 0, 2, 1, True), Timing(3, 4, 0, 4, 2, True)
    given = {"model": SD.id, "device": "cpu", "dtype": "float32", "steps": 4, "guidance": 2.0, "load_s": 1.0}
    measured = Measurement(**given, network_evaluations=8, passes=(cold, warm, batch), peak_bytes=1)
    assert measured.warm
    assert (measured.seconds_per_image, measured.images_per_second) == (9 / 4, 4 / 9)
    assert measured.iterations_per_second == 8 / 6
    assert (measured.images, measured.total_s) == (5, 19)


# ---------------------------------------------------------------- a device of our own


def test_a_model_is_fitted_anew_whenever_a_device_has_more_room_or_less(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiles can show, and nothing else may."""
    service = Service(Weights(folders={SD.id: checkpoint}), Gallery(tmp_path))
    need = memory.estimate_need(SD, ModelFiles(checkpoint), CPU, 512, guided=True)
    request, whole = ask(images=2, steps=1, size=512), []
    for plan in (*PLANS[:3], PLANS[0]):
        room = need.total(plan, 2) - sum(loaded.held for loaded in service.pool.loaded)
        monkeypatch.setattr(device, "free_bytes", lambda placement, room=room: room)
        made = ready(service.run(request))
        (loaded,) = service.pool.loaded
        assert (loaded.plan, loaded.held) == (plan, need.held(plan))
        assert [event.notes for event in made] == [(plan.note,) if plan.note else ()] * 2
        whole = whole or arrays(made)
        assert furthest(whole, arrays(made)) <= 1 or plan.tiled
    service.close()
