"""A market that sees a simulated Steam over HTTP, with a clock in the test's hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from steam.sim import Sim
from stock import steamid
from tradepost.app import App, Clock
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import merchants, offers, steam_items, users
from tradepost.market.offers import Wanted
from tradepost.market.users import Account
from tradepost.steam.client import SteamClient
from tradepost.steam.pacing import Limits

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SLATE = "AK-47 | Slate (Field-Tested)"
VALENCE = "P250 | Valence (Field-Tested)"

_numbers = count(1_000_000)  # one simulator serves many tests: nobody is met twice


@dataclass(slots=True)
class HandClock(Clock):
    """A clock that stands until the test moves it: `real` for real time, `offset` for the sandbox."""

    real: datetime = NOON

    def real_now(self) -> datetime:  # type: ignore[override] # the clock it stands for has no hand
        return self.real

    def now(self) -> datetime:
        return self.real + self.offset

    def tick(self, seconds: float) -> None:
        """Let real time go on."""
        self.real += timedelta(seconds=seconds)


@dataclass
class Floor:
    """One process of a market, and the Steam that it sees."""

    app: App
    sim: Sim
    clock: HandClock
    accounts: list[Account] = field(default_factory=list)

    @property
    def db(self) -> Db:
        """The market's database."""
        return self.app.db

    async def person(self) -> Account:
        """A user known to the market and to Steam, with an empty public inventory."""
        name = steamid(next(_numbers))
        await self.sim.control("POST", f"/_sim/users/{name}", {})
        async with self.db.transaction() as tx:
            self.accounts.append(await users.know(tx, name, "operator", self.app.now()))
        return self.accounts[-1]

    async def grant(self, merchant: Account, seller: Account, floor_bps: int = 0) -> None:
        """The seller's word that the merchant may act for him."""
        async with self.db.transaction() as tx:
            await merchants.grant(tx, merchant.id, seller.id, "page", self.app.now(), floor_bps=floor_bps)

    async def give(self, owner: Account, *names: str, appid: int = 730, **more: Any) -> list[str]:
        """Items in somebody's inventory on Steam; their asset ids."""
        orders = [{"appid": appid, "market_hash_name": name, **more} for name in names or (SLATE,)]
        made = await self.sim.control("POST", f"/_sim/users/{owner.steamid}/items", orders)
        return [item["assetid"] for item in made["items"]]

    async def change(self, owner: Account, assetid: str, **more: Any) -> None:
        """The item is listed on Steam's own market, or cools down."""
        await self.sim.control("POST", f"/_sim/users/{owner.steamid}/items/{assetid}", more)

    async def fault(self, mode: str, path_prefix: str = "/inventory/", times: int = 0, **more: Any) -> None:
        """Steam has a bad day: at these paths, so many times or until the test is over."""
        order = {"mode": mode, "path_prefix": path_prefix, "times": times} | more
        await self.sim.control("POST", "/_sim/faults", order)

    async def take(self, owner: Account, assetid: str) -> None:
        """The item vanishes from the inventory on Steam."""
        await self.sim.control("DELETE", f"/_sim/users/{owner.steamid}/items/{assetid}")

    async def price(self, cents: int = 100, *names: str, project: str = "csgo") -> None:
        """A Steam price for names."""
        async with self.db.transaction() as tx:
            prices = dict.fromkeys(names or (SLATE, VALENCE), cents)
            await steam_items.set_prices(tx, project, prices, self.app.real_now())

    async def seller(self, *names: str) -> tuple[Account, list[str]]:
        """A user with priced items in his inventory; he and their asset ids."""
        await self.price(100, *names)
        person = await self.person()
        return person, await self.give(person, *names)

    async def list_own(self, seller: Account, *assetids: str, price_cents: int = 100) -> list[int]:
        """The seller puts his own items on sale; the offers' ids."""
        wanted = [Wanted(assetid, "csgo", price_cents) for assetid in assetids]
        return await offers.make(self.app, seller.id, seller.steamid, wanted)

    async def states(self) -> dict[int, str]:
        """The state of every offer, by id."""
        return {row["id"]: row["state"] for row in await self.db.fetch("SELECT id, state FROM offer")}

    async def asked(self, owner: Account) -> int:
        """How many questions for somebody's inventory Steam got."""
        asked = (await self.sim.control("GET", "/_sim/requests?last=1000"))["last"]
        return sum(request["path"].startswith(f"/inventory/{owner.steamid}/") for request in asked)


@asynccontextmanager
async def floor(db: Db, sim: Sim, steam_url: str | None = None) -> AsyncIterator[Floor]:
    """A market on this database that sees this Steam, or what answers at `steam_url` in its place."""
    clock = HandClock()
    async with SteamClient(
        now=clock.now,
        community_url=steam_url or sim.base_url,
        api_url=steam_url or sim.base_url,
        limits=Limits(questions_per_second=1_000, total_seconds=2.0),
    ) as steam:
        try:
            yield Floor(App(Settings(), db, steam, clock), sim, clock)
        finally:
            await sim.control("DELETE", "/_sim/faults")
