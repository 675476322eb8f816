"""Endless captioned images: sprites composed on the training device."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

from ...grammar import BACKGROUNDS, STYLES, Concept, Scene, caption, concepts, random_scene
from .sprites import Sprites

MOST_OBJECTS = 3
PORTUGUESE = 0.3


@dataclass(frozen=True)
class SceneSet:
    """N scenes ready to compose: what is drawn where, and the captions that fit.

    `sprite` (N,) indexes the sprites; `objects` (N, 3, 3) holds (scale, x, y) of each copy with scale 0 for none;
    `background` (N, 3) is RGB in [0, 1]; each scene has as many captions as it was made with.
    """

    sprite: Tensor
    objects: Tensor
    background: Tensor
    captions: tuple[tuple[str, ...], ...]
    scenes: tuple[Scene, ...]

    def __len__(self) -> int:
        return len(self.sprite)


class Sampler:
    """Draws scenes of the sprites `keys`, or of those that are `chosen` among them.

    Every concept is drawn equally often, the weightier styles more often. Where a concept has several emoji, the first
    one shows it, and each of the others `others` times as often: a dog's face, and now and then a whole dog. Models
    learn the first alone, as one way to be drawn is sharper than the mean of two; a judge must know them all.
    """

    def __init__(
        self, keys: tuple[tuple[str, str], ...], chosen: tuple[tuple[str, str], ...] | None = None, others: float = 0.0
    ):
        kept = set(keys if chosen is None else chosen)
        rows = {key: row for row, key in enumerate(keys) if key in kept}
        self._choices = [(concept, *_drawings(concept, rows, others)) for concept in concepts()]
        self._choices = [choice for choice in self._choices if choice[1]]

    def scenes(self, count: int, seed: int, captions: int = 1) -> SceneSet:
        """`count` scenes with `captions` descriptions each; the same seed gives the same scenes."""
        rng = Random(seed)
        rows, objects, made, texts = [], [], [], []
        for _ in range(count):
            concept, drawings, weights = rng.choice(self._choices)
            row, style = rng.choices(drawings, weights)[0]
            scene = random_scene(concept, style, rng)
            copies = scene.objects(rng)
            rows.append(row)
            objects.append(copies + [(0.0, 0.0, 0.0)] * (MOST_OBJECTS - len(copies)))
            made.append(scene)
            texts.append(tuple(_caption(scene, rng) for _ in range(captions)))
        colours = torch.tensor([BACKGROUNDS[scene.background or "white"] for scene in made])
        return SceneSet(torch.tensor(rows), torch.tensor(objects), colours, tuple(texts), tuple(made))


class Composer:
    """Composes images (B, 3, S, S) in [-1, 1] from sprites held on a device."""

    def __init__(self, sprites: Sprites, device: torch.device):
        pixels = sprites.pixels.to(device)
        self._levels = (pixels, F.avg_pool2d(pixels.float(), 2).round().byte())

    def __call__(self, scenes: SceneSet, rows: slice) -> Tensor:
        device = self._levels[0].device
        sprite = scenes.sprite[rows].to(device)
        objects = scenes.objects[rows].to(device)
        size = self._levels[0].shape[-1]
        image = scenes.background[rows].to(device)[:, :, None, None].expand(-1, -1, size, size).clone()
        for number in range(MOST_OBJECTS):
            placed = objects[:, number]
            # small copies are taken from the half-size sprites: bilinear sampling alone would alias
            for level, chosen in ((0, placed[:, 0] > 0.55), (1, (placed[:, 0] > 0) & (placed[:, 0] <= 0.55))):
                if chosen.any():
                    layer = _place(_premultiplied(self._levels[level][sprite[chosen]]), placed[chosen], size)
                    image[chosen] = image[chosen] * (1 - layer[:, 3:]) + layer[:, :3]
        return image.clamp(0, 1) * 2 - 1

    def batches(self, scenes: SceneSet, size: int) -> Iterator[Tensor]:
        for start in range(0, len(scenes), size):
            yield self(scenes, slice(start, start + size))


def _drawings(
    concept: Concept, rows: dict[tuple[str, str], int], others: float
) -> tuple[list[tuple[int, str]], list[float]]:
    """The sprites that show a concept as (row, style), and how often each is drawn."""
    drawings, weights = [], []
    for order, hexcode in enumerate(concept.hexcodes):
        for style, settings in STYLES.items():
            weight = settings.weight * (others if order else 1.0)
            if weight and (style, hexcode) in rows:
                drawings.append((rows[style, hexcode], style))
                weights.append(weight)
    return drawings, weights


def _caption(scene: Scene, rng: Random) -> str:
    return caption(scene, rng, "pt" if rng.random() < PORTUGUESE else "en")


def _premultiplied(rgba: Tensor) -> Tensor:
    pixels = rgba.float() / 255
    return torch.cat([pixels[:, :3] * pixels[:, 3:], pixels[:, 3:]], 1)


def _place(sprites: Tensor, placed: Tensor, size: int) -> Tensor:
    """Scale and move premultiplied sprites (B, 4, s, s) by rows of (scale, x, y) onto (B, 4, size, size)."""
    scale, x, y = placed.unbind(1)
    affine = torch.zeros(len(sprites), 2, 3, device=sprites.device)
    affine[:, 0, 0] = affine[:, 1, 1] = 1 / scale
    affine[:, 0, 2], affine[:, 1, 2] = -x / scale, -y / scale
    grid = F.affine_grid(affine, [len(sprites), 4, size, size], align_corners=False)
    return F.grid_sample(sprites, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
