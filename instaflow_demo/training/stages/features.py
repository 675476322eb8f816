"""What two latents look like to a network that knows our scenes: the perceptual distance that distillation ends with.

The paper measures it with LPIPS, on pixels and with a network trained on photographs (Liu et al. 2023, section 3.3).
Ours looks at latents, which need not be decoded for it, and has learned from real renders what is in them. As
gradients find the blind spots of any single look, each comparison is made through a random disturbance, the same for
both (Kang et al. 2024, arXiv:2405.05967, section 3.2).
"""

# PyTorch describes its modules loosely
# pyright: reportCallIssue=false

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ...evaluation.judge import CLASSES
from ..loop import Budget, Network, Process, Progress, Schedule, optimise
from .judge import recognition_loss
from .teacher import EncodedScenes

WIDTHS = (64, 128, 256, 384)
MOST_NOISE = 0.6  # of latents whose deviation is 1
HOLE = 0.4  # most of a side that is hidden
_FILE = "features.safetensors"


class Features(nn.Module):
    """Latents (B, C, S, S) to feature maps of S, S/2, S/4 and S/8 a side, and from the last of them to classes."""

    def __init__(self, channels: int, widths: tuple[int, ...] = WIDTHS):
        super().__init__()
        pairs = enumerate(pairwise((channels, *widths)))
        self.stages = nn.ModuleList(_stage(before, width, first=not number) for number, (before, width) in pairs)
        self.heads = nn.ModuleDict({name: nn.Linear(widths[-1], len(values)) for name, values in CLASSES.items()})

    def maps(self, latents: Tensor) -> list[Tensor]:
        """The feature maps of each stage."""
        found = [latents]
        for stage in self.stages:
            found.append(stage(found[-1]))
        return found[1:]

    def forward(self, latents: Tensor) -> dict[str, Tensor]:
        """Logits (B, classes) of each head."""
        pooled = self.maps(latents)[-1].mean((2, 3))
        return {name: head(pooled) for name, head in self.heads.items()}

    def save(self, folder: Path) -> None:
        """Write the weights, in float32."""
        save_file({name: tensor.contiguous() for name, tensor in self.state_dict().items()}, folder / _FILE)

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> "Features":
        """Read a trained network, to be used as it is."""
        weights = load_file(folder / _FILE)
        stages = sorted({name.split(".")[1] for name in weights if name.startswith("stages")})
        first = [weights[f"stages.{stage}.0.weight"] for stage in stages]
        network = cls(first[0].shape[1], tuple(len(weight) for weight in first))
        network.load_state_dict(weights)
        return network.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


def train(
    network: Features,
    scenes: EncodedScenes,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 512,
    rate: float = 1e-3,
) -> Iterator[Progress]:
    """Learn to tell what is drawn in disturbed latents: the sum of every head's cross entropy."""
    generator = torch.Generator(run.device).manual_seed(run.process_index)
    network.to(memory_format=torch.channels_last)

    def loss(wrapped: Network, _: int) -> Tensor:
        rows = torch.randint(0, len(scenes.latents), (batch,), device=run.device, generator=generator)
        latents = Disturbance(batch, run.device, generator)(scenes.latents[rows].float())
        return recognition_loss(wrapped(latents), dict(zip(CLASSES, scenes.classes[rows].long().T, strict=True)))

    yield from optimise(network, loss, budget, Schedule(rate, warmup_steps=200, fall_from=0.3), run, folder)


class Disturbance:
    """A shift, some noise and a hole for each of B latents; what it does to one batch it does to another."""

    def __init__(self, count: int, device: torch.device, generator: torch.Generator):
        def random(*shape: int) -> Tensor:
            return torch.rand(count, *shape, device=device, generator=generator)

        self._shift = [round(part) for part in ((random(2)[0] - 0.5) * 8).tolist()]
        self._noise = random(1, 1, 1) * MOST_NOISE
        self._seed = int(torch.randint(2**31, (), device=device, generator=generator))
        self._corner, self._side = random(2), random(2) * HOLE

    def __call__(self, latents: Tensor) -> Tensor:
        """The disturbed latents (B, C, S, S)."""
        noise = torch.Generator(latents.device).manual_seed(self._seed)
        fresh = torch.randn(latents.shape, device=latents.device, generator=noise)
        moved = latents.roll(self._shift, (2, 3)) + self._noise * fresh
        return moved * self._keep(latents.shape[2]).unsqueeze(1)

    def _keep(self, size: int) -> Tensor:
        """(B, S, S): 0 in the hole, 1 elsewhere."""
        places = torch.linspace(0, 1, size, device=self._corner.device)
        row, column = (
            (places > self._corner[:, axis : axis + 1]) & (places < (self._corner + self._side)[:, axis : axis + 1])
            for axis in (0, 1)
        )
        return 1 - (row[:, :, None] & column[:, None, :]).float()


def perceptual_distance(network: Features, one: Tensor, other: Tensor) -> Tensor:
    """The squared distance of unit feature vectors, averaged over positions, summed over stages: (B,) for (B, C, S, S).

    Zhang et al. 2018 (LPIPS), eq. 1, with every channel weighing the same.
    """
    both = zip(network.maps(one), network.maps(other), strict=True)
    return torch.stack([(unit(a) - unit(b)).square().sum(1).mean((1, 2)) for a, b in both]).sum(0)


def unit(features: Tensor) -> Tensor:
    """Feature vectors (B, C, H, W) of length 1."""
    return F.normalize(features.float(), dim=1, eps=1e-4)


def _stage(before: int, width: int, *, first: bool) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, width, 3, stride=1 if first else 2, padding=1),
        nn.GroupNorm(8, width),
        nn.SiLU(),
        nn.Conv2d(width, width, 3, padding=1),
        nn.GroupNorm(8, width),
        nn.SiLU(),
    )
