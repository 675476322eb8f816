"""Text2im on scenes: the cascade of `text2im`, trained on composed pictures of whole scenes."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor
from transformers import GPT2Tokenizer

from ...glide import Shape, make_text_encoder
from ..architecture import TEXT2IM_MINI, TEXT2IM_TOY, Cascade
from ..data.composer import Composer
from ..data.pictures import composed, laid_out, pictures_of
from ..data.stock import Stock
from ..loop import Budget, Process, Progress, report
from ..options import Compile, Minutes, Steps, Toy
from ..run_folder import RunFolder, record, save_half
from ..stages import text2im
from .scene_options import DEFAULT_RUN, Pause, Run

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
    ids = laid_out(files.made("shards/flow"), Process(compiled=False)).ids
    text2im.train_tokenizer(_texts(files, ids), shape.vocabulary, folder / "tokenizer")
    save_half(make_text_encoder(shape), folder / "text_encoder")


@app.command(name="text2im-base")
def train_text2im_base(
    run: Run = DEFAULT_RUN,
    minutes: Minutes = None,
    steps: Steps = None,
    pause_after: Pause = None,
    batch: Batch = 512,
    compile_: Compile = True,
    toy: Toy = False,
) -> None:
    """Train the base of Text2im, 64 pixels a side, on the shards `flow`."""
    budget = Budget(steps, minutes, pause_after)
    painter, files, process, folder = _begun("text2im-base", _cascade(toy).base, run, compile_)
    tokenizer = files.text2im_tokenizer()

    def make() -> text2im.SmallScenes:
        return _small_scenes(files, tokenizer, _cascade(toy).base.size, _cascade(toy).base.tokens, process)

    scenes = text2im.SmallScenes.share(folder, "scenes", process, make)
    training = text2im.train_base(painter, scenes, tokenizer, budget, process, folder, batch=batch)
    _finish(painter, training, folder, process, batch)


@app.command(name="text2im-upsampler")
def train_text2im_upsampler(
    run: Run = DEFAULT_RUN,
    minutes: Minutes = None,
    steps: Steps = None,
    pause_after: Pause = None,
    batch: Batch = 64,
    most: Annotated[int, typer.Option("--most", help="Pictures at most, on each process.")] = 16_000,
    compile_: Compile = True,
    toy: Toy = False,
) -> None:
    """Train the upsampler of Text2im, to 256 pixels a side, on the shards `pictures`."""
    budget = Budget(steps, minutes, pause_after)
    shape = _cascade(toy).upsampler
    painter, files, process, folder = _begun("text2im-upsampler", shape, run, compile_)
    shards = files.made("shards/pictures")
    pictures = pictures_of(Stock.load(files.made("stock")), shards, process, most)
    ids, mask = _captions(files, laid_out(shards, process, most).ids, files.text2im_tokenizer(), shape.tokens, process)
    generator = torch.Generator(process.device).manual_seed(process.process_index)

    def draw(_: int) -> tuple[Tensor, Tensor, Tensor]:
        rows = torch.randint(0, len(pictures), (batch,), device=process.device, generator=generator)
        return text2im.scaled(pictures.batch(rows)[0], shape.size), ids[rows, 0].long(), mask[rows, 0]

    training = text2im.train_upsampler_on(draw, painter, _cascade(toy).base.size, budget, process, folder)
    _finish(painter, training, folder, process, batch)


def _cascade(toy: bool) -> Cascade:
    return TEXT2IM_TOY if toy else TEXT2IM_MINI


def _begun(stage: str, shape: Shape, run: Path, compile_: bool) -> tuple[text2im.Painter, RunFolder, Process, Path]:
    """The painter of a stage, going on from what an earlier run of it left; the base starts with words it knows."""
    process, files = Process(compiled=compile_), RunFolder(run)
    torch.manual_seed(0)
    painter = text2im.Painter(shape)
    if files.left_by_earlier_run(stage):
        painter.unet, painter.text_encoder = files.unet(stage), files.text2im_text_encoder(stage).train()
    elif stage == "text2im-base":
        painter.text_encoder = files.text2im_text_encoder(WORDS).train()
    return painter, files, process, files.stage(stage)


def _small_scenes(
    files: RunFolder, tokenizer: GPT2Tokenizer, size: int, length: int, process: Process
) -> text2im.SmallScenes:
    """This process's scenes of the shards `flow`, composed and scaled down."""
    shards = laid_out(files.made("shards/flow"), process)
    composer = Composer(Stock.load(files.made("stock")).banks(process.device), chunk=128)
    parts = composed(composer, shards.pictures, process, "compose")
    images = torch.cat([(text2im.scaled(image, size) * 255).round().byte() for _, image, _ in parts])
    ids, mask = _captions(files, shards.ids, tokenizer, length, process)
    return text2im.SmallScenes(images, ids.to(torch.int16), mask)


def _captions(
    files: RunFolder, ids: Tensor, tokenizer: GPT2Tokenizer, length: int, process: Process
) -> tuple[Tensor, Tensor]:
    found = text2im.caption_ids(_texts(files, ids), len(ids), tokenizer, length)
    return found[0].to(process.device), found[1].to(process.device)


def _texts(files: RunFolder, ids: Tensor) -> list[str]:
    """The captions whose ids (N, K, T) shards hold."""
    return files.tokenizer().batch_decode(ids.flatten(0, 1).long().tolist(), skip_special_tokens=True)


def _finish(painter: text2im.Painter, training: Iterator[Progress], folder: Path, process: Process, batch: int) -> None:
    progress = report(training, folder / "log.jsonl", folder.name, main=process.is_main_process)
    if process.is_main_process:
        save_half(painter.unet, folder / "unet")
        save_half(painter.text_encoder, folder / "text_encoder")
        record(folder, progress, {"batch": batch * process.num_processes})
    process.wait_for_everyone()
