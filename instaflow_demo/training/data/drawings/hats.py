# ruff: noqa: E501 - the path of a shape is one line
"""What people wear on the head, which is centred on (60, 40) with its top at 14: hats, helmets, glasses, masks."""

from .people import Build, Part
from .shapes import OUTLINE, Drawing, darker, lighter

GOLD = "#f2c14a"


def glasses(d: Drawing, b: Build) -> None:
    for x in (51.5, 68.5):
        d.ellipse(x, 42, 6.4, 6, "#ffffff", opacity=0.25)
    d.line(
        "M45 42A6.500 6 0 1 0 58 42A6.500 6 0 1 0 45 42M62 42A6.500 6 0 1 0 75 42A6.500 6 0 1 0 62 42M58 41.500H62M45 41L42 40M75 41L78 40",
        "#39333f",
        1.6,
    )


def goggles(d: Drawing, b: Build) -> None:
    """Laboratory goggles pushed up on the forehead."""
    d.line("M41 27Q60 20 79 27", "#4a5160", 3)
    with d.cushion(1.5):
        d.box(46, 19, 28, 11, "#8fd6ef", 5)


def cap(colour: str, band: str, emblem: str = GOLD) -> Part:
    """A peaked cap of a uniform."""

    def part(d: Drawing, b: Build) -> None:
        with d.cushion(2.5):
            d.path("M37 22Q36 8 60 5Q84 8 83 22Q72 18 60 18Q48 18 37 22Z", "~" + colour)
            d.path("M41 20Q60 14 79 20V28Q60 22 41 28Z", band)
            d.path("M44 27Q60 20 76 27Q74 33 60 31Q46 33 44 27Z", "~#26222c")
        d.path("M60 9L63 13L60 18L57 13Z", emblem)

    return part


def helmet(colour: str, *, badge: str = "", brim: float = 4) -> Part:
    """A hard hat; with a badge it is a firefighter's."""

    def part(d: Drawing, b: Build) -> None:
        with d.cushion(3):
            d.path("M40 28Q38 4 60 3Q82 4 80 28Z", "~" + colour)
            d.path(f"M{38 - brim} 30Q60 20 {82 + brim} 30Q82 34 60 27Q38 34 {38 - brim} 30Z", "~" + darker(colour, 0.1))
            d.box(57, 2, 6, 22, lighter(colour, 0.2), 3)
        if badge:
            d.path("M60 9L68 12V18Q66 24 60 26Q54 24 52 18V12Z", badge)

    return part


def toque(d: Drawing, b: Build) -> None:
    """A cook's tall white hat."""
    with d.cushion(3):
        for x, y, r in ((45, 2, 10), (60, -4, 12), (75, 2, 10)):
            d.circle(x, y, r, "#ffffff")
        d.path("M42 4H78L77 24Q60 19 43 24Z", "|#ffffff-#e6e3ee")


def brimmed(colour: str, band: str, *, crown: float = 3, brim: float = 16) -> Part:
    """A hat with a brim: straw, felt or a cowboy's."""

    def part(d: Drawing, b: Build) -> None:
        with d.cushion(2.5):
            d.path(
                f"M{40 - brim} 23Q60 14 {80 + brim} 23Q{78 + brim} 30 60 27Q{42 - brim} 30 {40 - brim} 23Z",
                "~" + darker(colour, 0.08),
            )
            d.path(
                f"M42 23Q42 {crown} 50 {crown - 1}Q60 {crown + 4} 70 {crown - 1}Q78 {crown} 78 23Q60 16 42 23Z",
                "~" + colour,
            )
        d.path("M42 22.500Q60 15 78 22.500V18Q60 10.500 42 18Z", band)

    return part


def beret(colour: str) -> Part:
    def part(d: Drawing, b: Build) -> None:
        with d.cushion(3):
            d.path("M38 26Q30 14 48 8Q72 2 84 14Q88 22 80 26Q60 18 38 26Z", "~" + colour)
        d.line("M60 7V2", colour, 3)

    return part


def crown(d: Drawing, b: Build) -> None:
    with d.cushion(2):
        d.path("M42 24L39 4L50 13L60 0L70 13L81 4L78 24Q60 18 42 24Z", "~" + GOLD)
    for x, y, colour in ((60, 15, "#d8323a"), (49, 17.5, "#3b74d9"), (71, 17.5, "#3fa552")):
        d.circle(x, y, 2.4, colour)
    for x, y in ((39, 4), (60, 0), (81, 4)):
        d.circle(x, y, 2.4, "#fff2b0")


def tiara(d: Drawing, b: Build) -> None:
    with d.cushion(1.5):
        d.path("M45 19Q52 14 54 15L60 3L66 15Q68 14 75 19Q60 14 45 19Z", "~" + GOLD)
    d.circle(60, 12, 2.2, "#ef6fa8")


def pointed(colour: str, band: str, *, stars: bool = False) -> Part:
    """The tall hat of wizards and witches."""

    def part(d: Drawing, b: Build) -> None:
        with d.cushion(3):
            d.path("M24 24Q60 12 96 24Q98 31 60 27Q22 31 24 24Z", "~" + darker(colour, 0.1))
            d.path("M41 23Q52 -6 64 -36Q72 -40 78 -30Q70 -30 70 -22Q74 0 79 23Q60 15 41 23Z", "~" + colour)
        d.path("M41 23Q60 15 79 23L78 16.500Q60 9 43 16.500Z", band)
        if stars:
            for x, y in ((57, 2), (66, -8), (61, -20)):
                d.path(
                    f"M{x} {y - 4}L{x + 1.2} {y - 1.2}L{x + 4} {y}L{x + 1.2} {y + 1.2}L{x} {y + 4}L{x - 1.2} {y + 1.2}L{x - 4} {y}L{x - 1.2} {y - 1.2}Z",
                    GOLD,
                )

    return part


def tricorne(d: Drawing, b: Build) -> None:
    """A pirate's hat with a skull, and a patch over one eye."""
    with d.cushion(3):
        d.path("M28 24Q32 8 46 9Q60 -6 74 9Q88 8 92 24Q60 12 28 24Z", "~#2f2a38")
        d.path("M28 24Q60 12 92 24Q84 30 60 25Q36 30 28 24Z", "#1f1b27")
    d.line("M30 22.500Q60 11 90 22.500", GOLD, 2)
    d.circle(60, 10, 4, "#ffffff")
    d.box(57.5, 12, 5, 4.5, "#ffffff", 1)
    for x in (58.5, 61.5):
        d.circle(x, 10.3, 1, "#1f1b27")
    d.line("M44 32L76 46", "#1f1b27", 1.5)
    d.ellipse(68.5, 42, 5.2, 5, "#1f1b27")


def nightcap(d: Drawing, b: Build) -> None:
    """The red cap of Santa Claus."""
    with d.cushion(3):
        d.path("M40 24Q42 0 64 0Q88 2 94 30Q86 30 82 20Q80 24 79 24Z", "~#d8323a")
        d.box(37, 19, 46, 10, "#ffffff", 5)
        d.circle(92, 33, 6, "#ffffff")


def halo(d: Drawing, b: Build) -> None:
    d.line("M42 5A18 4.500 0 1 0 78 5A18 4.500 0 1 0 42 5", GOLD, 3.4)


def mask(colour: str) -> Part:
    """A hero's mask round the eyes."""

    def part(d: Drawing, b: Build) -> None:
        d.path("M41.500 37Q60 33 78.500 37L77.500 45Q70 51 63 45Q60 43 57 45Q50 51 42.500 45Z", colour)
        for x in (51.5, 68.5):
            d.ellipse(x, 41.5, 3.6, 3.4, "#ffffff")
            d.ellipse(x, 41.8, 2, 2.8, OUTLINE)

    return part
