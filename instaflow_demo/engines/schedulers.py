"""How a latent model's steps are taken: as a rectified flow, or by the checkpoint's own noise schedule."""

from typing import cast

from diffusers import DPMSolverMultistepScheduler

from ..flow import RectifiedFlowScheduler
from ..registry import ModelSpec
from ..weights import ModelFiles

Scheduler = RectifiedFlowScheduler | DPMSolverMultistepScheduler


def scheduler(spec: ModelSpec, files: ModelFiles) -> Scheduler:
    """The scheduler that the registry's row names; the paper's baseline is DPM-Solver."""
    if spec.scheduler == "rectified-flow":
        return RectifiedFlowScheduler()
    config = DPMSolverMultistepScheduler.load_config(files.component("scheduler"), local_files_only=True)
    return cast(DPMSolverMultistepScheduler, DPMSolverMultistepScheduler.from_config(config))
