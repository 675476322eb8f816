"""Where networks and tensors are, and how they lie in memory there."""

# diffusers describes its classes loosely
# pyright: reportCallIssue=false, reportPrivateImportUsage=false

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from diffusers import AutoencoderKL
from torch import Tensor

from ..machine.clock import Stopwatch
from ..machine.device import Placement
from .memory import TILE, Plan


@contextmanager
def on_device(
    plan: Plan, placement: Placement, watch: Stopwatch, stage: str, *networks: torch.nn.Module
) -> Iterator[None]:
    """Networks on their device while they work, where the plan offloads them; moving counts as time of the stage."""
    if not plan.offloaded:
        yield
        return
    with watch(stage):
        place(networks, placement.device)
    try:
        yield
    finally:
        with watch(stage):
            place(networks, "cpu")


def apply_plan(plan: Plan, placement: Placement, vae: AutoencoderKL, *others: torch.nn.Module) -> None:
    """Put networks where the plan wants them while they wait, and let the autoencoder decode in tiles if it says so."""
    place((*others, vae), "cpu" if plan.offloaded else placement.device)
    vae.use_tiling = plan.tiled
    vae.tile_sample_min_size = TILE
    vae.tile_latent_min_size = TILE // pixels_per_latent(vae)


def place(networks: Iterable[torch.nn.Module], where: str) -> None:
    """Move networks to a device."""
    for network in networks:
        network.to(where)


def to_device(tensor: Tensor, placement: Placement) -> Tensor:
    """A copy on the device that waits for nothing: a GPU reads pinned memory by itself when it comes to it."""
    if placement.device.startswith("cpu"):
        return tensor
    return tensor.pin_memory().to(placement.device, non_blocking=True)


def lay_out(networks: Iterable[torch.nn.Module], placement: Placement) -> None:
    """Put the channels of convolutions last in memory where that was measured to be faster.

    That is a quarter on a CPU in float32, and what compiled code is made for. Elsewhere it is slower, and in half
    precision other kernels round otherwise, so that images would not be those of the published code.
    """
    whole_on_cpu = placement.device.startswith("cpu") and placement.dtype == "float32"
    if whole_on_cpu or placement.backend == "compiled":
        for network in networks:
            network.to(memory_format=torch.channels_last)


def pixels_per_latent(vae: AutoencoderKL) -> int:
    """Pixels a side of one latent."""
    return 2 ** (len(vae.config["block_out_channels"]) - 1)
