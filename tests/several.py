"""Programs of two processes, as `accelerate launch` and PyTorch's launcher start them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from served import ROOT, free_port
from terminal import CAN_FORK, Forked

_ON_CPU = {"ACCELERATE_USE_CPU": "1", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def evaluated(
    models: Path, asked: list[str], folder: Path, *, by_launcher: bool = False, batch: int = 8, timed: int = 5
) -> list[dict]:
    """What two processes find for each of `asked`, "ID,ID:PROMPTS"; the seconds are those of `timed` images."""
    out = folder / "found.json"
    begin = launched if by_launcher else side_by_side
    begin(folder, evaluate_all, str(models), str(folder / "work"), str(out), str(batch), str(timed), *asked)
    return json.loads(out.read_text())


def evaluate_all(models: str, work: str, out: str, batch: str, timed: str, *asked: str) -> None:
    """Each process's part of the work; the main one writes what they found."""
    from instaflow_demo.evaluation import run
    from instaflow_demo.evaluation.command import Evaluation, evaluate, parse_runs
    from instaflow_demo.weights.locate import Weights

    run.TIMED = int(timed)
    found = []
    for names, prompts in (one.split(":") for one in asked):
        what = Evaluation(parse_runs(names), int(prompts), batch=int(batch))
        found.append(evaluate(what, Weights(Path(models)), Path(work)))
    if found[0]:
        Path(out).write_text(json.dumps(found))


def side_by_side(folder: Path, work: Callable[..., object], *arguments: str) -> str:
    """What two processes print, the main one first, that do `work(*arguments)` together, as if launched."""
    if not CAN_FORK:
        return launched(folder, work, *arguments)
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    both = [dict(os.environ) | _ON_CPU | group | {"RANK": rank, "LOCAL_RANK": rank} for rank in ("0", "1")]
    begun = [Forked.begun(folder, settings, work, *arguments) for settings in both]
    try:
        ended = [each.ended() for each in begun]
    finally:
        for each in begun:
            each.process.kill()  # where one is gone, the other would wait for it
    for done in ended:
        assert done.returncode == 0, done.stderr[-2000:]
    return "".join(done.stdout for done in ended)


def launched(folder: Path, work: Callable[..., object], *arguments: str) -> str:
    """The same by PyTorch's launcher."""
    program = folder / "program.py"
    program.write_text(
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"from {work.__module__} import {work.__name__}\n{work.__name__}(*sys.argv[1:])\n"
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*launch, str(program), *arguments],
        cwd=folder,
        env=os.environ | _ON_CPU,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
