"""SteamClient and time: what it remembers, how often it asks, and how it keeps quiet when told to."""

import asyncio

import pytest

from steam.asking import (
    ALICE,
    BOB,
    CSGO,
    TF2,
    Clock,
    put,
    read,
    steam_at,
    weapon,
)
from steam.raw_server import raw_server, reply
from steam.sim import Sim
from tradepost.steam.answers import (
    Inventory,
    PriceOverview,
    Profiles,
    RateLimited,
)
from tradepost.steam.client import SteamClient
from tradepost.steam.pacing import Limits


async def asked(sim: Sim, steamid: str) -> int:
    """How often an account's inventory was asked for."""
    rows = (await sim.control("GET", "/_sim/requests"))["last"]
    return sum(f"/inventory/{steamid}" in row["path"] for row in rows)


async def test_an_inventory_is_remembered_for_a_minute_of_the_markets_time(sim: Sim) -> None:
    steamid, clock = "76561198000000020", Clock()
    await put(sim, steamid, weapon())
    async with steam_at(sim, clock=clock) as client:
        first = await read(client, steamid)
        await put(sim, steamid, weapon())
        clock.seconds += 59
        assert await read(client, steamid) is first
        clock.seconds += 1
        assert len((await read(client, steamid)).items) == 2


async def test_whoever_asks_for_a_fresh_look_gets_one(sim: Sim) -> None:
    steamid = "76561198000000021"
    await put(sim, steamid, weapon())
    async with steam_at(sim) as client:
        await read(client, steamid)
        await put(sim, steamid, weapon())
        fresh = await client.inventory(steamid, CSGO, fresh=True)
        assert isinstance(fresh, Inventory)
        assert len(fresh.items) == 2
        assert await read(client, steamid) is fresh


async def test_those_who_ask_at_once_share_one_scan(sim: Sim) -> None:
    steamid = "76561198000000022"
    await put(sim, steamid, weapon())
    async with steam_at(sim) as client:
        answers = await asyncio.gather(*(client.inventory(steamid, CSGO) for _ in range(20)))
    assert len({id(answer) for answer in answers}) == 1
    assert await asked(sim, steamid) == len(CSGO.contexts)


async def test_what_is_too_large_to_remember_is_asked_again(sim: Sim) -> None:
    steamid = "76561198000000023"
    await put(sim, steamid, weapon(), weapon())
    async with steam_at(sim, Limits(inventory_items_cached_max=2)) as client:
        assert await read(client, steamid) is not await read(client, steamid)


async def test_a_429_silences_us_until_its_time_is_over() -> None:
    clock = Clock()
    empty = reply('{"total_inventory_count":0,"success":1}')
    async with (
        raw_server(reply("null", 429, Retry_After="7"), empty) as server,
        steam_at(server, clock=clock) as client,
    ):
        assert await client.inventory(ALICE, CSGO) == RateLimited(7)
        clock.seconds = 6.5
        assert await client.inventory(BOB, TF2) == RateLimited(1)
        assert await client.price_overview(730, "Anything") == RateLimited(1)
        assert len(server.requests) == 1
        clock.seconds = 7
        assert isinstance(await client.inventory(ALICE, CSGO), Inventory)


async def test_a_429_without_a_time_makes_us_wait_longer_each_time() -> None:
    clock = Clock()
    limits = Limits(back_off_seconds=30, back_off_seconds_max=100)
    async with raw_server(reply("null", 429)) as server, steam_at(server, limits, clock) as client:
        waits = []
        for _ in range(4):
            answer = await client.inventory(ALICE, CSGO)
            assert isinstance(answer, RateLimited)
            waits.append(answer.retry_after_seconds)
            clock.seconds += answer.retry_after_seconds
        assert waits == [30, 60, 100, 100]


async def test_one_host_of_steam_that_has_enough_does_not_silence_the_other() -> None:
    async with (
        raw_server(reply("null", 429)) as tired,
        raw_server(reply('{"response":{"players":[]}}')) as fresh,
        SteamClient(
            now=Clock().now, community_url=tired.base_url, api_url=fresh.base_url, web_api_key="K"
        ) as client,
    ):
        assert isinstance(await client.inventory(ALICE, CSGO), RateLimited)
        assert await client.profiles([ALICE]) == Profiles({})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 1),
        ("5", 5),
        ("99999999999999999999", 1_800),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 1),
        ("-5", 30),
        ("soon", 30),
        ("", 30),
        ("1e3", 30),
    ],
)
async def test_every_retry_after_is_understood_or_bounded(value: str, seconds: int) -> None:
    answer = reply("null", 429, Retry_After=value, Date="Fri, 20 Nov 2026 12:00:00 GMT")
    async with raw_server(answer) as server, steam_at(server) as client:
        assert await client.inventory(ALICE, CSGO) == RateLimited(seconds)


async def test_we_ask_no_faster_than_we_allow_ourselves() -> None:
    limits = Limits(questions_per_second=0.1, burst=3, queue_seconds_max=5)
    price = reply('{"success":true,"lowest_price":"$1.00"}')
    clock = Clock()
    async with raw_server(price) as server, steam_at(server, limits, clock) as client:
        answers = [await client.price_overview(730, "Anything") for _ in range(4)]
        assert answers == [PriceOverview(100, None, None)] * 3 + [RateLimited(10)]
        clock.seconds = 10
        assert await client.price_overview(730, "Anything") == PriceOverview(100, None, None)
        assert len(server.requests) == 4


async def test_no_more_questions_are_open_at_once_than_we_allow_ourselves() -> None:
    waiting: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def hold(request: bytes, writer: asyncio.StreamWriter) -> None:
        released = asyncio.Event()
        waiting.put_nowait(released)
        await released.wait()
        await reply('{"success":false}')(request, writer)

    async with raw_server(hold) as server, steam_at(server, Limits(concurrency=2)) as client:
        asked = asyncio.gather(*(client.price_overview(730, str(number)) for number in range(6)))
        first, second = await waiting.get(), await waiting.get()
        await asyncio.sleep(0.05)  # time in which a third question could arrive
        assert waiting.empty()
        first.set()
        third = await waiting.get()
        second.set()
        third.set()
        for _ in range(3):
            (await waiting.get()).set()
        await asked
