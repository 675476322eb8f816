"""Tables: typed rows under named columns, and the writers that turn them into text.

A number stays a number until a writer formats it: these for files and terminals, the page's own for HTML in the
visitor's language.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from rich.table import Table

from ..measure import Figure

Value = str | bool | float | Figure | tuple["Value", ...] | None


@dataclass(frozen=True)
class Notation:
    """How a language writes a number by its format specification, and a word. The default is what files have."""

    number: Callable[[float, str], str] = format
    word: Callable[[str], str] = str


PLAIN = Notation()


@dataclass(frozen=True)
class Column:
    """A column, found by its `key`: the attribute of a row that it shows, unless `of` reads the value otherwise.

    `form` is the format specification of its numbers, or gives a row's own. Each number is multiplied by `scale` and
    followed by `unit`. Several are joined with `joint`, and those that add up with a plus sign. `words` are what False
    and True are called, and None is `missing`.
    """

    key: str
    title: str
    form: str | Callable[[Any], str] = ""
    unit: str = ""
    scale: int = 1
    joint: str = ", "
    words: tuple[str, str] = ("no", "yes")
    missing: str = "–"
    of: Callable[[Any], Value] | None = None

    def value(self, row: Any) -> Value:
        """The typed value of a row."""
        return self.of(row) if self.of else attrgetter(self.key)(row)

    def text(self, row: Any, notation: Notation = PLAIN) -> str:
        """The value of a row as it is written."""
        return self._write(self.value(row), row, notation, self.joint)

    def number(self, value: float, row: Any, notation: Notation = PLAIN) -> str:
        """A number of this column, without its unit."""
        form = self.form if isinstance(self.form, str) else self.form(row)
        return notation.number(self.scale * value, form)

    def _write(self, value: Value, row: Any, notation: Notation, joint: str) -> str:
        match value:
            case None:
                return self.missing
            case bool():
                return notation.word(self.words[value])
            case str():
                return value
            case tuple():
                return joint.join(self._write(each, row, notation, " + ") for each in value)
            case Figure():
                middle, low, high = (self.number(each, row, notation) for each in (value.value, value.low, value.high))
                return f"{middle}{self.unit} ({low} to {high})"
            case _:
                return f"{self.number(value, row, notation)}{self.unit}"


def pick(columns: Iterable[Column], changes: Mapping[str, Mapping[str, Any]]) -> tuple[Column, ...]:
    """The columns with the keys of `changes`, in that order, each with its attributes replaced.

    Raises:
        KeyError: for a key that no column has.
    """
    by_key = {column.key: column for column in columns}
    return tuple(replace(by_key[key], **changed) for key, changed in changes.items())


def lines(rows: Iterable[Any], columns: Sequence[Column], notation: Notation = PLAIN) -> list[tuple[str, ...]]:
    """The text of every cell, row by row."""
    return [tuple(column.text(row, notation) for column in columns) for row in rows]


def titles(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(column.title for column in columns)


def to_csv(rows: Iterable[Any], columns: Sequence[Column]) -> str:
    """A table as CSV with a header."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([titles(columns), *lines(rows, columns)])
    return out.getvalue()


def to_markdown(rows: Iterable[Any], columns: Sequence[Column]) -> str:
    """A table as GitHub Markdown."""
    written = [titles(columns), ["---"] * len(columns), *lines(rows, columns)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in written) + "\n"


def to_terminal(rows: Iterable[Any], columns: Sequence[Column], *, sideways: bool = False) -> Table:
    """A table for rich to print. On its side, with a column for each row, it fits a terminal of 80 characters."""
    written = [titles(columns), *lines(rows, columns)]
    header, *body = zip(*written, strict=True) if sideways else written
    table = Table(*header)
    for line in body:
        table.add_row(*line)
    return table
