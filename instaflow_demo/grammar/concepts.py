"""The words: what the shipped models learn to draw, by name, in English and Brazilian Portuguese."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Name:
    """A noun: `gender` is "m" or "f" in Portuguese and empty in English."""

    singular: str
    plural: str
    gender: str = ""


@dataclass(frozen=True)
class Concept:
    """Something to draw: the emoji that show it, and its names with the usual one first."""

    group: str
    hexcodes: tuple[str, ...]
    english: tuple[Name, ...]
    portuguese: tuple[Name, ...]

    @property
    def title(self) -> str:
        return self.english[0].singular


@cache
def concepts() -> tuple[Concept, ...]:
    """The rows of concepts.tsv."""
    with (HERE / "concepts.tsv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Concept(
                row["group"],
                tuple(row["hexcodes"].split()),
                tuple(read_name(text) for text in row["en"].split("|")),
                tuple(read_name(text) for text in row["pt"].split("|")),
            )
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        )


@cache
def held_out_words() -> tuple[tuple[str, str], ...]:
    """(word, title of its concept) for words that no caption has: they test the text encoder's meaning."""
    with (HERE / "held_out_words.tsv").open(encoding="utf-8", newline="") as file:
        return tuple((row["word"], row["concept"]) for row in csv.DictReader(file, delimiter="\t"))


def read_name(text: str) -> Name:
    gender, _, forms = text.rpartition(":")
    singular, plural = forms.split("/")
    return Name(singular, plural, gender)
