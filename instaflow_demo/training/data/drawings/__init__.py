"""Own drawings of things: functions without arguments that return a `Drawing`, by the name that things.tsv gives."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from inspect import isfunction
from types import FunctionType

from . import (
    animals,
    bears,
    belongings,
    buildings,
    creatures,
    horses,
    outdoors,
    poses,
    rooms,
    sleeping,
    specials,
    vehicles,
)
from .cast import CAST
from .legends import LEGENDS
from .people import draw_person, stranger
from .shapes import Drawing

__all__ = ["Drawing", "drawings"]

Draw = Callable[[], Drawing]
MODULES = (animals, bears, belongings, buildings, creatures, horses, outdoors, rooms, specials, vehicles)
SPACE, JOINT = " ", "_"  # names of drawings have no spaces in things.tsv
POSES = {
    "reading": poses.reading,
    "running": poses.running,
    "riding a bicycle": poses.riding_a_bicycle,
    "riding a horse": poses.riding_a_horse,
}


@cache
def drawings() -> Mapping[str, Draw]:
    """Every drawing: "fox", "doctor/1" (people have several) and "reading boy" (poses of people and animals)."""
    return dict([*_plain(), *_people(), *_poses()])


def _plain() -> Iterator[tuple[str, Draw]]:
    """Each public function of the modules that draws one thing."""
    for module in MODULES:
        for name, value in vars(module).items():
            if isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_") and _draws(value):
                yield name, value


def _draws(function: FunctionType) -> bool:
    """Whether it returns a drawing and needs nothing for it; helpers that take a drawing do not."""
    return function.__annotations__.get("return") is Drawing


def _people() -> Iterator[tuple[str, Draw]]:
    for name, looks in {**CAST, **LEGENDS}.items():
        for number, person in enumerate(looks):
            yield f"{name.replace(SPACE, JOINT)}/{number}", partial(draw_person, person)
        yield f"{name.replace(SPACE, JOINT)}/stranger", partial(draw_person, stranger(looks[0]))


def _poses() -> Iterator[tuple[str, Draw]]:
    yield "sleeping cat", sleeping.sleeping_cat
    yield "sleeping dog", sleeping.sleeping_dog
    yield "cyclist", partial(poses.riding_a_bicycle, CAST["man"][0])
    for pose, draw in POSES.items():
        for name, looks in CAST.items():
            yield f"{pose} {name}", partial(draw, looks[0])
