"""What stands in rooms: furniture and machines, seen from the front."""

from .shapes import Drawing, darker, lighter

WOOD, BRASS, INK = "#a8683c", "#e2b24c", "#332e3a"


def sofa(cloth: str = "#4a86d8") -> Drawing:
    """A two-seater with round arms."""
    d = Drawing(190, 108)
    with d.cushion(1.5):
        for x in (30, 152):
            d.box(x, 92, 9, 14, "#6b4630", 2)
    with d.cushion(5):
        d.box(20, 8, 150, 72, "~" + darker(cloth, 0.1), 18)
    with d.cushion(4):
        d.box(32, 20, 62, 50, "~" + cloth, 12)
        d.box(96, 20, 62, 50, "~" + cloth, 12)
    with d.cushion(4):
        d.box(30, 60, 130, 36, "~" + darker(cloth, 0.16), 8)
        d.box(32, 54, 63, 22, "~" + lighter(cloth, 0.08), 9)
        d.box(95, 54, 63, 22, "~" + lighter(cloth, 0.08), 9)
    with d.cushion(4.5):
        d.box(6, 40, 32, 58, "~" + cloth, 14)
        d.box(152, 40, 32, 58, "~" + cloth, 14)
    return d


def armchair(cloth: str = "#d8524a") -> Drawing:
    """A deep chair with arms."""
    d = Drawing(124, 124)
    with d.cushion(1.5):
        for x in (24, 92):
            d.box(x, 106, 9, 16, "#6b4630", 2)
    with d.cushion(5):
        d.path("M24 90V34Q24 6 62 6Q100 6 100 34V90Z", "~" + cloth)
    with d.cushion(4):
        d.box(26, 74, 72, 36, "~" + darker(cloth, 0.16), 8)
        d.box(27, 66, 70, 22, "~" + lighter(cloth, 0.08), 9)
    with d.cushion(4.5):
        d.box(6, 52, 28, 60, "~" + cloth, 13)
        d.box(90, 52, 28, 60, "~" + cloth, 13)
    for x, y in ((50, 28), (74, 28), (62, 44)):
        d.circle(x, y, 2.4, darker(cloth, 0.35))
    return d


def bed(cloth: str = "#4a86d8") -> Drawing:
    """A bed with a headboard, a pillow and a blanket."""
    d = Drawing(200, 108)
    with d.cushion(3):
        d.box(4, 4, 14, 102, "~" + WOOD, 5)
        d.box(182, 46, 14, 60, "~" + WOOD, 5)
        d.box(10, 76, 180, 16, "~" + darker(WOOD, 0.12), 3)
    with d.cushion(4):
        d.box(16, 54, 168, 28, "#f5f2ee", 8)
        d.path("M66 42Q90 34 130 40Q184 42 184 60V82H66Z", "~" + cloth)
    with d.cushion(3):
        d.path("M60 40Q74 36 84 40V84H60Q54 62 60 40Z", "~" + lighter(cloth, 0.55))
        d.path("M20 54Q18 34 36 34Q58 34 58 48Q58 58 42 58Q24 60 20 54Z", "#ffffff")
    return d


def table(wood: str = WOOD) -> Drawing:
    """A plain table with four legs."""
    d = Drawing(180, 100)
    with d.cushion(2):
        for x in (40, 128):
            d.box(x, 20, 11, 62, darker(wood, 0.35), 2)
        d.box(16, 22, 148, 14, darker(wood, 0.22), 3)
        for x in (16, 151):
            d.box(x, 20, 13, 78, "~" + wood, 3)
    with d.cushion(3):
        d.box(3, 8, 174, 17, "~" + lighter(wood, 0.08), 6)
    return d


def lamp(shade: str = "#f6cf5a") -> Drawing:
    """A standing lamp with a cloth shade."""
    d = Drawing(84, 170)
    with d.cushion(2):
        d.box(39, 56, 6, 104, "#6a5648", 3)
        d.path("M18 168Q18 156 42 156Q66 156 66 168Z", "~#6a5648")
    d.ellipse(42, 62, 14, 7, "#fff6cf")
    with d.cushion(4):
        d.path("M24 6H60L80 62Q42 74 4 62Z", "~" + shade)
    d.line("M62 66V82", BRASS, 1.6)
    d.circle(62, 84, 2.6, BRASS)
    return d


def bookshelf(wood: str = WOOD) -> Drawing:
    """Four shelves full of books."""
    d = Drawing(126, 160)
    with d.cushion(4):
        d.box(4, 4, 118, 152, "~" + wood, 6)
    colours = ("#d8453f", "#3f7fd0", "#f0b53c", "#4fa86a", "#8a5fc4", "#ef7fae", "#3f9aa5")
    for row in range(4):
        y = 12 + row * 36
        d.box(12, y, 102, 31, darker(wood, 0.5), 2)
        x = 14.0
        for number in range(9):
            wide, tall = 7 + (number * 5 + row * 3) % 5, 21 + (number * 7 + row * 5) % 8
            if x + wide > 100 and row % 2:
                break
            if x + wide > 113:
                break
            with d.cushion(1.2):
                d.box(x, y + 31 - tall, wide, tall, colours[(number * 2 + row * 3) % 7], 1)
            x += wide + 1
    with d.cushion(2):
        d.circle(106, 72, 6, "~#4fa86a")
        d.box(101, 72, 11, 8, "~#d98a5a", 2)
    return d


def fridge(paint: str = "#c9d2dc") -> Drawing:
    """A fridge with a freezer above."""
    d = Drawing(96, 166)
    for x in (16, 70):
        d.box(x, 156, 10, 9, INK, 2)
    with d.cushion(4.5):
        d.box(4, 4, 88, 156, "~" + paint, 12)
    d.line("M5 58H91", darker(paint, 0.35), 2.4, butt=True)
    with d.cushion(1.5):
        for y, tall in ((26, 22), (68, 40)):
            d.box(14, y, 7, tall, "#f6f8fb", 3.5)
    return d


def washing_machine() -> Drawing:
    """White, with a round door."""
    d = Drawing(108, 124)
    with d.cushion(4):
        d.box(4, 4, 100, 116, "~#eef0f5", 8)
    d.line("M6 30H102", "#b9bfcc", 2, butt=True)
    d.box(12, 11, 34, 12, "#c9d0dc", 3)
    d.circle(72, 17, 6, "#8f99ab")
    d.circle(88, 17, 4, "#5fc0e0")
    with d.cushion(3):
        d.circle(54, 74, 34, "~#b9c2d0")
    d.circle(54, 74, 25, "#3f5f86")
    with d.clip("M29 74A25 25 0 1 0 79 74A25 25 0 1 0 29 74Z"):
        d.path("M26 78Q40 70 54 78T84 78V102H26Z", "#6fc3ea")
        d.circle(46, 86, 6, "#e8f6fc")
        d.circle(62, 90, 4, "#e8f6fc")
    d.line("M38 64Q42 56 50 54", "#ffffff", 3)
    return d


def fireplace() -> Drawing:
    """A brick fireplace with a fire."""
    d = Drawing(150, 132)
    with d.cushion(4):
        d.box(12, 18, 126, 112, "~#c06a4a", 3)
    for row in range(7):
        y = 30 + row * 14
        d.line(f"M13 {y}H137", "#e2a184", 1.6, butt=True)
        for x in range(26 + (row % 2) * 12, 137, 24):
            d.line(f"M{x} {y}V{y + 14}", "#e2a184", 1.6, butt=True)
    with d.cushion(3):
        d.box(4, 6, 142, 17, "~#8a5434", 4)
    d.path("M36 130V78Q36 50 75 50Q114 50 114 78V130Z", "#2b2028")
    with d.cushion(2.5):
        d.line("M52 122L98 114M52 114L98 122", "#6b4026", 9)
    with d.cushion(3, light=0.2):
        d.path(
            "M50 114Q46 94 62 84Q62 92 68 94Q68 74 82 64Q80 82 92 90Q104 100 98 114Q88 122 75 122Q60 122 50 114Z",
            "|#ffb52e-#ef5a2a",
        )
        d.path("M62 116Q60 104 72 96Q76 102 78 92Q90 102 87 114Q82 121 75 121Q66 121 62 116Z", "|#fff2a0-#ffb52e")
    return d


def bathtub(paint: str = "#f2f3f7") -> Drawing:
    """A white tub on feet, full of foam."""
    d = Drawing(180, 112)
    with d.cushion(2):
        for x in (36, 132):
            d.path(f"M{x} 92Q{x - 8} 108 {x + 2} 109H{x + 10}Q{x + 18} 108 {x + 14} 92Z", "~" + BRASS)
        d.line("M160 44V18Q160 6 148 6Q140 7 140 16", BRASS, 6)
    with d.cushion(3):
        for x, y, r in (
            (40, 38, 13),
            (60, 30, 14),
            (82, 34, 13),
            (104, 28, 15),
            (126, 36, 13),
            (144, 42, 9),
            (26, 42, 8),
        ):
            d.circle(x, y, r, "|#ffffff-#cfeaf8")
    with d.cushion(5):
        d.path("M10 48H170Q172 100 126 100H54Q8 100 10 48Z", "~" + paint)
        d.box(3, 42, 174, 13, "~" + lighter(paint, 0.3), 6.5)
    return d
