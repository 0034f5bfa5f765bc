"""A name that people order and others sell: builders for the tests of buy orders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agent.selling import an_app
from stock import NAME, Stock
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import buy_orders, clock, ledger, offers, trades
from tradepost.market.buy_orders import BuyOrder
from tradepost.market.offers import Reprice
from tradepost.rules.trade import Deadline, Event, Leased, OfferSeen, Ruled


@dataclass
class Book:
    """One item of the catalogue, a seller of it who is online, and who orders it."""

    app: App
    stock: Stock
    item: int
    seller: int

    @property
    def db(self) -> Db:
        return self.app.db

    async def buyer(self, cents: int = 100_000) -> int:
        """Somebody with money in his wallet; his account's id."""
        return await self.stock.person(deposit_cents=cents)

    async def pay_in(self, account_id: int, cents: int) -> None:
        """Money comes to a wallet from outside."""
        async with self.db.transaction() as tx:
            made = await tx.value("SELECT count(*) FROM transfer")
            await ledger.deposit(tx, account_id, cents, f"later-{made}", self.app.now())

    async def order(self, buyer: int, price_cents: int, amount: int = 1) -> int:
        """An order for the item; its id."""
        return (await buy_orders.place(self.app, buyer, self.item, price_cents, amount)).order.id

    async def offer(self, price_cents: int, seller: int | None = None, payee: int | None = None) -> int:
        """The item is put on sale; the offer's id."""
        return await self.stock.offer(seller or self.seller, price_cents, payee_id=payee)

    async def reprice(self, offer: int, price_cents: int) -> None:
        steamid = await self.stock.steamid_of(self.seller)
        await offers.reprice(self.app, self.seller, steamid, [Reprice(offer, price_cents)])

    async def fill(self, app: App | None = None) -> None:
        """The worker's chore, until nothing is due."""
        while await buy_orders.fill_buy_orders(app or self.app):
            pass

    async def read(self, order: int) -> BuyOrder:
        found = await self.db.row(
            BuyOrder, f"SELECT {', '.join(BuyOrder.__slots__)} FROM buy_order WHERE id = $1", order
        )
        assert found is not None
        return found

    async def bought(self) -> list[tuple[int, int, int]]:
        """Who bought which offer for how much, in the order of the trades."""
        rows = await self.db.fetch("SELECT buyer_id, offer_id, price_cents FROM trade ORDER BY id")
        return [(row["buyer_id"], row["offer_id"], row["price_cents"]) for row in rows]

    async def due(self) -> int:
        """How many rows say that a name is to be looked at, now or later."""
        found: int = await self.db.value("SELECT count(*) FROM buy_order_match")
        return found

    async def trade_of(self, offer: int) -> int:
        """The newest trade of an offer."""
        found: int = await self.db.value("SELECT max(id) FROM trade WHERE offer_id = $1", offer)
        return found

    async def happen(self, trade: int, *events: Event) -> None:
        for event in events:
            async with self.db.transaction() as tx:
                decision = await trades.happened(
                    tx, self.app.settings, trade, event, witness="operator:test", now=self.app.now()
                )
                assert not decision.refused, decision.refused

    async def never_sent(self, offer: int) -> None:
        """The seller lets his time pass: cancelled by his fault, and the offer ends."""
        await self.happen(await self.trade_of(offer), Deadline())

    async def declined(self, offer: int) -> None:
        """The buyer declines on Steam: cancelled by his fault, and the offer is on sale again."""
        trade = await self.trade_of(offer)
        steam_offer = str(7 * 10**9 + trade)
        await self.happen(trade, Leased(), OfferSeen(2, steam_offer), OfferSeen(7, steam_offer))

    async def ended_by_operator(self, offer: int) -> None:
        """An operator ends the trade by nobody's fault: the offer is on sale again."""
        await self.happen(await self.trade_of(offer), Ruled("refund"))

    async def pass_time(self, seconds: int) -> None:
        """The market's clock goes on; the sellers' programs are heard of."""
        await clock.advance(self.app, seconds)


@asynccontextmanager
async def a_book(db: Db) -> AsyncIterator[Book]:
    async with an_app(db) as app:
        stock = Stock(db)
        seller = await stock.person()
        await stock.online(seller)
        yield Book(app, stock, await stock.item(NAME), seller)
