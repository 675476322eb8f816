"""Jobs on a GPU that is lent to them, and on the processor where it is not."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, Literal

from ..engines.failures import catch_failure
from ..engines.pool import Job, Loaded
from ..errors import Sentence
from ..events import Done, Event, Failed, PathEvent, Waited
from .duration import estimate_s
from .lending import GpuLostError, Lending
from .refusals import INSTEAD, GpuRefusedError

Work = Literal["run", "follow"]
Numbered = Generator[tuple[int, Event | PathEvent], None, None]
Attempt = Callable[[Sequence[Job], Work], Numbered]
"""The events of jobs, each with the number of its job; a job that fails yields `Failed`, and the others go on."""


class SharedGpu:
    """Runs the jobs of a request in one call on a GPU that others share, as `attempt` would run them here."""

    def __init__(self, attempt: Attempt, stay: Callable[[Job], Job]):
        """`stay` makes a job for the processor of one that was for a GPU."""
        self._attempt = attempt
        self._stay = stay
        self._lending: Lending[tuple[int, Event | PathEvent]] = Lending(attempt)
        self._placed_bytes = 0

    def count(self, placed: Iterable[Loaded[Any]]) -> None:
        """Take note of the models that every new process is given."""
        self._placed_bytes = sum(each.held for each in placed)

    def abandon(self) -> None:
        """End what goes on in other processes, at once."""
        self._lending.abandon()

    def attempt(self, jobs: Sequence[Job], work: Work) -> Numbered:
        """The events of the jobs, those for the processor last; where no GPU is lent, what is shipped stays here too.

        The first job on the GPU says how long it was waited for.
        """
        away = [number for number, job in enumerate(jobs) if job.request.device != "cpu"]
        here = [number for number in range(len(jobs)) if number not in away]
        if away:
            yield from self._send(jobs, away, work)
        yield from self._run_here(jobs, here, work)

    def _send(self, jobs: Sequence[Job], away: Sequence[int], work: Work) -> Numbered:
        sent = [jobs[number] for number in away]
        cold = self._lending.cold
        seconds = estimate_s(sent, cold=cold, cold_bytes=self._placed_bytes, path=work == "follow")
        over: set[int] = set()
        try:
            with closing(self._lending.run(seconds, sent, work)) as items:
                for item in items:
                    if not isinstance(item, tuple):
                        yield away[0], Waited.of(sent[0].run.model.id, item)
                        continue
                    place, event = item
                    over |= {place} if isinstance(event, Done | Failed) else set()
                    yield away[place], event
        except GpuRefusedError as error:
            left = [number for place, number in enumerate(away) if place not in over]
            yield from self._do_without(jobs, left, work, error)

    def _do_without(self, jobs: Sequence[Job], left: Sequence[int], work: Work, why: GpuRefusedError) -> Numbered:
        """What is left of the jobs, where no GPU is lent to them: published models are too slow on a processor."""
        stays = [number for number in left if _may_stay(jobs[number]) and not isinstance(why, GpuLostError)]
        for number in left:
            if number not in stays:
                yield number, Failed(jobs[number].run.model.id, why.sentence)
        instead = {}
        for number in stays:
            with catch_failure(jobs[number].run.model) as failure:
                instead[number] = _note(self._stay(jobs[number]), Sentence.join([why.sentence, INSTEAD]))
            if failure.sentence:
                yield number, Failed(jobs[number].run.model.id, failure.sentence)
        yield from self._run_here([instead.get(number, job) for number, job in enumerate(jobs)], list(instead), work)

    def _run_here(self, jobs: Sequence[Job], numbers: Sequence[int], work: Work) -> Numbered:
        with closing(self._attempt([jobs[number] for number in numbers], work)) as events:
            for place, event in events:
                yield numbers[place], event


def _may_stay(job: Job) -> bool:
    return job.run.model.shipped and job.request.device == "auto"


def _note(job: Job, note: Sentence) -> Job:
    """The job with a note before those of its placement."""
    return replace(job, placement=replace(job.placement, notes=(note, *job.placement.notes)))
