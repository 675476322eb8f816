"""Where a model runs, in which precision, and what runs it."""

import os
import shutil
from dataclasses import replace
from importlib.util import find_spec

from ..errors import DeviceUnavailable, Sentence
from ..machine import device, zerogpu
from ..machine.device import Backend, Placement
from ..registry import ModelSpec
from ..request import GenerationRequest


def choose_placement(request: GenerationRequest, spec: ModelSpec, *, lasting: bool = False) -> Placement:
    """Where a request's model runs, in which precision, and what runs it.

    OpenVINO runs shipped latent models on a CPU wherever it is installed, and published ones, whose conversion takes
    minutes and gigabytes, where it is asked for: in bfloat16 if the processor has it and no precision is asked for.
    Compiled networks and the stock pipeline run where they are asked for; on a GPU, networks are also compiled in the
    background of a process that is `lasting` enough to gain by it. What nobody asked for is made in the background.

    Raises:
        DeviceUnavailable: when what is asked for cannot run this, or there is no such device.
    """
    placement = device.choose(request.device, request.dtype)
    if request.backend == "eager" or not spec.traits.chooses_backend:
        return placement
    if request.backend == "auto":
        compiling = placement.device.startswith("cuda")
        wanted = "compiled" if compiling else "openvino"
        if not (lasting if compiling else spec.shipped) or _why_unsupported(wanted, request, placement):
            return placement
        return replace(_with_backend(wanted, request, placement), background=compiling or request.decoder != "int8")
    wanted = request.backend
    if reason := _why_unsupported(wanted, request, placement):
        raise DeviceUnavailable(reason)
    return _with_backend(wanted, request, placement)


def _with_backend(backend: Backend, request: GenerationRequest, placement: Placement) -> Placement:
    """The placement with this backend, in the precision that suits it where none is asked for."""
    # with AMX three times as fast, and 55 dB from float32, which nobody sees
    half = backend == "openvino" and request.dtype == "auto" and device.has_fast_half()
    return replace(placement, backend=backend, dtype="bfloat16" if half else placement.dtype)


def _why_unsupported(backend: str, request: GenerationRequest, placement: Placement) -> Sentence | None:
    """Why a backend cannot run this, and what to change; None where it can."""
    if backend == "compiled":
        return _why_not_compiled(placement)
    if request.loras or request.delta_from:
        return Sentence(
            "The backend {backend} cannot run this: leave out LoRA files and --delta-from, or choose the backend "
            "“auto”.",
            backend=backend,
        )
    return _why_not_stock(request) if backend == "diffusers" else _why_not_openvino(placement)


def _why_not_openvino(placement: Placement) -> Sentence | None:
    if find_spec("openvino") is None:
        return _to_be_installed("openvino", "pip install openvino")
    if placement.device != "cpu":
        return Sentence("The backend openvino cannot run this: choose the device “cpu”, or choose the backend “auto”.")
    if placement.dtype != "float16":
        return None
    return Sentence(
        "The backend openvino cannot run this: choose the precision “float32” or “bfloat16”, or choose the backend "
        "“auto”."
    )


def _why_not_stock(request: GenerationRequest) -> Sentence | None:
    if request.decoder == "full":
        return None
    return Sentence("The backend diffusers cannot run this: choose the decoder “full”, or choose the backend “auto”.")


def _why_not_compiled(placement: Placement) -> Sentence | None:
    """Why PyTorch cannot compile here; None where it can."""
    if not placement.device.startswith("cuda"):
        compiler = shutil.which(os.environ.get("CXX", "g++"))
        return None if compiler else _to_be_installed("compiled", "apt-get install g++")
    if zerogpu.is_here():  # what is compiled would be gone with the process, and charged to a visitor each time
        return Sentence(
            "The backend compiled cannot run this: choose hardware that the Space keeps, or choose the backend “auto”."
        )
    return None if find_spec("triton") else _to_be_installed("compiled", "pip install triton")


def _to_be_installed(backend: str, command: str) -> Sentence:
    return Sentence(
        "The backend {backend} cannot run this: install it with “{command}”, or choose the backend “auto”.",
        backend=backend,
        command=command,
    )
