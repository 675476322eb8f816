"""What runs a model. One engine per architecture, chosen by the registry row's `kind`."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .. import caches, device, environment
from ..device import Placement
from ..errors import DeviceUnavailable
from ..events import ImageReady, Noted, Preview, Step
from ..memory import WHOLE, Plan
from ..registry import ModelSpec
from ..request import Backend, GenerationRequest, ModelRun
from ..weights import ModelFiles
from .extras import NOTHING, Extras

if TYPE_CHECKING:
    from .passes import Drawn
    from .unread import Reader


class Engine(Protocol):
    """A loaded model. `load_s` is how long loading took; `notes` are for the user, of what it could not keep."""

    placement: Placement
    load_s: float

    @property
    def notes(self) -> tuple[str, ...]: ...

    def fit(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        ...

    def generate(self, request: GenerationRequest, run: ModelRun) -> Iterator[Noted | Step | Preview | ImageReady]:
        """Make the request's images; closing the iterator ends the work within one step."""
        ...

    def reader(self, run: ModelRun) -> "Reader":
        """What knows how much of a text the model reads."""
        ...

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], run: ModelRun) -> "Drawn":
        """One image a prompt, with a seed each, in one pass and without events."""
        ...

    def close(self) -> None:
        """Free the memory that the model holds."""
        ...


def placed(request: GenerationRequest, spec: ModelSpec, *, lasting: bool = False) -> Placement:
    """Where a request's model runs, in which precision, and what runs it.

    OpenVINO runs shipped latent models on a CPU wherever it is installed, and published ones, whose conversion takes
    minutes and gigabytes, where it is asked for: in bfloat16 if the processor has it and no precision is asked for.
    Compiled networks and the stock pipeline run where they are asked for; on a GPU, networks are also compiled in the
    background of a process that is `lasting` enough to gain by it.

    Raises:
        DeviceUnavailable: when what is asked for cannot run this, or there is no such device.
    """
    placement = device.choose(request.device, request.dtype)
    if request.backend == "eager" or spec.kind != "latent":
        return placement
    if request.backend == "auto":
        compiling = placement.device.startswith("cuda")
        wanted = "compiled" if compiling else "openvino"
        if not (lasting if compiling else spec.shipped) or _against(wanted, request, placement):
            return placement
        return replace(_computing(wanted, request, placement), background=compiling)
    wanted = request.backend
    if against := _against(wanted, request, placement):
        raise DeviceUnavailable(f"The backend {wanted} cannot run this: {against}, or choose the backend “auto”.")
    return _computing(wanted, request, placement)


def _computing(backend: Backend, request: GenerationRequest, placement: Placement) -> Placement:
    """The placement with this backend, in the precision that suits it where none is asked for."""
    # with AMX three times as fast, and 55 dB from float32, which nobody sees
    half = backend == "openvino" and request.dtype == "auto" and device.has_fast_half()
    return replace(placement, backend=backend, dtype="bfloat16" if half else placement.dtype)


def _against(backend: str, request: GenerationRequest, placement: Placement) -> str:
    """What to change so that a backend could run this; empty if nothing."""
    if backend == "compiled":
        return _against_compiling(placement)
    if request.loras or request.delta_from:
        return "leave out LoRA files and --delta-from"
    if backend == "diffusers":
        return "choose the decoder “full”" if request.decoder != "full" else ""
    if find_spec("openvino") is None:
        return "install it with “pip install openvino”"
    if placement.device != "cpu":
        return "choose the device “cpu”"
    return "choose the precision “float32” or “bfloat16”" if placement.dtype == "float16" else ""


def _against_compiling(placement: Placement) -> str:
    """What to change so that PyTorch could compile; empty if nothing."""
    if placement.device.startswith("cuda"):
        if "SPACES_ZERO_GPU" in os.environ:
            return "choose hardware that the Space keeps"  # there, every call is a process of its own
        return "" if find_spec("triton") else "install it with “pip install triton”"
    return "" if shutil.which(os.environ.get("CXX", "g++")) else "install it with “apt-get install g++”"


def inspect(
    spec: ModelSpec, files: ModelFiles, placement: Placement, extras: Extras = NOTHING, checker: Path | None = None
) -> None:
    """Judge a model's files, and a safety checker's, by each other without loading them; `load` does so too.

    Raises:
        CheckpointError: when they are not what they should be.
    """
    from . import agreement  # noqa: PLC0415 - slow to import

    agreement.inspect(spec, files, placement, extras, checker)


def load(
    spec: ModelSpec, files: ModelFiles, placement: Placement, plan: Plan = WHOLE, extras: Extras = NOTHING
) -> Engine:
    """Load the engine for a registry row. Imports torch and diffusers when it is first called.

    Raises:
        ModelUnavailable: when the files cannot be read.
        CheckpointError: when `extras`, which only latent models take, do not fit.
    """
    caches.let_torch_be_imported()
    _use_real_cores()
    # the page is served before these libraries are imported
    if spec.kind == "text2im":
        from .text2im import Text2ImEngine  # noqa: PLC0415

        return Text2ImEngine.load(spec, files, placement, plan)
    if placement.backend == "diffusers":
        from .stock import StockEngine  # noqa: PLC0415

        return StockEngine.load(spec, files, placement, plan)
    from .latent import LatentEngine  # noqa: PLC0415

    return LatentEngine.load(spec, files, placement, plan, extras)


def _use_real_cores() -> None:
    """PyTorch counts the threads of a core, and cores that a container may not use: they get in each other's way."""
    if "OMP_NUM_THREADS" not in os.environ:
        import torch  # noqa: PLC0415 - kept out of start-up

        torch.set_num_threads(environment.usable_cores())
