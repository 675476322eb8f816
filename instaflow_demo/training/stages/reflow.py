"""Reflow and distillation: straighten the teacher's paths, then jump along them in one step.

Both learn from pairs (noise, what an ODE makes of it): reflow from the guided teacher's, distillation from those of the
2-rectified flow. Liu et al. 2023 (InstaFlow), sections 3.2 and 3.3.
"""

# diffusers describes its classes loosely
# pyright: reportCallIssue=false, reportPrivateImportUsage=false

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from tqdm import tqdm

from ...flow import euler, timestep, velocity
from ..data.stored import StoredExamples
from ..loop import Budget, Network, Process, Progress, Schedule, optimise
from ..objectives import flow_loss, guided_field, predict
from .features import Disturbance, Features, perceptual_distance
from .teacher import CAPTION_DROPOUT, Prompts

LOOK_SHARE = 0.5  # of how different the decoded images look, beside the plain distance
PLAIN_SHARE = 0.5  # of the plain distance beside the perceptual one, which says little of flat colour


@dataclass(frozen=True)
class Pairs(StoredExamples):
    """Noise and its image under an ODE, (N, C, H, W) in float16, with the token ids (N, T) that conditioned it."""

    noise: Tensor
    latents: Tensor
    ids: Tensor


@torch.no_grad()
def make_pairs(
    unet: UNet2DConditionModel,
    prompts: Prompts,
    ids: Tensor,
    run: Process,
    *,
    steps: int,
    guidance: float,
    seed: int,
    batch: int = 1024,
) -> Pairs:
    """Follow the ODE of `unet` from fresh noise for each caption's `ids` (N, T) on this process's device."""
    unet.to(run.device, memory_format=torch.channels_last).eval().requires_grad_(False)
    run.compile(unet)
    count, batch = len(ids), min(batch, len(ids))
    spare = -count % batch  # a last batch of another size would be compiled for itself
    ids = torch.cat([ids, ids[:spare]]).to(run.device).long()
    generator = torch.Generator(run.device).manual_seed(seed + run.process_index)
    empty, shape = prompts.states(prompts.empty), _latent_shape(unet)
    noise, latents = [], []
    for part in tqdm(ids.split(batch), desc="pairs", disable=not run.is_main_process):
        x0 = torch.randn(batch, *shape, device=run.device, generator=generator)
        with run.half():
            *_, x1 = euler(guided_field(unet, prompts.states(part), empty, guidance), x0, steps)
        noise.append(x0.half())
        latents.append(x1.half())
    return Pairs(*(made[:count] for made in (torch.cat(noise), torch.cat(latents), ids.to(torch.int16))))


def reflow(
    unet: UNet2DConditionModel,
    prompts: Prompts,
    pairs: Pairs,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 512,
    rate: float = 4e-4,
    steepness: float = 0.0,
) -> Iterator[Progress]:
    """Train on straight lines between the pairs: the 2-rectified flow.

    Times are uniform, or with a `steepness` distributed in the shape of a U: nearer to both ends, where paths that are
    straight by now still have most to learn (Lee et al. 2024, arXiv:2405.20320, section 4.1).
    """
    draw, empty = _Draw(pairs, batch, run), prompts.empty

    def loss(network: Network, _: int) -> Tensor:
        x0, x1, ids = draw()
        ids = torch.where(draw.uniform(1) < CAPTION_DROPOUT / 2, empty, ids)
        return flow_loss(network, x0, x1, to_u_shaped(draw.uniform()[:, 0], steepness), prompts.states(ids))

    unet.to(memory_format=torch.channels_last)
    yield from optimise(
        unet, loss, budget, Schedule(rate, 100, fall_from=0.0), run, folder, decay=0.999, weight_decay=0.0
    )


def distill(
    unet: UNet2DConditionModel,
    prompts: Prompts,
    pairs: Pairs,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    features: Features | None = None,
    look: Callable[[Tensor, Tensor], Tensor] | None = None,
    batch: int = 512,
    rate: float = 3e-4,
) -> Iterator[Progress]:
    """Train x0 + v(x0, 1000) towards the pair's end: one network evaluation instead of a whole ODE.

    With `features`, by the perceptual distance, which sharpens what has been distilled by the plain one before. `look`
    says how different two batches of latents look, to be added to the plain distance.
    """
    draw = _Draw(pairs, batch, run)

    def loss(network: Network, _: int) -> Tensor:
        x0, x1, ids = draw()
        start = timestep(torch.zeros(len(x0), device=x0.device))
        predicted = predict(network, x0, start, prompts.states(ids))
        plain = pseudo_huber(predicted - velocity(x0, x1))
        if look is not None:
            return plain + LOOK_SHARE * look(x0 + predicted, x1)
        if features is None:
            return plain
        disturbed = Disturbance(len(x0), x0.device, draw.generator)
        with run.half():
            seen = perceptual_distance(features, disturbed(x0 + predicted), disturbed(x1))
        return seen.mean() + PLAIN_SHARE * plain

    unet.to(memory_format=torch.channels_last)
    yield from optimise(
        unet, loss, budget, Schedule(rate, 100, fall_from=0.0), run, folder, decay=0.999, weight_decay=0.0
    )


def to_u_shaped(uniform: Tensor, steepness: float) -> Tensor:
    """Uniform numbers with the density cosh(steepness (t - 1/2)), up to a factor: near 0 and 1 rather than between."""
    if not steepness:
        return uniform
    return 0.5 + torch.asinh((2 * uniform - 1) * math.sinh(steepness / 2)) / steepness


def pseudo_huber(error: Tensor, softness: float = 1e-4) -> Tensor:
    """Mean over a batch of the root mean square error of each sample; less blurred than the plain mean square."""
    return (error.square().flatten(1).mean(1) + softness).sqrt().mean()


class _Draw:
    """Random pairs of a batch, from this process's own share."""

    def __init__(self, pairs: Pairs, batch: int, run: Process):
        self._pairs, self._batch = pairs, batch
        self.generator = torch.Generator(run.device).manual_seed(run.process_index)

    def __call__(self) -> tuple[Tensor, Tensor, Tensor]:
        device = self._pairs.noise.device
        rows = torch.randint(0, len(self._pairs.noise), (self._batch,), device=device, generator=self.generator)
        return self._pairs.noise[rows].float(), self._pairs.latents[rows].float(), self._pairs.ids[rows].long()

    def uniform(self, columns: int = 1) -> Tensor:
        device = self._pairs.noise.device
        return torch.rand(self._batch, columns, device=device, generator=self.generator)


def _latent_shape(unet: UNet2DConditionModel) -> tuple[int, int, int]:
    config = unet.config
    return config["in_channels"], config["sample_size"], config["sample_size"]
