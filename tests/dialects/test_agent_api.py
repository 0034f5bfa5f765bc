"""The agent API on the wire: its words, its bounds, and that nothing sent to it is ever our fault."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette

from agent.selling import Selling, selling
from dialects.papers import agent_papers
from tradepost.config import Settings
from tradepost.db import DatabaseGone, Db
from tradepost.dialects import agent_api
from tradepost.dialects.agent_api import CODES, PREFIX, routes
from tradepost.market import agents
from tradepost.rules import refusals
from tradepost.steam.simulator.program import serving

pytestmark = pytest.mark.sql


@dataclass
class Wire:
    """A market that answers the agent API over HTTP, and a token to ask it with."""

    world: Selling
    url: str
    http: aiohttp.ClientSession
    token: str = ""

    async def call(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, token: str | None = None
    ) -> tuple[int, Any]:
        """One call; returns the status and the JSON of the answer."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        async with self.http.request(method, self.url + PREFIX + path, data=data, headers=headers) as answer:
            told = await answer.json()
            agent_papers().check(method, PREFIX + path, answer.status, told, dict(answer.headers))
            return answer.status, told

    async def code(self, **more: Any) -> str:
        """A fresh pairing code of the seller."""
        async with self.world.app.db.transaction() as tx:
            return await agents.make_code(tx, self.world.seller_id, self.world.app.real_now(), 10, **more)

    async def pair(self, device_id: str = "desk") -> dict[str, Any]:
        """Pair a device; its token is used from then on."""
        status, paired = await self.call("POST", "/pair", {"code": await self.code(), "device_id": device_id})
        assert status == 201
        self.token = paired["agent_token"]
        return dict(paired)

    async def beat(self, **changes: Any) -> Any:
        """A heartbeat of a program in good health; returns the answer."""
        status, answer = await self.call("POST", "/heartbeat", heartbeat(self.world.agent.steamid) | changes)
        assert status == 200, answer
        return answer


def heartbeat(steamid: str) -> dict[str, Any]:
    return {
        "device_id": "desk", "steamid": steamid, "session": {"ok": True},
        "capabilities": ["create", "cancel", "watch", "inventory"], "version": "1.0", "platform": "linux",
    }  # fmt: skip


@pytest.fixture
async def wire(db: Db) -> AsyncIterator[Wire]:
    async with (
        selling(db) as world,
        aiohttp.ClientSession() as http,
        serving(Starlette(routes=routes(world.app)), "127.0.0.1", 0) as url,
    ):
        yield Wire(world, url, http)


# What it says ----------------------------------------------------------------------------------------


async def test_a_pairing_over_the_wire_gives_a_token_and_says_for_whom(wire: Wire) -> None:
    code = await wire.code(merchant_id=wire.world.merchant_id, floor_bps=7_500)
    body = {"code": code.lower(), "device_id": "desk", "platform": "linux", "version": "1"}
    status, paired = await wire.call("POST", "/pair", body)
    assert status == 201 and paired["steamid"] == wire.world.agent.steamid
    assert [(grant["floor_bps"], grant["merchant_name"]) for grant in paired["grants"]] == [
        (7_500, "Person 2")
    ]
    status, again = await wire.call("POST", "/pair", body)
    assert (status, again["error"]["code"]) == (401, "unauthenticated")


async def test_a_heartbeat_says_what_to_do_and_what_to_look_at(wire: Wire) -> None:
    await wire.pair()
    view = await wire.world.buy()
    answer = await wire.beat()
    assert (
        answer["accepted"] is True and answer["ttl_seconds"] == wire.world.app.settings.heartbeat_ttl_seconds
    )
    (create,) = answer["directives"]
    assert create["trade_id"] == str(view.trade.id) and create["message"] == f"#{view.trade.id}"
    assert create["items"] == [{"appid": 730, "contextid": "2", "assetid": view.assetid, "amount": 1}]
    assert create["lease_seconds"] == wire.world.app.settings.lease_seconds
    told = {
        "directive_id": create["directive_id"], "status": "success", "steam_tradeofferid": "7001",
        "partner_steamid": create["partner_steamid"], "items": create["items"],
    }  # fmt: skip
    status, answer = await wire.call("POST", "/directives/results", {"results": [told]})
    assert (status, answer["results"][0]["accepted"]) == (200, True)
    (row,) = (await wire.beat())["watch"]
    assert (row["trade_id"], row["role"], row["last_offer_code"]) == (str(view.trade.id), "seller", 2)
    event = {
        "trade_id": row["trade_id"], "axis": "offer", "code": 3, "steam_tradeofferid": "7001",
        "partner_steamid": row["partner_steamid"], "items": row["items"], "steam_tradeid": "41",
        "observed_at": wire.world.app.now().isoformat(),
    }  # fmt: skip
    status, answer = await wire.call("POST", "/trade-events", {"events": [event]})
    assert answer["events"] == [
        {"trade_id": row["trade_id"], "axis": "offer", "code": 3, "accepted": True, "reason": None}
    ]
    assert (await wire.beat())["watch"][0]["steam_tradeid"] == "41"


async def test_one_lying_row_does_not_spoil_the_others(wire: Wire) -> None:
    await wire.pair()
    view = await wire.world.buy()
    (create,) = (await wire.beat())["directives"]
    honest = {
        "directive_id": create["directive_id"], "status": "success", "steam_tradeofferid": "7001",
        "partner_steamid": create["partner_steamid"], "items": create["items"],
    }  # fmt: skip
    liar = {"directive_id": "dir_" + "0" * 24, "status": "absent"}
    status, answer = await wire.call("POST", "/directives/results", {"results": [liar, honest, honest]})
    assert status == 200
    assert [(row["accepted"], row["reason"]) for row in answer["results"]] == [
        (False, "There is no such directive of this account."), (True, None), (True, "known"),
    ]  # fmt: skip
    assert await wire.world.state(view) == "sent"


async def test_the_time_it_says_is_the_markets(wire: Wire) -> None:
    from datetime import UTC, datetime

    await wire.pair()
    wire.world.app.clock.offset = timedelta(days=7)
    said = datetime.fromisoformat((await wire.beat())["server_time"])
    assert timedelta(days=6, hours=23) < said - datetime.now(UTC) < timedelta(days=7, hours=1)


async def test_a_token_works_on_its_device_alone(wire: Wire) -> None:
    await wire.pair()
    body = heartbeat(wire.world.agent.steamid) | {"device_id": "another"}
    status, answer = await wire.call("POST", "/heartbeat", body)
    assert (status, answer["error"]["code"]) == (403, "forbidden")


async def test_another_accounts_session_is_not_accepted(wire: Wire) -> None:
    await wire.pair()
    await wire.world.buy()
    answer = await wire.beat(steamid="76561198999999999")
    assert (answer["accepted"], answer["directives"], answer["watch"]) == (False, [], [])


async def test_good_bye_and_unpairing_end_presence_and_token(wire: Wire) -> None:
    await wire.pair()
    await wire.world.app.db.execute("UPDATE agent SET revoked_at = now() WHERE device_id = 'home'")
    await wire.beat()
    assert await wire.world.app.db.value("SELECT count(*) FROM presence") == 1
    assert (await wire.call("POST", "/offline", {}))[0] == 200
    assert await wire.world.app.db.value("SELECT count(*) FROM presence") == 0
    await wire.beat()
    assert (await wire.call("DELETE", ""))[0] == 200
    assert await wire.world.app.db.value("SELECT count(*) FROM presence") == 0
    assert (await wire.call("POST", "/offline", {}))[0] == 401


# Waking ----------------------------------------------------------------------------------------------


async def test_the_stream_wakes_and_says_nothing_else(wire: Wire) -> None:
    await wire.pair()
    headers = {"Authorization": f"Bearer {wire.token}"}
    async with wire.http.get(f"{wire.url}{PREFIX}/events", headers=headers) as stream:
        assert stream.status == 200 and stream.content_type == "text/event-stream"
        assert (await stream.content.readline()).startswith(b":")
        assert await stream.content.readline() == b"\n"
        await agents.wake(wire.world.app, [wire.world.merchant_id, wire.world.seller_id])
        lines = [await asyncio.wait_for(stream.content.readline(), 5) for _ in range(3)]
        assert lines == [b"event: wake\n", b"data: {}\n", b"\n"]


async def test_a_revoked_token_is_woken_no_more(wire: Wire) -> None:
    await wire.pair()
    headers = {"Authorization": f"Bearer {wire.token}"}
    async with wire.http.get(f"{wire.url}{PREFIX}/events", headers=headers) as stream:
        assert (await stream.content.readline()).startswith(b":")
        await wire.world.app.db.execute("UPDATE agent SET revoked_at = now()")
        await agents.wake(wire.world.app, [wire.world.seller_id])
        assert await asyncio.wait_for(stream.content.read(), 5) == b"\n"


async def test_an_account_has_a_few_streams_and_no_more(wire: Wire) -> None:
    await wire.pair()
    headers = {"Authorization": f"Bearer {wire.token}"}
    async with contextlib_stack() as stack:
        for _ in range(agents.STREAMS_MAX):
            stream = await stack.enter_async_context(
                wire.http.get(f"{wire.url}{PREFIX}/events", headers=headers)
            )
            await stream.content.readline()
        status, answer = await wire.call("GET", "/events")
        assert (status, answer["error"]["code"]) == (429, "too_many_requests")


def contextlib_stack() -> Any:
    from contextlib import AsyncExitStack

    return AsyncExitStack()


# Bad input -------------------------------------------------------------------------------------------

POSTS = ("/pair", "/heartbeat", "/directives/results", "/trade-events", "/inventory", "/offline")
BODIES = (
    b"", b"null", b"[]", b"1", b'"x"', b"{", b"{}x", b"\xff\xfe", b'{"a":NaN}', b'{"a":1e999}', b'{"a":-0.0}',
    b'{"device_id":"a","device_id":"b"}', b"[" * 20_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"code":"\\ud800","device_id":"a"}', b'{"code":"\\u0000","device_id":"a"}', b'{"code":1,"device_id":[]}',
    b'{"results":[{}]}', b'{"results":{}}', b'{"events":[null]}', b'{"events":[' + b"{}," * 200 + b"{}]}",
    b'{"x":' + b"9" * 5_000 + b"}", b'{"access_token":"eyJ"}',
)  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
async def test_whatever_is_sent_is_refused_in_words_and_never_our_fault(wire: Wire, path: str) -> None:
    await wire.pair()
    for body in BODIES:
        status, answer = await wire.call("POST", path, raw=body)
        if (path, body) == ("/offline", b""):
            assert status == 200
            continue
        assert status == 422, (body[:60], answer)
        assert answer["error"]["code"] == "malformed" and answer["error"]["field"]


HONEST_EVENT: dict[str, Any] = {
    "trade_id": "1", "axis": "offer", "code": 3, "steam_tradeofferid": "7001", "steam_tradeid": "41",
    "partner_steamid": "76561198000000003", "observed_at": "2026-11-21T12:00:00Z",
    "items": [{"appid": 730, "contextid": "2", "assetid": "1", "new_assetid": "2", "new_contextid": "16"}],
}  # fmt: skip
HONEST_RESULT: dict[str, Any] = {
    "directive_id": "dir_" + "a" * 24, "status": "failed", "steam_tradeofferid": "7001",
    "partner_steamid": "76561198000000003", "items": HONEST_EVENT["items"], "code": 2, "retry_seconds": 10,
    "error": {"cause": "other", "http_status": 500, "eresult": 16, "text": "It did not work."},
}  # fmt: skip
ODD: tuple[Any, ...] = (
    None, "", " ", "x", "-1", "0", "01", "1\n", "\u0661", "1" * 30, "\x00", "\ud800", "a" * 100_000,
    -1, 0, 1.5, 10**30, True, [], {}, [[]], {"a": {}}, "2026-11-21", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
)  # fmt: skip


@pytest.mark.parametrize("name", HONEST_EVENT)
async def test_an_odd_value_in_an_event_is_no_fault_of_ours(wire: Wire, name: str) -> None:
    await wire.pair()
    for value in ODD:
        status, answer = await wire.call("POST", "/trade-events", {"events": [HONEST_EVENT | {name: value}]})
        assert status in (200, 422), (name, value, answer)
        if status == 200:
            assert answer["events"][0]["accepted"] is False and answer["events"][0]["reason"]


@pytest.mark.parametrize("name", HONEST_RESULT)
async def test_an_odd_value_in_a_result_is_no_fault_of_ours(wire: Wire, name: str) -> None:
    await wire.pair()
    await wire.world.buy()
    (create,) = (await wire.beat())["directives"]
    real = HONEST_RESULT | {"directive_id": create["directive_id"]}
    for value in ODD:
        status, answer = await wire.call("POST", "/directives/results", {"results": [real | {name: value}]})
        assert status in (200, 422), (name, value, answer)


@pytest.mark.parametrize("name", heartbeat(""))
async def test_an_odd_value_in_a_heartbeat_is_no_fault_of_ours(wire: Wire, name: str) -> None:
    await wire.pair()
    honest = heartbeat(wire.world.agent.steamid)
    for value in ODD:
        status, _ = await wire.call("POST", "/heartbeat", honest | {name: value})
        assert status in (200, 403, 422), (name, value)


async def test_text_of_steams_in_every_script_is_kept(wire: Wire) -> None:
    await wire.pair()
    view = await wire.world.buy()
    (create,) = (await wire.beat())["directives"]
    text = "Ошибка 错误 خطأ 🙂 ' \" \\ <b>"
    result = {
        "directive_id": create["directive_id"],
        "status": "failed",
        "error": {"cause": "other", "text": text},
    }
    _, answer = await wire.call("POST", "/directives/results", {"results": [result]})
    assert answer["results"][0]["accepted"]
    kept = await wire.world.app.db.value(
        "SELECT detail->>'text' FROM trade_event WHERE trade_id = $1 ORDER BY no DESC LIMIT 1", view.trade.id
    )
    assert kept == text


async def test_an_inventory_of_twenty_thousand_is_taken_and_one_more_is_not(wire: Wire) -> None:
    await wire.pair()
    body = {"directive_id": "dir_" + "a" * 24, "appid": 730, "contextid": "2", "scan_complete": True}
    many = [str(40_000_000_000 + number) for number in range(20_000)]
    status, answer = await wire.call("POST", "/inventory", body | {"present_assetids": many})
    assert (status, answer["accepted"]) == (200, False)
    status, _ = await wire.call("POST", "/inventory", body | {"present_assetids": [*many, "1"]})
    assert status == 422


async def test_a_body_that_is_too_long_is_not_read_to_its_end(wire: Wire) -> None:
    await wire.pair()
    status, answer = await wire.call(
        "POST", "/heartbeat", raw=b" " * (wire.world.app.settings.body_bytes_max + 1)
    )
    assert (status, answer["error"]["code"]) == (413, "too_large")


# Doors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "x", "agt_" + "a" * 43, "live_" + "a" * 43, "agt_" + "é" * 43])
async def test_without_a_token_of_ones_own_there_is_nothing(wire: Wire, token: str) -> None:
    for method, path in [*(("POST", path) for path in POSTS[1:]), ("DELETE", ""), ("GET", "/events")]:
        status, answer = await wire.call(method, path, {}, token=token)
        assert (status, answer["error"]["code"]) == (401, "unauthenticated"), path


async def test_there_is_nothing_beside_what_there_is(wire: Wire) -> None:
    known = {(method, path.removeprefix(PREFIX)) for method, path, _ in agent_api.CALLS}
    paths = [*POSTS, "", "/events", "/nothing", "/heartbeat/x", "/steam-token"]
    for method, path in itertools.product(("GET", "POST", "PUT", "PATCH", "DELETE"), paths):
        if (method, path) not in known:
            status, answer = await wire.call(method, path, {})
            assert (status, answer["error"]["code"]) == (404, "unknown_route"), (method, path)


async def test_guessing_codes_ends_in_too_many_requests(wire: Wire) -> None:
    body = {"code": "K7QF-2M9X", "device_id": "desk"}
    statuses = [(await wire.call("POST", "/pair", body))[0] for _ in range(agents.GUESSES_MAX + 1)]
    assert statuses == [401] * agents.GUESSES_MAX + [429]
    good = {"code": await wire.code(), "device_id": "desk"}
    assert (await wire.call("POST", "/pair", good))[0] == 429


async def test_a_program_that_calls_without_end_is_slowed_down(db: Db) -> None:
    settings = Settings(mode="sandbox", requests_per_minute=3)
    async with selling(db) as world, aiohttp.ClientSession() as http:
        world.app.settings = settings
        async with serving(Starlette(routes=routes(world.app)), "127.0.0.1", 0) as url:
            wire = Wire(world, url, http)
            await wire.pair()
            answers = [await wire.call("POST", "/offline", {}) for _ in range(4)]
    assert [status for status, _ in answers] == [200, 200, 200, 429]


async def test_a_database_that_is_gone_is_a_503_and_not_a_500(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wire.pair()

    async def gone(*_: object) -> None:
        raise DatabaseGone("the database is gone")

    monkeypatch.setattr(agents, "by_token", gone)
    status, answer = await wire.call("POST", "/offline", {})
    assert (status, answer["error"]["code"]) == (503, "try_again")


async def test_what_is_said_back_of_a_bad_body_is_short(wire: Wire) -> None:
    await wire.pair()
    status, answer = await wire.call("POST", "/heartbeat", {"x" * 50_000: 1})
    assert status == 422 and len(json.dumps(answer)) < 1_000


def test_every_refusal_has_a_word() -> None:
    kinds = [refusals.Refusal]
    for kind in kinds:
        kinds += kind.__subclasses__()
        assert any(parent in CODES for parent in kind.__mro__)
