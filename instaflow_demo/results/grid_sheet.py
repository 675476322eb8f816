"""A grid as one picture to send around: its images under their columns' values and beside their rows'."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

    Font = FreeTypeFont | BitmapFont

_MARGIN, _GAP, _LINE, _SIDE = 20, 8, 22, 150
_INK, _MUTED, _PAPER, _WELL = "#1c1917", "#57534e", "#ffffff", "#f5f5f4"
_SMALLEST, _LARGEST = 160, 256  # pixels a side of an image on the sheet


@dataclass(frozen=True)
class Tile:
    """A cell of the sheet: its image, and the text below it; without an image, the text takes its place."""

    text: str
    image: Image.Image | None = None


@dataclass(frozen=True)
class Sheet:
    """What a sheet shows. `tiles` are by row and column; `rows` have a heading each, which may be empty."""

    title: str
    columns: Sequence[str]
    rows: Sequence[str]
    tiles: Mapping[tuple[int, int], Tile] = field(default_factory=dict)


@dataclass(frozen=True)
class _Layout:
    """Where things are on a sheet, in pixels: the side of a cell, and the corner of the first one."""

    sheet: Sheet
    cell: int
    left: int
    top: int

    @classmethod
    def of(cls, sheet: Sheet) -> "_Layout":
        widths = [tile.image.width for tile in sheet.tiles.values() if tile.image]
        cell = min(max(widths, default=_LARGEST), _LARGEST)
        return cls(sheet, max(cell, _SMALLEST), _MARGIN + (_SIDE if any(sheet.rows) else 0), 0)

    @property
    def width(self) -> int:
        return self.left + len(self.sheet.columns) * (self.cell + _GAP) - _GAP + _MARGIN

    @property
    def height(self) -> int:
        return self.place(len(self.sheet.rows), 0)[1] + _MARGIN

    def place(self, row: int, column: int) -> tuple[int, int]:
        """The upper left corner of a cell."""
        return self.left + column * (self.cell + _GAP), self.top + row * (self.cell + _LINE + _GAP)


def draw_sheet(sheet: Sheet) -> bytes:
    """The sheet as a PNG file."""
    font, layout = _font(15), _Layout.of(sheet)
    title = _wrap(sheet.title, font, layout.width - 2 * _MARGIN)
    layout = replace(layout, top=_MARGIN + _LINE * (len(title) + 2))
    picture = Image.new("RGB", (layout.width, layout.height), _PAPER)
    pen = ImageDraw.Draw(picture)
    _write(pen, (_MARGIN, _MARGIN), title, font)
    for column, heading in enumerate(sheet.columns):
        x, y = layout.place(0, column)
        _write(pen, (x, y - _LINE - 2), _wrap(heading, font, layout.cell)[:1], font)
    for row, heading in enumerate(sheet.rows):
        _write(pen, (_MARGIN, layout.place(row, 0)[1]), _wrap(heading, font, _SIDE - _GAP)[:4], font)
    for place, tile in sheet.tiles.items():
        _draw_tile(picture, tile, layout.place(*place), layout.cell, _font(13))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _draw_tile(picture: Image.Image, tile: Tile, at: tuple[int, int], cell: int, font: "Font") -> None:
    pen, (x, y) = ImageDraw.Draw(picture), at
    if tile.image:
        picture.paste(tile.image.convert("RGB").resize((cell, cell), Image.Resampling.LANCZOS), at)
        _write(pen, (x, y + cell + 3), [tile.text], font, _MUTED)
    else:
        pen.rectangle((x, y, x + cell - 1, y + cell - 1), _WELL)
        _write(pen, (x + 12, y + 12), _wrap(tile.text, font, cell - 24), font, _MUTED)


def _write(pen: ImageDraw.ImageDraw, at: tuple[int, int], lines: Sequence[str], font: "Font", ink: str = _INK) -> None:
    for number, line in enumerate(lines):
        pen.text((at[0], at[1] + number * _LINE), line, ink, font)


def _wrap(text: str, font: "Font", width: float) -> list[str]:
    """The text in lines that are no wider than that, as far as its words allow."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _font(size: float) -> "Font":
    """Pillow's own, which is everywhere."""
    return ImageFont.load_default(size)
