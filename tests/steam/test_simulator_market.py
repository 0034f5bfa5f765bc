"""Prices on the simulated Steam's market, in the words of each currency."""

from typing import Any

import pytest

from steam.sim import Sim, simulator
from steam.visitor import KEY, REDLINE, ask, people

PRICES = [
    {"appid": 730, "market_hash_name": REDLINE, "price_cents": 123456, "volume": 1234, "median_cents": 55},
    {"appid": 730, "market_hash_name": "Chroma 2 Case", "price_cents": 56, "volume": 7},
    {"appid": 440, "market_hash_name": KEY, "price_cents": 231, "volume": 0},
    {"appid": 730, "market_hash_name": "Never Listed", "price_cents": 0, "volume": 0},
]


async def overview(sim: Sim, name: str, currency: int = 1, appid: int = 730) -> Any:
    query = {"appid": appid, "currency": currency, "market_hash_name": name}
    return await ask(sim, "GET", "/market/priceoverview/", params=query)


@pytest.mark.parametrize(
    ("currency", "lowest", "median"),
    [
        (1, "$1,234.56", "$0.55"),
        (2, "£938.27", "£0.42"),
        (3, "1 061,73€", "0,48€"),
        (5, "99382,08 pуб.", "44,28 pуб."),
        (6, "4 506,15zł", "2,01zł"),
    ],
)
async def test_a_price_is_written_as_its_currency_is_read(currency: int, lowest: str, median: str) -> None:
    async with simulator() as sim:
        await sim.control("POST", "/_sim/world", {"prices": PRICES})
        body = (await overview(sim, REDLINE, currency)).body
        assert body == {"success": True, "lowest_price": lowest, "median_price": median, "volume": "1,234"}


async def test_what_steam_does_not_know_is_left_out() -> None:
    async with simulator() as sim:
        await sim.control("POST", "/_sim/world", {"prices": PRICES})
        assert (await overview(sim, KEY, appid=440)).body == {
            "success": True,
            "lowest_price": "$2.31",
            "median_price": "$2.31",
        }
        assert (await overview(sim, "Never Listed")).body == {"success": True}


async def test_an_unknown_item_is_a_500_and_a_question_without_name_or_currency_a_400() -> None:
    async with simulator() as sim:
        reply = await overview(sim, "No Such Thing")
        assert (reply.status, reply.body) == (500, {"success": False})
        for path in (
            "",
            "?appid=730",
            f"?appid=x&market_hash_name={KEY}",
            f"?appid=730&market_hash_name={KEY}&currency=99",
        ):
            assert (await ask(sim, "GET", f"/market/priceoverview/{path}")).status == 400


async def test_the_search_lists_the_catalogue_in_pages() -> None:
    async with simulator() as sim:
        await people(sim)
        await sim.control("POST", "/_sim/world", {"prices": PRICES})
        query = {
            "norender": 1,
            "appid": 730,
            "sort_column": "price",
            "sort_dir": "desc",
            "start": 0,
            "count": 2,
        }
        body = (await ask(sim, "GET", "/market/search/render/", params=query)).body
        assert (body["success"], body["total_count"], body["pagesize"], body["start"]) == (True, 3, 2, 0)
        assert [each["hash_name"] for each in body["results"]] == [REDLINE, "Chroma 2 Case"]
        first = body["results"][0]
        assert (first["sell_price"], first["sell_price_text"], first["sell_listings"]) == (
            123456,
            "$1,234.56",
            1234,
        )
        assert first["asset_description"]["market_hash_name"] == REDLINE
        rest = (await ask(sim, "GET", "/market/search/render/", params=query | {"start": 2})).body
        assert [each["hash_name"] for each in rest["results"]] == ["Never Listed"]
        found = (
            await ask(sim, "GET", "/market/search/render/", params={"norender": 1, "query": "CASE"})
        ).body
        assert [each["hash_name"] for each in found["results"]] == ["Chroma 2 Case"]
        rows = (await ask(sim, "GET", "/market/search/render/", params={"appid": 1})).body
        assert "There were no items matching" in rows["results_html"]


async def test_a_page_of_the_search_has_at_most_a_hundred_rows() -> None:
    async with simulator() as sim:
        many = [{"appid": 730, "market_hash_name": f"Thing {n}", "price_cents": n} for n in range(150)]
        await sim.control("POST", "/_sim/prices", {"prices": many})
        body = (await ask(sim, "GET", "/market/search/render/", params={"norender": 1, "count": 1000})).body
        assert (len(body["results"]), body["pagesize"], body["total_count"]) == (100, 100, 150)
