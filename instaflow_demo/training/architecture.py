"""The shapes of the shipped family, and of a toy one that trains in a minute on a laptop."""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportPrivateImportUsage=false

from dataclasses import dataclass, replace

from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from ..evaluation.judge import JudgeShape
from ..glide import Shape


@dataclass(frozen=True)
class Architecture:
    """Sizes of the networks. The autoencoder halves each side for every entry of `vae_channels` but the first.

    `tiny_blocks` are the residual blocks of the tiny decoder at each size, the latents' first, and as many as
    `vae_channels`.
    """

    image_size: int = 256
    latent_channels: int = 8
    vae_channels: tuple[int, ...] = (16, 32, 64, 128)
    vae_layers: int = 2
    tiny_width: int = 32
    tiny_blocks: tuple[int, ...] = (3, 3, 1, 0)
    unet_channels: tuple[int, ...] = (64, 160, 256)
    unet_groups: int = 32
    head_width: int = 32
    text_width: int = 256
    text_layers: int = 4
    text_tokens: int = 32
    vocabulary: int = 8000

    @property
    def latent_size(self) -> int:
        return self.image_size >> (len(self.vae_channels) - 1)

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        return self.latent_channels, self.latent_size, self.latent_size


MINI = Architecture()
TOY = Architecture(
    image_size=32,
    latent_channels=4,
    vae_channels=(8, 16, 16),
    vae_layers=1,
    tiny_width=16,
    tiny_blocks=(1, 0, 0),
    unet_channels=(32, 32),
    unet_groups=8,
    head_width=16,
    text_width=32,
    text_layers=2,
    text_tokens=24,
    vocabulary=1000,
)

# the decoder costs 4.8 GFLOP an image instead of 13.3, which leaves a larger U-Net (7.5 GFLOP instead of 5.1) its time
SCENES = replace(MINI, vae_channels=(16, 16, 32, 96), vae_layers=1, unet_channels=(96, 192, 288))
SCENES_TOY = replace(
    SCENES, vae_channels=(8, 8, 8, 16), unet_channels=(32, 32), unet_groups=8, head_width=16, text_width=256
)


@dataclass(frozen=True)
class Cascade:
    """The two U-Nets of Text2im, each with a text encoder of its own."""

    base: Shape
    upsampler: Shape


# both together weigh 43 MB in half precision and draw two images in well under a minute on two cores
TEXT2IM_MINI = Cascade(
    base=Shape(
        size=64,
        in_channels=3,
        channels=(64, 96, 144, 192),
        attention=(False, True, True, True),
        layers=1,
        head_width=48,
        groups=16,
        vocabulary=2000,
        tokens=32,
        text_width=256,
        text_layers=3,
        text_heads=4,
    ),
    upsampler=Shape(
        size=256,
        in_channels=6,
        channels=(32, 32, 64, 64, 128, 128),
        attention=(False, False, False, False, True, True),
        layers=1,
        head_width=32,
        groups=16,
        vocabulary=2000,
        tokens=32,
        text_width=128,
        text_layers=2,
        text_heads=2,
    ),
)
_TOY_TEXT = {"vocabulary": 400, "tokens": 24, "text_width": 32, "text_layers": 1, "text_heads": 2}
TEXT2IM_TOY = Cascade(
    base=Shape(16, 3, (32, 32), (False, True), layers=1, head_width=16, groups=8, **_TOY_TEXT),
    upsampler=Shape(32, 6, (16, 32), (False, True), layers=1, head_width=16, groups=8, **_TOY_TEXT),
)

JUDGE = JudgeShape()
JUDGE_TOY = JudgeShape(widths=(8, 8, 16, 16), text_width=32, text_layers=1, embedding=16)


def make_autoencoder(shape: Architecture) -> AutoencoderKL:
    """Images (B, 3, S, S) in [-1, 1] to latents and back. No attention, so any image size works."""
    levels = len(shape.vae_channels)
    return AutoencoderKL(
        latent_channels=shape.latent_channels,
        block_out_channels=shape.vae_channels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=shape.vae_layers,
        norm_num_groups=8,
        sample_size=shape.image_size,
        scaling_factor=1.0,  # the latents' mean and deviation are folded into the 1x1 convolutions instead
        mid_block_add_attention=False,
    )


def make_tiny_decoder(shape: Architecture) -> AutoencoderTiny:
    """Latents of the autoencoder to its images. The class asks for an encoder too: as small as can be, and no use."""
    levels = len(shape.tiny_blocks)
    return AutoencoderTiny(
        latent_channels=shape.latent_channels,
        encoder_block_out_channels=(1,) * levels,
        num_encoder_blocks=(0,) * levels,
        decoder_block_out_channels=(shape.tiny_width,) * levels,
        num_decoder_blocks=shape.tiny_blocks,
    )


def make_unet(shape: Architecture) -> UNet2DConditionModel:
    """Latents (B, C, H, W), timesteps (B,) and text states (B, T, D) to velocities (B, C, H, W).

    The first level is convolutions only: attention over its positions would cost more than everything else.
    """
    deeper = len(shape.unet_channels) - 1
    return UNet2DConditionModel(
        sample_size=shape.latent_size,
        in_channels=shape.latent_channels,
        out_channels=shape.latent_channels,
        block_out_channels=shape.unet_channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * deeper,
        up_block_types=("CrossAttnUpBlock2D",) * deeper + ("UpBlock2D",),
        norm_num_groups=shape.unet_groups,
        cross_attention_dim=shape.text_width,
        # diffusers calls the number of heads `attention_head_dim` here
        attention_head_dim=tuple(width // shape.head_width for width in shape.unet_channels),
    )


def make_text_encoder(shape: Architecture, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Token ids (B, T) to states (B, T, D), causal like CLIP's text tower, and much smaller."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=shape.text_width,
            intermediate_size=shape.text_width * 4,
            num_hidden_layers=shape.text_layers,
            num_attention_heads=shape.text_width // shape.head_width // 2 or 1,
            max_position_embeddings=shape.text_tokens,
            hidden_act="gelu",
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
