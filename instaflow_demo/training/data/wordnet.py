"""Just enough of WordNet to know that a hound is a dog. Reads the dictionary files of Debian's `wordnet-base`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ...errors import DemoError
from ...grammar import Concept

# Lexicographer files (lexnames(5WN)) in which a concept of each group is looked up.
_ANIMAL, _ARTIFACT, _BODY, _FOOD, _LOCATION, _OBJECT, _PERSON, _PHENOMENON, _PLANT = 5, 6, 8, 13, 15, 17, 18, 19, 20
DRAWABLE = frozenset({_ANIMAL, _ARTIFACT, _BODY, _FOOD, _OBJECT, _PERSON, _PHENOMENON, _PLANT})
_FILES = {
    "animal": {_ANIMAL},
    "plant": {_PLANT},
    "food": {_FOOD, _PLANT},
    "drink": {_FOOD, _ARTIFACT},
    "vehicle": {_ARTIFACT},
    "place": {_ARTIFACT, _LOCATION, _OBJECT},
    "sky": {_OBJECT, _PHENOMENON},
    "sport": {_ARTIFACT},
    "music": {_ARTIFACT},
    "object": {_ARTIFACT},
    "clothing": {_ARTIFACT},
    "body": {_BODY},
    "person": {_PERSON},
}


@dataclass(frozen=True)
class Synset:
    """One meaning: its words, its lexicographer file and the more specific meanings below it."""

    offset: str
    file: int
    words: tuple[str, ...]
    hyponyms: tuple[str, ...]


class WordNet:
    """The nouns of WordNet 3.0.

    Raises:
        DemoError: when `folder` does not hold them.
    """

    def __init__(self, folder: Path = Path("/usr/share/wordnet")):
        self._folder = folder
        if not (folder / "data.noun").exists():
            raise DemoError("No WordNet in {folder}: install Debian's wordnet-base, or name its folder.", folder=folder)

    @cached_property
    def synsets(self) -> dict[str, Synset]:
        lines = (self._folder / "data.noun").read_text(encoding="utf-8").splitlines()
        return {line[:8]: _synset(line) for line in lines if line[:8].isdigit()}

    @cached_property
    def senses(self) -> dict[str, list[str]]:
        """Word to the offsets of its meanings, the commonest first."""
        lines = (self._folder / "index.noun").read_text(encoding="utf-8").splitlines()
        entries = (line.split() for line in lines if not line.startswith(" "))
        return {entry[0].replace("_", " "): _offsets(entry) for entry in entries}

    def meanings(self, concept: Concept) -> list[str]:
        """The offset of the commonest meaning that fits the concept's group, for each of its names that has one."""
        files = _FILES.get(concept.group, set())
        fitting = (
            next((offset for offset in self.senses.get(name.singular, []) if self.synsets[offset].file in files), None)
            for name in concept.english
        )
        return list(dict.fromkeys(offset for offset in fitting if offset))

    def kinds(self, offset: str, borders: frozenset[str], depth: int = 3) -> Iterator[str]:
        """Words for a meaning and for its kinds, down to `depth`, not crossing into `borders`.

        A word counts only if this is its first or second meaning, so that rare senses do not mislead.
        """
        synset = self.synsets[offset]
        for word in synset.words:
            if word.islower() and word.count(" ") < 2 and offset in self.senses.get(word, [])[:2]:
                yield word
        for below in synset.hyponyms if depth else ():
            if below not in borders:
                yield from self.kinds(below, borders, depth - 1)

    def drawable_words(self) -> Iterator[str]:
        """Words whose commonest meaning is a thing, an animal, a plant, food, a body part or a person."""
        for word, offsets in self.senses.items():
            if word.isascii() and word.isalpha() and self.synsets[offsets[0]].file in DRAWABLE:
                yield word


def _offsets(entry: list[str]) -> list[str]:
    return [field for field in entry if len(field) == 8 and field.isdigit()]


def _synset(line: str) -> Synset:
    fields = line.partition(" | ")[0].split()
    count = int(fields[3], 16)
    words = tuple(fields[4 + 2 * i].replace("_", " ") for i in range(count))
    pointers = fields[5 + 2 * count :]
    # a pointer is four fields: symbol, offset, part of speech, source/target; "~" leads to a hyponym
    hyponyms = tuple(pointers[i + 1] for i in range(0, len(pointers), 4) if pointers[i] == "~")
    return Synset(fields[0], int(fields[1]), words, hyponyms)
