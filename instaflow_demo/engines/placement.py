"""Where a model runs, in which precision, and what runs it."""

import os
import shutil
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import DeviceUnavailable
from ..machine import device
from ..machine.device import Backend, Placement
from ..registry import ModelSpec
from ..request import GenerationRequest

if TYPE_CHECKING:
    pass


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
    if request.backend == "eager" or not spec.traits.chooses_backend:
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
