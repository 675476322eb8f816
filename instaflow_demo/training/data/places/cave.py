"""A cave with glowing crystals."""

from ..brush import MARGIN, SIZE, Brush
from ..colour import dim, lit, mix
from ..nature import mushroom, rock
from ..setting import Setting, Strip

CRYSTALS = (
    ("#7fd8f0", "#b48cf0"),
    ("#f08ad0", "#7fb0f8"),
    ("#8ff0b8", "#7fd8f0"),
    ("#ffc46a", "#f08ab0"),
    ("#f4f08a", "#8ff0b8"),
    ("#a8b0ff", "#f08ad0"),
)


def draw_cave(brush: Brush) -> Setting:
    """Dark rock all round, a lit hollow in the middle, crystals at the sides."""
    stone = brush.tone(brush.by_number("#6f68a0", "#4f88a0", "#96648c", "#9a7a60", "#5f8a74", "#5a5a8c"), hue=3)
    colours = CRYSTALS[brush.number % len(CRYSTALS)]
    horizon = 150.0
    _hollow(brush, horizon, mix(lit(stone, 0.1), colours[0], 0.62))
    for depth, reach, shade in ((0.7, 26, 0.05), (0.45, 38, 0.3), (0.2, 30, 0.55)):
        with brush.at(depth):
            _ceiling(brush, 62 - depth * 40, reach, dim(stone, shade))
            _wall(brush, 62 - depth * 40, dim(stone, shade))
            if depth > 0.3:
                _floor(brush, horizon + 20 * (1 - depth), dim(lit(stone, 0.2), shade))
    with brush.at(0.12):
        brush.ridge(horizon + 44, 4, brush.gradient(lit(stone, 0.42), stone, dim(stone, 0.4)))
    for x, y, size, colour in ((40, 198, 58, colours[0]), (220, 194, 64, colours[1]), (70, 178, 28, colours[1])):
        _cluster(brush, x + brush.between(-5, 5), y, size, colour)
    for x in (10, 248):
        rock(brush, x, 238, 50, dim(stone, 0.2))
    mushroom(brush, brush.between(192, 202), 216, 15, colours[0])
    return Setting(horizon, Strip(horizon + 50, 238, 0.7, 1.0), sky=(86, 130), left=58, right=200, sealed=True)


def _hollow(brush: Brush, horizon: float, light: str) -> None:
    """The far end, where light comes from."""
    with brush.at(0.9):
        brush.rectangle(0, 0, SIZE, SIZE, brush.gradient(dim(light, 0.35), light, dim(light, 0.2)))
        brush.ellipse(128, horizon - 26, 92, 84, brush.soft(lit(light, 0.75), 0.9))
    brush.beam([(108, 40), (148, 40), (196, 226), (60, 226)], 0.35)


def _ceiling(brush: Brush, y: float, reach: float, colour: str) -> None:
    """Stalactites, longer at the sides."""
    x = -MARGIN
    edge = f"M{x} {-MARGIN}V{y:.1f}"
    while x < SIZE + MARGIN:
        width = brush.between(16, 44)
        side = (abs(x + width / 2 - 128) / 128) ** 1.5
        root = y * (0.35 + 0.55 * side)
        tip = root + width * brush.between(0.3, 0.7) + reach * side * brush.between(0.3, 1.2)
        middle = x + width / 2
        edge += f"Q{middle - width * 0.12:.1f} {root:.1f} {middle:.1f} {tip:.1f}"
        edge += f"Q{middle + width * 0.12:.1f} {root:.1f} {x + width:.1f} {root:.1f}"
        x += width
    brush.path(f"{edge}V{-MARGIN}Z", brush.gradient(dim(colour, 0.3), colour, lit(colour, 0.16)))


def _wall(brush: Brush, reach: float, colour: str) -> None:
    """The rock at both sides, in rough steps."""
    for side in (-1, 1):
        edge = -MARGIN if side < 0 else SIZE + MARGIN
        points: list[tuple[float, float]] = [(edge, -MARGIN)]
        for step in range(9):
            out = reach * (0.55 + 0.3 * abs(step - 4) / 4) + brush.between(-5, 5)
            points.append((edge - side * out, step * 30))
        points.append((edge, SIZE))
        angle = 0 if side < 0 else 180
        brush.polygon(points, brush.gradient(dim(colour, 0.3), lit(colour, 0.1), angle=angle))


def _floor(brush: Brush, y: float, colour: str) -> None:
    line = brush.ridge(y, 5, brush.gradient(lit(colour, 0.3), dim(colour, 0.2)))
    for x in (56, 84, 182, 206):
        height, middle = brush.between(14, 26), x + brush.between(-8, 8)
        spike = [(middle - 8, line(middle) + 4), (middle, line(middle) - height), (middle + 8, line(middle) + 4)]
        brush.polygon(spike, brush.gradient(lit(colour, 0.3), dim(colour, 0.2), angle=20))


def _cluster(brush: Brush, x: float, y: float, size: float, colour: str) -> None:
    brush.lamp(x, y - size * 0.4, size * 1.3, 0.5)
    brush.shadow(x, y, size * 0.5)
    for lean, share in ((-0.5, 0.62), (0.52, 0.7), (-0.2, 0.86), (0.22, 0.78), (0.0, 1.0)):
        half, tip_x, tip_y = size * 0.1, x + lean * size * 0.8, y - size * share
        foot = x + lean * size * 0.3
        left = [(foot - half, y), (tip_x - half, tip_y + half * 2.4), (tip_x, tip_y), (foot, y)]
        right = [(foot + half, y), (tip_x + half, tip_y + half * 2.4), (tip_x, tip_y), (foot, y)]
        brush.polygon(left, brush.gradient(lit(colour, 0.75), lit(colour, 0.15)))
        brush.polygon(right, brush.gradient(lit(colour, 0.2), dim(colour, 0.3)))
