"""Outer space seen from a moon: nebulae, planets and stars."""

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import sparkle
from ..setting import Setting, Strip

NIGHTS = ("#2b2560", "#1d3f7a", "#5a2470", "#0f4a58", "#3a3a8c", "#6a2450")
CLOUDS = ("#d86ab0", "#5a8af0", "#7ad0d8", "#f09a6a")
PLANETS = ("#f0a05a", "#6fb8e0", "#c98af0", "#7ad0a8", "#f07a7a")


def draw_space(brush: Brush) -> Setting:
    """Nebulae, a large planet and a small one, and the ground of a moon."""
    surface = 196.0
    _deep_sky(brush)
    side = brush.rng.choice((-1, 1))
    big, small = brush.rng.sample(PLANETS, 2)
    _planet(
        brush,
        128 + side * brush.between(72, 92),
        brush.between(44, 62),
        brush.between(28, 38),
        big,
        brush.number % 2 == 0,
    )
    _planet(brush, 128 - side * brush.between(84, 104), brush.between(84, 116), brush.between(9, 15), small, False)
    grey = brush.tone(brush.by_number("#b9b6c9", "#c98a74", "#7fa9c8", "#d0c0a0", "#9a8ac4", "#c4c8d4"), hue=3)
    with brush.at(0.1):
        brush.ridge(surface, 6, brush.gradient(lit(grey, 0.4), grey, dim(grey, 0.4)), 1)
        for _ in range(7):
            _crater(brush, brush.between(0, SIZE), brush.between(surface + 14, 252), grey)
    ground = Strip(surface + 16, 240, 0.8, 1.0)
    return Setting(0, ground, swim=Strip(96, 186, 0.85, 1.0), sky=(90, 170), left=32, right=224, sealed=True)


def _deep_sky(brush: Brush) -> None:
    night = brush.tone(NIGHTS[brush.number % len(NIGHTS)], hue=3)
    with brush.at(1.0):
        brush.rectangle(0, 0, SIZE, SIZE, brush.gradient(dim(night, 0.5), night, mix(night, "#b05a9a", 0.35), angle=75))
        for colour in brush.rng.sample(CLOUDS, 3):
            place = brush.between(40, 216), brush.between(30, 150)
            brush.ellipse(
                *place,
                brush.between(64, 112),
                brush.between(24, 46),
                brush.soft(colour, 0.4),
                turn=brush.between(-40, 40),
            )
        for _ in range(85):
            radius = brush.between(0.35, 1) ** 3 * 1.5
            brush.ellipse(
                brush.between(0, SIZE), brush.between(0, SIZE), radius, radius, "#ffffff", brush.between(0.5, 1)
            )
        for _ in range(6):
            sparkle(brush, brush.between(10, 246), brush.between(10, 160), brush.between(3, 5.5), "#fff8e0")


def _planet(brush: Brush, x: float, y: float, radius: float, colour: str, ringed: bool) -> None:
    with brush.at(0.9):
        brush.ellipse(x, y, radius * 1.6, radius * 1.6, brush.soft(colour, 0.4))
        if ringed:
            _ring(brush, x, y, radius, colour, "0 0 1")
        brush.ellipse(
            x,
            y,
            radius,
            radius,
            brush.radial(lit(colour, 0.55), colour, dim(colour, 0.55), centre=(0.3, 0.28), radius=0.85),
        )
        for down in (-0.3, 0.1, 0.45):
            half = radius * (1 - down * down) ** 0.5 * 0.95
            band = f"M{x - half:.1f} {y + down * radius:.1f}q{half:.1f} {radius * 0.2:.1f} {half * 2:.1f} 0"
            brush.path(band, opacity=0.24, stroke=lit(colour, 0.7), width=radius * 0.11)
        if ringed:
            _ring(brush, x, y, radius, colour, "0 0 0")


def _ring(brush: Brush, x: float, y: float, radius: float, colour: str, sweep: str) -> None:
    far, low = radius * 1.75, radius * 0.5
    arc = (
        f"M{x - far:.1f} {y + low:.1f}A{far * 1.03:.1f} {radius * 0.5:.1f} -16 {sweep[2:]} {x + far:.1f} {y - low:.1f}"
    )
    brush.path(arc, opacity=0.92, stroke=lit(colour, 0.55), width=radius * 0.12)


def _crater(brush: Brush, x: float, y: float, grey: str) -> None:
    size = 6 + (y - 200) * 0.28 + brush.between(0, 5)
    brush.ellipse(x, y, size, size * 0.3, dim(grey, 0.34))
    brush.ellipse(x, y + size * 0.08, size * 0.86, size * 0.22, dim(grey, 0.14))
    brush.path(
        f"M{x - size:.1f} {y + size * 0.05:.1f}q{size:.1f} {size * 0.55:.1f} {size * 2:.1f} 0",
        opacity=0.5,
        stroke=lit(grey, 0.6),
        width=1,
    )
