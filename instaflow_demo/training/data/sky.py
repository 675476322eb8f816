"""The sky behind a place: gradient, stars, sun or moon, clouds; and what water mirrors of it."""

import torch
from torch import Tensor

from .banks import Banks
from .brush import SIZE
from .canvas import Grid, blend, column, screen
from .picture import Batch

STARS, RAIN, FLAKES = 2, 3, 4  # channels of an overlay after light and alpha of clouds


def overlays(batch: Batch, banks: Banks) -> Tensor:
    """The overlays of a batch (B, 5, 256, 256) in [0, 1]."""
    return banks.overlays[batch.overlay].float() / 255


def paint_sky(batch: Batch, over: Tensor, grid: Grid) -> Tensor:
    """The sky (B, 3, 256, 256) as water mirrors it: without clouds and the disc itself."""
    height = ((column(batch.skyline) - grid.y) / column(batch.skyline)).clamp(0, 1).expand(-1, -1, -1, SIZE)
    image = _gradient(batch, height**0.8)
    image = image + over[:, STARS, None] * batch.number("stars") * (0.3 + 0.7 * height)
    return _halo(batch, image, grid)


def add_disc_and_clouds(batch: Batch, sky: Tensor, over: Tensor, grid: Grid) -> Tensor:
    """The sky with sun or moon and clouds, and the weather that is seen through windows."""
    sky = _disc(batch, sky, grid)
    shade = blend(batch.sky(4), batch.sky(3), over[:, :1])
    image = blend(sky, shade, over[:, 1:2] * 0.94 * batch.number("clouds"))
    return _weather_in_windows(batch, image, over)


def _gradient(batch: Batch, height: Tensor) -> Tensor:
    low = blend(batch.sky(2), batch.sky(1), (height * 2).clamp(max=1))
    return blend(low, batch.sky(0), (height * 2 - 1).clamp(min=0))


def distance(batch: Batch, grid: Grid) -> Tensor:
    """Pixels to the middle of the sun or moon, (B, 1, 256, 256)."""
    return ((grid.x - column(batch.disc[:, 0])) ** 2 + (grid.y - column(batch.disc[:, 1])) ** 2).sqrt()


def _halo(batch: Batch, image: Tensor, grid: Grid) -> Tensor:
    away, radius, there = distance(batch, grid), column(batch.disc[:, 2]), column(batch.disc[:, 4])
    halo = torch.exp(-((away / (radius * 3.2)) ** 1.2)) * column(batch.disc[:, 3]) * there
    return blend(image, batch.discs[:, 1, :, None, None], (halo * 0.8).clamp(0, 0.9))


def _disc(batch: Batch, image: Tensor, grid: Grid) -> Tensor:
    away, radius, there = distance(batch, grid), column(batch.disc[:, 2]), column(batch.disc[:, 4])
    return blend(image, batch.discs[:, 0, :, None, None], ((radius - away) / 1.4 + 0.5).clamp(0, 1) * there)


def _weather_in_windows(batch: Batch, image: Tensor, over: Tensor) -> Tensor:
    indoor = column(batch.indoor)
    image = screen(image, _downpour(over[:, RAIN, None]) * batch.number("rain") * indoor * 0.85)
    return screen(image, over[:, FLAKES, None] * batch.number("snow") * indoor)


def _downpour(rain: Tensor) -> Tensor:
    """Rain as dense as a window needs, which shows a twentieth of the sky."""
    return torch.stack([rain.roll(by, (2, 3)) for by in ((0, 0), (60, 37), (128, 90), (31, 161))]).amax(0)


def mirror(batch: Batch, sky: Tensor, grid: Grid) -> Tensor:
    """The sky turned over at the skyline, broken by ripples."""
    line = column(batch.skyline)
    below = (grid.y - line).clamp(min=0)
    ripple = torch.sin(below * 0.55 + 2 * torch.sin(grid.x * 0.045)) * (1 + below * 0.05)
    squeeze = (line / (SIZE - line)).clamp(max=1)
    rows = (line - 1 - below * squeeze + ripple).clamp(0, SIZE - 1).long().expand(-1, 3, -1, SIZE)
    return torch.gather(sky, 2, rows)


def glitter(batch: Batch, grid: Grid) -> Tensor:
    """The path that sun or moon lay on water, (B, 1, 256, 256)."""
    below = (grid.y - column(batch.skyline)).clamp(min=0)
    width = column(batch.disc[:, 2]) * 0.8 + below * 0.22
    path = torch.exp(-(((grid.x - column(batch.disc[:, 0])) / width) ** 2))
    stripes = (
        torch.sin(below * (1.5 - below / 260) + 2.5 * torch.sin(grid.x * 0.06 + below * 0.09)).clamp(min=-0.2) + 0.25
    )
    return path * stripes * batch.number("glitter") * column(batch.disc[:, 4]) * (1 - column(batch.indoor))
