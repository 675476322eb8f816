"""The teacher: text-conditional rectified flow on latents, with captions dropped for classifier-free guidance."""

# diffusers describes its classes loosely
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportPrivateImportUsage=false

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from tqdm import tqdm
from transformers import CLIPTextModel, CLIPTokenizer

from ...engines.clip import clip_ids
from ...evaluation.judge import classes_of
from ..data.scenes import Composer, Sampler
from ..data.stored import StoredExamples
from ..loop import Budget, Network, Process, Progress, Schedule, optimise
from ..objectives import flow_loss

CAPTION_DROPOUT = 0.1
CAPTIONS_EACH = 3


@dataclass(frozen=True)
class Prompts:
    """The frozen text encoder and what it needs: token ids (B, T) to states (B, T, D)."""

    tokenizer: CLIPTokenizer
    encoder: CLIPTextModel

    def ids(self, texts: list[str]) -> Tensor:
        return clip_ids(self.tokenizer, texts)

    @property
    def empty(self) -> Tensor:
        """Token ids (1, T) of the empty prompt."""
        return self.ids([""]).to(self.encoder.device)

    @torch.no_grad()
    def states(self, ids: Tensor) -> Tensor:
        return self.encoder(input_ids=ids).last_hidden_state


class CaptionedLatents(Protocol):
    """Latents (N, C, H, W) in float16 and the token ids (N, K, T) of their captions."""

    @property
    def latents(self) -> Tensor: ...

    @property
    def ids(self) -> Tensor: ...


@dataclass(frozen=True)
class EncodedScenes(StoredExamples):
    """Latents (N, C, H, W) in float16, the token ids of their captions (N, K, T) and their classes (N, heads) in int16.

    The classes are in the order of the judge's `CLASSES`.
    """

    latents: Tensor
    ids: Tensor
    classes: Tensor


@torch.inference_mode()
def encode_scenes(
    count: int, sampler: Sampler, composer: Composer, vae: AutoencoderKL, prompts: Prompts, run: Process
) -> EncodedScenes:
    """Compose and encode `count` scenes on this process's device; each process draws its own."""
    scenes = sampler.scenes(count, seed=2000 + run.process_index, captions=CAPTIONS_EACH)
    latents = []
    batches = tqdm(
        composer.batches(scenes, 256), total=-(-count // 256), desc="encode", disable=not run.is_main_process
    )
    for images in batches:
        with run.half():
            latents.append(vae.encode(images.contiguous(memory_format=torch.channels_last)).latent_dist.mean.half())
    texts = [text for captions in scenes.captions for text in captions]
    ids = prompts.ids(texts).view(count, CAPTIONS_EACH, -1)
    shown = torch.stack([*classes_of(scenes.scenes).values()], dim=1)
    return EncodedScenes(torch.cat(latents), *(each.to(run.device, torch.int16) for each in (ids, shown)))


def train(
    unet: UNet2DConditionModel,
    prompts: Prompts,
    scenes: EncodedScenes,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 512,
    rate: float = 8e-4,
) -> Iterator[Progress]:
    """Regress the velocity with logit-normal times, as Esser et al. 2024 (eq. 19) found best."""
    empty = prompts.empty
    generator = torch.Generator(run.device).manual_seed(run.process_index)

    def loss(network: Network, _: int) -> Tensor:
        x1, ids = draw(scenes, batch, generator)
        dropped = torch.rand(batch, 1, device=run.device, generator=generator) < CAPTION_DROPOUT
        states = prompts.states(torch.where(dropped, empty, ids))
        t = torch.sigmoid(torch.randn(batch, device=run.device, generator=generator))
        x0 = torch.randn(x1.shape, device=run.device, generator=generator)
        return flow_loss(network, x0, x1, t, states)

    unet.to(memory_format=torch.channels_last)
    yield from optimise(unet, loss, budget, Schedule(rate, warmup_steps=300), run, folder)


def draw(scenes: CaptionedLatents, batch: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random latents (B, C, H, W) in float32, and the token ids (B, T) of one of the captions of each."""
    device = scenes.latents.device
    rows = torch.randint(0, len(scenes.latents), (batch,), device=device, generator=generator)
    which = torch.randint(0, scenes.ids.shape[1], (batch,), device=device, generator=generator)
    return scenes.latents[rows].float(), scenes.ids[rows, which].long()
