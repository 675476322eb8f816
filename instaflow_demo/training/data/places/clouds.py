"""High in the sky: a sea of clouds to float over or stand on."""

from ..brush import MARGIN, SIZE, Brush
from ..setting import Setting, Strip

FLOOR = 186.0


def draw_clouds(brush: Brush) -> Setting:
    """Rows of clouds that grow towards us."""
    for depth, y, size, shade in ((0.85, FLOOR - 12, 13, "#dbe6f4"), (0.6, FLOOR + 4, 19, "#e6eef8")):
        _row(brush, depth, y, size, shade)
    _row(brush, 0.35, FLOOR + 26, 26, "#f0f5fc")
    _row(brush, 0.12, FLOOR + 62, 34, "#fafcff")
    return Setting(
        FLOOR - 8, Strip(208, 238, 0.85, 1.0), swim=Strip(108, 172, 0.85, 1.0), sky=(64, 168), left=30, right=226
    )


def _row(brush: Brush, depth: float, y: float, size: float, shade: str) -> None:
    with brush.at(depth, level=0.1):
        brush.rectangle(-MARGIN, y, SIZE + 2 * MARGIN, SIZE - y + MARGIN, brush.gradient(shade, "#c6d6ec"))
        count = int(SIZE / size / 1.15) + 2
        fill = brush.radial("#ffffff", shade, "#bccfe8", centre=(0.4, 0.2), radius=0.95)
        for number in range(count):
            x = (number - 0.5) * size * 1.15 + brush.between(-4, 4)
            radius = size * brush.between(0.75, 1.15)
            brush.ellipse(x, y + brush.between(-2, 5), radius, radius * 0.72, fill)
        for number in range(count):  # hides the lower halves
            x = number * size * 1.15 + brush.between(-4, 4)
            brush.ellipse(x, y + size * 0.8, size * 1.1, size * 0.62, brush.soft(shade, 0.9))
