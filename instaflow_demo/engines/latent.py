"""Latent text-to-image models in diffusers' Stable Diffusion layout: InstaFlow, 2-rectified flow, Stable Diffusion.

The denoising loop is our own so that it can yield a step at a time; the networks and the tokenizer are diffusers' and
transformers', and results equal those of the stock pipeline.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import cast

import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from .. import device
from ..device import Placement
from ..events import ImageReady, Step
from ..flow import RectifiedFlowScheduler, bend, guide
from ..measure import Stopwatch, Timing
from ..memory import WHOLE, Plan
from ..registry import ModelSpec
from ..request import GenerationRequest, ModelRun
from ..weights import ModelFiles
from .community import merge
from .extras import NOTHING, Extras
from .passes import (
    Drawn,
    Pass,
    clip_ids,
    cut_note,
    each_pass,
    finished,
    fit,
    levels,
    noise,
    pixels_per_latent,
    working,
)
from .reading import load, network

Scheduler = RectifiedFlowScheduler | DPMSolverMultistepScheduler


class LatentEngine:
    """One loaded checkpoint. Make one with `load`."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        text_encoder: CLIPTextModel,
        unet: UNet2DConditionModel,
        vae: AutoencoderKL,
        scheduler: Scheduler,
        placement: Placement,
    ):
        self.placement = placement
        self.load_s = 0.0
        self._tokenizer = tokenizer
        self._text_encoder = text_encoder
        self._unet = unet
        self._vae = vae
        self._scheduler = scheduler
        self._warm: set[tuple[int, int]] = set()
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
        return load(lambda: cls(*_read(spec, files, placement, extras), placement), spec, files, placement, plan)

    def fit(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        self._plan = plan
        fit(plan, self.placement, self._vae, self._text_encoder, self._unet)

    @torch.inference_mode()
    def generate(self, request: GenerationRequest, run: ModelRun) -> Iterator[Step | ImageReady]:
        """Make the request's images, yielding each step and each finished image.

        One by one, every image is a full pass: text, sampling, decoding. As a batch, one pass makes them all; when
        the device runs out of memory the batch is halved, which changes no image, as each has a seed of its own.

        Raises:
            OutOfMemory: when not even one image fits.
        """
        seeds = request.seeds
        passes = [Pass(0, seeds)] if request.batched else [Pass(i, (seed,)) for i, seed in enumerate(seeds)]
        yield from each_pass(passes, lambda current: self._pass(request, run, current), run, self.placement)

    @torch.inference_mode()
    def draw(self, prompts: Sequence[str], seeds: Sequence[int], run: ModelRun) -> Drawn:
        """One image a prompt in one pass, without events: for whoever has many prompts and no time to watch."""
        start = self._noise(Pass(0, tuple(seeds)), run.size)
        path = [start, *self._path(start, self._states([*[""] * len(prompts) * run.guided, *prompts]), run)]
        self._warm.add((len(prompts), run.size))
        flows = run.model.scheduler == "rectified-flow" and run.steps > 1
        return Drawn(self._decode(path[-1]), bend(path) if flows else None)

    def close(self) -> None:
        """Let go of the networks and of the device memory they hold."""
        del self._unet, self._vae, self._text_encoder
        device.free_memory(self.placement)

    def _pass(self, request: GenerationRequest, run: ModelRun, current: Pass) -> Iterator[Step | ImageReady]:
        count = len(current.seeds)
        watch = Stopwatch(lambda: device.synchronize(self.placement))
        with self._working(watch, "text", self._text_encoder), watch("text"):
            states, notes = self._prompt_states(request, run, count)
        with watch("sample"):
            latents = self._noise(current, run.size)
        with self._working(watch, "sample", self._unet):
            path = watch.each("sample", self._path(latents, states, run))
            for number, latents in enumerate(path, start=1):  # noqa: B007 - the last ones are decoded
                elapsed = watch.seconds("text") + watch.seconds("sample")
                yield Step(run.model.id, current.first, count, number, run.steps, elapsed)
        with self._working(watch, "decode", self._vae), watch("decode"):
            pixels = self._decode(latents)
        yield from finished(run, current, pixels, self._timing(watch, run, count), notes)

    def _working(self, watch: Stopwatch, stage: str, network: torch.nn.Module) -> AbstractContextManager[None]:
        return working(self._plan, self.placement, watch, stage, network)

    def _timing(self, watch: Stopwatch, run: ModelRun, count: int) -> Timing:
        """The pass's seconds by stage; the first one of its shape is cold."""
        warm = (count, run.size) in self._warm
        self._warm.add((count, run.size))
        return Timing(count, run.steps, watch.seconds("text"), watch.seconds("sample"), watch.seconds("decode"), warm)

    def _prompt_states(self, request: GenerationRequest, run: ModelRun, count: int) -> tuple[Tensor, tuple[str, ...]]:
        """Text states (B, T, D), with the negative prompt's B first when guided, and a note if the prompt was cut."""
        texts = [request.negative_prompt, request.prompt] if run.guided else [request.prompt]
        return self._states(texts).repeat_interleave(count, dim=0), self._cut_note(request.prompt)

    def _states(self, texts: list[str]) -> Tensor:
        """Text states (B, T, D)."""
        return self._text_encoder(clip_ids(self._tokenizer, texts).to(self.placement.device))[0]

    def _cut_note(self, prompt: str) -> tuple[str, ...]:
        ids, length = self._tokenizer(prompt)["input_ids"], self._tokenizer.model_max_length
        if len(ids) <= length:
            return ()
        return cut_note(length, self._tokenizer.decode(ids[length - 1 : -1]).strip())

    def _noise(self, current: Pass, size: int) -> Tensor:
        """The latents (B, C, h, w) that sampling starts from."""
        side = size // pixels_per_latent(self._vae)
        shape = (self._unet.config["in_channels"], side, side)
        return noise(current.generators(), shape, self.placement).to(self.placement.torch_dtype)

    def _path(self, latents: Tensor, states: Tensor, run: ModelRun) -> Iterator[Tensor]:
        """The latents after each denoising step."""
        self._scheduler.set_timesteps(run.steps, device=self.placement.device)
        latents = latents * self._scheduler.init_noise_sigma
        for timestep in self._scheduler.timesteps:
            latents = self._step(latents, timestep, states, run)
            yield latents

    def _step(self, latents: Tensor, timestep: Tensor, states: Tensor, run: ModelRun) -> Tensor:
        """One denoising step: one network evaluation, or two in one call when guided."""
        inputs = self._scheduler.scale_model_input(torch.cat([latents] * 2) if run.guided else latents, timestep)
        output = self._unet(inputs, timestep, encoder_hidden_states=states, return_dict=False)[0]
        if run.guided:
            output = guide(output, run.guidance)
        return self._scheduler.step(output, timestep, latents, return_dict=False)[0]

    def _decode(self, latents: Tensor) -> Tensor:
        """Pixels (B, H, W, 3), uint8 on the host."""
        parts = latents.split(1) if self._plan.one_by_one else [latents]
        scaled = (part / self._vae.config["scaling_factor"] for part in parts)
        return torch.cat([levels(self._vae.decode(part, return_dict=False)[0]) for part in scaled])


def _read(spec: ModelSpec, files: ModelFiles, placement: Placement, extras: Extras) -> tuple:
    dtype = torch.float32 if extras else placement.torch_dtype  # sums are rounded once, at the end
    rest = extras.delta[1] if extras.delta else files

    tokenizer = CLIPTokenizer.from_pretrained(rest.component("tokenizer"), local_files_only=True)
    text_encoder = network(CLIPTextModel, rest.component("text_encoder"), placement, dtype=dtype)
    convolutional = {"torch_dtype": dtype, "low_cpu_mem_usage": False}
    unet = network(UNet2DConditionModel, files.component("unet"), placement, **convolutional)
    vae = network(AutoencoderKL, rest.component("vae"), placement, **convolutional)
    if extras:
        merge(extras, {"unet": unet, "text_encoder": text_encoder})
        for part in (text_encoder, unet, vae):
            torch.nn.Module.to(part, placement.torch_dtype)  # diffusers' own warns, as it cannot know that all may go
    for part in (unet, vae):
        part.to(memory_format=torch.channels_last)  # a quarter faster on CPUs, and what tensor cores want
    networks = (part.eval().requires_grad_(False) for part in (text_encoder, unet, vae))
    return tokenizer, *networks, _scheduler(spec, files)


def _scheduler(spec: ModelSpec, files: ModelFiles) -> Scheduler:
    if spec.scheduler == "rectified-flow":
        return RectifiedFlowScheduler()
    # the paper's baseline: DPM-Solver with the checkpoint's own noise schedule
    config = DPMSolverMultistepScheduler.load_config(files.component("scheduler"), local_files_only=True)
    return cast(DPMSolverMultistepScheduler, DPMSolverMultistepScheduler.from_config(config))
