"""The grid tab in a real browser, on the shipped models."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import visitors
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from served import App, running_app

RUN_MS, READY_MS = 300_000, 600_000

pytestmark = pytest.mark.timeout(1000)  # the first test may have to bring a browser
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    models = "instaflow-mini,sd-mini"
    with running_app(tmp_path_factory.mktemp("grid"), "--offline", "--models", models) as app:
        yield app


@pytest.fixture
def visit(app: App, browser: Browser) -> Iterator[Visit]:
    """Open the tab as a new visitor; options are the browser context's."""
    with visitors(browser) as open_page:

        def opened(**options: object) -> Page:
            page = open_page(**options)
            page.goto(app.url)
            expect(page.locator(".status.ready")).to_be_attached(timeout=READY_MS)  # the models have warmed up
            more = page.get_by_role("button", name="More tabs")  # where a phone has no room for all
            if more.is_visible():
                more.click()
            page.locator(
                "#tabs :not([aria-hidden=true]) > button:visible", has_text=re.compile("^(Grid|Grade)$")
            ).click()
            return page

        yield opened


def choose(page: Page, side: str, kind: str) -> None:
    page.locator(f"#grid-{side} input").click()
    page.get_by_role("option", name=kind, exact=True).click()


def draw(page: Page) -> None:
    page.locator("#grid-start").click()
    expect(page.locator("#grid-status")).to_contain_text(re.compile("Finished|Pronto"), timeout=RUN_MS)


def phases(page: Page) -> list[str | None]:
    return [cell.get_attribute("data-phase") for cell in page.locator("#grid-cells td[data-phase]").all()]


def stamps(page: Page) -> list[str]:
    return page.locator("#grid-cells .stamp").all_inner_texts()


def content(page: Page, button: str) -> bytes:
    with page.expect_download() as download:
        page.locator(button).click()
    return Path(download.value.path()).read_bytes()


def test_models_and_steps_are_drawn_stamped_opened_and_taken_away(visit: Visit) -> None:
    page, other = visit(), visit()
    status = page.locator("#grid-status")
    expect(status).to_contain_text("2 × 4 cells, 5 to draw.")  # what would be drawn, before anything is
    expect(page.locator("#grid-cells")).to_contain_text("InstaFlow mini always uses 1 for steps.")
    page.locator("#grid-across-values textarea").fill("1, 2")
    expect(status).to_contain_text("2 × 2 cells, 3 to draw.")
    draw(page)
    assert phases(page) == ["done", "refused", "done", "done"]
    assert all(re.match(r"\d+\.\d+ s", stamp) for stamp in stamps(page))

    first, last = (page.locator("#grid-cells [data-cell]").nth(number) for number in (0, -1))
    first.focus()
    first.press("Enter")
    dialog = page.get_by_role("dialog", name="InstaFlow mini, 1 step")
    expect(dialog.locator("dl")).to_contain_text(re.compile(r"Prompt\s*A big dog"))
    page.keyboard.press("ArrowLeft")
    dialog = page.get_by_role("dialog", name="Stable Diffusion mini, 2 steps")
    expect(dialog.locator("dl")).to_contain_text(re.compile(r"Seed\s*7"))
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(first).to_be_focused()

    with zipfile.ZipFile(io.BytesIO(content(page, "#grid-zip"))) as archive:
        names = archive.namelist()
        assert names[-2:] == ["grid.csv", "grid.png"]
        image = Image.open(io.BytesIO(archive.read("row2-column2-sd-mini-steps2-seed7.png")))
        assert json.loads(image.text["instaflow_demo"])["steps"] == 2  # pyright: ignore[reportAttributeAccessIssue]
    rows = list(csv.DictReader(io.StringIO(content(page, "#grid-csv").decode())))
    assert [row["File"] for row in rows if row["File"]] == names[:-2]

    last.click()
    dialog.get_by_role("button", name="Open in Compare").click()
    expect(page.locator("#column-sd-mini [data-phase=done]")).to_be_visible(timeout=RUN_MS)
    expect(page.locator("#column-sd-mini")).to_contain_text("2 steps")
    expect(page.locator("#seed input")).to_have_value("7")
    expect(page.locator("#column-instaflow-mini section")).to_have_count(0)
    expect(other.locator("#grid-cells .stamp")).to_have_count(0)  # nobody else sees them


def test_words_take_each_other_s_place_in_one_row(visit: Visit) -> None:
    page = visit()
    choose(page, "down", "Nothing")
    expect(page.locator("#grid-model")).to_be_visible()
    choose(page, "across", "Words in the prompt")
    expect(page.locator("#grid-across-values textarea")).to_have_value("dog, cat, castle")
    page.locator("#grid-model input").click()
    page.get_by_role("option", name="InstaFlow mini").click()
    draw(page)
    assert page.locator("#grid-cells th").all_inner_texts() == ["dog", "cat", "castle"]
    assert len(stamps(page)) == 3
    page.locator("#grid-across-values textarea").fill("cow, cat")
    page.locator("#grid-start").click()
    expect(page.locator("#grid-across-values")).to_contain_text("The prompt does not contain “cow”")
    assert len(stamps(page)) == 3  # what is drawn stays


def test_stop_keeps_what_is_drawn_and_a_prompt_entered_meanwhile_comes_next(visit: Visit) -> None:
    page = visit()
    page.locator("#grid-across-values textarea").fill("1, 100")
    page.locator("#grid-start").click()
    expect(page.locator("#grid-status")).to_contain_text(
        re.compile(r"Stable Diffusion mini, 100 steps"), timeout=RUN_MS
    )
    page.locator("#grid-stop").click()
    expect(page.locator("#grid-status")).to_contain_text("Stopped after 2 of 3 cells.")
    assert phases(page) == ["done", "refused", "done", "stopped"]
    expect(page.locator("#grid-zip")).to_be_visible()
    page.locator("#grid-start").click()
    expect(page.locator("#grid-zip")).to_be_hidden()
    page.locator("#grid-prompt textarea").fill("three stars")
    page.locator("#grid-prompt textarea").press("Enter")
    expect(page.locator("#grid-next .next")).to_have_text("Next: “three stars”")
    page.locator("#grid-stop").click()  # which forgets it
    expect(page.locator("#grid-status")).to_contain_text("Stopped")
    expect(page.locator("#grid-next .next")).to_have_text("")


def test_a_phone_in_portuguese_scrolls_only_downwards(visit: Visit) -> None:
    page = visit(viewport={"width": 390, "height": 844}, locale="pt-BR", reduced_motion="reduce", color_scheme="dark")
    expect(page.locator("#grid-status")).to_contain_text("2 × 4 células, 5 a desenhar.")
    choose(page, "across", "Orientação")
    values = page.locator("#grid-across-values textarea")
    expect(values).to_have_value("1; 1,5; 3; 5")
    values.fill("0; 2,5")
    expect(page.locator("#grid-cells th").nth(1)).to_have_text("Orientação 2,5")
    page.locator("#grid-more button").click()
    page.locator("#grid-steps input").fill("1")
    expect(page.locator("#grid-guidance")).to_be_hidden()  # it is on a side
    draw(page)
    assert all(re.match(r"\d+,\d+ s", stamp) for stamp in stamps(page))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#grid-cells [data-cell]").last.click()
    dialog = page.get_by_role("dialog", name="Stable Diffusion mini, Orientação 2,5")
    assert dialog.bounding_box()["width"] <= 390  # pyright: ignore[reportOptionalSubscript]
    dialog.get_by_role("button", name="Fechar").click()
    expect(dialog).to_be_hidden()
