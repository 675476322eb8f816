"""Text2im, OpenAI's GLIDE: a 64x64 image in 100 guided steps, made four times as large in 27 more.

All images of a request go through it together, as its authors run it.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import GPT2Tokenizer

from ..events import ImageReady, Noted, Preview, Stage, Step
from ..glide import (
    UPSAMPLER_TEMPERATURE,
    Network,
    TextEncoder,
    ancestral,
    bounded,
    ddim,
    guided,
    quantised,
    tokenize,
    upsampled,
)
from ..machine import device
from ..machine.clock import Stopwatch
from ..machine.device import Placement
from ..measure import Timing
from ..registry import ModelSpec
from ..request import GenerationRequest, ModelRun
from ..weights.locate import ModelFiles
from .batches import Drawn, Pass, each_pass, finished, lay_out, levels, noise, place, preview, working
from .checkpoint.reading import load, network
from .memory import WHOLE, Plan
from .unread import Reader

Networks = tuple[TextEncoder, UNet2DConditionModel]


class Text2ImEngine:
    """One loaded cascade. Make one with `load`."""

    notes = ()

    def __init__(self, tokenizer: GPT2Tokenizer, base: Networks, upsampler: Networks, placement: Placement):
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
            base = _networks(files, "text_encoder", "unet", placement)
            upsampler = _networks(files, "upsampler_text_encoder", "upsampler", placement)
            return cls(tokenizer, base, upsampler, placement)

        return load(make, spec, files, placement, plan)

    def fit(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        self._plan = plan
        place((*self._base, *self._upsampler), "cpu" if plan.offloaded else self.placement.device)

    @torch.inference_mode()
    def generate(self, request: GenerationRequest, run: ModelRun) -> Iterator[Noted | Step | Preview | ImageReady]:
        """Make the request's images at once, yielding each step of the base and of the upsampler, then the images.

        What of the texts is not read is noted first; between the two stages comes a preview of the base images.

        Raises:
            OutOfMemory: when not even one image fits.
        """
        yield from self.reader(run).noted(request, run)
        enlarges = self._reader(self._upsampler, f"{run.model.title}'s upsampler")
        if enlarges.length != self.reader(run).length:  # it is never guided
            yield from enlarges.noted(replace(request, negative_prompt=""), run)
        together = [Pass(0, request.seeds)]
        yield from each_pass(together, lambda current: self._pass(request, run, current), run, self.placement)

    @torch.inference_mode()
    def draw(self, prompts: Sequence[str], seeds: Sequence[int], run: ModelRun) -> Drawn:
        """One image a prompt in one pass, without events: for whoever has many prompts and no time to watch."""
        generators = Pass(0, tuple(seeds)).generators()
        base, upsampler = self._prompted(list(prompts), "", run)
        *_, small = ancestral(base, self._noise(self._base, generators), generators, run.steps)
        start = self._noise(self._upsampler, generators) * UPSAMPLER_TEMPERATURE
        *_, image = ddim(upsampled(upsampler, quantised(small), start.shape[-1]), start)
        self._warm.add(len(prompts))
        return Drawn(levels(image))

    def reader(self, run: ModelRun) -> Reader:
        return self._reader(self._base, run.model.title)

    def close(self) -> None:
        """Let go of the networks and of the device memory they hold."""
        del self._base, self._upsampler
        device.free_memory(self.placement)

    def _pass(self, request: GenerationRequest, run: ModelRun, current: Pass) -> Iterator[Step | Preview | ImageReady]:
        watch, count = Stopwatch(device.clock(self.placement)), len(current.seeds)
        generators = current.generators()
        with self._working(watch, "text", self._base[0], self._upsampler[0]), watch("text"):
            base, upsampler = self._prompted([request.prompt] * count, request.negative_prompt, run)
        with self._working(watch, "sample", self._base[1]):
            with watch("sample"):
                start = self._noise(self._base, generators)
            small = yield from self._steps(watch, "sample", ancestral(base, start, generators, run.steps), run, current)
        with watch("upsample"):
            low = quantised(small)
        yield preview(run, current, levels(low))
        with self._working(watch, "upsample", self._upsampler[1]):
            with watch("upsample"):
                start = self._noise(self._upsampler, generators) * UPSAMPLER_TEMPERATURE
                beside = upsampled(upsampler, low, start.shape[-1])
            image = yield from self._steps(watch, "upsample", ddim(beside, start), run, current)
        with watch("decode"):
            pixels = levels(image)
        yield from finished(run, current, pixels, self._timing(watch, run, count), ())

    def _working(self, watch: Stopwatch, stage: str, *networks: torch.nn.Module) -> AbstractContextManager[None]:
        return working(self._plan, self.placement, watch, stage, *networks)

    def _steps(
        self, watch: Stopwatch, stage: Stage, images: Iterator[Tensor], run: ModelRun, current: Pass
    ) -> Generator[Step, None, Tensor]:
        """Yield a step for each of a stage's images; returns the last."""
        steps = run.steps if stage == "sample" else run.model.upsampling_steps
        text, image = (watch.seconds("text") if stage == "sample" else 0.0), torch.empty(0)
        before = 0 if stage == "sample" else run.steps
        for number, image in enumerate(watch.each(f"{stage} steps", images), start=1):  # noqa: B007 - the last is the result
            elapsed = text + watch.seconds(stage, f"{stage} steps")
            rate = {"stepped": before + number, "stepping_s": watch.seconds("sample steps", "upsample steps")}
            yield Step(run.model.id, current.first, len(current.seeds), number, steps, elapsed, stage, **rate)
        return image

    def _noise(self, networks: Networks, generators: list[torch.Generator]) -> Tensor:
        """What a U-Net starts from (B, 3, S, S)."""
        size = networks[1].config["sample_size"]
        return noise(generators, (3, size, size), self.placement)

    def _timing(self, watch: Stopwatch, run: ModelRun, count: int) -> Timing:
        """The pass's seconds by stage; the first one of its size is cold."""
        warm, text, upsample = count in self._warm, watch.seconds("text"), watch.seconds("upsample", "upsample steps")
        self._warm.add(count)
        sample, beside = watch.seconds("sample", "sample steps") + upsample, watch.seconds("sample", "upsample")
        return Timing(count, run.all_steps, text, sample, watch.seconds("decode"), warm, upsample, beside_s=beside)

    def _prompted(self, prompts: list[str], avoided: str, run: ModelRun) -> tuple[Network, Network]:
        """Both networks with the text they are to draw. Only the base is guided, the prompts before the empty ones."""
        texts = [*prompts, *[avoided] * len(prompts) * run.guided]
        base = guided(self._base[1], *self._text(self._base, texts), run.guidance)
        if run.model.shipped:  # trained for minutes, it asks for variances that there are none of
            base = bounded(base)
        return base, guided(self._upsampler[1], *self._text(self._upsampler, prompts), 1.0)

    def _text(self, networks: Networks, texts: list[str]) -> tuple[Tensor, Tensor]:
        encoder = networks[0]
        ids, mask = tokenize(self._tokenizer, texts, encoder.config["tokens"])
        return encoder(ids.to(self.placement.device), mask.to(self.placement.device))

    def _reader(self, networks: Networks, whose: str) -> Reader:
        return Reader(whose, self._tokenizer, networks[0].config["tokens"], lower=True, split_special_tokens=True)


def _networks(files: ModelFiles, text_encoder: str, unet: str, placement: Placement) -> Networks:
    """A text encoder and the U-Net that it speaks to."""
    words = network(TextEncoder, files.component(text_encoder), placement, placement.torch_dtype)
    painter = network(UNet2DConditionModel, files.component(unet), placement, placement.torch_dtype)
    lay_out([painter], placement)
    for part in (words, painter):
        part.eval().requires_grad_(False)
    return words, painter
