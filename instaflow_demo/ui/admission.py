"""Who may wait for the device: gradio's queue with a fair share for each visitor, and a sentence in place of nothing.

Gradio looks at how long its queue is, then awaits the validator, then appends: any number of visitors who come at once
pass its cap. It counts Stop and the page's greeting like runs, keeps what nobody listens to any more, and answers a
handler's exception with null.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import fastapi
from gradio.block_function import BlockFunction
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event, Queue
from gradio.route_utils import get_fn
from gradio.server_messages import EventMessage, ProcessCompletedMessage

from ..errors import Sentence
from .listeners import DEVICE as _DEVICE
from .rates import Rates, kind_of, too_often
from .text import requested_language, translate

MOST_WAITING = 64
MOST_OF_A_VISITOR = 2
"""Runs that wait, where there are other visitors."""
UNHEARD_S = 10.0
"""A program asks for a run first and listens then; this is more than it takes."""

FORGED = Sentence("The page has no such function for programs; the page at /gradio_api/info lists what there is.")
FAILED = Sentence("This could not be done, and the log says why. Reload the page, and try once more.")


class FairQueue(Queue):
    """Gradio's queue, in which runs are admitted by how many wait, in all and of each visitor.

    Events that need no device are never refused, and never wait behind runs. `leave` is called with each session whose
    visitor has gone while a run was under way. `rates`, where there are any, say how often a visitor may ask.
    """

    def __init__(self, leave: Callable[[str], None], most_of_a_visitor: int, rates: Rates | None, **options: Any):
        super().__init__(max_size=None, **options)
        self.rates = rates
        self._leave, self._most_of_a_visitor = leave, most_of_a_visitor
        self._entering: Counter[str] = Counter()  # runs of each visitor whose values are being judged
        self._listeners: Counter[str] = Counter()

    @classmethod
    def in_place_of(
        cls, queue: Queue, leave: Callable[[str], None], most_of_a_visitor: int, rates: Rates | None
    ) -> "FairQueue":
        """A queue with the options of one that is not in use yet."""
        return cls(
            leave,
            most_of_a_visitor,
            rates,
            live_updates=queue.live_updates,
            concurrency_count=queue.max_thread_count,
            update_intervals=queue.update_intervals,
            blocks=queue.blocks,
            default_concurrency_limit=queue.default_concurrency_limit,
        )

    async def push(self, body: PredictBodyInternal, request: fastapi.Request, username: str | None) -> Any:
        """Let an event in.

        Raises:
            HTTPException: with a sentence in the request's language, 400 for a forged call, 429 where too many wait.
        """
        if body.fn_index is None:
            return await super().push(body, request, username)
        function = get_fn(self.blocks, None, body)
        if why := _why_forged(function, body.data):
            raise _refusal(400, why, request)
        if not isinstance(body.event_data, dict):  # handlers look for names in it
            body.event_data = {}
        self._count(function, body.session_hash, request, username)
        if function.concurrency_id != _DEVICE:
            return await super().push(body, request, username)
        visitor = body.session_hash or ""  # a program without one has one event in each session
        if why := self._why_not(visitor):
            raise _refusal(429, why, request, {"retry-after": str(round(self.wait_s()) or 1)})
        with _counted(self._entering, visitor):
            return await super().push(body, request, username)

    @property
    def waiting(self) -> int:
        """Runs that wait, or are about to."""
        return len(self._runs()) + self._entering.total()

    def wait_s(self) -> float:
        """About how long a run that comes now will wait, from how long runs took so far."""
        functions = [event.fn for event in self._runs()] or list(self.process_time_per_fn)
        known = [self.process_time_per_fn[each].avg_time for each in functions if each in self.process_time_per_fn]
        return max(1.0, self.waiting * sum(known) / len(known)) if known else 1.0

    def listening(self, session: str) -> AbstractContextManager[None]:
        """While somebody reads what a session, or one event, is sent."""
        return _counted(self._listeners, session)

    def withdraw(self, session: str, function: int) -> list[Event]:
        """Take a visitor's runs of a function back, and return those that have begun.

        What waits is passed over when its turn comes. What has begun ends after its current answer, and where that is
        the first one, nothing has been drawn yet.
        """
        begun = [event for job in self.active_jobs for event in job or ()]
        waiting = [event for queue in self.event_queue_per_concurrency_id.values() for event in queue.queue]
        for event in (own := [each for each in (*begun, *waiting) if _is_run_of(each, session, function)]):
            event.alive = False
        return [event for event in own if event in begun]

    def is_active(self, event: Event) -> bool:
        """Whether an event has begun and is not over."""
        return any(event in (job or ()) for job in self.active_jobs)

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """What is to be started next; what nobody listens to is dropped before its turn, and ended during it."""
        for event in [each for each in self._runs() if self._is_unheard(each)]:
            self._drop(event)
        for event in (each for job in self.active_jobs for each in job or ()):
            if event.concurrency_id == _DEVICE and self._is_unheard(event):
                event.alive = False
                self._leave(event.session_hash)
        return super().get_events()

    async def clean_events(self, *, session_hash: str | None = None, event_id: str | None = None) -> None:
        """Forget what a visitor who has gone asked for; a handler that is no generator would go on to its end."""
        if session_hash:
            self._leave(session_hash)
        await super().clean_events(session_hash=session_hash, event_id=event_id)

    def send_message(self, event: Event, event_message: EventMessage) -> None:
        """Send a message; one of a failure that says nothing gets a sentence."""
        if isinstance(event_message, ProcessCompletedMessage) and not event_message.success:
            output = event_message.output
            if isinstance(output, dict) and not output.get("error"):
                output["error"] = translate(requested_language(event.request.headers), FAILED)
        super().send_message(event, event_message)

    def _count(self, function: BlockFunction, session: str | None, request: fastapi.Request, user: str | None) -> None:
        """Count a visitor's event; raises HTTPException, 429, if it is one too many."""
        wait_s = self.rates.take(kind_of(function), self.rates.visitor(request, session, user)) if self.rates else None
        if wait_s:
            raise _refusal(429, too_often(wait_s), request, {"retry-after": str(math.ceil(wait_s))})

    def _runs(self) -> list[Event]:
        """Runs that wait."""
        queue = self.event_queue_per_concurrency_id.get(_DEVICE)
        return queue.queue if queue else []

    def _why_not(self, visitor: str) -> Sentence | None:
        """Why a run of this visitor is not let in; None if it is."""
        own = self._entering[visitor] + sum(event.session_hash == visitor for event in self._runs()) if visitor else 0
        if own >= self._most_of_a_visitor:
            return Sentence(
                "{waiting} runs of yours are waiting already, which is the most: wait for one of them, or stop it.",
                waiting=own,
            )
        if self.waiting >= MOST_WAITING:
            return Sentence(
                "{waiting} runs are waiting here, which is the most: try again in about {seconds:.0f} seconds.",
                waiting=self.waiting,
                seconds=self.wait_s(),
            )
        return None

    def _is_unheard(self, event: Event) -> bool:
        heard = event.session_hash in self._listeners or event._id in self._listeners
        return not heard and time.monotonic() - event.enqueue_time > UNHEARD_S

    def _drop(self, event: Event) -> None:
        """Forget an event that waits, and its visitor's messages: nobody will read them."""
        self._runs().remove(event)
        self.event_ids_to_events.pop(event._id, None)
        ids = self.pending_event_ids_session.get(event.session_hash, set())
        ids.discard(event._id)
        if not ids:
            self.pending_event_ids_session.pop(event.session_hash, None)
            self.pending_messages_per_session.pop(event.session_hash, None)


def _is_run_of(event: Event, session: str, function: int) -> bool:
    return event.session_hash == session and event.fn._id == function


@contextmanager
def _counted(counter: Counter[str], key: str) -> Iterator[None]:
    """While one more of `key` is there."""
    counter[key] += 1
    try:
        yield
    finally:
        counter[key] -= 1
        if not counter[key]:
            del counter[key]


def _why_forged(function: BlockFunction, data: list[Any]) -> Sentence | None:
    """What is wrong with a call that the page would not make; None if nothing is."""
    if function.fn is None:
        return FORGED
    if len(data) < len(function.inputs):
        return Sentence(
            "This call has {n} of the {all} values that it needs: reload the page.",
            n=len(data),
            all=len(function.inputs),
        )
    return None


def _refusal(
    status: int, why: Sentence, request: fastapi.Request, headers: dict[str, str] | None = None
) -> fastapi.HTTPException:
    return fastapi.HTTPException(status, translate(requested_language(request.headers), why), headers)
