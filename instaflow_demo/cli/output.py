"""What the commands print and write: tables for the terminal, JSON, CSV and Markdown files."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..errors import InvalidRequest, Sentence, StorageFull, cause
from ..machine.paths import exists, is_folder
from ..registry import ModelSpec, Range
from ..results import report, tables
from ..weights.locate import Availability


def _seconds(row: report.ComparisonRow) -> str | float:
    return row.seconds_per_image if row.warm else f"{row.seconds_per_image:.3f} (cold)"


# what the terminal shows of a run: the report's columns, the seconds of a cold model with that word beside them
_COMPARISON = tuple(
    replace(column, of=_seconds) if column.key == "seconds_per_image" else column for column in report.COLUMNS
)


def show(table: Table) -> None:
    """Print a table on stdout, as wide as the terminal."""
    # piped output has no width of its own, and cut cells would lose figures
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def show_comparison(rows: Sequence[report.ComparisonRow]) -> None:
    """Print what models took; whatever is cold is called so where its time stands, and below the table."""
    show(tables.to_terminal(rows, _COMPARISON, sideways=True))
    if cold := [row.system for row in rows if not row.warm]:
        typer.echo(_cold_note(cold))


def _cold_note(systems: Sequence[str]) -> Sentence:
    return Sentence(
        "Cold times, which are not how fast a model is: {systems}. The first image also pays for warming up, so no "
        "speed-up is told. Ask for two images or more, or use “python -m instaflow_demo benchmark”.",
        systems=", ".join(systems),
    )


def models_table(found: Sequence[tuple[ModelSpec, Availability, int]]) -> Table:
    """Each model with what it is, its size in bytes, and where it was found."""
    table = Table("Id", "What it is, and where it was found or what is missing", show_lines=True)
    table.columns[0].no_wrap = True
    table.columns[1].overflow = "fold"  # a path that was cut would be of no use
    for spec, availability, size in found:
        table.add_row(spec.id, _description(spec, availability, size))
    return table


def model_json(spec: ModelSpec, availability: Availability, size: int) -> dict[str, Any]:
    """A model as plain values for `models --json`."""
    return {
        "id": spec.id,
        "title": spec.title,
        "summary": spec.summary,
        "family": spec.family,
        "source": spec.source,
        "licence": spec.licence,
        "steps": spec.steps.default,
        "size": spec.size.default,
        "bytes": size,
        "download_bytes": spec.download_bytes,
        "available": availability.available,
        "found": availability.found or None,
        "missing": availability.reason or None,
    }


def check_destinations(*, json_file: Path | None, out: Path | None = None) -> None:
    """Find out before a long run, not after it, that its results have nowhere to go.

    Raises:
        InvalidRequest: when the file or the folder cannot be written.
    """
    if json_file and (is_folder(json_file) or not is_folder(json_file.absolute().parent)):
        raise InvalidRequest(
            {
                "json": Sentence(
                    "{json_file} is a folder, or its folder does not exist: choose another one with --json.",
                    json_file=json_file,
                )
            }
        )
    if json_file and not _may_write(json_file.absolute() if exists(json_file) else json_file.absolute().parent):
        raise InvalidRequest(
            {"json": Sentence("{json_file} cannot be written: choose another one with --json.", json_file=json_file)}
        )
    if out and exists(out) and not is_folder(out):
        raise InvalidRequest({"out": Sentence("{out} is not a folder: choose another one with --out.", out=out)})
    if out and not _may_write(out.absolute()):
        raise InvalidRequest(
            {"out": Sentence("{out} cannot be written to: choose another folder with --out.", out=out)}
        )


def write_json(path: Path | None, values: Callable[[], dict[str, Any]]) -> None:
    """Write `values` to the file of --json, if there is one.

    Raises:
        StorageFull: when it cannot be written.
    """
    write_file(path, lambda: json.dumps(values(), indent=2, ensure_ascii=False) + "\n", "--json")


def write_file(path: Path | None, text: Callable[[], str], option: str) -> None:
    """Write a result to the file that `option` named, if it named one.

    Raises:
        StorageFull: when it cannot be written.
    """
    if path is None:
        return
    try:
        # a file name that is not UTF-8 holds lone surrogates, whose escapes are what JSON writes for them
        path.write_text(text(), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StorageFull(
            "{path} could not be written ({why}): choose another file with {option}.",
            path=path,
            why=cause(error),
            option=option,
        ) from None


def read_benchmark_file(path: Path) -> str:
    """The text of a file that `benchmark --json` wrote.

    Raises:
        InvalidRequest: when it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            {"file": Sentence("{path} cannot be read: name a file that “benchmark --json” wrote.", path=path)}
        ) from error


def _may_write(path: Path) -> bool:
    """Whether a file can be written, or files can be created in a folder or in its nearest parent that exists."""
    above = next((each for each in (path, *path.parents) if exists(each)), path)
    wanted = os.W_OK | (os.X_OK if is_folder(above) else 0)
    return os.access(above, wanted, effective_ids=os.access in os.supports_effective_ids)


def _description(spec: ModelSpec, availability: Availability, size: int) -> str:
    """A model for the terminal: what it is, how it runs, its size, origin and licence, and where it is."""
    upsampling = f" + {spec.upsampling_steps}" if spec.upsampling_steps else ""
    origin = "shipped" if spec.shipped else f"from {spec.source}"
    where = f"found in {availability.found}" if availability.available else availability.reason
    lines = (
        f"{spec.title} · {spec.summary}",
        f"steps: {_format_range(spec.steps)}{upsampling}, pixels a side: {_format_range(spec.size)}",
        f"{_format_bytes(size)} {origin}, licence {spec.licence}",
        where,
    )
    return "\n".join(map(escape, lines))


def _format_bytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size < 999.5e6 else f"{size / 1e9:.1f} GB"


def _format_range(allowed: Range[int]) -> str:
    if allowed.fixed:
        return str(allowed.default)
    return f"{allowed.default} ({allowed.low} to {allowed.high})"
