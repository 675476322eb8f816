"""A lake among woods, with a jetty and reeds."""

from ..brush import MARGIN, SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import crown, flowers, grass, pine, water
from ..setting import Setting, Strip


def draw_lake(brush: Brush) -> Setting:
    """Hills and woods on the far shore, water in the middle, grass in front."""
    horizon = brush.by_number(110, 98, 118, 104, 122, 94) + brush.between(-2, 2)
    green = brush.tone(brush.by_number("#6fae62", "#a8bc54", "#4f9a7a", "#8ab86a", "#c4ae58", "#5fa85f"))
    _far_shore(brush, horizon, green)
    with brush.at(0.5):
        water(
            brush,
            horizon + 8,
            214,
            brush.tone(brush.by_number("#4a9fd0", "#3f7fb4", "#5fc0c4", "#3f68b8", "#6fb0e0", "#3f9a94"), hue=4),
            26,
            0.62,
        )
    side = 1 if brush.number % 2 else -1
    with brush.at(0.15, level=1):
        brush.ridge(200, 5, brush.gradient(lit(green, 0.26), green, dim(green, 0.16)))
    _jetty(brush, 128 + side * 62, side)
    for x in (128 - side * 112, 128 - side * 96, 128 + side * 116):
        _reeds(brush, x + brush.between(-6, 6), 206 + brush.between(0, 12))
    grass(brush, green, 18, 212, 252)
    flowers(brush, 10, 214, 252)
    left, right = (20, 168) if side > 0 else (88, 236)  # beside the jetty
    water_strip = Strip(horizon + 34, 188, 0.5, 0.9)
    return Setting(horizon, Strip(208, 240, 0.8, 0.96), water=water_strip, sky=(46, 88), left=left, right=right)


def _far_shore(brush: Brush, horizon: float, green: str) -> None:
    with brush.at(0.95):
        brush.ridge(horizon - 26, 16, brush.gradient("#8fb0cf", "#bcd3dc"))
    with brush.at(0.75, level=0.8):
        brush.ridge(horizon - 6, 7, brush.gradient(mix(green, "#c6e2d6", 0.4), mix(green, "#bfe0d0", 0.2)))
        for number in range(16):
            x, shade = number * 17 + brush.between(-7, 7), mix(green, "#3f8a68", brush.between(0.3, 0.6))
            if number % 3:
                pine(brush, x, horizon + 8, brush.between(20, 34), shade)
            else:
                crown(brush, x, horizon + 1, brush.between(8, 12), shade)
        brush.rectangle(-MARGIN, horizon + 5, SIZE + 2 * MARGIN, 4, mix(green, "#5a8a5a", 0.4))


def _jetty(brush: Brush, x: float, side: int) -> None:
    """Boards that lead from the shore into the water."""
    with brush.at(0.2):
        far, near = 166.0, 212.0
        for share in (0.12, 0.62):
            y = far + (near - far) * share
            for edge in (-1, 1):
                brush.block(x - side * 14 * (1 - share) + edge * (13 + 8 * share) - 2, y - 10, 5, 22, "#7a5a42")
        corners = [(x - side * 14 - 13, far), (x - side * 14 + 13, far), (x + 24, near), (x - 24, near)]
        brush.polygon(corners, brush.gradient("#b98a5f", "#d6a878"))
        for step in range(1, 7):
            share = step / 7
            middle, half = x - side * 14 * (1 - share), 13 + 11 * share
            y = far + (near - far) * share
            brush.line((middle - half, y), (middle + half, y), "#8a6242", 1.1, 0.6)


def _reeds(brush: Brush, x: float, y: float) -> None:
    with brush.at(0.12):
        for offset in (-10, -5, 0, 5, 10):
            height = brush.between(34, 54)
            tip = x + offset * 1.5
            stem = f"M{x + offset:.1f} {y:.1f}Q{x + offset:.1f} {y - height * 0.6:.1f} {tip:.1f} {y - height:.1f}"
            brush.path(stem, stroke=brush.tone("#5a9a54", "#78aa5a"), width=2.4)
            if offset in (-5, 5):
                brush.rectangle(tip - 2.4, y - height - 4, 4.8, 15, brush.gradient("#9a6a44", "#6d462e", angle=0), 2.4)
