"""What all engines share: images go through a network in passes, and a pass that is too large is halved."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import Tensor

from ..errors import NotANumber, OutOfMemory, Sentence
from ..events import ImageReady, Preview, digest
from ..machine import device
from ..machine.clock import Stopwatch
from ..machine.device import Placement
from ..measure import Timing
from ..request import ModelRun
from .memory import TILE, Plan

Event = TypeVar("Event")
Sent = Callable[[], Tensor]
"""What gives pixels (B, H, W, 3), uint8 on the host, once they are there."""


HALVED = Sentence("Memory ran out, so this batch was made in parts: the images are the same, and their times longer.")


@dataclass(frozen=True)
class Pass:
    """The images that go through the network together: `first` is the index of the first one."""

    first: int
    seeds: tuple[int, ...]

    def generators(self) -> list[torch.Generator]:
        """A random generator for each image, on the CPU, so that it draws the same on every device."""
        return [torch.Generator().manual_seed(seed) for seed in self.seeds]


@dataclass(frozen=True)
class Drawn:
    """Pixels (B, H, W, 3), uint8 on the host, and how far from straight each image's flow was (B,), where it is one."""

    pixels: Tensor
    bends: Tensor | None = None


def each_pass(
    passes: Sequence[Pass], make: Callable[[Pass], Iterator[Event]], run: ModelRun, placement: Placement
) -> Iterator[Event]:
    """The events of every pass; one that runs out of memory is halved, which changes no image: each has its own seed.

    Every attempt begins with new generators, so what the one before it drew is as if it had never been. The images of
    halves have a note.

    Raises:
        OutOfMemory: when not even one image fits.
    """
    waiting, halved = list(passes), set[Pass]()
    while waiting:
        current = waiting.pop(0)
        events = make(current)
        full = yield from _attempt(_noted(events) if current in halved else events)
        if full:
            device.free_memory(placement)
            halves = _halves(current, run, placement)
            halved.update(halves)
            waiting = [*halves, *waiting]


def in_turn(
    pieces: Generator[Callable[[], Iterator[Event]], None, None], placement: Placement
) -> Generator[Event, None, None]:
    """The events of pieces of work, each of which comes with what tells of it once the device has done it.

    A device that works ahead is given the next piece before the last is told of, so that it never waits for its host.
    """
    ahead, untold = int(device.works_ahead(placement)), deque[Callable[[], Iterator[Event]]]()
    with closing(pieces):
        for tell in pieces:
            untold.append(tell)
            if len(untold) > ahead:
                yield from untold.popleft()()
    for tell in untold:
        yield from tell()


def noise(generators: Sequence[torch.Generator], shape: tuple[int, ...], placement: Placement) -> Tensor:
    """Gaussian noise (B, *shape) in float32 on the device, an image's share from its own generator."""
    return to_device(torch.stack([torch.randn(shape, generator=each) for each in generators]), placement)


def to_device(tensor: Tensor, placement: Placement) -> Tensor:
    """A copy on the device, made when it comes to it: the host goes on, as the device reads pinned memory by itself."""
    if placement.device.startswith("cpu"):
        return tensor
    return tensor.pin_memory().to(placement.device, non_blocking=True)


@contextmanager
def working(
    plan: Plan, placement: Placement, watch: Stopwatch, stage: str, *networks: torch.nn.Module
) -> Iterator[None]:
    """Networks on their device while they work, where the plan keeps them elsewhere; the stage's time has the moves."""
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


def fit(plan: Plan, placement: Placement, vae: AutoencoderKL, *others: torch.nn.Module) -> None:
    """Put networks where the plan wants them while they wait, and let the autoencoder work as it says."""
    place((*others, vae), "cpu" if plan.offloaded else placement.device)
    vae.use_tiling = plan.tiled
    vae.tile_sample_min_size = TILE
    vae.tile_latent_min_size = TILE // pixels_per_latent(vae)


def pixels_per_latent(vae: AutoencoderKL) -> int:
    """Pixels a side of one latent."""
    return 2 ** (len(vae.config["block_out_channels"]) - 1)


def place(networks: Iterable[torch.nn.Module], where: str) -> None:
    """Move networks to a device."""
    for network in networks:
        network.to(where)


def lay_out(networks: Iterable[torch.nn.Module], placement: Placement) -> None:
    """Put the channels of convolutions last in memory where that was measured to be faster.

    That is a quarter on a CPU in float32, and what compiled code is made for. Elsewhere it is slower, and in half
    precision other kernels round otherwise, so that images would not be those of the published code.
    """
    whole_on_cpu = placement.device.startswith("cpu") and placement.dtype == "float32"
    if whole_on_cpu or placement.backend == "compiled":
        for network in networks:
            network.to(memory_format=torch.channels_last)


def quantised(image: Tensor) -> Tensor:
    """Pixels (B, H, W, 3), uint8 on their device, of images (B, 3, H, W) in [-1, 1], rounded as diffusers does."""
    rounded = ((image / 2 + 0.5).clamp(0, 1).float() * 255).round().to(torch.uint8)
    return rounded.permute(0, 2, 3, 1).contiguous()


def levels(image: Tensor) -> Tensor:
    """Pixels (B, H, W, 3), uint8 on the host, of images (B, 3, H, W) in [-1, 1].

    Raises:
        NotANumber: where there is one, which would be a black pixel.
    """
    return sent(image)()


def sent(image: Tensor) -> Sent:
    """What gives the `levels` of images once the device has made them; until then nothing waits for it."""
    pixels, finite = _to_host(quantised(image)), _to_host(image.isfinite().all())
    arrived = None
    if image.is_cuda:
        arrived = torch.cuda.Event()
        arrived.record()

    def received() -> Tensor:
        if arrived is not None:
            arrived.synchronize()
        if not finite:
            raise NotANumber(
                "What the model computed is no number, so there is no image: choose the precision float32, and if "
                "that does not help, restore the model's files."
            )
        return pixels

    return received


def _to_host(tensor: Tensor) -> Tensor:
    """A copy that a GPU makes when it comes to it: in memory that it writes to by itself, which is faster too."""
    if not tensor.is_cuda:
        return tensor
    return torch.empty_like(tensor, device="cpu", pin_memory=True).copy_(tensor, non_blocking=True)


def preview(run: ModelRun, current: Pass, pixels: Tensor) -> Preview:
    """The event that shows what a pass has so far, as pixels (B, H, W, 3)."""
    return Preview(run.model.id, current.first, tuple(Image.fromarray(image.numpy()) for image in pixels))


def finished(
    run: ModelRun, current: Pass, pixels: Tensor, timing: Timing, notes: tuple[Sentence, ...]
) -> Iterator[ImageReady]:
    """The events of a pass whose pixels (B, H, W, 3) are made."""
    for offset, seed in enumerate(current.seeds):
        image = Image.fromarray(pixels[offset].numpy())
        yield ImageReady(run.model.id, current.first + offset, seed, image, timing, digest(image), notes=notes)


def _noted(events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        yield replace(event, notes=(*event.notes, HALVED)) if isinstance(event, ImageReady) else event


def _attempt(events: Iterator[Event]) -> Iterator[Event]:
    """Yield a pass's events; returns whether the device ran out of memory. The error is dropped: it holds tensors."""
    try:
        yield from events
    except (RuntimeError, MemoryError) as error:
        if not device.is_out_of_memory(error):
            raise
        return True
    return False


def _halves(current: Pass, run: ModelRun, placement: Placement) -> list[Pass]:
    half = len(current.seeds) // 2
    if not half:
        raise OutOfMemory(
            "{device} has too little free memory for one {size}x{size} image of {title}. Choose a smaller size, close "
            "other programs that use it, or choose another device.",
            device=placement.device,
            size=run.size,
            title=run.model.title,
        )
    return [Pass(current.first, current.seeds[:half]), Pass(current.first + half, current.seeds[half:])]
