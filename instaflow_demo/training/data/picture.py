"""A picture in numbers: which drawings it takes, and what stands where; and many of them as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from .brush import SIZE
from .lights import LIGHTS, Light
from .setting import Setting

UNCUT = 4.0 * SIZE
NUMBERS = (
    "rim", "saturation", "haze", "fog", "lamps", "room_lamps", "beams", "shadow", "cast", "glitter", "clouds", "stars",
    "rain", "snow", "spot", "bloom", "vignette",
)  # fmt: skip
COLOURS = ("land", "things", "room", "room_things", "near", "rim_colour", "beam_colour")


@dataclass(frozen=True)
class Placed:
    """One thing in a picture. Lengths are pixels; y runs downwards."""

    sprite: int
    """Row of the bank of sprites."""
    x: float
    y: float
    """The middle of its foot."""
    side: float
    """The side of the sprite's square."""
    flip: bool = False
    cut: float | None = None
    """It is hidden below this y: a waterline, or the rim of a bathtub."""
    mirror: float = 0.0
    """Strength of its reflection below `cut`."""
    shadow: float = 1.0
    """Strength of its shadow on the ground."""
    emit: float = 0.0
    """1 for what gives light itself."""
    depth: float = 0.1
    """0 near, 1 far: how much haze lies before it."""
    wide: float = 1.0
    """Its width as a share of the square."""
    lift: float = 0.0
    """How far it floats above its shadow."""

    def row(self) -> list[float]:
        cut = UNCUT if self.cut is None else self.cut
        values = (self.sprite, self.x, self.y, self.side, -1 if self.flip else 1, cut, self.mirror, self.shadow)
        return [float(value) for value in (*values, self.emit, self.depth, self.wide, self.lift)]


COLUMNS = tuple(field.name for field in fields(Placed))


@dataclass(frozen=True)
class Picture:
    """One picture: rows of the banks, a light, and what is where, far things first."""

    place: int
    """Row of the bank of places."""
    setting: Setting
    """The setting of that drawing, flipped if the drawing is."""
    light: str
    things: tuple[Placed, ...] = ()
    flip: bool = False
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factor on the drawing's colours: the colour of a plain ground."""
    sky: int = 0
    """Which of the light's skies."""
    sun: float = 0.75
    """Where the sun or moon stands, as a share of the width."""
    overlay: int = 0
    """Row of the bank of overlays."""

    def disc(self) -> list[float]:
        """x, y, radius, halo and presence of the sun or moon."""
        disc = LIGHTS[self.light].disc
        if disc is None or self.setting.sealed:
            return [self.sun * SIZE, 30.0, 10.0, 0.0, 0.0]
        far = 0.6 if self.setting.indoor else 1.0  # seen through a window
        return [self.sun * SIZE, self.skyline * (1 - disc.height), disc.radius * far, disc.halo, 1.0]

    @property
    def skyline(self) -> float:
        """Where the sky ends: behind a window it ends higher than the floor of the room."""
        return self.setting.horizon * 0.62 if self.setting.indoor else max(60.0, self.setting.horizon)


@dataclass(frozen=True)
class Batch:
    """B pictures with up to N things each, as tensors.

    place, overlay: (B,) rows of the banks. flip, indoor, sealed: (B,) 0 or 1. tint: (B, 3). skyline: (B,).
    disc: (B, 5) x, y, radius, halo, presence. skies: (B, 5, 3) colours from zenith to horizon, then of clouds.
    discs: (B, 2, 3) colours of disc and halo. numbers: (B, len(NUMBERS)) and colours: (B, len(COLOURS), 3) of the
    light. things: (B, N, len(COLUMNS)); a row with side 0 is empty.
    """

    place: Tensor
    overlay: Tensor
    flip: Tensor
    indoor: Tensor
    sealed: Tensor
    tint: Tensor
    skyline: Tensor
    disc: Tensor
    skies: Tensor
    discs: Tensor
    numbers: Tensor
    colours: Tensor
    things: Tensor

    def __len__(self) -> int:
        return len(self.place)

    def __getitem__(self, rows: slice | Tensor) -> "Batch":
        return Batch(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def number(self, name: str) -> Tensor:
        """A number of each picture's light, (B, 1, 1, 1)."""
        return self.numbers[:, NUMBERS.index(name), None, None, None]

    def colour(self, name: str) -> Tensor:
        """A colour of each picture's light, (B, 3, 1, 1)."""
        return self.colours[:, COLOURS.index(name), :, None, None]

    def sky(self, row: int) -> Tensor:
        """A colour of the sky, (B, 3, 1, 1): 0 zenith, 1 middle, 2 horizon, 3 sunlit cloud, 4 shaded cloud."""
        return self.skies[:, row, :, None, None]

    def to(self, device: torch.device | str) -> "Batch":
        return Batch(**{field.name: getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)})


def stack(pictures: Sequence[Picture]) -> Batch:
    """The pictures as tensors on the CPU."""
    lights = [LIGHTS[picture.light] for picture in pictures]
    settings = [picture.setting for picture in pictures]
    return Batch(
        place=torch.tensor([picture.place for picture in pictures]),
        overlay=torch.tensor([picture.overlay for picture in pictures]),
        flip=torch.tensor([float(picture.flip) for picture in pictures]),
        indoor=torch.tensor([float(setting.indoor) for setting in settings]),
        sealed=torch.tensor([float(setting.sealed) for setting in settings]),
        tint=torch.tensor([picture.tint for picture in pictures]),
        skyline=torch.tensor([picture.skyline for picture in pictures]),
        disc=torch.tensor([picture.disc() for picture in pictures]),
        skies=torch.tensor([light.skies[p.sky % len(light.skies)] for light, p in zip(lights, pictures, strict=True)]),
        discs=torch.tensor([_discs(light) for light in lights]),
        numbers=torch.tensor([[getattr(light, name) for name in NUMBERS] for light in lights]),
        colours=torch.tensor([[getattr(light, name) for name in COLOURS] for light in lights]),
        things=_things(pictures),
    )


def _discs(light: Light) -> list[tuple[float, float, float]]:
    white = (1.0, 1.0, 1.0)
    return [light.disc.colour, light.disc.halo_colour] if light.disc else [white, white]


def _things(pictures: Sequence[Picture]) -> Tensor:
    most = max((len(picture.things) for picture in pictures), default=0)
    empty = [0.0] * len(COLUMNS)
    rows = [[thing.row() for thing in p.things] + [empty] * (most - len(p.things)) for p in pictures]
    return torch.tensor(rows).reshape(len(pictures), most, len(COLUMNS))
