"""The teacher of scenes: rectified flow on their latents, the text encoder learning with it at a lower rate.

The text encoder comes with what words mean; what only scenes show it, such as which of two things is on the left, the
flow's loss teaches it. Afterwards it is frozen for the whole family.
"""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportPrivateImportUsage=false

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModel

from ...flow import euler, interpolate, timestep, velocity
from ..data.composer import Composer
from ..data.examples import read_shards
from ..data.pictures import compose_all, my_shards
from ..data.stock import Stock
from ..data.stored import StoredExamples
from ..loop import Budget, Network, Process, Progress, Schedule, optimise
from ..objectives import guided_field
from .autoencoder import gradient_energy
from .teacher import CAPTION_DROPOUT, Prompts

HEAVIER = 1.0  # how much more a latent that shows a thing counts
TEXT_RATE = 0.1  # of the U-Net's


@dataclass(frozen=True)
class SceneLatents(StoredExamples):
    """Latents (N, C, H, W) in float16, token ids (N, K, T) of captions, and masks (N, 1, H, W) of things in uint8."""

    latents: Tensor
    ids: Tensor
    masks: Tensor

    def __len__(self) -> int:
        return len(self.latents)


class Painter(nn.Module):
    """Token ids in, velocities out: the text encoder and the U-Net that reads it, to be trained together."""

    def __init__(self, unet: UNet2DConditionModel, text_encoder: CLIPTextModel):
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder

    def forward(self, x: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
        states = self.text_encoder(input_ids=ids).last_hidden_state
        return self.unet(x, timesteps, encoder_hidden_states=states, return_dict=False)[0]

    def compile(self, **options) -> None:
        """Compile the U-Net: the text encoder is a hundredth of the work."""
        self.unet.compile(**options)


@torch.no_grad()
def encode_shards(stock: Stock, shards: Path, vae: AutoencoderKL, run: Process) -> SceneLatents:
    """Compose and encode this process's laid out scenes."""
    laid_out = read_shards(my_shards(shards, run))
    composer = Composer(stock.banks(run.device), chunk=128)
    latents, masks = [], []
    for _, images, mask in compose_all(composer, laid_out.pictures, run, "encode"):
        scaled = (images * 2 - 1).contiguous(memory_format=torch.channels_last)
        with run.half():
            latents.append(vae.encode(scaled).latent_dist.mean.half())
        masks.append((F.adaptive_avg_pool2d(mask, latents[-1].shape[2:]) * 255).round().byte())
    return SceneLatents(torch.cat(latents), laid_out.ids.to(run.device), torch.cat(masks))


def train(
    painter: Painter,
    empty: Tensor,
    scenes: SceneLatents,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 512,
    rate: float = 1e-3,
) -> Iterator[Progress]:
    """Regress the velocity with logit-normal times; `empty` (1, T) are the ids that dropped captions become."""
    painter.to(memory_format=torch.channels_last)
    generator = torch.Generator(run.device).manual_seed(run.process_index)

    def loss(network: Network, _: int) -> Tensor:
        x1, ids, weights = _draw(scenes, batch, generator)
        dropped = torch.rand(batch, 1, device=run.device, generator=generator) < CAPTION_DROPOUT
        t = torch.sigmoid(torch.randn(batch, device=run.device, generator=generator))
        x0 = torch.randn(x1.shape, device=run.device, generator=generator)
        x = interpolate(x0, x1, t).contiguous(memory_format=torch.channels_last)
        predicted = network(x, timestep(t), torch.where(dropped, empty, ids)).float()
        return ((predicted - velocity(x0, x1)).square() * weights).mean() / weights.mean()

    yield from optimise(
        painter,
        loss,
        budget,
        Schedule(rate, warmup_steps=300),
        run,
        folder,
        decay=0.999,
        slower={"text_encoder": TEXT_RATE},
    )


def _draw(scenes: SceneLatents, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Random latents (B, C, H, W), the ids (B, T) of one caption of each, and the weights (B, 1, H, W) of latents."""
    device = scenes.latents.device
    rows = torch.randint(0, len(scenes), (batch,), device=device, generator=generator)
    which = torch.randint(0, scenes.ids.shape[1], (batch,), device=device, generator=generator)
    weights = 1 + HEAVIER * scenes.masks[rows].float() / 255
    return scenes.latents[rows].float(), scenes.ids[rows, which].long(), weights


@torch.no_grad()
def sample(
    unet: UNet2DConditionModel, prompts: Prompts, ids: Tensor, noise: Tensor, steps: int, guidance: float, run: Process
) -> Tensor:
    """Latents (B, C, H, W) for token ids (B, T): Euler's method on the (guided) velocity."""
    with run.half():
        field = guided_field(unet.forward, prompts.states(ids), prompts.states(prompts.empty), guidance)
        *_, latents = euler(field, noise, steps)
    return latents


@torch.no_grad()
def draw(
    unet: UNet2DConditionModel,
    prompts: Prompts,
    vae: AutoencoderKL,
    texts: Sequence[str],
    steps: int,
    guidance: float,
    run: Process,
    seed: int = 7,
) -> Tensor:
    """An image (3, S, S) in [-1, 1] of each text, with noise of its own."""
    ids = prompts.ids(list(texts)).to(run.device)
    shape = (unet.config["in_channels"], *[unet.config["sample_size"]] * 2)
    noise = [torch.randn(shape, generator=torch.Generator().manual_seed(seed + number)) for number in range(len(texts))]
    latents = sample(unet, prompts, ids, torch.stack(noise).to(run.device), steps, guidance, run)
    return torch.cat([vae.decode(part).sample for part in latents.split(16)])


@torch.no_grad()
def examine(
    unet: UNet2DConditionModel,
    prompts: Prompts,
    vae: AutoencoderKL,
    scenes: SceneLatents,
    steps: int,
    guidance: float,
    run: Process,
    count: int = 1536,
) -> dict[str, float]:
    """How far what is drawn for scenes' captions is from those scenes, over all processes.

    The latent Fréchet distance, and the gradient energy of images against real ones.
    """
    share = min(count // run.num_processes, len(scenes) // 2)
    rows = torch.randperm(len(scenes), generator=torch.Generator().manual_seed(5))[: 2 * share].to(run.device)
    mine, others = rows[:share], rows[share:]
    generator = torch.Generator(run.device).manual_seed(run.process_index)
    noise = torch.randn(share, *scenes.latents.shape[1:], device=run.device, generator=generator)
    parts = zip(scenes.ids[mine, 0].long().split(256), noise.split(256), strict=True)
    made = torch.cat([sample(unet, prompts, ids, some, steps, guidance, run) for ids, some in parts])
    every, real = run.gather(made.float().contiguous()), run.gather(scenes.latents[others].float().contiguous())
    few = min(64, share)
    images, true = (
        torch.cat([vae.decode(part).sample.clamp(-1, 1) for part in each.float().split(16)])
        for each in (made[:few], scenes.latents[mine[:few]])
    )
    return {
        "latent_frechet_distance": round(frechet_distance(every, real), 3),
        "gradient_energy": round(gradient_energy(images) / gradient_energy(true), 3),
    }


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Of two sets of latents (N, C, H, W), each pooled to 8 x 8 (Heusel et al. 2017, eq. 6)."""
    a, b = (F.adaptive_avg_pool2d(each.float(), 8).flatten(1).double().cpu() for each in (one, other))
    means = (a.mean(0) - b.mean(0)).square().sum()
    first, second = torch.cov(a.T), torch.cov(b.T)
    crossed = torch.linalg.eigvals(first @ second).real.clamp(min=0).sqrt().sum()
    return float(means + first.trace() + second.trace() - 2 * crossed)
