"""The live view of the market: which of the shown offers are gone or cost something else now, and how many have come.

Nothing is remembered of a viewer: what he is shown stands in the address that he listens at, and each look at the shelf
says how that is now. So he misses nothing by losing the connection, and an idle market costs nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace
from starlette.types import ASGIApp, Receive, Scope, Send

from tradepost import log
from tradepost.app import App
from tradepost.dialects.edge import encode
from tradepost.dialects.fields import Id, Since
from tradepost.dialects.shapes import COMMAS
from tradepost.dialects.web.desk import Desk, usd
from tradepost.dialects.web.live import HEADERS, HEARTBEAT_SECONDS, left, send_on
from tradepost.dialects.web.market_query import MARKET, TILES, MarketAsked, Wish
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market.shelf import Query
from tradepost.market.viewers import GONE, Viewer, Viewers
from tradepost.rules.refusals import Malformed, SwitchedOff, TooManyRequests

PAUSE_SECONDS = 1.0  # between two looks: nobody reads faster
AGAIN_MILLISECONDS = 3000  # before a page whose connection broke comes back
NEW_MAX = 99  # offers that are counted; more are "many"

logger = log.get(__name__)


class LiveAsked(MarketAsked):
    """What is shown: a view of the market, its offers, and the newest offer that there was."""

    shown: Annotated[list[Id], COMMAS] = msgspec.field(default_factory=list)
    after: Id = Id(1)
    since: Since | None = None


@dataclass(slots=True)
class Watched:
    """What a page shows, and how it last stood."""

    query: Query
    shown: Sequence[int]
    after: int
    prices: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    new: int = 0

    def look(self, app: App) -> dict[str, object]:
        """What is different from the last look; nothing where nothing is."""
        changes: dict[str, object] = {}
        gone, prices = list[int](), dict[int, str]()
        for id_ in self.shown:
            offer = app.shelves.offer(id_)
            if offer is None:
                if id_ not in self.gone:
                    gone.append(id_)
            elif self.prices.get(id_) != offer.price_cents:
                self.prices[id_] = offer.price_cents
                prices[id_] = usd(offer.price_cents)
        self.gone.update(gone)
        new = sum(id_ > self.after for id_ in app.shelves.page(self.query).ids)
        if gone:
            changes["gone"] = gone
        if prices:
            changes["prices"] = prices
        if new != self.new:
            self.new = changes["new"] = new
        return changes


@dataclass(frozen=True, slots=True)
class Following:
    """An answer that goes on for as long as the page is open."""

    app: App
    viewers: Viewers
    viewer: Viewer
    watched: Watched

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what changes until somebody goes."""
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        try:
            with self.viewers.looking(self.viewer):
                pump, gone = asyncio.create_task(self._pump(send)), asyncio.create_task(left(receive))
                over: set[asyncio.Future[Any]] = {pump, gone, self.viewer.ended}
                await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
                is_left = gone.done()
                for task in (pump, gone):
                    task.cancel()
                for result in await asyncio.gather(pump, gone, return_exceptions=True):
                    if isinstance(result, Exception):
                        logger.error("market_view_failed", error=repr(result))
        except (SwitchedOff, TooManyRequests):  # it became full between the look and the answer
            is_left = False
        if not is_left:
            why = self.viewer.ended.result() if self.viewer.ended.done() else ""
            last = b"event: end\ndata: {}\n\n" if why == GONE else b""
            await send({"type": "http.response.body", "body": last})

    async def _pump(self, send: Send) -> None:
        app, ring, generation = self.app, self.app.ring, -1
        await send_on(send, b"retry: %d\n\n" % AGAIN_MILLISECONDS)
        while True:
            if app.shelves.generation != generation:
                generation = app.shelves.generation
                if changes := self.watched.look(app):
                    await send_on(send, b"event: market\ndata: %b\n\n" % encode(changes))
            await asyncio.sleep(PAUSE_SECONDS)
            if (
                app.shelves.generation != generation
            ):  # of those that are shown now: others may have taken their place
                continue
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await ring.moved()
            except TimeoutError:
                await send_on(send, b": still here\n\n")


class MarketLive:
    """The live views of one server."""

    def __init__(self, app: App) -> None:
        self._viewers = Viewers(app)

    async def show(self, visit: Visit) -> ASGIApp:
        """Follow what is on sale, as a page shows it."""
        asked = visit.query(LiveAsked)
        if len(asked.shown) > TILES:
            raise Malformed("shown", f"must be at most {TILES} offers")
        session_id = visit.visitor.session_id if visit.visitor else None
        self._viewers.refuse_too_many(visit.address, session_id)
        query = replace(
            Wish(asked).query,
            time_from=asked.since,
            sort="time_created",
            descending=True,
            limit=NEW_MAX,
            offset=0,
        )
        watched = Watched(query, [int(id_) for id_ in asked.shown], int(asked.after))
        return Following(visit.app, self._viewers, Viewer(visit.address, session_id), watched)


def pages(app: App, desk: Desk) -> list[Page]:
    """What keeps an open page of the market up to date."""
    return [Page(app, desk, f"{MARKET}/live", get=MarketLive(app).show)]
