# ruff: noqa: E501 - the path of a shape is one line
"""People whose bodies are not everybody's: babies, astronauts, knights, dancers, mermaids."""

from dataclasses import replace

from . import tools
from . import wardrobe as wear
from .people import SKINS, WOMAN, Build, Person, arm, back_hair, draw_person, head, torso
from .shapes import OUTLINE, Drawing, darker


def baby() -> Drawing:
    """A baby in a romper, sitting with its legs out."""
    d = Drawing(110, 118)
    skin, romper = SKINS["light"], "#f6cf5a"
    with d.cushion(3):
        d.path("M34 66Q55 54 76 66L80 104Q55 116 30 104Z", "~" + romper)
        for side in (-1, 1):
            d.path(
                f"M{55 + side * 8} 92Q{55 + side * 34} 84 {55 + side * 40} 100Q{55 + side * 38} 114 {55 + side * 24} 113Q{55 + side * 12} 112 {55 + side * 4} 106Z",
                "~" + romper,
            )
            d.ellipse(55 + side * 40, 105, 8, 9.5, "~" + skin, -14 * side)
    with d.cushion(2):
        for side in (-1, 1):
            d.line(f"M{55 + side * 22} 72L{55 + side * 31} 88", romper, 12)
            d.circle(55 + side * 32, 92, 6.5, "~" + skin)
    d.circle(55, 78, 2.2, "#ffffff")
    d.circle(55, 88, 2.2, "#ffffff")
    with d.moved(-21, -22, 1.27):
        head(d, Person(skin="light", hair="chestnut", cut="none"))
    with d.cushion(1.5):
        d.line("M55 2Q63 3 61 10Q56 14 53 9", "#9a5a34", 3.4)
    return d


def astronaut() -> Drawing:
    """A white suit with a round helmet."""
    suit = "#eef1f7"
    person = Person(
        skin="light",
        hair="brown",
        top=suit,
        legs=suit,
        shoes="#9aa3b5",
        build=Build(hip=116, foot=178, wide=25, limb=17),
        back=(_backpack,),
        over=(_panel,),
        hat=(_bubble,),
    )
    return draw_person(person)


def _backpack(d: Drawing, b: Build) -> None:
    with d.cushion(4):
        d.box(60 - b.wide - 10, b.shoulder - 14, 2 * b.wide + 20, 54, "~#b6bdcb", 12)


def _panel(d: Drawing, b: Build) -> None:
    with d.cushion(1.5):
        d.box(47, b.shoulder + 12, 26, 17, "#c3cad8", 4)
    for x, colour in ((53, "#d8323a"), (60, "#f3c92f"), (67, "#3b74d9")):
        d.circle(x, b.shoulder + 20, 2.6, colour)
    for x in (60 - b.wide + 1, 60 + 2):
        d.box(x, b.hip + 22, b.wide - 3, 5, "#f08527", 2)


def _bubble(d: Drawing, b: Build) -> None:
    """The helmet: a white shell round the face, glass before it."""
    shell = (
        "M28 40Q28 4 60 4Q92 4 92 40Q92 70 60 71Q28 70 28 40ZM38 42Q38 58 60 59Q82 58 82 42Q82 23 60 22Q38 23 38 42Z"
    )
    d.path("M38 42Q38 58 60 59Q82 58 82 42Q82 23 60 22Q38 23 38 42Z", "#8fd0ff", 0.12)
    with d.cushion(4):
        d.path(shell, "#f4f6fa")
    d.line("M44 32Q48 27 54 26", "#ffffff", 3)


def knight() -> Drawing:
    """Plate armour, a closed helmet with a red plume, sword and shield."""
    steel = "#aab3c2"
    person = Person(
        top=steel,
        legs=darker(steel, 0.12),
        shoes="#7d8798",
        holds=True,
        cut="none",
        over=(_breastplate, wear.belt("#6a4a2c")),
        hat=(_visor,),
        hands=(tools.sword(), tools.shield("#c9343f")),
    )
    return draw_person(person)


def _breastplate(d: Drawing, b: Build) -> None:
    with d.cushion(3):
        d.path(
            f"M42 {b.shoulder - 4}Q60 {b.shoulder + 4} 78 {b.shoulder - 4}L76 {b.shoulder + 30}Q60 {b.shoulder + 38} 44 {b.shoulder + 30}Z",
            "~#d3dae6",
        )
        for s in (-1, 1):
            d.ellipse(60 + s * (b.wide - 1), b.shoulder + 1, 11, 9, "~#c6cedb")
    d.line(f"M60 {b.shoulder + 2}V{b.shoulder + 34}", "#9aa4b5", 2)


def _visor(d: Drawing, b: Build) -> None:
    with d.cushion(3):
        d.path("M58 6Q66 -22 96 -12Q88 -8 90 2Q78 -2 66 10Z", "~#d8323a")
    with d.cushion(4):
        d.path("M38 42Q36 8 60 7Q84 8 82 42L80 60Q60 70 40 60Z", "~#c3cbd8")
        d.path("M37 34Q60 27 83 34L81 58Q60 70 39 58Z", "~#aeb7c6")
    d.box(42, 37, 36, 5.5, "#26232c", 2.5)
    for x in (48, 54, 66, 72):
        d.line(f"M{x} 50V58", "#6f7989", 2.2)
    d.line("M60 8V62", "#8f99a9", 2)


def ballerina() -> Drawing:
    """A dancer with a tutu, arms in a ring above her head."""
    person = Person(
        build=replace(WOMAN, hip=112, foot=186),
        hair="brown",
        cut="bun",
        top="#f7a8c8",
        skirt="#f7a8c8",
        shoes="#f08ab4",
        short_sleeves=True,
        lashes=True,
        raised=True,
        over=(_tutu,),
    )
    return draw_person(person)


def _tutu(d: Drawing, b: Build) -> None:
    y = b.hip - 8
    with d.cushion(3):
        d.path(
            f"M44 {y - 8}Q60 {y - 14} 76 {y - 8}L112 {y + 18}Q104 {y + 30} 92 {y + 22}Q82 {y + 34} 72 {y + 24}Q60 {y + 36} 48 {y + 24}Q38 {y + 34} 28 {y + 22}Q16 {y + 30} 8 {y + 18}Z",
            "~#fbd3e4",
        )
        d.path(f"M45 {y - 9}Q60 {y - 14} 75 {y - 9}L98 {y + 10}Q60 {y + 24} 22 {y + 10}Z", "~#f9bcd6")


def ninja() -> Drawing:
    """All in black but for the eyes and a red band."""
    black = "#35333f"
    person = Person(
        skin="light",
        hair="black",
        cut="none",
        top=black,
        legs=black,
        shoes="#26242e",
        holds=True,
        over=(wear.belt("#c9343f", "#c9343f"),),
        hat=(_hood,),
        hands=(tools.sword(),),
    )
    return draw_person(person)


def _hood(d: Drawing, b: Build) -> None:
    d.line("M80 30L98 24M80 30L96 36", "#c9343f", 5)
    with d.cushion(3.5):
        d.path(
            "M38 40Q36 12 60 11Q84 12 82 40L84 64Q60 74 36 64ZM43 38Q43 48 60 48Q77 48 77 38Q77 34.500 60 34.500Q43 34.500 43 38Z",
            "#35333f",
        )
    d.path("M39 33Q60 27 81 33V27Q60 21 39 27Z", "#c9343f")


def mermaid() -> Drawing:
    """A green tail that curls to the side, red hair down to the waist."""
    person = Person(build=WOMAN, skin="light", hair="red", cut="long", top=SKINS["light"], lashes=True)
    d = Drawing(160, 230)
    with d.moved(20, 0):
        back_hair(d, person)
        _tail(d)
        torso(d, replace(person, build=replace(WOMAN, hip=120)))
        _shells(d, WOMAN)
        arm(d, person, right=False)
        arm(d, person, right=True)
        with d.cushion(2):
            d.path("M40 112Q60 122 80 112L79 124Q60 132 41 124Z", "~#2f9a86")
        head(d, person)
    return d


def _tail(d: Drawing) -> None:
    with d.cushion(4.5):
        d.path("M86 200Q100 178 124 180Q134 186 128 198Q138 206 130 218Q108 226 90 210Z", "~#46c2a4")
        d.path("M41 112Q60 122 79 112Q88 150 78 172Q76 190 96 202L90 212Q52 214 46 180Q36 150 41 112Z", "~#35b092")
    for y in (138, 152, 166):
        d.line(f"M46 {y}Q52 {y + 6} 58 {y}Q64 {y + 6} 70 {y}Q75 {y + 5} 78 {y}", "#248a72", 2)


def _shells(d: Drawing, b: Build) -> None:
    with d.cushion(2):
        for x in (51, 69):
            d.path(
                f"M{x} {b.shoulder + 22}L{x - 10} {b.shoulder + 12}Q{x} {b.shoulder + 1} {x + 10} {b.shoulder + 12}Z",
                "~#b06ad8",
            )


def skeleton() -> Drawing:
    """Bones that smile."""
    d = Drawing(110, 196)
    bone, gap = "#f3f0e8", "#3a3342"
    with d.cushion(2):
        d.line("M55 62V118", bone, 7)
        for y, half in ((72, 20), (82, 21), (92, 19), (102, 15)):
            d.line(f"M{55 - half} {y + 3}Q55 {y - 6} {55 + half} {y + 3}", bone, 5)
        d.path("M38 112Q55 106 72 112Q74 124 64 128Q55 120 46 128Q36 124 38 112Z", "~" + bone)
        for s in (-1, 1):
            d.line(f"M{55 + s * 22} 70L{55 + s * 28} 96L{55 + s * 30} 122", bone, 6)
            d.circle(55 + s * 30.5, 126, 6, bone)
            d.line(f"M{55 + s * 11} 126L{55 + s * 13} 156L{55 + s * 13} 186", bone, 7)
            d.circle(55 + s * 13, 156, 5.5, bone)
            d.path(
                f"M{55 + s * 13 - 9} 193Q{55 + s * 13 - 9} 182 {55 + s * 13} 182Q{55 + s * 13 + 9} 182 {55 + s * 13 + 9} 193Z",
                "~" + bone,
            )
    with d.cushion(4):
        d.path("M28 30Q28 4 55 4Q82 4 82 30Q82 44 72 48V58Q55 64 38 58V48Q28 44 28 30Z", "~" + bone)
    for x in (44, 66):
        d.ellipse(x, 33, 7, 8, gap)
    d.path("M55 40L51 47H59Z", gap)
    d.line("M44 53H66M49 50V57M55 50V57M61 50V57", gap, 1.8)
    return d


def alien() -> Drawing:
    """Small and green, with a big head and black eyes."""
    d = Drawing(110, 150)
    green, dark = "#7fd069", "#55a84a"
    with d.cushion(3):
        for s in (-1, 1):
            d.line(f"M{55 + s * 9} 112V140", green, 11)
            d.ellipse(55 + s * 12, 143, 10, 6, "~" + dark)
            d.line(f"M{55 + s * 16} 84Q{55 + s * 30} 94 {55 + s * 30} 110", green, 9)
            d.circle(55 + s * 30, 113, 7, "~" + green)
        d.path("M38 82Q55 70 72 82L76 116Q55 126 34 116Z", "~" + green)
    with d.cushion(2):
        for s in (-1, 1):
            d.line(f"M{55 + s * 16} 18Q{55 + s * 22} 6 {55 + s * 28} 4", dark, 3.4)
            d.circle(55 + s * 29, 5, 5, "~" + green)
    with d.cushion(5):
        d.path("M8 38Q8 8 55 8Q102 8 102 38Q100 66 70 78Q55 84 40 78Q10 66 8 38Z", "~" + green)
    for x, turn in ((33, 24), (77, -24)):
        d.ellipse(x, 42, 12, 16, "#221e2b", turn)
        d.ellipse(x - 4, 35, 3.6, 5, "#ffffff", turn, 0.9)
    d.line("M47 67Q55 72 63 67", OUTLINE, 2.4)
    return d


def robot() -> Drawing:
    """A box with a screen for a face, on two feet."""
    d = Drawing(120, 168)
    shell, joint, light = "#b8c3d4", "#707c90", "#5fe0f0"
    with d.cushion(2.5):
        d.line("M60 22V8", joint, 4)
        d.circle(60, 7, 6.5, "~#e8463f")
        for s in (-1, 1):
            d.line(f"M{60 + s * 32} 84L{60 + s * 42} 102V118", joint, 9)
            d.path(
                f"M{60 + s * 42 - 9} 130V118Q{60 + s * 42} 108 {60 + s * 42 + 9} 118V130L{60 + s * 42 + 3} 124H{60 + s * 42 - 3}Z",
                "~" + shell,
            )
            d.box(60 + s * 14 - 6, 130, 12, 22, joint, 3)
            d.path(
                f"M{60 + s * 14 - 14} 165Q{60 + s * 14 - 14} 148 {60 + s * 14} 148Q{60 + s * 14 + 14} 148 {60 + s * 14 + 14} 165Z",
                "~" + shell,
            )
            d.box(60 + s * 37 - 5, 34, 10, 20, joint, 4)
        d.box(53, 66, 14, 12, joint, 2)
    with d.cushion(4.5):
        d.box(27, 74, 66, 62, "~" + shell, 14)
        d.box(24, 18, 72, 52, "~" + shell, 16)
    d.box(33, 28, 54, 32, "#2b3145", 10)
    for x in (47, 73):
        d.ellipse(x, 41, 5.5, 6.5, light)
    d.line("M51 52Q60 57 69 52", light, 2.8)
    with d.cushion(1.5):
        d.box(40, 86, 40, 24, "#eef2f8", 6)
    for x, colour in ((49, "#e8463f"), (60, "#f3c92f"), (71, "#4fc06a")):
        d.circle(x, 98, 4, "~" + colour)
    d.line("M44 120H76", joint, 3)
    return d
