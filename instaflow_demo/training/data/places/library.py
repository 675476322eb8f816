"""A library: shelves to the ceiling, a reading table with a lamp."""

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..furniture import WOODS, books, pendant, rug, standing_lamp
from ..setting import Setting, Slot, Strip
from .room import Window, palette, walls


def draw_library(brush: Brush) -> Setting:
    """A window between two walls of books."""
    floor = brush.between(170, 176)
    colours = palette(brush)
    walls(brush, colours, floor, Window(104, 26, 48, 84, arched=True), wainscot=40)
    wood = brush.tone(WOODS[brush.number % 2], "#8d6246", hue=3)
    with brush.at(0.22):
        for left in (-6, 170):
            _shelves(brush, left, floor + 6, 92, wood)
        _ladder(brush, 66, floor + 10, dim(wood, 0.1))
        pendant(brush, 128, 22, colours.accent)
    with brush.at(0.14):
        rug(brush, 128, 228, 86, 14, colours.accent)
        slot = _table(brush, 196, floor + 40, wood)
    return Setting(
        floor,
        Strip(floor + 48, 240, 0.82, 1.0),
        left=30,
        right=178,
        slots={"table": slot},
        indoor=True,
        colour=colours.word,
    )


def _shelves(brush: Brush, x: float, y: float, width: float, wood: str) -> None:
    brush.shadow(x + width / 2, y, width * 0.55, 5)
    brush.rectangle(x, 8, width, y - 8, brush.gradient(lit(wood, 0.16), dim(wood, 0.16), angle=0), 2)
    brush.block(x - 3, 4, width + 6, 7, wood, 2)
    rows = 5
    height = (y - 22) / rows
    for row in range(rows):
        bottom = 14 + (row + 1) * height
        brush.rectangle(x + 5, bottom - height + 4, width - 10, height - 5, dim(wood, 0.5), 1)
        books(brush, x + 7, bottom, width - 14 - 12 * ((row + brush.number) % 3), height - 9)
        brush.rectangle(x + 3, bottom - 1, width - 6, 3.4, brush.gradient(lit(wood, 0.3), dim(wood, 0.1)), 0.5)


def _ladder(brush: Brush, x: float, y: float, wood: str) -> None:
    for offset in (0, 18):
        brush.line((x + offset, y), (x + offset - 14, 24), wood, 3)
    for step in range(1, 9):
        share = step / 9
        start = x - 14 * share
        brush.line((start, y - (y - 24) * share), (start + 18, y - (y - 24) * share), lit(wood, 0.15), 2.4)


def _table(brush: Brush, x: float, y: float, wood: str) -> Slot:
    brush.shadow(x, y + 2, 66, 9, 0.3)
    for leg in (x - 44, x + 37):
        brush.shadow(leg + 3.5, y + 2, 10, 3, 0.5)
        brush.rectangle(leg, y - 36, 7, 38, brush.gradient(wood, dim(wood, 0.36), angle=0), 2)
    top = [(x - 42, y - 50), (x + 42, y - 50), (x + 56, y - 36), (x - 56, y - 36)]
    brush.polygon(top, brush.gradient(lit(wood, 0.2), lit(wood, 0.42)))
    brush.block(x - 56, y - 36, 112, 7, dim(wood, 0.1), 2)
    standing_lamp(brush, min(x + 38, SIZE - 16), y - 44, 40, mix("#4f9a72", "#ffe2a8", 0.4))
    _open_book(brush, x - 34, y - 42)
    return Slot(x + 2, y - 40, 50, 60)


def _open_book(brush: Brush, x: float, y: float) -> None:
    for side in (-1, 1):
        page = f"M{x:.1f} {y:.1f}q{side * 7} -6 {side * 15} -2l{side * 2} 5q{-side * 8} -3 {-side * 17} 2Z"
        brush.path(page, brush.gradient("#fffdf4", "#e2d8c4", angle=90 - side * 60))
