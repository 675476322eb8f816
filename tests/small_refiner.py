"""The SDXL refiner's layout as it was published, with random networks: tiny ones, or of full size."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from small_sd import full_size_autoencoder, save_tokenizer, small_autoencoder
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

Networks = tuple[CLIPTextModelWithProjection, UNet2DConditionModel, AutoencoderKL]


def tiny_networks(numbers: int = 5) -> Networks:
    """The U-Net is told five numbers of an image, the last an aesthetic score; that of SDXL's base is told six."""
    torch.manual_seed(1)
    text_encoder = CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=8000,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=3,
            num_attention_heads=2,
            max_position_embeddings=77,
            projection_dim=24,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=128,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=(2, 4),
        norm_num_groups=8,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=numbers * 8 + 24,
    )
    return text_encoder, unet, small_autoencoder(scaling_factor=0.13025, force_upcast=True)


def full_size_networks() -> Networks:
    """The networks of stabilityai/stable-diffusion-xl-refiner-1.0."""
    text_encoder = CLIPTextModelWithProjection(
        CLIPTextConfig(
            hidden_size=1280,
            intermediate_size=5120,
            num_hidden_layers=32,
            num_attention_heads=20,
            projection_dim=1280,
            hidden_act="gelu",
        )
    )
    unet = UNet2DConditionModel(
        sample_size=128,
        block_out_channels=(384, 768, 1536, 1536),
        attention_head_dim=(6, 12, 24, 24),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=1280,
        transformer_layers_per_block=4,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2560,
    )
    vae = full_size_autoencoder(sample_size=1024, scaling_factor=0.13025)
    return text_encoder.eval(), unet.eval(), vae.eval()


def save_refiner(folder: Path, variant: str | None = None, networks: Networks | None = None) -> Path:
    """A checkpoint like Stability AI's: one text encoder, the second of SDXL's, and an autoencoder to be upcast."""
    text_encoder, unet, vae = networks or tiny_networks()
    for name, network in (("text_encoder_2", text_encoder), ("unet", unet), ("vae", vae)):
        (network.half() if variant else network).save_pretrained(folder / name, variant=variant)
    save_tokenizer(folder / "tokenizer_2")
    schedule = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1}
    EulerDiscreteScheduler(**schedule, timestep_spacing="leading").save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(json.dumps(_INDEX))
    return folder


_INDEX = {
    "_class_name": "StableDiffusionXLImg2ImgPipeline",
    "_diffusers_version": "0.19.0.dev0",
    "force_zeros_for_empty_prompt": False,
    "requires_aesthetics_score": True,
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": [None, None],
    "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": [None, None],
    "tokenizer_2": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
