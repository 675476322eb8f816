"""The images that each visitor has drawn. Nothing here knows gradio."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from ..events import ImageReady


@dataclass(frozen=True)
class Drawn:
    """An image that a visitor has drawn, in a file of its own. `seconds` is what it took, as its column says."""

    path: Path
    metadata: Mapping[str, Any]
    seconds: float

    @property
    def id(self) -> str:
        return self.path.name


class Albums:
    """The images of all visitors, of which each sees their own, newest first.

    A visitor has at most `most`, for which the oldest file makes way, and all together `of_all`. Files go with
    their visitor, or before, when the folder that they are in is full.
    """

    def __init__(self, most: int = 100, of_all: int = 500):
        self._most = most
        self._images: deque[tuple[str, Drawn]] = deque(maxlen=of_all)
        self._lock = Lock()  # visitors draw one after another, and look at any time

    def add(self, visitor: str | None, event: ImageReady) -> None:
        """Remember an image of a visitor's; one that is in no file cannot be shown again."""
        if visitor is None or event.path is None:
            return
        drawn = Drawn(event.path, event.metadata, event.timing.seconds_per_image)
        with self._lock:
            self._images.append((visitor, drawn))
        self.delete(visitor, [old.id for old in self.of(visitor)[self._most :]])

    def of(self, visitor: str | None) -> tuple[Drawn, ...]:
        """A visitor's images that are still there, newest first."""
        with self._lock:
            own = [drawn for owner, drawn in self._images if owner == visitor]
        return tuple(drawn for drawn in reversed(own) if drawn.path.is_file())

    def delete(self, visitor: str | None, ids: Iterable[Any]) -> None:
        """Delete those of a visitor's images, with their files; names of others' images do nothing."""
        names = {name for name in ids if isinstance(name, str)}
        with self._lock:
            gone = [(owner, drawn) for owner, drawn in self._images if owner == visitor and drawn.id in names]
            for each in gone:
                self._images.remove(each)
        for _, drawn in gone:
            drawn.path.unlink(missing_ok=True)

    def forget(self, visitor: str | None) -> None:
        """Delete all images of a visitor who has left."""
        self.delete(visitor, [drawn.id for drawn in self.of(visitor)])
