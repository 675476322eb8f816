"""A living room: a sofa, pictures, a lamp and a plant."""

from ..brush import Brush
from ..colour import dim, lit
from ..furniture import books, picture, plant, rug, standing_lamp
from ..setting import Setting, Slot, Strip
from .room import Palette, Window, curtains, palette, walls


def draw_living_room(brush: Brush) -> Setting:
    """The sofa stands against the wall, the window at one side of it."""
    floor = brush.between(172, 178)
    colours = palette(brush)
    side = 1 if brush.number % 2 else -1
    window = Window(24 if side < 0 else 176, brush.between(26, 32), 56, 70, arched=brush.number % 3 == 2)
    walls(brush, colours, floor, window, wainscot=40 if brush.number % 3 == 0 else 0)
    curtains(brush, window, lit(colours.second, 0.35))
    middle = 128 - side * 16
    with brush.at(0.24):
        for number in range(2):
            picture(brush, middle - 34 + number * 36, brush.between(46, 54), 28, 32 - 6 * number)
        _bookcase(brush, 128 - side * 102, floor + 6)
    _sofa(brush, middle, floor, colours)
    with brush.at(0.14):
        standing_lamp(brush, middle + side * 84, floor + 16, brush.between(100, 110))
        rug(brush, 128, 229, 84, 15, colours.second)
        plant(brush, 128 + side * 112, floor + 34, brush.between(58, 70), colours.accent)
    slot = Slot(middle, floor + 1, 64, 88)
    return Setting(
        floor,
        Strip(floor + 42, 240, 0.8, 1.0),
        left=40,
        right=216,
        slots={"sofa": slot},
        indoor=True,
        colour=colours.word,
    )


def _sofa(brush: Brush, x: float, floor: float, colours: Palette) -> None:
    width, colour, foot = 118.0, colours.accent, floor + 22
    left = x - width / 2
    with brush.at(0.18):
        brush.shadow(x, foot + 2, width * 0.6, 7, 0.5)
        for leg in (left + 10, left + width - 16):
            brush.rectangle(leg, foot - 6, 6, 9, "#6d4a3a", 1)
        brush.rectangle(
            left + 6, floor - 44, width - 12, 46, brush.gradient(lit(colour, 0.32), colour, dim(colour, 0.1)), 13
        )
        brush.line((x, floor - 40), (x, floor - 10), dim(colour, 0.35), 1.4, 0.5)
        for share, paint in ((-0.27, colours.second), (0.27, "#fff1d6")):
            cushion = x + share * width
            turn = f"rotate({brush.between(-14, 14):.0f} {cushion:.1f} {floor - 20:.1f})"
            brush.rectangle(
                cushion - 12, floor - 32, 24, 23, brush.gradient(lit(paint, 0.3), dim(paint, 0.12)), 7, turn=turn
            )
    with brush.at(0.14):
        brush.rectangle(left + 10, floor - 10, width - 20, 28, brush.gradient(lit(colour, 0.38), dim(colour, 0.14)), 8)
        brush.line((x, floor - 7), (x, floor + 15), dim(colour, 0.35), 1.4, 0.5)
        for arm in (left - 6, left + width - 17):
            brush.rectangle(arm, floor - 25, 23, 43, brush.gradient(lit(colour, 0.34), colour, dim(colour, 0.2)), 10)


def _bookcase(brush: Brush, x: float, y: float) -> None:
    wood = brush.tone("#a9744a", "#8d6246")
    brush.shadow(x, y, 26, 4)
    brush.block(x - 22, y - 112, 44, 112, wood, 2)
    for row in range(4):
        bottom = y - 6 - row * 27
        brush.rectangle(x - 19, bottom - 22, 38, 22, dim(wood, 0.42), 1)
        books(brush, x - 18, bottom, 36 if row % 2 else 26, 20)
