"""An office: a desk with a screen, shelves and a board with notes."""

from ..brush import Brush
from ..colour import dim, lit
from ..furniture import WOODS, books, plant, standing_lamp
from ..setting import Setting, Slot, Strip
from .room import Palette, Window, palette, walls


def draw_office(brush: Brush) -> Setting:
    """The desk stands at the right under a board, the window is at the left."""
    floor = brush.between(170, 176)
    colours = palette(brush)
    walls(brush, colours, floor, Window(22, 28, 66, 74))
    wood = brush.tone(WOODS[brush.number % len(WOODS)])
    with brush.at(0.24):
        _noticeboard(brush, 118, 28, 58, 42)
        _wall_shelf(brush, 188, 62, 56, wood)
        plant(brush, 78, floor + 6, 66, colours.accent)
    with brush.at(0.16):
        slot = _desk(brush, 178, floor + 34, wood, colours)
    return Setting(
        floor,
        Strip(floor + 46, 240, 0.82, 1.0),
        left=26,
        right=184,
        slots={"desk": slot},
        indoor=True,
        colour=colours.word,
    )


def _noticeboard(brush: Brush, x: float, y: float, width: float, height: float) -> None:
    brush.rectangle(x - 3, y - 2, width + 8, height + 7, "#1d2452", 2, 0.16)
    brush.rectangle(x - 4, y - 4, width + 8, height + 8, brush.gradient("#b98552", "#8a5f3c"), 2)
    brush.rectangle(x, y, width, height, brush.gradient("#e0b988", "#cfa26c"), 1)
    notes = ((6, 5, "#fff3b0"), (24, 8, "#ffc4c8"), (41, 5, "#c4e6f4"), (10, 23, "#d4f0c4"), (32, 25, "#fff7e6"))
    for left, top, colour in notes:
        brush.rectangle(x + left, y + top, 12, 13, brush.gradient(colour, dim(colour, 0.08)), 0.5)
        brush.ellipse(x + left + 6, y + top + 1, 1.5, 1.5, "#e2574c")


def _wall_shelf(brush: Brush, x: float, y: float, width: float, wood: str) -> None:
    books(brush, x + 4, y, width * 0.55, 22)
    plant(brush, x + width - 12, y, 22, "#fff6ea")
    brush.block(x, y, width, 4.5, wood)
    brush.rectangle(x, y + 4.5, width, 3, "#1d2452", 0, 0.12)


def _desk(brush: Brush, x: float, y: float, wood: str, colours: Palette) -> Slot:
    brush.shadow(x, y + 1, 80, 9, 0.3)
    for foot, width in ((x - 60, 10), (x + 41, 30)):
        brush.shadow(foot, y + 1, width, 3, 0.5)
    brush.rectangle(x - 64, y - 38, 8, 39, brush.gradient(lit(wood, 0.1), dim(wood, 0.3), angle=0), 2)
    brush.rectangle(x + 18, y - 40, 46, 41, brush.gradient(lit(wood, 0.1), dim(wood, 0.18)), 2)
    for up in (36, 22):
        brush.rectangle(x + 22, y - up, 38, 11, lit(wood, 0.25), 1.5, 0.85)
        brush.rectangle(x + 36, y - up + 4.5, 10, 2.2, "#e8c88a", 1)
    top = [(x - 60, y - 52), (x + 60, y - 52), (x + 70, y - 40), (x - 70, y - 40)]
    brush.polygon(top, brush.gradient(lit(wood, 0.22), lit(wood, 0.44)))
    brush.block(x - 70, y - 40, 140, 6, dim(wood, 0.08), 2)
    _screen(brush, x + 26, y - 46)
    standing_lamp(brush, x - 54, y - 46, 44, lit(colours.accent, 0.45))
    brush.block(x + 60, y - 56, 7, 10, colours.second, 1.5)
    return Slot(x - 18, y - 43, 50, 56)


def _screen(brush: Brush, x: float, y: float) -> None:
    brush.rectangle(x - 9, y - 5, 18, 4, "#aab2c2", 1.5)
    brush.rectangle(x - 2.5, y - 12, 5, 9, "#8f98a8")
    brush.rectangle(x - 26, y - 46, 52, 35, brush.gradient("#5a6072", "#3a4054"), 3)
    brush.rectangle(x - 23, y - 43, 46, 29, brush.gradient("#8fc8f0", "#5a8fd8", angle=60), 1)
    for row, width in ((37, 24), (31, 32), (25, 18)):
        brush.rectangle(x - 18, y - row, width, 2.4, "#ffffff", 1, 0.75)
    brush.lamp(x, y - 28, 34, 0.25)
