"""Trees, bushes, rocks, mountains, flowers and clouds. Positions are feet: (x, y) is where a thing stands."""

import math
from itertools import pairwise

from .brush import MARGIN, SIZE, Brush
from .colour import dim, lit, mix

FLOWERS = ("#ff8fa8", "#ffd45a", "#ffffff", "#b48cf0", "#ff9f5a")


def crown(brush: Brush, x: float, y: float, radius: float, colour: str) -> None:
    """A round crown of leaves, lit from the upper left."""
    body = brush.radial(lit(colour, 0.2), colour, dim(colour, 0.32), centre=(0.36, 0.24), radius=0.85)
    for number in range(7):
        turn = number / 7 * math.tau + brush.between(0, 0.35)
        size = radius * brush.between(0.48, 0.58)
        brush.ellipse(x + math.cos(turn) * radius * 0.56, y + math.sin(turn) * radius * 0.44, size, size * 0.94, body)
    brush.ellipse(x, y, radius * 0.74, radius * 0.68, brush.gradient(lit(colour, 0.08), dim(colour, 0.12), angle=65))
    light = brush.radial(lit(colour, 0.42), lit(colour, 0.18), colour, opacity=(0.95, 0.7, 0))
    for across, up, size in ((-0.3, -0.34, 0.44), (0.18, -0.42, 0.32), (-0.58, 0.02, 0.26), (0.42, -0.02, 0.24)):
        brush.ellipse(x + across * radius, y + up * radius, size * radius, size * radius * 0.85, light)


def tree(brush: Brush, x: float, y: float, height: float, colour: str, bark: str = "#7a5542") -> None:
    """A leafy tree."""
    brush.shadow(x + height * 0.05, y, height * 0.36, height * 0.06)
    w = height * 0.065
    top, mid = y - height * 0.58, y - height * 0.2
    trunk = f"M{x - w * 1.5:.1f} {y:.1f}Q{x - w * 0.5:.1f} {mid:.1f} {x - w * 0.6:.1f} {top:.1f}H{x + w * 0.6:.1f}"
    brush.path(
        f"{trunk}Q{x + w * 0.5:.1f} {mid:.1f} {x + w * 1.5:.1f} {y:.1f}Z", brush.gradient(lit(bark), dim(bark), angle=0)
    )
    for side in (-1, 1):
        bough = (
            f"M{x:.1f} {y - height * 0.34:.1f}"
            f"Q{x + side * w:.1f} {y - height * 0.42:.1f} {x + side * w * 3:.1f} {y - height * 0.54:.1f}"
        )
        brush.path(bough, stroke=bark, width=w * 0.6)
    crown(brush, x, y - height * 0.68, height * 0.34, colour)


def pine(brush: Brush, x: float, y: float, height: float, colour: str, snow: float = 0.0) -> None:
    """A fir of four tiers, with snow on them if asked."""
    brush.shadow(x, y, height * 0.26, height * 0.05)
    brush.block(x - height * 0.035, y - height * 0.16, height * 0.07, height * 0.16, "#6d4c41")
    fill = brush.gradient(lit(colour, 0.26), colour, dim(colour, 0.3), angle=35)
    for tier in range(3, -1, -1):
        top, bottom = y - height * (1 - tier * 0.19), y - height * (0.64 - tier * 0.18)
        w, sag = height * (0.14 + 0.055 * tier), height * 0.05
        brush.path(_tier(x, top, bottom, w, sag), fill)
        if snow:
            cap = bottom - height * 0.075
            white = brush.gradient("#ffffff", "#d3e2f4")
            brush.path(_tier(x, top, cap, w * 0.78, -height * 0.03), white, snow)


def _tier(x: float, top: float, bottom: float, w: float, sag: float) -> str:
    half = (top + bottom) / 2
    return (
        f"M{x:.1f} {top:.1f}Q{x + w * 0.35:.1f} {half:.1f} {x + w:.1f} {bottom:.1f}"
        f"Q{x:.1f} {bottom + sag:.1f} {x - w:.1f} {bottom:.1f}Q{x - w * 0.35:.1f} {half:.1f} {x:.1f} {top:.1f}Z"
    )


def palm(brush: Brush, x: float, y: float, height: float, lean: float, colour: str) -> None:
    """A palm; `lean` is how far its top stands to the side, in heights."""
    brush.shadow(x, y, height * 0.24, height * 0.04)
    top_x, top_y = x + lean * height, y - height * 0.82
    bend_x, bend_y = x + lean * height * 0.12, y - height * 0.5
    trunk = f"M{x:.1f} {y:.1f}Q{bend_x:.1f} {bend_y:.1f} {top_x:.1f} {top_y:.1f}"
    brush.path(trunk, stroke="#7d5639", width=height * 0.066)
    brush.path(trunk, stroke="#b98a5c", width=height * 0.034, turn=f"translate({-height * 0.012:.2f} 0)")
    for step in range(1, 8):  # rings of the trunk
        t = step / 8
        ring_x = (1 - t) ** 2 * x + 2 * t * (1 - t) * bend_x + t * t * top_x
        ring_y = (1 - t) ** 2 * y + 2 * t * (1 - t) * bend_y + t * t * top_y
        brush.line((ring_x - height * 0.03, ring_y), (ring_x + height * 0.03, ring_y - 1), "#6a4730", 1.1, 0.5)
    back, front = dim(colour, 0.22), colour
    for degrees, share, shade in (
        (-62, 0.8, back),
        (242, 0.8, back),
        (-90, 0.7, back),
        (180, 1, front),
        (0, 1, front),
        (-30, 1, front),
        (210, 1, front),
        (150, 0.86, front),
        (30, 0.86, front),
    ):
        _frond(brush, (top_x, top_y), math.radians(degrees + brush.between(-6, 6)), share * height * 0.44, shade)
    for offset in (-3, 2.5):
        brush.ellipse(top_x + offset, top_y + 4, height * 0.03, height * 0.032, brush.radial("#a8764d", "#5f3f2a"))


def _frond(brush: Brush, top: tuple[float, float], turn: float, length: float, colour: str) -> None:
    x, y = top
    end_x, end_y = x + math.cos(turn) * length, y + math.sin(turn) * length * 0.7 + length * 0.3
    bend_x, bend_y = x + math.cos(turn) * length * 0.55, y + math.sin(turn) * length * 0.62 - length * 0.22
    blade = f"M{x:.1f} {y:.1f}Q{bend_x:.1f} {bend_y - length * 0.08:.1f} {end_x:.1f} {end_y:.1f}"
    blade += f"Q{bend_x:.1f} {bend_y + length * 0.26:.1f} {x:.1f} {y:.1f}Z"
    brush.path(blade, brush.gradient(lit(colour, 0.25), dim(colour, 0.22)))
    rib = f"M{x:.1f} {y:.1f}Q{bend_x:.1f} {bend_y + length * 0.06:.1f} {end_x:.1f} {end_y:.1f}"
    brush.path(rib, opacity=0.5, stroke=lit(colour, 0.5), width=1)


def tuft(brush: Brush, x: float, y: float, height: float, colour: str) -> None:
    """A few blades of grass."""
    for lean in (-0.6, -0.2, 0.2, 0.55):
        root, tip = x + lean * height * 0.3, x + lean * height * 1.1
        reach = y - height * (1 - abs(lean) * 0.4)
        brush.path(
            f"M{root:.1f} {y:.1f}Q{root:.1f} {y - height * 0.6:.1f} {tip:.1f} {reach:.1f}",
            stroke=colour,
            width=max(1, height * 0.14),
        )


def grass(brush: Brush, colour: str, count: int, top: float, bottom: float) -> None:
    """Tufts over a band, growing towards us."""
    for row in sorted(brush.between(top, bottom) for _ in range(count)):
        size = 4 + 9 * (row - top) / (bottom - top)
        tuft(brush, brush.between(0, SIZE), row, size, mix(colour, "#2f6b3c", brush.between(0.15, 0.45)))


def flower(brush: Brush, x: float, y: float, height: float, colour: str) -> None:
    brush.path(
        f"M{x:.1f} {y:.1f}q{height * 0.12:.1f} {-height * 0.5:.1f} 0 {-height:.1f}",
        stroke="#4d8a4a",
        width=max(0.9, height * 0.1),
    )
    for petal in range(5):
        turn = petal * math.tau / 5 + 0.3
        brush.ellipse(
            x + math.cos(turn) * height * 0.22,
            y - height + math.sin(turn) * height * 0.22,
            height * 0.19,
            height * 0.19,
            colour,
        )
    brush.ellipse(x, y - height, height * 0.15, height * 0.15, "#ffd95a" if colour != "#ffd45a" else "#e8913a")


def flowers(brush: Brush, count: int, top: float, bottom: float, left: float = 0, right: float = SIZE) -> None:
    """Flowers over a band, growing towards us."""
    for y in sorted(brush.between(top, bottom) for _ in range(count)):
        size = 5 + 8 * (y - top) / max(1, bottom - top)
        flower(brush, brush.between(left, right), y, size, brush.rng.choice(FLOWERS))


def rock(brush: Brush, x: float, y: float, width: float, colour: str = "#9aa0a8") -> None:
    height = width * brush.between(0.55, 0.75)
    brush.shadow(x, y, width * 0.68, width * 0.13)
    outline = (
        f"M{x - width * 0.52:.1f} {y:.1f}"
        f"Q{x - width * 0.5:.1f} {y - height * 0.75:.1f} {x - width * 0.1:.1f} {y - height:.1f}"
        f"Q{x + width * 0.38:.1f} {y - height * 0.95:.1f} {x + width * 0.52:.1f} {y:.1f}Z"
    )
    brush.path(outline, brush.gradient(lit(colour, 0.36), colour, dim(colour, 0.28), angle=55))
    facet = (
        f"M{x - width * 0.36:.1f} {y - height * 0.45:.1f}"
        f"Q{x - width * 0.2:.1f} {y - height * 0.86:.1f} {x + width * 0.06:.1f} {y - height * 0.84:.1f}"
    )
    brush.path(facet, opacity=0.5, stroke=lit(colour, 0.6), width=max(1, width * 0.06))


def mushroom(brush: Brush, x: float, y: float, size: float, colour: str = "#e2574c") -> None:
    brush.shadow(x, y, size * 0.5)
    brush.path(
        f"M{x - size * 0.14:.1f} {y:.1f}v{-size * 0.5:.1f}h{size * 0.28:.1f}v{size * 0.5:.1f}Z",
        brush.gradient("#fffaf0", "#e0cdb4", angle=0),
    )
    cap = (
        f"M{x - size * 0.5:.1f} {y - size * 0.42:.1f}q{size * 0.5:.1f} {-size:.1f} {size:.1f} 0"
        f"q{-size * 0.5:.1f} {size * 0.2:.1f} {-size:.1f} 0Z"
    )
    brush.path(cap, brush.gradient(lit(colour, 0.3), dim(colour, 0.15)))
    for across, up in ((-0.22, 0.6), (0.08, 0.78), (0.26, 0.55)):
        brush.ellipse(x + across * size, y - up * size, size * 0.07, size * 0.06, "#fff6ea")


def mountain(brush: Brush, x: float, base: float, height: float, half: float, colour: str, snow: bool = True) -> None:
    """A peak of two faces, the left one in the sun."""
    top = base - height
    lean = brush.between(-0.1, 0.1) * half
    brush.polygon([(x - half, base), (x, top), (x + half, base)], brush.gradient(lit(colour, 0.30), lit(colour, 0.48)))
    ridge = [
        (x, top),
        (x + lean + half * 0.10, top + height * 0.3),
        (x + lean - half * 0.08, top + height * 0.55),
        (x + lean + half * 0.06, base),
    ]
    brush.polygon([*ridge, (x + half, base)], brush.gradient(dim(colour, 0.20), lit(colour, 0.22)))
    if snow:
        _snowcap(brush, x, top, height, half)


def _snowcap(brush: Brush, x: float, top: float, height: float, half: float) -> None:
    drop = ((-1, 0.34), (-0.5, 0.20), (-0.28, 0.36), (0, 0.24), (0.32, 0.40), (0.55, 0.23), (1, 0.32))
    edge = [
        (x + half * side * down if abs(side) == 1 else x + half * side * 0.34, top + height * down)
        for side, down in drop
    ]
    brush.polygon([(x, top), *edge], "#ffffff")
    brush.polygon([(x, top), *edge[3:]], "#c8d6ea")


def peaks(brush: Brush, base: float, height: float, colour: str, count: int, snow: bool = True) -> None:
    """A range of mountains across the picture."""
    centres = [(number + brush.between(0.3, 0.7)) * SIZE / count for number in range(count)]
    brush.rng.shuffle(centres)
    for x in centres:
        mountain(brush, x, base, height * brush.between(0.7, 1), SIZE / count * brush.between(0.85, 1.1), colour, snow)


def cloud(brush: Brush, x: float, y: float, width: float, fill: str) -> None:
    """One outline, so that its gradient runs through the whole cloud."""
    bumps = ((-0.5, 0.12), (-0.36, -0.06), (-0.14, -0.22), (0.14, -0.17), (0.34, -0.04), (0.5, 0.12))
    d = f"M{x + bumps[0][0] * width:.1f} {y + bumps[0][1] * width:.1f}"
    for (ax, ay), (bx, by) in pairwise(bumps):
        radius = math.hypot(bx - ax, by - ay) * width * 0.62
        d += f"A{radius:.1f} {radius:.1f} 0 0 1 {x + bx * width:.1f} {y + by * width:.1f}"
    brush.path(d + f"Q{x:.1f} {y + width * 0.19:.1f} {x - width * 0.5:.1f} {y + width * 0.12:.1f}Z", fill, 0.95)


def sparkle(brush: Brush, x: float, y: float, size: float, colour: str = "#ffffff") -> None:
    """A star of four points."""
    points = f"M{x - size:.1f} {y:.1f}Q{x:.1f} {y:.1f} {x:.1f} {y - size:.1f}Q{x:.1f} {y:.1f} {x + size:.1f} {y:.1f}"
    brush.path(points + f"Q{x:.1f} {y:.1f} {x:.1f} {y + size:.1f}Q{x:.1f} {y:.1f} {x - size:.1f} {y:.1f}Z", colour)


def water(brush: Brush, top: float, bottom: float, colour: str, ripples: int, clear: float = 0.6) -> None:
    """A body of water with ripples that widen towards us; `clear` is how much of the sky it mirrors."""
    with brush.at(wet=clear):
        fill = brush.gradient(mix(colour, "#d9f2f5", 0.4), colour, dim(colour, 0.18))
        brush.rectangle(-MARGIN, top, SIZE + 2 * MARGIN, bottom - top, fill)
    with brush.at(wet=clear * 0.5):
        for _ in range(ripples):
            share = brush.rng.random() ** 1.5
            y, width = top + 2 + share * (bottom - top - 4), 6 + 26 * share
            shade = brush.rng.choice(("#ffffff", "#ffffff", dim(colour, 0.25)))
            brush.rectangle(
                brush.between(-10, SIZE),
                y,
                width * brush.between(0.6, 1.3),
                0.8 + 1.5 * share,
                shade,
                1,
                brush.between(0.16, 0.4),
            )
