"""A theatre's stage: curtains, boards and footlights."""

from ..brush import MARGIN, SIZE, Brush
from ..colour import dim, lit
from ..setting import Setting, Strip

CURTAINS = ("#c23b46", "#3f5fb8", "#d0a23f", "#2f8a6a", "#8a3f9a", "#3f94a8")
BACK = 168.0


def draw_stage(brush: Brush) -> Setting:
    """Curtains at both sides and above, a painted back wall, lamps along the edge."""
    colour = brush.tone(CURTAINS[brush.number % len(CURTAINS)], hue=3)
    with brush.at(0.6):
        brush.rectangle(0, 0, SIZE, SIZE, brush.gradient("#4a3f6a", "#7a6a9a", "#8f7fa8"))
        brush.ellipse(128, 116, 96, 78, brush.soft("#ffe9c4", 0.6))
        _folds(brush, 0, SIZE, 0, BACK, dim(colour, 0.36))
        brush.rectangle(0, BACK - 8, SIZE, 8, dim(colour, 0.6), 0, 0.5)
    with brush.at(0.15):
        _boards(brush)
    with brush.at(0.12):
        _side(brush, -1, colour)
        _side(brush, 1, colour)
        _valance(brush, colour)
        _footlights(brush)
    return Setting(BACK, Strip(BACK + 26, 226, 0.8, 1.0), sky=(86, 130), left=58, right=198, sealed=True)


def _folds(brush: Brush, left: float, right: float, top: float, bottom: float, colour: str) -> None:
    count = 17
    width = (right - left) / count
    for number in range(count):
        fill = brush.gradient(dim(colour, 0.3), lit(colour, 0.14), dim(colour, 0.3), angle=0)
        brush.rectangle(left + number * width, top, width + 0.5, bottom - top, fill)


def _boards(brush: Brush) -> None:
    brush.rectangle(0, BACK, SIZE, SIZE - BACK, brush.gradient("#8a5a3c", "#c08a5c", "#d6a270"))
    for number in range(-9, 10):
        brush.line((128 + number * 20, BACK), (128 + number * 40, 240), "#6d442c", 1, 0.5)
    brush.rectangle(0, BACK, SIZE, 10, brush.gradient("#1d2452", "#1d2452", opacity=(0.4, 0)))
    brush.rectangle(-2, 238, SIZE + 4, 22, brush.gradient("#7a4a30", "#4a2c20"))
    brush.rectangle(-2, 236, SIZE + 4, 3.4, "#e8c06a")


def _side(brush: Brush, side: int, colour: str) -> None:
    """A curtain drawn aside, in folds, held by a golden cord."""
    edge = 0 if side < 0 else SIZE
    for number in range(4, -1, -1):
        start, reach = number * 11, 15.0
        x0, x1 = edge - side * start, edge - side * (start + reach)
        waist0, waist1 = edge - side * start * 0.5, edge - side * (start + reach) * 0.52
        fold = (
            f"M{x0:.1f} {-MARGIN}H{x1:.1f}Q{x1:.1f} 92 {waist1:.1f} 132"
            f"Q{waist1 - side * 6:.1f} 176 {x1 + side * 4:.1f} 234"
        )
        fold += f"H{x0:.1f}Q{waist0:.1f} 176 {waist0:.1f} 132Q{x0:.1f} 92 {x0:.1f} {-MARGIN}Z"
        angle = 0 if side < 0 else 180
        brush.path(fold, brush.gradient(dim(colour, 0.3), colour, lit(colour, 0.25), dim(colour, 0.2), angle=angle))
    cord = f"M{edge} 128q{-side * 18} 8 {-side * 34} 5"
    brush.path(cord, stroke="#e8c06a", width=4.5)
    brush.ellipse(edge - side * 34, 134, 4, 5, "#f4d88a")


def _valance(brush: Brush, colour: str) -> None:
    """The short curtain along the top, with a golden hem."""
    width = (SIZE + 8) / 6
    for number in range(6):
        x = -4 + number * width
        swag = f"M{x:.1f} -4H{x + width:.1f}V26Q{x + width / 2:.1f} 56 {x:.1f} 26Z"
        brush.path(swag, brush.gradient(dim(colour, 0.3), colour, lit(colour, 0.16)))
        brush.path(f"M{x:.1f} 26Q{x + width / 2:.1f} 56 {x + width:.1f} 26", stroke="#e8c06a", width=3)


def _footlights(brush: Brush) -> None:
    for number in range(7):
        x = 26 + number * 34
        brush.path(f"M{x - 7} 240q7 -12 14 0Z", brush.gradient("#fff4cf", "#e8c06a"))
        brush.glowing(x - 4, 235, 8, 4)
        brush.lamp(x, 232, 30, 0.45)
