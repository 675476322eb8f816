"""Rectified flow, the mathematics alone: no files, no devices, no words of any user interface.

Time t runs from 0 (Gaussian noise x0) to 1 (data x1) along x_t = t x1 + (1 - t) x0. The network predicts the velocity
v = x1 - x0. Networks shaped like Stable Diffusion's keep its meaning of a timestep, 1000 for noise and 0 for data,
so they are given 1000 (1 - t).
"""

from .path import (
    Velocity,
    classifier_free_guidance,
    euler,
    interpolate,
    predict_x1,
    step,
    straightness,
    timestep,
    timesteps,
    velocity,
)
from .plane import PlanePath, project
from .scheduler import RectifiedFlowScheduler
from .sphere import slerp

__all__ = [
    "PlanePath",
    "RectifiedFlowScheduler",
    "Velocity",
    "classifier_free_guidance",
    "euler",
    "interpolate",
    "predict_x1",
    "project",
    "slerp",
    "step",
    "straightness",
    "timestep",
    "timesteps",
    "velocity",
]
