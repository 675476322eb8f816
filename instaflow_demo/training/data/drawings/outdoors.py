# ruff: noqa: E501 - the path of a shape is one line
"""What stands out of doors: what stands in parks and streets, what one takes to the beach."""

import math

from .shapes import Drawing, darker, lighter

WOOD, BRASS, IRON, GLASS = "#a8683c", "#e2b24c", "#3d3a48", "#8fd0f2"


def bench(wood: str = WOOD) -> Drawing:
    """A park bench with iron legs."""
    d = Drawing(170, 96)
    with d.cushion(2):
        for x in (22, 140):
            d.path(f"M{x} 6H{x + 8}V58H{x + 12}V94H{x + 4}V66H{x - 4}V94H{x - 12}V60H{x}Z", "~" + IRON)
    with d.cushion(2):
        for y in (8, 23, 38):
            d.box(6, y, 158, 11.5, "~" + wood, 4)
        d.box(2, 56, 166, 13, "~" + lighter(wood, 0.12), 5)
    return d


def street_lamp(iron: str = IRON) -> Drawing:
    """An old lantern on a post."""
    d = Drawing(72, 210)
    with d.cushion(2):
        d.box(32, 60, 8, 140, "~" + iron, 3)
        d.path("M20 208Q20 192 36 188Q52 192 52 208Z", "~" + iron)
        d.box(24, 58, 24, 6, iron, 3)
    d.path("M18 24H54L48 58H24Z", "|#fff6c9-#ffd866")
    d.line("M18 24L24 58M54 24L48 58M36 24V58", iron, 2.6)
    with d.cushion(2):
        d.path("M12 25Q20 8 36 6Q52 8 60 25Z", "~" + iron)
    d.circle(36, 5, 4, iron)
    return d


def campfire() -> Drawing:
    """A fire on logs between stones."""
    d = Drawing(130, 116)
    with d.cushion(3, light=0.2):
        d.path(
            "M34 88Q24 62 46 46Q46 58 54 62Q50 30 74 6Q74 34 90 48Q110 66 98 90Q84 102 66 102Q46 102 34 88Z",
            "|#ffb52e-#ef4f2a",
        )
        d.path("M50 92Q44 74 60 60Q64 70 68 56Q88 74 82 92Q74 101 66 101Q56 101 50 92Z", "|#fff2a0-#ffb52e")
    with d.cushion(3):
        d.line("M22 104L102 86", "#7a4a2c", 14)
        d.line("M108 104L28 86", "#8a5634", 14)
    d.circle(22, 104, 5, "#d9a878")
    d.circle(108, 104, 5, "#d9a878")
    with d.cushion(3):
        for x, y, r in ((10, 106, 9), (120, 106, 9), (40, 109, 8), (66, 110, 8.5), (92, 109, 8)):
            d.ellipse(x, y, r, r * 0.75, "~#8f8c99")
    return d


def beach_umbrella(cloth: str = "#e0443f") -> Drawing:
    """A parasol with white stripes, stuck in the sand."""
    d = Drawing(150, 150)
    d.line("M80 60L66 146", "#b9834f", 5)
    with d.cushion(5):
        d.path("M6 66Q20 8 84 10Q142 14 146 78Q130 66 116 76Q102 62 82 70Q64 56 44 66Q26 54 6 66Z", "~" + cloth)
        d.path("M84 10Q58 24 44 66Q64 56 82 70Q88 34 84 10Z", "~#fdf8f2")
        d.path("M84 10Q118 26 116 76Q130 66 146 78Q142 14 84 10Z", "~#fdf8f2")
    d.line("M84 10L85 3", "#b9834f", 4)
    return d


def umbrella(cloth: str = "#8a4fc4") -> Drawing:
    """An open umbrella with a crook."""
    d = Drawing(150, 156)
    d.line("M75 12V130Q75 148 90 148Q103 147 103 134", "#8a5a38", 5.5)
    with d.cushion(5):
        d.path(
            "M6 74Q10 12 75 10Q140 12 144 74Q133 64 121 74Q109 62 98 74Q87 62 75 74Q63 62 52 74Q41 62 29 74Q17 64 6 74Z",
            "~" + cloth,
        )
        d.path("M75 10Q44 28 52 74Q63 62 75 74Z", lighter(cloth, 0.16), 0.8)
        d.path("M75 10Q24 22 29 74Q17 64 6 74Q10 12 75 10Z", darker(cloth, 0.12), 0.5)
        d.path("M75 10Q126 22 121 74Q133 64 144 74Q140 12 75 10Z", darker(cloth, 0.2), 0.6)
    d.line("M75 11V4", "#8a5a38", 5)
    return d


def treasure_chest(wood: str = "#9a5c32") -> Drawing:
    """An open chest, full of gold."""
    d = Drawing(140, 118)
    with d.cushion(4):
        d.path("M12 52Q8 8 46 6H94Q132 8 128 52Z", "~" + darker(wood, 0.25))
    d.path("M20 52Q18 18 48 16H92Q122 18 120 52Z", darker(wood, 0.55))
    with d.cushion(3):
        d.path("M20 60Q24 40 44 42Q54 28 70 34Q88 26 98 42Q118 42 120 60Z", "~#f6c53a")
    for x, y in ((40, 52), (56, 44), (72, 50), (88, 44), (102, 53)):
        with d.cushion(1.2):
            d.ellipse(x, y, 8.5, 6, "~#ffdf6a")
    for x, y, colour in ((64, 37, "#e0343c"), (93, 52, "#3fa5e8"), (47, 50, "#4fc06a")):
        with d.cushion(1.2):
            d.path(f"M{x} {y - 6}L{x + 6} {y}L{x} {y + 6}L{x - 6} {y}Z", "~" + colour)
    with d.cushion(4):
        d.box(8, 56, 124, 58, "~" + wood, 6)
    d.line("M9 76H131M9 95H131", darker(wood, 0.35), 2, butt=True)
    with d.cushion(2):
        for x in (16, 110):
            d.box(x, 56, 14, 58, "~" + BRASS, 2)
        d.box(58, 54, 24, 26, "~" + BRASS, 4)
    d.circle(70, 64, 3.6, "#4a3020")
    d.box(68.4, 65, 3.2, 9, "#4a3020", 1)
    return d


def rainbow() -> Drawing:
    """An arch of six colours between two clouds."""
    d = Drawing(190, 108)
    colours = ("#f0524f", "#f79a3e", "#f8d94a", "#5fc46a", "#4f9fea", "#8f62d0")
    for number, colour in enumerate(colours):
        radius = 80 - number * 8.6
        d.line(f"M{95 - radius} 92A{radius} {radius} 0 0 1 {95 + radius} 92", colour, 9, butt=True)
    with d.cushion(4):
        for left in (8, 128):
            for x, y, r in ((10, 90, 13), (27, 82, 17), (44, 90, 13)):
                d.circle(left + x, y, r, "#ffffff")
            d.box(left, 90, 54, 14, "#ffffff", 7)
    return d


def soccer_ball() -> Drawing:
    """White with black patches."""
    d = Drawing(110, 110)
    ball = "M5 55A50 50 0 1 0 105 55A50 50 0 1 0 5 55Z"
    with d.cushion(6):
        d.path(ball, "~#fbfbfd")
        with d.clip(ball):
            d.path(_polygon(55, 55, 17, -90), "#2f2d38")
            for number in range(5):
                angle = math.radians(-90 + 72 * number)
                x, y = 55 + 46 * math.cos(angle), 55 + 46 * math.sin(angle)
                d.path(_polygon(x, y, 16, 90 + 72 * number), "#2f2d38")
                d.line(
                    f"M{55 + 16 * math.cos(angle):.1f} {55 + 16 * math.sin(angle):.1f}L{x:.1f} {y:.1f}", "#2f2d38", 2
                )
    return d


def _polygon(x: float, y: float, radius: float, start: float) -> str:
    corners = (math.radians(start + 72 * number) for number in range(5))
    return "M" + "L".join(f"{x + radius * math.cos(a):.1f} {y + radius * math.sin(a):.1f}" for a in corners) + "Z"


def beach_ball() -> Drawing:
    """A ball in bright segments."""
    d = Drawing(110, 110)
    ball = "M5 55A50 50 0 1 0 105 55A50 50 0 1 0 5 55Z"
    segments = (
        "M46 40Q10 30 2 70L-4 20L30 -4Z",
        "M46 40Q38 8 70 2L20 -6Z",
        "M46 40Q80 16 104 42L110 4L66 -2Z",
        "M46 40Q88 44 100 80L116 60L104 38Z",
        "M46 40Q68 76 56 108L108 104L102 76Z",
        "M46 40Q30 74 20 96L56 112Z",
    )
    colours = ("#f8d23a", "#fdfbf6", "#e8463f", "#fdfbf6", "#3f8fe0", "#fdfbf6")
    with d.cushion(6):
        d.path(ball, "#fdfbf6")
        with d.clip(ball):
            for shape, colour in zip(segments, colours, strict=True):
                d.path(shape, colour)
            d.circle(46, 40, 8, "#ffffff")
    return d


def trash_can(paint: str = "#9aa2b0") -> Drawing:
    """A bin with a lid."""
    d = Drawing(96, 126)
    with d.cushion(4):
        d.path("M14 34H82L76 118Q76 122 70 122H26Q20 122 20 118Z", "~" + paint)
    d.line("M34 46L37 110M48 46V110M62 46L59 110", darker(paint, 0.3), 4)
    with d.cushion(3):
        d.box(6, 22, 84, 14, "~" + lighter(paint, 0.15), 6)
        d.path("M34 23Q34 8 48 8Q62 8 62 23H55Q55 15 48 15Q41 15 41 23Z", "~" + paint)
    return d


def cauldron() -> Drawing:
    """A black pot with a green brew that bubbles."""
    d = Drawing(124, 116)
    with d.cushion(2.5):
        for x in (30, 84):
            d.path(f"M{x} 92H{x + 11}L{x + 8} 114H{x + 3}Z", "~#2b2833")
    with d.cushion(6):
        d.path("M18 42H106Q122 74 100 98Q62 112 24 98Q2 74 18 42Z", "~#3d3a48")
    with d.cushion(3):
        d.ellipse(62, 40, 48, 13, "~#4a4756")
    d.ellipse(62, 39, 40, 9, "#6fd04f")
    with d.cushion(2.5):
        for x, y, r in ((46, 32, 9), (64, 25, 11), (82, 33, 8), (58, 8, 5), (76, 12, 4)):
            d.circle(x, y, r, "~#8ae05f")
    return d


def fence(wood: str = "#f4f1ea") -> Drawing:
    """Five pickets on two rails."""
    d = Drawing(190, 100)
    with d.cushion(2):
        for y in (38, 68):
            d.box(2, y, 186, 10, "~" + darker(wood, 0.14), 2)
    with d.cushion(2.5):
        for x in (8, 46, 84, 122, 160):
            d.path(f"M{x} 98V20L{x + 11} 4L{x + 22} 20V98Z", "~" + wood)
    return d
