"""Converts a model for OpenVINO in a process of its own, which takes only the time that nobody else wants.

Converting keeps Python busy for seconds and takes a gigabyte, neither of which an app that serves can spare.
"""

import json
import logging
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from ..machine import caches
from ..registry import MODELS
from ..request import GenerationRequest
from ..weights.locate import ModelFiles
from .backends import kept
from .placement import choose_placement

_LOOK_EVERY_S = 0.2
_SAID = 4000  # bytes of what a process said at last, for the log

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """A run of a model by OpenVINO: all that it needs is converted, compiled for its shapes, and kept.

    `settings` are those of a request.
    """

    model: str
    files: ModelFiles
    settings: dict[str, Any]

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "Order":
        values = json.loads(text)
        commit = values["files"].pop("commit")
        folders = {name: folder and Path(folder) for name, folder in values["files"].items()}
        return cls(values["model"], ModelFiles(commit=commit, **folders), values["settings"])


def convert_elsewhere(order: Order, unwanted: Callable[[], bool]) -> bool:
    """Whether another process has done what is asked for, which takes a minute; it is stopped once it is unwanted.

    It leaves nothing half written, however it ends.
    """
    writer = f"{secrets.token_hex(8)}-"
    try:
        with tempfile.TemporaryFile() as said:
            code = _follow(_start(writer, said), order, unwanted)
            if code and not unwanted():
                said.seek(-min(_SAID, said.tell()), os.SEEK_END)
                log.error("converting for OpenVINO failed (%d): %s", code, said.read().decode(errors="replace"))
        return code == 0
    except OSError:
        log.exception("converting for OpenVINO could not begin")
        return False
    finally:
        kept.sweep(writer)


def _start(writer: str, said: IO[bytes]) -> "subprocess.Popen[bytes]":
    """The process, in a group of its own, as a Ctrl-C is for whoever started it.

    Not in a session of its own: Linux gives each session its share, however low the priority.
    """
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(  # noqa: S603 - this very module
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=said,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", caches.WRITER: writer},
        process_group=0,
    )


def _follow(process: "subprocess.Popen[bytes]", order: Order, unwanted: Callable[[], bool]) -> int:
    """The exit code of a process, after it was told what to do. Its input stays open: it ends when that does."""
    with process:
        with suppress(BrokenPipeError):
            os.write(process.stdin.fileno(), f"{order.to_json()}\n".encode())  # pyright: ignore[reportOptionalMemberAccess]
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_LOOK_EVERY_S)
            if unwanted():
                process.kill()


def main() -> None:
    """Do what the process that started this one asks for on the standard input, and end at once when that is closed."""
    order = Order.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    _step_back()
    convert(order)


def convert(order: Order) -> None:
    """Load the model and draw an image that nobody sees: what that converts and compiles is kept."""
    from .load import load  # noqa: PLC0415 - the process should be able to end before torch is imported

    spec = MODELS[order.model]
    request = GenerationRequest.parse("a dog", order.model, device="cpu", backend="openvino", **order.settings)
    engine = load(spec, order.files, choose_placement(request, spec))
    for _ in engine.generate(request, request.runs[0]):
        pass


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1):  # a reader with a buffer would be locked when the process ends
        pass
    kept.sweep(os.environ[caches.WRITER])
    os._exit(1)


def _step_back() -> None:
    """Leave processor and memory to others, as far as the system has a way to."""
    process = psutil.Process()
    process.nice(psutil.IDLE_PRIORITY_CLASS if os.name == "nt" else 19)  # pyright: ignore[reportAttributeAccessIssue]
    with suppress(OSError):  # where memory ends, Linux should end this process
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    main()
