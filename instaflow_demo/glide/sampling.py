"""GLIDE's two samplers as its authors run them: 100 ancestral steps for the base, 27 DDIM steps for the upsampler.

Both keep the image in float32 whatever the network computes in, and yield it after every step.
"""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportPrivateImportUsage=false

from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler
from torch import Generator, Tensor

Network = Callable[[Tensor, Tensor], Tensor]
"""An image (B, C, S, S) and timesteps (B,) to epsilon and variance (B, 6, S, S)."""

TRAIN_STEPS = 1000
UPSAMPLER_TEMPERATURE = 0.997
# the respacing "fast27": 10, 10, 3, 2 and 2 steps in each fifth, the very last moved from 999 to 997
FAST27 = (
    *(0, 22, 44, 66, 88, 111, 133, 155, 177, 199),
    *(200, 222, 244, 266, 288, 311, 333, 355, 377, 399),
    *(400, 500, 599),
    *(600, 799),
    *(800, 997),
)


def with_guidance(network: Callable[..., Tensor], states: Tensor, pooled: Tensor, scale: float) -> Network:
    """The network with classifier-free guidance, for text of shape (2 B, ...): the prompts first, then the empty ones.

    Only epsilon is guided, eps_empty + scale (eps - eps_empty); the variance stays the prompt's. Without guidance, at a
    `scale` of at most 1, the text is (B, ...). Nichol et al. 2021, eq. 7. The order is opposite to Stable Diffusion's.
    """

    def evaluate(x: Tensor, timesteps: Tensor) -> Tensor:
        x = x.to(states.dtype)
        return network(x, timesteps, encoder_hidden_states=states, class_labels=pooled, return_dict=False)[0].float()

    def evaluate_guided(x: Tensor, timesteps: Tensor) -> Tensor:
        prompted, empty = evaluate(torch.cat([x, x]), torch.cat([timesteps, timesteps])).chunk(2)
        epsilon = empty[:, :3] + scale * (prompted[:, :3] - empty[:, :3])
        return torch.cat([epsilon, prompted[:, 3:]], 1)

    return evaluate_guided if scale > 1 else evaluate


def with_bounded_variance(network: Network) -> Network:
    """The network with its variance held to the two that it chooses between by a number from -1 to 1.

    Beyond them it grows exponentially, and a few pixels of such noise spoil an image, or are no number in float16.
    OpenAI's sampler does not do this.
    """

    def within(x: Tensor, timesteps: Tensor) -> Tensor:
        epsilon, variance = network(x, timesteps).chunk(2, 1)
        return torch.cat([epsilon, variance.clamp(-1, 1)], 1)

    return within


def base_scheduler(steps: int = 100) -> DDPMScheduler:
    """The base's ancestral sampling with learned variance (Nichol and Dhariwal 2021, eq. 15), cosine schedule."""
    scheduler = DDPMScheduler(
        num_train_timesteps=TRAIN_STEPS,
        beta_schedule="squaredcos_cap_v2",
        variance_type="learned_range",
        clip_sample=True,
        timestep_spacing="linspace",
    )
    scheduler.set_timesteps(steps)
    return scheduler


def sample_ancestral(
    network: Network, x: Tensor, generators: Sequence[Generator], steps: int = 100
) -> Iterator[Tensor]:
    """Denoise the base image from noise `x` (B, 3, S, S), yielding it after each step.

    The noise of every step comes from an image's own generator, on the CPU and in float32.
    """
    scheduler = base_scheduler(steps)
    for timestep in scheduler.timesteps:
        output = network(x, timestep.expand(len(x)).to(x.device))
        x = scheduler.step(output, timestep, x, generator=list(generators), return_dict=False)[0]
        yield x


def sample_ddim(network: Network, x: Tensor, timesteps: Sequence[int] = FAST27) -> Iterator[Tensor]:
    """Denoise the upsampled image from noise `x` (B, 3, S, S) without new noise, yielding it after each step.

    Song et al. 2020 (arXiv:2010.02502), eq. 12 with sigma = 0, the predicted image clipped to [-1, 1] and epsilon made
    to agree with it. diffusers' DDIMScheduler has only evenly spaced timesteps.
    """
    alphas = upsampler_alphas()
    for now, after in zip(reversed(timesteps), [*reversed(timesteps[:-1]), None], strict=True):
        epsilon = network(x, torch.full((len(x),), now, device=x.device))[:, :3]
        alpha, next_alpha = alphas[now], 1.0 if after is None else alphas[after]
        image = ((x - (1 - alpha) ** 0.5 * epsilon) / alpha**0.5).clamp(-1, 1)
        epsilon = (x - alpha**0.5 * image) / (1 - alpha) ** 0.5
        x = next_alpha**0.5 * image + (1 - next_alpha) ** 0.5 * epsilon
        yield x


def upsampler_alphas() -> list[float]:
    """The 1000 cumulative products of 1 - beta for the linear schedule. Ho et al. 2020, section 4."""
    betas = torch.linspace(1e-4, 0.02, TRAIN_STEPS, dtype=torch.float64)
    return (1 - betas).cumprod(0).tolist()


def round_to_8_bits(image: Tensor) -> Tensor:
    """An image in [-1, 1] as 8 bits a channel would hold it, which is what the upsampler was trained on."""
    return ((image + 1) * 127.5).round() / 127.5 - 1


def with_low_resolution(network: Network, low_resolution: Tensor, size: int) -> Network:
    """The upsampler with its low-resolution image (B, 3, s, s) put beside the noisy one it is given."""
    condition = F.interpolate(low_resolution, (size, size), mode="bilinear")

    def evaluate(x: Tensor, timesteps: Tensor) -> Tensor:
        return network(torch.cat([x, condition], 1), timesteps)

    return evaluate
