"""diffusers' face of `path.step`: the step of our own engine and of stock pipelines alike."""

# diffusers describes its classes loosely
# pyright: reportPrivateImportUsage=false

from dataclasses import dataclass

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from diffusers.utils import BaseOutput
from torch import Tensor

from . import path


@dataclass
class RectifiedFlowSchedulerOutput(BaseOutput):
    """`prev_sample`: the latents after the step, of the shape that went in."""

    prev_sample: Tensor


class RectifiedFlowScheduler(SchedulerMixin, ConfigMixin):
    """Euler steps of equal length 1/N along the predicted velocity, as the published InstaFlow pipeline takes them.

    Timesteps are (1 - i/N) * 1000 for i = 0..N-1, in float32. `step` adds v/N in the dtype of the latents, without
    the upcast that `FlowMatchEulerDiscreteScheduler` makes and with the opposite sign of v (data - noise), so results
    equal the published pipeline's to the bit. Reference: gnobitab/InstaFlow, `pipeline_rf.py`.
    """

    order = 1
    init_noise_sigma = 1.0

    @register_to_config
    def __init__(self, num_train_timesteps: int = 1000):
        self.timesteps = torch.empty(0)
        self.num_inference_steps = 0

    def set_timesteps(self, num_inference_steps: int, device: torch.device | str | None = None) -> None:
        """Prepare `timesteps`, a float32 tensor of shape (N,)."""
        if num_inference_steps < 1:
            raise ValueError(f"num_inference_steps must be at least 1, not {num_inference_steps}.")
        self.timesteps = path.timesteps(num_inference_steps, self.config["num_train_timesteps"]).to(device)
        self.num_inference_steps = num_inference_steps

    def scale_model_input(self, sample: Tensor, timestep: Tensor | float | None = None) -> Tensor:
        """Rectified flow feeds the latents as they are."""
        return sample

    def step(
        self,
        model_output: Tensor,
        timestep: Tensor | float,
        sample: Tensor,
        return_dict: bool = True,
        generator: torch.Generator | list[torch.Generator] | None = None,
    ) -> RectifiedFlowSchedulerOutput | tuple[Tensor]:
        """x + v/N, for `model_output` v and `sample` x of one shape; it adds no noise, and `generator` draws none."""
        moved = path.step(sample, model_output, self.num_inference_steps)
        return RectifiedFlowSchedulerOutput(moved) if return_dict else (moved,)
