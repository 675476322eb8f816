"""Visitors of a running app, each with an address and a session of their own."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from served import App

QUICK = {"model": "instaflow-mini", "images": 1}
FIELDS = ("prompt", "model", "images", "seed", "negative_prompt", "steps", "guidance", "size", "decoder")
USUAL = {"prompt": "a big dog", "images": 1, "seed": 7, "negative_prompt": "", "decoder": "full"}


@dataclass(frozen=True)
class Answer:
    """What came back. Status 0: nothing, because the connection ended or the time was up."""

    status: int
    text: str
    seconds: float

    @property
    def event(self) -> str:
        """The id of the run that was let in."""
        return json.loads(self.text)["event_id"]

    @property
    def sentence(self) -> str:
        """What a refusal says; empty if it says nothing."""
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            detail = json.loads(self.text)["detail"]
            return detail if isinstance(detail, str) else "".join(str(each.get("message") or "") for each in detail)
        return ""


@dataclass(frozen=True)
class Visitor:
    """The one with a number. Linux answers at every address that begins with 127; elsewhere all share one."""

    app: App
    number: int
    language: str = "en"

    @property
    def address(self) -> str:
        high, low = divmod(self.number, 250)
        address = f"127.{1 + high // 250 % 250}.{high % 250}.{1 + low}"
        return address if _can_bind(address) else "127.0.0.1"

    @property
    def session(self) -> str:
        return f"visitor{self.number}"

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Any = None,
        limit_s: float = 30.0,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """A request with a JSON body, or with bytes as they are."""
        begin = time.monotonic()
        try:
            with self._request(method, path, body, limit_s, headers or {}) as response:
                text = response.read(2_000_000).decode(errors="replace")
                return Answer(response.status, text, time.monotonic() - begin)
        except (OSError, http.client.HTTPException):
            return Answer(0, "", time.monotonic() - begin)

    def call(self, endpoint: str, data: list[Any], limit_s: float = 60.0, **more: Any) -> Answer:
        """Ask for something; `more` may give a session."""
        return self.send("POST", f"/gradio_api/call/{endpoint}", {"data": data} | more, limit_s)

    def ask(self, **asked: Any) -> Answer:
        """Ask for a run of one model."""
        given = USUAL | QUICK | asked
        return self.call("generate", [given.get(name) for name in FIELDS])

    @contextmanager
    def listen(self, path: str, limit_s: float = 300.0) -> Iterator[Iterator[tuple[str, Any]]]:
        """The events of a stream, by name, for as long as that; leaving the context hangs up."""
        end = time.monotonic() + limit_s
        with self._request("GET", path, None, limit_s, {}) as response:
            yield _events(response, end)

    def outcome(self, endpoint: str, event: str, limit_s: float = 300.0) -> tuple[str, Any]:
        """How a run ended, "complete" or "error", and with what; "" if it did not in time."""
        last = "", None
        path = f"/gradio_api/call/{endpoint}/{quote(event, safe='')}"
        with suppress(OSError, http.client.HTTPException), self.listen(path, limit_s) as events:
            for last in events:
                if last[0] in ("complete", "error"):
                    break
        return last

    def draw(self, limit_s: float = 120.0, **asked: Any) -> dict[str, Any]:
        """What a run of one model says of itself; empty if it was refused, failed, or took too long."""
        answer = self.ask(**asked)
        if answer.status != 200:
            return {}
        ended, said = self.outcome("generate", answer.event, limit_s)
        return said[0]["results"][0] if ended == "complete" else {}

    def press(self, body: dict[str, Any]) -> Answer:
        """What the page does at a press, to its end."""
        begin = time.monotonic()
        answer = self.send("POST", "/gradio_api/queue/join", body | {"session_hash": self.session})
        if answer.status != 200:
            return answer
        with self.listen(f"/gradio_api/queue/data?session_hash={self.session}", 30) as events:
            over = any(said["msg"] == "process_completed" and said["success"] for _, said in events)
        return Answer(200 if over else 0, "", time.monotonic() - begin)

    @contextmanager
    def _request(
        self, method: str, path: str, body: Any, limit_s: float, headers: dict[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        host, port = self.app.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=limit_s, source_address=(self.address, 0))
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        common = {"content-type": "application/json", "accept-language": self.language}
        try:
            connection.request(method, path, data, common | headers)
            yield connection.getresponse()
        finally:
            connection.close()


def page_function(app: App) -> tuple[list[str], list[Any]]:
    """The ids of the fields that the page's run is asked for with, and what the untouched page says in each."""
    config = json.loads(app.get("/config")[1])
    function = next(each for each in config["dependencies"] if each["api_name"] == "page")
    parts = {part["id"]: part["props"] for part in config["components"]}
    props = [parts[number] for number in function["inputs"]]
    return [each.get("elem_id") or "" for each in props], [each.get("value") for each in props]


def page_values(app: App, **changes: Any) -> list[Any]:
    """What the page sends for a run, with some fields changed."""
    names, values = page_function(app)
    return [changes.get(name, value) for name, value in zip(names, values, strict=True)]


def pressed(app: App, name: str, event: str, *values: Any) -> dict[str, Any]:
    """What the page sends when something happens to the part with that id; values that are not given are nothing."""
    config = json.loads(app.get("/config")[1])
    (part,) = [part["id"] for part in config["components"] if part["props"].get("elem_id") == name]
    named = [each for each in config["dependencies"] if [part, event] in map(list, each["targets"])]
    function = next(each for each in named if each["backend_fn"])
    data = [*values, *[None] * (len(function["inputs"]) - len(values))]
    return {"fn_index": function["id"], "data": data, "trigger_id": part}


def _events(response: http.client.HTTPResponse, end: float) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in response:
        if time.monotonic() > end:  # gradio sends heartbeats, so that reading never takes too long
            return
        if line.startswith(b"event:"):
            name = line.removeprefix(b"event:").strip().decode()
        elif line.startswith(b"data:"):
            yield name, json.loads(line.removeprefix(b"data:"))


@cache
def _can_bind(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
