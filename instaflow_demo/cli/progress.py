"""A run's events as bars and lines, in a terminal and in a notebook alike."""

import sys
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

import typer
from tqdm.auto import tqdm

from ..events import Done, Event, Failed, ImageReady, Loading, Noted, Stage, Step
from ..registry import REFINER, ModelSpec
from ..request import GenerationRequest
from ..results.benchmark import Benchmark, BenchmarkRow, Case, Refused, Timed, Working
from ..weights.locate import Weights

_STAGES: dict[Stage, str] = {"sample": "", "upsample": " upsampler", "refine": " refiner"}
# tqdm's own rate counts everything between two steps: text, decoding, files
_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


def show(events: Iterable[Event], request: GenerationRequest) -> Generator[Event, None, None]:
    """Show each event and pass it on."""
    typer.echo(f"seed: {request.seed}")
    for note in request.notes:
        typer.echo(note)
    display = _Display(request)
    try:
        for event in events:
            display.show(event)
            yield event
    finally:
        display.close()


@dataclass(frozen=True)
class Followed:
    """The outcome of a benchmark: rows in the order of its cases, what could not be timed, whether Ctrl-C ended it."""

    rows: tuple[BenchmarkRow, ...]
    refused: tuple[Refused, ...]
    stopped: bool


def show_benchmark(passes: Iterable[Working | Timed | Refused], benchmark: Benchmark) -> Followed:
    """Show a benchmark as a bar, to its end or to Ctrl-C, which keeps what has been measured by then."""
    for note in benchmark.notes:
        typer.echo(note)
    rows: dict[Case, BenchmarkRow] = {}
    refused: list[Refused] = []
    stopped = False
    try:
        _follow(passes, benchmark, rows, refused)
    except KeyboardInterrupt:
        stopped = True
    return Followed(tuple(rows[case] for case in benchmark.cases if case in rows), tuple(refused), stopped)


def _follow(
    passes: Iterable[Working | Timed | Refused],
    benchmark: Benchmark,
    rows: dict[Case, BenchmarkRow],
    refused: list[Refused],
) -> None:
    """Show a benchmark's events, and add their results to `rows` and `refused`."""
    with tqdm(total=benchmark.passes, file=sys.stderr, dynamic_ncols=True, unit="pass") as bar:
        for event in passes:
            if isinstance(event, Refused):
                refused.append(event)
                bar.write(f"{event.case.name}: {event.message}", file=sys.stderr)
                continue
            bar.total = event.passes
            if isinstance(event, Working):
                bar.set_description(event.case.name)
                continue
            rows[event.case] = event.row
            bar.update(event.done - bar.n)


def prepare(request: GenerationRequest, weights: Weights, *, download: bool) -> None:
    """Prepare a run: with `download`, fetch the models and the refiner that are not here.

    Raises:
        DownloadFailed: with a sentence.
        ModelUnavailable: when images are to be refined and the refiner is not here.
    """
    if download and not _download([*(run.model for run in request.runs), *[REFINER] * request.refine], weights):
        typer.echo("Nothing needed to be downloaded: everything is here.")
    if request.refine:
        weights.locate(REFINER)  # to say before a long run that it is missing


def _download(specs: Sequence[ModelSpec], weights: Weights) -> int:
    """Fetch the published models that are not here, with a bar for each; returns how many there were."""
    import torch  # noqa: PLC0415 - slow to import

    from ..weights import hub  # noqa: PLC0415 - slow to import

    missing = [spec for spec in specs if not spec.shipped and not weights.availability(spec).available]
    for spec in missing:
        typer.echo(f"{spec.title}: about {spec.download_bytes / 1e9:.1f} GB under the licence {spec.licence}")
        note = ""
        with tqdm(desc=spec.id, unit="B", unit_scale=True, file=sys.stderr) as bar:
            for step in hub.download(spec, half=torch.cuda.is_available()):
                if step.note != note:
                    note = step.note
                    bar.write(note, file=sys.stdout)
                bar.total = step.total
                bar.update(step.done - bar.n)
    return len(missing)


class _Display:
    """A progress bar for each model on stderr, and a line for each image on stdout."""

    def __init__(self, request: GenerationRequest):
        self._images = request.images
        self._bar: tqdm | None = None
        self._stage = ""
        self._printed: set[str] = set()

    def show(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Loading):
            self._print(f"{event.model}: loading{_STAGES[event.stage]}", *event.notes)
        elif isinstance(event, Noted):
            self._print(*event.notes)
        elif isinstance(event, Step):
            self._advance(event)
        elif isinstance(event, ImageReady):
            saved = f"  {event.path}" if event.path else ""
            cold = "" if event.timing.warm else " (cold)"
            time = f"time: {event.timing.seconds_per_image:.3f} s"
            refined = f"  refined: {event.refinement.seconds:.3f} s" if event.refinement else ""
            self._print(f"{event.model} {event.index + 1}/{self._images}  {time}{cold}{refined}{saved}", *event.notes)
        elif isinstance(event, Done | Failed):
            self.close()
            if isinstance(event, Failed):
                typer.echo(f"{event.model}: {event.message}", err=True)

    def close(self) -> None:
        """Leave the bar as it is; what is printed next goes below it."""
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def _advance(self, step: Step) -> None:
        if step.stage != self._stage:
            self.close()
        done = f"{step.model}{_STAGES[step.stage]} {step.image + step.images}/{self._images}"
        if self._bar is None:
            passes = -(-self._images // step.images)
            self._bar = tqdm(desc=done, total=step.steps * passes, file=sys.stderr, dynamic_ncols=True, bar_format=_BAR)
            self._stage = step.stage
        self._bar.set_description(done, refresh=False)
        self._bar.set_postfix_str(f"{step.iterations_per_second:.2f} it/s", refresh=False)
        self._bar.update(1)

    def _print(self, *lines: str) -> None:
        """Print each line above the bar, once: a note may come with every image."""
        for line in lines:
            if line not in self._printed:
                self._printed.add(line)
                tqdm.write(line, file=sys.stdout)
