"""The judge's training: real renders only, some sprites never shown, so that it is known what it makes of new ones."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from ...evaluation.judge import CLASSES, UNSTATED, Judge, classes_of
from ...evaluation.metrics import reference_sums
from ..data.scenes import Composer, Sampler, SceneSet
from ..loop import Budget, Network, Process, Progress, Schedule, optimise

HELD_OUT = 20  # one sprite in so many
_SIDES = (64, 96, 128, 160)


class Examination(nn.Module):
    """The judge with what only its training needs: how sharply embeddings are compared."""

    def __init__(self, judge: Judge):
        super().__init__()
        self.judge = judge
        self.log_scale = nn.Parameter(torch.tensor(14.0).log())

    def forward(self, images: Tensor, ids: Tensor, truth: dict[str, Tensor]) -> Tensor:
        """CLIP's symmetric loss (Radford et al. 2021, figure 3) and every head's cross entropy."""
        encoding, texts = self.judge.encode_image(images), self.judge.encode_text(ids)
        logits = self.log_scale.exp().clamp(max=100) * encoding.embeddings @ texts.T
        match = torch.arange(len(images), device=images.device)
        clip = (F.cross_entropy(logits, match) + F.cross_entropy(logits.T, match)) / 2
        return clip + recognition_loss(encoding.logits, truth)


def recognition_loss(logits: Mapping[str, Tensor], truth: Mapping[str, Tensor]) -> Tensor:
    """The sum of every head's cross entropy, over those of B images that state its class."""
    return torch.stack([_cross_entropy(logits[name].float(), truth[name]) for name in CLASSES]).sum()


def split(keys: Sequence[tuple[str, str]]) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """The sprites to learn from, and those held out."""
    return (
        tuple(key for row, key in enumerate(keys) if row % HELD_OUT),
        tuple(key for row, key in enumerate(keys) if not row % HELD_OUT),
    )


def train(
    judge: Judge,
    sampler: Sampler,
    composer: Composer,
    budget: Budget,
    run: Process,
    folder: Path,
    *,
    batch: int = 256,
    rate: float = 2e-3,
    count: int = 100_000,
) -> Iterator[Progress]:
    """Train on fresh renders, some of them scaled down and up again: a judge should not depend on the last pixel."""
    scenes = sampler.scenes(count, seed=7000 + run.process_index)
    ids = judge.ids([captions[0] for captions in scenes.captions]).to(run.device)
    truth = {name: rows.to(run.device) for name, rows in classes_of(scenes.scenes).items()}
    generator = torch.Generator().manual_seed(run.process_index)

    def loss(network: Network, step: int) -> Tensor:
        start = step * batch % (count - batch + 1)
        rows = slice(start, start + batch)
        side = _SIDES[int(torch.randint(len(_SIDES), (), generator=generator))]
        images = F.interpolate(composer(scenes, rows), (side, side), mode="bilinear", antialias=True)
        return network(images, ids[rows], {name: values[rows] for name, values in truth.items()})

    examination = Examination(judge)
    yield from optimise(examination, loss, budget, Schedule(rate, warmup_steps=200, fall_from=0.2), run, folder)


@torch.no_grad()
def settle(judge: Judge, scenes: SceneSet, composer: Composer) -> None:
    """Take batch normalisation's statistics anew: those of the training are not of the averaged weights."""
    judge.train()
    for layer in judge.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None  # a plain mean over all batches
    for images in composer.batches(scenes, 256):
        judge.encode_image(images)
    judge.eval()


@torch.inference_mode()
def accuracy(judge: Judge, scenes: SceneSet, composer: Composer) -> dict[str, float]:
    """The share of scenes whose class each head finds, among those that state one."""
    truth, right = classes_of(scenes.scenes), {name: [] for name in CLASSES}
    for images in composer.batches(scenes, 256):
        for name, logits in judge.encode_image(images).logits.items():
            right[name].append(logits.argmax(1).cpu())
    found = {name: torch.cat(parts) == truth[name] for name, parts in right.items()}
    return {name: found[name][truth[name] != UNSTATED].float().mean().item() for name in CLASSES}


@torch.inference_mode()
def save_reference(judge: Judge, scenes: SceneSet, composer: Composer, path: Path) -> None:
    """What the features of real renders add up to: generated images are compared with them."""
    features = torch.cat([judge.encode_image(images).features.cpu() for images in composer.batches(scenes, 256)])
    save_file(reference_sums(features), path)


def _cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Zero, not undefined, where no scene of the batch states the class."""
    total = F.cross_entropy(logits, truth, ignore_index=UNSTATED, reduction="sum")
    return total / (truth != UNSTATED).sum().clamp(min=1)
