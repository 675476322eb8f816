"""The pictures: vector emoji from npm packages, rendered once into a zip of PNG files.

Every set may be redistributed; the model cards credit their licences. Sets under share-alike terms are left out.
"""

import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from ...grammar import STYLES, concepts

PACKAGES = (
    "@iconify-json/noto@1.2.9",
    "@iconify-json/twemoji@1.2.5",
    "@iconify-json/fluent-emoji-flat@1.2.6",
    "@iconify-json/fluent-emoji@1.2.7",
    "@iconify-json/noto-v1@1.2.5",
    "@iconify-json/emojione@1.2.3",
    "@iconify-json/fxemoji@1.2.2",
    "emojibase-data@17.0.0",
)


@dataclass(frozen=True)
class Sprites:
    """RGBA pictures, uint8 of shape (N, 4, S, S), with the icon set and the emoji that each one shows."""

    pixels: Tensor
    keys: tuple[tuple[str, str], ...]


def fetch(folder: Path) -> None:
    """Install the icon sets with npm under `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *PACKAGES]
    subprocess.run(command, check=True)  # noqa: S603 - no user input in it


def render(packages: Path, target: Path, size: int) -> int:
    """Render every icon of the concept table at `size` pixels into the zip `target`; returns how many there are."""
    icons = list(find_icons(packages))
    with ProcessPoolExecutor() as pool, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        drawings = pool.map(_png, (svg for *_, svg in icons), [size] * len(icons), chunksize=16)
        for (style, hexcode, _), png in zip(tqdm(icons, desc="render"), drawings, strict=True):
            archive.writestr(f"{style}/{hexcode}.png", png)
    return len(icons)


def keys(archive: Path) -> tuple[tuple[str, str], ...]:
    """The (icon set, hexcode) of each picture in a zip made by `render`."""
    with zipfile.ZipFile(archive) as file:
        parts = (name.removesuffix(".png").partition("/") for name in file.namelist())
        return tuple((style, hexcode) for style, _, hexcode in parts)


def load(archive: Path, size: int) -> Sprites:
    """Read a zip made by `render`, scaled down to `size` pixels."""
    pixels = []
    with zipfile.ZipFile(archive) as file:
        for name in tqdm(file.namelist(), desc="sprites", leave=False):
            image = Image.open(io.BytesIO(file.read(name))).convert("RGBA")
            if image.size != (size, size):
                image = image.resize((size, size), Image.Resampling.LANCZOS)
            pixels.append(torch.from_numpy(np.asarray(image).transpose(2, 0, 1).copy()))
    return Sprites(torch.stack(pixels), keys(archive))


def find_icons(packages: Path, styles: Iterable[str] = STYLES) -> Iterator[tuple[str, str, str]]:
    """(icon set, hexcode, SVG) for every emoji of the concept table that an icon set has."""
    modules = packages / "node_modules"
    wanted = {hexcode for concept in concepts() for hexcode in concept.hexcodes}
    by_slug: dict[str, str] = {}
    for entry in json.loads((modules / "emojibase-data/en/data.json").read_text(encoding="utf-8")):
        by_slug.setdefault(_slug(entry["label"]), entry["hexcode"])
    by_key = {_key(hexcode): hexcode for hexcode in wanted}
    for style in styles:
        folder = modules / "@iconify-json" / style
        icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
        for hexcode, name in _matches(folder, icons["icons"], by_key, by_slug):
            if hexcode in wanted:
                yield style, hexcode, _svg(icons, name)


def _matches(folder: Path, icons: dict, by_key: dict, by_slug: dict) -> Iterator[tuple[str, str]]:
    """(hexcode, icon name): by code point where the set has a map, else by the slug of the Unicode name."""
    seen = set()
    characters = json.loads((folder / "chars.json").read_text(encoding="utf-8"))  # empty in some sets
    if characters:
        pairs = [(by_key.get(_key(code)), name) for code, name in characters.items()]
        by_slug.update({name: hexcode for hexcode, name in pairs if hexcode and name not in by_slug})
    else:
        pairs = [(by_slug.get(name.removeprefix("emojione-")), name) for name in icons]
    for hexcode, name in pairs:
        if hexcode and name in icons and hexcode not in seen:
            seen.add(hexcode)
            yield hexcode, name


def _svg(icons: dict, name: str) -> str:
    icon = icons["icons"][name]
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}">{icon["body"]}</svg>'
    )


def _png(svg: str, size: int) -> bytes:
    """Render an SVG into a square PNG, keeping its proportions."""
    from resvg_py import svg_to_bytes  # noqa: PLC0415 - only this stage needs it

    drawn = Image.open(io.BytesIO(bytes(svg_to_bytes(svg_string=svg, width=size, height=size)))).convert("RGBA")
    square = Image.new("RGBA", (size, size))
    drawn.thumbnail((size, size))
    square.paste(drawn, ((size - drawn.width) // 2, (size - drawn.height) // 2))
    out = io.BytesIO()
    square.save(out, "PNG", optimize=True)
    return out.getvalue()


def _key(hexcode: str) -> str:
    """Code points in lower case without variation selectors and leading zeros, as every set can be matched by."""
    points = (point.lstrip("0").lower() for point in hexcode.split("-"))
    return "-".join(point for point in points if point not in ("fe0f", "fe0e"))


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", label.lower().replace("’", "").replace("'", "")).strip("-")
