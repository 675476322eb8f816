"""Run a generator on a thread of its own, hear from it at regular intervals, and end it when its visitor says so.

Gradio resumes a handler's generator on whichever thread is free, and each resumption waits for the last answer to be
sent. A model that runs inside it was measured at half its speed on two cores: every new thread wakes a new team of
OpenMP threads, and every pause lets the old one fall asleep. So the model runs undisturbed, and the page looks in.
"""

import asyncio
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from typing import TypeVar

_LOOK_EVERY_S = 0.05

Item = TypeVar("Item")


class UnderWay:
    """What is being done for whom.

    Gradio's own way to cancel kills a handler between two answers, and what the page had been told last is chance: now
    and then it was an error, and the next press of the button did nothing. Work that is told to stop ends by itself,
    and its own last answer says so.
    """

    def __init__(self) -> None:
        self._work: dict[threading.Event, str] = {}

    @contextmanager
    def batches(
        self, visitor: str | None, items: Generator[Item, None, None], every_s: float
    ) -> Iterator[Iterator[list[Item]]]:
        """`batches` of a visitor's items, until they are exhausted, `stop` is called, or the context is left."""
        over = threading.Event()
        self._work[over] = visitor or ""
        try:
            with closing(batches(items, every_s, over)) as news:
                yield news
        finally:
            del self._work[over]

    async def ended(self, visitor: str | None) -> bool:
        """End what is being done for a visitor and wait for its last words; False if nothing was."""
        work = self._of(visitor)
        for over in work:
            over.set()
        while any(over in self._work for over in work):
            await asyncio.sleep(_LOOK_EVERY_S)
        return bool(work)

    def busy(self, visitor: str | None) -> bool:
        """Whether something is being done for a visitor."""
        return bool(self._of(visitor))

    def _of(self, visitor: str | None) -> list[threading.Event]:
        return [over for over, whose in list(self._work.items()) if whose == (visitor or "")]


def batches(
    items: Generator[Item, None, None], every_s: float, over: threading.Event | None = None
) -> Generator[list[Item], None, None]:
    """What `items` has yielded since the last look, every `every_s` seconds, also when that is nothing.

    Setting `over` or closing this iterator ends the work without waiting for it: `items` is closed after the item that
    it is at. What `items` raises is raised here.
    """
    happened: SimpleQueue[Item] = SimpleQueue()
    over = over or threading.Event()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with closing(items):
                for item in items:
                    happened.put(item)
                    if over.is_set():
                        return
        except BaseException as error:  # noqa: BLE001 - raised where somebody hears it
            errors.append(error)
        finally:
            over.set()

    threading.Thread(target=work, daemon=True, name="run").start()
    try:
        while not over.wait(every_s):
            yield _drained(happened)
    finally:
        over.set()
    yield _drained(happened)
    for error in errors:
        raise error


def _drained(queue: "SimpleQueue[Item]") -> list[Item]:
    items = []
    while True:
        try:
            items.append(queue.get_nowait())
        except Empty:
            return items
