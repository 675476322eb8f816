"""A farm: fields, a red barn with its silo, a fence, and a yard to stand in."""

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import crown, flowers, grass
from ..setting import Setting, Strip
from .meadow import GREENS


def draw_farm(brush: Brush) -> Setting:
    """The barn stands at one side behind the fence."""
    green = brush.tone(GREENS[brush.number % len(GREENS)])
    horizon = brush.by_number(128, 118, 136, 124, 132, 114) + brush.between(-2, 2)
    side = brush.rng.choice((-1, 1))
    _fields(brush, horizon, green)
    with brush.at(0.35):
        _barn(brush, 128 + side * brush.between(54, 66), horizon + 38, brush.between(0.98, 1.15), side)
    with brush.at(0.15):
        _fence(brush, horizon + 36)
        _hay(brush, 128 - side * brush.between(92, 106), horizon + brush.between(62, 72))
    grass(brush, green, 24, horizon + 62, 252)
    flowers(brush, 9, horizon + 64, 252)
    return Setting(horizon, Strip(horizon + 62, 238, 0.7, 1.0), sky=(46, 92), left=36, right=220)


def _fields(brush: Brush, horizon: float, green: str) -> None:
    with brush.at(0.9):
        brush.ridge(horizon - 4, 10, brush.gradient("#9cc3d2", "#c4dcd0"))
    with brush.at(0.65, level=0.9):
        wheat = mix(green, "#f2d98a", 0.62)
        line = brush.ridge(horizon + 8, 7, brush.gradient(lit(wheat, 0.25), wheat))
        for number in range(9):
            furrow = (
                f"M{number * 34 - 20} {horizon + 32:.0f}"
                f"Q{number * 28 + 10} {horizon + 16:.0f} {number * 22 + 46} {horizon + 5:.0f}"
            )
            brush.path(furrow, opacity=0.35, stroke=dim(wheat, 0.25), width=1.6)
        for number in range(7):
            x = number * 42 + brush.between(-12, 12)
            crown(brush, x, line(x), brush.between(5, 9), mix(green, "#4f9a6f", 0.6))
    with brush.at(0.2, level=1):
        brush.ridge(horizon + 32, 4, brush.gradient(lit(green, 0.2), green, dim(green, 0.16)))


def _barn(brush: Brush, x: float, y: float, scale: float, side: int) -> None:
    red = brush.tone("#cf4f44", hue=3)
    brush.shadow(x, y, 64 * scale, 8)
    _silo(brush, x + side * 46 * scale, y, scale)
    house = [(-36, 0), (-36, -42), (-26, -60), (0, -74), (26, -60), (36, -42), (36, 0)]
    brush.polygon(
        [(x + a * scale, y + b * scale) for a, b in house], brush.gradient(lit(red, 0.14), dim(red, 0.2), angle=60)
    )
    for across in range(-28, 36, 9):
        brush.line((x + across * scale, y - 40 * scale), (x + across * scale, y - 1), dim(red, 0.3), 0.9, 0.45)
    roof = "M" + "L".join(
        f"{x + a * scale:.1f} {y + b * scale:.1f}" for a, b in ((-40, -40), (-28, -62), (0, -77), (28, -62), (40, -40))
    )
    brush.path(roof, stroke="#7a4a48", width=5.5 * scale)
    brush.path(roof, opacity=0.5, stroke="#b98a80", width=1.6 * scale, turn="translate(-0.6 -1.4)")
    brush.rectangle(x - 15 * scale, y - 32 * scale, 30 * scale, 32 * scale, dim(red, 0.34))
    corners = f"M{x - 15 * scale:.1f} {y - 32 * scale:.1f}h{30 * scale:.1f}v{32 * scale:.1f}h{-30 * scale:.1f}Z"
    brush.path(
        f"{corners}l{30 * scale:.1f} {32 * scale:.1f}m0 {-32 * scale:.1f}l{-30 * scale:.1f} {32 * scale:.1f}",
        stroke="#fff3e6",
        width=2.4 * scale,
    )
    brush.rectangle(x - 7 * scale, y - 58 * scale, 14 * scale, 13 * scale, "#fff3e6", 1)
    brush.rectangle(x - 5 * scale, y - 56 * scale, 10 * scale, 9 * scale, "#ffd98a")
    brush.glowing(x - 5 * scale, y - 56 * scale, 10 * scale, 9 * scale)
    brush.lamp(x, y - 51 * scale, 28, 0.7)


def _silo(brush: Brush, x: float, y: float, scale: float) -> None:
    half = 11 * scale
    brush.rectangle(
        x - half, y - 84 * scale, 2 * half, 84 * scale, brush.gradient("#f4f6f9", "#d3d9e2", "#a3adbc", angle=0)
    )
    for up in range(14, 80, 14):
        brush.line((x - half, y - up * scale), (x + half, y - up * scale), "#8f99a8", 1, 0.5)
    brush.path(
        f"M{x - half:.1f} {y - 84 * scale:.1f}a{half:.1f} {half:.1f} 0 0 1 {2 * half:.1f} 0Z",
        brush.gradient("#e07a68", "#a9483f", angle=20),
    )


def _fence(brush: Brush, y: float) -> None:
    for down in (4, 13):
        brush.rectangle(-4, y + down, SIZE + 8, 4, brush.gradient("#fffaf2", "#e0d2bc"), 1)
    for number in range(-1, 10):
        brush.rectangle(
            number * 30 + brush.between(-1, 1), y, 4.6, 23, brush.gradient("#fffaf2", "#d6c6ae", angle=0), 1.5
        )


def _hay(brush: Brush, x: float, y: float) -> None:
    brush.shadow(x, y, 24, 4)
    brush.rectangle(x - 19, y - 24, 38, 24, brush.gradient("#f6d98a", "#e0b45c", "#b98a3f"), 5)
    for down in (6, 12, 18):
        brush.line((x - 16, y - 24 + down), (x + 16, y - 24 + down), "#a97a34", 1, 0.45)
    for across in (-8, 8):
        brush.line((x + across, y - 24), (x + across, y), "#8f6a3a", 1.4, 0.6)
