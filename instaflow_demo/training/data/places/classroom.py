"""A classroom: a blackboard, desks and a globe."""

from ..brush import Brush
from ..colour import dim, lit
from ..furniture import WOODS, books, pendant, picture, plant
from ..setting import Setting, Slot, Strip
from .room import Palette, Window, palette, walls


def draw_classroom(brush: Brush) -> Setting:
    """The blackboard hangs in the middle, the teacher's desk stands at one side."""
    floor = brush.between(168, 174)
    colours = palette(brush)
    walls(brush, colours, floor, Window(14, 34, 46, 70), wainscot=46)
    with brush.at(0.26):
        _blackboard(brush, 78, 34, 132, 78)
        for number in range(2):
            picture(brush, 220, 44 + number * 36, 24, 28)
        _clock(brush, 232, 24)
        for x in (70, 186):
            pendant(brush, x, 22, colours.accent)
    wood = brush.tone(WOODS[brush.number % len(WOODS)])
    with brush.at(0.16):
        plant(brush, 30, floor + 12, 52, colours.accent)
        slot = _desk(brush, 190, floor + 36, wood, colours)
    return Setting(
        floor,
        Strip(floor + 46, 240, 0.82, 1.0),
        left=26,
        right=184,
        slots={"desk": slot},
        indoor=True,
        colour=colours.word,
    )


def _blackboard(brush: Brush, x: float, y: float, width: float, height: float) -> None:
    brush.rectangle(x - 4, y - 1, width + 10, height + 8, "#1d2452", 3, 0.16)
    brush.rectangle(x - 5, y - 5, width + 10, height + 10, brush.gradient("#d0a068", "#9a6c40"), 3)
    brush.rectangle(x, y, width, height, brush.gradient("#3f7a5c", "#2f5f48", angle=60), 1)
    chalk = "#f2f6ee"
    for middle, shape in ((24, "l14 24h-28Z"), (66, "m-12 1h24v23h-24Z"), (108, "a12 12 0 1 0 .1 0Z")):
        brush.path(f"M{x + middle} {y + 11}{shape}", opacity=0.9, stroke=chalk, width=2.4)  # may be mirrored
    for row, length in ((48, 82), (58, 64)):
        brush.line((x + 14, y + row), (x + 14 + length, y + row), chalk, 1.8, 0.55)
    brush.block(x + 8, y + height + 2, width - 16, 4, "#b98552")
    brush.rectangle(x + 26, y + height - 1, 10, 3, chalk, 1)
    brush.rectangle(x + 44, y + height - 2, 14, 5, "#7a8fb8", 1)


def _clock(brush: Brush, x: float, y: float) -> None:
    brush.ellipse(x, y, 10, 10, brush.gradient("#5a6072", "#3f4558"))
    brush.ellipse(x, y, 8, 8, "#fffaf0")
    brush.path(f"M{x} {y - 5}v5l4 2.500", stroke="#3f4558", width=1.6)


def _desk(brush: Brush, x: float, y: float, wood: str, colours: Palette) -> Slot:
    brush.shadow(x, y + 1, 66, 9, 0.3)
    for leg in (x - 46, x + 38):
        brush.shadow(leg + 4, y + 1, 10, 3, 0.5)
        brush.rectangle(leg, y - 40, 8, 41, brush.gradient(lit(wood, 0.1), dim(wood, 0.3), angle=0), 2)
    brush.rectangle(x - 40, y - 40, 80, 24, brush.gradient(wood, dim(wood, 0.2)), 2)
    for left in (x - 36, x + 2):
        brush.rectangle(left, y - 35, 34, 14, lit(wood, 0.22), 2, 0.8)
        brush.ellipse(left + 17, y - 28, 2, 2, "#e8c88a")
    top = [(x - 46, y - 54), (x + 46, y - 54), (x + 56, y - 42), (x - 56, y - 42)]
    brush.polygon(top, brush.gradient(lit(wood, 0.2), lit(wood, 0.42)))
    brush.block(x - 56, y - 42, 112, 6, dim(wood, 0.08), 2)
    books(brush, x + 26, y - 50, 18, 20)
    brush.ellipse(x - 40, y - 54, 5, 5, brush.radial("#ff9a8a", colours.accent, centre=(0.35, 0.3), radius=0.8))
    return Slot(x - 6, y - 46, 52, 72)
