"""What a drawing of a place says of itself: where things can stand, lie, float and fly, in pixels of 256 x 256."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .brush import SIZE, Brush


@dataclass(frozen=True)
class Strip:
    """A band of ground seen in perspective: y of a foot and the scale of a thing, from far to near."""

    far: float
    near: float
    far_scale: float = 0.7
    near_scale: float = 1.0

    def at(self, depth: float) -> tuple[float, float]:
        """(y, scale) for a depth from 0, far, to 1, near."""
        y = self.far + (self.near - self.far) * depth
        return y, self.far_scale + (self.near_scale - self.far_scale) * depth


@dataclass(frozen=True)
class Slot:
    """A named spot on a piece of furniture; with `cut`, what is put there is hidden below that line."""

    x: float
    y: float
    side: float
    width: float
    cut: float | None = None

    @property
    def within(self) -> bool:
        """Whether things are in it rather than on it."""
        return self.cut is not None


@dataclass(frozen=True)
class Setting:
    """Where things can be in one drawing; `colour` is the word that tells it from other drawings of the place."""

    horizon: float
    ground: Strip | None = None
    water: Strip | None = None
    swim: Strip | None = None
    sky: tuple[float, float] | None = None
    left: float = 34.0
    right: float = 222.0
    slots: dict[str, Slot] = field(default_factory=dict)
    indoor: bool = False
    sealed: bool = False
    colour: str = ""

    def flip(self) -> "Setting":
        """The setting of the mirrored drawing."""
        slots = {name: replace(slot, x=SIZE - slot.x) for name, slot in self.slots.items()}
        return replace(self, left=SIZE - self.right, right=SIZE - self.left, slots=slots)


@dataclass(frozen=True)
class Place:
    """How a place is drawn, and the lights that make sense there."""

    draw: Callable[[Brush], Setting]
    lights: tuple[str, ...]
    indoor: bool = False
    sealed: bool = False
