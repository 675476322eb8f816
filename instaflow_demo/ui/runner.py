"""Run a generator on a thread of its own, look in at regular intervals, and end it when its visitor says so.

Gradio resumes a handler's generator on whichever thread is free, and each resumption waits until the last answer has
been sent. A model that ran inside it was measured at half its speed on two cores: every new thread wakes a new team of
OpenMP threads, and every pause lets the old one fall asleep. So the model runs undisturbed, and the page looks in.
"""

import asyncio
import contextvars
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import gradio as gr
from gradio.context import LocalContext

from ..errors import Sentence
from .admission import FairQueue
from .html.columns import status_html
from .listeners import PRIVATE, STOPPING
from .metrics import Metrics
from .text import Language, requested_language, say, translate

_LOOK_EVERY_S = 0.05

Item = TypeVar("Item")


class Runner:
    """All work that is under way on the page, by tab and visitor.

    Gradio's own cancelling kills a handler between two answers, so what the page was sent last is chance: now and then
    it was an error, and the next press of the button did nothing. Work that is asked to stop ends by itself, and its
    own last answer says so.
    """

    def __init__(self, longest_s: float | None = None, metrics: Metrics | None = None) -> None:
        """Work that takes longer than `longest_s` is ended as if its visitor had stopped it; None sets no end."""
        self._longest_s = longest_s
        self._metrics = metrics or Metrics()
        self._work: dict[threading.Event, tuple[str, str | None]] = {}

    @contextmanager
    def follow(
        self, tab: str, visitor: str | None, items: Generator[Item, None, None], every_s: float
    ) -> Iterator[Iterator[list[Item]]]:
        """The `poll` of a visitor's items, until they are exhausted, `stop` is called, or the context is left."""
        over = threading.Event()
        self._work[over] = tab, visitor
        try:
            with closing(poll(self._metrics.watch(items), every_s, over)) as news, self._deadline(over):
                yield news
        finally:
            del self._work[over]

    @contextmanager
    def _deadline(self, over: threading.Event) -> Iterator[None]:
        """End work when its time is up, and then tell the visitor why."""
        if self._longest_s is None:
            yield
            return
        start, timer = time.monotonic(), threading.Timer(self._longest_s, over.set)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if time.monotonic() - start >= self._longest_s:
            request = LocalContext.request.get(None)
            said = Sentence(
                "This was ended after {minutes:.0f} minutes, which is the most here: ask for fewer images, steps or "
                "models.",
                minutes=self._longest_s / 60,
            )
            gr.Warning(translate(requested_language(request.headers if request else {}), said))

    async def stop(self, tab: str, visitor: str | None) -> bool:
        """End a visitor's work in a tab and wait for its last answer; False if there was none."""
        work = self._of(tab, visitor)
        for over in work:
            over.set()
        while any(over in self._work for over in work):
            await asyncio.sleep(_LOOK_EVERY_S)
        return bool(work)

    def end(self, visitor: str) -> None:
        """End all work of a visitor who has left, without waiting for it."""
        for over, (_, whose) in list(self._work.items()):
            if whose == visitor:
                over.set()

    def busy(self, tab: str, visitor: str | None) -> bool:
        """Whether work of a visitor is under way in a tab."""
        return bool(self._of(tab, visitor))

    def connect_stop(self, tab: str, button: gr.Button, status: gr.HTML, language: gr.State, run: Any) -> None:
        """Let `button` end the visitor's work in a tab, or leave the queue in which the event `run` waits.

        A visitor who waits has no work to end. The run is withdrawn here, before the visitor is told so, for its turn
        may come before the browser asks for that; gradio's cancelling then tells the browser that it is over. Call it
        inside the Blocks context.
        """
        left = gr.State(0)  # how often the visitor has left the queue

        async def stop(language: Language, left: int, request: gr.Request) -> tuple[Any, int]:
            if await self.stop(tab, request.session_hash):
                return gr.skip(), left
            await self._withdraw(tab, request.session_hash, run["id"])
            return status_html(say(language, "nothing_running")), left + 1

        button.click(stop, [language, left], [status, left], **STOPPING)
        left.change(None, None, None, cancels=[run], **PRIVATE)

    async def _withdraw(self, tab: str, visitor: str | None, function: int) -> None:
        """Take back a visitor's run that waits, or that has begun and has no work yet, and wait until it is over."""
        queue = getattr(LocalContext.blocks.get(None), "_queue", None)
        if not isinstance(queue, FairQueue):
            return
        begun = queue.withdraw(visitor or "", function)
        while any(queue.is_active(event) for event in begun):
            for over in self._of(tab, visitor):  # its work has begun meanwhile
                over.set()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _of(self, tab: str, visitor: str | None) -> list[threading.Event]:
        return [over for over, whose in list(self._work.items()) if whose == (tab, visitor)]


def poll(
    items: Generator[Item, None, None], every_s: float, over: threading.Event | None = None
) -> Generator[list[Item], None, None]:
    """What `items` has yielded since the last look, every `every_s` seconds, even if that is nothing.

    Setting `over` or closing this generator ends the work without waiting for it: `items` is closed after its current
    item. What `items` raises is raised here.
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
        except BaseException as error:  # noqa: BLE001 - raised again where the page looks in
            errors.append(error)
        finally:
            over.set()

    context = contextvars.copy_context()  # by which a shared GPU knows whose request it is lent to
    threading.Thread(target=context.run, args=(work,), daemon=True, name="run").start()
    try:
        while not over.wait(every_s):
            yield _drain(happened)
    finally:
        over.set()
    yield _drain(happened)
    for error in errors:
        raise error


def _drain(queue: "SimpleQueue[Item]") -> list[Item]:
    items = []
    while True:
        try:
            items.append(queue.get_nowait())
        except Empty:
            return items
