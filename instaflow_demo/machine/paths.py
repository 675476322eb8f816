"""Paths as people write and paste them, for every place where one is given: options, variables, fields of the page."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import Sentence, cause

_QUOTES = ('""', "''", "``", "“”", "‘’", "„“", "‚‘", "«»", "»«")
_BLANK = " \t\r\n\f\v\xa0\u200b\u200e\u200f\u202a\u202c\ufeff"  # Windows puts U+202A before a path that is copied
_ESCAPED = re.compile(r"\\(.)")
_POINTER = b"version https://git-lfs"


def parse_path(text: str | Path) -> Path:
    """The path that `text` means.

    Blanks and quotes around it go, straight or typographic. `file://` addresses, `~`, `~user`, variables and the
    backslashes that a shell puts before blanks are understood, unless there is a file of that very name.

    >>> path_of(" “/models/sd15/” ")
    PosixPath('/models/sd15')
    >>> path_of("file:///models/my%20sd")
    PosixPath('/models/my sd')
    """
    written = strip_quotes(str(text))
    if written.lower().startswith("file:"):
        return Path(unquote(urlsplit(written).path))
    if not written.startswith("~") and exists(written):
        return Path(written)
    expanded = os.path.expandvars(os.path.expanduser(written))  # noqa: PTH111 - Path's raises for unknown users
    unescaped = _ESCAPED.sub(r"\1", expanded)
    return Path(unescaped if not exists(expanded) and exists(unescaped) else expanded)


def strip_quotes(text: str) -> str:
    """The text without the blanks and the pairs of quotes around it."""
    text = text.strip(_BLANK)
    while len(text) > 1 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip(_BLANK)
    return text


# unlike pathlib's, these are False for paths that are too long, and where something above may not be entered


def exists(path: str | Path) -> bool:
    """Whether there is anything."""
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: str | Path) -> bool:
    """Whether it is a folder that can be reached."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: str | Path) -> bool:
    """Whether it is a regular file that can be reached."""
    return os.path.isfile(path)  # noqa: PTH113


def absence(path: Path) -> Sentence:
    """Why there is nothing at a path that can be reached, in the system's words; empty if there is something."""
    try:
        path.stat()
    except (OSError, ValueError) as error:  # the latter for a zero byte
        return cause(error)
    return Sentence("")


def is_lfs_pointer(path: Path) -> bool:
    """Whether a file is what Git leaves in place of a large one that it has not fetched."""
    try:
        with path.open("rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False


def list_entries(folder: Path) -> list[Path]:
    """What is in a folder, by name; nothing if it cannot be looked into."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
