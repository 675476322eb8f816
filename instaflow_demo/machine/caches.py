"""Folders for what can be made or fetched again. One that cannot be used is never an error: another serves, or none.

A home folder may be missing, a file, read-only or full, and a container's user need not be in its passwd.
"""

import errno
import hashlib
import logging
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeVar

from ..errors import Sentence, cause
from .paths import parse_path

Kind = Literal["conversions", "compiled code", "downloads"]
Kept = TypeVar("Kept")

log = logging.getLogger(__name__)

HOMELESS = Path("/nonexistent")  # what Debian enters as the home of users who have none
HUB = "hub"  # the spare folder's part for downloads
INDUCTOR = "TORCHINDUCTOR_CACHE_DIR"
PARTIAL = ".partial-"  # what the names of unfinished files and folders begin with
_STALE_SECONDS = 3600
_PROBE_BYTES = 1 << 16  # a full disk may still take an empty file
_DIGEST_BYTES = hashlib.sha256().digest_size


def home() -> Path:
    """The user's home folder, which need not exist."""
    found = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises for users who have none
    return found if found.is_absolute() else HOMELESS


def converted_dir() -> Path:
    """Where converted checkpoints are kept: INSTAFLOW_DEMO_HOME, or a folder of the user's cache."""
    if chosen := os.environ.get("INSTAFLOW_DEMO_HOME"):
        return parse_path(chosen)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "")
    # the specification has relative ones ignored
    return (cache if cache.is_absolute() else home() / ".cache") / "instaflow_demo"


def hub_dir() -> Path:
    """The cache of the hub's client."""
    from huggingface_hub import constants  # noqa: PLC0415 - slow to import

    found = Path(constants.HF_HUB_CACHE)
    # the client would make a folder called “~” for users who have no home
    return HOMELESS.joinpath(*found.parts[1:]) if found.parts[:1] == ("~",) else found


def spare_dir() -> Path | None:
    """The user's own folder among the temporary files, which need not exist; None where there can be none.

    It must be nobody else's: whoever can write to it could put weights there.
    """
    user = getattr(os, "getuid", lambda: 0)()
    try:
        folder = Path(tempfile.gettempdir(), f"instaflow_demo-{user}")
        status = folder.lstat() if os.path.lexists(folder) else None
    except OSError:
        return None
    if status is None or os.name == "nt":  # where temporary files are the user's anyway
        return folder
    own = status.st_uid == user and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return folder if own and stat.S_ISDIR(status.st_mode) else None


def refusal(folder: Path) -> Sentence:
    """Why nothing can be written to a folder, which is made if it is not there; empty if something can."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except FileExistsError:  # a file, at the very end of the path
        return cause(NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    except OSError as error:
        return cause(error)
    return Sentence("")


def keep(
    folder: Path, kind: Kind, write: Callable[[Path], Kept], setting: str = "INSTAFLOW_DEMO_HOME"
) -> tuple[Kept | None, Sentence]:
    """What `write` makes of a folder, or of the spare one if that cannot be written to, or None.

    With it comes a note for the user where it is not in the folder that was wanted; `setting` names another one.
    """
    refused = refusal(folder) or _try(write, folder)
    if not isinstance(refused, Sentence):
        return refused[0], Sentence("")
    facts = {"folder": folder, "why": refused, "setting": setting}
    spare = _usable_spare()
    instead = _try(write, spare) if spare else Sentence("")
    if isinstance(instead, Sentence):
        return None, _not_kept(kind, **facts)
    return instead[0], _kept_elsewhere(kind, spare=spare, **facts)


def _kept_elsewhere(kind: Kind, **facts: Any) -> Sentence:
    match kind:
        case "conversions":
            return Sentence(
                "OpenVINO's networks cannot be kept in {folder} ({why}), so they are in {spare} until the system "
                "empties that: set {setting} to a folder that can be written to and has room.",
                **facts,
            )
        case "compiled code":
            return Sentence(
                "Compiled code cannot be kept in {folder} ({why}), so it is in {spare} until the system empties that: "
                "set {setting} to a folder that can be written to and has room.",
                **facts,
            )
        case "downloads":
            return Sentence(
                "Downloads cannot be kept in {folder} ({why}), so they are in {spare} until the system empties that: "
                "set {setting} to a folder that can be written to and has room.",
                **facts,
            )


def _not_kept(kind: Kind, **facts: Any) -> Sentence:
    match kind:
        case "conversions":
            return Sentence(
                "OpenVINO's networks cannot be kept in {folder} ({why}), so every start converts them again: set "
                "{setting} to a folder that can be written to and has room.",
                **facts,
            )
        case "compiled code":
            return Sentence(
                "Compiled code cannot be kept in {folder} ({why}), so every start compiles it again: set {setting} to "
                "a folder that can be written to and has room.",
                **facts,
            )
        case "downloads":
            return Sentence(
                "Nothing can be fetched. Downloads cannot be kept in {folder} ({why}), so every start fetches them "
                "again: set {setting} to a folder that can be written to and has room.",
                **facts,
            )


def let_torch_be_imported() -> None:
    """PyTorch makes its folder for generated code when diffusers is imported, which fails where that cannot be."""
    chosen = os.environ.get(INDUCTOR)
    if chosen and (why := refusal(Path(chosen))):
        log.warning("%s names %s, which cannot be used (%s): generated code goes elsewhere.", INDUCTOR, chosen, why)
        del os.environ[INDUCTOR]
    elif chosen:
        return
    try:
        tempfile.gettempdir()
    except OSError:
        os.environ[INDUCTOR] = os.sep  # a folder that exists is enough


def _try(write: Callable[[Path], Kept], folder: Path) -> tuple[Kept] | Sentence:
    """What `write` makes of a folder, or why it could not."""
    try:
        return (write(folder),)
    except OSError as error:
        return cause(error)
    except RuntimeError:  # what OpenVINO says of any file that it cannot write
        return Sentence("there may be too little room")


def _usable_spare() -> Path | None:
    spare = spare_dir()
    return spare if spare and not refusal(spare) and spare_dir() else None


def read_whole(file: Path) -> bytes | None:
    """What `write_whole` wrote; None if there is nothing, or if it has changed since."""
    try:
        with file.open("rb") as stored:
            digest, content = stored.read(_DIGEST_BYTES), stored.read()
    except OSError:
        return None
    return content if hashlib.sha256(content).digest() == digest else None


def write_whole(file: Path, content: bytes | memoryview) -> None:
    """Write a file, behind its own digest, that is there whole or not at all.

    Raises:
        OSError: when that cannot be; nothing is left behind.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{PARTIAL}{secrets.token_hex(8)}")
    try:
        with partial.open("xb") as storing:
            storing.write(hashlib.sha256(content).digest())
            storing.write(content)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what killed processes left half written in a folder."""
    for path in folder.glob(f"{PARTIAL}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
