"""Run a generator on a thread of its own and hear from it at regular intervals.

Gradio resumes a handler's generator on whichever thread is free, and each resumption waits for the last answer to be
sent. A model that runs inside it was measured at half its speed on two cores: every new thread wakes a new team of
OpenMP threads, and every pause lets the old one fall asleep. So the model runs undisturbed, and the page looks in.
"""

import threading
from collections.abc import Generator
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")


def batches(items: Generator[Item, None, None], every_s: float) -> Generator[list[Item], None, None]:
    """What `items` has yielded since the last look, every `every_s` seconds, also when that is nothing.

    Closing this iterator ends the work without waiting for it: `items` is closed after the item that it is at.
    """
    happened: SimpleQueue[Item] = SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        with closing(items):
            for item in items:
                happened.put(item)
                if stop.is_set():
                    return

    thread = threading.Thread(target=work, daemon=True, name="run")
    thread.start()
    try:
        while thread.is_alive():
            thread.join(every_s)
            yield _drained(happened)
    finally:
        stop.set()
    yield _drained(happened)


def _drained(queue: "SimpleQueue[Item]") -> list[Item]:
    items = []
    while True:
        try:
            items.append(queue.get_nowait())
        except Empty:
            return items
