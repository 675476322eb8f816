"""Images to latents and back: a convolutional autoencoder with a light decoder."""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportPrivateImportUsage=false

import math
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor, nn

from ..data.brush import SIZE
from ..data.pictures import Pictures
from ..data.scenes import Composer, Sampler
from ..loop import Budget, Network, Process, Progress, Schedule, optimise
from .pixel_features import PixelFeatures, perceptual_distance

LATENT_NOISE = 0.05
HEAVIER = 3.0  # how much more a pixel of a thing counts than one of the land around it
PERCEPTUAL = 0.15
WHOLE_EVERY = 4  # steps
CROP = 2  # training sees crops of a half of each side: the network is convolutional, and sprites repeat


class Reconstruction(nn.Module):
    """Image to (reconstruction, latents), with a little noise on the latents so that near ones decode alike."""

    def __init__(self, vae: AutoencoderKL):
        super().__init__()
        self.vae = vae

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        latents = self.vae.encode(images).latent_dist.mean
        noisy = latents + LATENT_NOISE * torch.randn_like(latents)
        return self.vae.decode(noisy).sample, latents


def train(
    vae: AutoencoderKL,
    sampler: Sampler,
    composer: Composer,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 64,
    rate: float = 1e-3,
    scenes: int = 50_000,
) -> Iterator[Progress]:
    """Minimise L1 + L2 + the L1 of image gradients, and keep the latents' size near one."""
    vae.to(memory_format=torch.channels_last)
    drawn = sampler.scenes(scenes, seed=1000 + run.process_index)
    generator = torch.Generator().manual_seed(run.process_index)

    def loss(network: Network, step: int) -> Tensor:
        start = step * batch % (scenes - batch + 1)
        images = _crops(composer(drawn, slice(start, start + batch)), generator)
        rebuilt, latents = network(images.contiguous(memory_format=torch.channels_last))
        return reconstruction_loss(rebuilt.float(), images) + 1e-4 * latents.float().square().mean()

    yield from optimise(
        Reconstruction(vae), loss, budget, Schedule(rate, fall_from=0.3), run, folder, decay=0.998, weight_decay=0.0
    )


def train_on_pictures(
    vae: AutoencoderKL,
    pictures: Pictures,
    features: PixelFeatures | None,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 96,
    rate: float = 1e-3,
    crop: int = 0,
) -> Iterator[Progress]:
    """Minimise the weighted reconstruction loss of pictures, and how different they look to `features`.

    With `crop`, three of four steps see squares of so many pixels, mostly around things: these are a tenth of the
    pictures, and most of the loss. Whole pictures have as many pixels a step; normalisation sees more of them at once.
    """
    vae.to(memory_format=torch.channels_last)
    generator = torch.Generator(run.device).manual_seed(run.process_index)

    def draw(step: int) -> tuple[Tensor, Tensor]:
        whole = not crop or step % WHOLE_EVERY == 0
        count = batch * crop**2 // SIZE**2 if whole and crop else batch
        rows = torch.randint(0, len(pictures), (max(1, count),), device=run.device, generator=generator)
        return pictures.batch(rows) if whole else pictures.crops(rows, crop, generator)

    def loss(network: Network, step: int) -> Tensor:
        images, mask = draw(step)
        rebuilt, latents = network(images)
        value = weighted_loss(rebuilt.float(), images, 1 + HEAVIER * mask) + 1e-4 * latents.float().square().mean()
        if features is None:
            return value
        with run.half():
            return value + PERCEPTUAL * perceptual_distance(features, rebuilt, images, mask, HEAVIER)

    yield from optimise(
        Reconstruction(vae), loss, budget, Schedule(rate, fall_from=0.3), run, folder, decay=0.998, weight_decay=0.0
    )


def weighted_loss(rebuilt: Tensor, images: Tensor, weights: Tensor) -> Tensor:
    """`reconstruction_loss` with `weights` (B, 1, S, S) of the pixels."""
    error = rebuilt - images
    across = (error[..., 1:] - error[..., :-1]).abs() * weights[..., 1:]
    down = (error[..., 1:, :] - error[..., :-1, :]).abs() * weights[..., 1:, :]
    pixels = (error.abs() + error.square()) * weights
    return (pixels.mean() + across.mean() + down.mean()) / weights.mean()


@torch.inference_mode()
def quality(vae: AutoencoderKL, pictures: Pictures, batch: int = 64) -> dict[str, float]:
    """PSNR over whole pictures and inside their things, in decibels, and the gradient energy against theirs."""
    whole, inside, area, energy, wanted = (0.0 for _ in range(5))
    for start in range(0, len(pictures), batch):
        images, mask = pictures.batch(slice(start, start + batch))
        rebuilt = vae.decode(vae.encode(images).latent_dist.mean).sample.float().clamp(-1, 1)
        error = (((rebuilt - images) * 127.5).round() / 255).square().mean(1, keepdim=True)
        things = (mask > 0.5).float()
        whole += float(error.sum())
        inside, area = inside + float((error * things).sum()), area + float(things.sum())
        energy, wanted = energy + gradient_energy(rebuilt), wanted + gradient_energy(images)
    pixels = len(pictures) * pictures.images[0, 0].numel()
    found = {"psnr_db": -10 * math.log10(whole / pixels), "gradient_energy": energy / wanted}
    return found | ({"psnr_inside_things_db": -10 * math.log10(inside / area)} if area else {})


def gradient_energy(images: Tensor) -> float:
    """Sum of the absolute differences between neighbours: how sharp images (B, 3, S, S) are."""
    across, down = images[..., 1:] - images[..., :-1], images[..., 1:, :] - images[..., :-1, :]
    return float(across.abs().sum() + down.abs().sum())


def with_fixed_latents(vae: AutoencoderKL) -> AutoencoderKL:
    """The autoencoder with only its decoder to be trained: what was trained on its latents still fits them."""
    vae.requires_grad_(False)
    for part in (vae.post_quant_conv, vae.decoder):
        part.requires_grad_(True)
    return vae


def reconstruction_loss(rebuilt: Tensor, images: Tensor) -> Tensor:
    """L1 and L2 of pixels, and L1 of their differences along both axes, which keeps edges sharp."""
    error = rebuilt - images
    across = (error[..., 1:] - error[..., :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return error.abs().mean() + error.square().mean() + across + down


@torch.inference_mode()
def normalise_latents(vae: AutoencoderKL, images: Tensor) -> None:
    """Fold each latent channel's mean and deviation over `images` into the 1x1 convolutions beside the latents.

    Afterwards latents have mean 0 and deviation 1 in every channel, the reconstruction is the same, and
    any Stable Diffusion pipeline can use the autoencoder with a scaling factor of 1.
    """
    channels = vae.config["latent_channels"]
    latents = vae.encode(images).latent_dist.mean
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    into, out = vae.quant_conv, vae.post_quant_conv
    into.weight[:channels] /= deviation[:, None, None, None]
    into.bias[:channels] = (into.bias[:channels] - mean) / deviation
    into.bias[channels:] -= 2 * deviation.log()
    out.bias += (out.weight[:, :, 0, 0] * mean).sum(1)
    out.weight *= deviation[None, :, None, None]


@torch.inference_mode()
def psnr(vae: AutoencoderKL, images: Tensor) -> float:
    """Peak signal-to-noise ratio of reconstructions of images in [-1, 1], in decibels, after rounding to 8 bits."""
    return decibels(
        torch.cat([vae.decode(vae.encode(part).latent_dist.mean).sample for part in images.split(64)]), images
    )


def decibels(images: Tensor, wanted: Tensor) -> float:
    """Peak signal-to-noise ratio of `images` in [-1, 1] against those `wanted`, both rounded to 8 bits."""
    levels = [((each.float().clamp(-1, 1) + 1) * 127.5).round() for each in (images, wanted)]
    return float(10 * torch.log10(255**2 / F.mse_loss(*levels)))


def _crops(images: Tensor, generator: torch.Generator) -> Tensor:
    size = images.shape[-1] // CROP
    top, left = torch.randint(0, images.shape[-1] - size + 1, (2,), generator=generator).tolist()
    return images[..., top : top + size, left : left + size]
