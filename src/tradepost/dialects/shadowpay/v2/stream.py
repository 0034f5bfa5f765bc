"""v2's stream: offers made, repriced and gone, and the caller's own trades, as server-sent events.

Every event has an id, by which a caller who lost the connection goes on where he was; `hello` tells the first one.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from starlette.types import Receive, Send

from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.edge import Answer, Header, client_address, encode
from tradepost.dialects.fields import EventId, Name, Project
from tradepost.dialects.shadowpay.calls import Call, Content
from tradepost.dialects.shadowpay.rows import operation
from tradepost.dialects.shapes import COMMAS, Also
from tradepost.market.ring import OfferTold, Position
from tradepost.market.stream import (
    OFFER_EVENTS,
    TRADE_EVENT,
    Part,
    Stream,
    TradeNow,
    Wanted,
    listening,
    refuse_too_many,
)
from tradepost.rules.refusals import Malformed

HEARTBEAT_SECONDS = 15.0
AGAIN_MILLISECONDS = 1000  # before a caller whose connection broke comes back
BODY_BYTES_MAX = 1 << 16  # of a body that nobody asked for; who goes on sending is no listener
LAST_EVENT_ID = "Last-Event-ID"

HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy that collects what it passes on would keep it for itself
)
AWAY = "Our database does not answer at the moment."

EventName = Literal["offer.made", "offer.repriced", "offer.gone", "trade"]


class StreamAsked(msgspec.Struct):
    """Of what the caller wants to be told, and from where on."""

    project: Annotated[list[Project], COMMAS, Also("game")] = []
    events: Annotated[list[EventName], COMMAS] = []
    steam_market_hash_name: list[Name] = []
    last_event_id: EventId | None = None

    def wanted(self, account_id: int) -> Wanted:
        """The same in the market's terms; an empty list filters nothing."""
        every = frozenset({*OFFER_EVENTS.values(), TRADE_EVENT})
        return Wanted(
            account_id,
            frozenset(self.events) or every,
            frozenset(map(str, self.project)),
            frozenset(map(str, self.steam_market_hash_name)),
        )


async def stream(call: Call, asked: StreamAsked) -> Content:
    """Events as they come: offers made, repriced and gone, and your own trades; open until either side closes it.

    Beyond the first event `hello`, which tells the id to come back with, there are `reset` (what you missed is not
    kept any more: read the lists anew) and `end` (why the stream is over). The header `Last-Event-ID` goes before
    the parameter, as a browser that comes back by itself sends the same parameter and a newer header.
    """
    position = _last_event_id(call, asked)
    if call.scope["method"] == "HEAD":
        return Events([], headers=list(HEADERS))
    refuse_too_many(call.app, call.caller.token_id)
    return Events(
        [],
        headers=list(HEADERS),
        sending=Sending(
            call.app,
            Stream(call.app, asked.wanted(call.caller.account_id), position),
            call.caller.token_id,
            client_address(call.scope),
            call.receive,
            is_new=position is None,
        ),
    )


def place(app: App) -> Header:
    """What a list is sent with that is read from now on: all events up to this one are in it."""
    return (b"x-last-event-id", b"%d-%d" % app.ring.position)


def _last_event_id(call: Call, asked: StreamAsked) -> Position | None:
    given = call.header(LAST_EVENT_ID)
    if not given:
        return None if asked.last_event_id is None else asked.last_event_id.position
    try:
        return EventId.read(given).position
    except ValueError as error:
        raise Malformed(LAST_EVENT_ID, str(error)) from None


@dataclass(frozen=True, slots=True)
class Sending:
    """All that it takes to send the events of one stream."""

    app: App
    stream: Stream
    token_id: int
    address: str
    receive: Receive
    is_new: bool

    async def run(self, send: Send) -> None:
        """Send events until the caller leaves, may not listen any more, or something of ours is away."""
        with listening(self.app, self.token_id, self.address) as listener:
            pump, left = asyncio.create_task(self._pump(send)), asyncio.create_task(self._left())
            try:
                over: set[asyncio.Future[Any]] = {pump, left, listener.ended}
                await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
            finally:
                # What is being sent is whole or not begun: only waiting can be cut short.
                pump.cancel()
                left.cancel()
                await asyncio.gather(pump, left, return_exceptions=True)
            if not left.cancelled():
                return
            why = listener.ended.result() if listener.ended.done() else pump.result()
            await send({"type": "http.response.body", "body": _event("end", encode({"reason": why}))})

    async def _pump(self, send: Send) -> str:
        """Send events as they come; return why there will be no more."""
        stream = self.stream
        start = _told_id("hello", stream.position) if self.is_new else b""
        await _send(send, b"retry: %d\n\n%b" % (AGAIN_MILLISECONDS, start))
        while True:
            try:
                part = await stream.part(HEARTBEAT_SECONDS)
            except (DatabaseGone, DatabaseBusy):
                return AWAY
            await _send(send, b"".join(_frames(part, self.app.now())))

    async def _left(self) -> None:
        """Wait until the caller is gone."""
        length = 0
        while length <= BODY_BYTES_MAX:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return
            length += len(message.get("body", b""))


@dataclass(slots=True)
class Events(Answer):
    """An answer that goes on; without anything to send, its headers alone."""

    sending: Sending | None = None

    async def send(self, send: Send) -> None:
        """Send the headers, and then each event as it comes."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        if self.sending is None:
            await send({"type": "http.response.body"})
        else:
            await self.sending.run(send)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _frames(part: Part, now: datetime) -> Iterable[bytes]:
    """The events of a part as they are sent; where there are none, a sign of life that moves the caller's id on."""
    if part.missed:
        yield _told_id("reset", part.position)
    elif not part.told:
        yield b": still here\nid: %d-%d\n\n" % part.position
    for one in part.told:
        name = OFFER_EVENTS[one.what] if isinstance(one, OfferTold) else TRADE_EVENT
        yield _event(name, _data(one, now), one.position)


def _data(one: OfferTold | TradeNow, now: datetime) -> bytes:
    return one.row if isinstance(one, OfferTold) else encode(operation(one.operation, now))


def _told_id(name: str, position: Position) -> bytes:
    return _event(name, b'{"last_event_id":"%d-%d"}' % position, position)


def _event(name: str, data: bytes, position: Position | None = None) -> bytes:
    id_ = b"" if position is None else b"id: %d-%d\n" % position
    return b"%bevent: %b\ndata: %b\n\n" % (id_, name.encode(), data)
