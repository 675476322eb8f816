"""The decoder in 8 bits for OpenVINO: twice as fast on a CPU, and hardly distinguishable from the float one.

Post-training quantisation: the ranges of activations are measured on latents that the one-step model draws, the weights
are rounded channel by channel. Ranges are whole, from the smallest value to the largest: those that leave the rarest
values out, as is usual, paled strong colours.
"""

# transformers describes its classes loosely
# pyright: reportAttributeAccessIssue=false

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nncf
import numpy as np
import torch
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
from nncf.quantization.range_estimator import RangeEstimatorParametersSet
from torch import Tensor
from tqdm import tqdm
from transformers import CLIPTokenizer

from ..engines.backends.eager import EagerNetworks
from ..engines.backends.openvino import INT8_DECODER, MADE_FROM, OpenVinoNetworks, import_openvino
from ..engines.clip import clip_ids
from ..evaluation import whole_scenes
from ..evaluation.prompts import ask
from ..evaluation.scene_prompts import ask_scenes
from ..flow import timestep
from ..machine.device import Placement
from ..registry import MODELS
from ..weights.locate import Weights

_DRAWN_BY = "instaflow-mini"


@dataclass(frozen=True)
class Quality:
    """Decibels (PSNR) between the images of both decoders: on average, and at worst."""

    images: int
    mean: float
    worst: float


@torch.inference_mode()
def quantise(models: Path, *, calibration: int, examined: int) -> Quality:
    """Write the decoder in 8 bits beside the family's weights in `models`, and compare it with the float32 one.

    Raises:
        ModelUnavailable: when the one-step model is not there.
    """
    spec = MODELS[_DRAWN_BY]
    files = Weights(models).locate(spec)
    networks = OpenVinoNetworks.read(files, Placement("cpu", "float32", backend="openvino"))
    eager = EagerNetworks.read(files, Placement("cpu", "float32"))
    tokenizer = CLIPTokenizer.from_pretrained(files.component("tokenizer"), local_files_only=True)
    drawn = _latents(eager, tokenizer, _captions(models, calibration + examined))
    shape = list(next(drawn).shape)
    model = networks.network("full").read()
    model.reshape(shape)
    examples = [next(drawn).numpy() for _ in range(calibration - 1)]
    small = nncf.quantize(
        model,
        nncf.Dataset(examples),
        preset=nncf.QuantizationPreset.MIXED,  # what leaves a SiLU is not symmetric
        subset_size=len(examples),
        advanced_parameters=AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX
        ),
    )
    small.set_rt_info(digest(files.component("vae")), MADE_FROM)
    target = models / (spec.shared or spec.source) / "openvino" / INT8_DECODER
    target.parent.mkdir(exist_ok=True)
    small.reshape([-1, shape[1], -1, -1])
    import_openvino().save_model(small, target, compress_to_fp16=True)
    quality = _compare(target, eager, drawn)
    facts = {"calibration_images": calibration, "psnr_db_to_the_float_decoder": asdict(quality)}
    target.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return quality


def digest(weights: Path) -> str:
    """SHA-256 over the files of weights in a folder."""
    total = hashlib.sha256()
    for file in sorted(weights.glob("*.safetensors")):
        total.update(file.read_bytes())
    return total.hexdigest()


def _captions(models: Path, count: int) -> list[str]:
    """Captions of what the family in `models` draws: whole scenes, if its judge is one of scenes."""
    asked = ask_scenes("captions", count) if whole_scenes.is_there(models) else ask("captions", count)
    return [each.prompt for each in asked]


def _latents(networks: EagerNetworks, tokenizer: CLIPTokenizer, prompts: Sequence[str]) -> Iterator[Tensor]:
    """One step from noise for each of the prompts: (1, C, S, S)."""
    side = networks.parts["unet"].config["sample_size"]
    start = timestep(torch.zeros(()))
    for seed, prompt in enumerate(tqdm(prompts, desc="draw")):
        noise = torch.randn(1, networks.latents.channels, side, side, generator=torch.Generator().manual_seed(seed))
        yield noise + networks.predict(noise, start, networks.encode_text(clip_ids(tokenizer, [prompt])))


def _compare(path: Path, eager: EagerNetworks, latents: Iterator[Tensor]) -> Quality:
    small: Any = import_openvino().Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = [_psnr(small(each.numpy())[0], eager.decode(each, "full").numpy()) for each in latents]
    return Quality(len(found), sum(found) / len(found), min(found))


def _psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Of images in [-1, 1], rounded to 8 bits."""
    levels = [((image.clip(-1, 1) + 1) * 127.5).round() for image in (one, other)]
    error = float(np.square(levels[0] - levels[1]).mean())
    return 10 * math.log10(255**2 / error) if error else math.inf
