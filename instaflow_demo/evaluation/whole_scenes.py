"""The examination of models that draw scenes: prompts of the grammar, images seen by the judge of scenes."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..errors import ModelUnavailable
from ..grammar.scene import Scene
from ..grammar.vocabulary import places
from ..measure import Figure
from . import metrics
from .prompts import PromptSet
from .scene_judge import LEAST, SceneJudge, right_answers, scene_truth
from .scene_prompts import AskedScene, ask_scenes

JUDGED_BY: Mapping[str, str] = {  # figures and the heads that they come from
    "thing": "thing",
    "both_things": "thing",
    "top1": "thing",
    "top5": "thing",
    "place": "place",
    "light": "light",
    "colour": "colour",
    "count": "count",
    "several": "count",
    "relation": "relation",
}
_MOST_COUNTED = 4
_SUMS, _REFERENCE, _ACCURACY = "reference.safetensors", "reference.json", "accuracy.json"


class WholeSceneExaminer:
    """The judge's scores of images of `count` prompts of a set. Seeds, and so images, are those of the prompts' rows.

    A head that knows too little of scenes that it has not seen does not judge, unless the judge is to be believed
    `unproven`: its figures are then none, and `about` says how much it knows.

    Raises:
        ModelUnavailable: when the judge, or what real scenes look like to it, cannot be read.
    """

    together = 1

    def __init__(self, models: Path, prompt_set: PromptSet, count: int, device: str, *, unproven: bool = False):
        folder = models / "judge" / "network"
        self._judge = SceneJudge.load(folder, device)
        self._device = device
        self._set = prompt_set
        self._sums, self._reference, self._accuracy = _read_reference(folder)
        self._unfit = {} if unproven else unfit_heads(self._accuracy["unseen_drawings"])
        asked = ask_scenes(prompt_set, count)
        self.prompts = tuple(each.prompt for each in asked)
        self._truth = scene_truth([each.scene for each in asked])
        self._stated = {name: torch.tensor([_states(name, each) for each in asked]) for name in JUDGED_BY}

    @property
    def about(self) -> Mapping[str, Any]:
        """What stands beside the figures."""
        return {
            "prompt_set": self._set,
            "extractor": f"tower of the judge of scenes, {len(self._sums['real_features_sum'])} features",
            "reference": self._reference,
            "accuracy": self._accuracy,
            "not_judged": {name: self._unfit[head] for name, head in JUDGED_BY.items() if head in self._unfit},
        }

    @torch.inference_mode()
    def score(self, rows: range, images: Tensor) -> dict[str, Tensor]:
        """Scores of images (B, 3, S, S) in [-1, 1] of the prompts `rows`; NaN where a prompt states nothing."""
        part = slice(rows.start, rows.stop)
        images = images.to(self._device)
        truth = {name: values[part].to(self._device) for name, values in self._truth.items()}
        seen = self._judge.look(images)
        logits = self._judge.answer(seen, truth["thing"][:, :2].clamp(min=0))
        right = right_answers(logits, truth)
        rank = best_rank(logits["thing"], truth["thing"])
        found = {**{name: right[head] for name, head in JUDGED_BY.items()}, "top1": rank < 1, "top5": rank < 5}
        scores = {
            name: values.float().cpu().where(self._stated[name][part], torch.nan) for name, values in found.items()
        }
        return scores | {"features": seen.mean((2, 3)).cpu(), "energy": metrics.gradient_energy(images).cpu()}

    def compute_figures(self, scores: Mapping[str, Tensor]) -> dict[str, Figure | None]:
        """The figures of one system.

        Only sets that show what real scenes show are compared with these: no distance, and no sharpness, of others.
        """
        judged = {name: None if head in self._unfit else metrics.mean(scores[name]) for name, head in JUDGED_BY.items()}
        if self._set not in ("captions", "portuguese"):
            return judged
        sharpness = metrics.mean(scores["energy"] / self._reference["gradient_energy"])
        return (
            {"feature_distance": metrics.feature_distance(scores["features"], self._sums)}
            | judged
            | {"sharpness": sharpness}
        )


class SeedsExaminer:
    """How much two images of a scene's prompt differ that begin with different noise."""

    together = 2

    def __init__(self, count: int, device: str):
        self._device = device
        self.prompts = tuple(each.prompt for each in ask_scenes("seeds", count))

    @property
    def about(self) -> Mapping[str, Any]:
        """What stands beside the figure."""
        return {"prompt_set": "seeds"}

    def score(self, rows: range, images: Tensor) -> dict[str, Tensor]:
        """The mean absolute difference, of 255 levels, of images (B, 3, S, S) in [-1, 1] from the one after: (B,).

        NaN for every second one, which has been compared already.
        """
        images = images.to(self._device)
        found = torch.full((len(images),), torch.nan)
        pairs = len(images) // 2 * 2
        found[:pairs:2] = (images[:pairs:2] - images[1:pairs:2]).abs().mean((1, 2, 3)).cpu() * 127.5
        return {"difference": found}

    def compute_figures(self, scores: Mapping[str, Tensor]) -> dict[str, Figure | None]:
        """The figure of one system."""
        return {"variety": metrics.mean(scores["difference"])}


def is_there(models: Path) -> bool:
    """Whether the judge of the shipped models is one of scenes."""
    return (models / "judge" / "network" / "shape.json").exists()


def unfit_heads(accuracy: Mapping[str, float]) -> dict[str, float]:
    """What the judge's heads that may not judge know of unseen real scenes."""
    return {name: accuracy[name] for name, least in LEAST.items() if not accuracy[name] >= least}


def best_rank(logits: Tensor, rows: Tensor) -> Tensor:
    """How many things are likelier than the likeliest of those asked for: logits (B, C), rows (B, N), to (B,)."""
    own = logits.gather(1, rows.clamp(min=0)).masked_fill(rows < 0, -torch.inf).amax(1, keepdim=True)
    return (logits > own).sum(1)


@torch.inference_mode()
def write_reference(judge: SceneJudge, images: Iterable[Tensor], folder: Path, about: Mapping[str, Any]) -> None:
    """Write what real scenes, parts (B, 3, S, S) in [-1, 1], look like to the judge, and how sharp they are."""
    features, energy = [], []
    for part in images:
        features.append(judge.look(part).mean((2, 3)).cpu())
        energy.append(metrics.gradient_energy(part).cpu())
    save_file(metrics.reference_sums(torch.cat(features)), folder / _SUMS)
    every = torch.cat(energy).double()
    said = {"images": len(every), "gradient_energy": round(float(every.mean()), 6), **about}
    (folder / _REFERENCE).write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def _read_reference(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any], dict[str, Any]]:
    try:
        said, accuracy = (json.loads((folder / name).read_text(encoding="utf-8")) for name in (_REFERENCE, _ACCURACY))
        return load_file(folder / _SUMS), said, accuracy
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelUnavailable(
            "The judge of scenes in {folder} lacks what it compares with: restore the folder.", folder=folder
        ) from error


def _states(figure: str, asked: AskedScene) -> bool:
    """Whether a figure is about this prompt, beyond what the judge's classes say."""
    if asked.judged is not None and JUDGED_BY[figure] not in asked.judged:
        return False
    scene = asked.scene
    if figure in ("thing", "both_things"):
        return len(scene.groups) == (1 if figure == "thing" else 2)
    if figure in ("top1", "top5"):
        return bool(scene.groups)
    if figure in ("count", "several"):
        return _copies(scene) in range(1 if figure == "count" else 2, _MOST_COUNTED + 1)
    if figure in ("place", "light"):
        return bool(scene.place) and (figure == "place" or len(places()[scene.place].lights) > 1)
    return True


def _copies(scene: Scene) -> int:
    return scene.groups[0].count if len(scene.groups) == 1 else 0
