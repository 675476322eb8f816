"""How engines read a checkpoint: judged before anything is loaded, and never by what could run code."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from safetensors import SafetensorError

from ...errors import Sentence, cause
from ...machine import device
from ...machine.device import Placement
from ...registry import ModelSpec
from ...weights.locate import ModelFiles, unreadable, variant_of
from ..adapters.extras import NOTHING, Extras
from ..memory import Plan
from .agreement import inspect
from .settings import hush, read, reason


class Fitted(Protocol):
    """What is loaded, and then fitted into memory. `load_s` is how long that took."""

    load_s: float

    def apply(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        ...


Loaded = TypeVar("Loaded", bound=Fitted)


def load(
    make: Callable[[], Loaded],
    spec: ModelSpec,
    files: ModelFiles,
    placement: Placement,
    plan: Plan,
    extras: Extras = NOTHING,
) -> Loaded:
    """What `make` reads from a model's files, fitted into memory, with the seconds that this took.

    Raises:
        ModelUnavailable: when the files are not what they should be.
    """
    started = time.perf_counter()
    with explain_read_errors(spec, files):
        inspect(spec, files, placement, extras)
        loaded = make()
        loaded.apply(plan)
    device.synchronize(placement)
    loaded.load_s = time.perf_counter() - started
    return loaded


@contextmanager
def explain_read_errors(spec: ModelSpec, files: ModelFiles) -> Iterator[None]:
    """What happens to files that were found good and are gone or changed when they are read becomes a sentence.

    Raises:
        ModelUnavailable: instead of errors that name a file of the model's; others stay what they are.
    """
    hush()
    try:
        yield
    except SafetensorError as error:
        raise unreadable(spec, files, reason(error)) from error
    except OSError as error:
        if not any(_inside(str(error.filename or ""), folder) for folder in files.folders):
            raise
        why = Sentence("{file}: {why}", file=error.filename, why=cause(error))
        raise unreadable(spec, files, why) from error


def read_network(made: Any, folder: Path, placement: Placement, dtype: torch.dtype) -> Any:
    """The network of class `made` that is stored in `folder`, from the files that suit the placement's precision."""
    return read(made, folder, dtype, half_first=placement.dtype != "float32")


def pretrained_options(folder: Path, placement: Placement) -> dict[str, Any]:
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


def _inside(file: str, folder: Path) -> bool:
    return Path(file).is_relative_to(folder)
