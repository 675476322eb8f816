"""The whole path of an image from noise, for whoever wants to see how it goes: the very steps of a click, recorded."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from PIL.Image import Image, Resampling
from torch import Tensor

from ..events import FewSteps, Noted, PathFrame, PathShape, PathStep
from ..flow import project, straightness
from ..registry import ModelSpec
from ..request import GenerationRequest, ModelRun
from .batches import Batch
from .pixels import AsyncPixels, to_pil
from .unread import Reader

FEWER_STEPS = (1, 2, 4, 8)
"""Numbers of steps that the same noise is also followed in, where a model lets them be chosen."""

_SIDE = 160  # pixels: frames are looked at in a row

Recorded = Noted | PathStep | PathFrame | PathShape | FewSteps


@dataclass(frozen=True)
class Moment:
    """Time t of a path, from 0 for noise to 1: x_t (B, C, h, w), and the final latents as they are predicted there.

    The prediction is that of the step which begins at x_t; at t = 1, where none does, it is x_t.
    """

    t: float
    state: Tensor
    prediction: Tensor


class Follower(Protocol):
    """An engine whose path can be followed."""

    def follow(self, batch: Batch, run: ModelRun) -> Generator[Moment, None, None]:
        """Every moment of the path, by the very steps that make an image."""
        ...

    def look(self, latents: Tensor) -> AsyncPixels:
        """A quick look at latents (B, C, h, w)."""
        ...

    def reader(self, run: ModelRun) -> Reader: ...


def has_path(spec: ModelSpec) -> bool:
    """Whether a model goes from noise to image along one path in latents, which a cascade does not."""
    return spec.kind == "latent"


def record(engine: Follower, request: GenerationRequest, run: ModelRun) -> Iterator[Recorded]:
    """Follow the first image of a request from its noise to its end, then the same noise in fewer steps.

    Frames are small images. Closing the iterator ends the work within one step.
    """
    yield from engine.reader(run).note_unread(request, run)
    (batch,) = Batch.of(replace(request, images=1), together=True)
    path = yield from _follow(engine, batch, run)
    yield _shape(path, run)
    final = None
    for number, moment in enumerate(path):
        state = _picture(engine.look(moment.state))
        final = state if moment.prediction is moment.state else _picture(engine.look(moment.prediction))
        yield PathFrame(run.model.id, number, run.steps, moment.t, state, final)
    for steps in FEWER_STEPS if not run.model.steps.fixed else ():
        if steps < run.steps and steps in run.model.steps:
            end = (yield from _follow(engine, batch, replace(run, steps=steps)))[-1]
            yield FewSteps(run.model.id, steps, _picture(engine.look(end.state)))
    if final is not None:
        yield FewSteps(run.model.id, run.steps, final)


def _follow(engine: Follower, batch: Batch, run: ModelRun) -> Generator[PathStep, None, list[Moment]]:
    """All moments of a path; a step is announced once it has been taken."""
    path: list[Moment] = []
    for moment in engine.follow(batch, run):
        path.append(moment)
        yield PathStep(run.model.id, len(path) - 1, run.steps)
    return path


def _shape(path: Sequence[Moment], run: ModelRun) -> PathShape:
    states = [moment.state for moment in path]
    drawn = project(states, [moment.prediction for moment in path])
    defined = run.model.is_rectified_flow and run.steps > 1
    measured = float(straightness(states)) if defined else None
    return PathShape(run.model.id, drawn.points, drawn.predictions, drawn.deviation, drawn.share, measured)


def _picture(pixels: Callable[[], Tensor]) -> Image:
    image = to_pil(pixels())[0]
    return image.resize((_SIDE, _SIDE), Resampling.BICUBIC) if image.width > _SIDE else image
