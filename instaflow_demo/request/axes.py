"""The sides of a grid, from what is typed: lists such as "1, 2, 4, 8", ranges such as "1-9 (+2)", words of a prompt."""

import csv
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, get_args

from ..errors import InvalidRequest, Sentence
from .generation import RANDOM_SEED, Limits
from .texts import normalise

Kind = Literal["model", "steps", "guidance", "seed", "size", "words"]
KINDS: tuple[Kind, ...] = get_args(Kind)
EXAMPLES: Mapping[str, str] = MappingProxyType(
    {"steps": "1, 2, 4, 8", "guidance": Sentence("1; 2.5; 5"), "seed": "7-10", "size": "256, 512"}
)
MOST_VALUES = 16
"""How many values one side may have."""

Value = str | int | float

_MOST_CHARACTERS = 500
_NUMBER = r"[+-]?\d{1,12}(?:\.\d{1,6})?"
_LIST = re.compile(r"\d+(,\d+){2,}")  # with a comma between any two, which are no decimals then
_RANGE = re.compile(  # people type both dashes
    rf"(?P<first>{_NUMBER})\s*[-–]\s*(?P<last>{_NUMBER})"
    rf"(?:\s*\((?P<step>{_NUMBER})\)|\s*\[(?P<count>\d{{1,6}})\])?"
)


@dataclass(frozen=True)
class Axis:
    """What differs along one side: ids of models, numbers, or words, the first of which the others replace."""

    kind: Kind
    values: tuple[Value, ...]


def parse_axis(field: str, kind: Any, written: Any, *, decimal_comma: bool = False) -> Axis:
    """The side that `written` means: a list of ids for models, else text.

    With `decimal_comma`, "1,5" is one and a half; so it is wherever semicolons separate values.

    Raises:
        InvalidRequest: with a sentence for `field`.
    """
    if kind not in KINDS:
        raise InvalidRequest({field: Sentence("Choose what differs along this side.")})
    if kind == "model":
        ids = written if isinstance(written, list) else []
        values: Sequence[Value] = list(dict.fromkeys(value for value in ids if isinstance(value, str)))
        said = Sentence("Choose at least one model.")
    else:
        values = _parse_text(field, kind, written, decimal_comma=decimal_comma)
        said = Sentence("Write the values of this side, with commas between them.")
    if not values:
        raise InvalidRequest({field: said})
    _refuse_too_many(field, len(values))
    return Axis(kind, tuple(values))


def _parse_text(field: str, kind: Kind, written: Any, *, decimal_comma: bool) -> list[Value]:
    if not isinstance(written, str) or len(written) > _MOST_CHARACTERS:
        wrong = Sentence("The values must be text of at most {most} characters.", most=_MOST_CHARACTERS)
        raise InvalidRequest({field: wrong})
    if kind == "words":
        return list(dict.fromkeys(_words(written)))
    values: list[Value] = []
    for part in _split(written, decimal_comma=decimal_comma and kind == "guidance"):
        values += _draw_seed() if _is_random(kind, part) else _numbers(field, kind, part)
    return values if kind == "seed" else list(dict.fromkeys(values))


def _words(written: str) -> Iterator[str]:
    """Words and phrases between commas; one that has a comma is put in quotation marks, as in CSV."""
    for line in csv.reader(written.replace("“", '"').replace("”", '"').splitlines(), skipinitialspace=True):
        yield from filter(None, map(normalise, line))


def _split(written: str, *, decimal_comma: bool) -> list[str]:
    """The parts of a list, their decimals with points.

    >>> _split("1; 2,5", decimal_comma=False), _split("1,5, 3", decimal_comma=True), _split("1,5", decimal_comma=False)
    (['1', '2.5'], ['1.5', '3'], ['1', '5'])
    """
    written = written.strip().replace("\n", ";")
    if ";" in written:
        parts = [part.replace(",", ".") for part in written.split(";")]
    elif decimal_comma and not _LIST.fullmatch(written):
        parts = [part.replace(",", ".") for part in re.split(r",\s+|,$", written)]
    else:
        parts = written.split(",")
    return [part.strip() for part in parts if part.strip()]


def _is_random(kind: Kind, part: str) -> bool:
    return kind == "seed" and part.lower() in (str(RANDOM_SEED), "random")


def _draw_seed() -> list[Value]:
    return [secrets.randbelow(Limits().seed + 1)]


def _numbers(field: str, kind: Kind, part: str) -> list[Value]:
    """One number, or those of a range."""
    whole, written = kind != "guidance", _RANGE.fullmatch(part)
    found = [Decimal(part)] if re.fullmatch(_NUMBER, part) else _spread(field, written, whole=whole) if written else []
    if not found or (whole and any(number % 1 for number in found)):
        said = Sentence(
            "“{text}” cannot be read: write values such as {example}, or a range such as 1-9 (+2).",
            text=normalise(part)[:40],
            example=EXAMPLES[kind],
        )
        raise InvalidRequest({field: said})
    return [int(number) if whole else float(number) for number in found]


def _spread(field: str, written: re.Match[str], *, whole: bool) -> list[Decimal]:
    """The numbers of a range: by ones, by a step, or so many at equal distances. Empty if it leads nowhere."""
    start, end = Decimal(written["first"]), Decimal(written["last"])
    step = Decimal(written["step"] or (1 if start <= end else -1))
    many = int(written["count"] or _steps_between(start, end, step))
    _refuse_too_many(field, many)
    if not written["count"]:
        return [start + place * step for place in range(many)]
    between = [start + (end - start) * place / max(many - 1, 1) for place in range(many)]
    return [round(number, 0 if whole else 3) for number in between]


def _steps_between(start: Decimal, end: Decimal, step: Decimal) -> int:
    """How many numbers lie from `start` to `end`; none where `step` leads away from it."""
    return max(int((end - start) / step) + 1, 0) if step and (end - start) / step >= 0 else 0


def _refuse_too_many(field: str, count: int) -> None:
    if count > MOST_VALUES:
        said = Sentence("These are {n:,} values: one side of a grid has at most {most}.", n=count, most=MOST_VALUES)
        raise InvalidRequest({field: said})
