"""Clocks of a device's own work, which wait for nothing until their time is asked for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

Item = TypeVar("Item")
Moment = Callable[[], float]
"""The seconds at which a device came to a mark in its work, whatever they count from; asking waits for it."""
Clock = Callable[[], Moment]
"""Marks the end of all that a device was given until now."""


def host_clock() -> Moment:
    """The clock of a device that has done its work when it returns."""
    seconds = time.perf_counter()
    return lambda: seconds


class Stopwatch:
    """Adds up the seconds that a device works on each stage; it waits for the device only when it is asked.

    Engines call the denoising steps of a stage "sample steps", and what else the stage takes "sample overhead".

    >>> watch = Stopwatch()
    >>> with watch("text"):
    ...     pass
    >>> watch.seconds("text") >= 0
    True
    """

    def __init__(self, clock: Clock = host_clock):
        self._clock = clock
        self._spans: dict[str, list[_Span]] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = self._clock()
        try:
            yield
        finally:
            self._count(stage, start)

    def each(self, stage: str, items: Iterator[Item]) -> Iterator[Item]:
        """Yield `items`, counting the time that each takes to come.

        The time that a consumer holds an item does not count, nor does finding out that there are no more: the stage
        has taken what it had taken when the last item came.
        """
        while True:
            start = self._clock()
            item = next(items, None)
            if item is None:
                return
            self._count(stage, start)
            yield item

    def seconds(self, *stages: str) -> float:
        return self.so_far(*stages)()

    def so_far(self, *stages: str) -> Callable[[], float]:
        """The seconds of the stages up to now, as a function to be called later: only the call waits for the device."""
        spans = [span for stage in stages for span in self._spans.get(stage, ())]
        return lambda: sum(span.seconds for span in spans)

    def _count(self, stage: str, start: Moment) -> None:
        """The stage has worked since `start`."""
        self._spans.setdefault(stage, []).append(_Span(start, self._clock()))


@dataclass(frozen=True)
class _Span:
    start: Moment
    end: Moment

    @cached_property
    def seconds(self) -> float:
        return self.end() - self.start()
