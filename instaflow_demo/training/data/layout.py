"""Where things go: a scene of the grammar becomes a picture for the composer.

A one-step model answers with one image, so a caption should leave few things open: things face one way, the sun and the
clouds follow from the drawing, and what differs between two pictures of a scene is which drawing of the place they
show, and small steps to either side. `variety` scales those steps and, above one, frees the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from ...grammar.scene import Group, Scene
from ...grammar.things import Thing, things
from .picture import Picture, Placed
from .setting import Setting, Slot, Strip
from .sprite import Key
from .tints import COLOURS

SIZE = 256
MOST_DRAWINGS = 4  # of one thing in one colour
MOST_SKIES = 6  # of one light
EDGE = 4.0  # pixels between a thing and the frame
EMITTERS = frozenset({"candle", "campfire", "lamp", "street lamp", "fireplace"})
READABLE = 94.0  # pixels: what is smaller is drawn larger than life
SUNS = (0.78, 0.24, 0.64, 0.38, 0.84, 0.18)
_AIR_TAGS = {"sky"}
_STANDING_TAGS = {"ground", "floor", "road", "beach", "farm", "hot", "cold", "space", "bottom", "table", "tall"}
_POSITIONS = {"left": (-0.25, 0.0), "right": (0.25, 0.0), "top": (0.0, -0.25), "bottom": (0.0, 0.25)}
_SIZES = {"": 1.0, "big": 1.3, "small": 0.68}
_PLAIN_OVERLAPS = ("front", "behind", "under")
_PLAIN_SIDES = {1: 0.72, 2: 0.46, 3: 0.42, 4: 0.40, 5: 0.33}
_PLAIN_CENTRES = {
    2: ((-0.24, 0.0), (0.24, 0.0)),
    3: ((-0.24, -0.22), (0.24, -0.22), (0.0, 0.24)),
    4: ((-0.23, -0.23), (0.23, -0.23), (-0.23, 0.23), (0.23, 0.23)),
    5: ((-0.32, -0.2), (0.0, -0.2), (0.32, -0.2), (-0.17, 0.22), (0.17, 0.22)),
}


@dataclass(frozen=True)
class Shape:
    """A sprite of the bank: its row, and how much of its square's sides it fills."""

    row: int
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """A drawing of a place in the bank: its row, and where things can be in it."""

    row: int
    setting: Setting


@dataclass(frozen=True)
class Catalogue:
    """What there is to compose pictures from: drawings of each place, sprites, those of icon sets, overlays."""

    drawings: Mapping[str, Sequence[Drawing]]
    sprites: Mapping[Key, Shape]
    icons: Mapping[tuple[str, str], Shape]  # (icon set, title)
    overlays: int

    def shape(self, group: Group, style: str, look: int) -> Shape:
        """The sprite that shows a group of a scene; where there are several drawings, `look` decides."""
        if style or group.thing not in things():
            return self.icons[style or "fluent-emoji", group.thing]
        keys = self._keys(group)
        return self.sprites[keys[look % len(keys)]]

    def shows(self, group: Group, style: str) -> bool:
        """Whether there is a sprite of the group."""
        if style or group.thing not in things():
            return (style or "fluent-emoji", group.thing) in self.icons
        return bool(self._keys(group))

    def _keys(self, group: Group) -> list[Key]:
        keys = (Key(group.thing, _unless_own(group), group.pose, drawing) for drawing in range(MOST_DRAWINGS))
        return [key for key in keys if key in self.sprites]


def lay_out(scene: Scene, catalogue: Catalogue, rng: Random, variety: float = 1.0, looks: int = 6) -> Picture:
    """A picture of the scene, by one of the first `looks` drawings of its place."""
    drawings = catalogue.drawings[drawn_place(scene)]
    every = range(min(looks, len(drawings)))
    toned = [number for number in every if drawings[number].setting.colour == scene.tone] if scene.tone else []
    return picture_of(scene, catalogue, rng, rng.choice(toned or every), variety)


def picture_of(scene: Scene, catalogue: Catalogue, rng: Random, look: int, variety: float = 1.0) -> Picture:
    """The picture of the scene in one look: by that drawing of its place, and all that follows from it."""
    free = variety > 1
    drawing = catalogue.drawings[drawn_place(scene)][look]
    flip = rng.random() < 0.5 if free else look % 2 == 1
    setting = drawing.setting.flip() if flip else drawing.setting
    placer = _Placer(setting, catalogue, rng, variety, scene, rng.randrange(MOST_DRAWINGS) if free else look)
    return Picture(
        place=drawing.row,
        setting=setting,
        light="plain" if scene.plain else scene.light,
        things=tuple(inside_frame(placed, shape) for placed, shape in placer.place_all()),
        flip=flip,
        tint=COLOURS[scene.ground] if scene.ground else (1.0, 1.0, 1.0),
        sky=rng.randrange(MOST_SKIES) if free else look,
        sun=rng.uniform(0.15, 0.85) if free else SUNS[look % len(SUNS)],
        overlay=rng.randrange(catalogue.overlays) if free else look % catalogue.overlays,
    )


def drawn_place(scene: Scene) -> str:
    """The name of the drawing that shows a scene's place: a kitchen with things on its table has a table in front."""
    if scene.plain:
        return "plain"
    if scene.place != "kitchen":
        return scene.place
    on_table = scene.slot == "table" or any(_lies(things().get(group.thing)) for group in scene.groups)
    return "kitchen_table" if on_table else "kitchen"


def inside_frame(placed: Placed, shape: Shape) -> Placed:
    """The thing moved, and if need be shrunk, so that all of it is in the picture."""
    room = SIZE - 2 * EDGE
    side = min(placed.side, room / max(shape.width, shape.height))
    half = side * shape.width / 2
    x = min(max(placed.x, EDGE + half), SIZE - EDGE - half)
    y = min(max(placed.y, EDGE + side * shape.height), SIZE - EDGE + (side * shape.height if placed.cut else 0.0))
    return replace(placed, side=side, x=x, y=y)


def _unless_own(group: Group) -> str:
    return "" if group.colour == things()[group.thing].own else group.colour


def _lies(thing: Thing | None) -> bool:
    return thing is not None and "table" in thing.tags and "floor" not in thing.tags


class _Placer:
    """Puts the groups of one scene into one setting; far things come first."""

    def __init__(self, setting: Setting, catalogue: Catalogue, rng: Random, variety: float, scene: Scene, look: int):
        self._setting, self._rng, self._variety, self._scene = setting, rng, variety, scene
        self._shapes = [catalogue.shape(group, scene.style, look) for group in scene.groups]
        self._each = [
            (group, shape) for group, shape in zip(scene.groups, self._shapes, strict=True) for _ in range(group.count)
        ]

    def place_all(self) -> list[tuple[Placed, Shape]]:
        scene = self._scene
        if not self._each:
            return []
        if scene.plain:
            return list(self._on_plain_ground())
        slot = self._setting.slots.get(scene.slot or ("table" if drawn_place(scene) == "kitchen_table" else ""))
        if slot:
            return list(self._in_slot(slot))
        relations = {"above": self._above, "front": self._deep, "behind": self._deep, "under": self._under}
        arrange = relations.get(scene.relation, self._in_row) if len(self._each) == 2 else self._in_row
        return sorted(arrange(), key=lambda each: each[0].y if each[0].cut is None else each[0].cut)

    def _near(self, amount: float) -> float:
        """A random step of at most `amount` to either side."""
        return self._rng.uniform(-amount, amount) * self._variety

    # plain grounds

    def _on_plain_ground(self) -> Iterator[tuple[Placed, Shape]]:
        count, groups = len(self._each), self._scene.groups
        if count == 1:
            yield self._centred(*self._each[0], *self._single_centre())
            return
        if count == 2 and self._scene.relation in _PLAIN_OVERLAPS:
            yield from self._overlapping()
            return
        centres = _PLAIN_CENTRES[min(count, 5)]
        if len(groups) > 1 and count == 2:
            centres = self._pair_centres()
        for (group, shape), centre in zip(self._each, centres, strict=False):
            yield self._centred(group, shape, *centre)

    def _single_centre(self) -> tuple[float, float]:
        return _POSITIONS.get(self._scene.position, (0.0, 0.0))

    def _pair_centres(self) -> tuple[tuple[float, float], ...]:
        if self._scene.relation == "above":
            return ((0.0, -0.25), (0.0, 0.25))
        left, right = (-0.24, 0.0), (0.24, 0.0)
        return (right, left) if self._scene.relation == "right" else (left, right)

    def _overlapping(self) -> Iterator[tuple[Placed, Shape]]:
        """One thing before the other, or small below its middle."""
        relation = self._scene.relation
        near, far = self._each[::-1] if relation == "behind" else self._each
        if relation == "under" and self._flies_free(far[0]):
            yield self._centred(*far, 0.0, -0.2)
            yield self._centred(*near, 0.0, 0.27)
            return
        larger = (_size(things().get(far[0].thing)) / _size(things().get(near[0].thing))) ** 0.5
        aside = 0.0 if relation == "under" else 0.16
        back = self._sized(*far, 0.78 if relation == "under" else min(0.72, 0.58 * larger), -aside * 0.75, 0.0)
        front = self._sized(*near, 0.36 if relation == "under" else min(0.58, 0.5 / larger), aside, 0.0)
        yield replace(back, y=226.0), far[1]
        yield replace(front, y=234.0), near[1]

    @staticmethod
    def _flies_free(group: Group) -> bool:
        thing = things().get(group.thing)
        return thing is not None and bool(thing.tags & _AIR_TAGS) and not thing.tags & _STANDING_TAGS

    def _centred(self, group: Group, shape: Shape, x: float, y: float) -> tuple[Placed, Shape]:
        count = len(self._each)
        share = _PLAIN_SIDES[min(count, 5)] * {"": 1.0, "big": 1.3, "small": 0.58}[group.size]
        if self._scene.position:
            share = min(share, 0.46)
        if len(self._scene.groups) > 1:
            share *= _relative(things().get(group.thing))
        return self._sized(group, shape, share, x, y), shape

    def _sized(self, group: Group, shape: Shape, share: float, x: float, y: float) -> Placed:
        """A thing whose longer side is `share` of the picture's, x and y off the middle."""
        side = share * SIZE / max(shape.width, shape.height)
        foot = SIZE * (0.5 + y) + self._near(4) + side * shape.height / 2
        return Placed(shape.row, SIZE * (0.5 + x) + self._near(4), foot, side, wide=shape.width, shadow=0.6)

    # places

    def _in_slot(self, slot: Slot) -> Iterator[tuple[Placed, Shape]]:
        count = len(self._each)
        step = slot.width / max(2, count) if count > 1 else 0.0
        for number, (group, shape) in enumerate(self._each):
            thing = things().get(group.thing)
            factor = min(1.2, max(0.9, (_size(thing) / 90) ** 0.6)) * {1: 1.0, 2: 0.86, 3: 0.68}.get(count, 0.56)
            x = slot.x + step * (number - (count - 1) / 2) + self._near(3)
            shadow = 0.0 if slot.within else 0.8
            side = slot.side * factor * _SIZES[group.size]
            yield self._make(group, shape, x, slot.y, side, cut=slot.cut, shadow=shadow), shape

    def _in_row(self) -> Iterator[tuple[Placed, Shape]]:
        """Things beside each other, the second to the right of the first unless it is to its left."""
        count = len(self._each)
        order = self._each[::-1] if self._scene.relation == "right" else self._each
        scale = {1: 1.45, 2: 1.14, 3: 0.98, 4: 0.87, 5: 0.79}[min(count, 5)]
        depths = [0.62] if count == 1 else [0.55 if number % 2 and count > 2 else 0.7 for number in range(count)]
        if count > 3:
            depths = [0.25 if number % 2 else 0.8 for number in range(count)]
        left, right = self._free()
        widths = [self._width(group, shape, depth, scale) for (group, shape), depth in zip(order, depths, strict=True)]
        overlap = 0.72 if count > 3 else 1.04
        fit = min(1.0, (right - left) / (sum(widths) * overlap))
        spare = max(0.0, right - left - sum(widths) * fit * overlap)
        gap = min(spare / (count + 1), 26.0) if count > 1 else 0.0
        total = sum(widths) * fit * overlap + gap * (count - 1)
        middle = (left + right) / 2 + self._shift(spare)
        x = middle - total / 2
        for (group, shape), depth, width in zip(order, depths, widths, strict=True):
            x += width * fit * overlap / 2
            yield self._stand(group, shape, x + self._near(5), depth + self._near(0.05), scale * fit)
            x += width * fit * overlap / 2 + gap

    def _shift(self, spare: float) -> float:
        """How far from the middle of the free span the things are."""
        side = {"left": -0.38, "right": 0.38}.get(self._scene.position, 0.0)
        return side * spare + self._near(6)

    def _deep(self) -> Iterator[tuple[Placed, Shape]]:
        """One thing in front of the other, which is seen beside and above it."""
        near, far = self._each if self._scene.relation == "front" else self._each[::-1]
        left, right = self._free()
        middle, step = (left + right) / 2 + self._near(5), (right - left) * 0.13
        back = self._stand(*far, middle - step, 0.1, 1.3)
        front = self._stand(*near, middle + step * 1.3, 0.95, 0.92)
        needed = front[0].side * near[1].height * 1.15  # what is behind stands out above what is in front
        grown = max(1.0, min(1.7, needed / (back[0].side * far[1].height)))
        yield replace(back[0], side=back[0].side * grown), back[1]
        yield front

    def _under(self) -> Iterator[tuple[Placed, Shape]]:
        """What is under a rainbow has it above; what is under a tree or a table is before its foot."""
        low, high = self._each
        if self._flies(things().get(high[0].thing)):
            yield from self._above_each_other(high, low)
            return
        left, right = self._free()
        middle = (left + right) / 2 + self._near(5)
        back = self._stand(*high, middle, 0.5, 1.5)
        front = self._stand(*low, middle, 0.66, 0.95)
        room = back[0].side * high[1].height * 0.6  # below its boards or leaves
        yield back
        yield replace(front[0], side=min(front[0].side, room / low[1].height)), low[1]

    def _above(self) -> Iterator[tuple[Placed, Shape]]:
        yield from self._above_each_other(*self._each)

    def _above_each_other(
        self, high: tuple[Group, Shape], below: tuple[Group, Shape]
    ) -> Iterator[tuple[Placed, Shape]]:
        (over, over_shape), (under, under_shape) = high, below
        left, right = self._free()
        middle = (left + right) / 2 + self._near(6)
        low, shape = self._stand(under, under_shape, middle, 0.75, 0.95)
        room = SIZE * 0.86 if low.cut is None else low.cut
        tallest = (room - 2 * EDGE) * 0.56
        low = replace(low, side=min(low.side, tallest / shape.height))
        top = low.y - low.side * shape.height
        side = min(_size(things().get(over.thing)) * 1.05, (top - 2 * EDGE) / over_shape.height)
        foot = max(min(top - 6, top * 0.92), EDGE + side * over_shape.height)
        yield self._make(over, over_shape, middle + self._near(6), foot, side, shadow=0.0, depth=0.2), over_shape
        yield low, shape

    def _stand(self, group: Group, shape: Shape, x: float, depth: float, scale: float) -> tuple[Placed, Shape]:
        """A thing where it belongs in this setting: on the ground, afloat, under water or in the air."""
        setting, thing = self._setting, things().get(group.thing)
        side = _size(thing) * scale * _SIZES[group.size]
        haze = max(0.0, 0.3 * (1 - depth)) if not setting.indoor else 0.05
        if self._flies(thing):
            return self._in_air(group, shape, x, depth, side), shape
        if setting.swim and (thing is None or thing.tags & {"swims", "float"}):
            y, factor = setting.swim.at(depth)
            return self._make(group, shape, x, y, side * factor, shadow=0.0, depth=haze), shape
        if setting.water and (setting.ground is None or (thing and "water" in thing.tags)):
            return self._afloat(group, shape, x, depth, side, setting.water), shape
        y, factor = (setting.ground or Strip(200.0, 232.0)).at(depth)
        return self._make(group, shape, x, y, side * factor, depth=haze), shape

    def _flies(self, thing: Thing | None) -> bool:
        if thing is None or not thing.tags & _AIR_TAGS:
            return False
        return self._setting.ground is None or not thing.tags & _STANDING_TAGS

    def _in_air(self, group: Group, shape: Shape, x: float, depth: float, side: float) -> Placed:
        highest, lowest = self._setting.sky or (60.0, 120.0)
        foot = max(highest + (lowest - highest) * (0.35 + 0.5 * depth), EDGE + side * shape.height)
        return self._make(group, shape, x, foot, side * 0.95, shadow=0.0, depth=0.15)

    def _afloat(self, group: Group, shape: Shape, x: float, depth: float, side: float, water: Strip) -> Placed:
        line, factor = water.at(depth)
        sink = max(_sink(things().get(group.thing)), 0.04)
        foot = line + sink * side * factor * shape.height
        return self._make(group, shape, x, foot, side * factor, cut=line, mirror=1.0, shadow=0.25)

    def _make(
        self,
        group: Group,
        shape: Shape,
        x: float,
        y: float,
        side: float,
        *,
        cut: float | None = None,
        mirror: float = 0.0,
        shadow: float = 1.0,
        depth: float = 0.1,
    ) -> Placed:
        flip = self._variety > 1 and self._rng.random() < 0.5
        emit = float(group.thing in EMITTERS)
        return Placed(shape.row, x, y, side, flip, cut, mirror, shadow, emit, depth, shape.width)

    def _width(self, group: Group, shape: Shape, depth: float, scale: float) -> float:
        return self._stand(group, shape, 0.0, depth, scale)[0].side * shape.width

    def _free(self) -> tuple[float, float]:
        return self._setting.left, self._setting.right


def _size(thing: Thing | None) -> float:
    """The longer side of a thing in pixels; small ones are larger than life, or they would be a few latents."""
    size = float(thing.size) if thing else READABLE
    return READABLE * (size / READABLE) ** (0.6 if size < READABLE else 0.9)


def _relative(thing: Thing | None) -> float:
    """How large a thing is drawn beside another on a plain ground."""
    return min(1.12, max(0.8, (_size(thing) / 100) ** 0.5))


def _sink(thing: Thing | None) -> float:
    return thing.sink if thing else 0.0
