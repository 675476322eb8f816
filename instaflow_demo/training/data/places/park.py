"""A park in town: a bench by the path, trees, flower beds and a pond with a fountain."""

from ..brush import Brush
from ..colour import dim, lit, mix
from ..nature import crown, flower, grass, tree
from ..setting import Setting, Slot, Strip
from .city import street_lamp
from .meadow import GREENS


def draw_park(brush: Brush) -> Setting:
    """The bench stands at one side of a path that crosses the lawn."""
    green = brush.tone(GREENS[brush.number % len(GREENS)])
    horizon = brush.by_number(126, 116, 132, 120, 134, 112) + brush.between(-2, 2)
    side = -1 if brush.number % 2 else 1
    _town(brush, horizon, green)
    with brush.at(0.3):
        _fountain(brush, 128 - side * 58, horizon + 40)
    with brush.at(0.2, level=1):
        brush.ridge(horizon + 46, 3, brush.gradient(lit(green, 0.2), green))
    with brush.at(0.15, level=0.9):
        path = f"M-6 {horizon + 66:.0f}Q128 {horizon + 50:.0f} 262 {horizon + 64:.0f}V{horizon + 88:.0f}"
        brush.path(f"{path}Q128 {horizon + 74:.0f} -6 {horizon + 92:.0f}Z", brush.gradient("#f4e6c4", "#dcc396"))
    with brush.at(0.12):
        x = 128 + side * 62
        tree(brush, 128 + side * 112, horizon + 52, brush.between(116, 130), brush.tone("#4fa055", hue=12))
        street_lamp(brush, 128 - side * 108, horizon + 60)
        slot = _bench(brush, x, horizon + 62)
        _bed(brush, 128 - side * 92, 240)
        _bed(brush, 128 + side * 96, 250)
    grass(brush, green, 16, horizon + 96, 252)
    ground = Strip(horizon + 60, 238, 0.7, 1.0)
    return Setting(horizon, ground, sky=(50, 98), left=36, right=220, slots={"bench": slot})


def _town(brush: Brush, horizon: float, green: str) -> None:
    """Roofs behind a row of trees."""
    with brush.at(0.95):
        for number in range(9):
            height, width = brush.between(18, 52), brush.between(22, 32)
            colour = mix("#93a8c8", "#e3e6ee", brush.between(0.2, 0.6))
            brush.rectangle(
                number * 30 - 8, horizon - height, width, height + 12, brush.gradient(colour, lit(colour, 0.3))
            )
    with brush.at(0.7):
        for number in range(12):
            shade = mix(green, "#4f9a6f", brush.between(0.35, 0.6))
            crown(brush, number * 24 + brush.between(-8, 8), horizon + 2, brush.between(11, 17), shade)
    with brush.at(0.5, level=0.9):
        brush.ridge(horizon + 12, 4, brush.gradient(lit(green, 0.34), lit(green, 0.12)))


def _fountain(brush: Brush, x: float, y: float) -> None:
    stone = "#c9cdd6"
    brush.shadow(x, y + 2, 42, 7)
    brush.ellipse(x, y - 4, 38, 9, brush.gradient(lit(stone, 0.3), dim(stone, 0.25)))
    with brush.at(0.3, wet=0.4):
        brush.ellipse(x, y - 7, 34, 6.4, brush.gradient("#8fd0ec", "#5aa8d8"))
    brush.rectangle(x - 4, y - 32, 8, 26, brush.gradient(lit(stone, 0.3), dim(stone, 0.2), angle=0), 2)
    brush.ellipse(x, y - 32, 15, 4, brush.gradient(lit(stone, 0.4), dim(stone, 0.15)))
    for lean in (-1, -0.45, 0.45, 1):
        jet = f"M{x:.1f} {y - 34:.1f}Q{x + lean * 12:.1f} {y - 60:.1f} {x + lean * 22:.1f} {y - 9:.1f}"
        brush.path(jet, opacity=0.75, stroke="#dff4fc", width=1.8)


def _bench(brush: Brush, x: float, y: float) -> Slot:
    brush.shadow(x, y + 2, 48, 6, 0.45)
    for leg in (x - 34, x + 28):
        brush.rectangle(leg, y - 20, 6, 21, "#4a4f62", 1.5)
        brush.rectangle(leg, y - 42, 5, 22, "#4a4f62", 1.5)
    for up in (42, 32):
        brush.rectangle(x - 42, y - up, 84, 7, brush.gradient("#d09a62", "#a8713f"), 2)
    brush.polygon([(x - 38, y - 23), (x + 38, y - 23), (x + 44, y - 14), (x - 44, y - 14)], "#c58f5c")
    brush.rectangle(x - 44, y - 15, 88, 5, brush.gradient("#a8713f", "#8a5a34"), 2)
    return Slot(x, y - 16, 58, 76)


def _bed(brush: Brush, x: float, y: float) -> None:
    """Flowers close together."""
    brush.shadow(x, y, 34, 6, 0.25)
    colour = brush.rng.choice(("#ff8fa8", "#ffd45a", "#b48cf0", "#ff9f5a"))
    for number in range(9):
        flower(
            brush,
            x - 28 + number * 7,
            y + brush.between(-4, 4),
            brush.between(9, 13),
            colour if number % 2 else "#ffffff",
        )
