"""What drifts before the land or behind it: clouds, stars, rain and flakes, drawn once and shared by all pictures."""

from collections.abc import Callable
from random import Random

import numpy as np
import torch
from torch import Tensor

from .brush import SIZE, Brush
from .nature import cloud, sparkle

OVERLAY_CHANNELS = 5  # light and alpha of clouds; stars, rain, flakes
CLOUDS = ((14, 66, 66), (124, 36, 30), (152, 80, 42), (244, 72, 60), (84, 88, 34), (262, 40, 44))  # beside the sun


def draw_overlays(count: int = 4, seed: int = 5) -> Tensor:
    """`count` overlays as uint8 (count, 5, 256, 256); the same seed gives the same ones."""
    return torch.from_numpy(np.stack([_overlay(Random(seed + number)) for number in range(count)]))


def _overlay(rng: Random) -> np.ndarray:
    clouds = _layer(rng, _clouds)
    others = [_layer(rng, draw)[3] for draw in (_stars, _rain, _flakes)]
    return np.stack([clouds[0], clouds[3], *others])


def _layer(rng: Random, draw: Callable[[Brush], None]) -> np.ndarray:
    brush = Brush(rng)
    draw(brush)
    return brush.render()[:4]


def _clouds(brush: Brush) -> None:
    fill = brush.gradient("#ffffff", "#ffffff", "#b0b0b0", "#303030")
    for x, y, width in brush.rng.sample(CLOUDS, brush.rng.randint(3, 4)):
        cloud(brush, x + brush.between(-5, 5), y + brush.between(-5, 5), width * brush.between(0.9, 1.15), fill)


def _stars(brush: Brush) -> None:
    for _ in range(90):
        radius = brush.rng.random() ** 4 * 1.3 + 0.4
        brush.ellipse(brush.between(0, SIZE), brush.between(0, 200), radius, radius, "#ffffff", brush.between(0.4, 1))
    for _ in range(6):
        sparkle(brush, brush.between(10, 246), brush.between(8, 110), brush.between(2.5, 5))


def _rain(brush: Brush) -> None:
    slant = brush.between(-0.32, -0.2)
    for _ in range(95):
        x, y, length = brush.between(-20, 276), brush.between(-20, SIZE), brush.between(10, 24)
        end = (x + slant * length, y + length)
        brush.line((x, y), end, "#ffffff", brush.between(0.8, 1.6), brush.between(0.3, 0.75))


def _flakes(brush: Brush) -> None:
    for _ in range(85):
        radius = brush.rng.choice((1.1, 1.4, 1.9, 2.6, 3.6))
        opacity = brush.between(0.7, 1) if radius < 2.5 else brush.between(0.45, 0.8)
        brush.ellipse(brush.between(0, SIZE), brush.between(0, SIZE), radius, radius, "#ffffff", opacity)
