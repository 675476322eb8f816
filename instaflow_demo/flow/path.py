"""Straight paths between noise and data, and the ODE that follows a learned velocity along them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]


def interpolate(x0: Tensor, x1: Tensor, t: Tensor) -> Tensor:
    """x_t = t x1 + (1 - t) x0, for x0, x1 of shape (B, ...) and t of shape (B,). Liu et al. 2022, eq. 1."""
    t = t.view(-1, *[1] * (x0.dim() - 1))
    return torch.lerp(x0, x1, t.to(x0.dtype))


def velocity(x0: Tensor, x1: Tensor) -> Tensor:
    """x1 - x0: the constant velocity of the straight path, and the regression target."""
    return x1 - x0


def timestep(t: Tensor) -> Tensor:
    """What a Stable-Diffusion-shaped network is told for flow time t: 1000 at noise (t = 0), 0 at data."""
    return (1 - t) * 1000


def euler(field: Velocity, x0: Tensor, steps: int) -> Iterator[Tensor]:
    """Integrate dx/dt = field(x, timesteps) from noise to data in equal steps, yielding x after each.

    `field` gets x of shape (B, ...) and timesteps of shape (B,). Only t = i / steps for i < steps are evaluated, so one
    step is x0 + field(x0, 1000). InstaFlow (Liu et al. 2023), section 2.
    """
    x = x0
    for i in range(steps):
        t = torch.full((len(x),), i / steps, device=x.device)
        x = x + field(x, timestep(t)) / steps
        yield x


def straight_on(before: Tensor, after: Tensor, step: int, steps: int) -> Tensor:
    """Where the flow would end if it went on as in its last Euler step: x_t + (1 - t) v, after `step` of `steps`.

    `before` and `after` are x around that step, (B, ...). Of a straight flow, this is where it does end.
    """
    return after + (after - before) * (steps - step)


def guide(both: Tensor, scale: float) -> Tensor:
    """Classifier-free guidance: v_empty + scale (v - v_empty), for (2 B, ...) with the empty prompt's B first.

    Ho and Salimans 2022, eq. 6, with scale = 1 + w.
    """
    without, with_prompt = both.chunk(2)
    return without + scale * (with_prompt - without)


def straightness(field: Velocity, x0: Tensor, steps: int) -> Tensor:
    """How far the flow of a velocity field from x0 is from straight, as `bend` says of its Euler path. Shape (B,)."""
    return bend([x0, *euler(field, x0, steps)])


def bend(path: Sequence[Tensor]) -> Tensor:
    """How far a path of equal Euler steps is from straight: mean of ||(x1 - x0) - v(x_t, t)||^2 an element, shape (B,).

    0 is straight. `path` holds x0, (B, ...), and x after each step; v is what a step added, over its length. Liu et al.
    2022, eq. 5.
    """
    points = [point.float() for point in path]
    steps = len(points) - 1
    whole = points[-1] - points[0]
    deviations = [whole - (after - before) * steps for before, after in pairwise(points)]
    return torch.stack([deviation.flatten(1).square().mean(1) for deviation in deviations]).mean(0)
