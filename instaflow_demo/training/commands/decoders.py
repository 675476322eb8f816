"""The autoencoder, and the tiny decoder that imitates its decoder."""

# diffusers describes its classes loosely
# pyright: reportPrivateImportUsage=false

from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from diffusers import AutoencoderKL, AutoencoderTiny
from torch import Tensor

from ...cli.expand import expand
from .. import architecture
from ..data import sprites
from ..data.scenes import Composer, Sampler
from ..options import DEFAULT_RUN, BatchSize, Length, Mode, Run, Toy
from ..run_folder import save_half
from ..stage import Facts, Job, Stage, Training, carry_out, millions
from ..stages import autoencoder, tiny_decoder

app = typer.Typer()


@app.command(name="autoencoder")
@expand
def train_autoencoder(
    run: Run = DEFAULT_RUN, toy: Toy = False, *, length: Length, batch: BatchSize = 64, mode: Mode
) -> None:
    """Train the autoencoder on fresh scenes; of one that an earlier run left, train only the decoder."""
    shape, budget = architecture.TOY if toy else architecture.MINI, length.budget()
    vae = architecture.make_autoencoder(shape)
    plan = f"train an autoencoder of {millions(vae)} with {budget}, {batch} a step"
    carry_out(Stage("autoencoder", partial(_begin_autoencoder, vae, shape), plan), run, budget, batch, mode)


def _begin_autoencoder(vae: AutoencoderKL, shape: architecture.Architecture, job: Job, folder: Path) -> Training:
    keeps_latents, checkpoints = job.files.left_by_earlier_run("autoencoder", "vae"), folder
    sampler, composer = load_sprites(shape.image_size, job)
    if keeps_latents:
        vae = autoencoder.with_fixed_latents(job.files.load_autoencoder(job.process.device))
        # in a folder of their own, so that a run that resumes keeps the latents too
        checkpoints = job.files.stage("autoencoder/decoder")
    steps = autoencoder.train(vae, sampler, composer, job.budget, job.process, checkpoints, batch=job.batch)

    def save(folder: Path) -> Facts:
        vae.eval()
        if not keeps_latents:
            autoencoder.normalise_latents(vae, _draw_images(sampler, composer, seed=1))
        quality = autoencoder.psnr(vae, _draw_images(sampler, composer, seed=2))
        save_half(vae, folder / "vae")
        typer.echo(f"PSNR on scenes it has not seen: {quality:.2f} dB")
        return {"psnr_db": round(quality, 2)}

    return Training(steps, save)


@app.command(name="tiny-decoder")
@expand
def train_tiny_decoder(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    *,
    length: Length,
    batch: BatchSize = 16,
    count: Annotated[int, typer.Option("--count", help="Scenes to decode, over all processes.")] = 5000,
    mode: Mode,
) -> None:
    """Train a decoder that costs a fraction of the autoencoder's, on what that one makes of latents."""
    shape, budget = architecture.TOY if toy else architecture.MINI, length.budget()
    torch.manual_seed(0)
    tiny = architecture.make_tiny_decoder(shape)
    plan = f"train a decoder of {millions(tiny)} on {count} scenes with {budget}, {batch} a step"
    stage = Stage("tiny-decoder", partial(_begin_tiny_decoder, tiny, shape, count), plan, "tiny decoder")
    carry_out(stage, run, budget, batch, mode)


def _begin_tiny_decoder(
    tiny: AutoencoderTiny, shape: architecture.Architecture, count: int, job: Job, folder: Path
) -> Training:
    files, process = job.files, job.process
    if files.left_by_earlier_run("tiny-decoder", "tiny_vae"):
        tiny = files.load_tiny_decoder()
    vae, (sampler, composer) = files.load_autoencoder(process.device), load_sprites(shape.image_size, job)

    def make() -> tiny_decoder.DecodedScenes:
        return tiny_decoder.decode_scenes(job.share(count), sampler, composer, vae, process)

    examples = tiny_decoder.DecodedScenes.share(folder, "scenes", process, make)
    steps = tiny_decoder.train(tiny, examples, job.budget, process, folder, batch=job.batch)

    def save(folder: Path) -> Facts:
        tiny_decoder.save(tiny, folder / "tiny_vae")
        saved = files.load_tiny_decoder().to(process.device).eval()  # measured in the precision that is shipped
        latents = torch.zeros(1, *shape.latent_shape, device=process.device)
        found = tiny_decoder.quality(saved, vae, _draw_images(sampler, composer, seed=2, count=128))
        cost = {"gflop": tiny_decoder.cost(saved, latents), "gflop_of_full_decoder": tiny_decoder.cost(vae, latents)}
        typer.echo(f"PSNR to what the full decoder makes of scenes not seen: {found['psnr_to_full_decoder_db']:.2f} dB")
        return {"scenes": count, **cost, **found}

    return Training(steps, save)


def load_sprites(size: int, job: Job) -> tuple[Sampler, Composer]:
    """Draw scenes, and compose their images of `size` pixels a side on the job's device."""
    drawn = sprites.load(job.files.sprites, size)
    return Sampler(drawn.keys), Composer(drawn, job.process.device)


def _draw_images(sampler: Sampler, composer: Composer, seed: int, count: int = 512) -> Tensor:
    """Images (N, 3, S, S) of scenes that training has not seen."""
    return torch.cat(list(composer.batches(sampler.scenes(count, seed), 64)))
