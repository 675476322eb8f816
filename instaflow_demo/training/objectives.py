"""The rectified-flow objective and the velocity field of a conditional network: the same in every stage of the flow."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..flow import classifier_free_guidance, interpolate, timestep, velocity
from .loop import Network


def flow_loss(network: Network, x0: Tensor, x1: Tensor, t: Tensor, states: Tensor) -> Tensor:
    """Mean of ||(x1 - x0) - v(x_t, t)||^2 per element. Liu et al. 2022, eq. 1.

    Noise x0 and data x1 are (B, C, H, W), times t (B,), the text encoder's states (B, T, D).
    """
    predicted = predict(network, interpolate(x0, x1, t), timestep(t), states)
    return (predicted - velocity(x0, x1)).square().mean()


def predict(network: Network, x: Tensor, timesteps: Tensor, states: Tensor) -> Tensor:
    """The network's velocity (B, C, H, W) in float32, for x of the same shape and timesteps (B,)."""
    x = x.contiguous(memory_format=torch.channels_last)
    return network(x, timesteps, encoder_hidden_states=states, return_dict=False)[0].float()


def guided_field(network: Network, states: Tensor, empty: Tensor, scale: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The velocity field v_empty + scale (v - v_empty), classifier-free guidance; plain v where `scale` is 1.

    `states` are (B, T, D), those of the empty prompt (1, T, D).
    """
    if scale == 1.0:
        return lambda x, t: predict(network, x, t, states)
    both = torch.cat([empty.expand_as(states), states])

    def field(x: Tensor, t: Tensor) -> Tensor:
        return classifier_free_guidance(predict(network, torch.cat([x, x]), torch.cat([t, t]), both), scale)

    return field
