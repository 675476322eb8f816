"""The same networks in fewer and larger kernels: faster once compiled for a GPU, and equal up to rounding.

The gain of each change was measured: `tests/tools/gpu_levers.py`, `assets/results/levers-h100.md`.
"""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalSubscript=false, reportPrivateImportUsage=false

import copy
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, TypeVar, cast

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn
from transformers import CLIPTextModel
from transformers.models.clip.modeling_clip import CLIPAttention

Module = TypeVar("Module", bound=nn.Module)
Change = Callable[[nn.Module], nn.Module | None]
"""The replacement of a module, or None if it stays."""

_FEW_ELEMENTS = 2**22  # below this many elements, launching two kernels costs more than they save


def fuse_text_encoder(encoder: CLIPTextModel) -> CLIPTextModel:
    """A faster copy of a text encoder, which shares all weights but those that it holds in another form."""
    return replace_modules(copy_sharing_weights(encoder), to_causal_attention)


def fuse_unet(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """A faster copy of a U-Net, which shares all weights but those that it holds in another form."""
    made = copy_sharing_weights(unet)
    made.fuse_qkv_projections()
    fuse_cross_attention_kv(made)
    fuse_time_projections(made)
    return replace_modules(made, to_channels_last_norm, to_conv_transpose)


def fuse_vae(vae: AutoencoderKL) -> AutoencoderKL:
    """An autoencoder with a faster decoder, which shares all weights but those that it holds in another form."""
    made = copy_sharing_weights(vae)
    replace_modules(made.decoder, to_channels_last_norm, to_conv_transpose, to_single_head_processor)
    return made


class FusedLinear(nn.Module):
    """Linear layers of the same input as a single product, their outputs side by side."""

    def __init__(self, layers: Sequence[nn.Linear]):
        super().__init__()
        biases = [layer.bias for layer in layers if layer.bias is not None]
        self.register_buffer("weight", torch.cat([layer.weight for layer in layers]))
        self.register_buffer("bias", torch.cat(biases) if biases else None)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class Slice(nn.Module):
    """The columns of one layer in the output of a `FusedLinear`."""

    def __init__(self, start: int, stop: int):
        super().__init__()
        self._columns = slice(start, stop)

    def forward(self, fused: Tensor) -> Tensor:
        return fused[..., self._columns]


class CausalAttention(nn.Module):
    """CLIP's causal attention with a fused QKV projection."""

    def __init__(self, attention: CLIPAttention):
        super().__init__()
        self._heads = attention.num_heads
        self.project = FusedLinear([attention.q_proj, attention.k_proj, attention.v_proj])
        self.out = attention.out_proj

    def forward(self, hidden_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, None]:
        """Tokens (B, T, D) to the same shape. No mask is needed: prompts are padded at the end."""
        heads = self.project(hidden_states).unflatten(-1, (3, self._heads, -1)).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(*heads.unbind(), is_causal=True)
        return self.out(attended.transpose(1, 2).flatten(2)), None


class ChannelsLastGroupNorm(nn.Module):
    """Group normalisation by the sums of single channels, which are adjacent in memory where channels come last.

    Wu and He 2018 (Group Normalization), eq. 1 and 6, with the variance as the mean of squares less the squared mean,
    in float32.
    """

    def __init__(self, norm: nn.GroupNorm):
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W), or anything else that a `GroupNorm` takes, to the same shape."""
        norm = self.norm
        if x.dim() != 4 or x.numel() < _FEW_ELEMENTS:
            return norm(x)
        wide, groups = x.float(), (len(x), norm.num_groups, -1)
        mean, square = (part.mean((2, 3)).view(groups).mean(2) for part in (wide, wide.square()))
        size = norm.num_channels // norm.num_groups
        variance = (square - mean.square()).clamp(min=0)  # rounding can make it negative where all values are equal
        scale = (variance + norm.eps).rsqrt().repeat_interleave(size, dim=1) * norm.weight
        shift = norm.bias - mean.repeat_interleave(size, dim=1) * scale
        return (wide * scale[:, :, None, None] + shift[:, :, None, None]).to(x.dtype)


class UpsampleConvTranspose2d(nn.Module):
    """Nearest-neighbour upsampling and the 3x3 convolution after it, as one transposed convolution.

    Each output pixel depends on four of its 16 weights: less than half the work, and no pixel is repeated in memory.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None):
        """From the weights (O, I, 3, 3) and the bias (O,) of the convolution."""
        super().__init__()
        each = weight.float().flip(2, 3).flatten(0, 1)[:, None]
        spread = F.conv_transpose2d(each, each.new_ones(1, 1, 2, 2)).view(*weight.shape[:2], 4, 4).transpose(0, 1)
        self.register_buffer("weight", spread.to(weight.dtype).contiguous(memory_format=torch.channels_last))
        self.bias = bias

    def forward(self, x: Tensor, output_size: tuple[int, int] | None = None) -> Tensor:
        """Images (B, I, H, W) to (B, O, 2H, 2W).

        Raises:
            ValueError: for another `output_size`, which a U-Net asks for where halving has rounded a side.
        """
        if output_size is not None and tuple(output_size) != (2 * x.shape[2], 2 * x.shape[3]):
            raise ValueError(
                f"This convolution doubles the sides {tuple(x.shape[2:])}, and cannot make them {tuple(output_size)}."
            )
        return F.conv_transpose2d(x, self.weight, self.bias, stride=2, padding=1)


class SingleHeadAttnProcessor:
    """Single-head attention over pixels by plain matrix products: fused kernels are slow for a head of 512."""

    def __call__(
        self,
        attention: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: None = None,
        attention_mask: None = None,
        temb: None = None,
    ) -> Tensor:
        """Images (B, C, H, W) to the same shape; an autoencoder uses no other argument."""
        pixels = hidden_states.flatten(2)
        tokens = (attention.group_norm(pixels) if attention.group_norm is not None else pixels).transpose(1, 2)
        projections = cast(tuple[nn.Linear, ...], (attention.to_q, attention.to_k, attention.to_v))
        query, key, value = (project(tokens) for project in projections)
        weights = torch.softmax((query * attention.scale @ key.transpose(1, 2)).float(), dim=-1).to(value.dtype)
        output = attention.to_out[0](weights @ value).transpose(1, 2).reshape(hidden_states.shape)
        return (output + hidden_states if attention.residual_connection else output) / attention.rescale_output_factor


def fuse_cross_attention_kv(unet: UNet2DConditionModel) -> None:
    """Project the text once for all cross-attention layers, in a U-Net whose KV projections are fused."""
    crossing = [each for each in unet.modules() if isinstance(each, Attention) and each.is_cross_attention]
    if not crossing or unet.encoder_hid_proj is not None:
        return
    together, parts = _fuse_linears([cast(nn.Linear, attention.to_kv) for attention in crossing])
    for attention, part in zip(crossing, parts, strict=True):
        attention.to_kv = part
    unet.encoder_hid_proj = together
    unet.register_to_config(encoder_hid_dim_type="text_proj")


def fuse_time_projections(unet: UNet2DConditionModel) -> None:
    """Project the time embedding once for all residual blocks."""
    blocks = [each for each in unet.modules() if isinstance(each, ResnetBlock2D) and each.time_emb_proj is not None]
    if not blocks or unet.time_embed_act is not None or any(block.skip_time_act for block in blocks):
        return
    together, parts = _fuse_linears([cast(nn.Linear, block.time_emb_proj) for block in blocks])
    for block, part in zip(blocks, parts, strict=True):
        block.time_emb_proj, block.skip_time_act = part, True
    unet.time_embed_act = nn.Sequential(blocks[0].nonlinearity, together)


def _fuse_linears(layers: Sequence[nn.Linear]) -> tuple[FusedLinear, list[Slice]]:
    ends = list(accumulate(layer.out_features for layer in layers))
    return FusedLinear(layers), [Slice(end - layer.out_features, end) for end, layer in zip(ends, layers, strict=True)]


def to_causal_attention(module: nn.Module) -> nn.Module | None:
    """A text encoder's attention becomes `CausalAttention`."""
    return CausalAttention(module) if isinstance(module, CLIPAttention) else None


def to_channels_last_norm(module: nn.Module) -> nn.Module | None:
    """A group norm becomes a `ChannelsLastGroupNorm`."""
    return ChannelsLastGroupNorm(module) if isinstance(module, nn.GroupNorm) and module.affine else None


def to_conv_transpose(module: nn.Module) -> nn.Module | None:
    """Nearest-neighbour upsampling becomes an `UpsampleConvTranspose2d`."""
    if not isinstance(module, Upsample2D) or not isinstance(module.conv, nn.Conv2d):
        return None
    plain = module.interpolate and module.norm is None and not module.use_conv_transpose
    if not plain or module.conv.kernel_size != (3, 3):
        return None
    return UpsampleConvTranspose2d(module.conv.weight, module.conv.bias)


def to_single_head_processor(module: nn.Module) -> nn.Module | None:
    """Attention with one head gets a `SingleHeadAttnProcessor`, in place."""
    if isinstance(module, Attention) and module.heads == 1 and module.spatial_norm is None:
        module.set_processor(SingleHeadAttnProcessor())
    return None


def copy_sharing_weights(module: Module) -> Module:
    """A copy that holds the very same parameters and buffers."""
    return copy.deepcopy(module, {id(each): each for each in (*module.parameters(), *module.buffers())})


def replace_modules(module: Module, *changes: Change) -> Module:
    """Replace the modules inside `module` for which one of the changes has a replacement; returns `module`."""
    for name, child in module.named_children():
        made = next((made for change in changes if (made := change(child)) is not None), None)
        if made is None:
            replace_modules(child, *changes)
        else:
            setattr(module, name, made)
    return module
