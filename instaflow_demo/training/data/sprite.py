"""One thing as a small picture with transparent ground, ready for the bank that scenes are composed from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from ...errors import DemoError, Sentence
from ...grammar.things import Thing, things
from .drawings import drawings
from .icons import Icons, raster
from .tints import tint

SIZE = 192  # side of a sprite in pixels
AIR = 1  # pixels around it; it stands on the last row


class Key(NamedTuple):
    """Which picture of a thing: in its own colour and standing, unless said otherwise."""

    name: str
    colour: str = ""
    pose: str = ""
    drawing: int = 0


@dataclass(frozen=True)
class Sprite:
    """A picture of a thing that stands on the lower edge of a square and is centred in it.

    `pixels` is uint8 (4, SIZE, SIZE), RGB multiplied by alpha; `width` and `height` are shares of the square's side.
    """

    pixels: np.ndarray
    width: float
    height: float


def thing_sprite(
    name: str,
    colour: str = "",
    pose: str = "",
    drawing: int = 0,
    *,
    icons: Icons,
    held_out: bool = False,
    size: int = SIZE,
) -> Sprite:
    """A thing, facing left or to the front; `held_out` gives the drawings that only the judge knows."""
    thing = things()[name]
    source = sources(thing, pose, held_out=held_out)[drawing]
    picture = _trimmed(_render(source, icons, size * 2))
    if colour and colour != thing.own:
        picture = tint(picture, colour, thing.own)
    if thing.faces == "right" and source.startswith("fluent:"):
        picture = picture[:, ::-1]
    return _standing(picture, size)


def sources(thing: Thing, pose: str = "", *, held_out: bool = False) -> tuple[str, ...]:
    """Where the drawings of a thing come from: "own:function" or "set:icon"."""
    if not pose:
        return thing.judge if held_out else thing.drawings
    if pose not in thing.poses:
        raise DemoError(
            "No drawing of “{name}” is {pose}: its poses are {poses}.",
            name=thing.name,
            pose=pose,
            poses=", ".join(thing.poses) or Sentence("none"),
        )
    return () if held_out else (f"own:{pose} {thing.name}",)


def keys(*, held_out: bool = False) -> list[Key]:
    """Every sprite that training has, or the judge besides: each drawing in each colour, and each pose."""
    return list(_keys(held_out))


def every_key() -> list[Key]:
    """The sprites of training, and then those of the judge as further drawings of the same things."""
    return keys() + [key._replace(drawing=key.drawing + _own_drawings(key)) for key in keys(held_out=True)]


def every_sprite(key: Key, icons: Icons) -> Sprite:
    """The sprite of one of `every_key`."""
    beyond = key.drawing - _own_drawings(key)
    if beyond < 0 or key.pose:
        return thing_sprite(*key, icons=icons)
    return thing_sprite(*key._replace(drawing=beyond), icons=icons, held_out=True)


def _own_drawings(key: Key) -> int:
    return len(sources(things()[key.name]))


def _keys(held_out: bool) -> Iterator[Key]:
    for thing in things().values():
        for pose in ("", *thing.poses):
            for drawing in range(len(sources(thing, pose, held_out=held_out))):
                for colour in ("", *thing.colours):
                    yield Key(thing.name, colour, pose, drawing)


def _render(source: str, icons: Icons, height: int) -> np.ndarray:
    style, _, name = source.partition(":")
    return raster(str(drawings()[name]()) if style == "own" else icons[source], height)


def _trimmed(picture: np.ndarray) -> np.ndarray:
    """Cut off what is transparent around the thing."""
    seen = picture[..., 3] > 24
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _standing(picture: np.ndarray, size: int) -> Sprite:
    """Scale the picture to the square; colours are multiplied by alpha first, so that edges don't go dark."""
    scale = (size - 2 * AIR) / max(picture.shape[:2])
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    pixels = picture.astype(np.float32)
    pixels[..., :3] *= pixels[..., 3:] / 255
    channels = [Image.fromarray(pixels[..., c]).resize((width, height), Image.Resampling.LANCZOS) for c in range(4)]
    square = np.zeros((4, size, size), np.uint8)
    left, top = (size - width) // 2, size - height
    alpha = np.asarray(channels[3]).clip(0, 255)
    for channel, scaled in enumerate(channels):
        square[channel, top:, left : left + width] = np.minimum(np.asarray(scaled).clip(0, 255), alpha).round()
    return Sprite(square, width / size, height / size)
