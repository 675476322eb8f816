"""What requests take of the device, in image-steps, and what a run may take where others wait."""

import math
from collections.abc import Iterable

from ..errors import InvalidRequest, Sentence
from ..registry import REFINER
from .generation import GenerationRequest

_ONE = 512
"""Pixels of each side of the image whose step counts as one."""


def weight(size: int) -> float:
    """What a step of one image of `size` pixels a side counts: (size / 512)²."""
    return (size / _ONE) ** 2


def image_steps(request: GenerationRequest) -> float:
    """Steps x images x (size / 512)², over all models; a refiner's steps count like others."""
    refining = REFINER.steps.default if request.refine else 0
    return sum((run.all_steps + refining) * request.images * weight(run.size) for run in request.runs)


def check_budget(requests: Iterable[GenerationRequest], most: float | None, field: str = "images") -> None:
    """Judge what a run of these requests would take; where `most` is None, everything may be.

    Raises:
        InvalidRequest: with a sentence for `field`, when it is too much.
    """
    asked = sum(map(image_steps, requests))
    if most is not None and asked > most:
        raise InvalidRequest(
            {
                field: Sentence(
                    "This would take {asked:,} image-steps (steps × images × (size / 512)², over all models), and a "
                    "run may take {most:,.0f} here: ask for fewer images, steps or models, or a smaller size, so that "
                    "{percent} % of it is left.",
                    asked=math.ceil(asked),
                    most=most,
                    percent=math.floor(100 * most / asked),
                )
            }
        )
