"""LoRA files as people name them, on this machine."""

import math
from dataclasses import dataclass
from pathlib import Path

from ..errors import DemoError
from ..machine.paths import parse_path, strip_quotes

_STRONGEST = 100  # a LoRA's scale; more than 2 is hardly ever meant
_PYTORCH = (".bin", ".pt", ".pth", ".ckpt")


@dataclass(frozen=True)
class Lora:
    """A LoRA file and how strongly it is applied.

    `state` is what tells a file that was written again: loaded models are kept by what was merged into them.
    """

    path: Path
    scale: float = 1.0
    state: tuple[int, ...] = ()


def read_lora(value: str) -> Lora:
    """FILE, FOLDER, FILE:SCALE or FOLDER:SCALE; what follows the last colon is the scale if nothing has that name.

    Raises:
        DemoError: when it is none of these.
    """
    value = strip_quotes(value)
    given, strength = parse_path(value), 1.0
    before, _, scale = value.rpartition(":")
    if before and not given.exists() and (_is_number(scale) or parse_path(before).exists()):
        given, strength = parse_path(before), _strength(value, scale)
    path = _lora_in(given) if value and given.is_dir() else given
    if path.suffix.lower() in _PYTORCH and path.is_file():
        raise DemoError(
            "{path} is a PyTorch file, in which code can hide: save it as safetensors, and name that.", path=path
        )
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        raise DemoError(
            "There is no safetensors file {path}: give --lora FILE.safetensors[:SCALE], or its folder.", path=path
        )
    files = (path, path.with_name("adapter_config.json"))
    state = tuple(number for file in files if file.is_file() for number in _stamp(file))
    return Lora(path, strength, state)


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _strength(value: str, scale: str) -> float:
    number = float(scale) if _is_number(scale) else math.nan
    if not abs(number) <= _STRONGEST:
        raise DemoError(
            "The scale of {path} must be a number from -{most} to {most}, as in FILE:0.8.", path=value, most=_STRONGEST
        )
    return number


def _lora_in(folder: Path) -> Path:
    """The LoRA file of a folder that PEFT, diffusers or somebody else wrote."""
    files = {path.name: path for path in sorted(folder.glob("*.safetensors"))}
    named = [files[name] for name in ("adapter_model.safetensors", "pytorch_lora_weights.safetensors") if name in files]
    if named or len(files) == 1:
        return (named or [*files.values()])[0]
    if files:
        one, two, *_ = files
        raise DemoError(
            "{path} holds several safetensors files, such as {one} and {two}: name one.", path=folder, one=one, two=two
        )
    raise DemoError("{path} holds no safetensors file: name a LoRA file, or the folder that holds it.", path=folder)
