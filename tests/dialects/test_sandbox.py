"""The sandbox's clock is moved for market and Steam together; a production server has none."""

from datetime import timedelta

import pytest

from dialects.shop import Shop, shop_on
from tradepost.db import Db

WEEK = 7 * 86_400


async def test_a_week_passes_in_one_call_for_market_and_steam(shop: Shop) -> None:
    before = shop.app.now()
    steam_before = (await shop.box.sim.control("GET", "/_sim/clock"))["now"]
    reply = await shop.call("POST", "/sandbox/clock", token="", json={"advance_seconds": WEEK})
    assert reply.status == 200
    assert reply.body["offset_seconds"] == WEEK
    assert reply.body["now"].endswith("Z")
    assert timedelta(0) <= shop.app.now() - before - timedelta(seconds=WEEK) < timedelta(minutes=1)
    assert 0 <= (await shop.box.sim.control("GET", "/_sim/clock"))["now"] - steam_before - WEEK < 60
    assert (await shop.get("/sandbox/clock", token="")).body["offset_seconds"] == WEEK
    form = await shop.call("POST", "/sandbox/clock", token="", data={"advance_seconds": "60"})
    assert form.body["offset_seconds"] == WEEK + 60
    assert await shop.db.value("SELECT offset_seconds FROM market_clock") == WEEK + 60


@pytest.mark.parametrize("order", [{}, {"advance_seconds": -1}, {"advance_seconds": "x"}, {"advance_seconds": 1.5}, {"advance_seconds": 999_999_999}, {"advance_seconds": 10**14}, {"advance_seconds": [1]}])  # fmt: skip
async def test_the_clock_refuses_what_is_no_way_forward(shop: Shop, order: dict[str, object]) -> None:
    reply = await shop.call("POST", "/sandbox/clock", token="", json=order)
    assert reply.refusal == (422, "validation_error")
    assert reply.body["error_details"].startswith("advance_seconds: ")
    if isinstance(order.get("advance_seconds"), int):
        assert "a whole number from 0 to " in reply.body["error_details"]
    assert await shop.db.value("SELECT offset_seconds FROM market_clock") == 0


async def test_other_methods_are_not_there(shop: Shop) -> None:
    assert (await shop.call("DELETE", "/sandbox/clock", token="")).refusal == (404, "wrong_method")


async def test_production_has_no_such_path(db: Db) -> None:
    async with shop_on(db, mode="production") as shop:
        nowhere = await shop.get("/no/such/path", token="")
        for method in ("GET", "POST"):
            reply = await shop.call(method, "/sandbox/clock", token="", json={"advance_seconds": WEEK})
            assert (reply.status, reply.body) == (nowhere.status, nowhere.body)
    assert await db.value("SELECT offset_seconds FROM market_clock") == 0
