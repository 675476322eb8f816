"""Why a shared GPU was not lent, as a sentence, and what a refusal says of the visitor's quota."""

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import DemoError, Sentence

_KEPT = 1000  # visitors whose quota is remembered
_LEFT = re.compile(r"vs\. (-?\d+)s left")
_WAIT = re.compile(r"Try again in (?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")

BUSY = Sentence("No shared GPU is free now: try again in a minute.")
SPENT = Sentence("No more time on the shared GPU is to be had for now: log in to Hugging Face, or come back later.")
FAILED = Sentence("The shared GPU cannot be reached; the log says why. Try again later.")
LOST = Sentence("The shared GPU was taken back before this was done: ask for fewer images, steps or models.")
INSTEAD = Sentence("Meanwhile this Space's processor draws, which is slower.")


class GpuRefusedError(DemoError):
    """No GPU was lent, and nothing has been drawn."""


@dataclass(frozen=True)
class Quota:
    """What a visitor had left when more was asked for, in seconds, and when that is over by `time.monotonic`."""

    left_s: int
    until: float


class Quotas:
    """What refusals have told of each visitor's quota: who has too little is told so without asking once more."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._known: OrderedDict[str, Quota] = OrderedDict()

    def check(self, visitor: str, seconds: int) -> None:
        """Let a visitor ask for so many seconds.

        Raises:
            GpuRefusedError: when it is known that there are not that many left.
        """
        known = self._known.get(visitor)
        if known and known.until > self._clock() and seconds > known.left_s:
            raise GpuRefusedError(_too_little(seconds, known.left_s, known.until - self._clock()))

    def explain(self, visitor: str, seconds: int, title: str, message: str) -> Sentence | None:
        """The sentence for what the package `spaces` said; None where it is not one of its refusals.

        What it says of the quota is kept.
        """
        left, wait = _LEFT.search(message), _WAIT.search(message)
        if left and wait:
            days, hours, minutes, rest = (int(each or 0) for each in wait.groups())
            wait_s = ((days * 24 + hours) * 60 + minutes) * 60 + rest
            self._remember(visitor, Quota(int(left[1]), self._clock() + wait_s))
            return _too_little(seconds, int(left[1]), wait_s)
        if "duration" in title:
            return Sentence(
                "This could take {seconds} s, more than the shared GPU is lent for at a time: ask for fewer images, "
                "steps or models.",
                seconds=seconds,
            )
        if "No GPU was available" in message:
            return BUSY
        return SPENT if "exceeded" in title else None

    def _remember(self, visitor: str, quota: Quota) -> None:
        self._known[visitor] = quota
        self._known.move_to_end(visitor)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)


def _too_little(seconds: int, left_s: int, wait_s: float) -> Sentence:
    return Sentence(
        "Your quota of the shared GPU has {left} s left, and this could take {seconds} s: ask for less, log in to "
        "Hugging Face, or come back in {minutes} minutes.",
        left=max(0, left_s),
        seconds=seconds,
        minutes=math.ceil(wait_s / 60),
    )
