"""What every request has around it: an id, its line in the log, its place in the figures, safe headers.

It is also where the calls of the merchants' APIs turn off: their paths are few and known, so no route is tried for them.
A router tries each of two dozen patterns in turn, and each of its layers wraps what is sent once more.
"""

import asyncio
import random
import re
from collections.abc import Mapping
from functools import cache

from prometheus_client import Histogram
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tradepost import log
from tradepost.dialects.edge import Header, Note, encode, header, note
from tradepost.dialects.health import QUIET
from tradepost.dialects.measures import REQUESTS

SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_ALWAYS: tuple[Header, ...] = ((b"cache-control", b"no-store"), *SECURITY)
_OK = 200

# An id tells requests apart and guards nothing, so it need not be asked of the system each time.
_ids = random.Random()  # noqa: S311 - nobody has to guess one

logger = log.get("tradepost.server")


class Market(Starlette):
    """The whole server; what is called by one of the `calls`' very paths, goes straight to it."""

    calls: Mapping[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and (call := self.calls.get(scope["path"])) is not None:
            await surround(call, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Surroundings:
    """The surroundings, as a middleware of Starlette's."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and note how it ended."""
        if scope["type"] == "http":
            await surround(self._inner, scope, receive, send)
        else:
            await self._inner(scope, receive, send)


async def surround(inner: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Pass one request of HTTP on and note how it ended."""
    given = header(scope, b"x-request-id")
    request_id = given if given and _REQUEST_ID.fullmatch(given) else f"{_ids.getrandbits(64):016x}"
    mark = log.request_id.set(request_id)
    noted = note(scope)
    clock = asyncio.get_running_loop().time
    start = clock()

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            noted.status = message["status"]
            message["headers"] = _complete(message["headers"], request_id.encode())
        await send(message)

    try:
        await inner(scope, receive, send_on)
    except Exception:
        logger.exception("request_failed", route=noted.route)
        if not noted.status:
            await _internal_error(scope, receive, send_on)
    finally:
        _tell(scope, noted, clock() - start)
        log.request_id.reset(mark)


def _complete(headers: list[Header], request_id: bytes) -> list[Header]:
    """The headers of an answer with those that every answer has, unless it has its own."""
    names = {name.lower() for name, _ in headers}
    complete = list(headers)
    if b"x-request-id" not in names:
        complete.append((b"x-request-id", request_id))
    complete += [one for one in _ALWAYS if one[0] not in names]
    return complete


async def _internal_error(scope: Scope, receive: Receive, send: Send) -> None:
    content = {
        "status": "error",
        "error_message": "internal_error",
        "error_details": "Something went wrong on our side.",
    }
    await Response(encode(content), 500, media_type="application/json")(scope, receive, send)


def _tell(scope: Scope, noted: Note, seconds: float) -> None:
    """Write a request's one line, and count it."""
    method, status, query = scope["method"], noted.status, scope["query_string"]
    _seconds(noted.route or "unknown", method if method in METHODS else "other", status or "gone").observe(
        seconds
    )
    write = logger.debug if status == _OK and noted.route in QUIET else logger.info
    client = scope.get("client")
    write(
        "request",
        method=method,
        path=scope["path"],
        query=log.safe_query(query.decode("latin-1")) if query else "",
        route=noted.route,
        status=status,
        word=noted.word,
        account_id=noted.account_id,
        client=client[0] if client else None,
        milliseconds=round(seconds * 1000, 2),
    )


@cache  # routes, methods and statuses are few, whatever is asked for
def _seconds(route: str, method: str, status: int | str) -> Histogram:
    return REQUESTS.labels(route, method, status)
