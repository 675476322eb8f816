"""The three networks of a latent model behind one protocol: the denoising loop does not know what runs them."""

# diffusers describes its classes loosely
# pyright: reportAttributeAccessIssue=false, reportPrivateImportUsage=false

import json
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModel

from ...errors import DeviceUnavailable, Sentence
from ...machine.device import Placement
from ...request import Decoder
from ...weights.locate import ModelFiles
from ..adapters.extras import NOTHING, Extras
from ..adapters.merge import merge
from ..checkpoint.reading import read_network
from ..memory import Plan
from ..offload import apply_plan, lay_out, place
from .fused import fuse_text_encoder, fuse_unet, fuse_vae

Part = Literal["text_encoder", "unet", "vae", "tiny"]


@dataclass(frozen=True)
class Latents:
    """A model's latents: channels, pixels a side of one, and the factor that the autoencoder divides by."""

    channels: int
    pixels: int
    scale: float

    @classmethod
    def of(cls, unet: Path, vae: Path) -> "Latents":
        """Read from the configurations in these folders."""
        unet_config, decoder = (
            json.loads((folder / "config.json").read_text(encoding="utf-8")) for folder in (unet, vae)
        )
        halvings = len(decoder["block_out_channels"]) - 1
        return cls(unet_config["in_channels"], 2**halvings, decoder.get("scaling_factor", 0.18215))


@dataclass(frozen=True)
class LastRun:
    """The backend that did the work, and notes for the user where a better one could not."""

    backend: Literal["eager", "compiled", "openvino"]
    notes: tuple[Sentence, ...] = ()


class Networks(Protocol):
    """A latent model's text encoder, U-Net and decoders. `latents` says what goes between the latter two.

    `notes` are for the user, of what could not be kept for the next start.
    """

    latents: Latents
    notes: tuple[Sentence, ...]

    def encode_text(self, ids: Tensor) -> Tensor:
        """Token ids (B, T) to text states (B, T, D)."""
        ...

    def predict(self, latents: Tensor, timestep: Tensor, states: Tensor) -> Tensor:
        """The U-Net's prediction for latents (B, C, h, w) at a timestep: a velocity, or noise, of the same shape."""
        ...

    def decode(self, latents: Tensor, decoder: Decoder) -> Tensor:
        """Latents (B, C, h, w) to images (B, 3, H, W) in [-1, 1].

        Raises:
            DeviceUnavailable: when there is no such decoder.
        """
        ...

    def has(self, decoder: Decoder) -> bool:
        """Whether there is such a decoder."""
        ...

    def modules(self, part: Part) -> tuple[nn.Module, ...]:
        """The modules of a part that may be moved between devices; none where something else holds them."""
        ...

    def apply(self, plan: Plan) -> None:
        """Use memory as the plan says from now on."""
        ...

    def last_run(self) -> LastRun:
        """What did the work since this was asked last."""
        ...


def no_decoder(decoder: Decoder) -> DeviceUnavailable:
    """The error for a decoder that is not there."""
    said = {
        "int8": Sentence(
            "There is no int8 decoder here: it runs with OpenVINO on a CPU, for the shipped models: “pip install "
            "openvino”, or choose another one."
        ),
        "tiny": Sentence(
            "There is no tiny decoder here: “hf download madebyollin/taesd” brings one for Stable Diffusion's "
            "latents, or choose “full”."
        ),
        "full": Sentence("There is no full decoder here: restore the model's folder “vae”."),
    }
    return DeviceUnavailable(said[decoder])


class EagerNetworks:
    """PyTorch modules as diffusers and transformers have them: always there, and what others are compared with.

    Half precision gives their numbers to the bit, float32 on a CPU up to rounding: there, channels lie last in memory.
    """

    notes = ()

    def __init__(
        self,
        text_encoder: CLIPTextModel,
        unet: UNet2DConditionModel,
        vae: AutoencoderKL,
        latents: Latents,
        placement: Placement,
        tiny: AutoencoderTiny | None = None,
        notes: tuple[Sentence, ...] = (),
    ):
        self.latents = latents
        self.notes = notes
        self.parts: dict[Part, Any] = {"text_encoder": text_encoder, "unet": unet, "vae": vae}
        if tiny is not None:
            self.parts["tiny"] = tiny
        self._placement = placement

    @classmethod
    def read(cls, files: ModelFiles, placement: Placement, extras: Extras = NOTHING) -> "EagerNetworks":
        """Read the networks of a checkpoint, with what is to be merged into them."""
        dtype = torch.float32 if extras else placement.torch_dtype  # sums are rounded once, at the end
        stored_as = replace(placement, dtype="float32") if extras else placement  # halves would be rounded before it
        rest = extras.delta[1] if extras.delta else files
        text_encoder = read_network(CLIPTextModel, rest.component("text_encoder"), stored_as, dtype)
        unet = read_network(UNet2DConditionModel, files.component("unet"), stored_as, dtype)
        vae = read_network(AutoencoderKL, rest.component("vae"), stored_as, dtype)
        tiny = read_network(AutoencoderTiny, files.tiny_decoder, placement, dtype) if files.tiny_decoder else None
        parts = [part for part in (text_encoder, unet, vae, tiny) if part is not None]
        notes: tuple[Sentence, ...] = ()
        if extras:
            notes = merge(extras, {"unet": unet, "text_encoder": text_encoder})
            for part in parts:
                nn.Module.to(part, placement.torch_dtype)  # diffusers' own warns, as it cannot know that all may go
        lay_out(parts[1:], placement)
        for part in parts:
            part.eval().requires_grad_(False)
        latents = Latents.of(files.component("unet"), rest.component("vae"))
        return cls(text_encoder, unet, vae, latents, placement, tiny, notes)

    def fuse(self) -> "EagerNetworks":
        """The same networks in fewer and larger kernels, sharing the weights: for whoever compiles them for a GPU."""
        return self.with_parts(
            text_encoder=fuse_text_encoder(self.parts["text_encoder"]),
            unet=fuse_unet(self.parts["unet"]),
            vae=fuse_vae(self.parts["vae"]),
        )

    def with_parts(self, **parts: nn.Module) -> "EagerNetworks":
        """The same networks, but for these."""
        made = copy(self)
        made.parts = {**self.parts, **parts}
        return made

    def encode_text(self, ids: Tensor) -> Tensor:
        return self.parts["text_encoder"](input_ids=ids, return_dict=False)[0]

    def predict(self, latents: Tensor, timestep: Tensor, states: Tensor) -> Tensor:
        return self.parts["unet"](latents, timestep, encoder_hidden_states=states, return_dict=False)[0]

    def decode(self, latents: Tensor, decoder: Decoder) -> Tensor:
        if not self.has(decoder):
            raise no_decoder(decoder)
        if decoder == "tiny":
            return self.parts["tiny"].decode(latents, return_dict=False)[0]  # it was trained on scaled latents
        return self.parts["vae"].decode(latents / self.latents.scale, return_dict=False)[0]

    def has(self, decoder: Decoder) -> bool:
        return decoder == "full" or decoder in self.parts

    def modules(self, part: Part) -> tuple[nn.Module, ...]:
        return (self.parts[part],)

    def apply(self, plan: Plan) -> None:
        apply_plan(plan, self._placement, self.parts["vae"], self.parts["text_encoder"], self.parts["unet"])
        if "tiny" in self.parts:
            place([self.parts["tiny"]], self._placement.device)  # a few megabytes, which previews need at any time

    def last_run(self) -> LastRun:
        return LastRun("eager", self.notes)


class Calls(nn.Module):
    """A function of a network as a module, which is what can be converted or exported."""

    def __init__(self, function: Callable[..., Tensor], network: nn.Module):
        super().__init__()
        self._function = function
        self._network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        return self._function(*inputs)
