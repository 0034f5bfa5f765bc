"""Heads: what the headers of a request say, as far as the fast path cares; of an unusual head it wants to know nothing.

A connection sends the same headers with every request, so they are read once, by the server's own parser.
"""

from dataclasses import dataclass

import httptools

from tradepost.dialects.edge import Header
from tradepost.dialects.representation import Accepted, accepted_by
from tradepost.patience import HEADERS_MAX

HEADS_MAX = 4096  # that are remembered
HEAD_BYTES_MAX = 2048  # of one that is

# What makes a request unusual: it has a body, wants the connection to end or to change, or names itself.
UNUSUAL = frozenset(
    {b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"x-request-id", b"http2-settings"}
)


@dataclass(slots=True)
class Head:
    """The headers of a request, and who sends them, for as long as that is known."""

    token: str
    accepted: Accepted
    given: str  # If-None-Match
    since: int = 0  # in microseconds since 1970
    until: int = 0
    renew_at: int = 0  # from then on it is looked up again, if somebody still asks
    token_id: int = 0
    account_id: int = 0


class Heads:
    """The heads that were met, by their bytes."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, rest: bytes) -> Head | None:
        """The head whose lines after the first are these, up to the blank one; None for one that is unusual."""
        found = self._known.get(rest)
        if found is not None or len(rest) > HEAD_BYTES_MAX:
            return found
        head = _read(rest)
        if head is not None:
            if len(self._known) >= HEADS_MAX:
                self._known.clear()
            self._known[rest] = head
        return head


class _Reading:
    """The parser's callbacks, for the headers of one request."""

    def __init__(self) -> None:
        self.headers: list[Header] = []
        self.complete, self.stays_open = 0, False
        self.parser = httptools.HttpRequestParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_message_complete(self) -> None:
        self.complete += 1
        self.stays_open = self.parser.should_keep_alive()  # asked afterwards, it says yes to everything


def _read(rest: bytes) -> Head | None:
    reading = _Reading()
    try:
        reading.parser.feed_data(b"GET / HTTP/1.1\r\n" + rest)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    if reading.complete != 1 or not rest.endswith(b"\r\n\r\n") or not reading.stays_open:
        return None
    found: dict[bytes, bytes] = {}
    for name, value in reading.headers:
        if name in UNUSUAL or name in found:
            return None
        found[name] = value
    token = _token(found)
    if token is None or len(found) > HEADERS_MAX:
        return None
    accepted = accepted_by(found.get(b"accept-encoding", b"").decode("latin-1"))
    return Head(token, accepted, found.get(b"if-none-match", b"").decode("latin-1"))


def _token(found: dict[bytes, bytes]) -> str | None:
    """The one token of these headers; None where there are two, or none."""
    token, bearer = found.get(b"token", b""), b""
    kind, _, given = found.get(b"authorization", b"").partition(b" ")
    if kind.lower() == b"bearer":
        bearer = given.strip()
    if bool(token) == bool(bearer):
        return None
    return (token or bearer).decode("latin-1")
