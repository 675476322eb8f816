"""A path through thousands of dimensions, drawn in the one plane that shows most plainly how it bends."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Point = tuple[float, float]
"""How far along the straight line from x0 (0) to x1 (1), and how far aside of it, in lengths of that line."""


@dataclass(frozen=True)
class PlanePath:
    """A path and the ends that its points predict, each projected on the plane.

    `deviation` is the largest distance of a point from the line, in lengths of the line. `share` is how much of all
    squared distances from the line lies in the plane, from 0 to 1: what is missing is bent out of it.
    """

    points: tuple[Point, ...]
    predictions: tuple[Point, ...]
    deviation: float
    share: float


def project(path: Sequence[Tensor], predictions: Sequence[Tensor]) -> PlanePath:
    """Project x at each time, and the x1 that each predicts, on a plane through x0.

    One axis is x1 - x0, the other the largest deviation of a point from that line, so the other one is never negative
    there. All tensors have one shape and are one image's. A straight path has no deviation, and lies on the first axis.
    """
    points = _offsets(path, path[0])
    whole = points[-1]
    length = whole.norm()
    if length == 0:  # nothing has moved
        return PlanePath(((0.0, 0.0),) * len(path), ((0.0, 0.0),) * len(predictions), 0.0, 1.0)
    along = whole / length
    aside = points - torch.outer(points @ along, along)
    distances = aside.norm(dim=1)
    furthest = int(distances.argmax())
    bent = bool(distances[furthest] > 1e-4 * length)  # below, it is rounding
    across = aside[furthest] / distances[furthest] if bent else torch.zeros_like(along)
    axes = torch.stack([along, across], dim=1) / length
    share = (aside @ across).square().sum() / distances.square().sum() if bent else torch.tensor(1.0)
    return PlanePath(
        _pairs(points @ axes),
        _pairs(_offsets(predictions, path[0]) @ axes),
        float(distances[furthest] / length) if bent else 0.0,
        float(share),
    )


def _offsets(tensors: Sequence[Tensor], origin: Tensor) -> Tensor:
    """Each tensor as seen from `origin`, flattened, (N, D) in float64 on the CPU."""
    start = origin.detach().cpu().double()
    return torch.stack([(tensor.detach().cpu().double() - start).flatten() for tensor in tensors])


def _pairs(points: Tensor) -> tuple[Point, ...]:
    return tuple((x, y) for x, y in points.tolist())
