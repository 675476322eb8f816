"""Before gradio's server: routes that the page never uses are closed, and junk gets a sentence instead of a 500."""

import re
from typing import Any

from gradio.route_utils import FnIndexInferError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .language import ChosenLanguage
from .link_preview import LinkPreview

_CLOSED = re.compile(r"/gradio_api/(run|api|upload|component_server|proxy=|stream)\b")
_MOST_BYTES = 256 * 1024  # a request of this page is a few kilobytes


class Guard:
    """ASGI middleware that answers requests which gradio should not see."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(Request(scope)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)


def server_options() -> dict[str, Any]:
    """The options of gradio's FastAPI application."""
    unknown = dict.fromkeys((KeyError, FnIndexInferError), _no_such_function)
    layers = [Middleware(each) for each in (Guard, ChosenLanguage, LinkPreview)]
    return {"middleware": layers, "exception_handlers": unknown}


def _refusal(request: Request) -> JSONResponse | None:
    if _CLOSED.search(request.url.path):
        return _answer(404, "This address is closed: the page does everything through its queue.")
    if request.method != "POST":
        return None
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > _MOST_BYTES:
        return _answer(413, f"A request must state its length and be at most {_MOST_BYTES // 1024} KB long.")
    return None


def _no_such_function(request: Request, error: Exception) -> JSONResponse:
    """For a forged function number or name, for which gradio has only an exception."""
    return _answer(404, "There is no such function; the page at / shows what there is.")


def _answer(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status)
