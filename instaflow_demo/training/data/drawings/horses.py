"""Horses in side view, facing left, and the unicorn that is made of one."""

from .shapes import OUTLINE, Drawing, darker

RAINBOW = ("#f2607c", "#f7a54a", "#f6dc5a", "#67c987", "#5aa9ef", "#9b74e0")


def horse(coat: str = "#96592f", mane: str = "#3a2622", *, horn: bool = False) -> Drawing:
    """A horse at a walk; a unicorn with `horn`."""
    d = Drawing(150, 168)
    with d.moved(0, 20):
        draw_horse(d, coat, mane, horn=horn)
    return d


def unicorn() -> Drawing:
    """A white horse with a golden horn and a mane of many colours."""
    return horse("#f4effa", "rainbow", horn=True)


def draw_horse(d: Drawing, coat: str, mane: str, *, horn: bool = False) -> None:
    """The parts of a horse, in a drawing 150 wide and high."""
    hoof = "#3f3236"
    _tail(d, mane)
    far = darker(coat, 0.3)
    _leg(d, "M66 88L68 118L68 146H78L79 120L82 92Z", far, hoof, (67.5, 139, 11))
    _leg(d, "M104 88L108 110L104 122L108 146H119L116 124L122 104L120 84Z", far, hoof, (107, 139, 12.5))
    with d.cushion(5):
        d.path(
            "M50 66Q56 58 70 60L102 61Q124 58 128 76Q130 92 120 104Q112 106 104 99Q84 104 66 101Q50 100 48 84Z",
            "~" + coat,
        )
        d.path("M34 22Q50 10 62 22Q76 42 84 62Q76 86 58 88Q46 82 48 66Q47 56 44 50Z", "~" + coat)
    _leg(d, "M50 76Q60 66 72 78L69 116L66 146H55L54 116Q48 96 50 76Z", coat, hoof, (54.5, 139, 12))
    _leg(
        d,
        "M98 74Q120 62 128 78Q132 96 124 110L130 126L128 146H117L117 128L108 112Q98 98 98 74Z",
        coat,
        hoof,
        (116.5, 139, 12.5),
    )
    with d.cushion(4):
        d.path("M40 14L41 2Q42 -1 45 2L51 12Z", "~" + darker(coat, 0.12))
        d.path("M48 14L52 2Q54 -1 56 3L58 16Z", "~" + coat)
        d.path("M36 14Q50 6 60 18Q62 34 52 42Q44 44 38 44Q28 56 18 58Q8 58 7 50Q7 44 14 38Z", "~" + coat)
        muzzle = darker(coat, 0.35) if mane != "rainbow" else "#f3cfdc"
        d.path("M7 50Q7 45 12 40.500Q22 44 24 55Q21 58 18 58Q8 58 7 50Z", muzzle)
    d.ellipse(12.5, 47.5, 1.6, 2.2, OUTLINE, 30)
    d.line("M11 54Q15 54.500 19 52", OUTLINE, 1.6)
    d.box(34, 22, 5, 8.5, OUTLINE, 2.5)
    d.circle(36, 24.5, 1.2, "#ffffff", 0.9)
    if horn:
        with d.cushion(1.5):
            d.path("M35 15L24 -14Q24 -17 26.500 -15L43 11Z", "~#f4c24c")
        d.line("M33 7L38 4M30 0L34 -3", "#d18f2a", 1.6)
    _mane(d, mane)


def _leg(d: Drawing, shape: str, coat: str, hoof: str, foot: tuple[float, float, float]) -> None:
    x, y, width = foot
    with d.cushion(3, light=0.15):
        d.path(shape, f"|{coat}-{darker(coat, 0.16)}")
    d.path(f"M{x + 1} {y}H{x + width - 1}L{x + width + 1} 147H{x - 1.5}Z", hoof)


def _tail(d: Drawing, mane: str) -> None:
    curves = [
        f"M122 {68 + i}Q{134 + 2 * i} {66 + 2 * i} {136 + i} {92 + i}T{132 + 1.6 * i} {124 - i}" for i in range(6)
    ]
    colours = RAINBOW if mane == "rainbow" else (mane,) * 6
    with d.cushion(3):
        for curve, colour in zip(curves, colours, strict=True):
            d.line(curve, colour, 5)


def _mane(d: Drawing, mane: str) -> None:
    """Locks that fall from the forehead down the neck."""
    locks = (
        "M50 9Q40 8 38 18Q40 24 44 20Q46 14 54 14Z",
        "M52 8Q66 8 68 24Q70 34 62 38Q60 24 52 16Z",
        "M60 18Q74 22 76 38Q76 48 68 50Q68 36 60 28Z",
        "M68 30Q80 36 82 52Q80 60 74 61Q74 48 67 40Z",
        "M74 44Q86 50 87 64Q84 72 78 72Q80 60 73 52Z",
        "M80 56Q90 62 89 76Q84 80 80 79Q83 70 78 64Z",
    )
    colours = RAINBOW if mane == "rainbow" else (mane,) * 6
    with d.cushion(3):
        for lock, colour in reversed(list(zip(locks, colours, strict=True))):
            d.path(lock, "~" + colour)
