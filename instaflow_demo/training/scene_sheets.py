"""Sheets of the family that draws scenes: random prompts of the grammar, and prompts of the kind that people type."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import torch
from tqdm import tqdm

from .. import engines
from ..engines.batches import Batch
from ..engines.pixels import to_pil
from ..evaluation.scene_prompts import ask_scenes
from ..machine import device
from ..registry import ModelSpec
from ..request import GenerationRequest
from ..weights.locate import Weights
from .sheet import grid

DRAWN = ("sd-mini", "instaflow-mini", "text2im-mini")
RANDOM_PROMPTS = 36
_HERE = Path(__file__).parent


def typed_prompts() -> tuple[str, ...]:
    """Sixty prompts of the kind that people type, written down before any of them was drawn."""
    return tuple((_HERE / "typed_prompts.txt").read_text(encoding="utf-8").splitlines())


def prompts_of_sheets() -> dict[str, tuple[str, ...]]:
    """The prompts of each sheet by its name."""
    random = tuple(asked.prompt for asked in ask_scenes("captions", RANDOM_PROMPTS))
    return {"random": random, "typed": typed_prompts()}


@torch.inference_mode()
def draw_sheets(spec: ModelSpec, models: Path, target: Path, batch: int, seed: int) -> Iterator[Path]:
    """Draw a system's sheets as the demo draws, and yield their files."""
    engine = cast(engines.Sampler, engines.load(spec, Weights(models).locate(spec), device.choose("auto", "auto")))
    (run,) = GenerationRequest.parse("a prompt", spec.id).runs
    for name, prompts in prompts_of_sheets().items():
        images = []
        for start in tqdm(range(0, len(prompts), batch), desc=f"{spec.id} {name}"):
            some = prompts[start : start + batch]
            seeds = tuple(range(seed + start, seed + start + len(some)))
            images += to_pil(engine.sample(Batch(some, seeds), run).pixels)
        path = target / f"{spec.id}-{name}.jpg"
        grid(images, prompts).save(path, quality=88)
        yield path
    engine.close()
