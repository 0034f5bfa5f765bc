"""Hot reads: items on sale, answered from the bytes of a request's head to the bytes of the reply, without waiting.

What merchants ask thousands of times a second are two calls of v2: pages of items, and one item. All that these need
is in memory: the shelves, who a token stands for, what is switched off, which sellers are online. So they are answered
in one step, by the very functions that the ordinary way calls (`items_now`, `item_now`, `represent_now`), and pages
are kept as long as nothing changed on the shelves. Whatever is unusual about a request, or has to be looked
up, gets None here and goes the ordinary way: an error, a token not seen for half a second, a body, an odd header.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from tradepost import log
from tradepost.app import App
from tradepost.dialects.edge import JOINED_BYTES_MAX, Header
from tradepost.dialects.fields import Id
from tradepost.dialects.flat import Flat
from tradepost.dialects.heads import Head, Heads
from tradepost.dialects.measures import REQUESTS
from tradepost.dialects.pace import Paces, microseconds
from tradepost.dialects.representation import GZIPPED, PRIVATE, VARY, Accepted, has, represent_now
from tradepost.dialects.shadowpay.v2.lists import ItemsAsked, item_now, items_now
from tradepost.market import presence, switches, tokens
from tradepost.market.shelf import Query

ITEMS, ITEM = "/api/v2/items", "/api/v2/items/{id}"
BEGINNING = b"GET /api/v2/items"
ASKED_MAX = 32_768  # pages whose addresses are remembered as read, in some 15 MB
TARGET_BYTES_MAX = 1024  # of such an address
KEPT_BYTES_MAX = 32 << 20  # of answers kept for those who ask for the same before anything changes
TELL_SECONDS = 1.0  # between two lines in the log for the same caller

_LINE_END = b" HTTP/1.1\r\n"
# What a target is made of; others go to the parser, and mostly no further.
_VISIBLE = bytes(set(range(0x21, 0x7F)) - {ord("#")})
_OK, _NOT_MODIFIED = 200, 304

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A page that is asked for, as read."""

    query: Query
    is_grouped: bool


class Reply(NamedTuple):
    """An answer, but for what is of one request alone."""

    tag: str
    start: bytes  # its head as far as it is the same for all
    pieces: list[bytes]
    size: int  # in bytes, of one that goes out in one piece with its head; 0 for a long one


class HotReads:
    """The answers of one process to hot reads."""

    def __init__(self, app: App, pace: Paces, safe: tuple[Header, ...]) -> None:
        self._app = app
        self._pace = pace
        safe_lines, tag = _lines(safe), b'etag: "%b"\r\n' + _lines((PRIVATE, VARY))
        described = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
        self._plain = described + tag + safe_lines
        self._pressed = self._plain + _lines((GZIPPED,))
        self._not_modified = b"HTTP/1.1 304 Not Modified\r\n" + tag + safe_lines
        self._one = described + b"cache-control: no-store\r\n" + safe_lines
        self._flat = Flat(ItemsAsked)
        self._heads = Heads()
        self._asked: dict[bytes, Asked] = {}
        self._shelves, self._generation = app.shelves, app.shelves.generation
        self._kept: dict[tuple[bytes, Accepted], Reply] = {}  # of this generation
        self._kept_bytes = 0
        self._online: presence.Online | None = None
        self._online_since = self._online_until = self._online_renew_at = 0
        self._renewals: set[asyncio.Future[None]] = set()
        self._process, self.answered = secrets.token_hex(4).encode(), 0
        self._observe: dict[tuple[str, int], Callable[[float], None]] = {
            (route, status): REQUESTS.labels(route, "GET", status).observe
            for route, status in ((ITEMS, _OK), (ITEMS, _NOT_MODIFIED), (ITEM, _OK))
        }
        self._told: dict[tuple[str, int, int], int] = {}

    def answer(self, data: bytes, lines: bytes) -> list[bytes] | None:
        """The reply to a request, in pieces; None for one that has to go the ordinary way.

        `data` is all that was received, and begins with `BEGINNING`; `lines` are the server's own headers.
        """
        begun = time.perf_counter()
        end = data.find(_LINE_END)
        head = None if end < 0 else self._heads.find(data[end + len(_LINE_END) :])
        if head is None:
            return None
        app = self._app
        now = app.clock.real_microseconds()
        if not (head.since <= now < head.until or self._admit(head, now)) or not app.shelves_ready.is_set():
            return None
        if now >= head.renew_at:
            head.renew_at = head.until
            self._renew(tokens.renew(app, head.token), switches.renew(app))
        shelves = app.shelves
        if shelves.generation != self._generation or shelves is not self._shelves:
            self._shelves, self._generation = shelves, shelves.generation
            self._forget_replies()
        target = data[4:end]
        key = (target, head.accepted)
        reply = self._kept.get(key)
        if reply is None:
            if target.startswith(b"/", len(ITEMS)):
                return self._item(target, head, now, lines, begun)
            reply = self._page(key)
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
        """The reply with one item: there are too many of them to keep any."""
        if not self._online_since <= now < self._online_until:
            self._look_who_is_online(now)
        if self._online is None:
            return None
        if now >= self._online_renew_at:
            self._online_renew_at = self._online_until
            self._renew(presence.renew(self._app))
        try:
            id_ = Id.read(target[len(ITEMS) + 1 :].decode("ascii"))
        except ValueError:
            return None
        answer = item_now(self._shelves, id_, self._online)
        own = None if answer is None else self._own(head, now, b"")
        if answer is None or own is None:
            return None
        self._tell(ITEM, _OK, head, begun)
        (body,) = answer.pieces
        return [b"".join((self._one % len(body), lines, own, body))]

    def _page(self, key: tuple[bytes, Accepted]) -> Reply | None:
        """The reply with a page, made and kept; None where its pieces have to be compressed first, which takes a thread."""
        target, accepted = key
        asked = self._asked.get(target) or self._read(target)
        if asked is None:
            return None
        sent = represent_now(items_now(self._shelves, asked.query, asked.is_grouped).pieces, accepted)
        if sent is None:
            return None
        pieces, length, tag, compressed = sent
        start = (self._pressed if compressed else self._plain) % (length, tag.encode())
        if length > JOINED_BYTES_MAX:
            reply = Reply(tag, start, pieces, 0)
        else:
            reply = Reply(tag, start, [b"".join(pieces)], length)
        self._kept_bytes += reply.size + len(target)
        if self._kept_bytes > KEPT_BYTES_MAX:
            self._forget_replies()
        else:
            self._kept[key] = reply
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

    # What is known without asking --------------------------------------------------------------------------------

    def _read(self, target: bytes) -> Asked | None:
        """What a target asks for that was not met before."""
        path, _, query = target.partition(b"?")
        if path != ITEMS.encode() or len(target) > TARGET_BYTES_MAX or target.translate(None, _VISIBLE):
            return None
        items = self._flat.read(query)
        if items is None:
            return None
        if len(self._asked) >= ASKED_MAX:
            self._asked.clear()
        asked = self._asked[target] = Asked(items.query(), items.group_by is not None)
        return asked

    def _forget_replies(self) -> None:
        self._kept.clear()
        self._kept_bytes = 0

    def _admit(self, head: Head, now: int) -> bool:
        """Whether whoever sends these headers may read, as far as that is known."""
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
        head.renew_at = (now + head.until) // 2
        return now < head.until

    def _look_who_is_online(self, now: int) -> None:
        found = presence.known(self._app)
        self._online = None if found is None else found[0]
        if found is not None:
            self._online_since, self._online_until = now, microseconds(found[1])
            self._online_renew_at = (now + self._online_until) // 2

    def _renew(self, *renewals: Coroutine[Any, Any, None]) -> None:
        """Have something looked up again while its last answer still counts: nobody waits for it."""
        for renewal in renewals:
            task = asyncio.ensure_future(renewal)
            self._renewals.add(task)
            task.add_done_callback(self._renewals.discard)

    # What is told of it ------------------------------------------------------------------------------------------

    def _tell(self, route: str, status: int, head: Head, begun: float) -> None:
        """Count a request, and see to it that the log hears of it."""
        self._observe[route, status](time.perf_counter() - begun)
        told, key = self._told, (route, status, head.account_id)
        if not told:
            asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell_all)
        told[key] = told.get(key, 0) + 1

    def _tell_all(self) -> None:
        """One line a caller for what was answered since the last: one a request would take longer than its answer."""
        told, self._told = self._told, {}
        for (route, status, account_id), count in told.items():
            logger.info("hot_reads", route=route, status=status, account_id=account_id, count=count)


def _lines(headers: Iterable[Header]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
