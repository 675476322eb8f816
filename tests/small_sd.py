"""Stable Diffusion's layout as it was published, with random networks: tiny ones, or of full size."""

import copy
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, PNDMScheduler, UNet2DConditionModel
from together import new_folder
from transformers import CLIPTextConfig, CLIPTextModel

from instaflow_demo.weights.locate import MODELS_DIR

Networks = tuple[CLIPTextModel, UNet2DConditionModel, AutoencoderKL]
_WIDTHS = (8, 8, 16, 16)  # of the small autoencoder


def networks(narrow: int = 1) -> Networks:
    """Random ones, whose convolutions have so many times fewer channels: half precision is slow on a CPU."""
    made = copy.deepcopy(_made(narrow))
    torch.manual_seed(0)  # what else a test draws is the same each time too
    return made


@cache
def _made(narrow: int) -> Networks:
    torch.manual_seed(0)
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=8000,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=77,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=64,
        block_out_channels=(32 // narrow, 64 // narrow),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=8,
    )
    vae = _autoencoder(tuple(max(4, width // narrow) for width in _WIDTHS), norm_num_groups=4, scaling_factor=0.18215)
    return text_encoder.eval(), unet.eval(), vae.eval()


def full_size_networks() -> Networks:
    """The networks of Stable Diffusion 1.5, and so of InstaFlow-0.9B."""
    torch.manual_seed(0)
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            hidden_size=768,
            intermediate_size=3072,
            num_hidden_layers=12,
            num_attention_heads=12,
            projection_dim=768,
        )
    )
    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)
    return text_encoder.eval(), unet.eval(), full_size_autoencoder(sample_size=512).eval()


def small_autoencoder(**settings: Any) -> AutoencoderKL:
    return _autoencoder(_WIDTHS, norm_num_groups=4, **settings)


def small_tiny_decoder(halvings: int) -> AutoencoderTiny:
    torch.manual_seed(1)
    channels = {"encoder_block_out_channels": (8,) * halvings, "decoder_block_out_channels": (8,) * halvings}
    return AutoencoderTiny(**channels, num_encoder_blocks=(1,) * halvings, num_decoder_blocks=(1,) * halvings)


def full_size_autoencoder(**settings: Any) -> AutoencoderKL:
    return _autoencoder((128, 256, 512, 512), layers_per_block=2, **settings)


def _autoencoder(channels: tuple[int, ...], **settings: Any) -> AutoencoderKL:
    """Three halvings of each side, as all of Stability AI's have."""
    return AutoencoderKL(
        block_out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        **settings,
    )


def save_published(
    folder: Path, made: Networks | None = None, *, safetensors: bool = True, variant: str | None = None
) -> Path:
    """A checkpoint like XCLiu's: a pipeline class that diffusers does not know, and a scheduler not to be used."""
    if made:
        _save_published(folder, made, safetensors, variant)
    else:  # into folders that are there, as their tests make some
        shutil.copytree(_saved(safetensors, variant), folder, dirs_exist_ok=True)
    return folder


@cache
def _saved(safetensors: bool, variant: str | None) -> Path:
    """What is copied, since drawing and writing it takes longer."""
    folder = new_folder("published")
    _save_published(folder, _made(1), safetensors, variant)
    return folder


def _save_published(folder: Path, made: Networks, safetensors: bool, variant: str | None) -> None:
    text_encoder, unet, vae = made
    save_tokenizer(folder / "tokenizer")
    for name, network in (("text_encoder", text_encoder), ("unet", unet), ("vae", vae)):
        network.save_pretrained(folder / name, safe_serialization=safetensors, variant=variant)
        if name == "text_encoder" and not safetensors:  # transformers writes safetensors only
            (folder / name / "model.safetensors").unlink(missing_ok=True)
            torch.save(network.state_dict(), folder / name / "pytorch_model.bin")
    scheduler = PNDMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, skip_prk_steps=True, steps_offset=1
    )
    scheduler.save_pretrained(folder / "scheduler")
    index = {"_class_name": "RectifiedFlowPipeline", "_diffusers_version": "0.20.0", "safety_checker": [None, None]}
    (folder / "model_index.json").write_text(json.dumps(index))


def save_tokenizer(folder: Path) -> None:
    """The shipped one, cut to the length that the published ones have."""
    shutil.copytree(MODELS_DIR / "mini/tokenizer", folder)
    settings = folder / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"model_max_length": 77}))
