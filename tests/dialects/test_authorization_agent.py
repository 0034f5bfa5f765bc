"""Every operation of the agent API by everybody: without a token of an agent there is nothing, and nothing of another's."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette

from agent.selling import Selling, selling
from tradepost.db import Db
from tradepost.dialects.agent_api import CALLS, PREFIX, routes
from tradepost.market import agents, merchants
from tradepost.market.trade_view import TradeView
from tradepost.steam.simulator.program import serving

NOTHING = "dir_" + "0" * 24


@dataclass
class Stage:
    """Two sellers with paired programs; one has a trade under way."""

    world: Selling
    url: str
    http: aiohttp.ClientSession
    view: TradeView
    directive: str
    tokens: dict[str, str]

    async def ask(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        """One call; returns the status and the JSON of the answer, or the first bytes of a stream."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.http.request(method, self.url + path, json=body, headers=headers) as answer:
            if answer.content_type == "text/event-stream":
                return answer.status, (await answer.content.readline()).decode()
            return answer.status, await answer.json()


Named = Callable[[Stage, int, str], Any]


def heartbeat(stage: Stage, trade: int, directive: str) -> Any:
    return {"device_id": "desk", "steamid": stage.world.agent.steamid, "session": {"ok": True}, "capabilities": ["create"]}  # fmt: skip


def results(stage: Stage, trade: int, directive: str) -> Any:
    return {"results": [{"directive_id": directive, "status": "absent"}]}


def events(stage: Stage, trade: int, directive: str) -> Any:
    item = {"appid": 730, "contextid": "2", "assetid": stage.view.assetid, "amount": 1}
    return {"events": [{"trade_id": str(trade), "axis": "offer", "code": 3, "steam_tradeofferid": "7001", "items": [item],
                        "partner_steamid": stage.view.trade.buyer_steamid, "observed_at": stage.world.app.now().isoformat()}]}  # fmt: skip


def inventory(stage: Stage, trade: int, directive: str) -> Any:
    return {
        "directive_id": directive,
        "appid": 730,
        "contextid": "2",
        "scan_complete": True,
        "present_assetids": [],
    }


def nothing(stage: Stage, trade: int, directive: str) -> Any:
    return {}


# For each operation a body, made of a trade and a directive; without one, it is asked without a token too.
ROWS: dict[str, Named | None] = {
    "POST /agent/v1/pair": None,  # a code is its token
    "POST /agent/v1/heartbeat": heartbeat,
    "POST /agent/v1/directives/results": results,
    "POST /agent/v1/trade-events": events,
    "POST /agent/v1/inventory": inventory,
    "POST /agent/v1/offline": nothing,
    "DELETE /agent/v1": nothing,
    "GET /agent/v1/events": nothing,
}
GUARDED = {operation: named for operation, named in ROWS.items() if named is not None}


@pytest.fixture
async def stage(db: Db) -> AsyncIterator[Stage]:
    async with (
        selling(db) as world,
        aiohttp.ClientSession() as http,
        serving(Starlette(routes=routes(world.app)), "127.0.0.1", 0) as url,
    ):
        app = world.app
        tokens = {"nobody": "", "malformed": "x", "unknown": "agt_" + "x" * 43}
        another = await world.stock.person()
        for name, account in (("right", world.seller_id), ("another", another), ("revoked", world.seller_id)):
            async with app.db.transaction() as tx:
                code = await agents.make_code(tx, account, app.real_now(), 10)
                device = "desk" if name != "revoked" else "old"
                tokens[name], agent = await agents.pair(
                    tx, code, device, "linux", "1", now=app.now(), real_now=app.real_now()
                )
                await agents.heard(tx, agent, an_agents_word(agent.steamid), app.real_now(), 30)
                if name == "revoked":
                    await agents.revoke(tx, agent, now=app.now(), real_now=app.real_now(), ttl_seconds=30)
        async with app.db.transaction() as tx:
            tokens["a merchant's"] = await merchants.make_token(tx, world.seller_id, app.now(), test=True)
        view, directive = await world.sold_and_leased()
        yield Stage(world, url, http, view, directive.id, tokens)


def an_agents_word(steamid: str) -> agents.Device:
    return agents.Device(steamid, "1", "linux", True, None, ("create", "cancel", "watch", "inventory"))


def test_every_route_has_its_row() -> None:
    assert {f"{method} {path}" for method, path, _ in CALLS} == ROWS.keys()


@pytest.mark.parametrize("operation", GUARDED)
async def test_without_an_agents_token_there_is_nothing(stage: Stage, operation: str) -> None:
    method, path = operation.split()
    body = GUARDED[operation](stage, stage.view.trade.id, stage.directive)
    answers = [
        await stage.ask(method, path, stage.tokens[name], body)
        for name in ("nobody", "malformed", "unknown", "revoked", "a merchant's")
    ]
    assert [status for status, _ in answers] == [401] * 5
    assert all(answer["error"]["code"] == "unauthenticated" for _, answer in answers)
    assert len({json.dumps(answer) for _, answer in answers}) == 1
    status, _ = await stage.ask(method, path, stage.tokens["right"], body)
    assert status == 200


@pytest.mark.parametrize(
    "operation", [one for one in GUARDED if GUARDED[one] in (results, events, inventory)]
)
async def test_what_is_anothers_is_as_if_it_were_not_there(stage: Stage, operation: str) -> None:
    method, path = operation.split()
    before = await stage.world.state(stage.view), await stage.world.events(stage.view)
    said = []
    for trade, directive in ((stage.view.trade.id, stage.directive), (6_000_001, NOTHING)):
        body = GUARDED[operation](stage, trade, directive)
        status, answer = await stage.ask(method, path, stage.tokens["another"], body)
        text = json.dumps(answer).replace(f'"{trade}"', '"it"').replace(directive, "it")
        said.append((status, text))
        assert '"accepted": true' not in text
    assert said[0] == said[1]
    assert before == (await stage.world.state(stage.view), await stage.world.events(stage.view))


async def test_another_program_is_told_of_nothing_that_is_not_its_sellers(stage: Stage) -> None:
    steamid = await stage.world.stock.steamid_of(stage.world.stock.people)  # who came last
    body = heartbeat(stage, 0, "") | {"steamid": steamid}
    _, mine = await stage.ask("POST", f"{PREFIX}/heartbeat", stage.tokens["right"], heartbeat(stage, 0, ""))
    status, answer = await stage.ask("POST", f"{PREFIX}/heartbeat", stage.tokens["another"], body)
    assert (status, answer["directives"], answer["grants"]) == (200, [], [])
    assert stage.directive not in json.dumps(answer)
    assert mine["steamid"] == stage.world.agent.steamid != answer["steamid"]


async def test_a_code_is_good_once_and_only_as_it_was_made(stage: Stage) -> None:
    app = stage.world.app
    async with app.db.transaction() as tx:
        code = await agents.make_code(tx, stage.world.seller_id, app.real_now(), 10)
    path, device = f"{PREFIX}/pair", {"device_id": "third"}
    for wrong in ("", "x", "0000-0000-0000", code[::-1] + "x"):
        status, answer = await stage.ask("POST", path, stage.tokens["right"], {"code": wrong, **device})
        assert status in (401, 422), answer
    assert (await stage.ask("POST", path, "", {"code": code, **device}))[0] == 201
    assert (await stage.ask("POST", path, "", {"code": code, **device}))[0] == 401
