"""Loading the engine for a row of the registry."""

import os
from pathlib import Path

from ..machine import caches, environment
from ..machine.device import Placement
from ..registry import ModelSpec
from ..weights.locate import ModelFiles
from .adapters.extras import NOTHING, Extras
from .base import Engine
from .memory import WHOLE, Plan


def inspect(
    spec: ModelSpec, files: ModelFiles, placement: Placement, extras: Extras = NOTHING, checker: Path | None = None
) -> None:
    """Judge a model's files, and a safety checker's, by each other without loading them; `load` does so too.

    Raises:
        CheckpointError: when they are not what they should be.
    """
    from .checkpoint import agreement  # noqa: PLC0415 - slow to import

    agreement.inspect(spec, files, placement, extras, checker)


def load(
    spec: ModelSpec, files: ModelFiles, placement: Placement, plan: Plan = WHOLE, extras: Extras = NOTHING
) -> Engine:
    """Load the engine for a registry row. Imports torch and diffusers when it is first called.

    Raises:
        ModelUnavailable: when the files cannot be read.
        CheckpointError: when `extras`, which only latent models take, do not fit.
    """
    caches.let_torch_be_imported()
    _use_real_cores()
    # the page is served before these libraries are imported
    if spec.kind == "text2im":
        from .text2im import Text2ImEngine  # noqa: PLC0415

        return Text2ImEngine.load(spec, files, placement, plan)
    if placement.backend == "diffusers":
        from .backends.stock import StockEngine  # noqa: PLC0415

        return StockEngine.load(spec, files, placement, plan)
    from .latent import LatentEngine  # noqa: PLC0415

    return LatentEngine.load(spec, files, placement, plan, extras)


def _use_real_cores() -> None:
    """PyTorch counts the threads of a core, and cores that a container may not use: they get in each other's way."""
    if "OMP_NUM_THREADS" not in os.environ:
        import torch  # noqa: PLC0415 - kept out of start-up

        torch.set_num_threads(environment.usable_cores())
