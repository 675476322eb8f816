"""What pictures look like to a network that knows what is drawn in scenes: the autoencoder's perceptual term."""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportPrivateImportUsage=false

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..data.pictures import Pictures
from ..loop import Budget, Network, Process, Progress, Schedule, optimise
from .features import unit

WIDTHS = (32, 64, 128, 192)
_FILE = "pixel-features.safetensors"


class PixelFeatures(nn.Module):
    """Images (B, 3, S, S) in [-1, 1] to feature maps of S/2, S/4, S/8 and S/16 a side, and from the last to classes."""

    def __init__(self, classes: tuple[int, int, int], widths: tuple[int, ...] = WIDTHS):
        super().__init__()
        self.stages = nn.ModuleList(_stage(before, width) for before, width in pairwise((3, *widths)))
        self.heads = nn.ModuleList(nn.Linear(2 * widths[-1], count) for count in classes)

    def maps(self, images: Tensor) -> list[Tensor]:
        """The feature maps of each stage."""
        found = [images]
        for stage in self.stages:
            found.append(stage(found[-1]))
        return found[1:]

    def forward(self, images: Tensor) -> list[Tensor]:
        """Logits (B, classes) for place, things and colours."""
        last = self.maps(images)[-1]
        pooled = torch.cat([last.mean((2, 3)), last.amax((2, 3))], 1)
        return [head(pooled) for head in self.heads]

    def save(self, folder: Path) -> None:
        save_file({name: tensor.contiguous() for name, tensor in self.state_dict().items()}, folder / _FILE)

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> "PixelFeatures":
        """Read a trained network, to be used as it is."""
        weights = load_file(folder / _FILE)
        network = cls(tuple(len(weights[f"heads.{number}.bias"]) for number in range(3)))
        network.load_state_dict(weights)
        return network.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


def train(
    network: PixelFeatures,
    pictures: Pictures,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int,
    rate: float = 2e-3,
) -> Iterator[Progress]:
    """Learn to tell the place, the things and their colours."""
    network.to(memory_format=torch.channels_last)
    generator = torch.Generator(run.device).manual_seed(run.process_index)

    def loss(wrapped: Network, _: int) -> Tensor:
        rows = torch.randint(0, len(pictures), (batch,), device=run.device, generator=generator)
        place, things, colours = (logits.float() for logits in wrapped(pictures.batch(rows)[0]))
        return (
            F.cross_entropy(place, pictures.places[rows])
            + 20 * F.binary_cross_entropy_with_logits(things, pictures.things[rows].float())
            + 3 * F.binary_cross_entropy_with_logits(colours, pictures.colours[rows].float())
        )

    yield from optimise(network, loss, budget, Schedule(rate, 100, fall_from=0.3), run, folder, decay=0.99)


def perceptual_distance(network: PixelFeatures, one: Tensor, other: Tensor, mask: Tensor, weight: float) -> Tensor:
    """LPIPS with every channel weighing the same (Zhang et al. 2018, eq. 1), `weight` times heavier inside things."""
    total = torch.zeros((), device=one.device)
    with torch.no_grad():
        wanted = network.maps(other)
    for a, b in zip(network.maps(one), wanted, strict=True):
        heavier = 1 + weight * F.adaptive_avg_pool2d(mask, a.shape[2:])
        distance = (unit(a) - unit(b)).square().sum(1, keepdim=True)
        total = total + (distance * heavier).mean() / heavier.mean()
    return total


class DecodedDistance:
    """How different latents look once decoded: LPIPS as the paper's distillation takes it, of some of each batch.

    Decoding costs as much as the rest of a step, so that `count` latents of a batch speak for all of it.
    """

    def __init__(self, vae: AutoencoderKL, features: PixelFeatures, run: Process, count: int = 64):
        self._vae, self._features, self._run, self._count = vae.requires_grad_(False), features, run, count
        run.compile(self._vae.decoder)
        run.compile(self._features)

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        """The mean distance of latents (B, C, H, W) from others."""
        with self._run.half():
            with torch.no_grad():
                wanted = self._decode(other)
            images = self._decode(one)
            nothing = torch.zeros_like(images[:, :1])
            return perceptual_distance(self._features, images, wanted, nothing, 0.0)

    def _decode(self, latents: Tensor) -> Tensor:
        some = latents[: self._count].contiguous(memory_format=torch.channels_last)
        return self._vae.decode(some).sample


def _stage(before: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, width, 3, stride=2, padding=1),
        nn.GroupNorm(8, width),
        nn.SiLU(),
        nn.Conv2d(width, width, 3, padding=1),
        nn.GroupNorm(8, width),
        nn.SiLU(),
    )
