"""Which layer of which network a LoRA file's key means, and which of its tensors, in every trainer's spelling.

The layers are known, so each is written in all the ways that trainers write it, with "_" for ".", and a key's layer is
looked up among these: nothing is guessed from the key alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from torch import nn

Part = Literal["down", "mid", "up", "alpha", "magnitude", "bias"]
"""A tensor of an update: the matrices A (down) and B (up), with what LoCon puts between them, and their scale; DoRA's
magnitudes; what is added to the bias."""

# as PEFT (A and B), diffusers before PEFT, and kohya's scripts end their keys
_PARTS: Mapping[Part, re.Pattern[str]] = {
    "down": re.compile(
        r"(.+?)(?:(?:\.lora_A(?:\.[^.]+)?|\.lora_down|[._]lora\.down|\.lora_linear_layer\.down)\.weight"
        r"|\.lora_embedding_A(?:\.[^.]+)?)"
    ),
    "up": re.compile(
        r"(.+?)(?:(?:\.lora_B(?:\.[^.]+)?|\.lora_up|[._]lora\.up|\.lora_linear_layer\.up)\.weight"
        r"|\.lora_embedding_B(?:\.[^.]+)?)"
    ),
    "mid": re.compile(r"(.+?)\.lora_mid\.weight"),
    "alpha": re.compile(r"(.+?)\.alpha"),
    "magnitude": re.compile(r"(.+?)\.lora_magnitude_vector(?:\.[^.]+)?"),
    "bias": re.compile(r"(.+?)\.lora_B(?:\.[^.]+)?\.bias"),
}
_PREFIX = re.compile(
    r"(?:base_model_model_)?(?:lora_|lycoris_)?(unet_|text_encoder_|te1?_|(?:model_)?diffusion_model_)?"
    r"(?:base_model_model_)?(?:text_model_)?"
)
_NETWORKS = {"un": "unet", "di": "unet", "mo": "unet", "te": "text_encoder"}
# the first Stable Diffusion's own names, in which kohya's SDXL scripts and some conversions still write
_OUTSIDE = {
    "conv_in": "input_blocks_0_0",
    "conv_out": "out_2",
    "time_embedding.linear_1": "time_embed_0",
    "time_embedding.linear_2": "time_embed_2",
}
_INSIDE = {
    "conv1": "in_layers_2",
    "conv2": "out_layers_3",
    "time_emb_proj": "emb_layers_1",
    "conv_shortcut": "skip_connection",
}
_BLOCK = re.compile(r"(down|mid|up)_blocks?\.(?:(\d+)\.)?(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)")


@dataclass(frozen=True)
class Layer:
    """A layer that can be changed, and where it is."""

    network: str
    path: str
    module: nn.Module = field(compare=False, repr=False)


class Layers:
    """The layers of networks, each found under all of its names."""

    def __init__(self, networks: Mapping[str, nn.Module]):
        self._found: dict[tuple[str, str], Layer] = {}
        for network, module in networks.items():
            for layer in _changeable(network, module):
                for name in _spellings(layer, module):
                    self._found.setdefault((network, name), layer)
        self._networks = tuple(networks)

    def find(self, name: str) -> Layer | None:
        """The layer that a key's name means, with or without a prefix for its network."""
        flat = name.replace(".processor.", ".").replace(".", "_")
        prefix = _PREFIX.match(flat)
        rest, said = (flat[prefix.end() :], prefix[1]) if prefix else (flat, None)
        networks = (_NETWORKS[said[:2]],) if said else self._networks
        return next((self._found[network, rest] for network in networks if (network, rest) in self._found), None)


def split_key(key: str) -> tuple[Part, str] | None:
    """Which of an update's tensors a key is, and the name of the layer; None if it is none of them."""
    for name, pattern in _PARTS.items():
        if match := pattern.fullmatch(key):
            return name, match[1]
    return None


def _changeable(network: str, module: nn.Module) -> Iterator[Layer]:
    for path, layer in module.named_modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
            yield Layer(network, path, layer)


def _spellings(layer: Layer, network: nn.Module) -> Iterator[str]:
    path = layer.path.removeprefix("text_model.")
    flat = path.replace(".", "_")
    yield flat
    yield flat.removesuffix("_0") if flat.endswith("_to_out_0") else flat
    yield re.sub(r"_self_attn_(q|k|v|out)_proj$", r"_self_attn_to_\1", flat)  # as if it were the U-Net's
    deep = getattr(getattr(network, "config", None), "layers_per_block", None)
    if isinstance(deep, int) and (original := _original(path, deep, network)):
        yield original
        yield original.removesuffix("_0") if original.endswith("_to_out_0") else original


def _original(path: str, deep: int, unet: nn.Module) -> str | None:
    """A layer's name in the U-Net of the first Stable Diffusion, which numbers all pieces of each half in one row."""
    if path in _OUTSIDE:
        return _OUTSIDE[path]
    match = _BLOCK.fullmatch(path)
    if match is None:
        return None
    half, block, kind, index, rest = match[1], int(match[2] or 0), match[3], int(match[4]), match[5]
    piece = _INSIDE.get(rest, rest).replace(".", "_")
    if half == "mid":
        return f"middle_block_{2 * index if kind == 'resnets' else 1}_{piece}"
    if kind == "downsamplers":
        return f"input_blocks_{(block + 1) * (deep + 1)}_0_op"
    if kind == "upsamplers":
        attention = hasattr(unet.get_submodule(f"up_blocks.{block}"), "attentions")
        return f"output_blocks_{block * (deep + 1) + deep}_{1 + attention}_conv"
    row = block * (deep + 1) + index + (half == "down")
    return f"{'input' if half == 'down' else 'output'}_blocks_{row}_{int(kind == 'attentions')}_{piece}"
