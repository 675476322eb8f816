"""Text2im on scenes: the cascade of `text2im`, trained on composed pictures of whole scenes."""

import shutil
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor
from transformers import GPT2Tokenizer

from ...cli.expand import expand
from ...glide import Shape, make_text_encoder
from ..architecture import TEXT2IM_TOY, Cascade
from ..data.composer import Composer
from ..data.pictures import compose_all, pictures_of, read_laid_out
from ..data.stock import Stock
from ..loop import Process
from ..options import Compile, Length, Toy
from ..run_folder import RunFolder, save_half
from ..stage import Job, Stage, Training, run_stage, save_unet_and_text_encoder
from ..stages import text2im
from .scene_options import DEFAULT_RUN, Run
from .text2im import choose_cascade, restore

app = typer.Typer()

Batch = Annotated[int, typer.Option("--batch", help="Samples a step on each process.")]
WORDS = "text2im-text"  # the stage that leaves a tokenizer and a text encoder


@app.command(name="text2im-begin")
def begin_text2im(
    start: Annotated[
        Path, typer.Option("--from", help="A Text2im whose tokenizer and text encoder to go on from.")
    ] = Path("assets/models/text2im-mini"),
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
) -> None:
    """Lay out what the base reads text with: that of the shipped Text2im, or for a toy one made from captions."""
    files = RunFolder(run)
    folder = files.stage(WORDS)
    if not toy:
        for part in ("tokenizer", "text_encoder"):
            shutil.copytree(start / part, folder / part, dirs_exist_ok=True)
        return
    shape = TEXT2IM_TOY.base
    ids = read_laid_out(files.find("shards/flow"), Process(compiled=False)).ids
    text2im.train_tokenizer(_texts(files, ids), shape.vocabulary, folder / "tokenizer")
    save_half(make_text_encoder(shape), folder / "text_encoder")


@app.command(name="text2im-base")
@expand
def train_text2im_base(
    run: Run = DEFAULT_RUN,
    *,
    length: Length,
    batch: Batch = 512,
    compile_: Compile = True,
    toy: Toy = False,
) -> None:
    """Train the base of Text2im, 64 pixels a side, on the shards `flow`."""
    job = Job(RunFolder(run), Process(compiled=compile_), length.budget(), batch)
    run_stage(Stage("text2im-base", partial(_begin_base, choose_cascade(toy).base)), job)


def _begin_base(shape: Shape, job: Job, folder: Path) -> Training:
    painter = _load_painter("text2im-base", shape, job.files)
    tokenizer = job.files.load_text2im_tokenizer()

    def make() -> text2im.SmallScenes:
        return _small_scenes(job.files, tokenizer, shape.size, shape.tokens, job.process)

    scenes = text2im.SmallScenes.share(folder, "scenes", job.process, make)
    training = text2im.train_base(painter, scenes, tokenizer, job.budget, job.process, folder, batch=job.batch)
    return Training(training, partial(save_unet_and_text_encoder, painter, {}))


@app.command(name="text2im-upsampler")
@expand
def train_text2im_upsampler(
    run: Run = DEFAULT_RUN,
    *,
    length: Length,
    batch: Batch = 64,
    most: Annotated[int, typer.Option("--most", help="Pictures at most, on each process.")] = 16_000,
    compile_: Compile = True,
    toy: Toy = False,
) -> None:
    """Train the upsampler of Text2im, to 256 pixels a side, on the shards `pictures`."""
    job = Job(RunFolder(run), Process(compiled=compile_), length.budget(), batch)
    run_stage(Stage("text2im-upsampler", partial(_begin_upsampler, choose_cascade(toy), most)), job)


def _begin_upsampler(cascade: Cascade, most: int, job: Job, folder: Path) -> Training:
    files, process, shape = job.files, job.process, cascade.upsampler
    painter, shards = _load_painter("text2im-upsampler", shape, files), files.find("shards/pictures")
    pictures = pictures_of(Stock.load(files.find("stock")), shards, process, most)
    ids, mask = _captions(
        files, read_laid_out(shards, process, most).ids, files.load_text2im_tokenizer(), shape.tokens, process
    )
    generator = torch.Generator(process.device).manual_seed(process.process_index)

    def draw(_: int) -> tuple[Tensor, Tensor, Tensor]:
        rows = torch.randint(0, len(pictures), (job.batch,), device=process.device, generator=generator)
        return text2im.downscale(pictures.batch(rows)[0], shape.size), ids[rows, 0].long(), mask[rows, 0]

    training = text2im.train_upsampler_on(draw, painter, cascade.base.size, job.budget, process, folder)
    return Training(training, partial(save_unet_and_text_encoder, painter, {}))


def _load_painter(stage: str, shape: Shape, files: RunFolder) -> text2im.Painter:
    """The painter of a stage, going on from what an earlier run of it left; the base starts with words it knows."""
    torch.manual_seed(0)
    painter = text2im.Painter(shape)
    if stage == "text2im-base" and not files.left_by_earlier_run(stage):
        painter.text_encoder = files.load_text2im_text_encoder(WORDS).train()
    restore(painter, stage, files)
    return painter


def _small_scenes(
    files: RunFolder, tokenizer: GPT2Tokenizer, size: int, length: int, process: Process
) -> text2im.SmallScenes:
    """This process's scenes of the shards `flow`, composed and scaled down."""
    shards = read_laid_out(files.find("shards/flow"), process)
    composer = Composer(Stock.load(files.find("stock")).banks(process.device), chunk=128)
    parts = compose_all(composer, shards.pictures, process, "compose")
    images = torch.cat([(text2im.downscale(image, size) * 255).round().byte() for _, image, _ in parts])
    ids, mask = _captions(files, shards.ids, tokenizer, length, process)
    return text2im.SmallScenes(images, ids.to(torch.int16), mask)


def _captions(
    files: RunFolder, ids: Tensor, tokenizer: GPT2Tokenizer, length: int, process: Process
) -> tuple[Tensor, Tensor]:
    found = text2im.caption_ids(_texts(files, ids), len(ids), tokenizer, length)
    return found[0].to(process.device), found[1].to(process.device)


def _texts(files: RunFolder, ids: Tensor) -> list[str]:
    """The captions whose ids (N, K, T) shards hold."""
    return files.load_tokenizer().batch_decode(ids.flatten(0, 1).long().tolist(), skip_special_tokens=True)
