"""Rows about apps that are killed, and about two that share a folder."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from served import ROOT, App, environment, free_port, running_app

from instaflow_demo.gallery import read_metadata

from .record import Clock, Row
from .visitors import Visitor, page_values

KILLS, SAVED, AT_ONCE = 20, 480, 8  # a folder keeps 500
_FLAGS = ("--offline", "--models", "instaflow-mini")
_LONG_AGO_S, _PATIENCE_S = 3600, 60.0


# ---------------------------------------------------------------- apps that share all their folders


def _settings(shared: Path) -> dict[str, str]:
    (shared / "tmp").mkdir(parents=True, exist_ok=True)
    return environment(shared) | {"TMPDIR": str(shared / "tmp")}


def _flags(shared: Path) -> tuple[str, ...]:
    return (*_FLAGS, "--out", str(shared / "out"))


@contextmanager
def _sharing(shared: Path) -> Iterator[App]:
    """An app that shares everything with others but its log."""
    place = Path(tempfile.mkdtemp(dir=shared))
    with running_app(place, *_flags(shared), given=_settings(shared)) as app:
        yield app


def sound(folder: Path) -> tuple[int, int]:
    """How many visible images of a folder are damaged, and how many whole."""
    damaged = whole = 0
    for path in folder.glob("*.png"):
        try:
            good = bool(read_metadata(path))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            good = False
        damaged, whole = damaged + (not good), whole + good
    return damaged, whole


# ---------------------------------------------------------------- kill -9


def kills(shared: Path, clock: Clock, count: int = KILLS, seed: int = 2) -> Row:
    """Two apps on one folder at a time: one is killed as it starts, the other as it saves images."""
    chance, killed = random.Random(seed), 0
    for _ in clock.counted(-(-count // 2)):
        killed += _kill_two(shared, chance)
    left = _age_what_was_left(shared / "tmp")
    with _sharing(shared) as app:
        drawn, stay = bool(Visitor(app, 1).draw()), sum(each.exists() for each in left)
    damaged, whole = sound(shared / "out")
    return Row.judged(
        "kill -9, half of them during the start",
        "no visible file is damaged; the next start draws, and removes what was left",
        killed,
        count,
        f"{damaged} of {damaged + whole} files damaged; {stay} of {len(left)} temporary folders stay; "
        f"the next start {'draws' if drawn else 'does not draw'}",
        not damaged,
        not stay,
        drawn,
    )


def _kill_two(shared: Path, chance: random.Random) -> int:
    """Start two and kill them; how many that were."""
    with _sharing(shared) as saving, ThreadPoolExecutor(1) as pool:
        starting = pool.submit(_killed_at_start, shared, chance.uniform(0.0, saving.ready_s))
        with _saving(saving, shared / "out"):
            time.sleep(chance.uniform(0.0, 1.0))
            saving.process.send_signal(signal.SIGKILL)
            saving.process.wait(30)
        starting.result()
    return 2


@contextmanager
def _saving(app: App, folder: Path) -> Iterator[None]:
    """While images are on their way: from when the first of them is in the folder, as a warm-up comes before it."""
    before = len(list(folder.glob("*.png")))
    visitor, clock = Visitor(app, 2), Clock.of(_PATIENCE_S)
    answer = visitor.call("page", page_values(app, images=AT_ONCE, models=["instaflow-mini"]))
    with visitor.listen(f"/gradio_api/call/page/{answer.event}"):
        while len(list(folder.glob("*.png"))) == before and clock.left > 0:
            time.sleep(0.02)
        yield


def _killed_at_start(shared: Path, after_s: float) -> None:
    command = [sys.executable, "app.py", "--port", str(free_port()), *_flags(shared)]
    log = (Path(tempfile.mkdtemp(dir=shared)) / "app.log").open("wb")
    with log, subprocess.Popen(command, cwd=ROOT, env=_settings(shared), stdout=log, stderr=log) as process:
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)


def _age_what_was_left(room: Path) -> list[Path]:
    """The temporary folders of killed apps, as old as those that the next start removes."""
    left, then = list(room.glob("instaflow-shown-*")), time.time() - _LONG_AGO_S
    for folder in left:
        os.utime(folder, (then, then))
    return left


# ---------------------------------------------------------------- two at once


def two_apps(shared: Path, clock: Clock, count: int = SAVED) -> Row:
    """Both save images of all their visitors in one folder, at the same time."""
    with _sharing(shared) as first, _sharing(shared) as second, ThreadPoolExecutor(2) as pool:
        drawn = sum(pool.map(lambda app: _drawn(app, clock, count // 2), (first, second)))
    damaged, whole = sound(shared / "out")
    return Row.judged(
        "two apps on one folder",
        "every image is there and whole",
        drawn,
        count,
        f"{drawn - whole} lost, {damaged} damaged",
        whole == drawn,
        not damaged,
    )


def _drawn(app: App, clock: Clock, count: int) -> int:
    """How many images an app has drawn and saved of so many."""
    done, values = 0, page_values(app, images=AT_ONCE, models=["instaflow-mini"])
    for number in clock.counted(-(-count // AT_ONCE)):
        visitor = Visitor(app, number)
        answer = visitor.call("page", values)
        if answer.status == 200 and visitor.outcome("page", answer.event)[0] == "complete":
            done += AT_ONCE
    return done
