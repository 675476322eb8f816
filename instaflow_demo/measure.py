"""One meaning for every number the demo shows.

- The time of an image runs from the first text token to uint8 pixels on the host, by the device's own clock: a GPU is
  given the next piece of work before it is done with the last, so waiting for it in between would slow it down.
- Time during which a consumer holds a yielded event (encoding a PNG, sending it to a browser) is not the model's.
- An iteration is one denoising step over everything that is in the pass, whatever it costs: a step with
  classifier-free guidance is one iteration and two network evaluations. Iterations per second count the time of those
  steps alone, while a pass goes on and when it is over: no text, no decoding, and no moving of networks.
- The first pass of a model (cold: allocation, autotuning, caches) is shown apart and never averaged with warm ones.
"""

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


def iterations_per_second(steps: int, stepping_s: float) -> float:
    """Denoising steps a second of the time that they took: the one definition, of a live rate and of a final one."""
    return steps / stepping_s if stepping_s else 0.0


@dataclass(frozen=True)
class Timing:
    """One pass through a model: one image, or one batch of them. Seconds.

    `upsample_s` is the part of `sample_s` that a cascade spends on upsampling, `beside_s` the part that no denoising
    step took: moving networks to the device and back, drawing noise. `backend` is what ran it, where that may be
    another one than was chosen.
    """

    images: int
    steps: int
    text_s: float
    sample_s: float
    decode_s: float
    warm: bool
    upsample_s: float = 0.0
    backend: str = ""
    beside_s: float = 0.0

    @property
    def total_s(self) -> float:
        return self.text_s + self.sample_s + self.decode_s

    @property
    def seconds_per_image(self) -> float:
        return self.total_s / self.images

    @property
    def stepping_s(self) -> float:
        """What the denoising steps took."""
        return self.sample_s - self.beside_s

    @property
    def iterations_per_second(self) -> float:
        return iterations_per_second(self.steps, self.stepping_s)


@dataclass(frozen=True)
class Measurement:
    """What one model took for one request. Averages are over warm passes, or over cold ones if there are no others.

    `commit` is the revision of the weights, where it is known; `backend` and `decoder` are what ran and decoded it.
    """

    model: str
    device: str
    dtype: str
    steps: int
    guidance: float
    network_evaluations: int
    load_s: float
    passes: tuple[Timing, ...]
    peak_bytes: int
    commit: str = ""
    backend: str = "eager"
    decoder: str = "full"

    @property
    def images(self) -> int:
        return sum(p.images for p in self.passes)

    @property
    def warm(self) -> bool:
        """Whether the averages come from warm passes."""
        return any(p.warm for p in self.passes)

    @property
    def counted(self) -> tuple[Timing, ...]:
        """The passes that the averages are taken over: where the backend changed on the way, those after that."""
        alike = [p for p in self.passes if p.warm == self.warm]
        return tuple(p for p in alike if p.backend == alike[-1].backend)

    @property
    def text_s(self) -> float:
        return sum(p.text_s for p in self.passes)

    @property
    def sample_s(self) -> float:
        return sum(p.sample_s for p in self.passes)

    @property
    def upsample_s(self) -> float:
        """The part of `sample_s` that a cascade spends on upsampling."""
        return sum(p.upsample_s for p in self.passes)

    @property
    def decode_s(self) -> float:
        return sum(p.decode_s for p in self.passes)

    @property
    def total_s(self) -> float:
        return sum(p.total_s for p in self.passes)

    @property
    def seconds_per_image(self) -> float:
        counted = self.counted
        return sum(p.total_s for p in counted) / max(sum(p.images for p in counted), 1)

    @property
    def images_per_second(self) -> float:
        return 1 / self.seconds_per_image if self.seconds_per_image else 0.0

    @property
    def iterations_per_second(self) -> float:
        counted = self.counted
        return iterations_per_second(sum(p.steps for p in counted), sum(p.stepping_s for p in counted))


def host_clock() -> Moment:
    """The clock of a device that has done its work when it returns."""
    seconds = time.perf_counter()
    return lambda: seconds


class Stopwatch:
    """Adds up the seconds that a device works on each stage; it waits for the device only when it is asked.

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

        Neither the time that its consumer holds it counts, nor finding out that there is no other one: after the last
        item the stage has taken what it had taken when that item came.
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
        """What gives the seconds of the stages up to now, to be asked later."""
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
