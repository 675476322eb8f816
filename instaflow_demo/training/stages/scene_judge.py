"""The judge of scenes: trained on pictures that are composed, with drawings that no model is shown."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...evaluation.judge import UNSTATED
from ...evaluation.scene_judge import LEAST, SceneJudge, SceneJudgeShape, right_answers, scene_classes
from ..data.pictures import Pictures
from ..loop import Budget, Network, Process, Progress, Schedule, optimise

JUDGE_TOY = SceneJudgeShape((8, 8, 16, 16), (1, 1, 1, 1), 64, everywhere=True)
_SHARES = (0.6, 0.8, 1.0, 1.2)  # of the judge's side that pictures have before: it should not hang on the last pixel
_ZOOM, _SHIFT = 0.12, 0.08  # shares of a picture by which it is drawn larger or smaller, and moved
_DIMMER, _GRAIN = 0.15, 0.06  # how far brightness and contrast may be off, and deviations of noise
_WEIGHT_OF_THINGS = 30.0  # there are hundreds, and a picture shows one or two
_TEXT = "{name}: {right:.1%} (at least {least:.0%} is needed)"


@dataclass(frozen=True)
class Cases:
    """Pictures with what the judge should say of them, as `scene_truth` has it."""

    pictures: Pictures
    truth: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(self.pictures)

    def things_asked_for(self, rows: Tensor | slice) -> Tensor:
        """The two things (B, 2) that questions are about; the first thing of all where there are none."""
        return self.truth["thing"][rows, :2].clamp(min=0)


def train(
    judge: SceneJudge, cases: Cases, budget: Budget, run: Process, folder: Path, *, batch: int, rate: float = 2e-3
) -> Iterator[Progress]:
    """Minimise the cross entropy of every head, and of the presence of each thing.

    No picture is seen twice alike: from tens of thousands that are, the judge learns what each of them shows, by heart,
    and not what things look like.
    """
    generator = torch.Generator(run.device).manual_seed(run.process_index)
    sides = torch.Generator().manual_seed(run.process_index)

    def loss(network: Network, _: int) -> Tensor:
        rows = torch.randint(0, len(cases), (batch,), device=run.device, generator=generator)
        side = round(judge.shape.side * _SHARES[int(torch.randint(len(_SHARES), (), generator=sides))])
        truth = {name: values[rows] for name, values in cases.truth.items()}
        images, truth = vary(cases.pictures.batch(rows)[0], truth, generator)
        images = F.interpolate(images, (side, side), mode="bilinear", antialias=True)
        return judging_loss(network(images, cases.things_asked_for(rows)), truth)

    schedule = Schedule(rate, warmup_steps=200, fall_from=0.2)
    yield from optimise(judge, loss, budget, schedule, run, folder, weight_decay=0.05)


def vary(
    images: Tensor, truth: Mapping[str, Tensor], generator: torch.Generator
) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Images (B, 3, S, S) moved, zoomed, mirrored, dimmed and grained at random, and what is so of them."""
    count, device = len(images), images.device

    def spread(*shape: int) -> Tensor:
        """Uniform numbers from -1 to 1."""
        return torch.rand(count, *shape, device=device, generator=generator) * 2 - 1

    mirrored = torch.rand(count, device=device, generator=generator) < 0.5
    place = torch.zeros(count, 2, 3, device=device)
    place[:, 0, 0] = place[:, 1, 1] = 1 + _ZOOM * spread()
    place[:, 0, 0] *= 1 - 2 * mirrored.float()
    place[:, :, 2] = _SHIFT * spread(2)
    grid = F.affine_grid(place, list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    lit = moved * (1 + _DIMMER * spread(1, 1, 1)) + _DIMMER * spread(1, 1, 1)
    grain = torch.randn(images.shape, device=device, generator=generator) * _GRAIN * spread(1, 1, 1).abs()
    return (lit + grain).clamp(-1, 1), {**truth, "relation": _mirror(truth["relation"], mirrored)}


def _mirror(rows: Tensor, mirrored: Tensor) -> Tensor:
    """What is left of something is right of it in a mirror: rows (B,) of relations."""
    known = scene_classes()["relation"]
    swapped = torch.arange(len(known), device=rows.device)
    swapped[[known.index("left"), known.index("right")]] = swapped[[known.index("right"), known.index("left")]]
    return torch.where(mirrored & (rows != UNSTATED), swapped[rows.clamp(min=0)], rows)


def judging_loss(logits: Mapping[str, Tensor], truth: Mapping[str, Tensor]) -> Tensor:
    """The sum over heads, of those pictures that state what a head is asked for."""
    rows = truth["thing"]
    there = torch.zeros_like(logits["thing"]).scatter_add_(1, rows.clamp(min=0), (rows != UNSTATED).to(logits["thing"]))
    total = _WEIGHT_OF_THINGS * F.binary_cross_entropy_with_logits(logits["thing"].float(), there.float().clamp(max=1))
    for name, logit in logits.items():
        if name != "thing":
            wrong = F.cross_entropy(logit.float(), truth[name], ignore_index=UNSTATED, reduction="sum")
            total = total + wrong / (truth[name] != UNSTATED).sum().clamp(min=1)
    return total


@torch.no_grad()
def settle(judge: SceneJudge, cases: Cases, batch: int = 128) -> None:
    """Take batch normalisation's statistics again: those of the training are not of the averaged weights."""
    judge.train()
    for layer in judge.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None  # a plain mean over all batches
    for rows in _parts(min(len(cases), 64 * batch), batch):
        judge(cases.pictures.batch(rows)[0], cases.things_asked_for(rows))
    judge.eval()


@torch.inference_mode()
def accuracy(judge: SceneJudge, cases: Cases, batch: int = 128) -> dict[str, float]:
    """The share of pictures about which each head is right, among those that state something."""
    parts = []
    for rows in _parts(len(cases), batch):
        logits = judge(cases.pictures.batch(rows)[0], cases.things_asked_for(rows))
        parts.append(right_answers(logits, {name: values[rows] for name, values in cases.truth.items()}))
    return {name: float(torch.cat([part[name] for part in parts]).nanmean()) for name in parts[0]}


def verdict(found: Mapping[str, float]) -> str:
    """What the judge knows, head by head, beside what it must know before it may judge."""
    return "; ".join(_TEXT.format(name=name, right=found[name], least=least) for name, least in LEAST.items())


def save_accuracy(folder: Path, seen: Mapping[str, float], unseen: Mapping[str, float]) -> None:
    """Write what it knows of pictures like those that it learned from, and of drawings that nobody has seen."""
    text = json.dumps({"seen_drawings": seen, "unseen_drawings": unseen}, indent=2)
    (folder / "accuracy.json").write_text(text + "\n", encoding="utf-8")


def _parts(count: int, batch: int) -> Iterator[slice]:
    yield from (slice(start, start + batch) for start in range(0, count, batch))
