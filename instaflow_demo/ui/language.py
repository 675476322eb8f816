"""Which language a visitor reads: the one that was chosen on the page, or else the browser's.

Gradio translates labels in the browser, by the browser's language, and all else is said by the server. So the choice is
made here, once for each request: what was chosen takes the browser's place in the request's headers, which is where
everything on the server looks, and the page tells gradio the same before gradio looks.
"""

from collections.abc import Mapping
from types import MappingProxyType

from markupsafe import Markup
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .text import LANGUAGES, Language

PARAMETER = COOKIE = "lang"
_KEPT_S = 365 * 24 * 3600

LOCALES: Mapping[Language, str] = MappingProxyType({"en": "en", "pt-BR": "pt-BR", "pt-PT": "pt"})
"""What gradio calls each language; its own words under "pt" are those of Portugal."""


class ChosenLanguage:
    """ASGI middleware that puts a chosen language in the place of the browser's, and has the browser keep it."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = find_choice(Request(scope)) if scope["type"] == "http" else None
        if chosen is None:
            return await self._app(scope, receive, send)
        MutableHeaders(scope=scope)["accept-language"] = chosen
        await self._app(scope, receive, _Keeper(chosen, send) if _is_pressed(Request(scope)) else send)


def find_choice(request: Request) -> Language | None:
    """The language of the address, or else the one that was kept; None where neither is one of the page's."""
    asked = (request.query_params.get(PARAMETER), request.cookies.get(COOKIE))
    return next((language for name in asked for language in LANGUAGES if language == name), None)


def locale_script(language: Language) -> Markup:
    """Tells gradio the language as if it were the browser's; for the head of the page, before gradio's scripts."""
    script = Markup('<script>Object.defineProperty(navigator, "language", {{ value: "{}" }});</script>')
    return script.format(LOCALES[language])


def _is_pressed(request: Request) -> bool:
    """Whether the language was chosen on this page: a link from elsewhere has its language, but leaves the kept one."""
    here = request.url.path == "/" and request.headers.get("sec-fetch-site") == "same-origin"
    return here and PARAMETER in request.query_params


class _Keeper:
    """Adds a cookie with the language to an answer."""

    def __init__(self, language: Language, send: Send):
        self._language = language
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            cookie = f"{COOKIE}={self._language}; Path=/; Max-Age={_KEPT_S}; SameSite=Lax"
            MutableHeaders(raw=message["headers"]).append("set-cookie", cookie)
        await self._send(message)
