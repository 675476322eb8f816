"""What becomes of an image once a model has made it: it is refined, checked and saved."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from . import engines
from .engines import Engine
from .engines.adapters.extras import Extras
from .engines.failures import catch_failure
from .engines.memory import Plan
from .engines.pool import Job, Loaded, Pool
from .errors import Sentence, StorageFull
from .events import Event, ImageReady, Loading, Noted, Preview, Unrefined, digest
from .gallery import Gallery
from .machine.device import Placement
from .registry import REFINER, ModelSpec
from .request import GenerationRequest, ModelRun
from .weights.locate import SAFETY_CHECKER, ModelFiles

if TYPE_CHECKING:
    from .engines.refiner import Refiner

_BLOCKED = Sentence("The safety checker blocked this image, rightly or not: try another prompt or seed.")
_NOT_LOOKED_AT = Sentence("No safety checker looked at this: “hf download {source}” brings one.", source=SAFETY_CHECKER)
_UNREFINED = Sentence("This image could not be refined.")


@dataclass
class Finishing:
    """Finishes the images of one job, which a loaded model makes."""

    job: Job
    loaded: Loaded[Engine]
    pool: Pool
    _refiner: "Loaded[Refiner] | None" = field(default=None, init=False)

    def finish(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events of the model, its images as they are shown."""
        return self.describe_all(self.check_all(self.refine_all(events)))

    def refine_all(self, events: Iterator[Event]) -> Iterator[Event]:
        """The images refined, if the request asks for it; those that cannot be are as they were, with a note.

        They wait until the model is done, so that its times and its memory are its own, and it can make way.
        """
        if not self.job.request.refine:
            yield from events
            return
        waiting = deque[ImageReady]()
        for event in events:
            if isinstance(event, ImageReady):
                waiting.append(event)
                yield Unrefined(event.model, event.index, event.timing)
            else:
                yield event
        with catch_failure(REFINER) as failure:
            yield from self._refine(waiting)
        for event in waiting:
            yield replace(event, notes=(*event.notes, _UNREFINED, failure.sentence))

    def _refine(self, waiting: deque[ImageReady]) -> Iterator[Event]:
        """Take the images that wait, one after another, and yield them refined."""
        if not waiting:
            return
        loading = Loading(self.job.run.model.id, stage="refine")
        self._refiner = refiner = yield from self.pool.acquire(_refining(self.job), _load_refiner, loading)
        seen: set[Noted] = set()
        while waiting:
            for event in refiner.engine.refine(waiting[0], self.job.request):
                if isinstance(event, ImageReady):
                    waiting.popleft()
                    yield replace(event, notes=(*event.notes, *refiner.notes))
                elif not isinstance(event, Noted):
                    yield event
                elif event not in seen:  # all images have the same texts
                    seen.add(event)
                    yield event

    def check_all(self, events: Iterator[Event]) -> Iterator[Event]:
        """The images that the safety checker allows, and empty ones for the others."""
        for event in events:
            if isinstance(event, ImageReady):
                yield self._check(event)
            elif not (isinstance(event, Preview) and self.loaded.checker):
                yield event  # nobody sees a preview that has not been checked

    def _check(self, event: ImageReady) -> ImageReady:
        """A refined image is looked at by its model's checker, else by the refiner's, whatever the model is."""
        last = self._refiner if event.refinement and self._refiner else self.loaded
        checker = self.loaded.checker or last.checker
        if checker is None:
            return replace(event, notes=(*event.notes, _NOT_LOOKED_AT)) if last.unchecked else event
        if checker.allows(event.image):
            return event
        empty = Image.new("RGB", event.image.size, (128, 128, 128))
        return replace(event, image=empty, sha256=digest(empty), notes=(*event.notes, _BLOCKED))

    def describe_all(self, events: Iterator[Event]) -> Iterator[Event]:
        """The images with all notes on them, and what makes them again."""
        notes = (*self.job.placement.notes, *self.loaded.notes)
        for event in events:
            if isinstance(event, ImageReady):
                noted = replace(event, notes=tuple(dict.fromkeys((*notes, *event.notes))))
                yield replace(noted, metadata=_metadata(noted, self.job, self.loaded))
            else:
                yield event


def save(event: Event, gallery: Gallery) -> Event:
    """An image with the file that it is in now, or a note where it cannot be saved; any other event as it is."""
    if not isinstance(event, ImageReady):
        return event
    try:
        return replace(event, path=gallery.save(event, event.metadata))
    except StorageFull as error:
        return replace(event, notes=(*event.notes, error.sentence))


def _refining(job: Job) -> Job:
    """The refiner's part of a job: it takes one image after another, and nothing is merged into it."""
    alone = replace(job.request, batched=False, loras=(), delta_from="")
    last_steps = ModelRun(REFINER, REFINER.steps.default, REFINER.guidance.default, job.run.size)
    return Job(alone, last_steps, replace(engines.choose_placement(job.request, REFINER), notes=()))


def _load_refiner(_spec: ModelSpec, files: ModelFiles, placement: Placement, plan: Plan, _extras: Extras) -> "Refiner":
    from .engines.refiner import Refiner  # noqa: PLC0415 - slow to import

    return Refiner.load(files, placement, plan)


def _metadata(event: ImageReady, job: Job, loaded: Loaded[Engine]) -> dict[str, Any]:
    """What makes an image again."""
    request, run, placement = job.request, job.run, job.placement
    return {
        "model": run.model.id,
        "source": run.model.source,
        "commit": loaded.files.commit,
        "licence": run.model.licence,
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "steps": run.steps,
        "guidance": run.guidance,
        "size": run.size,
        "seed": event.seed,
        "device": placement.device,
        "dtype": placement.dtype,
        "backend": event.timing.backend or placement.backend,
        "decoder": job.decoder,
        "sha256": event.sha256,
        **loaded.merged,
        **_interpolation(event, request),
        **_refinement(event),
    }


def _interpolation(event: ImageReady, request: GenerationRequest) -> dict[str, Any]:
    """Where an image lies on the way to another prompt and seed."""
    if request.interpolation is None:
        return {}
    return {"interpolation": vars(request.interpolation) | {"position": request.positions[event.index]}}


def _refinement(event: ImageReady) -> dict[str, str]:
    """What an image was refined with."""
    if event.refinement is None:
        return {}
    facts = {"refiner": REFINER.source, "refiner_commit": event.refinement.commit}
    return facts | {"refiner_licence": REFINER.licence}
