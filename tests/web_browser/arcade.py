"""An arcade: a game site, a player whose program sends what he sells, somebody who buys it, and a worker, in one loop."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from dialects.web.counter import ASIIMOV, SLATE, VALENCE, Counter, Payer, counter_on
from story.stage import PACES, until
from tradepost import worker
from tradepost.agent.credentials import keep_session, read_session
from tradepost.agent.home import Home, Pairing, Place
from tradepost.agent.running import run
from tradepost.agent.settings import AgentSettings
from tradepost.db import Db
from tradepost.market import merchants

WEEK_SECONDS = 604_800
TRADE_TOKEN = "zPvo-jv3"


@dataclass
class Arcade:
    """All who take part in a payment, and what each does."""

    counter: Counter
    player: Payer  # with items and a link, in no browser yet
    home: Home
    token: str  # of the buyer
    buyer_steamid: str
    http: aiohttp.ClientSession

    @property
    def db(self) -> Db:
        return self.counter.db

    @property
    def url(self) -> str:
        return self.counter.site.url

    async def pair(self, code: str) -> Place:
        """The player connects his program by the code that the page shows, and signs it in to Steam."""
        body = {"code": code, "device_id": "desk"}
        async with self.http.post(f"{self.url}/agent/v1/pair", json=body) as answer:
            paired = await answer.json()
        steamid = self.player.steamid
        place = self.home.place(steamid)
        place.keep_pairing(Pairing(self.url, paired["agent_token"], steamid, "desk"))
        sim = self.counter.site.box.sim
        keep_session(place.session_path, read_session(json.dumps(await sim.login(steamid)).encode()))
        return place

    @asynccontextmanager
    async def program(self, place: Place) -> AsyncIterator[None]:
        """The player's program runs."""
        steam = self.counter.site.box.sim.base_url
        settings = AgentSettings(**PACES | {"community_url": steam, "api_url": steam})
        stop = asyncio.Event()
        task = asyncio.create_task(run(place, settings, stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 12)

    async def offer(self, name: str) -> int:
        """What the player has on sale of this name."""
        found: int = await self.db.value(
            "SELECT o.id FROM offer o JOIN steam_item s ON s.id = o.steam_item_id"
            " WHERE s.market_hash_name = $1 AND o.state = 'on_sale'",
            name,
        )
        return found

    async def buy(self, name: str) -> int:
        """Another shop buys it for its customer, over the API; the trade."""
        body = {"id": await self.offer(name), "steamid": self.buyer_steamid, "trade_token": TRADE_TOKEN}
        async with self.http.post(
            f"{self.url}/api/v2/buy", json=body, headers={"Token": self.token}
        ) as answer:
            bought = await answer.json()
        assert bought["status"] == "success", bought
        return int(bought["id"])

    async def accept(self, trade: int) -> None:
        """The customer accepts the Steam offer, once there is one."""

        async def is_sent() -> bool:
            return bool(await self.db.value("SELECT state = 'sent' FROM trade WHERE id = $1", trade))

        async def explain() -> str:
            return str(await self.db.fetch("SELECT state, explanation FROM trade WHERE id = $1", trade))

        await until(is_sent, explain)
        offerid = await self.db.value("SELECT steam_tradeofferid FROM trade WHERE id = $1", trade)
        await self.counter.site.box.sim.control("POST", f"/_sim/offers/{offerid}/accept")

    async def advance(self, seconds: int = WEEK_SECONDS) -> None:
        """Time passes for the market and for Steam."""
        async with self.http.post(f"{self.url}/sandbox/clock", json={"advance_seconds": seconds}) as answer:
            assert (await answer.json())["status"] == "success"


@asynccontextmanager
async def arcade_on(db: Db, path: Path) -> AsyncIterator[Arcade]:
    async with counter_on(db, heartbeat_ttl_seconds=5) as counter, aiohttp.ClientSession() as http:
        app, sim = counter.app, counter.site.box.sim
        await sim.control("POST", "/_sim/settings", {"settlement": "exact"})
        player = await counter.payer(
            SLATE,
            VALENCE,
            ASIIMOV,
            name="Ann",
            amount="4.20",
            is_online=False,
            signed_in=False,
            has_url=False,
        )
        await sim.control("POST", f"/_sim/users/{player.steamid}", {"confirmation": "none"})
        buyer_steamid = await counter.site.box.stock.steamid_of(counter.till.buyer)
        await sim.control("POST", f"/_sim/users/{buyer_steamid}", {"trade_token": TRADE_TOKEN})
        async with db.transaction() as tx:
            token = await merchants.make_token(tx, counter.till.buyer, app.now(), test=True)
        stop = asyncio.Event()
        working = asyncio.create_task(worker.work(app, stop))
        try:
            yield Arcade(counter, player, Home(path), token, buyer_steamid, http)
        finally:
            stop.set()
            await working
