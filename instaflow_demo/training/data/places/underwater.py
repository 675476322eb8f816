"""Under the sea: sunbeams, sand, corals and weed."""

from ..brush import SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import crown, rock
from ..setting import Setting, Strip

BOTTOM = 168.0


def draw_underwater(brush: Brush) -> Setting:
    """A sea bed with growth at both sides and open water between."""
    water = brush.tone(brush.by_number("#2a9fc4", "#1f5fc0", "#2fb49a", "#3f9fe4", "#1f8a94", "#4a6fc4"), hue=4)
    _open_water(brush, water)
    with brush.at(0.8):
        brush.ridge(BOTTOM + 2, 12, brush.gradient(mix(water, "#1f6f98", 0.45), mix(water, "#1f6f98", 0.65)))
        for _ in range(4):
            rock(brush, brush.between(0, SIZE), BOTTOM + 16, brush.between(26, 50), mix(water, "#2a6f92", 0.7))
    sand = brush.tone("#ecd9a8", hue=3)
    with brush.at(0.3):
        line = brush.ridge(BOTTOM + 28, 6, brush.gradient(mix(sand, water, 0.18), mix(sand, water, 0.48)))
    for _ in range(16):
        y = brush.between(BOTTOM + 46, 250)
        brush.path(
            f"M{brush.between(0, SIZE):.1f} {y:.1f}q9 -3 18 0",
            opacity=0.35,
            stroke=mix(sand, "#4a7f93", 0.6),
            width=1.3,
        )
    for centre in (34, 222):
        _growth(brush, centre, line(centre), water)
    for _ in range(12):
        _bubble(brush, brush.between(10, 246), brush.between(16, 180), brush.between(1.4, 4.4))
    return Setting(
        0, Strip(BOTTOM + 40, 238, 0.7, 1.0), swim=Strip(96, 190, 0.75, 1.0), left=48, right=208, sealed=True
    )


def _open_water(brush: Brush, water: str) -> None:
    with brush.at(1.0):
        brush.rectangle(0, 0, SIZE, SIZE, brush.gradient(mix(water, "#d0fbf2", 0.62), water, dim(water, 0.45)))
        for _ in range(5):
            x, width, slant = brush.between(16, 216), brush.between(10, 26), brush.between(20, 54)
            shaft = f"M{x:.0f} -2H{x + width:.0f}L{x + width * 2.4 - slant:.0f} 226H{x - slant:.0f}Z"
            brush.path(shaft, brush.gradient("#eaffff", "#eaffff", opacity=(0.36, 0)))
    brush.beam([(50, 0), (186, 0), (222, 236), (22, 236)], 0.4)


def _growth(brush: Brush, centre: float, ground: float, water: str) -> None:
    """Weed behind, a rock and corals before it."""
    for _ in range(4):
        _weed(brush, centre + brush.between(-30, 30), ground + brush.between(6, 18), brush.between(58, 112))
    x = centre + brush.between(-14, 14)
    rock(brush, x, ground + 34, brush.between(36, 50), mix("#8f95a8", water, 0.32))
    crown(brush, x - 6, ground + 12, 10, brush.tone("#ff8f7a", "#f7a35a"))
    for offset in (-20, 18):
        _coral(brush, centre + offset, ground + brush.between(34, 50), brush.between(28, 42))


def _weed(brush: Brush, x: float, y: float, height: float) -> None:
    colour = brush.tone("#4fae6a", "#3d9f7a", "#8fbf4f")
    for offset in (-7, 0, 7):
        root, top = x + offset, height * brush.between(0.6, 1)
        stem = f"M{root:.1f} {y:.1f}C{root - 9:.1f} {y - top * 0.35:.1f} {root + 10:.1f} {y - top * 0.65:.1f}"
        stem += f" {root:.1f} {y - top:.1f}"
        brush.path(stem, stroke=mix(colour, "#165a5a", abs(offset) / 20), width=5)
        brush.path(stem, opacity=0.5, stroke=lit(colour, 0.4), width=1.2)


def _coral(brush: Brush, x: float, y: float, height: float) -> None:
    colour = brush.tone("#ff7f6e", "#f58ac0", "#ffae5a", "#b98af0")
    brush.shadow(x, y, height * 0.5)
    for lean in (-0.9, 0.95, -0.5, 0.62, -0.12, 0.25):
        tip_x, tip_y = x + lean * height * 0.62, y - height * (1 - abs(lean) * 0.4)
        branch = f"M{x:.1f} {y:.1f}Q{x + lean * height * 0.2:.1f} {y - height * 0.5:.1f} {tip_x:.1f} {tip_y:.1f}"
        brush.path(branch, stroke=mix(colour, "#ffffff", 0.12 + 0.16 * lean), width=height * 0.15)
        brush.ellipse(tip_x, tip_y, height * 0.09, height * 0.09, lit(colour, 0.45))


def _bubble(brush: Brush, x: float, y: float, radius: float) -> None:
    brush.ellipse(x, y, radius, radius, "#dffcff", 0.35)
    brush.ellipse(x - radius * 0.3, y - radius * 0.3, radius * 0.36, radius * 0.36, "#ffffff", 0.85)
