# ruff: noqa: E501 - the path of a shape is one line
"""What people hold in the hand on the viewer's right; each is drawn about that hand."""

from .people import Build, Part
from .shapes import Drawing, darker

GOLD, STEEL, WOOD = "#f2c14a", "#c3cad6", "#a06a3c"


def spoon(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    with d.cushion(2):
        d.line(f"M{x} {y + 8}V{y - 24}", WOOD, 4)
        d.ellipse(x, y - 30, 6.5, 9, "~" + WOOD)


def axe(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    with d.cushion(2):
        d.line(f"M{x} {y + 26}V{y - 30}", WOOD, 4.5)
        d.path(
            f"M{x - 3} {y - 32}H{x + 6}Q{x + 18} {y - 38} {x + 20} {y - 24}Q{x + 18} {y - 12} {x + 6} {y - 18}H{x - 3}Z",
            "~#d8414a",
        )
        d.path(
            f"M{x + 14} {y - 34}Q{x + 19} {y - 33} {x + 20} {y - 24}Q{x + 19} {y - 16} {x + 14} {y - 15}Q{x + 18} {y - 24} {x + 14} {y - 34}Z",
            STEEL,
        )


def pitchfork(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    with d.cushion(1.5):
        d.line(f"M{x} {b.foot + 2}V{y - 22}", WOOD, 4.5)
        d.line(
            f"M{x - 9} {y - 46}V{y - 30}Q{x - 9} {y - 22} {x} {y - 22}Q{x + 9} {y - 22} {x + 9} {y - 30}V{y - 46}M{x} {y - 22}V{y - 48}",
            "#8e97a6",
            3.4,
        )


def flask(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    d.path(
        f"M{x - 4} {y - 30}H{x + 4}V{y - 18}L{x + 13} {y - 2}Q{x + 14} {y + 4} {x + 8} {y + 4}H{x - 8}Q{x - 14} {y + 4} {x - 13} {y - 2}L{x - 4} {y - 18}Z",
        "#dff2fa",
        0.9,
    )
    with d.cushion(1.5):
        d.path(
            f"M{x - 9} {y - 9}H{x + 9}L{x + 13} {y - 2}Q{x + 14} {y + 4} {x + 8} {y + 4}H{x - 8}Q{x - 14} {y + 4} {x - 13} {y - 2}Z",
            "~#59c26a",
        )
    d.box(x - 6, y - 32, 12, 4, "#b9d6e4", 2)


def book(colour: str) -> Part:
    def part(d: Drawing, b: Build) -> None:
        x, y = b.right_hand
        with d.cushion(2):
            d.box(x - 10, y - 24, 22, 28, "~" + colour, 2)
        d.box(x + 9.5, y - 22, 2.5, 24, "#f4efe4")
        d.box(x - 5, y - 17, 11, 4, "#f6e7c0", 1)

    return part


def clipboard(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    with d.cushion(1.5):
        d.box(x - 11, y - 28, 24, 32, "~" + WOOD, 2)
    d.box(x - 8.5, y - 24, 19, 26, "#ffffff", 1)
    d.box(x - 4, y - 30, 10, 5, STEEL, 2)
    for row in range(4):
        d.box(x - 5, y - 19 + row * 5, 12, 1.8, "#8fa3c4")


def palette(d: Drawing, b: Build) -> None:
    """A brush in the hand, a palette at the belly."""
    x, y = b.right_hand
    with d.cushion(1.5):
        d.line(f"M{x - 3} {y + 10}L{x + 5} {y - 22}", WOOD, 3.4)
        d.path(f"M{x + 2.5} {y - 22}L{x + 8} {y - 21}L{x + 9} {y - 33}Z", "#d8323a")
    with d.cushion(2.5):
        d.path(
            f"M20 {b.hip - 12}Q34 {b.hip - 30} 58 {b.hip - 18}Q66 {b.hip - 6} 52 {b.hip - 2}Q44 {b.hip} 44 {b.hip + 6}Q30 {b.hip + 10} 20 {b.hip - 12}Z",
            "~#d9a066",
        )
    for cx, dy, colour in ((29, -12, "#d8323a"), (38, -17, "#f3c92f"), (48, -15, "#3b74d9"), (33, -3, "#3fa552")):
        d.circle(cx, b.hip + dy, 3.4, colour)


def microphone(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    with d.cushion(1.5):
        d.line(f"M{x} {y + 8}L{x - 5} {y - 12}", "#35313d", 5.5)
        d.circle(x - 7, y - 19, 7, "~#8e96a6")


def magnifier(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    with d.cushion(1.5):
        d.line(f"M{x} {y + 8}V{y - 10}", "#4a3a34", 5)
    d.circle(x, y - 22, 11, "#bfe6f5", 0.85)
    d.line(f"M{x - 11} {y - 22}A11 11 0 1 0 {x + 11} {y - 22}A11 11 0 1 0 {x - 11} {y - 22}", GOLD, 3.4)


def hammer(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    with d.cushion(1.8):
        d.line(f"M{x} {y + 16}V{y - 20}", WOOD, 4.5)
        d.box(x - 12, y - 30, 24, 11, "~#7d8796", 3)


def staff(orb: str) -> Part:
    def part(d: Drawing, b: Build) -> None:
        x, y = b.right_hand
        with d.cushion(1.8):
            d.line(f"M{x} {b.foot + 2}V{y - 44}", "#7a4f2c", 5)
            d.line(f"M{x - 8} {y - 56}Q{x - 9} {y - 44} {x} {y - 44}Q{x + 9} {y - 44} {x + 8} {y - 56}", "#7a4f2c", 4)
            d.circle(x, y - 57, 8.5, "~" + orb)

    return part


def wand(d: Drawing, b: Build) -> None:
    """A magic wand with a star."""
    x, y = b.right_hand
    d.line(f"M{x - 2} {y + 8}L{x + 6} {y - 22}", "#d9a0e0", 3)
    star(d, x + 8, y - 30, 10, GOLD)


def star(d: Drawing, x: float, y: float, size: float, colour: str) -> None:
    points = (
        (0, -1),
        (0.3, -0.35),
        (0.97, -0.3),
        (0.45, 0.15),
        (0.6, 0.82),
        (0, 0.45),
        (-0.6, 0.82),
        (-0.45, 0.15),
        (-0.97, -0.3),
        (-0.3, -0.35),
    )
    with d.cushion(1.5):
        d.path("M" + "L".join(f"{x + size * px} {y + size * py}" for px, py in points) + "Z", "~" + colour)


def sceptre(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    with d.cushion(1.5):
        d.line(f"M{x} {y + 26}V{y - 28}", GOLD, 4)
        d.circle(x, y - 33, 7, "~#d8323a")


def sword(blade: str = STEEL, *, curved: bool = False) -> Part:
    def part(d: Drawing, b: Build) -> None:
        x, y = b.right_hand
        bend = 14 if curved else 0
        with d.cushion(1.8):
            d.path(
                f"M{x - 4} {y - 8}Q{x - 5 + bend / 2} {y - 36} {x + bend} {y - 64}Q{x + 9 + bend * 0.4} {y - 36} {x + 4} {y - 8}Z",
                "~" + blade,
            )
            d.box(x - 11, y - 11, 22, 5, GOLD, 2.5)
            d.line(f"M{x} {y - 6}V{y + 10}", "#5a3a2a", 4.5)

    return part


def shield(colour: str) -> Part:
    """On the viewer's left, before the hanging arm."""

    def part(d: Drawing, b: Build) -> None:
        x, y = b.left_hand
        shape = f"M{x - 19} {y - 38}Q{x} {y - 46} {x + 19} {y - 38}V{y - 12}Q{x + 16} {y + 12} {x} {y + 20}Q{x - 16} {y + 12} {x - 19} {y - 12}Z"
        with d.cushion(3):
            d.path(shape, "~" + STEEL)
            d.path(
                f"M{x - 15} {y - 35}Q{x} {y - 41} {x + 15} {y - 35}V{y - 12}Q{x + 12} {y + 8} {x} {y + 15}Q{x - 12} {y + 8} {x - 15} {y - 12}Z",
                "~" + colour,
            )
        d.path(
            f"M{x - 3} {y - 34}H{x + 3}V{y - 18}H{x + 13}V{y - 12}H{x + 3}V{y + 10}H{x - 3}V{y - 12}H{x - 13}V{y - 18}H{x - 3}Z",
            GOLD,
        )

    return part


def broom(d: Drawing, b: Build) -> None:
    x, y = b.right_hand
    with d.cushion(1.8):
        d.line(f"M{x} {y - 44}V{b.foot - 34}", WOOD, 4.5)
        d.path(f"M{x - 4} {b.foot - 38}H{x + 4}L{x + 13} {b.foot + 3}H{x - 13}Z", "~#e0a94a")
        d.box(x - 6, b.foot - 38, 12, 6, darker("#d8323a", 0.1), 2)


def sack(d: Drawing, b: Build) -> None:
    """A bag of gifts over the shoulder, behind the back."""
    with d.cushion(4):
        d.path(
            f"M84 {b.shoulder - 2}Q74 {b.shoulder + 2} 78 {b.shoulder + 10}Q66 {b.hip + 6} 92 {b.hip + 18}Q126 {b.hip + 14} 122 {b.hip - 16}Q118 {b.shoulder + 8} 92 {b.shoulder + 8}Q94 {b.shoulder} 84 {b.shoulder - 2}Z",
            "~#b0763f",
        )
