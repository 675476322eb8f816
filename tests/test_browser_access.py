"""The page for everyone, in a real browser: by keyboard, for screen readers, enlarged, on a phone, without motion.

Every test goes through whatever tabs the page has.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from served import running_app

READY_MS, RUN_MS = 600_000, 300_000
DESKTOP, PHONE, ZOOMED = (1280, 800), (390, 844), (640, 400)
"""In CSS pixels; the last is the first at 200 %."""

HELPERS = Path(__file__).with_name("access.js").read_text(encoding="utf-8")
FADED = """() => Promise.allSettled(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().endTime < Infinity).map(each => each.finished))"""

pytestmark = pytest.mark.timeout(1000)  # the first test may have to bring a browser


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One visitor for all tests, who has drawn something in each tab that takes no more than seconds, to its end."""
    with running_app(tmp_path_factory.mktemp("access"), "--offline") as app:
        page = browser.new_page(locale="en-US", color_scheme="light")
        page.add_init_script(HELPERS)
        page.goto(app.url)
        expect(page.locator(".status.ready")).to_be_visible(timeout=READY_MS)
        fill(page)
        yield page
        page.close()


def fill(page: Page) -> None:
    compare(page, "instaflow-mini", "sd-distill-mini")
    expect(page.locator("#comparison table")).to_be_visible(timeout=RUN_MS)
    open_tab(page, "Live")
    page.locator("#live-draw").click()
    expect(page.locator("#live-files a")).to_have_count(2, timeout=RUN_MS)
    open_tab(page, "Flow")
    choose(page, "flow-models", "instaflow-mini", "2rf-mini")
    page.locator("#flow-start").click()
    expect(page.locator("#flow-status")).to_contain_text("Finished", timeout=RUN_MS)
    open_tab(page, "Benchmark")
    choose(page, "bench-models", "instaflow-mini")
    page.get_by_label("Also the stock diffusers pipeline").uncheck()
    repeats = page.get_by_label("number input for Repeats")
    repeats.fill("1")
    repeats.press("Tab")
    page.locator("#bench-start").click()
    expect(page.locator("#bench-status")).to_contain_text("Finished", timeout=RUN_MS)
    expect(page.locator("#bench-results table").first).to_be_visible()


def choose(page: Page, boxes: str, *models: str) -> None:
    for box in page.locator(f"#{boxes} input").all():
        box.set_checked(box.get_attribute("name") in models)


def compare(page: Page, *models: str) -> None:
    open_tab(page, "Compare")
    choose(page, "models", *models)
    page.locator("#generate").click()


def open_tab(page: Page, name: str) -> None:
    """Open a tab as a visitor does: from the row of tabs, or from the menu of those that have no room there."""
    tab = page.locator("#tabs > .tab-wrapper").get_by_role("tab", name=name, exact=True)
    if not tab.is_visible():
        page.get_by_role("button", name="More tabs").click()
        tab = page.locator(".overflow-dropdown button").get_by_text(name, exact=True)
    tab.click()


def tabs(page: Page, size: tuple[int, int] = DESKTOP) -> Iterator[str]:
    """The name of each tab in turn, while it is open in a window of this size with all its parts unfolded."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for name in page.locator("#tabs > .tab-wrapper > [aria-hidden] button").all_text_contents():
        open_tab(page, name)
        page.evaluate("access.unfold()")
        # gradio numbers images in English, and the page names them as soon as they are there
        expect(page.locator("[aria-label^=Thumbnail]:visible")).to_have_count(0)
        yield name


def check_tabs(page: Page, find: Callable[[], list[str]], size: tuple[int, int] = DESKTOP) -> None:
    """Fail with what `find` finds wrong in any tab, one problem a line."""
    if problems := [f"{name}: {problem}" for name in tabs(page, size) for problem in find()]:
        pytest.fail("\n".join(problems), pytrace=False)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_to_object_to(page: Page, colours: str) -> None:
    page.emulate_media(color_scheme=colours)
    expect(page.locator("body.dark")).to_have_count(1 if colours == "dark" else 0)
    page.locator(".languages summary").click()
    found = objections(page)
    page.keyboard.press("Escape")
    expect(page.locator(".languages[open]")).to_have_count(0)
    assert not found
    check_tabs(page, lambda: objections(page))


def test_axe_finds_nothing_to_object_to_in_what_opens_over_the_page(page: Page) -> None:
    """The drawer of settings, and the menu of tabs that have no room in their row."""
    open_tab(page, "Compare")
    page.locator("#open-settings").click()
    expect(page.locator(".sidebar.open #negative")).to_be_visible()
    found = [f"settings: {each}" for each in objections(page)]
    page.locator(".sidebar .toggle-button").click()
    expect(page.locator(".sidebar.open")).to_have_count(0)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.get_by_role("button", name="More tabs").click()
    expect(page.locator(".overflow-dropdown button").first).to_be_visible()
    found += [f"more tabs: {each}" for each in objections(page)]
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    assert not found


def objections(page: Page) -> list[str]:
    """What axe-core calls violations, its best practices included, once colours no longer fade."""
    page.evaluate(FADED)
    violations = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for each in violations
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("size", [DESKTOP, ZOOMED], ids=["desktop", "zoomed"])
def test_everything_is_reached_by_the_tab_key_and_seen_when_focused(page: Page, size: tuple[int, int]) -> None:
    check_tabs(page, lambda: walk(page), size)


def walk(page: Page) -> list[str]:
    """Press Tab until the focus is back where it began; says what was missed, unmarked or hidden."""
    page.evaluate("access.begin()")
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("access.arrive()"):
            return page.evaluate("access.problems()")
    return ["the focus never came back"]


@pytest.mark.parametrize("size", [PHONE, ZOOMED], ids=["phone", "zoomed"])
def test_nothing_is_wider_than_the_window(page: Page, size: tuple[int, int]) -> None:
    check_tabs(page, lambda: page.evaluate("access.tooWide()"), size)


def test_every_picture_is_described_or_decoration(page: Page) -> None:
    check_tabs(page, lambda: page.evaluate("access.undescribed()"))


def test_nothing_moves_for_those_who_asked_for_that(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    compare(page, "sd-mini")
    expect(page.locator("#column-sd-mini .bar")).to_be_visible(timeout=RUN_MS)
    assert page.evaluate("access.moving()") == []
    expect(page.locator("#comparison table")).to_be_visible(timeout=RUN_MS)
    page.emulate_media(reduced_motion="no-preference")
