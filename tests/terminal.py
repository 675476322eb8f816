"""The command line as a process: started as a user starts it, or forked from one that has imported the libraries."""

import atexit
import gc
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from typing import Any
from unittest.mock import patch

from served import ROOT, environment
from together import shared

Ended = subprocess.CompletedProcess[str]
CAN_FORK = "forkserver" in multiprocessing.get_all_start_methods()
_TIMEOUT_S = 240
_LIBRARIES = [
    "diffusers.models.autoencoders.autoencoder_kl",
    "diffusers.models.autoencoders.autoencoder_tiny",
    "diffusers.models.unets.unet_2d_condition",
    "transformers.models.clip.modeling_clip",
    "transformers.models.clip.tokenization_clip",
    "accelerate",
    "torchmetrics.image.fid",
]
"""What takes several seconds to import."""


def started(folder: Path, *arguments: str, module: str = "instaflow_demo", **variables: str) -> Ended:
    """`python -m MODULE ARGUMENTS` in a folder, with no model on this machine but the shipped ones.

    `variables` are added to its environment.
    """
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=environment(folder) | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIMEOUT_S,
        check=False,
    )


def demo(folder: Path, *arguments: str, module: str = "instaflow_demo", **variables: str) -> Ended:
    """The same in a process that has the libraries already, with a folder, an environment and output of its own."""
    if not CAN_FORK:
        return started(folder, *arguments, module=module, **variables)
    return Forked.begun(folder, environment(folder) | variables, run_module, module, *arguments).ended()


@dataclass(frozen=True)
class Forked:
    """A process that has the libraries already."""

    process: Any
    out: Path
    errors: Path

    @classmethod
    def begun(cls, folder: Path, settings: dict[str, str], work: Callable[..., object], *arguments: str) -> "Forked":
        """`work(*arguments)` in a folder and an environment of its own."""
        context = _forking()
        place = Path(tempfile.mkdtemp(dir=shared("terminal")))
        streams = place / "out", place / "errors"
        process = context.Process(target=_run, args=(folder, settings, streams, work, arguments))
        process.start()
        return cls(process, *streams)

    def ended(self) -> Ended:
        """Once it has ended; a test that waits too long for that is ended itself."""
        try:
            self.process.join()
        finally:
            self.process.kill()
        said = (path.read_text(encoding="utf-8") if path.exists() else "" for path in (self.out, self.errors))
        return subprocess.CompletedProcess([], self.process.exitcode, *said)


def run_module(name: str, *arguments: str) -> None:
    """What `python -m NAME ARGUMENTS` does, but for starting Python."""
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


@cache
def _forking() -> Any:
    """What starts processes by forking one that it starts now, where no Hugging Face cache is found."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LIBRARIES)
    with patch.dict(os.environ, environment(shared("terminal")), clear=True):
        forkserver.ensure_running()
    return context


def _run(
    folder: Path, settings: dict[str, str], streams: tuple[Path, Path], work: Callable[..., object], arguments: Any
) -> None:
    gc.freeze()  # the libraries stay: an engine that is closed need not look through them for garbage
    for stream, path in zip((1, 2), streams, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(settings)
    try:
        work(*arguments)
    finally:
        atexit._run_exitfuncs()
