"""Straight paths between noise and data, and the ODE that follows a learned velocity along them."""

from collections.abc import Callable, Iterator

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


def straightness(field: Velocity, x0: Tensor, steps: int) -> Tensor:
    """How far the flow from x0 is from straight: mean over t of ||(x1 - x0) - v(x_t, t)||^2 an element; 0 is straight.

    x_t is the simulated path and x1 its end, as in Liu et al. 2022, eq. 5. Returns shape (B,).
    """
    velocities = []

    def recorded(x: Tensor, t: Tensor) -> Tensor:
        velocities.append(field(x, t))
        return velocities[-1]

    *_, x1 = euler(recorded, x0, steps)
    deviations = [((x1 - x0) - v).flatten(1).square().mean(1) for v in velocities]
    return torch.stack(deviations).mean(0)
