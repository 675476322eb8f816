"""The device and the precision, on whatever machine this is."""

import pytest
import torch

from instaflow_demo.errors import DeviceUnavailable
from instaflow_demo.machine import device, environment
from instaflow_demo.machine.device import Placement

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


@NO_GPU
def test_without_a_gpu_everything_runs_on_the_cpu() -> None:
    assert device.choose("auto", "auto") == device.choose("cpu", "auto") == Placement("cpu", "float32")


@NO_GPU
def test_a_gpu_that_is_asked_for_and_missing_is_a_sentence_with_a_remedy() -> None:
    with pytest.raises(DeviceUnavailable, match="choose the device “auto” or “cpu”"):
        device.choose("cuda", "auto")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_slow_half_precision_becomes_float32_with_a_note(dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "cpu_flags", lambda: "sse4_2 avx avx2 fma")
    placement = device.choose("cpu", dtype)
    assert placement.torch_dtype == torch.float32
    assert dtype in placement.notes[0]


def test_nothing_is_noted_when_nothing_is_changed() -> None:
    assert device.choose("cpu", "float32").notes == ()


def test_running_out_of_memory_is_recognised() -> None:
    with pytest.raises(RuntimeError) as failed:
        torch.empty(2**60, dtype=torch.uint8)
    assert device.is_out_of_memory(failed.value)
    assert device.is_out_of_memory(MemoryError())
    assert device.is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not device.is_out_of_memory(RuntimeError("shapes do not match"))


def test_peak_memory_on_a_cpu_is_the_process_s() -> None:
    placement = Placement("cpu", "float32")
    before = device.peak_bytes(placement)
    held = torch.ones(50_000_000)
    assert device.peak_bytes(placement) - before > 100e6
    del held
