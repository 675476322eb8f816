"""A bedroom: the bed, a lamp beside it, pictures above."""

from ..brush import Brush
from ..colour import dim, lit
from ..furniture import WOODS, cabinet, picture, plant, rug, standing_lamp, string_lights
from ..setting import Setting, Slot, Strip
from .room import Palette, Window, curtains, palette, walls


def draw_bedroom(brush: Brush) -> Setting:
    """The bed stands at the right, the window is at the left."""
    floor = brush.between(170, 178)
    colours = palette(brush)
    window = Window(brush.between(28, 36), brush.between(28, 34), 58, 70, arched=brush.number % 3 == 1)
    walls(brush, colours, floor, window, wainscot=44 if brush.number % 2 else 0)
    curtains(brush, window, lit(colours.second, 0.3))
    middle, width = brush.between(168, 174), 120.0
    wood = brush.tone(WOODS[brush.number % len(WOODS)])
    with brush.at(0.24):
        for number in range(2 + brush.number % 2):
            picture(brush, middle - 36 + number * 27, brush.between(30, 36), 22, 27)
        if brush.number % 2 == 0:
            string_lights(brush)
    with brush.at(0.18):
        table = middle - width / 2 - 25
        cabinet(brush, table - 16, floor + 13, 32, 32, wood, 1, lit(wood, 0.3))
        standing_lamp(brush, table, floor - 22, 40)
    _bed(brush, middle, floor, width, wood, colours)
    with brush.at(0.12):
        rug(brush, brush.between(88, 100), 231, 62, 12, colours.second)
        plant(brush, 18, floor + 26, 58, colours.accent)
    slot = Slot(middle, floor + 14, 62, 90)
    return Setting(
        floor,
        Strip(floor + 46, 240, 0.8, 1.0),
        left=28,
        right=180,
        slots={"bed": slot},
        indoor=True,
        colour=colours.word,
    )


def _bed(brush: Brush, x: float, floor: float, width: float, wood: str, colours: Palette) -> None:
    with brush.at(0.22):
        _headboard(brush, x, floor, width, wood, colours.second)
    with brush.at(0.12):
        _blanket(brush, x, floor, width, colours.accent)
        brush.block(x - width / 2 - 12, floor + 35, width + 24, 9, dim(wood, 0.1), 3)


def _headboard(brush: Brush, x: float, floor: float, width: float, wood: str, cushion: str) -> None:
    """The board and the pillows before it."""
    left, head = x - width / 2, floor - 56
    brush.rectangle(
        left - 2,
        head,
        width + 4,
        floor - head + 10,
        brush.gradient(lit(wood, 0.26), wood, dim(wood, 0.22)),
        20 if brush.number % 2 else 7,
    )
    brush.rectangle(left + 7, head + 8, width - 14, 30, lit(wood, 0.35), 10, 0.4)
    for side in (-1, 1):
        pillow = x + side * width * 0.24
        brush.rectangle(pillow - 24, floor - 38, 48, 27, brush.gradient("#ffffff", "#d3d9e8"), 12)
        brush.rectangle(pillow - 14, floor - 29, 29, 20, brush.gradient(lit(cushion, 0.4), dim(cushion, 0.08)), 8)


def _blanket(brush: Brush, x: float, floor: float, width: float, colour: str) -> None:
    left, right, foot = x - width / 2, x + width / 2, floor + 38
    brush.shadow(x, foot + 2, width * 0.62, 8, 0.5)
    blanket = (
        f"M{left - 3:.1f} {floor - 12:.1f}Q{x:.1f} {floor - 20:.1f} {right + 3:.1f} {floor - 12:.1f}"
        f"L{right + 12:.1f} {foot:.1f}H{left - 12:.1f}Z"
    )
    brush.path(blanket, brush.gradient(lit(colour, 0.38), colour, dim(colour, 0.12)))
    fold = (
        f"M{left - 3:.1f} {floor - 12:.1f}Q{x:.1f} {floor - 20:.1f} {right + 3:.1f} {floor - 12:.1f}"
        f"L{right + 5:.1f} {floor + 3:.1f}Q{x:.1f} {floor - 5:.1f} {left - 5:.1f} {floor + 3:.1f}Z"
    )
    brush.path(fold, brush.gradient("#ffffff", "#e6e2ea"))
    _quilt(brush, x, floor, foot, width, colour)


def _quilt(brush: Brush, x: float, floor: float, foot: float, width: float, colour: str) -> None:
    left = x - width / 2
    for number in range(1, 5):
        start = left + number * width / 5
        brush.path(
            f"M{start:.1f} {floor + 3:.1f}"
            f"Q{start + (start - x) * 0.04:.1f} {floor + 18:.1f} {start + (start - x) * 0.1:.1f} {foot:.1f}",
            opacity=0.3,
            stroke=dim(colour, 0.4),
            width=1.5,
        )
    for share in (0.38, 0.72):
        y, out = floor + 3 + (foot - floor - 3) * share, 5 + 7 * share
        brush.path(
            f"M{left - out:.1f} {y:.1f}Q{x:.1f} {y - 8:.1f} {x + width / 2 + out:.1f} {y:.1f}",
            opacity=0.55,
            stroke=lit(colour, 0.7),
            width=2.4,
        )
