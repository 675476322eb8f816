"""Before gradio's server: only what the page and its endpoints use is open, and junk gets a sentence, not a 500."""

import json
import logging
import math
import re
from contextlib import nullcontext
from typing import Any, NoReturn

from fastapi.exceptions import RequestValidationError
from gradio.route_utils import FnIndexInferError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .admission import FairQueue
from .language import ChosenLanguage
from .link_preview import LinkPreview
from .metrics import ADDRESS, Metrics
from .rates import LOGIN, too_often
from .text import requested_language, translate

_NAME = r"[\w-]+"
_READ = re.compile(
    r"/(|config/?|theme\.css|robots\.txt|manifest\.json|favicon\.ico|preview\.jpg|pwa_icon(/\d+)?|(svelte|assets|static)/.+"
    r"|login/(huggingface|callback)|logout|login_check/?"
    r"|gradio_api/(app_id/?|info/?|openapi\.json|user/?|login_check/?|startup-events|theme\.css|queue/data"
    rf"|heartbeat/{_NAME}|call(/v2)?/{_NAME}/{_NAME}|file=.+))"
)
_WRITE = re.compile(rf"/(login/?|gradio_api/(queue/join|cancel|reset/?|call(/v2)?/{_NAME}/?))")
_WORK = re.compile(rf"/gradio_api/(queue/join|call(/v2)?/{_NAME}/?)")
_TALK = re.compile(r"/gradio_api/mcp(/.*)?")  # where `--mcp` is used; elsewhere gradio has nothing there
_HEARD = re.compile(rf"/gradio_api/(call(?:/v2)?/{_NAME}/(?P<event>{_NAME})|queue/data)")
_MOST_BYTES = 256 * 1024  # a request of this page is a few kilobytes
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    # gradio makes functions of its events' JavaScript, and in a frame of another page it tells that its height
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' https://cdnjs.cloudflare.com; "
    "frame-ancestors 'self' https://huggingface.co https://*.huggingface.co https://*.hf.space",
}

log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware that answers requests which gradio should not see, and says who listens to what."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, answer = Request(scope, receive), _Answer(send)
        refusal = _refusal(request)
        if refusal is None and request.method == "POST" and _WRITE.fullmatch(_path(request)):
            body = await request.body()
            refusal = _too_often(request) if _path(request).startswith("/login") else _judge(body)
            receive = _replay(body, receive)
        if refusal is not None:
            await refusal(scope, receive, answer)
            _count_refusal(request, answer)
            return
        with _listening(request):
            await self._pass_on(scope, receive, answer)
        _count_refusal(request, answer)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """Let gradio answer; what it cannot make sense of is the fault of who sent it."""
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            if answer.begun and isinstance(error.__cause__, HTTPException):  # its last event has said what is wrong
                log.info("a stream of nobody's: %s", error.__cause__)
                await answer.end()
                return
            if answer.begun or scope["method"] != "POST":
                raise
            log.warning("a call that cannot be understood: %s", type(error).__name__)
            await _not_understood(400)(scope, receive, answer)


class _Answer:
    """Sends an answer with the headers that every one has."""

    def __init__(self, send: Send):
        self._send = send
        self.begun = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
            headers = MutableHeaders(raw=message["headers"])
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def end(self) -> None:
        """End an answer that has begun."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def server_options() -> dict[str, Any]:
    """The options of gradio's FastAPI application."""
    unknown = dict.fromkeys((KeyError, FnIndexInferError), _no_such_function)
    handlers = {**unknown, RequestValidationError: lambda request, error: _not_understood(422)}
    layers = [Middleware(each) for each in (Guard, ChosenLanguage, LinkPreview)]
    return {"middleware": layers, "exception_handlers": handlers}


def _refusal(request: Request) -> Response | None:
    """The answer to a request that goes no further; None if it does."""
    path, reads = _path(request), request.method in ("GET", "HEAD")
    if reads and path == "/healthz":
        return JSONResponse({"status": "ok"})
    if reads and path == ADDRESS and (counted := _metrics(request).answer(request)):
        return counted
    if not (_TALK.fullmatch(path) or (_READ if reads else _WRITE).fullmatch(path)):
        return _refuse(404, "This address is closed: the page at / and its endpoints do everything through the queue.")
    if reads or request.method == "DELETE":
        return None
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > _MOST_BYTES:
        return _refuse(413, f"A request must state its length and be at most {_MOST_BYTES // 1024} KB long.")
    return None


def _too_often(request: Request) -> Response | None:
    """The answer to whoever tries one password after another; None to others."""
    rates = getattr(_queue(request), "rates", None)
    wait_s = rates.take(LOGIN, rates.visitor(request)) if rates else None
    if not wait_s:
        return None
    said = translate(requested_language(request.headers), too_often(wait_s))
    return JSONResponse({"detail": said}, 429, {"retry-after": str(math.ceil(wait_s))})


def _judge(body: bytes) -> Response | None:
    """The answer to a body that is no JSON object of finite numbers and whole characters; None if it is one."""
    try:
        said = json.loads(body, parse_constant=_refuse_constant)
        json.dumps(said, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        return _refuse(400, "A request must be JSON, without NaN, infinities or broken characters.")
    return None if isinstance(said, dict) else _refuse(400, "A request must be a JSON object.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more; whether the visitor is still there is asked as before."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


def _listening(request: Request) -> Any:
    """While the answer to a request tells somebody what happens to a run."""
    found = _HEARD.fullmatch(_path(request)) if request.method == "GET" else None
    queue = _queue(request) if found else None
    if found is None or queue is None:
        return nullcontext()
    return queue.listening(found["event"] or request.query_params.get("session_hash", ""))


def _queue(request: Request) -> FairQueue | None:
    """The page's queue."""
    queue = getattr(request.scope["app"].get_blocks(), "_queue", None)
    return queue if isinstance(queue, FairQueue) else None


def _metrics(request: Request) -> Metrics:
    """What the page counts; one that is no page of ours counts nothing."""
    return getattr(request.scope["app"].get_blocks(), "metrics", None) or Metrics()


def _count_refusal(request: Request, answer: _Answer) -> None:
    if answer.status >= 400 and _WORK.fullmatch(_path(request)):
        _metrics(request).refuse(answer.status)


def _path(request: Request) -> str:
    return request.url.path.removeprefix(request.scope.get("root_path", "").rstrip("/"))


def _no_such_function(request: Request, error: Exception) -> JSONResponse:
    """For a forged function number or name, for which gradio has only an exception."""
    return _refuse(404, "There is no such function; the page at / shows what there is.")


def _not_understood(status: int) -> JSONResponse:
    """For a call that gradio cannot read, and would answer with nothing or with what its own types look like."""
    return _refuse(status, "This call cannot be understood: the page at / shows what there is.")


def _refuse(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status)
