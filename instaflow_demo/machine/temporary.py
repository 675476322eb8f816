"""Temporary folders that are gone when the process is, however it ends; those of killed ones go at the next start."""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

_PREFIX = "instaflow-"
_LOCK = "lock"  # held by the process whose folder it is, for as long as it lives
_YOUNG_S = 60  # a folder may be there before its lock is
_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_SIGNALLED = 128  # and the signal's number: the exit code, as shells have it


@contextmanager
def temporary_folder(kind: str) -> Iterator[Path]:
    """A new folder, removed afterwards; those of the same kind that belong to no process any more are removed first.

    Raises:
        OSError: where there can be none.
    """
    from filelock import FileLock  # noqa: PLC0415 - comes with huggingface_hub

    remove_left(kind)
    whole = tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{kind}-", ignore_cleanup_errors=True)
    with whole as name, FileLock(Path(name, _LOCK)):
        yield Path(name)


def remove_left(kind: str) -> None:
    """Remove this user's folders of a kind whose process was killed, as whoever holds no lock does not live."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}{kind}-*"):
        with suppress(OSError):
            if _is_ours(folder) and time.time() - folder.stat().st_mtime > _YOUNG_S and _is_left(folder / _LOCK):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder, not a link to one, that this user made."""
    return folder.is_dir() and not folder.is_symlink() and folder.lstat().st_uid == getattr(os, "getuid", lambda: 0)()


def _is_left(lock: Path) -> bool:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - comes with huggingface_hub

    try:
        with FileLock(lock).acquire(blocking=False):
            return True
    except (Timeout, NotImplementedError):
        return False


@contextmanager
def end_when_told() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end what is inside as an exception would, and then the process.

    The process does not wait for its other threads: nobody sees the end of their work. Whoever had a signal ignored, as
    nohup does, has it ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # elsewhere, Python allows no handlers
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    handled = [number for number, handler in before.items() if handler is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, _end)
    try:
        yield
    except _Told as told:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_SIGNALLED + told.number)
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


class _Told(BaseException):
    """The process was told to end."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


def _end(number: int, _: FrameType | None) -> NoReturn:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # nothing may interrupt the removal
    raise _Told(number)
