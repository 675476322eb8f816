"""The one way to generate: the page, the API and the command line all call `Service.run`."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TypeVar, cast

from . import engines
from .engines.conversion import Conversions, run_alike
from .engines.failures import catch_failure
from .engines.pool import Job, Loaded, Pool
from .errors import DemoError
from .events import Done, Event, Failed, ImageReady, Loading, Noted, PathEvent, PathStep, Step
from .finishing import Finishing, save
from .gallery import Gallery
from .machine import device, zerogpu
from .machine.turns import Turns
from .measure import Measurement, Timing, select_counted
from .registry import LOADABLE, MODELS
from .request import Decoder, GenerationRequest, ModelRun, weight
from .weights.locate import Availability, Weights
from .zerogpu import SharedGpu
from .zerogpu.shared import Numbered, Work

Item = TypeVar("Item")


class Service:
    """Runs requests one after another, and within a request its models in turn.

    They are side by side on the screen but never at the same time on the device, or the timings would lie.
    """

    def __init__(
        self,
        weights: Weights,
        gallery: Gallery | None = None,
        *,
        safety: bool = False,
        lasting: bool = False,
        budget: float | None = None,
    ):
        """Images go to the gallery, where there is one and a request wants them saved.

        With `safety`, images of published models are looked at by a safety checker, where there is one. `lasting` is
        for a process that serves for hours: minutes of work in the background pay there. Nothing that is run at once
        may take more image-steps than `budget`, if it is given.
        """
        self.pool = Pool(weights, safety=safety)
        self._conversions = Conversions(self.pool, background=lasting)
        self._weights = weights
        self._gallery = gallery
        self._lasting = lasting
        self._budget = budget
        self._turns = Turns()  # a generator may be resumed and closed on different threads
        shares = lasting and zerogpu.is_here()
        self._shared_gpu = SharedGpu(self._attempt_here, self._stay) if shares else None

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn, with the one that has it."""
        return self._turns.waiting

    def availability(self) -> dict[str, Availability]:
        """For every model of the registry, and for the refiner, whether it can be used now."""
        return {name: self._weights.availability(spec) for name, spec in LOADABLE.items()}

    def find_quickest_decoder(self, model: str) -> Decoder:
        """What decodes a model's images in the least time: a tiny decoder, where it has one.

        Raises:
            ModelUnavailable: when its files are missing, or not what they should be.
        """
        return "tiny" if self._weights.locate(MODELS[model]).tiny_decoder else "full"

    @property
    def shares_gpu(self) -> bool:
        """Whether a GPU is lent to each run, and charged to whoever asked for it."""
        return self._shared_gpu is not None

    def place(self, models: Iterable[str]) -> None:
        """Load models once and for all runs, where a shared GPU has to be given them; elsewhere, do nothing.

        Call it on the main thread, before the page is served: only what is loaded by then is kept for new processes.
        """
        if self._shared_gpu is None:
            return
        for model in models:
            request = GenerationRequest.parse("a big dog", model, save=False)
            with catch_failure(MODELS[model]):  # whoever asks for it will be told
                job = self._inspect(request, request.runs[0], patient=False)
                for _ in self.pool.acquire(job, engines.load, Loading(model)):
                    pass
        self._shared_gpu.count(self.pool.loaded)

    def run(self, request: GenerationRequest, *, patient: bool = False) -> Generator[Event, None, None]:
        """Generate, yielding events; closing the generator ends the work within one step.

        A model that fails yields `Failed` and the others go on. One whose files are not what they should be does so
        before anybody has to wait for it. With `patient`, OpenVINO runs what it can even if that has to be converted
        first, as if it had been asked for.
        """
        with closing(self._run_each(request, "run", patient=patient)) as events:
            for event in events:
                yield self._kept(request, cast(Event, event))

    def run_all(self, requests: Sequence[GenerationRequest]) -> Generator[tuple[int, Event], None, None]:
        """The events of several requests of one model each, with the number of the request, in this order.

        What runs them is settled before the first begins, and they are run alike as the models of one request are, so
        that their times can be compared. In between others have their turn.
        """
        numbers, jobs = [], []
        for number, request in enumerate(requests):
            (run,) = request.runs
            with catch_failure(run.model) as failure:
                jobs.append(self._inspect(request, run, patient=False))
                numbers.append(number)
            if failure.sentence:
                yield number, Failed(run.model.id, failure.sentence)
        jobs, allowance = run_alike(jobs), _Allowance(self._budget)
        # a shared GPU is lent once for all of them
        for places in [range(len(jobs))] if self._shared_gpu else [[place] for place in range(len(jobs))]:
            attempted = self._attempt([jobs[each] for each in places], "run", allowance)
            with self._turns.turn(), closing(attempted) as events:
                for place, event in events:
                    asked = numbers[places[place]]
                    yield asked, self._kept(requests[asked], cast(Event, event))

    def follow(self, request: GenerationRequest) -> Generator[PathEvent, None, None]:
        """Record the path of the request's first image with each model, as `run` would go it; closing ends it.

        A model that fails, or has no path to show, yields `Failed`, and the others go on.
        """
        yield from cast(Generator[PathEvent, None, None], self._run_each(request, "follow"))

    def use_folder(self, model: str, folder: str) -> None:
        """Take a model from this folder from the next run on; one that is under way ends as it began.

        Raises:
            ModelUnavailable: when there is no such folder, or it does not hold the model.
        """
        self.pool.use_folder(model, folder)

    def abandon(self) -> None:
        """End what other processes do, without waiting for anybody: this one is about to end."""
        if self._shared_gpu is not None:
            self._shared_gpu.abandon()

    def close(self) -> None:
        """Unload every model, and stop what goes on in the background."""
        self._conversions.close()
        with self._turns.turn():
            self.pool.close()

    def _run_each(
        self, request: GenerationRequest, work: Work, *, patient: bool = False
    ) -> Generator[Event | PathEvent, None, None]:
        """`work` on each of the models that can be used, one after another and alone on the device."""
        jobs = []
        for run in request.runs:
            with catch_failure(run.model) as failure:
                jobs.append(self._inspect(request, run, patient=patient))
            if failure.sentence:
                yield Failed(run.model.id, failure.sentence)
        with self._turns.turn(), closing(self._attempt(run_alike(jobs), work, _Allowance(self._budget))) as events:
            for _, event in events:
                yield event

    def _attempt(self, jobs: Sequence[Job], work: Work, allowance: "_Allowance") -> Numbered:
        """`work` on each of the models, with its number, wherever its device is; `Failed` where it fails."""
        if self._shared_gpu:
            return self._shared_gpu.attempt(jobs, work)
        return self._attempt_here(jobs, work, allowance)

    def _attempt_here(self, jobs: Sequence[Job], work: Work, allowance: "_Allowance | None" = None) -> Numbered:
        """The same in this process. It waits for no turn, as a shared GPU has it called in a process of its own."""
        does = {"run": self._run, "follow": self._follow}[work]
        allowance = allowance or _Allowance(self._budget)
        for number, job in enumerate(jobs):
            spent = allowance.spend(does(job), job.run.size)
            with catch_failure(job.run.model) as failure, closing(spent) as events:
                for event in events:
                    yield number, event
            if failure.sentence:
                yield number, Failed(job.run.model.id, failure.sentence)

    def _kept(self, request: GenerationRequest, event: Event) -> Event:
        """The event, with an image saved if the request wants it."""
        return save(event, self._gallery) if request.save and self._gallery else event

    def _stay(self, job: Job) -> Job:
        """A job for this machine's processor in place of one for a GPU."""
        return self._inspect(replace(job.request, device="cpu"), job.run, patient=False)

    def _inspect(self, request: GenerationRequest, run: ModelRun, *, patient: bool) -> Job:
        job = Job(request, run, engines.choose_placement(request, run.model, lasting=self._lasting))
        job = self._conversions.settle(job, patient=patient)
        self.pool.inspect(job)
        return job

    def _run(self, job: Job) -> Generator[Event, None, None]:
        """One model's part of a request."""
        model = job.run.model.id
        loaded = yield from self.pool.acquire(job, engines.load, Loading(model))
        if unseen := loaded.notes if loaded.load_s else (*job.placement.notes, *loaded.notes):
            yield Noted(model, unseen)  # `Loading` had the placement's
        meter = _Meter(job)
        events = self._conversions.watch(job, meter.watch(loaded.engine.generate(job.request, job.run)))
        yield from Finishing(job, loaded, self.pool).finish(events)
        self._conversions.begin(job, loaded.files)
        yield Done(model, meter.measure(loaded))

    def _follow(self, job: Job) -> Generator[PathEvent, None, None]:
        """One model's path."""
        from .engines.trajectory import Follower, has_path, record  # noqa: PLC0415 - slow to import

        spec = job.run.model
        if not has_path(spec):
            raise DemoError(
                "{title} does not go from noise to image along one path: choose another model.", title=spec.title
            )
        loaded = yield from self.pool.acquire(job, engines.load, Loading(spec.id))
        if loaded.checker or loaded.unchecked:
            raise DemoError(
                "Only finished images can be checked for safety, so the path of {title} is not shown here: choose a "
                "shipped model.",
                title=spec.title,
            )
        yield from record(cast(Follower, loaded.engine), job.request, job.run)


class _Allowance:
    """The image-steps that are left of a budget. Requests are judged before; this counts what is really done."""

    def __init__(self, most: float | None):
        self._most, self._left = most, most

    def spend(self, items: Generator[Item, None, None], size: int) -> Generator[Item, None, None]:
        """What a model yields, until its steps at `size` pixels are more than is left.

        Raises:
            DemoError: with a sentence, then.
        """
        if self._left is None:
            yield from items
            return
        with closing(items):
            for item in items:
                yield item
                if isinstance(item, Step | PathStep):
                    self._left -= weight(size) * (item.images if isinstance(item, Step) else 1)
                if self._left < 0:
                    raise DemoError(
                        "This was ended after {most:,.0f} image-steps (steps × images × (size / 512)²), which is the "
                        "most here: ask for fewer images, steps or models, or a smaller size.",
                        most=self._most,
                    )


class _Meter:
    """Measures what a model takes for a job: its own passes and its own memory, without the refiner's."""

    def __init__(self, job: Job):
        self._job = job
        self._passes: list[Timing] = []
        self._peak = 0

    def watch(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events of a model, each seen before it goes on."""
        placement = self._job.placement
        device.reset_peak(placement)
        for event in events:
            self._peak = max(self._peak, device.peak_bytes(placement))
            if isinstance(event, ImageReady) and event.index == sum(each.images for each in self._passes):
                self._passes.append(event.timing)  # the images of a batch share one timing, which counts once
            yield event

    def measure(self, loaded: Loaded) -> Measurement:
        """What all events come to."""
        run, placement = self._job.run, self._job.placement
        ran = next((each.backend for each in select_counted(self._passes)), "")  # empty where an engine does not say
        return Measurement(
            model=run.model.id,
            device=placement.device,
            dtype=placement.dtype,
            steps=run.steps,
            guidance=run.guidance,
            network_evaluations=run.network_evaluations,
            load_s=loaded.load_s,
            passes=tuple(self._passes),
            peak_bytes=self._peak,
            commit=loaded.files.commit,
            backend=ran or placement.backend,
            decoder=self._job.decoder,
        )
