"""A stage for whole stories: market over HTTP, worker, the seller's real agent and a simulated Steam, in one loop."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from box import Box, market
from steam.sim import Sim
from stock import Stock
from tradepost import worker
from tradepost.agent.credentials import keep_session, read_session
from tradepost.agent.home import Home, Pairing, Place
from tradepost.agent.running import run
from tradepost.agent.settings import AgentSettings
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import agents, merchants, steam_items, users
from tradepost.server import create
from tradepost.steam.simulator.program import serving

NAME = "P250 | Valence (Field-Tested)"
CASE = "Fracture Case"
SELLER, BUYER, MERCHANT = "76561198000000011", "76561198000000012", "76561198000000010"
BUYER_TOKEN = "zPvo-jv3"
WEEK_SECONDS = 604_800
PACES: dict[str, Any] = {
    "heartbeat_seconds_max": 0.3, "poll_seconds_min": 0.1, "poll_seconds_max": 0.2, "look_again_seconds": 0.1,
    "absent_seconds": 0.4, "steam_timeout_seconds": 3, "market_timeout_seconds": 5, "cooldown_seconds_min": 1,
}  # fmt: skip


@dataclass
class Stage:
    """What a story is told with."""

    app: App
    sim: Sim
    stock: Stock
    url: str
    http: aiohttp.ClientSession
    home: Home
    token: str = ""
    token_of_agent: str = ""
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def call(
        self, method: str, path: str, json_body: Any = None, *, token: str | None = None
    ) -> dict[str, Any]:
        """Call the market's API; returns the answer with its HTTP status under `http`."""
        headers = {"Token": token or self.token}
        async with self.http.request(method, self.url + path, json=json_body, headers=headers) as answer:
            return {**await answer.json(), "http": answer.status}

    async def agent_says(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Say something to the market as the seller's agent, true or not."""
        headers = {"Authorization": f"Bearer {self.token_of_agent}"}
        async with self.http.post(f"{self.url}/agent/v1{path}", json=body, headers=headers) as answer:
            return {**await answer.json(), "http": answer.status}

    async def seller_is_online(self) -> bool:
        """Whether the seller's program was heard of with a Steam session."""
        return bool(await self.app.db.value("SELECT bool_or(session_ok) FROM presence"))

    async def give(self, steamid: str, name: str = NAME, **facts: Any) -> str:
        """Put an item into a Steam inventory; returns its asset id."""
        facts = {"float": 0.25, "paintseed": 7, "paintindex": 426} if name == NAME and not facts else facts
        made = await self.sim.control(
            "POST", f"/_sim/users/{steamid}/items", {"appid": 730, "market_hash_name": name, **facts}
        )
        return str(made["items"][0]["assetid"])

    async def list_item(self, name: str = NAME, price: str = "1.00") -> str:
        """The merchant lists an item of the seller's; returns the offer's id."""
        assetid = await self.give(SELLER, name)
        # What Steam showed a moment ago is remembered for a minute: the story's items are new.
        made = await self.call(
            "POST",
            "/api/v2/offers",
            {"steamid": SELLER, "offers": [{"id": assetid, "project": "csgo", "price": price}]},
        )
        assert made["status"] == "success", made
        return str(made["created_bid_ids"][0])

    async def buy(self, offer: str, custom_id: str | None = None, **more: Any) -> dict[str, Any]:
        """The merchant buys an offer for his customer."""
        body = {"id": offer, "steamid": BUYER, "trade_token": BUYER_TOKEN, "custom_id": custom_id, **more}
        return await self.call(
            "POST", "/api/v2/buy", {key: value for key, value in body.items() if value is not None}
        )

    async def trade(self, trade_id: str) -> dict[str, Any]:
        """A trade as the merchant's operations show it."""
        rows = (await self.call("GET", "/api/v2/operations"))["data"]
        found: dict[str, Any] = next(row for row in rows if row["id"] == trade_id and row["type"] == "buy")
        return found

    async def state(self, trade_id: str) -> str:
        """Where a trade stands inside."""
        found: str = await self.app.db.value("SELECT state FROM trade WHERE id = $1", int(trade_id))
        return found

    async def reaches(self, trade_id: str, *states: str, seconds: float = 15) -> None:
        """Wait until a trade stands in one of these states."""

        async def there() -> bool:
            return await self.state(trade_id) in states

        async def explain() -> str:
            row = await self.app.db.fetch("SELECT state, explanation FROM trade WHERE id = $1", int(trade_id))
            return f"trade {trade_id} is {tuple(row[0])}, not {states}"

        await until(there, explain, seconds)

    async def steam_offer(self, trade_id: str) -> str:
        """The Steam offer of a trade, once the market knows it."""
        await self.reaches(trade_id, "sent")
        found: str = await self.app.db.value(
            "SELECT steam_tradeofferid FROM trade WHERE id = $1", int(trade_id)
        )
        return found

    async def accept(self, trade_id: str) -> None:
        """The customer accepts the trade's Steam offer."""
        await self.sim.control("POST", f"/_sim/offers/{await self.steam_offer(trade_id)}/accept")

    async def advance(self, seconds: int) -> None:
        """Move the clock of market, worker and Steam."""
        moved = await self.call("POST", "/sandbox/clock", {"advance_seconds": seconds})
        assert moved["status"] == "success", moved

    async def events(self, trade_id: str) -> list[tuple[str, str]]:
        """A trade's time line: event and witness."""
        rows = await self.app.db.fetch(
            "SELECT event, witness FROM trade_event WHERE trade_id = $1 ORDER BY no", int(trade_id)
        )
        return [(row["event"], row["witness"].split(":")[0]) for row in rows]

    async def wallet(self, steamid: str) -> tuple[int, int, int]:
        """Deposit, balance and held of a steamid, in cents."""
        row = await self.app.db.fetch(
            "SELECT deposit_cents, balance_cents, held_cents FROM wallet w JOIN account a ON a.id = w.account_id WHERE a.steamid = $1",
            steamid,
        )  # fmt: skip
        return row[0]["deposit_cents"], row[0]["balance_cents"], row[0]["held_cents"]

    @asynccontextmanager
    async def agent(self, place: Place) -> AsyncIterator[None]:
        """Run the seller's program."""
        settings = AgentSettings(**PACES | {"community_url": self.sim.base_url, "api_url": self.sim.base_url})
        stop = asyncio.Event()
        task = asyncio.create_task(run(place, settings, stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 12)

    async def pair(self) -> Place:
        """Pair the seller's program and sign it in to Steam."""
        async with self.app.db.transaction() as tx:
            seller = await users.by_steamid(tx, SELLER)
            merchant = await users.by_steamid(tx, MERCHANT)
            assert seller is not None
            assert merchant is not None
            code = await agents.make_code(tx, seller.id, self.app.real_now(), 10, merchant_id=merchant.id)
        async with self.http.post(
            f"{self.url}/agent/v1/pair", json={"code": code, "device_id": "desk"}
        ) as answer:
            paired = await answer.json()
        self.token_of_agent = paired["agent_token"]
        place = self.home.place(SELLER)
        place.keep_pairing(Pairing(self.url, paired["agent_token"], SELLER, "desk"))
        keep_session(place.session_path, read_session(json.dumps(await self.sim.login(SELLER)).encode()))
        return place


async def until(
    is_so: Callable[[], Awaitable[bool]], explain: Callable[[], Awaitable[str]], seconds: float = 15
) -> None:
    """Wait until something is so; fail with a sentence when it takes too long."""
    end = asyncio.get_running_loop().time() + seconds
    while not await is_so():
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(await explain())
        await asyncio.sleep(0.03)


async def _word(text: str) -> str:
    return text


@asynccontextmanager
async def stage(db: Db, path: Path, *, with_agent: bool = True, **settings: Any) -> AsyncIterator[Stage]:
    """Set the stage: a merchant with money and a grant, a seller whose program runs, a customer, a worker."""
    async with AsyncExitStack() as stack:
        box: Box = await stack.enter_async_context(market(db, heartbeat_ttl_seconds=5, **settings))
        await box.sim.control("POST", "/_sim/settings", {"settlement": "exact"})
        await box.world(
            {"steamid": SELLER, "name": "Seller", "trade_token": "sellertk", "confirmation": "none"},
            {"steamid": BUYER, "name": "Buyer", "trade_token": BUYER_TOKEN},
        )
        async with db.transaction() as tx:
            merchant = await users.know(tx, MERCHANT, "operator", box.app.now(), name="Shop")
            seller = await users.know(tx, SELLER, "operator", box.app.now(), name="Seller")
            await users.know(tx, BUYER, "operator", box.app.now(), name="Buyer")
            await users.set_trade_token(tx, seller.id, "sellertk")
            await tx.execute("UPDATE account SET may_trade_with_self = true WHERE id = $1", merchant.id)
            token = await merchants.make_token(tx, merchant.id, box.app.now(), test=True)
            await steam_items.set_prices(tx, "csgo", {NAME: 100, CASE: 40}, box.app.real_now())
        http = await stack.enter_async_context(aiohttp.ClientSession())
        app = create(box.app)
        await stack.enter_async_context(_lifespan(app))
        url = await stack.enter_async_context(serving(app, "127.0.0.1", 0))
        made = Stage(box.app, box.sim, box.stock, url, http, Home(path), token)
        async with db.transaction() as tx:
            from tradepost.market import ledger

            await ledger.deposit(tx, merchant.id, 100_000, "stage", box.app.now())
        stop = asyncio.Event()
        working = asyncio.create_task(worker.work(box.app, stop))
        try:
            place = await made.pair()
            if with_agent:
                await stack.enter_async_context(made.agent(place))
                await until(made.seller_is_online, lambda: _word("the seller's program was never heard of"))
            yield made
        finally:
            stop.set()
            await working


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    async with app.router.lifespan_context(app):
        yield
