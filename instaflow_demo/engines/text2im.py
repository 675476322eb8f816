"""Text2im, OpenAI's GLIDE: a 64x64 image in 100 guided steps, made four times as large in 27 more.

All images of a request go through it together, as its authors run it.
"""

# diffusers describes its classes loosely
# pyright: reportPrivateImportUsage=false

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import NamedTuple

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import GPT2Tokenizer

from ..events import ImageReady, Noted, Preview, Step
from ..events import Stage as StageName
from ..glide import (
    UPSAMPLER_TEMPERATURE,
    Network,
    TextEncoder,
    round_to_8_bits,
    sample_ancestral,
    sample_ddim,
    tokenize,
    with_bounded_variance,
    with_guidance,
    with_low_resolution,
)
from ..machine import device
from ..machine.clock import Stopwatch
from ..machine.device import Placement
from ..measure import Timing
from ..registry import ModelSpec
from ..request import GenerationRequest, ModelRun
from ..weights.locate import ModelFiles
from .batches import Batch, Samples, image_events, noise, one_behind, preview_events, run_batches, step_events
from .checkpoint.reading import load, read_network
from .memory import WHOLE, Plan
from .offload import lay_out, on_device, place
from .pixels import AsyncPixels, to_uint8_async, to_uint8_host
from .unread import Reader

CascadeEvent = Step | Preview | ImageReady


class Stage(NamedTuple):
    """The networks of the base, or of the upsampler."""

    text_encoder: TextEncoder
    unet: UNet2DConditionModel


class Point(NamedTuple):
    """Images (B, 3, S, S) after `number` steps of a stage; the upsampler's begin at 0, with what the base has made."""

    stage: StageName
    number: int
    images: Tensor


class Text2ImEngine:
    """One loaded cascade. Make one with `load`."""

    notes = ()

    def __init__(self, tokenizer: GPT2Tokenizer, base: Stage, upsampler: Stage, placement: Placement):
        self.placement = placement
        self.load_s = 0.0
        self._tokenizer = tokenizer
        self._base = base
        self._upsampler = upsampler
        self._warm: set[int] = set()
        self._plan = WHOLE

    @classmethod
    def load(cls, spec: ModelSpec, files: ModelFiles, placement: Placement, plan: Plan = WHOLE) -> "Text2ImEngine":
        """Read a cascade from disk onto its device.

        Raises:
            ModelUnavailable: when the files are not what diffusers and transformers expect.
        """

        def make() -> "Text2ImEngine":
            tokenizer = GPT2Tokenizer.from_pretrained(files.component("tokenizer"), local_files_only=True)
            base = _stage(files, "text_encoder", "unet", placement)
            upsampler = _stage(files, "upsampler_text_encoder", "upsampler", placement)
            return cls(tokenizer, base, upsampler, placement)

        return load(make, spec, files, placement, plan)

    def apply(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        self._plan = plan
        place((*self._base, *self._upsampler), "cpu" if plan.offloaded else self.placement.device)

    @torch.inference_mode()
    def generate(
        self, request: GenerationRequest, run: ModelRun
    ) -> Generator[Noted | Step | Preview | ImageReady, None, None]:
        """Make the request's images at once, yielding each step of the base and of the upsampler, then the images.

        First yields a note for any text that the encoders will not read; between the two stages comes a preview of the
        base images.

        Raises:
            OutOfMemory: when not even one image fits.
        """
        yield from self.reader(run).note_unread(request, run)
        enlarges = self._reader(self._upsampler, f"{run.model.title}'s upsampler")
        if enlarges.length != self.reader(run).length:  # it is never guided
            yield from enlarges.note_unread(replace(request, negative_prompt=""), run)

        def events(batch: Batch) -> Generator[CascadeEvent, None, None]:
            return one_behind(self._submit(batch, run), self.placement)

        yield from run_batches(Batch.of(request, together=True), events, run, self.placement)

    @torch.inference_mode()
    def sample(self, batch: Batch, run: ModelRun) -> Samples:
        """A batch's images without events: for many prompts that nobody watches. The steps are those of `generate`."""
        *_, last = self._denoise(batch, run, self._stopwatch())
        self._warm.add(len(batch))
        return Samples(to_uint8_host(last.images))

    def reader(self, run: ModelRun) -> Reader:
        return self._reader(self._base, run.model.title)

    def close(self) -> None:
        """Let go of the networks and of the device memory they hold."""
        del self._base, self._upsampler
        device.free_memory(self.placement)

    def _submit(self, batch: Batch, run: ModelRun) -> Generator[Iterable[CascadeEvent], None, None]:
        """Submit a batch's steps to the device, yielding the events of each, to be read once it is done."""
        watch, images = self._stopwatch(), torch.empty(0)
        with closing(self._denoise(batch, run, watch)) as path:
            for stage, number, images in path:
                if number == 0:
                    yield preview_events(run, batch, to_uint8_async(images))
                else:
                    yield step_events(self._step_event(batch, run, stage, number, watch))
        with watch("decode"):
            pixels = to_uint8_async(images)
        yield self._finish(batch, run, pixels, watch)

    def _denoise(self, batch: Batch, run: ModelRun, watch: Stopwatch) -> Generator[Point, None, None]:
        """Both stages, a step at a time: noise on its way to small images, and noise beside these to large ones."""
        generators, images = batch.generators(), torch.empty(0)
        with self._on_device(watch, "text", self._base.text_encoder, self._upsampler.text_encoder), watch("text"):
            base, upsampler = self._encode_prompts(batch, run)
        with self._on_device(watch, "sample overhead", self._base.unet):
            with watch("sample overhead"):
                start = self._noise(self._base, generators)
            small = sample_ancestral(base, start, generators, run.steps)
            for number, images in enumerate(watch.each("sample steps", small), start=1):
                yield Point("sample", number, images)
        with watch("upsample overhead"):
            low = round_to_8_bits(images)
        yield Point("upsample", 0, low)
        with self._on_device(watch, "upsample overhead", self._upsampler.unet):
            with watch("upsample overhead"):
                start = self._noise(self._upsampler, generators) * UPSAMPLER_TEMPERATURE
                large = with_low_resolution(upsampler, low, start.shape[-1])
            for number, images in enumerate(watch.each("upsample steps", sample_ddim(large, start)), start=1):
                yield Point("upsample", number, images)

    def _finish(
        self, batch: Batch, run: ModelRun, pixels: AsyncPixels, watch: Stopwatch
    ) -> Generator[ImageReady, None, None]:
        """The events of a batch that was submitted to the device; reading them waits for it."""
        made = pixels()
        yield from image_events(run, batch, made, self._timing(watch, run, len(batch)))

    def _stopwatch(self) -> Stopwatch:
        return Stopwatch(device.clock(self.placement))

    def _on_device(self, watch: Stopwatch, stage: str, *networks: torch.nn.Module) -> AbstractContextManager[None]:
        return on_device(self._plan, self.placement, watch, stage, *networks)

    def _step_event(
        self, batch: Batch, run: ModelRun, stage: StageName, number: int, watch: Stopwatch
    ) -> Callable[[], Step]:
        first = stage == "sample"
        steps, before = (run.steps, 0) if first else (run.model.upsampling_steps, run.steps)
        elapsed = watch.so_far(*["text"] * first, f"{stage} overhead", f"{stage} steps")
        stepping = watch.so_far("sample steps", "upsample steps")

        def read() -> Step:
            place = run.model.id, batch.first, len(batch), number, steps
            return Step(*place, elapsed(), stage, stepped=before + number, stepping_s=stepping())

        return read

    def _noise(self, networks: Stage, generators: list[torch.Generator]) -> Tensor:
        """The noise (B, 3, S, S) that a U-Net starts from."""
        size = networks.unet.config["sample_size"]
        return noise(generators, (3, size, size), self.placement)

    def _timing(self, watch: Stopwatch, run: ModelRun, count: int) -> Timing:
        """The batch's seconds by stage; the first one of its size is cold."""
        warm = count in self._warm
        self._warm.add(count)
        text, decode = watch.seconds("text"), watch.seconds("decode")
        upsample = watch.seconds("upsample overhead", "upsample steps")
        sample = watch.seconds("sample overhead", "sample steps") + upsample
        overhead = watch.seconds("sample overhead", "upsample overhead")
        return Timing(count, run.all_steps, text, sample, decode, warm, upsample, overhead_s=overhead)

    def _encode_prompts(self, batch: Batch, run: ModelRun) -> tuple[Network, Network]:
        """Both U-Nets with the text they are to draw. Only the base is guided, the prompts before the negative ones."""
        prompts = list(batch.prompts)
        texts = [*prompts, *[batch.negative_prompt] * len(batch) * run.guided]
        base = with_guidance(self._base.unet, *self._encode(self._base, texts), run.guidance)
        if run.model.shipped:  # trained for minutes, it asks for variances that there are none of
            base = with_bounded_variance(base)
        return base, with_guidance(self._upsampler.unet, *self._encode(self._upsampler, prompts), 1.0)

    def _encode(self, networks: Stage, texts: list[str]) -> tuple[Tensor, Tensor]:
        encoder = networks.text_encoder
        ids, mask = tokenize(self._tokenizer, texts, encoder.config["tokens"])
        return encoder(ids.to(self.placement.device), mask.to(self.placement.device))

    def _reader(self, networks: Stage, whose: str) -> Reader:
        length = networks.text_encoder.config["tokens"]
        return Reader(whose, self._tokenizer, length, lower=True, split_special_tokens=True)


def _stage(files: ModelFiles, text_encoder: str, unet: str, placement: Placement) -> Stage:
    """A text encoder and its U-Net, from these components."""
    made = Stage(
        read_network(TextEncoder, files.component(text_encoder), placement, placement.torch_dtype),
        read_network(UNet2DConditionModel, files.component(unet), placement, placement.torch_dtype),
    )
    lay_out([made.unet], placement)
    for part in made:
        part.eval().requires_grad_(False)
    return made
