"""What is asked for: the only judge of raw input, and of which options have an effect on which model."""

from .generation import RANDOM_SEED, Decoder, GenerationRequest, Limits, Lora, ModelRun

__all__ = ["RANDOM_SEED", "Decoder", "GenerationRequest", "Limits", "Lora", "ModelRun"]
