"""Being connected: by the cookie of a session with its token, by a JWT, and by nothing else."""

import asyncio
from typing import Any

import pytest

from dialects.user_api.club import OTHER, USER, Club, club_on
from tradepost.db import Db
from tradepost.dialects.user_api.manners import UNCONNECTED, ForeignRequest

STATUS = {"status": 1}
PATH = "/user/setMailNotificationStatus"


async def test_a_browser_and_a_program_see_the_same_account(club: Club) -> None:
    browser, program = await club.browser(), await club.program()
    one, two = (await browser.get("/user/infos")).content, (await program.get("/user/infos")).content
    assert one == two
    assert one["informations"]["steamId"] == USER
    assert (await program.get(f"/user/infos/{USER}")).content == one


async def test_who_is_not_connected_is_told_so(club: Club) -> None:
    assert (await club.nobody().get("/user/infos")).refusal == (
        401,
        "You need to be connected to access this resource",
    )


async def test_is_connected_says_who(club: Club) -> None:
    assert (await club.nobody().get("/user/isConnected")).content == {"isConnected": False, "steamId": None}
    for member in (await club.browser(), await club.program()):
        assert (await member.get("/user/isConnected")).content == {"isConnected": True, "steamId": USER}


async def test_signing_in_leads_to_steam_and_back(club: Club) -> None:
    reply = await club.nobody().get("/user/login", next="/sessions")
    assert reply.status == 302
    assert reply.headers["Location"] == f"{club.url}/sign-in?next=%2Fsessions"
    bad = await club.nobody().get("/user/login", next="//evil.example")
    assert (bad.refusal[0], bad.body["field"]) == (300, "next")


# Cookies -----------------------------------------------------------------------------------------------------


async def test_what_a_browser_writes_carries_its_sessions_token(club: Club) -> None:
    member = await club.browser()
    assert (await member.post(PATH, **STATUS)).status == 200
    token, other = member.headers.pop("X-CSRF-Token"), (await club.browser(OTHER)).headers["X-CSRF-Token"]
    assert (await member.get("/user/balance")).status == 200, "to look needs none"
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": other}, {"X-CSRF-Token": token[:-1]}, {"X-CSRF-Token": "é"},
                    {"X-CSRF-Token": token, "Sec-Fetch-Site": "cross-site"}, {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-site"}):  # fmt: skip
        reply = await member.call("POST", PATH, json=STATUS, headers=headers)
        assert reply.refusal == (403, ForeignRequest.sentence), headers
        assert reply.body["error"] == "CSRF"
    for where in (
        {"params": {"X-CSRF-Token": token, "csrf_token": token}},
        {"data": {"csrf": token, **STATUS}},
    ):
        assert (await member.call("POST", PATH, **where)).status == 403, "the header alone counts"
    same = {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-origin"}
    assert (await member.call("POST", PATH, json=STATUS, headers=same)).status == 200


async def test_the_token_of_a_session_lives_as_long_as_it(club: Club) -> None:
    member = await club.browser()
    found = (await member.get("/csrf/token")).body
    assert found["content"]["csrf_token"] == found["csrf_token"] == member.headers["X-CSRF-Token"]
    assert 29 * 86_400 < found["content"]["expires_in"] == found["expires_in"] <= 30 * 86_400
    assert (await club.nobody().get("/csrf/token")).refusal[0] == 401
    assert (await (await club.program()).get("/csrf/token")).refusal[0] == 300


async def test_a_get_that_changes_something_is_not_made_by_another_site(club: Club) -> None:
    member = await club.browser()
    del member.headers["X-CSRF-Token"]
    for site in ("cross-site", "same-site"):
        reply = await member.call("GET", "/user/disconnect", headers={"Sec-Fetch-Site": site})
        assert reply.refusal[0] == 403 and reply.body["error"] == "CSRF", "it is not said to be done"
        assert (await member.get("/user/balance")).status == 200
    assert (await member.call("HEAD", "/user/disconnect")).status == 404
    await member.call("GET", "/user/disconnect", headers={"Sec-Fetch-Site": "same-origin"})
    assert (await member.get("/user/balance")).status == 401


async def test_a_cookie_counts_under_allowed_hosts_alone_and_a_jwt_under_any(club: Club) -> None:
    browser, program = await club.browser(), await club.program()
    host = {"Host": "evil.example"}
    assert (await browser.call("GET", "/user/infos", headers=host)).refusal == (401, UNCONNECTED)
    assert (await program.call("GET", "/user/infos", headers=host)).status == 200


async def test_a_session_that_is_over_connects_nobody(club: Club) -> None:
    member = await club.browser()
    await club.db.execute("UPDATE session SET expires_at = signed_in_at + interval '1 microsecond'")
    assert (await member.get("/user/infos")).status == 401


# API keys and JWTs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {"json": {"apiKey": "?"}},
        {"data": {"apiKey": "?"}},
        {"data": '{"apiKey": "?"}'},
        {"params": {"apiKey": "?"}},
    ],
)
async def test_a_key_comes_as_json_or_as_a_form(club: Club, how: dict[str, Any]) -> None:
    key = await club.key(scopes=["read"])
    given = {
        name: value.replace("?", key) if isinstance(value, str) else {"apiKey": key}
        for name, value in how.items()
    }
    content = (await club.nobody().call("POST", "/user/login", **given)).content
    assert set(content) == {"jwt", "expires_in", "scopes"}
    assert content["scopes"] == ["read"]
    assert 31 * 86_400 - 60 < content["expires_in"] <= 31 * 86_400


@pytest.mark.parametrize("key", [None, "", "x", "test_" + "x" * 43, "é" * 20, "x" * 200])
async def test_a_bad_key_is_403_and_says_no_more(club: Club, key: str | None) -> None:
    asked = {} if key is None else {"apiKey": key}
    assert (await club.nobody().post("/user/login", **asked)).refusal == (
        403,
        "The API key is missing, unknown, revoked or expired.",
    )


async def test_guessing_is_slowed_down_by_address(db: Db) -> None:
    async with club_on(db, wrong_tokens_per_minute=3) as club:
        statuses = [(await club.nobody().post("/user/login", apiKey="x")).status for _ in range(5)]
        assert statuses == [403, 403, 403, 429, 429]
        statuses = [
            (await club.nobody().call("GET", "/user/infos", headers={"Authorization": "Bearer x"})).status
            for _ in range(2)
        ]
        assert statuses == [429, 429]
        assert (await (await club.program()).get("/user/balance")).status == 200, "a right one is let in"


async def test_a_key_that_is_bound_to_addresses_binds_its_jwts(club: Club) -> None:
    elsewhere = await club.key(allow_addresses=["10.0.0.0/8"])
    assert (await club.nobody().post("/user/login", apiKey=elsewhere)).refusal[0] == 403
    not_in_urls = await club.key(allow_url=False)
    assert (await club.nobody().call("POST", "/user/login", params={"apiKey": not_in_urls})).refusal[0] == 403
    assert (await club.nobody().post("/user/login", apiKey=not_in_urls)).status == 200


async def test_a_jwt_may_do_what_its_key_may(club: Club) -> None:
    reader, seller = await club.program(scopes=["read"]), await club.program(scopes=["sell"])
    assert (await reader.post(PATH, **STATUS)).refusal[0] == 403
    assert (await seller.post(PATH, **STATUS)).status == 200
    assert (await seller.get("/user/balance")).refusal[0] == 403
    assert (await reader.get("/user/balance")).status == 200


async def test_two_bearers_or_another_kind_are_none(club: Club) -> None:
    program = await club.program()
    bearer = program.headers["Authorization"]
    two = [("Authorization", bearer), ("Authorization", "Bearer other")]
    assert (await club.nobody().call("GET", "/user/infos", headers=dict(two))).status == 401
    basic = {"Authorization": bearer.replace("Bearer", "Basic")}
    assert (await club.nobody().call("GET", "/user/infos", headers=basic)).status == 401
    key = await club.key()
    for headers in ({"Authorization": f"Bearer {key}"}, {"Token": key}):
        assert (await club.nobody().call("GET", "/user/infos", headers=headers)).status == 401, (
            "a key is no JWT"
        )


async def test_a_cookie_beside_a_bad_jwt_does_not_help(club: Club) -> None:
    browser = await club.browser()
    assert (await browser.call("GET", "/user/infos", headers={"Authorization": "Bearer x.y.z"})).status == 401


# Limits ------------------------------------------------------------------------------------------------------


async def test_an_account_may_call_so_often_whatever_it_is_connected_by(db: Db) -> None:
    async with club_on(db, user_requests_per_minute=8) as club:
        browser, program, other = await club.browser(), await club.program(), await club.browser(OTHER)
        replies = await asyncio.gather(*[member.get("/user/balance") for member in [browser, program] * 6])
        late = next(reply for reply in replies if reply.status == 429)
        assert {reply.status for reply in replies} == {200, 429}
        assert late.refusal[1].startswith("Too many requests. Try again in ")
        assert late.refusal[1].endswith(" seconds")
        assert int(late.headers["Retry-After"]) > 0
        assert (late.headers["X-RateLimit-Limit"], late.headers["X-RateLimit-Remaining"]) == ("8", "0")
        assert (await other.get("/user/balance")).status == 200


# The envelope ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/user/nothing",
        "/user/infos/",
        "/user/infos/1/2",
        "/item/x/y/z",
        "/csrf/x",
        "/user/",
        "/user/balance.json",
    ],
)
async def test_what_is_no_call_is_404_in_the_envelope(club: Club, path: str) -> None:
    for method in ("GET", "POST", "PUT"):
        assert (await club.nobody().call(method, path)).refusal[0] in (404, 401), path
    assert (await (await club.program()).call("DELETE", path)).refusal[0] in (404, 300)


async def test_another_method_is_404_in_the_envelope(club: Club) -> None:
    program = await club.program()
    assert (await program.post("/user/infos")).refusal == (404, "This call wants GET.")
    assert (await program.get("/user/setSkrill")).refusal == (404, "This call wants POST.")


async def test_what_cannot_be_read_is_300_and_named_and_never_leads_away(club: Club) -> None:
    program = await club.program()
    reply = await program.post(PATH, status="perhaps")
    assert reply.refusal == (300, "status: must be 1, 0, true or false")
    assert reply.body["field"] == "status"
    for body, type_ in ((b"{", "application/json"), (b'{"a": NaN}', "application/json"), (b'{"status": "\\ud800"}', "application/json"),
                        (b'{"status":1,"status":0}', "application/json"), (b"status=%ff", "application/x-www-form-urlencoded"), (b"\x00", "text/plain")):  # fmt: skip
        reply = await program.call("POST", PATH, data=body, headers={"Content-Type": type_})
        assert reply.refusal[0] == 300, body


async def test_a_body_too_long_is_413(club: Club) -> None:
    reply = await (await club.program()).call("POST", PATH, data=b"x" * 300_000)
    assert reply.refusal[0] == 413


async def test_names_of_users_in_a_path_are_judged(club: Club) -> None:
    member = await club.browser()
    await club.browser(OTHER)
    for userid in (
        "1",
        "x",
        "76561190000000000",
        "7656119800000010１",
        "76561198000000101;76561198000000102",
        "me",
        "null",
        "-1",
        "9" * 400,
    ):
        assert (await member.get(f"/user/infos/{userid}")).refusal[0] == 300, userid
    for userid in (OTHER, "76561198999999999"):
        assert (await member.get(f"/user/infos/{userid}")).refusal == (
            403,
            "Only an admin may look at another user's data.",
        )
    for name in ("steamid", "userid", "id", "user"):
        found = (await member.get("/user/infos", **{name: OTHER})).content
        assert found["informations"]["steamId"] == USER
