"""The commands that train the judge of scenes and show it real ones."""

from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer

from ...cli.expand import expand
from ...evaluation.scene_judge import BEST_SHAPE, SceneJudge
from ...evaluation.whole_scenes import write_reference
from ..data.examples import read_shards
from ..data.pictures import compose_pictures, read_laid_out
from ..data.stock import Stock
from ..loop import Process
from ..options import Length, Toy
from ..run_folder import RunFolder
from ..stage import Facts, Job, Stage, Training, run_stage
from ..stages.scene_judge import JUDGE_TOY, Cases, accuracy, save_accuracy, settle, train, verdict
from .scene_options import DEFAULT_RUN, Run

app = typer.Typer()

_PART = 128  # pictures that the judge looks at together


@app.command(name="judge")
@expand
def train_judge(
    run: Run = DEFAULT_RUN,
    *,
    length: Length,
    batch: Annotated[int, typer.Option("--batch", help="Pictures a step on each process.")] = 256,
    toy: Toy = False,
) -> None:
    """Train the judge of scenes on the shards `judge`, and say how much it knows of `judge-unseen` and of `unseen`."""
    budget = length.budget()  # before the data is made, which counts as well
    process, files = Process(compiled=False), RunFolder(run)
    cases = _cases(files, "judge-stock", "judge", process)

    def begin(job: Job, folder: Path) -> Training:
        torch.manual_seed(0)
        judge = SceneJudge(JUDGE_TOY if toy else BEST_SHAPE)
        steps = train(judge, cases, job.budget, process, folder, batch=batch)
        return Training(steps, partial(_finish, judge, cases, job))

    run_stage(Stage("judge", begin), Job(files, process, budget, batch))


@app.command(name="judge-reference")
def write_judge_reference(run: Run = DEFAULT_RUN) -> None:
    """Write what the scenes of the shards `reference` look like to the trained judge: images are compared with it.

    They are scenes as the models learn them, of the models' own drawings, and new ones.
    """
    files, process = RunFolder(run), Process(compiled=False)
    _write_reference(files, process, files.find("judge/network"))


def _write_reference(files: RunFolder, process: Process, folder: Path) -> None:
    shards = files.find("shards/reference")
    seeds = [int(path.stem.partition("-")[2]) for path in sorted(shards.glob("scenes-*"))]
    drawn = Stock.load(files.find("stock"))
    pictures = compose_pictures(drawn, read_shards(sorted(shards.glob("scenes-*"))).pictures, process)
    about = {
        "made_by": "python -m instaflow_demo.training scenes shards reference, then judge-reference",
        "seeds": [seeds[0], seeds[-1]],
        "drawings_of_places": len(drawn.land),
        "sprites": len(drawn.sprites),
    }
    judge = SceneJudge.load(folder, str(process.device))
    parts = (pictures.batch(slice(start, start + _PART))[0] for start in range(0, len(pictures), _PART))
    write_reference(judge, parts, folder, about)


def _cases(files: RunFolder, stock: str, shards: str, process: Process, most: int | None = None) -> Cases:
    """Pictures of one stock's drawings, with what the judge should say of them."""
    scenes = read_laid_out(files.find(f"shards/{shards}"), process, most)
    pictures = compose_pictures(Stock.load(files.find(stock)), scenes.pictures, process)
    return Cases(pictures, {name: rows.to(process.device) for name, rows in scenes.truth.items()})


def _finish(judge: SceneJudge, cases: Cases, job: Job, folder: Path) -> Facts:
    """Save the judge, and say what it knows of pictures that it has not seen."""
    settle(judge, cases)
    seen = accuracy(judge, _cases(job.files, "judge-stock", "judge-unseen", job.process, 4000))
    others = accuracy(judge, _cases(job.files, "stock", "unseen", job.process, 4000))
    judge.save(folder / "network")
    save_accuracy(folder / "network", seen, others)
    if (job.files.root / "shards/reference").exists():
        _write_reference(job.files, job.process, folder / "network")
    typer.echo(verdict(others))
    return {name: round(value, 4) for name, value in others.items()}
