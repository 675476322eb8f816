"""Options that the stages of the scenes' training share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_RUN = Path("training-runs/scenes")

Run = Annotated[
    Path, typer.Option("--run", "--folder", help="Folder of this training run; torchrun takes --run for its own.")
]
Toy = Annotated[bool, typer.Option("--toy", help="Toy sizes: the whole chain in a minute on a CPU.")]
Minutes = Annotated[float | None, typer.Option("--minutes", help="Train for this long, over all resumed runs.")]
Steps = Annotated[int | None, typer.Option("--steps", help="Train for this many steps.")]
Pause = Annotated[float | None, typer.Option("--pause-after", help="End this run after so many minutes; resume later.")]
Compile = Annotated[bool, typer.Option("--compile/--no-compile", help="torch.compile the network on a GPU.")]
Workers = Annotated[int, typer.Option("--workers", help="Processes that draw; 0 is one for each core.")]
