# ruff: noqa: E501 - the path of a shape is one line
"""Animals that the icon set has only as heads, or too like another: whole bodies in side view, facing left."""

from dataclasses import dataclass

from .shapes import OUTLINE, Drawing, darker, lighter


@dataclass(frozen=True)
class Coat:
    """The build of an animal on four legs; lengths in units of a drawing 128 wide that stands at 120."""

    fur: str
    belly: str
    feet: str = ""  # colour of the paws, the fur's where empty
    back: float = 58  # y of the back
    under: float = 94  # y of the belly
    chest: float = 36  # x of the chest
    rump: float = 106  # x of the rump
    leg: float = 12  # width of a leg


def legs(d: Drawing, coat: Coat, *, near: bool) -> None:
    """The two legs of one side: the far ones first, in the shade of the body."""
    fur = coat.fur if near else darker(coat.fur, 0.28)
    feet = (coat.feet or coat.fur) if near else darker(coat.feet or coat.fur, 0.28)
    front = coat.chest + (5 if near else 5 + coat.leg * 0.95)
    hind = coat.rump - coat.leg - (1 if near else 3 + coat.leg)
    middle = (coat.back + coat.under) / 2
    with d.cushion(3):
        d.box(front, middle, coat.leg, 120 - middle, "~" + fur, coat.leg * 0.4)
        d.path(_paw(front, coat.leg, 111 if coat.feet else 113.5), feet)
    with d.cushion(3, light=0.12 if near else 0.3):
        d.path(_hind_leg(hind, coat.leg, middle - 6), f"|{fur}-{darker(fur, 0.14)}")
        d.path(_paw(hind, coat.leg, 111 if coat.feet else 113.5), feet)


def _hind_leg(x: float, width: float, top: float) -> str:
    """A round thigh that narrows to a hock and stands on a straight shank."""
    right, left, knee = x + width + 0.5, x - width * 0.75, top + (112 - top) * 0.55
    return (
        f"M{right} {top + 14}Q{right} {top} {right - 12} {top}Q{left} {top} {left} {top + 16}Q{left} {knee} {x - 1} {knee + 8}"
        f"L{x} {knee + 13}V117q0 3 3 3H{right - 3}q2.500 0 2.500 -3Z"
    )


def _paw(x: float, width: float, top: float) -> str:
    return f"M{x} {top}h{width}V117q0 3 -3 3h{-width}q-4 0 -4 -3.500q0 -3.500 4 -3.500Z"


def trunk(d: Drawing, coat: Coat) -> None:
    """The body with a lighter belly."""
    shape = body_path(coat)
    with d.cushion(5):
        d.path(shape, "~" + coat.fur)
        with d.clip(shape):
            d.box(coat.chest + 16, coat.under - 7, coat.rump - coat.chest - 36, 12, coat.belly, 5)


def body_path(coat: Coat) -> str:
    left, right, top, low = coat.chest, coat.rump, coat.back, coat.under
    return (
        f"M{left} {top + 14}Q{left} {top} {left + 14} {top}H{right - 16}Q{right} {top} {right} {top + 16}V{low - 10}"
        f"Q{right} {low} {right - 10} {low}H{left + 16}Q{left} {low} {left} {low - 16}Z"
    )


def eye(d: Drawing, x: float, y: float, size: float = 1) -> None:
    d.box(x - 2.4 * size, y - 4 * size, 4.8 * size, 8 * size, OUTLINE, 2.4 * size)
    d.circle(x - 0.6 * size, y - 1.8 * size, 1.1 * size, "#ffffff", 0.85)


def dog(fur: str = "#b97a45", ears: str = "#6b3f2a") -> Drawing:
    """A brown dog with hanging dark ears, a white muzzle and a red collar."""
    d = Drawing()
    coat = Coat(fur, "#f6e6d0", feet="#f6e6d0", back=60, under=94, chest=40, rump=104)
    with d.cushion(3):
        d.line("M100 66Q116 62 117 42", fur, 8)
        d.line("M117 45L117 41", "#f6e6d0", 7)
    legs(d, coat, near=False)
    trunk(d, coat)
    with d.cushion(3):
        d.path("M66 60H92Q98 60 98 68Q92 84 78 82Q64 80 66 60Z", ears, 0.9)
    legs(d, coat, near=True)
    with d.cushion(4):
        d.path("M38 72Q36 50 46 40L66 48Q66 66 62 86Q44 92 38 72Z", "~" + fur)
        d.path("M39 76Q46 82 56 78Q54 90 46 91Q40 88 39 76Z", "#f6e6d0")
    d.line("M41 64Q50 71 62 66", "#d8343c", 5)
    d.circle(45, 71, 3.6, "~#f2b632")
    with d.cushion(4):
        d.path("M24 22Q34 10 50 12Q68 14 68 34Q68 56 48 58Q38 60 26 57Q8 56 8 46Q8 38 20 37Q21 28 24 22Z", "~" + fur)
        d.path("M26 57Q8 56 8 46Q8 38 20 37Q27 36 34 42Q40 50 38 58Q32 58.500 26 57Z", "#f6e6d0")
        d.path("M29 17Q34 12.500 39 12.200Q36 22 35 36Q28 34 26 30Q26 22 29 17Z", "#f6e6d0", 0.9)
    d.ellipse(10, 40, 6, 4.6, OUTLINE)
    d.line("M14 51Q20 54 26 50", OUTLINE, 2)
    with d.cushion(2):
        d.path("M15 53Q20 55 24 52.500Q24 62 19 62Q15 61 15 53Z", "#ef5d78")
    eye(d, 32, 30)
    with d.cushion(3.5):
        d.path("M50 12Q66 10 70 28Q73 44 66 56Q62 61 57 55Q48 42 47 26Q46 14 50 12Z", "~" + ears)
    return d


def cat(fur: str = "#8d93a1", stripes: str = "#5a6070") -> Drawing:
    """A grey tabby that sits, with its tail round its feet."""
    d = Drawing()
    white = "#f7f5f2"
    with d.cushion(3):
        d.line("M94 108Q122 112 120 90Q119 78 108 80", fur, 11)
        d.line("M119 97L120 91M113 80.500L108 80", stripes, 11, butt=True)
    with d.cushion(5):
        d.path("M40 52Q62 44 82 62Q104 84 102 106Q101 120 86 120H36Q34 84 40 52Z", "~" + fur)
        d.path("M38 64Q46 60 54 70Q58 92 52 112L36 112Q35 86 38 64Z", white)
    for d_line in ("M84 66Q78 70 75 77", "M93 78Q86 81 82 88", "M100 92Q92 93 87 99"):
        d.line(d_line, stripes, 4.5)
    with d.cushion(3.5):
        d.path("M74 120Q62 96 82 88Q102 86 103 108Q103 120 92 120Z", "~" + fur)
        d.path("M60 120Q58 112 68 112H86Q92 120 84 120Z", white)
        d.path("M32 118Q30 112 36 111V76H47V120H34Q32 120 32 118Z", "~" + lighter(fur, 0.1))
        d.path("M30 117Q30 110 38 110H47V120H33Q30 120 30 117Z", white)
        d.path("M50 117Q50 111 55 110V82Q62 90 64 104V120H52Q50 120 50 117Z", "~" + fur)
        d.path("M48 117Q48 110 56 110H64V120H51Q48 120 48 117Z", white)
    _cat_head(d, fur, stripes)
    return d


def _cat_head(d: Drawing, fur: str, stripes: str) -> None:
    """A round face with pointed ears, seen from the front."""
    white, pink = "#f7f5f2", "#f09aa6"
    with d.cushion(4):
        d.path("M20 36L20 9Q20 4 25 7L44 20Q50 19 56 21L74 8Q79 5 79 10L79 38Q82 64 49 65Q17 64 20 36Z", "~" + fur)
        d.path("M50 40Q58 44 64 52Q60 65 49 65Q37 65 34 52Q42 44 50 40Z", white)
    d.path("M24.500 28V13.500L36 22Q28 24 24.500 28Z", pink)
    d.path("M74.500 29V14.500L63 23Q71 25 74.500 29Z", pink)
    for line in ("M49 20V31", "M41 22Q41 27 43 30", "M57 22Q57 27 55 30"):
        d.line(line, stripes, 3.4)
    for line in ("M20.500 44L28 45", "M22 52L29 51", "M79 44L71 45", "M77.500 52L70 51"):
        d.line(line, stripes, 3)
    for x in (35, 64):
        d.ellipse(x, 41, 5.2, 6, "#f2d24b")
        d.ellipse(x, 41, 2.5, 5.4, OUTLINE)
        d.circle(x - 1, 38.600, 1.2, "#ffffff")
    d.path("M45.500 47.500H53.500Q52 52 49.500 52.500Q47 52 45.500 47.500Z", "#e4677c")
    d.line("M42 56Q46.500 59 49.500 54Q52.500 59 57 56", OUTLINE, 1.8)


def fox(fur: str = "#f07f2a") -> Drawing:
    """A fox: black socks, white cheeks, a long brush with a white tip."""
    d = Drawing(150, 128)
    coat = Coat(fur, "#fff3e2", feet="#3b2a2c", back=64, under=93, chest=40, rump=104, leg=10)
    with d.cushion(4):
        d.path("M98 70Q112 58 128 66Q146 76 145 98Q144 108 138 114Q116 112 104 94Q98 84 98 70Z", "~" + fur)
        d.path("M145 92Q146 104 138 114Q128 113.500 120 109Q126 106 128 99Q136 103 145 92Z", "#fff3e2")
    legs(d, coat, near=False)
    trunk(d, coat)
    legs(d, coat, near=True)
    with d.cushion(4):
        d.path("M38 76Q40 54 50 44L68 54Q66 76 60 90Q44 94 38 76Z", "~" + fur)
        d.path("M38 70Q46 76 58 66Q60 84 48 92Q38 88 38 70Z", "#fff3e2")
    with d.cushion(3):
        d.path("M36 30L30 5Q29 1 33 3Q46 11 50 26Z", darker(fur, 0.25))
        d.path("M29.500 9L30 5Q29 1 33 3L39 8Z", "#3b2a2c")
    with d.cushion(4):
        d.path("M26 34Q36 20 52 22Q74 26 72 46Q70 66 48 66Q32 66 20 60Q4 58 4 53Q4 50 10 48Q22 44 26 34Z", "~" + fur)
        d.path("M20 60Q4 58 4 53Q4 50 10 48Q18 50 26 48Q38 46 46 50Q58 54 70 52Q64 66 48 66Q32 66 20 60Z", "#fff3e2")
        d.path("M46 28L58 3Q60 0 62 4Q70 18 68 36Q58 24 46 28Z", "~" + fur)
        d.path("M54.500 11L58 3Q60 0 62 4L65.500 13Z", "#3b2a2c")
    d.path("M53 25Q56 16 60 12Q64 20 64 29Q59 25 53 25Z", "#5a3532")
    d.ellipse(6.500, 51, 4.6, 4, OUTLINE)
    eye(d, 34, 41)
    return d


def wolf(fur: str = "#7d8592", light: str = "#e4e8ee") -> Drawing:
    """A grey wolf, lean and long in the leg, with a mane at the neck and its tail down."""
    d = Drawing(140, 128)
    coat = Coat(fur, light, feet=light, back=54, under=88, chest=40, rump=108, leg=11)
    with d.cushion(4):
        d.path("M98 58Q118 58 124 78Q130 96 122 108Q112 106 106 92Q102 76 98 58Z", "~" + fur)
        d.path("M126 90Q128 100 122 108Q115 106 111 100Q120 100 126 90Z", darker(fur, 0.45))
    legs(d, coat, near=False)
    trunk(d, coat)
    with d.cushion(3):
        d.path("M56 54H94Q106 54 107 66Q92 70 78 66Q64 72 56 54Z", darker(fur, 0.35))
    legs(d, coat, near=True)
    with d.cushion(4):
        d.path("M34 62Q36 42 48 34L72 44Q76 58 70 66L74 72L65 75L66 84L56 83L52 92L44 84Q34 78 34 62Z", "~" + fur)
        d.path("M35 58Q46 66 58 56L58 66L54 68L54 76L48 77L45 86Q33 78 35 58Z", light)
    with d.cushion(3):
        d.path("M40 20L38 2Q38 -1 41 2L52 16Z", darker(fur, 0.3))
    with d.cushion(4):
        d.path(
            "M28 26Q38 14 54 16Q74 20 74 40L70 42L72 49L64 50L60 56Q46 58 24 54Q6 52 6 45Q6 41 14 40Q25 36 28 26Z",
            "~" + fur,
        )
        d.path(
            "M24 54Q6 52 6 45Q6 42 12 41Q22 44 32 42Q40 38 46 42L54 43L52 48L60 49L58 55.500Q44 57.500 24 54Z", light
        )
        d.path("M50 20L62 -1Q64 -3 65.500 0Q72 14 70 28Q60 18 50 20Z", "~" + fur)
    d.path("M57 18Q60 10 63.500 6Q67 14 66.500 22Q62 18 57 18Z", "#545b68")
    d.ellipse(8.500, 43, 5, 4.200, OUTLINE)
    d.line("M15 50Q22 52 30 49", OUTLINE, 1.800)
    d.ellipse(36, 32, 4, 4.600, "#f3d35c")
    d.ellipse(35.500, 32, 2.200, 3.800, OUTLINE)
    return d
