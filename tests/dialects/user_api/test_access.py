"""Who acts for an account: its sessions, JWTs and API keys are listed, and end at once, for their owner alone."""

import asyncio
from datetime import timedelta

import pytest

from dialects.user_api.club import OTHER, USER, Club
from tradepost.market import api_keys
from tradepost.market.tokens import CALLER_SECONDS


async def test_sessions_of_browsers_and_programs_are_listed_together(club: Club) -> None:
    browser, program = await club.browser(), await club.program(label="my bot")
    await club.browser(OTHER)
    rows = (await browser.get("/user/getSessions")).content["sessions"]
    assert {(row["kind"], row["current"]) for row in rows} == {("browser", True), ("jwt", False)}
    seen = (await program.get("/user/getSessions")).content["sessions"]
    assert {(row["kind"], row["current"]) for row in seen} == {("browser", False), ("jwt", True)}
    assert all(row["expires"] > row["since"] for row in rows)


@pytest.mark.parametrize("kind", ["browser", "jwt"])
async def test_a_session_that_is_ended_is_ended_within_a_second(club: Club, kind: str) -> None:
    browser, program = await club.browser(), await club.program()
    one, two = (browser, program) if kind == "jwt" else (program, browser)
    assert (await two.get("/user/balance")).status == 200
    rows = (await one.get("/user/getSessions")).content["sessions"]
    id_ = next(row["id"] for row in rows if row["kind"] == kind)
    assert (await one.post("/user/endSession", id=id_)).content["message"]
    await asyncio.sleep(CALLER_SECONDS)
    assert (await two.get("/user/balance")).status == 401
    assert (await one.post("/user/endSession", id=id_)).refusal == (404, "There is no such session.")


@pytest.mark.parametrize("id_", ["s1", "j1", "x", "s", "s" + "9" * 30, "s9223372036854775807", "s-1", "s１", "j'; --", "j" + "x" * 38])  # fmt: skip
async def test_what_is_nobodys_session_is_not_there(club: Club, id_: str) -> None:
    reply = await (await club.browser()).post("/user/endSession", id=id_ if id_ != "s1" else "s77")
    assert reply.refusal[0] in (404, 300)


async def test_all_others_end_together(club: Club) -> None:
    one, two, program, stranger = await club.browser(), await club.browser(), await club.program(), await club.browser(OTHER)  # fmt: skip
    assert (await one.post("/user/endSessions")).content["ended"] == 2
    await asyncio.sleep(CALLER_SECONDS)
    assert (await one.get("/user/balance")).status == (await stranger.get("/user/balance")).status == 200
    assert (await two.get("/user/balance")).status == (await program.get("/user/balance")).status == 401


async def test_disconnecting_ends_what_the_call_is_made_with(club: Club) -> None:
    for member in (await club.browser(), await club.program()):
        reply = await member.call("GET", "/user/disconnect")
        assert reply.content["message"]
        await asyncio.sleep(CALLER_SECONDS)
        assert (await member.get("/user/balance")).status == 401
    assert (await club.nobody().get("/user/disconnect")).status == 200
    assert await club.db.value("SELECT count(*) FROM session") == 0
    assert await club.db.value("SELECT count(*) FROM jwt") == 0


async def test_an_api_key_is_shown_once_and_works(club: Club) -> None:
    member = await club.browser()
    made = (await member.post("/user/createApiKey", label="bot", scopes=["read", "buy"], days=7)).content
    assert made["apiKey"].startswith("test_")
    assert made["apiKey"].startswith(made["prefix"])
    (row,) = (await member.get("/user/getApiKeys")).content["keys"]
    assert (row["label"], row["scopes"]) == ("bot", ["buy", "read"])
    assert made["apiKey"] not in str(row)
    jwt = (await club.nobody().post("/user/login", apiKey=made["apiKey"])).content
    assert jwt["scopes"] == ["buy", "read"]
    assert jwt["expires_in"] <= 7 * 86_400, "a JWT does not outlive its key"


async def test_a_revoked_key_takes_its_jwts_along(club: Club) -> None:
    member, program = await club.browser(), await club.program()
    (row,) = (await member.get("/user/getApiKeys")).content["keys"]
    assert (await member.post("/user/revokeApiKey", prefix=row["prefix"])).content["message"]
    await asyncio.sleep(CALLER_SECONDS)
    assert (await program.get("/user/balance")).status == 401
    assert (await member.get("/user/getApiKeys")).content["keys"] == []
    assert (await member.post("/user/revokeApiKey", prefix=row["prefix"])).refusal[0] == 404


async def test_nobody_revokes_anothers_key_or_session(club: Club) -> None:
    await club.program(OTHER)
    theirs = await club.browser(OTHER)
    (key,) = (await theirs.get("/user/getApiKeys")).content["keys"]
    rows = (await theirs.get("/user/getSessions")).content["sessions"]
    mine = await club.browser()
    assert (await mine.post("/user/revokeApiKey", prefix=key["prefix"])).refusal[0] == 404
    for row in rows:
        assert (await mine.post("/user/endSession", id=row["id"])).refusal[0] == 404
    assert (await theirs.get("/user/getSessions")).content["sessions"] == rows


async def test_a_jwt_makes_no_key_that_may_do_more(club: Club) -> None:
    await club.browser(USER)  # a sign-in of the last minutes
    program = await club.program(scopes=["sell"])
    assert (await program.post("/user/createApiKey", scopes=["sell", "buy"])).refusal[0] == 403
    assert (await program.post("/user/createApiKey")).content["scopes"] == ["sell"]


async def test_a_jwt_makes_no_key_that_outlives_its_own(club: Club) -> None:
    await club.browser()  # the sign-in of a moment ago, which proves who asks
    ends = club.app.real_now().replace(microsecond=0) + timedelta(days=1)
    program = await club.program(expires_at=ends)
    for asked in ({}, {"days": 30}, {"days": 1}):
        made = (await program.post("/user/createApiKey", **asked)).content
        assert made["expires"] <= int(ends.timestamp()), asked


async def test_there_are_only_so_many_keys(club: Club) -> None:
    member = await club.browser()
    account_id = await club.account_id()
    await club.db.execute(
        "INSERT INTO api_token (account_id, hash, prefix, created_at) SELECT $1, sha256(n::text::bytea), 'test_x', $2"
        " FROM generate_series(1, 100) n",
        account_id,
        club.app.now(),
    )
    assert (await member.post("/user/createApiKey")).refusal[0] == 300
    await club.db.execute("DELETE FROM api_token WHERE id IN (SELECT id FROM api_token LIMIT 2)")
    tries = [api_keys.make(club.app, account_id, api_keys.Wanted(["read"])) for _ in range(6)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, str) for one in done) == 2, "however many ask at once"


@pytest.mark.parametrize(
    ("field", "value"),
    [("scopes", ["admin"]), ("scopes", "read;sell"), ("scopes", []), ("scopes", ""), ("scopes", ["read"] * 4), ("days", 0), ("days", -1), ("days", "1e3"), ("days", 999_999), ("label", "x" * 101),
     ("label", "a\u202eb"), ("allow_addresses", ["everywhere"]), ("allow_addresses", ["10.0.0.0/8"] * 51), ("allow_url", "maybe")],
)  # fmt: skip
async def test_nonsense_about_a_key_is_refused_and_named(club: Club, field: str, value: object) -> None:
    reply = await (await club.browser()).post("/user/createApiKey", **{field: value})
    assert reply.refusal[0] == 300
    assert reply.body["field"].startswith(field)
    assert await club.db.value("SELECT count(*) FROM api_token") == 0
