"""GLIDE's networks and samplers a second time, written from the published description with the published names.

Slow, plain and apart from the package on purpose: tests compare the package with this.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from instaflow_demo.glide import Shape


def timestep_embedding(timesteps: Tensor, width: int) -> Tensor:
    half = width // 2
    angles = timesteps[:, None].float() * torch.exp(-math.log(10000) * torch.arange(half) / half)
    return torch.cat([angles.cos(), angles.sin()], 1)


class Residual(nn.Module):
    def __init__(self, inputs: int, outputs: int, embedding: int, groups: int, resize: Callable = lambda x: x):
        super().__init__()
        self.resize = resize
        self.in_layers = nn.Sequential(
            nn.GroupNorm(groups, inputs, 1e-5), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, 2 * outputs))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(groups, outputs, 1e-5), nn.SiLU(), nn.Dropout(0.1), nn.Conv2d(outputs, outputs, 3, padding=1)
        )
        self.skip_connection = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, embedding: Tensor, text: Tensor) -> Tensor:
        norm, activation, convolution = self.in_layers
        hidden = convolution(self.resize(activation(norm(x))))
        scale, shift = self.emb_layers(embedding)[:, :, None, None].chunk(2, 1)
        hidden = self.out_layers[0](hidden) * (1 + scale) + shift
        return self.skip_connection(self.resize(x)) + self.out_layers[1:](hidden)


class Attention(nn.Module):
    """One attention over text and image together; q, k and v lie side by side within each head."""

    def __init__(self, channels: int, shape: Shape):
        super().__init__()
        self.heads = channels // shape.head_width
        self.norm = nn.GroupNorm(shape.groups, channels, 1e-5)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.encoder_kv = nn.Conv1d(shape.text_width, 2 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor, embedding: Tensor, text: Tensor) -> Tensor:
        batch, channels, *_ = x.shape
        width = channels // self.heads
        qkv = self.qkv(self.norm(x.flatten(2))).reshape(batch * self.heads, 3 * width, -1)
        query, key, value = qkv.split(width, 1)
        text_key, text_value = self.encoder_kv(text).reshape(batch * self.heads, 2 * width, -1).split(width, 1)
        key, value = torch.cat([text_key, key], 2), torch.cat([text_value, value], 2)
        weight = torch.einsum("bct,bcs->bts", query, key).div(math.sqrt(width)).softmax(-1)
        mixed = torch.einsum("bts,bcs->bct", weight, value).reshape(batch, channels, -1)
        return x + self.proj_out(mixed).reshape(x.shape)


class TextBlock(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.attn = nn.ModuleDict({"c_qkv": nn.Linear(width, 3 * width), "c_proj": nn.Linear(width, width)})
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.attn["c_qkv"](self.ln_1(x)).view(batch, length, self.heads, -1)
        query, key, value = qkv.chunk(3, -1)
        weight = torch.einsum("bthc,bshc->bhts", query, key).div(math.sqrt(width // self.heads)).softmax(-1)
        x = x + self.attn["c_proj"](torch.einsum("bhts,bshc->bthc", weight, value).reshape(x.shape))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x))))


class PublishedGlide(nn.Module):
    """A U-Net of the cascade and its text encoder in one module, as in the published files.

    The embeddings of positions and padding are whatever memory held until somebody fills them.
    """

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape, width, time = shape, shape.text_width, shape.time_width
        self.token_embedding = nn.Embedding(shape.vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.empty(shape.tokens, width))
        self.padding_embedding = nn.Parameter(torch.empty(shape.tokens, width))
        blocks = nn.ModuleList(TextBlock(width, shape.text_heads) for _ in range(shape.text_layers))
        self.transformer = nn.ModuleDict({"resblocks": blocks})
        self.final_ln = nn.LayerNorm(width)
        self.transformer_proj = nn.Linear(width, time)
        self.time_embed = nn.Sequential(nn.Linear(shape.channels[0], time), nn.SiLU(), nn.Linear(time, time))
        self._build(shape, time)

    def _build(self, shape: Shape, time: int) -> None:
        def residual(inputs: int, outputs: int, **resize: Callable) -> Residual:
            return Residual(inputs, outputs, time, shape.groups, **resize)

        width = shape.channels[0]
        self.input_blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(shape.in_channels, width, 3, padding=1)])])
        widths = [width]
        for level, channels in enumerate(shape.channels):
            for _ in range(shape.layers):
                layers = [residual(width, channels)]
                width = channels
                if shape.attention[level]:
                    layers.append(Attention(width, shape))
                self.input_blocks.append(nn.ModuleList(layers))
                widths.append(width)
            if level < len(shape.channels) - 1:
                half = residual(width, width, resize=lambda x: F.avg_pool2d(x, 2))
                self.input_blocks.append(nn.ModuleList([half]))
                widths.append(width)
        self.middle_block = nn.ModuleList([residual(width, width), Attention(width, shape), residual(width, width)])
        self.output_blocks = nn.ModuleList()
        for level, channels in reversed(list(enumerate(shape.channels))):
            for layer in range(shape.layers + 1):
                layers = [residual(width + widths.pop(), channels)]
                width = channels
                if shape.attention[level]:
                    layers.append(Attention(width, shape))
                if level and layer == shape.layers:
                    double = residual(width, width, resize=lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
                    layers.append(double)
                self.output_blocks.append(nn.ModuleList(layers))
        self.out = nn.Sequential(nn.GroupNorm(shape.groups, width, 1e-5), nn.SiLU(), nn.Conv2d(width, 6, 3, padding=1))

    def encode(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, D, T), channels first, and the pooled vector."""
        states = self.token_embedding(tokens) + self.positional_embedding[None]
        states = torch.where(mask[..., None], states, self.padding_embedding[None])
        for block in self.transformer["resblocks"]:
            states = block(states)
        states = self.final_ln(states)
        return states.permute(0, 2, 1), self.transformer_proj(states[:, -1])

    def forward(self, x: Tensor, timesteps: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
        text, pooled = self.encode(tokens, mask)
        embedding = self.time_embed(timestep_embedding(timesteps, self.shape.channels[0])) + pooled
        kept = []
        for block in self.input_blocks:
            for layer in block:
                x = layer(x) if isinstance(layer, nn.Conv2d) else layer(x, embedding, text)
            kept.append(x)
        for layer in self.middle_block:
            x = layer(x, embedding, text)
        for block in self.output_blocks:
            x = torch.cat([x, kept.pop()], 1)
            for layer in block:
                x = layer(x, embedding, text)
        return self.out(x)


def cosine_alphas() -> list[float]:
    """Cumulative alphas of "squaredcos_cap_v2"."""

    def level(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    total, alphas = 1.0, []
    for i in range(1000):
        total *= 1 - min(1 - level((i + 1) / 1000) / level(i / 1000), 0.999)
        alphas.append(total)
    return alphas


def linear_alphas() -> list[float]:
    total, alphas = 1.0, []
    for i in range(1000):
        total *= 1 - (1e-4 + (0.02 - 1e-4) * i / 999)
        alphas.append(total)
    return alphas


def p_sample_loop(network: Callable, x: Tensor, noises: list[Tensor], timesteps: list[int]) -> Tensor:
    """Ancestral sampling with learned-range variance over a respaced cosine schedule; `timesteps` go up."""
    alphas = cosine_alphas()
    for i in reversed(range(len(timesteps))):
        now, before = alphas[timesteps[i]], alphas[timesteps[i - 1]] if i else 1.0
        beta = 1 - now / before
        epsilon, fraction = network(x, torch.full((len(x),), timesteps[i])).chunk(2, 1)
        image = (x / math.sqrt(now) - math.sqrt(1 / now - 1) * epsilon).clamp(-1, 1)
        mean = beta * math.sqrt(before) / (1 - now) * image
        mean = mean + (1 - before) * math.sqrt(1 - beta) / (1 - now) * x
        if i == 0:
            return mean
        smallest, largest = math.log(beta * (1 - before) / (1 - now)), math.log(beta)
        share = (fraction + 1) / 2
        x = mean + torch.exp(0.5 * (share * largest + (1 - share) * smallest)) * noises.pop(0)
    return x


def ddim_sample_loop(network: Callable, x: Tensor, timesteps: list[int]) -> Tensor:
    """DDIM with eta = 0 over a respaced linear schedule; `timesteps` go up."""
    alphas = linear_alphas()
    for i in reversed(range(len(timesteps))):
        now, before = alphas[timesteps[i]], alphas[timesteps[i - 1]] if i else 1.0
        epsilon = network(x, torch.full((len(x),), timesteps[i]))[:, :3]
        image = (x / math.sqrt(now) - math.sqrt(1 / now - 1) * epsilon).clamp(-1, 1)
        epsilon = (x / math.sqrt(now) - image) / math.sqrt(1 / now - 1)
        x = image * math.sqrt(before) + math.sqrt(1 - before) * epsilon
    return x


def space_timesteps(counts: list[int]) -> list[int]:
    """Respacing by fifths, as "fast27" is defined: so many evenly spaced timesteps in each equal part."""
    steps, start = [], 0
    for i, count in enumerate(counts):
        size = 1000 // len(counts) + (1 if i < 1000 % len(counts) else 0)
        stride = (size - 1) / (count - 1) if count > 1 else 1
        steps += [start + round(k * stride) for k in range(count)]
        start += size
    return steps
