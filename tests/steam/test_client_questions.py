"""SteamClient asks for profiles, prices and holds: of a simulated Steam, and of one that answers oddly."""

import json

import aiohttp
import pytest

from steam.asking import ALICE, BOB, Clock, login, put, steam_at
from steam.raw_server import Answer, raw_server, reply
from steam.sim import Sim
from tradepost.steam.answers import (
    BadToken,
    Hold,
    HoldUnknown,
    MarketPage,
    NoPerson,
    NoPrice,
    Person,
    PriceOverview,
    Profile,
    Profiles,
    Unavailable,
)
from tradepost.steam.client import SteamClient
from tradepost.steam.prices import count, price_cents


async def test_profiles_tell_names_and_are_remembered(sim: Sim) -> None:
    await put(sim, ALICE, name="Alice")
    await put(sim, BOB, name="Bob")
    clock = Clock()
    key = (await login(sim))["api_key"]
    async with steam_at(sim, clock=clock, web_api_key=key) as client:
        answer = await client.profiles([ALICE, BOB, "76561198999999999", "nobody", ALICE])
        assert isinstance(answer, Profiles)
        assert {steamid: profile.name for steamid, profile in answer.by_steamid.items()} == {
            ALICE: "Alice",
            BOB: "Bob",
        }
        await put(sim, ALICE, name="Alicia")
        again = await client.profiles([ALICE])
        assert isinstance(again, Profiles)
        assert again.by_steamid[ALICE].name == "Alice"
        clock.seconds += 300
        later = await client.profiles([ALICE])
        assert isinstance(later, Profiles)
        assert later.by_steamid[ALICE].name == "Alicia"


async def test_without_a_key_there_are_no_profiles(sim: Sim) -> None:
    async with steam_at(sim) as client:
        assert isinstance(await client.profiles([ALICE]), Unavailable)


async def test_an_odd_profile_costs_only_itself() -> None:
    players = [
        None,
        {"steamid": 5},
        {"steamid": BOB, "personaname": 7},
        {
            "steamid": ALICE,
            "personaname": "\u0007",
            "avatarfull": "javascript:x",
            "profileurl": "https://s/",
            "x": 1,
        },
    ]
    answer = reply(json.dumps({"response": {"players": players}}))
    async with raw_server(answer) as server, steam_at(server, web_api_key="K") as client:
        found = await client.profiles([ALICE, BOB])
    assert found == Profiles({ALICE: Profile(ALICE, ALICE, "", "https://s/", None)})


async def test_a_price_is_told_in_cents(sim: Sim) -> None:
    name = "AK-47 | Slate (Field-Tested)"
    price = {
        "appid": 730,
        "market_hash_name": name,
        "price_cents": 123_456,
        "volume": 1_234,
        "median_cents": 120_000,
    }
    await sim.control("POST", "/_sim/prices", {"prices": [price]})
    async with steam_at(sim) as client:
        assert await client.price_overview(730, name) == PriceOverview(123_456, 120_000, 1_234)
        assert await client.price_overview(730, "Nothing of the kind") == NoPrice()
        for currency in (2, 3, 5, 6):
            answer = await client.price_overview(730, name, currency)
            assert isinstance(answer, PriceOverview)
            assert answer.lowest_cents


async def test_the_catalogue_comes_page_by_page(sim: Sim) -> None:
    prices = [{"appid": 570, "market_hash_name": f"Item {n:03}", "price_cents": 100 + n} for n in range(25)]
    await sim.control("POST", "/_sim/prices", {"prices": prices})
    found: dict[str, int] = {}
    async with steam_at(sim) as client:
        while True:
            answer = await client.market_search(570, len(found), 10)
            assert isinstance(answer, MarketPage)
            found |= {item.market_hash_name: item.sell_price_cents for item in answer.items}
            assert answer.total == 25
            if len(found) >= answer.total or not answer.items:
                break
    assert found == {price["market_hash_name"]: price["price_cents"] for price in prices}


async def test_an_odd_search_result_costs_only_itself() -> None:
    results = [
        5,
        {"hash_name": "Good", "sell_price": 3, "asset_description": {"appid": 730, "classid": "1"}},
        {
            "hash_name": "Of another game",
            "sell_price": 3,
            "asset_description": {"appid": 440, "classid": "1"},
        },
        {"hash_name": "Free", "sell_price": -1},
        {"hash_name": "a\nb"},
        {"sell_price": 3},
    ]
    body = {"success": True, "start": 0, "total_count": 6, "results": results}
    async with raw_server(reply(json.dumps(body))) as server, steam_at(server) as client:
        answer = await client.market_search(730, 0, 10)
    assert isinstance(answer, MarketPage)
    assert ([item.market_hash_name for item in answer.items], answer.skipped) == (["Good"], 5)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("$0.56", 56),
        ("$1,234.56", 123_456),
        ("$1,234,567.89", 123_456_789),
        ("$12.50 USD", 1_250),
        ("0,56€", 56),
        ("1.234,56€", 123_456),
        ("1 234,56€", 123_456),
        ("1\u00a0234,56\u00a0zł", 123_456),
        ("2,24zł", 224),
        ("4,--€", 400),
        ("1.234,--€", 123_400),
        ("44,76 p\u0443\u0431.", 4_476),
        ("44,76p\u0443\u0431.", 4_476),
        ("44,7 p\u0443\u0431.", 4_470),
        ("45 p\u0443\u0431.", 4_500),
        ("£0.03", 3),
        ("CHF 1'234.50", 123_450),
        ("¥ 1,234", 123_400),
        ("$12", 1_200),
        ("$12.", 1_200),
        ("$1234.56", 123_456),
    ],
)
def test_a_price_written_for_people_is_read_as_cents(text: str, cents: int) -> None:
    assert price_cents(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$",
        "free",
        "$1.2345",
        "$1,23,456.00",
        "$1.00 $2.00",
        "1,234.567,00€",
        "$12,34,5",
        "1.234 567,00",
        "1e3 $5",
        "\u0661\u0662",
        "$" + "9" * 13,
        "$" + "9" * 60,
    ],
)
def test_a_price_that_has_no_one_reading_is_none(text: str) -> None:
    assert price_cents(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234", 1234), ("7", 7), ("1 234", 1234), ("", None), (None, None), ("-1", None), ("many", None)],
)
def test_a_volume_is_a_whole_number(text: str | None, number: int | None) -> None:
    assert count(text) == number


@pytest.mark.parametrize("credential", ["access_token", "api_key"])
async def test_a_hold_is_told_in_days(sim: Sim, credential: str) -> None:
    steamid = "76561198000000030"
    await put(sim, steamid, hold_days=15, trade_token="Token_15")
    operator = await login(sim)
    name = "web_api_key" if credential == "api_key" else credential
    async with steam_at(sim, **{name: operator[credential]}) as client:
        assert await client.hold(steamid, "Token_15") == Hold(15)
        await put(sim, steamid, hold_days=0)
        assert await client.hold(steamid, "Token_15") == Hold(0)


async def test_without_key_or_token_the_hold_stays_unknown_as_on_steam_itself(sim: Sim) -> None:
    await put(sim, ALICE)
    async with steam_at(sim) as client:
        assert isinstance(await client.hold(ALICE, "abcdef12"), HoldUnknown)


async def test_a_token_that_steam_does_not_take_is_bad(sim: Sim) -> None:
    steamid = "76561198000000031"
    await put(sim, steamid, trade_token="Token_16")
    async with steam_at(sim, web_api_key=(await login(sim))["api_key"]) as client:
        assert await client.hold(steamid, "Wrong_16") == BadToken()
        assert isinstance(await client.hold(steamid, "no token at all"), HoldUnknown)
        assert isinstance(await client.hold("nobody", "Token_16"), HoldUnknown)


ERROR = '<html><div id="error_msg">\n\t{}\t</div></html>'


@pytest.mark.parametrize(
    ("answer", "hold"),
    [
        (reply("var g_daysMyEscrow = 0;\nvar g_daysTheirEscrow = 7;"), Hold(7)),
        (
            reply(ERROR.format("This Trade URL is no longer valid for sending a trade offer to x.")),
            BadToken(),
        ),
        (reply(ERROR.format("You cannot trade with &lt;x&gt;.")), HoldUnknown("You cannot trade with <x>.")),
        (reply("", 302, Location="https://steamcommunity.com/login"), HoldUnknown),
        (reply("<html>Sorry</html>"), Unavailable),
        (reply("var g_daysTheirEscrow = 9999;"), Unavailable),
        (reply("var g_daysTheirEscrow = 7;", 500), Unavailable),
    ],
)
async def test_the_offer_page_is_read_for_the_hold(answer: Answer, hold: object) -> None:
    async with raw_server(answer) as server, steam_at(server) as client:
        found = await client.hold(ALICE, "abcdef12")
    assert found == hold or (isinstance(hold, type) and isinstance(found, hold))


@pytest.mark.parametrize(
    ("answer", "hold"),
    [
        (reply('{"response":{}}'), BadToken()),
        (reply('{"response":{"their_escrow":{"escrow_end_duration_seconds":1296000}}}'), Hold(15)),
        (reply('{"response":{"their_escrow":{"escrow_end_duration_seconds":"1"}}}'), Hold(1)),
        (reply('{"response":{"their_escrow":{"escrow_end_duration_seconds":-1}}}'), Unavailable),
        (reply('{"response":{"their_escrow":{}}}'), Unavailable),
        (reply("{}"), Unavailable),
        (reply('{"response":{}}', X_eresult="2"), BadToken()),
        (reply('{"response":{}}', X_eresult="15"), Unavailable),
        (reply("<h1>Forbidden</h1>", 403), Unavailable),
    ],
)
async def test_the_web_api_is_read_for_the_hold(answer: Answer, hold: object) -> None:
    async with raw_server(answer) as server, steam_at(server, access_token="T") as client:
        found = await client.hold(ALICE, "abcdef12")
    assert found == hold or (isinstance(hold, type) and isinstance(found, hold))


async def test_a_session_that_was_lent_is_given_back_open() -> None:
    async with aiohttp.ClientSession() as session:
        async with SteamClient(now=Clock().now, session=session):
            pass
        assert not session.closed


async def test_a_person_is_told_by_his_public_page(sim: Sim) -> None:
    steamid = "76561198000000032"
    await put(sim, steamid, name="Łódź <b> & Co", trade_banned=True)
    async with steam_at(sim) as client:
        found = await client.person(steamid)
        assert isinstance(found, Person)
        assert (found.steamid, found.name, found.is_trade_banned) == (steamid, "Łódź <b> & Co", True)
        await put(sim, steamid, trade_banned=False)
        again = await client.person(steamid)
        assert isinstance(again, Person)
        assert not again.is_trade_banned
        assert await client.person("76561198999999999") == NoPerson()
        assert isinstance(await client.person("nobody"), Unavailable)


def profile_page(name: str, state: str = "Banned", steamid: str = ALICE) -> Answer:
    return reply(
        f'<?xml version="1.0"?><profile><steamID64>{steamid}</steamID64><steamID>{name}</steamID>'
        f"<avatarFull><![CDATA[https://a/b.jpg]]></avatarFull><tradeBanState>{state}</tradeBanState></profile>"
    )


@pytest.mark.parametrize(
    ("answer", "person"),
    [
        (profile_page("<![CDATA[Bob]]>"), Person(ALICE, "Bob", "https://a/b.jpg", is_trade_banned=True)),
        (profile_page("A &amp; B", "None"), Person(ALICE, "A & B", "https://a/b.jpg", is_trade_banned=False)),
        (
            profile_page("<![CDATA[</steamID><tradeBanState>None</tradeBanState>]]>"),
            Person(
                ALICE,
                "</steamID><tradeBanState>None</tradeBanState>",
                "https://a/b.jpg",
                is_trade_banned=True,
            ),
        ),
        (profile_page("a\x00b"), Person(ALICE, ALICE, "https://a/b.jpg", is_trade_banned=True)),
        (profile_page("x" * 5_000), Person(ALICE, ALICE, "https://a/b.jpg", is_trade_banned=True)),
        (profile_page("Bob", steamid=BOB), Unavailable("Steam's profile page is not one")),
        (reply("<response><error><![CDATA[not found]]></error></response>"), NoPerson()),
        (reply(""), Unavailable("Steam's profile page is not one")),
        (reply(b"\xff\xfe<profile>" + b"<" * 200_000), Unavailable("Steam's profile page is not one")),
        (reply("", 503), Unavailable("Steam's profile page answered HTTP 503")),
    ],
    ids=[f"page {number}" for number in range(10)],
)
async def test_a_name_cannot_pretend_to_be_another_field(answer: Answer, person: object) -> None:
    async with raw_server(answer) as server, steam_at(server) as client:
        assert await client.person(ALICE) == person
