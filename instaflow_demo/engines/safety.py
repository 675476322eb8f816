"""Stable Diffusion's safety checker, for published models: nobody sees an image before it has.

It compares an image's CLIP embedding with those of 17 unwanted concepts (Rando et al. 2022, arXiv:2210.04610), and it
errs. It fails closed: one that is damaged is refused, and whatever goes wrong while it looks counts as a refusal.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from torch import Tensor
from torch.nn.utils import get_total_norm
from transformers import CLIPImageProcessor

from ..errors import ModelUnavailable
from ..machine.device import Placement
from ..registry import ModelSpec
from ..weights.locate import ModelFiles
from .checkpoint.reading import explain_read_errors
from .checkpoint.reading import read_network as stored_network

log = logging.getLogger(__name__)

# The published weights, and all that they make of an image, lie well within half precision. What does not is damaged:
# the cosine of a vector that is too long or too short for float32 comes out as 0, which would be no concept found.
_HALF = torch.finfo(torch.float16)


@dataclass(frozen=True)
class SafetyChecker:
    """A loaded checker. Make one with `load`."""

    network: StableDiffusionSafetyChecker
    processor: CLIPImageProcessor
    placement: Placement

    @classmethod
    def load(cls, spec: ModelSpec, files: ModelFiles, folder: Path, placement: Placement) -> "SafetyChecker":
        """Read the checker in `folder`, which came with the model's files, onto the model's device.

        It computes in float32 whatever the model does: scores differ from 0 in steps of a thousandth, which half
        precision cannot resolve, and nothing that is sound overflows.

        Raises:
            ModelUnavailable: when it cannot be read or is damaged, so that the model is not used without it.
        """
        whole = replace(placement, dtype="float32")
        with explain_read_errors(spec, files):
            network = stored_network(StableDiffusionSafetyChecker, folder, whole, whole.torch_dtype)
            side = network.config.vision_config.image_size
            processor = CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
        if (name := _damaged(network)) is not None:
            raise ModelUnavailable(
                "{title} is not used without its safety checker, and the one in {folder} is damaged: its “{name}” is "
                "empty, all zeros, too large or not a number. Restore its files.",
                title=spec.title,
                folder=folder,
                name=name,
            )
        return cls(network.to(whole.device).eval(), processor, whole)

    def allows(self, image: Image.Image) -> bool:
        """Whether an image may be shown: all that it was compared by is sound, and no concept was found."""
        try:
            return self._finds_nothing(image)
        except Exception:
            log.exception("the safety checker failed, so the image is blocked")
            return False

    @torch.inference_mode()
    def _finds_nothing(self, image: Image.Image) -> bool:
        """diffusers' own verdict on an image, where every number that it rests on is one.

        Without that condition it allows whatever it cannot compute: NaN is not above a threshold.

        Raises:
            ValueError: when a number is none, or there is nothing to compare with.
        """
        pixels = self.processor(image, return_tensors="pt")["pixel_values"]
        seen: list[Tensor] = []
        hook = self.network.visual_projection.register_forward_hook(lambda *called: seen.append(called[-1]))
        try:
            levels = [np.zeros((1, 1, 3))]  # the checker blackens these, which nobody looks at
            _, found = self.network(pixels.to(self.network.device, self.network.dtype), levels)
        finally:
            hook.remove()
        (embedding,) = seen
        _refuse_unsound(self.network, embedding)
        return found == [False]


def _refuse_unsound(network: StableDiffusionSafetyChecker, embedding: Tensor) -> None:
    """Raise a ValueError unless one image was compared with concepts, and all of them have a cosine and a threshold."""
    if not get_total_norm(network.parameters()).isfinite():  # attention passes over a key that is no number
        raise ValueError("there is a weight that is no number")
    for concepts in ("special_care_embeds", "concept_embeds"):
        vectors, thresholds = getattr(network, concepts), getattr(network, f"{concepts}_weights")
        if embedding.shape != (1, vectors.shape[-1]) or thresholds.shape != vectors.shape[:-1]:
            shapes = [tuple(each.shape) for each in (embedding, vectors, thresholds)]
            raise ValueError(f"{concepts}: one image, N concepts and N thresholds cannot have the shapes {shapes}")
        if not (_measurable(embedding) and _measurable(vectors) and _measurable(thresholds)):
            raise ValueError(f"{concepts}: there are vectors or thresholds of no length, or of one beyond all measure")


def _damaged(network: StableDiffusionSafetyChecker) -> str | None:
    """The name of the first weight that cannot be a trained one's: of those, only biases may be zero."""
    for name, weight in network.named_parameters():
        vectors = weight if name.endswith("_embeds") else weight.flatten()
        if not _measurable(vectors, may_be_zero=name.endswith("bias")):
            return name
    return None


def _measurable(vectors: Tensor, *, may_be_zero: bool = False) -> bool:
    """Whether there are vectors (..., D), all of them of a length that is a number, neither 0 nor too large."""
    lengths = vectors.float().norm(dim=-1)
    least = 0 if may_be_zero else _HALF.tiny
    return vectors.numel() > 0 and bool(((lengths >= least) & (lengths <= _HALF.max)).all())
