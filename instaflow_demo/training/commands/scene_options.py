"""The options that stages of the family that draws scenes share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_RUN = Path("training-runs/scenes")

Run = Annotated[
    Path, typer.Option("--run", "--folder", help="Folder of this training run; torchrun takes --run for its own.")
]
Workers = Annotated[int, typer.Option("--workers", help="Processes that draw; 0 is one for each core.")]


@dataclass(frozen=True)
class Trial:
    """Prompts to draw once a stage is trained."""

    prompts: Annotated[Path | None, typer.Option("--prompts")] = None
    sheets: Annotated[Path, typer.Option("--sheets")] = Path("sheets")


@dataclass(frozen=True)
class PairOptions:
    """How many pairs to make, in how many steps of the flow that makes them, and how many a step learns from."""

    batch: Annotated[int, typer.Option("--batch")] = 512
    count: Annotated[int, typer.Option("--count", help="Pairs to make, over all processes.")] = 100_000
    ode_steps: Annotated[int, typer.Option("--ode-steps")] = 25
