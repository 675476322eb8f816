"""`python -m instaflow_demo.training STAGE`: makes the shipped models, one stage after another.

Stages: data, text-encoder, autoencoder, tiny-decoder, teacher, reflow, features, distill, progressive, text2im-text,
text2im-base, text2im-upsampler, judge, export and int8-decoder; `family` is all from teacher to progressive on one
budget. To resume a stage, run its command again. For several GPUs: `accelerate launch --multi_gpu -m
instaflow_demo.training STAGE`.
"""

import torch
import typer

from ..errors import DemoError
from .commands import (
    decoders,
    export,
    flow,
    judge,
    scene_decoder,
    scene_export,
    scene_judge,
    scene_text2im,
    scenes,
    text2im,
    words,
)

SCENES = """`python -m instaflow_demo.training scenes STAGE`: the family that draws scenes, one stage after another.

Stages: begin (icons, and the text encoder to start from), stock (drawings), shards (scenes laid out), pixel-features,
autoencoder, tiny-decoder, encode, teacher, reflow, distill, progressive, judge, judge-reference, and text2im-begin,
-base, -upsampler. Then export writes what is shipped, and sheets draws it. To resume a stage, run its command again.
For several GPUs: `torchrun --nproc_per_node 4 -m instaflow_demo.training scenes STAGE --folder RUN`.
"""


def _make_app() -> typer.Typer:
    made = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
    for stages in (words, decoders, flow, text2im, judge, export):
        made.add_typer(stages.app)
    made.add_typer(make_scenes_app(), name="scenes", short_help="The stages of the family that draws scenes.")
    return made


def make_scenes_app() -> typer.Typer:
    """The commands of the family that draws scenes."""
    made = typer.Typer(no_args_is_help=True, help=SCENES)
    for stages in (scenes, scene_decoder, scene_judge, scene_text2im, scene_export):
        made.add_typer(stages.app)
    return made


app = _make_app()


def main() -> None:
    """Run the command line; what the user can act on is one sentence, anything else is a traceback to report."""
    try:
        app()
    except DemoError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
