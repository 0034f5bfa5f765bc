"""A market behind its real web server, and a merchant who calls it over HTTP."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import aiohttp

from box import Box, market
from dialects import papers
from stock import NAME
from tradepost import server
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import feed, merchants, switches

BUYER = "76561198064929874"
TOKEN = "zPvo-jv3"


@dataclass
class Reply:
    """What came back."""

    status: int
    body: Any  # the JSON in it; the text where it is none
    headers: dict[str, str]

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and the word of a refusal."""
        assert self.body["status"] == "error", self.body
        assert self.body["error_details"]
        return self.status, self.body["error_message"]


def as_php(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Parameters as PHP's http_build_query writes them: `offers[0][id]=7`."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from as_php(f"{name}[{key}]" if name else str(key), inner)
    elif value is not None:
        yield name, str(value)


@dataclass
class Shop:
    """A merchant with 100.00 USD, a seller who granted him, one who did not, and a buyer whom the market knows."""

    box: Box
    http: aiohttp.ClientSession
    url: str
    token: str = ""
    merchant: int = 0
    seller: int = 0
    stranger: int = 0
    seller_steamid: str = ""
    stranger_steamid: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> App:
        return self.box.app

    @property
    def db(self) -> Db:
        return self.box.app.db

    async def call(self, method: str, path: str, *, token: str | None = None, **how: Any) -> Reply:
        """One request to v2, with the merchant's token unless another is given ("" for none)."""
        token = self.token if token is None else token
        headers = {**({"Token": token} if token else {}), **how.pop("headers", {})}
        path = path if path.startswith("/") else f"/api/v2/{path}"
        async with self.http.request(method, self.url + path, headers=headers, **how) as response:
            if response.content_type == "text/event-stream" and method != "HEAD":  # it has no end
                first = (await response.content.readuntil(b"\n\n")).decode()
                response.close()
                return Reply(response.status, {"status": "success", "first": first}, dict(response.headers))
            text = await response.text()
            is_json = response.content_type == "application/json" and text
            # Numbers as they were written: 3.14 is not 3.1400000000000001 here.
            body = json.loads(text, parse_float=Decimal) if is_json else text
            papers.check(method, path, response.status, body, dict(response.headers))
            return Reply(response.status, body, dict(response.headers))

    async def get(self, path: str, **how: Any) -> Reply:
        return await self.call("GET", path, **how)

    async def buy(self, **parameters: Any) -> Reply:
        """A purchase, asked for as JSON."""
        token = parameters.pop("token", None)
        headers = parameters.pop("headers", {})
        asked = {"steamid": BUYER, "trade_token": TOKEN, **parameters}
        return await self.call("POST", "buy", json=asked, token=token, headers=headers)

    async def v1(self, call: str, how: str = "form", *, token: str | None = None, **parameters: Any) -> Reply:
        """A call of v1: a GET with a query, or a POST with a form (both as PHP writes arrays) or with JSON."""
        method = "GET" if how == "query" else "POST"
        headers = parameters.pop("headers", {})
        given = parameters if how == "json" else list(as_php("", parameters))
        body = {"query": "params", "form": "data", "json": "json"}[how]
        return await self.call(method, f"/api/v1/{call}", token=token, headers=headers, **{body: given})

    async def own(self, price_cents: int = 100, name: str = NAME, **columns: Any) -> int:
        """An item of the seller, put on sale by the merchant; the offer's id."""
        return await self._offer(self.seller, self.merchant, price_cents, name, columns)

    async def foreign(self, price_cents: int = 100, name: str = NAME, **columns: Any) -> int:
        """An item that a stranger put on sale, which the merchant can buy; the offer's id."""
        return await self._offer(self.stranger, self.stranger, price_cents, name, columns)

    async def _offer(self, whose: int, payee: int, cents: int, name: str, columns: dict[str, Any]) -> int:
        made = await self.box.stock.offer(whose, cents, payee_id=payee, name=name)
        for column, value in columns.items():
            await self.db.execute(f"UPDATE offer SET {column} = $2 WHERE id = $1", made, value)
        await feed.put(self.app, [made])
        return made

    async def turn(self, name: switches.Switch, *, off: bool, reason: str = "") -> None:
        """What an operator turns off or on, known at once."""
        async with self.db.transaction() as tx:
            await switches.set_switch(tx, name, off, reason)
        await asyncio.sleep(switches.SECONDS)

    async def make_token(self, account_id: int, *scopes: str) -> str:
        async with self.db.transaction() as tx:
            return await merchants.make_token(
                tx, account_id, self.app.now(), test=True, scopes=scopes or merchants.SCOPES
            )

    async def raw(self, data: bytes) -> bytes:
        """What comes back for bytes that no client would send, until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", int(self.url.rpartition(":")[2]))
        writer.write(data)
        answer = await reader.read(1 << 20)
        writer.close()
        return answer


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """The real web server on a free port of this event loop; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    web = server.server_of(app)
    task = asyncio.create_task(web.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        web.should_exit = True
        await task


@asynccontextmanager
async def shop_on(db: Db, **settings: Any) -> AsyncIterator[Shop]:
    async with market(db, **settings) as box, serving(box.app) as url, aiohttp.ClientSession() as http:
        shop = Shop(box, http, url)
        stock = box.stock
        stock.assets += 10**10  # the simulated Steam counts from the same number
        shop.merchant = await stock.person(deposit_cents=10_000)
        shop.seller, shop.stranger = await stock.person(), await stock.person()
        shop.seller_steamid = await stock.steamid_of(shop.seller)
        shop.stranger_steamid = await stock.steamid_of(shop.stranger)
        await db.execute(
            "INSERT INTO account (steamid, known_by, created_at) VALUES ($1, 'sign_in', $2)",
            BUYER,
            box.app.now(),
        )
        async with db.transaction() as tx:
            await merchants.grant(tx, shop.merchant, shop.seller, "page", box.app.now())
        for person in (shop.seller, shop.stranger):
            await stock.online(person)
        shop.token = await shop.make_token(shop.merchant)
        yield shop
