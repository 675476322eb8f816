"""Rows that tests measure: pytest runs them in a process of its own, and what it reports is counted."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from served import ROOT

from .record import Clock, Row

CHECKPOINTS = ("tests/test_damaged.py",)
DISKS = (
    "tests/test_app.py::test_images_are_shown_and_kept_where_temporary_files_find_no_room",
    "tests/test_gallery.py::test_a_full_disk_is_a_sentence_and_leaves_nothing_behind",
    "tests/test_gallery.py::test_a_folder_that_takes_no_more_is_named_and_holds_whole_images_only",
    "tests/test_gallery.py::test_a_folder_that_cannot_be_is_a_sentence",
    "tests/test_hub.py::test_a_disk_without_room_is_named_before_anything_is_fetched",
    "tests/test_hub.py::test_where_no_cache_can_be_written_nothing_is_fetched",
    "tests/test_arena.py::test_homes_in_which_nothing_can_be_kept",
    "tests/test_space.py::test_nothing_is_left_of_a_folder_that_finds_no_room",
    "tests/test_homes.py::test_the_page_is_there_without_a_home",
)
FAKES = ("tests/test_measure.py", "tests/test_device.py")
SECRETS = ("tests/test_secrets.py",)
SCRIPTS = ("tests/test_browser.py::test_hostile_prompts_stay_text_everywhere", "tests/test_album.py")
NUMBERS = (
    "tests/test_engine.py::test_an_image_does_not_depend_on_its_batch",
    "tests/test_engine.py::test_one_seed_gives_one_image",
    "tests/test_service.py::test_saved_images_can_be_made_again_from_what_is_in_them",
)
_CHECKPOINTS, _PATIENCE_S = 143, 10.0


def tested(name: str, target: str, tests: Sequence[str], clock: Clock, fewest: int = 1) -> Row:
    """A row that is met if at least `fewest` tests pass and none fails; those that this machine cannot do are told."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        ended = _run(tests, report, clock)
        passed, failed, skipped = _counts(report)
    wanted = max(fewest, passed + failed)
    told = f"{passed} tests pass, {failed} fail" + (f", {skipped} skipped here" if skipped else "")
    return Row.judged(
        name, target, passed + failed, wanted, told + ("" if ended else "; time was up"), ended, not failed
    )


def _run(tests: Sequence[str], report: Path, clock: Clock) -> bool:
    """Whether pytest came to its end in time."""
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", f"--junitxml={report}", *tests]
    settings = os.environ | {"OMP_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, env=settings, **quiet) as process:
        try:
            process.wait(max(1.0, clock.left))
        except subprocess.TimeoutExpired:
            _interrupt(process)
            return False
    return process.returncode == 0


def _interrupt(process: subprocess.Popen) -> None:
    """Let pytest end what its tests have started, and report what it has."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _counts(report: Path) -> tuple[int, int, int]:
    """Tests that passed, failed and were skipped; none if there is no report."""
    if not report.exists():
        return 0, 0, 0
    suite = ElementTree.parse(report).getroot()[0]
    tests, failures, errors, skipped = (int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped"))
    return tests - failures - errors - skipped, failures + errors, skipped


def checkpoints(clock: Clock) -> Row:
    target = "every one gets a sentence, or draws the right image"
    return tested("damaged checkpoints", target, CHECKPOINTS, clock, _CHECKPOINTS)


def disks(clock: Clock) -> Row:
    return tested(
        "full and read-only disks", "images are shown, and a sentence says what could not be kept", DISKS, clock
    )


def fakes(clock: Clock) -> Row:
    return tested("fake clocks and devices", "every number is the one that the clock and the device gave", FAKES, clock)


def secrets(clock: Clock, logs: Iterable[Path] = (), known: Iterable[str] = ()) -> Row:
    """Also the logs of what has run so far, in which nothing `known` may be."""
    row = tested("secrets in logs", "no prompt and no token in any log", SECRETS, clock)
    read = [path.read_text(encoding="utf-8", errors="replace") for path in logs]
    found = sum(text.count(secret) for text in read for secret in known)
    told = f"{row.measured}; {found} in {len(read)} logs of these runs"
    return replace(row, measured=told, passed=row.passed and not found)


def scripts(clock: Clock) -> Row:
    return tested("scripts in texts", "none runs, in a real browser", SCRIPTS, clock)


def numbers(clock: Clock) -> Row:
    return tested("the same image", "alone, in a batch, and from its own file", NUMBERS, clock)
