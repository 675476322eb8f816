"""Small animals and the dragon, facing left."""

from .animals import eye
from .shapes import OUTLINE, Drawing, darker, lighter


def chicken() -> Drawing:
    """A white hen with a red comb."""
    d = Drawing(120, 120)
    white = "#f7f4f1"
    with d.cushion(2):
        d.line("M52 92V112M70 92V112", "#f0a03a", 4.5)
        d.line("M52 113H42M52 113L58 115M70 113H60M70 113L76 115", "#f0a03a", 4.5)
    with d.cushion(5):
        d.path("M82 62Q92 36 112 28Q118 44 112 58Q110 72 98 82Z", "~" + white)
        d.path(
            "M30 30Q32 10 48 10Q62 12 62 34Q66 52 90 54Q108 56 104 74Q94 100 64 100Q34 98 30 66Q32 48 30 30Z",
            "~" + white,
        )
    with d.cushion(3):
        d.path("M56 62Q70 54 92 66Q88 84 70 84Q56 80 56 62Z", "~" + darker(white, 0.09))
    with d.cushion(2):
        d.path("M34 14Q32 2 40 4Q44 -2 49 3Q57 1 56 12Q46 6 34 14Z", "~#e0343c")
        d.path("M27 38Q20 44 25 52Q33 52 33 40Z", "~#e0343c")
        d.path("M31 26L15 33L31 38Z", "~#f2b13a")
    d.circle(40, 26, 3, OUTLINE)
    return d


def frog(skin: str = "#5fbf4f") -> Drawing:
    """A green frog that squats."""
    d = Drawing(130, 104)
    with d.cushion(3):
        d.path("M84 98Q74 62 98 54Q126 54 124 82Q130 94 122 98Z", "~" + darker(skin, 0.15))
    with d.cushion(5):
        d.path("M16 46Q14 20 52 20Q88 22 108 56Q120 84 100 96H44Q20 92 16 46Z", "~" + skin)
        d.path("M20 58Q36 66 62 58Q66 84 50 96H42Q26 90 20 58Z", "#e9f3c0")
    with d.cushion(4):
        d.path("M92 98Q74 84 82 64Q94 48 112 58Q126 74 112 92Q110 98 104 98Z", "~" + skin)
        d.path("M84 101Q80 92 92 91H116Q126 92 124 101Z", "~" + darker(skin, 0.1))
        d.path("M46 70Q56 66 58 80L56 94Q62 98 58 101H32Q28 96 36 94H44Z", "~" + skin)
    with d.cushion(3):
        d.circle(32, 18, 13, "~" + skin)
        d.circle(62, 17, 14, "~" + skin)
    for x, y, r in ((30, 17, 8.5), (60, 16, 9.5)):
        d.circle(x, y, r, "#fdfbe8")
        d.ellipse(x - 1.5, y + 0.5, r * 0.5, r * 0.66, OUTLINE)
        d.circle(x - 3, y - 2.5, 1.8, "#ffffff")
    d.line("M19 46Q40 58 66 45", darker(skin, 0.5), 2.6)
    d.circle(24, 36, 1.5, darker(skin, 0.5))
    d.circle(33, 35.5, 1.5, darker(skin, 0.5))
    for x, y, r in ((84, 40, 5), (98, 52, 3.5), (76, 52, 3)):
        d.circle(x, y, r, darker(skin, 0.18))
    return d


def dragon(skin: str = "#4fb35a") -> Drawing:
    """A dragon with wings, horns, a pale belly and spikes down its back."""
    d = Drawing(178, 160)
    belly, spike, wing = "#f5e3a0", "#f0a53a", darker(skin, 0.3)
    with d.cushion(3):
        for x, y, turn in ((96, 46, 10), (112, 66, 24), (126, 86, 34), (142, 104, 20), (158, 108, -10)):
            with d.moved(x, y, 1, turn):
                d.path("M-8 8L2 -12L10 8Z", spike)
    with d.cushion(4):
        d.path("M96 78Q104 30 150 8Q150 26 142 38Q156 36 160 44Q146 52 144 64Q154 64 156 70Q134 82 114 98Z", "~" + wing)
    with d.cushion(4.5):
        d.path(
            "M112 104Q140 118 158 112Q172 104 168 90L178 88L170 76L158 84L162 92Q162 102 150 102Q136 98 124 84Z",
            "~" + skin,
        )
        d.path("M58 52Q82 40 96 60Q104 70 118 80Q136 98 126 124Q118 142 90 142Q58 140 56 104Q56 76 58 52Z", "~" + skin)
    with d.cushion(3):
        d.path("M60 66Q72 64 78 80Q84 112 76 140Q58 128 57 100Q57 80 60 66Z", belly)
    for y in (80, 93, 106, 119):
        d.line(f"M58 {y}Q68 {y + 4} 79 {y}", darker(belly, 0.16), 2.2)
    with d.cushion(4):
        d.path("M96 154Q84 150 92 142Q88 116 108 108Q128 108 128 130Q128 148 118 154Z", "~" + skin)
        d.path("M60 154Q50 150 58 142L60 120H78V154Z", "~" + darker(skin, 0.12))
        d.path("M66 92Q80 88 80 100Q70 108 56 106Q50 104 54 98Z", "~" + skin)
    for x in (56, 63, 70, 92, 100, 108):
        d.path(f"M{x - 4} 155L{x} 147L{x + 4} 155Z", "#fff6e0")
    with d.cushion(3):
        d.path("M74 20Q80 2 94 0Q92 14 86 24Z", "~" + spike)
        d.path("M58 18Q60 4 70 0Q72 12 68 20Z", "~" + darker(spike, 0.15))
    with d.cushion(4.5):
        d.path(
            "M20 42Q24 32 40 32Q48 16 68 16Q94 18 94 44Q94 66 72 70Q52 74 32 70Q14 66 14 54Q14 46 20 42Z", "~" + skin
        )
    with d.cushion(2.5):
        d.path("M16 60Q34 64 58 60Q62 66 58 71Q42 73 32 70Q18 67 16 60Z", belly)
    d.line("M17 59Q38 64 58 58", darker(skin, 0.45), 2.2)
    d.path("M26 60L29 66L32 61Z", "#ffffff")
    d.path("M40 61L43 67L46 60.500Z", "#ffffff")
    d.ellipse(22, 46, 2.4, 3, darker(skin, 0.55), 20)
    d.ellipse(57, 36, 7, 8.500, "#fff8d0")
    d.ellipse(55.5, 37, 3.4, 6, OUTLINE)
    d.circle(54, 34, 1.8, "#ffffff")
    d.line("M48 26Q56 22 64 26", darker(skin, 0.4), 3)
    return d


def rubber_duck() -> Drawing:
    """The yellow duck of bathtubs."""
    d = Drawing(110, 100)
    with d.cushion(5):
        d.path("M14 62Q30 56 52 50Q84 62 102 42Q112 62 100 82Q90 96 60 96Q20 96 14 62Z", "~#f8cf3a")
        d.circle(38, 34, 27, "~#f8cf3a")
    with d.cushion(3):
        d.path("M56 66Q72 62 86 70Q80 84 66 84Q56 80 56 66Z", "~#eab82a")
    with d.cushion(2):
        d.path("M16 34Q2 34 2 42Q4 50 18 48Q26 46 26 40Z", "~#f08527")
    eye(d, 30, 27)
    return d


def bird(coat: str = "#4a8fe0") -> Drawing:
    """A small songbird with a pale breast."""
    d = Drawing(120, 104)
    with d.cushion(1.5):
        d.line("M54 84V98M66 84V98", "#d98a3a", 3)
        d.line("M54 99H46M66 99H58", "#d98a3a", 3)
    with d.cushion(3):
        d.path("M84 54L118 46Q116 58 110 62L88 70Z", "~" + darker(coat, 0.2))
    with d.cushion(5):
        d.path("M18 34Q20 10 44 10Q64 12 70 32Q94 42 94 62Q90 88 60 88Q24 86 18 34Z", "~" + coat)
        d.path("M20 44Q34 44 44 56Q52 72 48 86Q24 80 20 44Z", "#fbeedd")
    with d.cushion(3):
        d.path("M52 46Q76 40 96 58Q90 74 74 72Q54 68 52 46Z", "~" + darker(coat, 0.15))
    with d.cushion(1.5):
        d.path("M20 28L4 34L20 39Z", "~#f0a03a")
    d.circle(34, 29, 4, OUTLINE)
    d.circle(32.800, 27.500, 1.4, "#ffffff")
    return d


def flower(petals: str = "#f27fb0") -> Drawing:
    """A flower with round petals on a stem with two leaves."""
    d = Drawing(100, 140)
    with d.cushion(2.5):
        d.line("M50 60Q52 100 50 136", "#4f9f4a", 6)
        d.path("M50 122Q26 122 18 100Q44 98 50 122Z", "~#5fb357")
        d.path("M50 112Q74 110 82 88Q56 88 50 112Z", "~#5fb357")
    with d.cushion(3):
        for turn in range(0, 360, 60):
            with d.moved(50, 42, 1, turn):
                d.ellipse(0, -25, 15, 18, "~" + petals)
    with d.cushion(3):
        d.circle(50, 42, 14, "~#f6c93a")
    for x, y in ((45, 38), (53, 37), (50, 45), (56, 44), (44, 46)):
        d.circle(x, y, 1.5, lighter("#c98a1f", 0.1))
    return d


def crocodile(skin: str = "#5a9e4a") -> Drawing:
    """A crocodile on its short legs, its teeth showing."""
    d = Drawing(230, 92)
    pale = "#e6e7b0"
    with d.cushion(3):
        for x in (92, 152):
            d.box(x, 56, 17, 34, darker(skin, 0.32), 6)
    with d.cushion(2.5):
        for x, y in ((100, 31), (114, 30), (128, 30), (142, 32), (156, 36), (170, 41), (183, 48), (196, 56)):
            d.path(f"M{x - 8} {y + 4}L{x + 2} {y - 11}L{x + 8} {y + 6}Z", darker(skin, 0.2))
    with d.cushion(5):
        d.path("M70 34Q110 22 160 34Q200 44 226 76Q206 80 178 74Q120 84 76 76Z", "~" + skin)
    d.path("M80 66Q120 78 170 68Q160 76 120 79Q90 80 76 76Z", pale)
    with d.cushion(3):
        for x in (78, 138):
            d.box(x, 52, 18, 36, "~" + skin, 7)
            d.path(f"M{x - 7} 90Q{x - 8} 81 {x + 2} 81H{x + 18}V90Z", "~" + skin)
    with d.cushion(4):
        d.path("M84 62Q60 82 22 76Q8 74 6 64L78 52Z", "~" + lighter(skin, 0.12))
        d.path("M92 44Q94 62 76 62L12 64Q2 62 4 52Q8 44 20 44L54 42Q60 26 76 26Q92 28 92 44Z", "~" + skin)
    d.line("M10 64L76 62.500", darker(skin, 0.5), 2)
    for x in (16, 27, 38, 49, 60):
        d.path(f"M{x - 3.5} 63.500L{x} 70L{x + 3.5} 63.500Z", "#ffffff")
    with d.cushion(2):
        d.circle(70, 30, 10, "~" + skin)
        d.circle(16, 45, 6, "~" + skin)
    d.circle(69, 29, 6.5, "#fdf6c0")
    d.ellipse(67.5, 29.5, 2.4, 5, OUTLINE)
    d.circle(14, 45, 1.8, darker(skin, 0.55))
    return d


def shark(skin: str = "#7f8b9c") -> Drawing:
    """A shark that swims, white below."""
    d = Drawing(210, 104)
    with d.cushion(3):
        d.path("M88 34Q100 6 126 2Q120 20 128 38Z", "~" + darker(skin, 0.1))
        d.path("M168 52Q186 42 200 10Q208 30 196 52Q204 72 206 92Q186 84 170 62Z", "~" + skin)
    body = "M6 56Q16 36 60 30Q120 22 178 50V62Q140 84 80 84Q24 82 6 56Z"
    with d.cushion(5):
        d.path(body, "~" + skin)
        with d.clip(body):
            d.path("M0 60Q40 66 84 64Q130 66 184 58V100H0Z", "#f3f5f8")
    with d.cushion(3):
        d.path("M84 62Q104 66 116 98Q88 98 74 70Z", "~" + darker(skin, 0.14))
        d.path("M146 62Q156 66 158 80Q146 78 138 68Z", "~" + darker(skin, 0.14))
    d.path("M16 64Q32 70 50 66Q44 76 30 75Q20 72 16 64Z", "#8a3040")
    for x in (22, 30, 38):
        d.path(f"M{x - 3} 66.500L{x} 72L{x + 3.5} 67.500Z", "#ffffff")
    for x in (68, 75, 82):
        d.line(f"M{x} 44Q{x - 4} 52 {x} 60", darker(skin, 0.4), 2.2)
    d.circle(38, 47, 4.6, OUTLINE)
    d.circle(36.600, 45.500, 1.5, "#ffffff")
    return d
