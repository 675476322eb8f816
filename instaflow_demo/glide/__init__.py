"""GLIDE (Nichol et al. 2021, arXiv:2112.10741): a text-conditional pixel cascade, 64x64 and then 256x256.

The U-Nets are diffusers' own classes in the right configuration; the text encoder, the samplers and the conversion of
OpenAI's checkpoints are here. The same classes at smaller sizes make the shipped text2im-mini.
"""

from .sampling import (
    FAST27,
    UPSAMPLER_TEMPERATURE,
    Network,
    round_to_8_bits,
    sample_ancestral,
    sample_ddim,
    with_bounded_variance,
    with_guidance,
    with_low_resolution,
)
from .text import TextEncoder, token_ids, tokenize
from .unet import BASE, UPSAMPLER, Shape, make_text_encoder, make_unet

__all__ = [
    "BASE",
    "FAST27",
    "UPSAMPLER",
    "UPSAMPLER_TEMPERATURE",
    "Network",
    "Shape",
    "TextEncoder",
    "make_text_encoder",
    "make_unet",
    "round_to_8_bits",
    "sample_ancestral",
    "sample_ddim",
    "token_ids",
    "tokenize",
    "with_bounded_variance",
    "with_guidance",
    "with_low_resolution",
]
