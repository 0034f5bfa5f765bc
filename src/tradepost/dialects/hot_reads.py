"""Hot reads: items on sale, answered from the bytes of a request's head to the bytes of the reply, without waiting.

What merchants ask thousands of times a second are two calls of v2: pages of items, and one item. All that these need
is in memory: the shelves, who a token stands for, what is switched off, which sellers are online. So they are answered
in one step, by the very functions that the ordinary way calls (`items_now`, `item_now`, `represent_now`), and what
was answered is kept as long as nothing changed on the shelves. Whatever is unusual about a request, or has to be looked
up, gets None here and goes the ordinary way: an error, a token not seen for half a second, a body, an odd header.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httptools

from tradepost import log
from tradepost.app import App
from tradepost.dialects.edge import JOINED_BYTES_MAX, Header
from tradepost.dialects.fields import Id
from tradepost.dialects.flat import Flat
from tradepost.dialects.measures import REQUESTS
from tradepost.dialects.pace import Paces, microseconds
from tradepost.dialects.representation import (
    GZIPPED,
    PRIVATE,
    VARY,
    Accepted,
    accepted_by,
    has,
    represent_now,
)
from tradepost.dialects.shadowpay.v2.lists import ItemsAsked, item_now, items_now
from tradepost.market import presence, switches, tokens
from tradepost.market.shelf import Query

ITEMS, ITEM = "/api/v2/items", "/api/v2/items/{id}"
BEGINNING = b"GET /api/v2/items"
HEADS_MAX = 4096  # heads that are remembered, but for the line with what is asked for
HEAD_BYTES_MAX = 2048
ASKED_MAX = 16_384  # requests that are remembered
TARGET_BYTES_MAX = 1024
BODIES_BYTES_MAX = 64 << 20  # of their answers
TELL_SECONDS = 1.0  # between two lines in the log for the same caller

# What makes a request unusual: it has a body, wants the connection to end or to change, or names itself.
UNUSUAL = frozenset(
    {b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"x-request-id", b"http2-settings"}
)

_LINE_END = b" HTTP/1.1\r\n"
# What a target is made of; others go to the parser, and mostly no further.
_VISIBLE = bytes(set(range(0x21, 0x7F)) - {ord("#")})
_OK, _NOT_MODIFIED = 200, 304

logger = log.get(__name__)


@dataclass(slots=True)
class Head:
    """The headers of a request, which a connection sends again and again; and who sends them, for as long as that is known."""

    token: str
    accepted: Accepted
    given: str  # If-None-Match
    since: int = 0  # microseconds
    until: int = 0
    token_id: int = 0
    account_id: int = 0


@dataclass(slots=True)
class Reply:
    """An answer as it was sent; true as long as the shelves are in the same generation."""

    generation: int
    tag: str
    start: bytes  # its head, but for what is of one request alone
    pieces: list[bytes]
    size: int  # of what is kept here alone, in bytes; none of a long one, whose pieces are others' as well


@dataclass(slots=True)
class Asked:
    """What was asked for, as read, and the replies to it by the form that callers take."""

    query: Query
    is_grouped: bool
    replies: dict[Accepted, Reply] = field(default_factory=dict)


class HotReads:
    """The answers of one process to hot reads."""

    def __init__(self, app: App, pace: Paces, safe: tuple[Header, ...]) -> None:
        self._app = app
        self._pace = pace
        safe_lines, tag = _lines(safe), b'etag: "%b"\r\n' + _lines((PRIVATE, VARY))
        described = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        self._plain = described + b"content-length: %d\r\n" + tag + safe_lines
        self._pressed = self._plain + _lines((GZIPPED,))
        self._not_modified = b"HTTP/1.1 304 Not Modified\r\n" + tag + safe_lines
        self._one = described + b"cache-control: no-store\r\n" + safe_lines
        self._flat = Flat(ItemsAsked)
        self._heads: dict[bytes, Head] = {}
        self._asked: dict[bytes, Asked] = {}
        self._bytes = 0
        self._shelves = app.shelves
        self._online: frozenset[int] = frozenset()
        self._online_since = self._online_until = 0
        self._process, self.answered = secrets.token_hex(4).encode(), 0
        self._observe: dict[tuple[str, int], Callable[[float], None]] = {
            (route, status): REQUESTS.labels(route, "GET", status).observe
            for route, status in ((ITEMS, _OK), (ITEMS, _NOT_MODIFIED), (ITEM, _OK))
        }
        self._told: dict[tuple[str, int, int], int] = {}

    def answer(self, data: bytes, lines: bytes) -> list[bytes] | None:
        """The reply to a request, in pieces; None for one that has to go the ordinary way.

        `data` is the whole request and nothing else, and begins with `BEGINNING`; `lines` are the server's own headers.
        """
        begun = time.perf_counter()
        end = data.find(_LINE_END)
        if end < 0:
            return None
        rest = data[end + len(_LINE_END) :]
        head = self._heads.get(rest) or self._new_head(rest)
        if head is None:
            return None
        now = self._app.clock.real_microseconds()
        if not (head.since <= now < head.until or self._admit(head, now)):
            return None
        if self._app.shelves is not self._shelves:  # filled anew: their generations are others
            self._forget()
            self._shelves = self._app.shelves
        target = data[4:end]
        asked = self._asked.get(target)
        if asked is None and data[len(BEGINNING) : len(BEGINNING) + 1] == b"/":
            return self._item(target, head, now, lines, begun)
        return self._items(target, asked, head, now, lines, begun)

    # The two calls -----------------------------------------------------------------------------------------------

    def _items(
        self, target: bytes, asked: Asked | None, head: Head, now: int, lines: bytes, begun: float
    ) -> list[bytes] | None:
        """A page of items."""
        app = self._app
        if asked is None:
            asked = self._new_asked(target)
            if asked is None:
                return None
        shelves = app.shelves
        reply = asked.replies.get(head.accepted)
        if reply is None or reply.generation != shelves.generation:
            if not app.shelves_ready.is_set():
                return None
            reply = self._make(asked, head.accepted, reply)
            if reply is None:
                return None
        own = self._own(head, now, b"x-last-event-id: %d-%d\r\n" % app.ring.position)
        if own is None:
            return None
        if head.given and has(head.given, reply.tag):
            self._tell(ITEMS, _NOT_MODIFIED, head, begun)
            return [self._not_modified % reply.tag.encode() + lines + own]
        self._tell(ITEMS, _OK, head, begun)
        if reply.size:
            return [b"".join((reply.start, lines, own, reply.pieces[0]))]
        return [reply.start + lines + own, *reply.pieces]

    def _item(self, target: bytes, head: Head, now: int, lines: bytes, begun: float) -> list[bytes] | None:
        """One item."""
        app = self._app
        text = target[len(ITEMS) + 1 :]
        if not (self._online_since <= now < self._online_until or self._look_who_is_online(now)):
            return None
        try:
            id_ = Id.read(text.decode("ascii"))
        except ValueError:
            return None
        answer = item_now(app.shelves, id_, self._online)
        if answer is None or not app.shelves_ready.is_set():
            return None
        own = self._own(head, now, b"content-length: %d\r\n" % len(answer.pieces[0]))
        if own is None:
            return None
        self._tell(ITEM, _OK, head, begun)
        return [b"".join((self._one, lines, own, answer.pieces[0]))]

    # What a reply is made of -------------------------------------------------------------------------------------

    def _make(self, asked: Asked, accepted: Accepted, before: Reply | None) -> Reply | None:
        """A reply to be kept; None where its pieces have to be compressed first, which takes a thread."""
        shelves = self._app.shelves
        sent = represent_now(items_now(shelves, asked.query, asked.is_grouped).pieces, accepted)
        if sent is None:
            return None
        pieces, length, tag, compressed = sent
        start = (self._pressed if compressed else self._plain) % (length, tag.encode())
        if length > JOINED_BYTES_MAX:
            size = 0
        else:
            size, pieces = length, [b"".join(pieces)]
        reply = Reply(shelves.generation, tag, start, pieces, size)
        self._bytes += reply.size - (before.size if before else 0)
        if self._bytes > BODIES_BYTES_MAX:
            self._forget()
            self._bytes = reply.size
        asked.replies[accepted] = reply
        return reply

    def _own(self, head: Head, now: int, more: bytes) -> bytes | None:
        """The headers of one request alone, with the blank line after the last; None where it is one too many."""
        left = self._pace.let(head.token_id, "read", now)
        if left is None:
            return None
        self.answered += 1
        return (
            b"%bx-ratelimit-limit: %d\r\nx-ratelimit-remaining: %d\r\nx-ratelimit-reset: %d\r\nx-request-id: %b%08x\r\n\r\n"
            % (more, left.limit, left.remaining, left.full_seconds, self._process, self.answered)
        )

    # What is remembered ------------------------------------------------------------------------------------------

    def _new_asked(self, target: bytes) -> Asked | None:
        """What a target asks for that was not met before."""
        path, _, query = target.partition(b"?")
        if path != ITEMS.encode() or len(target) > TARGET_BYTES_MAX or target.translate(None, _VISIBLE):
            return None
        items = self._flat.read(query)
        if items is None:
            return None
        if len(self._asked) >= ASKED_MAX:
            self._forget()
        asked = self._asked[target] = Asked(items.query(), items.group_by is not None)
        return asked

    def _forget(self) -> None:
        """Begin anew: what is asked for now is there again at once."""
        self._asked.clear()
        self._bytes = 0

    def _new_head(self, rest: bytes) -> Head | None:
        """Headers that were not met before, read by the server's own parser; None for unusual ones."""
        if len(rest) > HEAD_BYTES_MAX:
            return None
        head = _read(rest)
        if head is not None:
            if len(self._heads) >= HEADS_MAX:
                self._heads.clear()
            self._heads[rest] = head
        return head

    def _admit(self, head: Head, now: int) -> bool:
        """Whether whoever sends these headers may read, as far as that is known without asking."""
        app = self._app
        found = tokens.known(app, head.token)
        on_until = switches.known_on(app, "api")
        if found is None or on_until is None:
            return False
        caller, until = found
        if "read" not in caller.scopes or caller.allow_addresses:
            return False
        head.token_id, head.account_id = caller.token_id, caller.account_id
        head.since, head.until = now, microseconds(min(until, on_until))
        return now < head.until

    def _look_who_is_online(self, now: int) -> bool:
        found = presence.known(self._app)
        if found is None:
            return False
        self._online, until = found
        self._online_since, self._online_until = now, microseconds(until)
        return now < self._online_until

    # What is told of it ------------------------------------------------------------------------------------------

    def _tell(self, route: str, status: int, head: Head, begun: float) -> None:
        """Count a request, and see to it that the log hears of it."""
        self._observe[route, status](time.perf_counter() - begun)
        key = (route, status, head.account_id)
        told = self._told
        if not told:
            asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell_all)
        told[key] = told.get(key, 0) + 1

    def _tell_all(self) -> None:
        """One line a caller for what was answered since the last: one a request would take longer than its answer."""
        told, self._told = self._told, {}
        for (route, status, account_id), count in told.items():
            logger.info("hot_reads", route=route, status=status, account_id=account_id, count=count)


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
    if token is None:
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


def _lines(headers: Any) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
