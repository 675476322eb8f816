"""What the cells of assets/instaflow_demo.ipynb call: load a model, run it, compare it, discuss what came out."""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from ..errors import ModelUnavailable
from ..events import ImageReady
from ..gallery import Gallery
from ..machine.paths import parse_path
from ..registry import MODELS
from ..request import RANDOM_SEED, GenerationRequest
from ..results import report, tables
from ..results.report import Outcome
from ..service import Service
from ..weights.locate import Weights, parse_folders
from . import progress
from .notebook_words import SAVED_ELSEWHERE, reword_events, rewording

_ROW = "display: flex; flex-wrap: wrap; gap: 1em"


@dataclass(frozen=True)
class Loaded:
    """A model that is ready, and the service that keeps it so. `download` lets others be fetched as well."""

    model: str
    torch_dtype: str
    download: bool
    service: Service = field(repr=False)
    weights: Weights = field(repr=False)


@dataclass(frozen=True)
class Results:
    """What a run was asked for, and what became of it."""

    request: GenerationRequest
    outcomes: tuple[Outcome, ...]


def load(model: str, torch_dtype: str = "auto", *, download: bool = False, out: Path | str = "outputs") -> Loaded:
    """Load a model on the GPU, or on the CPU where there is none, and draw one image in as few steps as it allows.

    So the times of later runs are warm. With `download`, a published model that is not here is fetched first.

    Raises:
        DemoError: with a sentence, if the model cannot be used.
    """
    weights = Weights(folders=parse_folders())
    gallery = Gallery(parse_path(out), remedy=SAVED_ELSEWHERE)
    loaded = Loaded(model, torch_dtype, download, Service(weights, gallery), weights)
    fewest = {name: spec.steps.low for name, spec in MODELS.items()}
    request = GenerationRequest.parse("a big dog", model, steps=fewest, dtype=torch_dtype, save=False)
    (outcome,) = _generate(loaded, request).outcomes
    measured = outcome.measurement
    if measured is None:
        raise ModelUnavailable(outcome.error)  # pyright: ignore[reportArgumentType] - what was not measured has failed
    _say(f"**{outcome.run.model.title}** is ready on {measured.device} in {measured.dtype}.")
    return loaded


def run(
    loaded: Loaded,
    prompt: str,
    number_of_images: int = 1,
    *,
    seed: int = RANDOM_SEED,
    negative_prompt: str = "",
    steps: int | None = None,
    guidance: float | None = None,
    display_images: bool = True,
    save_images: bool = False,
    refine: bool = False,
) -> Results:
    """Generate with the loaded model: a bar while it works, then the images and a table of what they took.

    The seed, drawn if none is given, is printed. `steps` and `guidance` are the model's own where they are None.

    Raises:
        DemoError: as `compare`.
    """
    return compare(
        loaded,
        prompt,
        [loaded.model],
        number_of_images,
        seed=seed,
        negative_prompt=negative_prompt,
        steps=steps,
        guidance=guidance,
        display_images=display_images,
        save_images=save_images,
        refine=refine,
    )


def compare(
    loaded: Loaded,
    prompt: str,
    models: Iterable[str],
    number_of_images: int = 1,
    *,
    seed: int = RANDOM_SEED,
    negative_prompt: str = "",
    steps: int | None = None,
    guidance: float | None = None,
    display_images: bool = True,
    save_images: bool = False,
    refine: bool = False,
) -> Results:
    """Generate with several models in turn, from the same seeds, and show them side by side.

    `steps` and `guidance` are for all models that leave them open, and each model's own where they are None.

    With `refine`, the SDXL refiner takes every image afterwards, in a time of its own.

    Raises:
        InvalidRequest: with a sentence for everything that is wrong.
        ModelUnavailable: when images are to be refined and the refiner is not here.
    """
    request = GenerationRequest.parse(
        prompt,
        models,
        images=number_of_images,
        seed=seed,
        negative_prompt=negative_prompt,
        steps=steps,
        guidance=guidance,
        dtype=loaded.torch_dtype,
        save=save_images,
        refine=refine,
    )
    results = _generate(loaded, request)
    if display_images:
        _show_images(results)
    if rows := report.comparison_rows(results.outcomes, request):
        _say(tables.to_markdown(rows, report.COLUMNS))
    return results


def discuss(results: Results) -> None:
    """Show the published figures, and below them those of this run."""
    _say(tables.to_markdown(report.discussion_rows(results.outcomes), report.DISCUSSION))


def _generate(loaded: Loaded, request: GenerationRequest) -> Results:
    with rewording():
        progress.prepare(request, loaded.weights, download=loaded.download)
    events = progress.show(reword_events(loaded.service.run(request)), request)
    return Results(request, report.collect(events, request))


def _say(markdown: str) -> None:
    from IPython.display import Markdown, display  # noqa: PLC0415 - only notebooks have it

    display(Markdown(markdown))


def _show_images(results: Results) -> None:
    """A column for each model, with its images side by side where there is room."""
    from IPython.display import HTML, display  # noqa: PLC0415 - only notebooks have it

    columns = "".join(_column(outcome, results.request.prompt) for outcome in results.outcomes)
    display(HTML(f'<div style="{_ROW}">{columns}</div>'))


def _column(outcome: Outcome, prompt: str) -> str:
    figures = "".join(_figure(image, prompt) for image in outcome.images)
    error = f"<p>{escape(outcome.error)}</p>" if outcome.error else ""
    return f'<section><h4>{escape(outcome.run.model.title)}</h4><div style="{_ROW}">{figures}</div>{error}</section>'


def _figure(event: ImageReady, prompt: str) -> str:
    """An image with its times below; its pixels are in the page itself, so that a stored notebook keeps them."""
    png = io.BytesIO()
    event.image.save(png, "PNG")
    source = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
    image = f'<img src="{source}" alt="{escape(prompt)}" style="max-width: 100%">'
    return f'<figure style="margin: 0">{image}<figcaption>{_times(event)}</figcaption></figure>'


def _times(event: ImageReady) -> str:
    timing = event.timing
    cold = "" if timing.warm else " (cold)"
    refined = f", refined in {event.refinement.seconds:.3f} s" if event.refinement else ""
    return f"{timing.seconds_per_image:.3f} s, {timing.iterations_per_second:.2f} it/s{cold}{refined}"
