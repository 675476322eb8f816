"""Tensors in files: which there are and of what shape, before any is read. No code that a file may hold is run."""

import json
import math
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, is_zipfile

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import CheckpointError
from .files import require_regular_file

FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""What safetensors and PyTorch call the numbers that weights may be."""
_MOST_HEADER = 16 << 20  # bytes; a network of a thousand tensors has a hundred thousand
_LOOKED_AT = 16 << 20  # bytes of a network that are searched for what is not finite: all of a small one
# what torch.load raises for files that are cut off, or altered here and there
_DAMAGED = (
    *(OSError, RuntimeError, ValueError, EOFError, UnpicklingError),
    *(AssertionError, AttributeError, LookupError, TypeError, BadZipFile, struct.error),
)


@dataclass(frozen=True)
class Stored:
    """A tensor in a file; `numbers` is what it holds, as PyTorch calls it where that is a floating-point number."""

    file: Path
    shape: tuple[int, ...]
    numbers: str
    read: Callable[[], Tensor]

    @property
    def floating(self) -> bool:
        return self.numbers in FLOATS.values()


def tensors_of(file: Path) -> dict[str, Stored]:
    """What a file of weights holds, by name: safetensors, or else a dictionary that PyTorch pickled.

    Raises:
        CheckpointError: when it cannot be read, with a sentence.
    """
    if file.suffix == ".safetensors":
        return _safetensors(require_regular_file(file))
    return {
        name: Stored(file, tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), partial(_itself, tensor))
        for name, tensor in read_pickle(file).items()
    }


def read_pickle(file: Path) -> dict[str, Tensor]:
    """The tensors of a .bin or .pt file, mapped into memory where PyTorch can.

    Raises:
        CheckpointError: when it cannot be read, or holds something else.
    """
    require_regular_file(file)
    try:
        if zipped := is_zipfile(file):  # files from before PyTorch 1.6 are none, and cannot be mapped
            _refuse_compressed(file)
        state: Any = torch.load(file, map_location="cpu", weights_only=True, mmap=zipped)
    except _DAMAGED as error:
        raise CheckpointError(
            "{file} cannot be read as a PyTorch file of plain tensors: download it again.", file=file
        ) from error
    if not isinstance(state, dict) or not all(map(_named_tensor, state.items())):
        raise CheckpointError("{file} holds no dictionary of tensors: it is another kind of file.", file=file)
    for name, tensor in state.items():
        _refuse_stretched(file, name, tensor)
    return state


def refuse_not_finite(stored: Mapping[str, Stored]) -> None:
    """Look for NaN and infinity, the smallest tensors first: norms and biases, which all that is drawn goes through.

    Raises:
        CheckpointError: that names the first tensor which has one.
    """
    left = _LOOKED_AT
    for name, each in sorted(stored.items(), key=lambda item: math.prod(item[1].shape)):
        left -= math.prod(each.shape) * 4
        if left < 0:
            return
        if each.floating and not each.read().isfinite().all():
            raise CheckpointError(
                "In {file}, {name} has values that are not finite numbers: download it again.",
                file=each.file,
                name=name,
            )


def _safetensors(file: Path) -> dict[str, Stored]:
    _refuse_cut_off(file)
    try:
        opened = safe_open(file, "pt")
        slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - it is no dictionary
        return {
            name: Stored(
                file,
                tuple(each.get_shape()),
                _numbers(each),
                partial(opened.get_tensor, name),
            )
            for name, each in slices.items()
        }
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError("{file} is not a safetensors file: download it again.", file=file) from error


def _numbers(stored: Any) -> str:
    """What a safetensors slice holds, as PyTorch calls it where that is a floating-point number."""
    name = stored.get_dtype()
    return FLOATS.get(name) or str(name)


def _refuse_cut_off(file: Path) -> None:
    """Compare the size with what the header says, and look at the header's own before it is parsed."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if size < 8 or length > _MOST_HEADER:
            raise CheckpointError("{file} is not a safetensors file: download it again.", file=file)
        whole = 8 + length
        if size >= whole:
            whole += _end(opened.read(length))
    if size < whole:
        raise CheckpointError(
            "{file} is cut off: {here:,} bytes of {whole:,} are there; download it again.",
            file=file,
            here=size,
            whole=whole,
        )


def _end(header: bytes) -> int:
    """Where the last tensor ends, as far as a header can be understood; what is wrong with it safetensors says."""
    try:
        entries = json.loads(header).values()
        return max((entry["data_offsets"][1] for entry in entries if "data_offsets" in entry), default=0)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return 0


def _refuse_compressed(file: Path) -> None:
    """PyTorch does not compress; a file that does can be a thousand times as large in memory."""
    with ZipFile(file) as archive:
        entries = archive.infolist()
    if any(entry.compress_type != ZIP_STORED for entry in entries):
        raise CheckpointError("{file} is compressed, as PyTorch's files are not: download it again.", file=file)


def _named_tensor(item: tuple[Any, Any]) -> bool:
    name, value = item
    return isinstance(name, str) and isinstance(value, Tensor) and value.layout is torch.strided and value.is_cpu


def _refuse_stretched(file: Path, name: str, tensor: Tensor) -> None:
    """A pickle can call a single number a tensor of any size."""
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise CheckpointError(
            "In {file}, {name} is larger than what the file holds of it: download it again.", file=file, name=name
        )


def _itself(tensor: Tensor) -> Tensor:
    return tensor.detach()


def shape_text(shape: Iterable[int]) -> str:
    """A shape for people: 320x4x3x3."""
    return "x".join(map(str, shape)) or "a single number"
