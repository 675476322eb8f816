"""The file of `benchmark --json`: written here, and read again with the distrust that somebody else's file deserves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

from ..errors import InvalidRequest, Sentence
from ..machine.device import Backend, Device, Dtype
from ..machine.environment import Environment
from ..measure import STAGES
from ..registry import MODELS
from ..request import Decoder
from .benchmark import BenchmarkRow, keep_supported

_MOST_ROWS = 1000
_MOST = 10**15  # of any figure
_WORDS: Mapping[str, Sequence[str]] = {
    "model": tuple(MODELS),
    "backend": get_args(Backend),
    "device": get_args(Device),
    "dtype": get_args(Dtype),
    "decoder": get_args(Decoder),
}
_COUNTS = ("size", "batch", "steps", "network_evaluations", "n", "peak_bytes", "upsampling_steps")
_FIGURES = (
    *("load_s", "cold_s", "median_s", "min_s", "max_s", "iqr_s", "p95_s", "images_per_second"),
    "iterations_per_second",
)
_KEYS = (  # of a row, in the order in which they are written
    *("model", "backend", "device", "dtype", "size", "batch", "decoder", "steps", "guidance", "network_evaluations"),
    *("n", "load_s", "cold_s", "median_s", "min_s", "max_s", "iqr_s", "p95_s", "stages", "images_per_second"),
    *("iterations_per_second", "peak_bytes", "upsampling_steps"),
)


def results_json(environment: Environment, rows: Sequence[BenchmarkRow]) -> dict[str, Any]:
    """The environment and every row as plain values."""
    return {
        "environment": environment.to_dict(),
        "results": [{key: getattr(row, key) for key in _KEYS} for row in rows],
    }


def read_json(text: str) -> tuple[str, tuple[BenchmarkRow, ...]]:
    """The machine and the rows of a file that `results_json` made, perhaps elsewhere.

    Raises:
        InvalidRequest: when it is something else.
    """
    try:
        stored = json.loads(text)
        rows = stored["results"]
        if not isinstance(rows, list) or len(rows) > _MOST_ROWS:
            raise TypeError("not a list of rows")
        return _machine(stored["environment"]), tuple(map(_parse_row, rows))
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InvalidRequest(
            {"file": Sentence("This is not a benchmark file: choose one that “benchmark --json” wrote.")}
        ) from error


def _machine(environment: Mapping[str, Any]) -> str:
    """What a file calls its machine, without characters that cannot be printed.

    Raises:
        LookupError, TypeError: when it does not say.
    """
    name = environment["gpu"] or environment["cpu"]
    if not isinstance(name, str):
        raise TypeError("a machine without a name")
    return "".join(letter for letter in name if letter.isprintable()).strip()[:80] or "?"


def _parse_row(result: Any) -> BenchmarkRow:
    """A row of a file, once every value has the right type and a size that a page can show.

    Files of earlier versions hold figures of fewer passes than can bear them, which are left out.

    Raises:
        LookupError, TypeError: when one has not, or is missing.
    """
    if not isinstance(result, dict):
        raise TypeError("not a row")
    names = {each.name for each in fields(BenchmarkRow)}
    row = BenchmarkRow(**{name: value for name, value in result.items() if name in names})
    for name, known in _WORDS.items():
        word = result[name]
        if not isinstance(word, str) or word not in known:
            raise TypeError(f"an unknown {name}")
    counts = [getattr(row, name) for name in _COUNTS]
    if not all(isinstance(count, int) and _is_figure(count) for count in counts) or not row.batch:
        raise TypeError("a count that is not one")
    if not isinstance(row.stages, dict) or not set(row.stages) <= set(STAGES):
        raise TypeError("unknown stages")
    known = [value for name in _FIGURES if (value := getattr(row, name)) is not None]
    if not all(map(_is_figure, (row.guidance, *row.stages.values(), *known))):
        raise TypeError("a figure that is not one")
    return keep_supported(row)


def _is_figure(value: Any) -> bool:
    """Whether it is a number that is finite, not negative, and no larger than anything that was ever measured."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST
