"""`python -m tests.soak --minutes M`: every row of the scorecard, one after another, in about so many minutes.

First come the rows that measure seconds, alone on the machine. Then an app draws image after image in the background,
for the rest of the time, while the rows that measure no seconds have their turns. Each row has a share of the time and
ends with it: what it had no time for is in its `done` of `wanted`.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from served import ROOT, App, running_app

from instaflow_demo.machine.environment import fingerprint, usable_cores

from . import endurance, faults, inputs, load, suite, threats
from .record import Clock, Row, to_json, write

FILE, PAGE = ROOT / "assets/results/scorecard.json", ROOT / "assets/docs/scorecard.md"
TOKEN = "hf_" + "s" * 34
KNOWN = (TOKEN, "a big dog")
"""What no log may hold."""
_ALONE = {"visitors": 0.06, "unattended": 0.08, "steady": 0.03, "dropped": 0.22, "inputs": 0.12}
"""The most that rows may take of all the time. What one does not need goes to those after it."""
_BESIDE = {"kills": 0.3, "two_apps": 0.12, "tests": 0.25, "secrets": 0.1}
"""The most that others may take of what those leave; damaged checkpoints have the rest."""
_TESTS = (threats.threats, suite.numbers, suite.fakes, suite.disks, suite.scripts)
_END_S = 5.0


@dataclass(frozen=True)
class Plan:
    """Where and for how long: a folder for whatever is written, and the clock of all rows together."""

    folder: Path
    clock: Clock
    minutes: float

    def share(self, of_all: float) -> Clock:
        """The clock of a row that may take a part of all the time."""
        return self.clock.first(of_all * 60 * self.minutes)

    def place(self, name: str) -> Path:
        """A new folder."""
        made = self.folder / name
        made.mkdir()
        return made

    @property
    def logs(self) -> list[Path]:
        """What the apps have logged so far."""
        return sorted(self.folder.rglob("app.log"))


def rows(plan: Plan) -> Iterator[Row]:
    """The scorecard, row by row as they are measured; without its app, a part of them is a single row that missed."""
    for part in (_alone, _beside):
        name = part.__name__.strip("_")
        try:
            with _app(plan, name) as app:
                yield from part(plan, app)
        except (AssertionError, OSError) as error:
            yield Row(f"rows {name}", "the app starts and goes on", f"{error!r:.300}", False, 0, 1)


@contextmanager
def _app(plan: Plan, name: str) -> Iterator[App]:
    with running_app(plan.place(name), "--offline", "--host", "0.0.0.0", HF_TOKEN=TOKEN) as app:
        yield app


def _alone(plan: Plan, app: App) -> Iterator[Row]:
    """Rows that measure seconds, and the one that ends what the app can be asked for."""
    load.wait_until_warm(app, plan.clock)
    for measure in (load.steady, load.visitors, load.unattended, load.dropped, inputs.inputs):
        yield from _measured(measure, app, plan.share(_ALONE[measure.__name__]))


def _beside(plan: Plan, app: App) -> Iterator[Row]:
    """Rows that measure no seconds, while the app draws image after image."""
    with ThreadPoolExecutor(1) as pool:
        images = pool.submit(lambda: list(_measured(endurance.endurance, app, plan.clock)))
        yield from _meanwhile(plan)
        yield from images.result()


def _meanwhile(plan: Plan) -> Iterator[Row]:
    rest = plan.clock.left / 60 / plan.minutes
    for measure in (faults.kills, faults.two_apps):
        name = measure.__name__
        yield from _measured(measure, plan.place(name), plan.share(rest * _BESIDE[name]))
    for test in _TESTS:
        yield from _measured(test, plan.share(rest * _BESIDE["tests"] / len(_TESTS)))
    yield from _measured(suite.secrets, plan.share(rest * _BESIDE["secrets"]), plan.logs, KNOWN)
    yield from _measured(suite.checkpoints, plan.clock)


def _measured(measure: Callable[..., Row | tuple[Row, ...]], *given: Any) -> Iterator[Row]:
    """The rows that a function measures, with the seconds that it took; one that cannot is a row that missed."""
    begin = time.monotonic()
    try:
        if any(isinstance(each, Clock) and each.left <= 0 for each in given):
            raise TimeoutError("there was no time for it")
        found = measure(*given)
    except Exception as error:  # noqa: BLE001 - the other rows are measured all the same
        found = Row(measure.__name__, "", f"could not be measured: {error!r:.300}", False, 0, 1)
    for row in found if isinstance(found, tuple) else (found,):
        yield replace(row, seconds=time.monotonic() - begin)


def environment() -> dict[str, Any]:
    """The machine, and how busy it is with something else."""
    machine = fingerprint()
    return {
        "platform": machine.platform,
        "python": machine.python,
        "cpu": machine.cpu,
        "processors": usable_cores(),
        "load": round(os.getloadavg()[0], 2),
        "versions": machine.versions,
    }


def _line(row: Row) -> str:
    """What is said of a row as soon as it is measured."""
    met = "met   " if row.passed else "MISSED"
    return f"{met} {row.row} ({row.done:,} of {row.wanted:,}, {row.seconds:.0f} s): {row.measured}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the file and the manual's table; the exit code is 1 if a row misses its target."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Measure the scorecard.")
    parser.add_argument("--minutes", type=float, default=8.0, help="about how long it takes; 40 draw 10,000 images")
    parser.add_argument("--to", type=Path, default=FILE, help="the file of the results")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page of the manual that holds their table")
    asked = parser.parse_args(arguments)
    machine, found = environment(), []
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        plan = Plan(Path(folder), Clock.of(60 * asked.minutes - _END_S), asked.minutes)
        for row in rows(plan):
            found.append(row)
            typer.echo(_line(row))
    write(to_json(found, machine, asked.minutes), asked.to, asked.page)
    return 0 if all(row.passed for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
