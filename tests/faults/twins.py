"""Two web servers on one database, merchants who call them over HTTP, and a Steam to list from."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from faults.customers import many_offers
from faults.programs import Programs, Web, programs_on
from steam.sim import Sim, simulator
from stock import MARKET_NOW, NAME, Stock
from tradepost.db import Db
from tradepost.market import merchants
from world import Databases, faults_of_the_books

TRADE_TOKEN = "zPvo-jv3"


@dataclass(frozen=True)
class Reply:
    """What came back: the bytes themselves, and what they say."""

    status: int
    raw: bytes

    @property
    def body(self) -> Any:
        """The JSON in it."""
        return json.loads(self.raw)

    @property
    def word(self) -> str:
        """How it was refused; nothing for a success."""
        found: str = self.body.get("error_message", "")
        return found


@dataclass(frozen=True)
class Merchant:
    """Somebody who calls the API."""

    account_id: int
    steamid: str
    token: str


@dataclass
class Twins:
    """The two servers, and the people of the market behind them."""

    db: Db
    stock: Stock
    sim: Sim
    http: aiohttp.ClientSession
    programs: Programs
    webs: tuple[Web, Web]
    receiver: str  # for whom all is bought
    seller: int

    async def merchant(self, deposit_cents: int = 0) -> Merchant:
        """A merchant with so much money, and his token."""
        account_id = await self.stock.person(deposit_cents=deposit_cents)
        async with self.db.transaction() as tx:
            token = await merchants.make_token(tx, account_id, MARKET_NOW, test=True)
        return Merchant(account_id, await self.stock.steamid_of(account_id), token)

    async def offers(self, count: int, merchant: Merchant | None = None) -> list[int]:
        """Items on sale at 1.00: the merchant's own, or those of somebody who is always online."""
        return await many_offers(self.stock, merchant.account_id if merchant else self.seller, count)

    async def call(self, side: int, who: Merchant, method: str, path: str, **how: Any) -> Reply:
        """One request to one of the two."""
        headers = {"Token": who.token, **how.pop("headers", {})}
        url = f"{self.webs[side % 2].url}/api/v2/{path}"
        async with self.http.request(method, url, headers=headers, **how) as answer:
            return Reply(answer.status, await answer.read())

    async def buy(self, side: int, who: Merchant, offer_id: int, **parameters: Any) -> Reply:
        """A purchase."""
        headers = parameters.pop("headers", {})
        asked = {"id": offer_id, "steamid": self.receiver, "trade_token": TRADE_TOKEN, **parameters}
        return await self.call(side, who, "POST", "buy", json=asked, headers=headers)

    async def trades(self, who: Merchant) -> list[tuple[int, int, int]]:
        """What a merchant bought: trade, offer and price of each."""
        rows = await self.db.fetch(
            "SELECT id, offer_id, price_cents FROM trade WHERE buyer_id = $1", who.account_id
        )
        return [(row["id"], row["offer_id"], row["price_cents"]) for row in rows]

    async def make(self, side: int, who: Merchant, assetids: Sequence[str]) -> Reply:
        """Put the merchant's own items on sale at 1.00."""
        rows = [{"id": assetid, "price": "1.00", "project": "csgo"} for assetid in assetids]
        return await self.call(side, who, "POST", "offers", json={"steamid": who.steamid, "offers": rows})

    async def cancel(self, side: int, who: Merchant, offer: int) -> Reply:
        """Take the merchant's offer off sale."""
        asked = {"steamid": who.steamid, "item_ids": [offer]}
        return await self.call(side, who, "DELETE", "offers", json=asked)

    async def reprice(self, side: int, who: Merchant, offer: int, price: str) -> Reply:
        """Change the price of the merchant's offer."""
        asked = {"steamid": who.steamid, "price": price}
        return await self.call(side, who, "PATCH", f"offers/{offer}", json=asked)

    async def assets(self, owner: Merchant, count: int) -> list[str]:
        """Items in a merchant's own inventory on Steam, known to the market; their asset ids."""
        await self.stock.item()
        items = [{"appid": 730, "market_hash_name": NAME}] * count
        world = {"users": [{"steamid": owner.steamid, "items": items}], "prices": []}
        await self.sim.control("POST", "/_sim/world", world)
        params = {"steamid": owner.steamid, "project": "csgo"}
        seen = await self.call(0, owner, "GET", "account/inventory", params=params)
        assert seen.status == 200, seen
        return [row["assetid"] for row in seen.body["data"]]


@asynccontextmanager
async def twins_on(databases: Databases, home: Path) -> AsyncIterator[Twins]:
    """Two servers on a fresh database, whose books add up in the end."""
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(databases.fresh())
        sim = await stack.enter_async_context(simulator())
        steam = dict.fromkeys(("STEAM_COMMUNITY_URL", "STEAM_API_URL", "STEAM_CONTROL_URL"), sim.base_url)
        programs = await stack.enter_async_context(programs_on(db.dsn, home, **steam))
        webs = (await programs.serve(), await programs.serve())
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        stock = Stock(db)
        stock.assets += 10**10  # the simulated Steam counts from the same number
        seller, receiver = await stock.person(), await stock.person()
        await stock.online(seller)
        await asyncio.gather(*(web.ready() for web in webs))
        yield Twins(db, stock, sim, http, programs, webs, await stock.steamid_of(receiver), seller)
        assert [web.program.said.count("Traceback") for web in webs] == [0, 0]
        assert await faults_of_the_books(db) == []
