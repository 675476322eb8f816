# ruff: noqa: E501 - the path of a shape is one line
"""Heavy animals in side view, facing left: bears, the panda, the koala, the lion and the raccoon."""

from .animals import Coat, eye, legs, trunk
from .shapes import OUTLINE, Drawing, darker, lighter


def _bear_head(d: Drawing, fur: str, muzzle: str, ears: str, inner: str) -> None:
    """A broad head with round ears and a short snout."""
    with d.cushion(3):
        d.circle(30, 22, 9, "~" + darker(ears, 0.2))
        d.circle(62, 22, 10.5, "~" + ears)
    d.circle(61, 23.5, 5.5, inner)
    with d.cushion(5):
        d.path("M20 44Q22 18 46 17Q72 18 72 44Q72 68 48 69Q24 70 20 44Z", "~" + fur)
    with d.cushion(3):
        d.path("M8 51Q8 41 22 41Q42 41 43 53Q42 66 26 66Q8 65 8 51Z", "~" + muzzle)
    d.path("M9 47Q10 40 18 40.500Q24 41 23.500 46Q21 51 15 50.500Q9.500 50 9 47Z", OUTLINE)
    d.line("M17 51V56Q23 60 30 57", OUTLINE, 1.800)


def bear(fur: str = "#85543a") -> Drawing:
    """A brown bear on all fours."""
    return _bear(fur, lighter("#b98a63", 0.1), "#b98a63")


def polar_bear() -> Drawing:
    """A white bear on all fours."""
    return _bear("#eef1f6", "#ffffff", "#d5dbe6")


def _bear(fur: str, muzzle: str, inner: str) -> Drawing:
    d = Drawing(136, 128)
    coat = Coat(fur, muzzle, back=44, under=98, chest=36, rump=122, leg=19)
    with d.cushion(3):
        d.circle(122, 60, 7, "~" + fur)
    legs(d, coat, near=False)
    with d.cushion(6):
        d.path("M34 62Q40 38 72 42Q92 30 110 46Q124 56 123 78Q122 98 108 99H50Q34 96 34 62Z", "~" + fur)
    legs(d, coat, near=True)
    _bear_head(d, fur, muzzle, fur, inner)
    eye(d, 37, 35)
    return d


def panda() -> Drawing:
    """A panda: black legs, shoulders, ears and eye patches on white."""
    d = Drawing(132, 128)
    white, black = "#f6f5f8", "#38343f"
    coat = Coat(black, white, back=48, under=98, chest=36, rump=118, leg=19)
    with d.cushion(3):
        d.circle(118, 66, 7, "~" + white)
    legs(d, coat, near=False)
    body = "M34 64Q40 42 72 45Q92 36 108 50Q120 60 119 80Q118 99 104 99H50Q34 97 34 64Z"
    with d.cushion(6):
        d.path(body, "~" + white)
        with d.clip(body):
            d.path("M30 40H62Q72 66 58 100H30Z", "~" + black)
    legs(d, coat, near=True)
    _bear_head(d, white, "#ffffff", black, "#57525f")
    d.ellipse(38, 37, 7, 9.5, black, 20)
    d.circle(36.5, 36, 3.2, "#ffffff")
    d.circle(36, 36.4, 2.2, OUTLINE)
    return d


def koala() -> Drawing:
    """A koala that sits, with big fluffy ears."""
    d = Drawing(118, 128)
    fur, light = "#98a0ae", "#e9ecf2"
    with d.cushion(5):
        d.path("M38 62Q64 52 86 70Q104 94 96 112Q92 120 80 120H44Q30 110 38 62Z", "~" + fur)
        d.path("M40 68Q52 64 58 82Q60 104 50 116H42Q34 96 40 68Z", light)
    with d.cushion(4):
        d.path("M68 120Q56 98 76 90Q98 88 98 110Q98 120 88 120Z", "~" + fur)
        d.box(44, 111, 32, 9, darker(fur, 0.25), 4.5)
        d.path("M56 70Q66 72 62 88Q54 102 38 100Q32 96 38 91Q48 88 48 78Z", "~" + lighter(fur, 0.1))
    with d.cushion(4):
        d.path("M28 12Q8 6 4 24Q4 40 22 40Z", "~" + fur)
        d.path("M72 10Q94 0 102 22Q102 42 80 44Z", "~" + fur)
    d.path("M26 17Q13 13 10 25Q11 34 22 35Z", "#f1c4cc")
    d.path("M76 16Q90 10 95 24Q95 36 80 37Z", "#f1c4cc")
    with d.cushion(5):
        d.path("M18 38Q18 6 50 6Q84 7 84 40Q83 70 50 70Q20 69 18 38Z", "~" + fur)
        d.path("M30 60Q48 54 68 61Q60 70 49 70Q38 69.500 30 60Z", light)
    with d.cushion(2.5):
        d.box(37, 33, 17, 27, "#3c3844", 8.5)
    eye(d, 29, 37)
    eye(d, 63, 37)
    return d


def lion() -> Drawing:
    """A lion: a dark mane round the head, a tuft on the tail."""
    d = Drawing(140, 128)
    fur, mane = "#e9b04f", "#9a5526"
    coat = Coat(fur, "#f9e3b4", back=58, under=94, chest=42, rump=114, leg=14)
    with d.cushion(3):
        d.line("M110 66Q128 66 128 46", fur, 6)
        d.path("M128 50Q118 42 124 28Q138 34 134 48Z", "~" + mane)
    legs(d, coat, near=False)
    trunk(d, coat)
    legs(d, coat, near=True)
    with d.cushion(5):
        points = "M40 6Q52 -2 60 8Q74 6 76 20Q88 26 82 40Q90 52 80 60Q80 74 68 76Q62 88 50 82Q38 88 32 76Q18 74 20 60Q10 52 18 40Q14 26 26 22Q28 8 40 6Z"
        d.path(points, "~" + mane)
    with d.cushion(2):
        d.circle(63, 23, 7, "~" + fur)
        d.circle(28, 23, 6, "~" + darker(fur, 0.15))
    with d.cushion(4):
        d.path("M22 42Q24 20 45 20Q68 22 68 44Q66 66 44 67Q24 66 22 42Z", "~" + fur)
    with d.cushion(3):
        d.path("M12 53Q14 44 26 43Q42 44 43 55Q42 67 27 67Q13 66 12 53Z", "~#fbeecb")
    d.path("M14 48Q16 42 23 42Q29 43 28 47Q25 52 20 52Q15 51 14 48Z", "#5a3230")
    d.line("M21 52V57Q26 61 33 58", OUTLINE, 1.800)
    eye(d, 38, 36)
    return d


def raccoon() -> Drawing:
    """A raccoon: a black mask and a ringed tail."""
    d = Drawing(146, 128)
    fur, dark, light = "#8e929e", "#3d3a45", "#eef0f4"
    coat = Coat(fur, light, feet=dark, back=62, under=98, chest=40, rump=106, leg=12)
    tail = "M96 68Q122 54 138 74Q146 94 136 112Q122 110 120 96Q116 84 98 88Z"
    with d.cushion(4):
        d.path(tail, "~" + fur)
        with d.clip(tail):
            for line in ("M112 56L116 96", "M128 58L120 96", "M148 78L116 98", "M148 98L116 108"):
                d.line(line, dark, 7, butt=True)
    legs(d, coat, near=False)
    trunk(d, coat)
    legs(d, coat, near=True)
    with d.cushion(3):
        d.path("M28 34L26 14Q27 10 31 12L44 24Z", "~" + darker(fur, 0.2))
    with d.cushion(4):
        d.path("M22 46Q28 24 48 24Q72 26 74 50Q78 58 70 62Q62 72 46 72Q28 72 18 64Q6 60 6 55Q7 51 13 51Z", "~" + fur)
        d.path("M18 64Q6 60 6 55Q7 52 12 51.500Q28 54 40 60Q56 66 72 60Q62 72 46 72Q28 72 18 64Z", light)
        d.path("M22 47Q34 34 48 38Q66 42 74 52Q60 62 46 58Q30 52 22 47Z", dark)
        d.path("M25 42Q36 30 50 33Q62 36 70 44Q58 39 46 38Q34 36 25 42Z", light)
        d.path("M52 28L62 9Q66 6 68 11Q73 22 71 34Q62 27 52 28Z", "~" + fur)
    d.path("M58 26L64 14Q68 20 68 29Q63 26 58 26Z", light)
    d.ellipse(8, 54, 4.8, 4, OUTLINE)
    d.circle(40, 46, 4, "#ffffff")
    d.circle(39.5, 46.2, 2.8, "#17131d")
    return d
