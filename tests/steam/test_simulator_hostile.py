"""Whatever is sent to the simulated Steam, it answers as Steam would: never with an error of its own."""

import asyncio
import json
import logging
import random
from typing import Any
from urllib.parse import quote

import pytest
from starlette.routing import Route

from steam.sim import Sim, simulator
from steam.visitor import ALICE, BOB, Reply, Visitor, people, sent
from tradepost.steam.simulator.program import ROUTES

NASTY = [
    "0",
    "-1",
    "1.5",
    "9" * 19,
    "9" * 20,
    "9" * 5000,
    "٣",
    "²",
    "x",
    "'\"<script>",
    "%00",
    "\x00",
    "\ud7ff\ufffd",
    "[]",
    "{}",
    "null",
    "true",
    ALICE,
    BOB,
    "76561197960265728",
    "7656119" + "0" * 10,
]
FIELDS = [
    *("access_token", "key", "tradeofferid", "tradeid", "steamid", "steamids", "appid", "contextid", "count"),
    *("start_assetid", "cursor", "max_trades", "start_after_time", "class_count", "classid0", "instanceid0"),
    *(
        "steamid_target",
        "trade_offer_access_token",
        "partner",
        "token",
        "json_tradeoffer",
        "sessionid",
        "message",
    ),
    *("trade_offer_create_params", "tradeofferid_countered", "a", "p", "k", "t", "tag", "op", "cid", "ck"),
    *("cid[]", "ck[]", "openid.mode", "openid.ns", "openid.return_to", "openid.realm", "openid.sig", "xml"),
    *(
        "openid.signed",
        "currency",
        "market_hash_name",
        "start",
        "query",
        "sort_column",
        "sort_dir",
        "trading",
    ),
    *("get_sent_offers", "get_received_offers", "get_descriptions", "time_historical_cutoff", "norender"),
]
STEAM_ROUTES = [route for route in ROUTES if not route.path.startswith("/_sim")]


def path_of(route: Route, values: list[str]) -> str:
    """The route's path with these values in its places, in turn."""
    names = list(route.param_convertors)
    return route.path_format.format(
        **{name: quote(values[n % len(values)], safe="") for n, name in enumerate(names)}
    )


async def ask_raw(sim: Sim, method: str, path: str, **options: Any) -> Reply:
    async with sim.http.request(method, sim.base_url + path, allow_redirects=False, **options) as response:
        text = await response.text(errors="replace")
        return Reply(response.status, dict(response.headers), text)


def is_steams(reply: Reply) -> bool:
    """Whether an error is one that Steam has: no bare 500, and no stack trace."""
    if reply.status < 500:
        return "Traceback" not in reply.body
    body = json.loads(reply.body)
    return "strError" in body or body == {"success": False}


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Any:
    """Nothing may be logged as an error meanwhile."""
    caplog.set_level(logging.ERROR)
    yield
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.usefixtures("quiet")
async def test_every_path_takes_every_value_in_its_places() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        for route in STEAM_ROUTES:
            for value in NASTY:
                if not value.strip("/") or len(value) > 3000:
                    continue
                for method in ("GET", "POST"):
                    reply = await ask_raw(sim, method, path_of(route, [value]), headers=alice.cookies)
                    assert is_steams(reply), (method, route.path, value, reply)
        assert await sim.control("GET", "/_sim/check") == []


@pytest.mark.usefixtures("quiet")
async def test_every_path_takes_a_storm_of_parameters_and_bodies() -> None:
    chance = random.Random(20261120)
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        offers = [await sent(alice, bob, [(730, 2, item)]) for item in (await alice.items())[:4]]
        await bob.accept(offers[0])
        known = [
            *NASTY,
            *offers,
            alice.login["access_token"],
            alice.login["sessionid"],
            alice.login["trade_token"],
        ]
        referer = f"https://steamcommunity.com/tradeoffer/new/?partner={bob.accountid}"
        headers = alice.cookies | {"Referer": referer, "Content-Type": "application/x-www-form-urlencoded"}

        def fields() -> str:
            names = chance.sample(FIELDS, 12)
            pairs = [f"{quote(name)}={quote(chance.choice(known))}" for name in names]
            return "&".join([f"access_token={alice.login['access_token']}", *pairs])

        for route in STEAM_ROUTES:
            for _ in range(12):
                method = "POST" if "POST" in (route.methods or ()) else "GET"
                session = f"&sessionid={alice.login['sessionid']}&partner={BOB}"
                body = (fields() + session).encode() if method == "POST" else None
                path = f"{path_of(route, [chance.choice([*offers, ALICE, '730'])])}?{fields()}"
                reply = await ask_raw(sim, method, path, data=body, headers=headers)
                assert is_steams(reply), (method, path, body, reply)
        assert await sim.control("GET", "/_sim/check") == []


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    "cookie",
    [
        "steamLoginSecure=",
        "steamLoginSecure=x",
        f"steamLoginSecure={ALICE}||",
        f"steamLoginSecure={ALICE}%7C%7CeyJ.eyJ.x",
        "steamLoginSecure=" + "%7C" * 1000,
        "=;=;;;",
        "\xff\xfe",
        'steamLoginSecure="\\777"',
    ],
)
async def test_a_broken_cookie_is_nobody(cookie: str) -> None:
    async with simulator() as sim:
        await people(sim)
        reply = await ask_raw(sim, "GET", "/my", headers={"Cookie": cookie})
        assert (reply.status, "/login/home" in reply.headers["Location"]) == (302, True)


@pytest.mark.usefixtures("quiet")
async def test_the_token_of_one_account_under_the_name_of_another_is_nobody() -> None:
    async with simulator() as sim:
        alice, bob, _ = await people(sim)
        stolen = bob.cookies["Cookie"].replace(f"={BOB}", f"={ALICE}", 1)
        reply = await ask_raw(sim, "GET", "/my", headers={"Cookie": stolen})
        assert "/login/home" in reply.headers["Location"]
        head, body, signature = alice.login["access_token"].split(".")
        for forged in (f"{head}.{body}.", f"{head}.{bob.login['access_token'].split('.')[1]}.{signature}"):
            assert (await alice.api("GetTradeOffers", access_token=forged)).status == 401
        refresh = {"access_token": bob.login["refresh_token"]}
        assert (await alice.api("GetTradeOffers", **refresh)).status == 401


@pytest.mark.usefixtures("quiet")
async def test_a_body_too_long_is_refused_before_it_is_read_to_its_end() -> None:
    async with simulator() as sim:
        alice, _, _ = await people(sim)
        reply = await alice.post("/tradeoffer/new/send", message="x" * (1 << 21))
        assert reply.status == 413


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=x",
        'multipart/form-data; boundary="x',
        "multipart/form-data; boundary=x; charset=nonsense",
        "multipart/form-data; boundary*=utf-8''%ff",
    ],
)
async def test_a_broken_multipart_form_is_an_empty_one(kind: str) -> None:
    part = 'Content-Disposition: form-data; name="nonce"\r\n\r\n{}\r\n'
    bodies = [
        "",
        "--x",
        "--x\r\n--x--",
        "--x\r\n" + part.format("eyJ") + "--x--",
        "--x\r\nContent-Disposition: form-data; name*=utf-8''%ff%00\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--",
        "--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * 50,
        "--x\r\nContent-Disposition: \xff; name=\xff\r\n\r\n\xff",
    ]
    async with simulator() as sim:
        for body in bodies:
            headers = {"Content-Type": kind}
            reply = await ask_raw(
                sim, "POST", "/jwt/finalizelogin", data=body.encode("latin-1"), headers=headers
            )
            assert (reply.status, json.loads(reply.body)) == (200, {"success": False, "error": 27})


@pytest.mark.usefixtures("quiet")
async def test_what_is_not_there_is_steams_page_that_says_sorry() -> None:
    async with simulator() as sim:
        for method, path in (
            ("GET", "/nothing"),
            ("DELETE", "/my"),
            ("GET", "/tradeoffer/new/send/x/y"),
            ("PUT", "/"),
        ):
            reply = await ask_raw(sim, method, path)
            assert (reply.status, "<h1>Sorry!</h1>" in reply.body) == (404, True)


@pytest.mark.usefixtures("quiet")
async def test_many_at_once_neither_pass_the_limits_nor_trade_an_item_twice() -> None:
    async with simulator() as sim:
        alice, bob, carol = await people(sim)
        item = (730, 2, (await alice.items())[0])

        async def try_both(partner: Visitor) -> Reply:
            return await alice.send(partner, [item])

        replies = await asyncio.gather(*(try_both(bob if n % 2 else carol) for n in range(40)))
        made = [reply.body["tradeofferid"] for reply in replies if reply.status == 200]
        assert len(made) == 10
        for offerid in made:
            await sim.control("POST", f"/_sim/offers/{offerid}/confirm")
        accepted = await asyncio.gather(*(who.accept(offerid) for offerid in made for who in (bob, carol)))
        assert sum(reply.status == 200 for reply in accepted) == 1
        assert await sim.control("GET", "/_sim/check") == []
