"""The one shape of a stage that trains: say its plan or carry it out, then save and record what it made."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from torch import nn

from .loop import Budget, Process, Progress, report
from .options import Mode
from .run_folder import RunFolder, record, save_half

Facts = Mapping[str, Any]
"""What a model card says about a stage, beside its steps and its time."""


@dataclass(frozen=True)
class Job:
    """What a stage works with: the run's folder, this process, how long to train, and samples a step of each process.

    A process trains one network: the next stage needs a job of its own.
    """

    files: RunFolder
    process: Process
    budget: Budget
    batch: int

    def share(self, count: int) -> int:
        """How many of `count` examples are this process's."""
        return count // self.process.num_processes


@dataclass(frozen=True)
class Training:
    """A stage that is ready to train: its steps, and what saves the result in its folder and returns facts about it."""

    steps: Iterator[Progress]
    save: Callable[[Path], Facts]


@dataclass(frozen=True)
class Stage:
    """A stage: its folder in the run's folder, and what loads its inputs and networks.

    `begin` is given the job and the path of the stage's folder. `plan` completes the sentence "Would ..."; `title` is
    the name on the progress bar, by default the folder's.
    """

    name: str
    begin: Callable[[Job, Path], Training]
    plan: str = ""
    title: str = ""


def carry_out(stage: Stage, run: Path, budget: Budget, batch: int, mode: Mode) -> None:
    """Run a stage as a command does, or say its plan.

    Raises:
        DemoError: when a stage before it has not been run, or nothing is left to train.
    """
    if not plan_only(mode.dry_run, stage.plan):
        run_stage(stage, Job(RunFolder(run), Process(compiled=mode.compile_), budget, batch))


def run_stage(stage: Stage, job: Job) -> None:
    """Train; then the main process saves and records the result, and the others wait for it."""
    folder, main = job.files.root / stage.name, job.process.is_main_process
    training = stage.begin(job, folder)
    folder.mkdir(parents=True, exist_ok=True)
    progress = report(training.steps, folder / "log.jsonl", stage.title or folder.name, main=main)
    if main:
        facts = training.save(folder)
        record(folder, progress, {"batch": job.batch * job.process.num_processes, **facts})
    job.process.wait_for_everyone()


def plan_only(dry_run: bool, plan: str) -> bool:
    """Say the plan of a dry run. Returns whether it is one."""
    if dry_run:
        typer.echo(f"Would {plan}.")
    return dry_run


def save_features(network: Any, folder: Path) -> Facts:
    """Save a network of features, about which nothing else is recorded."""
    network.save(folder)
    return {}


def save_unet(unet: nn.Module, facts: Facts, folder: Path) -> Facts:
    save_half(unet, folder / "unet")
    return facts


def save_unet_and_text_encoder(network: Any, facts: Facts, folder: Path) -> Facts:
    """Save both parts of a network that was trained with its text encoder."""
    save_half(network.unet, folder / "unet")
    save_half(network.text_encoder, folder / "text_encoder")
    return facts


def millions(network: nn.Module) -> str:
    """The number of parameters, for a plan."""
    return f"{sum(p.numel() for p in network.parameters()) / 1e6:.1f} M parameters"
