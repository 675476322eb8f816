"""A country road: fields and hills behind a guard rail."""

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import crown, grass, tree
from ..setting import Setting, Strip
from .meadow import GREENS


def draw_road(brush: Brush) -> Setting:
    """The road runs across the picture, as cars are seen from the side."""
    green = brush.tone(GREENS[brush.number % len(GREENS)])
    horizon = brush.by_number(124, 112, 132, 118, 136, 108) + brush.between(-2, 2)
    with brush.at(0.92):
        brush.ridge(horizon - 10, 14, brush.gradient("#8fb4d2", "#c4dcdf"))
    with brush.at(0.7, level=0.9):
        line = brush.ridge(horizon + 6, 8, brush.gradient(mix(green, "#f0e2a0", 0.45), mix(green, "#cfdc8a", 0.25)))
        for number in range(8):
            x = number * 36 + brush.between(-12, 12)
            crown(brush, x, line(x), brush.between(6, 11), mix(green, "#4f9a6f", 0.5))
    with brush.at(0.4, level=1):
        brush.ridge(horizon + 26, 4, brush.gradient(lit(green, 0.24), green))
    side = 1 if brush.number % 2 else -1
    with brush.at(0.3):
        tree(brush, 128 + side * 100, 176, brush.between(84, 98), brush.tone("#4fa055", hue=12))
        tree(brush, 128 + side * 62, 168, 44, brush.tone("#5aa860", hue=12))
        _sign(brush, 128 - side * 98, 178)
    _roadway(brush)
    with brush.at(0.1, level=1):
        brush.rectangle(-2, 244, SIZE + 4, 16, brush.gradient(green, dim(green, 0.15)))
    grass(brush, green, 14, 246, 256)
    return Setting(horizon, Strip(202, 238, 0.84, 1.0), sky=(46, 92), left=24, right=232)


def _roadway(brush: Brush) -> None:
    with brush.at(0.25):
        for number in range(-1, 9):
            brush.rectangle(number * 32 + 6, 168, 4, 16, brush.gradient("#c4cad4", "#8f98a8", angle=0), 1)
        brush.rectangle(-4, 166, SIZE + 8, 7, brush.gradient("#f0f3f7", "#b3bccb"), 2)
    with brush.at(0.12, level=0.9):
        brush.rectangle(-2, 182, SIZE + 4, 64, brush.gradient("#7d8396", "#62687d"))
        for y in (186, 240):
            brush.rectangle(-2, y, SIZE + 4, 2.4, "#f4efe0", 0, 0.85)
        offset = brush.between(-20, 20)
        for number in range(-1, 7):
            x = number * 52 + offset
            brush.polygon([(x, 210), (x + 28, 210), (x + 26, 214), (x - 3, 214)], "#f6d77a", 0.95)


def _sign(brush: Brush, x: float, y: float) -> None:
    brush.shadow(x, y, 8, 2)
    brush.rectangle(x - 1.6, y - 44, 3.2, 44, "#8f98a8", 1)
    brush.path(f"M{x:.1f} {y - 68:.1f}l15 15l-15 15l-15 -15Z", brush.gradient("#ffdf6a", "#eeb63a"))
    brush.path(f"M{x:.1f} {y - 65:.1f}l12 12l-12 12l-12 -12Z", stroke="#4a4048", width=1.4)
    brush.path(f"M{x - 4:.1f} {y - 48:.1f}v-6q0 -3 4 -3h3m-3 -3l3.5 3l-3.5 3", stroke="#4a4048", width=2)
