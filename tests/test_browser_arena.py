"""The arena in a real browser, and what its server tells those who ask it without one."""

import csv
import io
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import visitors
from playwright.sync_api import Browser, Page, expect
from served import App, running_app

from instaflow_demo.registry import MODELS
from instaflow_demo.results.arena.votes import Votes

RUN_MS, READY_MS = 300_000, 600_000
QUICK = ("instaflow-mini", "sd-distill-mini", "pd-mini")
TITLES = re.compile("|".join(re.escape(MODELS[model].title) for model in QUICK))

pytestmark = pytest.mark.timeout(1000)  # the first test may have to bring a browser
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arena")


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[App]:
    with running_app(folder, "--offline", "--models", ",".join(QUICK)) as app:
        yield app


@pytest.fixture
def visit(app: App, browser: Browser) -> Iterator[Visit]:
    """Open the tab as a new visitor; options are the browser context's."""
    with visitors(browser) as open_page:

        def opened(**options: object) -> Page:
            page = open_page(**options)
            page.goto(app.url)
            expect(page.locator(".status.ready")).to_be_attached(timeout=READY_MS)  # the models have warmed up
            if page.viewport_size and page.viewport_size["width"] < 600:
                page.locator(".overflow-menu > button").click()  # the tabs that a phone has no room for
            page.get_by_role("tab", name="Arena").or_(page.get_by_role("button", name="Arena")).first.click()
            expect(page.locator("#arena-ratings section")).to_be_visible()
            return page

        yield opened


def given(folder: Path) -> list[str]:
    """The votes that are kept."""
    return [vote.verdict for _, vote in Votes(folder / "home" / "arena.sqlite3").read()]


def asked(page: Page) -> None:
    expect(page.locator("#arena-said .asked")).to_be_visible(timeout=RUN_MS)


def told(page: Page) -> None:
    expect(page.locator("#arena-said .voted")).to_be_visible()


def test_a_pair_tells_nothing_until_it_is_voted_on(visit: Visit, folder: Path) -> None:
    page = visit()
    expect(page.locator("#arena-left")).to_be_hidden()
    page.keyboard.press("ArrowLeft")  # there is nothing to vote on
    page.locator("#arena-start").click()
    asked(page)
    pictures = page.locator("#arena-pair img")
    assert pictures.evaluate_all("all => all.map(one => [one.complete, one.naturalWidth])") == [[True, 256]] * 2
    shown = page.locator("#arena-pair").inner_html() + page.locator("#arena-said").inner_html()
    without_pixels = re.sub(r"base64,[\w+/=]*", "", shown)
    assert not TITLES.search(without_pixels)
    assert not re.search(r"mini|\ds\b|\d s\b|seed", without_pixels)
    expect(page.locator("#arena-left")).to_have_attribute("aria-keyshortcuts", "ArrowLeft")
    page.locator("#arena-prompt textarea").focus()
    page.keyboard.press("ArrowLeft")  # moves the cursor
    page.locator("#arena-pair .pair").focus()
    page.keyboard.press("Alt+ArrowUp")  # is the browser's
    assert given(folder) == []
    page.keyboard.press("ArrowLeft")
    told(page)
    assert given(folder) == ["left"]
    assert len(set(TITLES.findall(page.locator("#arena-said").inner_text()))) == 2
    assert len(TITLES.findall(page.locator("#arena-status").inner_text())) == 2
    expect(page.locator("#arena-said .side").first).to_have_class("side chosen")
    expect(page.locator("#arena-ratings")).to_contain_text("votes: 1")


def test_votes_follow_each_other_without_a_mouse_and_are_everyones(visit: Visit, folder: Path) -> None:
    page, before = visit(), given(folder)
    page.locator("#arena-start").focus()
    page.keyboard.press("Enter")
    for key in ("ArrowRight", "ArrowUp", "ArrowDown"):
        asked(page)
        page.keyboard.press(key)
        told(page)
        expect(page.locator("#arena-another")).to_be_focused()
        page.keyboard.press("Enter")
    assert given(folder) == [*before, "right", "tie", "bad"]
    other = visit()
    expect(other.locator("#arena-ratings")).to_contain_text(f"votes: {len(before) + 3}")
    expect(other.locator("#arena-pair img")).to_have_count(0)  # nobody sees another's pair
    with other.expect_download() as download:
        other.locator("#arena-export").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert [row["verdict"] for row in rows] == [*before, "right", "tie", "bad"]
    assert all({row["left"], row["right"]} <= set(QUICK) for row in rows)


def test_who_wants_to_sees_the_seconds_and_is_rated_apart(visit: Visit) -> None:
    page = visit(locale="pt-BR", viewport={"width": 390, "height": 844})
    page.locator("#arena-hide input").uncheck()
    expect(page.locator("#arena-ratings")).to_contain_text("Ninguém votou ainda")
    page.locator("#arena-prompt textarea").fill("três estrelas")
    page.locator("#arena-prompt textarea").press("Enter")
    asked(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert len(re.findall(r"\d,\d+ s", page.locator("#arena-said").inner_text())) == 2
    expect(page.get_by_alt_text("Imagem da esquerda de “três estrelas”")).to_be_visible()
    page.get_by_role("button", name="← A da esquerda").click()
    told(page)
    expect(page.locator("#arena-ratings")).to_contain_text("votos: 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [page.locator(f"#arena-ratings {part}").bounding_box() for part in ("svg", "table")]
    assert tops[0]
    assert tops[1]
    assert tops[0]["y"] < tops[1]["y"]


def test_what_is_wrong_or_entered_meanwhile_is_said(visit: Visit) -> None:
    page = visit()
    prompt = page.locator("#arena-prompt textarea")
    prompt.fill("x" * 501)
    page.locator("#arena-start").click()
    expect(page.locator("#arena-prompt")).to_contain_text("501 characters")
    prompt.fill("a cat")
    page.evaluate("""() => {
        document.querySelector("#arena-start").click();
        window.said = new Promise(done => new MutationObserver((_, watch) => {
            if (document.querySelector("#arena-status .busy")) { watch.disconnect(); instaflow.arena.press(); done(
                document.querySelector("#arena-next .next").innerText); }
        }).observe(document.querySelector("#arena-status"), {subtree: true, childList: true, attributes: true}));
    }""")
    assert page.evaluate("window.said") == "Next: “a cat”"
    asked(page)


# ---------------------------------------------------------------- without a browser


def function(app: App, button: str) -> int:
    """The number of what the server does when a button is pressed."""
    config = json.loads(app.get("/config")[1])
    (part,) = (part["id"] for part in config["components"] if part["props"].get("elem_id") == button)
    return next(
        each["id"]
        for each in config["dependencies"]
        if [part, "click"] in [list(target) for target in each["targets"]] and each["backend_fn"]
    )


def call(app: App, button: str, data: list[Any], visitor: str) -> str:
    """All that the server answers to a press of a button."""
    asked = {"data": data, "fn_index": function(app, button), "session_hash": visitor}
    assert app.post("/gradio_api/queue/join", asked)[0] == 200
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    lines = []
    with opener.open(f"{app.url}/gradio_api/queue/data?session_hash={visitor}", timeout=240) as stream:
        for line in stream:
            lines.append(line.decode())
            if '"msg":"process_completed"' in lines[-1].replace(" ", ""):
                return "".join(lines)
    raise AssertionError("".join(lines))


def test_answers_of_the_server_tell_nothing_and_forged_votes_are_refused(app: App, folder: Path) -> None:
    before, nothing = given(folder), [None, None, None]
    drawn = call(app, "arena-start", [None, None, "a dog", True], "me")
    assert len(set(re.findall(r"data:image/png;base64,[\w+/=]+", drawn))) == 2
    without_pixels = re.sub(r"base64,[\w+/=\\]*", "", drawn)
    assert not re.search("|".join([*QUICK, TITLES.pattern, "seconds", "ballot", "seed"]), without_pixels)
    forged = {"ballot": "x", "left": QUICK[0], "right": QUICK[1], "verdict": "left"}
    for data in (nothing, ["en", True, forged], ["en", True, [forged]]):
        assert "There is no pair to vote on" in call(app, "arena-left", data, "somebody-else")
    assert given(folder) == before
    assert TITLES.search(call(app, "arena-right", nothing, "me"))
    assert "There is no pair to vote on" in call(app, "arena-left", nothing, "me")
    assert given(folder) == [*before, "right"]
