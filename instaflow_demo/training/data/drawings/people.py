# ruff: noqa: E501 - the path of a shape is one line
"""Whole people from parts, facing the viewer: a body, a face, hair and plain clothes; wardrobe.py has what makes a pirate."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..colour import mix
from .hair import CUTS, draw_back
from .shapes import OUTLINE, Drawing, darker

SKINS = {
    "light": "#f6cfae",
    "tan": "#dfa678",
    "brown": "#a86e48",
    "dark": "#74482f",
    "green": "#9fb88a",
    "pale": "#e4e1ee",
}
HAIR = {
    "black": "#2c2530",
    "brown": "#5d3a26",
    "chestnut": "#84492a",
    "blond": "#e3b557",
    "red": "#b9512a",
    "grey": "#c9cad2",
}


@dataclass(frozen=True)
class Build:
    """Where the joints are, in a drawing 120 wide: the head is 46 high and its chin is at 62."""

    shoulder: float = 70  # y
    hip: float = 118
    foot: float = 192
    wide: float = 21  # half the width of the shoulders
    limb: float = 13  # thickness of an arm

    @property
    def height(self) -> float:
        return self.foot + 4

    @property
    def right_hand(self) -> tuple[float, float]:
        """The viewer's right: the hand that holds something."""
        return 60 + self.wide + 15, self.shoulder + (self.hip - self.shoulder) * 0.52

    @property
    def left_hand(self) -> tuple[float, float]:
        return 60 - self.wide - 8, self.hip + 4


ADULT, WOMAN = Build(), Build(wide=18.5, limb=11.5)
CHILD = Build(shoulder=68, hip=102, foot=150, wide=16.5, limb=11)

Part = Callable[[Drawing, Build], None]
HATS = 48  # room above the head


@dataclass(frozen=True)
class Person:
    """What somebody looks like; `back`, `over` and `hands` are drawn behind the body, over the clothes and last."""

    skin: str = "light"
    hair: str = "brown"
    cut: str = "short"
    top: str = "#4a8fd8"
    legs: str = "#44557f"
    shoes: str = "#4a3a3a"
    skirt: str = ""  # colour of a skirt down to the knees; with `gown` down to the feet
    gown: bool = False
    short_sleeves: bool = False
    build: Build = ADULT
    lashes: bool = False
    beard: str = ""
    holds: bool = False  # the viewer's right arm is bent
    raised: bool = False  # both arms make a ring above the head
    back: tuple[Part, ...] = field(default=())
    over: tuple[Part, ...] = field(default=())
    hat: tuple[Part, ...] = field(default=())
    hands: tuple[Part, ...] = field(default=())


def draw_person(person: Person) -> Drawing:
    """The whole figure, on its feet."""
    d = Drawing(160, person.build.height + HATS)
    with d.moved(20, HATS):
        paint_person(d, person)
    return d


def paint_person(d: Drawing, person: Person) -> None:
    build = person.build
    for part in person.back:
        part(d, build)
    back_hair(d, person)
    legs(d, person)
    torso(d, person)
    for part in person.over:
        part(d, build)
    arm(d, person, right=False)
    arm(d, person, right=True)
    head(d, person)
    for part in person.hat + person.hands:
        part(d, build)
    if person.holds:
        hand(d, person)


def legs(d: Drawing, person: Person) -> None:
    build, skin = person.build, SKINS[person.skin]
    colour = skin if person.skirt else person.legs
    thick = build.limb + (0.5 if person.skirt else 3.5)
    with d.cushion(2.5):
        for x in (60 - thick - 0.8, 60.8):
            d.box(x, build.hip - 10, thick, build.foot - build.hip + 4, "~" + colour, thick * 0.35)
    with d.cushion(2):
        for side in (-1, 1):
            x, y = 60 + side * (thick / 2 + 1.5), build.foot
            d.path(f"M{x - 9} {y}Q{x - 10} {y - 12} {x} {y - 12}Q{x + 10} {y - 12} {x + 9} {y}Z", "~" + person.shoes)


def torso(d: Drawing, person: Person) -> None:
    build, wide = person.build, person.build.wide
    top, hip = build.shoulder - 6, build.hip
    with d.cushion(3.5):
        if person.skirt:
            low = build.foot - 5 if person.gown else hip + (build.foot - hip) * 0.45
            flare = wide + (14 if person.gown else 7)
            d.path(
                f"M{60 - wide + 4} {hip - 22}L{60 - flare} {low}Q60 {low + 7} {60 + flare} {low}L{56 + wide} {hip - 22}Z",
                "~" + person.skirt,
            )
        narrow = 4 if person.skirt else 2
        low = hip - (14 if person.skirt else 0)
        d.path(
            f"M{60 - wide + 4} {top}Q60 {top - 5} {56 + wide} {top}Q{60 + wide} {top + 2} {60 + wide} {top + 12}"
            f"L{60 + wide - narrow} {low}Q60 {low + 3} {60 - wide + narrow} {low}L{60 - wide} {top + 12}"
            f"Q{60 - wide} {top + 2} {60 - wide + 4} {top}Z",
            "~" + person.top,
        )


def arm(d: Drawing, person: Person, *, right: bool) -> None:
    build, skin = person.build, SKINS[person.skin]
    shoulder = (60 + build.wide - 3, build.shoulder + 2) if right else (60 - build.wide + 3, build.shoulder + 2)
    side = 1 if right else -1
    if person.raised:
        elbow, wrist = (60 + side * (build.wide + 14), build.shoulder - 30), (60 + side * 9, 2)
    elif right and person.holds:
        elbow, wrist = (60 + build.wide + 6, build.shoulder + 25), build.right_hand
    else:
        elbow = (60 + side * (build.wide + 5), (build.shoulder + build.hip) / 2)
        wrist = (60 + side * (build.wide + 8), build.left_hand[1])
    cut = 0.45 if person.short_sleeves else 0.86
    points = [shoulder, elbow, wrist]
    with d.cushion(2.5):
        d.line("M" + "L".join(f"{x} {y}" for x, y in points), skin, build.limb - 1.5)
        d.circle(*wrist, build.limb * 0.56, skin)
        d.line(_sleeve(points, cut), person.top, build.limb + 1, butt=False)


def _sleeve(points: list[tuple[float, float]], share: float) -> str:
    """The line from the shoulder along `share` of the arm."""
    (x0, y0), (x1, y1), (x2, y2) = points
    if share <= 0.5:
        t = share * 2
        return f"M{x0} {y0}L{x0 + (x1 - x0) * t} {y0 + (y1 - y0) * t}"
    t = share * 2 - 1
    return f"M{x0} {y0}L{x1} {y1}L{x1 + (x2 - x1) * t} {y1 + (y2 - y1) * t}"


def hand(d: Drawing, person: Person) -> None:
    """The fist round what is held."""
    x, y = person.build.right_hand
    with d.cushion(2):
        d.box(x - 6, y - 5, 12, 10, "~" + SKINS[person.skin], 5)


def head(d: Drawing, person: Person, turn: float = 0) -> None:
    """Neck, ears, face and hair; the head is centred on (60, 40). `turn` moves the face to the left, as for a glance."""
    skin = SKINS[person.skin]
    with d.cushion(2):
        d.box(54, 56, 12, 14, darker(skin, 0.12), 5)
        if not turn:
            d.ellipse(41.5, 43, 4, 5.5, "~" + skin)
        d.ellipse(78.5 - turn * 1.4, 43, 4, 5.5, "~" + skin)
    with d.cushion(3.5):
        d.path("M42 40Q41 18 60 18Q79 18 78 40Q78 62.500 60 63Q42 62.500 42 40Z", "~" + skin)
    with d.moved(-turn):
        face(d, person)
        if person.beard:
            _beard(d, person.beard)
    CUTS[person.cut](d, HAIR.get(person.hair, person.hair))


def face(d: Drawing, person: Person) -> None:
    skin, hair = SKINS[person.skin], HAIR.get(person.hair, person.hair)
    brow = mix(hair, "#3a2a2a", 0.35) if person.hair != "grey" else "#9a9ba6"
    for x in (51.5, 68.5):
        d.ellipse(x, 42, 2.3, 3.2, OUTLINE)
        d.circle(x - 0.6, 40.8, 0.9, "#ffffff")
        d.ellipse(60 + (x - 60) * 1.4, 49.5, 3.4, 2.3, "#ef6f6f", opacity=0.35)
    d.line("M48 35.500Q51.500 33.500 55 35.200M65 35.200Q68.500 33.500 72 35.500", brow, 1.8)
    if person.lashes:
        d.line("M49.500 40L47.300 38.800M70.500 40L72.700 38.800", OUTLINE, 1.3)
    d.path("M58 47Q60 50 62.500 47.500Q61 49.500 58 47Z", darker(skin, 0.3))
    d.line("M58.300 47.500Q60 49.300 62 47.500", mix(skin, "#9a4a3a", 0.5), 1.4)
    if not person.beard:
        d.path("M53.500 53.500Q60 55 66.500 53.500Q65 59 60 59Q55 59 53.500 53.500Z", "#a83a48")
        d.path("M55 54Q60 55 65 54L64.300 55.600Q60 56.500 55.700 55.600Z", "#ffffff")


def _beard(d: Drawing, colour: str) -> None:
    with d.cushion(2.5):
        d.path("M42 44Q45 51 52 50.500Q60 48 68 50.500Q75 51 78 44Q79 66 60 69Q41 66 42 44Z", "~" + colour)
    d.line("M55 56Q60 59.500 65 56", "#a83a48", 2)


def back_hair(d: Drawing, person: Person) -> None:
    draw_back(d, person.cut, HAIR.get(person.hair, person.hair))


def stranger(person: Person) -> Person:
    """Somebody else in the same clothes, whom training never sees: other skin, other hair, another haircut."""
    skins, hairs = [skin for skin in SKINS if skin not in ("green", "pale")], list(HAIR)
    skin = skins[(skins.index(person.skin) + 2) % len(skins)] if person.skin in skins else person.skin
    hair = hairs[(hairs.index(person.hair) + 2) % 5] if person.hair in hairs[:5] else person.hair
    cuts = {"long": "bun", "bob": "long", "ponytail": "bob", "bun": "ponytail", "pigtails": "long", "afro": "bun"}
    cuts |= {"short": "curly", "parted": "short", "curly": "parted"}
    return replace(person, skin=skin, hair=hair, cut=cuts.get(person.cut, person.cut))
