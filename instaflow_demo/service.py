"""The one way to generate: the page, the API and the command line all call `Service.run`."""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from threading import Lock

from . import device, engines
from .device import Placement
from .engines import Engine
from .errors import DemoError, StorageFull
from .events import Done, Event, Failed, ImageReady, Loading
from .gallery import Gallery
from .measure import Measurement
from .registry import MODELS
from .request import GenerationRequest, ModelRun
from .weights import Availability, ModelFiles, Weights

log = logging.getLogger(__name__)

_Loaded = tuple[Engine, ModelFiles]


class Service:
    """Runs requests one after another, and within a request its models in turn.

    They are side by side on the screen but never at the same time on the device, or the timings would lie.
    """

    def __init__(self, weights: Weights, gallery: Gallery, loaded_models: int = 3):
        self._weights = weights
        self._gallery = gallery
        self._loaded_models = loaded_models
        self._engines: OrderedDict[tuple[str, str, str], _Loaded] = OrderedDict()
        self._lock = Lock()  # not re-entrant: a generator may be resumed and closed on different threads

    def availability(self) -> dict[str, Availability]:
        """For every model of the registry, whether it can be used now."""
        return {name: self._weights.availability(spec) for name, spec in MODELS.items()}

    def run(self, request: GenerationRequest) -> Iterator[Event]:
        """Generate, yielding events; closing the iterator ends the work within one step.

        A model that fails yields `Failed` and the others go on.
        """
        with self._lock:
            for run in request.runs:
                yield from self._guarded(request, run)

    def close(self) -> None:
        """Unload every model."""
        with self._lock:
            while self._engines:
                self._unload_oldest()

    def _guarded(self, request: GenerationRequest, run: ModelRun) -> Iterator[Event]:
        """One model's events, where every error becomes a sentence."""
        try:
            yield from self._run(request, run)
        except DemoError as error:
            yield Failed(run.model.id, str(error))
        except Exception:
            number = secrets.token_hex(4)
            log.exception("error %s while running %s", number, run.model.id)
            yield Failed(run.model.id, f"Something went wrong (id {number}); the log of the app says what.")

    def _run(self, request: GenerationRequest, run: ModelRun) -> Iterator[Event]:
        placement = device.choose(request.device, request.dtype)
        key = (run.model.id, *placement.key)
        load_s = 0.0
        if key not in self._engines:
            yield Loading(run.model.id, placement.notes)
            load_s = self._load(run, placement, key).load_s
        engine, files = self._engines[key]
        self._engines.move_to_end(key)
        device.reset_peak(placement)
        passes, peak = {}, 0
        for event in engine.generate(request, run):
            peak = max(peak, device.peak_bytes(placement))
            if isinstance(event, ImageReady):
                # the images of a batch share one timing, which counts once
                passes[id(event.timing)] = event.timing
                yield self._saved(request, run, placement, files, event)
            else:
                yield event
        yield Done(
            run.model.id,
            Measurement(
                model=run.model.id,
                device=placement.device,
                dtype=placement.dtype,
                steps=run.steps,
                guidance=run.guidance,
                network_evaluations=run.network_evaluations,
                load_s=load_s,
                passes=tuple(passes.values()),
                peak_bytes=peak,
                commit=files.commit,
            ),
        )

    def _load(self, run: ModelRun, placement: Placement, key: tuple[str, str, str]) -> Engine:
        files = self._weights.locate(run.model)
        while len(self._engines) >= self._loaded_models:
            self._unload_oldest()
        self._engines[key] = engines.load(run.model, files, placement), files
        return self._engines[key][0]

    def _unload_oldest(self) -> None:
        _, (engine, _) = self._engines.popitem(last=False)
        engine.close()

    def _saved(
        self, request: GenerationRequest, run: ModelRun, placement: Placement, files: ModelFiles, event: ImageReady
    ) -> ImageReady:
        """The event with its notes and, if the user wants it, with the file it was saved to."""
        event = replace(event, notes=(*placement.notes, *event.notes))
        if not request.save:
            return event
        metadata = {
            "model": run.model.id,
            "source": run.model.source,
            "commit": files.commit,
            "licence": run.model.licence,
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
            "steps": run.steps,
            "guidance": run.guidance,
            "size": run.size,
            "seed": event.seed,
            "device": placement.device,
            "dtype": placement.dtype,
            "sha256": event.sha256,
        }
        try:
            return replace(event, path=self._gallery.save(event, metadata))
        except StorageFull as error:
            return replace(event, notes=(*event.notes, str(error)))
