"""The things of scenes: their names, how big they are, where they may be and which colours suit them."""

import csv
from dataclasses import dataclass
from functools import cache

from .concepts import HERE, Concept, Name, concepts, read_name

FACES = {"l": "left", "r": "right", "f": "front"}


@dataclass(frozen=True)
class Thing:
    """One row of things.tsv; `size` is its longer side in pixels at the front of a scene 256 pixels wide.

    Its `tags` say where it may be: ground, floor (of a room), table, water (afloat, with the share `sink` of it below
    the waterline), swims, bottom (of the sea), sky, road, beach, farm, cold, hot, space, tall (others stand in front of
    it), float (in space, above the ground), sits (on a sofa, on a bed, in a bathtub), vehicle, furniture.
    `own` is the colour that it has when none is named, "" when it has several.
    """

    name: str
    group: str
    size: int
    tags: frozenset[str]
    sink: float
    drawings: tuple[str, ...]  # "set:icon" or "own:function", by which training draws it
    judge: tuple[str, ...]  # the same, of drawings that the judge alone is trained on
    colours: tuple[str, ...]
    own: str
    faces: str  # the side to which its drawing faces: "left", "right" or "front"
    poses: tuple[str, ...]
    weight: int  # 4 what every other prompt names, 3 what many do, 1 what few do
    english: tuple[Name, ...]
    portuguese: tuple[Name, ...]
    new: bool  # it has no row in concepts.tsv


@cache
def things() -> dict[str, Thing]:
    """The rows of things.tsv by name; names of rows that have a concept are the concept's."""
    known = {concept.title: concept for concept in concepts()}
    with (HERE / "things.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["name"]: _thing(row, known.get(row["name"])) for row in rows}


def _thing(row: dict[str, str], concept: Concept | None) -> Thing:
    english, portuguese = (tuple(map(read_name, filter(None, row[language].split("|")))) for language in ("en", "pt"))
    return Thing(
        name=row["name"],
        group=row["group"],
        size=int(row["size"]),
        tags=frozenset(row["tags"].split()),
        sink=float(row["sink"]),
        drawings=tuple(row["drawing"].split()),
        judge=tuple(row["judge"].split()),
        colours=tuple(row["colours"].split()),
        own=row["own"],
        faces=FACES[row["faces"]],
        poses=tuple(filter(None, row["poses"].split(", "))),
        weight=int(row["weight"]),
        english=concept.english if concept else english,
        portuguese=concept.portuguese if concept else portuguese,
        new=concept is None,
    )
