"""Which files may be opened: regular ones, that are the thing itself and not what stands for it.

Whoever opens a named pipe waits until somebody writes into it; whoever parses a file of any size runs out of memory.
"""

import json
import stat
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from ..machine.paths import is_lfs_pointer

MOST_JSON = 32 << 20  # bytes; the largest that is published, a tokenizer, has three million
_RESTORE = "restore it, or download it again"
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def regular(path: Path) -> Path:
    """The path, if a regular file is there that can be read; links are followed, as the hub's cache consists of them.

    Raises:
        CheckpointError: with a sentence that says what is there instead.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            path.open("rb").close()
    except FileNotFoundError as error:
        what = "a link to a file that is not there" if path.is_symlink() else "missing"
        raise CheckpointError(f"{path} is {what}: {_RESTORE}.") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}): {_RESTORE}.") from error
    if not stat.S_ISREG(mode):
        what = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
        raise CheckpointError(f"{path} is {what}, not a file: {_RESTORE}.")
    if is_lfs_pointer(path):
        raise CheckpointError(
            f"{path} is a Git LFS pointer, not the file that it stands for: run “git lfs pull” in {path.parent}."
        )
    return path


def json_object(path: Path) -> dict[str, Any]:
    """The object that a file of JSON holds.

    Raises:
        CheckpointError: when there is no such file, or it holds something else.
    """
    size = regular(path).stat().st_size
    if size > MOST_JSON:
        raise CheckpointError(f"{path} has {size / 1e6:.0f} MB, too many for settings: {_RESTORE}.")
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:  # garbled, cut off, or nested a thousand deep
        raise CheckpointError(f"{path} is not valid JSON: {_RESTORE}.") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} does not hold a JSON object: {_RESTORE}.")
    return value
