"""The row about bad inputs: on every route, from a generator that a seed determines."""

import json
import random
import string
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import typer
from served import ROOT, App

from .record import Clock, Row
from .visitors import Answer, Visitor, page_function

INPUTS = 4000
_OUTCOME_S = 10.0
_ODD = [
    "",
    " ",
    "\x00",
    "\ud800",
    "💥" * 9,
    "x" * 4000,
    "{}",
    "%s",
    "${7*7}",
    "<img src=x onerror=alert(1)>",
    "../../x",
]
_NUMBERS = [0, -1, 1.5, 2**31, 2**63, 10**400, 1e308, -0.0, 77]
_EVENTS = ["id", "select", "value", "index", "bogus"]
_READ = [
    "",
    "config",
    "theme.css",
    "robots.txt",
    "manifest.json",
    "healthz",
    "metrics",
    "gradio_api/info",
    "login_check",
]
_READ += ["gradio_api/openapi.json", "gradio_api/app_id", "gradio_api/startup-events", "gradio_api/user", "preview.jpg"]
_STREAMS = ["gradio_api/queue/data", "gradio_api/heartbeat", "gradio_api/call", "gradio_api/call/v2"]
_CLOSED = [
    "upload",
    "component_server",
    "proxy=",
    "run",
    "stream",
    "deep_link",
    "process_recording",
    "monitoring",
    "mcp",
]
_SECRET_FILES = ["/etc/passwd", "/proc/self/environ", str(ROOT / "app.py"), "app.py", ".git", "~/.ssh/id_rsa"]
_WAYS_UP = [
    "",
    "../",
    "../../../../",
    "..%2f",
    "%2e%2e/",
    "....//",
    "/./",
    "//",
    "file://",
    "\\..\\",
    "%00",
    "http://127.1/",
]
_METHODS = ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"]
_SERVED = ("root:x:", "root:*:", "PATH=", "Serve the page: `python app.py`", "[core]")
"""What is in the files that nobody may read."""


@dataclass(frozen=True)
class Sent:
    """A request that the page would not make."""

    method: str
    path: str
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


def bad_inputs(app: App, seed: int = 23) -> Iterator[Sent]:
    """Without end, each once."""
    chance, kinds = random.Random(seed), _Kinds(app)
    seen: set[Sent] = set()
    while True:
        made = getattr(kinds, chance.choice(_Kinds.NAMES))(chance)
        if made not in seen:
            seen.add(made)
            yield made


class _Kinds:
    """The kinds of bad input, each a function of chance."""

    NAMES = (
        "values",
        "values",
        "forged_event",
        "forged_function",
        "shape",
        "shape",
        "no_json",
        "file",
        "stream",
        "closed",
    )

    def __init__(self, app: App):
        config = json.loads(app.get("/config")[1])
        self._functions = config["dependencies"]
        self._fields = page_function(app)
        self._usual = [
            ["a dog", "instaflow-mini", 1, 7, "", None, None, None, "full"],
            ["a dog", ["sd-mini"], 1, 7, ""],
        ]

    def values(self, chance: random.Random) -> Sent:
        """A run that the page or a program could ask for, but for a value or two."""
        usual = dict(zip(("page", "generate", "compare"), (self._fields[1], *self._usual), strict=True))
        name, data = chance.choice(list(usual.items()))
        data = list(data)
        for _ in range(chance.randint(1, 2)):
            data[chance.randrange(len(data))] = junk(chance)
        return _post(f"call/{name}", {"data": data})

    def forged_function(self, chance: random.Random) -> Sent:
        """Any function by its number, with any values."""
        each = chance.choice(self._functions)
        number = chance.choice([each["id"]] * 4 + [-1, 99999, None, "0", 1.5])
        count = chance.choice([len(each["inputs"]), chance.randrange(40)])
        body = {"data": [junk(chance) for _ in range(count)], "fn_index": number, "session_hash": _word(chance)}
        return _post("queue/join", body)

    def forged_event(self, chance: random.Random) -> Sent:
        """A function that reads what happened in the browser, told something that did not."""
        each = chance.choice(self._functions)
        data = [chance.choice([None, junk(chance)]) for _ in each["inputs"]]
        told = chance.choice([junk(chance), {name: junk(chance) for name in chance.sample(_EVENTS, 2)}])
        body = {"data": data, "fn_index": each["id"], "session_hash": _word(chance), "event_data": told}
        return _post("queue/join", body | {"trigger_id": chance.choice([None, junk(chance)])})

    def shape(self, chance: random.Random) -> Sent:
        """JSON in which names or their values are others than gradio expects."""
        route = chance.choice(
            ["queue/join", "call/page", "call/v2/generate", f"call/{_word(chance)}", "cancel", "reset"]
        )
        names = ["data", "fn_index", "session_hash", "event_id", "prompt", "model", "simple_format", _word(chance)]
        return _post(route, {name: junk(chance) for name in chance.sample(names, chance.randint(0, 4))})

    def no_json(self, chance: random.Random) -> Sent:
        """Bytes that are no JSON object, or do not say what they are."""
        whole = json.dumps({"data": [junk(chance) for _ in range(4)]}, allow_nan=True).encode()
        bodies = [whole[: chance.randrange(len(whole))], bytes(chance.randrange(256) for _ in range(40)), b"[" * 5000]
        bodies += [
            b'{"data": [NaN, -Infinity]}',
            b"null",
            b"x" * 300_000,
            b'{"data": "\\ud8%02x"}' % chance.randrange(256),
        ]
        route = chance.choice(["queue/join", "call/page", "call/v2/generate", "call/models", "cancel", "reset"])
        kind = chance.choice(
            ["application/json", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]
        )
        return Sent("POST", f"/gradio_api/{route}", chance.choice(bodies), (("content-type", kind),))

    def file(self, chance: random.Random) -> Sent:
        """A file that is nobody's business."""
        way, file = "".join(chance.choices(_WAYS_UP, k=chance.randint(1, 3))), chance.choice(_SECRET_FILES)
        path = quote(way + file, safe="/%:\\.~")
        return Sent("GET", f"/{chance.choice(['gradio_api/file=', 'static/', 'assets/', 'svelte/', ''])}{path}")

    def stream(self, chance: random.Random) -> Sent:
        """News of runs that are not there."""
        route, name = chance.choice(_STREAMS), quote(_word(chance), safe="")
        rest = f"?session_hash={name}" if route.endswith("data") else f"/{chance.choice(['generate', name])}/{name}"
        return Sent("GET", f"/{route}{rest}")

    def closed(self, chance: random.Random) -> Sent:
        """Addresses and methods that the page has no use for."""
        path = chance.choice([*_READ, *(f"gradio_api/{each}/{_word(chance)}" for each in _CLOSED)])
        method = chance.choice([*_METHODS, "GET", "POST"])
        query = f"?{quote(_word(chance))}={quote(_word(chance))}"
        return Sent(method, f"/{path}{query}", b"{}" if method in ("POST", "PUT", "PATCH") else None)


def junk(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON value that a prompt, a number or a choice may be forged as."""
    kind = chance.randrange(8 if depth < 3 else 6)
    if kind < 2:
        return chance.choice(_ODD)
    if kind < 4:
        return chance.choice(_NUMBERS)
    if kind == 4:
        return chance.choice([None, True, False])
    if kind == 5:
        return "".join(chance.choices(string.printable, k=chance.randrange(30)))
    many = range(chance.randrange(4))
    return (
        [junk(chance, depth + 1) for _ in many] if kind == 6 else {_word(chance): junk(chance, depth + 1) for _ in many}
    )


# ---------------------------------------------------------------- sending them


@dataclass
class Found:
    """What was wrong with the answers; an example of each kind."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock)

    def add(self, fault: str, sent: Sent, answer: Answer) -> None:
        with self._lock:
            self.counts[fault] += 1
            self.examples.setdefault(fault, f"{sent} -> {answer.status} {answer.text[:200]}")


def inputs(app: App, clock: Clock, count: int = INPUTS, seed: int = 23) -> Row:
    """All kinds of bad input, four at a time, each from another address."""
    log, found = Path(app.out.parent / "app.log"), Found()
    before, made = _tracebacks(log), bad_inputs(app, seed)
    done = 0
    with ThreadPoolExecutor(4) as pool:
        for _ in clock.counted(-(-count // 40)):
            batch = [next(made) for _ in range(40)]
            wait([pool.submit(_try, app, done + place, sent, found) for place, sent in enumerate(batch)])
            done += len(batch)
    traced = _tracebacks(log) - before
    for fault, example in found.examples.items():
        typer.echo(f"  {fault}: {example}")  # what a developer has to look at
    faults = ("status 500", "no sentence", "null message", "file served", "no answer", "not tried")
    told = ", ".join(f"{found.counts[fault]} × {fault}" for fault in faults[:-1])
    return Row.judged(
        "bad inputs",
        "no status 500, no null message, no traceback, no file served",
        done,
        count,
        f"{told}, {traced} × traceback",
        not any(found.counts.values()),
        not traced,
        app.process.poll() is None,
    )


def _try(app: App, number: int, sent: Sent, found: Found) -> None:
    """Send one input, and note what is wrong with its answer."""
    try:
        visitor = Visitor(app, 10_000 + number)
        answer = _sent(visitor, sent)
        for fault in _faults(visitor, sent, answer):
            found.add(fault, sent, answer)
    except Exception as error:  # noqa: BLE001 - a fault of the check must not pass for a good answer
        found.add("not tried", sent, Answer(0, repr(error), 0.0))


def _sent(visitor: Visitor, sent: Sent) -> Answer:
    streams = any(sent.path.startswith(f"/{each}") for each in _STREAMS)
    if sent.method == "GET" and streams:  # such an answer may never end
        with visitor._request("GET", sent.path, None, _OUTCOME_S, {}) as response:
            text = response.read().decode(errors="replace") if response.status != 200 else ""
            return Answer(response.status, text, 0.0)
    return visitor.send(sent.method, sent.path, sent.body, headers=dict(sent.headers))


def _faults(visitor: Visitor, sent: Sent, answer: Answer) -> Iterator[str]:
    if answer.status == 0 and sent.method != "TRACE":
        yield "no answer"
    if answer.status >= 500:
        yield "status 500"
    if any(words in answer.text for words in _SERVED) and sent.path not in ("/",):
        yield "file served"
    if sent.method == "POST" and 400 <= answer.status < 500 and not answer.sentence:
        yield "no sentence"
    if (
        sent.method == "POST"
        and answer.status == 200
        and "event_id" in answer.text
        and _ends_in_null(visitor, sent, answer)
    ):
        yield "null message"


def _ends_in_null(visitor: Visitor, sent: Sent, answer: Answer) -> bool:
    """Whether what was let in ends in an error without a message; whoever waits too long hangs up."""
    with suppress(OSError, ValueError):
        if sent.path.endswith("queue/join"):
            session = str(json.loads(sent.body or b"")["session_hash"])
            with visitor.listen(f"/gradio_api/queue/data?session_hash={quote(session, safe='')}", _OUTCOME_S) as events:
                for _, said in events:
                    if said["msg"] == "process_completed":
                        return not said["success"] and not (said["output"] or {}).get("error")
            return False
        endpoint = sent.path.removeprefix("/gradio_api/call/").removeprefix("v2/")
        ended, said = visitor.outcome(endpoint, answer.event, _OUTCOME_S)
        return ended == "error" and not (said.get("error") if isinstance(said, dict) else said)
    return False


def _tracebacks(log: Path) -> int:
    return log.read_text(encoding="utf-8", errors="replace").count("Traceback (most recent call last)")


def _post(route: str, body: dict[str, Any]) -> Sent:
    return Sent("POST", f"/gradio_api/{quote(route, safe='/')}", json.dumps(body).encode())


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase + "/._-%", k=chance.randint(1, 12)))
