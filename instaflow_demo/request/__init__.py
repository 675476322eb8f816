"""What is asked for: the only judge of raw input, and of which options have an effect on which model."""

from .generation import RANDOM_SEED, Decoder, GenerationRequest, Interpolation, Limits, Lora, ModelRun
from .interpolation import FRAMES, parse_interpolation

__all__ = [
    "FRAMES",
    "RANDOM_SEED",
    "Decoder",
    "GenerationRequest",
    "Interpolation",
    "Limits",
    "Lora",
    "ModelRun",
    "parse_interpolation",
]
