"""Light on the layers, then the air before them: haze, mist, glow, rain and flakes."""

import math

import torch
from torch import Tensor

from .brush import SIZE
from .canvas import LUMINANCE, Grid, Layers, blend, column, screen, tint
from .picture import COLUMNS, Batch
from .sky import FLAKES, RAIN, distance

LAMP = (1.0, 0.78, 0.50)
NEUTRAL = 0.5  # how much of their colour lamps and sunbeams lose on things
BULB = (1.0, 0.87, 0.56)
SHOULDER = 0.84  # brighter colours are pressed together, keeping their hue
STEEP = 1.9  # how the press begins; 1 stays 1: what is white as drawn comes out white
HOT = (1.0, 0.97, 0.88)  # what is far too bright turns into


def settle_snow(layers: Layers, batch: Batch) -> None:
    """Snowfall whitens what lies open."""
    open_air = (1 - column(batch.indoor)) * (1 - column(batch.sealed)) * batch.number("snow")
    grey = (layers.albedo * tint(layers.albedo, LUMINANCE)).sum(1, keepdim=True)
    white = (grey * 0.34 + layers.cover * tint(grey, (0.62, 0.645, 0.68))).clamp(max=1)
    layers.albedo = blend(layers.albedo, white, layers.level.clamp(0, 0.95) * open_air)


def wet_ground(layers: Layers, batch: Batch) -> None:
    """Rain lets level ground mirror the sky a little."""
    open_air = (1 - column(batch.indoor)) * (1 - column(batch.sealed)) * batch.number("rain")
    layers.water = torch.maximum(layers.water, layers.level * 0.26 * open_air)


def lay_water(layers: Layers, batch: Batch, mirrored: Tensor, path: Tensor) -> Tensor:
    """How bright the mirrored sky lies on water: (B, 3, 256, 256), to be added to what is lit."""
    share = (layers.water * (0.6 + 0.75 * batch.number("glitter"))).clamp(max=0.88)
    layers.albedo = layers.albedo * (1 - share)
    shine = batch.discs[:, 1, :, None, None] * path.clamp(0, 1) * layers.water.clamp(max=0.7) * 1.2
    return screen(mirrored * share, shine)


def light_up(layers: Layers, batch: Batch, grid: Grid, spot: Tensor) -> Tensor:
    """The layers in their light, premultiplied by cover."""
    light = _ambient(layers, batch, grid) + spot * tint(spot, (1.0, 0.93, 0.80)) * (1 - layers.things * 0.3)
    neutral = layers.things * NEUTRAL
    light = light + blend(tint(light, LAMP), torch.ones_like(light), neutral) * _lamps(layers, batch)
    sunbeam = blend(batch.colour("beam_colour"), torch.ones_like(light), neutral)
    light = light + sunbeam * layers.beams * batch.number("beams") * 0.5 * (1 - layers.things * 0.5)
    light = blend(light, torch.full_like(light, 1.04), layers.emit)
    image = layers.albedo * light
    image = screen(image, batch.colour("rim_colour") * layers.rim * batch.number("rim"))
    grey = (image * tint(image, LUMINANCE)).sum(1, keepdim=True)
    return shoulder(blend(grey, image, batch.number("saturation")).clamp(min=0))


def _lamps(layers: Layers, batch: Batch) -> Tensor:
    return layers.lamps * blend(batch.number("lamps"), batch.number("room_lamps"), column(batch.indoor))


def _ambient(layers: Layers, batch: Batch, grid: Grid) -> Tensor:
    """Ambient light: on land outdoors it changes towards us, on things it is more neutral."""
    indoor = column(batch.indoor)
    line = column(batch.skyline)
    close = ((grid.y - line) / (SIZE - line).clamp(min=40)).clamp(0, 1) * (1 - column(batch.sealed))
    land = batch.colour("land") * blend(torch.ones_like(close), batch.colour("near"), close)
    land = blend(land, batch.colour("things"), column(batch.sealed) * 0.15)  # deep water and space have no sky
    land = blend(land, batch.colour("room"), indoor)
    things = blend(batch.colour("things"), batch.colour("room_things"), indoor)
    return blend(land, things, layers.things)


def shoulder(image: Tensor) -> Tensor:
    """Press bright colours to 1 by their brightest channel, so that they keep their hue; only glare turns white."""
    brightest = image.amax(1, keepdim=True).clamp(min=1e-4)
    room = (1 - SHOULDER) / (1 - math.exp(-STEEP))
    over = (brightest - SHOULDER).clamp(min=0) / (1 - SHOULDER)
    pressed = (SHOULDER + room * (1 - torch.exp(-STEEP * over))).clamp(max=1)
    glare = ((brightest - 1) * 0.9).clamp(0, 0.7)
    return blend(image * (torch.minimum(brightest, pressed) / brightest), tint(image, HOT), glare)


def spotlight(batch: Batch, grid: Grid) -> Tensor:
    """A cone of light from above onto the things, or the middle of the ground: (B, 1, 256, 256)."""
    x, y = (column(value) for value in _focus(batch))
    half = 12 + (grid.y / y).clamp(0, 1.15) * 66
    cone = torch.sigmoid((half - (grid.x - x).abs()) / 9) * torch.sigmoid((y + 8 - grid.y) / 5)
    pool = torch.exp(-((((grid.x - x) / 88) ** 2 + ((grid.y - y) / 26) ** 2) ** 1.5))
    return torch.maximum(cone * (0.3 + 0.62 * (grid.y / y).clamp(0, 1)), pool) * batch.number("spot")


def _focus(batch: Batch) -> tuple[Tensor, Tensor]:
    if not batch.things.shape[1]:
        return torch.full_like(batch.flip, SIZE / 2), torch.full_like(batch.flip, 216.0)
    side, x, y = (batch.things[..., COLUMNS.index(name)] for name in ("side", "x", "y"))
    there = (side > 0).float()
    count = there.sum(1)
    middle = (x * there).sum(1) / count.clamp(min=1)
    lowest = (y * there).amax(1).clamp(150, 244)
    return torch.where(count > 0, middle, SIZE / 2), torch.where(count > 0, lowest, 216.0)


def haze(layers: Layers, batch: Batch, grid: Grid, image: Tensor) -> Tensor:
    """Air between us and what is far, and mist over the ground; things near us stay clear."""
    air = (1 - column(batch.indoor)) * (1 - column(batch.sealed) * 0.8)
    thick = batch.number("haze") * layers.depth**1.2
    mist = batch.number("fog") * torch.exp(-(((grid.y - column(batch.skyline) - 8) / 42) ** 2)) * (0.14 + layers.depth)
    veil = 1 - (1 - thick.clamp(0, 0.96)) * (1 - mist.clamp(0, 0.8))
    veil = (
        (veil * air + batch.number("fog") * column(batch.indoor) * 0.22)
        * (1 - layers.emit)
        * (1 - layers.things * 0.65)
    )
    return blend(image, batch.sky(2) * layers.cover, veil)


def glow(layers: Layers, batch: Batch, grid: Grid, image: Tensor, spot: Tensor) -> Tensor:
    """Air that shines around lamps, in beams, and towards the sun; less before things, which keep their colour."""
    clear = 1 - layers.things * 0.75
    core = ((_lamps(layers, batch) - 0.46) / 0.34).clamp(0, 1) * (1 - layers.things)
    image = blend(image, tint(image, BULB), core * 0.78)
    image = screen(image, tint(image, LAMP) * _lamps(layers, batch) ** 2 * 0.24 * clear)
    image = screen(image, batch.colour("beam_colour") * layers.beams * batch.number("beams") * 0.26 * clear)
    sun = (
        torch.exp(-distance(batch, grid) / 80)
        * batch.number("bloom")
        * (1 - column(batch.indoor))
        * column(batch.disc[:, 4])
    )
    image = screen(image, batch.discs[:, 1, :, None, None] * sun * clear * 0.7)
    return screen(image, spot * 0.10)


def weather(layers: Layers, batch: Batch, image: Tensor, over: Tensor) -> Tensor:
    """Rain and flakes in the open, thinner before things."""
    open_air = (1 - column(batch.indoor)) * (1 - column(batch.sealed)) * (1 - layers.things * 0.4)
    image = blend(image, tint(image, (0.86, 0.92, 0.98)), over[:, RAIN, None] * batch.number("rain") * open_air * 0.55)
    return blend(image, torch.ones_like(image), over[:, FLAKES, None] * batch.number("snow") * open_air)


def vignette(batch: Batch, grid: Grid, image: Tensor) -> Tensor:
    radius = ((grid.x - SIZE / 2) ** 2 + (grid.y - SIZE / 2) ** 2) / (SIZE / 2) ** 2
    return image * (1 - batch.number("vignette") * 0.5 * radius)
