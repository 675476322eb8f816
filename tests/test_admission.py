"""Many visitors of the running app at once: each is let in or refused with a sentence, and nobody keeps others out."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from served import App, running_app

from instaflow_demo.ui.admission import MOST_OF_A_VISITOR, MOST_WAITING, UNHEARD_S

QUICK = ["a dog", "instaflow-mini", 1, 7, "", None, None, None, "full"]
LONG = ["a dog", "sd-mini", 8, 7, "", 50, None, None, "full"]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running_app(tmp_path_factory.mktemp("admission"), "--offline", "--host", "0.0.0.0") as app:
        yield app


def ask(app: App, values: list[Any], language: str = "en", **more: Any) -> tuple[int, Any, float]:
    """Status, answer and seconds of a request for a run."""
    body = json.dumps({"data": values} | more).encode()
    headers = {"content-type": "application/json", "accept-language": language}
    request = urllib.request.Request(f"{app.url}/gradio_api/call/generate", body, headers)
    start = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=240) as answer:
            return answer.status, json.loads(answer.read())["event_id"], time.monotonic() - start
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["detail"], time.monotonic() - start


def listen(app: App, event: str) -> Any:
    return urllib.request.urlopen(f"{app.url}/gradio_api/call/generate/{event}", timeout=200)


def outcome(app: App, event: str) -> str:
    """How a run ended: "complete" or "error"."""
    with listen(app, event) as stream:
        names = [line.decode().strip() for line in stream if line.startswith(b"event:")]
    return names[-1].removeprefix("event: ")


def test_who_comes_beyond_the_cap_is_refused_and_what_nobody_listens_to_goes(app: App) -> None:
    assert outcome(app, ask(app, QUICK)[1]) == "complete"
    start = time.monotonic()
    assert outcome(app, ask(app, QUICK)[1]) == "complete"
    alone_s = time.monotonic() - start
    _, long, _ = ask(app, LONG)
    running = listen(app, long)
    with ThreadPoolExecutor(MOST_WAITING + 16) as visitors:
        answers = list(visitors.map(lambda _: ask(app, QUICK, "pt-BR"), range(MOST_WAITING + 16)))
    refused = [answer for answer in answers if answer[0] != 200]
    assert {status for status, *_ in refused} == {429}
    assert len(answers) - len(refused) in (MOST_WAITING, MOST_WAITING + 1)  # the long run may wait for its start too
    assert all(text.startswith(f"Já há {MOST_WAITING} execuções na fila") for _, text, _ in refused)

    start = time.monotonic()
    status, text = app.post("/gradio_api/call/models", {"data": []})
    assert status == 200
    told = app.get(f"/gradio_api/call/models/{json.loads(text)['event_id']}")[1]
    assert "event: complete" in told
    assert time.monotonic() - start < max(5, 5 * alone_s), "what needs no device waits behind no run"

    time.sleep(UNHEARD_S + 1)  # nobody has listened to those that were let in
    _, heard, _ = ask(app, QUICK)
    running.close()  # whoever asked for the long run leaves
    start = time.monotonic()
    assert outcome(app, heard) == "complete"
    assert time.monotonic() - start < MOST_WAITING / 2 * alone_s, "runs that nobody listens to were not dropped"


def test_a_visitor_has_few_runs_waiting_and_keeps_nobody_else_out(app: App) -> None:
    _, long, _ = ask(app, LONG)
    with listen(app, long):
        time.sleep(1)
        own = [ask(app, QUICK, session_hash="greedy") for _ in range(MOST_OF_A_VISITOR + 1)]
        assert [status for status, *_ in own] == [200] * MOST_OF_A_VISITOR + [429]
        assert own[-1][1].startswith(f"{MOST_OF_A_VISITOR} runs of yours are waiting already")
        assert ask(app, QUICK, session_hash="modest")[0] == 200


def pressed(app: App, button: str) -> tuple[int, list[Any]]:
    """The function that a press of a button calls, and its inputs as they are when the page opens."""
    config = json.loads(app.get("/config")[1])
    parts = {each["id"]: each["props"] for each in config["components"]}
    (place,) = (number for number, props in parts.items() if props.get("elem_id") == button)
    calls = (each for each in config["dependencies"] if [place, "click"] in each["targets"] and each["backend_fn"])
    function = next(calls)
    return function["id"], [parts[number].get("value") for number in function["inputs"]]


def join(app: App, button: str, session: str) -> str:
    """Press a button in a session; gives the event's id."""
    function, values = pressed(app, button)
    body = {"data": values, "fn_index": function, "session_hash": session, "trigger_id": None}
    status, text = app.post("/gradio_api/queue/join", body)
    assert status == 200, text
    return json.loads(text)["event_id"]


def told(app: App, session: str) -> Iterator[dict[str, Any]]:
    """What a session is sent."""
    with urllib.request.urlopen(f"{app.url}/gradio_api/queue/data?session_hash={session}", timeout=200) as stream:
        for line in stream:
            if line.startswith(b"data:"):
                yield json.loads(line.removeprefix(b"data:"))


def test_who_leaves_just_before_their_turn_does_not_begin(app: App) -> None:
    """The page says that nothing is running before the browser asks it to forget the run, which here it never does."""
    _, long, _ = ask(app, LONG)
    running = listen(app, long)
    left = join(app, "generate", "leaver")
    heard, stop = told(app, "leaver"), join(app, "stop", "leaver")
    seen = [next(heard)]
    while (seen[-1].get("event_id"), seen[-1]["msg"]) != (stop, "process_completed"):
        seen.append(next(heard))
    assert "Nothing is running." in json.dumps(seen[-1]["output"])
    with ThreadPoolExecutor(1) as listener:
        rest = listener.submit(list, heard)
        _, behind, _ = ask(app, QUICK)
        running.close()
        assert outcome(app, behind) == "complete"
        app.post("/gradio_api/cancel", {"session_hash": "leaver", "fn_index": 0, "event_id": left})
        seen += rest.result(60)
    assert "process_starts" not in [each["msg"] for each in seen if each.get("event_id") == left]


def functions(app: App) -> list[dict[str, Any]]:
    return json.loads(app.get("/config")[1])["dependencies"]


def test_no_function_answers_a_forged_call_with_nothing(app: App) -> None:
    """Every function that the page has, with no values; those that only the browser runs cannot be called at all."""
    for each in functions(app):
        for told in ({"bogus": 1}, None):
            body = {"data": [], "fn_index": each["id"], "session_hash": "forger", "event_data": told}
            status, text = app.post("/gradio_api/queue/join", body)
            if status != 200:
                assert status in (400, 404, 422), text
                assert json.loads(text)["detail"]
                break


@pytest.mark.parametrize(
    "body",
    [b'{"data": [NaN], "fn_index": 0}', b'{"data": "\\ud800"}', b"[1]", b"\xff", b"[" * 5000],
)
@pytest.mark.parametrize("route", ["queue/join", "call/generate", "call/v2/generate", "cancel", "reset"])
def test_what_is_not_json_gets_a_sentence(app: App, route: str, body: bytes) -> None:
    status, text = app.post(f"/gradio_api/{route}", body)
    assert status == 400
    assert json.loads(text)["detail"].startswith("A request must be")


@pytest.mark.parametrize("path", ["queue/data?session_hash=nobody", "call/generate/nothing"])
def test_news_of_what_is_not_there_end_at_once(app: App, path: str) -> None:
    status, text = app.get(f"/gradio_api/{path}")
    assert status == 200
    assert "404" in text


def test_unknown_names_get_a_sentence(app: App) -> None:
    for route in ("call/v2/generate", "call/v2/nothing", "cancel", "reset", "queue/join", "call/nothing"):
        status, text = app.post(f"/gradio_api/{route}", {"bogus": 1})
        assert 400 <= status < 500, (route, status, text)
        assert json.loads(text)["detail"]
    for route, body in (("call/nothing", {}), ("queue/join", {"data": []}), ("reset", {}), ("cancel", {"bogus": 1})):
        assert app.post(f"/gradio_api/{route}", body)[1].startswith('{"detail":"'), route


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/gradio_api/deep_link?session_hash=x",
            "/gradio_api/run-history/buckets",
            "/monitoring",
            "/monitoring/summary",
        ),
        *("/gradio_api/vibe-code", "/gradio_api/dev/reload", "/gradio_api/proxy=http://x/", "/gradio_api/runs"),
        *("/gradio_api/stream/x/1/2/playlist.m3u8", "/gradio_api/custom_component/x/client/component/index.js", "/x"),
        *("/docs", "/redoc", "/openapi.json", "/gradio_api/profiling/traces", "/gradio_api/upload_progress"),
    ],
)
def test_addresses_that_the_page_never_reads_are_closed(app: App, path: str) -> None:
    status, text = app.get(path)
    assert status == 404
    assert "is closed" in text


@pytest.mark.parametrize(
    "path", ["/gradio_api/process_recording", "/gradio_api/vibe-edit", "/gradio_api/stream/x", "/x"]
)
def test_addresses_that_the_page_never_writes_to_are_closed(app: App, path: str) -> None:
    assert app.post(path, {"data": []})[0] == 404


def test_every_answer_has_the_headers_that_keep_a_visitor_safe(app: App) -> None:
    for path in ("/", "/config", "/gradio_api/info", "/healthz", "/nothing"):
        try:
            headers = urllib.request.urlopen(app.url + path).headers
        except urllib.error.HTTPError as error:
            headers = error.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self' https://huggingface.co" in headers["content-security-policy"]


def test_the_health_route_answers(app: App) -> None:
    assert app.get("/healthz") == (200, '{"status":"ok"}')


def test_the_log_has_no_traceback(app: App) -> None:
    log = (app.out.parent / "app.log").read_text(encoding="utf-8")
    assert "Traceback" not in log
