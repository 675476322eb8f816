"""Green land: hills, trees and flowers under a wide sky."""

from collections.abc import Callable

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import crown, flowers, grass, peaks, tree
from ..setting import Setting, Strip

GREENS = ("#7cc05a", "#4fae70", "#a8cc54", "#5fa84a", "#8fd08a", "#c4c65a")


def draw_meadow(brush: Brush) -> Setting:
    """Hills behind hills, a tree at one side, flowers in front."""
    green = brush.tone(GREENS[brush.number % len(GREENS)])
    horizon = brush.by_number(130, 118, 140, 124, 144, 112) + brush.between(-3, 3)
    _distance(brush, horizon, green)
    hill = _middle_hills(brush, horizon, green)
    for _ in range(brush.rng.randint(2, 4)):
        x = brush.rng.choice((brush.between(8, 84), brush.between(172, 248)))
        with brush.at(0.45):
            tree(brush, x, hill(x) + 5, brush.between(26, 38), mix(green, "#3f8f5a", 0.6))
    with brush.at(0.12, level=1):
        brush.ridge(horizon + 44, 6, brush.gradient(lit(green, 0.16), green, dim(green, 0.18)))
        if brush.number % 2:
            _path(brush, horizon + 38)
    side = brush.rng.choice((-1, 1))
    tree(
        brush,
        128 + side * brush.between(98, 112),
        horizon + brush.between(50, 62),
        brush.between(114, 138),
        brush.tone("#4fa055", hue=14),
    )
    grass(brush, green, 26, horizon + 54, 252)
    flowers(brush, 22, horizon + 54, 253)
    return Setting(horizon, Strip(horizon + 50, 236, 0.62, 1.0), sky=(58, 108))


def _distance(brush: Brush, horizon: float, green: str) -> None:
    with brush.at(0.95):
        if brush.number % 2:
            brush.ridge(horizon - 8, 14, brush.gradient("#93bcd6", "#c4dcdf"))
        else:
            peaks(brush, horizon + 26, 82, "#8fb0c9", 3)
    with brush.at(0.75, level=0.8):
        line = brush.ridge(horizon + 5, 10, brush.gradient(mix(green, "#c6e2d6", 0.5), mix(green, "#bfe0d0", 0.25)))
        for _ in range(6):
            x = brush.between(0, SIZE)
            crown(brush, x, line(x) + 1, brush.between(5, 10), mix(green, "#4f9a6f", 0.5))


def _middle_hills(brush: Brush, horizon: float, green: str) -> Callable[[float], float]:
    """The hill halfway; returns its line."""
    with brush.at(0.45, level=0.9):
        return brush.ridge(horizon + 22, 9, brush.gradient(lit(green, 0.30), green))


def _path(brush: Brush, top: float) -> None:
    start, end = brush.between(100, 156), brush.between(76, 180)
    bend = (start + end) / 2 + brush.between(-24, 24)
    left = f"M{start - 2:.0f} {top:.0f}C{bend + 20:.0f} {top + 24:.0f} {end - 44:.0f} {top + 50:.0f} {end - 34:.0f} 262"
    brush.path(
        f"{left}L{end + 34:.0f} 262"
        f"C{end + 16:.0f} {top + 54:.0f} {bend + 34:.0f} {top + 26:.0f} {start + 3:.0f} {top:.0f}Z",
        brush.gradient("#f3e2b8", "#dfc18a"),
    )
