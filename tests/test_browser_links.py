"""Links, what the browser keeps and the switch of languages, in a real browser."""

import hashlib
import re
from collections.abc import Callable, Iterator

import pytest
from chromium import visitors
from playwright.sync_api import Browser, Page, expect
from served import App, running_app

READY_MS = 600_000  # machines that run tests can be slow
PIXELS = """async () => Promise.all([...document.querySelectorAll('.model img')].map(async (image) => {
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight), pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  return [...pen.getImageData(0, 0, canvas.width, canvas.height).data].join();
}))"""

pytestmark = pytest.mark.timeout(1000)  # the first test may have to bring a browser


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    models = "instaflow-mini,pd-mini,sd-mini,2rf"
    with running_app(tmp_path_factory.mktemp("links"), "--offline", "--models", models) as app:
        yield app


Visit = Callable[..., Page]


@pytest.fixture
def visit(app: App, browser: Browser) -> Iterator[Visit]:
    """Open the page, at this query, as a new visitor; options are the browser context's."""
    with visitors(browser) as open_page:

        def opened(query: str = "", **options: object) -> Page:
            page = open_page(**options)
            page.goto(f"{app.url}/{query}")
            return arrived(page)

        yield opened


def arrived(page: Page) -> Page:
    """The page once its models are warm, and something is there to look at."""
    expect(page.locator(".status.ready")).to_be_visible(timeout=READY_MS)
    expect(page.locator(".model img").first).to_be_visible(timeout=READY_MS)
    return page


def images(page: Page) -> list[str]:
    """A digest of the pixels of each image."""
    return [hashlib.sha256(pixels.encode()).hexdigest() for pixels in page.evaluate(PIXELS)]


def choose(page: Page, *models: str) -> None:
    for box in page.locator("#models input").all():
        box.set_checked(box.get_attribute("name") in models)


def chosen(page: Page) -> list[str | None]:
    return [box.get_attribute("name") for box in page.locator("#models input:checked").all()]


def prompt(page: Page) -> str:
    return page.locator("#prompt textarea").input_value()


def wait_done(page: Page) -> None:
    expect(page.locator("#comparison table")).to_be_visible(timeout=READY_MS)


def open_settings(page: Page) -> None:
    page.locator("#open-settings").click()
    expect(page.locator("#decoder")).to_be_visible()


def test_a_copied_link_draws_the_same_images_for_another_visitor(visit: Visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    choose(page, "instaflow-mini", "sd-mini")
    page.locator("#prompt textarea").fill("two birds on a yellow background")
    page.locator("#images input").fill("2")
    open_settings(page)
    page.locator("#settings, .sidebar").get_by_label("number input for Steps").first.fill("3")
    page.locator("#decoder").get_by_label("tiny").check()
    page.keyboard.press("Tab")
    page.locator("#generate").evaluate("button => button.click()")
    wait_done(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    seed = page.locator("#seed input").input_value()
    models = "models=instaflow-mini,sd-mini"
    rest = f"{models}&seed={seed}&images=2&decoder=tiny&steps=sd-mini:3"
    assert link.endswith(f"/?prompt=two+birds+on+a+yellow+background&{rest}")

    query = link[link.index("?") :] + "&shoes=2"
    other = visit(query, locale="pt-PT", viewport={"width": 390, "height": 844})
    wait_done(other)
    assert images(other) == images(page)
    assert len(set(images(page))) == 4
    said = "Aberto a partir de uma ligação. A ligação diz “shoes”, o que aqui não significa nada: ficou de fora."
    expect(other.locator("#from-link")).to_have_text(said)
    assert (prompt(other), chosen(other)) == ("two birds on a yellow background", ["instaflow-mini", "sd-mini"])
    assert other.locator("#seed input").input_value() == seed
    expect(other.locator("#randomise input")).not_to_be_checked()
    assert other.evaluate("document.documentElement.scrollWidth") <= 390

    other.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    other.get_by_role("button", name="Copiar ligação").click()
    expect(other.get_by_text("Este navegador não deixa a página copiar")).to_be_visible()
    expect(other.get_by_label("Ligação para estas imagens")).to_have_value(link)

    # what a visitor changes is the visitor's own, and the link is no longer in the address
    other.locator("#prompt textarea").fill("uma casa")
    other.keyboard.press("Tab")
    expect(other).to_have_url(re.compile(r"/$"))
    other.reload()
    arrived(other)
    expect(other.locator("#prompt textarea")).to_have_value("uma casa")
    expect(other.locator("#status")).to_contain_text("Execução guardada de “Um cão grande”")


def test_a_link_can_do_no_more_than_the_form(visit: Visit, app: App) -> None:
    page = visit("?prompt=&models=2rf,pd-mini&seed=x&save=no&backend=diffusers")
    said = page.locator("#from-link")
    for words in ("2-Rectified Flow is not on this machine", "the prompt is empty", "“save”", "The backend must be"):
        expect(said).to_contain_text(words)
    expect(page.locator("#status")).to_contain_text("Stored run")
    assert (prompt(page), chosen(page)) == ("A big dog", ["pd-mini"])
    page.goto(f"{app.url}/?prompt={'x' * 3000}")
    expect(said).to_contain_text("This link is too long (3,006 characters, and at most 2,500 are read)")
    expect(page.locator("#status")).to_contain_text("Stored run")


def test_the_form_survives_a_reload_until_it_is_reset(visit: Visit, app: App) -> None:
    page = visit()
    page.locator(".chip").get_by_text("three stars").click()
    wait_done(page)
    choose(page, "pd-mini")
    open_settings(page)
    page.get_by_label("float32").check()
    page.get_by_label("Save images").uncheck()
    page.reload()
    arrived(page)
    expect(page.locator("#prompt textarea")).to_have_value("three stars")
    expect(page.locator("#status")).to_contain_text("Stored run of “A big dog”")
    assert chosen(page) == ["pd-mini"]
    open_settings(page)
    expect(page.get_by_label("float32")).to_be_checked()
    expect(page.get_by_label("Save images")).not_to_be_checked()
    page.get_by_role("button", name="Reset settings").click()
    expect(page.locator("#prompt textarea")).to_have_value("A big dog")
    expect(page.get_by_label("Save images")).to_be_checked()
    page.reload()
    arrived(page)
    expect(page.locator("#status")).to_contain_text("Stored run, made on")
    assert chosen(page) == ["instaflow-mini", "sd-mini"]
    page.evaluate("localStorage.setItem('instaflow-demo-form-1', 'AA==:rubbish')")
    page.reload()
    arrived(page)
    expect(page.locator("#prompt textarea")).to_have_value("A big dog")


LANGUAGES = {
    "English": ("en", "Generate", "A big dog", "Stored run", "One step.", "one step, not"),
    "Português (Brasil)": ("pt-BR", "Gerar", "Um cachorro grande", "Clique em", "Um passo.", "um passo"),
    "Português (Portugal)": ("pt-PT", "Gerar", "Um cão grande", "Carregue", "Um passo.", "um passo"),
}


def check_language(page: Page, name: str) -> None:
    """What gradio translates, what the server says, the prompts, the title and the link's preview are in it."""
    tag, button, example, said, heading, title = LANGUAGES[name]
    arrived(page)
    expect(page.locator("#generate")).to_have_text(button)
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    expect(page.locator("#prompt textarea")).to_have_value(example)
    expect(page.locator("#status")).to_contain_text(said)
    expect(page.locator(".chip").first).to_have_text(example)
    expect(page.locator("html")).to_have_attribute("lang", tag)
    assert title in page.title()
    preview = page.evaluate("fetch(location.href).then((answer) => answer.text())")
    assert re.search(f'property="og:title" content="[^"]*{title}', preview)


@pytest.mark.parametrize(
    ("locale", "browser_s", "other"),
    [
        ("pt-PT", "Português (Portugal)", "English"),
        ("pt", "Português (Brasil)", "Português (Portugal)"),
    ],
)
def test_the_switch_comes_before_the_browser_s_language(
    visit: Visit, app: App, locale: str, browser_s: str, other: str
) -> None:
    page = visit(locale=locale)
    check_language(page, browser_s)
    page.locator(".languages summary").click()
    page.get_by_role("link", name=other).click()
    page.wait_for_url("**lang=**")
    check_language(page, other)
    page.goto(app.url)
    check_language(page, other)
