"""The machine that the numbers were measured on, shown beside them."""

import math
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from .. import __version__
from .paths import exists

_LIBRARIES = ("torch", "diffusers", "transformers", "gradio", "openvino")


@dataclass(frozen=True)
class Environment:
    """A snapshot. Sizes are in bytes; the GPU's fields are None where there is none."""

    platform: str
    python: str
    cpu: str
    cores: int
    threads: int
    ram_used: int
    ram_total: int
    gpu: str | None
    gpu_memory_used: int | None
    gpu_memory_total: int | None
    disk_used: int
    disk_total: int
    versions: dict[str, str]

    @property
    def name(self) -> str:
        """What times are said to be measured on: "AMD EPYC, 2 cores"."""
        return f"{self.gpu or self.cpu}, {self.cores} cores"

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


def fingerprint(folder: Path = Path()) -> Environment:
    """Describe this machine; the disk is the one that holds `folder`."""
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(_existing(folder))
    gpu, gpu_used, gpu_total = _gpu()
    return Environment(
        platform=platform.platform(terse=True),
        python=platform.python_version(),
        cpu=_cpu_name(),
        cores=psutil.cpu_count(logical=False) or 1,
        threads=_threads(),
        ram_used=memory.total - memory.available,
        ram_total=memory.total,
        gpu=gpu,
        gpu_memory_used=gpu_used,
        gpu_memory_total=gpu_total,
        disk_used=disk.used,
        disk_total=disk.total,
        versions={"instaflow_demo": __version__} | {name: _version(name) for name in _LIBRARIES},
    )


def cpu_flags() -> str:
    """The processor's feature flags as Linux lists them; empty elsewhere."""
    return _cpuinfo("flags")


def free_of_container(folder: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that this container may still take, which the machine's free memory does not tell; huge without a limit."""
    try:
        limit, used = (int((folder / name).read_text()) for name in ("memory.max", "memory.current"))
        facts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no Linux container, or no limit ("max")
        return sys.maxsize
    return max(0, limit - used + int(facts.get("inactive_file", 0)))  # cached files make way for what needs memory


def usable_cores(folder: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that computing gains from: real ones, not their threads, that this process and its container may use."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        share = math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no Linux container, or no limit ("max")
        share = sys.maxsize
    return max(1, min(psutil.cpu_count(logical=False) or sys.maxsize, _threads(), share))


def _threads() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _cpu_name() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(field: str) -> str:
    """The first value of a field of /proc/cpuinfo; empty where there is no such file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _gpu() -> tuple[str | None, int | None, int | None]:
    import torch  # noqa: PLC0415 - kept out of start-up

    if not torch.cuda.is_available():
        return None, None, None
    free, total = torch.cuda.mem_get_info()
    return torch.cuda.get_device_name(), total - free, total


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return folder if exists(folder) else _existing(folder.parent)
