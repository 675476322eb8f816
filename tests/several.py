"""Evaluations by several processes at once, as `accelerate launch` starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from served import ROOT

_PROGRAM = """
import json, sys
from pathlib import Path
from instaflow_demo.evaluation.command import Evaluation, evaluate, parse_runs
from instaflow_demo.weights.locate import Weights
models, work, out, *asked = sys.argv[1:]
found = []
for names, prompts in (one.split(":") for one in asked):
    found.append(evaluate(Evaluation(parse_runs(names), int(prompts)), Weights(Path(models)), Path(work)))
if found[0]:
    Path(out).write_text(json.dumps(found))
"""


def evaluated(models: Path, asked: list[str], folder: Path, processes: int = 2) -> list[dict]:
    """What one program of several processes finds for each of `asked`, "ID,ID:PROMPTS", with a thread each."""
    program, out = folder / "program.py", folder / "found.json"
    program.write_text(_PROGRAM)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [*launch, str(program), str(models), str(folder / "work"), str(out), *asked]
    on_cpu = os.environ | {"ACCELERATE_USE_CPU": "1", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=on_cpu, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(out.read_text())
