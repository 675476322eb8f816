"""The part of the Hub that Spaces are pushed to, on loopback, for the real huggingface_hub client."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any

COMMIT = "d" * 40
TOKEN = "hf_of_the_tests"
BINARY = (".safetensors", ".bin", ".png", ".jpg", ".webp")


@dataclass
class TinySpaces:
    """One Space: what it was `created` with, and its `files`. Who comes without the token is nobody.

    `refusal` is a status and a sentence that nothing is made with.
    """

    url: str = ""
    created: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    refusal: tuple[int, str] | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What a process's environment must say so that it pushes to this one."""
        reached = {"HF_ENDPOINT": self.url, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        return reached | {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": TOKEN}


@contextmanager
def tiny_spaces() -> Iterator[TinySpaces]:
    spaces = TinySpaces()
    handler = type("Handler", (_Handler,), {"spaces": spaces})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        spaces.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield spaces
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    spaces: TinySpaces
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Its files; the client asks for other things as well, and does without."""
        if "/tree/" not in self.path:
            return self._send(404, {"error": self.path})
        tree = [{"type": "file", "path": n, "size": len(c), "oid": "0" * 40} for n, c in self.spaces.files.items()]
        self._send(200, tree)

    def do_PUT(self) -> None:
        """A large file, to the address that was given for it."""
        content = self._body()
        self.spaces.large[self.path.rpartition("/")[2]] = content
        self._send(200, {})

    def do_POST(self) -> None:
        body, path = self._body(), self.path.partition("?")[0]
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._send(401, {"error": "Invalid username or password."})
        if self.spaces.refusal:
            status, said = self.spaces.refusal
            return self._send(status, {"error": said})
        answers = {
            "/api/repos/create": self._create,
            "/api/validate-yaml": self._validate,
            "/api/spaces/me/demo/preupload/main": self._choose_ways,
            "/spaces/me/demo.git/info/lfs/objects/batch": self._say_where,
            "/api/spaces/me/demo/commit/main": self._commit,
        }
        answer = answers.get(path)
        return self._send(404, {"error": path}) if answer is None else self._send(200, answer(body))

    def _create(self, body: bytes) -> dict:
        self.spaces.created = json.loads(body)
        return {"url": f"{self.spaces.url}/spaces/me/demo", "name": "me/demo", "id": "1"}

    def _validate(self, body: bytes) -> dict:
        asked = json.loads(body)
        assert asked["repoType"] == "space"
        assert asked["content"].startswith("---\n")
        return {"errors": [], "warnings": []}

    def _choose_ways(self, body: bytes) -> dict:
        files = [(PurePosixPath(file["path"]), file) for file in json.loads(body)["files"]]
        return {
            "files": [
                {
                    "path": str(path),
                    "uploadMode": "lfs" if path.suffix in BINARY else "regular",
                    "shouldIgnore": False,
                    "oid": None,
                }
                for path, _ in files
            ]
        }

    def _say_where(self, body: bytes) -> dict:
        objects = json.loads(body)["objects"]
        return {
            "transfer": "basic",
            "objects": [
                {**each, "actions": {"upload": {"href": f"{self.spaces.url}/large/{each['oid']}", "header": {}}}}
                for each in objects
            ],
        }

    def _commit(self, body: bytes) -> dict:
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            match line["key"]:
                case "header":
                    self.spaces.commits.append(value["summary"])
                case "file":
                    self.spaces.files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    content = self.spaces.large[value["oid"]]
                    assert hashlib.sha256(content).hexdigest() == value["oid"]
                    self.spaces.files[value["path"]] = content
                case "deletedFile":
                    del self.spaces.files[value["path"]]
        return {"commitUrl": f"{self.spaces.url}/spaces/me/demo/commit/{COMMIT}", "commitOid": COMMIT}

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _send(self, status: int, told: Any) -> None:
        content = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
