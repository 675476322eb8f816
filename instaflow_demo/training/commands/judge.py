"""The judge of generated images."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer

from ...cli.expand import expand
from ...evaluation.judge import Judge
from .. import architecture
from ..data import sprites
from ..data.scenes import Composer, Sampler
from ..options import DEFAULT_RUN, BatchSize, DryRun, Length, Mode, Run, Toy
from ..stage import Facts, Job, Stage, Training, carry_out
from ..stages import judge as judging

app = typer.Typer()

_OTHERS = 0.5  # a judge must know all the emoji of a concept


@app.command(name="judge")
@expand
def train_judge(
    run: Run = DEFAULT_RUN,
    toy: Toy = False,
    *,
    length: Length,
    batch: BatchSize = 256,
    count: Annotated[int, typer.Option("--count", help="Scenes to learn from on each process.")] = 100_000,
    references: Annotated[int, typer.Option("--references", help="Renders to examine it with, and to compare.")] = 5000,
    dry_run: DryRun = False,
) -> None:
    """Train the judge of generated images on real renders, and see how well it knows sprites that it was not shown."""
    budget = length.budget()
    plan = f"train a judge with {budget}, {batch} a step"
    stage = Stage("judge", partial(_begin_judge, toy, count, references), plan)
    carry_out(stage, run, budget, batch, Mode(compile_=False, dry_run=dry_run))


def _begin_judge(toy: bool, count: int, references: int, job: Job, folder: Path) -> Training:
    torch.manual_seed(0)
    shape, size = (architecture.JUDGE_TOY, architecture.TOY) if toy else (architecture.JUDGE, architecture.MINI)
    drawn = sprites.load(job.files.sprites, size.image_size)
    known, unknown = judging.split(drawn.keys)
    composer = Composer(drawn, job.process.device)
    network = Judge.of(shape, job.files.load_tokenizer())
    sampler = Sampler(drawn.keys, known, _OTHERS)
    steps = judging.train(network, sampler, composer, job.budget, job.process, folder, batch=job.batch, count=count)

    def save(folder: Path) -> Facts:
        judging.settle(network, sampler.scenes(references, seed=7999), composer)
        network.save(folder / "network")
        tokenizer = job.files.find("text-encoder/tokenizer")
        saved = Judge.load(folder / "network", tokenizer, str(job.process.device))
        scenes = Sampler(drawn.keys).scenes(references, seed=8000)
        judging.save_reference(saved, scenes, composer, folder / "network/reference.safetensors")
        right = {
            name: judging.accuracy(saved, Sampler(drawn.keys, keys, _OTHERS).scenes(references, seed=8001), composer)
            for name, keys in (("seen_sprites", known), ("new_sprites", unknown))
        }
        (folder / "network/accuracy.json").write_text(json.dumps(right, indent=2) + "\n", encoding="utf-8")
        typer.echo(f"Right about new scenes of known sprites: {right['seen_sprites']['concept']:.1%} of the concepts")
        return {"references": references}

    return Training(steps, save)
