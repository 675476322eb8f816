"""What stands and hangs in rooms. Positions are feet: (x, y) is where a thing stands, or hangs from."""

import math
from itertools import pairwise

from .brush import SIZE, Brush
from .colour import dim, lit

WOODS = ("#c58f5c", "#a9744a", "#d6a873", "#8d6246")
BRASS = "#d8b66a"


def plant(brush: Brush, x: float, y: float, height: float, pot: str) -> None:
    """A leafy plant in a pot."""
    green = brush.tone("#4f9f62", hue=10)
    brush.shadow(x, y, height * 0.28)
    root = y - height * 0.26
    for number in (0, 8, 1, 7, 2, 6, 3, 5, 4):
        turn = math.radians(-90 + (number - 4) * 20 + brush.between(-5, 5))
        length = height * brush.between(0.54, 0.74)
        _leaf(
            brush, (x, root), (x + math.cos(turn) * length * 0.66, root + math.sin(turn) * length), height * 0.08, green
        )
    brush.path(
        f"M{x - height * 0.15:.1f} {y - height * 0.3:.1f}h{height * 0.3:.1f}"
        f"l{-height * 0.04:.1f} {height * 0.3:.1f}h{-height * 0.22:.1f}Z",
        brush.gradient(lit(pot, 0.3), dim(pot, 0.22), angle=0),
    )
    brush.rectangle(
        x - height * 0.165,
        y - height * 0.31,
        height * 0.33,
        height * 0.07,
        brush.gradient(lit(pot, 0.35), dim(pot, 0.1), angle=0),
        1.5,
    )


def _leaf(brush: Brush, start: tuple[float, float], end: tuple[float, float], width: float, green: str) -> None:
    along = (end[0] - start[0], end[1] - start[1])
    length = math.hypot(*along) or 1
    middle = (start[0] + along[0] * 0.55, start[1] + along[1] * 0.55)
    out = (-along[1] / length * width * 1.7, along[0] / length * width * 1.7)
    blade = (
        f"M{start[0]:.1f} {start[1]:.1f}Q{middle[0] + out[0]:.1f} {middle[1] + out[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
    )
    brush.path(
        f"{blade}Q{middle[0] - out[0]:.1f} {middle[1] - out[1]:.1f} {start[0]:.1f} {start[1]:.1f}Z",
        brush.gradient(lit(green, 0.28), dim(green, 0.24)),
    )


def standing_lamp(brush: Brush, x: float, y: float, height: float, shade: str = "#ffe2a8") -> None:
    """A lamp on a stand; a small height makes it a table lamp."""
    brush.shadow(x, y, height * 0.14)
    brush.ellipse(x, y - 1, height * 0.1, height * 0.025, "#5a4a4a")
    brush.line((x, y - 2), (x, y - height * 0.74), "#5a4a4a", 1.6 + height * 0.01)
    brush.path(
        f"M{x - height * 0.17:.1f} {y - height * 0.72:.1f}L{x - height * 0.1:.1f} {y - height:.1f}"
        f"H{x + height * 0.1:.1f}L{x + height * 0.17:.1f} {y - height * 0.72:.1f}Z",
        brush.gradient(lit(shade, 0.45), shade, dim(shade, 0.1), angle=0),
    )
    brush.glowing(x - height * 0.13, y - height * 0.98, height * 0.26, height * 0.25, 0.7)
    brush.lamp(x, y - height * 0.84, height * 0.8 + 22, 0.9)
    brush.lamp(x, y - height * 0.5, height + 60, 0.36)
    brush.lamp(x, y, height * 0.4, 0.4)


def pendant(brush: Brush, x: float, y: float, colour: str) -> None:
    """A lamp that hangs from the ceiling; y is its lower edge."""
    brush.line((x, 0), (x, y - 12), "#4a4048", 1.6)
    brush.ellipse(x, y + 0.5, 8, 4, "#fff1c4")
    brush.path(
        f"M{x - 15:.1f} {y:.1f}Q{x - 12:.1f} {y - 16:.1f} {x:.1f} {y - 16:.1f}"
        f"Q{x + 12:.1f} {y - 16:.1f} {x + 15:.1f} {y:.1f}Z",
        brush.gradient(lit(colour, 0.4), dim(colour, 0.2), angle=0),
    )
    brush.glowing(x - 7, y - 1, 14, 5)
    brush.lamp(x, y + 4, 54, 0.85)
    brush.lamp(x, y + 60, 140, 0.4)
    brush.lamp(x, y + 150, 120, 0.3)


def picture(brush: Brush, x: float, y: float, width: float, height: float) -> None:
    """A framed landscape; (x, y) is its upper left corner."""
    brush.rectangle(x - 1, y + 2, width + 3, height + 2, "#1d2452", 1, 0.18)
    frame = brush.rng.choice(("#b98a5c", "#fffaf0", "#5a4a48"))
    brush.rectangle(x, y, width, height, frame, 1)
    inner = x + 2.5, y + 2.5, width - 5, height - 5
    sky = brush.rng.choice(("#a5d0e0", "#f4cfa6", "#d9e0f0"))
    brush.rectangle(*inner, brush.gradient(sky, lit(sky, 0.6)))
    brush.ellipse(x + width * 0.68, y + height * 0.34, width * 0.1, width * 0.1, "#fff6d8")
    left, bottom, span = inner[0], y + height - 2.5, inner[2]
    hill = (
        f"M{left:.1f} {bottom:.1f}v{-height * 0.25:.1f}"
        f"q{span * 0.25:.1f} {-height * 0.28:.1f} {span * 0.5:.1f} {-height * 0.02:.1f}"
        f"q{span * 0.25:.1f} {-height * 0.2:.1f} {span * 0.5:.1f} 0V{bottom:.1f}Z"
    )
    brush.path(hill, dim(brush.rng.choice(("#7fb08a", "#d98f6a", "#7f9fc0")), 0.12))


def rug(brush: Brush, x: float, y: float, rx: float, ry: float, colour: str) -> None:
    """An oval rug with a border."""
    brush.ellipse(x, y + 1.5, rx, ry, dim(colour, 0.35))
    brush.ellipse(x, y, rx, ry, brush.gradient(lit(colour, 0.12), lit(colour, 0.3)))
    for share in (0.86, 0.6):
        ring = (
            f"M{x - rx * share:.1f} {y:.1f}a{rx * share:.1f} {ry * share:.1f} 0 1 0 {2 * rx * share:.1f} 0"
            f"a{rx * share:.1f} {ry * share:.1f} 0 1 0 {-2 * rx * share:.1f} 0"
        )
        brush.path(ring, opacity=0.6, stroke=lit(colour, 0.7), width=1.8 if share > 0.7 else 1)


def cabinet(
    brush: Brush, x: float, y: float, width: float, height: float, colour: str, doors: int, top: str = "#fff6ea"
) -> None:
    """A low cabinet with doors; x is its left side."""
    brush.shadow(x + width / 2, y, width * 0.6, 5)
    brush.rectangle(x, y - height, width, height, brush.gradient(lit(colour, 0.18), dim(colour, 0.16), angle=65), 2)
    share = width / doors
    for number in range(doors):
        left = x + number * share + 3
        brush.rectangle(
            left,
            y - height + 6,
            share - 6,
            height - 11,
            brush.gradient(lit(colour, 0.34), lit(colour, 0.1), angle=65),
            2,
            0.7,
        )
        brush.path(f"M{left:.1f} {y - 5:.1f}h{share - 6:.1f}", opacity=0.4, stroke=dim(colour, 0.4), width=1)
        knob = left + (share - 6) * (0.86 if number % 2 == 0 else 0.14)
        brush.ellipse(knob, y - height * 0.55, 1.7, 1.7, BRASS)
    brush.rectangle(x - 3, y - height - 4, width + 6, 6, brush.gradient(lit(top, 0.3), dim(top, 0.14)), 2)
    brush.rectangle(x, y - height + 2, width, 3, "#1d2452", 0, 0.14)


def shelf(brush: Brush, x: float, y: float, width: float, colours: tuple[str, ...]) -> None:
    """A board on the wall with jars, bowls and bottles."""
    brush.rectangle(x, y + 4, width, 4, "#1d2452", 0, 0.12)
    position = x + 4
    while position < x + width - 9:
        colour = brush.rng.choice(colours)
        kind = brush.rng.randrange(3)
        if kind == 0:
            brush.block(position, y - 12, 8, 12, colour, 2)
            brush.rectangle(position + 1, y - 14.5, 6, 3.5, "#8d6246", 1)
        elif kind == 1:
            brush.path(
                f"M{position:.1f} {y - 7:.1f}h10q0 7 -5 7t-5 -7Z",
                brush.gradient(lit(colour, 0.35), dim(colour, 0.1), angle=0),
            )
        else:
            brush.block(position, y - 11, 6, 11, colour, 2)
            brush.rectangle(position + 2, y - 16, 2.2, 6, lit(colour, 0.2), 1)
        position += brush.between(11, 14)
    brush.block(x, y, width, 4, "#a9744a")


def books(brush: Brush, x: float, y: float, width: float, height: float) -> None:
    """A row of books standing on y."""
    position = x
    while position < x + width - 3:
        thick, tall = brush.between(3.4, 6), height * brush.between(0.72, 1)
        colour = brush.tone("#c9604f", "#4f7fb0", "#e0b25a", "#5f9a7a", "#8f6fb0", "#f0e2c8", "#44506f")
        thick = min(thick, x + width - position)
        brush.rectangle(
            position, y - tall, thick, tall, brush.gradient(lit(colour, 0.2), dim(colour, 0.18), angle=0), 0.6
        )
        brush.rectangle(position + 0.6, y - tall * 0.8, thick - 1.2, 1.4, lit(colour, 0.6), 0, 0.7)
        position += thick + 0.3


def string_lights(brush: Brush) -> None:
    """A garland of small lights along the ceiling."""
    points = [(number * 22 - 4, 9 + 8 * abs(math.sin(number * 0.8))) for number in range(13)]
    brush.path("M" + "L".join(f"{x} {y:.1f}" for x, y in points), opacity=0.6, stroke="#7a6a5a", width=1)
    for x, y in points:
        brush.ellipse(x, y + 3, 2.6, 3.2, "#ffe3a0")
        brush.glowing(x - 2, y, 4, 6)
        brush.lamp(x, y + 3, 18, 0.6)


def candle(brush: Brush, x: float, y: float, height: float) -> None:
    """A burning candle."""
    brush.rectangle(x - 3.5, y - height, 7, height, brush.gradient("#fffaf0", "#e6d2b4", angle=0), 2)
    brush.path(f"M{x:.1f} {y - height - 1:.1f}q-3.6 -3 0 -8.5q3.6 5.5 0 8.5Z", brush.gradient("#ffd45a", "#ff9a3a"))
    brush.glowing(x - 2, y - height - 9, 4, 9)
    brush.lamp(x, y - height - 5, 28, 0.55)


def planks(brush: Brush, top: float, floor: str) -> None:
    """A wooden floor in perspective."""
    brush.rectangle(0, top, SIZE, SIZE - top + 4, brush.gradient(dim(floor, 0.14), floor, lit(floor, 0.16)))
    for number in range(-9, 10):
        brush.line((128 + number * 15, top), (128 + number * 42, 258), dim(floor, 0.26), 1, 0.5)


def tiles(brush: Brush, top: float, floor: str) -> None:
    """A tiled floor in perspective."""
    brush.rectangle(0, top, SIZE, SIZE - top + 4, brush.gradient(dim(floor, 0.1), floor, lit(floor, 0.2)))
    rows, y, step = [], top, 7.0
    while y < SIZE:
        rows.append(y)
        y, step = y + step, step * 1.34
    rows.append(y)
    for row, (upper, lower) in enumerate(pairwise(rows)):
        for number in range(-8, 8):
            if (row + number) % 2:
                continue
            corners = [(_across(number, upper, top), upper), (_across(number + 1, upper, top), upper)]
            corners += [(_across(number + 1, lower, top), lower), (_across(number, lower, top), lower)]
            brush.polygon(corners, dim(floor, 0.16), 0.55)


def _across(number: int, y: float, top: float) -> float:
    """x of the tile's line `number` at a height: lines meet above the floor."""
    return 128 + number * (17 + (y - top) * 0.36)
