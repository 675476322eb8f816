"""The command that trains the judge of scenes."""

from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer

from ...cli.expand import expand
from ...evaluation.scene_judge import SceneJudge, SceneJudgeShape
from ..data.pictures import compose_pictures, read_laid_out
from ..data.stock import Stock
from ..loop import Process
from ..options import Length, Toy
from ..run_folder import RunFolder
from ..stage import Facts, Job, Stage, Training, run_stage
from ..stages.scene_judge import JUDGE_TOY, Cases, accuracy, save_accuracy, settle, train, verdict
from .scene_options import DEFAULT_RUN, Run

app = typer.Typer()


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
        judge = SceneJudge(JUDGE_TOY if toy else SceneJudgeShape())
        steps = train(judge, cases, job.budget, process, folder, batch=batch)
        return Training(steps, partial(_finish, judge, cases, job))

    run_stage(Stage("judge", begin), Job(files, process, budget, batch))


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
    typer.echo(verdict(others))
    return {name: round(value, 4) for name, value in others.items()}
