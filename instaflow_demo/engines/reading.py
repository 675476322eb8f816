"""How engines read a checkpoint's files: safetensors where there are any, never anything that could run code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from .. import device
from ..device import Placement
from ..registry import ModelSpec
from ..weights import ModelFiles, damaged, variant_of


@contextmanager
def reading(spec: ModelSpec, files: ModelFiles) -> Iterator[None]:
    """Whatever diffusers and transformers raise on files that are not what they expect becomes a sentence.

    Raises:
        ModelUnavailable: instead; running out of memory stays what it is.
    """
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        if device.is_out_of_memory(error):
            raise
        raise damaged(spec, files) from error


def stored(folder: Path, placement: Placement) -> dict[str, Any]:
    """What `from_pretrained` needs to know to read the network in `folder`.

    Safetensors come before .bin files, which diffusers and transformers load with `weights_only=True`; half precision
    comes first where the network is to run in it.

    Raises:
        OSError: when there are no weights.
    """
    variant = variant_of((path.name for path in folder.iterdir()), half_first=placement.dtype != "float32")
    if variant is None:
        raise OSError(f"{folder} holds no weights")
    ending, half = variant
    return {"use_safetensors": ending == "safetensors", "variant": "fp16" if half else None}
