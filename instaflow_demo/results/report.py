"""From a run's events to tables and JSON: what the page, the command line and the downloads all show."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import Sentence
from ..events import Done, Event, Failed, ImageReady, Loading, Noted
from ..machine.environment import Environment
from ..measure import Measurement
from ..request import GenerationRequest, ModelRun
from .paper import PAPER, Method

# The fair figures come first; iterations per second mean little between systems with different step counts.
COLUMNS = (
    "System",
    "Images",
    "Mode",
    "Seconds per image",
    "Images per second",
    "Network evaluations",
    "Speed-up",
    "Time of each image",
    "Steps",
    "Guidance",
    "it/s",
    "Text, sampling, decoding (s)",
    "Load (s)",
    "Peak memory (MB)",
    "State",
)
DISCUSSION = (
    "System",
    "Measured",
    "Pixels",
    "Steps",
    "Network evaluations",
    "Seconds per image",
    "Speed-up",
    "it/s",
    "FID-5k",
    "CLIP score",
    "Source",
)
_UNKNOWN = "–"


@dataclass(frozen=True)
class Outcome:
    """What became of one model's part of a request: its images and measurement, or the sentence that says why not.

    `notes` are what the user was told of it, each once.
    """

    run: ModelRun
    images: tuple[ImageReady, ...] = ()
    measurement: Measurement | None = None
    error: str | None = None
    notes: tuple[Sentence, ...] = ()


def collect(events: Iterable[Event], request: GenerationRequest) -> tuple[Outcome, ...]:
    """Read a run's events to the end; one outcome for each model, in the request's order."""
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


def rows(outcomes: Sequence[Outcome], request: GenerationRequest) -> list[tuple[str, ...]]:
    """The comparison table: a row of `COLUMNS` for each model that finished."""
    measured = _measured(outcomes)
    slowest = _slowest(measured)
    return [_row(outcome, measurement, request, slowest) for outcome, measurement in measured]


def discussion(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """What was published of the released models, then what this run measured: a row of `DISCUSSION` for each system."""
    reported = [method for method in PAPER if method.checkpoint]
    slowest = max(method.seconds for method in reported)
    measured = _measured(outcomes)
    return [
        *(_reported_row(method, slowest) for method in reported),
        *(_measured_row(outcome.run, measurement, _slowest(measured)) for outcome, measurement in measured),
    ]


def to_csv(table: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS) -> str:
    """The comparison table, or another one with its own columns, as CSV with a header."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([columns, *table])
    return out.getvalue()


def to_markdown(table: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS) -> str:
    """The comparison table, or another one with its own columns, as GitHub Markdown."""
    lines = [columns, ["---"] * len(columns), *table]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


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


def _measured(outcomes: Iterable[Outcome]) -> list[tuple[Outcome, Measurement]]:
    """The models that finished, with what they took."""
    return [
        (outcome, outcome.measurement) for outcome in outcomes if outcome.measurement and outcome.measurement.images
    ]


def _slowest(measured: Iterable[tuple[Outcome, Measurement]]) -> float:
    return max((measurement.seconds_per_image for _, measurement in measured), default=0.0)


def _row(outcome: Outcome, m: Measurement, request: GenerationRequest, slowest: float) -> tuple[str, ...]:
    seconds = m.seconds_per_image
    return (
        outcome.run.model.title,
        str(m.images),
        "batched" if request.batched or any(p.images > 1 for p in m.passes) else "one by one",
        f"{seconds:.3f}",
        f"{m.images_per_second:.2f}",
        str(m.network_evaluations),
        _speed_up(slowest, seconds),
        ", ".join(f"{image.timing.seconds_per_image:.3f}" for image in outcome.images),
        _steps(outcome.run),
        f"{m.guidance:g}" if outcome.run.guided else "off",
        f"{m.iterations_per_second:.2f}",
        _stages_per_image(m),
        f"{m.load_s:.2f}",
        f"{m.peak_bytes / 1e6:.0f}",
        "warm" if m.warm else "cold",
    )


def _steps(run: ModelRun) -> str:
    """Both stages' where there are two."""
    return f"{run.steps} + {run.model.upsampling_steps}" if run.model.upsampling_steps else str(run.steps)


def _speed_up(slowest: float, seconds: float) -> str:
    return f"{slowest / seconds:.1f}x" if seconds else ""


def _reported_row(method: Method, slowest: float) -> tuple[str, ...]:
    asked = GenerationRequest.parse("a dog", method.checkpoint, steps={method.checkpoint: method.steps})
    (run,) = asked.runs  # with the guidance of the paper, which is each model's default
    speed_up = _speed_up(slowest, method.seconds)
    return (
        *(run.model.title, "in the paper, on an A100", str(run.size), _steps(run), str(run.network_evaluations)),
        *(f"{method.seconds:.2f}", speed_up, _UNKNOWN, f"{method.fid_5k:.1f}", f"{method.clip_score:.3f}"),
        method.source.text,
    )


def _measured_row(run: ModelRun, m: Measurement, slowest: float) -> tuple[str, ...]:
    seconds, state = m.seconds_per_image, "warm" if m.warm else "cold"
    where = f"here, {m.device}, {m.dtype}, {state}"
    return (
        *(run.model.title, where, str(run.size), _steps(run), str(m.network_evaluations)),
        *(
            f"{seconds:.3f}",
            _speed_up(slowest, seconds),
            f"{m.iterations_per_second:.2f}",
            _UNKNOWN,
            _UNKNOWN,
            "this run",
        ),
    )


def _stages_per_image(m: Measurement) -> str:
    """Seconds of text, sampling and decoding for an image, over the passes that `seconds_per_image` counts.

    Of a cascade, sampling is its base's and its upsampler's.
    """
    images = sum(p.images for p in m.counted)
    text, sample, upsample, decode = (
        sum(getattr(p, stage) for p in m.counted) / images for stage in ("text_s", "sample_s", "upsample_s", "decode_s")
    )
    sampling = f"{sample - upsample:.3f} + {upsample:.3f}" if upsample else f"{sample:.3f}"
    return f"{text:.3f} / {sampling} / {decode:.3f}"


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
