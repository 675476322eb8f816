"""The words of scenes in both languages: one table that captions are written with and prompts are read by."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from .captions import Language
from .concepts import Name, concepts, read_name
from .things import things

HERE = Path(__file__).parent
LANGUAGES: tuple[Language, ...] = ("en", "pt")


@dataclass(frozen=True)
class Place:
    """Where things can be: `nouns` name it, `at` says that something is there, `words` are understood as well.

    `kind` is outdoors, water, underwater, space, sky or room; `fits` are the tags of things that belong there; `lights`
    are those it is seen in, `slots` the spots in it that have a name of their own.
    """

    name: str
    kind: str
    fits: frozenset[str]
    lights: tuple[str, ...]
    slots: tuple[str, ...]
    nouns: Mapping[Language, tuple[str, ...]]
    at: Mapping[Language, tuple[str, ...]]
    words: Mapping[Language, tuple[str, ...]]

    @property
    def indoors(self) -> bool:
        return self.kind == "room"


@cache
def places() -> Mapping[str, Place]:
    """The rows of places.tsv by name."""
    return MappingProxyType({row["name"]: _place(row) for row in _rows("places.tsv")})


@cache
def phrases(kind: str, language: Language) -> Mapping[str, tuple[str, ...]]:
    """Name to phrases, the usual one first: the rows of one kind of words.tsv, such as "light" or "relation".

    Portuguese adjectives end in {o} for the gender; those of colours have a plural after a slash.
    """
    rows = {row["name"]: tuple(row[language].split("|")) for row in _rows("words.tsv") if row["kind"] == kind}
    if not rows:
        raise KeyError(kind)
    return MappingProxyType(rows)


def colours() -> tuple[str, ...]:
    """The colours that things, rooms and plain grounds may have."""
    return tuple(phrases("colour", "en"))


def slot_places() -> Mapping[str, str]:
    """The place of each named spot: the bathtub is in the bathroom."""
    return {slot: place.name for place in places().values() for slot in place.slots}


@cache
def names(language: Language) -> Mapping[str, tuple[Name, ...]]:
    """Title to names, the usual one first, of everything that has any: what scenes hold and single icons.

    A name means one thing: what scenes hold comes first, then places and lights, then the icons that show nothing else.
    """
    english = language == "en"
    more = {row["name"]: row[language] for row in _rows("words.tsv") if row["kind"] == "also" and row[language]}
    mine = [(thing.name, thing.english if english else thing.portuguese) for thing in things().values()]
    mine = [(title, known + _read_names(more.get(title, ""))) for title, known in mine]
    icons = [(concept.title, concept.english if english else concept.portuguese) for concept in concepts()]
    found: dict[str, tuple[Name, ...]] = {}
    taken = _colour_words(language)
    for title, choices in mine:
        found[title] = _own(choices, taken)
    taken |= _words_of_places_and_lights(language)
    for title, choices in icons:
        if title not in found and (own := _own(choices, taken)):
            found[title] = own
    return MappingProxyType({title: choices for title, choices in found.items() if choices})


def single_icons() -> tuple[str, ...]:
    """Titles of what is drawn by itself on a plain ground alone: emoji that no place holds."""
    return tuple(title for title in names("en") if title not in things() and title in names("pt"))


def light_phrases(light: str, *, indoors: bool, language: Language) -> tuple[str, ...]:
    """How a caption says the light: it rains on a beach, and outside the window of a room."""
    return phrases("light indoors" if indoors else "light", language)[light]


def _read_names(text: str) -> tuple[Name, ...]:
    return tuple(map(read_name, text.split("|"))) if text else ()


def _own(choices: tuple[Name, ...], taken: set[str]) -> tuple[Name, ...]:
    """The names that are not taken, which they are from now on."""
    own = tuple(name for name in dict.fromkeys(choices) if not {name.singular, name.plural} & taken)
    taken.update(form for name in own for form in (name.singular, name.plural))
    return own


def _colour_words(language: Language) -> set[str]:
    """What a colour and a name say: a red apple is an apple that is red."""
    nouns = [
        (colour, name)
        for thing in things().values()
        for name in (thing.english if language == "en" else thing.portuguese)
        for colour in (*thing.colours, thing.own)
        if colour
    ]
    if language == "en":
        return {f"{colour} {form}" for colour, name in nouns for form in (name.singular, name.plural)}
    found = set()
    for colour, name in nouns:
        one, many = phrases("colour", "pt")[colour][0].format(o="a" if name.gender == "f" else "o").split("/")
        found |= {f"{name.singular} {one}", f"{name.plural} {many}"}
    return found


def _words_of_places_and_lights(language: Language) -> set[str]:
    lights = phrases("light word", language).values()
    return {word for place in places().values() for word in place.words[language]}.union(*lights)


def _place(row: Mapping[str, str]) -> Place:
    def both(column: str) -> Mapping[Language, tuple[str, ...]]:
        return MappingProxyType({language: tuple(row[f"{language}_{column}"].split("|")) for language in LANGUAGES})

    fits, lights, slots = (row[column].split() for column in ("fits", "lights", "slots"))
    return Place(
        row["name"], row["kind"], frozenset(fits), tuple(lights), tuple(slots), both("nouns"), both("at"), both("words")
    )


@cache
def _rows(file: str) -> tuple[Mapping[str, str], ...]:
    with (HERE / file).open(encoding="utf-8", newline="") as table:
        return tuple(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
