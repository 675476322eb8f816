"""One thing after the other is put on the place: shadow, reflection, the thing itself, and the light along its edge."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .banks import ATLAS, SPRITE, Banks
from .canvas import Grid, Layers, blend, column, tint
from .picture import COLUMNS, Batch

SHADOW = (0.92, 0.86, 0.62)  # how much of each colour a full shadow takes: what is left is bluish
SHARP, HALF = 104.0, 52.0  # sides in pixels from which the full and the half copy of a sprite are used
MOST_SHEAR = 0.9
DAMP = 0.3  # wet ground up to this mirrors the sky alone


class Thing:
    """The things in one place of the list, one of each picture: rows of `COLUMNS` and their textures."""

    def __init__(self, rows: Tensor, banks: Banks, grid: Grid):
        self._rows = rows
        self.grid = grid
        self.there = (self["side"] > 0).float()
        self.side = self["side"].clamp(min=1)
        self.wide = self["wide"].clamp(min=0.05)  # empty rows must not divide by zero
        self.texture = banks.atlas[rows[:, 0].long()].float() / 255
        self.level = (self.side < SHARP).float() + (self.side < HALF).float()
        self.across = (grid.x - self["x"]) / self.side * self["flip"]
        self.up = (self["y"] - grid.y) / self.side
        self.uncut = ((self["cut"] - grid.y) * 0.8 + 0.5).clamp(0, 1)

    def __getitem__(self, name: str) -> Tensor:
        return column(self._rows[:, COLUMNS.index(name)])

    def pixels(self, across: Tensor, up: Tensor, channels: slice, level: Tensor | None = None) -> Tensor:
        """The sprite (B, C, 256, 256) with its point `across` from the middle and `up` from the foot at each pixel."""
        level = self.level if level is None else level
        size = SPRITE / 2**level
        u, v = across + 0.5, 1 - up
        inside = _within(u, size) * _within(v, size)
        x = (u * size).clamp(min=0.5).minimum(size - 0.5) + (level > 0).float() * SPRITE
        y = (v * size).clamp(min=0.5).minimum(size - 0.5) + (level > 1).float() * (SPRITE // 2)
        grid = torch.stack(torch.broadcast_tensors(x * 2 / ATLAS - 1, y * 2 / SPRITE - 1), -1)[:, 0]
        taken = F.grid_sample(self.texture[:, channels], grid, mode="bilinear", align_corners=False)
        return taken * inside * self.there


def _within(share: Tensor, size: Tensor) -> Tensor:
    """1 inside the sprite's square, falling to 0 over about one of its pixels."""
    return ((share * size + 0.5).clamp(0, 1)) * (((1 - share) * size + 0.5).clamp(0, 1))


def put_thing(layers: Layers, thing: Thing, batch: Batch) -> None:
    """Lay a thing over the layers."""
    _shade_ground(layers, thing, batch)
    _mirror_in_water(layers, thing)
    pixels = thing.pixels(thing.across, thing.up, slice(0, 4)) * thing.uncut
    alpha = pixels[:, 3:]
    layers.albedo = layers.albedo * (1 - alpha) + pixels[:, :3]
    layers.cover = layers.cover + (1 - layers.cover) * alpha
    layers.depth = blend(layers.depth, thing["depth"], alpha)
    layers.water, layers.level = layers.water * (1 - alpha), layers.level * (1 - alpha)
    layers.rim = layers.rim * (1 - alpha) + _rim(thing, alpha, batch)
    layers.emit = blend(layers.emit, thing["emit"], alpha)
    layers.things = layers.things + (1 - layers.things) * alpha
    _foam(layers, thing)
    _shine(layers, thing)


def _shade_ground(layers: Layers, thing: Thing, batch: Batch) -> None:
    shade = torch.maximum(_contact(thing), _cast(thing, batch)) * thing["shadow"] * batch.number("shadow") * 1.5
    shade = shade.clamp(0, 0.85) * (1 - layers.emit)
    layers.albedo = layers.albedo * (1 - shade * tint(shade, SHADOW))
    layers.rim = layers.rim * (1 - shade)


def _contact(thing: Thing) -> Tensor:
    """The dark where a thing touches the ground."""
    across = (thing.across / (thing.wide * 0.47)) ** 2
    up = ((thing.up + thing["lift"] / thing.side - 0.012) / 0.075) ** 2
    return torch.exp(-(across**1.5) * 1.1 - up) * 0.68 * thing.there


def _cast(thing: Thing, batch: Batch) -> Tensor:
    """The thing's outline laid on the ground, away from sun or moon; it fades with the distance."""
    length = (batch.number("cast") * (1 - column(batch.indoor)) * (1 - column(batch.sealed) * 0.5)).clamp(min=0.02)
    shear = ((thing["x"] - column(batch.disc[:, 0])) / 150).clamp(-MOST_SHEAR, MOST_SHEAR)
    down = -(thing.up + (thing["lift"] / thing.side))
    across = thing.across - down * shear * thing["flip"]
    outline = thing.pixels(across, down / length, slice(3, 4), torch.full_like(thing.level, 2))
    return (
        outline * 0.52 * (1 - (down / length).clamp(0, 1) * 0.8) * (down > -0.01).float() * (thing["lift"] < 1).float()
    )


def _mirror_in_water(layers: Layers, thing: Thing) -> None:
    below = thing.grid.y - thing["cut"]
    ripple = torch.sin(below * 0.8 + thing.grid.x * 0.05) * (0.6 + below.clamp(0, 40) * 0.04) / thing.side
    up = (thing["y"] - 2 * thing["cut"] + thing.grid.y) / thing.side
    fade = (1 - below / thing.side).clamp(0, 1) * (below > 0).float() * thing["mirror"] * 0.45
    wet = ((layers.water - DAMP) * 6).clamp(0, 1)  # the shore mirrors nothing
    image = thing.pixels(thing.across + ripple, up, slice(0, 4)) * fade * wet
    layers.albedo = layers.albedo * (1 - image[:, 3:]) + image[:, :3]
    layers.water = layers.water * (1 - image[:, 3:])


def _rim(thing: Thing, alpha: Tensor, batch: Batch) -> Tensor:
    """Light along edges that face sun or moon: inside the thing, but not inside its copy moved away from the light."""
    width = (1.2 + thing.side * 0.014) / thing.side
    x, y = column(batch.disc[:, 0]) - thing["x"], thing["y"] - thing.side * 0.5 - column(batch.disc[:, 1]).clamp(max=60)
    far = (x**2 + y**2).sqrt().clamp(min=1)
    moved = thing.pixels(
        thing.across + width * x / far * thing["flip"],
        thing.up + width * y / far,
        slice(3, 4),
        (thing.level + 1).clamp(max=2),
    )
    return alpha * (1 - moved).clamp(0, 1) * (1 - thing["emit"])


def _foam(layers: Layers, thing: Thing) -> None:
    """A line of foam where a thing floats."""
    line = torch.exp(-(((thing.grid.y - thing["cut"]) / 1.8) ** 2)) * torch.exp(
        -((thing.across / (thing.wide * 0.54)) ** 4)
    )
    foam = line * thing["mirror"] * 0.7 * thing.there * ((layers.water - DAMP) * 6 + layers.things).clamp(0, 1)
    layers.albedo = blend(layers.albedo, tint(foam, (0.95, 0.98, 1.0)), foam)
    layers.water = layers.water * (1 - foam)


def _shine(layers: Layers, thing: Thing) -> None:
    """A thing that gives light lights what is around it."""
    away = (thing.across**2 + (thing.up - 0.5) ** 2) * thing.side**2
    glow = torch.exp(-away / (thing.side * 0.95) ** 2) * thing["emit"] * thing.there
    layers.lamps = torch.maximum(layers.lamps, glow)
