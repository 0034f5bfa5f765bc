"""Every operation by everybody: nobody, a bad or a used-up token, another merchant, half a token, a right one."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from dialects.authorization import ROWS, Things
from dialects.notations import NO_LIMIT, fault, state_of
from dialects.paying import Site, site_of
from dialects.shop import BUYER, Reply, Shop, shop_on
from stock import NAME
from tradepost.dialects.shadowpay import v1, v2
from tradepost.market import bans, steam_items, tokens
from tradepost.market.notices import PING_SPAN
from tradepost.rules.trade import Side
from world import Databases, faults_of_the_books

CALLS = {"v1": v1.CALLS, "v2": v2.CALLS}
ROUTES = {
    f"{version} {method} {path}"
    for version, calls in CALLS.items()
    for path, methods in calls.items()
    for method in methods
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
NOBODY_STEAMID = "76561198000999999"
SCOPES = ("read", "sell", "buy")
SIDES: tuple[Side, ...] = ("seller", "buyer")


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert ROWS.keys() == ROUTES


@dataclass
class Stage:
    """A shop, a second merchant beside its own, and what each has that the other should not see."""

    shop: Shop
    site: Site
    assets: list[str]
    other_token: str
    other_steamid: str
    third_token: str  # of one who bought things, too

    async def things(self, operation: str) -> Things:
        """What the merchant has for one operation, which may use it up."""
        shop = self.shop
        notice = 8_000_000
        if "webhook" in operation or "notices" in operation:
            await shop.call("DELETE", "/api/v2/webhook")  # and with it the notices that wait
            reply = await shop.call("PUT", "/api/v2/webhook", json={"url": "https://shop.example/notices"})
            assert reply.status == 200, reply.body
            shop.app.clock.offset += PING_SPAN  # few are made a minute
            reply = await shop.call("POST", "/api/v2/webhook/test")
            assert reply.status == 200, reply.body
            notice = int(reply.body["data"]["id"])
        payment = 9_000_000
        if "payments" in operation:
            shop.app.clock.offset += PING_SPAN
            link = await self.site.link(security_steam_id=shop.seller_steamid)
            payment = await shop.db.value("SELECT id FROM payment WHERE token = $1", link.body["token"])
        asset = (
            self.assets.pop() if "sell_items" in operation or operation == "v2 POST /offers" else "7000003"
        )
        return Things(
            shop.seller_steamid,
            await shop.own(150),
            "order-mine",
            notice,
            payment,
            asset,
            await shop.foreign(50),
        )

    async def ask(self, operation: str, things: Things, token: str) -> Reply:
        """One request to an operation, with these things in it."""
        version, method, path = operation.split()
        asked = ROWS[operation].asked(things)
        if "{id}" in path:
            path = path.replace("{id}", str(asked["id"]))
            asked = {name: value for name, value in asked.items() if name != "id"}
        if version == "v1":
            return await self.shop.v1(path[1:], "query" if method == "GET" else "form", token=token, **asked)
        if path == "/stream":
            return await self.listen(token)
        how = {"params": flat(asked)} if method in ("GET", "DELETE") else {"json": asked}
        return await self.shop.call(method, f"/api/v2{path}", token=token, **how)

    async def listen(self, token: str) -> Reply:
        """The beginning of the stream, which has no end."""
        headers = {"Token": token} if token else {}
        async with self.shop.http.get(f"{self.shop.url}/api/v2/stream", headers=headers) as response:
            if response.content_type != "text/event-stream":
                return Reply(response.status, await response.json(), dict(response.headers))
            line = await response.content.readline()
            return Reply(
                response.status, {"status": "success", "begins": line.decode()}, dict(response.headers)
            )


# What nobody has.
NOBODYS = Things(NOBODY_STEAMID, 6_000_001, "order-none", 6_000_002, 6_000_005, "6000003", 6_000_004)


def flat(asked: dict[str, Any]) -> dict[str, Any]:
    """Parameters for a query: a list with brackets."""
    return {f"{name}[]" if isinstance(value, list) else name: value for name, value in asked.items()}


@asynccontextmanager
async def staged(server: Databases) -> AsyncIterator[Stage]:
    """One shop for many operations, whose books are held at the end."""
    async with server.fresh() as db, shop_on(db, **NO_LIMIT) as shop:
        # Numbers that stand for nothing else, wherever they turn up in an answer.
        for table, start in (("offer", 5_000_000), ("trade", 7_000_000), ("payment", 9_000_000)):
            await db.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {start})")
        items = [{"appid": 730, "market_hash_name": NAME} for _ in range(20)]
        await shop.box.world({"steamid": shop.seller_steamid, "items": items})
        asked = {"steamid": shop.seller_steamid, "project": "csgo"}
        assets = [row["assetid"] for row in (await shop.get("account/inventory", params=asked)).body["data"]]
        async with db.transaction() as tx:
            await steam_items.set_prices(tx, "csgo", {NAME: 100}, shop.app.now())
        bought = await shop.buy(id=await shop.foreign(77), custom_id="order-mine")
        assert bought.status == 200
        other = await shop.box.stock.person(deposit_cents=50_000)
        other_steamid = await shop.box.stock.steamid_of(other)
        await shop.box.world({"steamid": other_steamid, "items": []})
        other_token = await shop.make_token(other)
        third = await shop.make_token(await shop.box.stock.person(deposit_cents=50_000))
        yield Stage(shop, await site_of(shop), assets, other_token, other_steamid, third)
        assert await faults_of_the_books(db) == []


@pytest.fixture(scope="module")
async def stage(server: Databases) -> AsyncIterator[Stage]:
    async with staged(server) as made:
        yield made


@pytest.fixture(scope="module")
async def banned(server: Databases) -> AsyncIterator[Stage]:
    """A stage on which seller and buyer are banned."""
    async with staged(server) as made:
        now = made.shop.app.now()
        async with made.shop.db.transaction() as tx:
            for steamid in (made.shop.seller_steamid, BUYER):
                for side in SIDES:
                    await bans.ban(tx, steamid, side, "declined too often", now, timedelta(days=1))
        yield made


def version_of(operation: str) -> str:
    return operation.partition(" ")[0]


async def token_of(shop: Shop, **how: Any) -> str:
    """A token of the merchant that is not just any."""
    async with shop.db.transaction() as tx:
        return await tokens.make_token(tx, shop.merchant, shop.app.real_now(), test=True, **how)


@pytest.mark.parametrize("operation", sorted(ROUTES))
async def test_who_has_no_right_to_an_operation_is_refused_and_changes_nothing(
    stage: Stage, operation: str
) -> None:
    shop, row, version = stage.shop, ROWS[operation], version_of(operation)
    revoked, unknown = await token_of(shop), "test_" + "x" * 43
    async with shop.db.transaction() as tx:
        await tokens.revoke_token(tx, revoked, shop.app.real_now())
    expired = await token_of(shop, expires_at=shop.app.real_now() - timedelta(seconds=1))
    persons = {
        "nobody": ("", "wrong_token"),
        "a malformed token": ("sometesttoken", "wrong_token"),
        "an unknown token": (unknown, "wrong_token"),
        "a revoked token": (revoked, "wrong_token"),
        "an expired token": (expired, "wrong_token"),
        "a token from elsewhere": (await token_of(shop, allow_addresses=["10.0.0.0/8"]), "no_access"),
    }
    for scope in SCOPES:
        if scope != row.scope:
            persons[f"a token only to {scope}"] = (await token_of(shop, scopes=[scope]), "no_access")
    mine = await stage.things(operation)
    before = await state_of(shop.db)
    for person, (token, word) in persons.items():
        reply = await stage.ask(operation, mine, token)
        assert fault(reply, version, word) == "", (person, reply.body)
    # Nothing in a refusal tells a token that was never made from one that was taken back.
    one, two = [await stage.ask(operation, mine, token) for token in (revoked, unknown)]
    assert one.body == two.body
    assert await state_of(shop.db) == before


@pytest.mark.parametrize("operation", sorted(ROUTES))
async def test_who_has_the_right_is_served(stage: Stage, operation: str) -> None:
    half = await token_of(stage.shop, scopes=[ROWS[operation].scope])
    reply = await stage.ask(operation, await stage.things(operation), half)
    assert (reply.status, reply.body["status"]) == (200, "success"), reply.body
    assert reply.body.get("not_cancelled_items", []) == []
    assert all(bid["status"] == "success" for bid in reply.body.get("bids", []))


def told(reply: Reply, things: Things) -> tuple[int, str]:
    """What a reply says, whatever the things are called that it is about."""
    text = json.dumps(reply.body, default=str, sort_keys=True)
    for value in (
        things.steamid,
        str(things.offer),
        things.custom_id,
        str(things.notice),
        str(things.payment),
        things.asset,
    ):
        text = re.sub(rf"\b{re.escape(value)}\b", "it", text)
    return reply.status, MOMENT.sub("then", text)


@pytest.mark.parametrize("operation", sorted(ROUTES))
async def test_what_is_anothers_is_as_if_it_were_not_there(stage: Stage, operation: str) -> None:
    shop, row, version = stage.shop, ROWS[operation], version_of(operation)
    mine = await stage.things(operation)
    if row.is_public:
        reply = await stage.ask(operation, mine, stage.third_token)
        assert reply.body["status"] == "success", reply.body
        return
    before = await state_of(shop.db)
    # His things named with his user, and named as if they were of the caller's own user.
    for steamid, nobody in ((mine.steamid, NOBODY_STEAMID), (stage.other_steamid, stage.other_steamid)):
        asked, absent = replace(mine, steamid=steamid), replace(NOBODYS, steamid=nobody)
        one = await stage.ask(operation, asked, stage.other_token)
        two = await stage.ask(operation, absent, stage.other_token)
        if row.asked(asked) != row.asked(absent):  # else it names nothing, and may do another thing each time
            assert told(one, asked) == told(two, absent)
        if row.needs_grant and steamid == mine.steamid:
            assert fault(one, version, "no_access") == "", one.body
        shown = json.dumps(two.body, default=str)
        assert [one for one in ("order-mine", mine.steamid, BUYER, str(mine.offer)) if one in shown] == []
    assert await state_of(shop.db) == before


@pytest.mark.parametrize("operation", sorted(ROUTES))
async def test_the_banned_do_neither_sell_nor_buy(banned: Stage, operation: str) -> None:
    shop, row = banned.shop, ROWS[operation]
    mine = await banned.things(operation)
    before = await state_of(shop.db)
    reply = await banned.ask(operation, mine, shop.token)
    if not row.banned:
        assert reply.body["status"] == "success", reply.body
        return
    assert fault(reply, version_of(operation), row.banned) == "", reply.body
    assert await state_of(shop.db) == before
