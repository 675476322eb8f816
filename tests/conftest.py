"""What every test shares: no network but loopback, and the shipped models loaded once."""

import shutil
import socket
from collections.abc import Iterator
from typing import cast

import pytest
from served import converted, home

from instaflow_demo import engines
from instaflow_demo.engines import Sampler
from instaflow_demo.machine import device
from instaflow_demo.registry import MODELS
from instaflow_demo.weights.locate import Weights

FLOWS = [name for name, spec in MODELS.items() if spec.shipped and spec.kind == "latent"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting to anything but this machine fails."""
    connect = socket.socket.connect

    def only_loopback(self: socket.socket, address, *rest):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test tried to reach {address[0]}")
        return connect(self, address, *rest)

    monkeypatch.setattr(socket.socket, "connect", only_loopback)


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests convert is not put among the user's own, and is gone afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSTAFLOW_DEMO_HOME", str(home(tmp_path_factory.mktemp("home"))))
        yield
    shutil.rmtree(converted(), ignore_errors=True)


@pytest.fixture(scope="session", params=FLOWS)
def shipped(request: pytest.FixtureRequest) -> Iterator[tuple[str, Sampler]]:
    """Each shipped rectified flow in turn, on the CPU in float32."""
    spec = MODELS[request.param]
    engine = cast(Sampler, engines.load(spec, Weights().locate(spec), device.choose("cpu", "float32")))
    yield spec.id, engine
    engine.close()
