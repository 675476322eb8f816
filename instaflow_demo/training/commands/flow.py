"""The flow: the teacher, and every way from it to one step."""

# diffusers describes its classes loosely
# pyright: reportPrivateImportUsage=false

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer
from diffusers import UNet2DConditionModel

from ...cli.expand import expand
from .. import architecture, family
from ..data import sprites
from ..data.scenes import Sampler
from ..loop import Budget, Process
from ..options import (
    DEFAULT_RUN,
    BatchSize,
    Compile,
    DryRun,
    Guidance,
    Length,
    Mode,
    OdeSteps,
    PairCount,
    Pause,
    Run,
    SceneCount,
    Toy,
)
from ..pairs import PairSettings, load_pairs
from ..run_folder import RunFolder
from ..stage import Job, Stage, Training, carry_out, millions, plan_only, save_features, save_unet
from ..stages import features, progressive, reflow, teacher
from ..stages.features import Features
from ..stages.teacher import EncodedScenes, Prompts
from ..students import train_students
from .decoders import load_sprites

app = typer.Typer()

DISTILLED = {"reflow": "distill", "teacher": "direct"}  # the stage that distils each to one step
_GUIDANCE = {"reflow": 1.0, "teacher": 3.0}  # of the pairs to distil from


@app.command(name="teacher")
@expand
def train_teacher(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    *,
    length: Length,
    batch: BatchSize = 512,
    count: SceneCount = 300_000,
    mode: Mode,
) -> None:
    """Train the text-conditional teacher on the latents of fresh scenes."""
    budget = length.budget()
    torch.manual_seed(0)
    unet = architecture.make_unet(architecture.TOY if toy else architecture.MINI)
    plan = f"train a U-Net of {millions(unet)} on {count} scenes with {budget}, {batch} a step"
    carry_out(Stage("teacher", partial(_begin_teacher, unet, count), plan), run, budget, batch, mode)


def _begin_teacher(unet: UNet2DConditionModel, count: int, job: Job, folder: Path) -> Training:
    prompts = job.files.load_prompts(job.process.device)
    scenes = _load_scenes(count, job, prompts)
    if job.files.left_by_earlier_run("teacher"):
        unet = job.files.load_unet("teacher")
    steps = teacher.train(unet, prompts, scenes, job.budget, job.process, folder, batch=job.batch)
    return Training(steps, partial(save_unet, unet, {"scenes": count}))


@app.command(name="reflow")
@expand
def train_reflow(
    run: Run = DEFAULT_RUN,
    *,
    length: Length,
    batch: BatchSize = 512,
    count: PairCount = 100_000,
    ode_steps: OdeSteps = 25,
    guidance: Guidance = 3.0,
    mode: Mode,
) -> None:
    """Make pairs with the guided teacher and train the 2-rectified flow on them."""
    budget, settings = length.budget(), PairSettings("teacher", count, ode_steps, guidance)
    plan = f"make {settings}; reflow with {budget}"
    carry_out(Stage("reflow", partial(_begin_reflow, settings), plan), run, budget, batch, mode)


def _begin_reflow(settings: PairSettings, job: Job, folder: Path) -> Training:
    prompts = job.files.load_prompts(job.process.device)
    pairs = load_pairs(settings, job.files, job.process, prompts, partial(_draw_captions, job, prompts))
    unet = job.files.load_unet("teacher")
    steps = reflow.reflow(unet, prompts, pairs, job.budget, job.process, folder, batch=job.batch)
    return Training(steps, partial(save_unet, unet, vars(settings)))


@app.command(name="features")
@expand
def train_features(
    run: Run = DEFAULT_RUN, *, length: Length, batch: BatchSize = 512, count: SceneCount = 300_000, mode: Mode
) -> None:
    """Train what tells how alike two latents look, on the scenes that the teacher learns from."""
    budget = length.budget()
    plan = f"train a network of features with {budget}, {batch} a step"
    carry_out(Stage("features", partial(_begin_features, count), plan), run, budget, batch, mode)


def _begin_features(count: int, job: Job, folder: Path) -> Training:
    torch.manual_seed(0)
    scenes = _load_scenes(count, job, job.files.load_prompts(job.process.device))
    network = Features(scenes.latents.shape[1])
    steps = features.train(network, scenes, job.budget, job.process, folder, batch=job.batch)
    return Training(steps, partial(save_features, network))


@app.command(name="distill")
@expand
def train_distill(
    run: Run = DEFAULT_RUN,
    source: Annotated[
        Literal["reflow", "teacher"], typer.Option("--from", help="The stage whose paths are to become one step.")
    ] = "reflow",
    perceptual: Annotated[
        bool, typer.Option("--perceptual", help="Go on from what was distilled, by how alike images look.")
    ] = False,
    *,
    length: Length,
    batch: BatchSize = 512,
    count: PairCount = 100_000,
    ode_steps: OdeSteps = 25,
    guidance: Annotated[
        float | None, typer.Option("--guidance", help="Of the pairs; by default 3 from the teacher, else 1.")
    ] = None,
    mode: Mode,
) -> None:
    """Make pairs with the 2-rectified flow, or with the teacher, and distil it to one step."""
    budget, settings = length.budget(), PairSettings(source, count, ode_steps, guidance or _GUIDANCE[source])
    name = f"{DISTILLED[source]}-perceptual" if perceptual else DISTILLED[source]
    plan = f"make {settings}; distil with {budget}"
    carry_out(Stage(name, partial(_begin_distill, settings, perceptual), plan), run, budget, batch, mode)


def _begin_distill(settings: PairSettings, perceptual: bool, job: Job, folder: Path) -> Training:
    files, device = job.files, job.process.device
    unet = files.load_unet(DISTILLED[settings.pairs_of] if perceptual else settings.pairs_of)
    network = files.load_features(device) if perceptual else None
    prompts = files.load_prompts(device)
    pairs = load_pairs(settings, job.files, job.process, prompts, partial(_draw_captions, job, prompts))
    steps = reflow.distill(unet, prompts, pairs, job.budget, job.process, folder, features=network, batch=job.batch)
    return Training(steps, partial(save_unet, unet, vars(settings)))


@app.command(name="progressive")
@expand
def train_progressive(
    run: Run = DEFAULT_RUN,
    steps: Annotated[int | None, typer.Option("--steps", help="Train each student for this many steps.")] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Train all students together for this long.")
    ] = None,
    pause_after: Pause = None,
    batch: BatchSize = 512,
    count: SceneCount = 300_000,
    guidance: Guidance = 3.0,
    *,
    mode: Mode,
) -> None:
    """Distil the guided teacher progressively: each student halves the steps of the one before, down to one."""
    students = progressive.STUDENTS
    budget = Budget(steps, minutes / len(students) if minutes else None, pause_after)
    plan = f"train students of {', '.join(map(str, students))} steps with {budget} each, {batch} a step"
    if plan_only(mode.dry_run, plan):
        return
    job = Job(RunFolder(run), Process(compiled=mode.compile_), budget, batch)
    prompts = job.files.load_prompts(job.process.device)
    scenes = _load_scenes(count, job, prompts)
    train_students(job, prompts, scenes, guidance, compile_=mode.compile_)


@app.command(name="family")
def train_family(
    minutes: Annotated[float, typer.Option("--minutes", help="Train all stages together for this long.")],
    run: Run = DEFAULT_RUN,
    stages: Annotated[str, typer.Option("--stages", help="Only these, with commas between them.")] = "",
    toy: Toy = False,
    pause_after: Pause = None,
    batch: BatchSize = 512,
    scenes: Annotated[int, typer.Option("--scenes", help="Scenes that the teacher learns from.")] = 300_000,
    pairs: Annotated[int, typer.Option("--pairs", help="Pairs that reflow and distillation learn from.")] = 100_000,
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Train the family on one budget, in one process; what is finished is skipped, what is paused goes on.

    Every stage has its share of the minutes, which must stay the same when the command is repeated. They count training
    alone, --pause-after everything.
    """
    chosen = family.choose_stages([name.strip() for name in stages.split(",") if name.strip()])
    plan = ", ".join(f"train {stage.name} for {stage.minutes(minutes):.1f} minutes" for stage in chosen)
    if plan_only(dry_run, plan):
        return
    budget, files, process = Budget(pause_after=pause_after), RunFolder(run), Process(compiled=False)
    train: Mapping[str, Callable[..., None]] = {
        "teacher": partial(train_teacher, toy=toy, count=scenes),
        "reflow": partial(train_reflow, count=pairs),
        "distill": partial(train_distill, count=pairs),
        "features": partial(train_features, count=scenes),
        "distill-perceptual": partial(train_distill, perceptual=True, count=pairs),
        "direct": partial(train_distill, source="teacher", count=pairs),
        "direct-perceptual": partial(train_distill, source="teacher", perceptual=True, count=pairs),
        "progressive": partial(train_progressive, count=scenes),
    }
    reserve = (pause_after or 0) * (1 - family.BEGIN_WITHIN)
    unfinished = [stage for stage in chosen if not stage.is_finished(files, minutes)]
    for number, stage in enumerate(unfinished):
        left = budget.left(process)
        # the first one is trained in any case, or a run that is soon to end would do nothing
        if number and left is not None and left <= (0 if stage.is_begun(files) else reserve):
            break
        train[stage.name](run=run, minutes=stage.minutes(minutes), pause_after=left, batch=batch, compile_=compile_)
    if process.is_main_process:
        names = ", ".join(stage.name for stage in unfinished if not stage.is_finished(files, minutes))
        typer.echo(f"Left: {names}. Run the command again to go on." if names else "All is trained.")


def _load_scenes(count: int, job: Job, prompts: Prompts) -> EncodedScenes:
    """This process's part of the encoded scenes, which an earlier stage left or which are made now."""

    def make() -> EncodedScenes:
        vae = job.files.load_autoencoder(job.process.device)
        sampler, composer = load_sprites(vae.config["sample_size"], job)
        return teacher.encode_scenes(job.share(count), sampler, composer, vae, prompts, job.process)

    return EncodedScenes.share(job.files.root / "scenes", "scenes", job.process, make)


def _draw_captions(job: Job, prompts: Prompts, count: int, seed: int) -> torch.Tensor:
    """Token ids (count, T) of one caption for each of `count` scenes, of other scenes in every process."""
    scenes = Sampler(sprites.keys(job.files.sprites)).scenes(count, seed + job.process.process_index)
    return prompts.ids([captions[0] for captions in scenes.captions])
