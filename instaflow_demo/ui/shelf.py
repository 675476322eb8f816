"""What visitors have made, each visitor's apart, and bounded. Nothing here knows gradio."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Shelf(Generic[Item]):
    """Items with their owners; of all that come, the last `of_all` stay. Any thread may use it."""

    def __init__(self, of_all: int):
        self._items: deque[tuple[str, Item]] = deque(maxlen=of_all)
        self._lock = Lock()

    def add(self, owner: str, item: Item) -> None:
        with self._lock:
            self._items.append((owner, item))

    def of(self, owner: str | None) -> list[Item]:
        """An owner's items, newest first."""
        with self._lock:
            return [item for each, item in reversed(self._items) if each == owner]

    def take(self, owner: str | None, wanted: Callable[[Item], bool]) -> list[Item]:
        """Remove those of an owner's items that are wanted, and return them."""
        with self._lock:
            gone = [(each, item) for each, item in self._items if each == owner and wanted(item)]
            for each in gone:
                self._items.remove(each)
        return [item for _, item in gone]

    def hand_over(self, owner: str, heir: str) -> None:
        """Give all of an owner's items to another one; their order stays."""
        with self._lock:
            moved = [(heir if each == owner else each, item) for each, item in self._items]
            self._items = deque(moved, self._items.maxlen)
