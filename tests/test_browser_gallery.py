"""The gallery in a real browser: a visitor's own images, and settings that come back from a file."""

import io
import re
import time
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import visitors
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Page, expect
from served import App, running_app

from instaflow_demo.events import digest

RUN_MS, READY_MS = 300_000, 600_000
FAST, MANY = "instaflow-mini", "2rf-mini"

pytestmark = pytest.mark.timeout(1000)  # the first test may have to bring a browser
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """With sessions that end a second after their visitor has left, not an hour."""
    models = f"{FAST},{MANY}"
    folder = tmp_path_factory.mktemp("gallery")
    with running_app(folder, "--offline", "--models", models, GRADIO_IS_E2E_TEST="1") as app:
        yield app


@pytest.fixture
def visit(app: App, browser: Browser) -> Iterator[Visit]:
    """Open the page as a new visitor; options are the browser context's."""
    with visitors(browser) as open_page:

        def opened(**options: object) -> Page:
            page = open_page(**options)
            page.goto(app.url)
            expect(page.locator(".status.ready")).to_be_attached(timeout=READY_MS)  # the models have warmed up
            return page

        yield opened


def draw(page: Page, prompt: str, *models: str) -> None:
    for box in page.locator("#models input").all():
        box.set_checked(box.get_attribute("name") in models)
    page.locator("#prompt textarea").fill(prompt)
    generate(page, prompt, len(models))


def generate(page: Page, prompt: str, count: int) -> None:
    before = page.locator("#columns a[download]").evaluate_all("links => links.map(link => link.href)")
    page.locator("#generate").click()
    image = page.locator(f"#columns figure:has(img[alt$='{prompt}'])")
    expect(image).to_have_count(count, timeout=RUN_MS)
    expect(page.locator("#status .busy")).to_have_count(0, timeout=RUN_MS)
    assert not set(before) & set(links(page))


def links(page: Page) -> list[str]:
    return page.locator("#columns a[download]").evaluate_all("links => links.map(link => link.href)")


def pixels(page: Page, address: str) -> str:
    with Image.open(io.BytesIO(page.request.get(address).body())) as image:
        return digest(image.convert("RGB"))


def open_gallery(page: Page) -> None:
    page.get_by_role("tab", name=re.compile("^(Gallery|Galeria)$")).click()


def thumbnails(page: Page) -> list[str]:
    return page.locator("#gallery-images .thumbnail-item").evaluate_all("all => all.map(each => each.ariaLabel)")


def drop(page: Page, content: bytes, name: str = "dropped.png") -> None:
    """Let the file fall on the field, as a mouse does."""
    data = page.evaluate_handle(
        """([bytes, name]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name));
            return data;
        }""",
        [list(content), name],
    )
    page.locator("#gallery-drop .drop").dispatch_event("drop", {"dataTransfer": data})


def png(size: tuple[int, int] = (8, 8), **texts: str) -> bytes:
    info, made = PngInfo(), io.BytesIO()
    for key, text in texts.items():
        info.add_itxt(key, text)
    Image.new("RGB", size).save(made, "PNG", pnginfo=info)
    return made.getvalue()


def test_an_image_is_drawn_again_from_its_file_to_the_bit(visit: Visit) -> None:
    page = visit()
    page.locator("#open-settings").click()
    page.locator("#decoder label:has-text('tiny') input").check()
    page.locator("#settings").get_by_label(re.compile("number input for Steps")).first.fill("3")
    page.locator("#settings .toggle-button").click()
    draw(page, "a red bird", MANY)
    (address,) = links(page)
    content, drawn = page.request.get(address).body(), pixels(page, address)
    seed = page.locator("#seed input").input_value()

    other = visit()  # another visitor, with a form of their own
    open_gallery(other)
    expect(other.locator("#gallery-status")).to_contain_text("Nothing here yet")
    drop(other, content)
    expect(other.locator("#restored")).to_contain_text("The settings of that image are in the form")
    expect(other.locator("#prompt textarea")).to_have_value("a red bird")
    expect(other.locator("#seed input")).to_have_value(seed)
    expect(other.locator("#models input:checked")).to_have_count(1)
    expect(other.locator("#generate")).to_be_focused()
    generate(other, "a red bird", 1)
    (again,) = links(other)
    assert pixels(other, again) == drawn
    expect(other.locator("#restored")).to_be_empty()
    open_gallery(other)  # what that visitor has drawn, and nothing of the first one's
    expect(other.locator("#gallery-status")).to_contain_text("Your images: 1")
    expect(other.locator("#gallery-settings")).to_contain_text(f"Seed{seed}", use_inner_text=False)
    expect(other.locator("#gallery-pair")).to_be_hidden()


def test_images_are_compared_packed_and_deleted(visit: Visit) -> None:
    page = visit()
    draw(page, "a red cat", FAST)
    draw(page, "a blue cat", FAST)
    open_gallery(page)
    expect(page.locator("#gallery-status")).to_contain_text("Your images: 2")
    expect(page.locator("#gallery-images .thumbnail-item").first).to_have_attribute(
        "aria-label", re.compile(r"^InstaFlow mini · [\d.]+ s · a blue cat$")
    )
    expect(page.locator("#gallery-difference mark")).to_have_text(["blue", "red"])
    expect(page.locator("#gallery-slider img")).to_have_count(2)
    slider = page.locator("#gallery-divide input[type=range]")
    slider.focus()
    slider.press("End")
    expect(page.locator("#gallery-slider img").nth(1)).to_have_css("clip-path", re.compile(r"(8|9)\d(\.\d+)?%|100%"))
    page.locator("#gallery-images .thumbnail-item").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#gallery-image img")).to_have_attribute("alt", re.compile("a red cat"))
    expect(page.locator("#gallery-difference mark")).to_have_text(["red", "blue"])
    page.locator("#gallery-image").get_by_label("Fullscreen").click()
    assert page.locator("#gallery-image img").evaluate("image => image.clientHeight / innerHeight") > 0.8
    page.locator("#gallery-image").get_by_label("Exit fullscreen", exact=False).click()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download all (ZIP)").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        names = packed.namelist()
        with Image.open(io.BytesIO(packed.read(names[0]))) as image:
            assert "a blue cat" in image.info["parameters"]
    assert len(names) == 2 and all(name.endswith("-instaflow-mini-0.png") for name in names)

    address = page.locator("#gallery-image a[download]").get_attribute("href") or ""
    page.locator("#gallery-use").click()
    expect(page.locator("#prompt textarea")).to_have_value("a red cat")
    open_gallery(page)
    page.locator("#gallery-delete").click()
    expect(page.locator("#gallery-status")).to_contain_text("Your images: 1")
    assert page.request.get(address).status in (403, 404)
    page.locator("#gallery-clear").click()
    page.get_by_role("button", name="Keep them").click()
    expect(page.locator("#gallery-sure")).to_be_hidden()
    page.locator("#gallery-clear").click()
    page.get_by_role("button", name="Delete all", exact=True).click()
    expect(page.locator("#gallery-status")).to_contain_text("Nothing here yet")


def test_files_are_refused_in_words_and_others_restored_with_notes(visit: Visit) -> None:
    page = visit()
    open_gallery(page)
    jpeg = io.BytesIO()
    Image.new("RGB", (8, 8)).save(jpeg, "JPEG")
    status = page.locator("#gallery-status")
    for content, said in (
        (jpeg.getvalue(), "not a PNG file"),
        (png(), "There are no settings in that image"),
        (png(parameters="x")[:50], "damaged"),
        (png() + bytes(200_000), "with at most 128 KB of texts"),
        (png((9000, 9000), parameters="x"), "more than 64,000,000 pixels"),
    ):
        drop(page, content)
        expect(status).to_contain_text(said)
    page.evaluate("window.file = new File([new Uint8Array(21 * 1024 * 1024)], 'large.png')")
    data = page.evaluate_handle("() => { const d = new DataTransfer(); d.items.add(window.file); return d; }")
    page.locator("#gallery-drop .drop").dispatch_event("drop", {"dataTransfer": data})
    expect(status).to_contain_text("at most 20 MB")
    theirs = "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768, Model: x"
    page.locator("#gallery-drop input").set_input_files(
        {"name": "theirs.png", "mimeType": "image/png", "buffer": png(parameters=theirs)}
    )
    expect(page.locator("#prompt textarea")).to_have_value("a cat")
    expect(page.locator("#seed input")).to_have_value("42")
    for note in ("Euler a was left out", "512 by 768 was left out", "x drew it and is not known here"):
        expect(page.locator("#restored")).to_contain_text(note)
    expect(page.locator("#models input:checked")).to_have_count(2)


def test_images_go_with_their_visitor_and_a_phone_scrolls_only_downwards(visit: Visit) -> None:
    page = visit(viewport={"width": 390, "height": 844}, locale="pt-BR")
    draw(page, "um gato", FAST)
    draw(page, "um cachorro", FAST)
    menu = page.locator(".overflow-menu > button")
    if not page.get_by_role("tab", name="Galeria").count():
        menu.click()
    page.get_by_role("tab", name="Galeria").or_(page.locator(".overflow-dropdown").get_by_text("Galeria")).click()
    expect(page.locator("#gallery-status")).to_contain_text("Suas imagens: 2")
    expect(page.locator("#gallery-difference mark")).to_have_text(["cachorro", "gato"])
    assert re.search(r"Tempo\n?\d+,\d+ s", page.locator("#gallery-settings").inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    paths = [Path(urllib.parse.unquote(address.partition("file=")[2])) for address in links(page)]
    assert [path.is_file() for path in paths] == [True]
    page.context.close()
    for _ in range(100):
        if not paths[0].exists():
            break
        time.sleep(0.1)
    assert not paths[0].exists()
