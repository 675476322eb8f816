"""What every test shares: its turn, no network but loopback, and the shipped models loaded once."""

import gc
import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import served
import together

from instaflow_demo.registry import MODELS

if TYPE_CHECKING:  # the process that only starts the others has no use for torch
    from playwright.sync_api import Browser

    from instaflow_demo.engines import Sampler

FLOWS = [name for name, spec in MODELS.items() if spec.shipped and spec.kind == "latent"]

# fmt: off
LONG = (
    "browser", "training", "browser_access", "homes", "browser_flow", "networks", "conversion", "browser_links",
    "table", "space", "compiled", "browser_gallery", "browser_live", "browser_grid", "text2im", "browser_arena",
    "published", "evaluation", "unread", "app", "scene_evaluation", "refiner", "api", "schedulers", "engine",
    "scene_training", "effects", "damaged", "hub", "places", "passes", "mcp", "temporary", "admission",
    "benchmark", "cli", "lora", "layout", "safety", "docs", "measure", "community",
)
"""Files that take longest, the longest first, so that no process is left alone with one of them at the end."""
# fmt: on


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the process that starts the others, which inherit what it sets
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # processes are many; networks as small as these wait for threads
        together.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        together.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {f"test_{name}": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONG)))


def pytest_collection_finish() -> None:
    """Libraries and tests stay: what an engine does once it is closed, `gc.collect`, need not look through them."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around all that counts towards a test's time."""
    with together.turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting to anything but this machine fails."""
    connect = socket.socket.connect

    def only_loopback(self: socket.socket, address, *rest):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test tried to reach {address[0]}")
        return connect(self, address, *rest)

    monkeypatch.setattr(socket.socket, "connect", only_loopback)


@pytest.fixture(scope="module", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests convert is not put among the user's own, and no other file's tests find it there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSTAFLOW_DEMO_HOME", str(served.home(tmp_path_factory.mktemp("home"))))
        yield


@pytest.fixture(scope="module")
def home_with_openvino(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One in which the shipped models are converted for OpenVINO, or will be, once for all tests that use it."""
    with pytest.MonkeyPatch.context() as patch:
        made = served.home_with_openvino(tmp_path_factory.mktemp("converted"))
        patch.setenv("INSTAFLOW_DEMO_HOME", str(made))
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """For tests of the page."""
    import chromium

    yield from chromium.open_browser()


@pytest.fixture(scope="session", params=FLOWS)
def shipped(request: pytest.FixtureRequest) -> Iterator[tuple[str, "Sampler"]]:
    """Each shipped rectified flow in turn, on the CPU in float32."""
    from instaflow_demo import engines
    from instaflow_demo.machine import device
    from instaflow_demo.weights.locate import Weights

    spec = MODELS[request.param]
    engine = cast("Sampler", engines.load(spec, Weights().locate(spec), device.choose("cpu", "float32")))
    yield spec.id, engine
    engine.close()
