"""The running app where strangers can reach it: what they are told, what a run may take, and what the server counts."""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from served import App, running_app

from instaflow_demo.ui.text import LANGUAGES, TEXTS

TOKEN = "token-4711"
FLAGS = ("--offline", "--host", "0.0.0.0", "--models", "instaflow-mini,sd-mini")
BUDGET = 20  # a step of one image of 256 pixels counts a quarter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("public")


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[App]:
    with running_app(folder, *FLAGS, "--budget", str(BUDGET), INSTAFLOW_METRICS_TOKEN=TOKEN) as app:
        yield app


def get(app: App, path: str, **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(app.url + path, headers=named), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def said(folder: Path, words: str) -> str:
    """The app's log, once these words are in it."""
    for _ in range(300):
        log = (folder / "app.log").read_text(encoding="utf-8")
        if words in log:
            break
        time.sleep(0.1)
    return log


def counted(app: App, name: str, **labels: str) -> float:
    """A number of the server's metrics; 0 where there is none yet."""
    families = text_string_to_metric_families(get(app, "/metrics")[1])
    samples = [each for family in families for each in family.samples]
    return next((each.value for each in samples if each.name == name and labels.items() <= each.labels.items()), 0.0)


def page_values(app: App, **changes: Any) -> list[Any]:
    """What the untouched form would send, but for `changes`, by the elements' ids."""
    config = json.loads(app.get("/config")[1])
    function = next(each for each in config["dependencies"] if each["api_name"] == "page")
    parts = {part["id"]: part["props"] for part in config["components"]}
    return [changes.get(parts[i].get("elem_id", ""), parts[i].get("value")) for i in function["inputs"]]


def generate(app: App, model: str, images: int, steps: int | None = None) -> str:
    """What a program is told that asks for images."""
    values = ["a dog", model, images, 7, "", steps, None, None, "full"]
    _, text = app.post("/gradio_api/call/generate", {"data": values})
    return app.get(f"/gradio_api/call/generate/{json.loads(text)['event_id']}")[1]


def test_visitors_and_the_owner_are_told_who_sees_what(app: App, folder: Path) -> None:
    parts = json.loads(app.get("/config")[1])["components"]
    assert [part for part in parts if part["props"].get("elem_id") == "public"]
    tables = json.dumps(json.loads(app.get("/config")[1])["i18n_translations"], ensure_ascii=False)
    assert all(TEXTS[language]["public"] in tables for language in LANGUAGES)
    assert "All who can reach it can use this machine to draw." in said(folder, "to draw")


def test_images_that_visitors_save_have_a_folder_and_a_cap_of_their_own(app: App) -> None:
    app.out.mkdir(exist_ok=True)
    owner = app.out / "20260101T000000000000-00000000-sd-mini-0.png"
    owner.write_bytes(b"the owner's")
    values = page_values(app, models=["instaflow-mini"])
    called = json.loads(app.post("/gradio_api/call/page", {"data": values})[1])
    assert "complete" in app.get(f"/gradio_api/call/page/{called['event_id']}")[1]
    assert [path.name for path in app.out.glob("*.png")] == [owner.name]
    assert len(list((app.out / "visitors").glob("*.png"))) == 1
    assert app.get(f"/gradio_api/file={owner}")[0] == 403


def test_a_run_beyond_the_budget_is_refused_with_the_way_to_come_under_it(app: App) -> None:
    told = generate(app, "sd-mini", 8, 25)
    assert "This would take 50 image-steps" in told
    assert f"a run may take {BUDGET} here" in told
    assert "40 % of it" in told
    assert "event: complete" in generate(app, "sd-mini", 3, 25)


def test_the_form_refuses_it_before_it_waits(app: App) -> None:
    values = page_values(app, models=["sd-mini"])
    values[2] = 8
    status, text = app.post("/gradio_api/call/page", {"data": values})
    assert status == 422
    problems = " ".join(each["message"] for each in json.loads(text)["detail"])
    assert f"a run may take {BUDGET} here" in problems


def test_programs_read_it_in_their_language(app: App) -> None:
    body = json.dumps({"data": ["a dog", "sd-mini", 8, 7, "", 25, None, None, "full"]}).encode()
    headers = {"content-type": "application/json", "accept-language": "pt-PT"}
    with urllib.request.urlopen(urllib.request.Request(f"{app.url}/gradio_api/call/generate", body, headers)) as answer:
        told = get(app, f"/gradio_api/call/generate/{json.loads(answer.read())['event_id']}")[1]
    assert f"execução pode levar {BUDGET} aqui" in json.loads(told.partition("data: ")[2].strip())["error"]


def test_every_tab_has_the_same_budget(app: App) -> None:
    """A benchmark's passes are counted together."""
    benchmark = [["sd-mini"], 3, ["auto"], ["full"], [4], False]
    _, text = app.post("/gradio_api/call/benchmark", {"data": benchmark})
    told = app.get(f"/gradio_api/call/benchmark/{json.loads(text)['event_id']}")[1]
    assert "image-steps" in told
    assert f"a run may take {BUDGET} here" in told


def test_the_server_counts_what_it_does(app: App) -> None:
    before = {name: counted(app, "instaflow_runs_total", outcome=name) for name in ("begun", "finished")}
    refused = counted(app, "instaflow_refused_total", status="404")
    images = counted(app, "instaflow_images_total", model="instaflow-mini")
    seconds = counted(app, "instaflow_run_seconds_count", model="instaflow-mini")
    generate(app, "instaflow-mini", 2)
    app.post("/gradio_api/call/nothing", {"data": []})
    assert counted(app, "instaflow_runs_total", outcome="begun") == before["begun"] + 1
    assert counted(app, "instaflow_runs_total", outcome="finished") == before["finished"] + 1
    assert counted(app, "instaflow_images_total", model="instaflow-mini") == images + 2
    assert counted(app, "instaflow_run_seconds_count", model="instaflow-mini") == seconds + 1
    assert counted(app, "instaflow_run_seconds_sum", model="instaflow-mini") > 0
    assert counted(app, "instaflow_refused_total", status="404") == refused + 1
    assert counted(app, "instaflow_queue_length") == 0
    assert "a dog" not in get(app, "/metrics")[1]


def test_a_run_whose_visitor_has_gone_counts_as_stopped(app: App) -> None:
    before = counted(app, "instaflow_runs_total", outcome="stopped")
    values = ["a dog", "sd-mini", 1, 7, "", 70, None, None, "full"]
    _, text = app.post("/gradio_api/call/generate", {"data": values})
    with urllib.request.urlopen(f"{app.url}/gradio_api/call/generate/{json.loads(text)['event_id']}", timeout=60):
        for _ in range(600):
            if counted(app, "instaflow_runs_total", outcome="begun") > 0:
                break
    for _ in range(600):
        if counted(app, "instaflow_runs_total", outcome="stopped") > before:
            return
    raise AssertionError("it did not end")


@pytest.mark.parametrize(
    "headers",
    [
        {"x_forwarded_for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"x_real_ip": "127.0.0.1"},
        {"host": "demo.example"},
        {"host": "127.0.0.1.nip.io"},
        {"host": "demo.example", "authorization": "Bearer wrong"},
        {"host": "demo.example", "authorization": TOKEN},
    ],
    ids=str,
)
def test_what_is_counted_is_closed_to_others(app: App, headers: dict[str, str]) -> None:
    status, text = get(app, "/metrics", **headers)
    assert status == 404
    assert text == get(app, "/nothing")[1]


def test_what_is_counted_is_open_to_who_knows_the_token(app: App) -> None:
    status, text = get(app, "/metrics", host="demo.example", authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert "instaflow_runs_total" in text


# ---------------------------------------------------------------- logging in


def test_only_those_who_log_in_can_do_anything(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts"
    accounts.write_text("# friends\nana:pass:word\n\nrui:4711-secret\n", encoding="utf-8")
    flags = ("--offline", "--models", "instaflow-mini", "--runs-per-minute", "3", "--host", "0.0.0.0")
    with running_app(tmp_path, *flags, "--auth-file", str(accounts), "--auth", "eva:visible") as app:
        assert app.get("/healthz")[0] == 200
        assert app.get("/config")[0] == 401
        assert app.post("/gradio_api/call/models", {"data": []})[0] == 401
        command = Path(f"/proc/{app.process.pid}/cmdline")
        assert not command.exists() or b"visible" not in command.read_bytes()
        for user, password in (("ana", "pass:word"), ("rui", "4711-secret"), ("eva", "visible")):
            friend = Friend(app)
            assert friend.log_in(user, password) == 200
            assert friend.ask() == 200
        # a user is one visitor, whatever the session
        assert [friend.ask() for _ in range(3)] == [200, 200, 429]
        assert [Friend(app).log_in("ana", "wrong") for _ in range(2)][-1] in (400, 429)
    log = said(tmp_path, "to draw")
    assert "Those who log in can use this machine to draw." in log
    assert not re.search("4711-secret|pass:word|visible", log)


class Friend:
    """A browser, which has cookies."""

    def __init__(self, app: App):
        self._app = app
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def log_in(self, user: str, password: str) -> int:
        form = urllib.parse.urlencode({"username": user, "password": password}).encode()
        return self._post("/login", form, "application/x-www-form-urlencoded")

    def ask(self) -> int:
        values = ["a dog", "instaflow-mini", 1, 7, "", None, None, None, "full"]
        return self._post("/gradio_api/call/generate", json.dumps({"data": values}).encode(), "application/json")

    def _post(self, path: str, body: bytes, kind: str) -> int:
        try:
            request = urllib.request.Request(self._app.url + path, body, {"content-type": kind})
            with self._opener.open(request, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
