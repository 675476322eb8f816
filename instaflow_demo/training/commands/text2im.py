"""Text2im: the tokenizer, the base and the upsampler of the cascade."""

import itertools
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer

from ... import glide
from ...cli.expand import expand
from .. import architecture
from ..data import sprites
from ..data.scenes import Sampler
from ..loop import Budget
from ..options import DEFAULT_RUN, BatchSize, DryRun, Length, Mode, Run, Toy
from ..run_folder import RunFolder
from ..stage import Job, Stage, Training, carry_out, millions, save_unet_and_text_encoder
from ..stages import text2im
from ..stages import text_encoder as text
from .decoders import load_sprites
from .words import teach_words

app = typer.Typer()


@app.command()
def text2im_text(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Annotated[int, typer.Option("--steps", help="Train for this many steps.")] = 4000,
    batch: BatchSize = 192,
    dry_run: DryRun = False,
) -> None:
    """Train the tokenizer of Text2im, and teach the text encoder of its base what words mean."""
    shape = choose_cascade(toy).base
    plan = f"train a text encoder {shape.text_width} wide for {steps} steps of {batch}"
    stage = Stage("text2im-text", partial(_begin_text, shape), plan)
    carry_out(stage, run, Budget(steps), batch, Mode(compile_=False, dry_run=dry_run))


def _begin_text(shape: glide.Shape, job: Job, folder: Path) -> Training:
    torch.manual_seed(0)
    scenes = Sampler(sprites.keys(job.files.sprites)).scenes(20_000, seed=1)
    texts = [*itertools.chain(*scenes.captions), *text.words_of(job.files.load_words()[0])]
    tokenizer = text2im.train_tokenizer(texts, shape.vocabulary, folder / "tokenizer")
    return teach_words(text2im.encoding(glide.make_text_encoder(shape), tokenizer), shape.text_width, job)


@app.command()
@expand
def text2im_base(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    *,
    length: Length,
    batch: BatchSize = 512,
    count: Annotated[int, typer.Option("--count", help="Scenes to draw, over all processes.")] = 200_000,
    mode: Mode,
) -> None:
    """Train the base of Text2im, its text encoder with it."""
    cascade, budget = choose_cascade(toy), length.budget()
    torch.manual_seed(0)
    network = text2im.Painter(cascade.base)
    plan = f"train a base of {millions(network)} on {count} scenes with {budget}, {batch} a step"
    carry_out(Stage("text2im-base", partial(_begin_base, network, cascade, count), plan), run, budget, batch, mode)


def _begin_base(
    network: text2im.Painter, cascade: architecture.Cascade, count: int, job: Job, folder: Path
) -> Training:
    network.text_encoder = job.files.load_text2im_text_encoder().train()
    restore(network, "text2im-base", job.files)
    sampler, composer = load_sprites(cascade.upsampler.size, job)
    tokenizer, shape = job.files.load_text2im_tokenizer(), cascade.base

    def make() -> text2im.SmallScenes:
        return text2im.small_scenes(
            job.share(count), shape.size, sampler, composer, tokenizer, shape.tokens, job.process
        )

    scenes = text2im.SmallScenes.share(folder, "scenes", job.process, make)
    steps = text2im.train_base(network, scenes, tokenizer, job.budget, job.process, folder, batch=job.batch)
    return Training(steps, partial(save_unet_and_text_encoder, network, {"scenes": count}))


@app.command()
@expand
def text2im_upsampler(
    run: Run = DEFAULT_RUN, toy: Toy = False, *, length: Length, batch: BatchSize = 64, mode: Mode
) -> None:
    """Train the upsampler of Text2im, after its base."""
    cascade, budget = choose_cascade(toy), length.budget()
    torch.manual_seed(0)
    network = text2im.Painter(cascade.upsampler)
    plan = f"train an upsampler of {millions(network)} with {budget}, {batch} a step"
    carry_out(Stage("text2im-upsampler", partial(_begin_upsampler, network, cascade), plan), run, budget, batch, mode)


def _begin_upsampler(network: text2im.Painter, cascade: architecture.Cascade, job: Job, folder: Path) -> Training:
    restore(network, "text2im-upsampler", job.files)
    tokenizer = job.files.load_text2im_tokenizer()
    sampler, composer = load_sprites(cascade.upsampler.size, job)
    steps = text2im.train_upsampler(
        network, sampler, composer, tokenizer, cascade.base.size, job.budget, job.process, folder, batch=job.batch
    )
    return Training(steps, partial(save_unet_and_text_encoder, network, {}))


def restore(network: text2im.Painter, stage: str, files: RunFolder) -> None:
    """Take the weights that an earlier run of `stage` saved, if one did."""
    if files.left_by_earlier_run(stage):
        network.unet = files.load_unet(stage)
        network.text_encoder = files.load_text2im_text_encoder(stage).train()


def choose_cascade(toy: bool) -> architecture.Cascade:
    return architecture.TEXT2IM_TOY if toy else architecture.TEXT2IM_MINI
