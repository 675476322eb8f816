"""Images of each method of the paper, drawn once by the shipped model that repeats it, from the same prompts and noise.

A folder holds `samples.json` and a strip of each method: an image for each prompt, in their order.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ..errors import DemoError
from ..events import Failed, ImageReady
from ..machine.environment import Environment
from ..request import GenerationRequest
from ..service import Service

FOLDER = Path(__file__).parents[2] / "assets" / "results" / "samples"
_FILE, _QUALITY = "samples.json", 82  # of WebP
SIDE = 192
"""Pixels of a side of an image; they are drawn larger."""

Case = tuple[str, int]
"""A model's id and its steps."""


@dataclass(frozen=True)
class Samples:
    """The strips, by what drew them; `machine` names where."""

    prompts: tuple[str, ...]
    seed: int
    machine: str
    strips: Mapping[Case, Path]


def draw_samples(service: Service, case: Case, prompts: Sequence[str], seed: int) -> Image.Image:
    """One image of each prompt beside the next, all from the same noise.

    Raises:
        DemoError: with the sentence of the model, if it failed.
    """
    strip = Image.new("RGB", (SIDE * len(prompts), SIDE))
    for place, prompt in enumerate(prompts):
        image = _draw(service, case, prompt, seed)
        strip.paste(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (SIDE * place, 0))
    return strip


def store_samples(
    strips: Mapping[Case, Image.Image], prompts: Sequence[str], seed: int, machine: Environment, folder: Path
) -> None:
    """Write strips into `folder`, whose files of that name go."""
    folder.mkdir(parents=True, exist_ok=True)
    for case, strip in strips.items():
        strip.save(folder / _name(case), "WEBP", quality=_QUALITY, method=6)
    said = {"prompts": list(prompts), "seed": seed, "machine": machine.name, "cases": [list(case) for case in strips]}
    (folder / _FILE).write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_samples(folder: Path) -> Samples | None:
    """The strips in `folder`; None where there are none."""
    file = folder / _FILE
    if not file.is_file():
        return None
    said = json.loads(file.read_text(encoding="utf-8"))
    strips = {(model, steps): folder / _name((model, steps)) for model, steps in said["cases"]}
    return Samples(tuple(said["prompts"]), said["seed"], said["machine"], strips)


def _draw(service: Service, case: Case, prompt: str, seed: int) -> Image.Image:
    model, steps = case
    request = GenerationRequest.parse(prompt, [model], seed=seed, steps={model: steps}, save=False)
    (image,) = _images(service, request)
    return image


def _images(service: Service, request: GenerationRequest) -> Iterator[Image.Image]:
    for event in service.run(request, patient=True):
        if isinstance(event, Failed):
            raise DemoError(event.message)
        if isinstance(event, ImageReady):
            yield event.image


def _name(case: Case) -> str:
    return "{}-{}.webp".format(*case)
