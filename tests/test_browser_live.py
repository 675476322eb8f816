"""The live tab in a real browser: what is typed is drawn, and one image becomes another."""

import io
import re
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from chromium import visitors
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from served import App, running_app

READY_MS = 600_000  # the first page converts networks, where OpenVINO is installed

pytestmark = pytest.mark.timeout(1000)  # the first test may have to bring a browser


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    models = "instaflow-mini,pd-mini,sd-mini"
    with running_app(tmp_path_factory.mktemp("live"), "--offline", "--models", models) as app:
        yield app


Visit = Callable[..., Page]


@pytest.fixture
def visit(app: App, browser: Browser) -> Iterator[Visit]:
    """Open the page as a new visitor, at its live tab; options are the browser context's."""
    with visitors(browser) as open_page:

        def opened(**options: object) -> Page:
            page = open_page(**options)
            page.goto(app.url)
            expect(page.locator(".status.ready")).to_be_visible(timeout=READY_MS)
            page.get_by_role("tab", name=re.compile("^(Live|Ao vivo)$")).click()
            expect(page.locator("#live-picture img")).to_be_visible()  # something to look at before anything is typed
            return page

        yield opened


def picture(page: Page) -> str:
    return str(page.locator("#live-picture img").get_attribute("src"))


def drawn(page: Page, name: str) -> str:
    """The picture once it is the one called `name`."""
    expect(page.locator("#live-picture img")).to_have_attribute("alt", name)
    return picture(page)


def content(page: Page, kind: str) -> Image.Image:
    """The file behind a link, which contains it."""
    link = page.get_by_role("link", name=f"Save as {kind}")
    assert link.get_attribute("download") == f"interpolation.{kind.lower()}"
    with urllib.request.urlopen(str(link.get_attribute("href"))) as file:
        return Image.open(io.BytesIO(file.read()))


def test_what_is_typed_is_drawn_with_the_seed_that_stays_until_the_dice_roll(visit: Visit) -> None:
    page = visit()
    cat, prompt, seed = drawn(page, "a cat"), page.locator("#live-prompt textarea"), page.locator("#live-seed input")
    prompt.press_sequentially(" on a yellow background", delay=15)
    yellow = drawn(page, "a cat on a yellow background")
    assert yellow != cat
    assert re.search(r"\d s · \d+\.\d images/s$", page.locator("#live-picture figcaption").inner_text())
    expect(seed).to_have_value("7")
    page.locator("#live-seed").get_by_role("button", name="Roll a new seed").click()
    page.wait_for_function("source => document.querySelector('#live-picture img').src !== source", arg=yellow)
    assert seed.input_value() != "7"
    prompt.fill("")
    prompt.press_sequentially(" ")
    expect(page.locator("#live-status")).to_contain_text("Describe the image you want: the prompt is empty.")
    page.get_by_label("One-step model").click()
    expect(page.get_by_role("option")).to_have_text([re.compile("InstaFlow mini"), re.compile("Progressively")])


def test_one_image_becomes_another_and_moves_in_files(visit: Visit) -> None:
    page = visit(locale="en-US", viewport={"width": 390, "height": 844})
    start = drawn(page, "a cat")
    page.locator("#live-frames input[type=number]").fill("5")
    page.get_by_role("button", name="Draw the frames").click()
    frames = page.locator("#live-strip img")
    expect(page.locator("#live-status")).to_contain_text(re.compile(r"\b5 frames · \d+\.\d images/s"))
    expect(frames).to_have_count(5)
    assert frames.first.get_attribute("src") == start
    assert picture(page) == frames.last.get_attribute("src")
    position = page.locator("#live-position input[type=range]")
    position.focus()
    position.press("Home")
    assert drawn(page, "Frame 1 of 5") == start
    page.locator("#live-play").click()
    drawn(page, "Frame 3 of 5")
    drawn(page, "Frame 5 of 5")
    expect(position).to_have_value("1")
    for kind in ("GIF", "WebP"):
        moving = content(page, kind)
        assert (moving.format, getattr(moving, "n_frames", 1)) == (kind.upper(), 8)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_seeds_can_be_the_ends_and_stop_keeps_what_is_drawn(visit: Visit) -> None:
    page = visit()
    page.get_by_label("Two seeds").check()
    expect(page.locator("#live-to-prompt")).to_be_hidden()
    page.locator("#live-to-seed input").fill("-4")
    page.get_by_role("button", name="Draw the frames").click()
    expect(page.locator("#live-to-seed")).to_contain_text("The seed must be")
    page.locator("#live-to-seed input").fill("8")
    page.locator("#live-frames input[type=number]").fill("32")
    page.get_by_role("button", name="Draw the frames").click()
    expect(page.locator("#live-strip img").nth(1)).to_be_visible()
    page.locator("#live-stop").click()
    expect(page.locator("#live-status")).to_contain_text(re.compile("Stopped after|32 frames"))
    expect(page.get_by_role("link", name="Save as GIF")).to_be_visible()


def test_an_image_waits_while_another_visitor_s_models_are_timed(visit: Visit) -> None:
    other, page = visit(), visit(locale="pt-BR")
    drawn(page, "um gato")
    other.get_by_role("tab", name="Compare").click()
    for box in other.locator("#models input").all():
        box.set_checked(box.get_attribute("name") == "sd-mini")
    other.locator("#images input").fill("4")
    other.get_by_role("button", name="Generate", exact=True).click()
    expect(other.locator("#column-sd-mini .line")).to_contain_text("step")
    page.locator("#live-prompt textarea").press_sequentially(" azul")
    expect(page.locator("#live-status")).to_contain_text("Esperando o dispositivo ficar livre")
    other.get_by_role("button", name="Stop", exact=True).locator("visible=true").click()
    drawn(page, "um gato azul")
    expect(other.get_by_alt_text("um gato")).to_have_count(0)
