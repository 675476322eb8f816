"""The tiny decoder: the autoencoder's latents to images, at a fraction of what its own decoder costs.

It shows unfinished images while they are drawn, so it learns what the full decoder makes of latents, which is defined
for any of them, and not the scenes that the latents came from. A part of its examples are blends of two scenes: an
unfinished image is a mean of all those that it may still become. They are whole images, as the full decoder's group
norms make of a crop something else than of the whole.
"""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportPrivateImportUsage=false

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from ..data.scenes import Composer, Sampler
from ..data.stored import StoredExamples
from ..loop import Budget, Network, Process, Progress, Schedule, optimise
from ..run_folder import save_half
from .autoencoder import LATENT_NOISE, decibels, reconstruction_loss

BLENDED = 0.25


@dataclass(frozen=True)
class DecodedScenes(StoredExamples):
    """Latents (N, C, H, W) in float16, and what the full decoder makes of them: levels (N, 3, S, S) from 0 to 255."""

    latents: Tensor
    levels: Tensor


def decode_scenes(
    count: int, sampler: Sampler, composer: Composer, vae: AutoencoderKL, run: Process, batch: int = 16
) -> DecodedScenes:
    """Compose, encode, blend and decode `count` scenes on this process's device; each process draws its own."""
    scenes = sampler.scenes(count, seed=5000 + run.process_index)
    return decode_images(composer.batches(scenes, batch), -(-count // batch), vae, run)


@torch.inference_mode()
def decode_images(parts: Iterable[Tensor], count: int, vae: AutoencoderKL, run: Process) -> DecodedScenes:
    """Encode, blend and decode images, `count` parts (B, 3, S, S) in [-1, 1] on this process's device."""
    generator = torch.Generator().manual_seed(run.process_index)
    latents, levels = [], []
    for images in tqdm(parts, total=count, desc="decode", disable=not run.is_main_process):
        with run.half():
            encoded = vae.encode(images.contiguous(memory_format=torch.channels_last)).latent_dist.mean.float()
            latents.append(_blend(encoded, generator).half())
            levels.append(_to_levels(vae.decode(latents[-1].to(vae.dtype)).sample))
    return DecodedScenes(torch.cat(latents), torch.cat(levels))


def train(
    tiny: AutoencoderTiny,
    examples: DecodedScenes,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 16,
    rate: float = 2e-3,
) -> Iterator[Progress]:
    """Learn the full decoder's images, with a little noise on the latents so that near ones decode alike.

    Only the decoder of `tiny` is trained.
    """
    generator = torch.Generator(run.device).manual_seed(run.process_index)
    tiny.to(memory_format=torch.channels_last)

    def loss(network: Network, _: int) -> Tensor:
        rows = torch.randint(0, len(examples.latents), (batch,), device=run.device, generator=generator)
        latents = examples.latents[rows].float()
        latents = latents + LATENT_NOISE * torch.randn(latents.shape, device=run.device, generator=generator)
        rebuilt = network(latents.contiguous(memory_format=torch.channels_last))
        return reconstruction_loss(rebuilt.float(), examples.levels[rows].float() / 127.5 - 1)

    yield from optimise(
        tiny.decoder, loss, budget, Schedule(rate, 50, fall_from=0.3), run, folder, decay=0.998, weight_decay=0.0
    )


def save(tiny: AutoencoderTiny, folder: Path) -> None:
    """Save it in float16, less the setting that diffusers writes, derives again when it reads it, and warns of."""
    save_half(tiny, folder)
    config = folder / "config.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    del settings["block_out_channels"]
    config.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


@torch.inference_mode()
def quality(tiny: AutoencoderTiny, vae: AutoencoderKL, images: Tensor) -> dict[str, float]:
    """Decibels of PSNR for the card: against what the full decoder makes of the images' latents, and against them."""
    latents = torch.cat([vae.encode(part).latent_dist.mean for part in images.split(16)])
    full, fast = (torch.cat([net.decode(part).sample for part in latents.split(16)]) for net in (vae, tiny))
    return {
        "psnr_to_full_decoder_db": round(decibels(fast, full), 2),
        "psnr_db": round(decibels(fast, images), 2),
        "psnr_of_full_decoder_db": round(decibels(full, images), 2),
    }


@torch.inference_mode()
def cost(network: AutoencoderTiny | AutoencoderKL, latents: Tensor) -> float:
    """GFLOP to decode `latents`; a multiplication and its addition are two."""
    with FlopCounterMode(display=False) as counter:
        network.decode(latents)
    return round(counter.get_total_flops() / 1e9, 2)


def _blend(latents: Tensor, generator: torch.Generator) -> Tensor:
    """Some latents mixed with their neighbour's, in random parts."""
    mixed, part = torch.rand(2, len(latents), 1, 1, 1, generator=generator).to(latents.device)
    return torch.where(mixed < BLENDED, latents.lerp(latents.roll(1, 0), part), latents)


def _to_levels(images: Tensor) -> Tensor:
    return ((images.float().clamp(-1, 1) + 1) * 127.5).round().byte()
