"""Draws a grid cell by cell, and makes files of it: a table, and an archive of images, table and sheet."""

import io
import zipfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Sentence
from ..events import Event, ImageReady
from ..measure import Timing
from ..request import Cell, Grid
from ..service import Service
from .tables import Column, Value, to_csv


@dataclass(frozen=True)
class CellEvent:
    """What happened in a cell, by its number in `Grid.cells`."""

    number: int
    event: Event


@dataclass(frozen=True)
class CellResult:
    """A cell of a grid with its image; without one, `said` is why, where there is a reason."""

    cell: Cell
    image: ImageReady | None = None
    said: Sentence | None = None

    @property
    def file(self) -> str:
        """The name of the image's file, which says where it is in the grid; empty without an image."""
        if self.image is None:
            return ""
        run = self.cell.run
        place = f"row{self.cell.row + 1}-column{self.cell.column + 1}"
        return f"{place}-{run.model.id}-steps{run.steps}-seed{self.image.seed}.png"


def draw(service: Service, grid: Grid) -> Generator[CellEvent, None, None]:
    """Draw the cells of a grid one after another; closing the generator ends the work within one step.

    A cell that fails yields `Failed`, and the others go on.
    """
    cells = grid.drawn
    numbers = [grid.cells.index(cell) for cell in cells]
    for place, event in service.run_all([cell.request for cell in cells if cell.request]):
        yield CellEvent(numbers[place], event)


def _setting(name: str, title: str, form: str = "") -> Column:
    """A setting of the model in a cell."""
    return Column(name, title, form, missing="", of=lambda result: _read(result.cell.request and result.cell.run, name))


def _asked(name: str, title: str) -> Column:
    """Something that is asked for in a cell."""
    return Column(name, title, missing="", of=lambda result: _read(result.cell.request, name))


def _measured(name: str, title: str, form: str = "", **options: Any) -> Column:
    """Something of the timing of a cell's image."""
    return Column(name, title, form, missing="", of=lambda result: _read(_timing(result), name), **options)


def _fact(name: str, title: str) -> Column:
    """Something of the metadata of a cell's image."""
    return Column(name, title, missing="", of=lambda result: result.image and result.image.metadata.get(name))


def _timing(result: CellResult) -> Timing | None:
    return result.image.timing if result.image else None


def _read(source: Any, name: str) -> Value:
    return getattr(source, name) if source else None


COLUMNS = (
    Column("row", "Row", of=lambda result: result.cell.row + 1),
    Column("column", "Column", of=lambda result: result.cell.column + 1),
    Column("model", "Model", missing="", of=lambda result: result.cell.request and result.cell.run.model.id),
    _asked("prompt", "Prompt"),
    _asked("negative_prompt", "Negative prompt"),
    _setting("steps", "Steps"),
    _setting("guidance", "Guidance", "g"),
    _setting("size", "Pixels"),
    _asked("seed", "Seed"),
    _measured("seconds_per_image", "Seconds", ".4f"),
    _measured("iterations_per_second", "it/s", ".2f"),
    _setting("network_evaluations", "Network evaluations"),
    _measured("warm", "State", words=("cold", "warm")),
    *(_fact(name, name.capitalize()) for name in ("device", "dtype", "backend", "decoder")),
    _fact("sha256", "SHA-256 of the pixels"),
    Column("file", "File"),
    Column("said", "Why there is no image", missing=""),
)


def write_csv(results: Sequence[CellResult]) -> str:
    """The cells as CSV, row by row, those without an image too."""
    return to_csv(results, COLUMNS)


def pack(files: Mapping[str, bytes]) -> bytes:
    """Files as a ZIP archive. Images are compressed already."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return archive.getvalue()
