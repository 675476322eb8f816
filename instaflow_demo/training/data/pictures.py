"""Pictures of scenes held on the training device: composed once, drawn from at random."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from ...grammar.things import things
from ...grammar.vocabulary import colours
from ..loop import Process
from .composer import Batch, Composer
from .examples import Shards, read_shards
from .layout import Catalogue
from .picture import COLUMNS
from .stock import Stock

CHUNK = 128  # pictures composed at a time
CELLS = 16  # a side: crops are centred on these
ANYWHERE = 0.5  # how often a crop shows no thing, against one that is full of it


@dataclass(frozen=True)
class Pictures:
    """N composed scenes: images (N, 3, S, S) and masks of their things (N, 1, S, S), both uint8; what they show.

    `places` (N,) are rows of the catalogue's places, `things` (N, T) and `colours` (N, C) are 1 for each that is there.
    """

    images: Tensor
    masks: Tensor
    places: Tensor
    things: Tensor
    colours: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, rows: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Images in [-1, 1] and masks in [0, 1]."""
        images = self.images[rows].float() / 127.5 - 1
        return images.contiguous(memory_format=torch.channels_last), self.masks[rows].float() / 255

    def crops(self, rows: Tensor, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Squares of `size` pixels of these pictures and their masks, mostly around things."""
        seen = F.adaptive_avg_pool2d(self.masks[rows].float() / 255, CELLS).flatten(1)
        cells = torch.multinomial(seen + ANYWHERE * seen.mean(1, keepdim=True) + 1e-3, 1, generator=generator)
        whole = self.images.shape[-1]
        middle = torch.cat([cells // CELLS, cells % CELLS], 1) * (whole // CELLS) + whole // CELLS // 2
        corner = (middle - size // 2).clamp(0, whole - size)
        steps = torch.arange(size, device=rows.device)
        y, x = ((corner[:, axis, None] + steps) for axis in (0, 1))
        taken = (rows[:, None, None], slice(None), y[:, :, None], x[:, None, :])
        images, masks = (bank[taken].permute(0, 3, 1, 2).float() for bank in (self.images, self.masks))
        return images / 127.5 - 1, masks / 255


class Labels:
    """What the rows of a catalogue's banks show, as classes."""

    def __init__(self, catalogue: Catalogue):
        self.places = tuple(catalogue.drawings)
        self.things = tuple(things())
        self.colours = colours()
        self._place_of = torch.zeros(sum(map(len, catalogue.drawings.values())), dtype=torch.long)
        for number, drawings in enumerate(catalogue.drawings.values()):
            self._place_of[[drawing.row for drawing in drawings]] = number
        rows = len(catalogue.sprites) + len(catalogue.icons)
        self._thing_of = torch.full((rows,), len(self.things))
        self._colour_of = torch.full((rows,), len(self.colours))
        for key, shape in catalogue.sprites.items():
            self._thing_of[shape.row] = self.things.index(key.name)
            colour = key.colour or things()[key.name].own
            self._colour_of[shape.row] = self.colours.index(colour) if colour else len(self.colours)

    def __call__(self, batch: Batch) -> Mapping[str, Tensor]:
        """`places` (B,), `things` (B, T) and `colours` (B, C) of the pictures."""
        rows = batch.things[:, :, COLUMNS.index("sprite")].long()
        there = batch.things[:, :, COLUMNS.index("side")] > 0
        return {
            "places": self._place_of[batch.place],
            "things": _many_hot(self._thing_of[rows], there, len(self.things)),
            "colours": _many_hot(self._colour_of[rows], there, len(self.colours)),
        }


def _many_hot(classes: Tensor, there: Tensor, count: int) -> Tensor:
    hot = torch.zeros(len(classes), count + 1, dtype=torch.uint8)
    hot.scatter_(1, classes.where(there, torch.tensor(count)), 1)
    return hot[:, :count]


def my_shards(folder: Path, run: Process) -> list[Path]:
    """This process's files of laid out scenes."""
    return sorted(folder.glob("scenes-*.safetensors"))[run.process_index :: run.num_processes]


def compose_all(composer: Composer, batch: Batch, run: Process, title: str) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Rows, images (B, 3, S, S) and masks (B, 1, S, S) in [0, 1] of all pictures of a batch, part by part."""
    starts = range(0, len(batch), CHUNK)
    for start in tqdm(starts, desc=title, disable=not run.is_main_process, mininterval=5):
        rows = slice(start, start + CHUNK)
        yield rows, *composer.compose(batch[rows])


@torch.no_grad()
def compose_pictures(stock: Stock, batch: Batch, run: Process) -> Pictures:
    """Compose a batch of laid out scenes on this process's device."""
    device, count = run.device, len(batch)
    composer = Composer(stock.banks(device), chunk=CHUNK)
    labels = {name: tensor.to(device) for name, tensor in Labels(stock.catalogue)(batch).items()}
    images = torch.empty(count, 3, 256, 256, dtype=torch.uint8, device=device)
    masks = torch.empty(count, 1, 256, 256, dtype=torch.uint8, device=device)
    for rows, image, mask in compose_all(composer, batch, run, "compose"):
        images[rows], masks[rows] = (image * 255).round().byte(), (mask * 255).round().byte()
    return Pictures(images, masks, **labels)


def pictures_of(stock: Stock, folder: Path, run: Process, most: int | None = None) -> Pictures:
    """This process's pictures of the scenes laid out in `folder`."""
    return compose_pictures(stock, read_laid_out(folder, run, most).pictures, run)


def read_laid_out(folder: Path, run: Process, most: int | None = None) -> Shards:
    """This process's scenes of those laid out in `folder`, `most` of them at random."""
    shards = read_shards(my_shards(folder, run))
    if most is None or most >= len(shards):
        return shards
    return shards[torch.randperm(len(shards), generator=torch.Generator().manual_seed(0))[:most].sort().values]
