"""The live view: how a payer's skins and his program stand, sent to his open page whenever it has changed."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.types import Receive, Scope, Send

from tradepost import log
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.edge import Header, encode
from tradepost.dialects.web.pay_fates import fates
from tradepost.dialects.web.pay_till import Till
from tradepost.market import inspection, presence
from tradepost.market.inspection import PaymentShown
from tradepost.market.onlookers import GONE, Onlooker, Onlookers
from tradepost.market.presence import Program
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

logger = log.get(__name__)


async def shown(till: Till) -> PaymentShown:
    """The payment with its skins, as they are now."""
    app = till.visit.app
    (found,) = await inspection.shown(app.db, [till.payment], app.settings.fee_bps)
    return found


async def program(till: Till) -> Program:
    """How the payer's program stands."""
    return (await presence.programs(till.visit.app, [till.payer.id]))[till.payer.id]


def values(till: Till, found: PaymentShown, how: Program, now: datetime | None) -> dict[str, Any]:
    """What the parts of the page that follow by themselves are made of."""
    on_sale_cents = sum(skin.net_cents for skin in found.skins if skin.state == "on_sale")
    return {
        "shown": found,
        "on_sale_cents": on_sale_cents,
        "under_way_cents": found.expected_cents - on_sale_cents,
        "fates": fates(till.t, till.merchant_name, found.skins, now),
        "program": how,
        "now": till.visit.app.now(),
    }


async def live(onlookers: Onlookers, till: Till) -> "Looking":
    """The changes of a payment's page as they come, until it is closed or its session ends."""
    visitor = till.visit.signed_in()
    onlookers.refuse_too_many(visitor.session_id)
    return Looking(onlookers, till, visitor.session_id, await program(till))


@dataclass(frozen=True, slots=True)
class Looking:
    """An answer that goes on for as long as the page is open."""

    onlookers: Onlookers
    till: Till
    session_id: int
    program: Program

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what changes until somebody goes."""
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        payment = self.till.payment
        onlooker = Onlooker(self.session_id, payment.payer_id, payment.id, frozenset(), self.program)
        try:
            with self.onlookers.looking(onlooker):
                pump, left = (
                    asyncio.create_task(self._pump(onlooker, send)),
                    asyncio.create_task(_left(receive)),
                )
                await asyncio.wait({pump, left}, return_when=asyncio.FIRST_COMPLETED)
                is_over = pump.done()
                for task in (pump, left):
                    task.cancel()
                for result in await asyncio.gather(pump, left, return_exceptions=True):
                    if isinstance(result, Exception):
                        logger.error("live_view_failed", error=repr(result))
        except (SwitchedOff, TooManyRequests):  # it became full between the look and the answer
            is_over = True
        if is_over:
            await send({"type": "http.response.body", "body": b""})

    async def _pump(self, onlooker: Onlooker, send: Send) -> None:
        await _send(send, b"retry: %d\n\n" % AGAIN_MILLISECONDS)
        last: dict[str, object] = {}
        while True:
            onlooker.woken.clear()
            if onlooker.why:
                # Who is signed out cannot come back; who was only interrupted does so by himself.
                if onlooker.why == GONE:
                    await _send(send, b"event: end\ndata: %b\n\n" % encode({"reason": GONE}))
                return
            try:
                parts = await self._parts(onlooker)
            except (DatabaseGone, DatabaseBusy):
                parts = last
            if parts != last:
                said = parts | {"now": self.till.visit.app.now()}
                await _send(send, b"event: state\ndata: %b\n\n" % encode(said))
                last = parts
            else:
                await _send(send, b": still here\n\n")
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await onlooker.woken.wait()
            except TimeoutError:
                pass

    async def _parts(self, onlooker: Onlooker) -> dict[str, object]:
        """The parts of the page that may have changed, and how far the market's clock is ahead."""
        till = self.till
        found = await shown(till)
        onlooker.names = frozenset(skin.market_hash_name for skin in found.skins)
        made = values(till, found, onlooker.program, None)
        parts: dict[str, object] = {
            name: bytes(till.page(f"pay_{name}.html", **made).body).decode() for name in ("live", "program")
        }
        return parts | {"ahead_seconds": till.visit.app.clock.offset.total_seconds()}


async def _left(receive: Receive) -> None:
    """Wait until the browser is gone."""
    length = 0
    while length <= BODY_BYTES_MAX:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message.get("body", b""))


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
