"""The layers of pictures in the making, and the small operations that all of them share."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .banks import Banks
from .brush import SIZE
from .picture import Batch

LUMINANCE = (0.30, 0.59, 0.11)


@dataclass
class Layers:
    """What is known of each pixel, (B, C, 256, 256), while things are put on the place.

    albedo (3) is premultiplied by cover; cover, depth, water, level, lamps and beams (1) come from the drawing;
    things (1) is how much of a pixel is things, rim (1) the light along their edges, emit (1) what shines itself.
    """

    albedo: Tensor
    cover: Tensor
    depth: Tensor
    water: Tensor
    level: Tensor
    lamps: Tensor
    beams: Tensor
    things: Tensor
    rim: Tensor
    emit: Tensor


@dataclass(frozen=True)
class Grid:
    """Coordinates of pixel centres: x (1, 1, 1, 256) and y (1, 1, 256, 1)."""

    x: Tensor
    y: Tensor

    @classmethod
    def on(cls, device: torch.device) -> "Grid":
        line = torch.arange(SIZE, device=device, dtype=torch.float32) + 0.5
        return cls(line.view(1, 1, 1, -1), line.view(1, 1, -1, 1))


def column(values: Tensor) -> Tensor:
    """(B,) as (B, 1, 1, 1)."""
    return values.view(-1, 1, 1, 1)


def blend(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """`first` where `share` is 0, `second` where it is 1."""
    return first + (second - first) * share


def screen(image: Tensor, light: Tensor) -> Tensor:
    """Light added on top, which never bleaches beyond white."""
    return image + (1 - image).clamp(min=0) * light


def tint(like: Tensor, colour: tuple[float, float, float]) -> Tensor:
    """A colour as (1, 3, 1, 1) on the device of `like`."""
    return torch.stack([torch.full_like(like[:1, :1, :1, :1], channel) for channel in colour], 1).view(1, 3, 1, 1)


def take(bank: Tensor, rows: Tensor, flip: Tensor) -> Tensor:
    """Rows of a bank of bytes as floats in [0, 1], mirrored where `flip` (B,) is 1."""
    taken = bank[rows]
    return torch.where(column(flip) > 0, taken.flip(-1), taken).float() / 255


def open_layers(batch: Batch, banks: Banks) -> Layers:
    """The places as drawn, before light, with nothing on them."""
    land = take(banks.land, batch.place, batch.flip)
    colour, (cover, depth, water, level, lamps, beams) = land[:, :3], land[:, 3:].split(1, 1)
    albedo = colour * batch.tint[:, :, None, None] * cover
    nothing = torch.zeros_like(cover)
    return Layers(albedo, cover, depth, water, level, lamps, beams, nothing, nothing, nothing)
