"""Vehicles that the icon set shows only from the front or at a slant, facing left."""

from .shapes import Drawing, darker, lighter

STEEL, GLASS, TYRE = "#b9c0cc", "#8fd4f5", "#2f2b38"


def train(paint: str = "#d8423f") -> Drawing:
    """A locomotive and a carriage on a rail."""
    d = Drawing(230, 104)
    with d.cushion(2):
        d.box(2, 96, 226, 7, "~#8f8c99", 3)
    for x in (30, 58, 90, 138, 166, 206):
        _wheel(d, x, 86, 11)
    with d.cushion(4):
        d.path("M8 78Q6 52 24 34Q38 20 58 20H112V82H14Q8 82 8 78Z", "~" + paint)
        d.box(118, 20, 108, 62, "~" + paint, 8)
    d.box(110, 66, 12, 8, TYRE, 2)
    with d.cushion(2):
        d.box(9, 64, 103, 9, "#fdf6ea")
        d.box(118, 64, 108, 9, "#fdf6ea")
    d.path("M20 56Q26 36 44 31H50V56Z", GLASS)
    for x, wide in ((58, 22), (86, 20), (128, 24), (160, 24), (192, 24)):
        with d.cushion(1.2):
            d.box(x, 31, wide, 24, f"|{lighter(GLASS, 0.4)}-{GLASS}", 4)
    with d.cushion(1.5):
        d.circle(14, 74, 5, "#ffe27a")
        d.box(54, 12, 48, 10, darker(paint, 0.25), 4)
        d.box(134, 12, 76, 10, darker(paint, 0.25), 4)
    return d


def _wheel(d: Drawing, x: float, y: float, radius: float) -> None:
    with d.cushion(1.8):
        d.circle(x, y, radius, TYRE)
        d.circle(x, y, radius * 0.55, STEEL)


def airplane(paint: str = "#f3f5f9") -> Drawing:
    """An airliner in flight, from the side."""
    d = Drawing(220, 110)
    accent = "#3f86d8"
    with d.cushion(3):
        d.path("M168 46L196 6Q200 2 210 2L204 46Z", "~" + accent)
        d.path("M96 40L132 12H148L128 42Z", "~" + darker(paint, 0.18))
    with d.cushion(5):
        d.path("M6 58Q10 38 46 36H178Q206 40 214 46Q216 54 204 60Q180 78 120 80H46Q10 78 6 58Z", "~" + paint)
    with d.cushion(2):
        d.path("M7 62Q60 72 206 59Q182 78 120 80H46Q12 78 7 62Z", "~" + accent)
    d.path("M20 46Q26 41 38 41V51H16Q17 49 20 46Z", "#5fb0e0")
    for x in range(52, 166, 14):
        d.box(x, 43, 8, 9.5, "#5fb0e0", 3)
    with d.cushion(3):
        d.path("M92 62H136L178 104Q180 108 172 108H158Z", "~" + darker(paint, 0.08))
        d.path("M176 52H204L216 68H202Z", "~" + darker(paint, 0.12))
    with d.cushion(2.5):
        d.box(104, 78, 30, 14, "~#8f9aad", 7)
    return d


def skateboard(deck: str = "#8a4fc4") -> Drawing:
    """A board on four wheels, two of which show."""
    d = Drawing(160, 56)
    with d.cushion(2):
        for x in (40, 120):
            d.box(x - 10, 26, 20, 10, STEEL, 3)
            d.circle(x, 42, 12, "#f6ecd0")
            d.circle(x, 42, 5, "#6a6474")
    with d.cushion(3):
        d.path(
            "M6 6Q12 2 18 10L30 17H130L142 10Q148 2 154 6Q156 12 146 20Q138 29 128 29H32Q22 29 14 20Q4 12 6 6Z",
            "~" + deck,
        )
    return d


def hot_air_balloon(cloth: str = "#e0443f") -> Drawing:
    """A striped balloon with a basket."""
    d = Drawing(140, 190)
    shape = "M70 4Q134 6 134 68Q130 104 90 138H50Q10 104 6 68Q6 6 70 4Z"
    d.line("M52 136L58 160M88 136L82 160M70 138V160", "#8a6a4a", 2.2)
    with d.cushion(7):
        d.path(shape, "~" + cloth)
        with d.clip(shape):
            d.path("M70 4Q44 30 46 72Q48 110 60 138H80Q92 110 94 72Q96 30 70 4Z", "~#fdf6e6")
            d.path("M70 4Q62 34 62 72Q62 110 66 138H74Q78 110 78 72Q78 34 70 4Z", "~" + cloth)
            d.path("M70 4Q16 18 20 72Q28 110 50 138H32L-4 60L20 0Z", "#fdf6e6")
            d.path("M70 4Q124 18 120 72Q112 110 90 138H108L144 60L120 0Z", "#fdf6e6")
    with d.cushion(1.5):
        d.box(49, 134, 42, 7, darker(cloth, 0.25), 3)
    with d.cushion(2.5):
        d.path("M52 158H88L84 186Q84 188 80 188H60Q56 188 56 186Z", "~#b0783f")
        d.box(50, 156, 40, 7, "~#8a5a30", 3)
    return d


def submarine(paint: str = "#f2c230") -> Drawing:
    """A round submarine with portholes and a periscope."""
    d = Drawing(180, 116)
    with d.cushion(2):
        d.line("M84 40V10H68", "#6f7786", 7)
        d.path("M162 54L178 40V94L162 80Z", "~#8f97a6")
    with d.cushion(3):
        d.path("M62 48Q64 24 82 24H98Q112 26 114 48Z", "~" + darker(paint, 0.12))
    with d.cushion(6):
        d.path("M8 70Q12 40 56 38H124Q160 42 166 68Q160 98 124 102H56Q12 100 8 70Z", "~" + paint)
    d.line("M14 86Q84 98 160 84", darker(paint, 0.35), 3)
    for x in (50, 86, 122):
        with d.cushion(2):
            d.circle(x, 66, 14, "~#8f97a6")
        d.circle(x, 66, 9.5, "|#cdeefc-#5fb0e0")
    return d
