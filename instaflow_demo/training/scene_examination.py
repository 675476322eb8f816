"""How well a stage of the scenes' family draws: prompts drawn to be looked at, and figures beside them."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
import typer
from torch import Tensor

from ..grammar.understand import understand
from .loop import Process
from .run_folder import RunFolder
from .sheet import grid, to_image
from .stages import painter
from .stages.painter import SceneLatents


def examine_stage(
    stage: str,
    settings: Sequence[tuple[int, float]],
    files: RunFolder,
    scenes: SceneLatents,
    process: Process,
    prompts: Path,
    sheets: Path,
) -> None:
    """Draw the prompts, and say how far what a stage draws is from scenes: for each number of steps and guidance."""
    words = files.load_prompts(process.device, "teacher")
    unet = files.load_unet(stage).to(process.device, memory_format=torch.channels_last).eval().requires_grad_(False)
    vae = files.load_autoencoder(process.device)
    lines = prompts.read_text(encoding="utf-8").splitlines()
    for steps, guidance in settings:
        found = painter.examine(unet, words, vae, scenes, steps, guidance, process)
        if not process.is_main_process:
            continue
        drawn = painter.draw(unet, words, vae, lines, steps, guidance, process)
        found["difference_of_seeds"] = _difference(
            drawn, painter.draw(unet, words, vae, lines, steps, guidance, process, seed=1007), lines
        )
        typer.echo(f"{stage}, {steps} steps at guidance {guidance:g}: {json.dumps(found)}")
        sheets.mkdir(parents=True, exist_ok=True)
        for part in range(0, len(lines), 30):
            rows = slice(part, part + 30)
            images = [to_image(image) for image in drawn[rows]]
            path = sheets / f"{stage.replace('/', '-')}-{steps}-{guidance:g}-{part // 30}.jpg"
            grid(images, lines[rows], size=232).save(path, quality=90)
    process.wait_for_everyone()


def _difference(one: Tensor, other: Tensor, lines: Sequence[str]) -> float:
    """Mean absolute difference, of 255 levels, between two images of each prompt that names a place."""
    rows = [row for row, line in enumerate(lines) if understand(line).scene.place]
    return round(float((one[rows].clamp(-1, 1) - other[rows].clamp(-1, 1)).abs().mean()) * 127.5, 1)
