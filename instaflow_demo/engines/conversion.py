"""OpenVINO without waiting: PyTorch runs a model while another process converts it, and a later run finds it converted.

What runs a model is settled when a run begins and never changes within it. Models that are compared are run alike, so
that their times can be compared.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from threading import Event as Flag
from threading import Thread
from typing import TypeVar

from ..errors import Sentence
from ..events import ImageReady
from ..machine.device import Placement
from ..machine.turns import Turns
from ..measure import Timing
from ..weights.locate import ModelFiles
from . import converter
from .backends import kept
from .gain import Gains
from .placement import choose_placement
from .pool import Job, Pool

CONVERTING = Sentence(
    "OpenVINO is being made ready for this model, and PyTorch runs it until then: in a minute or two it will be faster."
)
NOT_CONVERTED = Sentence("OpenVINO could not be made ready for this model, so PyTorch runs it; the log says why.")
NOT_KEPT = Sentence(
    "OpenVINO's networks can be kept nowhere, so PyTorch runs this model: set INSTAFLOW_DEMO_HOME to a folder that can "
    "be written to and has room."
)
UNCONVERTED = Sentence(
    "PyTorch runs this model. OpenVINO would be faster, once a run with “--backend openvino” has made it ready, which "
    "takes a minute and is kept."
)
ALIKE = Sentence("OpenVINO is not ready for every model of this run, so PyTorch runs them all: that compares fairly.")
TAKEN_OVER = Sentence("OpenVINO is ready for this model and has taken over from PyTorch.")

Event = TypeVar("Event")


class Conversions:
    """Settles whether OpenVINO or PyTorch runs a model where nobody chose, and has models converted.

    With `background`, in a process of its own, one after another; without, only what is converted already is used.
    """

    def __init__(self, pool: Pool, *, background: bool):
        self._pool = pool
        self._background = background
        self._turns = Turns()
        self._closed = Flag()
        self._said: dict[ModelFiles, Sentence] = {}  # of models that are being converted, or will not be
        self._told: set[ModelFiles] = set()
        self._stood_in: set[str] = set()  # models that PyTorch ran last
        self._gains = Gains()

    def settle(self, job: Job, *, patient: bool = False) -> Job:
        """A job that is not to wait for a conversion, run by PyTorch as long as OpenVINO is not ready.

        One that is `patient` does wait.

        Raises:
            ModelUnavailable: when files are missing or damaged.
        """
        if not job.placement.background or job.placement.backend != "openvino":
            return job
        ready = replace(job, placement=replace(job.placement, background=False))
        why = None if patient or self._pool.holds(ready) else self._why_not_ready(self._pool.locate(job))
        return ready if why is None else _stand_in_for(job, why)

    def _why_not_ready(self, files: ModelFiles) -> Sentence | None:
        """Why OpenVINO cannot run a model yet, empty where that was said and nothing changes; None if it can."""
        if files in self._said:
            return self._said[files]
        if kept.is_kept(files):
            return None
        if self._background:
            return CONVERTING
        told = files in self._told
        self._told.add(files)
        return Sentence("") if told else UNCONVERTED

    def begin(self, job: Job, files: ModelFiles) -> None:
        """Convert a model in the background if PyTorch has stood in for it, as long as the pool holds it."""
        if self._background and is_stand_in(job.placement) and files not in self._said and not kept.is_kept(files):
            self._said[files] = CONVERTING
            Thread(target=self._convert_aside, args=(job, files), daemon=True, name="conversion").start()

    def watch(self, job: Job, events: Iterable[Event]) -> Iterator[Event]:
        """The events of a run, and on its images how much faster they come than those that PyTorch drew before."""
        for event in events:
            if isinstance(event, ImageReady) and job.request.backend == "auto":
                yield replace(event, notes=(*event.notes, *self._gain_note(job, event.timing)))
            else:
                yield event

    def close(self) -> None:
        """Stop what is being converted, and convert nothing any more."""
        self._closed.set()
        with self._turns.turn():
            pass  # it has been stopped by then

    def _convert_aside(self, job: Job, files: ModelFiles) -> None:
        """Convert a model when its turn comes, if anybody still wants it then."""

        def unwanted() -> bool:
            return self._closed.is_set() or not self._pool.holds(job)

        why = None
        with self._turns.turn():
            if not unwanted() and not converter.convert_elsewhere(_make_order(job, files), unwanted):
                why = NOT_CONVERTED
            elif not unwanted() and not kept.is_kept(files):
                why = NOT_KEPT
        if why and not unwanted():
            self._said[files] = why
        else:
            del self._said[files]

    def _gain_note(self, job: Job, timing: Timing) -> tuple[Sentence, ...]:
        """What an image by OpenVINO gains, text encoding excluded, over one by PyTorch; empty if that is unknown."""
        run, took = job.run, timing.sample_s + timing.decode_s
        model, shape = run.model.id, (run.model.id, run.size, run.steps, run.guided, job.decoder, timing.images)
        if is_stand_in(job.placement):
            self._stood_in.add(model)
            if timing.warm:
                self._gains.record(shape, took)
        elif model in self._stood_in:
            self._stood_in.remove(model)
            return (TAKEN_OVER,)
        elif timing.warm and (ratio := self._gains.ratio(shape, took)):
            return (gain_note(ratio),)
        return ()


def run_alike(jobs: Sequence[Job]) -> list[Job]:
    """The jobs of a run with PyTorch standing in for all of them, where it has to for one and nobody chose."""
    if not any(is_stand_in(job.placement) for job in jobs):
        return list(jobs)
    return [_stand_in_for(job, ALIKE) if _is_ready_by_chance(job) else job for job in jobs]


def is_stand_in(placement: Placement) -> bool:
    """Whether PyTorch runs there until OpenVINO is ready."""
    return placement.background and placement.backend == "eager"


def gain_note(times: float) -> Sentence:
    """The note for a visitor when OpenVINO has taken over."""
    return Sentence(
        "OpenVINO has taken over this model from PyTorch: it is {times:.1f} times as fast as before.", times=times
    )


def _is_ready_by_chance(job: Job) -> bool:
    """Whether OpenVINO runs a job just because it is ready."""
    return job.placement.backend == "openvino" and job.request.backend == "auto"


def _stand_in_for(job: Job, why: Sentence) -> Job:
    eager = choose_placement(replace(job.request, backend="eager"), job.run.model)
    return replace(job, placement=replace(eager, background=True, notes=tuple(filter(None, (*eager.notes, why)))))


def _make_order(job: Job, files: ModelFiles) -> converter.Order:
    """What is to be converted for a job: everything, and for the shapes of its passes code as well."""
    run, asked = job.run, job.request
    shapes = {"images": job.at_once, "batched": asked.batched, "size": run.size, "guidance": run.guidance}
    settings = shapes | {"steps": run.model.steps.low, "dtype": asked.dtype, "decoder": asked.decoder}
    return converter.Order(run.model.id, files, settings)
