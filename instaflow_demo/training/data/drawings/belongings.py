# ruff: noqa: E501 - the path of a shape is one line
"""Books, instruments and what stands on tables."""

from .shapes import Drawing, darker, lighter

BRASS = "#e2b24c"


def piano(paint: str = "#37343f") -> Drawing:
    """A grand piano with its lid up, the keys towards us."""
    d = Drawing(190, 160)
    with d.cushion(2):
        for x in (26, 152):
            d.path(f"M{x} 110H{x + 13}L{x + 10} 156H{x + 3}Z", "~" + darker(paint, 0.1))
        d.box(86, 110, 14, 40, darker(paint, 0.25), 2)
        d.box(80, 148, 26, 6, BRASS, 3)
    with d.cushion(4):
        d.path("M34 78L58 8Q64 2 74 4L164 18Q180 24 174 40L166 78Z", "~" + lighter(paint, 0.12))
    d.path("M44 74L64 16L164 30L158 74Z", BRASS, 0.35)
    d.line("M150 76L140 34", BRASS, 3)
    with d.cushion(4):
        d.path("M8 84Q8 74 20 74H170Q182 74 182 84V116Q182 122 176 122H14Q8 122 8 116Z", "~" + paint)
    d.box(20, 92, 150, 20, "#fbfaf6", 2)
    for number in range(1, 20):
        d.line(f"M{20 + number * 7.5} 92V112", "#b9b4c0", 1, butt=True)
        if number % 7 not in (3, 0):
            d.box(20 + number * 7.5 - 2.2, 92, 4.4, 12, "#26232c", 1)
    return d


def book(cover: str = "#d8423f") -> Drawing:
    """A closed book that stands, a golden mark on its cover."""
    d = Drawing(96, 118)
    with d.cushion(3.5):
        d.path("M12 14Q12 4 22 4H84V112H22Q12 112 12 102Z", "~" + cover)
    d.path("M84 98H24Q16 98 16 104Q16 110 24 110H86V98Z", "#f7f2e6")
    d.line("M22 102H84M22 106H84", "#cfc6b4", 1.3)
    d.path("M22 4V97Q14 98 12 104V14Q12 4 22 4Z", darker(cover, 0.25))
    with d.cushion(1.2):
        d.box(36, 22, 36, 16, "#f6dc9a", 3)
    d.line("M42 28H66M46 33H62", darker("#c99a3a", 0.1), 2)
    d.line("M34 90H74", "#f6dc9a", 2)
    return d


def stack_of_books() -> Drawing:
    """Four books, one upon another."""
    d = Drawing(120, 100)
    for y, x, wide, colour in (
        (76, 8, 104, "#3f7fd0"),
        (54, 16, 90, "#d8453f"),
        (32, 12, 96, "#4fa86a"),
        (10, 20, 78, "#f0b53c"),
    ):
        d.box(x + 8, y + 4, wide - 10, 14, "#f7f2e6")
        d.line(f"M{x + 10} {y + 9}H{x + wide - 4}M{x + 10} {y + 13}H{x + wide - 4}", "#cfc6b4", 1.2)
        with d.cushion(2):
            d.path(
                f"M{x + wide} {y}H{x + 8}Q{x} {y} {x} {y + 11}Q{x} {y + 22} {x + 8} {y + 22}H{x + wide}V{y + 18}H{x + 12}Q{x + 6} {y + 11} {x + 12} {y + 4}H{x + wide}Z",
                "~" + colour,
            )
    return d


def vase(glaze: str = "#3f7fd0") -> Drawing:
    """A vase with three flowers."""
    d = Drawing(100, 156)
    d.line("M50 96L32 44M50 96V30M50 96L70 50", "#4f9f4a", 4)
    with d.cushion(2):
        d.path("M44 82Q26 80 22 66Q40 64 46 78Z", "~#5fb357")
        d.path("M56 82Q76 82 82 68Q64 64 55 76Z", "~#5fb357")
    with d.cushion(2.5):
        for x, y, colour in ((30, 40, "#f27fb0"), (50, 24, "#f6c93a"), (72, 46, "#f08a4a")):
            for turn in range(0, 360, 72):
                with d.moved(x, y, 1, turn):
                    d.ellipse(0, -10.5, 7, 9, "~" + colour)
    for x, y in ((30, 40), (50, 24), (72, 46)):
        d.circle(x, y, 5.5, "#8a4f2a")
    with d.cushion(5):
        d.path("M36 88H64L62 98Q80 108 78 130Q76 152 60 152H40Q24 152 22 130Q20 108 38 98Z", "~" + glaze)
    d.line("M25 120Q50 128 75 120M23 132Q50 140 77 132", lighter(glaze, 0.6), 3)
    return d


def guitar(wood: str = "#c9823f") -> Drawing:
    """An acoustic guitar that stands upright."""
    d = Drawing(90, 190)
    with d.cushion(2):
        d.box(39, 24, 12, 92, "#5a3a2a", 2)
        d.path("M35 4H55L53 28H37Z", "~#6b4630")
    for y in (8, 15, 22):
        d.circle(33, y, 2.6, "#d9dde4")
        d.circle(57, y, 2.6, "#d9dde4")
    with d.cushion(5):
        d.path(
            "M45 92Q70 90 72 110Q72 122 68 128Q84 140 84 158Q82 186 45 186Q8 186 6 158Q6 140 22 128Q18 122 18 110Q20 90 45 92Z",
            "~" + wood,
        )
    d.circle(45, 130, 13, "#3a2620")
    with d.cushion(1.2):
        d.box(28, 158, 34, 7, "#5a3a2a", 3)
    for x in (40.5, 43.5, 46.5, 49.5):
        d.line(f"M{x} 10V160", "#f3ead6", 0.9)
    return d


def globe() -> Drawing:
    """The Earth on a stand."""
    d = Drawing(104, 140)
    with d.cushion(2.5):
        d.box(48, 104, 8, 24, "~" + BRASS, 2)
        d.path("M24 138Q24 124 52 124Q80 124 80 138Z", "~#8a5434")
        d.line("M76 18A48 48 0 0 1 52 108A48 48 0 0 1 14 86", BRASS, 5)
    ball = "M12 58A40 40 0 1 0 92 58A40 40 0 1 0 12 58Z"
    with d.cushion(5):
        d.path(ball, "~#4aa3e8")
        with d.clip(ball):
            d.path("M22 30Q40 20 56 28Q58 40 46 44Q48 56 36 62Q24 50 22 30Z", "~#5fbf5f")
            d.path("M40 66Q54 66 58 78Q52 94 44 98Q36 84 40 66Z", "~#5fbf5f")
            d.path("M70 26Q90 34 96 60Q88 78 76 76Q66 64 72 52Q62 40 70 26Z", "~#5fbf5f")
    return d


def cup_of_coffee(china: str = "#f4f2f5") -> Drawing:
    """A cup on a saucer, seen a little from above."""
    d = Drawing(130, 124)
    with d.cushion(4):
        d.ellipse(60, 106, 56, 14, "~" + darker(china, 0.06))
    with d.cushion(3):
        d.line("M98 62Q124 56 120 76Q114 92 90 90", china, 9)
    with d.cushion(5):
        d.path("M18 50H102Q104 108 60 110Q16 108 18 50Z", "~" + china)
        d.ellipse(60, 50, 42, 13, "~" + lighter(china, 0.3))
    d.ellipse(60, 51, 36, 9.5, "#5d3a26")
    d.ellipse(56, 50, 24, 4.5, "#7a5034")
    return d
