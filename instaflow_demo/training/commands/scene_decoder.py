"""The tiny decoder of the family that draws scenes: previews of its latents, at a fraction of the cost."""

# diffusers describes its classes loosely
# pyright: reportAttributeAccessIssue=false, reportPrivateImportUsage=false

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from diffusers import AutoencoderKL, AutoencoderTiny
from torch import Tensor

from ...cli.expand import expand
from .. import architecture
from ..data.pictures import Pictures, pictures_of
from ..data.stock import Stock
from ..loop import Process
from ..options import Compile, Length, Toy
from ..run_folder import RunFolder
from ..stage import Facts, Job, Stage, Training, run_stage
from ..stages import tiny_decoder
from .scene_options import DEFAULT_RUN, Run

app = typer.Typer()

_PART = 64  # pictures that are encoded and decoded together
_EXAMINED = 256  # pictures that the decoders are compared by


@app.command(name="tiny-decoder")
@expand
def train_tiny_decoder(
    run: Run = DEFAULT_RUN,
    *,
    length: Length,
    batch: Annotated[int, typer.Option("--batch", help="Pictures a step on each process.")] = 64,
    most: Annotated[int, typer.Option("--most", help="Pictures at most, on each process.")] = 8000,
    compile_: Compile = True,
    toy: Toy = False,
) -> None:
    """Train a decoder that costs a fraction of the autoencoder's, on what that one makes of the shards `pictures`."""
    job = Job(RunFolder(run), Process(compiled=compile_), length.budget(), batch)
    run_stage(Stage("tiny-decoder", partial(_begin, toy, most), title="tiny decoder"), job)


def _begin(toy: bool, most: int, job: Job, folder: Path) -> Training:
    files, process = job.files, job.process
    torch.manual_seed(0)
    tiny = architecture.make_tiny_decoder(architecture.SCENES_TOY if toy else architecture.SCENES)
    if files.left_by_earlier_run("tiny-decoder", "tiny_vae"):
        tiny = files.load_tiny_decoder()
    vae, drawn = files.load_autoencoder(process.device), Stock.load(files.find("stock"))
    pictures = pictures_of(drawn, files.find("shards/pictures"), process, most)
    examples = tiny_decoder.decode_images(_parts(pictures), -(-len(pictures) // _PART), vae, process)
    steps = tiny_decoder.train(tiny, examples, job.budget, process, folder, batch=job.batch)
    return Training(steps, partial(_finish, tiny, vae, drawn, len(pictures), job))


def _finish(tiny: AutoencoderTiny, vae: AutoencoderKL, drawn: Stock, count: int, job: Job, folder: Path) -> Facts:
    """Save the decoder, and compare what is saved with the full one on scenes that it has not seen."""
    tiny_decoder.save(tiny, folder / "tiny_vae")
    saved = job.files.load_tiny_decoder().to(job.process.device).eval()
    unseen = pictures_of(drawn, job.files.find("shards/unseen"), job.process, most=_EXAMINED)
    images = torch.cat(list(_parts(unseen)))
    with torch.inference_mode():
        latents = vae.encode(images[:1]).latent_dist.mean
    found = tiny_decoder.quality(saved, vae, images)
    cost = {"gflop": tiny_decoder.cost(saved, latents), "gflop_of_full_decoder": tiny_decoder.cost(vae, latents)}
    typer.echo(f"PSNR to what the full decoder makes of scenes not seen: {found['psnr_to_full_decoder_db']:.2f} dB")
    return {"scenes": count * job.process.num_processes, **cost, **found}


def _parts(pictures: Pictures) -> Iterator[Tensor]:
    """Images (B, 3, S, S) in [-1, 1], part by part."""
    yield from (pictures.batch(slice(start, start + _PART))[0] for start in range(0, len(pictures), _PART))
