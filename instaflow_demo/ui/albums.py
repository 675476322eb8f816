"""The images that each visitor has drawn. Nothing here knows gradio."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from ..events import ImageReady
from .shelf import Shelf

_SECRET_BYTES = 24


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

    A visitor is a session of gradio's: a page that is open. Sessions of the same browser, such as those before and
    after a reload, share one album once `claim` has been told its secret. A visitor has at most `most` images, for
    which the oldest file makes way, and all together `of_all`. Files go with the last session that shows them, or
    before, when the folder that they are in is full.
    """

    def __init__(self, most: int = 100, of_all: int = 500):
        self._most = most
        self._images: Shelf[Drawn] = Shelf(of_all)
        self._albums: dict[str, str] = {}  # by session
        self._lock = Lock()  # visitors come, draw one after another and go at any time

    def claim(self, visitor: str | None, secret: Any) -> str:
        """Give a session the album of its browser; returns the album's secret, a new one unless `secret` is one.

        Whoever knows the secret sees the images, so it is long and drawn at random. One that was never given out
        here is replaced: a browser chooses no album's name.
        """
        with self._lock:
            if secret not in self._albums.values():
                secret = secrets.token_urlsafe(_SECRET_BYTES)
            if visitor is not None:
                self._images.hand_over(self._albums.get(visitor, visitor), secret)
                self._albums[visitor] = secret
        return secret

    def add(self, visitor: str | None, event: ImageReady) -> None:
        """Remember an image of a visitor's; one that is in no file cannot be shown again."""
        if visitor is None or event.path is None:
            return
        with self._lock:
            drawn = Drawn(event.path, event.metadata, event.timing.seconds_per_image)
            self._images.add(self._album(visitor) or visitor, drawn)
        self.delete(visitor, [old.id for old in self.of(visitor)[self._most :]])

    def of(self, visitor: str | None) -> tuple[Drawn, ...]:
        """A visitor's images that are still there, newest first."""
        with self._lock:
            own = self._images.of(self._album(visitor))
        return tuple(drawn for drawn in own if drawn.path.is_file())

    def delete(self, visitor: str | None, ids: Iterable[Any]) -> None:
        """Delete those of a visitor's images, with their files; names of others' images do nothing."""
        names = {name for name in ids if isinstance(name, str)}
        with self._lock:
            gone = self._images.take(self._album(visitor), lambda drawn: drawn.id in names)
        _unlink(gone)

    def clear(self, visitor: str | None) -> None:
        """Delete all images of a visitor."""
        with self._lock:
            gone = self._images.take(self._album(visitor), lambda drawn: True)
        _unlink(gone)

    def leave(self, visitor: str | None) -> None:
        """A session is over: delete its album, unless another session of the same browser shows it."""
        with self._lock:
            album = self._album(visitor)
            self._albums.pop(visitor or "", None)
            shared = album in self._albums.values()
            gone = [] if shared else self._images.take(album, lambda drawn: True)
        _unlink(gone)

    def _album(self, visitor: str | None) -> str | None:
        """Where a visitor's images are: in one of their own until they have claimed another. Hold the lock."""
        return self._albums.get(visitor or "", visitor)


def _unlink(images: Iterable[Drawn]) -> None:
    for drawn in images:
        drawn.path.unlink(missing_ok=True)
