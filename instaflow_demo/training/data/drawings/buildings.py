"""Buildings, seen from the front."""

from .shapes import Drawing, darker, lighter

WOOD, BRASS, IRON = "#a8683c", "#e2b24c", "#3d3a48"


def house(wall: str = "#f3cf6b") -> Drawing:
    """A cottage with a red roof, a door and two windows."""
    d = Drawing(170, 160)
    with d.cushion(3):
        d.box(116, 22, 20, 46, "~#b0604a", 2)
        d.box(112, 18, 28, 9, "~#d98a6a", 2)
    with d.cushion(4):
        d.path("M24 72L85 24L146 72V156H24Z", "~" + wall)
    with d.cushion(4):
        d.path("M85 6L164 74Q166 82 156 84L85 30L14 84Q4 82 6 74Z", "~#c9453f")
    with d.cushion(2):
        d.box(70, 100, 30, 56, "~#8a5434", 4)
    d.circle(93, 130, 2.6, BRASS)
    for x in (34, 112):
        _window(d, x, 98, 26, 28)
    d.circle(85, 66, 11, "#fdf8ee")
    d.circle(85, 66, 8, "|#bfe8fb-#6fb8e6")
    d.line("M85 58V74M77 66H93", "#fdf8ee", 2)
    return d


def _window(d: Drawing, x: float, y: float, width: float, height: float) -> None:
    with d.cushion(1.5):
        d.box(x - 3, y - 3, width + 6, height + 6, "#fdf8ee", 3)
    d.box(x, y, width, height, "|#bfe8fb-#6fb8e6", 1)
    d.line(f"M{x + width / 2} {y}V{y + height}M{x} {y + height / 2}H{x + width}", "#fdf8ee", 2.4, butt=True)
    with d.cushion(1.2):
        d.box(x - 5, y + height + 2, width + 10, 5, "#e9d9c0", 2)


def tent(cloth: str = "#55a860") -> Drawing:
    """A ridge tent with its door open."""
    d = Drawing(180, 116)
    d.line("M88 8L176 108M60 4L8 110", "#8a7a5a", 2)
    with d.cushion(4):
        d.path("M62 8H116L168 108H104Z", "~" + darker(cloth, 0.22))
        d.path("M62 8L108 108H14Z", "~" + cloth)
    d.path("M62 34L84 108H42Z", "#3b3340")
    with d.cushion(2):
        d.path("M62 34L42 108H28Q44 74 62 34Z", "~" + lighter(cloth, 0.3))
        d.path("M62 34L84 108H97Q78 72 62 34Z", "~" + lighter(cloth, 0.3))
    d.line("M58 2L66 16M66 2L58 16", "#8a5a34", 3)
    return d


def lighthouse(bands: str = "#d8423f") -> Drawing:
    """A white tower with bands and a lantern."""
    d = Drawing(110, 200)
    shape = "M36 62H74L88 184H22Z"
    with d.cushion(4):
        d.path("M8 198Q12 176 34 178Q56 168 78 178Q100 176 104 198Z", "~#8a8794")
    with d.cushion(4):
        d.path(shape, "~#f7f5f2")
        with d.clip(shape):
            for y in (76, 118, 160):
                d.box(10, y, 90, 21, "~" + bands)
    d.path("M47 184V166Q47 158 55 158Q63 158 63 166V184Z", "#5a4038")
    for y in (103, 145):
        d.box(51, y - 2, 9, 12, "#5fa8d8", 3)
    with d.cushion(2):
        d.box(28, 56, 54, 8, "~" + IRON, 3)
        d.box(40, 30, 30, 27, "#ffe68a", 2)
    d.line("M40 30V57M50 30V57M60 30V57M70 30V57", IRON, 2.2, butt=True)
    with d.cushion(3):
        d.path("M34 31Q40 10 55 9Q70 10 76 31Z", "~" + bands)
    d.line("M55 10V3", IRON, 3)
    return d


def windmill(wall: str = "#f3ece0") -> Drawing:
    """A tower with four sails."""
    d = Drawing(170, 196)
    with d.cushion(4.5):
        d.path("M62 78H108L124 194H46Z", "~" + wall)
    d.path("M74 194V168Q74 156 85 156Q96 156 96 168V194Z", "#8a5434")
    for x, y in ((80, 112), (80, 136)):
        d.box(x, y, 11, 14, "#6fb8e6", 4)
    with d.cushion(4):
        d.path("M56 82Q60 48 85 46Q110 48 114 82Z", "~#b0523f")
    for turn in (20, 110, 200, 290):
        with d.moved(85, 70, 1, turn):
            d.line("M0 0V-68", "#6b4630", 4)
            with d.cushion(1.5):
                d.path("M2 -14H20V-68H2Z", "~#fdfaf2")
            d.line("M2 -28H20M2 -41H20M2 -54H20M11 -14V-68", "#b9a58a", 1.3)
    with d.cushion(1.5):
        d.circle(85, 70, 7, "~#6b4630")
    return d


def igloo() -> Drawing:
    """A dome of blocks of snow."""
    d = Drawing(170, 108)
    dome = "M10 106Q8 6 78 6Q146 8 146 106Z"
    with d.cushion(6):
        d.path(dome, "~#eaf4fb")
    with d.clip(dome):
        for y in (34, 58, 82):
            d.line(f"M4 {y + 4}Q78 {y - 14} 150 {y + 4}", "#a9cbe2", 2.2)
        for x, y0, y1 in (
            (60, 8, 25),
            (98, 8, 26),
            (38, 28, 48),
            (80, 25, 46),
            (118, 30, 52),
            (24, 54, 76),
            (62, 48, 70),
            (100, 49, 72),
            (40, 77, 106),
            (78, 72, 106),
        ):
            d.line(f"M{x} {y0}L{x - 2} {y1}", "#a9cbe2", 2.2)
    with d.cushion(4):
        d.path("M92 106V84Q94 56 126 56Q160 58 162 84V106Z", "~#f6fafd")
    d.path("M108 106V88Q110 70 127 70Q145 70 147 88V106Z", "#3f5f80")
    return d


def sandcastle() -> Drawing:
    """Two towers, a gate and a flag, all of sand."""
    d = Drawing(150, 128)
    sand = "#e6bd74"
    with d.cushion(4):
        for x, top in ((16, 44), (98, 44), (55, 26)):
            d.path(
                f"M{x} 122V{top}H{x + 9}V{top + 8}H{x + 15}V{top}H{x + 24}V{top + 8}H{x + 30}V{top}H{x + 38}V122Z",
                "~" + sand,
            )
        d.path("M4 126Q10 104 34 108Q75 96 116 108Q140 104 146 126Z", "~" + darker(sand, 0.06))
    d.path("M64 110V90Q64 78 74 78Q85 78 85 90V110Z", "#8a6438")
    for x, y in ((32, 70), (114, 70), (71, 54)):
        d.box(x, y, 7, 12, "#8a6438", 3.5)
    d.line("M74 26V4", WOOD, 2.6)
    with d.cushion(1.2):
        d.path("M75 4L98 11L75 18Z", "~#d8323a")
    return d


def bridge(stone: str = "#b9a38c") -> Drawing:
    """A stone bridge with two arches."""
    d = Drawing(220, 104)
    with d.cushion(4):
        d.path("M4 100V56Q110 2 216 56V100H186Q184 66 158 64Q130 66 128 100H92Q90 66 62 64Q36 66 34 100Z", "~" + stone)
    for y, x0, x1 in ((60, 30, 192), (50, 56, 166)):
        d.line(f"M{x0} {y}Q110 {y - 22} {x1} {y}", darker(stone, 0.25), 2)
    with d.cushion(2):
        d.line("M4 50Q110 -6 216 50", lighter(stone, 0.25), 9)
    for x, y in ((104, 66), (116, 82), (104, 92), (14, 76), (206, 76), (22, 90), (198, 90), (112, 50)):
        d.box(x - 7, y - 4, 14, 7, darker(stone, 0.12), 2)
    return d


def volcano() -> Drawing:
    """A volcano that smokes, lava down its sides."""
    d = Drawing(200, 150)
    with d.cushion(4):
        for x, y, r in ((100, 30, 15), (84, 18, 13), (116, 14, 15), (98, 8, 8)):
            d.circle(x, y + 6, r, "~#8d8794")
    with d.cushion(5):
        d.path("M6 148Q58 128 76 46Q100 36 124 46Q142 128 194 148Z", "~#75594f")
    with d.cushion(2.5, light=0.2):
        d.path(
            "M76 46Q100 36 124 46Q130 70 136 88Q128 96 124 82Q118 70 116 84Q116 118 106 116Q98 116 100 92Q98 78 92 84"
            "Q90 104 82 100Q74 96 76 70Z",
            "|#ffb43a-#e8412a",
        )
    d.ellipse(100, 46, 22, 5, "#ffe07a")
    return d
