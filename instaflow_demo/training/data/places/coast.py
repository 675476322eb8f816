"""Where water is: a beach, and the open sea."""

import math

from ..brush import MARGIN, SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import palm, rock, water
from ..setting import Setting, Strip

RIGHT = SIZE + MARGIN


def draw_beach(brush: Brush) -> Setting:
    """Sand in front, surf, the sea behind; a palm at one side."""
    horizon = brush.by_number(100, 124, 108, 130, 94, 116) + brush.between(-3, 3)
    sand = brush.tone(brush.by_number("#f5dba0", "#fbf0da", "#e6b988", "#f6d6c0", "#f0c67c", "#fdf3d4"), hue=3)
    sea = brush.tone(brush.by_number("#2f9fd6", "#52d0d6", "#2a62c4", "#3fb8a8", "#3f7fdc", "#2f97b4"), hue=4)
    side = brush.rng.choice((-1, 1))
    _headland(brush, horizon, -side)
    with brush.at(0.55):
        water(brush, horizon, horizon + 64, sea, 22, 0.5)
    shore = _surf(brush, horizon + 40, sand)
    _sand_marks(brush, shore + 28, sand)
    _shells(brush, horizon + 84)
    x = 128 + side * brush.between(98, 110)
    palm(brush, x + side * 4, horizon + 60, brush.between(78, 88), side * 0.16, brush.tone("#3f9b62"))
    palm(
        brush,
        x,
        horizon + brush.between(70, 80),
        brush.between(122, 140),
        -side * brush.between(0.06, 0.14),
        brush.tone("#44a563"),
    )
    ground = Strip(horizon + 66, 238, 0.72, 1.02)
    return Setting(
        horizon, ground, water=Strip(horizon + 10, horizon + 30, 0.5, 0.68), sky=(50, 96), left=46, right=210
    )


def _headland(brush: Brush, horizon: float, side: int) -> None:
    with brush.at(0.9):
        start, end = 128 + side * 14, 128 + side * 142
        hill = (
            f"M{start} {horizon + 1:.0f}"
            f"Q{128 + side * 70} {horizon - brush.between(20, 32):.0f} {end} {horizon - brush.between(14, 28):.0f}"
            f"V{horizon + 1:.0f}Z"
        )
        brush.path(hill, brush.gradient("#7fb09c", "#a9cdbd"))


def _surf(brush: Brush, y: float, sand: str) -> float:
    """Foam, wet sand and dry sand, as one curve moved down; returns its y."""
    sway = brush.between(-7, 7)

    def shore(down: float) -> str:
        top = y + down
        return (
            f"M{-MARGIN} {top + sway:.1f}C60 {top - 11:.1f} 90 {top + 15:.1f} 150 {top + 4:.1f}"
            f"S230 {top - 8 - sway:.1f} {RIGHT} {top + 4:.1f}V{RIGHT}H{-MARGIN}Z"
        )

    with brush.at(0.35):
        brush.path(shore(-9), "#ffffff", 0.35)
        brush.path(shore(-3), "#ffffff", 0.95)
    with brush.at(0.25, wet=0.35, level=0.5):
        brush.path(shore(3), brush.gradient(mix(sand, "#a98463", 0.42), mix(sand, "#b08a62", 0.2)))
    with brush.at(0.15, level=0.9):
        brush.path(shore(17), brush.gradient(lit(sand, 0.3), sand, dim(sand, 0.12)))
    return y + 17


def _sand_marks(brush: Brush, top: float, sand: str) -> None:
    for _ in range(18):
        y = brush.between(top, 250)
        brush.path(
            f"M{brush.between(0, SIZE):.1f} {y:.1f}q9 -3 18 0", opacity=0.4, stroke=mix(sand, "#b8894f", 0.6), width=1.2
        )


def _shells(brush: Brush, top: float) -> None:
    for x in (brush.between(14, 56), brush.between(200, 242)):
        y, size = brush.between(top, 242), brush.between(5, 7)
        points = []
        for corner in range(10):
            radius, turn = size * (1 if corner % 2 else 0.42), corner * math.tau / 10
            points.append((x + math.cos(turn) * radius, y + math.sin(turn) * radius * 0.7))
        brush.shadow(x, y + 2, size, size * 0.5)
        brush.polygon(points, brush.gradient("#ffb08a", "#e8745a"))


def draw_sea(brush: Brush) -> Setting:
    """Open water with long waves; an island with a lighthouse far away."""
    horizon = brush.by_number(98, 126, 110, 134, 90, 118) + brush.between(-3, 3)
    sea = brush.tone(brush.by_number("#2f7fcc", "#3fc0c6", "#1f3f9c", "#2f9a86", "#4f9fe4", "#3a5f86"), hue=4)
    if brush.number % 6 != 3:
        _island(brush, horizon, brush.rng.choice((-1, 1)))
    with brush.at(0.6):
        water(brush, horizon, RIGHT, sea, 34, 0.55)
    for depth, down, size in ((0.5, 34, 5), (0.3, 66, 8), (0.1, 104, 11)):
        _wave(brush, horizon + down, size, sea, depth)
    return Setting(horizon, water=Strip(horizon + 34, 214, 0.55, 1.0), sky=(46, 92), left=24, right=232)


def _wave(brush: Brush, y: float, size: float, sea: str, depth: float) -> None:
    crests = "".join(f"q{size * 1.7:.1f} {-size:.1f} {size * 3.4:.1f} 0t{size * 3.4:.1f} 0" for _ in range(10))
    line = f"M{-MARGIN - brush.between(0, size * 5):.1f} {y:.1f}{crests}"
    with brush.at(depth, wet=0.42):
        brush.path(
            f"{line}V{RIGHT}H{-MARGIN - 60}Z",
            brush.gradient(mix(sea, "#bfeef0", 0.32), dim(sea, 0.1), dim(sea, 0.2)),
            0.4,
        )
    with brush.at(depth, wet=0.1):
        brush.path(line, opacity=0.6, stroke="#f4fcff", width=1.0 + size * 0.06)


def _island(brush: Brush, horizon: float, side: int) -> None:
    x = 128 + side * brush.between(74, 96)
    with brush.at(0.85):
        brush.path(
            f"M{x - 58:.0f} {horizon + 1:.0f}"
            f"Q{x - 26:.0f} {horizon - 30:.0f} {x:.0f} {horizon - 12:.0f}"
            f"T{x + 62:.0f} {horizon + 1:.0f}Z",
            brush.gradient("#6f9f88", "#a5c6b4"),
        )
        if brush.number % 2 == 0:
            _lighthouse(brush, x, horizon - 11)
        else:
            for step in range(4):
                rock(brush, x - 30 + step * 20, horizon + 2, 16, "#8f9aa0")


def _lighthouse(brush: Brush, x: float, y: float) -> None:
    brush.polygon(
        [(x - 5, y), (x - 3.2, y - 34), (x + 3.2, y - 34), (x + 5, y)], brush.gradient("#ffffff", "#cfd6e2", angle=0)
    )
    for up in (10, 24):
        brush.rectangle(x - 4.2, y - up - 4, 8.4, 6, "#e2574c")
    brush.rectangle(x - 5, y - 36, 10, 2.4, "#5a6072")
    brush.rectangle(x - 3, y - 42, 6, 6, "#ffe08a")
    brush.path(f"M{x - 5:.1f} {y - 42:.1f}h10l-5 -6Z", "#e2574c")
    brush.glowing(x - 3, y - 42, 6, 6, 1)
    brush.lamp(x, y - 39, 30)
