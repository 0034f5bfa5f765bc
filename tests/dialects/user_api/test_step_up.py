"""Proving once more who it is: every call that leads to money, secrets or keys, by every way to be connected.

A row of the table of calls says whether a call asks; here each such call is tried by each way, with and without what
proves it. The webhook of the merchant API, which a token alone may set, has its tests in `test_v2_webhook`.
"""

from collections.abc import AsyncIterator

import pytest

import factors
from dialects.notations import NO_LIMIT
from dialects.user_api.authorization import ROWS
from dialects.user_api.club import USER, Club, Member, club_on
from dialects.user_api.test_authorization import NOBODYS, ask, state_of
from dialects.user_api.test_money import earned
from tradepost.dialects.pace import Pace
from tradepost.dialects.user_api import ways
from tradepost.market import second_factor
from world import Databases

GUARDED = sorted(name for name, row in ROWS.items() if row.step_up != "no")
FOR_ALL = [name for name in GUARDED if ROWS[name].step_up == "yes"]


async def is_asked(member: Member, name: str, **headers: str) -> bool:
    """Whether a call wants it proven once more."""
    reply = await ask(member, name, NOBODYS, **headers)
    assert reply.status != 401, reply.body
    asked = reply.status == 403 and reply.body.get("error") == "STEP_UP"
    assert asked or reply.status in (200, 300), reply.body
    return bool(asked)


async def with_code(member: Member, name: str, code: object) -> bool:
    """Whether a call wants it proven once more though it has a code."""
    path = name.split()[1]
    asked = {**ROWS[name].asked(NOBODYS), "code": code}
    reply = await member.post(path, **asked)
    if reply.status == 403:
        assert reply.body["error"] == "STEP_UP"
        return True
    assert reply.status in (200, 300), reply.body
    return False


@pytest.fixture
async def club(server: Databases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Club]:
    """A club without limits, those of single calls included."""
    monkeypatch.setattr(ways, "Pace", lambda _: Pace(10_000_000))
    async with server.fresh() as db, club_on(db, **NO_LIMIT) as made:
        yield made


@pytest.mark.parametrize("name", GUARDED)
async def test_without_a_second_factor_a_fresh_sign_in_proves_it(club: Club, name: str) -> None:
    browser, program = await club.browser(), await club.program()
    assert not await is_asked(browser, name)
    assert not await is_asked(program, name), "its owner signed in within the last minutes"


@pytest.mark.parametrize("name", GUARDED)
async def test_without_a_second_factor_an_old_sign_in_does_not(club: Club, name: str) -> None:
    browser, program = await club.browser(), await club.program()
    await club.site.age_sign_ins(5)
    before = await state_of(club.db)
    assert await is_asked(program, name)
    assert await is_asked(browser, name) is (name in FOR_ALL)
    for code in ("123456", 0) if name == "POST /user/confirm2fa" else ("123456", "", None, 0):
        assert await with_code(program, name, code), "no code helps where there is no second factor"
    if name in FOR_ALL:
        assert await state_of(club.db) == before


@pytest.mark.parametrize("name", GUARDED)
async def test_a_sign_in_of_somebody_else_proves_nothing(club: Club, name: str) -> None:
    program = await club.program()
    await club.browser("76561198000000102")
    assert await is_asked(program, name)


@pytest.mark.parametrize("name", GUARDED)
async def test_a_sign_in_that_was_ended_proves_nothing(club: Club, name: str) -> None:
    browser, program = await club.browser(), await club.program()
    await browser.get("/user/disconnect")
    assert await is_asked(program, name)


@pytest.mark.parametrize("name", GUARDED)
async def test_with_a_second_factor_a_sign_in_is_not_enough(club: Club, name: str) -> None:
    browser, program = await club.browser(), await club.program()
    account_id = await club.account_id()
    codes = await factors.turn_on(club.app, account_id)
    await club.db.execute("UPDATE session SET code_given_at = signed_in_at")  # it was given in this one
    before = await state_of(club.db)
    members = [program, browser] if name in FOR_ALL else [program]
    for member in members:
        if name != "POST /user/confirm2fa":  # whose own code is asked for in any case
            assert await is_asked(member, name)
        assert await with_code(member, name, "000000")
        assert await with_code(member, name, "x" * 10)
    assert await state_of(club.db) == before
    await club.db.execute("UPDATE second_factor SET wrong_at = '{}'")
    for member in members:
        right = await factors.code_of(club.app, account_id)
        assert not await with_code(member, name, right)
        if not await second_factor.is_on(club.db, account_id):
            codes = await factors.turn_on(club.app, account_id)
            continue
        assert await with_code(member, name, right), "it is used up"
        if name != "POST /user/recoveryCodes":
            assert not await with_code(member, name, codes.pop())


async def test_a_code_in_the_query_counts_as_one_in_the_body(club: Club) -> None:
    member = await club.browser()
    codes = await factors.turn_on(club.app, await club.account_id())
    await club.db.execute("UPDATE session SET code_given_at = signed_in_at")
    asked = {"skrill": "ann@example.com"}
    assert (await member.call("POST", "/user/setSkrill", json=asked, params={"code": codes[0]})).status == 200
    both = await member.call(
        "POST", "/user/setSkrill", json={**asked, "code": codes[1]}, params={"code": codes[2]}
    )
    assert both.refusal[0] == 300, "two that differ are none"
    nested = await member.call("POST", "/user/setSkrill", json={**asked, "code": {"code": codes[1]}})
    assert nested.refusal[0] in (300, 403)
    assert (await member.call("POST", "/user/setSkrill", json={**asked, "code": [codes[1]]})).refusal[0] in (
        300,
        403,
    )


async def test_what_is_malformed_uses_up_no_code(club: Club) -> None:
    member = await club.browser()
    codes = await factors.turn_on(club.app, await club.account_id())
    await club.db.execute("UPDATE session SET code_given_at = signed_in_at")
    assert (await member.post("/user/setSkrill", skrill="x", code=codes[0])).refusal[0] == 300
    assert (await member.post("/user/setSkrill", skrill="ann@example.com", code=codes[0])).status == 200


async def test_a_user_s_codes_are_his_own(club: Club) -> None:
    theirs = await factors.turn_on_of(club.app, "76561198000000102")
    member = await club.browser(USER)
    await factors.turn_on(club.app, await club.account_id())
    await club.db.execute("UPDATE session SET code_given_at = signed_in_at")
    assert (await member.post("/user/setSkrill", skrill="ann@example.com", code=theirs[0])).refusal[0] == 403


async def test_what_was_done_under_a_key_is_told_again_without_another_code(club: Club) -> None:
    member = await club.browser()
    account_id = await earned(club)
    codes = await factors.turn_on(club.app, account_id)
    await club.db.execute("UPDATE session SET code_given_at = signed_in_at")
    await club.db.execute("UPDATE profile SET factor_set_at = skrill_set_at")  # long ago
    asked, key = {"amount": 1_000, "code": codes[0]}, {"Idempotency-Key": "one"}
    first = await member.call("POST", "/user/cashout", json=asked, headers=key)
    for code in (codes[0], codes[1], None):
        again = await member.call("POST", "/user/cashout", json={**asked, "code": code}, headers=key)
        assert again.content == first.content
        assert again.headers["Idempotency-Replayed"] == "true"
    other = await member.call("POST", "/user/cashout", json={**asked, "amount": 2_000}, headers=key)
    assert other.refusal[0] == 300, "the key stands for another request"
    assert await second_factor.recovery_codes_left(club.db, account_id) == 9
