"""Weights in 8 bits: half of what float16 takes, and images that look the same.

A tensor of two dimensions or more is stored as integers, and beside it a scale for each output channel; smaller ones
stay as they are. Integers times scales are the weights, so that any program can read them.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from .files import SCALE
from .tensors import Stored

_LEVELS = 127


def to_8_bits(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A network's tensors, those of two dimensions or more as integers with a scale for each output channel."""
    stored = {name: tensor.contiguous() for name, tensor in state.items() if tensor.dim() < 2}
    for name in state.keys() - stored.keys():
        weights = state[name].float()
        scale = weights.abs().amax(tuple(range(1, weights.dim())), keepdim=True).clamp(min=1e-12) / _LEVELS
        stored |= {name: (weights / scale).round().to(torch.int8).contiguous(), name + SCALE: scale}
    return stored


def from_8_bits(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that `to_8_bits` was given, up to rounding, in float32."""
    return {
        name: tensor.float() * stored[name + SCALE] if name + SCALE in stored else tensor
        for name, tensor in stored.items()
        if not name.endswith(SCALE)
    }


def as_floats(found: Mapping[str, Stored]) -> dict[str, Stored]:
    """Stored tensors with those in 8 bits as the floating-point numbers that they stand for, to be read as such."""
    scales = {name + SCALE for name, stored in found.items() if _is_scaled(name, stored, found)}
    return {
        name: _scaled(stored, found[name + SCALE]) if name + SCALE in scales else stored
        for name, stored in found.items()
        if name not in scales
    }


def _is_scaled(name: str, stored: Stored, found: Mapping[str, Stored]) -> bool:
    scale = found.get(name + SCALE)
    wanted = (*stored.shape[:1], *(1 for _ in stored.shape[1:]))
    return stored.numbers == "I8" and scale is not None and scale.floating and scale.shape == wanted


def _scaled(stored: Stored, scale: Stored) -> Stored:
    return replace(stored, numbers="float32", read=partial(_product, stored, scale))


def _product(stored: Stored, scale: Stored) -> Tensor:
    return stored.read().float() * scale.read().float()
