"""A stand-in of ZeroGPU's device API on loopback: what Hugging Face's package `spaces` asks for a GPU.

Run alone, it serves one card until it is ended: `python tests/zerogpu_api.py PORT UUID`.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

FULL = 10**6


@dataclass
class DeviceApi:
    """One card, which is lent to whoever has the seconds left; `calls` are the paths that were asked for, in order.

    `answer` is what it does when it is asked for the card: lend it, let wait, or say that there is none. Of a lent card
    `workers` has the processes. Settings can be changed by posting them to /settings.
    """

    uuid: str = "GPU-0"
    left: int = FULL
    wait: int = 600
    answer: str = "lend"
    calls: list[str] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    workers: list[int] = field(default_factory=list)
    lent: bool = False
    used: bool = False

    def respond(self, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        """The status and the JSON of an answer; a text is sent as events."""
        if path == "/settings":
            vars(self).update(json.loads(body or b"{}"))
            return 200, {name: value for name, value in vars(self).items() if name != "uuid"}
        self.calls.append(path.strip("/") + ("!" if query.get("fail") in ("True", "true") else ""))
        if path == "/schedule":
            return self._schedule(int(query["durationSeconds"]))
        if path == "/allow":
            self.workers.append(int(query["pid"]))
        if path == "/release":
            self.lent, self.used = False, query.get("fail") not in ("True", "true")
        return 200, {}

    def _schedule(self, seconds: int) -> tuple[int, Any]:
        self.asked.append(seconds)
        if self.answer == "none":
            return 503, {}
        if seconds > self.left:
            return 429, {"left": self.left, "wait": self.wait}
        lent = {"idle": self.used, "nvidiaIndex": 0, "nvidiaUUID": self.uuid, "allowToken": f"token{len(self.asked)}"}
        self.lent = True
        if self.answer == "wait":
            return 200, f"event: succeeded\ndata: {json.dumps(lent)}\n\n"
        return 200, lent


@contextmanager
def serve(api: DeviceApi, port: int = 0) -> Iterator[str]:
    """The address at which an API answers, within the context."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            split = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            query = {name: values[0] for name, values in parse_qs(split.query).items()}
            status, said = api.respond(split.path, query, body)
            content = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("content-type", "text/event-stream" if isinstance(said, str) else "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


if __name__ == "__main__":
    with serve(DeviceApi(uuid=sys.argv[2]), int(sys.argv[1])):
        threading.Event().wait()
