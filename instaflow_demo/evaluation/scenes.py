"""The examination of shipped models: prompts of our grammar, images seen by the judge."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from ..errors import ModelUnavailable
from ..measure import Figure
from . import metrics
from .judge import UNSTATED, Judge, classes_of
from .prompts import PromptSet, ask

LEAST_ACCURACY = 0.95
_ATTRIBUTES = ("count", "size", "colour", "position")


class SceneExaminer:
    """The judge's scores of images of `count` prompts of a set. Seeds, and so images, are those of the prompts' rows.

    Raises:
        ModelUnavailable: when the judge cannot be read, or knows too little to judge and is not `unproven`.
    """

    together = 1

    def __init__(self, models: Path, prompt_set: PromptSet, count: int, device: str, *, unproven: bool = False):
        folder = models / "judge" / "network"
        self._judge = Judge.load(folder, models / "mini" / "tokenizer", device)
        self._device = device
        self._asked = ask(prompt_set, count)
        self._set = prompt_set
        self._truth = classes_of([asked.scene for asked in self._asked])
        self._reference = load_file(folder / "reference.safetensors")
        self._accuracy = json.loads((folder / "accuracy.json").read_text(encoding="utf-8"))
        right = self._accuracy["seen_sprites"]["concept"]
        if right < LEAST_ACCURACY and not unproven:
            raise ModelUnavailable(
                "The judge in {folder} is right about {right:.0%} of real scenes, and must be about {least:.0%} "
                "before it may judge: train it for longer.",
                folder=folder,
                right=right,
                least=LEAST_ACCURACY,
            )
        self.prompts = tuple(asked.prompt for asked in self._asked)

    @property
    def about(self) -> Mapping[str, Any]:
        """What stands beside the figures."""
        return {
            "prompt_set": self._set,
            "extractor": f"image tower of the judge, {len(self._reference['real_features_sum'])} features",
            "reference_images": int(self._reference["real_features_num_samples"]),
            "accuracy": self._accuracy,
        }

    @torch.inference_mode()
    def score(self, rows: range, images: Tensor) -> dict[str, Tensor]:
        """Scores of images (B, 3, S, S) in [-1, 1] of the prompts `rows`; NaN where a prompt states nothing."""
        encoding = self._judge.encode_image(images.to(self._device))
        texts = self._judge.encode_text(self._judge.ids([self.prompts[row] for row in rows]).to(self._device))
        scores = {"features": encoding.features, "clip_score": (encoding.embeddings * texts).sum(1)}
        truth = {name: values[rows.start : rows.stop].to(self._device) for name, values in self._truth.items()}
        own = encoding.logits["concept"].gather(1, truth["concept"][:, None])
        scores["better_concepts"] = (encoding.logits["concept"] > own).sum(1).float()
        for name in _ATTRIBUTES:
            right = (encoding.logits[name].argmax(1) == truth[name]).float()
            scores[name] = right.masked_fill(truth[name] == UNSTATED, torch.nan)
        return {name: values.float().cpu() for name, values in scores.items()}

    def compute_figures(self, scores: Mapping[str, Tensor]) -> dict[str, Figure | None]:
        """The figures of one system. Synonyms name plain things, which the reference's scenes are not: no distance."""
        comparable = self._set != "synonyms"
        return {
            "feature_distance": metrics.feature_distance(scores["features"], self._reference) if comparable else None,
            "clip_score": metrics.mean(scores["clip_score"]),
            "top1": metrics.mean((scores["better_concepts"] < 1).float()),
            "top5": metrics.mean((scores["better_concepts"] < 5).float()),
            **{name: metrics.mean(scores[name]) for name in _ATTRIBUTES},
        }
