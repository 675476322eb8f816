"""A clearing among tall trees, with light that falls through."""

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import crown, grass, mushroom
from ..setting import Setting, Strip

MIST = "#f0f4c0"


def draw_forest(brush: Brush) -> Setting:
    """Rows of trunks fading into light; two dark trunks frame the clearing."""
    green = brush.tone(brush.by_number("#5f9f5a", "#2f8a74", "#9ab04a", "#3f7f4a", "#78b070", "#8a9a3a"))
    horizon = brush.by_number(140, 130, 148, 136, 126, 144) + brush.between(-3, 3)
    _light_behind(brush, horizon, green)
    for depth, count, width, fade in ((0.85, 9, 8, 0.6), (0.62, 6, 13, 0.34), (0.42, 4, 18, 0.12)):
        _row(brush, horizon, green, depth, count, width, fade)
    _shafts(brush, horizon)
    with brush.at(0.35, level=0.9):
        brush.ridge(horizon + 22, 5, brush.gradient(mix(green, "#e4eda0", 0.35), mix(green, "#3f6b45", 0.2)))
        for x in (14, 52, 96, 168, 206, 244):
            _bush(brush, x + brush.between(-12, 12), horizon + 24, brush.between(9, 16), mix(green, "#37744a", 0.45))
    with brush.at(0.1, level=0.9):
        brush.ridge(
            horizon + 48, 5, brush.gradient(mix(green, "#cfe08a", 0.32), dim(mix(green, "#3f6b45", 0.45), 0.12))
        )
    _frame(brush, horizon, green)
    grass(brush, dim(green, 0.08), 26, horizon + 58, 252)
    for x in (brush.between(16, 60), brush.between(196, 240)):
        mushroom(brush, x, brush.between(horizon + 76, 242), brush.between(13, 18))
        mushroom(brush, x + 13, brush.between(horizon + 84, 246), 9)
    return Setting(horizon, Strip(horizon + 52, 236, 0.66, 1.0), sky=(70, 116), left=44, right=212)


def _light_behind(brush: Brush, horizon: float, green: str) -> None:
    with brush.at(1.0):
        brush.rectangle(
            0,
            0,
            SIZE,
            SIZE,
            brush.gradient(mix(green, "#eef4b8", 0.5), mix(green, "#fbf9cf", 0.85), mix(green, "#e6f0b8", 0.55)),
        )
        brush.ellipse(128, horizon - 34, 104, 92, brush.soft("#fffce0", 0.95))
    x = brush.between(96, 130)
    brush.beam([(x, 0), (x + 54, 0), (x + 104, 226), (x - 24, 226)], 0.6)


def _shafts(brush: Brush, horizon: float) -> None:
    """Light that falls in stripes between the trees."""
    with brush.at(0.6):
        for start, width in ((70, 16), (112, 24), (160, 14)):
            x = start + brush.between(-10, 10)
            shaft = f"M{x:.0f} -4h{width}L{x + width * 2.2 + 26:.0f} {horizon + 30:.0f}H{x + 26 - width * 0.4:.0f}Z"
            brush.path(shaft, brush.gradient("#fffbd6", "#fffbd6", opacity=(0.42, 0.0)))


def _row(brush: Brush, horizon: float, green: str, depth: float, count: int, width: float, fade: float) -> None:
    bark, leaf = (mix(mix(base, green, share), MIST, fade) for base, share in (("#74563f", 0.22), ("#3f8a4c", 0.55)))
    foot = horizon - 4 + (1 - depth) * 34
    with brush.at(depth):
        for number in range(count):
            x = (number + brush.between(0.2, 0.8)) * SIZE / count
            if depth < 0.6 and 76 < x < 180:
                continue  # the clearing
            _trunk(brush, x, foot + 6, width, bark)
        for number in range(count + 4):
            crown(
                brush,
                (number + brush.between(-0.5, 0.5)) * SIZE / (count + 3),
                brush.between(-12, 10),
                brush.between(20, 32),
                leaf,
            )
        with brush.at(depth, level=0.9):
            brush.ridge(foot, 4, brush.gradient(lit(leaf, 0.25), leaf))


def _trunk(brush: Brush, x: float, foot: float, width: float, bark: str) -> None:
    half = width / 2
    outline = (
        f"M{x - half * 1.5:.1f} {foot:.1f}Q{x - half * 0.8:.1f} {foot - 16:.1f} {x - half * 0.75:.1f} -6"
        f"H{x + half * 0.75:.1f}"
    )
    brush.path(
        f"{outline}Q{x + half * 0.8:.1f} {foot - 16:.1f} {x + half * 1.5:.1f} {foot:.1f}Z",
        brush.gradient(lit(bark, 0.16), dim(bark, 0.14), angle=0),
    )


def _bush(brush: Brush, x: float, y: float, radius: float, colour: str) -> None:
    brush.shadow(x, y + radius * 0.3, radius * 1.3, radius * 0.3)
    crown(brush, x, y - radius * 0.3, radius, colour)


def _frame(brush: Brush, horizon: float, green: str) -> None:
    bark, leaf = brush.tone("#75543f"), mix(green, "#2f6b42", 0.55)
    for x in (brush.between(2, 16), brush.between(240, 254)):
        foot, width = horizon + brush.between(58, 70), brush.between(28, 36)
        brush.shadow(x, foot, 46, 8)
        _trunk(brush, x, foot, width, bark)
        for _ in range(5):
            groove = brush.between(24, foot - 34)
            brush.path(
                f"M{x + brush.between(-9, 8):.1f} {groove:.1f}q3 12 0 24", opacity=0.35, stroke=dim(bark, 0.5), width=2
            )
        _bush(brush, x + (22 if x < 128 else -22), foot + 6, 12, leaf)
    for x in (-8, 22, 56, 200, 234, 264):
        crown(brush, x + brush.between(-6, 6), brush.between(-10, 4), brush.between(26, 36), leaf)
