"""A seller with a paired agent and a sold item, straight on the market's verbs, for tests of the agent's side."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from stock import Stock, purchase, wish
from tradepost.app import App, Clock
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import agents, directives, trades
from tradepost.market.agents import Agent, Device
from tradepost.market.directives import Directive
from tradepost.market.reports import Answer
from tradepost.market.sightings import SeenItem, Sighting
from tradepost.market.trade_view import TradeView
from tradepost.steam.client import SteamClient

SETTINGS = Settings(mode="sandbox")
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens, so Steam is out of reach at once
ALL = ("create", "cancel", "watch", "inventory", "confirm")


@asynccontextmanager
async def an_app(db: Db, steam_url: str = NOWHERE, settings: Settings = SETTINGS) -> AsyncIterator[App]:
    """The market's app on a test's database, with a Steam at this address."""
    clock = Clock()
    async with SteamClient(now=clock.now, community_url=steam_url, api_url=steam_url) as steam:
        yield App(settings, db, steam, clock)


@dataclass
class Selling:
    """A seller whose agent is online, and a buyer who has bought."""

    app: App
    stock: Stock
    seller_id: int
    merchant_id: int
    buyer_id: int
    agent: Agent

    async def buy(self, receiver_id: int | None = None, price_cents: int = 100) -> TradeView:
        """An item is listed by the merchant and bought; its certificate makes a look at the buyer needless."""
        offer = await self.stock.offer(self.seller_id, price_cents, payee_id=self.merchant_id)
        await self.app.db.execute(
            "UPDATE offer SET certificate = 'ab', float_text = '0.1' WHERE id = $1", offer
        )
        await self.stock.online(self.seller_id)
        receiver = await self.stock.steamid_of(receiver_id or self.buyer_id)
        return await purchase(self.app, wish(self.buyer_id, offer, receiver))

    async def lease(self, agent: Agent | None = None) -> list[Directive]:
        """What an agent is asked, but for inventories."""
        asked = await directives.lease(self.app, agent or self.agent)
        return [one for one in asked if one.action != "report_inventory"]

    async def sold_and_leased(self) -> tuple[TradeView, Directive]:
        """A trade whose create the agent has."""
        view = await self.buy()
        (directive,) = await self.lease()
        return view, directive

    async def read(self, view: TradeView) -> TradeView:
        """The trade as it is now."""
        found = await trades.read(self.app.db, view.trade.id)
        assert found is not None
        return found

    async def state(self, view: TradeView) -> str:
        """The state of the trade now."""
        return (await self.read(view)).trade.state.value

    async def events(self, view: TradeView) -> list[tuple[str, str]]:
        """The trade's time line: what, and whose word."""
        rows = await self.app.db.fetch(
            "SELECT event, witness FROM trade_event WHERE trade_id = $1 ORDER BY no", view.trade.id
        )
        return [(row["event"], row["witness"]) for row in rows]

    async def device(self, name: str, *, capabilities: tuple[str, ...] = ALL) -> Agent:
        """Another agent of the seller, on a device of its own, heard of now."""
        return await an_agent(self.app, self.seller_id, name, capabilities)

    async def overdue(self, view: TradeView) -> None:
        """Let the trade's deadline pass."""
        from tradepost.rules.trade import Deadline

        async with self.app.db.transaction() as tx:
            await trades.happened(
                tx, self.app.settings, view.trade.id, Deadline(), witness="clock", now=self.app.now()
            )


async def an_agent(app: App, account_id: int, device_id: str, capabilities: tuple[str, ...] = ALL) -> Agent:
    """Pair a device with an account and let it be heard of."""
    async with app.db.transaction() as tx:
        code = await agents.make_code(tx, account_id, app.real_now(), 10)
        _, agent = await agents.pair(
            tx, code, device_id, "linux", "1", now=app.now(), real_now=app.real_now()
        )
        return await agents.heard(tx, agent, device(agent, capabilities), app.real_now(), 30)


def device(agent: Agent, capabilities: tuple[str, ...] = ALL, **changes: Any) -> Device:
    """What an agent in good health says of itself."""
    return replace(Device(agent.steamid, "1", "linux", True, None, capabilities), **changes)


@asynccontextmanager
async def selling(db: Db) -> AsyncIterator[Selling]:
    """A seller, the merchant who lists for him, and a buyer with money."""
    async with an_app(db) as app:
        stock = Stock(db)
        seller, merchant = await stock.person(), await stock.person()
        buyer = await stock.person(deposit_cents=100_000)
        yield Selling(app, stock, seller, merchant, buyer, await an_agent(app, seller, "home"))


def items(view: TradeView, new_assetid: str | None = None) -> tuple[SeenItem, ...]:
    """The trade's item, as an honest agent names it."""
    return (SeenItem(view.appid, view.contextid, view.assetid, new_assetid),)


def told(directive: Directive, view: TradeView, status: str = "success", **changes: Any) -> Answer:
    """An honest answer to a create: the offer was made."""
    made = status in ("success", "needs_confirmation")
    honest: dict[str, Any] = {
        "directive_id": directive.id, "status": status,
        "steam_tradeofferid": str(7_000_000_000 + view.trade.id) if made else None,
        "partner_steamid": view.trade.buyer_steamid if made else None,
        "items": items(view) if made else (),
    }  # fmt: skip
    return Answer(**(honest | changes))


def saw(app: App, view: TradeView, code: int, axis: str = "offer", **changes: Any) -> Sighting:
    """An honest seller's sighting of the trade's offer or exchange."""
    honest: dict[str, Any] = {
        "trade_id": view.trade.id, "axis": axis, "code": code, "partner_steamid": view.trade.buyer_steamid,
        "items": items(view), "steam_tradeofferid": str(7_000_000_000 + view.trade.id),
        "steam_tradeid": "4100000000000000001" if code == 3 or axis == "history" else None,
        "observed_at": app.now(),
    }  # fmt: skip
    return Sighting(**(honest | changes))
