"""How engines read a checkpoint's files: safetensors where there are any, never anything that could run code."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import diffusers
import transformers
from safetensors import SafetensorError

from .. import device
from ..device import Placement
from ..memory import Plan
from ..registry import ModelSpec
from ..weights import ModelFiles, damaged, variant_of


class Fitted(Protocol):
    """What is loaded, and then fitted into memory. `load_s` is how long that took."""

    load_s: float

    def fit(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        ...


Loaded = TypeVar("Loaded", bound=Fitted)


def load(make: Callable[[], Loaded], spec: ModelSpec, files: ModelFiles, placement: Placement, plan: Plan) -> Loaded:
    """What `make` reads from a model's files, fitted into memory, with the seconds that this took.

    Raises:
        ModelUnavailable: when the files are not what they should be.
    """
    started = time.perf_counter()
    with reading(spec, files):
        loaded = make()
        loaded.fit(plan)
    device.synchronize(placement)
    loaded.load_s = time.perf_counter() - started
    return loaded


@contextmanager
def reading(spec: ModelSpec, files: ModelFiles) -> Iterator[None]:
    """Whatever diffusers and transformers raise on files that are not what they expect becomes a sentence.

    Their own bars and advice stay away: the run has a bar, and what goes wrong, they raise.

    Raises:
        ModelUnavailable: instead; running out of memory stays what it is.
    """
    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        if device.is_out_of_memory(error):
            raise
        raise damaged(spec, files) from error


def network(made: Any, folder: Path, placement: Placement, **settings: Any) -> Any:
    """The network of class `made` that is stored in `folder`, from the files that suit the placement's precision."""
    return made.from_pretrained(folder, local_files_only=True, **stored(folder, placement), **settings)


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
