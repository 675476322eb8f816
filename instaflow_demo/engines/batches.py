"""What all engines share: images go through a network in batches, and a batch that is too large is halved."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from ..errors import OutOfMemory, Sentence
from ..events import ImageReady, Preview, Step, digest
from ..machine import device
from ..machine.device import Placement
from ..measure import Timing
from ..request import GenerationRequest, Interpolation, ModelRun
from .offload import to_device
from .pixels import AsyncPixels, to_pil

EngineEvent = TypeVar("EngineEvent")

HALVED = Sentence("Memory ran out, so this batch was made in parts: the images are the same, and their times longer.")


@dataclass(frozen=True)
class Batch:
    """The images that go through the network together: a prompt and a seed for each, and one negative prompt.

    `first` is the index of the first one in its request. Images of an interpolation are on the way from these prompts
    and seeds to those of `end`, each at its own one of `positions`, from 0 to 1.
    """

    prompts: tuple[str, ...]
    seeds: tuple[int, ...]
    negative_prompt: str = ""
    first: int = 0
    end: Interpolation | None = None
    positions: tuple[float, ...] = ()

    @classmethod
    def of(cls, request: GenerationRequest, *, together: bool) -> "list[Batch]":
        """A request's images as one batch, or as a batch for each."""
        seeds = request.seeds
        prompts, end = (request.prompt,) * len(seeds), request.interpolation
        whole = cls(prompts, seeds, request.negative_prompt, end=end, positions=request.positions)
        return [whole] if together else [whole.part(index, index + 1) for index in range(len(seeds))]

    def __len__(self) -> int:
        return len(self.seeds)

    def part(self, start: int, stop: int) -> "Batch":
        """The images from `start` to `stop` as a batch of their own."""
        return replace(
            self,
            prompts=self.prompts[start:stop],
            seeds=self.seeds[start:stop],
            first=self.first + start,
            positions=self.positions[start:stop],
        )

    def at(self, end: Interpolation) -> "Batch":
        """As many images at the end of their way."""
        return Batch((end.prompt,) * len(self), (end.seed,) * len(self), self.negative_prompt, self.first)

    def generators(self) -> list[torch.Generator]:
        """A random generator for each image, on the CPU, so that it draws the same on every device."""
        return [torch.Generator().manual_seed(seed) for seed in self.seeds]


@dataclass(frozen=True)
class Samples:
    """Pixels (B, H, W, 3), uint8 on the host; and the straightness of each image's path (B,), if it has one."""

    pixels: Tensor
    straightness: Tensor | None = None


def run_batches(
    batches: Sequence[Batch],
    events_of: Callable[[Batch], Generator[EngineEvent, None, None]],
    run: ModelRun,
    placement: Placement,
) -> Generator[EngineEvent, None, None]:
    """The events of every batch; one that runs out of memory is halved, which changes no image: each has its own seed.

    Every attempt begins with new generators, so that none sees what the one before it drew. The images of halves have
    a note.

    Raises:
        OutOfMemory: when not even one image fits.
    """
    waiting, halved = deque(batches), set[Batch]()
    while waiting:
        batch = waiting.popleft()
        try:
            with closing(events_of(batch)) as events:
                for event in events:
                    yield _add_note(event) if batch in halved else event
            continue
        except (RuntimeError, MemoryError) as error:
            if not device.is_out_of_memory(error):
                raise
        device.free_memory(placement)  # only here: the error holds tensors
        halves = _halves(batch, run, placement)
        halved.update(halves)
        waiting.extendleft(reversed(halves))


def one_behind(
    pieces: Generator[Iterable[EngineEvent], None, None], placement: Placement
) -> Generator[EngineEvent, None, None]:
    """Deliver the events of pieces of work, each of which has been submitted to the device when it comes.

    Where the device works ahead, a piece is delivered when the next one has been submitted: whoever reads its times or
    pixels then waits for the device, and the device for nobody.
    """
    ahead = device.works_ahead(placement)
    held: Iterable[EngineEvent] = ()
    with closing(pieces):
        for piece in pieces:
            due, held = (held, piece) if ahead else (piece, held)
            yield from due
    yield from held


def noise(generators: Sequence[torch.Generator], shape: tuple[int, ...], placement: Placement) -> Tensor:
    """Gaussian noise (B, *shape) in float32 on the device, each image's share from its own generator."""
    return to_device(torch.stack([torch.randn(shape, generator=each) for each in generators]), placement)


def step_events(read: Callable[[], Step], preview: AsyncPixels | None = None) -> Iterator[Step | Preview]:
    """The events of a step that was submitted with a preview of its result, if there is one.

    `read` asks the device's clock when the step ended, and so waits for it: it is called when the event is due. The
    host is at most one step ahead of its device, and whoever stops it waits for no more than that.
    """
    step = read()
    yield step
    if preview is not None:
        yield Preview(step.model, step.image, to_pil(preview()))


def preview_events(run: ModelRun, batch: Batch, pixels: AsyncPixels) -> Iterator[Preview]:
    """The event of what a batch has so far; reading it waits for its pixels."""
    yield Preview(run.model.id, batch.first, to_pil(pixels()))


def image_events(
    run: ModelRun, batch: Batch, pixels: Tensor, timing: Timing, notes: tuple[Sentence, ...] = ()
) -> Iterator[ImageReady]:
    """The events of a batch whose pixels (B, H, W, 3) are made."""
    for offset, (seed, image) in enumerate(zip(batch.seeds, to_pil(pixels), strict=True)):
        yield ImageReady(run.model.id, batch.first + offset, seed, image, timing, digest(image), notes=notes)


def _add_note(event: EngineEvent) -> EngineEvent:
    return replace(event, notes=(*event.notes, HALVED)) if isinstance(event, ImageReady) else event


def _halves(batch: Batch, run: ModelRun, placement: Placement) -> list[Batch]:
    half = len(batch) // 2
    if not half:
        raise OutOfMemory(
            "{device} has too little free memory for one {size}x{size} image of {title}. Choose a smaller size, close "
            "other programs that use it, or choose another device.",
            device=placement.device,
            size=run.size,
            title=run.model.title,
        )
    return [batch.part(0, half), batch.part(half, len(batch))]
