"""The shipped models: reproducible, independent of the batch, and stoppable."""

import hashlib
from collections.abc import Generator, Iterator
from contextlib import closing

import numpy as np
import pytest

from instaflow_demo import engines
from instaflow_demo.engines import Engine, Sampler
from instaflow_demo.engines.batches import Batch, one_behind
from instaflow_demo.engines.latent import LatentEngine
from instaflow_demo.events import ImageReady, Noted, Preview, Step
from instaflow_demo.machine import device
from instaflow_demo.machine.clock import host_clock
from instaflow_demo.machine.device import Placement
from instaflow_demo.registry import MODELS
from instaflow_demo.request import GenerationRequest
from instaflow_demo.weights.locate import Weights

Pieces = Generator[Iterator[int], None, None]
# one step, several, and guided: the others go the same ways with other weights
typical = pytest.mark.parametrize("shipped", ["instaflow-mini", "2rf-mini", "sd-mini"], indirect=True)


def ask(model: str, prompt: str = "a red heart on a blue background", **options) -> GenerationRequest:
    quick = {} if MODELS[model].steps.fixed else {"steps": 2}
    return GenerationRequest.parse(prompt, [model], **{"seed": 5, **quick, **options})


def images(engine: Engine, request: GenerationRequest) -> list[ImageReady]:
    return [event for event in engine.generate(request, request.runs[0]) if isinstance(event, ImageReady)]


def pixels(event: ImageReady) -> np.ndarray:
    return np.asarray(event.image).astype(int)


def test_one_seed_gives_one_image(shipped: tuple[str, Sampler]) -> None:
    model, engine = shipped
    first, again, other = (images(engine, ask(model, seed=seed))[0] for seed in (5, 5, 6))
    assert first.sha256 == again.sha256 == hashlib.sha256(first.image.tobytes()).hexdigest()
    assert first.sha256 != other.sha256
    assert first.image.size == (256, 256)


@typical
def test_an_image_does_not_depend_on_its_batch(shipped: tuple[str, Sampler]) -> None:
    model, engine = shipped
    batch = images(engine, ask(model, images=3, batched=True))
    singles = images(engine, ask(model, images=3))
    alone = images(engine, ask(model, seed=7))[0]
    assert [event.seed for event in batch] == [5, 6, 7]
    for together, single in zip(batch, singles, strict=True):
        assert abs(pixels(together) - pixels(single)).max() <= 2
    assert singles[2].sha256 == alone.sha256


@typical
def test_steps_count_up_and_the_first_pass_is_cold(shipped: tuple[str, Sampler]) -> None:
    model, engine = shipped
    request = ask(model, images=2)
    steps = [event for event in engine.generate(request, request.runs[0]) if isinstance(event, Step)]
    each = list(range(1, request.runs[0].steps + 1))
    assert [(step.image, step.step) for step in steps] == [(0, n) for n in each] + [(1, n) for n in each]
    assert images(engine, request)[0].timing.warm
    assert not images(engine, ask(model, images=4, batched=True))[0].timing.warm
    engine.sample(Batch(("a dog",) * 2, (1, 2)), request.runs[0])
    assert images(engine, ask(model, images=2, batched=True))[0].timing.warm


@typical
def test_closing_stops_the_work(shipped: tuple[str, Sampler]) -> None:
    model, engine = shipped
    request = ask(model, images=8)
    events = engine.generate(request, request.runs[0])
    next(events)
    events.close()
    with pytest.raises(StopIteration):
        next(events)
    assert images(engine, ask(model))  # and the engine still works


@pytest.mark.parametrize("where", ["cpu", "cuda"])
def test_a_device_that_works_ahead_is_given_the_next_piece_before_the_last_is_delivered(where: str) -> None:
    log: list[str] = []

    def pieces() -> Pieces:
        for number in range(3):
            log.append(f"given {number}")
            yield iter([number])
        log.append("over")

    for number in one_behind(pieces(), Placement(where, "float32")):
        log.append(f"told {number}")
    assert (
        log
        == {
            "cpu": ["given 0", "told 0", "given 1", "told 1", "given 2", "told 2", "over"],
            "cuda": ["given 0", "given 1", "told 0", "given 2", "told 1", "over", "told 2"],
        }[where]
    )


def test_pieces_of_work_end_with_those_who_wanted_them() -> None:
    ended: list[bool] = []

    def pieces() -> Pieces:
        try:
            yield iter([1, 2])
        finally:
            ended.append(True)

    with closing(one_behind(pieces(), Placement("cpu", "float32"))) as events:
        assert next(events) == 1
        assert not ended
    assert ended == [True]


@typical
def test_an_engine_draws_and_tells_the_same_where_the_device_works_ahead(
    shipped: tuple[str, Sampler], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, engine = shipped
    request = ask(model, images=2)

    def told() -> list[int | str]:
        events = engine.generate(request, request.runs[0])
        return [
            each.step if isinstance(each, Step) else each.sha256 for each in events if not isinstance(each, Preview)
        ]

    at_once = told()
    monkeypatch.setattr(device, "works_ahead", lambda placement: True)
    monkeypatch.setattr(device, "clock", lambda placement: host_clock)
    assert told() == at_once


@typical
def test_prompts_matter_and_a_long_one_is_cut_with_a_note(shipped: tuple[str, Sampler]) -> None:
    model, engine = shipped
    heart = images(engine, ask(model))[0]
    request = ask(model, prompt="a guitar " * 30)
    noted, *_, guitar = engine.generate(request, request.runs[0])
    assert isinstance(guitar, ImageReady)
    assert isinstance(noted, Noted)
    assert abs(pixels(heart) - pixels(guitar)).mean() > 10
    (note,) = noted.notes
    assert "left out" in note and note.endswith("guitar a guitar”.")
    assert MODELS[model].title in note
    assert heart.notes == guitar.notes == ()


def test_colours_are_obeyed(shipped: tuple[str, Sampler]) -> None:
    """A red heart on blue: the corner is blue and the middle is red."""
    model, engine = shipped
    steps = {} if MODELS[model].steps.fixed else {"steps": 8}
    picture = pixels(images(engine, ask(model, seed=7, **steps))[0])
    corner, middle = picture[10, 10], picture[118, 118]
    assert corner[2] > corner[0] + 60
    assert middle[0] > middle[2] + 60


@typical
def test_many_prompts_in_one_pass_are_the_images_of_each(shipped: tuple[str, Sampler]) -> None:
    model, engine = shipped
    run = ask(model).runs[0]
    prompts = ("a red heart on a blue background", "two dogs")
    drawn = engine.sample(Batch(prompts, (5, 6)), run)
    for prompt, seed, image in zip(prompts, (5, 6), drawn.pixels, strict=True):
        request = GenerationRequest.parse(prompt, model, seed=seed, steps=None if run.steps == 1 else run.steps)
        assert abs(pixels(images(engine, request)[0]) - image.numpy().astype(int)).max() <= 2
    assert (drawn.straightness is None) == (run.steps == 1)


def test_reflow_straightens_the_flow() -> None:
    """What the shipped models are there to show: the paths of the 2-rectified flow bend less than its teacher's."""
    bends, batch = {}, Batch(("a dog", "a house", "three stars", "a red heart"), (1, 2, 3, 4))
    for name in ("2rf-mini", "sd-mini"):
        engine = engines.load(MODELS[name], Weights().locate(MODELS[name]), device.choose("cpu", "float32"))
        assert isinstance(engine, LatentEngine)
        run = GenerationRequest.parse("a dog", name, steps=8).runs[0]
        bends[name] = engine.sample(batch, run).straightness
        engine.close()
    assert bends["2rf-mini"].mean() < 0.5 * bends["sd-mini"].mean()
