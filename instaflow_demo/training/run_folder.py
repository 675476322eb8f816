"""The layout of a training run's folder, and the facts that model cards report about each stage."""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportPrivateImportUsage=false

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from huggingface_hub import save_torch_state_dict
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTokenizer, GPT2Tokenizer

from ..errors import DemoError
from ..glide import TextEncoder
from ..weights.eight_bits import to_8_bits
from .loop import Budget, Progress
from .stages.features import Features
from .stages.teacher import Prompts
from .stages.text_encoder import Lexicon, Meanings

SHARD = "9MB"  # Hugging Face refuses plain files over 10 MB, so smaller ones keep `git push` to a Space simple


@dataclass(frozen=True)
class RunFolder:
    """One training run on disk: a folder for each stage."""

    root: Path

    @property
    def sprites(self) -> Path:
        return self.root / "sprites.zip"

    def save_words(self, words: Lexicon, meanings: Meanings) -> None:
        self.stage("words")
        text = json.dumps({"synonyms": words.synonyms, "others": words.others}, ensure_ascii=False)
        (self.root / "words/lexicon.json").write_text(text, encoding="utf-8")
        save_file(vars(meanings), self.root / "words/meanings.safetensors")

    def load_words(self) -> tuple[Lexicon, Meanings]:
        made = self.find("words")
        words = json.loads((made / "lexicon.json").read_text(encoding="utf-8"))
        lexicon = Lexicon(tuple(map(tuple, words["synonyms"])), tuple(words["others"]))
        return lexicon, Meanings(**load_file(made / "meanings.safetensors"))

    def stage(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def load_tokenizer(self) -> CLIPTokenizer:
        return CLIPTokenizer.from_pretrained(self.find("text-encoder/tokenizer"), local_files_only=True)

    def load_text_encoder(self, stage: str = "text-encoder") -> CLIPTextModel:
        return CLIPTextModel.from_pretrained(self.find(f"{stage}/text_encoder"), dtype=torch.float32)

    def load_prompts(self, device: torch.device, stage: str = "text-encoder") -> Prompts:
        """The frozen text encoder as `stage` left it, with the tokenizer."""
        encoder = self.load_text_encoder(stage)
        return Prompts(self.load_tokenizer(), encoder.to(device).eval().requires_grad_(False))

    def load_autoencoder(self, device: torch.device, stage: str = "autoencoder") -> AutoencoderKL:
        vae = AutoencoderKL.from_pretrained(self.find(f"{stage}/vae"), torch_dtype=torch.float32)
        return vae.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)

    def load_tiny_decoder(self) -> AutoencoderTiny:
        return AutoencoderTiny.from_pretrained(self.find("tiny-decoder/tiny_vae"), torch_dtype=torch.float32)

    def load_text2im_tokenizer(self) -> GPT2Tokenizer:
        return GPT2Tokenizer.from_pretrained(self.find("text2im-text/tokenizer"), local_files_only=True)

    def load_text2im_text_encoder(self, stage: str = "text2im-text") -> TextEncoder:
        return TextEncoder.from_pretrained(self.find(f"{stage}/text_encoder"), torch_dtype=torch.float32)

    def load_features(self, device: torch.device) -> Features:
        return Features.load(self.find("features"), device)

    def load_unet(self, stage: str) -> UNet2DConditionModel:
        return UNet2DConditionModel.from_pretrained(self.find(f"{stage}/unet"), torch_dtype=torch.float32)

    def left_by_earlier_run(self, stage: str, network: str = "unet") -> bool:
        """Whether a run of `stage` has ended and left its weights, but no optimiser state to resume from."""
        return (self.root / stage / network).exists() and not (self.root / stage / "checkpoint").exists()

    def is_finished(self, stage: str, budget: Budget) -> bool:
        """Whether `stage` has used up `budget` and saved what it made."""
        folder = self.root / stage
        if not (folder / "facts.json").exists():
            return False
        last = json.loads((folder / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
        return budget.fraction(last["step"], last["seconds"]) >= 1

    def facts(self, stage: str) -> dict[str, Any]:
        return json.loads((self.find(stage) / "facts.json").read_text(encoding="utf-8"))

    def log(self, stage: str) -> list[dict[str, float]]:
        """The lines of a stage's log, with steps counted on where a run went on from the weights of an earlier one."""
        lines = [json.loads(line) for line in (self.find(stage) / "log.jsonl").read_text(encoding="utf-8").splitlines()]
        before, last = 0, 0
        for line in lines:
            before += last if line["step"] == 1 else 0
            last = line["step"]
            line["step"] += before
        return lines

    def find(self, path: str) -> Path:
        """The folder of something that a stage has made.

        Raises:
            DemoError: when it has not.
        """
        folder = self.root / path
        if not folder.exists():
            raise DemoError(
                "{folder} is missing: run the stage {stage!r} first.", folder=folder, stage=path.partition("/")[0]
            )
        return folder


def save_half(network: Any, folder: Path) -> None:
    """Save a network as float16 safetensors in small shards, leaving the network itself as it was.

    Weights that were there before are removed: transformers would read an old file of all weights before new shards.
    """
    copy = (
        type(network).from_config(network.config) if hasattr(network, "from_config") else type(network)(network.config)
    )
    copy.load_state_dict(network.state_dict())
    for old in folder.glob("*.safetensors*"):
        old.unlink()
    copy.half().save_pretrained(folder, max_shard_size=SHARD)


def store_in_8_bits(folder: Path) -> None:
    """Replace the weights of a network of diffusers' in `folder` by the same in 8 bits, in small shards."""
    files = list(folder.glob("*.safetensors"))
    state = {name: tensor for file in files for name, tensor in load_file(file).items()}
    for old in folder.glob("*.safetensors*"):
        old.unlink()
    pattern = "diffusion_pytorch_model{suffix}.safetensors"
    save_torch_state_dict(to_8_bits(state), folder, filename_pattern=pattern, max_shard_size=SHARD)


def record(folder: Path, progress: Progress, extra: Mapping[str, Any]) -> None:
    """Write what a model card says about a stage: the command, the hardware, the time, the loss."""
    facts = {
        "command": " ".join(["python -m instaflow_demo.training", *sys.argv[1:]]),
        "hardware": _hardware(),
        "steps": progress.step,
        "minutes": round(progress.seconds / 60, 2),
        "loss": round(progress.loss, 5),
        **extra,
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _hardware() -> str:
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    threads = torch.get_num_threads()
    return f"{threads} thread{'s' * (threads > 1)} of {platform.processor() or platform.machine()}"
