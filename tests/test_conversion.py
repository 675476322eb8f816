"""OpenVINO without waiting: PyTorch draws while a process of its own converts, and OpenVINO takes over in a later run.

The conversions here are real, of a small random checkpoint in the place of shipped models. The process has the lowest
priority, so these tests run alone.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
from served import ROOT, environment
from small_sd import save_published

from instaflow_demo.engines import conversion
from instaflow_demo.engines.conversion import (
    ALIKE,
    CONVERTING,
    NOT_CONVERTED,
    NOT_KEPT,
    TAKEN_OVER,
    UNCONVERTED,
    gain_note,
)
from instaflow_demo.errors import Sentence
from instaflow_demo.events import Done, Event, ImageReady, Loading
from instaflow_demo.gallery import Gallery, read_metadata
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights

pytest.importorskip("openvino")
pytestmark = pytest.mark.timeout(1000)  # the lowest priority waits for whatever else the machine does

ONE, OTHER = "instaflow-mini", "2rf-mini"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_published(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def another(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(checkpoint, tmp_path_factory.mktemp("another") / "model")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which nothing is kept yet."""
    monkeypatch.setenv("INSTAFLOW_DEMO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # for other processes
    return tmp_path / "home"


@pytest.fixture
def serve(checkpoint: Path, another: Path, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Makes services, and closes them."""
    made: list[Service] = []

    def start(*, lasting: bool = True) -> Service:
        weights = Weights(folders={ONE: checkpoint, OTHER: another})
        made.append(Service(weights, Gallery(tmp_path / "out"), lasting=lasting))
        return made[-1]

    yield start
    for service in made:
        service.close()


def ask(*models: str, **settings) -> GenerationRequest:
    return GenerationRequest.parse("a big dog", models or ONE, **({"seed": 5, "steps": 1, "device": "cpu"} | settings))


def images(service: Service, *models: str, **settings) -> list[ImageReady]:
    return [event for event in service.run(ask(*models, **settings)) if isinstance(event, ImageReady)]


def facts(images: list[ImageReady]) -> list[tuple[str, bool, tuple[Sentence, ...]]]:
    return [(image.timing.backend, image.timing.warm, image.notes) for image in images]


def converting() -> list[psutil.Process]:
    """The processes that convert."""
    found = []
    for each in psutil.Process().children():
        with suppress(psutil.Error):
            if "instaflow_demo.engines.converter" in each.cmdline():
                found.append(each)
    return found


def until(condition: Callable[[], object], seconds: float = 400) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def half_written(folder: Path) -> list[Path]:
    return list(folder.rglob(".partial-*"))


@pytest.mark.alone
def test_models_are_converted_in_the_background_one_after_another_and_openvino_takes_over(
    serve: Callable[..., Service], home: Path, tmp_path: Path
) -> None:
    service = serve()
    events: list[Event] = []
    for event in service.run(ask(ONE, OTHER, images=2)):
        events.append(event)
        if not isinstance(event, Done):
            assert not converting() or event.model == OTHER, "nothing takes time from the first images"
    meanwhile = [event for event in events if isinstance(event, ImageReady)]
    assert facts(meanwhile) == [("eager", False, (CONVERTING,)), ("eager", True, (CONVERTING,))] * 2
    assert {read_metadata(image.path)["dtype"] for image in meanwhile if image.path} == {"float32"}
    at_once, priorities = set(), set()

    def all_done() -> bool:
        at_once.add(len(processes := converting()))
        with suppress(psutil.Error):
            priorities.update(each.nice() for each in processes)
        return not service._conversions._said

    until(all_done)
    assert max(at_once) == 1
    assert 19 in priorities
    assert not half_written(home)
    took = service._conversions._gains._before  # images as small as these gain nothing: make it a gain
    took.update({shape: 1000 * seconds for shape, seconds in took.items()})
    afterwards = images(service, ONE, OTHER, images=2)
    assert facts(afterwards)[::2] == [("openvino", False, (TAKEN_OVER,))] * 2
    for image in afterwards[1::2]:
        (note,) = image.notes
        (times,) = re.findall(r"[\d.]+(?= times)", note)
        assert note == gain_note(float(times))
    assert {loaded.key.backend for loaded in service.pool.loaded} == {"openvino"}
    assert [read_metadata(image.path)["backend"] for image in afterwards if image.path] == ["openvino"] * 4
    before, now = (np.stack([image.image for image in each]).astype(int) for each in (meanwhile, afterwards))
    assert np.abs(before - now).mean() < 2
    assert facts(images(serve(lasting=False))) == [("openvino", False, ())], "the next process reads what is kept"
    (home / "openvino").rename(tmp_path / "gone")
    assert facts(images(serve(lasting=False))) == [("eager", False, (UNCONVERTED,))]


def test_a_command_uses_pytorch_where_nothing_is_converted_and_says_so_once(serve: Callable[..., Service]) -> None:
    service = serve(lasting=False)
    assert facts(images(service)) == [("eager", False, (UNCONVERTED,))]
    assert facts(images(service)) == [("eager", True, ())]
    assert not converting()


def test_models_that_are_compared_are_run_alike(serve: Callable[..., Service]) -> None:
    service = serve(lasting=False)
    (asked,) = images(service, backend="openvino")
    assert asked.timing.backend == "openvino"
    assert [image.timing.backend for image in images(service)] == ["openvino"]
    assert facts(images(service, ONE, OTHER)) == [("eager", False, (ALIKE,)), ("eager", False, (UNCONVERTED,))]
    in_turn = [event for _, event in service.run_all([ask(ONE), ask(OTHER)]) if isinstance(event, ImageReady)]
    assert [image.timing.backend for image in in_turn] == ["eager"] * 2
    chosen = images(service, ONE, OTHER, backend="openvino")
    assert [image.timing.backend for image in chosen] == ["openvino"] * 2


@pytest.mark.alone
@pytest.mark.parametrize("how", ["closed", "evicted"])
def test_what_nobody_wants_any_more_is_not_converted(serve: Callable[..., Service], home: Path, how: str) -> None:
    service = serve()
    images(service)
    until(converting)
    (process,) = converting()
    until(lambda: len(process.open_files()) > 2 or process.memory_info().rss > 200_000_000)
    service.close() if how == "closed" else service.pool.close()
    until(lambda: not process.is_running(), 10)
    until(lambda: not service._conversions._said, 10)
    assert not half_written(home)
    assert facts(images(service))[0][::2] == ("eager", (CONVERTING,))
    assert bool(service._conversions._said) == (how == "evicted"), "it is begun once more"


@pytest.mark.alone
def test_a_conversion_that_is_killed_leaves_pytorch_serving(
    serve: Callable[..., Service], home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = serve()
    images(service)
    until(lambda: half_written(home))
    (process,) = converting()
    process.kill()
    until(lambda: CONVERTING not in service._conversions._said.values())
    assert "converting for OpenVINO failed" in caplog.text
    assert not half_written(home)
    assert facts(images(service)) == [("eager", True, (NOT_CONVERTED,))]
    assert not converting(), "it is not tried again"


@pytest.mark.alone
@pytest.mark.parametrize("spare", [True, False])
def test_where_the_home_cannot_be_written_to(
    serve: Callable[..., Service], home: Path, tmp_path: Path, spare: bool
) -> None:
    home.touch()
    if not spare:
        (tmp_path / f"instaflow_demo-{os.getuid()}").touch()
    service = serve()
    images(service)
    until(lambda: CONVERTING not in service._conversions._said.values())
    events = list(service.run(ask()))
    (image,) = (event for event in events if isinstance(event, ImageReady))
    if spare:
        assert image.timing.backend == "openvino"
        (note,) = (note for event in events if isinstance(event, Loading) for note in event.notes)
        assert "cannot be kept in" in note
    else:
        assert facts([image]) == [("eager", True, (NOT_KEPT,))]


SERVING = """
import signal, sys, time
from pathlib import Path
from instaflow_demo.request import GenerationRequest
from instaflow_demo.service import Service
from instaflow_demo.weights.locate import Weights
signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background may have begun without it
service = Service(Weights(folders={sys.argv[1]: Path(sys.argv[2])}), lasting=True)
list(service.run(GenerationRequest.parse("a big dog", sys.argv[1], device="cpu", save=False)))
print("drawn", flush=True)
time.sleep(600)
"""


@pytest.mark.alone
@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGKILL], ids=lambda each: each.name)
def test_a_conversion_ends_with_the_process_that_wanted_it(
    checkpoint: Path, tmp_path: Path, home: Path, signal_: signal.Signals
) -> None:
    told = environment(tmp_path) | {"PYTHONPATH": str(ROOT), "INSTAFLOW_DEMO_HOME": str(home)}
    command = [sys.executable, "-c", SERVING, ONE, str(checkpoint)]
    with subprocess.Popen(
        command, env=told, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"drawn\n"
        try:
            until(lambda: psutil.Process(process.pid).children(), 200)
            (child,) = psutil.Process(process.pid).children()
            # it writes late, and for as long as a moment: what it leaves is looked for wherever it has come to
            until(lambda: half_written(home) or not child.is_running(), 200)
            process.send_signal(signal_)
            process.wait(60)
        finally:
            process.kill()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 60)
    until(lambda: not half_written(home), 60)


def test_what_only_openvino_can_do_and_what_is_to_be_timed_waits_for_it(serve: Callable[..., Service]) -> None:
    service = serve()
    (image,) = (event for event in service.run(ask(), patient=True) if isinstance(event, ImageReady))
    assert image.timing.backend == "openvino"
    assert conversion.choose_placement(ask(decoder="int8"), ask().runs[0].model).background is False
    assert conversion.choose_placement(ask(), ask().runs[0].model).background is True
    assert not converting()
