"""The edge: what every dialect does the same way between the socket and its own words.

Reading a body within its bounds, sending an answer in pieces, what is noted of a request for its one line in the
log, and how often a caller may call.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from tradepost.rules.refusals import Malformed, TooManyRequests

BODY_SECONDS = 20.0  # for a body to arrive, once its head has
JOINED_BYTES_MAX = 65_536  # a longer answer is sent piece by piece instead of being joined first
DRAINED_BYTES_MAX = (
    1 << 24
)  # of a body too long that are let pass, as most clients read no answer while they send
PACED_MAX = 10_000  # callers whose pace is remembered
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Header = tuple[bytes, bytes]


class BodyUnread(Malformed):
    """The body was not read to its end, so nothing else can be read from this connection."""


class BodyTooLarge(BodyUnread):
    """The body or the query is longer than is read."""


@dataclass(slots=True)
class Note:
    """What is known of a request when its line in the log is written."""

    route: str = ""  # as it is declared, `/api/v2/items/{id}`: one word for all of its addresses
    account_id: int | None = None
    word: str = ""  # how the dialect refused it
    status: int = 0


def note(scope: Scope) -> Note:
    """The note of a request, made by whoever asks first."""
    found: Note = scope.setdefault("tradepost.note", Note())
    return found


@dataclass(slots=True)
class Answer:
    """What goes back: a body in pieces, which are sent as they are."""

    pieces: list[bytes]
    status: int = 200
    headers: list[Header] = field(default_factory=list)

    async def send(self, send: Send) -> None:
        """Send it, a long one in its pieces: joining megabytes anew costs more than all the rest."""
        length = sum(map(len, self.pieces))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % length), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if length <= JOINED_BYTES_MAX:
            await send({"type": "http.response.body", "body": b"".join(self.pieces)})
            return
        for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})


encode = msgspec.json.Encoder().encode


def json_answer(content: Any, status: int = 200, headers: Iterable[Header] = ()) -> Answer:
    """An answer with one JSON value in it."""
    return Answer([encode(content)], status, list(headers))


def header_values(scope: Scope, name: bytes) -> list[str]:
    """The values of a header, as often as it was sent."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, the first one where there are several; nothing where it was not sent."""
    return next(iter(header_values(scope, name)), "")


async def receive_body(scope: Scope, receive: Receive, bytes_max: int) -> bytes:
    """The whole body; raises BodyTooLarge for one that is longer, whatever its head says of its length."""
    if len(scope["query_string"]) > bytes_max:
        raise BodyTooLarge("query", f"is longer than {bytes_max:,} bytes")
    if scope["method"] not in METHODS_WITH_BODY:
        return b""
    length = header(scope, b"content-length")
    if length.isdecimal() and int(length[:20]) > bytes_max and header(scope, b"expect"):
        raise BodyTooLarge(
            "body", f"is longer than {bytes_max:,} bytes"
        )  # it waits for our word, and hears no
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _receive(receive, bytes_max)
    except TimeoutError:
        raise BodyUnread("body", f"did not arrive within {BODY_SECONDS:.0f} seconds") from None
    if body and header(scope, b"content-encoding").lower() not in ("", "identity"):
        raise Malformed("Content-Encoding", "must be left away: compressed bodies are not read")
    return body


async def _receive(receive: Receive, bytes_max: int) -> bytes:
    pieces: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece: bytes = message.get("body", b"")
        length += len(piece)
        if length <= bytes_max:
            pieces.append(piece)
        more = message.get("more_body", False)
        if length > bytes_max and (not more or length > DRAINED_BYTES_MAX):
            raise BodyTooLarge("body", f"is longer than {bytes_max:,} bytes")
        if not more:
            return b"".join(pieces)


class Pace:
    """How often each caller may call: so many times a minute, all at once if he likes, then evenly.

    One moment is kept a caller: until when what he was allowed is used up. Each process counts for itself.
    """

    def __init__(self, per_minute: int, callers_max: int = PACED_MAX) -> None:
        self._each = timedelta(minutes=1) / per_minute
        self._callers_max = callers_max
        self._used_until: dict[int, datetime] = {}

    def count(self, caller: int, now: datetime) -> None:
        """Count one call; raises TooManyRequests, saying when to come back, for one too many."""
        used_until = max(self._used_until.get(caller, now), now) + self._each
        over = used_until - now - timedelta(minutes=1)
        if over > timedelta(0):
            raise TooManyRequests(max(1, -(-over // timedelta(seconds=1))))
        if len(self._used_until) >= self._callers_max:
            self._used_until = {one: until for one, until in self._used_until.items() if until > now}
        self._used_until[caller] = used_until
