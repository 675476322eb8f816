"""Everything that pictures are composed of, drawn once: drawings of places, sprites of things, overlays."""

import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...errors import DemoError
from ...grammar.things import things as things_of_grammar
from .composer import Banks
from .icons import Icons, load_icons
from .layout import Catalogue, Drawing, Shape
from .overlays import draw_overlays
from .places import PLACES, draw_place
from .setting import Setting, Slot, Strip
from .sprite import Key, Sprite, every_key, every_sprite, keys, sources
from .styles import icon_sprite, styled_icons

OVERLAYS = 4
JUDGE_DRAWINGS = 1000  # the first number of a place's drawings that models are not shown


@dataclass(frozen=True)
class Stock:
    """The banks, uint8 on the CPU, and the catalogue that says what is where in them.

    land: (P, C, 256, 256); sprites: (N, 4, 192, 192); overlays: (O, 5, 256, 256).
    """

    land: Tensor
    sprites: Tensor
    overlays: Tensor
    catalogue: Catalogue

    def banks(self, device: torch.device) -> Banks:
        return Banks(self.land, self.sprites, self.overlays).to(device)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {"land": self.land, "sprites": self.sprites, "overlays": self.overlays}
        save_file(tensors, folder / "banks.safetensors")
        (folder / "catalogue.json").write_text(json.dumps(_as_json(self.catalogue)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Stock":
        """Read what `save` wrote.

        Raises:
            DemoError: when there is nothing.
        """
        catalogue = load_catalogue(folder)
        return cls(**load_file(folder / "banks.safetensors"), catalogue=catalogue)


def load_catalogue(folder: Path) -> Catalogue:
    """What is in a stock, without its pictures.

    Raises:
        DemoError: when there is none.
    """
    file = folder / "catalogue.json"
    if not file.exists():
        raise DemoError("There is no stock of drawings in {folder}: run the stage 'stock' first.", folder=folder)
    return _from_json(json.loads(file.read_text(encoding="utf-8")))


def draw_stock(
    icons: Path | None,
    drawings: int,
    workers: int,
    *,
    places: Iterable[str] | None = None,
    things: int | None = None,
    judge: bool = False,
) -> Stock:
    """Draw `drawings` pictures of each place and every sprite, in `workers` processes.

    `icons` is the folder or file of icon sets; without it, only what we draw ourselves. For toy runs, `places` and
    `things` restrict what is drawn. With `judge`, drawings of places that training has not, and sprites besides that
    training never shows.
    """
    first = JUDGE_DRAWINGS if judge else 0
    jobs = [(name, first + seed) for name in places or PLACES for seed in range(drawings)]
    wanted = [key for key in (every_key() if judge else keys()) if icons or _is_own(key)][:things]
    styled = styled_icons(icons) if icons else {}
    wanted_icons = list(styled)[:things]
    with ProcessPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        lands = pool.map(_draw_place, jobs, chunksize=2)
        sprites = pool.map(partial(_draw_sprite, path=icons), wanted, chunksize=8)
        flat = pool.map(icon_sprite, (styled[key] for key in wanted_icons), chunksize=8)
        return _collect(jobs, list(lands), wanted, list(sprites), wanted_icons, list(flat))


def _collect(jobs: list, lands: list, wanted: list, sprites: list, wanted_icons: list, flat: list) -> Stock:
    found: dict[str, list[Drawing]] = {}
    for row, ((name, _), (_, setting)) in enumerate(zip(jobs, lands, strict=True)):
        found.setdefault(name, []).append(Drawing(row, setting))
    shapes = [Shape(row, sprite.width, sprite.height) for row, sprite in enumerate([*sprites, *flat])]
    catalogue = Catalogue(
        found,
        dict(zip(wanted, shapes, strict=False)),
        dict(zip(wanted_icons, shapes[len(wanted) :], strict=True)),
        OVERLAYS,
    )
    return Stock(
        torch.from_numpy(np.stack([pixels for pixels, _ in lands])),
        torch.from_numpy(np.stack([sprite.pixels for sprite in [*sprites, *flat]])),
        draw_overlays(OVERLAYS),
        catalogue,
    )


def _is_own(key: Key) -> bool:
    """Whether the sprite is drawn by us, not taken from an icon set."""
    thing = things_of_grammar()[key.name]
    return (sources(thing, key.pose) + sources(thing, held_out=True))[key.drawing].startswith("own:")


def _draw_place(job: tuple[str, int]) -> tuple[np.ndarray, Setting]:
    return draw_place(*job)


def _draw_sprite(key: Key, path: Path | None) -> Sprite:
    return every_sprite(key, _icons(path) if path else {})


@cache
def _icons(path: Path) -> Icons:
    return load_icons(path)


def _as_json(catalogue: Catalogue) -> dict:
    return {
        "drawings": {name: [asdict(drawing) for drawing in each] for name, each in catalogue.drawings.items()},
        "sprites": [[*key, asdict(shape)] for key, shape in catalogue.sprites.items()],
        "icons": [[*key, asdict(shape)] for key, shape in catalogue.icons.items()],
        "overlays": catalogue.overlays,
    }


def _from_json(data: dict) -> Catalogue:
    return Catalogue(
        {
            name: [Drawing(each["row"], _setting(each["setting"])) for each in some]
            for name, some in data["drawings"].items()
        },
        {Key(*key): Shape(**shape) for *key, shape in data["sprites"]},
        {(style, title): Shape(**shape) for style, title, shape in data["icons"]},
        data["overlays"],
    )


def _setting(data: dict) -> Setting:
    strips = {name: Strip(**data[name]) if data[name] else None for name in ("ground", "water", "swim")}
    slots = {name: Slot(**slot) for name, slot in data["slots"].items()}
    sky = tuple(data["sky"]) if data["sky"] else None
    return Setting(**{**data, **strips, "slots": slots, "sky": sky})
