"""The command line: the same service as the page, without a browser."""

import json
import logging
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tqdm.auto import tqdm

from . import report
from .environment import fingerprint
from .errors import DemoError, InvalidRequest
from .events import Done, Event, Failed, ImageReady, Loading, Step
from .gallery import Gallery
from .registry import DEFAULT_MODELS, MODELS, ModelSpec
from .request import GenerationRequest
from .service import Service
from .weights import Availability, Weights

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Prompt = Annotated[str, typer.Argument(help="What to draw.")]
Images = Annotated[int, typer.Option("--images", help="Images of each model, 1 to 8.")]
Steps = Annotated[int | None, typer.Option("--steps", help="Denoising steps; each model has its own default.")]
Guidance = Annotated[float | None, typer.Option("--guidance", help="Guidance scale; at most 1 is none.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of the first image; random if not given.")]
Negative = Annotated[str, typer.Option("--negative-prompt", help="What to avoid, where guidance is on.")]
Size = Annotated[int | None, typer.Option("--size", help="Pixels of each side.")]
Batched = Annotated[bool, typer.Option("--batched/--one-by-one", help="All images in one pass, or each in its own.")]
Dtype = Annotated[str, typer.Option("--dtype", help="auto, float32, float16 or bfloat16.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the images.")]
Save = Annotated[bool, typer.Option("--save/--no-save", help="Write the images to the folder.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write everything measured to this file.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@app.command()
def generate(
    prompt: Prompt,
    model: Annotated[str, typer.Option("--model", help="A model's id; see `models`.")] = DEFAULT_MODELS[0],
    images: Images = 1,
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = None,
    negative_prompt: Negative = "",
    size: Size = None,
    batched: Batched = False,
    dtype: Dtype = "auto",
    device: Device = "auto",
    out: Out = Path("outputs"),
    save: Save = True,
    json_file: JsonFile = None,
    debug: Debug = False,
) -> None:
    """Generate images with one model."""
    raw = dict(images=images, steps=steps, guidance=guidance, seed=seed, negative_prompt=negative_prompt)
    raw |= dict(size=size, batched=batched, dtype=dtype, device=device, save=save)
    _run(prompt, [model], raw, out, json_file, debug)


@app.command()
def compare(
    prompt: Prompt,
    models: Annotated[str, typer.Option("--models", help="Ids with commas between them.")] = ",".join(DEFAULT_MODELS),
    images: Images = 1,
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = None,
    negative_prompt: Negative = "",
    size: Size = None,
    batched: Batched = False,
    dtype: Dtype = "auto",
    device: Device = "auto",
    out: Out = Path("outputs"),
    save: Save = True,
    json_file: JsonFile = None,
    debug: Debug = False,
) -> None:
    """Generate images with several models in turn, and compare what they took."""
    raw = dict(images=images, steps=steps, guidance=guidance, seed=seed, negative_prompt=negative_prompt)
    raw |= dict(size=size, batched=batched, dtype=dtype, device=device, save=save)
    _run(prompt, [name.strip() for name in models.split(",") if name.strip()], raw, out, json_file, debug)


@app.command(name="models")
def list_models(json_file: JsonFile = None) -> None:
    """List the models: where each was found, or what is missing."""
    weights = Weights()
    found = {name: weights.availability(spec) for name, spec in MODELS.items()}
    table = Table("Id", "System", "Steps", "Size", "Licence", "Found, or what is missing", show_lines=True)
    for name, availability in found.items():
        spec = MODELS[name]
        where = availability.found if availability.available else availability.reason
        table.add_row(name, spec.title, str(spec.steps.default), f"{spec.size.default}", spec.licence, escape(where))
    _console().print(table)
    if json_file:
        listed = [_listed(MODELS[name], availability) for name, availability in found.items()]
        _write_json(json_file, {"models": listed})


def _run(prompt: str, models: list[str], raw: dict[str, Any], out: Path, json_file: Path | None, debug: bool) -> None:
    """Parse, run, show; ends the program with 2 for bad input and 1 for a model that failed."""
    logging.basicConfig(level=logging.ERROR if debug else logging.CRITICAL)
    if raw["seed"] is None:
        raw["seed"] = secrets.randbelow(2**31)
    try:
        request = GenerationRequest.parse(prompt, models, **raw)
    except InvalidRequest as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from (error if debug else None)
    service = Service(Weights(), Gallery(out))
    try:
        outcomes = report.collect(_shown(service.run(request), request), request)
        _finish(request, outcomes, out, json_file)
    except DemoError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from (error if debug else None)
    except KeyboardInterrupt as stop:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(130) from (stop if debug else None)
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1)


def _finish(
    request: GenerationRequest, outcomes: tuple[report.Outcome, ...], out: Path, json_file: Path | None
) -> None:
    """The table, then the JSON file."""
    measured = report.rows(outcomes, request)
    if measured:
        table = Table(*report.COLUMNS[:11])
        for row in measured:
            table.add_row(*row[:11])
        _console().print(table)
    if json_file:
        _write_json(json_file, report.results_json(fingerprint(out), request, outcomes))


def _shown(events: Iterator[Event], request: GenerationRequest) -> Iterator[Event]:
    """The events, each shown as it passes: a bar for every model, a line for every image."""
    typer.echo(f"seed: {request.seed}")
    for note in request.notes:
        typer.echo(note)
    bar: tqdm | None = None
    for event in events:
        if bar is None or bar.desc != f"{event.model}":
            bar = _next_bar(bar, event.model, request)
        _show(event, bar)
        yield event
    if bar is not None:
        bar.close()


def _next_bar(bar: tqdm | None, model: str, request: GenerationRequest) -> tqdm:
    if bar is not None:
        bar.close()
    steps = next(run.steps for run in request.runs if run.model.id == model)
    total = steps * (1 if request.batched else request.images)
    following = tqdm(total=total, unit="it", file=sys.stderr)
    following.desc = model  # set here, because tqdm would add a colon that the comparison above does not expect
    return following


def _show(event: Event, bar: tqdm) -> None:
    if isinstance(event, Loading):
        bar.write(f"{event.model}: loading", file=sys.stdout)
    elif isinstance(event, Step):
        bar.update(1)
    elif isinstance(event, ImageReady):
        saved = f"  {event.path}" if event.path else ""
        cold = "" if event.timing.warm else " (cold)"
        bar.write(f"{event.model} {event.index + 1}  time: {event.timing.seconds_per_image:.3f} s{cold}{saved}", file=sys.stdout)
        for note in event.notes if event.index == 0 else ():
            bar.write(note, file=sys.stdout)
    elif isinstance(event, Failed):
        bar.write(f"{event.model}: {event.message}", file=sys.stderr)
    elif isinstance(event, Done):
        bar.refresh()


def _listed(spec: ModelSpec, availability: Availability) -> dict[str, Any]:
    return {
        "id": spec.id,
        "title": spec.title,
        "family": spec.family,
        "source": spec.source,
        "licence": spec.licence,
        "steps": spec.steps.default,
        "size": spec.size.default,
        "download_bytes": spec.download_bytes,
        "available": availability.available,
        "found": availability.found or None,
        "missing": availability.reason or None,
    }


def _write_json(path: Path, values: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        typer.echo(f"{path} could not be written ({error.strerror}): choose another file with --json.", err=True)
        raise typer.Exit(1) from None


def _console() -> Console:
    # piped output has no width of its own, and cut cells would lose figures
    return Console(width=None if sys.stdout.isatty() else 200)


if __name__ == "__main__":
    app()
