"""Dunes and table mountains, with cacti."""

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import rock
from ..setting import Setting, Strip


def draw_desert(brush: Brush) -> Setting:
    """Red rocks far away, dunes in waves, cacti at the sides."""
    horizon = brush.by_number(136, 120, 146, 128, 140, 116) + brush.between(-3, 3)
    sand = brush.tone(brush.by_number("#f0c486", "#f7e2b4", "#dd8f5e", "#e8c8a8", "#f2b45c", "#c98a6a"), hue=3)
    _mesas(brush, horizon)
    for depth, down, fade in ((0.7, 2, 0.3), (0.4, 24, 0.1), (0.12, 50, 0.0)):
        _dune(brush, horizon + down, depth, mix(sand, "#f9e8cc", fade))
    for side in (-1, 1):
        x, y = 128 + side * brush.between(90, 108), horizon + brush.between(62, 78)
        _cactus(brush, x, y, brush.between(66, 92) if side == (-1) ** brush.number else brush.between(40, 52))
        rock(brush, x - side * brush.between(14, 24), y + brush.between(10, 22), brush.between(11, 18), "#b98a68")
    for _ in range(18):
        y = brush.between(horizon + 62, 252)
        brush.path(f"M{brush.between(0, SIZE):.1f} {y:.1f}q10 -3 20 0", opacity=0.35, stroke=dim(sand, 0.28), width=1.2)
    return Setting(horizon, Strip(horizon + 54, 238, 0.66, 1.0), sky=(50, 104), left=42, right=214)


def _mesas(brush: Brush, horizon: float) -> None:
    stone = mix("#c46f52", "#f0d3c0", 0.3)
    with brush.at(0.92):
        for middle, half, height in ((24, 44, 44), (206, 52, 58), (124, 30, 30)):
            x = middle + brush.between(-14, 14)
            top, shoulder = horizon - height, horizon - height * 0.45
            outline = [
                (x - half, horizon + 26), (x - half * 0.66, shoulder), (x - half * 0.5, top),
                (x + half * 0.46, top), (x + half * 0.62, shoulder), (x + half, horizon + 26),
            ]  # fmt: skip
            brush.polygon(outline, brush.gradient(lit(stone, 0.3), stone, dim(stone, 0.12), angle=20))
            for up in (0.78, 0.6):
                y = horizon - height * up
                brush.line((x - half * 0.52, y), (x + half * 0.5, y), dim(stone, 0.28), 1.6, 0.4)


def _dune(brush: Brush, y: float, depth: float, sand: str) -> None:
    with brush.at(depth, level=0.9):
        line = brush.ridge(y, 7 + depth * 8, brush.gradient(lit(sand, 0.35), sand, dim(sand, 0.14)), 1)
        start = brush.between(10, 130)
        crest = [(start + step, line(start + step)) for step in range(0, 109, 6)]
        end = (
            f"L{crest[-1][0]:.1f} {crest[-1][1]:.1f}"
            f"Q{start + 84:.1f} {line(start + 84) + 5:.1f} {start + 62:.1f} {line(start + 62) + 20:.1f}"
        )
        shadow = (
            "M"
            + "L".join(f"{x:.1f} {y:.1f}" for x, y in crest)
            + f"{end}Q{start + 40:.1f} {line(start + 40) + 6:.1f} {crest[0][0]:.1f} {crest[0][1]:.1f}Z"
        )
        brush.path(shadow, brush.gradient(dim(sand, 0.26), dim(sand, 0.06)), 0.7)


def _cactus(brush: Brush, x: float, y: float, height: float) -> None:
    green = brush.tone("#4f9f66", "#5fa562")
    width = height * 0.2
    brush.shadow(x, y, height * 0.28, 5)
    for share, side in ((0.62, -1), (0.46, 1)):
        start = y - height * share + height * 0.12
        arm = (
            f"M{x:.1f} {start:.1f}h{side * height * 0.2:.1f}"
            f"q{side * height * 0.08:.1f} 0 {side * height * 0.08:.1f} {-height * 0.08:.1f}"
            f"v{-height * 0.18:.1f}"
        )
        brush.path(arm, stroke=dim(green, 0.12), width=width * 0.72)
        brush.path(arm, opacity=0.5, stroke=lit(green, 0.3), width=width * 0.18, turn="translate(-2 -1)")
    brush.rectangle(
        x - width / 2,
        y - height,
        width,
        height,
        brush.gradient(lit(green, 0.3), green, dim(green, 0.3), angle=0),
        width / 2,
    )
    for share in (-0.2, 0.12):
        brush.line((x + share * width, y - height + 8), (x + share * width, y - 4), dim(green, 0.4), 1.1, 0.4)
    for across in (-0.25, 0.15):
        brush.ellipse(x + across * width, y - height + 1, height * 0.045, height * 0.04, "#ff7fa8")
