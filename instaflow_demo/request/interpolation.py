"""The judge of interpolations: images on the way from one request's prompt and seed to another's."""

from dataclasses import replace
from typing import Any

from ..errors import InvalidRequest, Sentence
from ..registry import Range
from .generation import GenerationRequest, Interpolation

FRAMES = Range(16, 2, 32)
"""How many images an interpolation may have, both ends among them."""


def parse_interpolation(start: GenerationRequest, end: GenerationRequest, frames: Any) -> GenerationRequest:
    """A request for `frames` images on the way from the first image of `start` to that of `end`.

    The first and the last of them are the images that `start` and `end` ask for, to the bit; all but prompt and seed is
    as in `start`.

    Raises:
        InvalidRequest: when there are too few or too many frames, or a model takes more than one step.
    """
    problems: dict[str, Sentence] = {}
    if not isinstance(frames, int) or isinstance(frames, bool) or frames not in FRAMES:
        problems["frames"] = Sentence(
            "Frames must be a whole number from {low} to {high}.", low=FRAMES.low, high=FRAMES.high
        )
    if slow := next((run.model for run in start.runs if not run.model.takes_one_step), None):
        problems["models"] = Sentence(
            "{title} takes more than one step: choose a model of one step for this.", title=slow.title
        )
    if problems:
        raise InvalidRequest(problems)
    return replace(start, images=frames, batched=False, interpolation=Interpolation(end.prompt, end.seed))
