"""The family that draws scenes: drawings, autoencoder, teacher, reflow and distillation, each a command."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer
from diffusers import AutoencoderKL, UNet2DConditionModel

from ..grammar.held_out import held_out_pairs
from . import (  # noqa: F401 - what they define are commands as well
    architecture,
    autoencoder,
    examination,
    loop,
    painter,
    pixel_features,
    reflow,
    scene_judging,
    scene_text2im,
)
from .architecture import Architecture
from .data import examples, icons, styles
from .data.stock import Stock, draw_stock
from .painter import Painter, SceneLatents
from .pictures import Labels, Pictures, pictures_of
from .pixel_features import PixelFeatures
from .scene_options import DEFAULT_RUN, Compile, Minutes, Pause, Run, Steps, Toy, Workers, app
from .stages import RunFolder, record, save_half
from .teacher import Prompts

SHARDS: Mapping[str, tuple[examples.Variety, int, int]] = {  # variety, first seed, captions of each scene
    "pictures": (examples.EVERYTHING, 100_000, 1),
    "unseen": (examples.EVERYTHING, 900_000, 1),
    "flow": (examples.FLOW, 200_000, 3),
    "more": (examples.FLOW, 400_000, 3),
    "judge": (examples.EVERYTHING, 600_000, 1),
    "judge-unseen": (examples.EVERYTHING, 950_000, 1),
}
GUIDANCE = 3.0  # of the teacher, where pairs are made
_PAIR_SEEDS = {"teacher": 3000, "reflow": 4000}


@app.command()
def begin(
    packages: Annotated[Path, typer.Argument(help="Where npm packages of icons are, or are to be installed.")],
    text: Annotated[
        Path, typer.Option("--text", help="Folder with the text encoder and tokenizer to start from.")
    ] = Path("assets/models/mini"),
    run: Run = DEFAULT_RUN,
) -> None:
    """Fetch the icon sets if need be and pack those in use; copy the text encoder that training goes on from."""
    folder = RunFolder(run).stage("icons")
    if not packages.exists():
        icons.fetch_icons(packages)
    icons.pack_icons(packages, folder / "icons.json.xz")
    styles.pack_styled(packages, folder / styles.PACKED)
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(text / part, RunFolder(run).stage("text-encoder") / part, dirs_exist_ok=True)


@app.command()
def stock(
    run: Run = DEFAULT_RUN,
    drawings: Annotated[int, typer.Option("--drawings", help="Drawings of each place.")] = 16,
    workers: Workers = 0,
    toy: Toy = False,
    judge: Annotated[bool, typer.Option("--judge", help="Those of the judge, in a stock of their own.")] = False,
) -> None:
    """Draw every place and every thing."""
    files = RunFolder(run)
    few = {"places": ("plain", "beach", "kitchen", "kitchen_table"), "things": 150} if toy else {}
    drawn = draw_stock(
        files.made("icons") / "icons.json.xz",
        2 if toy else drawings,
        workers or os.cpu_count() or 1,
        judge=judge,
        **few,
    )
    drawn.save(files.stage("judge-stock" if judge else "stock"))
    typer.echo(f"{len(drawn.land)} drawings of places, {len(drawn.sprites)} of things")


@app.command()
def shards(
    name: Annotated[str, typer.Argument(help=f"What they are for: {', '.join(SHARDS)}.")],
    count: Annotated[int, typer.Option("--count", help="Scenes to lay out.")],
    run: Run = DEFAULT_RUN,
    workers: Workers = 0,
) -> None:
    """Lay out scenes and write their captions."""
    files, (variety, seed, captions) = RunFolder(run), SHARDS[name]
    examples.write_shards(
        files.made("judge-stock" if name.startswith("judge") else "stock"),
        files.made("text-encoder/tokenizer"),
        files.stage(f"shards/{name}"),
        count,
        seed=seed,
        variety=variety,
        captions=captions,
        workers=workers or os.cpu_count() or 1,
    )


@app.command(name="pixel-features")
def train_pixel_features(
    run: Run = DEFAULT_RUN,
    minutes: Minutes = None,
    steps: Steps = None,
    batch: Annotated[int, typer.Option("--batch")] = 128,
    compile_: Compile = False,
) -> None:
    """Train the network that tells how alike two pictures look."""
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    drawn = Stock.load(files.made("stock"))
    labels = Labels(drawn.catalogue)
    pictures = pictures_of(drawn, files.made("shards/pictures"), process)
    _train_pixel_features(labels, pictures, loop.Budget(steps, minutes), process, files, batch)


@app.command(name="autoencoder")
def train_autoencoder(
    run: Run = DEFAULT_RUN,
    minutes: Minutes = None,
    steps: Steps = None,
    pause_after: Pause = None,
    batch: Annotated[int, typer.Option("--batch", help="Pictures a step on each process.")] = 96,
    rate: Annotated[float, typer.Option("--rate")] = 1e-3,
    channels: Annotated[str, typer.Option("--channels", help="Of the autoencoder, with commas; by default ours.")] = "",
    layers: Annotated[int, typer.Option("--layers", help="Of each of its levels.")] = 1,
    name: Annotated[str, typer.Option("--name", help="Folder of the result in the run's folder.")] = "autoencoder",
    begin_with: Annotated[str, typer.Option("--begin-with", help="Stage whose weights to go on from.")] = "",
    most: Annotated[int | None, typer.Option("--most", help="Pictures at most, on each process.")] = None,
    crop: Annotated[int, typer.Option("--crop", help="Train on squares of so many pixels, mostly around things.")] = 0,
    features_minutes: Annotated[float, typer.Option("--features-minutes", help="First train these.")] = 0.0,
    compile_: Compile = True,
    toy: Toy = False,
) -> None:
    """Train the autoencoder on whole pictures, with more weight on things and the look of them."""
    budget, files = loop.Budget(steps, minutes, pause_after), RunFolder(run)
    drawn = Stock.load(files.made("stock"))
    process = loop.Process(compiled=False)
    pictures = pictures_of(drawn, files.made("shards/pictures"), process, most)
    if features_minutes:
        labels = Labels(drawn.catalogue)
        _train_pixel_features(labels, pictures, loop.Budget(minutes=features_minutes), process, files, batch)
    process, found = loop.Process(compiled=compile_), files.root / "pixel-features"
    features = PixelFeatures.load(found, process.device) if found.exists() else None
    torch.manual_seed(0)
    shape = _shape(toy, channels, layers)
    vae = files.autoencoder(process.device, begin_with) if begin_with else architecture.make_autoencoder(shape)
    vae.requires_grad_(True)
    folder = files.stage(name)
    training = autoencoder.train_on_pictures(
        vae, pictures, features, budget, process, folder, batch=batch, rate=rate, crop=crop
    )
    progress = loop.report(training, folder / "log.jsonl", name, main=process.is_main_process)
    if process.is_main_process:
        unseen = pictures_of(drawn, files.made("shards/unseen"), process, most=1000)
        _finish_autoencoder(vae.eval(), pictures, unseen, folder, progress, {"batch": batch * process.num_processes})
    process.wait_for_everyone()


@app.command()
def encode(
    run: Run = DEFAULT_RUN,
    name: Annotated[str, typer.Option("--shards", help="Which scenes to encode.")] = "flow",
) -> None:
    """Compose and encode the scenes that the flow learns from; `teacher` does it too, if it has not been done."""
    _latents(RunFolder(run), loop.Process(compiled=False), name)


@app.command(name="teacher")
def train_teacher(
    run: Run = DEFAULT_RUN,
    minutes: Minutes = None,
    steps: Steps = None,
    pause_after: Pause = None,
    batch: Annotated[int, typer.Option("--batch", help="Samples a step on each process.")] = 512,
    rate: Annotated[float, typer.Option("--rate")] = 1e-3,
    name: Annotated[str, typer.Option("--shards", help="Which scenes to learn from.")] = "flow",
    prompts: Annotated[Path | None, typer.Option("--prompts", help="Then draw these, a file of one a line.")] = None,
    sheets: Annotated[Path, typer.Option("--sheets", help="Where to put what was drawn.")] = Path("sheets"),
    compile_: Compile = True,
    toy: Toy = False,
) -> None:
    """Train the teacher on the latents of scenes, its text encoder with it."""
    budget = loop.Budget(steps, minutes, pause_after)
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    torch.manual_seed(0)
    shape = architecture.SCENES_TOY if toy else architecture.SCENES
    scenes, folder = _latents(files, process, name), files.stage("teacher")
    network = Painter(architecture.make_unet(shape), files.text_encoder())
    if files.left_by_earlier_run("teacher"):
        network = Painter(files.unet("teacher"), files.text_encoder("teacher"))
    empty = files.prompts(process.device).empty
    training = painter.train(network, empty, scenes, budget, process, folder, batch=batch, rate=rate)
    progress = loop.report(training, folder / "log.jsonl", "teacher", main=process.is_main_process)
    if process.is_main_process:
        save_half(network.unet, folder / "unet")
        save_half(network.text_encoder, folder / "text_encoder")
        record(
            folder, progress, {"batch": batch * process.num_processes, "scenes": len(scenes) * process.num_processes}
        )
    process.wait_for_everyone()
    if prompts:
        many = 2 if toy else 25
        examination.examine_stage("teacher", ((many, 3.0), (many, 1.0)), files, scenes, process, prompts, sheets)


@app.command(name="reflow")
def train_reflow(
    run: Run = DEFAULT_RUN,
    minutes: Minutes = None,
    steps: Steps = None,
    pause_after: Pause = None,
    batch: Annotated[int, typer.Option("--batch")] = 512,
    count: Annotated[int, typer.Option("--count", help="Pairs to make, over all processes.")] = 100_000,
    ode_steps: Annotated[int, typer.Option("--ode-steps")] = 25,
    guidance: Annotated[float, typer.Option("--guidance")] = GUIDANCE,
    bend: Annotated[float, typer.Option("--bend", help="0 for uniform times, more for times nearer to both ends.")] = 0,
    prompts: Annotated[Path | None, typer.Option("--prompts")] = None,
    sheets: Annotated[Path, typer.Option("--sheets")] = Path("sheets"),
    compile_: Compile = True,
) -> None:
    """Make pairs with the guided teacher and train the 2-rectified flow on them."""
    budget = loop.Budget(steps, minutes, pause_after)
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    words, scenes = files.prompts(process.device, "teacher"), _latents(files, process, "flow")
    pairs = _pairs("teacher", count, ode_steps, guidance, files, words, scenes, process)
    unet, folder = _begun("reflow", "teacher", files), files.stage("reflow")
    training = reflow.reflow(unet, words, pairs, budget, process, folder, batch=batch, bend=bend)
    facts = {"batch": batch * process.num_processes, "pairs": count, "ode_steps": ode_steps, "guidance": guidance}
    _finish(unet, training, folder, process, facts)
    if prompts:
        examination.examine_stage("reflow", ((ode_steps, 1.0), (1, 1.0)), files, scenes, process, prompts, sheets)


@app.command(name="distill")
def train_distill(
    run: Run = DEFAULT_RUN,
    source: Annotated[Literal["reflow", "teacher"], typer.Option("--from")] = "reflow",
    minutes: Minutes = None,
    steps: Steps = None,
    pause_after: Pause = None,
    batch: Annotated[int, typer.Option("--batch")] = 512,
    count: Annotated[int, typer.Option("--count", help="Pairs to make, over all processes.")] = 100_000,
    ode_steps: Annotated[int, typer.Option("--ode-steps")] = 25,
    guidance: Annotated[float, typer.Option("--guidance", help="Of the teacher; the 2-rectified flow has none.")] = (
        GUIDANCE
    ),
    look: Annotated[bool, typer.Option("--look", help="Compare decoded images as well, as the paper does.")] = False,
    prompts: Annotated[Path | None, typer.Option("--prompts")] = None,
    sheets: Annotated[Path, typer.Option("--sheets")] = Path("sheets"),
    compile_: Compile = True,
) -> None:
    """Make pairs with the 2-rectified flow, or with the guided teacher, and distil it to one step."""
    budget = loop.Budget(steps, minutes, pause_after)
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    words, scenes = files.prompts(process.device, "teacher"), _latents(files, process, "flow")
    guidance, stage = {"reflow": (1.0, "distill"), "teacher": (guidance, "direct")}[source]
    pairs = _pairs(source, count, ode_steps, guidance, files, words, scenes, process)
    unet, folder = _begun(stage, source, files), files.stage(stage)
    seen = None
    if look:
        features = PixelFeatures.load(files.made("pixel-features"), process.device)
        seen = pixel_features.DecodedDistance(files.autoencoder(process.device), features, process)
    training = reflow.distill(unet, words, pairs, budget, process, folder, look=seen, batch=batch)
    facts = {"batch": batch * process.num_processes, "pairs": count, "ode_steps": ode_steps, "guidance": guidance}
    _finish(unet, training, folder, process, facts)
    if prompts:
        examination.examine_stage(stage, ((1, 1.0),), files, scenes, process, prompts, sheets)


@app.command(name="held-out")
def show_held_out() -> None:
    """List the pairs that training never sees."""
    for kind in ("thing at place", "light at place", "colour of thing"):
        pairs = held_out_pairs(kind)
        typer.echo(f"{kind} ({len(pairs)}): {', '.join(' '.join(pair) for pair in pairs)}")


def _train_pixel_features(
    labels: Labels, pictures: Pictures, budget: loop.Budget, process: loop.Process, files: RunFolder, batch: int
) -> None:
    torch.manual_seed(0)
    network = PixelFeatures((len(labels.places), len(labels.things), len(labels.colours)))
    folder = files.stage("pixel-features")
    training = pixel_features.train(network, pictures, budget, process, folder, batch=batch)
    progress = loop.report(training, folder / "log.jsonl", "pixel features", main=process.is_main_process)
    if process.is_main_process:
        network.save(folder)
        record(folder, progress, {"batch": batch * process.num_processes})
    process.wait_for_everyone()


def _finish_autoencoder(
    vae: AutoencoderKL, seen: Pictures, unseen: Pictures, folder: Path, progress: loop.Progress, facts: dict[str, Any]
) -> None:
    """Settle the latents' scale, save, and measure what is saved on scenes that it has not seen."""
    some = [seen.batch(slice(start, start + 64))[0] for start in range(0, min(512, len(seen)), 64)]
    autoencoder.normalise_latents(vae, torch.cat(some))
    save_half(vae, folder / "vae")
    saved = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).to(unseen.images.device).eval()
    found = {name: round(value, 3) for name, value in autoencoder.quality(saved, unseen).items()}
    record(folder, progress, {**facts, **found})
    with torch.inference_mode():
        images = unseen.batch(slice(0, len(unseen), max(1, len(unseen) // 18)))[0][:18]
        rebuilt = saved.decode(saved.encode(images).latent_dist.mean).sample
        examination.save_grid(torch.stack([images, rebuilt], 1).flatten(0, 1), folder / "rebuilt.jpg")
    typer.echo(f"{folder.name}: {json.dumps(found)}")


def _latents(files: RunFolder, process: loop.Process, name: str) -> SceneLatents:
    """This process's part of the encoded scenes, which an earlier stage left or which are made now."""

    def make() -> SceneLatents:
        vae, drawn = files.autoencoder(process.device), Stock.load(files.made("stock"))
        return painter.encode_shards(drawn, files.made(f"shards/{name}"), vae, process)

    return SceneLatents.share(files.root / "latents", name, process, make)


def _pairs(
    source: str,
    count: int,
    ode_steps: int,
    guidance: float,
    files: RunFolder,
    words: Prompts,
    scenes: SceneLatents,
    process: loop.Process,
) -> reflow.Pairs:
    """This process's share of the pairs, from the file that an earlier stage left or made now."""
    share, seed = count // process.num_processes, _PAIR_SEEDS[source]

    def make() -> reflow.Pairs:
        rows = torch.randint(0, len(scenes), (share,), generator=torch.Generator().manual_seed(seed))
        ids = scenes.ids[rows.to(process.device), 0]
        settings = {"steps": ode_steps, "guidance": guidance, "seed": seed}
        return reflow.make_pairs(files.unet(source), words, ids, process, **settings)

    return reflow.Pairs.share(files.root / "pairs", f"{source}-{count}-{ode_steps}-{guidance:g}", process, make)


def _begun(stage: str, source: str, files: RunFolder) -> UNet2DConditionModel:
    """The U-Net that a stage begins with: what an earlier run of it left, or else that of the stage before."""
    return files.unet(stage if files.left_by_earlier_run(stage) else source)


def _finish(
    unet: UNet2DConditionModel,
    training: Iterator[loop.Progress],
    folder: Path,
    process: loop.Process,
    facts: Mapping[str, Any],
) -> None:
    """Run a stage that trains a U-Net, then save what it made."""
    progress = loop.report(training, folder / "log.jsonl", folder.name, main=process.is_main_process)
    if process.is_main_process:
        save_half(unet, folder / "unet")
        record(folder, progress, facts)
    process.wait_for_everyone()


def _shape(toy: bool, channels: str, layers: int) -> Architecture:
    shape = architecture.SCENES_TOY if toy else architecture.SCENES
    if not channels:
        return shape
    return replace(shape, vae_channels=tuple(map(int, channels.split(","))), vae_layers=layers)
