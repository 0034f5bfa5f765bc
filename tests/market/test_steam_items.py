"""The catalogue: what inventories teach it, what prices it has, and how it is listed."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from market.floor import NOON, SLATE, VALENCE, HandClock
from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import steam_items
from tradepost.market.steam_items import SteamItem
from tradepost.rules.games import GAMES
from tradepost.rules.refusals import Malformed
from tradepost.steam.answers import InventoryItem
from tradepost.steam.client import SteamClient

ITEM = InventoryItem(
    project="csgo", appid=730, contextid=2, assetid="1", classid="1", instanceid="0", amount=1,
    market_hash_name=SLATE, name=SLATE, type="Rifle", rarity="Restricted", exterior="Field-Tested", is_stattrak=False,
    tradable=True, marketable=True, commodity=False, sealed=False, protected_until=None, float_text="0.2", paint_seed=1,
    paint_index=1, certificate=None, inspect_link=None, icon_url="icon-a",
)  # fmt: skip


@pytest.fixture
async def app(db: Db) -> AsyncIterator[App]:
    clock = HandClock()
    async with SteamClient(now=clock.now) as steam:
        yield App(Settings(), db, steam, clock)


async def learn(db: Db, *items: InventoryItem) -> dict[str, int]:
    async with db.transaction() as tx:
        return await steam_items.learn(tx, items)


async def set_prices(
    db: Db, prices: Mapping[str, int], project: str = "csgo", *, age: timedelta = timedelta(0)
) -> int:
    async with db.transaction() as tx:
        return await steam_items.set_prices(tx, project, prices, NOON - age)


async def found(db: Db, name: str = SLATE, project: str = "csgo") -> SteamItem:
    return (await steam_items.by_name(db, project, [name]))[name]


async def test_a_name_seen_in_an_inventory_is_learnt_once(db: Db) -> None:
    valence = replace(ITEM, market_hash_name=VALENCE, assetid="2", rarity=None, exterior=None)
    ids = await learn(db, ITEM, replace(ITEM, assetid="3"), valence)
    assert set(ids) == {SLATE, VALENCE}
    item = await found(db)
    assert item == SteamItem(
        ids[SLATE], "csgo", SLATE, "Rifle", "Restricted", "Field-Tested", False, "icon-a", None, None
    )
    assert await learn(db, ITEM, valence) == ids
    assert await db.value("SELECT count(*) FROM steam_item") == 2
    assert await learn(db) == {}


async def test_what_is_known_stays_and_what_was_missing_is_added(db: Db) -> None:
    bare = replace(ITEM, type="", rarity=None, exterior=None, icon_url="")
    (id_,) = (await learn(db, bare)).values()
    assert (await found(db)).type is None
    await learn(db, ITEM)
    await learn(db, replace(ITEM, type="Knife", rarity="Covert", exterior="Worn", icon_url="icon-b"))
    await learn(db, bare)
    item = await found(db)
    assert (item.id, item.type, item.rarity, item.exterior, item.icon) == (
        id_, "Rifle", "Restricted", "Field-Tested", "icon-a",
    )  # fmt: skip


async def test_a_known_inventory_writes_nothing(db: Db) -> None:
    await learn(db, ITEM)
    before = await db.value("SELECT xmin::text || ctid::text FROM steam_item")
    await learn(db, ITEM, replace(ITEM, assetid="9", icon_url="another picture"))
    assert await db.value("SELECT xmin::text || ctid::text FROM steam_item") == before


async def test_many_who_learn_the_same_names_at_once_agree(db: Db) -> None:
    items = [replace(ITEM, market_hash_name=f"name {number}") for number in range(50)]
    learnt = await asyncio.gather(*(learn(db, *items[:: 1 if turn % 2 else -1]) for turn in range(8)))
    assert all(each == learnt[0] for each in learnt)
    assert await db.value("SELECT count(*) FROM steam_item") == 50


async def test_the_same_name_in_two_games_is_two_items(db: Db) -> None:
    csgo = await learn(db, ITEM)
    dota = await learn(db, replace(ITEM, project="dota2", appid=570))
    assert csgo.keys() == dota.keys()
    assert csgo != dota


async def test_a_price_is_kept_with_its_time_and_makes_the_item_known(db: Db) -> None:
    assert await set_prices(db, {SLATE: 56, VALENCE: 14}) == 2
    item = await found(db)
    assert (item.price_cents, item.priced_at, item.type) == (56, NOON, None)
    await learn(db, ITEM)
    item = await found(db)
    assert (item.price_cents, item.type) == (56, "Rifle")


async def test_an_old_price_that_arrives_late_replaces_no_newer_one(db: Db) -> None:
    await set_prices(db, {SLATE: 56}, age=timedelta(hours=1))
    assert await set_prices(db, {SLATE: 99, VALENCE: 1}, age=timedelta(hours=2)) == 1
    assert (await found(db)).price_cents == 56
    await set_prices(db, {SLATE: 57})
    assert (await found(db)).price_cents == 57


@pytest.mark.parametrize(
    ("prices", "project", "field"),
    [
        ({SLATE: 0}, "csgo", "price"),
        ({SLATE: -1}, "csgo", "price"),
        ({SLATE: 10**9}, "csgo", "price"),
        ({SLATE: 1}, "cs2", "project"),
        ({SLATE: 1, "": 1}, "csgo", "market_hash_name"),
        ({SLATE: 1, "a\x00b": 1}, "csgo", "market_hash_name"),
        ({SLATE: 1, "\ud800": 1}, "csgo", "market_hash_name"),
        ({SLATE: 1, "x" * 513: 1}, "csgo", "market_hash_name"),
    ],
    ids=str,
)
async def test_of_impossible_prices_none_is_kept(
    db: Db, prices: dict[str, int], project: str, field: str
) -> None:
    with pytest.raises(Malformed) as refused:
        await set_prices(db, prices, project)
    assert refused.value.field == field
    assert await db.value("SELECT count(*) FROM steam_item") == 0


# Lists

PRICES = {
    "Zeus x27 | Olympus": 50,
    "AK-47 | Slate": 300,
    "★ Karambit": 90_000,
    "AK-47 | Redline": 300,
    "50% off_x": 7,
}


async def names(app: App, project: str = "csgo", limit: int = 100, **asked: Any) -> tuple[list[str], int]:
    items, total = (await steam_items.priced(app, project)).page(limit=limit, **asked)
    return [item.market_hash_name for item in items], total


@pytest.fixture
async def full(app: App) -> App:
    await set_prices(app.db, PRICES)
    await set_prices(app.db, {"Axe": 1}, "dota2")
    await learn(app.db, ITEM)  # without a price: no list of prices has it
    return app


BY_NAME = sorted(PRICES)


async def test_the_catalogue_is_listed_by_name_or_price_either_way(full: App) -> None:
    assert await names(full) == (BY_NAME, 5)
    assert await names(full, descending=True) == (BY_NAME[::-1], 5)
    cheapest_first = ["50% off_x", "Zeus x27 | Olympus", "AK-47 | Redline", "AK-47 | Slate", "★ Karambit"]
    assert await names(full, sort="price") == (cheapest_first, 5)
    # The equally dear stay in the order of their names.
    dearest_first = ["★ Karambit", "AK-47 | Redline", "AK-47 | Slate", "Zeus x27 | Olympus", "50% off_x"]
    assert await names(full, sort="price", descending=True) == (dearest_first, 5)


async def test_a_page_is_a_part_and_the_total_is_of_all(full: App) -> None:
    assert await names(full, limit=2, offset=1) == (BY_NAME[1:3], 5)
    assert await names(full, offset=5) == ([], 5)
    assert await names(full, offset=2**62) == ([], 5)
    assert await names(full, limit=0) == ([], 5)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"search": "ak-47"}, ["AK-47 | Redline", "AK-47 | Slate"]),
        ({"search": "KARAMBIT"}, ["★ Karambit"]),
        ({"search": "%"}, ["50% off_x"]),
        ({"search": "_"}, ["50% off_x"]),
        ({"search": "nowhere"}, []),
        ({"search": ""}, BY_NAME),
        ({"names": ["AK-47 | Slate", "no such", "AK-47 | Slate"]}, ["AK-47 | Slate"]),
        ({"names": ["AK-47 | Slate", "★ Karambit"], "search": "ak"}, ["AK-47 | Slate"]),
        ({"names": []}, []),
        ({"names": ["\x00", "\ud800"]}, []),
        ({"project": "dota2"}, ["Axe"]),
        ({"project": "tf2"}, []),
    ],
    ids=str,
)
async def test_the_catalogue_is_narrowed_by_names_a_part_of_the_name_and_the_game(
    full: App, asked: dict[str, Any], expected: list[str]
) -> None:
    assert await names(full, **asked) == (expected, len(expected))


@pytest.mark.parametrize("project", ["", "cs2", "\x00", "\ud800"], ids=ascii)
async def test_a_game_that_is_none_has_no_catalogue(app: App, project: str) -> None:
    with pytest.raises(Malformed) as refused:
        await names(app, project=project)
    assert refused.value.field == "project"


async def test_names_that_nothing_can_have_are_not_found(db: Db) -> None:
    await set_prices(db, {SLATE: 1, "no\xa0break": 2})
    asked = [SLATE, "no\xa0break", "a\x00b", "\ud800", "", "x" * 100_000]
    assert set(await steam_items.by_name(db, "csgo", asked)) == {SLATE, "no\xa0break"}


async def test_a_new_price_is_listed_within_its_seconds(full: App) -> None:
    await names(full)
    assert isinstance(full.clock, HandClock)
    for changes, cheapest in [
        ({"New": 5}, "New"),
        ({"★ Karambit": 1}, "★ Karambit"),
        ({"★ Karambit": 6}, "New"),
    ]:
        await set_prices(full.db, changes)  # all in one moment: the time alone would not tell them apart
        full.clock.tick(steam_items.CATALOGUE_SECONDS)
        listed, total = await names(full, sort="price")
        assert (listed[0], total) == (cheapest, 6)


async def test_what_an_inventory_adds_is_listed_within_its_seconds(full: App) -> None:
    await set_prices(full.db, {SLATE: 40})
    before, _ = (await steam_items.priced(full, "csgo")).page(names=["★ Karambit"], limit=1)
    await learn(full.db, replace(ITEM, market_hash_name="★ Karambit", icon_url="icon-k"))
    assert isinstance(full.clock, HandClock)
    full.clock.tick(steam_items.CATALOGUE_SECONDS)
    after, _ = (await steam_items.priced(full, "csgo")).page(names=["★ Karambit"], limit=1)
    assert (before[0].icon, after[0].icon) == ("", "icon-k")


async def test_of_each_game_only_the_present_catalogue_takes_memory(full: App) -> None:
    other = await steam_items.priced(full, "dota2")
    old = weakref.ref(await steam_items.priced(full, "csgo"))
    assert isinstance(full.clock, HandClock)
    for cents in range(1_000, 1_000 + 3 * len(GAMES)):
        await set_prices(full.db, {SLATE: cents})
        full.clock.tick(steam_items.CATALOGUE_SECONDS)
        await steam_items.priced(full, "csgo")
    gc.collect()
    assert old() is None
    assert await steam_items.priced(full, "dota2") is other
