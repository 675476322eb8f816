"""The language that was chosen on the page comes before the browser's, and is kept."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from instaflow_demo.ui.html.hero import hero_html
from instaflow_demo.ui.language import ChosenLanguage
from instaflow_demo.ui.link_preview import LinkPreview
from instaflow_demo.ui.text import NAMES, TEXTS, Language, requested_language

PAGE = '<html\n\tlang="en"\n><head><script>window.gradio_config = {};</script></head><body></body></html>'
PRESSED = {"sec-fetch-site": "same-origin"}


async def page(_: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


async def said(request: Request) -> HTMLResponse:
    return HTMLResponse(requested_language(request.headers))


@pytest.fixture
def client() -> TestClient:
    routes = [Route("/", page), Route("/said", said)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(ChosenLanguage), Middleware(LinkPreview)]))


@pytest.mark.parametrize(("language", "locale"), [("en", "en"), ("pt-BR", "pt-BR"), ("pt-PT", "pt")])
def test_the_page_is_in_its_language_before_gradio_looks(client: TestClient, language: Language, locale: str) -> None:
    html = client.get("/", headers={"accept-language": language}).text
    assert f'lang="{language}"' in html and f"<title>{TEXTS[language]['title']}</title>" in html
    assert f'Object.defineProperty(navigator, "language", {{ value: "{locale}" }})' in html
    assert f'property="og:description" content="{TEXTS[language]["lead"]}"' in html


def test_the_address_comes_before_what_was_kept_and_that_before_the_browser(client: TestClient) -> None:
    browser = {"accept-language": "en-GB"}
    assert client.get("/said", headers=browser).text == "en"
    kept = browser | {"cookie": "lang=pt-BR"}
    assert client.get("/said", headers=kept).text == "pt-BR"
    assert client.get("/said?lang=pt-PT", headers=kept).text == "pt-PT"
    assert client.get("/said?lang=xx", headers=kept).text == "pt-BR"
    assert client.get("/said?lang=", headers=browser | {"cookie": "lang=<b>"}).text == "en"


def test_only_what_was_pressed_on_the_page_is_kept(client: TestClient) -> None:
    assert client.get("/?lang=pt-PT", headers=PRESSED).headers["set-cookie"].startswith("lang=pt-PT; Path=/; Max-Age=")
    assert client.get("/said").text == "pt-PT"
    for address, headers in (("/?lang=en", {}), ("/said?lang=en", PRESSED), ("/", PRESSED)):
        assert "set-cookie" not in client.get(address, headers=headers).headers


def test_every_language_is_a_link_that_names_itself() -> None:
    for language in NAMES:
        html = hero_html(language)
        assert html.count("hreflang") == len(NAMES)
        assert f'<a href="?lang={language}" lang="{language}" hreflang="{language}" aria-current="true">' in html
        assert f'aria-label="{TEXTS[language]["language"]}: {NAMES[language]}"' in html
