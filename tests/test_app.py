"""The real app as a process: start-up, its flags, and what it answers to those who don't use the page."""

import base64
import io
import json
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conditions import Condition, full
from PIL import Image
from served import ROOT, App, environment, free_port, running_app

from instaflow_demo.gallery import read_metadata

CLOSED = ["run/generate", "run/predict", "api/generate", "upload", "component_server", "run/0", "stream/x"]
FORBIDDEN = [
    "/etc/passwd",
    "/proc/self/environ",
    "app.py",
    "../app.py",
    "%2e%2e/app.py",
    "..%2fapp.py",
    "//etc/passwd",
    "/etc/./passwd",
    str(ROOT / "app.py"),
    str(ROOT / "assets/models/MANIFEST.json"),
    "http://169.254.169.254/latest",
    "file:///etc/passwd",
]
JUNK = [
    None,
    True,
    1.5,
    -1,
    10**400,
    "",
    "x" * 100_000,
    "\ud800",
    [],
    [None],
    [[]],
    {},
    {"a": [1]},
    "<img src=x>",
    "NaN",
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running_app(tmp_path_factory.mktemp("app"), "--offline") as app:
        yield app


@pytest.fixture(scope="module")
def defaults(app: App) -> tuple[int, list[Any]]:
    return _defaults(app)


def _defaults(app: App) -> tuple[int, list[Any]]:
    """The number of the generating function and what the untouched page would send to it."""
    config = json.loads(app.get("/config")[1])
    function = next(d for d in config["dependencies"] if d["api_name"] == "page")
    values = {c["id"]: c["props"].get("value") for c in config["components"]}
    return function["id"], [values[i] for i in function["inputs"]]


def test_page_is_served_quickly(app: App) -> None:
    assert app.ready_s < 30  # 15 are promised; a machine that runs tests may be busy
    assert "gradio" in app.get("/")[1]


def test_a_link_is_previewed_as_ours_in_the_language_asked_for(app: App) -> None:
    status, page = app.get("/")
    assert status == 200
    tags = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]*|description)" content="([^"]*)"', page))
    assert tags["og:title"] == tags["twitter:title"] == "InstaFlow: one step, not twenty-five"
    assert tags["og:description"].startswith("One network evaluation")
    assert "radio" not in " ".join(tags.values())
    assert tags["og:url"] == app.url + "/"
    with urllib.request.urlopen(tags["og:image"]) as picture:
        assert Image.open(io.BytesIO(picture.read())).size == (1200, 630)
    asked = urllib.request.Request(app.url, headers={"accept-language": "pt-PT", "x-forwarded-proto": "https"})
    with urllib.request.urlopen(asked) as answer:
        portuguese = answer.read().decode()
    assert 'property="og:title" content="InstaFlow: um passo, não vinte e cinco"' in portuguese
    assert f'content="{app.url.replace("http:", "https:")}/preview.jpg"' in portuguese


@pytest.mark.parametrize("route", CLOSED)
def test_direct_routes_are_closed(app: App, route: str) -> None:
    status, text = app.post(f"/gradio_api/{route}", {"data": []})
    assert status == 404
    assert "closed" in text


@pytest.mark.parametrize("path", FORBIDDEN)
def test_files_are_not_served(app: App, path: str) -> None:
    status, text = app.get("/gradio_api/file=" + urllib.parse.quote(path, safe="/:%"))
    assert status in (400, 403, 404)
    assert "root:" not in text
    assert "import" not in text


def test_kept_images_are_not_served(app: App) -> None:
    app.out.mkdir(exist_ok=True)
    (app.out / "private.png").write_bytes(b"secret")
    assert app.get(f"/gradio_api/file={app.out / 'private.png'}")[0] == 403


def _sentences(text: str) -> list[str]:
    """The messages of a refusal."""
    detail = json.loads(text)["detail"]
    return [detail] if isinstance(detail, str) else [d["message"] for d in detail if d.get("message")]


def _is_a_sentence(text: str) -> bool:
    return text[:1].isupper() and text.rstrip()[-1:] in ".)" and "Traceback" not in text


@pytest.mark.parametrize("junk", JUNK, ids=lambda value: repr(value)[:12])
def test_junk_is_refused_with_a_sentence(app: App, defaults: tuple[int, list[Any]], junk: Any) -> None:
    """One field is junk at a time, and another is certainly wrong, so that nothing is accepted and no model runs."""
    function, values = defaults
    for place in range(1, len(values)):
        data = [*values[:place], junk, *values[place + 1 :]]
        wrong, value = (2, []) if place == 1 else (1, "")
        data[wrong] = value
        for route, extra in (("call/page", {}), ("queue/join", {"fn_index": function, "session_hash": "me"})):
            status, text = app.post(f"/gradio_api/{route}", {"data": data} | extra)
            assert status == (400 if junk == "\ud800" else 422), (place, status, text)  # half a character is no JSON
            assert _sentences(text)
            assert all(_is_a_sentence(sentence) for sentence in _sentences(text)), text


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("call/nothing", {"data": []}),
        ("call/v2/nothing", {}),
        ("queue/join", {"data": [], "fn_index": 9999, "session_hash": "me"}),
        ("queue/join", {"data": [], "session_hash": "me"}),
        ("queue/join", {"data": []}),
        ("queue/join", {"data": "text", "fn_index": 0, "session_hash": "me"}),
        ("call/page", {"data": []}),
        ("call/page", b"not json"),
        ("call/page", b"x" * 400_000),
        ("call/page", {"data": [None] * 500}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_forged_calls_are_refused(app: App, route: str, body: Any) -> None:
    status, text = app.post(f"/gradio_api/{route}", body)
    assert 400 <= status < 500, text
    assert "Traceback" not in text


def test_a_model_that_cannot_run_says_why_and_the_rest_goes_on(app: App, defaults: tuple[int, list[Any]]) -> None:
    values = [["instaflow-mini", "instaflow-0.9b"] if isinstance(value, list) else value for value in defaults[1]]
    status, text = app.post("/gradio_api/call/page", {"data": values})
    assert status == 200, text
    _, events = app.get(f"/gradio_api/call/page/{json.loads(text)['event_id']}")
    assert "hf download" in events
    assert "Finished: 1 of 2 models." in events


def _refused(tmp_path: Path, *flags: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "app.py", *flags],
        check=False,
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, " ".join(done.stderr.replace("│", " ").split())


def test_unknown_model_is_a_sentence(tmp_path: Path) -> None:
    code, text = _refused(tmp_path, "--models", "instaflow-mini,nothing")
    assert code == 2
    assert "There is no model called 'nothing'" in text


def test_share_contradicts_offline(tmp_path: Path) -> None:
    code, text = _refused(tmp_path, "--share", "--offline")
    assert code == 2
    assert "--share needs the network" in text


def test_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        code, text = _refused(tmp_path, "--offline", "--port", str(port))
    assert code == 1
    assert "choose another --port" in text


def test_without_a_tunnel_the_page_stays_up_and_says_so(tmp_path: Path) -> None:
    with running_app(tmp_path, "--share", "--models", "instaflow-mini") as app:
        for _ in range(300):
            log = (tmp_path / "app.log").read_text(encoding="utf-8")
            if "No public link could be had" in log:
                break
            time.sleep(0.1)
        assert "No public link could be had" in log
        assert app.get("/")[0] == 200
        assert app.process.poll() is None


def _answered(app: App, function: tuple[int, list[Any]]) -> str:
    """Everything that the page is sent for a run."""
    called = json.loads(app.post("/gradio_api/call/page", {"data": function[1]})[1])
    return app.get(f"/gradio_api/call/page/{called['event_id']}")[1]


def test_images_are_shown_and_kept_where_temporary_files_find_no_room(tmp_path: Path) -> None:
    """Four are asked for, and there is room for two; the other two are shown without a file, and all are kept."""
    room = tmp_path / "room"
    condition = Condition(full(room, left=150_000), {"TMPDIR": str(room)}).or_skip()
    given = condition.applied(environment(tmp_path))
    flags = ("--offline", "--models", "instaflow-mini")
    with running_app(tmp_path, *flags, prefix=condition.prefix, given=given) as app:
        function, values = _defaults(app)
        values[2] = 4  # images, after the language and the prompt
        told = _answered(app, (function, values))
        kept = [read_metadata(path) for path in app.out.glob("*.png")]
    inline = {base64.b64decode(each) for each in re.findall(r"data:image/png;base64,([\w+/=]+)", told)}
    files = set(re.findall(r"gradio_api/file=([^\"\\]+)", told))
    assert len(inline) + len(files) == 4
    assert 0 < len(files) < 4
    assert f"could not be saved in {room}" in told
    assert "set TMPDIR" in told
    assert "--out" not in told
    assert len(kept) == len({each["seed"] for each in kept}) == 4
    for png in inline:
        (tmp_path / "shown.png").write_bytes(png)
        assert read_metadata(tmp_path / "shown.png") in kept  # what is downloaded can be made again too
