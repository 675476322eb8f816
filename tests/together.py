"""What the processes of one test run share: a folder, and turns."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, ReadWriteLock

_FOLDER = "INSTAFLOW_DEMO_TESTS"


def begin() -> None:
    """Make the folder that is shared, in the process that starts the others."""
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="instaflow-demo-tests-")


def end() -> None:
    shutil.rmtree(os.environ.pop(_FOLDER), ignore_errors=True)


def shared(name: str) -> Path:
    """A path below the folder that all processes of this run share."""
    return Path(os.environ[_FOLDER], name)


def new_folder(kind: str) -> Path:
    """A folder of this process, for what it makes once and copies often."""
    return Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=os.environ[_FOLDER]))


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """While a test that must run alone runs, no other does; while it waits for that, no other begins."""
    room = ReadWriteLock(shared("room.db"), is_singleton=False)
    with FileLock(shared("door")):
        (room.acquire_write if alone else room.acquire_read)()
    try:
        yield
    finally:
        room.release()
        room.close()
