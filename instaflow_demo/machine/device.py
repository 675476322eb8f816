"""Where models run and in which precision, decided in one place."""

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import psutil

from ..errors import DeviceUnavailable, Sentence
from . import environment
from .clock import Clock, Moment, host_clock

if TYPE_CHECKING:
    import torch

Device = Literal["auto", "cpu", "cuda"]
Dtype = Literal["auto", "float32", "float16", "bfloat16"]
Baseline = Literal["diffusers"]
Backend = Literal["auto", "eager", "compiled", "openvino", Baseline]
"""What runs latent models: PyTorch as it is or compiled, OpenVINO, or for comparison diffusers' stock pipeline."""

# Features without which a processor emulates half-precision convolutions, about 150 times slower than float32
_FAST_HALF = ("avx512_bf16", "amx_bf16", "amx_fp16", "bf16 ")


@dataclass(frozen=True)
class Placement:
    """A device, a precision and what runs latent models there, with notes where they are not what was asked for.

    With `background`, another backend serves until this one is ready; the eager one is such a backend itself.
    """

    device: str
    dtype: Literal["float32", "float16", "bfloat16"]
    notes: tuple[Sentence, ...] = ()
    backend: Literal["eager", "compiled", "openvino", "diffusers"] = "eager"
    background: bool = False

    @property
    def torch_dtype(self) -> "torch.dtype":
        import torch  # noqa: PLC0415 - kept out of start-up

        return getattr(torch, self.dtype)

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells two placements apart."""
        return self.device, self.dtype, self.backend


def choose(device: Device, dtype: Dtype) -> Placement:
    """The placement for a request: CUDA where there is one, else the CPU; float16 on CUDA, else float32.

    Raises:
        DeviceUnavailable: when CUDA is asked for and there is none.
    """
    import torch  # noqa: PLC0415 - kept out of start-up

    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise DeviceUnavailable(
            "There is no usable CUDA GPU here: choose the device “auto” or “cpu”, or install a CUDA build of torch "
            "and its driver."
        )
    if has_cuda and device != "cpu":
        return Placement("cuda", "float16" if dtype == "auto" else dtype)
    if dtype in ("float16", "bfloat16") and not has_fast_half():
        note = Sentence(
            "This processor computes {dtype} far more slowly than float32, so float32 is used instead.", dtype=dtype
        )
        return Placement("cpu", "float32", (note,))
    return Placement("cpu", "float32" if dtype == "auto" else dtype)


def synchronize(placement: Placement) -> None:
    """Wait until the device has finished everything, so that a clock read now is honest."""
    if works_ahead(placement):
        import torch  # noqa: PLC0415 - kept out of start-up

        torch.cuda.synchronize(placement.device)


def works_ahead(placement: Placement) -> bool:
    """Whether the device takes work that it does later, so that its host can go on."""
    return placement.device.startswith("cuda")


def clock(placement: Placement) -> Clock:
    """A clock of the device's own work: an event of a GPU costs nothing, while waiting for one costs a pause in it."""
    if not works_ahead(placement):
        return host_clock
    import torch  # noqa: PLC0415 - kept out of start-up

    def event() -> "torch.cuda.Event":
        made = torch.cuda.Event(enable_timing=True)
        made.record()
        return made

    def mark() -> Moment:
        reached = event()

        def seconds() -> float:
            reached.synchronize()
            return zero.elapsed_time(reached) / 1000

        return seconds

    zero = event()
    return mark


def free_memory(placement: Placement) -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if placement.device.startswith("cuda"):
        import torch  # noqa: PLC0415 - kept out of start-up

        torch.cuda.empty_cache()


def reset_peak(placement: Placement) -> None:
    """Begin a new measurement of peak memory."""
    if placement.device.startswith("cuda"):
        import torch  # noqa: PLC0415 - kept out of start-up

        torch.cuda.reset_peak_memory_stats(placement.device)


def peak_bytes(placement: Placement) -> int:
    """Peak memory: the CUDA allocator's since `reset_peak`, or on a CPU what the whole process holds now.

    Replaying a graph allocates nothing, as what it works in is reserved: for such a backend, reserved memory counts.
    """
    if placement.device.startswith("cuda"):
        import torch  # noqa: PLC0415 - kept out of start-up

        peak = torch.cuda.max_memory_reserved if placement.backend == "compiled" else torch.cuda.max_memory_allocated
        return peak(placement.device)
    return psutil.Process().memory_info().rss


def free_bytes(placement: Placement) -> int:
    """Memory that can still be used, with what PyTorch holds in reserve; on a CPU, within its container's limit."""
    if placement.device.startswith("cuda"):
        import torch  # noqa: PLC0415 - kept out of start-up

        free, _ = torch.cuda.mem_get_info(placement.device)
        return free + torch.cuda.memory_reserved(placement.device) - torch.cuda.memory_allocated(placement.device)
    return min(psutil.virtual_memory().available, environment.free_of_container())


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the CPU's or the GPU's memory is used up."""
    import torch  # noqa: PLC0415 - kept out of start-up

    # torch's CPU allocator raises a plain RuntimeError that only its text tells apart
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def has_fast_half() -> bool:
    """Whether the processor multiplies in half precision natively."""
    import torch  # noqa: PLC0415 - kept out of start-up

    return torch.backends.cpu.get_cpu_capability().startswith("AVX512") and any(
        flag in environment.cpu_flags() for flag in _FAST_HALF
    )
