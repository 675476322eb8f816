# ruff: noqa: E501 - the path of a shape is one line
"""What people wear: parts that are drawn over a body, by the joints of its build."""

from .people import Build, Part
from .shapes import Drawing, darker

GOLD, STEEL = "#f2c14a", "#b9c0cc"


def coat(colour: str, *, long: bool = True, shirt: str = "#e6eefb", tie: str = "") -> Part:
    """An open coat over a shirt."""

    def part(d: Drawing, b: Build) -> None:
        low = b.hip + (24 if long else 2)
        d.path(f"M52 {b.shoulder - 8}H68L64 {low - 4}H56Z", shirt)
        if tie:
            d.path(f"M58 {b.shoulder - 3}H62L64 {b.shoulder + 24}L60 {b.shoulder + 29}L56 {b.shoulder + 24}Z", tie)
        with d.cushion(2.5):
            for s in (-1, 1):
                w = b.wide
                d.path(
                    f"M{60 + s * 6} {b.shoulder - 8}L{60 + s * (w - 4)} {b.shoulder - 6}Q{60 + s * w} {b.shoulder - 4} {60 + s * w} {b.shoulder + 8}"
                    f"L{60 + s * (w + 1)} {low}L{60 + s * 3} {low}L{60 + s * 2} {b.shoulder + 24}Z",
                    "~" + colour,
                )
                d.path(
                    f"M{60 + s * 5} {b.shoulder - 9}L{60 + s * 11} {b.shoulder - 2}L{60 + s * 8} {b.shoulder + 8}L{60 + s * 2} {b.shoulder + 26}Z",
                    darker(colour, 0.14),
                )

    return part


def buttons(colour: str, rows: int = 4, *, double: bool = False) -> Part:
    def part(d: Drawing, b: Build) -> None:
        step = (b.hip - b.shoulder - 16) / max(1, rows - 1)
        for row in range(rows):
            for x in (54, 66) if double else (60,):
                d.circle(x, b.shoulder + 6 + row * step, 1.9, colour)

    return part


def belt(colour: str, buckle: str = GOLD) -> Part:
    def part(d: Drawing, b: Build) -> None:
        with d.cushion(1.5):
            d.box(60 - b.wide + 1.5, b.hip - 6, 2 * b.wide - 3, 7, colour, 1)
        d.box(56, b.hip - 6.5, 8, 8, buckle, 1.5)

    return part


def collar(colour: str) -> Part:
    def part(d: Drawing, b: Build) -> None:
        y = b.shoulder - 8
        d.path(f"M51 {y}L60 {y + 9}L54 {y + 14}L48 {y + 2}Z", colour)
        d.path(f"M69 {y}L60 {y + 9}L66 {y + 14}L72 {y + 2}Z", colour)

    return part


def badge(colour: str = GOLD, x: float = 69) -> Part:
    def part(d: Drawing, b: Build) -> None:
        y = b.shoulder + 10
        d.path(
            f"M{x} {y - 5}L{x + 4} {y - 3}V{y + 1}Q{x + 3} {y + 5} {x} {y + 6}Q{x - 3} {y + 5} {x - 4} {y + 1}V{y - 3}Z",
            "~" + colour,
        )

    return part


def stripes(colour: str, *ys: float, width: float = 5) -> Part:
    """Bands round the body, at shares of its height below the shoulders."""

    def part(d: Drawing, b: Build) -> None:
        for share in ys:
            y = b.shoulder + (b.hip - b.shoulder) * share
            d.box(60 - b.wide + 1, y, 2 * b.wide - 2, width, colour)

    return part


def stethoscope(d: Drawing, b: Build) -> None:
    y = b.shoulder
    d.line(
        f"M52 {y - 7}Q49 {y + 14} 56 {y + 18}Q70 {y + 20} 68 {y - 7}M57 {y + 18}Q57 {y + 28} 66 {y + 30}",
        "#3e4656",
        2.4,
    )
    d.circle(68, y + 30, 3.6, "~" + STEEL)


def dungarees(colour: str) -> Part:
    def part(d: Drawing, b: Build) -> None:
        y, w = b.shoulder + 14, b.wide
        with d.cushion(2.5):
            d.line(f"M48 {y + 6}L50 {y - 20}M72 {y + 6}L70 {y - 20}", colour, 5, butt=True)
            d.path(
                f"M46 {y}H74V{b.hip - 22}L{58 + w} {b.hip - 18}V{b.hip + 4}H{62 - w}V{b.hip - 18}L46 {b.hip - 22}Z",
                "~" + colour,
            )
        d.box(54, y + 6, 12, 10, darker(colour, 0.2), 2)
        for x in (49, 71):
            d.circle(x, y + 3, 2, GOLD)

    return part


def apron(colour: str) -> Part:
    def part(d: Drawing, b: Build) -> None:
        w = b.wide - 3
        with d.cushion(2.5):
            d.path(
                f"M{60 - w} {b.hip - 16}H{60 + w}L{62 + w} {b.hip + 26}Q60 {b.hip + 30} {58 - w} {b.hip + 26}Z",
                "~" + colour,
            )

    return part


def scarf(colour: str) -> Part:
    def part(d: Drawing, b: Build) -> None:
        with d.cushion(2):
            d.path(
                f"M47 {b.shoulder - 9}Q60 {b.shoulder - 4} 73 {b.shoulder - 9}L74 {b.shoulder - 2}Q60 {b.shoulder + 4} 46 {b.shoulder - 2}Z",
                "~" + colour,
            )
            d.path(
                f"M56 {b.shoulder}L50 {b.shoulder + 12}L60 {b.shoulder + 8}L70 {b.shoulder + 12}L64 {b.shoulder}Z",
                "~" + colour,
            )

    return part


def cape(colour: str, *, low: float = 0.75) -> Part:
    """A cloak behind the back, down to a share of the legs."""

    def part(d: Drawing, b: Build) -> None:
        y, w = b.hip + (b.foot - b.hip) * low, b.wide + 16
        with d.cushion(4):
            d.path(
                f"M46 {b.shoulder - 8}H74L{60 + w} {y}Q{60 + w / 2} {y - 8} 60 {y}Q{60 - w / 2} {y - 8} {60 - w} {y}Z",
                "~" + colour,
            )

    return part


def fur_trim(d: Drawing, b: Build) -> None:
    """White fur down the front and round the hem, and a black belt."""
    with d.cushion(2):
        d.box(56, b.shoulder - 6, 8, b.hip - b.shoulder + 14, "#ffffff", 4)
        d.box(60 - b.wide - 2, b.hip + 3, 2 * b.wide + 4, 9, "#ffffff", 4.5)
    belt("#2f2a33")(d, b)


def ermine(d: Drawing, b: Build) -> None:
    """A white fur collar over the shoulders with dark tails in it."""
    y = b.shoulder
    with d.cushion(2.5):
        d.path(
            f"M{60 - b.wide - 3} {y + 6}Q{60 - b.wide} {y - 11} 60 {y - 9}Q{60 + b.wide} {y - 11} {63 + b.wide} {y + 6}Q60 {y + 22} {57 - b.wide} {y + 6}Z",
            "#ffffff",
        )
    for x, dy in ((46, 2), (54, 6), (66, 6), (74, 2), (60, 0)):
        d.ellipse(x, y + dy, 1.2, 2.6, "#3a3440")


def wings(colour: str, *, gauze: bool = False) -> Part:
    def part(d: Drawing, b: Build) -> None:
        y = b.shoulder + 6
        with d.cushion(3):
            for s in (-1, 1):
                upper = f"M{60 + s * 6} {y + 8}Q{60 + s * 18} {y - 34} {60 + s * 52} {y - 26}Q{60 + s * 60} {y - 4} {60 + s * 44} {y + 12}Q{60 + s * 28} {y + 22} {60 + s * 6} {y + 12}Z"
                lower = f"M{60 + s * 6} {y + 12}Q{60 + s * 40} {y + 8} {60 + s * 44} {y + 30}Q{60 + s * 36} {y + 44} {60 + s * 20} {y + 36}Z"
                d.path(lower, "~" + darker(colour, 0.08), 0.85 if gauze else 1)
                d.path(upper, "~" + colour, 0.85 if gauze else 1)

    return part
