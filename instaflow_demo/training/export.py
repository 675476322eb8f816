"""From a training run to the folders that are shipped: weights, configurations, cards, checksums."""

import hashlib
import json
import math
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Any

import diffusers
import matplotlib
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ..errors import DemoError
from ..flow import RectifiedFlowScheduler
from ..grammar import concepts
from ..weights.convert_glide import write_index
from ..weights.files import SCALE
from . import family
from .run_folder import RunFolder

SHARED = "mini"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Shipped:
    """A folder of the shipped models: the parts of a training run that it is made of, and the stages that made them.

    Stages that the parts do not come from, but went on from, are `before`. A run may lack the parts named `optional`;
    of those that are `given`, which lay there before it, nothing is told.
    """

    title: str
    parts: Mapping[str, str]
    finish: Callable[[Path], None] = lambda folder: None
    before: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    given: tuple[str, ...] = ()

    @property
    def stages(self) -> tuple[str, ...]:
        own = (made.rpartition("/")[0] for part, made in self.parts.items() if part not in self.given)
        return tuple(dict.fromkeys([*self.before, *own]))

    def with_trained_parts(self, run: RunFolder) -> "Shipped | None":
        """With the parts that have been trained; None if others than the optional ones are lacking.

        Weights that were put into a run's folder, of whose training nothing is known, are not of that run.
        """
        parts = {
            part: made
            for part, made in self.parts.items()
            if (run.root / made).exists() and (part in self.given or _is_known(run, made))
        }
        before = tuple(stage for stage in self.before if (run.root / stage / "facts.json").exists())
        lacking = self.parts.keys() - set(self.optional) - parts.keys()
        return None if lacking else replace(self, parts=parts, before=before)


CardWriter = Callable[[str, Shipped, RunFolder, Path], None]
"""Writes the card of a folder: its name, what it is made of, the run that made it, and the folder itself."""


def write(
    run: RunFolder, target: Path, offered: Mapping[str, Shipped] | None = None, card: CardWriter | None = None
) -> tuple[str, ...]:
    """Replace the folders under `target` of what `run` has trained, and list every file's size and SHA-256.

    `offered` is what may be shipped, by default `SHIPPED`, and `card` writes about it. Returns the names of these
    folders; the others stay as they are.

    Raises:
        DemoError: when nothing is trained.
    """
    written = {
        name: made for name, shipped in (offered or SHIPPED).items() if (made := shipped.with_trained_parts(run))
    }
    if not written:
        raise DemoError("There is nothing to export in {folder}: run the stages first.", folder=run.root)
    for name, shipped in written.items():
        folder = _fresh(target / name)
        for part, made in shipped.parts.items():
            shutil.copytree(run.root / made, folder / part)
        shipped.finish(folder)
        draw_loss(run, shipped.stages, folder / "loss.png")
        (card or _write_card)(name, shipped, run, folder)
    write_manifest(target)
    return tuple(written)


def write_pipeline(run: RunFolder, stage: str, target: Path) -> None:
    """Write a folder of its own for the U-Net of `stage`, with what its family shares: a whole pipeline.

    Raises:
        DemoError: when there is something in `target` already, or the stage has made no U-Net.
    """
    shared = SHIPPED[SHARED]
    parts = {**shared.parts, "unet": f"{stage}/unet"}
    for part in shared.optional:
        if not (run.root / parts[part]).exists():
            del parts[part]
    for made in parts.values():
        run.find(made)
    if target.exists() and any(target.iterdir()):
        raise DemoError("{target} is not empty: choose another folder.", target=target)
    for part, made in parts.items():
        shutil.copytree(run.root / made, target / part)
    write_pipeline_index(target)


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


def _is_known(run: RunFolder, made: str) -> bool:
    return (run.root / made).with_name("facts.json").exists()


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_pipeline_index(folder: Path) -> None:
    """What diffusers reads first: the classes of a Stable Diffusion pipeline, and the scheduler."""
    RectifiedFlowScheduler().save_pretrained(folder / "scheduler")
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


def _ship_flow(folder: Path) -> None:
    """A Stable Diffusion pipeline whose U-Net has bfloat16's precision, which it was trained in, in float16 files.

    Nobody sees the difference (58 dB), and a fifth less has to be fetched: the bits that are zero take no room.
    """
    write_pipeline_index(folder)
    for file in (folder / "unet").glob("*.safetensors"):
        with safe_open(file, "pt") as tensors:
            about = tensors.metadata()
        weights = {name: tensor.bfloat16().half() for name, tensor in load_file(file).items()}
        save_file(weights, file, metadata=about)


def draw_loss(run: RunFolder, stages: Sequence[str], path: Path) -> None:
    """Draw the loss of each stage over its steps."""
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


def _write_card(name: str, shipped: Shipped, run: RunFolder, folder: Path) -> None:
    template = Template((_HERE / "cards" / f"{name}.md").read_text(encoding="utf-8"))
    text = template.substitute(
        title=shipped.title,
        concepts=len(concepts()),
        parameters=count_parameters(folder),
        training=tell_facts(run, shipped.stages),
        minutes=_minutes(run),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _minutes(run: RunFolder) -> str:
    """A table of the minutes of every way from the teacher to one step that has been trained."""
    ways = {
        model: [stage.folders for stage in family.choose_stages(names)] for model, names in family.TO_ONE_STEP.items()
    }
    return tell_minutes(run, {model: [folder for each in way for folder in each] for model, way in ways.items()})


def tell_minutes(run: RunFolder, ways: Mapping[str, Sequence[str]]) -> str:
    """A table of the minutes of those `ways` to a model, a list of stages each, that have been trained."""
    rows = ["| model | minutes | stages |", "|---|---|---|"]
    for model, stages in ways.items():
        if all((run.root / stage / "facts.json").exists() for stage in stages):
            minutes = sum(run.facts(stage)["minutes"] for stage in stages)
            names = dict.fromkeys(stage.partition("/")[0] for stage in stages)
            rows.append(f"| `{model}` | {minutes:.1f} | {', '.join(names)} |")
    return "\n".join(rows)


def tell_facts(run: RunFolder, stages: Sequence[str], without: Sequence[str] = ()) -> str:
    """A section for each stage with a table of what is recorded of it."""
    facts = {
        stage: {name: value for name, value in run.facts(stage).items() if name not in without} for stage in stages
    }
    return "\n".join(_rows(stage, found) for stage, found in facts.items())


def _rows(stage: str, facts: Mapping[str, Any]) -> str:
    lines = [f"### {stage}", "", "| | |", "|---|---|"]
    lines += [f"| {name.replace('_', ' ')} | {value} |" for name, value in facts.items()]
    return "\n".join([*lines, ""])


def count_parameters(folder: Path) -> str:
    """Parameters of each network in a folder, counted in the files that diffusers and transformers name like this."""
    millions = {part.name: _numbers(part.glob("*model*.safetensors")) / 1e6 for part in sorted(folder.iterdir())}
    return ", ".join(f"{name} {count:.1f} M" for name, count in millions.items() if count)


def _numbers(files: Iterable[Path]) -> int:
    """How many numbers there are in safetensors files, the scales of 8-bit ones left out."""
    count = 0
    for file in files:
        with safe_open(file, "pt") as tensors:
            names = [name for name in tensors.keys() if not name.endswith(SCALE)]  # noqa: SIM118 - it is no mapping
            count += sum(math.prod(tensors.get_slice(name).get_shape()) for name in names)
    return count


SHIPPED = MappingProxyType(
    {
        SHARED: Shipped(
            "What the mini family shares: text encoder, tokenizer and autoencoder",
            {
                "tokenizer": "text-encoder/tokenizer",
                "text_encoder": "text-encoder/text_encoder",
                "vae": "autoencoder/vae",
                "tiny_vae": "tiny-decoder/tiny_vae",
            },
            optional=("tiny_vae",),
        ),
        "sd-mini": Shipped("Stable Diffusion mini: the teacher", {"unet": "teacher/unet"}, _ship_flow),
        "2rf-mini": Shipped("2-Rectified Flow mini", {"unet": "reflow/unet"}, _ship_flow),
        "instaflow-mini": Shipped(
            "InstaFlow mini: one step", {"unet": "distill-perceptual/unet"}, _ship_flow, ("distill",)
        ),
        "sd-distill-mini": Shipped(
            "SD distilled mini: one step without reflow",
            {"unet": "direct-perceptual/unet"},
            _ship_flow,
            ("direct",),
        ),
        "pd-mini": Shipped(
            "Progressively distilled mini: one step by halving",
            {"unet": "progressive/1/unet"},
            _ship_flow,
            tuple(f"progressive/{steps}" for steps in (16, 8, 4, 2)),
        ),
        "text2im-mini": Shipped(
            "Text2im mini: GLIDE's cascade",
            {
                "tokenizer": "text2im-text/tokenizer",
                "text_encoder": "text2im-base/text_encoder",
                "unet": "text2im-base/unet",
                "upsampler_text_encoder": "text2im-upsampler/text_encoder",
                "upsampler": "text2im-upsampler/unet",
            },
            write_index,
        ),
        "judge": Shipped("The judge of the mini family's images", {"network": "judge/network"}),
    }
)
