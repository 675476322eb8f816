"""Scenes to learn from and to be examined with: what is in them, and how often."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from types import MappingProxyType

from .concepts import concepts
from .held_out import shows_held_out
from .scene import Group, Scene, fits
from .things import Thing, things
from .vocabulary import Place, colours, phrases, places, single_icons

LIGHT_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"day": 3.0, "sunset": 1.8, "night": 1.8, "golden": 1.8, "fog": 0.7, "rain": 1.0, "snow": 0.8, "spotlight": 0.8}
)
LEVEL = ("and", "next", "left", "right")
SHELTERS = (
    "tree",
    "table",
    "chair",
    "bed",
    "umbrella",
    "beach umbrella",
    "bench",
    "palm tree",
    "rainbow",
    "cloud",
    "bridge",
)
ICONS, STYLED = 0.15, 0.10  # of what is on plain grounds: icons that no place holds, and icons of a style
DEEP = ("front", "behind")
POSES = ("sleeping", "reading", "running", "riding a bicycle", "riding a horse")
POSES_INDOORS = ("sleeping", "reading")
_SMALL, _TALL = 80, 100  # pixels of a thing at the front


@dataclass(frozen=True)
class Shares:
    """How often each kind of scene is drawn, and the share of things at places where they do not belong."""

    plain: float = 0.33
    alone: float = 0.10
    one: float = 0.28
    copies: float = 0.07
    pair: float = 0.13
    slot: float = 0.07
    three: float = 0.02
    wild: float = 0.13


def random_scene(rng: Random, shares: Shares | None = None) -> Scene:
    """A scene that shows no pair which is held out."""
    while shows_held_out(scene := any_scene(rng, shares or Shares())):
        pass
    return scene


def any_scene(rng: Random, shares: Shares) -> Scene:
    """A scene of all that can be said."""
    kinds: Mapping[str, Callable[[Random, Shares], Scene]] = {
        "plain": _plain,
        "alone": _alone,
        "one": _one,
        "copies": _copies,
        "pair": _pair,
        "slot": _slot,
        "three": _three,
    }
    kind = rng.choices(list(kinds), [getattr(shares, name) for name in kinds])[0]
    return kinds[kind](rng, shares)


def _plain(rng: Random, _: Shares) -> Scene:
    kind = rng.choices(("single", "copies", "pair"), (0.66, 0.18, 0.16))[0]
    ground = rng.choice(colours()) if rng.random() < 0.4 else ""
    if kind == "pair":
        return _relate(rng, Scene(ground=ground), _anything(), (*LEVEL, *LEVEL, *DEEP, "above", "under"), POSES)
    group = Group(rng.choice(single_icons())) if rng.random() < ICONS else _group(rng, _pick(rng, _anything()))
    if kind == "copies":
        scene = Scene((replace(group, count=rng.choices((2, 3, 4, 5), (5, 4, 3, 2))[0]),), ground=ground)
    else:
        scene = _size_or_place(Scene((group,), ground=ground), rng)
    if rng.random() < STYLED and group.thing in _emoji() and not (group.colour or group.pose):
        return replace(scene, style=rng.choice(tuple(phrases("style", "en"))))
    return scene


def _size_or_place(scene: Scene, rng: Random) -> Scene:
    size = rng.choice(("big", "small")) if rng.random() < 0.4 else ""
    position = rng.choice(tuple(phrases("position", "en"))) if size != "big" and rng.random() < 0.25 else ""
    return replace(scene, groups=(replace(scene.groups[0], size=size),), position=position)


def _alone(rng: Random, _: Shares) -> Scene:
    return _at(rng, rng.choice(_drawable()))


def _one(rng: Random, shares: Shares) -> Scene:
    place = rng.choice(_drawable())
    group = _group(rng, _pick(rng, _pool(rng, place, shares)), _poses(place))
    if rng.random() < 0.12:
        group = replace(group, size=rng.choice(("big", "small")))
    position = rng.choice(("left", "right")) if rng.random() < 0.1 else ""
    return replace(_at(rng, place), groups=(group,), position=position)


def _copies(rng: Random, shares: Shares) -> Scene:
    place = rng.choice(_drawable())
    group = _group(rng, _pick(rng, _pool(rng, place, shares)), _poses(place))
    return replace(_at(rng, place), groups=(replace(group, count=rng.choices((2, 3, 4, 5), (5, 4, 3, 1.5))[0]),))


def _pair(rng: Random, shares: Shares) -> Scene:
    place = rng.choice(_drawable())
    pool, scene, relations = _pool(rng, place, shares), _at(rng, place), LEVEL
    if place.indoors or place.kind == "outdoors":
        relations += DEEP
    if place.kind == "outdoors":
        relations += ("above", "under")
    return _relate(rng, scene, pool, relations, _poses(place))


def _relate(
    rng: Random, scene: Scene, pool: Sequence[Thing], relations: Sequence[str], poses: Collection[str]
) -> Scene:
    """The scene with two things of the pool in one of the relations."""
    relation = rng.choice(relations)
    if relation == "above":
        groups = _group(rng, _pick(rng, _flying())), _group(rng, _pick(rng, _low(pool)), ())
    elif relation == "under":
        groups = _group(rng, _pick(rng, _little(pool)), ()), _group(rng, things()[rng.choice(SHELTERS)])
    else:
        little_and_large = _small_and_tall(rng, pool, relation) if relation in DEEP and rng.random() < 0.6 else None
        groups = little_and_large or _two(rng, pool, poses)
    return replace(scene, groups=groups, relation=relation)


def _small_and_tall(rng: Random, pool: Sequence[Thing], relation: str) -> tuple[Group, Group] | None:
    """What stands in front is mostly smaller than what stands behind: both are then seen."""
    small, tall = ([t for t in pool if t.size <= _SMALL], [t for t in pool if t.size >= _TALL])
    if not small or not tall:
        return None
    front, behind = _group(rng, _pick(rng, small)), _group(rng, _pick(rng, tall))
    return (front, behind) if relation == "front" else (behind, front)


def _slot(rng: Random, _: Shares) -> Scene:
    place = rng.choice([place for place in _drawable() if place.slots])
    slot = rng.choice(place.slots)
    two = slot in ("table", "sofa", "desk") and rng.random() < 0.3
    groups = _two(rng, slot_things(slot), POSES_INDOORS)
    return replace(_at(rng, place), groups=groups if two else groups[:1], slot=slot, relation="and" if two else "")


def _three(rng: Random, shares: Shares) -> Scene:
    place = rng.choice(_drawable())
    pool = _pool(rng, place, shares)
    groups = tuple(_group(rng, thing, _poses(place)) for thing in rng.sample(pool, min(3, len(pool))))
    return replace(_at(rng, place), groups=groups, relation="and" if len(groups) > 1 else "")


def slot_things(slot: str) -> tuple[Thing, ...]:
    """What may sit in the bathtub, or lie on the table."""
    tag = "table" if slot in ("table", "desk") else "sits"
    return tuple(thing for thing in things().values() if tag in thing.tags)


def _at(rng: Random, place: Place) -> Scene:
    light = rng.choices(place.lights, [LIGHT_WEIGHTS[light] for light in place.lights])[0]
    return Scene(place=place.name, light=light)


def _poses(place: Place) -> Collection[str]:
    return POSES if place.kind == "outdoors" else POSES_INDOORS


def _pool(rng: Random, place: Place, shares: Shares) -> tuple[Thing, ...]:
    """What may be at a place: what fits, or now and then anything that can stand there."""
    wild = rng.random() < shares.wild and place.kind in ("outdoors", "room")
    return _standing(place.indoors) if wild else _fitting(place.name)


def _two(rng: Random, pool: Sequence[Thing], poses: Collection[str] = POSES) -> tuple[Group, Group]:
    """Two different things; a pool has at least that many."""
    a = b = _pick(rng, pool)
    while b is a:
        b = _pick(rng, pool)
    return _group(rng, a, poses), _group(rng, b, poses)


def _group(rng: Random, thing: Thing, poses: Collection[str] = POSES) -> Group:
    colour = rng.choice(thing.colours) if thing.colours and rng.random() < 0.4 else ""
    known = [pose for pose in thing.poses if pose in poses]
    return Group(thing.name, colour=colour, pose=rng.choice(known) if known and rng.random() < 0.25 else "")


def _pick(rng: Random, pool: Sequence[Thing]) -> Thing:
    """One of them, those that everybody asks for more often."""
    return rng.choices(pool, [_appeal()[thing.name] for thing in pool])[0]


@cache
def _appeal() -> Mapping[str, float]:
    """How often each thing is drawn: what everybody asks for, and more where fewer places show it: cars need a road."""
    return {
        name: thing.weight**1.6 / (1 + sum(fits(thing, place) for place in places())) ** 0.5
        for name, thing in things().items()
    }


def _little(pool: Sequence[Thing]) -> Sequence[Thing]:
    """What has room under something else."""
    return [t for t in pool if t.size <= _SMALL and "sky" not in t.tags and t.name not in SHELTERS] or _little(
        _anything()
    )


def _low(pool: Sequence[Thing]) -> Sequence[Thing]:
    """What something can be above: nothing that flies itself."""
    return [thing for thing in pool if "sky" not in thing.tags] or pool


@cache
def _anything() -> tuple[Thing, ...]:
    return tuple(things().values())


@cache
def _flying() -> tuple[Thing, ...]:
    return tuple(thing for thing in things().values() if "sky" in thing.tags)


@cache
def _standing(indoors: bool) -> tuple[Thing, ...]:
    """What can stand anywhere; buildings and trucks do not come into rooms."""
    standing = {"ground", "floor", "road", "farm", "beach", "hot", "cold"}
    return tuple(
        thing
        for thing in things().values()
        if thing.tags & standing and not (indoors and (thing.tags & {"tall", "vehicle"} or thing.group == "place"))
    )


@cache
def _fitting(place: str) -> tuple[Thing, ...]:
    return tuple(thing for thing in things().values() if fits(thing, place))


@cache
def _drawable() -> tuple[Place, ...]:
    return tuple(places().values())


@cache
def _emoji() -> frozenset[str]:
    """What other icon sets show as well."""
    return frozenset(concept.title for concept in concepts())
