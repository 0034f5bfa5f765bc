"""Idempotency-Key: however often a write is sent with one key, it is done once and answered once."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from multidict import CIMultiDict

from dialects.shop import BUYER, TOKEN, Shop, as_php, shop_on
from faults.way import way_to
from stock import NAME
from tradepost.db import Db, pool
from tradepost.dialects.shadowpay import v1, v2
from tradepost.market.ledger import wallet
from world import open_directory

SENDS = 20
KEY = "Idempotency-Key"


@dataclass(frozen=True)
class Raw:
    """What came back, byte for byte."""

    status: int
    body: bytes
    replayed: bool

    @property
    def word(self) -> str:
        """The word of a refusal; nothing for a success."""
        return self.body.partition(b'"error_message":"')[2].partition(b'"')[0].decode()


@dataclass(frozen=True)
class Write:
    """A call that does something: what it is sent, and how often that was done."""

    method: str
    path: str
    asked: dict[str, Any]
    count: Callable[[Db], Awaitable[int]]

    async def send(self, shop: Shop, key: str | None, *, how: str = "json", **other: Any) -> Raw:
        """Send it once."""
        asked = {**self.asked, **other}
        headers = {"Token": shop.token} | ({} if key is None else {KEY: key})
        given: Any = asked if how == "json" else list(as_php("", asked))
        body = {"query": "params", "form": "data", "json": "json"}[how]
        async with shop.http.request(
            self.method, shop.url + self.path, headers=headers, **{body: given}
        ) as reply:
            return Raw(reply.status, await reply.read(), reply.headers.get("Idempotency-Replayed") == "true")


@dataclass
class Table:
    """Every write of both versions to offers and trades, each with a thing of its own to be done to."""

    shop: Shop
    assets: list[str] = field(default_factory=list)

    async def write(self, call: str) -> Write:
        """One write, ready to be sent; `call` is a method and a path as they are declared."""
        shop = self.shop
        method, path = call.split()
        whose = {"steamid": shop.seller_steamid}
        match path.removeprefix("/api/v1").removeprefix("/api/v2"):
            case "/buy" | "/buy_item":
                offer = await shop.foreign()
                asked = {"id": str(offer), "steamid": BUYER, "trade_token": TOKEN}
                return Write(
                    method, path, asked, _count("SELECT count(*) FROM trade WHERE offer_id = $1", offer)
                )
            case "/offers" | "/sell_items" if method == "POST":
                asset = await self._asset()
                rows = [{"id": asset, "price": "1.00", "project": "csgo"}]
                made = _count("SELECT sum(version) FROM offer WHERE assetid = $1", asset)
                return Write(method, path, {**whose, "offers": rows}, made)
            case "/cancel_items":
                offer = await shop.own()
                return Write(method, path, {**whose, "items": [{"id": str(offer)}]}, _written(offer))
            case "/offers" if method == "DELETE":
                offer = await shop.own()
                return Write(method, path, {**whose, "item_ids": [str(offer)]}, _written(offer))
            case "/offers" if method == "PATCH":
                offer = await shop.own()
                rows = [{"id": str(offer), "price": "1.50"}]
                return Write(method, path, {**whose, "offers": rows}, _written(offer))
            case "/offers/{id}":
                offer = await shop.own()
                asked = {**whose, "price": "1.50"}
                return Write(method, path.replace("{id}", str(offer)), asked, _written(offer))
            case "/change_item_price":
                offer = await shop.own()
                return Write(method, path, {**whose, "id": str(offer), "price": "1.50"}, _written(offer))
        raise AssertionError(f"no test sends {call} twice")

    async def _asset(self) -> str:
        if not self.assets:
            items = [{"appid": 730, "market_hash_name": NAME}] * 20
            await self.shop.box.world({"steamid": self.shop.seller_steamid, "items": items})
            await self.shop.box.stock.item()
            owner = await self.shop.box.sim.control("GET", f"/_sim/users/{self.shop.seller_steamid}")
            self.assets = [item["assetid"] for item in owner["items"]["730/2"]]
        return self.assets.pop()


def _count(sql: str, of: object) -> Callable[[Db], Awaitable[int]]:
    async def count(db: Db) -> int:
        return int(await db.value(sql, of) or 0)

    return count


def _written(offer: int) -> Callable[[Db], Awaitable[int]]:
    return _count("SELECT version - 1 FROM offer WHERE id = $1", offer)


WRITES = [
    f"{method} {version.PREFIX}{path}"
    for version in (v1, v2)
    for path, methods in version.CALLS.items()
    for method, call in methods.items()
    if call.handler.__module__.endswith(".deeds") and (version is v2 or method == "POST")
]


LISTINGS = ("POST /api/v1/sell_items", "POST /api/v2/offers")


@pytest.fixture
async def table(shop: Shop) -> Table:
    return Table(shop)


@pytest.mark.parametrize("call", WRITES)
async def test_however_often_a_write_is_sent_it_is_done_once(table: Table, call: str) -> None:
    write = await table.write(call)
    first = await write.send(table.shop, "key")
    assert (first.status, first.replayed, first.word) == (200, False, ""), first
    hows = ["json", "form", "query"]
    again = [await write.send(table.shop, "key", how=how) for how in hows]
    assert [(one.status, one.body, one.replayed) for one in again] == [(200, first.body, True)] * 3
    assert await write.count(table.shop.db) == 1


@pytest.mark.parametrize("call", WRITES)
async def test_of_twenty_sent_at_once_one_is_done_and_all_are_answered_alike(table: Table, call: str) -> None:
    write = await table.write(call)
    answers = await asyncio.gather(*(write.send(table.shop, "key") for _ in range(SENDS)))
    assert {(one.status, one.word) for one in answers} == {(200, "")}, answers
    assert len({one.body for one in answers}) == 1
    assert await write.count(table.shop.db) == 1
    # Buys that are decided in one batch are one another's first.
    firsts = sum(not one.replayed for one in answers)
    assert firsts == 1 or "buy" in call


@pytest.mark.parametrize("call", WRITES)
async def test_a_refusal_leaves_the_key_free_and_other_content_is_refused(table: Table, call: str) -> None:
    shop, write = table.shop, await table.write(call)
    refused = await write.send(shop, "key", steamid="76561198999999999")
    assert refused.word and not refused.replayed
    assert (await write.send(shop, "key")).word == ""
    other = await write.send(shop, "key", steamid=shop.stranger_steamid)
    assert other.word == "custom_id_exist"
    assert other.status == (200 if "/v1/" in write.path else 409)
    assert await write.count(shop.db) == 1


async def test_a_key_means_one_thing_in_all_calls(table: Table) -> None:
    shop = table.shop
    for first, second in (
        ("POST /api/v2/buy", "DELETE /api/v2/offers"),
        ("DELETE /api/v2/offers", "POST /api/v2/buy"),
        ("POST /api/v1/cancel_items", "PATCH /api/v2/offers"),
        ("POST /api/v1/sell_items", "POST /api/v2/offers"),
        ("POST /api/v1/buy_item", "POST /api/v1/change_item_price"),
    ):
        done, other = await table.write(first), await table.write(second)
        key = f"{first}, {second}".replace(" ", "-")
        assert (await done.send(shop, key)).word == ""
        assert (await other.send(shop, key)).word == "custom_id_exist", key
        assert await other.count(shop.db) == 0
        assert (await other.send(shop, None)).word == ""


async def test_a_key_belongs_to_the_account_and_not_to_the_token(table: Table) -> None:
    shop, write = table.shop, await table.write("DELETE /api/v2/offers")
    first = await write.send(shop, "key")
    shop.token = await shop.make_token(shop.merchant, "sell")
    assert await write.send(shop, "key") == Raw(200, first.body, replayed=True)
    shop.token = await shop.make_token(shop.seller)  # who is another merchant here, with keys of his own
    assert not (await write.send(shop, "key")).replayed


@pytest.mark.parametrize("call", WRITES)
async def test_a_key_that_cannot_be_one_is_refused_by_name(table: Table, call: str) -> None:
    write = await table.write(call)
    for bad in ("", "a b", "k" * 256, "schlüssel"):
        refused = await write.send(table.shop, bad)
        assert refused.word == "validation_error" and KEY.encode() in refused.body, bad
    two = CIMultiDict([("Token", table.shop.token), (KEY, "a"), (KEY, "b")])
    async with table.shop.http.request(
        write.method, table.shop.url + write.path, headers=two, json=write.asked
    ) as reply:
        assert b'"wrong_params"' in await reply.read()
    assert await write.count(table.shop.db) == 0


async def test_a_replay_needs_neither_steam_nor_what_was_there(table: Table) -> None:
    shop, write = table.shop, await table.write("POST /api/v2/offers")
    first = await write.send(shop, "key")
    await shop.box.sim.control(
        "POST", "/_sim/faults", {"mode": "status", "code": 500, "path_prefix": "/inventory/"}
    )
    await shop.db.execute("UPDATE offer SET state = 'ended', ended_reason = 'test'")
    assert await write.send(shop, "key") == Raw(200, first.body, replayed=True)


async def test_a_write_without_a_key_is_done_as_often_as_it_is_sent(table: Table) -> None:
    write = await table.write("PATCH /api/v2/offers/{id}")
    for price in ("1.10", "1.20"):
        assert not (await write.send(table.shop, None, price=price)).replayed
    assert await write.count(table.shop.db) == 2
    assert await table.shop.db.value("SELECT count(*) FROM request_key") == 0


@pytest.fixture
async def cut(db: Db, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Table, Any]]:
    """A shop whose way to the database can lose answers."""
    monkeypatch.setattr(pool, "PATIENCE_SECONDS", 0.1)
    folder = open_directory()
    try:
        async with way_to(db.dsn, folder) as (way, dsn):
            through = await Db.open(dsn, min_size=1)
            try:
                async with shop_on(through) as shop:
                    await shop.app.shelves_ready.wait()
                    yield Table(shop), way
            finally:
                await through.close()
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("call", [call for call in WRITES if "buy" not in call])
async def test_a_deed_whose_answer_was_lost_is_found_under_its_key(
    cut: tuple[Table, Any], db: Db, call: str
) -> None:
    table, way = cut
    write = await table.write(call)
    # The first commit of a listing is that of what was learnt from the inventory.
    way.lose("commit", "answer", spared=1 if call in LISTINGS else 0)
    lost = await write.send(table.shop, "key")
    assert lost.word == "disabled" and KEY.encode() in lost.body, lost
    assert await write.count(db) == 1
    found = await write.send(table.shop, "key")
    assert (found.status, found.word, found.replayed) == (200, "", True)
    assert found == await write.send(table.shop, "key")
    assert await write.count(db) == 1


@pytest.mark.parametrize("call", WRITES)
async def test_who_hangs_up_before_the_answer_and_asks_again_has_it_done_once(
    table: Table, call: str
) -> None:
    shop, write = table.shop, await table.write(call)
    body = json.dumps(write.asked).encode()
    head = (
        f"{write.method} {write.path} HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\n{KEY}: key\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    for _ in range(3):
        _, writer = await asyncio.open_connection("127.0.0.1", int(shop.url.rpartition(":")[2]))
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
    found = await write.send(shop, "key")
    assert (found.status, found.word) == (200, "")
    assert (await write.send(shop, "key")) == Raw(200, found.body, replayed=True)
    assert await write.count(shop.db) == 1


async def test_a_purchase_under_a_key_costs_its_price_once(table: Table) -> None:
    shop = table.shop
    for call in ("POST /api/v1/buy_item", "POST /api/v2/buy"):
        write = await table.write(call)
        await asyncio.gather(*(write.send(shop, call.replace(" ", "-")) for _ in range(SENDS)))
    assert (await wallet(shop.db, shop.merchant)).deposit_cents == 10_000 - 2 * 100
