"""The loss that Text2im's U-Nets are trained with, against its definition by probability distributions."""

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from instaflow_demo.glide.sampling import base_scheduler, upsampler_alphas
from instaflow_demo.training.stages.text2im import Diffusion, corrupt, hybrid_loss

SCHEDULES = {
    "base": base_scheduler().alphas_cumprod.double(),
    "upsampler": torch.tensor(upsampler_alphas(), dtype=torch.float64),
}
COUNT = 64


class Told(torch.nn.Module):
    """Says what it was told, and remembers what it was shown."""

    def __init__(self, output: Tensor):
        super().__init__()
        self.output = torch.nn.Parameter(output)
        self.shown: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor, timesteps: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        self.shown = x, timesteps
        return self.output


def expected(images: Tensor, noisy: Tensor, t: Tensor, output: Tensor, alphas: Tensor, weights: Tensor) -> Tensor:
    """Ho et al. 2020, eq. 5 to 8, by step-wise alphas and the posterior of x0; the variance as a power of both ends."""
    before = torch.cat([torch.ones(1, dtype=torch.float64), alphas[:-1]])[t].view(-1, 1, 1, 1)
    now, weight = alphas[t].view(-1, 1, 1, 1), weights[t].view(-1, 1, 1, 1)
    beta = 1 - now / before
    epsilon, fraction = output.chunk(2, 1)
    noise = (noisy - now.sqrt() * images) / (1 - now).sqrt()

    def posterior_mean(x0: Tensor) -> Tensor:
        return before.sqrt() * beta / (1 - now) * x0 + (1 - beta).sqrt() * (1 - before) / (1 - now) * noisy

    drawn = (noisy - (1 - now).sqrt() * epsilon.detach()) / now.sqrt()
    least = beta * (1 - before) / (1 - now)
    deviation = (least ** ((1 - fraction) / 2) * beta ** ((1 + fraction) / 2)).sqrt()
    real, ours = Normal(posterior_mean(images), least.sqrt()), Normal(posterior_mean(drawn), deviation)
    bits = kl_divergence(real, ours) / torch.log(torch.tensor(2.0, dtype=torch.float64))
    return (weight * (epsilon - noise) ** 2).mean() + bits.mean()


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_loss_and_its_gradient_are_those_of_the_distributions(name: str) -> None:
    alphas, diffusion = SCHEDULES[name], getattr(Diffusion, name)()
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(COUNT, 3, 4, 4, generator=generator) * 2 - 1
    told = Told(torch.randn(COUNT, 6, 4, 4, generator=generator) * 0.5)
    ids, mask = torch.zeros(COUNT, 8, dtype=torch.long), torch.ones(COUNT, 8, dtype=torch.bool)
    loss = hybrid_loss(told, diffusion, images, None, ids, mask, generator)
    (gradient,) = torch.autograd.grad(loss, told.output)
    assert told.shown is not None
    noisy, t = told.shown
    assert t.min() > 0  # the last step has no posterior to compare with
    output = told.output.detach().double().requires_grad_()
    wanted = expected(images.double(), noisy.double(), t, output, alphas, diffusion.weights.double())
    torch.testing.assert_close(loss.double(), wanted, rtol=1e-3, atol=0)
    torch.testing.assert_close(gradient.double(), *torch.autograd.grad(wanted, output), rtol=5e-3, atol=1e-6)


def test_the_last_step_trains_no_variance() -> None:
    diffusion = Diffusion(*(table[:1] for table in vars(Diffusion.base()).values()))
    told = Told(torch.zeros(2, 6, 4, 4))
    ids, mask = torch.zeros(2, 8, dtype=torch.long), torch.ones(2, 8, dtype=torch.bool)
    hybrid_loss(told, diffusion, torch.zeros(2, 3, 4, 4), None, ids, mask, torch.Generator()).backward()
    assert told.output.grad is not None
    assert told.output.grad[:, :3].abs().min() > 0
    assert told.output.grad[:, 3:].abs().max() == 0


def test_errors_of_the_base_count_as_velocities_would() -> None:
    alphas, weights = SCHEDULES["base"], Diffusion.base().weights.double()
    snr = alphas / (1 - alphas)

    def velocity(epsilon: float) -> Tensor:
        """For a noisy image of 1. Salimans and Ho 2022, section 4."""
        x0 = (1 - (1 - alphas).sqrt() * epsilon) / alphas.sqrt()
        return alphas.sqrt() * epsilon - (1 - alphas).sqrt() * x0

    moved = (velocity(1.0) - velocity(0.0)).square()
    middle = (snr < 4) & (moved < 20)
    assert middle.sum() > 300
    torch.testing.assert_close(weights[middle], moved[middle], rtol=1e-5, atol=0)
    clean = snr > 4
    torch.testing.assert_close(weights[clean], 5 / snr[clean], rtol=1e-5, atol=0)
    assert weights.max() == 20


def test_the_condition_is_shown_beside_the_noisy_image() -> None:
    told, condition = Told(torch.zeros(2, 6, 4, 4)), torch.rand(2, 3, 4, 4)
    ids, mask = torch.zeros(2, 8, dtype=torch.long), torch.ones(2, 8, dtype=torch.bool)
    generator = torch.Generator().manual_seed(0)
    hybrid_loss(told, Diffusion.upsampler(), torch.zeros(2, 3, 4, 4), condition, ids, mask, generator)
    assert told.shown is not None
    assert torch.equal(told.shown[0][:, 3:], condition)


def test_corruption_differs_between_images_and_leaves_eight_bits() -> None:
    images = torch.zeros(64, 3, 8, 8)
    noise = corrupt(images, torch.Generator().manual_seed(0))
    strengths = noise.std((1, 2, 3))
    assert strengths.min() < 0.02
    assert 0.08 < strengths.max() < 0.12
    levels = (noise + 1) * 127.5
    torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)


def test_offset_noise_moves_whole_channels_of_the_noise_that_is_asked_for() -> None:
    told = Told(torch.zeros(512, 6, 32, 32))
    diffusion, images = Diffusion.upsampler(), torch.zeros(512, 3, 32, 32)
    ids, mask = torch.zeros(512, 8, dtype=torch.long), torch.ones(512, 8, dtype=torch.bool)
    loss = hybrid_loss(told, diffusion, images, None, ids, mask, torch.Generator().manual_seed(0), 0.5)
    loss.backward()
    assert told.shown is not None
    assert told.output.grad is not None
    noisy, t = told.shown
    noise = noisy / (1 - diffusion.alphas[t]).sqrt().view(-1, 1, 1, 1)
    means = noise.mean((2, 3))
    assert 0.45 < means.std() < 0.55
    assert abs(torch.corrcoef(means.T)[0, 1]) < 0.15
    # of (0 - noise)^2 the gradient is -2 noise, which is how it shows what was asked for
    wanted = -told.output.grad[:, :3] * told.output[:, :3].numel() / 2
    torch.testing.assert_close(wanted, noise, rtol=1e-3, atol=1e-3)
