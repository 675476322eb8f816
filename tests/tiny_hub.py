"""A hub on loopback that serves folders to the real huggingface_hub client, as badly as a test wants it to."""

import hashlib
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen

from served import ROOT, environment

COMMIT = "c" * 40

FETCH = """
import os
import shutil
import sys
from types import SimpleNamespace
from instaflow_demo.errors import DemoError
from instaflow_demo.registry import MODELS
from instaflow_demo.weights import hub
if "FREE_BYTES" in os.environ:
    shutil.disk_usage = lambda _: SimpleNamespace(free=int(os.environ["FREE_BYTES"]))
try:
    for event in hub.download(MODELS[sys.argv[1]], half=sys.argv[2] == "half"):
        print(event.file, event.done, event.total, flush=True)
except DemoError as error:
    sys.exit(str(error))
"""


@dataclass
class TinyHub:
    """`status` answers every question with an error; `cuts` connections are broken off; `swap` serves other bytes.

    Connections are broken off in files of more than `cut_above` bytes. `served` has the files that were asked for,
    `resumed` those of which the rest was.
    """

    folder: Path
    url: str = ""
    status: int = 200
    message: str = ""
    cuts: float = 0
    cut_above: int = 10_000
    swap: bool = False
    served: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        """What a process's environment must say so that it asks this hub."""
        reached = {"HF_ENDPOINT": self.url, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        return reached | {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(ROOT)}

    def start(self, home: Path, model: str = "2rf", half: str = "full", **extra: str) -> Popen:
        """Fetch a model in a process of its own, whose cache is under `home`."""
        settings = environment(home) | self.settings | extra
        return Popen([sys.executable, "-c", FETCH, model, half], env=settings, stdout=PIPE, stderr=PIPE, text=True)

    def fetch(self, home: Path, *args: str, **extra: str) -> tuple[int, list[str], str]:
        """Exit code, the events' lines, and what went wrong."""
        process = self.start(home, *args, **extra)
        out, errors = process.communicate(timeout=240)
        return process.returncode, out.splitlines(), errors


@contextmanager
def tiny_hub(folder: Path) -> Iterator[TinyHub]:
    hub = TinyHub(folder)
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield hub
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    hub: TinyHub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        if self.hub.status != 200:
            return self._send(self.hub.status, b"{}", body, {"X-Error-Code": self.hub.message})
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/"):
            told = self._tree() if "/tree/" in path else self._info()
            return self._send(200, json.dumps(told).encode(), body, {"content-type": "application/json"})
        name = _name(path)
        file = self.hub.folder / name
        if not name or not file.is_file():
            return self._send(404, b"", body, {"X-Error-Code": "EntryNotFound"})
        content = file.read_bytes()
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        if body:
            self.hub.served.append(name)
        if self.hub.swap:
            content = content[::-1]
        return self._send(200, content, body, headers)

    def _files(self) -> list[tuple[str, int]]:
        files = sorted(path for path in self.hub.folder.rglob("*") if path.is_file())
        return [(path.relative_to(self.hub.folder).as_posix(), path.stat().st_size) for path in files]

    def _tree(self) -> list[dict]:
        return [{"type": "file", "path": name, "size": size, "oid": "0" * 40} for name, size in self._files()]

    def _info(self) -> dict:
        siblings = [{"rfilename": name, "size": size} for name, size in self._files()]
        return {"id": "some/model", "modelId": "some/model", "sha": COMMIT, "siblings": siblings}

    def _send(self, status: int, content: bytes, body: bool, headers: dict[str, str]) -> None:
        begin = 0
        if status == 200 and (wanted := self.headers.get("Range")):
            begin, status = int(wanted.removeprefix("bytes=").partition("-")[0]), 206
            headers = headers | {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"}
            self.hub.resumed.append(_name(self.path))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        cut = body and len(content) > self.hub.cut_above and self.hub.cuts > 0
        if body:
            self.wfile.write(content[begin : len(content) // 2 if cut else None])
        if cut:
            self.hub.cuts -= 1
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _name(path: str) -> str:
    """The file's, at the commit or at the branch that stands for it."""
    return re.sub(f"^.*/resolve/({COMMIT}|main)/", "", path) if "/resolve/" in path else ""


def cached(home: Path) -> set[str]:
    """The files that a cache holds, as a snapshot shows them."""
    snapshots = home / "hf/hub" / "models--XCLiu--2_rectified_flow_from_sd_1_5/snapshots" / COMMIT
    return {
        os.path.relpath(Path(folder) / name, snapshots) for folder, _, names in os.walk(snapshots) for name in names
    }
