"""Other people's weights, merged into a model's own when it is loaded: they cost no time afterwards.

LoRA files, and InstaFlow's difference from Stable Diffusion, which turns other fine-tunes of the same base into
one-step models too.
"""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportCallIssue=false, reportPrivateImportUsage=false

import json
from collections.abc import Iterable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from safetensors import SafetensorError
from torch import Tensor, nn

from ...errors import CheckpointError, Sentence
from ...machine.device import Placement
from ...request import Lora
from ...weights.locate import ModelFiles
from ..checkpoint import reading
from .extras import Extras
from .lora import Update, read
from .names import Layer, Layers

# settings of a U-Net that leave what its weights mean as it is
_FREE = {"sample_size", "upcast_attention", "num_attention_heads"}


@torch.no_grad()
def merge(extras: Extras, networks: Mapping[str, nn.Module]) -> tuple[Sentence, ...]:
    """Change "unet" and "text_encoder", which must be float32, as `extras` says. Returns notes for the user.

    Raises:
        CheckpointError: when a file is not what it should be.
    """
    if extras.delta:
        base, fine_tune = (_unet(files.component("unet")) for files in extras.delta)
        _refuse_other_kinds(extras.delta, base, fine_tune)
        add_difference(networks["unet"], base, fine_tune)
    return merge_loras(extras.loras, networks)


def add_difference(network: nn.Module, base: nn.Module, fine_tune: nn.Module) -> None:
    """W becomes W_fine_tune + (W - W_base), in place.

    Raises:
        CheckpointError: when the three are not of one shape, or hold what is not a number.
    """
    ours, theirs, start = (dict(each.named_parameters()) for each in (network, fine_tune, base))
    for name in sorted({*ours, *theirs, *start}):
        shapes = {tuple(each[name].shape) if name in each else None for each in (ours, theirs, start)}
        if len(shapes) > 1:
            raise _another(name)
    for name, weight in ours.items():
        weight.add_(theirs[name] - start[name])
        if not _finite(weight):
            raise CheckpointError(
                "The fine-tune's U-Net holds numbers that are not finite ({name}): restore its files.", name=name
            )


def merge_lora(path: Path, scale: float, networks: Mapping[str, nn.Module]) -> None:
    """W becomes W + scale alpha / r up down for every layer in a LoRA file, in place. Hu et al. 2021, section 4.1.

    Raises:
        CheckpointError: when the file cannot be read, or names or shapes do not fit.
    """
    merge_loras([Lora(path, scale)], networks)


def merge_loras(loras: Iterable[Lora], networks: Mapping[str, nn.Module]) -> tuple[Sentence, ...]:
    """Every layer gets the sum of what the files change in it, so that their order is the same to all but rounding.

    All files are judged before any layer is changed. A scale of 0 changes nothing. Returns notes for the user.

    Raises:
        CheckpointError: when a file cannot be read, or names or shapes do not fit.
    """
    layers, notes = Layers(networks), []
    changes: dict[Layer, list[tuple[Lora, Update]]] = {}
    for lora in loras:
        updates, said = read(lora.path, layers)
        notes += said
        for layer, update in updates.items():
            if lora.scale:
                changes.setdefault(layer, []).append((lora, update))
    for layer, merged in changes.items():
        _change(layer.module, merged)
    return tuple(notes)


def _change(layer: nn.Module, updates: list[tuple[Lora, Update]]) -> None:
    weight = layer.get_parameter("weight")
    changes = [update.of_weight(layer, lora.scale) for lora, update in updates]  # all of them of the weight as it was
    weight += reduce(torch.add, changes)
    for lora, update in updates:
        if update.bias is not None:
            layer.get_parameter("bias").add_(lora.scale * update.strength * update.bias)
    if not all(_finite(numbers) for numbers in layer.parameters(recurse=False)):
        lora, _ = updates[-1]
        raise CheckpointError(
            "{path} makes numbers too large at a scale of {n:g}: choose a smaller one.", path=lora.path, n=lora.scale
        )


def _finite(numbers: Tensor) -> bool:
    """Whether all are finite, without a mask as large as they are."""
    return all(bool(torch.isfinite(end)) for end in torch.aminmax(numbers))


def _another(what: str) -> CheckpointError:
    return CheckpointError(
        "The fine-tune's U-Net is another one ({what} differs): name one of the same base.", what=what
    )


def _refuse_other_kinds(delta: tuple[ModelFiles, ModelFiles], base: nn.Module, fine_tune: nn.Module) -> None:
    """Raises CheckpointError where equal shapes mean something else: other heads, or another prediction."""
    ours, theirs = (dict(each.config) for each in (base, fine_tune))
    for name in sorted({*ours, *theirs} - _FREE):
        # what was left out and what was set to None or False are the same
        if not name.startswith("_") and _plain(ours.get(name)) != _plain(theirs.get(name)):
            raise _another(name)
    if len({_prediction(files.component("scheduler")) for files in delta}) > 1:
        raise _another("prediction_type")


def _plain(setting: Any) -> Any:
    return tuple(setting) if isinstance(setting, list) else setting or None


def _prediction(scheduler: Path) -> str:
    """What a checkpoint's U-Net was trained to predict."""
    try:
        settings = json.loads((scheduler / "scheduler_config.json").read_text(encoding="utf-8"))
        return str(settings.get("prediction_type") or "epsilon")
    except (OSError, ValueError, AttributeError):
        return "epsilon"


def _unet(folder: Path) -> UNet2DConditionModel:
    """A U-Net in float32, from safetensors alone.

    Raises:
        CheckpointError: when there are none, or they cannot be read.
    """
    full = Placement("cpu", "float32")
    try:
        if not reading.pretrained_options(folder, full)["use_safetensors"]:
            raise CheckpointError(
                "{folder} has no safetensors, and other files are not merged: convert it first.", folder=folder
            )
        return reading.read_network(UNet2DConditionModel, folder, full, torch.float32)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError("{folder} cannot be read: its files are damaged. Restore them.", folder=folder) from error
