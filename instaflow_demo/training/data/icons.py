"""Icons of the sets as SVG: read from the npm packages, or from one small file for machines without a network."""

import io
import json
import lzma
import subprocess
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...errors import DemoError
from ...grammar.things import things

PACKAGES = (
    "@iconify-json/fluent-emoji@1.2.7",
    "@iconify-json/noto@1.2.9",
    "@iconify-json/twemoji@1.2.5",
)
SETS = {"fluent": "fluent-emoji", "noto": "noto", "twemoji": "twemoji"}  # as things.tsv calls them

Icons = Mapping[str, str]  # "set:icon" to its SVG


def fetch_icons(folder: Path) -> None:
    """Install the icon sets with npm under `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *PACKAGES]
    subprocess.run(command, check=True)  # noqa: S603 - no user input in it


def icon_names() -> list[str]:
    """The icons in use, as "set:icon"."""
    every = (source for thing in things().values() for source in thing.drawings + thing.judge)
    return sorted({source for source in every if not source.startswith("own:")})


def load_icons(path: Path) -> Icons:
    """The SVGs of the icons in use, from the folder of `fetch_icons` or the file of `pack_icons`."""
    if path.is_dir():
        return _from_packages(path, icon_names())
    return json.loads(lzma.decompress(path.read_bytes()))


def pack_icons(folder: Path, target: Path, names: Iterable[str] | None = None) -> None:
    """Write the icons in use (or `names`) into one compressed file that `load_icons` reads."""
    icons = _from_packages(folder, icon_names() if names is None else names)
    target.write_bytes(lzma.compress(json.dumps(icons).encode(), preset=9))


@lru_cache(maxsize=4)  # the colours of a thing are made from one rendering
def raster(svg: str, height: int) -> np.ndarray:
    """The picture of an SVG, uint8 (height, width, 4), its edges not yet multiplied by alpha."""
    from resvg_py import svg_to_bytes  # noqa: PLC0415 - only what renders needs it

    width, tall = (float(number) for number in svg.split('viewBox="', 1)[1].split('"', 1)[0].split()[2:])
    rendered = svg_to_bytes(svg_string=svg, width=max(1, round(height * width / tall)), height=height)
    return np.asarray(Image.open(io.BytesIO(bytes(rendered))).convert("RGBA"))


def _from_packages(folder: Path, names: Iterable[str]) -> Icons:
    sets: dict[str, dict] = {}
    icons = {}
    for name in names:
        style, _, icon = name.partition(":")
        if style not in sets:
            file = folder / "node_modules/@iconify-json" / SETS[style] / "icons.json"
            sets[style] = json.loads(file.read_text(encoding="utf-8"))
        icons[name] = _svg(sets[style], icon, folder)
    return icons


def _svg(icons: dict, name: str, folder: Path) -> str:
    name = icons.get("aliases", {}).get(name, {}).get("parent", name)
    icon = _existing(icons["icons"], name, folder)
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}">{icon["body"]}</svg>'
    )


def _existing(icons: Mapping[str, Any], name: str, path: Path) -> Any:
    if name not in icons:
        raise DemoError(
            "{path} has no icon “{name}”: run the stage that fetches the icons again.", path=path, name=name
        )
    return icons[name]
