"""Stable Diffusion XL's refiner: redraws the last steps of finished images, as the authors' own demo offered.

Some noise is added (SDEdit, Meng et al. 2021, arXiv:2108.01073) and removed by a network that was trained for low noise
alone (Podell et al. 2023, arXiv:2307.01952, section 2.5). The loop is our own so that it can yield a step at a time;
results equal those of the stock StableDiffusionXLImg2ImgPipeline.
"""

# diffusers describes its classes loosely
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportPrivateImportUsage=false

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from ..events import ImageReady, Noted, Preview, Refinement, Step, digest
from ..flow import classifier_free_guidance
from ..machine import device
from ..machine.clock import Stopwatch
from ..machine.device import Placement
from ..registry import REFINER
from ..request import GenerationRequest
from ..weights.locate import ModelFiles
from .batches import noise, one_behind, step_events
from .checkpoint.reading import load, read_network
from .checkpoint.schedulers import build_scheduler
from .clip import clip_ids
from .memory import WHOLE, Plan
from .offload import apply_plan, lay_out, on_device
from .pixels import AsyncPixels, to_pil, to_uint8_async
from .unread import NEGATIVE, PROMPT, Reader

STRENGTH = 0.3  # the part of the noise schedule that is redrawn
_SCHEDULE = round(REFINER.steps.default / STRENGTH)  # steps of the whole schedule
_OVERHEAD, _STEPS = "refine overhead", "refine steps"  # what is no step: texts, encoding, decoding, moving networks
_AESTHETICS = (2.5, 6.0)  # scores to stay away from and to go for, as in the published pipeline

Text = tuple[Tensor, dict[str, Tensor]]


class Refiner:
    """The loaded refiner. Make one with `load`."""

    notes = ()

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        text_encoder: CLIPTextModelWithProjection,
        unet: UNet2DConditionModel,
        vae: AutoencoderKL,
        scheduler: EulerDiscreteScheduler,
        placement: Placement,
        commit: str = "",
    ):
        self.placement = placement
        self.load_s = 0.0
        self._tokenizer = tokenizer
        self._text_encoder = text_encoder
        self._unet = unet
        self._vae = vae
        self._scheduler = scheduler
        self._commit = commit
        self._plan = WHOLE

    @classmethod
    def load(cls, files: ModelFiles, placement: Placement, plan: Plan = WHOLE) -> "Refiner":
        """Read the refiner from disk onto its device.

        Raises:
            ModelUnavailable: when the files are not what diffusers and transformers expect, or another model's.
        """
        return load(lambda: cls(*_read(files, placement), placement, files.commit), REFINER, files, placement, plan)

    def apply(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        self._plan = plan
        apply_plan(plan, self.placement, self._vae, self._text_encoder, self._unet)

    @torch.inference_mode()
    def refine(
        self, event: ImageReady, request: GenerationRequest
    ) -> Generator[Noted | Step | Preview | ImageReady, None, None]:
        """Each step, then the event with its image refined, which depends on nothing but image, prompts and seed.

        What of the texts is not read is noted first.
        """
        texts = {PROMPT: request.prompt, NEGATIVE: request.negative_prompt}
        if notes := tuple(Reader(REFINER.title, self._tokenizer, self._tokenizer.model_max_length).notes(texts)):
            yield Noted(event.model, notes)
        yield from one_behind(self._submit(event, request), self.placement)

    def close(self) -> None:
        """Let go of the networks and of the device memory they hold."""
        del self._unet, self._vae, self._text_encoder
        device.free_memory(self.placement)

    def _submit(
        self, event: ImageReady, request: GenerationRequest
    ) -> Generator[Iterable[Step | Preview | ImageReady], None, None]:
        """Submit the steps and the decoding to the device, yielding the events of each, to be read once it is done."""
        watch = Stopwatch(device.clock(self.placement))
        generator = torch.Generator().manual_seed(event.seed)
        with self._on_device(watch, self._text_encoder), watch(_OVERHEAD):
            text = self._text(request, event.image)
        with self._on_device(watch, self._vae), watch(_OVERHEAD):
            latents = self._encode(event.image, generator)
        with watch(_OVERHEAD):
            timesteps = self._timesteps()
            fresh = noise([generator], tuple(latents.shape[1:]), self.placement).to(latents)
            latents = self._scheduler.add_noise(latents, fresh, timesteps[:1])
        with self._on_device(watch, self._unet):
            for number, timestep in enumerate(timesteps, start=1):
                with watch(_STEPS):
                    latents = self._step(latents, timestep, text, generator)
                yield step_events(self._step_event(event, number, len(timesteps), watch))
        with self._on_device(watch, self._vae), watch(_OVERHEAD):
            pixels = self._decode(latents)
        yield self._finish(event, pixels, watch)

    def _step_event(self, event: ImageReady, number: int, steps: int, watch: Stopwatch) -> Callable[[], Step]:
        elapsed, stepping = watch.so_far(_OVERHEAD, _STEPS), watch.so_far(_STEPS)

        def read() -> Step:
            place = event.model, event.index, 1, number, steps
            return Step(*place, elapsed(), "refine", stepped=number, stepping_s=stepping())

        return read

    def _finish(self, event: ImageReady, pixels: AsyncPixels, watch: Stopwatch) -> Iterator[ImageReady]:
        """The event with its refined image; reading it waits for the device."""
        (image,) = to_pil(pixels())
        refinement = Refinement(watch.seconds(_OVERHEAD, _STEPS), self._commit)
        yield replace(event, image=image, sha256=digest(image), refinement=refinement)

    def _on_device(self, watch: Stopwatch, network: torch.nn.Module) -> AbstractContextManager[None]:
        return on_device(self._plan, self.placement, watch, _OVERHEAD, network)

    def _text(self, request: GenerationRequest, image: Image.Image) -> Text:
        """Text states (2, T, D), the negative prompt's first, and the U-Net's other conditions."""
        ids = clip_ids(self._tokenizer, [request.negative_prompt, request.prompt])
        read = self._text_encoder(ids.to(self.placement.device), output_hidden_states=True)
        states = read.hidden_states[-2]  # not the last one, as in Podell et al. 2023, section 2.1
        # height and width, where a crop began, aesthetic score
        facts = torch.tensor([(image.height, image.width, 0, 0, score) for score in _AESTHETICS]).to(states)
        return states, {"text_embeds": read.text_embeds, "time_ids": facts}

    def _timesteps(self) -> Tensor:
        """The last steps of the schedule, 15 of 50."""
        self._scheduler.set_timesteps(_SCHEDULE, device=self.placement.device)
        begin = _SCHEDULE - REFINER.steps.default
        self._scheduler.set_begin_index(begin)
        return self._scheduler.timesteps[begin:]

    def _encode(self, image: Image.Image, generator: torch.Generator) -> Tensor:
        """The latents (1, C, h, w) of an image."""
        pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
        scaled = pixels.to(self.placement.device, torch.float32) / 255 * 2 - 1
        latents = self._vae.encode(scaled).latent_dist.sample(generator)
        return latents.to(self.placement.torch_dtype) * self._vae.config["scaling_factor"]

    def _step(self, latents: Tensor, timestep: Tensor, text: Text, generator: torch.Generator) -> Tensor:
        """One guided denoising step, both network evaluations in one call."""
        states, facts = text
        inputs = self._scheduler.scale_model_input(torch.cat([latents] * 2), timestep)
        output = self._unet(inputs, timestep, states, added_cond_kwargs=facts, return_dict=False)[0]
        output = classifier_free_guidance(output, REFINER.guidance.default)
        return self._scheduler.step(output, timestep, latents, generator=generator, return_dict=False)[0]

    def _decode(self, latents: Tensor) -> AsyncPixels:
        """Pixels (1, H, W, 3) of latents (1, C, h, w), on their way to the host."""
        scaled = latents.float() / self._vae.config["scaling_factor"]
        return to_uint8_async(self._vae.decode(scaled, return_dict=False)[0])


def _read(files: ModelFiles, placement: Placement) -> tuple:
    def frozen(made: Any, name: str, dtype: torch.dtype = placement.torch_dtype) -> Any:
        return read_network(made, files.component(name), placement, dtype).requires_grad_(False)

    scheduler = build_scheduler(EulerDiscreteScheduler, REFINER, files, [_SCHEDULE])
    tokenizer = CLIPTokenizer.from_pretrained(files.component("tokenizer_2"), local_files_only=True)
    text_encoder = frozen(CLIPTextModelWithProjection, "text_encoder_2")
    unet = frozen(UNet2DConditionModel, "unet")
    # SDXL's autoencoder overflows in float16
    vae = frozen(AutoencoderKL, "vae", torch.float32)
    lay_out((unet, vae), placement)
    return tokenizer, text_encoder, unet, vae, scheduler
