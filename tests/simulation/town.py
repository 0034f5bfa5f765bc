"""A town on one market: two processes, sellers with their programs, merchants, customers, and a clock in the hand."""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.selling import NOWHERE, an_agent
from simulation.frailty import FrailDb
from stock import MARKET_NOW, Stock
from tradepost.app import App, Clock
from tradepost.config import Settings
from tradepost.db import Db, Record
from tradepost.market import clock, feed, merchants, presence, trades
from tradepost.market.agents import Agent
from tradepost.market.buying import Buy
from tradepost.market.directives import Directive
from tradepost.market.feed import Cursor
from tradepost.market.gateways import Opened
from tradepost.market.trade_view import TradeView
from tradepost.rules.games import GAMES
from tradepost.steam.client import SteamClient
from tradepost.steam.pacing import Limits

SETTINGS = Settings(mode="sandbox")
LIMITS = Limits(questions_per_second=10_000, burst=1_000, total_seconds=2.0)
SELLERS, MERCHANTS, CUSTOMERS = 3, 2, 3
PROJECTS = ("csgo", "csgo", "csgo", "dota2")  # with protection and without


@dataclass
class Hand:
    """Real time as everybody in town has it."""

    real: datetime = MARKET_NOW

    def tick(self, seconds: float) -> None:
        """Let real time go on."""
        self.real += timedelta(seconds=seconds)


@dataclass(slots=True)
class HeldClock(Clock):
    """A process's clock: the town's real time, and how far this process knows that the market's was moved."""

    hand: Hand = field(default_factory=Hand)

    def real_now(self) -> datetime:  # type: ignore[override] # the clock it stands for has no hand
        return self.hand.real

    def now(self) -> datetime:
        return self.hand.real + self.offset


@dataclass(frozen=True)
class Person:
    """Somebody in town, and the money that he came with."""

    id: int
    steamid: str
    deposit_cents: int = 0
    balance_cents: int = 0


@dataclass
class Town:
    """Everybody, what was last seen of the market, and what they remember of it."""

    db: Db
    draw: random.Random
    hand: Hand
    apps: list[App]
    stock: Stock
    cursors: list[Cursor] = field(default_factory=list)
    sellers: list[Person] = field(default_factory=list)
    merchants: list[Person] = field(default_factory=list)
    customers: list[Person] = field(default_factory=list)
    sellers_agents: list[Agent] = field(default_factory=list)
    buyers_agents: list[Agent] = field(default_factory=list)
    # Seen of the market when the last step was over.
    views: dict[int, TradeView] = field(default_factory=dict)
    offers: list[Record] = field(default_factory=list)
    events: dict[int, list[Record]] = field(default_factory=dict)
    # Remembered by the actors.
    orders: list[tuple[Agent, Directive]] = field(default_factory=list)
    buys: list[Buy] = field(default_factory=list)
    bought: dict[tuple[int, str], tuple[bytes, int]] = field(default_factory=dict)
    gateways: dict[int, Opened] = field(default_factory=dict)

    @property
    def people(self) -> list[Person]:
        """Everybody with a wallet."""
        return [*self.sellers, *self.merchants, *self.customers]

    def app(self) -> App:
        """One of the processes."""
        return self.draw.choice(self.apps)

    async def look(self) -> None:
        """See the market as it is: all trades, all offers, and what happened since the last look."""
        ids = [row["id"] for row in await self.db.fetch("SELECT id FROM trade")]
        self.views = await trades.read_many(self.db, ids)
        self.offers = await self.db.fetch("SELECT * FROM offer ORDER BY id")
        known = [(trade_id, len(events)) for trade_id, events in self.events.items()]
        rows = await self.db.fetch(
            "SELECT e.* FROM trade_event e LEFT JOIN unnest($1::bigint[], $2::int[]) AS k (id, no) ON k.id = e.trade_id"
            " WHERE e.no > coalesce(k.no, 0) ORDER BY e.trade_id, e.no",
            [trade_id for trade_id, _ in known],
            [no for _, no in known],
        )
        for row in rows:
            self.events.setdefault(row["trade_id"], []).append(row)

    async def everybody_is_there(self) -> None:
        """Let all sellers' programs be heard of, and their inventories be read, a moment ago."""
        real_now = self.hand.real
        async with self.db.transaction() as tx:
            for seller in self.sellers:
                await presence.heard(tx, seller.id, real_now, session_ok=True, blocking=None)
                for project in GAMES:
                    await presence.scanned(tx, seller.id, project, real_now, complete=True)

    async def pass_time(self, seconds: int) -> None:
        """Let real time go on, in which both processes hear how far the market's clock was moved."""
        self.hand.tick(seconds)
        for app in self.apps:
            await clock.read(app)


@asynccontextmanager
async def two_processes(
    db: Db, hand: Hand, steam_url: str = NOWHERE, control_url: str = ""
) -> AsyncIterator[list[App]]:
    """Two processes of one market, each with a shelf, a queue of buys and a clock of its own."""
    settings = Settings(mode="sandbox", steam_control_url=control_url) if control_url else SETTINGS
    async with AsyncExitStack() as stack:
        apps = []
        for _ in range(2):
            held = HeldClock(hand=hand)
            steam = SteamClient(now=held.now, community_url=steam_url, api_url=steam_url, limits=LIMITS)
            await stack.enter_async_context(steam)
            apps.append(App(settings, FrailDb(db), steam, held))
        yield apps


async def settle_in(town: Town) -> None:
    """Let people come to town: with money, grants, and programs that are paired."""
    stock, draw, app = town.stock, town.draw, town.apps[0]
    for people, count, is_rich in (
        (town.sellers, SELLERS, False),
        (town.merchants, MERCHANTS, True),
        (town.customers, CUSTOMERS, True),
    ):
        for _ in range(count):
            deposit, balance = (draw.randint(0, 900), draw.randint(0, 600)) if is_rich else (0, 0)
            made = await stock.person(deposit_cents=deposit, balance_cents=balance)
            people.append(Person(made, await stock.steamid_of(made), deposit, balance))
    await town.db.execute("UPDATE account SET may_trade_with_self = true WHERE id = $1", town.merchants[0].id)
    async with town.db.transaction() as tx:
        for merchant in town.merchants:
            for seller in town.sellers:
                await merchants.grant(tx, merchant.id, seller.id, "page", app.now())
    for seller in town.sellers:
        town.sellers_agents += [await an_agent(app, seller.id, name) for name in ("home", "phone")]
    for buyer in (town.customers[0], town.customers[1], town.merchants[0]):
        town.buyers_agents.append(await an_agent(app, buyer.id, "buyers"))
    await town.everybody_is_there()
    for one in town.apps:
        town.cursors.append(await feed.load(one))
    await town.look()


@asynccontextmanager
async def a_town(db: Db, seed: int) -> AsyncIterator[Town]:
    """A town whose every chance comes from a seed; Steam is out of its reach."""
    hand = Hand()
    async with two_processes(db, hand) as apps:
        town = Town(db, random.Random(seed), hand, apps, Stock(db))
        await settle_in(town)
        yield town
