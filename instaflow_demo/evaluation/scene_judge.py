"""The judge of scenes: which things an image shows, where, in what light and colour, how many, and how they stand.

Place, light and things are read off the whole image. Colour, count and relation are answers to a question, "what colour
is the car?", so that an image with a blue car before a red house is judged by the car: the things that are asked for
look at the places of the feature map that resemble them (Vaswani et al. 2017, eq. 1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from json import dumps, loads
from pathlib import Path
from types import MappingProxyType

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import ResNetConfig, ResNetModel

from ..errors import ModelUnavailable
from ..grammar.scene import Scene
from ..grammar.things import things
from ..grammar.vocabulary import colours, phrases, places, single_icons
from ..weights.eight_bits import from_8_bits, to_8_bits
from .judge import UNSTATED

MOST_GROUPS = 3  # of a scene that the judge knows of
LEAST: Mapping[str, float] = MappingProxyType(
    {"thing": 0.95, "place": 0.95, "light": 0.95, "colour": 0.90, "count": 0.90, "relation": 0.90}
)
PLAIN = "plain"  # the place and the light of what stands on a plain ground
_WEIGHTS, _SHAPE = "model.safetensors", "shape.json"


@cache
def scene_classes() -> Mapping[str, tuple]:
    """What each head chooses from. "Next to" and "and" are seen in pictures of "left" too, and so are never judged."""
    return MappingProxyType(
        {
            "thing": (*things(), *single_icons()),
            "place": (PLAIN, *places()),
            "light": (PLAIN, *phrases("light", "en")),
            "colour": colours(),
            "count": (1, 2, 3, 4, 5),
            "relation": ("left", "right", "above", "under", "front", "behind"),
        }
    )


@dataclass(frozen=True)
class SceneJudgeShape:
    """Widths of the tower's stages, and pixels of a side that it looks at.

    A judge that looks for things `everywhere` asks each place of the feature map, and believes the likeliest; one that
    does not reads them off the whole image alone. Files of the first judges say neither, and these are the defaults.
    """

    widths: tuple[int, ...] = (48, 96, 192, 320)
    depths: tuple[int, ...] = (2, 2, 2, 2)
    side: int = 160
    everywhere: bool = False


BEST_SHAPE = SceneJudgeShape(side=256, everywhere=True)


class SceneJudge(nn.Module):
    """Images (B, 3, S, S) in [-1, 1] and the rows (B, 2) of two things asked for, to logits of each head."""

    def __init__(self, shape: SceneJudgeShape):
        super().__init__()
        self.shape = shape
        width, known = shape.widths[-1], scene_classes()
        self.tower = ResNetModel(
            ResNetConfig(
                embedding_size=shape.widths[0],
                hidden_sizes=list(shape.widths),
                depths=list(shape.depths),
                layer_type="basic",
            )
        )
        self.things = nn.Linear(width, len(known["thing"]), bias=False) if shape.everywhere else None
        self.asked = nn.Embedding(len(known["thing"]), width)
        self.position = nn.Linear(2, width)
        self.whole = nn.ModuleDict(
            {name: nn.Linear(2 * width, len(known[name])) for name in ("thing", "place", "light")}
        )
        self.answers = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(parts * width, width), nn.SiLU(), nn.Linear(width, len(known[name])))
                for name, parts in (("colour", 3), ("count", 3), ("relation", 4))
            }
        )

    def forward(self, images: Tensor, asked: Tensor) -> dict[str, Tensor]:
        """Logits (B, classes) of each head: colour and count of the first thing, its relation to the second."""
        return self.answer(self.look(images), asked)

    def look(self, images: Tensor) -> Tensor:
        """What the tower sees (B, D, h, w); the mean over its places is an image's features."""
        side = (self.shape.side, self.shape.side)
        return self.tower(F.interpolate(images, side, mode="bilinear", antialias=True)).last_hidden_state

    def answer(self, seen: Tensor, asked: Tensor) -> dict[str, Tensor]:
        """`forward` for images that were looked at."""
        pooled = torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1)
        first, second = self._found(seen, asked).unbind(1)
        logits = {name: head(pooled) for name, head in self.whole.items()}
        if self.things is not None:
            logits["thing"] = logits["thing"] + self.things(seen.flatten(2).mT).amax(1)
        for name in ("colour", "count"):
            logits[name] = self.answers[name](torch.cat([first, pooled], 1))
        logits["relation"] = self.answers["relation"](torch.cat([first, second, pooled], 1))
        return logits

    def _found(self, seen: Tensor, asked: Tensor) -> Tensor:
        """What the image shows (B, 2, D) where it resembles the things asked for."""
        height, width = seen.shape[2:]
        y, x = torch.meshgrid(
            torch.linspace(-1, 1, height, device=seen.device),
            torch.linspace(-1, 1, width, device=seen.device),
            indexing="ij",
        )
        patches = seen.flatten(2).mT + self.position(torch.stack([x, y], -1).view(-1, 2))
        return F.scaled_dot_product_attention(self.asked(asked), patches, patches)

    def save(self, folder: Path) -> None:
        """Write the judge, its matrices and convolutions in 8 bits."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _SHAPE).write_text(dumps(asdict(self.shape)), encoding="utf-8")
        save_file(to_8_bits(self.state_dict()), folder / _WEIGHTS)

    @classmethod
    def load(cls, folder: Path, device: str) -> "SceneJudge":
        """Read a trained judge, in float32.

        Raises:
            ModelUnavailable: when its files are missing or damaged, or it was trained for other classes.
        """
        try:
            found = loads((folder / _SHAPE).read_text(encoding="utf-8"))
            lists = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
            judge = cls(SceneJudgeShape(**(found | lists)))
            judge.load_state_dict(from_8_bits(load_file(folder / _WEIGHTS)))
        except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
            raise ModelUnavailable(
                "The judge of scenes in {folder} is missing or damaged: train it again.", folder=folder
            ) from error
        return judge.to(device).eval().requires_grad_(False)


def scene_truth(scenes: Sequence[Scene]) -> dict[str, Tensor]:
    """The rows (N,) that images of these scenes should show, of things (N, 3); `UNSTATED` where a scene does not say.

    Colour and count are those of the first group; a count is stated only where there is no other group.
    """
    rows = {name: {value: row for row, value in enumerate(values)} for name, values in scene_classes().items()}

    def row(name: str, value: object) -> int:
        return rows[name].get(value, UNSTATED)

    truth = {
        "place": [row("place", scene.place or PLAIN) for scene in scenes],
        "light": [row("light", scene.light or PLAIN) for scene in scenes],
        "colour": [row("colour", scene.groups[0].colour if scene.groups else "") for scene in scenes],
        "count": [row("count", scene.groups[0].count if len(scene.groups) == 1 else 0) for scene in scenes],
        "relation": [row("relation", scene.relation) for scene in scenes],
        "thing": [_padded([row("thing", group.thing) for group in scene.groups[:MOST_GROUPS]]) for scene in scenes],
    }
    return {name: torch.tensor(values, dtype=torch.long) for name, values in truth.items()}


def right_answers(logits: Mapping[str, Tensor], truth: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """For each head, 1 where it finds what is so, 0 where not, NaN where nothing is said: (N,).

    Of things, all that are there must be ahead of all others.
    """
    found = {}
    for name, logit in logits.items():
        if name == "thing":
            found[name] = _things_found(logit, truth["thing"])
        else:
            right = (logit.argmax(1) == truth[name]).float()
            found[name] = right.masked_fill(truth[name] == UNSTATED, torch.nan)
    return found


def _things_found(logits: Tensor, rows: Tensor) -> Tensor:
    there = rows != UNSTATED
    own = logits.gather(1, rows.clamp(min=0)).masked_fill(~there, torch.inf).amin(1, keepdim=True)
    different = torch.zeros_like(logits).scatter_add_(1, rows.clamp(min=0), there.to(logits)).clamp(max=1).sum(1)
    right = ((logits >= own).sum(1) <= different).float()
    return right.masked_fill(~there.any(1), torch.nan)


def _padded(rows: list[int]) -> list[int]:
    return rows + [UNSTATED] * (MOST_GROUPS - len(rows))
