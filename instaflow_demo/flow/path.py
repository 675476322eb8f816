"""The papers on one screen: straight paths between noise x0 and data x1, and the ODE that follows a learned velocity.

Liu et al. 2022 is "Flow Straight and Fast" (arXiv:2209.03003), Liu et al. 2023 InstaFlow (arXiv:2309.06380).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""A field v(x, timesteps) of x (B, ...) and timesteps (B,), of the shape of x."""


def interpolate(x0: Tensor, x1: Tensor, t: Tensor) -> Tensor:
    """x_t = t x1 + (1 - t) x0, for x0, x1 of shape (B, ...) and t of shape (B,). Liu et al. 2022, eq. 1."""
    t = t.view(-1, *[1] * (x0.dim() - 1))
    return torch.lerp(x0, x1, t.to(x0.dtype))


def velocity(x0: Tensor, x1: Tensor) -> Tensor:
    """x1 - x0: the constant velocity of the straight path, and the regression target. Liu et al. 2022, eq. 1."""
    return x1 - x0


def timestep(t: Tensor) -> Tensor:
    """The timestep that a Stable-Diffusion-shaped network takes for flow time t: 1000 at noise (t = 0), 0 at data."""
    return (1 - t) * 1000


def timesteps(steps: int, scale: float = 1000) -> Tensor:
    """The timesteps of N equal Euler steps, (1 - i/N) * 1000 for i = 0..N-1: float32 of shape (N,)."""
    return torch.tensor([(1 - i / steps) * scale for i in range(steps)], dtype=torch.float32)


def step(x: Tensor, v: Tensor, steps: int) -> Tensor:
    """x_{t + 1/N} = x_t + v(x_t, t) / N: one of N equal Euler steps. Liu et al. 2023, section 2.

    `x` and `v` are (B, ...) of one dtype, in which v/N is added.
    """
    return x + (1 / steps) * v


def euler(field: Velocity, x0: Tensor, steps: int) -> Iterator[Tensor]:
    """Integrate dx/dt = field(x, timesteps) from noise to data in equal steps, yielding x after each.

    The loop of training and evaluation of a bare field; a click runs `engines.latent`, whose scheduler calls `step`.
    Only t = i/N for i < N are evaluated, so one step is x0 + field(x0, 1000). Liu et al. 2023, section 2.
    """
    x = x0
    for now in timesteps(steps).tolist():
        x = step(x, field(x, torch.full((len(x),), now, device=x.device)), steps)
        yield x


def predict_x1(before: Tensor, after: Tensor, taken: int, steps: int) -> Tensor:
    """The end of the path as its last step predicts it, x_t + (1 - t) v, after `taken` of `steps` Euler steps.

    `before` and `after` are x around that step, (B, ...). A straight flow does end there.
    """
    return after + (after - before) * (steps - taken)


def classifier_free_guidance(both: Tensor, scale: float) -> Tensor:
    """v_empty + scale (v - v_empty), for `both` of shape (2 B, ...) with the empty prompt's B first.

    Ho and Salimans 2022 (arXiv:2207.12598), eq. 6, with scale = 1 + w.
    """
    unconditional, conditional = both.chunk(2)
    return unconditional + scale * (conditional - unconditional)


def straightness(path: Sequence[Tensor]) -> Tensor:
    """S = mean over steps of ||(x1 - x0) - v(x_t, t)||^2 an element, shape (B,); 0 is straight. Liu et al. 2022, eq. 5.

    `path` holds x0, (B, ...), and x after each of N equal Euler steps, of which each added v/N.
    """
    points = [point.float() for point in path]
    steps = len(points) - 1
    whole = points[-1] - points[0]
    deviations = [whole - (after - before) * steps for before, after in pairwise(points)]
    return torch.stack([deviation.flatten(1).square().mean(1) for deviation in deviations]).mean(0)
