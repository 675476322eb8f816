"""How fast the systems are on this machine: every case in turn, round after round, in one process.

The order is turned by one place each round, so that a noisy neighbour or a warming processor hits all cases alike. Each
pass has a prompt of its own, so that no text states are reused: its time is the whole of an image, or of a batch of
them. The first pass of a case, which loads, compiles and fills caches, is told apart and never averaged in; it is cold
only where nothing of the kind was made before.
"""

import json
import secrets
import statistics
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, get_args

from ..errors import DemoError, InvalidRequest, Sentence
from ..events import Done, Failed, ImageReady
from ..machine.device import Backend, Device, Dtype
from ..machine.environment import Environment
from ..measure import Measurement, Timing, iterations_per_second
from ..registry import MODELS
from ..request import Decoder, GenerationRequest, Limits, ModelRun
from ..service import Service

STAGES = ("text", "sample", "upsample", "decode")
COLUMNS = (
    "System",
    "Backend",
    "Decoder",
    "Batch",
    "Seconds per image",
    "Images per second",
    "Network evaluations",
    "Median of a pass (s)",
    "IQR (s)",
    "p95 (s)",
    "n",
    "Cold (s)",
    "Load (s)",
    "Text, sampling, decoding (s)",
    "Steps",
    "it/s",
    "Pixels",
    "Device",
    "Precision",
    "Peak memory (MB)",
)
_LIMITS = Limits(images=64)
_MOST_ROUNDS = 1000
_MOST_ROWS = 1000  # of somebody else's file, whose figures are at most _HUGE
_HUGE = 10**15


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
    """What to time, how often. Make one with `parse`."""

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

        Decoders and backends are of latent models: others are timed once for each batch size. `notes` say what of all
        this has no effect.

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
                    notes |= dict.fromkeys((*request.notes, *_left_out(request)))
                    for case in _cases(request):
                        cases.setdefault((case.run, case.batch, case.request.backend, case.request.decoder), case)
        if not cases:
            raise InvalidRequest({"decoder": Sentence.join(notes)})
        return cls(tuple(cases.values()), repeats, tuple(notes))

    @property
    def passes(self) -> int:
        """How many passes there are in all, cold ones included."""
        return len(self.cases) * (self.repeats + 1)


@dataclass(frozen=True)
class Working:
    """A pass of this case goes on; of `passes` in all, `done` are over. Comes again with every step of it."""

    case: Case
    done: int
    passes: int


@dataclass(frozen=True)
class Timed:
    """One pass is over: of `passes` in all, it was number `done`. `row` is what is known of its case so far."""

    case: Case
    done: int
    passes: int
    row: "Row"


@dataclass(frozen=True)
class Refused:
    """A case cannot be timed; `message` is a sentence that says why. The others go on."""

    case: Case
    message: Sentence


@dataclass(frozen=True)
class Row:
    """What was measured of a case. Seconds are a whole pass's, of `batch` images; None where there was no such pass,
    and for what one pass alone cannot tell.

    `stages` are medians. `peak_bytes` is the device's allocator's, or on a CPU what the whole process held. A cascade
    takes `upsampling_steps` after `steps`.
    """

    model: str
    backend: str
    device: str
    dtype: str
    size: int
    batch: int
    decoder: str
    steps: int
    guidance: float
    network_evaluations: int
    n: int
    load_s: float | None
    cold_s: float | None
    median_s: float | None
    iqr_s: float | None
    p95_s: float | None
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


def run(service: Service, benchmark: Benchmark) -> Iterator[Working | Timed | Refused]:
    """Time every case, round after round; closing the iterator ends the work within one step."""
    rows = dict(enumerate(_Samples(case) for case in benchmark.cases))
    done, passes = 0, benchmark.passes
    for round_ in range(benchmark.repeats + 1):
        for number in _turned(list(rows), round_):
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


def results_json(environment: Environment, rows: Sequence[Row]) -> dict[str, Any]:
    """The environment and every row as plain values."""
    return {"environment": environment.to_dict(), "results": [asdict(row) for row in rows]}


def read_json(text: str) -> tuple[str, tuple[Row, ...]]:
    """The machine and the rows of a file that `results_json` made, perhaps elsewhere.

    Raises:
        InvalidRequest: when it is no such file.
    """
    try:
        stored = json.loads(text)
        rows = stored["results"]
        if not isinstance(rows, list) or len(rows) > _MOST_ROWS:
            raise TypeError("no list of rows")
        return _machine(stored["environment"]), tuple(map(_row, rows))
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InvalidRequest(
            {"file": Sentence("This is no file of a benchmark: choose one that “benchmark --json” wrote.")}
        ) from error


def table(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """A row of `COLUMNS` for each."""
    return [_cells(row) for row in rows]


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
    """A case's passes so far."""

    def __init__(self, case: Case):
        self.case = case
        self._first: Timing | None = None
        self._warm: list[Timing] = []
        self._backend = ""
        self._load_s = 0.0

    def add(self, service: Service, working: Working) -> Generator[Working, None, Row]:
        """Make one more pass, yielding `working` between its steps; what all of them come to.

        Raises:
            _CannotTimeError: when it cannot be made.
        """
        with closing(service.run(_fresh(self.case.request))) as events:
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
        if timing.backend != self._backend:  # one that was made ready in the background has taken over
            self._backend = timing.backend
            self._warm.clear()
        if self._first is None:
            self._first = timing
        elif timing.warm:  # a model that had to make way meanwhile is cold again
            self._warm.append(timing)

    def _row(self, measured: Measurement) -> Row:
        run = self.case.run
        seconds = [timing.total_s for timing in self._warm]
        row = Row(
            model=run.model.id,
            backend=measured.backend,
            device=measured.device,
            dtype=measured.dtype,
            size=run.size,
            batch=self.case.batch,
            decoder=measured.decoder,
            steps=run.steps,
            guidance=run.guidance,
            network_evaluations=run.network_evaluations,
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
    stages = {
        "text": [timing.text_s for timing in passes],
        "sample": [timing.sample_s - timing.upsample_s for timing in passes],
        "upsample": [timing.upsample_s for timing in passes],
        "decode": [timing.decode_s for timing in passes],
    }
    return {
        "median_s": median,
        "iqr_s": _quantile(seconds, 75) - _quantile(seconds, 25) if len(seconds) > 1 else None,
        "p95_s": _quantile(seconds, 95) if len(seconds) > 1 else None,
        "stages": {stage: statistics.median(values) for stage, values in stages.items()},
        "images_per_second": batch / median,
        "iterations_per_second": iterations_per_second(passes[0].steps, stepping) or None,
    }


def _quantile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _cases(request: GenerationRequest) -> Iterator[Case]:
    """A case for each model; where a model has no choice of backends and decoders, all of them are one case."""
    for each in request.runs:
        latent = each.model.kind == "latent"
        if latent and _has_no_int8(request):
            continue
        backend: Backend = request.backend if latent else "auto"
        decoder: Decoder = request.decoder if latent and backend != "diffusers" else "full"
        yield Case(each, replace(request, runs=(each,), backend=backend, decoder=decoder))


def _left_out(request: GenerationRequest) -> Iterator[Sentence]:
    """What is asked for and not timed."""
    if not any(run.model.kind == "latent" for run in request.runs):
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


def _fresh(request: GenerationRequest) -> GenerationRequest:
    """The request with a prompt that nobody has read before, and a seed of its own."""
    return replace(request, prompt=f"{request.prompt} {secrets.token_hex(4)}", seed=secrets.randbelow(2**31))


def _turned(numbers: Sequence[int], by: int) -> list[int]:
    start = by % len(numbers) if numbers else 0
    return [*numbers[start:], *numbers[:start]]


def _machine(environment: Mapping[str, Any]) -> str:
    """What a file calls its machine, without what cannot be printed.

    Raises:
        LookupError, TypeError: when it does not say.
    """
    named = environment["gpu"] or environment["cpu"]
    if not isinstance(named, str):
        raise TypeError("a machine without a name")
    return "".join(letter for letter in named if letter.isprintable()).strip()[:80] or "?"


def _row(result: Any) -> Row:
    """A row of a file, every value of which is of its type and of a size that a page can show.

    Raises:
        TypeError: when one is not.
    """
    if not isinstance(result, dict):
        raise TypeError("no row")
    names = {each.name for each in fields(Row)}
    row = Row(**{name: value for name, value in result.items() if name in names})
    words = (
        (row.model, MODELS),
        (row.backend, get_args(Backend)),
        (row.device, get_args(Device)),
        (row.dtype, get_args(Dtype)),
        (row.decoder, get_args(Decoder)),
    )
    if not all(isinstance(word, str) and word in known for word, known in words):
        raise TypeError("a row of something else")
    counts = (row.size, row.batch, row.steps, row.network_evaluations, row.n, row.peak_bytes)
    counts += (row.upsampling_steps,)
    if not all(isinstance(count, int) and _is_figure(count) for count in counts) or not row.batch:
        raise TypeError("a count that is none")
    if not isinstance(row.stages, dict) or not set(row.stages) <= set(STAGES):
        raise TypeError("stages of something else")
    maybe = (row.load_s, row.cold_s, row.median_s, row.iqr_s, row.p95_s)
    maybe += (row.images_per_second, row.iterations_per_second)
    figures = [row.guidance, *row.stages.values(), *(value for value in maybe if value is not None)]
    if not all(map(_is_figure, figures)):
        raise TypeError("a figure that is none")
    return row


def _is_figure(value: Any) -> bool:
    """Whether it is a number that is finite, not negative, and no larger than anything that was ever measured."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _HUGE


def _cells(row: Row) -> tuple[str, ...]:
    stages = [row.stages.get("text", 0.0), row.stages.get("sample", 0.0) + row.stages.get("upsample", 0.0)]
    stages.append(row.stages.get("decode", 0.0))
    return (
        row.title,
        row.backend,
        row.decoder,
        str(row.batch),
        _number(row.seconds_per_image, 4),
        _number(row.images_per_second, 2),
        str(row.network_evaluations),
        *(_number(value, 4) for value in (row.median_s, row.iqr_s, row.p95_s)),
        str(row.n),
        _number(row.cold_s, 3),
        _number(row.load_s, 2),
        " / ".join(f"{stage:.4f}" for stage in stages),
        f"{row.steps} + {row.upsampling_steps}" if row.upsampling_steps else str(row.steps),
        _number(row.iterations_per_second, 1),
        str(row.size),
        row.device,
        row.dtype,
        f"{row.peak_bytes / 1e6:.0f}",
    )


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
