"""What storing weights in fewer bits costs: images of the exported U-Nets beside those of the trained ones."""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportPrivateImportUsage=false

from collections.abc import Sequence
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from tqdm import tqdm

from ..engines.checkpoint.settings import read
from ..evaluation.scene_prompts import ask_scenes
from ..registry import MODELS, ModelSpec
from .loop import Process
from .run_folder import RunFolder
from .scene_export import SHIPPED_SCENES
from .stages.autoencoder import decibels
from .stages.painter import draw

_PART = 16  # images drawn together


@torch.inference_mode()
def compare_storage(run: RunFolder, models: Path, count: int) -> dict[str, dict[str, float]]:
    """Decibels (PSNR) between images of both U-Nets of each model, on average and at worst, over `count` prompts."""
    prompts = [asked.prompt for asked in ask_scenes("captions", count)]
    found = {}
    for name, shipped in SHIPPED_SCENES.items():
        if "unet" in shipped.parts and name in MODELS and MODELS[name].kind == "latent" and (models / name).exists():
            costs = _costs(run, MODELS[name], shipped.parts["unet"].rpartition("/")[0], models, prompts)
            found[name] = {"images": count, "mean": round(sum(costs) / count, 2), "worst": round(min(costs), 2)}
    return found


def _costs(run: RunFolder, spec: ModelSpec, stage: str, models: Path, prompts: Sequence[str]) -> list[float]:
    process = Process(compiled=False)
    exported = read(UNet2DConditionModel, models / spec.source / "unet", torch.float32, half_first=False)
    trained, stored = (_drawn(run, unet, spec, prompts, process) for unet in (run.load_unet(stage), exported))
    return [decibels(one[None], other[None]) for one, other in zip(stored, trained, strict=True)]


def _drawn(
    run: RunFolder, unet: UNet2DConditionModel, spec: ModelSpec, prompts: Sequence[str], process: Process
) -> Tensor:
    unet = unet.to(process.device).eval()
    words, vae = run.load_prompts(process.device, "teacher"), run.load_autoencoder(process.device)
    steps, guidance = spec.steps.default, max(spec.guidance.default, 1.0)
    parts = range(0, len(prompts), _PART)
    return torch.cat(
        [
            draw(unet, words, vae, prompts[start : start + _PART], steps, guidance, process, seed=7 + start).cpu()
            for start in tqdm(parts, desc=spec.id)
        ]
    )
