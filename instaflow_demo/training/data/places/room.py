"""What rooms share: walls with a window that shows the weather, a floor, and colours that go together."""

from dataclasses import dataclass

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..furniture import BRASS, planks, tiles
from ..nature import crown

FRAME = "#fffaf0"


@dataclass(frozen=True)
class Palette:
    """Colours of a room, and the word for its walls."""

    word: str
    wall: str
    low: str
    floor: str
    accent: str
    second: str


PALETTES = (
    Palette("yellow", "#f8e4b4", "#efc878", "#bd8557", "#d9705f", "#4f8a8b"),
    Palette("blue", "#cfe2f2", "#9cc0e0", "#c49a74", "#f0a05a", "#4f74ad"),
    Palette("green", "#d3e8cf", "#9fcdaa", "#c69a6c", "#e58f6c", "#3f8272"),
    Palette("pink", "#f8d9d6", "#efb3b4", "#b98a6c", "#c95f78", "#7a8fb8"),
    Palette("white", "#f4efe6", "#dcd6cc", "#b98a5f", "#5f9a8f", "#e0a04f"),
    Palette("purple", "#e4d6ee", "#c4aadb", "#ad8468", "#8a68b8", "#efb35b"),
)


@dataclass(frozen=True)
class Window:
    """A window's opening, arched or not. Pixels."""

    x: float
    y: float
    width: float
    height: float
    arched: bool = False

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def sill(self) -> float:
        return self.y + self.height

    def outline(self) -> str:
        if not self.arched:
            return f"M{self.x:.1f} {self.y:.1f}h{self.width:.1f}v{self.height:.1f}h{-self.width:.1f}Z"
        half = self.width / 2
        rise = self.height - half
        return f"M{self.x:.1f} {self.sill:.1f}v{-rise:.1f}a{half:.1f} {half:.1f} 0 0 1 {self.width:.1f} 0v{rise:.1f}Z"


def palette(brush: Brush) -> Palette:
    """The palette of this drawing, moved a little."""
    chosen = PALETTES[brush.number % len(PALETTES)]
    tones = (brush.tone(colour, hue=3, saturation=0.03, lightness=0.015) for colour in _paints(chosen))
    return Palette(chosen.word, *tones)


def _paints(chosen: Palette) -> tuple[str, ...]:
    return chosen.wall, chosen.low, chosen.floor, chosen.accent, chosen.second


def walls(brush: Brush, colours: Palette, floor: float, window: Window, wainscot: float = 0, tile: float = 0) -> None:
    """Walls, floor and window. `wainscot` is the height of the lower wall, `tile` the size of its tiles."""
    _view(brush, window)
    hole = window.outline()
    with brush.at(0.3):
        brush.path(
            f"M0 0H{SIZE}V{floor:.1f}H0Z{hole}",
            brush.gradient(lit(colours.wall, 0.25), colours.wall, dim(colours.wall, 0.07)),
        )
        if wainscot:
            _wainscot(brush, colours, floor, wainscot, tile, hole if window.sill > floor - wainscot else "")
        brush.rectangle(0, floor - 5, SIZE, 6, brush.gradient(lit(colours.wall, 0.75), dim(colours.wall, 0.1)))
    with brush.at(0.15):
        (tiles if tile else planks)(brush, floor, mix("#efe7da", colours.low, 0.34) if tile else colours.floor)
        brush.rectangle(0, floor, SIZE, 10, brush.gradient("#1d2452", "#1d2452", opacity=(0.26, 0)))
    with brush.at(0.28):
        _window(brush, window)
    _sunbeam(brush, window)


def _view(brush: Brush, window: Window) -> None:
    """Hills and trees outside, below the sky that shows through the pane."""
    left, right, line = window.x - 3, window.x + window.width + 3, window.sill - window.height * 0.26
    with brush.at(0.9, level=0.9):
        hill = (
            f"M{left:.1f} {window.sill + 3:.1f}V{line:.1f}"
            f"Q{window.middle:.1f} {line - 11:.1f} {right:.1f} {line + 3:.1f}V{window.sill + 3:.1f}Z"
        )
        brush.path(hill, brush.gradient("#a9d39a", "#7fb87a"))
        for share in (0.2, 0.78):
            crown(brush, window.x + window.width * share, line - 1, 6.5, "#5fa668")


def _wainscot(brush: Brush, colours: Palette, floor: float, height: float, tile: float, hole: str) -> None:
    top = floor - height
    brush.path(f"M0 {top:.1f}H{SIZE}V{floor:.1f}H0Z{hole}", brush.gradient(colours.low, dim(colours.low, 0.12)))
    if tile:
        for _ in range(18):
            x, y = int(brush.between(0, SIZE / tile)) * tile, floor - int(brush.between(1, height / tile + 1)) * tile
            if not hole or y > top:
                brush.rectangle(
                    x + 0.5,
                    y + 0.5,
                    tile - 1,
                    tile - 1,
                    brush.rng.choice((lit(colours.low, 0.35), dim(colours.low, 0.1))),
                    1,
                    0.55,
                )
        for number in range(int(SIZE / tile) + 1):
            brush.line((number * tile, top), (number * tile, floor), lit(colours.low, 0.6), 1, 0.8)
        for number in range(int(height / tile) + 1):
            brush.line((0, floor - number * tile), (SIZE, floor - number * tile), lit(colours.low, 0.6), 1, 0.8)
    else:
        for number in range(1, 16):
            brush.line((number * 17, top + 3), (number * 17, floor - 5), dim(colours.low, 0.16), 1, 0.6)
    brush.rectangle(0, top - 3, SIZE, 4.5, brush.gradient(lit(colours.wall, 0.8), dim(colours.wall, 0.1)), 1)


def _window(brush: Brush, window: Window) -> None:
    brush.path(window.outline(), stroke="#cfc4b8", width=8)
    brush.path(window.outline(), stroke=FRAME, width=5.5)
    brush.line((window.middle, window.y + 1), (window.middle, window.sill), FRAME, 2.8)
    cross = window.y + window.height * 0.46
    brush.line((window.x, cross), (window.x + window.width, cross), FRAME, 2.8)
    shine = [(0.12, 0.94), (0.5, 0.2), (0.68, 0.2), (0.3, 0.94)]
    brush.polygon([(window.x + window.width * a, window.y + window.height * b) for a, b in shine], "#ffffff", 0.14)
    brush.rectangle(window.x - 7, window.sill, window.width + 14, 5.5, brush.gradient("#ffffff", "#cfc6bc"), 1.5)
    brush.rectangle(window.x - 5, window.sill + 5.5, window.width + 10, 3, "#1d2452", 0, 0.12)


def _sunbeam(brush: Brush, window: Window) -> None:
    side = 1 if window.middle < SIZE / 2 else -1
    left, right, top = window.x, window.x + window.width, window.y + window.height * 0.2
    brush.beam([(left, top), (right, top), (right + side * 62 + 12, 250), (left + side * 62 - 12, 250)], 0.8)


def curtains(brush: Brush, window: Window, colour: str) -> None:
    """Curtains at both sides, on a rod."""
    left, right, top, height = window.x - 14, window.x + window.width + 14, window.y - 8, window.height
    with brush.at(0.24):
        for start, side in ((left, 1), (right, -1)):
            fall = f"M{start:.1f} {top:.1f}h{side * 23}q{-side * 2} {height * 0.5:.1f} {-side * 10} {height * 0.74:.1f}"
            brush.path(
                f"{fall}q{side * 3} {height * 0.2:.1f} {side} {height * 0.46:.1f}h{-side * 14}Z",
                brush.gradient(lit(colour, 0.3), colour, dim(colour, 0.18), angle=0),
            )
            for fold in (6, 13):
                brush.path(
                    f"M{start + side * fold:.1f} {top + 1:.1f}"
                    f"q{-side} {height * 0.5:.1f} {-side * fold * 0.35:.1f} {height * 0.8:.1f}",
                    opacity=0.35,
                    stroke=dim(colour, 0.35),
                    width=1.4,
                )
        brush.rectangle(left - 3, top - 3, right - left + 6, 3.4, "#8a6a52", 1.6)
        for x in (left - 3, right + 3):
            brush.ellipse(x, top - 1.4, 3, 3, BRASS)
