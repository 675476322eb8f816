"""From a run's events to rows and JSON: what the page, the command line and the downloads all show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import Sentence
from ..events import Done, Event, Failed, ImageReady, Loading, Noted
from ..machine.environment import Environment
from ..measure import Measurement
from ..request import GenerationRequest, ModelRun
from .paper import PAPER, Method
from .tables import Column

# The fair figures come first; iterations per second mean little between systems with different step counts.
COLUMNS = (
    Column("system", "System"),
    Column("images", "Images"),
    Column("batched", "Mode", words=("one by one", "batched")),
    Column("seconds_per_image", "Seconds per image", ".3f"),
    Column("images_per_second", "Images per second", ".2f"),
    Column("network_evaluations", "Network evaluations"),
    Column("speed_up", "Speed-up", ".1f", unit="x", missing=""),
    Column("image_seconds", "Time of each image", ".3f"),
    Column("steps", "Steps", joint=" + "),
    Column("guidance", "Guidance", "g", missing="off"),
    Column("iterations_per_second", "it/s", ".2f"),
    Column("stage_seconds", "Text, sampling, decoding (s)", ".3f", joint=" / "),
    Column("load_s", "Load (s)", ".2f"),
    Column("peak_megabytes", "Peak memory (MB)", ".0f"),
    Column("warm", "State", words=("cold", "warm")),
)
DISCUSSION = (
    Column("system", "System"),
    Column("measured", "Measured"),
    Column("size", "Pixels"),
    Column("steps", "Steps", joint=" + "),
    Column("network_evaluations", "Network evaluations"),
    Column("seconds_per_image", "Seconds per image", lambda row: ".2f" if row.published else ".3f"),
    Column("speed_up", "Speed-up", ".1f", unit="x", missing=""),
    Column("iterations_per_second", "it/s", ".2f"),
    Column("fid_5k", "FID-5k", ".1f"),
    Column("clip_score", "CLIP score", ".3f"),
    Column("source", "Source"),
)


@dataclass(frozen=True)
class ComparisonRow:
    """A finished system in the table of a run.

    `speed_up` is against the slowest system, None where no time was measured or one of the times is cold; `guidance` is
    None where it is off.
    `steps` are those of each stage of a cascade, `image_seconds` those of each image, and `stage_seconds` the seconds
    per image of text, sampling and decoding, where sampling is in two parts of a cascade.
    """

    system: str
    images: int
    batched: bool
    seconds_per_image: float
    images_per_second: float
    network_evaluations: int
    speed_up: float | None
    image_seconds: tuple[float, ...]
    steps: tuple[int, ...]
    guidance: float | None
    iterations_per_second: float
    stage_seconds: tuple[float | tuple[float, float], ...]
    load_s: float
    peak_megabytes: float
    warm: bool


@dataclass(frozen=True)
class DiscussionRow:
    """A system as it was published, or as this run measured it: iterations per second or quality, never both."""

    system: str
    measured: str
    size: int
    steps: tuple[int, ...]
    network_evaluations: int
    seconds_per_image: float
    speed_up: float | None
    source: str
    iterations_per_second: float | None = None
    fid_5k: float | None = None
    clip_score: float | None = None

    @property
    def published(self) -> bool:
        """Whether the seconds are the paper's, which gives two decimals."""
        return self.iterations_per_second is None


@dataclass(frozen=True)
class Outcome:
    """One model's part of a request: its images and measurement, or the sentence that says why there are none.

    `notes` are the sentences that the user has seen about it, each once.
    """

    run: ModelRun
    images: tuple[ImageReady, ...] = ()
    measurement: Measurement | None = None
    error: str | None = None
    notes: tuple[Sentence, ...] = ()


def collect(events: Iterable[Event], request: GenerationRequest) -> tuple[Outcome, ...]:
    """Read a run's events to the end: an outcome for each model, in the request's order."""
    images: dict[str, list[ImageReady]] = {run.model.id: [] for run in request.runs}
    ends: dict[str, Done | Failed] = {}
    notes: dict[str, dict[Sentence, None]] = {run.model.id: {} for run in request.runs}
    for event in events:
        if isinstance(event, Loading | Noted | ImageReady):
            notes[event.model] |= dict.fromkeys(event.notes)
        if isinstance(event, ImageReady):
            images[event.model].append(event)
        elif isinstance(event, Done | Failed):
            ends[event.model] = event
    return tuple(
        replace(_outcome(run, images[run.model.id], ends.get(run.model.id)), notes=tuple(notes[run.model.id]))
        for run in request.runs
    )


def comparison_rows(outcomes: Sequence[Outcome], request: GenerationRequest) -> list[ComparisonRow]:
    """The comparison table: a row for each model that finished."""
    finished = _with_measurements(outcomes)
    slowest = _slowest(finished)
    return [_comparison_row(outcome, measurement, request, slowest) for outcome, measurement in finished]


def discussion_rows(outcomes: Sequence[Outcome]) -> list[DiscussionRow]:
    """What was published of the released models, then what this run measured."""
    published = [method for method in PAPER if method.checkpoint]
    slowest = max(method.seconds for method in published)
    finished = _with_measurements(outcomes)
    return [
        *(_published_row(method, slowest) for method in published),
        *(_measured_row(outcome.run, measurement, _slowest(finished)) for outcome, measurement in finished),
    ]


def results_json(environment: Environment, request: GenerationRequest, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything about a run as plain values, for `--json`."""
    return {
        "environment": environment.to_dict(),
        "seed": request.seed,
        "notes": list(request.notes),
        "results": [_result(outcome, request) for outcome in outcomes],
    }


def _outcome(run: ModelRun, images: list[ImageReady], end: Done | Failed | None) -> Outcome:
    measurement = end.measurement if isinstance(end, Done) else None
    error = end.message if isinstance(end, Failed) else None if measurement else Sentence("The run was stopped.")
    return Outcome(run, tuple(images), measurement, error)


def _with_measurements(outcomes: Iterable[Outcome]) -> list[tuple[Outcome, Measurement]]:
    """The models that finished, with what they took."""
    return [
        (outcome, outcome.measurement) for outcome in outcomes if outcome.measurement and outcome.measurement.images
    ]


def _slowest(finished: Sequence[tuple[Outcome, Measurement]]) -> float | None:
    """The longest time of an image; None where a time is cold, for cold times say nothing of how models compare."""
    if not all(measurement.warm for _, measurement in finished):
        return None
    return max((measurement.seconds_per_image for _, measurement in finished), default=0.0)


def _comparison_row(
    outcome: Outcome, m: Measurement, request: GenerationRequest, slowest: float | None
) -> ComparisonRow:
    return ComparisonRow(
        system=outcome.run.model.title,
        images=m.images,
        batched=request.batched or any(p.images > 1 for p in m.passes),
        seconds_per_image=m.seconds_per_image,
        images_per_second=m.images_per_second,
        network_evaluations=m.network_evaluations,
        speed_up=_speed_up(slowest, m.seconds_per_image),
        image_seconds=tuple(image.timing.seconds_per_image for image in outcome.images),
        steps=_steps(outcome.run),
        guidance=m.guidance if outcome.run.guided else None,
        iterations_per_second=m.iterations_per_second,
        stage_seconds=_stages_per_image(m),
        load_s=m.load_s,
        peak_megabytes=m.peak_bytes / 1e6,
        warm=m.warm,
    )


def _steps(run: ModelRun) -> tuple[int, ...]:
    """Both stages' where there are two."""
    return (run.steps, run.model.upsampling_steps) if run.model.upsampling_steps else (run.steps,)


def _speed_up(slowest: float | None, seconds: float) -> float | None:
    return slowest / seconds if slowest is not None and seconds else None


def _published_row(method: Method, slowest: float) -> DiscussionRow:
    asked = GenerationRequest.parse("a dog", method.checkpoint, steps={method.checkpoint: method.steps})
    (run,) = asked.runs  # with the guidance of the paper, which is each model's default
    return DiscussionRow(
        system=run.model.title,
        measured="in the paper, on an A100",
        size=run.size,
        steps=_steps(run),
        network_evaluations=run.network_evaluations,
        seconds_per_image=method.seconds,
        speed_up=_speed_up(slowest, method.seconds),
        fid_5k=method.fid_5k,
        clip_score=method.clip_score,
        source=method.source.text,
    )


def _measured_row(run: ModelRun, m: Measurement, slowest: float | None) -> DiscussionRow:
    return DiscussionRow(
        system=run.model.title,
        measured=f"here, {m.device}, {m.dtype}, {'warm' if m.warm else 'cold'}",
        size=run.size,
        steps=_steps(run),
        network_evaluations=m.network_evaluations,
        seconds_per_image=m.seconds_per_image,
        speed_up=_speed_up(slowest, m.seconds_per_image),
        iterations_per_second=m.iterations_per_second,
        source="this run",
    )


def _stages_per_image(m: Measurement) -> tuple[float | tuple[float, float], ...]:
    """Seconds of text, sampling and decoding for an image, over the passes that `seconds_per_image` counts.

    The sampling of a cascade is its base's and its upsampler's.
    """
    images = sum(p.images for p in m.counted)
    text, sample, upsample, decode = (
        sum(getattr(p, stage) for p in m.counted) / images for stage in ("text_s", "sample_s", "upsample_s", "decode_s")
    )
    return text, (sample - upsample, upsample) if upsample else sample, decode


def _result(outcome: Outcome, request: GenerationRequest) -> dict[str, Any]:
    run, m = outcome.run, outcome.measurement
    common: dict[str, Any] = {
        "model": run.model.id,
        "prompt": request.prompt,
        "steps": run.steps,
        "upsampling_steps": run.model.upsampling_steps,
        "guidance": run.guidance,
        "network_evaluations": run.network_evaluations,
        "loras": [{"file": lora.path.name, "scale": lora.scale} for lora in request.loras],
        "delta_from": request.delta_from or None,
        "notes": list(outcome.notes),
    }
    images = [_image(image) for image in outcome.images]
    if m is None:
        return {**common, "error": outcome.error, "images": images}
    return {**common, **_figures(m), "images": images}


def _figures(m: Measurement) -> Mapping[str, Any]:
    return {
        "device": m.device,
        "dtype": m.dtype,
        "backend": m.backend,
        "decoder": m.decoder,
        "warm": m.warm,
        "load_seconds": m.load_s,
        "text_seconds": m.text_s,
        "sample_seconds": m.sample_s,
        "upsample_seconds": m.upsample_s,
        "decode_seconds": m.decode_s,
        "total_seconds": m.total_s,
        "iterations_per_second": m.iterations_per_second,
        "peak_bytes": m.peak_bytes,
        "commit": m.commit or None,
    }


def _image(event: ImageReady) -> dict[str, Any]:
    return {
        "index": event.index,
        "seed": event.seed,
        "seconds": event.timing.seconds_per_image,
        "refine_seconds": event.refinement.seconds if event.refinement else None,
        "iterations_per_second": event.timing.iterations_per_second,
        "sha256": event.sha256,
        "path": str(event.path) if event.path else None,
    }
