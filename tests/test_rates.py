"""How often visitors of the running app may ask, and who counts as one."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served import App, running_app

from instaflow_demo.ui.listeners import DEVICE, LIVE, STOP
from instaflow_demo.ui.rates import GREETING, LOGIN, QUIET, Rates, Visitor, find_address

QUICK = ["a dog", "instaflow-mini", 1, 7, "", None, None, None, "full"]
FLAGS = ("--offline", "--models", "instaflow-mini")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("rates")
    with running_app(folder, *FLAGS, "--host", "0.0.0.0", "--runs-per-minute", "2") as app:
        yield app


def post(app: App, route: str, body: dict[str, Any] | bytes, **headers: str) -> tuple[int, Any, Any]:
    """Status, answer and headers."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(app.url + route, data, named), timeout=60) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()).get("detail"), error.headers


def press(app: App, session: str, which: Callable[[dict[str, Any]], bool], **headers: str) -> tuple[int, Any, Any]:
    """One of the page's events, as a browser sends it."""
    function = next(each for each in json.loads(app.get("/config")[1])["dependencies"] if which(each))
    data = [None] * len(function["inputs"])
    return post(
        app,
        "/gradio_api/queue/join",
        {"data": data, "fn_index": function["id"], "session_hash": session},
        **headers,
    )


def is_generate(function: dict[str, Any]) -> bool:
    return function["api_name"] == "generate"


def is_stop(function: dict[str, Any]) -> bool:
    return function["api_name"] == "stop"


def test_a_visitor_who_asks_too_often_is_told_when_to_come_again(app: App) -> None:
    body = {"data": QUICK, "session_hash": "eager"}
    answers = [post(app, "/gradio_api/call/generate", body, accept_language="pt-BR") for _ in range(3)]
    assert [status for status, *_ in answers] == [200, 200, 429]
    _, said, headers = answers[-1]
    assert said.startswith("Foram mais pedidos do que um visitante pode fazer aqui por minuto")
    assert 1 <= int(headers["retry-after"]) <= 60
    assert post(app, "/gradio_api/call/generate", body, accept_language="pt-PT")[1].startswith("Foram mais pedidos")
    assert post(app, "/gradio_api/call/generate", body)[1].startswith("That was more often")
    assert post(app, "/gradio_api/call/generate", body | {"session_hash": "calm"})[0] == 200


def test_who_may_ask_no_more_can_still_stop_leave_and_look(app: App) -> None:
    for _ in range(3):
        status, *_ = post(app, "/gradio_api/call/generate", {"data": QUICK, "session_hash": "stopper"})
    assert status == 429
    assert [press(app, "stopper", is_stop)[0] for _ in range(4)] == [200] * 4
    assert post(app, "/gradio_api/call/models", {"data": [], "session_hash": "stopper"})[0] == 200
    for route in ("cancel", "reset"):
        asked = {"session_hash": "stopper", "fn_index": 0, "event_id": "none"}
        assert [post(app, f"/gradio_api/{route}", asked)[0] for _ in range(40)] == [200] * 40
    assert app.get("/healthz")[0] == 200


def test_a_new_address_cannot_be_invented(app: App) -> None:
    """An address has more than one visitor, and then no more, whatever sessions and proxies are made up."""
    statuses = []
    for number in range(2 * 16 + 4):
        body = {"data": QUICK, "session_hash": f"invented{number}"}
        statuses.append(post(app, "/gradio_api/call/generate", body, x_forwarded_for=f"8.8.4.{number}")[0])
    assert statuses[0] == 200
    assert statuses[-1] == 429


def test_on_a_space_the_proxy_says_where_a_request_comes_from(tmp_path: Path) -> None:
    with running_app(tmp_path, *FLAGS, "--runs-per-minute", "1", SPACE_ID="a/b", SYSTEM="spaces") as app:

        def asked(said: str, times: int) -> list[int]:
            body = {"data": QUICK}
            return [post(app, "/gradio_api/call/generate", body, x_forwarded_for=said)[0] for _ in range(times)]

        assert asked("8.8.8.8", 17) == [200] * 16 + [429]
        assert asked("1.2.3.4, 8.8.8.8", 1) == [429]  # whoever asks can write the first of them
        assert asked("8.8.8.8, 9.9.9.9", 1) == [200]


def test_this_machines_user_alone_may_ask_as_often_as_there_is_time(tmp_path: Path) -> None:
    with running_app(tmp_path, *FLAGS, "--runs-per-minute", "1") as app:
        body = {"data": [], "session_hash": "owner"}
        assert {post(app, "/gradio_api/call/generate", {**body, "data": QUICK})[0] for _ in range(5)} == {200}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.0.0.7", "", "10.0.0.7"),
        ("10.0.0.7", "8.8.8.8", "8.8.8.8"),
        ("10.0.0.7", "1.1.1.1, 8.8.8.8, 192.168.0.1", "8.8.8.8"),
        ("10.0.0.7", "nonsense, ", "10.0.0.7"),
        ("10.0.0.7", "127.0.0.1", "10.0.0.7"),
        ("::ffff:10.0.0.7", "", "10.0.0.7"),
        ("2a00:1450:4001:810::200e", "", "2a00:1450:4001:810::/64"),
        ("", "", ""),
    ],
)
def test_the_address_of_a_request(peer: str, forwarded: str, address: str) -> None:
    assert find_address(peer, forwarded) == address


def test_a_user_is_one_visitor_wherever_they_are() -> None:
    rates = Rates(2)
    places = [Visitor(f"10.0.0.{number}", f"session{number}", "ana") for number in range(3)]
    assert [rates.take(DEVICE, each) is None for each in places] == [True, True, False]
    assert rates.take(DEVICE, Visitor("10.0.0.1", "session1", "rui")) is None
    assert rates.take(STOP, places[0]) is None


def test_what_the_device_is_not_for_has_limits_of_its_own() -> None:
    rates, visitor = Rates(1), Visitor("10.0.0.1", "eager")
    most = {DEVICE: 1, LIVE: 10, QUIET: 300, GREETING: 120, STOP: 120}
    for kind, allowed in most.items():
        assert [rates.take(kind, visitor) is None for _ in range(allowed + 1)] == [True] * allowed + [False]


def test_passwords_are_never_tried_at_will() -> None:
    free = Rates(0)
    assert all(free.take(DEVICE, Visitor("10.0.0.1", "program")) is None for _ in range(1000))
    assert [free.take(LOGIN, Visitor("10.0.0.1")) is None for _ in range(12)] == [True] * 10 + [False] * 2


def test_what_is_refused_does_not_count_against_others_of_the_address() -> None:
    rates = Rates(1)
    for _ in range(100):
        rates.take(DEVICE, Visitor("10.0.0.1", "greedy"))
    assert rates.take(DEVICE, Visitor("10.0.0.1", "modest")) is None


def test_nothing_is_kept_of_those_who_have_gone() -> None:
    rates = Rates(1000)
    storage = rates._limiter.storage
    for number in range(200):
        rates.take(DEVICE, Visitor("10.0.0.1", str(number)))
    storage.expirations = dict.fromkeys(storage.expirations, time.time())
    time.sleep(0.1)
    rates.take(DEVICE, Visitor("10.0.0.1", "last"))
    time.sleep(0.3)
    assert {len(storage.storage), len(storage.expirations), len(storage.locks), len(storage.events)} <= {0, 2}
