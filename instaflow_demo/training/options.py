"""The options that several stages take."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .loop import Budget

DEFAULT_RUN = Path("training-runs/mini")
DEFAULT_MODELS = Path("assets/models")

Run = Annotated[Path, typer.Option("--run", help="Folder of this training run.")]
Toy = Annotated[bool, typer.Option("--toy", help="Toy sizes: the whole chain in a minute on a CPU.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and stop.")]
Steps = Annotated[int | None, typer.Option("--steps", help="Train for this many steps.")]
Minutes = Annotated[float | None, typer.Option("--minutes", help="Train for this long, over all resumed runs.")]
Pause = Annotated[
    float | None,
    typer.Option("--pause-after", help="End this run after so many minutes, whatever they went to; resume later."),
]
BatchSize = Annotated[int, typer.Option("--batch", help="Samples a step on each process.")]
Compile = Annotated[bool, typer.Option("--compile/--no-compile", help="torch.compile the network on a GPU.")]
SceneCount = Annotated[int, typer.Option("--count", help="Scenes to encode if there are none, over all processes.")]
PairCount = Annotated[int, typer.Option("--count", help="Pairs to make, over all processes.")]
OdeSteps = Annotated[int, typer.Option("--ode-steps", help="Euler steps that make a pair.")]
Guidance = Annotated[float, typer.Option("--guidance", help="Guidance scale; 1 is none.")]
WordNetFolder = Annotated[Path | None, typer.Option("--wordnet", help="Folder of WordNet's dictionary files.")]
Models = Annotated[Path, typer.Option("--models", help="Folder of the exported models.")]


@dataclass(frozen=True)
class Length:
    """How long to train."""

    steps: Steps = None
    minutes: Minutes = None
    pause_after: Pause = None

    def budget(self) -> Budget:
        """The budget, whose time to pause counts from now."""
        return Budget(self.steps, self.minutes, self.pause_after)


@dataclass(frozen=True)
class Mode:
    """How to run a stage."""

    compile_: Compile = True
    dry_run: DryRun = False
