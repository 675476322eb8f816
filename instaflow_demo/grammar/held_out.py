"""Pairs that training never sees, so that drawing them shows that a model composes and does not remember."""

from collections.abc import Iterator
from zlib import crc32

from .scene import DAY, Scene, fits
from .things import things
from .vocabulary import places

ONE_IN = 20
_SALT = "held out 889"  # by which no prompt that the page suggests is held out

Pair = tuple[str, str]


def is_held_out(first: str, second: str) -> bool:
    """Whether the pair, such as ("dog", "beach") or ("red", "car"), is kept from training for good."""
    return crc32(f"{_SALT}|{first}|{second}".encode()) % ONE_IN == 0


def held_out_pairs(kind: str) -> tuple[Pair, ...]:
    """All of them of one kind: "thing at place" (where it fits), "light at place" or "colour of thing"."""
    return tuple(pair for pair in _all_pairs(kind) if is_held_out(*pair))


def pairs_of(scene: Scene) -> Iterator[Pair]:
    """The pairs that a scene shows. Daylight is never held out: it is what a place looks like when nothing is said."""
    return (pair for _, pair in _named_pairs(scene))


def parts_held_out(scene: Scene) -> frozenset[str]:
    """What the pairs of a scene that are kept from training consist of: "thing", "place", "light", "colour"."""
    return frozenset(part for parts, pair in _named_pairs(scene) if is_held_out(*pair) for part in parts)


def shows_held_out(scene: Scene) -> bool:
    """Whether a scene shows any pair that is kept from training."""
    return any(is_held_out(*pair) for pair in pairs_of(scene))


def _named_pairs(scene: Scene) -> Iterator[tuple[tuple[str, str], Pair]]:
    """What the two words of each pair name, and the pair."""
    for group in scene.groups:
        if scene.place:
            yield ("thing", "place"), (group.thing, scene.place)
        if group.colour:
            yield ("colour", "thing"), (group.colour, group.thing)
    if scene.place and scene.light != DAY:
        yield ("light", "place"), (scene.light, scene.place)


def _all_pairs(kind: str) -> Iterator[Pair]:
    if kind == "thing at place":
        return ((name, place) for name, thing in things().items() for place in places() if fits(thing, place))
    if kind == "light at place":
        return ((light, place.name) for place in places().values() for light in place.lights if light != DAY)
    if kind == "colour of thing":
        return ((colour, name) for name, thing in things().items() for colour in thing.colours)
    raise KeyError(kind)
