"""Emoji of other icon sets, for single things on plain grounds whose caption names a style."""

import json
import lzma
from collections.abc import Mapping
from pathlib import Path

from ...grammar.concepts import Concept, concepts
from ...grammar.vocabulary import phrases
from .icons import raster
from .sprite import SIZE, Sprite, _standing, _trimmed
from .sprites import find_icons

StyledIcons = Mapping[tuple[str, str], str]  # (icon set, title of a concept) to its SVG
PACKED = "styled.json.xz"


def styled_icons(path: Path) -> StyledIcons:
    """The icons that styles show, from the folder of npm packages, or from `PACKED` beside the file of icons."""
    if path.is_dir():
        return _from_packages(path)
    packed = json.loads(lzma.decompress((path.parent / PACKED).read_bytes()))
    return {(style, title): svg for style, title, svg in packed}


def pack_styled(packages: Path, target: Path) -> None:
    """Write the icons of styles into one compressed file."""
    rows = [[*key, svg] for key, svg in _from_packages(packages).items()]
    target.write_bytes(lzma.compress(json.dumps(rows).encode(), preset=9))


def icon_sprite(svg: str) -> Sprite:
    """An icon in the form that the bank of sprites takes."""
    return _standing(_trimmed(raster(svg, SIZE * 2)), SIZE)


def _from_packages(packages: Path) -> StyledIcons:
    by_code = {(style, hexcode): svg for style, hexcode, svg in find_icons(packages, tuple(phrases("style", "en")))}
    found = {}
    for style in phrases("style", "en"):
        for concept in concepts():
            svg = next((by_code[style, code] for code in _codes(concept) if (style, code) in by_code), None)
            if svg:
                found[style, concept.title] = svg
    return found


def _codes(concept: Concept) -> tuple[str, ...]:
    """An animal's whole body comes after its face in the table of concepts, and is what scenes show."""
    return concept.hexcodes[::-1] if concept.group == "animal" else concept.hexcodes
