"""Temporary folders are gone when a process is, however it ended; what a killed one left goes at the next start."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from gradio_client import Client
from served import ROOT, environment, running_app

HOLD = """
import sys, threading, time
from instaflow_demo.machine.temporary import end_when_told, temporary_folder
threading.Thread(target=time.sleep, args=(600,)).start()  # as a run that goes on
with end_when_told(), temporary_folder("shown") as folder:
    (folder / "image.png").write_bytes(bytes(1000))
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def usual_signals() -> Iterator[None]:
    """Whoever runs the tests under nohup has SIGHUP ignored in every process that they start."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@contextmanager
def holding(place: Path, *prefix: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that has a temporary folder in `place`, and the folder."""
    settings = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(place)}
    command = [*prefix, sys.executable, "-c", HOLD]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    with subprocess.Popen(command, env=settings, text=True, **pipes) as process:
        try:
            assert process.stdout
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def age(folder: Path, seconds: float = 3600) -> None:
    then = time.time() - seconds
    os.utime(folder, (then, then))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with holding(tmp_path) as (process, folder):
        assert (folder / "image.png").exists()
        process.send_signal(number)
        assert process.wait(60) == 128 + number  # and waits for no thread
    assert not list(tmp_path.iterdir())


def test_whoever_asked_for_signals_to_be_ignored_has_them_ignored(tmp_path: Path) -> None:
    with holding(tmp_path, "nohup") as (process, folder):
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert process.poll() is None
        assert folder.exists()
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())


def test_the_next_start_removes_what_a_killed_process_left_and_nothing_else(tmp_path: Path) -> None:
    theirs = tmp_path / "elsewhere"
    theirs.mkdir()
    (theirs / "precious").touch()
    (tmp_path / "instaflow-shown-link").symlink_to(theirs)
    (tmp_path / "instaflow-other-kind").mkdir()
    age(tmp_path / "instaflow-other-kind")
    with holding(tmp_path) as (killed, left), holding(tmp_path) as (_, lives):
        killed.kill()
        killed.wait(20)
        assert left.exists()
        with holding(tmp_path):
            assert left.exists()  # it might be just beginning
        age(left)
        age(lives)
        with holding(tmp_path) as (_, new):
            assert not left.exists()
            assert (lives / "image.png").exists()
            assert new.exists()
    assert (theirs / "precious").exists()
    assert (tmp_path / "instaflow-shown-link").is_symlink()
    assert (tmp_path / "instaflow-other-kind").exists()


def of_ended_children() -> float:
    """Processor seconds, which a busy machine does not stretch."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def test_the_page_ends_at_once_in_the_middle_of_a_run_and_leaves_nothing(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    settings = environment(tmp_path) | {"TMPDIR": str(room)}
    with running_app(tmp_path, "--offline", "--models", "sd-mini", given=settings) as app:
        (shown,) = room.glob("instaflow-shown-*")
        run = Client(app.url, verbose=False).submit(
            "A big dog", model="sd-mini", images=8, steps=100, api_name="/generate"
        )
        time.sleep(3)
        assert not run.done()
        assert shown.exists()
        begun = sum(psutil.Process(app.process.pid).cpu_times()[:4]) + of_ended_children()
        app.process.terminate()
        assert app.process.wait(60) == 128 + signal.SIGTERM
        assert of_ended_children() - begun < 10, "it went on with the run"
        time.sleep(1)
    assert not list(room.glob("instaflow-shown-*"))
