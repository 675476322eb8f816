"""From a training run to the folders that are shipped: weights, configurations, cards, checksums."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import diffusers
import matplotlib

from ..flow import RectifiedFlowScheduler
from .concepts import concepts
from .stages import RunFolder

SHARED = "mini"
UNETS = {"sd-mini": "teacher", "2rf-mini": "reflow", "instaflow-mini": "distill"}
_SHARED_PARTS = {
    "tokenizer": "text-encoder/tokenizer",
    "text_encoder": "text-encoder/text_encoder",
    "vae": "autoencoder/vae",
}
_TITLES = {
    "sd-mini": "Stable Diffusion mini: the teacher",
    "2rf-mini": "2-Rectified Flow mini",
    "instaflow-mini": "InstaFlow mini: one step",
    SHARED: "What the mini family shares: text encoder, tokenizer and autoencoder",
}
_HERE = Path(__file__).parent


def write(run: RunFolder, target: Path) -> None:
    """Replace the family's folders under `target` with what `run` made, and list every file's size and SHA-256."""
    shared = _fresh(target / SHARED)
    for part, made in _SHARED_PARTS.items():
        shutil.copytree(run.root / made, shared / part)
    _loss_curve(run, ["text-encoder", "autoencoder"], shared / "loss.png")
    _card(SHARED, shared, {stage: run.facts(stage) for stage in ("text-encoder", "autoencoder")})
    for model, stage in UNETS.items():
        folder = _fresh(target / model)
        shutil.copytree(run.root / stage / "unet", folder / "unet")
        RectifiedFlowScheduler().save_pretrained(folder / "scheduler")
        _model_index(folder)
        _loss_curve(run, [stage], folder / "loss.png")
        _card(model, folder, {stage: run.facts(stage)})
    write_manifest(target)


def write_manifest(target: Path) -> None:
    """List every file under `target` with its size and SHA-256 in MANIFEST.json."""
    manifest = target / "MANIFEST.json"
    files = sorted(path for path in target.rglob("*") if path.is_file() and path != manifest)
    entries = {
        path.relative_to(target).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in files
    }
    manifest.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _model_index(folder: Path) -> None:
    """What diffusers reads first: the classes of a Stable Diffusion pipeline."""
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": diffusers.__version__,
        "scheduler": ["instaflow_demo.flow", "RectifiedFlowScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _loss_curve(run: RunFolder, stages: list[str], path: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415 - the backend must be chosen first

    figure, axes = pyplot.subplots(1, len(stages), figsize=(5 * len(stages), 3), squeeze=False)
    for axis, stage in zip(axes[0], stages, strict=True):
        log = run.log(stage)
        axis.plot([line["step"] for line in log], [line["loss"] for line in log])
        axis.set(title=stage, xlabel="step", ylabel="loss", yscale="log")
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _card(model: str, folder: Path, facts: Mapping[str, Mapping[str, Any]]) -> None:
    template = Template((_HERE / "cards" / f"{model}.md").read_text(encoding="utf-8"))
    rows = [_rows(stage, values) for stage, values in facts.items()]
    text = template.substitute(
        title=_TITLES[model], concepts=len(concepts()), parameters=_parameters(folder), training="\n".join(rows)
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _rows(stage: str, facts: Mapping[str, Any]) -> str:
    lines = [f"### {stage}", "", "| | |", "|---|---|"]
    lines += [f"| {name.replace('_', ' ')} | {value} |" for name, value in facts.items()]
    return "\n".join([*lines, ""])


def _parameters(folder: Path) -> str:
    """Parameters of each network in a folder, counted from the sizes of its float16 files."""
    sizes = {
        part.name: sum(file.stat().st_size for file in part.glob("*.safetensors")) / 2e6
        for part in sorted(folder.iterdir())
        if part.is_dir()
    }
    return ", ".join(f"{name} {millions:.1f} M" for name, millions in sizes.items() if millions)
