"""Which files may be opened: regular ones, that are the thing itself and not what stands for it.

Whoever opens a named pipe waits until somebody writes into it; whoever parses a file of any size runs out of memory.
"""

import json
import stat
from pathlib import Path
from typing import Any

from ..errors import CheckpointError, Sentence, cause
from ..machine.paths import is_lfs_pointer

SCALE = ".scale"  # ends the name of a tensor that one in 8 bits is multiplied with
MOST_JSON = 32 << 20  # bytes; the largest that is published, a tokenizer, has three million
_KINDS = (
    (stat.S_ISDIR, Sentence("a folder")),
    (stat.S_ISFIFO, Sentence("a named pipe")),
    (stat.S_ISSOCK, Sentence("a socket")),
    (stat.S_ISCHR, Sentence("a device")),
    (stat.S_ISBLK, Sentence("a device")),
)


def require_regular_file(path: Path) -> Path:
    """The path, if a regular file is there that can be read; links are followed, as the hub's cache consists of them.

    Raises:
        CheckpointError: with a sentence that says what is there instead.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            path.open("rb").close()
    except FileNotFoundError as error:
        if path.is_symlink():
            raise CheckpointError(
                "{path} is a link to a file that is not there: restore it, or download it again.", path=path
            ) from error
        raise CheckpointError("{path} is missing: restore it, or download it again.", path=path) from error
    except OSError as error:
        raise CheckpointError(
            "{path} cannot be read ({why}): restore it, or download it again.", path=path, why=cause(error)
        ) from error
    if not stat.S_ISREG(mode):
        what = next((name for is_kind, name in _KINDS if is_kind(mode)), Sentence("something else"))
        raise CheckpointError("{path} is {what}, not a file: restore it, or download it again.", path=path, what=what)
    if is_lfs_pointer(path):
        raise CheckpointError(
            "{path} is a Git LFS pointer, not the file that it stands for: run “git lfs pull” in {folder}.",
            path=path,
            folder=path.parent,
        )
    return path


def json_object(path: Path) -> dict[str, Any]:
    """The object that a file of JSON holds.

    Raises:
        CheckpointError: when there is no such file, or it holds something else.
    """
    size = require_regular_file(path).stat().st_size
    if size > MOST_JSON:
        raise CheckpointError(
            "{path} has {count:.0f} MB, too many for settings: restore it, or download it again.",
            path=path,
            count=size / 1e6,
        )
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:  # garbled, cut off, or nested a thousand deep
        raise CheckpointError("{path} is not valid JSON: restore it, or download it again.", path=path) from error
    if not isinstance(value, dict):
        raise CheckpointError("{path} does not hold a JSON object: restore it, or download it again.", path=path)
    return value
