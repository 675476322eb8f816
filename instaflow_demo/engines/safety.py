"""Stable Diffusion's safety checker, for published models: nobody sees an image before it has.

It compares an image's CLIP embedding with those of 17 unwanted concepts (Rando et al. 2022, arXiv:2210.04610), and it
errs. Whatever goes wrong in it counts as a refusal.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from transformers import CLIPImageProcessor

from ..device import Placement
from ..registry import ModelSpec
from ..weights import ModelFiles
from .reading import network as stored_network
from .reading import reading

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SafetyChecker:
    """A loaded checker. Make one with `load`."""

    network: StableDiffusionSafetyChecker
    processor: CLIPImageProcessor
    placement: Placement

    @classmethod
    def load(cls, spec: ModelSpec, files: ModelFiles, folder: Path, placement: Placement) -> "SafetyChecker":
        """Read the checker in `folder`, which came with the model's files, onto the model's device.

        Raises:
            ModelUnavailable: when it cannot be read, so that the model is not used without it.
        """
        with reading(spec, files):
            network = stored_network(StableDiffusionSafetyChecker, folder, placement, placement.torch_dtype)
        side = network.config.vision_config.image_size
        processor = CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
        return cls(network.to(placement.device).eval(), processor, placement)

    def allows(self, image: Image.Image) -> bool:
        """Whether an image may be shown."""
        try:
            pixels = self.processor(image, return_tensors="pt")["pixel_values"]
            levels = np.zeros((1, 1, 1, 3))  # the checker blackens these, which nobody looks at
            _, refused = self.network(pixels.to(self.placement.device, self.placement.torch_dtype), [levels])
            return not refused[0]
        except Exception:
            log.exception("the safety checker failed, so the image is blocked")
            return False
