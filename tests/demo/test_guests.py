"""Guests: what a person puts on sale is bought soon; what was there, what robots list and what is far too dear is not."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tradepost.demo import catalogue, guests
from tradepost.demo.guests import Guests
from tradepost.demo.papers import Account
from tradepost.demo.shops import Shops
from tradepost.rules.money import write_cents

FIRST_OFFERS = 5_000
NAME = "AWP | Fever Dream (Field-Tested)"
STEAM_CENTS = catalogue.by_name()["csgo", NAME].price_cents
SHOPS, CUSTOMERS = (Account("1", "shop"),), (Account("2", "trade"),)
SELF_SELLERS = (Account("3", "seller"),)


class Market:
    """A market on the wire that has what it is told to have, and lets nobody buy from who is offline."""

    def __init__(self) -> None:
        self.on_sale: dict[int, str] = {}  # id: price
        self.own: set[int] = set()
        self.offline: set[int] = set()
        self.no_longer_new: set[int] = set()
        self.asked: list[dict[str, Any]] = []
        self.bought: list[int] = []

    def row(self, id_: int) -> dict[str, Any]:
        price = self.on_sale[id_]
        return {"id": str(id_), "project": "csgo", "steam_market_hash_name": NAME, "price": price}

    def rows(self, ids: set[int]) -> web.Response:
        rows = [self.row(id_) for id_ in sorted(ids, reverse=True)]
        return web.json_response({"status": "success", "data": rows, "metadata": {"total": len(rows)}})

    async def items(self, request: web.Request) -> web.Response:
        is_theirs = request.query["project"] == "csgo"
        assert request.query["sort_column"] == "time_created" and request.query["sort_dir"] == "desc"
        return self.rows(set(self.on_sale) - self.no_longer_new if is_theirs else set())

    async def item(self, request: web.Request) -> web.Response:
        id_ = int(request.match_info["id"])
        if id_ not in self.on_sale:
            return web.json_response({"status": "error", "error_message": "no_item"}, status=404)
        return web.json_response({"status": "success", "data": self.row(id_)})

    async def offers(self, request: web.Request) -> web.Response:
        assert request.headers["Token"] == "seller"
        return self.rows(self.own & set(self.on_sale))

    async def buy(self, request: web.Request) -> web.Response:
        wish = await request.json()
        self.asked.append(wish)
        if int(wish["id"]) in self.offline:
            return web.json_response({"status": "error", "error_message": "seller_offline_error"}, status=409)
        assert wish["price"] == self.on_sale.pop(int(wish["id"]))
        self.bought.append(int(wish["id"]))
        return web.json_response({"status": "success"})


@pytest.fixture
async def market() -> Market:
    return Market()


@pytest.fixture
async def robots(market: Market) -> AsyncIterator[Guests]:
    site = web.Application()
    site.add_routes(
        [
            web.get("/api/v2/items", market.items),
            web.get("/api/v2/items/{id}", market.item),
            web.get("/api/v2/offers", market.offers),
            web.post("/api/v2/buy", market.buy),
        ]
    )
    async with TestServer(site) as server, aiohttp.ClientSession() as http:
        dice = random.Random(1)
        shops = Shops(http, str(server.make_url("")).rstrip("/"), "", dice, frozenset())
        yield Guests(shops, dice, FIRST_OFFERS)


def later(monkeypatch: pytest.MonkeyPatch, pauses: int = 1) -> None:
    """Let so long pass that what was tried may be tried again."""
    seconds = sum(guests.PAUSES_SECONDS[:pauses])
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: time.monotonic() + seconds)


async def look(robots: Guests) -> float:
    return await robots.buy(SHOPS, CUSTOMERS, SELF_SELLERS)


async def test_what_a_person_puts_on_sale_is_bought_for_a_customer_at_its_price(
    market: Market, robots: Guests
) -> None:
    market.on_sale = {5_001: write_cents(STEAM_CENTS), 5_002: write_cents(STEAM_CENTS * 13 // 10)}
    assert 0 < await look(robots) <= guests.LOOK_SECONDS[1]
    assert sorted(market.bought) == [5_001, 5_002] and not market.on_sale
    assert {(wish["steamid"], wish["trade_token"]) for wish in market.asked} == {("2", "trade")}


async def test_what_was_there_from_the_beginning_and_what_robots_list_is_left_to_the_others(
    market: Market, robots: Guests
) -> None:
    market.on_sale = {FIRST_OFFERS: write_cents(STEAM_CENTS), 5_003: write_cents(STEAM_CENTS)}
    market.own = {5_003}
    for _ in range(2):
        await look(robots)
    assert not market.asked


async def test_what_is_far_too_dear_waits_until_it_is_not(
    market: Market, robots: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.on_sale = {5_004: write_cents(STEAM_CENTS * 14 // 10)}
    await look(robots)
    market.no_longer_new = {5_004}
    later(monkeypatch)
    await look(robots)
    assert not market.asked
    market.on_sale = {5_004: write_cents(STEAM_CENTS)}
    later(monkeypatch, 2)
    await look(robots)
    assert market.bought == [5_004]


async def test_who_is_offline_is_tried_again_later_and_not_at_once(
    market: Market, robots: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.on_sale, market.offline = {5_005: write_cents(STEAM_CENTS)}, {5_005}
    for _ in range(3):
        await look(robots)
    assert len(market.asked) == 1 and not market.bought
    market.offline.clear()
    await look(robots)
    assert not market.bought
    market.no_longer_new = {5_005}  # by now, as much else was put on sale since
    later(monkeypatch)
    await look(robots)
    assert market.bought == [5_005]
    assert robots._known.keys() == {"5005"}  # a customer may decline it
    later(monkeypatch, 2)
    await look(robots)
    assert not robots._known


async def test_what_a_customer_declined_is_bought_anew(
    market: Market, robots: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "PAUSES_SECONDS", (0.0,))
    for _ in range(2):
        market.on_sale = {5_007: write_cents(STEAM_CENTS)}  # back on sale under the same id
        await look(robots)
    assert market.bought == [5_007, 5_007]


async def test_what_guests_have_is_not_remembered_without_end(
    market: Market, robots: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "KNOWN_MAX", 2)
    for id_ in range(6_000, 6_005):
        market.on_sale = {id_: write_cents(STEAM_CENTS)}
        await look(robots)
    assert len(robots._known) == 2
