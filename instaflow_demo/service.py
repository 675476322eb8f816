"""The one way to generate: the page, the API and the command line all call `Service.run`."""

import hashlib
import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from PIL import Image

from . import engines
from .engines import Engine, memory
from .engines.adapters.extras import Extras
from .engines.memory import Need, Plan
from .errors import DemoError, Sentence, StorageFull
from .events import Done, Event, Failed, ImageReady, Loading, Noted, Preview, Unrefined, digest
from .gallery import Gallery
from .machine import device
from .machine.device import Placement
from .measure import Measurement
from .registry import LOADABLE, REFINER, ModelSpec
from .request import GenerationRequest, ModelRun
from .weights.locate import SAFETY_CHECKER, Availability, ModelFiles, Weights

if TYPE_CHECKING:
    from .engines.refiner import Refiner
    from .engines.safety import SafetyChecker

log = logging.getLogger(__name__)

_BLOCKED = Sentence("The safety checker blocked this image, rightly or not: try another prompt or seed.")
_NOT_LOOKED_AT = Sentence("No safety checker looked at this: “hf download {source}” brings one.", source=SAFETY_CHECKER)
_UNREFINED = Sentence("This image could not be refined.")
_Key = tuple[str, str, str, str, Hashable]  # model, device, precision, backend, extras


@dataclass
class _Loaded:
    """A model or the refiner in memory, and how it is fitted in."""

    engine: "Engine | Refiner"
    files: ModelFiles
    plan: Plan
    needs: dict[tuple[int, bool], Need]  # by size and guidance: counted once, as the files are read for it
    merged: Mapping[str, Any]  # for the metadata
    checker: "SafetyChecker | None" = None
    held: int = 0  # bytes on the device
    notes: tuple[Sentence, ...] = ()


class Service:
    """Runs requests one after another, and within a request its models in turn.

    They are side by side on the screen but never at the same time on the device, or the timings would lie.
    """

    def __init__(self, weights: Weights, gallery: Gallery, *, safety: bool = False, lasting: bool = False):
        """With `safety`, images of published models are looked at by a safety checker, where there is one.

        `lasting` is for a process that serves for hours: minutes of work in the background pay there.
        """
        self._safety = safety
        self._lasting = lasting
        self._weights = weights
        self._gallery = gallery
        self._loaded: OrderedDict[_Key, _Loaded] = OrderedDict()
        self._moved: set[str] = set()  # models that are to be loaded again, from another folder
        self._told: set[str] = set()  # notes that concern the machine and not a run are told once
        self._lock = Lock()  # not re-entrant: a generator may be resumed and closed on different threads

    def availability(self) -> dict[str, Availability]:
        """For every model of the registry, and for the refiner, whether it can be used now."""
        return {name: self._weights.availability(spec) for name, spec in LOADABLE.items()}

    def run(self, request: GenerationRequest) -> Iterator[Event]:
        """Generate, yielding events; closing the iterator ends the work within one step.

        A model that fails yields `Failed` and the others go on. One whose files are not what they should be does so
        before anybody has to wait for it.
        """
        sound = []
        for run in request.runs:
            if (yield from self._guarded(run.model, self._inspected(request, run), partial(_failed, run))):
                sound.append(run)
        with self._lock:
            for run in sound:
                yield from self._guarded(run.model, self._run(request, run), partial(_failed, run))

    def use_folder(self, model: str, folder: str) -> None:
        """Take a model from this folder from the next run on; one that is under way ends as it began.

        Raises:
            ModelUnavailable: when there is no such folder, or it does not hold the model.
        """
        self._weights.use_folder(model, folder)
        self._moved.add(model)

    def close(self) -> None:
        """Unload every model."""
        with self._lock:
            for key in list(self._loaded):
                self._unload(key)

    def _guarded(
        self, spec: ModelSpec, events: Iterator[Event], instead: Callable[[Sentence], Iterable[Event]]
    ) -> Generator[Event, None, bool]:
        """The events of a model or of the refiner; an error becomes a sentence, and what comes `instead` says it.

        Returns whether there was none.
        """
        try:
            yield from events
            return True
        except DemoError as error:
            said = error.sentence
        except Exception as error:
            if device.is_out_of_memory(error):  # while loading, where nothing can be halved
                said = Sentence(
                    "There is too little free memory for {title}: close other programs, or choose a smaller model or "
                    "another device.",
                    title=spec.title,
                )
            else:
                number = secrets.token_hex(4)
                log.exception("error %s while running %s", number, spec.id)
                said = Sentence("Something went wrong (id {id}); the log of the app says what.", id=number)
        yield from instead(said)
        return False

    def _inspected(self, request: GenerationRequest, run: ModelRun) -> Iterator[Event]:
        """Judge the files of a model that is to be loaded; there is nothing to tell of those that are good."""
        placement = engines.placed(request, run.model, lasting=self._lasting)
        if _key(request, run, placement) not in self._loaded or run.model.id in self._moved:
            files = self._weights.locate(run.model)
            self._inspect(request, run.model, files, placement, self._checker_of(run.model, files))
        yield from ()

    def _inspect(
        self, request: GenerationRequest, spec: ModelSpec, files: ModelFiles, placement: Placement, checker: Path | None
    ) -> None:
        engines.inspect(spec, files, placement, self._extras(request, spec), checker)

    def _checker_of(self, spec: ModelSpec, files: ModelFiles) -> Path | None:
        """The folder of the safety checker that is to look at a model's images, if one is."""
        return self._weights.safety_checker(spec, files) if self._safety else None

    def _run(self, request: GenerationRequest, run: ModelRun) -> Iterator[Event]:
        placement = engines.placed(request, run.model, lasting=self._lasting)
        loaded, load_s = yield from self._ready(request, run, placement, Loading(run.model.id))
        untold = loaded.notes if load_s else (*placement.notes, *loaded.notes)  # loading told the placement's
        placement = replace(placement, notes=(*placement.notes, *loaded.notes))
        if untold:
            yield Noted(run.model.id, untold)
        device.reset_peak(placement)
        passes, peak, waiting = {}, 0, deque[ImageReady]()
        for event in loaded.engine.generate(request, run):
            peak = max(peak, device.peak_bytes(placement))
            if isinstance(event, Preview) and loaded.checker:
                continue  # nobody sees what has not been checked
            if not isinstance(event, ImageReady):
                yield event
                continue
            # the images of a batch share one timing, which counts once
            passes[id(event.timing)] = event.timing
            if request.refine:
                waiting.append(event)
                yield Unrefined(run.model.id, event.index, event.timing)
            else:
                looked = self._looked_at(event, loaded.checker, run.model)
                yield self._saved(request, run, placement, loaded, looked)
        refining = self._refining(request, run, placement, loaded, waiting)
        unrefined = partial(self._unrefined, run, loaded, waiting)
        for event in self._guarded(REFINER, refining, unrefined):
            yield self._saved(request, run, placement, loaded, event) if isinstance(event, ImageReady) else event
        measured = Measurement(
            model=run.model.id,
            device=placement.device,
            dtype=placement.dtype,
            steps=run.steps,
            guidance=run.guidance,
            network_evaluations=run.network_evaluations,
            load_s=load_s,
            passes=tuple(passes.values()),
            peak_bytes=peak,
            commit=loaded.files.commit,
            backend=placement.backend,
            decoder=request.decoder if run.model.kind == "latent" else "full",
        )
        ran = next((each.backend for each in measured.counted), "")  # empty where an engine does not say
        yield Done(run.model.id, replace(measured, backend=ran or placement.backend))

    def _refining(
        self,
        request: GenerationRequest,
        run: ModelRun,
        placement: Placement,
        loaded: _Loaded,
        waiting: deque[ImageReady],
    ) -> Iterator[Event]:
        """Take the images that wait, one after another, and yield them refined.

        They wait until the model is done, so that its times and its memory are its own, and it can make way.
        """
        if not waiting:
            return
        alone = replace(request, batched=False, loras=(), delta_from="")
        last_steps = ModelRun(REFINER, REFINER.steps.default, REFINER.guidance.default, run.size)
        loading = Loading(run.model.id, stage="refine")
        eager = replace(engines.placed(request, REFINER), notes=())
        refiner, _ = yield from self._ready(alone, last_steps, eager, loading)
        told: set[Noted] = set()
        while waiting:
            for event in refiner.engine.refine(waiting[0], request):
                if isinstance(event, ImageReady):
                    waiting.popleft()
                    noted = replace(event, notes=(*event.notes, *refiner.notes))
                    yield self._looked_at(noted, loaded.checker or refiner.checker, REFINER)
                elif not isinstance(event, Noted):
                    yield event
                elif event not in told:  # all images have the same texts
                    told.add(event)
                    yield event

    def _unrefined(
        self, run: ModelRun, loaded: _Loaded, waiting: Iterable[ImageReady], said: Sentence
    ) -> Iterator[ImageReady]:
        """The images that still wait for the refiner, as they are."""
        for event in waiting:
            noted = replace(event, notes=(*event.notes, _UNREFINED, said))
            yield self._looked_at(noted, loaded.checker, run.model)

    def _looked_at(self, event: ImageReady, checker: "SafetyChecker | None", last: ModelSpec) -> ImageReady:
        """The event, its image replaced by an empty one where the checker refuses it; a note if there is none.

        `last` is what the image comes from, its model or the refiner: those that we made need no checker.
        """
        if checker is None:
            unseen = self._safety and not self._weights.are_ours(last)
            return replace(event, notes=(*event.notes, _NOT_LOOKED_AT)) if unseen else event
        if checker.allows(event.image):
            return event
        empty = Image.new("RGB", event.image.size, (128, 128, 128))
        return replace(event, image=empty, sha256=digest(empty), notes=(*event.notes, _BLOCKED))

    def _ready(
        self, request: GenerationRequest, run: ModelRun, placement: Placement, loading: Loading
    ) -> Generator[Event, None, tuple[_Loaded, float]]:
        """The model, loaded if it was not, as the memory that is free allows; and the seconds that loading took.

        Where it has to be loaded, `loading` says so, with notes.
        """
        self._forget_moved()
        key, load_s = _key(request, run, placement), 0.0
        loaded = self._loaded.get(key)
        files = loaded.files if loaded else self._weights.locate(run.model)
        shape, needs = (run.size, run.guided), loaded.needs if loaded else {}
        checker = self._checker_of(run.model, files)
        if loaded is None:
            self._inspect(request, run.model, files, placement, checker)
        if shape not in needs:
            needs[shape] = memory.need(run.model, files, placement, run.size, guided=run.guided, checker=checker)
        need = needs[shape]
        images = request.images if request.batched or run.model.together else 1
        if loaded is None:  # before others make way for nothing
            memory.refuse_hopeless(run.model, need, self._obtainable(placement), placement)
        plan, free = self._make_room(need, images, placement, key)
        if loaded is None:
            memory.refuse_hopeless(run.model, need, free, placement)
            yield replace(loading, notes=(*placement.notes, *memory.forecast(run.model, need, plan, images, free)))
            # first, as a model is of no use without it
            looking = self._checker(run.model, files, checker, placement) if checker else None
            engine = self._engine(request, run.model, files, placement, plan)
            loaded = self._loaded[key] = _Loaded(engine, files, plan, needs, _merged(request), looking)
            load_s = engine.load_s
            if untold := tuple(note for note in engine.notes if note not in self._told):
                self._told.update(untold)
                log.warning("%s", " ".join(untold))  # whoever keeps the page up can act on it
                yield replace(loading, notes=untold)
        elif plan != loaded.plan:
            loaded.engine.apply(plan)
            loaded.plan = plan
        self._loaded.move_to_end(key)
        loaded.held, loaded.notes = need.held(plan), (plan.note,) if plan.note else ()
        return loaded, load_s

    def _engine(
        self, request: GenerationRequest, spec: ModelSpec, files: ModelFiles, placement: Placement, plan: Plan
    ) -> "Engine | Refiner":
        if spec is REFINER:
            from .engines.refiner import Refiner  # noqa: PLC0415 - slow to import

            return Refiner.load(files, placement, plan)
        return engines.load(spec, files, placement, plan, self._extras(request, spec))

    def _extras(self, request: GenerationRequest, spec: ModelSpec) -> Extras:
        delta = self._weights.delta(spec, request.delta_from) if request.delta_from else None
        return Extras(request.loras, delta)

    def _checker(self, spec: ModelSpec, files: ModelFiles, folder: Path, placement: Placement) -> "SafetyChecker":
        from .engines.safety import SafetyChecker  # noqa: PLC0415 - slow to import

        return SafetyChecker.load(spec, files, folder, placement)

    def _make_room(self, need: Need, images: int, placement: Placement, key: _Key) -> tuple[Plan, int]:
        """How the model fits, and the bytes that are free for it, after others made way, the least recently used first.

        Only models on the same device are unloaded, and none while this one fits whole.
        """
        others = [other for other in self._loaded if other != key and other[1] == placement.device]
        held = self._loaded[key].held if key in self._loaded else 0
        while True:
            free = device.free_bytes(placement) + held
            plan = memory.choose(need, images, free, placement)
            if plan == memory.WHOLE or not others:
                return plan, free
            self._unload(others.pop(0))

    def _obtainable(self, placement: Placement) -> int:
        """The bytes that are free, or would be if every model on the device made way."""
        held = sum(loaded.held for key, loaded in self._loaded.items() if key[1] == placement.device)
        return device.free_bytes(placement) + held

    def _forget_moved(self) -> None:
        while self._moved:
            model = self._moved.pop()
            for key in [key for key in self._loaded if key[0] == model]:
                self._unload(key)

    def _unload(self, key: _Key) -> None:
        self._loaded.pop(key).engine.close()

    def _saved(
        self, request: GenerationRequest, run: ModelRun, placement: Placement, loaded: _Loaded, event: ImageReady
    ) -> ImageReady:
        """The event with its notes and, if the user wants it, with the file it was saved to."""
        event = replace(event, notes=tuple(dict.fromkeys((*placement.notes, *event.notes))))
        if not request.save:
            return event
        metadata = {
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
            "decoder": request.decoder if run.model.kind == "latent" else "full",
            "sha256": event.sha256,
            **loaded.merged,
            **_refiner(event),
        }
        event = replace(event, metadata=metadata)
        try:
            return replace(event, path=self._gallery.save(event, metadata))
        except StorageFull as error:
            return replace(event, notes=(*event.notes, error.sentence))


def _key(request: GenerationRequest, run: ModelRun, placement: Placement) -> _Key:
    """What tells loaded models apart."""
    return run.model.id, *placement.key, (request.loras, request.delta_from, placement.background)


def _failed(run: ModelRun, said: Sentence) -> Iterator[Event]:
    yield Failed(run.model.id, said)


def _refiner(event: ImageReady) -> dict[str, str]:
    """What an image was refined with, for its metadata."""
    if event.refinement is None:
        return {}
    facts = {"refiner": REFINER.source, "refiner_commit": event.refinement.commit}
    return facts | {"refiner_licence": REFINER.licence}


def _merged(request: GenerationRequest) -> dict[str, Any]:
    """Where the weights that are merged into a model come from."""
    loras = [{"file": lora.path.name, "sha256": _sha256(lora.path), "scale": lora.scale} for lora in request.loras]
    delta = {"delta_from": request.delta_from} if request.delta_from else {}
    return ({"loras": loras} if loras else {}) | delta


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
