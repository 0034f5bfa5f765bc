"""Deals: people who are signed in, with trades between them in every state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dialects.web.site import OTHER, USER, Browser, Site, site_on
from stock import NAME, wish
from tradepost.db import Db
from tradepost.market import ledger, trades
from tradepost.rules.machine import ACTIVE
from tradepost.rules.trade import Delivered, Event, Leased, OfferSeen, SettlementKnown

STRANGER = "76561198000000103"
SENT: tuple[Event, ...] = (Leased(), OfferSeen(ACTIVE, "9001"))
ACCEPTED: tuple[Event, ...] = (*SENT, Delivered("77001"))


@dataclass
class Deals:
    """A site with a seller and a buyer, each in his browser."""

    site: Site
    seller: Browser
    buyer: Browser
    seller_id: int
    buyer_id: int

    @property
    def db(self) -> Db:
        return self.site.db

    async def offer(self, cents: int = 1_000, name: str = NAME, **more: Any) -> int:
        """Something of the seller's is on sale, and his program is there."""
        await self.site.box.stock.online(self.seller_id)
        return await self.site.box.stock.offer(self.seller_id, cents, name=name, **more)

    async def buy(
        self, *events: Event, cents: int = 1_000, name: str = NAME, receiver: str = OTHER, **more: Any
    ) -> int:
        """The buyer buys, and things happen to the trade; its number."""
        offer = await self.offer(cents, name)
        made = wish(self.buyer_id, offer, receiver, **more)
        trade = await trades.buy(self.site.app, made)
        await self.happen(trade.id, *events)
        return trade.id

    async def happen(self, trade: int, *events: Event) -> None:
        """Things happen to a trade."""
        for number, event in enumerate(events):
            # One Steam offer belongs to one trade.
            if isinstance(event, OfferSeen):
                event = OfferSeen(event.code, str(9_000 + trade))  # noqa: PLW2901 - the same event of this trade
            if isinstance(event, Delivered) and event.new_assetid is not None:
                event = Delivered(str(77_000 + trade))  # noqa: PLW2901 - likewise
            async with self.db.transaction() as tx:
                app = self.site.app
                decision = await trades.happened(
                    tx, app.settings, trade, event, witness="seller_agent:desk <b>", now=app.now()
                )
            assert decision.refused is None, (number, decision.refused)

    async def protected(self, **more: Any) -> int:
        """A trade whose item has arrived, in the week in which it can be reversed."""
        trade = await self.buy(*ACCEPTED, **more)
        await self.happen(trade, SettlementKnown(self.site.app.now() + timedelta(days=7, minutes=1)))
        return trade


@asynccontextmanager
async def deals_on(db: Db) -> AsyncIterator[Deals]:
    async with site_on(db) as site:
        await site.box.sim.control("POST", f"/_sim/users/{STRANGER}", {"name": "Cem"})
        site.box.stock.assets += 10**10  # the simulated Steam counts from the same number
        seller, buyer = await site.signed_in(USER), await site.signed_in(OTHER)
        ids = [await db.value("SELECT id FROM account WHERE steamid = $1", who) for who in (USER, OTHER)]
        await db.execute("UPDATE account SET trade_token = 'tokenabc'")
        async with db.transaction() as tx:
            await ledger.lock_wallets(tx, ids)
            await ledger.deposit(tx, ids[1], 1_000_000, "test", site.app.now())
        yield Deals(site, seller, buyer, *ids)
