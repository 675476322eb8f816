"""What may serve the page, and what the folder must say for each: data only."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

PYTHON = "3.12"  # Spaces have 3.10 unless they ask for more, and diffusers needs 3.11


@dataclass(frozen=True)
class Host:
    """What runs the folder.

    `hardware` is Hugging Face's name of it. `torch` has the releases of PyTorch that it offers, where it does not take
    any; `wheels` is an index of those without CUDA, where there is no GPU. `brings` has the libraries that are there
    without being asked for, `asks_for` the one that the code must use. With `preloads`, checkpoints can be fetched
    while it is built.
    """

    sdk: Literal["gradio", "docker"]
    hardware: str | None = None
    torch: tuple[str, ...] = ()
    wheels: str = ""
    brings: tuple[str, ...] = ()
    asks_for: str = ""
    preloads: bool = False


_CPU_WHEELS = "https://download.pytorch.org/whl/cpu"

HOSTS: Mapping[str, Host] = MappingProxyType(
    {
        "zerogpu": Host(
            sdk="gradio",
            hardware="zero-a10g",  # still its name, whatever GPUs it has
            torch=("2.8.0", "2.9.1", "2.10.0", "2.11.0"),
            brings=("spaces",),
            asks_for="spaces",
            preloads=True,
        ),
        "cpu": Host(sdk="gradio", hardware="cpu-basic", wheels=_CPU_WHEELS, brings=("spaces",), preloads=True),
        "docker": Host(sdk="docker"),
    }
)
