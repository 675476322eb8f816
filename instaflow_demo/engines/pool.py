"""The models in memory: found, judged, loaded where there is room, and unloaded to make room for others."""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ..errors import Sentence
from ..events import Loading
from ..machine import device
from ..machine.device import Placement
from ..registry import ModelSpec
from ..request import GenerationRequest, Lora, ModelRun
from ..weights.locate import ModelFiles, Weights
from . import memory
from .adapters.extras import Extras
from .load import inspect
from .memory import Need, Plan

if TYPE_CHECKING:
    from .safety import SafetyChecker

log = logging.getLogger(__name__)


class Resident(Protocol):
    """What the pool asks of whatever it keeps in memory, an engine or the refiner."""

    load_s: float

    @property
    def notes(self) -> tuple[Sentence, ...]: ...

    def apply(self, plan: Plan) -> None: ...

    def close(self) -> None: ...


Model = TypeVar("Model", bound=Resident)
Load = Callable[[ModelSpec, ModelFiles, Placement, Plan, Extras], Model]
Shape = tuple[int, bool]
"""What a model's need of memory depends on: the size of its images, and whether they are guided."""


@dataclass(frozen=True)
class Key:
    """What distinguishes one loaded model from another."""

    model: str
    device: str
    dtype: str
    backend: str
    background: bool
    loras: tuple[Lora, ...]
    delta_from: str


@dataclass(frozen=True)
class Job:
    """One model's part of a request, and where it runs."""

    request: GenerationRequest
    run: ModelRun
    placement: Placement

    @property
    def key(self) -> Key:
        return Key(
            model=self.run.model.id,
            device=self.placement.device,
            dtype=self.placement.dtype,
            backend=self.placement.backend,
            background=self.placement.background,
            loras=self.request.loras,
            delta_from=self.request.delta_from,
        )

    @property
    def shape(self) -> Shape:
        return self.run.size, self.run.guided

    @property
    def at_once(self) -> int:
        """How many images a pass makes."""
        return self.request.images if self.request.batched or self.run.model.together else 1

    @property
    def decoder(self) -> str:
        """What decodes the images of this model."""
        return self.request.decoder if self.run.model.traits.chooses_decoder else "full"


@dataclass
class Loaded(Generic[Model]):
    """A model in memory, and how it is fitted in.

    `held` bytes are the device's. `load_s` is what loading it took for the job at hand, 0 if it was in memory already.
    `unchecked` says that a safety checker should look at its images, and there is none. `merged` is for the metadata.
    """

    key: Key
    engine: Model
    files: ModelFiles
    plan: Plan
    held: int
    load_s: float
    needs: dict[Shape, Need]  # counted once, as the files are read for it
    merged: Mapping[str, Any]
    checker: "SafetyChecker | None"
    unchecked: bool

    @property
    def notes(self) -> tuple[Sentence, ...]:
        """What the user should know of how it is fitted in."""
        return (self.plan.note,) if self.plan.note else ()


@dataclass(frozen=True)
class _Found:
    """The files of a model and of what is loaded with it; `checker` is the folder of its safety checker, if any."""

    files: ModelFiles
    extras: Extras
    checker: Path | None


class Pool:
    """Keeps models in memory as long as there is room. It is not safe to acquire two at the same time."""

    def __init__(self, weights: Weights, *, safety: bool = False):
        """With `safety`, images of published models are looked at by a safety checker, where there is one."""
        self._weights = weights
        self._safety = safety
        self._loaded: OrderedDict[Key, Loaded[Any]] = OrderedDict()
        self._moved: set[str] = set()  # models that are to be loaded again, from another folder
        self._shown: set[Sentence] = set()  # notes that concern the machine and not a run are shown once

    @property
    def loaded(self) -> tuple[Loaded[Any], ...]:
        """What is in memory, the least recently used first."""
        return tuple(self._loaded.values())

    def use_folder(self, model: str, folder: str) -> None:
        """Take a model from this folder when it is next acquired.

        Raises:
            ModelUnavailable: when there is no such folder, or it does not hold the model.
        """
        self._weights.use_folder(model, folder)
        self._moved.add(model)

    def inspect(self, job: Job) -> None:
        """Judge the files of a model that is to be loaded, without waiting for anybody.

        Raises:
            ModelUnavailable: when they are missing, or not what they should be.
        """
        if job.key not in self._loaded or job.run.model.id in self._moved:
            self._find(job)

    def acquire(self, job: Job, load: Load[Model], loading: Loading) -> Generator[Loading, None, Loaded[Model]]:
        """The model of a job, fitted into the memory that is free; others make way for it if need be.

        If it is not in memory, `load` loads it, and `loading` says so, with notes.

        Raises:
            ModelUnavailable: when its files are missing, or not what they should be.
            OutOfMemory: when it cannot fit.
        """
        self._unload_moved()
        loaded = self._loaded.get(job.key)
        if loaded is None:
            loaded = yield from self._load(job, load, loading)
        else:
            self._replan(loaded, job)
        self._loaded.move_to_end(job.key)
        return loaded

    def close(self) -> None:
        """Unload every model."""
        for key in list(self._loaded):
            self._unload(key)

    # ------------------------------------------------------------ finding

    def _find(self, job: Job) -> _Found:
        """A model's files, judged by each other."""
        spec, request = job.run.model, job.request
        files = self._weights.locate(spec)
        checker = self._checker_folder(spec, files)
        delta = self._weights.locate_delta(spec, request.delta_from) if request.delta_from else None
        found = _Found(files, Extras(request.loras, delta), checker)
        inspect(spec, files, job.placement, found.extras, checker)
        return found

    def _checker_folder(self, spec: ModelSpec, files: ModelFiles) -> Path | None:
        return self._weights.locate_safety_checker(spec, files) if self._safety else None

    # ------------------------------------------------------------ loading

    def _load(self, job: Job, load: Load[Model], loading: Loading) -> Generator[Loading, None, Loaded[Model]]:
        spec, placement, found = job.run.model, job.placement, self._find(job)
        need = _estimate_need(job, found.files, found.checker)
        memory.refuse_hopeless(spec, need, self._obtainable(placement), placement)  # before others make way for nothing
        plan, free = self._make_room(job, need)
        memory.refuse_hopeless(spec, need, free, placement)
        yield replace(loading, notes=(*placement.notes, *memory.memory_notes(spec, need, plan, job.at_once, free)))
        checker = _load_checker(job, found)  # first, as a model is of no use without it
        engine = load(spec, found.files, placement, plan, found.extras)
        self._loaded[job.key] = loaded = Loaded(
            key=job.key,
            engine=engine,
            files=found.files,
            plan=plan,
            held=need.held(plan),
            load_s=engine.load_s,
            needs={job.shape: need},
            merged=_describe_merged(job.request),
            checker=checker,
            unchecked=self._safety and checker is None and not self._weights.are_ours(spec),
        )
        if unseen := tuple(note for note in engine.notes if note not in self._shown):
            self._shown.update(unseen)
            log.warning("%s", " ".join(unseen))  # whoever keeps the page up can act on it
            yield replace(loading, notes=unseen)
        return loaded

    def _replan(self, loaded: Loaded[Any], job: Job) -> None:
        """Choose the plan of a model in memory again, for this job and what is free now."""
        checker = self._checker_folder(job.run.model, loaded.files)
        if job.shape not in loaded.needs:
            loaded.needs[job.shape] = _estimate_need(job, loaded.files, checker)
        need = loaded.needs[job.shape]
        plan, _ = self._make_room(job, need, loaded.held)
        if plan != loaded.plan:
            loaded.engine.apply(plan)
        loaded.plan, loaded.held, loaded.load_s = plan, need.held(plan), 0.0

    # ------------------------------------------------------------ making room

    def _make_room(self, job: Job, need: Need, held: int = 0) -> tuple[Plan, int]:
        """How a model that holds `held` bytes already fits, and the bytes that are free for it.

        Others on the same device are unloaded, the least recently used first, until it fits whole.
        """
        others = [key for key in self._loaded if key != job.key and key.device == job.placement.device]
        while True:
            free = device.free_bytes(job.placement) + held
            plan = memory.choose(need, job.at_once, free, job.placement)
            if plan == memory.WHOLE or not others:
                return plan, free
            self._unload(others.pop(0))

    def _obtainable(self, placement: Placement) -> int:
        """The bytes that are free, or would be if every model on the device made way."""
        held = sum(each.held for each in self.loaded if each.key.device == placement.device)
        return device.free_bytes(placement) + held

    def _unload_moved(self) -> None:
        while self._moved:
            model = self._moved.pop()
            for key in [key for key in self._loaded if key.model == model]:
                self._unload(key)

    def _unload(self, key: Key) -> None:
        self._loaded.pop(key).engine.close()


def _estimate_need(job: Job, files: ModelFiles, checker: Path | None) -> Need:
    run = job.run
    return memory.estimate_need(run.model, files, job.placement, run.size, guided=run.guided, checker=checker)


def _load_checker(job: Job, found: _Found) -> "SafetyChecker | None":
    if found.checker is None:
        return None
    from .safety import SafetyChecker  # noqa: PLC0415 - slow to import

    return SafetyChecker.load(job.run.model, found.files, found.checker, job.placement)


def _describe_merged(request: GenerationRequest) -> dict[str, Any]:
    """Where the weights that are merged into a model come from."""
    loras = [{"file": lora.path.name, "sha256": _sha256(lora.path), "scale": lora.scale} for lora in request.loras]
    delta = {"delta_from": request.delta_from} if request.delta_from else {}
    return ({"loras": loras} if loras else {}) | delta


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
