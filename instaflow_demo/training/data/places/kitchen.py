"""A kitchen: cooker, counter and shelves; with or without a table in front."""

from ..brush import Brush
from ..colour import dim, lit
from ..furniture import WOODS, cabinet, pendant, plant, rug, shelf
from ..setting import Setting, Slot, Strip
from .room import Palette, Window, palette, walls

STEEL = "#c4ccd8"


def draw_kitchen(brush: Brush) -> Setting:
    """Room in the middle to stand in."""
    floor, colours = _kitchen(brush)
    with brush.at(0.12):
        rug(brush, 128, 228, 78, 13, colours.accent)
    return Setting(floor, Strip(floor + 42, 240, 0.82, 1.0), left=46, right=210, indoor=True, colour=colours.word)


def draw_kitchen_table(brush: Brush) -> Setting:
    """A table in front, laid with a cloth."""
    floor, colours = _kitchen(brush)
    with brush.at(0.08):
        slot = _table(brush, 128, floor + 34, colours)
    return Setting(
        floor,
        Strip(floor + 64, 246, 0.86, 1.0),
        left=30,
        right=226,
        slots={"table": slot},
        indoor=True,
        colour=colours.word,
    )


def _kitchen(brush: Brush) -> tuple[float, Palette]:
    floor = brush.between(168, 174)
    colours = palette(brush)
    window = Window(97, brush.between(30, 36), 64, 54)
    walls(brush, colours, floor, window, wainscot=74, tile=brush.rng.choice((9, 11)))
    fronts = "#f6f0e4" if brush.number % 4 == 1 else colours.second
    with brush.at(0.22):
        plant(brush, window.x + 12, window.sill, 20, colours.accent)
        plant(brush, window.x + 52, window.sill, 16, "#fff6ea")
        for left in (16, 188):
            shelf(brush, left, 58, 52, (colours.accent, colours.second, "#fff1d6", "#f0c06a"))
        for left, width in ((84, 56), (140, 58), (198, 64)):
            cabinet(brush, left, floor + 8, width, 47, fronts, 2, "#f6ecdc")
        _cooker(brush, floor, colours.accent)
        _counter(brush, floor - 43, colours)
        for x in (76, 180):
            pendant(brush, x, 28, colours.accent)
    return floor, colours


def _cooker(brush: Brush, floor: float, pot: str) -> None:
    brush.rectangle(-4, floor - 42, 12, 50, brush.gradient(STEEL, "#a3adbd", angle=0))
    brush.shadow(42, floor + 8, 42, 5)
    brush.rectangle(10, floor - 40, 66, 48, brush.gradient("#f4f6f9", "#b3bccb", angle=65), 3)
    brush.rectangle(6, floor - 45, 74, 6.5, brush.gradient("#6a7084", "#474d60"), 2)
    brush.rectangle(18, floor - 24, 50, 26, brush.gradient("#565c70", "#2f3346"), 4)
    brush.rectangle(24, floor - 18, 38, 14, brush.gradient("#ffb86a", "#d96a4a"), 3, 0.75)
    brush.rectangle(20, floor - 27, 46, 2.4, "#8f99a8", 1)
    brush.lamp(43, floor - 11, 28, 0.5)
    for knob in range(4):
        brush.ellipse(22 + knob * 14, floor - 33, 2.8, 2.8, "#5a6072")
    _pot(brush, 29, floor - 45, 24, pot)
    brush.path(f"M50 {floor - 52:.1f}h20q0 7 -7 7h-6q-7 0 -7 -7Z", brush.gradient("#8a93a6", "#4a5062"))
    brush.line((70, floor - 51), (82, floor - 55), "#4a5062", 2.6)


def _pot(brush: Brush, x: float, y: float, width: float, colour: str) -> None:
    brush.rectangle(x - width / 2, y - 16, width, 16, brush.gradient(lit(colour, 0.36), dim(colour, 0.18), angle=0), 3)
    brush.rectangle(x - width / 2 - 3, y - 18.5, width + 6, 4, dim(colour, 0.14), 1.8)
    brush.ellipse(x, y - 20.5, 2.6, 2.2, dim(colour, 0.3))


def _counter(brush: Brush, top: float, colours: Palette) -> None:
    """The tap, a bowl of fruit and a board."""
    brush.path(f"M132 {top:.1f}v-16q0 -7 8 -7t8 7", stroke="#aeb8c8", width=3.2)
    brush.rectangle(118, top - 1, 36, 3, "#aeb8c8", 1.4)
    for number, colour in enumerate(("#e2574c", "#f0a04a", "#8fbf4f")):
        brush.ellipse(
            212 + number * 9, top - 11, 6, 6, brush.radial(lit(colour, 0.4), colour, centre=(0.35, 0.3), radius=0.8)
        )
    brush.path(f"M203 {top - 11:.1f}h37q-3 11 -18 11t-19 -11Z", brush.gradient("#fff6ea", "#d3bea2"))
    brush.rectangle(170, top - 22, 17, 22, brush.gradient("#d6a873", "#a9744a"), 3)
    brush.rectangle(176, top - 27, 5, 7, "#b98a5c", 2)
    brush.block(92, top - 13, 10, 13, colours.accent, 2)
    brush.block(104, top - 10, 8, 10, "#fff1d6", 2)


def _table(brush: Brush, x: float, y: float, colours: Palette) -> Slot:
    wood, half = brush.tone(WOODS[brush.number % 3]), 74.0
    brush.shadow(x, y + 48, half * 1.06, 9, 0.3)
    for leg in (x - half + 8, x + half - 15):
        brush.shadow(leg + 4, y + 48, 10, 3, 0.5)
        brush.rectangle(leg, y, 8, 48, brush.gradient(wood, dim(wood, 0.36), angle=0), 2)
    top = [(x - half + 16, y - 16), (x + half - 16, y - 16), (x + half + 6, y + 3), (x - half - 6, y + 3)]
    brush.polygon(top, brush.gradient(lit(wood, 0.16), lit(wood, 0.4)))
    brush.block(x - half - 6, y + 3, 2 * half + 12, 8, dim(wood, 0.12), 2)
    cloth = lit(colours.accent, 0.12) if brush.number % 2 else "#fffaf0"
    brush.polygon(
        [(x - 38, y - 16), (x + 38, y - 16), (x + 46, y + 3), (x - 46, y + 3)], brush.gradient(lit(cloth, 0.2), cloth)
    )
    points = "".join(f"l-11.5 {7 if number % 2 == 0 else -7}" for number in range(8))
    brush.path(f"M{x - 46:.1f} {y + 3:.1f}h92v9{points}Z", brush.gradient(dim(cloth, 0.06), dim(cloth, 0.16)))
    return Slot(x, y - 4, 60, 124)
