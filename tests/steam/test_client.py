"""SteamClient reads inventories: those of a simulated Steam over HTTP."""

import pytest

from steam.asking import ALICE, CSGO, NOON, break_once, put, read, steam_at, weapon
from steam.sim import Sim
from tradepost.rules.games import GAMES
from tradepost.steam.answers import (
    Inventory,
    Private,
    Unavailable,
)
from tradepost.steam.inspect_link import Inspected, decode_link
from tradepost.steam.pacing import Limits


async def test_an_item_is_told_with_all_that_the_market_shows(sim: Sim) -> None:
    steamid = "76561198000000010"
    [assetid] = await put(
        sim,
        steamid,
        weapon("StatTrak™ MP9 | Deadly Poison (Well-Worn)", float=0.4, paintseed=7, rarity="Mil-Spec"),
    )
    async with steam_at(sim) as client:
        inventory = await read(client, steamid)
    [item] = inventory.items
    assert inventory.complete
    assert inventory.assetids == {assetid}
    assert (item.project, item.appid, item.contextid, item.assetid, item.amount) == (
        "csgo",
        730,
        2,
        assetid,
        1,
    )
    assert item.market_hash_name == "StatTrak™ MP9 | Deadly Poison (Well-Worn)"
    assert (item.type, item.rarity, item.exterior, item.is_stattrak) == ("SMG", "Mil-Spec", "Well-Worn", True)
    assert (item.tradable, item.marketable, item.sealed, item.protected_until) == (True, True, False, None)
    assert (item.float_text, item.paint_seed) == ("0.4", 7)
    assert item.inspect_link is not None
    shown = decode_link(item.inspect_link)
    assert isinstance(shown, Inspected)
    assert (str(shown.item_id), shown.float_text, shown.paint_seed) == (assetid, "0.4", 7)
    assert shown.paint_index == item.paint_index
    assert item.inspect_link.endswith(item.certificate or "-")
    assert item.icon_url


async def test_an_old_inspect_link_names_owner_and_asset(sim: Sim) -> None:
    steamid = "76561198000000011"
    [assetid] = await put(sim, steamid, weapon(), old_inspect_links=True)
    async with steam_at(sim) as client:
        [item] = (await read(client, steamid)).items
    assert f"S{steamid}A{assetid}D" in (item.inspect_link or "")


@pytest.mark.parametrize("project", GAMES)
async def test_every_game_is_read_from_its_own_place(sim: Sim, project: str) -> None:
    game = GAMES[project]
    steamid = f"76561198001{game.appid:06}"
    await put(
        sim,
        steamid,
        {"appid": game.appid, "market_hash_name": "570-Thing" if project == "games" else "Thing"},
    )
    async with steam_at(sim) as client:
        inventory = await read(client, steamid, project)
        assert [(item.appid, item.contextid) for item in inventory.items] == [(game.appid, game.contextid)]
        assert inventory.complete
        for other in GAMES.keys() - {project}:
            assert (await read(client, steamid, other)).items == ()


async def test_an_empty_inventory_is_complete_and_has_no_items(sim: Sim) -> None:
    await put(sim, ALICE)
    async with steam_at(sim) as client:
        answer = await client.inventory(ALICE, CSGO)
    assert answer == Inventory((), complete=True, read_at=int(NOON.timestamp()))


async def test_a_private_inventory_is_not_an_empty_one(sim: Sim) -> None:
    steamid = "76561198000000012"
    await put(sim, steamid, weapon(), private=True)
    async with steam_at(sim) as client:
        assert await client.inventory(steamid, CSGO) == Private()


async def test_whom_steam_does_not_know_has_no_inventory(sim: Sim) -> None:
    async with steam_at(sim) as client:
        assert isinstance(await client.inventory("76561198999999999", CSGO), Unavailable)


@pytest.mark.parametrize(
    "steamid", ["", "1", "../../openid/login", "76561198000000001?x=", "7656119800000000\uff11"]
)
async def test_what_is_no_steamid_is_never_asked_about(sim: Sim, steamid: str) -> None:
    async with steam_at(sim) as client:
        assert isinstance(await client.inventory(steamid, CSGO), Unavailable)


async def test_an_item_on_steams_market_is_sealed(sim: Sim) -> None:
    steamid = "76561198000000013"
    [assetid, other] = await put(sim, steamid, weapon(), weapon())
    await sim.control("POST", f"/_sim/users/{steamid}/items/{assetid}", {"listed": True})
    async with steam_at(sim) as client:
        items = {item.assetid: item for item in (await read(client, steamid)).items}
        assert (items[assetid].contextid, items[assetid].sealed, items[assetid].tradable) == (16, True, False)
        assert (items[other].contextid, items[other].sealed, items[other].tradable) == (2, False, True)
        tradable = await client.inventory(steamid, CSGO, contexts=[2])
        assert isinstance(tradable, Inventory)
        assert tradable.assetids == {other}


async def test_a_cooling_item_says_until_when(sim: Sim) -> None:
    steamid = "76561198000000014"
    until = 2_000_000_000
    await put(sim, steamid, weapon(tradable_after=until))
    async with steam_at(sim) as client:
        [item] = (await read(client, steamid)).items
    assert (item.tradable, item.sealed, item.protected_until) == (False, False, until)


async def test_a_large_inventory_is_read_page_by_page(sim: Sim) -> None:
    steamid = "76561198000000015"
    ids = await put(sim, steamid, *[{"appid": 440, "market_hash_name": f"Hat {n}"} for n in range(4_500)])
    async with steam_at(sim) as client:
        inventory = await read(client, steamid, "tf2")
    assert inventory.complete
    assert inventory.assetids == set(ids)
    assert inventory.skipped == 0


async def test_a_scan_that_reaches_its_bound_says_that_it_is_not_complete(sim: Sim) -> None:
    steamid = "76561198000000016"
    await put(sim, steamid, *[{"appid": 440, "market_hash_name": f"Hat {n}"} for n in range(2_001)])
    async with steam_at(sim, Limits(inventory_pages_max=1)) as client:
        inventory = await read(client, steamid, "tf2")
    assert len(inventory.items) == 2_000
    assert not inventory.complete


@pytest.mark.parametrize("mode", ["status", "garbage", "null", "html", "drop"])
async def test_a_scan_that_breaks_off_is_not_complete(sim: Sim, mode: str) -> None:
    steamid = "76561198000000017"
    await put(sim, steamid, weapon())
    async with steam_at(sim) as client:
        await break_once(sim, mode, f"/inventory/{steamid}/730/16")
        inventory = await read(client, steamid)
        assert len(inventory.items) >= 1
        assert not inventory.complete
        assert (await read(client, steamid)).complete  # the incomplete one was not remembered


@pytest.mark.parametrize("mode", ["garbage", "null", "html", "drop", "timeout"])
async def test_no_answer_is_not_an_empty_inventory(sim: Sim, mode: str) -> None:
    steamid = "76561198000000018"
    await put(sim, steamid, weapon())
    await break_once(sim, mode, f"/inventory/{steamid}")
    async with steam_at(sim, Limits(total_seconds=1.5)) as client:
        assert isinstance(await client.inventory(steamid, CSGO), Unavailable)
        assert isinstance(await client.inventory(steamid, CSGO), Inventory)
