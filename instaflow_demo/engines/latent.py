"""Latent text-to-image models in diffusers' Stable Diffusion layout: InstaFlow, 2-rectified flow, Stable Diffusion.

The denoising loop is our own so that it can yield a step at a time; the networks and the tokenizer are diffusers' and
transformers', and results equal those of the stock pipeline.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing

import torch
from torch import Tensor
from transformers import CLIPTokenizer

from ..errors import Sentence
from ..events import ImageReady, Noted, Preview, Step
from ..flow import classifier_free_guidance, interpolate, slerp, straightness
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
from .batches import Batch, Samples, image_events, noise, one_behind, run_batches, step_events
from .checkpoint.reading import load
from .checkpoint.schedulers import Scheduler, advance, load_scheduler, predict_final_latents
from .clip import clip_ids
from .gain import Gains
from .memory import WHOLE, Plan
from .offload import on_device, to_device
from .pixels import AsyncPixels, to_uint8_async
from .trajectory import Moment
from .unread import Reader

LatentEvent = Step | Preview | ImageReady
Shape = tuple[int, int, str, str]
"""Batches of one shape are warm together: images, size, decoder, backend."""

PREVIEW_EVERY_S = 0.25
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
        self._gains = Gains()
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
            solver = load_scheduler(spec, files)  # first, as it is judged in no time, and networks are gigabytes
            tokenizer = CLIPTokenizer.from_pretrained(rest.component("tokenizer"), local_files_only=True)
            return cls(tokenizer, _networks(files, placement, extras), solver, placement)

        return load(make, spec, files, placement, plan, extras)

    @property
    def notes(self) -> tuple[Sentence, ...]:
        """For the user, of what could not be kept for the next start."""
        return self._networks.notes

    def apply(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        device.synchronize(self.placement)  # a run that was stopped may have left it something to do
        self._plan = plan
        self._networks.apply(plan)

    @torch.inference_mode()
    def generate(
        self, request: GenerationRequest, run: ModelRun
    ) -> Generator[Noted | Step | Preview | ImageReady, None, None]:
        """Make the request's images, yielding each step and each finished image, and between them previews if asked to.

        First yields a note for any text that the encoder will not read.

        One by one, every image is a batch of its own: text, sampling, decoding. Otherwise one batch makes them all;
        when the device runs out of memory it is halved, which changes no image, as each has a seed of its own. A prompt
        that was read lately is not read again.

        Raises:
            OutOfMemory: when not even one image fits.
            DeviceUnavailable: when the decoder that is asked for is not there.
        """
        if not self._networks.has(request.decoder):
            raise no_decoder(request.decoder)
        yield from self.reader(run).note_unread(request, run)

        def events(batch: Batch) -> Generator[LatentEvent, None, None]:
            return one_behind(self._submit(batch, request, run), self.placement)

        yield from run_batches(Batch.of(request, together=request.batched), events, run, self.placement)

    @torch.inference_mode()
    def sample(self, batch: Batch, run: ModelRun) -> Samples:
        """A batch's images without events: for many prompts that nobody watches. The steps are those of `generate`."""
        watch = self._stopwatch()
        path = list(self._denoise(batch, run, watch))
        with self._on_device(watch, "decode", "vae"):
            pixels = self._decode(path[-1], "full")()
        self._warm.add((len(batch), run.size, "full", self._networks.last_run().backend))
        bends = run.model.is_rectified_flow and run.steps > 1
        return Samples(pixels, straightness(path) if bends else None)

    @torch.inference_mode()
    def follow(self, batch: Batch, run: ModelRun) -> Generator[Moment, None, None]:
        """Every moment of a batch's path, for whoever looks at the path. The steps are those of `generate`."""
        with closing(self._denoise(batch, run, self._stopwatch())) as path:
            before = next(path)
            times = self._scheduler.timesteps.tolist()
            for number, (timestep, after) in enumerate(zip(times, path, strict=True), start=1):
                predicted = predict_final_latents(self._scheduler, before, after, number, run.steps)
                yield Moment(1 - timestep / self._scheduler.config["num_train_timesteps"], before, predicted)
                before = after
        yield Moment(1.0, before, before)

    @torch.inference_mode()
    def look(self, latents: Tensor) -> AsyncPixels:
        """A quick look at latents (B, C, h, w): by the tiny decoder where there is one."""
        if self._networks.has("tiny"):
            return self._decode(latents, "tiny")
        with self._on_device(self._stopwatch(), "decode", "vae"):
            return self._decode(latents, "full")

    def reader(self, run: ModelRun) -> Reader:
        return Reader(run.model.title, self._tokenizer, self._tokenizer.model_max_length)

    def close(self) -> None:
        """Let go of the networks and of the device memory they hold."""
        device.synchronize(self.placement)
        del self._networks
        self._prompts.clear()
        device.free_memory(self.placement)

    def _submit(
        self, batch: Batch, request: GenerationRequest, run: ModelRun
    ) -> Generator[Iterable[LatentEvent], None, None]:
        """Submit a batch's steps and decoding to the device, yielding the events of each, to be read once done."""
        watch = self._stopwatch()
        with closing(self._denoise(batch, run, watch)) as path:
            before = x = next(path)
            shown_at = time.perf_counter()
            for number, x in enumerate(path, start=1):
                shows = request.previews and number < run.steps and time.perf_counter() > shown_at + PREVIEW_EVERY_S
                preview = self._preview(before, x, number, run) if shows else None
                yield step_events(self._step_event(batch, run, number, watch), preview)
                before, shown_at = x, time.perf_counter() if shows else shown_at
        with self._on_device(watch, "decode", "vae"), watch("decode"):
            pixels = self._decode(x, request.decoder)
        yield self._finish(batch, request, run, pixels, watch)

    def _denoise(self, batch: Batch, run: ModelRun, watch: Stopwatch) -> Generator[Tensor, None, None]:
        """x_0 and then x after each denoising step, (B, C, h, w): noise on its way to an image, led by the prompts.

        Where steps add noise, each image's comes from its own generator.
        """
        generators, solver = batch.generators(), self._scheduler
        with self._on_device(watch, "text", "text_encoder"), watch("text"):
            states, x = self._begin(batch, generators, run)
        with self._on_device(watch, "sample overhead", "unet"):
            with watch("sample steps"):
                solver.set_timesteps(run.steps)
                x = x * solver.init_noise_sigma
                timesteps = solver.timesteps  # it asks for their values, for which a GPU would have to stop
                timesteps_on_device = to_device(timesteps, self.placement)
            yield x
            for timestep, timestep_on_device in zip(timesteps, timesteps_on_device, strict=True):
                with watch("sample steps"):
                    inputs = solver.scale_model_input(torch.cat([x] * 2) if run.guided else x, timestep)
                    output = self._networks.predict(inputs, timestep_on_device, states)
                    if run.guided:
                        output = classifier_free_guidance(output, run.guidance)
                    x = advance(solver, output, timestep, x, generators)
                yield x

    def _begin(self, batch: Batch, generators: Sequence[torch.Generator], run: ModelRun) -> tuple[Tensor, Tensor]:
        """What leads the images of a batch, and the noise that they begin as: `_encode` and `_noise`.

        Between two prompts, text states are interpolated linearly; between two seeds, noise along its sphere.
        """
        states = self._encode(batch, run)
        x = self._noise(generators, run.size)  # drawn while a GPU reads the prompt
        if batch.end is None:
            return states, x
        end, t = batch.at(batch.end), torch.tensor(batch.positions, device=x.device)
        states = interpolate(states, self._encode(end, run), t.repeat(2) if run.guided else t)
        return states, slerp(x, self._noise(end.generators(), run.size), t)

    def _step_event(self, batch: Batch, run: ModelRun, number: int, watch: Stopwatch) -> Callable[[], Step]:
        elapsed = watch.so_far("text", "sample overhead", "sample steps")
        stepping = watch.so_far("sample steps")

        def read() -> Step:
            place = run.model.id, batch.first, len(batch), number, run.steps
            return Step(*place, elapsed(), stepped=number, stepping_s=stepping())

        return read

    def _finish(
        self, batch: Batch, request: GenerationRequest, run: ModelRun, pixels: AsyncPixels, watch: Stopwatch
    ) -> Generator[ImageReady, None, None]:
        """The events of a batch that was submitted to the device; reading them waits for it."""
        made, ran = pixels(), self._networks.last_run()
        shape = (len(batch), run.size, request.decoder, ran.backend)
        timing = self._timing(watch, run, shape)
        yield from image_events(run, batch, made, timing, (*ran.notes, *self._gain_note(timing, run, shape)))

    def _stopwatch(self) -> Stopwatch:
        return Stopwatch(device.clock(self.placement))

    def _on_device(self, watch: Stopwatch, stage: str, part: Part) -> AbstractContextManager[None]:
        return on_device(self._plan, self.placement, watch, stage, *self._networks.modules(part))

    def _preview(self, before: Tensor, after: Tensor, number: int, run: ModelRun) -> AsyncPixels | None:
        """A quick look at where a step takes the images of a batch, if there is a tiny decoder."""
        if not self._networks.has("tiny"):
            return None
        return self._decode(predict_final_latents(self._scheduler, before, after, number, run.steps), "tiny")

    def _timing(self, watch: Stopwatch, run: ModelRun, shape: Shape) -> Timing:
        """The batch's seconds by stage; the first one of its shape is cold."""
        warm = shape in self._warm
        self._warm.add(shape)
        text, overhead, steps, decode = map(watch.seconds, ("text", "sample overhead", "sample steps", "decode"))
        return Timing(shape[0], run.steps, text, overhead + steps, decode, warm, backend=shape[3], overhead_s=overhead)

    def _gain_note(self, timing: Timing, run: ModelRun, shape: Shape) -> tuple[Sentence, ...]:
        """A note with the speed-up from compiling, text encoding excluded; empty if it is unknown."""
        if not timing.warm:
            return ()
        passes, took = (shape[:3], run.steps, run.guided), timing.sample_s + timing.decode_s
        if timing.backend == "eager":
            self._gains.record(passes, took)
            return ()
        ratio = self._gains.ratio(passes, took)
        return (gain_note(ratio),) if ratio else ()

    def _encode(self, batch: Batch, run: ModelRun) -> Tensor:
        """Text states (B, T, D), or (2 B, T, D) with those of the negative prompt first when guided."""
        negative = (batch.negative_prompt,) if run.guided else ()
        prompts = tuple(dict.fromkeys(batch.prompts))
        states = self._states((*negative, *prompts))
        rows = [0] * len(batch) * run.guided + [len(negative) + prompts.index(prompt) for prompt in batch.prompts]
        return torch.stack([states[row] for row in rows])

    def _states(self, texts: tuple[str, ...]) -> Tensor:
        """Text states (B, T, D), kept for those who ask again soon."""
        if texts not in self._prompts:
            ids = clip_ids(self._tokenizer, texts)
            self._prompts[texts] = self._networks.encode_text(to_device(ids, self.placement))
            while len(self._prompts) > _PROMPTS:
                self._prompts.popitem(last=False)
        self._prompts.move_to_end(texts)
        return self._prompts[texts]

    def _noise(self, generators: Sequence[torch.Generator], size: int) -> Tensor:
        """The latents (B, C, h, w) that sampling starts from."""
        side = size // self._networks.latents.pixels
        shape = (self._networks.latents.channels, side, side)
        return noise(generators, shape, self.placement).to(self.placement.torch_dtype)

    def _decode(self, latents: Tensor, decoder: Decoder) -> AsyncPixels:
        """Pixels (B, H, W, 3) of latents (B, C, h, w), on their way to the host."""
        if not self._plan.one_by_one:
            return to_uint8_async(self._networks.decode(latents, decoder))
        images = [to_uint8_async(self._networks.decode(part, decoder)) for part in latents.split(1)]
        return lambda: torch.cat([image() for image in images])


def gain_note(times: float) -> Sentence:
    """The note for a visitor when compiled code has taken over."""
    return Sentence(
        "PyTorch has compiled this model for this size: it is {times:.1f} times as fast as before.", times=times
    )


def _networks(files: ModelFiles, placement: Placement, extras: Extras) -> Networks:
    """A checkpoint's networks, run by what the placement names."""
    if placement.backend == "openvino":
        return OpenVinoNetworks.read(files, placement)
    eager = EagerNetworks.read(files, placement, extras)
    return CompiledNetworks(eager, placement) if placement.backend == "compiled" else eager
