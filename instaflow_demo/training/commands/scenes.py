"""The family that draws scenes: drawings, autoencoder, teacher, reflow and distillation, each a command."""

# diffusers describes its classes loosely
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportPrivateImportUsage=false

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor

from ...cli.expand import expand
from ...grammar.held_out import held_out_pairs
from .. import architecture, loop, sheet
from ..architecture import Architecture
from ..data import examples, icons, styles
from ..data.pictures import Labels, Pictures, pictures_of
from ..data.stock import Stock, draw_stock
from ..options import Compile, Length, Minutes, Steps, Toy
from ..pairs import PairSettings, load_pairs
from ..run_folder import RunFolder, save_half
from ..scene_examination import examine_stage
from ..stage import (
    Facts,
    Job,
    Stage,
    Training,
    run_stage,
    save_features,
    save_unet,
    save_unet_and_text_encoder,
)
from ..stages import autoencoder, painter, pixel_features, progressive, reflow
from ..stages.painter import Painter, SceneLatents
from ..stages.pixel_features import PixelFeatures
from ..students import LAST, train_students
from .scene_options import DEFAULT_RUN, PairOptions, Run, Trial, Workers

app = typer.Typer()

SHARDS: Mapping[str, tuple[examples.Variety, int, int]] = {  # variety, first seed, captions of each scene
    "pictures": (examples.EVERYTHING, 100_000, 1),
    "unseen": (examples.EVERYTHING, 900_000, 1),
    "flow": (examples.FLOW, 200_000, 3),
    "more": (examples.FLOW, 400_000, 3),
    "judge": (examples.EVERYTHING, 600_000, 1),
    "judge-unseen": (examples.EVERYTHING, 950_000, 1),
    "reference": (examples.FLOW, 970_000, 1),
}
GUIDANCE = 3.0  # of the teacher, where pairs are made


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
    packed, many = files.find("icons") / "icons.json.xz", workers or os.cpu_count() or 1
    drawn = draw_stock(packed, 2 if toy else drawings, many, judge=judge, **few)
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
        files.find("judge-stock" if name.startswith("judge") else "stock"),
        files.find("text-encoder/tokenizer"),
        files.stage(f"shards/{name}"),
        count,
        seed=seed,
        variety=variety,
        captions=captions,
        workers=workers or os.cpu_count() or 1,
        held_out=name.startswith("judge"),
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
    drawn = Stock.load(files.find("stock"))
    pictures = pictures_of(drawn, files.find("shards/pictures"), process)
    _train_pixel_features(Labels(drawn.catalogue), pictures, loop.Budget(steps, minutes), process, files, batch)


@app.command(name="autoencoder")
@expand
def train_autoencoder(
    run: Run = DEFAULT_RUN,
    *,
    length: Length,
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
    budget = length.budget()  # before the data is made, which counts as well
    files = RunFolder(run)
    drawn = Stock.load(files.find("stock"))
    process = loop.Process(compiled=False)
    pictures = pictures_of(drawn, files.find("shards/pictures"), process, most)
    if features_minutes:
        labels = Labels(drawn.catalogue)
        _train_pixel_features(labels, pictures, loop.Budget(minutes=features_minutes), process, files, batch)
    process, found = loop.Process(compiled=compile_), files.root / "pixel-features"
    features = PixelFeatures.load(found, process.device) if found.exists() else None

    def begin(job: Job, folder: Path) -> Training:
        torch.manual_seed(0)
        shape = _shape(toy, channels, layers)
        vae = files.load_autoencoder(process.device, begin_with) if begin_with else architecture.make_autoencoder(shape)
        vae.requires_grad_(True)
        training = autoencoder.train_on_pictures(
            vae, pictures, features, job.budget, process, folder, batch=batch, rate=rate, crop=crop
        )
        return Training(training, partial(_finish_autoencoder, vae, pictures, drawn, job))

    run_stage(Stage(name, begin, title=name), Job(files, process, budget, batch))


@app.command()
def encode(
    run: Run = DEFAULT_RUN,
    name: Annotated[str, typer.Option("--shards", help="Which scenes to encode.")] = "flow",
) -> None:
    """Compose and encode the scenes that the flow learns from; `teacher` does it too, if it has not been done."""
    _latents(RunFolder(run), loop.Process(compiled=False), name)


@app.command(name="teacher")
@expand
def train_teacher(
    run: Run = DEFAULT_RUN,
    *,
    length: Length,
    batch: Annotated[int, typer.Option("--batch", help="Samples a step on each process.")] = 512,
    rate: Annotated[float, typer.Option("--rate")] = 1e-3,
    name: Annotated[str, typer.Option("--shards", help="Which scenes to learn from.")] = "flow",
    prompts: Annotated[Path | None, typer.Option("--prompts", help="Then draw these, a file of one a line.")] = None,
    sheets: Annotated[Path, typer.Option("--sheets", help="Where to put what was drawn.")] = Path("sheets"),
    compile_: Compile = True,
    toy: Toy = False,
) -> None:
    """Train the teacher on the latents of scenes, its text encoder with it."""
    budget = length.budget()  # before the data is made, which counts as well
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    torch.manual_seed(0)
    shape = architecture.SCENES_TOY if toy else architecture.SCENES
    scenes = _latents(files, process, name)

    def begin(job: Job, folder: Path) -> Training:
        network = Painter(architecture.make_unet(shape), files.load_text_encoder())
        if files.left_by_earlier_run("teacher"):
            network = Painter(files.load_unet("teacher"), files.load_text_encoder("teacher"))
        empty = files.load_prompts(process.device).empty
        training = painter.train(network, empty, scenes, job.budget, process, folder, batch=batch, rate=rate)
        facts = {"scenes": len(scenes) * process.num_processes}
        return Training(training, partial(save_unet_and_text_encoder, network, facts))

    run_stage(Stage("teacher", begin), Job(files, process, budget, batch))
    if prompts:
        many = 2 if toy else 25
        examine_stage("teacher", ((many, 3.0), (many, 1.0)), files, scenes, process, prompts, sheets)


@app.command(name="reflow")
@expand
def train_reflow(
    run: Run = DEFAULT_RUN,
    *,
    length: Length,
    made: PairOptions,
    guidance: Annotated[float, typer.Option("--guidance")] = GUIDANCE,
    bend: Annotated[float, typer.Option("--bend", help="0 for uniform times, more for times nearer to both ends.")] = 0,
    trial: Trial,
    compile_: Compile = True,
) -> None:
    """Make pairs with the guided teacher and train the 2-rectified flow on them."""
    budget = length.budget()  # before the data is made, which counts as well
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    words, scenes = files.load_prompts(process.device, "teacher"), _latents(files, process, "flow")
    settings = PairSettings("teacher", made.count, made.ode_steps, guidance)
    pairs = load_pairs(settings, files, process, words, partial(_draw_captions, scenes))

    def begin(job: Job, folder: Path) -> Training:
        unet = _begun("reflow", "teacher", files)
        training = reflow.reflow(unet, words, pairs, job.budget, process, folder, batch=made.batch, steepness=bend)
        return Training(training, partial(save_unet, unet, _pair_facts(settings)))

    run_stage(Stage("reflow", begin), Job(files, process, budget, made.batch))
    if trial.prompts:
        examined = ((made.ode_steps, 1.0), (1, 1.0))
        examine_stage("reflow", examined, files, scenes, process, trial.prompts, trial.sheets)


@app.command(name="distill")
@expand
def train_distill(
    run: Run = DEFAULT_RUN,
    source: Annotated[Literal["reflow", "teacher"], typer.Option("--from")] = "reflow",
    *,
    length: Length,
    made: PairOptions,
    guidance: Annotated[float, typer.Option("--guidance", help="Of the teacher; the 2-rectified flow has none.")] = (
        GUIDANCE
    ),
    look: Annotated[bool, typer.Option("--look", help="Compare decoded images as well, as the paper does.")] = False,
    trial: Trial,
    compile_: Compile = True,
) -> None:
    """Make pairs with the 2-rectified flow, or with the guided teacher, and distil it to one step."""
    budget = length.budget()  # before the data is made, which counts as well
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    words, scenes = files.load_prompts(process.device, "teacher"), _latents(files, process, "flow")
    guidance, stage = {"reflow": (1.0, "distill"), "teacher": (guidance, "direct")}[source]
    settings = PairSettings(source, made.count, made.ode_steps, guidance)
    pairs = load_pairs(settings, files, process, words, partial(_draw_captions, scenes))
    seen = _decoded_distance(files, process) if look else None

    def begin(job: Job, folder: Path) -> Training:
        unet = _begun(stage, source, files)
        training = reflow.distill(unet, words, pairs, job.budget, process, folder, look=seen, batch=made.batch)
        return Training(training, partial(save_unet, unet, _pair_facts(settings)))

    run_stage(Stage(stage, begin), Job(files, process, budget, made.batch))
    if trial.prompts:
        examine_stage(stage, ((1, 1.0),), files, scenes, process, trial.prompts, trial.sheets)


@app.command(name="progressive")
@expand
def train_progressive(
    run: Run = DEFAULT_RUN,
    *,
    length: Length,
    batch: Annotated[int, typer.Option("--batch", help="Samples a step on each process.")] = 512,
    guidance: Annotated[float, typer.Option("--guidance", help="Of the teacher.")] = GUIDANCE,
    trial: Trial,
    compile_: Compile = True,
) -> None:
    """Distil the guided teacher progressively: each student halves the steps of the one before, down to one.

    All students together have the minutes; each has the steps.
    """
    minutes = length.minutes / len(progressive.STUDENTS) if length.minutes else None
    budget = replace(length, minutes=minutes).budget()  # before the data is made, which counts as well
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    words, scenes = files.load_prompts(process.device, "teacher"), _latents(files, process, "flow")
    job = Job(files, process, budget, batch)
    if train_students(job, words, scenes, guidance, compile_=compile_) and trial.prompts:
        examine_stage(LAST, ((1, 1.0),), files, scenes, process, trial.prompts, trial.sheets)


@app.command(name="held-out")
def show_held_out() -> None:
    """List the pairs that training never sees."""
    for kind in ("thing at place", "light at place", "colour of thing"):
        pairs = held_out_pairs(kind)
        typer.echo(f"{kind} ({len(pairs)}): {', '.join(' '.join(pair) for pair in pairs)}")


def _train_pixel_features(
    labels: Labels, pictures: Pictures, budget: loop.Budget, process: loop.Process, files: RunFolder, batch: int
) -> None:
    def begin(job: Job, folder: Path) -> Training:
        torch.manual_seed(0)
        network = PixelFeatures((len(labels.places), len(labels.things), len(labels.colours)))
        steps = pixel_features.train(network, pictures, job.budget, job.process, folder, batch=job.batch)
        return Training(steps, partial(save_features, network))

    run_stage(Stage("pixel-features", begin, title="pixel features"), Job(files, process, budget, batch))


def _finish_autoencoder(vae: AutoencoderKL, seen: Pictures, drawn: Stock, job: Job, folder: Path) -> Facts:
    """Settle the latents' scale, save, and measure what is saved on scenes that it has not seen."""
    vae.eval()
    unseen = pictures_of(drawn, job.files.find("shards/unseen"), job.process, most=1000)
    some = [seen.batch(slice(start, start + 64))[0] for start in range(0, min(512, len(seen)), 64)]
    autoencoder.normalise_latents(vae, torch.cat(some))
    save_half(vae, folder / "vae")
    saved = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).to(unseen.images.device).eval()
    found = {name: round(value, 3) for name, value in autoencoder.quality(saved, unseen).items()}
    with torch.inference_mode():
        images = unseen.batch(slice(0, len(unseen), max(1, len(unseen) // 18)))[0][:18]
        rebuilt = saved.decode(saved.encode(images).latent_dist.mean).sample
        sheet.save_grid(torch.stack([images, rebuilt], 1).flatten(0, 1), folder / "rebuilt.jpg")
    typer.echo(f"{folder.name}: {json.dumps(found)}")
    return found


def _latents(files: RunFolder, process: loop.Process, name: str) -> SceneLatents:
    """This process's part of the encoded scenes, which an earlier stage left or which are made now."""

    def make() -> SceneLatents:
        vae, drawn = files.load_autoencoder(process.device), Stock.load(files.find("stock"))
        return painter.encode_shards(drawn, files.find(f"shards/{name}"), vae, process)

    return SceneLatents.share(files.root / "latents", name, process, make)


def _draw_captions(scenes: SceneLatents, count: int, seed: int) -> Tensor:
    """Token ids (count, T) of the first captions of random scenes."""
    rows = torch.randint(0, len(scenes), (count,), generator=torch.Generator().manual_seed(seed))
    return scenes.ids[rows.to(scenes.ids.device), 0]


def _pair_facts(settings: PairSettings) -> Facts:
    return {name: value for name, value in vars(settings).items() if name != "pairs_of"}


def _begun(stage: str, source: str, files: RunFolder) -> UNet2DConditionModel:
    """The U-Net that a stage begins with: what an earlier run of it left, or else that of the stage before."""
    return files.load_unet(stage if files.left_by_earlier_run(stage) else source)


def _shape(toy: bool, channels: str, layers: int) -> Architecture:
    shape = architecture.SCENES_TOY if toy else architecture.SCENES
    if not channels:
        return shape
    return replace(shape, vae_channels=tuple(map(int, channels.split(","))), vae_layers=layers)


def _decoded_distance(files: RunFolder, process: loop.Process) -> pixel_features.DecodedDistance:
    """The perceptual distance of decoded latents, by the run's autoencoder and its pixel features."""
    features = PixelFeatures.load(files.find("pixel-features"), process.device)
    return pixel_features.DecodedDistance(files.load_autoencoder(process.device), features, process)
