"""Start the real app for a test, on a free port and without a network."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conditions import without
from together import shared

ROOT = Path(__file__).parent.parent
NOWHERE = "http://127.0.0.1:9"  # a proxy that refuses every connection


@dataclass(frozen=True)
class App:
    """A running app. `ready_s` is how long its page took to be there."""

    url: str
    out: Path
    ready_s: float
    process: subprocess.Popen

    def get(self, path: str) -> tuple[int, str]:
        return _answer(urllib.request.Request(self.url + path))

    def post(self, path: str, body: Any) -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return _answer(urllib.request.Request(self.url + path, data, {"content-type": "application/json"}))


@contextmanager
def running_app(
    folder: Path,
    *flags: str,
    prefix: Sequence[str] = (),
    given: dict[str, str] | None = None,
    root: Path = ROOT,
    **extra: str,
) -> Iterator[App]:
    """`python app.py --port <free> --out <folder>/out <flags>` in `root`, ended with the context.

    `extra` goes to its environment, which is `given` or the usual one; the command is put behind `prefix`.
    """
    port, out = free_port(), folder / "out"
    settings = (environment(folder) if given is None else given) | extra
    command = [*prefix, sys.executable, "app.py", "--port", str(port), "--out", str(out), *flags]
    # everything goes to files: nobody would read a pipe
    with (
        (folder / "app.log").open("wb") as log,
        subprocess.Popen(command, cwd=root, env=settings, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            start = time.monotonic()
            _wait(f"http://127.0.0.1:{port}", process, folder / "app.log")
            yield App(f"http://127.0.0.1:{port}", out, time.monotonic() - start, process)
        finally:
            process.terminate()


def home(folder: Path) -> Path:
    """A folder for converted checkpoints that has nothing in it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def home_with_openvino(folder: Path) -> Path:
    """One with what tests have converted for OpenVINO, which they share: it takes a minute."""
    shared("openvino").mkdir(exist_ok=True)
    link = home(folder) / "openvino"
    if not link.exists():
        link.symlink_to(shared("openvino"))
    return folder


def environment(folder: Path) -> dict[str, str]:
    """This process's environment with no way to the network, an empty Hugging Face cache, and without OpenVINO.

    An app would convert models in the background, and what it draws would depend on the moment.
    """
    proxies = {name: NOWHERE for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy")}
    return (
        os.environ
        | proxies
        | {
            "HF_HOME": str(folder / "hf"),
            "INSTAFLOW_DEMO_HOME": str(home(folder / "home")),
            "OMP_NUM_THREADS": "1",  # small networks only wait for threads, and other tests run beside
            "PYTHONPATH": without("openvino", folder / "none"),
            "PYTHONUNBUFFERED": "1",
        }
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answer(request: urllib.request.Request) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as response:
            return response.status, response.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def _wait(url: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(1800):  # what has to load models first takes longer where others compute
        try:
            if _answer(urllib.request.Request(url))[0] == 200:
                return
        except OSError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"the app did not start: {log.read_text(errors='replace')}")
