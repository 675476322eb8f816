"""A comparison that was run once and is kept, so that the page has something to show before anybody presses a button.

Its folder holds `run.json` and an image of each model. Measured times are kept with the machine they were measured on.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import DemoError
from ..events import Done, Event, ImageReady
from ..machine.environment import Environment
from ..measure import Measurement, Timing
from ..request import GenerationRequest

FOLDER = Path(__file__).parents[2] / "assets" / "results" / "first-run"
_FILE, _QUALITY = "run.json", 90  # of WebP


@dataclass(frozen=True)
class StoredImage:
    """One model's image, the file that holds it, its timing and the model's measurement."""

    model: str
    seed: int
    path: Path
    timing: Timing
    measurement: Measurement


@dataclass(frozen=True)
class StoredRun:
    """A comparison of one image of each model, in the order in which they were run; `processor` names where."""

    request: GenerationRequest
    processor: str
    cores: int
    images: tuple[StoredImage, ...]


def store_run(request: GenerationRequest, events: Iterable[Event], machine: Environment, folder: Path) -> None:
    """Write the run of one image of each model that `events` tell of into `folder`, whose files of that name go.

    Raises:
        DemoError: with the sentence of a model that failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ready: dict[str, ImageReady] = {}
    stored: list[dict[str, Any]] = []
    for event in events:
        match event:
            case ImageReady():
                ready[event.model] = event
            case Done():
                stored.append(_store_image(ready[event.model], event.measurement, folder))
    if len(stored) < len(request.runs):
        raise DemoError("Not every model of the run finished.")
    said = {
        "prompt": request.prompt,
        "seed": request.seed,
        "processor": machine.gpu or machine.cpu,
        "cores": machine.cores,
        "images": stored,
    }
    (folder / _FILE).write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _store_image(image: ImageReady, measurement: Measurement, folder: Path) -> dict[str, Any]:
    name = f"{image.model}.webp"
    image.image.save(folder / name, "WEBP", quality=_QUALITY, method=6)
    return {
        "model": image.model,
        "file": name,
        "seed": image.seed,
        "timing": asdict(image.timing),
        "measurement": asdict(measurement),
    }


def load_stored_run(folder: Path, models: Sequence[str]) -> StoredRun | None:
    """The run in `folder`, with those of its models that are among `models`; None where there is none of them."""
    file = folder / _FILE
    if not file.is_file():
        return None
    said = json.loads(file.read_text(encoding="utf-8"))
    images = tuple(_load_image(each, folder) for each in said["images"] if each["model"] in models)
    if not images:
        return None
    request = GenerationRequest.parse(
        said["prompt"],
        [image.model for image in images],
        seed=said["seed"],
        steps={image.model: image.measurement.steps for image in images},
        guidance={image.model: image.measurement.guidance for image in images},
    )
    return StoredRun(request, said["processor"], said["cores"], images)


def _load_image(said: dict[str, Any], folder: Path) -> StoredImage:
    measured = {**said["measurement"], "passes": tuple(Timing(**each) for each in said["measurement"]["passes"])}
    return StoredImage(
        said["model"], said["seed"], folder / said["file"], Timing(**said["timing"]), Measurement(**measured)
    )
