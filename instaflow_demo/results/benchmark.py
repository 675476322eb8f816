"""How fast the systems are on this machine: every case in turn, round after round, in one process.

The order rotates by one place each round, so that a noisy neighbour or a warming processor affects all cases alike.
Every pass has a new prompt, so that no text states are reused: its time is that of a whole image, or of a whole batch.
The first pass of a case, which loads, compiles and fills caches, is reported separately and excluded from averages; it
is cold only where nothing of the kind was made before.
"""

import secrets
import statistics
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from ..errors import DemoError, InvalidRequest, Sentence
from ..events import Done, Failed, ImageReady
from ..machine.device import Backend
from ..measure import STAGES, Conditions, Measurement, Timing, iterations_per_second
from ..registry import MODELS
from ..request import Decoder, GenerationRequest, Limits, ModelRun
from ..service import Service
from .tables import Column

COLUMNS = (
    Column("title", "System"),
    Column("backend", "Backend"),
    Column("decoder", "Decoder"),
    Column("batch", "Batch"),
    Column("seconds_per_image", "Seconds per image", ".4f"),
    Column("images_per_second", "Images per second", ".2f"),
    Column("network_evaluations", "Network evaluations"),
    Column("median_s", "Median of a pass (s)", ".4f"),
    Column("min_s", "Fastest (s)", ".4f"),
    Column("max_s", "Slowest (s)", ".4f"),
    Column("iqr_s", "IQR (s)", ".4f"),
    Column("p95_s", "p95 (s)", ".4f"),
    Column("n", "n"),
    Column("cold_s", "Cold (s)", ".3f"),
    Column("load_s", "Load (s)", ".2f"),
    Column("stage_seconds", "Text, sampling, decoding (s)", ".4f", joint=" / "),
    Column("steps_by_stage", "Steps", joint=" + "),
    Column("iterations_per_second", "it/s", ".1f"),
    Column("size", "Pixels"),
    Column("device", "Device"),
    Column("dtype", "Precision"),
    Column("peak_megabytes", "Peak memory (MB)", ".0f"),
)
FEWEST: Mapping[str, int] = MappingProxyType({"iqr_s": 8, "p95_s": 20})
"""Of how many passes a figure is made at least: each quarter has two of them, and one in twenty is above p95.

Of fewer, these would be little else than the slowest pass under a name that promises more.
"""
_LIMITS = Limits(images=64)
_MOST_ROUNDS = 1000


@dataclass(frozen=True)
class Case:
    """One thing to time: passes of `batch` images with these settings."""

    run: ModelRun
    request: GenerationRequest

    @property
    def batch(self) -> int:
        return self.request.images

    @property
    def name(self) -> str:
        """Short, for a progress line."""
        parts = [self.run.model.id, self.request.backend, self.request.decoder, f"batch {self.batch}"]
        return ", ".join(part for part in parts if part not in ("auto", "full", "batch 1"))


@dataclass(frozen=True)
class Benchmark:
    """What to time and how often. Make one with `parse`."""

    cases: tuple[Case, ...]
    repeats: int
    notes: tuple[Sentence, ...] = ()

    @classmethod
    def parse(
        cls,
        models: Sequence[str],
        *,
        repeats: Any = 10,
        backends: Sequence[Any] = ("auto",),
        decoders: Sequence[Any] = ("full",),
        batches: Sequence[Any] = (1,),
        **settings: Any,
    ) -> "Benchmark":
        """Every model with every backend, decoder and batch size; `settings` are a request's.

        Only latent models have a choice of decoder and backend: others are timed once for each batch size. `notes` say
        what has no effect.

        Raises:
            InvalidRequest: with one sentence for every field that is wrong.
        """
        if isinstance(repeats, bool) or not isinstance(repeats, int) or not 1 <= repeats <= _MOST_ROUNDS:
            raise InvalidRequest(
                {"repeats": Sentence("Repeats must be a whole number from 1 to {most:,}.", most=_MOST_ROUNDS)}
            )
        if nothing := _nothing_chosen(backends, decoders, batches):
            raise InvalidRequest(nothing)
        cases: dict[tuple[Any, ...], Case] = {}
        notes: dict[Sentence, None] = {}
        for batch in batches:
            for backend in backends:
                for decoder in decoders:
                    request = GenerationRequest.parse(
                        "a big dog",
                        models,
                        images=batch,
                        batched=batch != 1,
                        save=False,
                        backend=backend,
                        decoder=decoder,
                        limits=_LIMITS,
                        **settings,
                    )
                    notes |= dict.fromkeys((*request.notes, *_omissions(request)))
                    for case in _cases(request):
                        cases.setdefault((case.run, case.batch, case.request.backend, case.request.decoder), case)
        if not cases:
            raise InvalidRequest({"decoder": Sentence.join(notes)})
        return cls(tuple(cases.values()), repeats, tuple(notes))

    @property
    def passes(self) -> int:
        """The number of passes, cold ones included."""
        return len(self.cases) * (self.repeats + 1)


@dataclass(frozen=True)
class Working:
    """A pass of this case is running, and `done` of `passes` are over. Comes again with every step of the pass."""

    case: Case
    done: int
    passes: int


@dataclass(frozen=True)
class Timed:
    """Pass number `done` of `passes` is over. `row` is what is known of its case so far."""

    case: Case
    done: int
    passes: int
    row: "BenchmarkRow"


@dataclass(frozen=True)
class Refused:
    """A case cannot be timed; `message` is a sentence that says why. The other cases go on."""

    case: Case
    message: Sentence


@dataclass(frozen=True, kw_only=True)
class BenchmarkRow(Conditions):
    """The figures of a case. Seconds are those of a whole pass, of `batch` images; None where there was no such pass,
    and for what so few passes cannot tell.

    `stages` are medians. `peak_bytes` is what the device's allocator held, or on a CPU the whole process. A cascade
    takes `upsampling_steps` after `steps`.
    """

    size: int
    batch: int
    n: int
    load_s: float | None
    cold_s: float | None
    median_s: float | None
    iqr_s: float | None
    p95_s: float | None
    min_s: float | None = None
    max_s: float | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    images_per_second: float | None = None
    iterations_per_second: float | None = None
    peak_bytes: int = 0
    upsampling_steps: int = 0

    @property
    def title(self) -> str:
        return MODELS[self.model].title

    @property
    def seconds_per_image(self) -> float | None:
        return self.median_s / self.batch if self.median_s else None

    @property
    def range_s(self) -> tuple[float, float] | None:
        """The fastest and the slowest pass."""
        return (self.min_s, self.max_s) if self.min_s is not None and self.max_s is not None else None

    @property
    def stage_seconds(self) -> tuple[float, float, float]:
        """Text, sampling with upsampling, and decoding; zeros without warm passes."""
        text, sample, upsample, decode = (self.stages.get(stage, 0.0) for stage in STAGES)
        return text, sample + upsample, decode

    @property
    def steps_by_stage(self) -> tuple[int, ...]:
        return (self.steps, self.upsampling_steps) if self.upsampling_steps else (self.steps,)

    @property
    def peak_megabytes(self) -> float:
        return self.peak_bytes / 1e6


def keep_supported(row: BenchmarkRow) -> BenchmarkRow:
    """The row without those of its figures for which it has too few passes."""
    return replace(row, **{name: None for name, fewest in FEWEST.items() if row.n < fewest})


def run(service: Service, benchmark: Benchmark) -> Generator[Working | Timed | Refused, None, None]:
    """Time every case, round after round; closing the generator ends the work within one step."""
    rows = dict(enumerate(_Samples(case) for case in benchmark.cases))
    done, passes = 0, benchmark.passes
    for round_ in range(benchmark.repeats + 1):
        for number in _rotate(list(rows), round_):
            samples = rows[number]
            working = Working(samples.case, done, passes)
            yield working  # before what may take long without a step: loading, or converting
            try:
                row = yield from samples.add(service, working)
            except _CannotTimeError as error:
                del rows[number]
                passes -= benchmark.repeats + 1 - round_
                yield Refused(samples.case, error.sentence)
                continue
            done += 1
            yield Timed(samples.case, done, passes, row)


def _nothing_chosen(backends: Sequence[Any], decoders: Sequence[Any], batches: Sequence[Any]) -> dict[str, Sentence]:
    """A sentence for each of these that is empty."""
    problems = {}
    if not backends:
        problems["backend"] = Sentence("Choose at least one backend.")
    if not decoders:
        problems["decoder"] = Sentence("Choose at least one decoder.")
    if not batches:
        problems["batch size"] = Sentence("Choose at least one batch size.")
    return problems


class _CannotTimeError(DemoError):
    """A case cannot be timed."""


class _Samples:
    """The passes of a case so far."""

    def __init__(self, case: Case):
        self.case = case
        self._first: Timing | None = None
        self._warm: list[Timing] = []
        self._backend = ""
        self._load_s = 0.0

    def add(self, service: Service, working: Working) -> Generator[Working, None, BenchmarkRow]:
        """Make one more pass, yielding `working` between its steps; return the row of all passes so far.

        Raises:
            _CannotTimeError: when it cannot be made.
        """
        with closing(service.run(_with_new_prompt(self.case.request), patient=True)) as events:
            for event in events:
                if isinstance(event, Failed):
                    raise _CannotTimeError(event.message)
                if isinstance(event, ImageReady) and event.index == 0:
                    self._take(event.timing)
                elif isinstance(event, Done):
                    self._load_s = self._load_s or event.measurement.load_s
                    return self._row(event.measurement)
                yield working
        raise _CannotTimeError("It was stopped.")

    def _take(self, timing: Timing) -> None:
        if timing.images != self.case.batch:
            raise _CannotTimeError(
                "Memory is too short for {n} images at once: choose a smaller batch.", n=self.case.batch
            )
        if timing.backend != self._backend:  # a backend that was compiled in the background has taken over
            self._backend = timing.backend
            self._warm.clear()
        if self._first is None:
            self._first = timing
        elif timing.warm:  # a model that was evicted meanwhile is cold again
            self._warm.append(timing)

    def _row(self, measured: Measurement) -> BenchmarkRow:
        run, seconds = self.case.run, [timing.total_s for timing in self._warm]
        row = BenchmarkRow(
            **{each.name: getattr(measured, each.name) for each in fields(Conditions)},
            size=run.size,
            batch=self.case.batch,
            n=len(seconds),
            load_s=self._load_s or None,
            cold_s=self._first.total_s if self._first and not self._first.warm else None,
            median_s=None,
            iqr_s=None,
            p95_s=None,
            peak_bytes=measured.peak_bytes,
            upsampling_steps=run.model.upsampling_steps,
        )
        return replace(row, **_statistics(self._warm, self.case.batch)) if seconds else row


def _statistics(passes: Sequence[Timing], batch: int) -> dict[str, Any]:
    seconds = [timing.total_s for timing in passes]
    median, stepping = statistics.median(seconds), statistics.median(timing.stepping_s for timing in passes)
    return {
        "median_s": median,
        "min_s": min(seconds) if len(seconds) > 1 else None,
        "max_s": max(seconds) if len(seconds) > 1 else None,
        "iqr_s": _quantile(seconds, 75) - _quantile(seconds, 25) if len(seconds) >= FEWEST["iqr_s"] else None,
        "p95_s": _quantile(seconds, 95) if len(seconds) >= FEWEST["p95_s"] else None,
        "stages": {stage: statistics.median(timing.stages[stage] for timing in passes) for stage in STAGES},
        "images_per_second": batch / median,
        "iterations_per_second": iterations_per_second(passes[0].steps, stepping) or None,
    }


def _quantile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _cases(request: GenerationRequest) -> Iterator[Case]:
    """A case for each model. Where a model has no choice of backend and decoder, all choices are the same case."""
    for each in request.runs:
        chooses = each.model.traits.chooses_backend
        if chooses and _has_no_int8(request):
            continue
        backend: Backend = request.backend if chooses else "auto"
        decoder: Decoder = request.decoder if chooses and backend != "diffusers" else "full"
        run = replace(each, notes=())  # they are about the choices, and `parse` has collected them
        yield Case(run, replace(request, runs=(run,), backend=backend, decoder=decoder))


def _omissions(request: GenerationRequest) -> Iterator[Sentence]:
    """Sentences about what is asked for and not timed."""
    if not any(run.model.traits.chooses_backend for run in request.runs):
        return
    if _has_no_int8(request):
        yield Sentence(
            "PyTorch has no decoder in 8 bits, so the backend “{backend}” is not timed with “int8”.",
            backend=request.backend,
        )
    if request.backend == "diffusers" and request.decoder != "full":
        yield Sentence(
            "The stock pipeline has no decoder “{decoder}”, so it is timed with “full”.", decoder=request.decoder
        )


def _has_no_int8(request: GenerationRequest) -> bool:
    return request.decoder == "int8" and request.backend in ("eager", "compiled")


def _with_new_prompt(request: GenerationRequest) -> GenerationRequest:
    """The request with a prompt that no text encoder has seen yet, and another seed."""
    return replace(request, prompt=f"{request.prompt} {secrets.token_hex(4)}", seed=secrets.randbelow(2**31))


def _rotate(numbers: Sequence[int], by: int) -> list[int]:
    start = by % len(numbers) if numbers else 0
    return [*numbers[start:], *numbers[:start]]
