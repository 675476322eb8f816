"""Other people's weights, merged into a model's own when it is loaded: they cost no time afterwards.

LoRA files (Hu et al. 2021, arXiv:2106.09685), and InstaFlow's difference from Stable Diffusion, which turns other
fine-tunes of the same base into one-step models too. Only safetensors are read, in which no code can hide.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..device import Placement
from ..errors import CheckpointError
from .extras import Extras
from .reading import network as stored_network
from .reading import stored

# the same three tensors, as PEFT, diffusers and kohya's scripts call them
_SUFFIXES = {
    "down": (".lora_A.weight", ".lora_A.default.weight", ".lora_down.weight", ".lora.down.weight", "_lora.down.weight"),
    "up": (".lora_B.weight", ".lora_B.default.weight", ".lora_up.weight", ".lora.up.weight", "_lora.up.weight"),
    "alpha": (".alpha",),
}
# one after another; files put the text encoder's layers into a text_model, which ours need not have
_PREFIXES = (
    ("lora_unet_", "unet_"),
    ("lora_te_", "text_encoder_"),
    ("text_encoder_text_model_", "text_encoder_"),
)


@dataclass
class _Update:
    """A layer's low-rank update, as far as it is read: up (out, r), down (r, in), alpha / r scales it."""

    name: str
    down: Tensor | None = None
    up: Tensor | None = None
    alpha: Tensor | None = None


@torch.no_grad()
def merge(extras: Extras, networks: Mapping[str, nn.Module]) -> None:
    """Change "unet" and "text_encoder", which must be float32, as `extras` says.

    Raises:
        CheckpointError: when a file is not what it should be.
    """
    if extras.delta:
        base, fine_tune = (_unet(files.component("unet")) for files in extras.delta)
        add_difference(networks["unet"], base, fine_tune)
    for lora in extras.loras:
        merge_lora(lora.path, lora.scale, networks)


def add_difference(network: nn.Module, base: nn.Module, fine_tune: nn.Module) -> None:
    """W becomes W_fine_tune + (W - W_base), in place.

    Raises:
        CheckpointError: when the three are not of one shape.
    """
    ours, theirs, start = (dict(each.named_parameters()) for each in (network, fine_tune, base))
    for name, weight in ours.items():
        shapes = {tuple(each[name].shape) if name in each else None for each in (ours, theirs, start)}
        if len(shapes) > 1 or len(theirs) != len(ours):
            raise CheckpointError(f"The fine-tune's U-Net is another one ({name} differs): name one of the same base.")
        weight.add_(theirs[name] - start[name])


def merge_lora(path: Path, scale: float, networks: Mapping[str, nn.Module]) -> None:
    """W becomes W + scale alpha / r up down for every layer in a LoRA file, in place. Hu et al. 2021, section 4.1.

    Raises:
        CheckpointError: when the file cannot be read, or names or shapes do not fit.
    """
    layers = dict(_layers(networks))
    for layer, update in _updates(path).items():
        if layer not in layers:
            raise CheckpointError(
                f"{path} has a key that no layer of this model has, {update.name}: it is for another."
            )
        _add(path, update, layers[layer], scale)


def _add(path: Path, update: _Update, layer: nn.Module, scale: float) -> None:
    weight = layer.get_parameter("weight")
    if update.down is None or update.up is None:
        raise CheckpointError(f"{path} has only a part of {update.name}: download it again.")
    rank = len(update.down)
    strength = scale * (float(update.alpha) / rank if update.alpha is not None else 1.0)
    try:
        change = update.up.flatten(1).float() @ update.down.flatten(1).float()
        weight += strength * change.view_as(weight)
    except RuntimeError as error:
        raise CheckpointError(
            f"{path} has a shape that does not fit, at {update.name}: it is for another model."
        ) from error


def _updates(path: Path) -> dict[str, _Update]:
    """The file's tensors by the layer that they change."""
    try:
        tensors = load_file(path)
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read as a safetensors file: download it again.") from error
    updates: dict[str, _Update] = {}
    for name, tensor in tensors.items():
        part, layer = _part(path, name)
        setattr(updates.setdefault(layer, _Update(name)), part, tensor)
    return updates


def _part(path: Path, name: str) -> tuple[str, str]:
    """Which of the three tensors a key is, and the layer that it means, in one spelling for all dialects."""
    for part, suffixes in _SUFFIXES.items():
        for suffix in suffixes:
            if name.endswith(suffix):
                return part, _spelling(name.removesuffix(suffix))
    raise CheckpointError(f"{path} has a key that is not of a LoRA file, {name}: other kinds are not supported.")


def _spelling(layer: str) -> str:
    flat = layer.replace(".", "_").replace("_processor_to_", "_to_")
    for theirs, ours in _PREFIXES:
        if flat.startswith(theirs):
            flat = ours + flat.removeprefix(theirs)
    return f"{flat}_0" if flat.endswith("_to_out") else flat


def _layers(networks: Mapping[str, nn.Module]) -> Iterator[tuple[str, nn.Module]]:
    for network, module in networks.items():
        for path, layer in module.named_modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                yield _spelling(f"{network}.{path}"), layer


def _unet(folder: Path) -> UNet2DConditionModel:
    """A U-Net in float32, from safetensors alone.

    Raises:
        CheckpointError: when there are none, or they cannot be read.
    """
    try:
        settings = stored(folder, Placement("cpu", "float32"))
        if not settings["use_safetensors"]:
            raise CheckpointError(f"{folder} has no safetensors, and other files are not merged: convert it first.")
        return stored_network(UNet2DConditionModel, folder, Placement("cpu", "float32"), torch.float32)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"{folder} cannot be read: its files are damaged. Restore them.") from error
