"""How often a visitor may ask, where there are others: so many times a minute for each kind of request.

A visitor is the user who has logged in; without one, a session of the page and the address that it comes from. Sessions
are named by who asks, so an address, which may be that of a whole school, has a limit of its own, a higher one.
"""

import ipaddress
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import fastapi
from gradio.block_function import BlockFunction
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from ..errors import Sentence
from .listeners import DEVICE, FILE, LIVE, STOP

GREETING, QUIET, LOGIN = "greeting", "quiet", "login"

_FOR_EACH_RUN: Mapping[str, int] = MappingProxyType({DEVICE: 1, FILE: 1, LIVE: 10})
"""How many requests of a kind go with one run."""
_A_MINUTE: Mapping[str, int] = MappingProxyType({QUIET: 300, GREETING: 120, STOP: 120, LOGIN: 10})
"""How many there may be of others; a page that opens greets some twelve times."""
_VISITORS_OF_AN_ADDRESS = 16
_PREFIX = 64  # of IPv6, whose smallest networks have as many addresses as anybody may want


@dataclass(frozen=True)
class Visitor:
    """Who asks. `session` is empty for a program without one, `user` for whoever has not logged in."""

    address: str
    session: str = ""
    user: str = ""

    def keys(self, kind: str) -> Iterator[tuple[str, str, int]]:
        """What is counted, and how many visitors share it; an address comes first, as sessions can be invented."""
        if self.user:
            yield "user", self.user, 1
            return
        yield "address", self.address, 1 if kind == LOGIN else _VISITORS_OF_AN_ADDRESS
        if self.session:
            yield "session", self.session, 1


class Rates:
    """Limits of a visitor, for each minute that begins with a request of a kind.

    `runs_per_minute` sets those of what the device is for; 0 sets none at all, but passwords cannot be tried at will.
    `forwarded` is for a host whose proxy says where a request comes from: elsewhere anybody can say so.
    """

    def __init__(self, runs_per_minute: int, *, forwarded: bool = False):
        self._runs_per_minute, self._forwarded = runs_per_minute, forwarded
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def visitor(self, request: fastapi.Request, session: str | None = None, user: str | None = None) -> Visitor:
        """Who sent a request."""
        peer = request.client.host if request.client else ""
        said = request.headers.get("x-forwarded-for", "") if self._forwarded else ""
        return Visitor(find_address(peer, said), session or "", user or _signed_in(request))

    def take(self, kind: str, visitor: Visitor) -> float | None:
        """Count a request; seconds until the visitor may ask again, if this one is too many and does not count."""
        if not (self._runs_per_minute or kind == LOGIN):
            return None
        most = _A_MINUTE.get(kind) or self._runs_per_minute * _FOR_EACH_RUN[kind]
        counted = [(RateLimitItemPerMinute(most * share), kind, *key) for *key, share in visitor.keys(kind)]
        for limit, *key in counted:
            if not self._limiter.test(limit, *key):
                return max(1.0, self._limiter.get_window_stats(limit, *key).reset_time - time.time())
        for limit, *key in counted:
            self._limiter.hit(limit, *key)
        return None


def too_often(wait_s: float) -> Sentence:
    """What a visitor is told who asks too often."""
    return Sentence(
        "That was more often than one visitor may ask here within a minute: try again in {seconds:.0f} seconds.",
        seconds=wait_s,
    )


def kind_of(function: BlockFunction) -> str:
    """What kind of request an event is."""
    if function.concurrency_id in (DEVICE, LIVE, FILE, STOP):
        return function.concurrency_id
    return GREETING if any(event == "load" for _, event in function.targets) else QUIET


def find_address(peer: str, forwarded: str = "") -> str:
    """The address, or network of IPv6, that a request comes from.

    `peer` is whoever connected, and `forwarded` the X-Forwarded-For of a proxy that can be trusted: each proxy appends
    who asked it, so what is before the last public address is anybody's word.

    >>> find_address("10.0.0.7", "1.1.1.1, 8.8.8.8, 10.0.0.2")
    '8.8.8.8'
    """
    named = [address for name in forwarded.split(",") if (address := _parse(name)) and address.is_global]
    address = named[-1] if named else _parse(peer)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _PREFIX), strict=False))
    return str(address) if address else peer


def _parse(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _signed_in(request: fastapi.Request) -> str:
    """Who has signed in with Hugging Face; empty where nobody has, or can."""
    session = request.scope.get("session") or {}
    return str(session.get("oauth_info", {}).get("userinfo", {}).get("sub", ""))
