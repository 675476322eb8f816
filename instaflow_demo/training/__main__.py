"""`python -m instaflow_demo.training STAGE`: makes the shipped models, one stage after another.

Stages: data, text-encoder, autoencoder, tiny-decoder, teacher, reflow, features, distill, progressive, text2im-text,
text2im-base, text2im-upsampler, judge, export and int8-decoder; `family` is all from teacher to progressive on one
budget. To resume a stage, run its command again. For several GPUs: `accelerate launch --multi_gpu -m
instaflow_demo.training STAGE`.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer
from safetensors.torch import save_file
from torch import Tensor, nn

from .. import glide
from ..errors import DemoError
from ..evaluation.judge import Judge
from ..registry import MODELS
from . import architecture, export, family, loop, sheet
from . import scene_commands as scene_stages
from .data import sprites
from .data.scenes import Composer, Sampler
from .data.wordnet import WordNet
from .run_folder import RunFolder, record, save_half
from .stages import autoencoder, features, progressive, reflow, teacher, text2im, tiny_decoder
from .stages import judge as judging
from .stages import text_encoder as text
from .stages.features import Features
from .stages.teacher import EncodedScenes, Prompts

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Run = Annotated[Path, typer.Option("--run", help="Folder of this training run.")]
Toy = Annotated[bool, typer.Option("--toy", help="Toy sizes: the whole chain in a minute on a CPU.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and stop.")]
Steps = Annotated[int | None, typer.Option("--steps", help="Train for this many steps.")]
Minutes = Annotated[float | None, typer.Option("--minutes", help="Train for this long, over all resumed runs.")]
Pause = Annotated[
    float | None,
    typer.Option("--pause-after", help="End this run after so many minutes, whatever they went to; resume later."),
]
BatchSize = Annotated[int, typer.Option("--batch", help="Samples a step on each process.")]
Compile = Annotated[bool, typer.Option("--compile/--no-compile", help="torch.compile the network on a GPU.")]
SceneCount = Annotated[int, typer.Option("--count", help="Scenes to encode if there are none, over all processes.")]
PairCount = Annotated[int, typer.Option("--count", help="Pairs to make, over all processes.")]
OdeSteps = Annotated[int, typer.Option("--ode-steps", help="Euler steps that make a pair.")]
Guidance = Annotated[float, typer.Option("--guidance", help="Guidance scale; 1 is none.")]

DEFAULT_RUN = Path("training-runs/mini")
DISTILLED = {"reflow": "distill", "teacher": "direct"}  # what a stage is called once it is distilled
_PAIR_SEEDS = {"teacher": 3000, "reflow": 4000}
OTHERS = 0.5  # a judge must know all the emoji of a concept


@app.command()
def data(
    run: Run = DEFAULT_RUN,
    size: Annotated[int, typer.Option("--size", help="Pixels of a rendered icon.")] = 256,
    wordnet: Annotated[Path | None, typer.Option("--wordnet", help="Folder of WordNet's dictionary files.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Fetch and render the icons; collect words and their meanings. Without --wordnet, the captions' words alone."""
    folder = RunFolder(run)
    if _told(
        dry_run, f"fetch {', '.join(sprites.PACKAGES)}; render at {size} px into {folder.sprites}; embed the words"
    ):
        return
    sprites.fetch(folder.stage("packages"))
    typer.echo(f"{sprites.render(folder.stage('packages'), folder.sprites, size)} sprites in {folder.sprites}")
    _collect_words(folder, wordnet)


@app.command()
def words(
    run: Run = DEFAULT_RUN,
    wordnet: Annotated[Path | None, typer.Option("--wordnet", help="Folder of WordNet's dictionary files.")] = None,
) -> None:
    """The second half of `data`: collect words and their meanings."""
    _collect_words(RunFolder(run), wordnet)


@app.command()
def text_encoder(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Annotated[int, typer.Option("--steps", help="Train for this many steps.")] = 6000,
    batch: BatchSize = 192,
    dry_run: DryRun = False,
) -> None:
    """Train the tokenizer and the text encoder."""
    shape = _shape(toy)
    if _told(dry_run, f"train a text encoder {shape.text_width} wide for {steps} steps of {batch}"):
        return
    torch.manual_seed(0)
    files, folder = RunFolder(run), RunFolder(run).stage("text-encoder")
    tokenizer = text.train_tokenizer(files.words()[0], shape)
    encoder = architecture.make_text_encoder(shape, tokenizer)
    tokenizer.save_pretrained(folder / "tokenizer")
    tokenizer.backend_tokenizer.model.save(str(folder / "tokenizer"))  # vocab.json and merges.txt, the older layout
    _teach(text.Encoding.clip(encoder, tokenizer), shape.text_width, files, folder, steps, batch)


@app.command(name="autoencoder")
def train_autoencoder(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Steps = None,
    minutes: Minutes = None,
    pause_after: Pause = None,
    batch: BatchSize = 64,
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Train the autoencoder on fresh scenes; of one that an earlier run left, train only the decoder."""
    shape, budget = _shape(toy), loop.Budget(steps, minutes, pause_after)
    vae = architecture.make_autoencoder(shape)
    if _told(dry_run, f"train an autoencoder of {_millions(vae)} with {budget}, {batch} a step"):
        return
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    keeps_latents = files.left_by_earlier_run("autoencoder", "vae")
    folder, drawn = files.stage("autoencoder"), sprites.load(files.sprites, shape.image_size)
    kept_in = folder
    if keeps_latents:
        vae = autoencoder.with_fixed_latents(files.autoencoder(process.device))
        kept_in = files.stage("autoencoder/decoder")  # apart, so that a run that resumes keeps the latents too
    sampler, composer = Sampler(drawn.keys), Composer(drawn, process.device)
    training = autoencoder.train(vae, sampler, composer, budget, process, kept_in, batch=batch)
    progress = loop.report(training, folder / "log.jsonl", "autoencoder", main=process.is_main_process)
    if process.is_main_process:
        vae.eval()
        if not keeps_latents:
            autoencoder.normalise_latents(vae, _some_images(sampler, composer, seed=1))
        quality = autoencoder.psnr(vae, _some_images(sampler, composer, seed=2))
        save_half(vae, folder / "vae")
        record(folder, progress, {"batch": batch * process.num_processes, "psnr_db": round(quality, 2)})
        typer.echo(f"PSNR on scenes it has not seen: {quality:.2f} dB")
    process.wait_for_everyone()


@app.command(name="tiny-decoder")
def train_tiny_decoder(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Steps = None,
    minutes: Minutes = None,
    pause_after: Pause = None,
    batch: BatchSize = 16,
    count: Annotated[int, typer.Option("--count", help="Scenes to decode, over all processes.")] = 5000,
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Train a decoder that costs a fraction of the autoencoder's, on what that one makes of latents."""
    shape, budget = _shape(toy), loop.Budget(steps, minutes, pause_after)
    torch.manual_seed(0)
    tiny = architecture.make_tiny_decoder(shape)
    if _told(dry_run, f"train a decoder of {_millions(tiny)} on {count} scenes with {budget}, {batch} a step"):
        return
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    if files.left_by_earlier_run("tiny-decoder", "tiny_vae"):
        tiny = files.tiny_decoder()
    folder, vae = files.stage("tiny-decoder"), files.autoencoder(process.device)
    drawn = sprites.load(files.sprites, shape.image_size)
    sampler, composer = Sampler(drawn.keys), Composer(drawn, process.device)

    def make() -> tiny_decoder.DecodedScenes:
        return tiny_decoder.decode_scenes(count // process.num_processes, sampler, composer, vae, process)

    examples = tiny_decoder.DecodedScenes.share(folder, "scenes", process, make)
    training = tiny_decoder.train(tiny, examples, budget, process, folder, batch=batch)
    progress = loop.report(training, folder / "log.jsonl", "tiny decoder", main=process.is_main_process)
    if process.is_main_process:
        tiny_decoder.save(tiny, folder / "tiny_vae")
        tiny = files.tiny_decoder().to(process.device).eval()  # measured as it is saved
        latents = torch.zeros(1, *shape.latent_shape, device=process.device)
        found = tiny_decoder.quality(tiny, vae, _some_images(sampler, composer, seed=2, count=128))
        cost = {"gflop": tiny_decoder.cost(tiny, latents), "gflop_of_full_decoder": tiny_decoder.cost(vae, latents)}
        record(folder, progress, {"batch": batch * process.num_processes, "scenes": count, **cost, **found})
        typer.echo(f"PSNR to what the full decoder makes of scenes not seen: {found['psnr_to_full_decoder_db']:.2f} dB")
    process.wait_for_everyone()


@app.command(name="teacher")
def train_teacher(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Steps = None,
    minutes: Minutes = None,
    pause_after: Pause = None,
    batch: BatchSize = 512,
    count: SceneCount = 300_000,
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Train the text-conditional teacher on the latents of fresh scenes."""
    shape, budget = _shape(toy), loop.Budget(steps, minutes, pause_after)
    torch.manual_seed(0)
    unet = architecture.make_unet(shape)
    if _told(dry_run, f"train a U-Net of {_millions(unet)} on {count} scenes with {budget}, {batch} a step"):
        return
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    folder, prompts = files.stage("teacher"), files.prompts(process.device)
    scenes = _scenes(count, files, prompts, process)
    if files.left_by_earlier_run("teacher"):
        unet = files.unet("teacher")
    training = teacher.train(unet, prompts, scenes, budget, process, folder, batch=batch)
    _train(unet, training, folder, process, {"batch": batch * process.num_processes, "scenes": count})


@app.command(name="reflow")
def train_reflow(
    run: Run = DEFAULT_RUN,
    steps: Steps = None,
    minutes: Minutes = None,
    pause_after: Pause = None,
    batch: BatchSize = 512,
    count: PairCount = 100_000,
    ode_steps: OdeSteps = 25,
    guidance: Guidance = 3.0,
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Make pairs with the guided teacher and train the 2-rectified flow on them."""
    budget, made = loop.Budget(steps, minutes, pause_after), _Pairs("teacher", count, ode_steps, guidance)
    if _told(dry_run, f"make {made}; reflow with {budget}"):
        return
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    folder, prompts = files.stage("reflow"), files.prompts(process.device)
    pairs = _pairs(made, files, prompts, process)
    unet = files.unet("teacher")
    training = reflow.reflow(unet, prompts, pairs, budget, process, folder, batch=batch)
    _train(unet, training, folder, process, {"batch": batch * process.num_processes, **vars(made)})


@app.command(name="features")
def train_features(
    run: Run = DEFAULT_RUN,
    steps: Steps = None,
    minutes: Minutes = None,
    pause_after: Pause = None,
    batch: BatchSize = 512,
    count: SceneCount = 300_000,
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Train what tells how alike two latents look, on the scenes that the teacher learns from."""
    budget = loop.Budget(steps, minutes, pause_after)
    if _told(dry_run, f"train a network of features with {budget}, {batch} a step"):
        return
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    torch.manual_seed(0)
    scenes, folder = _scenes(count, files, files.prompts(process.device), process), files.stage("features")
    network = Features(scenes.latents.shape[1])
    training = features.train(network, scenes, budget, process, folder, batch=batch)
    progress = loop.report(training, folder / "log.jsonl", "features", main=process.is_main_process)
    if process.is_main_process:
        network.save(folder)
        record(folder, progress, {"batch": batch * process.num_processes})
    process.wait_for_everyone()


@app.command(name="distill")
def train_distill(
    run: Run = DEFAULT_RUN,
    source: Annotated[
        Literal["reflow", "teacher"], typer.Option("--from", help="The stage whose paths are to become one step.")
    ] = "reflow",
    perceptual: Annotated[
        bool, typer.Option("--perceptual", help="Go on from what was distilled, by how alike images look.")
    ] = False,
    steps: Steps = None,
    minutes: Minutes = None,
    pause_after: Pause = None,
    batch: BatchSize = 512,
    count: PairCount = 100_000,
    ode_steps: OdeSteps = 25,
    guidance: Annotated[
        float | None, typer.Option("--guidance", help="Of the pairs; by default 3 from the teacher, else 1.")
    ] = None,
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Make pairs with the 2-rectified flow, or with the teacher, and distil it to one step."""
    budget = loop.Budget(steps, minutes, pause_after)
    made = _Pairs(source, count, ode_steps, guidance or {"reflow": 1.0, "teacher": 3.0}[source])
    if _told(dry_run, f"make {made}; distil with {budget}"):
        return
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    stage = DISTILLED[source]
    begun, network = files.unet(stage if perceptual else source), files.features(process.device) if perceptual else None
    folder, prompts = files.stage(f"{stage}-perceptual" if perceptual else stage), files.prompts(process.device)
    pairs = _pairs(made, files, prompts, process)
    training = reflow.distill(begun, prompts, pairs, budget, process, folder, features=network, batch=batch)
    _train(begun, training, folder, process, {"batch": batch * process.num_processes, **vars(made)})


@app.command(name="progressive")
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
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Distil the guided teacher progressively: each student halves the steps of the one before, down to one."""
    budget = loop.Budget(steps, minutes / len(progressive.STUDENTS) if minutes else None, pause_after)
    if _told(
        dry_run,
        f"train students of {', '.join(map(str, progressive.STUDENTS))} steps with {budget} each, {batch} a step",
    ):
        return
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    prompts = files.prompts(process.device)
    scenes, before = _scenes(count, files, prompts, process), "teacher"
    for student_steps in progressive.STUDENTS:
        stage, scale = f"progressive/{student_steps}", guidance if before == "teacher" else 1.0
        if not files.finished(stage, budget):
            process = loop.Process(compiled=compile_)
            folder, student, model = files.stage(stage), files.unet(before), files.unet(before)
            training = progressive.halve(
                student, model, student_steps, prompts, scenes, budget, process, folder, guidance=scale, batch=batch
            )
            _train(student, training, folder, process, {"batch": batch * process.num_processes, "guidance": scale})
            if budget.pauses(process) or not files.finished(stage, budget):
                return
        before = stage


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
    chosen = family.chosen([name.strip() for name in stages.split(",") if name.strip()])
    if _told(dry_run, ", ".join(f"train {stage.name} for {stage.minutes(minutes):.1f} minutes" for stage in chosen)):
        return
    budget, files, process = loop.Budget(pause_after=pause_after), RunFolder(run), loop.Process(compiled=False)
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
    unfinished = [stage for stage in chosen if not stage.finished(files, minutes)]
    for number, stage in enumerate(unfinished):
        left = budget.left(process)
        # the first one is trained in any case, or a run that is soon to end would do nothing
        if number and left is not None and left <= (0 if stage.begun(files) else reserve):
            break
        train[stage.name](run=run, minutes=stage.minutes(minutes), pause_after=left, batch=batch, compile_=compile_)
    if process.is_main_process:
        names = ", ".join(stage.name for stage in unfinished if not stage.finished(files, minutes))
        typer.echo(f"Left: {names}. Run the command again to go on." if names else "All is trained.")


@app.command()
def text2im_text(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Annotated[int, typer.Option("--steps", help="Train for this many steps.")] = 4000,
    batch: BatchSize = 192,
    dry_run: DryRun = False,
) -> None:
    """Train the tokenizer of Text2im, and teach the text encoder of its base what words mean."""
    shape = _cascade(toy).base
    if _told(dry_run, f"train a text encoder {shape.text_width} wide for {steps} steps of {batch}"):
        return
    torch.manual_seed(0)
    files, folder = RunFolder(run), RunFolder(run).stage("text2im-text")
    scenes = Sampler(sprites.keys(files.sprites)).scenes(20_000, seed=1)
    texts = [*itertools.chain(*scenes.captions), *text.words_of(files.words()[0])]
    tokenizer = text2im.train_tokenizer(texts, shape.vocabulary, folder / "tokenizer")
    encoder = glide.make_text_encoder(shape)
    _teach(text2im.encoding(encoder, tokenizer), shape.text_width, files, folder, steps, batch)


@app.command()
def text2im_base(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Steps = None,
    minutes: Minutes = None,
    pause_after: Pause = None,
    batch: BatchSize = 512,
    count: Annotated[int, typer.Option("--count", help="Scenes to draw, over all processes.")] = 200_000,
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Train the base of Text2im, its text encoder with it."""
    shape, budget = _cascade(toy).base, loop.Budget(steps, minutes, pause_after)
    torch.manual_seed(0)
    painter = text2im.Painter(shape)
    if _told(dry_run, f"train a base of {_millions(painter)} on {count} scenes with {budget}, {batch} a step"):
        return
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    painter.text_encoder = files.text2im_text_encoder().train()
    _go_on(painter, "text2im-base", files)
    folder, drawn = files.stage("text2im-base"), sprites.load(files.sprites, _cascade(toy).upsampler.size)
    sampler, composer = Sampler(drawn.keys), Composer(drawn, process.device)
    tokenizer, share = files.text2im_tokenizer(), count // process.num_processes

    def make() -> text2im.SmallScenes:
        return text2im.small_scenes(share, shape.size, sampler, composer, tokenizer, shape.tokens, process)

    scenes = text2im.SmallScenes.share(folder, "scenes", process, make)
    training = text2im.train_base(painter, scenes, tokenizer, budget, process, folder, batch=batch)
    _train_painter(painter, training, folder, process, {"batch": batch * process.num_processes, "scenes": count})


@app.command()
def text2im_upsampler(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Steps = None,
    minutes: Minutes = None,
    pause_after: Pause = None,
    batch: BatchSize = 64,
    compile_: Compile = True,
    dry_run: DryRun = False,
) -> None:
    """Train the upsampler of Text2im, after its base."""
    cascade, budget = _cascade(toy), loop.Budget(steps, minutes, pause_after)
    torch.manual_seed(0)
    painter = text2im.Painter(cascade.upsampler)
    if _told(dry_run, f"train an upsampler of {_millions(painter)} with {budget}, {batch} a step"):
        return
    process, files = loop.Process(compiled=compile_), RunFolder(run)
    _go_on(painter, "text2im-upsampler", files)
    folder, tokenizer = files.stage("text2im-upsampler"), files.text2im_tokenizer()
    drawn = sprites.load(files.sprites, cascade.upsampler.size)
    sampler, composer = Sampler(drawn.keys), Composer(drawn, process.device)
    training = text2im.train_upsampler(
        painter, sampler, composer, tokenizer, cascade.base.size, budget, process, folder, batch=batch
    )
    _train_painter(painter, training, folder, process, {"batch": batch * process.num_processes})


@app.command(name="judge")
def train_judge(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    steps: Steps = None,
    minutes: Minutes = None,
    pause_after: Pause = None,
    batch: BatchSize = 256,
    count: Annotated[int, typer.Option("--count", help="Scenes to learn from on each process.")] = 100_000,
    references: Annotated[int, typer.Option("--references", help="Renders to examine it with, and to compare.")] = 5000,
    dry_run: DryRun = False,
) -> None:
    """Train the judge of generated images on real renders, and see how well it knows sprites that it was not shown."""
    budget, files = loop.Budget(steps, minutes, pause_after), RunFolder(run)
    if _told(dry_run, f"train a judge with {budget}, {batch} a step"):
        return
    process, folder = loop.Process(compiled=False), files.stage("judge")
    torch.manual_seed(0)
    drawn = sprites.load(files.sprites, _shape(toy).image_size)
    known, unknown = judging.split(drawn.keys)
    composer = Composer(drawn, process.device)
    network = Judge.of(architecture.JUDGE_TOY if toy else architecture.JUDGE, files.tokenizer())
    sampler = Sampler(drawn.keys, known, OTHERS)
    training = judging.train(network, sampler, composer, budget, process, folder, batch=batch, count=count)
    progress = loop.report(training, folder / "log.jsonl", "judge", main=process.is_main_process)
    if process.is_main_process:
        judging.settle(network, sampler.scenes(references, seed=7999), composer)
        network.save(folder / "network")
        network = Judge.load(folder / "network", folder.parent / "text-encoder/tokenizer", str(process.device))
        scenes = Sampler(drawn.keys).scenes(references, seed=8000)
        judging.save_reference(network, scenes, composer, folder / "network/reference.safetensors")
        right = {
            name: judging.accuracy(network, Sampler(drawn.keys, keys, OTHERS).scenes(references, seed=8001), composer)
            for name, keys in (("seen_sprites", known), ("new_sprites", unknown))
        }
        (folder / "network/accuracy.json").write_text(json.dumps(right, indent=2) + "\n", encoding="utf-8")
        record(folder, progress, {"batch": batch * process.num_processes, "references": references})
        typer.echo(f"Right about new scenes of known sprites: {right['seen_sprites']['concept']:.1%} of the concepts")
    process.wait_for_everyone()


@app.command(name="sheet")
def contact_sheet(
    stage: Annotated[str, typer.Argument(help="teacher, reflow or distill; or the id of an exported model")],
    target: Annotated[Path, typer.Argument(help="The PNG file to write.")],
    run: Run = DEFAULT_RUN,
    steps: Annotated[int, typer.Option("--steps")] = 25,
    guidance: Guidance = 1.0,
    seed: Annotated[int, typer.Option("--seed")] = 7,
    prompts: Annotated[Path | None, typer.Option("--prompts", help="A text file of prompts, one a line.")] = None,
    models: Annotated[Path, typer.Option("--models", help="Folder of the exported models.")] = Path("assets/models"),
) -> None:
    """Draw the 24 trial prompts, or prompts of your own, to be looked at."""
    lines = prompts.read_text(encoding="utf-8").splitlines() if prompts else sheet.TRIAL_PROMPTS
    if stage in MODELS:
        images = sheet.draw_exported(MODELS[stage], models, lines, seed)
    else:
        images = sheet.draw(RunFolder(run), stage, lines, steps, guidance, seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.grid(images, lines).save(target, optimize=True)


@app.command(name="export")
def export_models(
    run: Run = DEFAULT_RUN,
    target: Annotated[Path, typer.Option("--target", help="Folder of the shipped models.")] = Path("assets/models"),
    dry_run: DryRun = False,
) -> None:
    """Write the folders of what is trained: weights, configurations, model cards, loss curves, and the checksums."""
    if _told(dry_run, f"write those of {', '.join(export.SHIPPED)} that are trained into {target}"):
        return
    written = export.write(RunFolder(run), target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    typer.echo(f"Wrote {', '.join(written)}: {size / 1e6:.1f} MB in {target}")


@app.command()
def int8_decoder(
    models: Annotated[Path, typer.Option("--models", help="Folder of the exported models.")] = Path("assets/models"),
    calibration: Annotated[int, typer.Option("--calibration", help="Images that ranges are measured on.")] = 64,
    examined: Annotated[int, typer.Option("--examined", help="Other images to compare both decoders by.")] = 100,
) -> None:
    """Write the family's decoder in 8 bits for OpenVINO, after `export`; no GPU is needed."""
    from .quantise import quantise  # noqa: PLC0415 - OpenVINO and its tools are slow to import

    quality = quantise(models, calibration=calibration, examined=examined)
    export.write_manifest(models)
    typer.echo(
        f"The images of both decoders are {quality.mean:.1f} dB apart on average, {quality.worst:.1f} dB at worst "
        f"({quality.images} images)."
    )


@app.command()
def export_pipeline(
    stage: Annotated[str, typer.Argument(help="Of which the U-Net is taken: progressive/4, for example.")],
    target: Annotated[Path, typer.Argument(help="The folder to write, for --model-dir ID=FOLDER.")],
    run: Run = DEFAULT_RUN,
) -> None:
    """Write a whole pipeline with the U-Net of any stage, to draw and to evaluate with what is not shipped."""
    export.write_pipeline(RunFolder(run), stage, target)


def _scenes(count: int, files: RunFolder, prompts: Prompts, process: loop.Process) -> EncodedScenes:
    """This process's part of the encoded scenes, which an earlier stage left or which are made now."""

    def make() -> EncodedScenes:
        vae = files.autoencoder(process.device)
        drawn = sprites.load(files.sprites, vae.config["sample_size"])
        sampler, composer = Sampler(drawn.keys), Composer(drawn, process.device)
        return teacher.encode_scenes(count // process.num_processes, sampler, composer, vae, prompts, process)

    return EncodedScenes.share(files.root / "scenes", "scenes", process, make)


@dataclass(frozen=True)
class _Pairs:
    """How pairs are made: their facts in the model card."""

    pairs_of: str
    pairs: int
    ode_steps: int
    guidance: float

    def __str__(self) -> str:
        return f"{self.pairs} pairs with {self.pairs_of} in {self.ode_steps} steps at guidance {self.guidance:g}"

    @property
    def name(self) -> str:
        return f"{self.pairs_of}-{self.pairs}-{self.ode_steps}-{self.guidance:g}"


def _pairs(made: _Pairs, files: RunFolder, prompts: Prompts, process: loop.Process) -> reflow.Pairs:
    """This process's share of the pairs, from the file that an earlier stage left or made now."""
    share = made.pairs // process.num_processes

    def make() -> reflow.Pairs:
        sampler, unet = Sampler(sprites.keys(files.sprites)), files.unet(made.pairs_of)
        seed = _PAIR_SEEDS[made.pairs_of]
        scenes = sampler.scenes(share, seed + process.process_index)
        ids = prompts.ids([captions[0] for captions in scenes.captions])
        settings = {"steps": made.ode_steps, "guidance": made.guidance, "seed": seed}
        return reflow.make_pairs(unet, prompts, ids, process, **settings)

    return reflow.Pairs.share(files.root / "pairs", made.name, process, make)


def _train(
    network: nn.Module, training: Iterator[loop.Progress], folder: Path, process: loop.Process, facts: Mapping[str, Any]
) -> None:
    """Run a stage that trains a U-Net, then save what it made."""
    progress = loop.report(training, folder / "log.jsonl", folder.name, main=process.is_main_process)
    if process.is_main_process:
        save_half(network, folder / "unet")
        record(folder, progress, facts)
    process.wait_for_everyone()


def _train_painter(
    painter: text2im.Painter,
    training: Iterator[loop.Progress],
    folder: Path,
    process: loop.Process,
    facts: Mapping[str, Any],
) -> None:
    """Run a stage that trains a U-Net with its text encoder, then save both."""
    progress = loop.report(training, folder / "log.jsonl", folder.name, main=process.is_main_process)
    if process.is_main_process:
        save_half(painter.unet, folder / "unet")
        save_half(painter.text_encoder, folder / "text_encoder")
        record(folder, progress, facts)
    process.wait_for_everyone()


def _some_images(sampler: Sampler, composer: Composer, seed: int, count: int = 512) -> Tensor:
    return torch.cat(list(composer.batches(sampler.scenes(count, seed), 64)))


def _go_on(painter: text2im.Painter, stage: str, files: RunFolder) -> None:
    """Go on from what an earlier run of `stage` saved."""
    if files.left_by_earlier_run(stage):
        painter.unet = files.unet(stage)
        painter.text_encoder = files.text2im_text_encoder(stage).train()


def _teach(encoding: text.Encoding, width: int, files: RunFolder, folder: Path, steps: int, batch: int) -> None:
    """Teach a text encoder what words mean; save it with what reads it, and how well it knows words not taught."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    lexicon, meanings = files.words()
    encoder, reader, bank = encoding.network.to(device).train(), text.Reader(width), meanings.concepts.to(device)
    examples = text.Examples(lexicon, meanings, encoding.ids)
    training = text.train(examples, encoding, reader.to(device), bank, steps, batch)
    progress = loop.report(training, folder / "log.jsonl", folder.name)
    save_half(encoder.eval(), folder / "text_encoder")
    save_file({"concepts": bank, **reader.state_dict()}, folder / "reader.safetensors")
    top1, top5 = text.held_out_accuracy(encoding, reader, bank)
    record(folder, progress, {"batch": batch, "held_out_top1": round(top1, 4), "held_out_top5": round(top5, 4)})
    typer.echo(f"Of the words that no caption has, {top1:.1%} are nearest to their concept ({top5:.1%} among five).")


def _collect_words(folder: RunFolder, wordnet: Path | None) -> None:
    embed = text.SentenceTeacher(folder.stage("packages") / "sentence-teacher")
    lexicon = text.lexicon(WordNet(wordnet), embed) if wordnet else text.no_lexicon()
    folder.save_words(lexicon, text.Meanings.of(lexicon, embed))
    synonyms = sum(len(words) for words in lexicon.synonyms)
    typer.echo(f"{synonyms} synonyms and {len(lexicon.others)} other words")


def _shape(toy: bool) -> architecture.Architecture:
    return architecture.TOY if toy else architecture.MINI


def _cascade(toy: bool) -> architecture.Cascade:
    return architecture.TEXT2IM_TOY if toy else architecture.TEXT2IM_MINI


def _told(dry_run: bool, plan: str) -> bool:
    """Say the plan of a dry run; whether it was one."""
    if dry_run:
        typer.echo(f"Would {plan}.")
    return dry_run


def _millions(network: nn.Module) -> str:
    return f"{sum(p.numel() for p in network.parameters()) / 1e6:.1f} M parameters"


def main() -> None:
    """Run the command line; what the user can act on is one sentence, anything else is a traceback to report."""
    app.add_typer(scene_stages.app, name="scenes", help="The stages of the family that draws scenes.")
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
