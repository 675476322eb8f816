"""The stock diffusers pipeline on the same weights: what our own engine is timed against, and must draw the same as."""

# diffusers describes its classes loosely
# pyright: reportPrivateImportUsage=false

import time
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any, cast

from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from ...events import ImageReady, Noted, digest
from ...machine import device
from ...machine.clock import Stopwatch
from ...machine.device import Placement
from ...measure import Timing
from ...registry import ModelSpec
from ...request import GenerationRequest, ModelRun
from ...weights.locate import ModelFiles
from ..batches import Batch, run_batches
from ..checkpoint.reading import load, read_network
from ..checkpoint.schedulers import load_scheduler
from ..memory import WHOLE, Plan
from ..unread import Reader


class StockEngine:
    """`StableDiffusionPipeline` as it comes, but for its bar; it cannot yield steps. Make one with `load`."""

    notes = ()

    def __init__(self, pipeline: StableDiffusionPipeline, placement: Placement):
        self.placement = placement
        self.load_s = 0.0
        self._pipeline = pipeline
        self._warm: set[tuple[int, int]] = set()

    @classmethod
    def load(cls, spec: ModelSpec, files: ModelFiles, placement: Placement, plan: Plan = WHOLE) -> "StockEngine":
        """Read a checkpoint from disk onto its device.

        Raises:
            ModelUnavailable: when the files are not what diffusers and transformers expect.
        """

        def make() -> "StockEngine":
            dtype, steps = placement.torch_dtype, load_scheduler(spec, files)
            pipeline = StableDiffusionPipeline(
                read_network(AutoencoderKL, files.component("vae"), placement, dtype),
                read_network(CLIPTextModel, files.component("text_encoder"), placement, dtype),
                CLIPTokenizer.from_pretrained(files.component("tokenizer"), local_files_only=True),
                read_network(UNet2DConditionModel, files.component("unet"), placement, dtype),
                cast(Any, steps),
                safety_checker=cast(Any, None),
                feature_extractor=cast(Any, None),
                requires_safety_checker=False,
            )
            pipeline.set_progress_bar_config(disable=True)
            return cls(pipeline.to(placement.device), placement)

        return load(make, spec, files, placement, plan)

    def apply(self, plan: Plan) -> None:
        """The stock pipeline is timed whole, whatever the plan."""

    def generate(self, request: GenerationRequest, run: ModelRun) -> Generator[Noted | ImageReady, None, None]:
        """Make the request's images, one by one or as a batch, after a note of what of the texts is not read.

        Raises:
            OutOfMemory: when not even one image fits.
        """
        yield from self.reader(run).note_unread(request, run)
        batches = Batch.of(request, together=request.batched)
        yield from run_batches(batches, lambda batch: self._generate(batch, run), run, self.placement)

    def reader(self, run: ModelRun) -> Reader:
        tokenizer = self._pipeline.tokenizer
        return Reader(run.model.title, tokenizer, tokenizer.model_max_length)

    def close(self) -> None:
        """Let go of the networks and of the device memory they hold."""
        del self._pipeline
        device.free_memory(self.placement)

    def _generate(self, batch: Batch, run: ModelRun) -> Generator[ImageReady, None, None]:
        count = len(batch)
        watch = Stopwatch(device.clock(self.placement))
        with (
            _watch(watch, "text", self._pipeline.text_encoder),
            _watch(watch, "decode", self._pipeline.vae.decoder),
        ):
            device.synchronize(self.placement)
            started = time.perf_counter()
            images = self._images(batch, run)
            device.synchronize(self.placement)
            seconds = time.perf_counter() - started
        warm = (count, run.size) in self._warm
        self._warm.add((count, run.size))
        text, decode = watch.seconds("text"), watch.seconds("decode")
        timing = Timing(count, run.steps, text, seconds - text - decode, decode, warm)
        for offset, (seed, image) in enumerate(zip(batch.seeds, images, strict=True)):
            yield ImageReady(run.model.id, batch.first + offset, seed, image, timing, digest(image))

    def _images(self, batch: Batch, run: ModelRun) -> list[Any]:
        made = self._pipeline(
            list(batch.prompts),
            height=run.size,
            width=run.size,
            num_inference_steps=run.steps,
            guidance_scale=run.guidance,
            negative_prompt=[batch.negative_prompt] * len(batch) if run.guided else None,
            generator=batch.generators(),
        )
        return cast(Any, made).images


def _watch(watch: Stopwatch, stage: str, module: nn.Module) -> ExitStack:
    """While this is open, the watch counts the time that a module works."""
    running: list[Any] = []

    def begin(*_: Any) -> None:
        running.append(watch(stage))
        running[-1].__enter__()

    def end(*_: Any) -> None:
        running.pop().__exit__(None, None, None)

    hooks = ExitStack()
    hooks.callback(module.register_forward_pre_hook(begin).remove)
    hooks.callback(module.register_forward_hook(end).remove)
    return hooks
