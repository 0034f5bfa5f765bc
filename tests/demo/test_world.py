"""The demo's world: the same for its seed, sound in itself, and taken whole by the simulated Steam."""

import hashlib
import os
import struct
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from steam.sim import simulator
from tradepost.demo import players
from tradepost.demo import world as worlds
from tradepost.demo.people import FLOORS_BPS
from tradepost.demo.personas import PERSONA_CHARS_MAX
from tradepost.demo.stock import STAPLES
from tradepost.demo.world import Asset, Role, World, build
from tradepost.rules.games import GAMES

ASSETS = 5_000 + 2_000 + len(STAPLES) + 28  # the last are the players'
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    """The world that the demo shows."""
    return build(now=NOW)


def digest(world: World) -> str:
    """A hash of everything in a world."""
    return hashlib.sha256(repr(world).encode()).hexdigest()


def assets(world: World) -> Iterator[Asset]:
    """Everything that anybody owns."""
    for user in world.users:
        yield from user.inventory


def test_the_same_seed_is_the_same_world_in_another_process(world: World) -> None:
    program = (
        "import hashlib; from datetime import UTC, datetime; from tradepost.demo.world import build;"
        "world = build(7, now=datetime(2026, 11, 21, 12, 0, tzinfo=UTC));"
        "print(hashlib.sha256(repr(world).encode()).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "PYTHONUTF8": "1"}
    printed = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True
    )
    assert printed.stdout.strip() == digest(world)


def test_another_seed_is_another_world(world: World) -> None:
    other = build(8, now=NOW)
    assert {user.steamid for user in other.users}.isdisjoint(user.steamid for user in world.users)
    assert len(other.offers) == len(world.offers)


def test_a_time_with_another_zone_is_the_same_time(world: World) -> None:
    assert build(now=NOW.astimezone(timezone(timedelta(hours=9)))) == world
    with pytest.raises(ValueError, match="zone"):
        build(now=NOW.replace(tzinfo=None))


def test_fifty_people_and_those_of_the_game_site_play_their_parts(world: World) -> None:
    roles = Counter(user.role for user in world.users)
    town = {Role.MERCHANT: 1, Role.BUYER: 1, Role.SELLER: 36, Role.CUSTOMER: 9, Role.ROBOT: 3}
    assert roles == town | {Role.SITE: 1, Role.PLAYER: 2, Role.OPERATOR: 2}
    assert (world.merchant.role, world.buyer.role) == (Role.MERCHANT, Role.BUYER)
    assert len({user.steamid for user in world.users}) == 55
    for user in world.users:
        assert len(user.steamid) == 17 and user.steamid.startswith("7656119") and user.steamid.isdigit()
        assert len(user.trade_token) == 8 and user.trade_token.isascii()
        assert user.inventory or user.role in (Role.SITE, Role.OPERATOR)


def test_names_would_break_a_careless_page(world: World) -> None:
    names = [user.name for user in world.users]
    assert len(set(names)) == len(names)
    assert all(0 < len(name) <= PERSONA_CHARS_MAX for name in names)
    together = "".join(names)
    assert all(sign in together for sign in "\"'&<>%{")
    directions = {unicodedata.bidirectional(sign) for sign in together}
    assert {"L", "R", "AL"} <= directions
    assert any(ord(sign) > 0x1F000 for sign in together)


def test_most_sellers_are_online_in_three_processes(world: World) -> None:
    online = [user for user in world.users if user.is_online]
    assert Counter(user.role for user in online) == {Role.SELLER: 30, Role.PLAYER: 1}
    assert Counter(user.agent_process for user in online) == {0: 11, 1: 10, 2: 10}
    assert world.with_program == tuple(online)


def test_one_inventory_is_private_and_one_customer_is_held_by_steam(world: World) -> None:
    private = [user for user in world.users if user.is_private]
    held = [user for user in world.users if user.hold_days]
    assert [user.role for user in private + held] == [Role.CUSTOMER, Role.CUSTOMER]
    assert private != held


def test_money_lies_with_those_who_buy(world: World) -> None:
    assert world.merchant.deposit_cents == 10_000_000
    assert all(user.deposit_cents >= 1_000_000 for user in world.with_role(Role.ROBOT))
    assert any(user.deposit_cents for user in world.with_role(Role.CUSTOMER))
    assert not any(user.deposit_cents for user in world.with_role(Role.SELLER))


def test_no_asset_is_there_twice(world: World) -> None:
    ids = [asset.assetid for asset in assets(world)]
    assert len(ids) == len(set(ids)) == ASSETS
    assert all(id_.isdigit() for id_ in ids)


def test_floats_are_steams_and_within_the_exterior(world: World) -> None:
    painted = 0
    for asset in assets(world):
        low, high = asset.item.float_min, asset.item.float_max
        if low is None or high is None:
            assert asset.float_value is None and asset.paint_seed is None
            continue
        painted += 1
        assert asset.float_value is not None and low <= asset.float_value < high
        assert struct.unpack("<f", struct.pack("<f", asset.float_value))[0] == asset.float_value
        assert asset.paint_seed is not None and 0 <= asset.paint_seed <= 1000
    assert painted > 3_000


def test_offers_are_sellers_tradable_assets_each_once(world: World) -> None:
    owner = {asset.assetid: user for user in world.users for asset in user.inventory}
    assert len({offer.asset.assetid for offer in world.offers}) == len(world.offers) == 5_000
    for offer in world.offers:
        seller = owner[offer.asset.assetid]
        assert (seller.steamid, seller.role) == (offer.seller_steamid, Role.SELLER)
        assert offer.asset in seller.inventory
        assert offer.asset.contextid == GAMES[offer.asset.item.project].contextid


def test_offers_cost_about_what_steam_asks(world: World) -> None:
    for offer in world.offers:
        steam_cents = offer.asset.item.price_cents
        assert offer.price_cents >= 2
        assert steam_cents * 700 - 500 <= offer.price_cents * 1000 <= steam_cents * 1300 + 500
        assert offer.price_cents <= 30 * steam_cents


def test_offers_came_within_the_last_thirty_days_oldest_first(world: World) -> None:
    times = [offer.created_at for offer in world.offers]
    assert times == sorted(times)
    assert NOW - timedelta(days=30) <= times[0] < NOW - timedelta(days=29)
    assert NOW - timedelta(days=1) < times[-1] < NOW
    assert all(time.tzinfo is UTC and not time.microsecond for time in times)


def test_two_thousand_real_names_are_on_sale(world: World) -> None:
    names = {(offer.asset.item.project, offer.asset.item.market_hash_name) for offer in world.offers}
    assert sum(project in {"csgo", "dota2", "tf2", "games"} for project, _ in names) >= 2_000
    assert {project for project, _ in names} == set(GAMES)


def test_the_merchant_lists_only_for_those_who_granted_it_and_above_their_floor(world: World) -> None:
    floors = {grant.seller_steamid: grant.floor_bps for grant in world.grants}
    sellers = {user.steamid for user in world.with_role(Role.SELLER)}
    assert floors.keys() < sellers and len(floors) == 32
    assert {grant.merchant_steamid for grant in world.grants} == {world.merchant.steamid}
    assert set(floors.values()) == set(FLOORS_BPS)
    payees = Counter(offer.payee_steamid == world.merchant.steamid for offer in world.offers)
    assert payees[False] > payees[True] > 300
    for offer in world.offers:
        if offer.payee_steamid == world.merchant.steamid:
            floor_bps = floors[offer.seller_steamid]
            assert offer.price_cents * 10_000 >= offer.asset.item.price_cents * floor_bps
        else:
            assert offer.payee_steamid == offer.seller_steamid


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_staples_are_for_sale_by_somebody_online_who_granted(seed: int) -> None:
    world = build(seed, now=NOW)
    granting = {grant.seller_steamid for grant in world.grants}
    able = {user.steamid for user in world.users if user.is_online} & granting
    sold = {offer.asset.item.market_hash_name for offer in world.offers if offer.seller_steamid in able}
    assert set(STAPLES) <= sold


@pytest.mark.parametrize("seed", [7, 8])
def test_a_player_can_pay_at_once_and_another_has_no_program(seed: int) -> None:
    payer, other = build(seed, now=NOW).with_role(Role.PLAYER)
    assert payer.is_online and not payer.is_private and not payer.hold_days
    assert not other.is_online and other.inventory
    prices = [
        asset.item.price_cents
        for asset in payer.inventory
        if asset.item.project == "csgo" and asset.is_tradable and not asset.protected_until
    ]
    assert 12 <= len(prices) <= 20
    assert 10 <= min(prices) < 30 and 3_000 < max(prices) <= 4_000
    assert sum(price < 100 for price in prices) >= 3 and sum(price >= 500 for price in prices) >= 3
    assert [asset.item.market_hash_name for asset in payer.inventory if not asset.is_tradable]
    assert [asset.contextid for asset in payer.inventory if asset.protected_until] == [16]
    projects = Counter(asset.item.project for asset in payer.inventory)
    assert projects["dota2"] and projects["rust"] and projects["tf2"]
    # What the robots spare would never be sold.
    assert not {asset.item.market_hash_name for asset in (*payer.inventory, *other.inventory)} & set(STAPLES)


def test_the_players_leave_the_town_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "cast_players", lambda *_: ())
    town = build(now=NOW)
    assert (town.users, town.grants, town.offers) == (world.users[:50], world.grants, world.offers)


def test_the_simulated_steam_lists_the_game_sites_people_and_the_operators_first(world: World) -> None:
    names = [user["name"] for user in world.simulator_payload()["users"]]
    assert set(names[:5]) == {
        players.SITE_NAME, players.PAYER_NAME, players.BARE_NAME, *players.OPERATOR_NAMES
    }  # fmt: skip


async def test_the_simulated_steam_takes_the_world_and_shows_it() -> None:
    async with simulator() as sim:
        clock = await sim.control("GET", "/_sim/clock")
        world = build(now=datetime.fromtimestamp(clock["now"], UTC))
        counts = await sim.control("POST", "/_sim/world", world.simulator_payload())
        assert (counts["users"], counts["items"]) == (55, ASSETS)
        seller = world.with_role(Role.SELLER)[0]
        shown = await sim.control("GET", f"/_sim/users/{seller.steamid}")
        assert shown["name"] == seller.name and shown["trade_token"] == seller.trade_token
        for place, contextid in (("730/2", 2), ("730/16", 16)):
            owned = [
                asset
                for asset in seller.inventory
                if (asset.item.project, asset.contextid) == ("csgo", contextid)
            ]
            items = {item["assetid"]: item for item in shown["items"][place]}
            assert items.keys() == {asset.assetid for asset in owned}
            for asset in owned:
                item = items[asset.assetid]
                assert item["market_hash_name"] == asset.item.market_hash_name
                assert bool(item["locked_until"]) == (contextid == 16)
