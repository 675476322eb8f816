"""The flow tab in a real browser, on the shipped models."""

import re
from collections.abc import Callable, Iterator

import pytest
from chromium import visitors
from playwright.sync_api import Browser, Page, expect
from served import App, running_app

RUN_MS, READY_MS = 300_000, 600_000

pytestmark = pytest.mark.timeout(1000)  # the first test may have to bring a browser
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running_app(tmp_path_factory.mktemp("flow"), "--offline") as app:
        yield app


@pytest.fixture
def visit(app: App, browser: Browser) -> Iterator[Visit]:
    """Open the tab as a new visitor; options are the browser context's."""
    with visitors(browser) as open_page:

        def opened(**options: object) -> Page:
            page = open_page(**options)
            page.goto(app.url)
            page.get_by_role("tab", name=re.compile("^(Flow|Fluxo)$")).click()
            expect(page.locator(".status.ready")).to_be_attached(timeout=READY_MS)  # the models have warmed up
            return page

        yield opened


def choose(page: Page, *models: str) -> None:
    for box in page.locator("#flow-models input").all():
        box.set_checked(box.get_attribute("name") in models)


def draw(page: Page, *models: str) -> None:
    choose(page, *models)
    page.locator("#flow-start").click()
    expect(page.locator("#flow-status")).to_contain_text(re.compile("Finished|Pronto"), timeout=RUN_MS)


def moments(page: Page) -> list[str]:
    return page.locator(".film .clock b").all_inner_texts()


def test_films_of_two_models_are_scrubbed_together(visit: Visit) -> None:
    page = visit()
    other = visit()
    expect(page.locator(".film")).to_have_count(3)  # a stored run, before anything is pressed
    draw(page, "instaflow-mini", "2rf-mini")
    one, many = page.locator("#film-instaflow-mini"), page.locator("#film-2rf-mini")
    assert (one.locator(".frame").count(), many.locator(".frame").count()) == (2, 26)
    assert many.locator(".few img").count() == 5
    assert re.search(r"straightness S = 0\.0\d+", many.inner_text())
    assert moments(page) == ["0.00", "0.20"]
    slider = page.locator("#flow-time input[type=range]")
    slider.focus()
    before = many.locator(".large .state").get_attribute("src")
    slider.press("ArrowRight")
    expect(many.locator(".clock b")).to_have_text("0.24")
    assert many.locator(".large .state").get_attribute("src") != before
    slider.press("End")
    expect(many.locator(".clock b")).to_have_text("1.00")
    expect(one.locator(".clock b")).to_have_text("1.00")
    many.locator(".frame").nth(10).click()
    expect(many.locator(".clock b")).to_have_text("0.40")
    expect(page.locator("#flow-time input[type=number]")).to_have_value("0.4")
    page.locator("#flow-play").click()
    expect(many.locator(".clock b")).to_have_text("1.00")
    expect(other.locator("#flow-status")).to_contain_text("A stored run")  # nobody else sees them


def test_stop_ends_the_work_and_the_next_press_works(visit: Visit) -> None:
    page = visit()
    choose(page, "sd-mini")
    page.locator("#flow-start").click()
    expect(page.locator("#flow-status")).to_contain_text(re.compile(r"step \d+ of 25"), timeout=RUN_MS)
    page.locator("#flow-stop").click()
    expect(page.locator("#flow-status")).to_contain_text("Stopped")
    expect(page.locator("#flow-stop")).to_be_hidden()
    draw(page, "instaflow-mini")
    expect(page.locator(".film")).to_have_count(1)


def test_a_prompt_entered_during_a_run_comes_next(visit: Visit) -> None:
    page = visit()
    choose(page, "instaflow-mini", "2rf-mini")
    page.locator("#flow-start").click()
    expect(page.locator("#flow-status .busy")).to_be_attached()
    choose(page, "instaflow-mini")
    page.locator("#flow-prompt textarea").fill("three stars")
    page.locator("#flow-prompt textarea").press("Enter")
    expect(page.locator("#flow-next .next")).to_have_text("Next: “three stars”")
    expect(page.locator("#film-2rf-mini .film")).to_be_visible(timeout=RUN_MS)
    expect(page.locator(".film")).to_have_count(1, timeout=RUN_MS)
    expect(page.get_by_alt_text("three stars: the image in 1 step")).to_be_visible(timeout=RUN_MS)


def test_what_is_wrong_is_said_at_its_field(visit: Visit) -> None:
    page = visit()
    page.locator("#flow-prompt textarea").fill(" ")
    page.locator("#flow-start").click()
    expect(page.locator("#flow-prompt")).to_contain_text("the prompt is empty")


def test_a_phone_in_portuguese_scrolls_only_downwards(visit: Visit) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "locale": "pt-BR", "reduced_motion": "reduce"}
    page = visit(**phone)
    expect(page.locator("#flow-prompt textarea")).to_have_value("Um cachorro grande")
    draw(page, "2rf-mini")
    assert "retidão S = 0,0" in page.locator("#film-2rf-mini").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#flow-play")).to_be_hidden()  # nothing moves by itself
    page.locator("#flow-time input[type=range]").press("End")
    reel = page.locator(".reel")
    assert reel.evaluate("reel => reel.scrollLeft > 0")
    assert moments(page) == ["1,00"]
