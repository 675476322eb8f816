"""Latent text-to-image models in diffusers' Stable Diffusion layout: InstaFlow, 2-rectified flow, Stable Diffusion.

The denoising loop is our own so that it can yield a step at a time; the networks and the tokenizer are diffusers' and
transformers', and results equal those of the stock pipeline.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial

import torch
from torch import Tensor
from transformers import CLIPTokenizer

from ..errors import Sentence
from ..events import ImageReady, Noted, Preview, Step
from ..flow import RectifiedFlowScheduler, bend, guide, straight_on
from ..machine import device
from ..machine.clock import Stopwatch
from ..machine.device import Placement
from ..measure import Timing
from ..registry import ModelSpec
from ..request import Decoder, GenerationRequest, ModelRun
from ..weights.locate import ModelFiles
from .adapters.extras import NOTHING, Extras
from .backends.compiled import CompiledNetworks
from .backends.eager import EagerNetworks, Networks, Part, no_decoder
from .backends.openvino import OpenVinoNetworks
from .batches import Drawn, Pass, Sent, each_pass, finished, in_turn, noise, preview, sent, to_device, working
from .checkpoint.reading import load
from .checkpoint.schedulers import Scheduler, advance, foreseen, scheduler
from .clip import clip_ids
from .memory import WHOLE, Plan
from .unread import Reader

Told = Callable[[], Iterator[Step | Preview | ImageReady]]
"""What gives the events of a piece of work once it is done."""
Shape = tuple[int, int, str, str]
"""What a pass is warm for: images, size, decoder, backend."""

PREVIEW_EVERY_S = 0.25
_FASTER = 1.1  # times: less is not worth a word
_PROMPTS = 32  # whose text states are kept


class LatentEngine:
    """One loaded checkpoint. Make one with `load`."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        networks: Networks,
        scheduler: Scheduler,
        placement: Placement,
    ):
        self.placement = placement
        self.load_s = 0.0
        self._tokenizer = tokenizer
        self._networks = networks
        self._scheduler = scheduler
        self._prompts: OrderedDict[tuple[str, ...], Tensor] = OrderedDict()
        self._warm: set[Shape] = set()
        self._took: dict[tuple[Shape, int, bool], float] = {}
        self._plan = WHOLE

    @classmethod
    def load(
        cls,
        spec: ModelSpec,
        files: ModelFiles,
        placement: Placement,
        plan: Plan = WHOLE,
        extras: Extras = NOTHING,
    ) -> "LatentEngine":
        """Read a checkpoint from disk onto its device, with what is to be merged into it.

        Raises:
            ModelUnavailable: when the files are not what diffusers and transformers expect.
            CheckpointError: when `extras` do not fit.
        """

        def make() -> "LatentEngine":
            rest = extras.delta[1] if extras.delta else files
            steps = scheduler(spec, files)  # first, as it is judged in no time, and networks are gigabytes
            tokenizer = CLIPTokenizer.from_pretrained(rest.component("tokenizer"), local_files_only=True)
            return cls(tokenizer, _networks(files, placement, extras), steps, placement)

        return load(make, spec, files, placement, plan, extras)

    @property
    def notes(self) -> tuple[Sentence, ...]:
        """For the user, of what could not be kept for the next start."""
        return self._networks.notes

    def fit(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        device.synchronize(self.placement)  # a run that was stopped may have left it something to do
        self._plan = plan
        self._networks.fit(plan)

    @torch.inference_mode()
    def generate(self, request: GenerationRequest, run: ModelRun) -> Iterator[Noted | Step | Preview | ImageReady]:
        """Make the request's images, yielding each step and each finished image, and between them previews if asked to.

        What of the texts is not read is noted first.

        One by one, every image is a pass of its own: text, sampling, decoding. As a batch, one pass makes them all;
        when the device runs out of memory the batch is halved, which changes no image, as each has a seed of its own.
        A prompt that was read lately is not read again.

        Raises:
            OutOfMemory: when not even one image fits.
            DeviceUnavailable: when the decoder that is asked for is not there.
        """
        if not self._networks.has(request.decoder):
            raise no_decoder(request.decoder)
        yield from self.reader(run).noted(request, run)
        seeds = request.seeds
        passes = [Pass(0, seeds)] if request.batched else [Pass(i, (seed,)) for i, seed in enumerate(seeds)]
        yield from each_pass(passes, lambda current: self._pass(request, run, current), run, self.placement)

    @torch.inference_mode()
    def draw(self, prompts: Sequence[str], seeds: Sequence[int], run: ModelRun) -> Drawn:
        """One image a prompt in one pass, without events: for whoever has many prompts and no time to watch."""
        generators = Pass(0, tuple(seeds)).generators()
        start, states = self._noise(generators, run.size), self._states([*[""] * len(prompts) * run.guided, *prompts])
        path = [start, *self._path(start, states, generators, run)]
        flows = run.model.scheduler == "rectified-flow" and run.steps > 1
        pixels = self._decode(path[-1], "full")()
        self._warm.add((len(prompts), run.size, "full", self._networks.ran().backend))
        return Drawn(pixels, bend(path) if flows else None)

    def reader(self, run: ModelRun) -> Reader:
        return Reader(run.model.title, self._tokenizer, self._tokenizer.model_max_length)

    def close(self) -> None:
        """Let go of the networks and of the device memory they hold."""
        device.synchronize(self.placement)
        del self._networks
        self._prompts.clear()
        device.free_memory(self.placement)

    def _pass(self, request: GenerationRequest, run: ModelRun, current: Pass) -> Iterator[Step | Preview | ImageReady]:
        return in_turn(self._work(request, run, current), self.placement)

    def _work(self, request: GenerationRequest, run: ModelRun, current: Pass) -> Generator[Told, None, None]:
        """A pass's steps and its decoding, each with what tells of it once the device has done it."""
        watch, count = Stopwatch(device.clock(self.placement)), len(current.seeds)
        generators = current.generators()
        with self._working(watch, "text", "text_encoder"), watch("text"):
            states = self._prompt_states(request, run, count)
            latents = self._noise(generators, run.size)  # drawn while a GPU reads the prompt
        shown_at = time.perf_counter()
        with self._working(watch, "sample", "unet"):
            path = self._path(latents, states, generators, run)
            for number, after in enumerate(watch.each("steps", path), start=1):
                before, latents = latents, after
                shows = request.previews and number < run.steps and time.perf_counter() > shown_at + PREVIEW_EVERY_S
                soon = self._preview(self._expected(before, after, number, run)) if shows else None
                took = watch.so_far("text", "sample", "steps"), watch.so_far("steps")
                yield partial(_stepped, run, current, number, *took, soon)
                if shows:
                    shown_at = time.perf_counter()
        with self._working(watch, "decode", "vae"), watch("decode"):
            pixels = self._decode(latents, request.decoder)
        ran = self._networks.ran()

        def told() -> Iterator[ImageReady]:
            made = pixels()
            shape = (count, run.size, request.decoder, ran.backend)
            timing = self._timing(watch, run, shape)
            yield from finished(run, current, made, timing, (*ran.notes, *self._gain_note(timing, run, shape)))

        yield told

    def _working(self, watch: Stopwatch, stage: str, part: Part) -> AbstractContextManager[None]:
        return working(self._plan, self.placement, watch, stage, *self._networks.modules(part))

    def _preview(self, latents: Tensor) -> Sent | None:
        """What the images of a pass will look like, if there is a decoder that is quick enough to tell."""
        return self._decode(latents, "tiny") if self._networks.has("tiny") else None

    def _expected(self, before: Tensor, after: Tensor, number: int, run: ModelRun) -> Tensor:
        """The latents (B, C, h, w) that the last step promises for the end."""
        if isinstance(self._scheduler, RectifiedFlowScheduler):
            return straight_on(before, after, number, run.steps)
        return foreseen(self._scheduler, before)

    def _timing(self, watch: Stopwatch, run: ModelRun, shape: Shape) -> Timing:
        """The pass's seconds by stage; the first one of its shape is cold."""
        warm = shape in self._warm
        self._warm.add(shape)
        text, beside, steps, decode = map(watch.seconds, ("text", "sample", "steps", "decode"))
        return Timing(shape[0], run.steps, text, beside + steps, decode, warm, backend=shape[3], beside_s=beside)

    def _gain_note(self, timing: Timing, run: ModelRun, shape: Shape) -> tuple[Sentence, ...]:
        """How many times as fast compiling has made a pass, text left out; nothing where that is not known."""
        if not timing.warm:
            return ()
        took = self._took[shape, run.steps, run.guided] = timing.sample_s + timing.decode_s
        before = self._took.get(((*shape[:3], "eager"), run.steps, run.guided), 0.0)
        return (gained(before / took),) if before > _FASTER * took else ()

    def _prompt_states(self, request: GenerationRequest, run: ModelRun, count: int) -> Tensor:
        """Text states (B, T, D), with the negative prompt's B first when guided."""
        texts = (request.negative_prompt, request.prompt) if run.guided else (request.prompt,)
        if texts not in self._prompts:
            self._prompts[texts] = self._states(texts)
            while len(self._prompts) > _PROMPTS:
                self._prompts.popitem(last=False)
        self._prompts.move_to_end(texts)
        return self._prompts[texts].repeat_interleave(count, dim=0)

    def _states(self, texts: Sequence[str]) -> Tensor:
        """Text states (B, T, D)."""
        return self._networks.text(to_device(clip_ids(self._tokenizer, texts), self.placement))

    def _noise(self, generators: Sequence[torch.Generator], size: int) -> Tensor:
        """The latents (B, C, h, w) that sampling starts from."""
        side = size // self._networks.latents.pixels
        shape = (self._networks.latents.channels, side, side)
        return noise(generators, shape, self.placement).to(self.placement.torch_dtype)

    def _path(
        self, latents: Tensor, states: Tensor, generators: Sequence[torch.Generator], run: ModelRun
    ) -> Iterator[Tensor]:
        """The latents after each denoising step; where steps add noise, each image's comes from its own generator."""
        self._scheduler.set_timesteps(run.steps)
        latents = latents * self._scheduler.init_noise_sigma
        timesteps = self._scheduler.timesteps  # the scheduler asks for their values, for which a GPU would have to stop
        for timestep, moment in zip(timesteps, to_device(timesteps, self.placement), strict=True):
            inputs = self._scheduler.scale_model_input(torch.cat([latents] * 2) if run.guided else latents, timestep)
            output = self._networks.predict(inputs, moment, states)
            if run.guided:
                output = guide(output, run.guidance)
            latents = advance(self._scheduler, output, timestep, latents, generators)
            yield latents

    def _decode(self, latents: Tensor, decoder: Decoder) -> Sent:
        """Pixels (B, H, W, 3), uint8 on their way to the host."""
        if not self._plan.one_by_one:
            return sent(self._networks.decode(latents, decoder))
        images = [sent(self._networks.decode(part, decoder)) for part in latents.split(1)]
        return lambda: torch.cat([image() for image in images])


def gained(times: float) -> Sentence:
    """What a visitor is told once what was compiled has taken over."""
    return Sentence(
        "PyTorch has compiled this model for this size: it is {times:.1f} times as fast as before.", times=times
    )


def _stepped(
    run: ModelRun,
    current: Pass,
    number: int,
    elapsed: Callable[[], float],
    stepping: Callable[[], float],
    soon: Sent | None,
) -> Iterator[Step | Preview]:
    """What tells of a step that a device was given."""
    rate = {"stepped": number, "stepping_s": stepping()}
    yield Step(run.model.id, current.first, len(current.seeds), number, run.steps, elapsed(), **rate)
    if soon is not None:
        yield preview(run, current, soon())


def _networks(files: ModelFiles, placement: Placement, extras: Extras) -> Networks:
    """A checkpoint's networks, run by what the placement names."""
    if placement.backend == "openvino":
        return OpenVinoNetworks.read(files, placement)
    eager = EagerNetworks.read(files, placement, extras)
    return CompiledNetworks(eager, placement) if placement.backend == "compiled" else eager
