"""GLIDE's U-Nets as diffusers' `UNet2DConditionModel`: the published sizes, and any smaller ones."""

# diffusers describes its classes loosely
# pyright: reportPrivateImportUsage=false

from dataclasses import dataclass

from diffusers import UNet2DConditionModel

from .text import TextEncoder


@dataclass(frozen=True)
class Shape:
    """The sizes of one U-Net of the cascade and of its text encoder. `attention` says which levels attend."""

    size: int
    in_channels: int
    channels: tuple[int, ...]
    attention: tuple[bool, ...]
    layers: int
    head_width: int = 64
    groups: int = 32
    vocabulary: int = 50257
    tokens: int = 128
    text_width: int = 512
    text_layers: int = 16
    text_heads: int = 8

    @property
    def time_width(self) -> int:
        """Width of the time embedding, which the pooled text is added to."""
        return 4 * self.channels[0]


BASE = Shape(
    size=64,
    in_channels=3,
    channels=(192, 384, 576, 768),
    attention=(False, True, True, True),
    layers=3,
)
UPSAMPLER = Shape(
    size=256,
    in_channels=6,  # the noisy image, and the low-resolution one beside it
    channels=(192, 192, 384, 384, 768, 768),
    attention=(False, False, False, True, True, True),
    layers=2,
)


def make_unet(shape: Shape) -> UNet2DConditionModel:
    """Images (B, C, S, S), timesteps (B,), text states and pooled text to epsilon and variance (B, 6, S, S).

    Every block that changes the size is a residual block, and attention is over the text and the image at once, as in
    Dhariwal and Nichol 2021 (arXiv:2105.05233). Pass the pooled text as `class_labels`.
    """
    down = tuple("SimpleCrossAttnDownBlock2D" if a else "ResnetDownsampleBlock2D" for a in shape.attention)
    up = tuple("SimpleCrossAttnUpBlock2D" if a else "ResnetUpsampleBlock2D" for a in reversed(shape.attention))
    return UNet2DConditionModel(
        sample_size=shape.size,
        in_channels=shape.in_channels,
        out_channels=6,
        down_block_types=down,
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=up,
        block_out_channels=shape.channels,
        layers_per_block=shape.layers,
        norm_num_groups=shape.groups,
        norm_eps=1e-5,
        cross_attention_dim=shape.text_width,
        attention_head_dim=shape.head_width,
        resnet_time_scale_shift="scale_shift",
        class_embed_type="identity",
        flip_sin_to_cos=True,
        freq_shift=0,
    )


def make_text_encoder(shape: Shape) -> TextEncoder:
    """The text encoder that goes with `make_unet(shape)`."""
    return TextEncoder(  # by name: diffusers takes an argument without one for a default when it copies the network
        vocabulary=shape.vocabulary,
        tokens=shape.tokens,
        width=shape.text_width,
        layers=shape.text_layers,
        heads=shape.text_heads,
        pooled=shape.time_width,
    )
