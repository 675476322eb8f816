"""Progressive distillation: a student does in one step what its teacher does in two, and then becomes the teacher.

Salimans and Ho 2022 (arXiv:2202.00512), algorithm 2, with Euler steps of a flow for those of DDIM. The first student
also learns what guidance does to its teacher (Meng et al. 2023, arXiv:2210.03142, section 3.1). It is the paper's rival
to reflow: the same end, one step, by halving.
"""

# diffusers describes its classes loosely
# pyright: reportCallIssue=false, reportPrivateImportUsage=false

from collections.abc import Iterator
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from ...flow import Velocity, interpolate, step, timestep
from ..loop import Budget, Network, Process, Progress, Schedule, optimise
from ..objectives import guided_field, predict
from .teacher import CaptionedLatents, Prompts, draw

STUDENTS = (16, 8, 4, 2, 1)
"""The steps of each student."""


def halve(
    student: UNet2DConditionModel,
    teacher: UNet2DConditionModel,
    steps: int,
    prompts: Prompts,
    scenes: CaptionedLatents,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    guidance: float = 1.0,
    batch: int = 512,
    rate: float = 3e-4,
) -> Iterator[Progress]:
    """Train `student` to take `steps` steps where its teacher takes twice as many, with `guidance`."""
    teacher.to(run.device, memory_format=torch.channels_last).eval().requires_grad_(False)
    student.to(memory_format=torch.channels_last)
    run.compile(teacher)
    generator = torch.Generator(run.device).manual_seed(run.process_index)
    empty = prompts.states(prompts.empty)

    def loss(network: Network, _: int) -> Tensor:
        x1, ids = draw(scenes, batch, generator)
        x0 = torch.randn(x1.shape, device=run.device, generator=generator)
        t = torch.randint(0, steps, (batch,), device=run.device, generator=generator) / steps
        x, states = interpolate(x0, x1, t), prompts.states(ids)
        with torch.no_grad(), run.half():
            wanted = two_steps(guided_field(teacher, states, empty, guidance), x, t, steps)
        return (predict(network, x, timestep(t), states) - wanted).square().mean()

    schedule = Schedule(rate, 100, fall_from=0.0)
    yield from optimise(student, loss, budget, schedule, run, folder, decay=0.999, weight_decay=0.0)


def two_steps(field: Velocity, x: Tensor, t: Tensor, steps: int) -> Tensor:
    """The velocity whose one Euler step of `steps` ends where two steps of `field`, half as long, do: their mean.

    x is (B, ...), t is (B,); `field` takes x and timesteps (B,).
    """
    first = field(x, timestep(t))
    second = field(step(x, first, 2 * steps), timestep(t + 1 / (2 * steps)))
    return (first + second) / 2
