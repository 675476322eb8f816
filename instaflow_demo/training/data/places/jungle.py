"""A jungle: a waterfall between big leaves, lianas and palms."""

import math

from ..brush import MARGIN, SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import crown, grass, palm, rock
from ..setting import Setting, Strip


def draw_jungle(brush: Brush) -> Setting:
    """A wall of green with a waterfall, framed by leaves in front."""
    green = brush.tone(brush.by_number("#4f9f4a", "#2f8a6a", "#8fb43f", "#2f7a4a", "#6fb86a", "#4a8a2f"))
    horizon = brush.by_number(144, 134, 150, 140, 128, 146) + brush.between(-3, 3)
    _depths(brush, horizon, green)
    _waterfall(brush, brush.by_number(128, 96, 156, 112, 166, 88) + brush.between(-6, 6), horizon)
    with brush.at(0.3, level=0.9):
        brush.ridge(horizon + 26, 5, brush.gradient(mix(green, "#cfe07a", 0.4), mix(green, "#2f6b3f", 0.25)))
    with brush.at(0.12, level=0.9):
        brush.ridge(horizon + 50, 5, brush.gradient(mix(green, "#c4d86a", 0.28), dim(mix(green, "#2f6b3f", 0.4), 0.1)))
    for side in (-1, 1):
        palm(brush, 128 + side * brush.between(92, 104), horizon + 54, brush.between(120, 136), -side * 0.08, green)
    _lianas(brush, green)
    for x, y, turn in (
        (-4, 214, -42),
        (-2, 250, -24),
        (260, 212, 222),
        (258, 252, 204),
        (18, 262, -70),
        (238, 262, 250),
    ):
        _big_leaf(brush, x, y, math.radians(turn), brush.between(54, 66), mix(green, "#2f7a4a", brush.between(0, 0.5)))
    grass(brush, dim(green, 0.05), 18, horizon + 60, 250)
    return Setting(horizon, Strip(horizon + 54, 236, 0.68, 1.0), sky=(74, 116), left=56, right=200)


def _depths(brush: Brush, horizon: float, green: str) -> None:
    with brush.at(1.0):
        top, light = mix(green, "#e0f2b8", 0.45), mix(green, "#f6fbd0", 0.78)
        brush.rectangle(0, 0, SIZE, SIZE, brush.gradient(top, light, mix(green, "#d6ecb0", 0.5)))
    for depth, fade, size in ((0.85, 0.5, 22), (0.65, 0.26, 26)):
        leaf = mix(mix(green, "#2f7a4a", 0.4), "#e4f4c0", fade)
        with brush.at(depth):
            for number in range(10):
                x = number * 29 + brush.between(-8, 8)
                if abs(x - 128) > 26 + 22 * (1 - depth):
                    crown(brush, x, horizon - 64 * depth + abs(x - 128) * -0.2, size + brush.between(-3, 5), leaf)
                    crown(brush, x, horizon - 12, size, leaf)
            brush.ridge(horizon + 20 * (1 - depth), 4, brush.gradient(lit(leaf, 0.2), leaf))
    brush.beam([(70, 0), (180, 0), (214, 226), (36, 226)], 0.5)


def _waterfall(brush: Brush, x: float, horizon: float) -> None:
    top, foot = horizon - 92, horizon + 16
    with brush.at(0.7):
        for side in (-1, 1):
            rock(brush, x + side * 26, foot + 4, 44, "#84907f")
            brush.path(
                f"M{x + side * 14:.1f} {top:.1f}q{side * 20} 6 {side * 26} 40l{side * 4} 72h{-side * 30}Z",
                brush.gradient("#98a592", "#6f7d72"),
            )
        brush.rectangle(x - 17, top - 2, 34, foot - top, brush.gradient("#d8f4fa", "#8fd2e8", "#f2fcff"), 6)
        for offset in (-11, -4, 3, 10):
            brush.line((x + offset, top + 6), (x + offset + brush.between(-1, 1), foot - 8), "#ffffff", 2.2, 0.65)
    with brush.at(0.5, wet=0.4):
        brush.ellipse(x, foot + 10, 66, 14, brush.gradient("#a5e0ee", "#4fa8c4"))
    with brush.at(0.5):
        for _ in range(9):
            brush.ellipse(
                x + brush.between(-24, 24), foot + brush.between(-4, 5), brush.between(5, 10), 5, "#ffffff", 0.55
            )


def _lianas(brush: Brush, green: str) -> None:
    for x in (-8, 26, 62, 196, 232, 264):
        crown(brush, x + brush.between(-6, 6), brush.between(-12, 2), brush.between(26, 34), mix(green, "#2a6b42", 0.5))
    for x, length in ((52, 74), (84, 46), (176, 52), (206, 80)):
        swing = brush.between(-12, 12)
        end = x + swing * 0.3, length
        vine = f"M{x} {-MARGIN}Q{x + swing:.1f} {length * 0.6:.1f} {end[0]:.1f} {length}"
        brush.path(vine, stroke=mix(green, "#2f5a34", 0.5), width=2.4)
        for share in (0.35, 0.6, 0.85):
            for side in (-1, 1):
                leaf_x = x + swing * share * 0.6 + side * 4
                brush.ellipse(leaf_x, length * share, 4.4, 2.4, lit(mix(green, "#3f8a4a", 0.4), 0.1), turn=side * 28)


def _big_leaf(brush: Brush, x: float, y: float, turn: float, length: float, colour: str) -> None:
    """A broad leaf with ribs, near us."""
    tip = x + math.cos(turn) * length, y + math.sin(turn) * length
    out = -math.sin(turn) * length * 0.42, math.cos(turn) * length * 0.42
    middle = x + math.cos(turn) * length * 0.4, y + math.sin(turn) * length * 0.4
    sides = [(middle[0] + sign * out[0], middle[1] + sign * out[1]) for sign in (1, -1)]
    blade = f"M{x:.1f} {y:.1f}Q{sides[0][0]:.1f} {sides[0][1]:.1f} {tip[0]:.1f} {tip[1]:.1f}"
    fill = brush.gradient(lit(colour, 0.24), dim(colour, 0.24))
    brush.path(f"{blade}Q{sides[1][0]:.1f} {sides[1][1]:.1f} {x:.1f} {y:.1f}Z", fill)
    brush.line((x, y), tip, lit(colour, 0.5), 1.6, 0.8)
    for share in (0.3, 0.5, 0.7):
        start = x + (tip[0] - x) * share, y + (tip[1] - y) * share
        for sign in (1, -1):
            end = (
                start[0] + sign * out[0] * 0.4 + (tip[0] - x) * 0.12,
                start[1] + sign * out[1] * 0.4 + (tip[1] - y) * 0.12,
            )
            brush.line(start, end, lit(colour, 0.45), 1, 0.6)
