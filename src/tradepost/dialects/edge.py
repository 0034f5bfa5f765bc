"""The edge: what every dialect does the same way between the socket and its own words.

Reading a body within its bounds, sending an answer in pieces, and what is noted of a request for its one line in
the log and for the headers of its answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from tradepost.dialects.pace import Allowance
from tradepost.rules.refusals import Malformed
from tradepost.within import within

BODY_SECONDS = 20.0  # for a body to arrive, once its head has
JOINED_BYTES_MAX = 65_536  # a longer answer is sent piece by piece instead of being joined first
DRAINED_BYTES_MAX = (
    1 << 24
)  # of a body too long that are let pass, as most clients read no answer while they send
LONG_PIECE_BYTES_MIN = (
    16_384  # of such an answer: a piece that is copied to be joined costs more than its sending
)
NOT_MODIFIED = 304
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Header = tuple[bytes, bytes]


class BodyUnread(Malformed):
    """The body was not read to its end, so nothing else can be read from this connection."""


class BodyTooLarge(BodyUnread):
    """The body or the query is longer than is read."""


@dataclass(slots=True)
class Note:
    """What is known of a request when its answer goes out and its line in the log is written."""

    route: str = ""  # as it is declared, `/api/v2/items/{id}`: one word for all of its addresses
    account_id: int | None = None
    word: str = ""  # how the dialect refused it
    status: int = 0
    allowance: Allowance | None = None  # what its caller has left, once it is known who calls


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
    is_list: bool = False  # of nothing secret: it has an ETag and may be compressed, see `representation`

    async def send(self, send: Send) -> None:
        """Send it, a long one in its pieces: joining megabytes anew costs more than all the rest."""
        length = sum(map(len, self.pieces))
        headers = self.headers
        if self.status != NOT_MODIFIED:  # which has no content at all, not one of no bytes
            headers = [
                (b"content-type", b"application/json"), (b"content-length", b"%d" % length), *headers
            ]  # fmt: skip
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if length <= JOINED_BYTES_MAX:
            await send({"type": "http.response.body", "body": b"".join(self.pieces)})
            return
        for part in _parts(self.pieces):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces as they are sent: short ones joined, as each part is a call of the system; long ones as they are."""
    short: list[bytes] = []
    length = 0
    for piece in pieces:
        is_long = len(piece) >= LONG_PIECE_BYTES_MIN
        if short and (is_long or length + len(piece) > JOINED_BYTES_MAX):
            yield b"".join(short)
            short, length = [], 0
        if is_long:
            yield piece
        else:
            short.append(piece)
            length += len(piece)
    if short:
        yield b"".join(short)


encode = msgspec.json.Encoder().encode


def json_answer(content: Any, status: int = 200, headers: Iterable[Header] = ()) -> Answer:
    """An answer with one JSON value in it."""
    return Answer([encode(content)], status, list(headers))


def header_values(scope: Scope, name: bytes) -> list[str]:
    """The values of a header, as often as it was sent."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, the first one where there are several; nothing where it was not sent."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def client_address(scope: Scope) -> str:
    """From where a request comes, as far as the proxies between are believed; nothing where it is not known."""
    client = scope.get("client")
    return str(client[0]) if client else ""


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
    body = await within(BODY_SECONDS, _receive(receive, bytes_max))
    if body is None:
        raise BodyUnread("body", f"did not arrive within {BODY_SECONDS:.0f} seconds")
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
