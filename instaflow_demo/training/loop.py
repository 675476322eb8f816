"""The training loop: every stage but the text encoders' hands it a loss and reads typed progress from it."""

# accelerate describes its classes loosely
# pyright: reportArgumentType=false, reportPrivateImportUsage=false

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from tqdm import tqdm

from ..errors import DemoError

Network = Callable[..., Any]
"""A network as losses call it: in half precision, and perhaps compiled."""

CHECKPOINT_MINUTES = 2.0
_AGREED_EVERY = 20  # steps


class Process(Accelerator):
    """One process of training, or one of several that `accelerate launch` started.

    Half precision and compilation are ours, not Accelerator's: it gives every network a new `forward`, so that what
    was compiled for one would be compiled again for the next, and compiling takes longer than some stages.
    """

    def __init__(self, *, compiled: bool):
        super().__init__(mixed_precision="no", dynamo_backend="no")
        on_gpu = self.device.type == "cuda"
        self._compiled = compiled and on_gpu
        self._half = on_gpu or os.environ.get("ACCELERATE_MIXED_PRECISION") == "bf16"
        torch.backends.cudnn.benchmark = True  # every step has the same shapes, so the search pays
        # one graph for the whole network: cutting it so that gradients travel early costs more than it hides
        torch._dynamo.config.optimize_ddp = False

    def compile(self, network: nn.Module) -> None:
        """Compile a network on a GPU; others of its class and shape will use what was compiled."""
        if self._compiled:
            network.compile(dynamic=False)

    def half(self) -> torch.autocast:
        """bfloat16 on a GPU; on a CPU float32, unless ACCELERATE_MIXED_PRECISION says bf16: most are slower with it."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._half)

    def average(self, seconds: float) -> float:
        """The mean over all processes: they must agree on the time, or one would stop while the others wait for it."""
        if self.num_processes == 1:
            return seconds
        return float(self.reduce(torch.tensor(seconds, device=self.device), "mean"))


@dataclass(frozen=True)
class Budget:
    """When a stage ends: after `steps`, or after `minutes` of training, summed over all its runs.

    This run of it ends early once `pause_after` minutes have passed since `begun`, a reading of the monotonic clock,
    whatever they went to; a checkpoint is left to resume from.
    """

    steps: int | None = None
    minutes: float | None = None
    pause_after: float | None = None
    begun: float = field(default_factory=time.monotonic, repr=False)

    def left(self, run: Process) -> float | None:
        """Minutes until this run is to end: the same number in every process, which all must ask for together."""
        if self.pause_after is None:
            return None
        return self.pause_after - run.average(time.monotonic() - self.begun) / 60

    def pauses(self, run: Process) -> bool:
        """Whether this run is to end now: the same answer in every process, which all must ask together."""
        left = self.left(run)
        return left is not None and left <= 0

    def fraction(self, steps: int, seconds: float) -> float:
        """How much of the budget is used, from 0 to 1."""
        by_steps = steps / self.steps if self.steps else 0.0
        by_time = seconds / 60 / self.minutes if self.minutes else 0.0
        return min(max(by_steps, by_time), 1.0)


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up, a plateau, then a linear fall to `floor` times the rate."""

    rate: float
    warmup_steps: int = 200
    fall_from: float = 0.4
    floor: float = 0.02

    def __call__(self, steps: int, fraction: float) -> float:
        rise = min(1.0, (steps + 1) / self.warmup_steps)
        fall = min(1.0, (1 - fraction) / (1 - self.fall_from))
        return self.rate * rise * max(self.floor, fall)


@dataclass(frozen=True)
class Progress:
    """One step of training, with the loss averaged over the last steps."""

    step: int
    loss: float
    rate: float
    fraction: float
    seconds: float


class MovingAverage:
    """An exponential moving average of a network's parameters: what is kept and shipped."""

    def __init__(self, network: nn.Module, decay: float):
        self.decay = decay
        self.steps = 0
        self.parameters = [p.detach().clone().float() for p in network.parameters()]

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Follow the network; the average is short at first, so that the random start is forgotten."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.parameters, list(network.parameters()), 1 - decay)

    @torch.no_grad()
    def copy_to(self, network: nn.Module) -> None:
        for parameter, average in zip(network.parameters(), self.parameters, strict=True):
            parameter.copy_(average)

    def state_dict(self) -> dict:
        return {"steps": self.steps, "parameters": self.parameters}

    def load_state_dict(self, state: dict) -> None:
        self.steps = state["steps"]
        for mine, saved in zip(self.parameters, state["parameters"], strict=True):
            mine.copy_(saved)


class Clock:
    """Steps and seconds of training so far, carried over when a run resumes."""

    def __init__(self) -> None:
        self.steps = 0
        self.seconds = 0.0

    def state_dict(self) -> dict:
        return {"steps": self.steps, "seconds": self.seconds}

    def load_state_dict(self, state: dict) -> None:
        self.steps, self.seconds = state["steps"], state["seconds"]


def optimise(
    network: nn.Module,
    loss: Callable[[Network, int], Tensor],
    budget: Budget,
    schedule: Schedule,
    run: Process,
    folder: Path,
    *,
    decay: float = 0.9995,
    weight_decay: float = 0.01,
    slower: Mapping[str, float] = MappingProxyType({}),
) -> Iterator[Progress]:
    """Minimise `loss(network, step)` within `budget`; afterwards `network` holds the moving average.

    `slower` names parts of the network by the beginning of their parameters' names, with the factor on their rate.

    The network computes in half precision on a GPU, the rest of the loss does not. Pass a new `run` for each network: a
    checkpoint holds everything that its process has prepared.

    Resumes from `folder/checkpoint` when it is there, renews it every two minutes and leaves one behind. Progress is
    yielded every step, with a loss that is read from the device every 20.
    """
    network.to(run.device).train()
    average, clock = MovingAverage(network, decay), Clock()
    fused = run.device.type == "cuda"
    groups = _groups(network, slower)
    optimiser = torch.optim.AdamW(groups, schedule.rate, betas=(0.9, 0.98), weight_decay=weight_decay, fused=fused)
    run.compile(network)
    wrapped, optimiser = run.prepare(network, optimiser)
    run.register_for_checkpointing(average, clock)
    checkpoint = folder / "checkpoint"
    if checkpoint.exists():
        run.load_state(str(checkpoint))

    def in_half(*inputs: Any, **named: Any) -> Any:
        with run.half():
            return wrapped(*inputs, **named)

    def step(rate: float) -> Tensor:
        for group in optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        value = loss(in_half, clock.steps)
        optimiser.zero_grad(set_to_none=True)
        run.backward(value)
        run.clip_grad_norm_(wrapped.parameters(), 1.0)
        optimiser.step()
        average.update(network)
        return value.detach().float()

    saved = clock.seconds
    for progress in _steps(step, clock, budget, schedule, run):
        if progress.seconds - saved > CHECKPOINT_MINUTES * 60:
            run.save_state(str(checkpoint))
            saved = progress.seconds
        yield progress
    run.wait_for_everyone()
    run.save_state(str(checkpoint))
    average.copy_to(network)


def _groups(network: nn.Module, slower: Mapping[str, float]) -> list[dict[str, Any]]:
    """The parameters that learn at each factor of the rate."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        factor = next((factor for part, factor in slower.items() if name.startswith(part)), 1.0)
        groups.setdefault(factor, []).append(parameter)
    return [{"params": parameters, "factor": factor} for factor, parameters in groups.items()]


def _steps(
    step: Callable[[float], Tensor], clock: Clock, budget: Budget, schedule: Schedule, run: Process
) -> Iterator[Progress]:
    """Take steps until the budget is used or this run is to pause, keeping `clock`."""
    recent, shown = torch.zeros((), device=run.device), math.nan
    started, before, first = time.monotonic(), clock.seconds, clock.steps
    fraction = budget.fraction(clock.steps, clock.seconds)
    while fraction < 1:
        rate = schedule(clock.steps, fraction)
        value = step(rate)
        clock.steps += 1
        recent.lerp_(value, 1.0 if clock.steps == first + 1 else 0.05)
        to_agree = clock.steps % _AGREED_EVERY == 0
        if to_agree or clock.steps == first + 1:
            shown = recent.item()
            if clock.steps == first + 1:
                started = time.monotonic()  # the first step compiles the network, which is not training
            clock.seconds = before + run.average(time.monotonic() - started)
        fraction = budget.fraction(clock.steps, clock.seconds)
        yield Progress(clock.steps, shown, rate, fraction, clock.seconds)
        if to_agree and budget.pauses(run):
            return


def report(progress: Iterator[Progress], log: Path, title: str, *, main: bool = True) -> Progress:
    """Show a bar and log every hundredth step, the first and the last as JSON lines, if `main`; returns the last.

    Raises:
        DemoError: when there was nothing left to train.
    """
    last = None
    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed} {postfix}"
    with tqdm(total=100.0, desc=title, disable=not main, bar_format=form) as bar:
        for last in progress:
            bar.n = last.fraction * 100
            bar.set_postfix(step=last.step, loss=f"{last.loss:.4f}", refresh=False)
            bar.update(0)
            if main and (last.step % 100 == 0 or last.step == 1):
                _append(log, last)
    if last is None:
        raise DemoError(
            "The {title} is trained already: raise its budget, or remove {folder} to start again.",
            title=title,
            folder=log.parent,
        )
    if main and last.step % 100:
        _append(log, last)
    return last


def _append(log: Path, progress: Progress) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(progress)) + "\n")
