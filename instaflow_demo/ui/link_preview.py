"""What the page says before gradio speaks: its language, its title, and what a messenger shows of a link to it.

Gradio's own tags name gradio, English, and a picture of another host.
"""

import re
from pathlib import Path
from typing import Any

from gradio.route_utils import get_root_url
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .language import locale_script
from .text import TEXTS, Language, requested_language

PICTURE = Path(__file__).parents[2] / "assets" / "preview.jpg"  # of 1200 by 630 pixels, as messengers want it
_ADDRESS = "/preview.jpg"
_THEIRS = re.compile(r"""<meta\s+(?:property|name)=["'](?:og|twitter):[^>]*>\s*""")
_LANGUAGE = re.compile(r'<html(\s+)lang="en"')
_WORDS: dict[str, str] = {
    "og:title": "title",
    "twitter:title": "title",
    "description": "lead",
    "og:description": "lead",
}


class LinkPreview:
    """ASGI middleware that serves the picture, and puts the page's own tags in place of gradio's."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path == _ADDRESS and PICTURE.is_file():
            await FileResponse(PICTURE, headers={"cache-control": "max-age=86400"})(scope, receive, send)
        elif scope["type"] == "http" and path == "/" and scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, _Rewriter(Request(scope), send))
        else:
            await self._app(scope, receive, send)


class _Rewriter:
    """Passes an answer on once it is whole, its tags rewritten if it is a page."""

    def __init__(self, request: Request, send: Send):
        self._request = request
        self._send = send
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        headers = dict(self._start["headers"])
        if headers.get(b"content-type", b"").startswith(b"text/html") and self._body:
            self._body = rewrite_tags(self._body.decode(), self._request).encode()
            headers[b"content-length"] = str(len(self._body)).encode()
        await self._send({**self._start, "headers": list(headers.items())})
        await self._send({**message, "body": self._body})


def rewrite_tags(page: str, request: Request) -> str:
    """The page with our title, description and picture, in the language that is asked for."""
    language = requested_language(request.headers)
    ours = Markup("<title>{}</title>").format(TEXTS[language]["title"]) + locale_script(language)
    page = _LANGUAGE.sub(f'<html\\1lang="{language}"', _THEIRS.sub("", page), count=1)
    return page.replace("</head>", f"{ours}{_tags(request, language)}</head>", 1)


def _tags(request: Request, language: Language) -> Markup:
    root = get_root_url(request, route_path="/", root_path=request.scope.get("root_path") or None)
    words = TEXTS[language]
    values: dict[str, Any] = {tag: words[key] for tag, key in _WORDS.items()}
    values |= {"og:type": "website", "og:url": root + "/", "twitter:card": "summary_large_image"}
    if PICTURE.is_file():
        values |= dict.fromkeys(("og:image", "twitter:image"), root + _ADDRESS) | {"og:image:alt": words["hero_alt"]}
    tag = Markup('<meta {}="{}" content="{}" />')
    return Markup("").join(
        tag.format("property" if name.startswith("og:") else "name", name, value) for name, value in values.items()
    )
