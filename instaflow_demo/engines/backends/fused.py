"""The same networks in fewer and larger kernels: faster once they are compiled for a GPU, and equal to the rounding.

What each change is worth was measured: `tests/tools/gpu_levers.py`, `assets/results/levers-h100.md`.
"""

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
"""What a module is to be replaced by; nothing if it stays."""

_FEW = 2**22  # numbers: normalising fewer of them takes no longer than starting two kernels


def rearranged_text(encoder: CLIPTextModel) -> CLIPTextModel:
    """A text encoder that shares the weights of this one, but those that it has to hold in another form."""
    return replaced(sharing(encoder), causal_attention)


def rearranged_unet(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """A U-Net that shares the weights of this one, but those that it has to hold in another form."""
    made = sharing(unet)
    made.fuse_qkv_projections()
    ask_once_of_text(made)
    ask_once_of_time(made)
    return replaced(made, summed_norm, one_convolution)


def rearranged_vae(vae: AutoencoderKL) -> AutoencoderKL:
    """An autoencoder that shares the weights of this one, but those that its decoder has to hold in another form."""
    made = sharing(vae)
    replaced(made.decoder, summed_norm, one_convolution, plain_attention)
    return made


class Joined(nn.Module):
    """Linear layers of one input as a single one, which gives what all of them say, side by side."""

    def __init__(self, layers: Sequence[nn.Linear]):
        super().__init__()
        biases = [layer.bias for layer in layers if layer.bias is not None]
        self.register_buffer("weight", torch.cat([layer.weight for layer in layers]))
        self.register_buffer("bias", torch.cat(biases) if biases else None)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class Columns(nn.Module):
    """What one of several `Joined` layers says."""

    def __init__(self, start: int, stop: int):
        super().__init__()
        self._columns = slice(start, stop)

    def forward(self, said: Tensor) -> Tensor:
        return said[..., self._columns]


class CausalAttention(nn.Module):
    """CLIP's attention over what came before, with one projection instead of three."""

    def __init__(self, attention: CLIPAttention):
        super().__init__()
        self._heads = attention.num_heads
        self.project = Joined([attention.q_proj, attention.k_proj, attention.v_proj])
        self.out = attention.out_proj

    def forward(self, hidden_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, None]:
        """Tokens (B, T, D) to the same shape. A mask is not asked for: no prompt is padded with what counts."""
        heads = self.project(hidden_states).unflatten(-1, (3, self._heads, -1)).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(*heads.unbind(), is_causal=True)
        return self.out(found.transpose(1, 2).flatten(2)), None


class SummedNorm(nn.Module):
    """Group normalisation by the sums of single channels, which lie side by side in memory where channels come last.

    Wu and He 2018 (Group Normalization), eq. 1 and 6, with the variance as the mean of squares less the squared mean,
    in float32.
    """

    def __init__(self, norm: nn.GroupNorm):
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W), or anything else that a `GroupNorm` takes, to the same shape."""
        norm = self.norm
        if x.dim() != 4 or x.numel() < _FEW:
            return norm(x)
        wide, groups = x.float(), (len(x), norm.num_groups, -1)
        mean, square = (part.mean((2, 3)).view(groups).mean(2) for part in (wide, wide.square()))
        size = norm.num_channels // norm.num_groups
        variance = (square - mean.square()).clamp(min=0)  # of what is all alike, rounding can make it negative
        scale = (variance + norm.eps).rsqrt().repeat_interleave(size, dim=1) * norm.weight
        shift = norm.bias - mean.repeat_interleave(size, dim=1) * scale
        return (wide * scale[:, :, None, None] + shift[:, :, None, None]).to(x.dtype)


class OneConvolution(nn.Module):
    """Doubling the sides by repeating pixels and a 3x3 convolution after that, as one transposed convolution.

    Of its 16 weights, each pixel of the result sees four: less than half the work, and nothing is repeated in memory.
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
            raise ValueError(f"One convolution doubles the sides {tuple(x.shape[2:])}, not to {tuple(output_size)}.")
        return F.conv_transpose2d(x, self.weight, self.bias, stride=2, padding=1)


class PlainAttention:
    """Attention of one wide head over pixels by plain products: PyTorch's fused kernels for a head of 512 are slow."""

    def __call__(
        self,
        attention: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: None = None,
        attention_mask: None = None,
        temb: None = None,
    ) -> Tensor:
        """Images (B, C, H, W) to the same shape; an autoencoder has nothing else to say."""
        pixels = hidden_states.flatten(2)
        tokens = (attention.group_norm(pixels) if attention.group_norm is not None else pixels).transpose(1, 2)
        projections = cast(tuple[nn.Linear, ...], (attention.to_q, attention.to_k, attention.to_v))
        query, key, value = (project(tokens) for project in projections)
        weights = torch.softmax((query * attention.scale @ key.transpose(1, 2)).float(), dim=-1).to(value.dtype)
        found = attention.to_out[0](weights @ value).transpose(1, 2).reshape(hidden_states.shape)
        return (found + hidden_states if attention.residual_connection else found) / attention.rescale_output_factor


def ask_once_of_text(unet: UNet2DConditionModel) -> None:
    """Project the text for all layers of attention together, in a U-Net whose projections are fused."""
    crossing = [each for each in unet.modules() if isinstance(each, Attention) and each.is_cross_attention]
    if not crossing or unet.encoder_hid_proj is not None:
        return
    together, parts = _joined([cast(nn.Linear, attention.to_kv) for attention in crossing])
    for attention, part in zip(crossing, parts, strict=True):
        attention.to_kv = part
    unet.encoder_hid_proj = together
    unet.register_to_config(encoder_hid_dim_type="text_proj")


def ask_once_of_time(unet: UNet2DConditionModel) -> None:
    """Project the time for all residual blocks together."""
    blocks = [each for each in unet.modules() if isinstance(each, ResnetBlock2D) and each.time_emb_proj is not None]
    if not blocks or unet.time_embed_act is not None or any(block.skip_time_act for block in blocks):
        return
    together, parts = _joined([cast(nn.Linear, block.time_emb_proj) for block in blocks])
    for block, part in zip(blocks, parts, strict=True):
        block.time_emb_proj, block.skip_time_act = part, True
    unet.time_embed_act = nn.Sequential(blocks[0].nonlinearity, together)


def _joined(layers: Sequence[nn.Linear]) -> tuple[Joined, list[Columns]]:
    ends = list(accumulate(layer.out_features for layer in layers))
    return Joined(layers), [Columns(end - layer.out_features, end) for end, layer in zip(ends, layers, strict=True)]


def causal_attention(module: nn.Module) -> nn.Module | None:
    """A change of a text encoder's attention."""
    return CausalAttention(module) if isinstance(module, CLIPAttention) else None


def summed_norm(module: nn.Module) -> nn.Module | None:
    """A change of group norms."""
    return SummedNorm(module) if isinstance(module, nn.GroupNorm) and module.affine else None


def one_convolution(module: nn.Module) -> nn.Module | None:
    """A change of what doubles the sides by repeating pixels."""
    if not isinstance(module, Upsample2D) or not isinstance(module.conv, nn.Conv2d):
        return None
    plain = module.interpolate and module.norm is None and not module.use_conv_transpose
    if not plain or module.conv.kernel_size != (3, 3):
        return None
    return OneConvolution(module.conv.weight, module.conv.bias)


def plain_attention(module: nn.Module) -> nn.Module | None:
    """A change of attention with one head, in place."""
    if isinstance(module, Attention) and module.heads == 1 and module.spatial_norm is None:
        module.set_processor(PlainAttention())
    return None


def sharing(module: Module) -> Module:
    """A copy with the very same parameters and buffers."""
    return copy.deepcopy(module, {id(each): each for each in (*module.parameters(), *module.buffers())})


def replaced(module: Module, *changes: Change) -> Module:
    """The module, with those inside it replaced of which a change says so."""
    for name, child in module.named_children():
        made = next((made for change in changes if (made := change(child)) is not None), None)
        if made is None:
            replaced(child, *changes)
        else:
            setattr(module, name, made)
    return module
