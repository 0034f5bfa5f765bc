"""Live parts of a page: what has changed of them is sent to it, as server-sent events, for as long as it is open.

A page says what its parts are, and `market/onlookers` when it is worth making them anew. Each event has the parts and
the market's time, by which the page counts down.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.edge import Header, encode
from tradepost.market.onlookers import GONE, Onlooker, Onlookers
from tradepost.rules.refusals import SwitchedOff, TooManyRequests

HEARTBEAT_SECONDS = 15.0
PAUSE_SECONDS = 0.2  # between two looks: several things often change at once
AGAIN_MILLISECONDS = 2000  # before a page whose connection broke comes back
BODY_BYTES_MAX = 1 << 16

HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy that collects what it passes on would keep it for itself
)

Parts = Callable[[Onlooker], Awaitable[Mapping[str, object]]]

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Looking:
    """An answer that goes on for as long as the page is open."""

    app: App
    onlookers: Onlookers
    onlooker: Onlooker
    parts: Parts  # made whenever something woke the page; sent where they are not those that were sent before

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what changes until somebody goes."""
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        try:
            with self.onlookers.looking(self.onlooker):
                pump, gone = (
                    asyncio.create_task(self._pump(send)),
                    asyncio.create_task(left(receive)),
                )
                await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
                is_over = pump.done()
                for task in (pump, gone):
                    task.cancel()
                for result in await asyncio.gather(pump, gone, return_exceptions=True):
                    if isinstance(result, Exception):
                        logger.error("live_view_failed", error=repr(result))
        except (SwitchedOff, TooManyRequests):  # it became full between the look and the answer
            is_over = True
        if is_over:
            await send({"type": "http.response.body", "body": b""})

    async def _pump(self, send: Send) -> None:
        onlooker = self.onlooker
        await send_on(send, b"retry: %d\n\n" % AGAIN_MILLISECONDS)
        last: Mapping[str, object] = {}
        while True:
            onlooker.woken.clear()
            if onlooker.why:
                # Who is signed out cannot come back; who was only interrupted does so by himself.
                if onlooker.why == GONE:
                    await send_on(send, b"event: end\ndata: %b\n\n" % encode({"reason": GONE}))
                return
            try:
                # How far the market's clock is ahead is a part of every page: it counts down by it.
                parts = {**await self.parts(onlooker), "ahead_seconds": self.app.clock.offset.total_seconds()}
            except (DatabaseGone, DatabaseBusy):
                parts = dict(last)
            if parts != last:
                await send_on(send, b"event: state\ndata: %b\n\n" % encode({**parts, "now": self.app.now()}))
                last = parts
            else:
                await send_on(send, b": still here\n\n")
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await onlooker.woken.wait()
            except TimeoutError:
                pass


async def left(receive: Receive) -> None:
    """Wait until the browser is gone."""
    length = 0
    while length <= BODY_BYTES_MAX:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message.get("body", b""))


async def send_on(send: Send, body: bytes) -> None:
    """Send a piece of an answer that goes on."""
    await send({"type": "http.response.body", "body": body, "more_body": True})
