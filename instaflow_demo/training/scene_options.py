"""`python -m instaflow_demo.training scenes STAGE`: the family that draws scenes, one stage after another.

Stages: begin (icons, and the text encoder to start from), stock (drawings), shards (scenes laid out), pixel-features,
autoencoder, encode, teacher, reflow, distill, judge, and text2im-begin, -base, -upsampler. To resume a stage, run its
command again. For several GPUs: `torchrun --nproc_per_node 4 -m instaflow_demo.training scenes STAGE --folder RUN`.

Here are the options that the stages share.
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

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
