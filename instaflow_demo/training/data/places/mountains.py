"""High peaks behind a lake, with firs in front."""

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import flowers, grass, mountain, peaks, pine, rock, water
from ..setting import Setting, Strip


def draw_mountains(brush: Brush) -> Setting:
    """Two ranges, a line of firs, a lake in most drawings, and a meadow to stand on."""
    horizon = brush.by_number(142, 132, 150, 138, 128, 146) + brush.between(-3, 3)
    stone = brush.tone(brush.by_number("#7a90b8", "#a08fb4", "#5f8aa4", "#a89a94", "#6f78b0", "#8aa8b0"))
    green = brush.tone(brush.by_number("#6da86a", "#a4bc5a", "#4f9478", "#86ad5a", "#5fa88a", "#c0b45f"))
    with brush.at(0.98):
        peaks(brush, horizon + 24, 92, mix(stone, "#cfdcea", 0.45), 4)
    with brush.at(0.75):
        for x, size in ((196, 0.82), (brush.between(84, 108), 1.0)):
            mountain(brush, x, horizon + 24, 116 * size, 88 * size, stone)
    with brush.at(0.5, level=0.7):
        line = brush.ridge(horizon + 10, 6, brush.gradient(mix(green, "#a9c9b8", 0.3), green))
        for number in range(18):
            x = (number + brush.between(0, 1)) * SIZE / 18
            pine(brush, x, line(x) + 6, brush.between(18, 32), mix(green, "#2f6a5c", 0.6))
    lake = brush.number % 4 != 3
    if lake:
        with brush.at(0.4):
            water(brush, horizon + 19, horizon + 62, brush.tone("#5fa6cf"), 14, 0.55)
    with brush.at(0.12, level=1):
        brush.ridge(horizon + (52 if lake else 30), 5, brush.gradient(lit(green, 0.24), green, dim(green, 0.18)))
    _frame(brush, horizon)
    grass(brush, green, 22, horizon + 60, 252)
    flowers(brush, 12, horizon + 62, 252)
    floating = Strip(horizon + 32, horizon + 44, 0.45, 0.55) if lake else None
    return Setting(horizon, Strip(horizon + 56, 238, 0.66, 1.0), water=floating, sky=(48, 98), left=42, right=214)


def _frame(brush: Brush, horizon: float) -> None:
    for side in (-1, 1):
        for step in range(2 if side > 0 else 1):
            x = 128 + side * brush.between(96 + step * 10, 108 + step * 12)
            pine(brush, x, horizon + 58 + step * 12, brush.between(86, 112), brush.tone("#3f7f66"))
        rock(brush, 128 + side * brush.between(70, 100), horizon + brush.between(70, 84), brush.between(14, 22))
