"""Purchases beside shops of others are counted as they are: each item once, and a refusal is no purchase."""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any

import aiohttp
from aiohttp import web

from bench.peers import buying
from bench.peers.shops import Failed, SoldOut, Wish
from bench.processes import free_port
from bench.wrk import Request


class Shop:
    """A shop that sells from a stock of its own and keeps a list of what was bought."""

    def __init__(self, stock: int | None = None, breaks_at: int | None = None) -> None:
        self.bought: list[int] = []
        self._stock, self._breaks_at = stock, breaks_at

    def visitor(self, buyer: int) -> Mapping[str, str]:
        return {"Buyer": str(buyer)}

    def item(self) -> Wish:
        return Wish([Request("/")], "")

    async def buy(self, http: aiohttp.ClientSession, url: str, item: int, buyer: int) -> None:
        await asyncio.sleep(0)
        if item == self._breaks_at:
            raise Failed("500")
        if self._stock is not None and len(self.bought) >= self._stock:
            raise SoldOut("gone")
        self.bought.append(item)


async def test_every_item_is_bought_once_and_no_more_than_there_are() -> None:
    shop: Any = Shop()
    tally = await buying.shopping(shop, "", count(1), clients=3, seconds=30, most=50)
    assert sorted(shop.bought) == list(range(1, 51))
    assert tally.run().requests == 50
    assert tally.run().errors == 0


async def test_a_purchase_that_fails_or_is_refused_is_an_error_and_no_purchase() -> None:
    shop: Any = Shop(stock=4, breaks_at=2)
    run = (await buying.shopping(shop, "", count(1), clients=1, seconds=30, most=10)).run()
    assert (run.requests, run.errors) == (4, 6)  # the second one broke, and five came after the stock


async def test_a_crowd_counts_who_got_it_and_who_was_told_that_it_is_gone() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    app, port = web.Application(), free_port()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        shop: Any = Shop(stock=1)
        tally = await buying.crowd(shop, f"http://127.0.0.1:{port}", 7, buyers=8)
    finally:
        await runner.cleanup()
    assert shop.bought == [7]
    assert (len(tally.took), tally.refused, tally.errors.total()) == (1, 7, 0)
