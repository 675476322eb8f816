"""Text2im mini: GLIDE's cascade on our scenes, each U-Net trained together with a text encoder of its own.

The base draws 64x64 pixels from text, the upsampler 256x256 from those and the text (Nichol et al. 2021, section 4).
GLIDE's encoder learns what words mean from drawing alone, with hundreds of millions of captions. Ours has minutes, so
the base's encoder is first taught like the family's (see `text`), and goes on learning as it draws.
"""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportCallIssue=false, reportPrivateImportUsage=false

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor, nn
from tqdm import tqdm
from transformers import GPT2Tokenizer

from ...glide import Shape, TextEncoder, make_text_encoder, make_unet, round_to_8_bits, tokenize
from ...glide.sampling import base_scheduler, upsampler_alphas
from ..data.scenes import Composer, Sampler, SceneSet
from ..data.stored import StoredExamples
from ..loop import Budget, Network, Process, Progress, Schedule, optimise
from .teacher import CAPTION_DROPOUT, CAPTIONS_EACH
from .text_encoder import Encoding

END = "<|endoftext|>"
MIN_SNR = 5.0
MOST_WEIGHT = 20.0  # the noisiest images have next to no signal, which would weigh without end
OFFSET = 0.1  # less than an image's mean may be, more than a network can overlook
CORRUPTION = 0.1  # most noise on the low-resolution image: what the base draws is never as clean as a real one


class Painter(nn.Module):
    """A U-Net of the cascade with its text encoder: both are trained, as one network."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.text_encoder: TextEncoder = make_text_encoder(shape)
        self.unet: UNet2DConditionModel = make_unet(shape)

    def forward(self, x: Tensor, timesteps: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Epsilon and variance (B, 6, S, S)."""
        states, pooled = self.text_encoder(ids, mask)
        return self.unet(x, timesteps, encoder_hidden_states=states, class_labels=pooled, return_dict=False)[0]


@dataclass(frozen=True)
class SmallScenes(StoredExamples):
    """Images (N, 3, S, S) in uint8 and, for each, the ids (N, K, T) and mask (N, K, T) of its captions."""

    images: Tensor
    ids: Tensor
    mask: Tensor


def train_tokenizer(captions: Sequence[str], vocabulary: int, folder: Path) -> GPT2Tokenizer:
    """A byte-pair vocabulary in GPT-2's format, made from lower-cased captions and saved in `folder`."""
    pairs = Tokenizer(models.BPE())
    pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=[END], initial_alphabet=alphabet)
    pairs.train_from_iterator((caption.lower() for caption in captions), trainer)
    folder.mkdir(parents=True, exist_ok=True)
    pairs.model.save(str(folder))
    tokenizer = GPT2Tokenizer.from_pretrained(folder, local_files_only=True)
    tokenizer.save_pretrained(folder)
    return tokenizer


def encoding(encoder: TextEncoder, tokenizer: GPT2Tokenizer) -> Encoding:
    """The base's text encoder, to be taught what words mean."""
    length, end = encoder.config["tokens"], tokenizer.eos_token_id
    return Encoding(
        encoder,
        lambda texts: tokenize(tokenizer, texts, length)[0],
        lambda ids: encoder(ids, ids != end)[0],
    )


def small_scenes(
    count: int, size: int, sampler: Sampler, composer: Composer, tokenizer: GPT2Tokenizer, length: int, run: Process
) -> SmallScenes:
    """Compose `count` scenes on this process's device and scale them down to `size`; each process draws its own."""
    scenes = sampler.scenes(count, seed=5000 + run.process_index, captions=CAPTIONS_EACH)
    batches = tqdm(
        composer.batches(scenes, 256), total=-(-count // 256), desc="compose", disable=not run.is_main_process
    )
    images = torch.cat([((downscale(batch, size) + 1) * 127.5).round().byte() for batch in batches])
    ids, mask = _captions(scenes, tokenizer, length)
    return SmallScenes(images, ids.to(run.device, torch.int16), mask.to(run.device))


def train_base(
    painter: Painter,
    scenes: SmallScenes,
    tokenizer: GPT2Tokenizer,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 512,
    rate: float = 6e-4,
) -> Iterator[Progress]:
    """Train on small scenes, a tenth of them without their caption for classifier-free guidance."""
    generator = torch.Generator(run.device).manual_seed(run.process_index)
    diffusion = Diffusion.base().to(run.device)
    nothing = tokenizer.eos_token_id

    def loss(network: Network, _: int) -> Tensor:
        rows = torch.randint(0, len(scenes.images), (batch,), device=run.device, generator=generator)
        which = torch.randint(0, scenes.ids.shape[1], (batch,), device=run.device, generator=generator)
        ids, mask = scenes.ids[rows, which].long(), scenes.mask[rows, which]
        dropped = torch.rand(batch, 1, device=run.device, generator=generator) < CAPTION_DROPOUT
        ids, mask = ids.masked_fill(dropped, nothing), mask & ~dropped
        images = scenes.images[rows].float() / 127.5 - 1
        return hybrid_loss(network, diffusion, images, None, ids, mask, generator)

    painter.unet.to(memory_format=torch.channels_last)
    yield from optimise(painter, loss, budget, Schedule(rate, warmup_steps=100), run, folder)


def train_upsampler(
    painter: Painter,
    sampler: Sampler,
    composer: Composer,
    tokenizer: GPT2Tokenizer,
    small: int,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 64,
    rate: float = 5e-4,
    count: int = 50_000,
) -> Iterator[Progress]:
    """Train on fresh scenes beside `small` and slightly noisy copies of them."""
    scenes = sampler.scenes(count, seed=6000 + run.process_index, captions=1)
    ids, mask = (t[:, 0].to(run.device) for t in _captions(scenes, tokenizer, painter.text_encoder.config["tokens"]))

    def draw(step: int) -> tuple[Tensor, Tensor, Tensor]:
        start = step * batch % (count - batch + 1)
        rows = slice(start, start + batch)
        return composer(scenes, rows), ids[rows], mask[rows]

    yield from train_upsampler_on(draw, painter, small, budget, run, folder, rate=rate)


def train_upsampler_on(
    draw: Callable[[int], tuple[Tensor, Tensor, Tensor]],
    painter: Painter,
    small: int,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    rate: float = 5e-4,
) -> Iterator[Progress]:
    """Train on what `draw` gives for a step: images (B, 3, S, S), and the ids and mask (B, T) of a caption of each."""
    generator = torch.Generator(run.device).manual_seed(run.process_index)
    diffusion = Diffusion.upsampler().to(run.device)

    def loss(network: Network, step: int) -> Tensor:
        images, ids, mask = draw(step)
        low = corrupt(downscale(images, small), generator)
        condition = F.interpolate(low, images.shape[-2:], mode="bilinear")
        return hybrid_loss(network, diffusion, images, condition, ids, mask, generator, OFFSET)

    painter.unet.to(memory_format=torch.channels_last)
    yield from optimise(painter, loss, budget, Schedule(rate, warmup_steps=100), run, folder)


def corrupt(images: Tensor, generator: torch.Generator) -> Tensor:
    """Low-resolution images with some noise, of a strength that differs between them, rounded to 8 bits."""
    strength = torch.rand(len(images), 1, 1, 1, device=images.device, generator=generator) * CORRUPTION
    noise = torch.randn(images.shape, device=images.device, generator=generator)
    return round_to_8_bits((images + strength * noise).clamp(-1, 1))


@dataclass(frozen=True)
class Diffusion:
    """The noise schedule as tables (T,): cumulative products of alphas, betas, logarithms of posterior variances.

    `weights` says how much epsilon's error counts at each timestep.
    """

    alphas: Tensor
    betas: Tensor
    log_posterior: Tensor
    weights: Tensor

    @classmethod
    def base(cls) -> "Diffusion":
        """The cosine schedule (Nichol and Dhariwal 2021, eq. 17), errors weighted as if velocities were predicted.

        With equal weights, a network that sees as few images as ours learns next to nothing from the noisiest ones,
        where colours are decided. Velocities: Salimans and Ho 2022, section 4; no error of the clean image weighs more
        than `MIN_SNR`: Hang et al. 2023, section 3.4.
        """
        alphas = base_scheduler().alphas_cumprod.double()
        snr = alphas / (1 - alphas)
        return cls.of(alphas, ((snr + 1).clamp(max=MIN_SNR) / snr).clamp(max=MOST_WEIGHT))

    @classmethod
    def upsampler(cls) -> "Diffusion":
        """The linear schedule (Ho et al. 2020), all errors equal: the low-resolution image holds the colours."""
        alphas = torch.tensor(upsampler_alphas(), dtype=torch.float64)
        return cls.of(alphas, torch.ones_like(alphas))

    @classmethod
    def of(cls, alphas: Tensor, weights: Tensor) -> "Diffusion":
        before = torch.cat([torch.ones(1, dtype=torch.float64), alphas[:-1]])
        betas = 1 - alphas / before
        posterior = betas * (1 - before) / (1 - alphas)
        posterior[0] = posterior[1]  # the first is zero, and has no logarithm
        return cls(*(table.float() for table in (alphas, betas, posterior.log(), weights)))

    def to(self, device: torch.device) -> "Diffusion":
        return Diffusion(*(table.to(device) for table in vars(self).values()))

    def at(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The tables at timesteps (B,), each of shape (B, 1, 1, 1)."""
        alphas, betas, log_posterior, weights = (table[t].view(-1, 1, 1, 1) for table in vars(self).values())
        return alphas, betas, log_posterior, weights


def hybrid_loss(
    network: Network,
    diffusion: Diffusion,
    images: Tensor,
    condition: Tensor | None,
    ids: Tensor,
    mask: Tensor,
    generator: torch.Generator,
    offset: float = 0.0,
) -> Tensor:
    """L_simple, which trains epsilon, and L_vlb, which trains the variance alone. Nichol and Dhariwal 2021, eq. 16.

    `images` are (B, 3, S, S) in [-1, 1]; `condition` is put beside the noisy image. The noise of each channel is moved
    as a whole by a normal number of deviation `offset` (Guttenberg 2023, "Diffusion with offset noise"): the mean of
    pure noise says so little that a network would take an image's colours from it, and never from the condition.
    """
    t = torch.randint(0, len(diffusion.alphas), (len(images),), device=images.device, generator=generator)
    noise = torch.randn(images.shape, device=images.device, generator=generator)
    if offset:
        noise += offset * torch.randn(*noise.shape[:2], 1, 1, device=images.device, generator=generator)
    alphas, betas, log_posterior, weights = diffusion.at(t)
    noisy = alphas.sqrt() * images + (1 - alphas).sqrt() * noise
    inputs = noisy if condition is None else torch.cat([noisy, condition], 1)
    output = network(inputs.contiguous(memory_format=torch.channels_last), t, ids, mask).float()
    epsilon, fraction = output.chunk(2, 1)
    share = (fraction + 1) / 2
    log_variance = share * betas.log() + (1 - share) * log_posterior
    # both means have the same form, so that their difference is that of the epsilons
    gap = (betas / ((1 - alphas) * (1 - betas)).sqrt() * (epsilon.detach() - noise)).square()
    divergence = 0.5 * (log_variance - log_posterior + (log_posterior - log_variance).exp() - 1)
    divergence = (divergence + 0.5 * gap * (-log_variance).exp()) / math.log(2)
    # the last step adds no noise, so its variance does not matter
    return (weights * (epsilon - noise).square()).mean() + (divergence * (t > 0).view(-1, 1, 1, 1)).mean()


def _captions(scenes: SceneSet, tokenizer: GPT2Tokenizer, length: int) -> tuple[Tensor, Tensor]:
    """Ids and mask (N, K, T) of the scenes' captions."""
    texts = [text for captions in scenes.captions for text in captions]
    return caption_ids(texts, len(scenes), tokenizer, length)


def caption_ids(texts: Sequence[str], count: int, tokenizer: GPT2Tokenizer, length: int) -> tuple[Tensor, Tensor]:
    """Ids and mask (N, K, T) of the captions of `count` scenes, those of a scene together."""
    parts = [tokenize(tokenizer, texts[start : start + 10_000], length) for start in range(0, len(texts), 10_000)]
    ids, mask = (torch.cat(tensors).view(count, -1, length) for tensors in zip(*parts, strict=True))
    return ids, mask


def downscale(images: Tensor, size: int) -> Tensor:
    """Images made smaller by averaging, as the base's training images and the upsampler's conditions are."""
    return F.interpolate(images, (size, size), mode="area")
