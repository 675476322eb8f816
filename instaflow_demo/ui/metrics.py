"""What the server has done and does now, in the text format of Prometheus, for those who run it."""

import ipaddress
import secrets
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any, Literal, TypeVar

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector
from starlette.requests import Request
from starlette.responses import Response

from ..events import Done, Failed, ImageReady
from ..registry import MODELS

ADDRESS = "/metrics"
_OUTCOMES = ("begun", "finished", "stopped", "failed")
_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
_FORWARDED = ("forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")

Item = TypeVar("Item")
Outcome = Literal["finished", "stopped", "failed"]


class Metrics:
    """Counts runs as they pass. Who may read them: whoever knows the `token`, and this machine, unless `tunnelled`.

    A tunnel or a Space's proxy connects from this machine too, for anybody.
    """

    def __init__(self, token: str = "", *, tunnelled: bool = False):
        self._token, self._tunnelled = token, tunnelled
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory, processor time and open files, where the system tells
        self._runs = Counter("instaflow_runs", "Runs, by what became of them.", ["outcome"], registry=registry)
        self._refused = Counter("instaflow_refused", "Requests refused, by status.", ["status"], registry=registry)
        self._images = Counter("instaflow_images", "Images drawn, by model.", ["model"], registry=registry)
        self._seconds = Histogram(
            "instaflow_run_seconds",
            "Seconds of a model's part of a run, loading included.",
            ["model"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._waiting = Gauge("instaflow_queue_length", "Runs that wait for the device.", registry=registry)
        for outcome in _OUTCOMES:
            self._runs.labels(outcome)

    def follow_queue(self, length: Callable[[], int]) -> None:
        """Take the number of runs that wait from here, whenever somebody asks."""
        self._waiting.set_function(length)

    def watch(self, items: Generator[Item, None, None]) -> Generator[Item, None, None]:
        """The items of a run, counted."""
        self._runs.labels("begun").inc()
        outcome: Outcome = "stopped"  # whoever closes this generator has not heard its end
        failed = False
        try:
            with closing(items):
                for item in items:
                    failed |= self._count(item)
                    yield item
            outcome = "failed" if failed else "finished"
        except Exception:
            outcome = "failed"
            raise
        finally:
            self._runs.labels(outcome).inc()

    def refuse(self, status: int) -> None:
        """Count a request for work that was refused."""
        self._refused.labels(str(status)).inc()

    def _count(self, item: object) -> bool:
        """Count what an item says; True for a failure. What happens in a grid says in which cell."""
        event: Any = getattr(item, "event", item)
        if isinstance(event, ImageReady):
            self._images.labels(event.model).inc()
        elif isinstance(event, Done):
            measured = event.measurement
            self._seconds.labels(event.model).observe(measured.load_s + measured.total_s)
        return isinstance(event, Failed) and event.model in MODELS

    def answer(self, request: Request) -> Response | None:
        """Everything counted; None for those who may not read it, who learn nothing of this address either."""
        if not (self._knows_token(request) or self._is_here(request)):
            return None
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    def _knows_token(self, request: Request) -> bool:
        said = request.headers.get("authorization", "").encode()
        return bool(self._token) and secrets.compare_digest(said, f"Bearer {self._token}".encode())

    def _is_here(self, request: Request) -> bool:
        """Whether a program of this machine asks, and asks for this machine: no proxy, and no page of elsewhere."""
        if self._tunnelled or request.client is None or any(name in request.headers for name in _FORWARDED):
            return False
        return _is_loopback(request.client.host) and _is_loopback(request.url.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
