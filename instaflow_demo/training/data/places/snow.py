"""A winter landscape: snow, firs, and a hut with lit windows."""

from ..brush import SIZE, Brush
from ..colour import mix
from ..nature import peaks, pine
from ..setting import Setting, Strip

WHITE, BLUISH = "#ffffff", "#bccfe8"


def draw_snow(brush: Brush) -> Setting:
    """Mountains, a wood in the snow, a hut, and open snow in front."""
    horizon = brush.by_number(136, 124, 144, 130, 148, 120) + brush.between(-3, 3)
    with brush.at(0.95):
        peaks(
            brush,
            horizon + 22,
            brush.by_number(88, 60, 104, 76, 96, 54),
            brush.by_number("#8fa9cf", "#b4a8d0", "#6f94c4", "#a8bccc", "#7f8fc0", "#a4c4d4"),
            3,
        )
    with brush.at(0.7):
        line = brush.ridge(horizon + 5, 8, brush.gradient("#e3edf8", "#bfd2e9"))
        for number in range(14):
            x = (number + brush.between(0, 1)) * SIZE / 14
            pine(brush, x, line(x) + 4, brush.between(20, 36), mix("#3f7673", "#cfdcee", 0.25), 0.85)
    with brush.at(0.4):
        line = brush.ridge(horizon + 24, 7, brush.gradient("#f6faff", BLUISH))
        if brush.number % 4 != 3:
            x = brush.rng.choice((brush.between(52, 78), brush.between(178, 204)))
            _hut(brush, x, line(x) + 9)
    with brush.at(0.12, level=1):
        brush.ridge(horizon + 48, 6, brush.gradient(WHITE, "#e6eefa", BLUISH))
        for _ in range(7):
            x, y = brush.between(0, SIZE), brush.between(horizon + 66, 250)
            brush.ellipse(x, y, brush.between(16, 36), brush.between(2, 4), "#a9c0e2", 0.45)
    for side in (-1, 1):
        for step in range(1 + (side > 0)):
            x = 128 + side * brush.between(98 + 8 * step, 106 + 12 * step)
            pine(brush, x, horizon + 58 + 14 * step, brush.between(88, 116), brush.tone("#3a766c"), 0.97)
    return Setting(horizon, Strip(horizon + 54, 238, 0.66, 1.0), sky=(50, 102), left=42, right=214)


def _hut(brush: Brush, x: float, y: float) -> None:
    brush.shadow(x, y, 42, 6)
    brush.block(x - 24, y - 27, 48, 27, "#a9744a")
    for up in (7, 14, 21):
        brush.line((x - 24, y - up), (x + 24, y - up), "#7a4f33", 1, 0.5)
    brush.block(x + 9, y - 62, 9, 22, "#94705a")
    brush.rectangle(x + 7.5, y - 64, 12, 4, WHITE, 1.5)
    roof = (
        f"M{x - 33:.1f} {y - 24:.1f}Q{x - 10:.1f} {y - 42:.1f} {x:.1f} {y - 54:.1f}"
        f"Q{x + 10:.1f} {y - 42:.1f} {x + 33:.1f} {y - 24:.1f}"
        f"Q{x:.1f} {y - 28:.1f} {x - 33:.1f} {y - 24:.1f}Z"
    )
    brush.path(roof, brush.gradient(WHITE, "#cbdaf0"))
    brush.block(x - 4, y - 16, 9, 16, "#6d4632")
    for left in (-18, 10):
        brush.rectangle(x + left, y - 19, 9, 9, "#ffd98a", 1)
        brush.glowing(x + left, y - 19, 9, 9)
        brush.lamp(x + left + 4, y - 14, 26, 0.7)
