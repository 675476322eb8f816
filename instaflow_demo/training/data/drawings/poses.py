# ruff: noqa: E501 - the path of a shape is one line
"""What people do: figures from the side, on limbs between joints, that run, ride, or sit and read."""

from dataclasses import dataclass

from .horses import draw_horse
from .people import SKINS, Person, back_hair, head
from .shapes import Drawing, darker

Point = tuple[float, float]


@dataclass(frozen=True)
class Joints:
    """Where a body bends, facing left, in units of the drawing; legs are (knee, foot), arms (elbow, hand)."""

    neck: Point
    hip: Point
    near_leg: tuple[Point, Point]
    far_leg: tuple[Point, Point]
    near_arm: tuple[Point, Point]
    far_arm: tuple[Point, Point]
    scale: float = 1  # of the head, and of the thickness of limbs


def far_side(d: Drawing, person: Person, joints: Joints) -> None:
    """The arm and leg behind the body, in its shade."""
    _leg(d, person, joints, joints.far_leg, shade=0.25)
    _arm(d, person, joints, joints.far_arm, shade=0.25)


def near_side(d: Drawing, person: Person, joints: Joints) -> None:
    """Body, head, near leg and near arm."""
    (nx, ny), (hx, hy), k = joints.neck, joints.hip, joints.scale
    _hair(d, person, joints)
    with d.cushion(3.5 * k):
        d.line(f"M{nx} {ny + 12 * k}L{hx} {hy - 6 * k}", person.top, 28 * k)
        if person.skirt:
            x, y = joints.near_leg[0]
            d.line(f"M{hx} {hy}L{hx + (x - hx) * 0.75} {hy + (y - hy) * 0.75}", person.skirt, 30 * k)
    _leg(d, person, joints, joints.near_leg)
    with d.moved(nx - 60 * k, ny - 66 * k, k):
        head(d, person, turn=5)
    _arm(d, person, joints, joints.near_arm)


def _hair(d: Drawing, person: Person, joints: Joints) -> None:
    (nx, ny), k = joints.neck, joints.scale
    with d.moved(nx - 58 * k, ny - 66 * k, k):
        back_hair(d, person)


def _leg(d: Drawing, person: Person, joints: Joints, leg: tuple[Point, Point], shade: float = 0) -> None:
    (kx, ky), (fx, fy), k = *leg, joints.scale
    hx, hy = joints.hip
    colour = darker(SKINS[person.skin] if person.skirt else person.legs, shade)
    with d.cushion(3 * k):
        d.line(f"M{hx} {hy}L{kx} {ky}L{fx} {fy}", colour, 15 * k)
    with d.cushion(2 * k):
        d.path(
            f"M{fx + 8 * k} {fy + 9 * k}H{fx - 13 * k}Q{fx - 16 * k} {fy} {fx - 6 * k} {fy - 3 * k}L{fx + 8 * k} {fy - 5 * k}Z",
            "~" + darker(person.shoes, shade),
        )


def _arm(d: Drawing, person: Person, joints: Joints, arm: tuple[Point, Point], shade: float = 0) -> None:
    (ex, ey), (x, y), k = *arm, joints.scale
    sx, sy = joints.neck[0] + 2 * k, joints.neck[1] + 10 * k
    with d.cushion(2.5 * k):
        d.line(f"M{sx} {sy}L{ex} {ey}L{x} {y}", darker(SKINS[person.skin], shade), 10 * k)
        d.circle(x, y, 6.5 * k, darker(SKINS[person.skin], shade))
        end = f"L{ex} {ey}" if person.short_sleeves else f"L{ex} {ey}L{ex + (x - ex) * 0.75} {ey + (y - ey) * 0.75}"
        d.line(f"M{sx} {sy}{end}", darker(person.top, shade + 0.1), 12.5 * k)


def running(person: Person, scale: float = 1) -> Drawing:
    """A runner in full stride."""
    d = Drawing(180, 210)
    k = scale
    joints = Joints(
        neck=(76, 70),
        hip=(92, 124),
        scale=k,
        near_leg=((62, 142), (66, 184)),
        far_leg=((122, 150), (152, 128)),
        near_arm=((112, 100), (86, 116)),
        far_arm=((46, 98), (30, 76)),
    )
    far_side(d, person, joints)
    near_side(d, person, joints)
    return d


def reading(person: Person) -> Drawing:
    """Sitting cross-legged with an open book."""
    d = Drawing(130, 146)
    skin, trousers = SKINS[person.skin], person.skirt or person.legs
    with d.moved(5, 0):
        back_hair(d, person)
        with d.cushion(3.5):
            d.path("M42 66Q60 60 78 66Q82 68 81 80L80 122H40L39 80Q38 68 42 66Z", "~" + person.top)
        with d.cushion(3):
            d.line("M48 120L16 128L62 136", trousers, 17)
            d.line("M72 120L104 128L58 136", trousers, 17)
            for side in (-1, 1):
                d.ellipse(60 - side * 18, 138, 12, 7, "~" + person.shoes, 8 * side)
        with d.cushion(2.5):
            for side in (-1, 1):
                d.line(f"M{60 + side * 20} 74L{60 + side * 28} 96L{60 + side * 20} 106", person.top, 12.5)
        head(d, person)
        _open_book(d)
        with d.cushion(2):
            for side in (-1, 1):
                d.circle(60 + side * 27, 108, 6.5, "~" + skin)
    return d


def _open_book(d: Drawing) -> None:
    with d.cushion(2):
        d.path("M60 94Q46 84 30 90V118Q46 112 60 122Q74 112 90 118V90Q74 84 60 94Z", "~#c9403a")
    d.path("M60 96Q47 87 33 91.500V114Q47 109 60 118Z", "#fdfaf2")
    d.path("M60 96Q73 87 87 91.500V114Q73 109 60 118Z", "#efe8da")
    for y in (98, 103, 108):
        d.line(f"M38 {y - 1}Q48 {y - 3} 55 {y + 3}M65 {y + 3}Q72 {y - 3} 82 {y - 1}", "#b9b0a4", 1.4)


def riding_a_bicycle(person: Person, frame: str = "#d8323a", scale: float = 0.9) -> Drawing:
    """On a bicycle, facing left."""
    d = Drawing(230, 220)
    with d.moved(10, 0):
        joints = Joints(
            neck=(104, 70),
            hip=(130, 116),
            scale=scale,
            near_leg=((92, 134), (104, 178)),
            far_leg=((100, 124), (118, 160)),
            near_arm=((82, 98), (58, 106)),
            far_arm=((78, 94), (54, 104)),
        )
        far_side(d, person, joints)
        _bicycle(d, frame)
        near_side(d, person, joints)
    return d


def _bicycle(d: Drawing, frame: str) -> None:
    for x in (42, 164):
        d.circle(x, 172, 38, "#2f2b38")
        d.circle(x, 172, 31.5, "#e9edf2")
        for spoke in ("M-30 0H30M0 -30V30M-21 -21L21 21M-21 21L21 -21",):
            with d.moved(x, 172):
                d.line(spoke, "#b4bac6", 1.6)
        d.circle(x, 172, 5, "#6f7786")
    with d.cushion(1.8):
        d.line("M42 172L62 122L112 176L132 128L66 126M132 128L164 172H112", frame, 6.5)
        d.line("M58 108L63 124", "#4a4652", 5)
        d.line("M48 106L66 108", "#2f2b38", 6)
        d.line("M134 118L131 130", "#4a4652", 5)
        d.path("M114 116Q132 108 152 116Q150 123 132 121Q118 122 114 116Z", "#2f2b38")
    d.circle(112, 176, 9, "#8f97a6")


def riding_a_horse(person: Person, scale: float = 0.62) -> Drawing:
    """In the saddle of a brown horse that walks to the left."""
    d = Drawing(160, 216)
    with d.moved(5, 68):
        joints = Joints(
            neck=(90, -8),
            hip=(92, 46),
            scale=scale,
            near_leg=((80, 74), (86, 100)),
            far_leg=((78, 70), (84, 96)),
            near_arm=((78, 20), (64, 34)),
            far_arm=((74, 18), (62, 32)),
        )
        draw_horse(d, "#96592f", "#3a2622")
        d.line("M22 46Q44 42 66 34", "#5a2f26", 2.6)
        with d.cushion(2):
            d.path("M76 60Q92 48 108 60L106 78Q92 84 78 76Z", "~#b0323f")
        near_side(d, person, joints)
    return d
