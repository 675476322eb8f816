"""LoRA files (Hu et al. 2021, arXiv:2106.09685), read as low-rank updates of a model's layers.

W becomes W + scale alpha / r B A, with the strength that diffusers and PEFT give it. Only safetensors are read, in
which no code can hide. Everything about a file is judged before any layer is changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ...errors import CheckpointError, Sentence
from ...weights.files import require_regular_file
from .config import AdapterConfig, read_configs
from .kinds import refusal
from .names import Layer, Layers, Part, split_key

_BASES = {768: "Stable Diffusion 1", 1024: "Stable Diffusion 2", 2048: "Stable Diffusion XL"}  # by the text's width
_NUMBERS = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn, torch.float8_e5m2)
_WHOLE_NUMBERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
_PICKLED = (b"PK\x03\x04", b"\x80\x02")  # how PyTorch's own files begin


@dataclass(frozen=True)
class Update:
    """What one LoRA does to one layer: up (out, r) and down (r, in) as matrices, or a convolution's (r, in, k, k),
    with LoCon's mid (r, r, k, k) between them. `strength` is alpha / r; DoRA's `magnitude` has a number for each
    output, and so has `bias`.
    """

    down: Tensor
    up: Tensor
    strength: float
    mid: Tensor | None = None
    magnitude: Tensor | None = None
    bias: Tensor | None = None

    @property
    def changes(self) -> bool:
        """Whether there is anything in it but zeros."""
        product = self.strength != 0 and bool(self.up.any()) and bool(self.down.any())
        return product or self.magnitude is not None or (self.bias is not None and bool(self.bias.any()))

    def of_weight(self, layer: nn.Module, scale: float) -> Tensor:
        """What is to be added to the layer's weight, of its shape, as float32.

        With magnitudes m, the weight becomes m (W + scale alpha / r B A) / |W + scale alpha / r B A|, normed over each
        output's inputs (Liu et al. 2024, arXiv:2402.09353, eq. 5).
        """
        weight = layer.get_parameter("weight")
        change = self._product(layer, scale * self.strength).view_as(weight)
        if self.magnitude is None:
            return change
        changed = weight + change
        norms = changed.flatten(1).norm(dim=1)
        return changed * (self.magnitude.flatten() / norms).view(-1, *[1] * (weight.dim() - 1)) - weight

    def _product(self, layer: nn.Module, factor: float) -> Tensor:
        up, down = factor * self.up.flatten(1), self.down.flatten(1)  # the product is a hundred times as large
        if self.mid is not None:
            return torch.einsum("or,rskl,si->oikl", up, self.mid, down)
        return (up @ down).T.contiguous() if isinstance(layer, nn.Embedding) else up @ down


@dataclass
class _Found:
    """The tensors of one layer, under their keys."""

    keys: dict[Part, str] = field(default_factory=dict)
    tensors: dict[Part, Tensor] = field(default_factory=dict)


def read(path: Path, layers: Layers) -> tuple[dict[Layer, Update], tuple[Sentence, ...]]:
    """A file's updates by layer, and notes for the user.

    Raises:
        CheckpointError: when the file cannot be read, is of another kind, or does not fit the layers.
    """
    found, header = _load(path, layers)
    peft = all("lora_" in key and "_A" in key for each in found.values() if (key := each.keys.get("down")))
    settings = read_configs(path, header, peft=peft)
    updates = {layer: _update(path, layer, each, settings.get(layer.network)) for layer, each in found.items()}
    if not any(update.changes for update in updates.values()):
        raise CheckpointError("{path} changes nothing, as before any training: name one that was trained.", path=path)
    return updates, _notes(path, found, settings)


def _notes(path: Path, found: Mapping[Layer, _Found], settings: Mapping[str, AdapterConfig]) -> tuple[Sentence, ...]:
    """diffusers' files without settings have a strength of 1 by convention; PEFT's always had some."""
    if settings or not any(each.keys["down"].startswith("base_model.") for each in found.values()):
        return ()
    said = Sentence(
        "The strength of {name} is taken to be 1: put the adapter_config.json that came with it beside it.",
        name=path.name,
    )
    return (said,)


def _load(path: Path, layers: Layers) -> tuple[dict[Layer, _Found], Mapping[str, str]]:
    require_regular_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            found = _by_layer(path, list(file.keys()), layers)  # before anything large is read
            for each in found.values():
                each.tensors = {name: file.get_tensor(key) for name, key in each.keys.items()}
            return found, file.metadata() or {}
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(_what_else(path)) from error


def _what_else(path: Path) -> Sentence:
    """What a file is that is not in safetensors' format, and what to do."""
    try:
        with path.open("rb") as file:
            start = file.read(64).lstrip()
    except OSError:
        start = b"?"
    if not start:
        return Sentence("{path} is empty: download it again.", path=path)
    if start.startswith(b"<"):
        return Sentence(
            "{path} is a web page, not a safetensors file: download it again, signed in if the site asks for it.",
            path=path,
        )
    if start.startswith(_PICKLED):
        return Sentence(
            "{path} is a PyTorch file, in which code can hide: save it as safetensors, and name that.", path=path
        )
    return Sentence("{path} cannot be read as a safetensors file: download it again.", path=path)


def _by_layer(path: Path, keys: list[str], layers: Layers) -> dict[Layer, _Found]:
    found: dict[Layer, _Found] = {}
    strangers = []
    for key in keys:
        known = split_key(key)
        layer = layers.find(known[1]) if known else None
        if known is None or layer is None or ("lora_embedding" in key) != isinstance(layer.module, nn.Embedding):
            strangers.append(key)
            continue
        each = found.setdefault(layer, _Found()).keys
        if other := each.get(known[0]):
            raise CheckpointError(
                "{path} has one tensor under two names, {one} and {two}: remove one.", path=path, one=other, two=key
            )
        each[known[0]] = key
    if strangers:
        raise CheckpointError(refusal(path, strangers))
    if not found:
        raise CheckpointError("{path} holds no tensors: download it again.", path=path)
    return found


def _update(path: Path, layer: Layer, found: _Found, config: AdapterConfig | None) -> Update:
    tensors = found.tensors
    if "down" not in tensors or "up" not in tensors:
        raise CheckpointError(
            "{path} has only a part of {key}: download it again.", path=path, key=next(iter(found.keys.values()))
        )
    for name, tensor in tensors.items():
        if tensor.dtype not in _NUMBERS + _WHOLE_NUMBERS * (name == "alpha"):
            kind = str(tensor.dtype).removeprefix("torch.")
            raise CheckpointError(
                "{path} has numbers of the kind {kind} at {key}: name one that is not quantised.",
                path=path,
                kind=kind,
                key=found.keys[name],
            )
        if not torch.isfinite(tensor.float()).all():
            raise CheckpointError(
                "{path} has numbers that are not finite at {key}: download it again.", path=path, key=found.keys[name]
            )
    if (config.dora if config else "magnitude" in tensors) != ("magnitude" in tensors):
        raise CheckpointError(
            "{path} has only a part of {key}, its magnitudes or the rest: download it again.",
            path=path,
            key=found.keys["down"],
        )
    rest = {name: tensor.float() for name, tensor in tensors.items() if name != "alpha"}
    _refuse_shapes(path, layer, found, rest)
    return Update(strength=_strength(path, layer, found, config), **rest)


def _strength(path: Path, layer: Layer, found: _Found, config: AdapterConfig | None) -> float:
    """alpha / r: each layer's own alpha where it has one, else what the settings say, else 1, as diffusers has it."""
    rank = len(found.tensors["down"])
    said = config.strength(layer, rank) if config else None
    if "alpha" not in found.tensors:
        return 1.0 if said is None else said
    if found.tensors["alpha"].numel() != 1:
        raise CheckpointError(
            "{path} has a shape that does not fit, at {key}: download it again.", path=path, key=found.keys["alpha"]
        )
    own = float(found.tensors["alpha"]) / rank
    if said is not None and abs(own - said) > 1e-3 * abs(own):
        raise CheckpointError(
            "{path} says two strengths for {layer}, {one:g} and in its settings {two:g}: name another file.",
            path=path,
            layer=layer.path,
            one=own,
            two=said,
        )
    return own


def _refuse_shapes(path: Path, layer: Layer, found: _Found, tensors: Mapping[str, Tensor]) -> None:
    """Raises CheckpointError unless the product of the matrices has the shape of the layer's weight."""
    weight, down, up = layer.module.get_parameter("weight"), tensors["down"], tensors["up"]
    if down.dim() < 2 or up.dim() < 2 or 0 in (*down.shape, *up.shape) or len(down) != up.shape[1]:
        raise CheckpointError(
            "{path} has a shape that does not fit, at {key}: it is {a} beside {b}. Download it again.",
            path=path,
            key=found.keys["down"],
            a=_sizes(down),
            b=_sizes(up),
        )
    outputs, inputs = len(weight), weight[0].numel()
    turned = isinstance(layer.module, nn.Embedding)
    if turned:
        outputs, inputs = inputs, outputs
    if "mid" in tensors:
        inputs = weight.shape[1]
    made = (len(up), up[0].numel(), down[0].numel())
    fits = made == (outputs, len(down), inputs)
    middle = (len(down), len(down), *weight.shape[2:])
    fits &= "mid" not in tensors or (weight.dim() == 4 and tensors["mid"].shape == middle)
    fits &= not (turned and "magnitude" in tensors)
    fits &= all(tensors[name].numel() == len(weight) for name in ("magnitude", "bias") if name in tensors)
    fits &= "bias" not in tensors or getattr(layer.module, "bias", None) is not None
    if not fits:
        raise CheckpointError(_misfit(path, layer, found, down, up))


def _misfit(path: Path, layer: Layer, found: _Found, down: Tensor, up: Tensor) -> Sentence:
    """Whose layer it is, if the width of the text that it reads tells."""
    weight = layer.module.get_parameter("weight")
    base = _BASES.get(down.shape[1]) if "attn2.to_" in layer.path and down.shape[1] != weight.shape[1] else None
    whose = Sentence("It is for {base}.", base=base) if base else Sentence("It is for another model.")
    shapes = Sentence(
        "{path} has a shape that does not fit, at {key}: it changes {theirs} numbers where this model has {ours}.",
        path=path,
        key=found.keys["down"],
        theirs=f"{len(up)}x{down[0].numel()}",
        ours=f"{len(weight)}x{weight[0].numel()}",
    )
    return Sentence.join([shapes, whose])


def _sizes(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "1"
