"""Every call by everybody: nobody, used-up and half JWTs, browsers without their token, and users with others' ids."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from dialects.notations import NO_LIMIT
from dialects.user_api.authorization import ROWS, Row, Things
from dialects.user_api.club import OTHER, USER, Club, Member, Reply, club_on
from stock import NAME, Stock
from tradepost.db import Db
from tradepost.dialects.user_api import CALLS
from tradepost.market import alerts, messages, tokens, users
from world import Databases, faults_of_the_books

CALLED = {f"{name} {path}": method for path, methods in CALLS.items() for name, method in methods.items()}
SCOPES = ("read", "sell", "buy")
# What is written beside every request, whatever comes of it.
BESIDE = ("seen_at", "active_at", "last_used_at", "wrong_at", "last_step")
CONNECTED = sorted(name for name, row in ROWS.items() if row.who == "connected")
WRITES = [name for name in CONNECTED if not name.startswith("GET")]
NAMING = [name for name, row in ROWS.items() if row.names]


def test_every_call_has_its_row_and_every_row_its_call() -> None:
    assert ROWS.keys() == CALLED.keys()


@pytest.mark.parametrize("name", sorted(CALLED))
def test_a_call_needs_what_its_row_says(name: str) -> None:
    row, method = ROWS[name], CALLED[name]
    assert (method.who, method.step_up, method.others) == (row.who, row.step_up, row.others)
    assert method.scope == row.scope


def test_whatever_leads_to_money_keys_or_codes_asks_once_more() -> None:
    """By their names, so that a call that is added is seen here."""
    guarded = re.compile(
        r"cashout|skrill|createApiKey|2fa|recoveryCodes|exportData|deleteAccount", re.IGNORECASE
    )
    found = {name for name in ROWS if guarded.search(name) and not name.startswith("GET")}
    assert len(found) >= 7
    assert [name for name in found if ROWS[name].step_up != "yes"] == []


async def state_of(db: Db) -> dict[str, Any]:
    """All that a request could have changed."""
    tables = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return {
        table: await db.value(
            f"SELECT coalesce(json_agg(row ORDER BY row::text), '[]')::text FROM (SELECT to_jsonb(t) - $1::text[] AS row FROM {table} t) r",
            list(BESIDE),
        )
        for (table,) in tables
    }


async def ask(member: Member, name: str, things: Things, **headers: str) -> Reply:
    """One request to a call, with these things in it."""
    method, path = name.split()
    asked = ROWS[name].asked(things)
    for part in re.findall(r"\{(\w+)\}", path):
        path = path.replace(f"{{{part}}}", str(asked.pop(part)))
    how: dict[str, Any] = {"params": asked} if method == "GET" else {"json": asked}
    return await member.call(method, path, headers=headers, **how)


@dataclass
class Stage:
    """A club, one who has something of everything, and another who has nothing."""

    club: Club
    mine: Things
    me: Member
    other: Member
    program: Member  # of the other


NOBODYS = Things("s8000001", "j" + "x" * 24, "test_xxxxxxxx", 8_000_002, 8_000_003, 8_000_004)


async def things_of(club: Club, steamid: str) -> Things:
    """Something of everything, for somebody who is known already."""
    account_id, now = await club.account_id(steamid), club.app.now()
    async with club.db.transaction() as tx:
        await alerts.tell(tx, account_id, "alert", "A payment came.", now, ref="one")
        alert = await tx.value("SELECT id FROM alert WHERE account_id = $1", account_id)
        message = await messages.send(tx, account_id, "Hello.", actor_id=None, now=now)
        await users.set_trade_token(tx, account_id, "tokenabc")
    item = await Stock(club.db).item(NAME)
    member = await club.program(steamid)
    assert (await member.post("/item/buyorder", itemid=item, value=300, amount=2)).status == 200
    rows = (await member.get("/user/getSessions")).content["sessions"]
    ids = {row["kind"]: row["id"] for row in rows}
    (key,) = {row["prefix"] for row in (await member.get("/user/getApiKeys")).content["keys"]}
    return Things(ids["browser"], ids["jwt"], key, alert, message, item)


@pytest.fixture(scope="module")
async def stage(server: Databases) -> AsyncIterator[Stage]:
    async with server.fresh() as db, club_on(db, **NO_LIMIT) as club:
        for table, start in (
            ("alert", 5_000_000),
            ("message", 5_100_000),
            ("steam_item", 5_200_000),
            ("session", 5_300_000),
        ):
            await db.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {start})")
        me, other = await club.browser(USER), await club.browser(OTHER)
        mine = await things_of(club, USER)
        async with db.transaction() as tx:
            await users.set_trade_token(tx, await club.account_id(OTHER), "tokenxyz")
        yield Stage(club, mine, me, other, await club.program(OTHER))
        assert await faults_of_the_books(db) == []


async def revoked(club: Club) -> Member:
    key = await club.key()
    member = club.nobody()
    jwt = (await member.post("/user/login", apiKey=key)).content["jwt"]
    async with club.db.transaction() as tx:
        await tokens.revoke_token(tx, key, club.app.now())
    member.headers = {"Authorization": f"Bearer {jwt}"}
    return member


@pytest.mark.parametrize("name", CONNECTED)
async def test_who_has_no_right_to_a_call_is_refused_and_changes_nothing(stage: Stage, name: str) -> None:
    club, row = stage.club, ROWS[name]
    used_up, malformed = await revoked(club), club.nobody()
    malformed.headers = {"Authorization": "Bearer a.b.c"}
    halves = [await club.program(scopes=[scope]) for scope in SCOPES if scope != row.scope]
    before = await state_of(club.db)
    for member in (club.nobody(), used_up, malformed):
        assert (await ask(member, name, stage.mine)).refusal[0] == 401
    assert (await ask(stage.me, name, stage.mine, Host="evil.example")).refusal[0] == 401
    for member in halves:
        status, sentence = (await ask(member, name, stage.mine)).refusal
        assert (status, row.scope in sentence) == (403, True)
    assert await state_of(club.db) == before


@pytest.mark.parametrize("name", WRITES)
async def test_a_browser_writes_with_its_sessions_token_alone(stage: Stage, name: str) -> None:
    bare = Member(stage.club, stage.me.http)
    stranger = {"X-CSRF-Token": stage.other.headers["X-CSRF-Token"]}
    from_elsewhere = {**stage.me.headers, "Sec-Fetch-Site": "cross-site"}
    before = await state_of(stage.club.db)
    for headers in ({}, stranger, from_elsewhere):
        reply = await ask(bare, name, stage.mine, **headers)
        assert reply.refusal[0] == 403
        assert reply.body["error"] == "CSRF"
    assert await state_of(stage.club.db) == before


@pytest.mark.parametrize("name", NAMING)
async def test_what_is_anothers_is_as_if_it_were_not_there(stage: Stage, name: str) -> None:
    await Stock(stage.club.db).item("What nobody ordered")
    before = await state_of(stage.club.db)
    for member in (stage.other, stage.program):
        for mine in (stage.mine, replace(stage.mine, session=stage.mine.jwt)):
            nobodys_things = replace(NOBODYS, item=await Stock(stage.club.db).item("What nobody ordered"))
            theirs, nobodys = await ask(member, name, mine), await ask(member, name, nobodys_things)
            assert theirs.refusal == nobodys.refusal
            assert theirs.refusal[0] == 404
    assert await state_of(stage.club.db) == before


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, row in ROWS.items()
        if row.who == "connected" and name.startswith("GET") and not row.names
    ],
)
async def test_nobody_sees_anything_of_anothers(stage: Stage, name: str) -> None:
    for member in (stage.other, stage.program):
        reply = await ask(member, name, stage.mine)
        shown = json.dumps(reply.body)
        assert reply.status == (300 if name == "GET /csrf/token" and member is stage.program else 200), shown
        hidden = [USER, stage.mine.key, stage.mine.session, stage.mine.jwt, str(stage.mine.alert), '"Hello."']
        assert [one for one in hidden if one in shown] == []


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.others])
async def test_anothers_data_are_for_admins(stage: Stage, name: str) -> None:
    path = name.split()[1]
    for member in (stage.other, stage.program):  # his own he may name
        assert (await member.get(f"{path}/{OTHER}")).status == 200
    before = await state_of(stage.club.db)
    for member in (stage.other, stage.program):
        known, unknown = await member.get(f"{path}/{USER}"), await member.get(f"{path}/76561198999999999")
        assert known.refusal == unknown.refusal
        assert known.refusal[0] == 403
        assert (await member.get(f"{path}/x")).refusal[0] == 300
    assert await state_of(stage.club.db) == before


async def test_others_ids_in_parameters_change_nothing_about_whose_call_it_is(stage: Stage) -> None:
    for name in ("steamid", "steamId", "userid", "user", "account_id", "id"):
        for value in (USER, str(await stage.club.account_id(USER))):
            shown = (await stage.other.get("/user/infos", **{name: value})).content["informations"]
            assert shown["steamId"] == OTHER
            await stage.other.post("/user/setDiscord", discordtag="ben", **{name: value})
    assert (await stage.me.get("/user/infos")).content["informations"]["discordtag"] == ""


async def test_at_once_with_another_everybody_gets_his_own(stage: Stage) -> None:
    members = [stage.me, stage.other, stage.program] * 10
    replies = await asyncio.gather(*[member.get("/user/infos") for member in members])
    seen = [reply.content["informations"]["steamId"] for reply in replies]
    assert seen == [USER, OTHER, OTHER] * 10


def test_a_row_asks_for_something() -> None:
    assert all(isinstance(row, Row) and isinstance(row.asked(NOBODYS), dict) for row in ROWS.values())
