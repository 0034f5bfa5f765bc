"""v2's calls about prices: the price list, what was sold, and the exchange rates, each as the market has it now."""

import asyncio
import json
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from dialects.shop import Shop
from market.shelf_model import make_offer
from market.sold import history
from stock import MARKET_NOW, NAME
from tradepost.dialects.shadowpay.v2 import price_list
from tradepost.dialects.shadowpay.v2.price_list import PriceLists
from tradepost.market import feed, rates, steam_items
from tradepost.market.shelf import Shelves
from tradepost.market.steam_items import Catalogue, SteamItem

IVORY = "P2000 | Ivory (Well-Worn)"
SLATE = "AK-47 | Slate (Field-Tested)"
KNIFE = "★ Karambit | Doppler (Factory New)"

# The price list ----------------------------------------------------------------------------------------------


def row(name: str, price: str, count: int, steam_price: str | None) -> dict[str, Any]:
    return {"steam_market_hash_name": name, "price": price, "count": count, "steam_price": steam_price}


async def stocked(shop: Shop) -> None:
    for cents, name in ((250, NAME), (107, NAME), (5, IVORY), (123_456, KNIFE)):
        await shop.foreign(cents, name=name)
    async with shop.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", {NAME: 214, KNIFE: 100_000, SLATE: 900}, shop.app.real_now())
    await shop.db.execute("UPDATE steam_item SET price_cents = NULL WHERE market_hash_name = $1", IVORY)


async def test_a_price_list_has_every_name_on_sale_once(shop: Shop) -> None:
    await stocked(shop)
    reply = await shop.get("prices")
    assert reply.status == 200
    assert reply.body == {
        "data": [
            row(IVORY, "0.05", 1, None),
            row(NAME, "1.07", 2, "2.14"),
            row(KNIFE, "1234.56", 1, "1000.00"),
        ],
        "metadata": {"limit": 30_000, "offset": 0, "total": 3},
        "status": "success",
    }
    assert (await shop.get("prices?project=rust")).body["data"] == []


async def test_a_price_list_is_of_this_very_moment(shop: Shop) -> None:
    await stocked(shop)
    await shop.get("prices")
    cheaper = await shop.foreign(106)
    assert (await shop.get("prices")).body["data"][1] == row(NAME, "1.06", 3, "2.14")
    await shop.db.execute("UPDATE offer SET price_cents = 300 WHERE id = $1", cheaper)
    await feed.put(shop.app, [cheaper])
    assert (await shop.get("prices")).body["data"][1] == row(NAME, "1.07", 3, "2.14")
    gone = [record["id"] for record in await shop.db.fetch("SELECT id FROM offer WHERE price_cents = 5")]
    await shop.db.execute("UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = ANY ($1)", gone)
    await feed.put(shop.app, gone)
    assert [one["steam_market_hash_name"] for one in (await shop.get("prices")).body["data"]] == [NAME, KNIFE]


@pytest.mark.parametrize(
    ("query", "names", "total"),
    [
        ("search=IVORY", [IVORY], 1),
        ("search=★", [KNIFE], 1),
        ("search=%25", [], 0),
        ("search=", [IVORY, NAME, KNIFE], 3),
        (f"steam_market_hash_name[]={NAME}&steam_market_hash_name[]=nobody", [NAME], 1),
        (f"steam_market_hash_name={IVORY}&search=valence", [], 0),
        ("limit=2", [IVORY, NAME], 3),
        ("limit=2&offset=2", [KNIFE], 3),
        ("offset=1", [NAME, KNIFE], 3),
        ("offset=99", [], 3),
        ("search=00&limit=1", [IVORY], 1),
        ("limit=999999999", [IVORY, NAME, KNIFE], 3),
        ("game=csgo", [IVORY, NAME, KNIFE], 3),
    ],
)
async def test_a_price_list_is_cut_to_what_is_asked_for(
    shop: Shop, query: str, names: list[str], total: int
) -> None:
    await stocked(shop)
    reply = await shop.get(f"prices?{query}")
    assert [one["steam_market_hash_name"] for one in reply.body["data"]] == names
    assert reply.body["metadata"]["total"] == total
    assert reply.body["metadata"]["limit"] <= 30_000


def test_names_with_quotes_stay_in_their_place() -> None:
    written = price_list.write(('The "Quoted" \\ Name\n', 1, 2, None))
    assert json.loads(written) == row('The "Quoted" \\ Name\n', "0.01", 2, None)


def catalogue(dice: random.Random, names: list[str]) -> Catalogue:
    return Catalogue(
        [
            SteamItem(number, "csgo", name, None, None, None, False, "", dice.randint(1, 999), None)
            for number, name in enumerate(names)
            if dice.random() < 0.8
        ]
    )


async def test_however_the_market_changes_the_list_is_what_it_is_and_the_rest_of_it_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names come and go, prices and Steam prices change; runs without a change are the very same bytes again."""
    monkeypatch.setattr(price_list, "PIECE_ROWS", 4)
    dice = random.Random(5)
    names = [f"{dice.choice('ÄA★Zz')} {number}" for number in range(200)]
    shelves, lists, known = Shelves(), PriceLists(), catalogue(dice, names)
    on_sale: dict[int, int] = {}
    before: list[bytes] = []
    kept = []
    for step in range(150):
        changes = dice.choice((0, 1, 1, 1, 2, 40))
        for _ in range(changes):
            id_ = dice.randint(1, 300)
            version = on_sale[id_] = on_sale.get(id_, 0) + 1
            if dice.random() < 0.4:
                shelves.apply([], [(id_, version)])
            else:
                offer = make_offer(
                    id_, version, market_hash_name=names[id_ % 200], price_cents=dice.randint(1, 99)
                )
                shelves.apply([offer], [])
        if step % 50 == 49:
            known = catalogue(dice, names)
        prices = lists.present("csgo", shelves, known)
        assert prices is lists.present("csgo", shelves, known)
        pieces = await lists.written("csgo", prices)
        assert pieces is await lists.written("csgo", prices)
        naive = [
            row(
                name,
                f"{cents // 100}.{cents % 100:02d}",
                count,
                None if steam is None else f"{steam // 100}.{steam % 100:02d}",
            )
            for name, cents, count in shelves.prices("csgo")
            for steam in [known.cents.get(name)]
        ]
        assert json.loads(b"[" + b"".join(pieces) + b"]") == naive
        same = {id(piece) for piece in before} & {id(piece) for piece in pieces}
        if changes == 1 and step % 50 != 49 and len(pieces) > 8:
            kept.append(len(pieces) - len(same))
        before = pieces
    assert len(kept) > 20
    assert (
        max(kept) <= 4
    )  # the run that changed, in three where it grew too long, and the last without its comma


async def test_two_who_ask_at_once_while_it_is_written_get_the_same(shop: Shop) -> None:
    dice = random.Random(1)
    shelves, lists = Shelves(), PriceLists()
    shelves.apply(
        [
            make_offer(number, market_hash_name=f"N{number}", price_cents=dice.randint(1, 9))
            for number in range(1, 5000)
        ],
        (),
    )
    prices = lists.present("csgo", shelves, catalogue(dice, []))
    one, other = await asyncio.gather(lists.written("csgo", prices), lists.written("csgo", prices))
    assert b"".join(one) == b"".join(other)


# What was sold -----------------------------------------------------------------------------------------------


def sold(*figures: Any) -> dict[str, Any]:
    count, least, most, average, median = figures
    return {
        "count": count,
        "price_min": least,
        "price_max": most,
        "price_avg": average,
        "price_median": median,
    }


async def test_the_history_of_a_name_is_told_by_day_and_sale_by_sale(shop: Shop) -> None:
    now = shop.app.now()
    yesterday = (now - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    older = yesterday - timedelta(days=100)
    await history(
        shop.db,
        (NAME, yesterday, 100), (NAME, yesterday + timedelta(seconds=1), 251), (NAME, older, 1_000), (IVORY, yesterday, 9),
    )  # fmt: skip
    reply = await shop.get("sales_history", params={"steam_market_hash_name": NAME})
    day = {"date": f"{yesterday:%Y-%m-%d}", **sold(2, "1.00", "2.51", "1.75", "1.00")}
    assert reply.body["data"] == [day]  # the last 90 days, unless more is asked for
    assert reply.body["summary"]["last_7_days"] == sold(2, "1.00", "2.51", "1.75", "1.00")
    assert list(reply.body["summary"]) == ["last_24_hours", "last_7_days", "last_30_days", "last_90_days"]
    longer = await shop.get(
        "sales_history", params={"steam_market_hash_name": NAME, "date_from": f"{older:%Y-%m-%d}"}
    )
    old = {"date": f"{older:%Y-%m-%d}", **sold(1, "10.00", "10.00", "10.00", "10.00")}
    assert longer.body["data"] == [day, old]
    until = await shop.get(
        "sales_history",
        params={
            "steam_market_hash_name": NAME,
            "date_from": f"{older:%Y-%m-%d}",
            "date_to": f"{older:%Y-%m-%d}",
        },
    )
    assert until.body["data"] == [old]
    single = await shop.get(
        "sales_history", params={"steam_market_hash_name": NAME, "group_by": "sale", "project": "csgo"}
    )
    assert single.body["data"] == [
        {"time_finished": f"{yesterday + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}", "price": "2.51"},
        {"time_finished": f"{yesterday:%Y-%m-%d %H:%M:%S}", "price": "1.00"},
    ]
    limited = await shop.get(
        "sales_history", params={"steam_market_hash_name": NAME, "group_by": "sale", "limit": 1}
    )
    assert len(limited.body["data"]) == 1


async def test_a_name_that_never_sold_has_an_empty_history(shop: Shop) -> None:
    reply = await shop.get("sales_history?steam_market_hash_name=nobody&game=rust")
    assert reply.body["data"] == []
    assert reply.body["summary"]["last_90_days"] == sold(0, None, None, None, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "steam_market_hash_name"),
        ("steam_market_hash_name=", "steam_market_hash_name"),
        ("steam_market_hash_name=A&project=chess", "project"),
        ("steam_market_hash_name=A&date_from=tomorrow", "date_from"),
        ("steam_market_hash_name=A&group_by=month", "group_by"),
        ("steam_market_hash_name=A&limit=0", "limit"),
    ],
)
async def test_a_history_that_nobody_can_mean_is_refused(shop: Shop, query: str, field: str) -> None:
    reply = await shop.get(f"sales_history?{query}")
    assert reply.refusal == (422, "validation_error")
    assert field in reply.body["error_details"]


async def test_a_history_says_nothing_of_the_people(shop: Shop) -> None:
    await history(shop.db, (NAME, MARKET_NOW, 100))
    query = f"steam_market_hash_name={NAME}&date_from=2026-01-01"
    for group in ("day", "sale"):
        reply = await shop.get(f"sales_history?{query}&group_by={group}")
        keys = {key for one in reply.body["data"] for key in one}
        assert keys <= {
            "date", "count", "price_min", "price_max", "price_avg", "price_median", "time_finished", "price"
        }  # fmt: skip


# Exchange rates ----------------------------------------------------------------------------------------------


async def test_rates_are_shown_with_source_and_age_as_prices_are_converted_with(shop: Shop) -> None:
    real = shop.app.real_now().replace(microsecond=0)
    limit = timedelta(hours=shop.app.settings.rate_max_age_hours)
    assert (await shop.get("rates")).body == {"data": [], "status": "success"}
    async with shop.db.transaction() as tx:
        await rates.set_rate(tx, "PLN", 3_980_000, "operator", real - limit - timedelta(seconds=1))
        await rates.set_rate(tx, "EUR", 920_000, "rates.example", real - limit + timedelta(minutes=1))
    reply = await shop.get("rates")
    euro, zloty = reply.body["data"]
    assert (euro["currency"], euro["rate"], euro["source"], euro["is_usable"]) == (
        "EUR", Decimal("0.92"), "rates.example", True,
    )  # fmt: skip
    assert euro["updated_at"] == f"{real - limit + timedelta(minutes=1):%Y-%m-%d %H:%M:%S}"
    assert (zloty["currency"], zloty["rate"], zloty["is_usable"]) == ("PLN", Decimal("3.98"), False)
    offer = await shop.own(50)
    asked = {"steamid": shop.seller_steamid, "price": "0.92"}
    usable = await shop.call("PATCH", f"offers/{offer}", json={**asked, "currency": "EUR"})
    assert (usable.body["new_price"], usable.body["price_rate"]) == (1, Decimal("0.92"))
    too_old = await shop.call("PATCH", f"offers/{offer}", json={**asked, "currency": "PLN"})
    assert too_old.refusal == (400, "wrong_params")
    assert "too old" in too_old.body["error_details"]
