"""The second factor: on by a first code, demanded where money or secrets depend on it, off by a code."""

import asyncio
from datetime import timedelta

import pytest

import factors
from dialects.user_api.club import OTHER, USER, Club, Member
from tradepost.market import second_factor
from tradepost.market.seals import SealBroken
from tradepost.rules import totp
from tradepost.rules.refusals import StepUpNeeded, TooManyRequests

SKRILL = {"skrill": "ann@example.com"}


async def secret_of(club: Club, steamid: str = USER) -> bytes:
    return await factors.secret_of(club.app, await club.account_id(steamid))


async def next_code(club: Club, steamid: str = USER) -> str:
    return await factors.code_of(club.app, await club.account_id(steamid))


async def turned_on(club: Club, member: Member, steamid: str = USER) -> list[str]:
    """The recovery codes of a user who turned his second factor on."""
    shown = (await member.post("/user/enable2fa")).content
    assert shown["otpauth"].startswith("otpauth://totp/Tradepost:")
    assert shown["secret"] == totp.write_secret(await secret_of(club, steamid))
    codes = (await member.post("/user/confirm2fa", code=await next_code(club, steamid))).content
    found: list[str] = codes["recoveryCodes"]
    return found


async def test_it_is_on_once_a_first_code_was_taken(club: Club) -> None:
    member = await club.browser()
    assert (await member.get("/user/2fa")).content == {"2fa": "false", "recoveryCodesLeft": 0}
    await member.post("/user/enable2fa")
    assert (await member.get("/user/infos")).content["informations"]["2fa"] == "false"
    status, sentence = (await member.post("/user/confirm2fa", code="000000")).refusal
    assert (status, sentence[:5]) == (300, "code:")
    codes = await turned_on(club, member)
    assert len(set(codes)) == 10
    assert (await member.get("/user/infos")).content["informations"]["2fa"] == "true"
    assert (await member.get("/user/2fa")).content == {"2fa": "true", "recoveryCodesLeft": 10}
    assert (await member.post("/user/enable2fa", code=await next_code(club))).refusal[0] == 300


async def test_a_sign_in_alone_is_not_enough_any_more_and_a_code_is_good_once(club: Club) -> None:
    member = await club.browser()
    assert (await member.post("/user/setSkrill", **SKRILL)).status == 200
    await turned_on(club, member)
    assert (await member.post("/user/setSkrill", **SKRILL)).body["error"] == "STEP_UP"
    code = await next_code(club)
    assert (await member.post("/user/setSkrill", **SKRILL, code=code)).status == 200
    again = await member.post("/user/setSkrill", **SKRILL, code=code)
    assert again.refusal == (403, second_factor.WRONG)
    assert again.body["error"] == "STEP_UP"


async def test_a_recovery_code_stands_in_once(club: Club) -> None:
    member = await club.browser()
    codes = await turned_on(club, member)
    spelled = codes[0].upper().replace("-", " ")
    assert (await member.post("/user/setSkrill", **SKRILL, code=spelled)).status == 200
    assert (await member.post("/user/setSkrill", **SKRILL, code=codes[0])).refusal[0] == 403
    assert (await member.get("/user/2fa")).content["recoveryCodesLeft"] == 9
    renewed = (await member.post("/user/recoveryCodes", code=await next_code(club))).content["recoveryCodes"]
    assert (await member.post("/user/setSkrill", **SKRILL, code=codes[1])).refusal[0] == 403
    assert (await member.post("/user/setSkrill", **SKRILL, code=renewed[1])).status == 200


async def test_five_wrong_codes_are_looked_at_and_no_more_for_a_quarter_of_an_hour(club: Club) -> None:
    member = await club.browser()
    codes = await turned_on(club, member)
    for _ in range(5):
        assert (await member.post("/user/setSkrill", **SKRILL, code="000000")).refusal[0] == 403
    right = await member.post("/user/setSkrill", **SKRILL, code=codes[0])
    status, sentence = right.refusal
    assert status == 429
    assert "Try again in " in sentence
    assert 0 < int(right.headers["Retry-After"]) <= 900
    await club.db.execute(
        "UPDATE second_factor SET wrong_at = ARRAY(SELECT at - interval '15 minutes' FROM unnest(wrong_at) AS at)"
    )
    assert (await member.post("/user/setSkrill", **SKRILL, code=codes[0])).status == 200


async def test_of_codes_that_are_sent_at_once_one_is_taken(club: Club) -> None:
    member = await club.browser()
    codes = await turned_on(club, member)
    account_id = await club.account_id()
    for code in (await next_code(club), codes[3]):
        tries = [second_factor.use(club.app, account_id, code) for _ in range(4)]
        done = await asyncio.gather(*tries, return_exceptions=True)
        assert done.count(None) == 1
        assert all(isinstance(one, StepUpNeeded | TooManyRequests) for one in done if one is not None)
        await club.db.execute("UPDATE second_factor SET wrong_at = '{}'")


async def test_wrong_codes_sent_at_once_are_five_at_most(club: Club) -> None:
    member = await club.browser()
    await turned_on(club, member)
    account_id = await club.account_id()
    tries = [second_factor.use(club.app, account_id, f"{number:06}") for number in range(20)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, StepUpNeeded) for one in done) == 5
    assert sum(isinstance(one, TooManyRequests) for one in done) == 15


async def test_it_goes_off_by_a_code_alone(club: Club) -> None:
    member = await club.browser()
    codes = await turned_on(club, member)
    assert (await member.post("/user/disable2fa")).refusal[0] == 403
    assert (await member.post("/user/disable2fa", code=codes[0])).content["message"]
    assert (await member.get("/user/2fa")).content == {"2fa": "false", "recoveryCodesLeft": 0}
    assert (await member.post("/user/setSkrill", **SKRILL)).status == 200
    assert (await member.post("/user/disable2fa")).refusal == (300, second_factor.NOT_ON)


async def test_another_session_has_to_give_a_code_first(club: Club) -> None:
    one, two = await club.browser(), await club.browser()
    assert (await two.get("/user/infos")).status == 200
    await turned_on(club, one)
    assert (await one.get("/user/infos")).status == 200
    assert (await two.get("/user/infos")).status == 401
    assert (await two.get("/user/isConnected")).content["isConnected"] is False


async def test_a_secret_lies_sealed_and_opens_nowhere_else(club: Club) -> None:
    one, two = await club.browser(), await club.browser(OTHER)
    await turned_on(club, one)
    await two.post("/user/enable2fa")
    secret, mine, theirs = await secret_of(club), await club.account_id(), await club.account_id(OTHER)
    kept = await club.db.value("SELECT secret FROM second_factor WHERE account_id = $1", mine)
    assert secret not in kept
    await club.db.execute("UPDATE second_factor SET secret = $2 WHERE account_id = $1", theirs, kept)
    with pytest.raises(SealBroken):
        await secret_of(club, OTHER)


async def test_recovery_codes_are_kept_as_hashes(club: Club) -> None:
    codes = await turned_on(club, await club.browser())
    rows = str(await club.db.fetch("SELECT * FROM recovery_code"))
    assert not any(code in rows or code.replace("-", "") in rows for code in codes)


async def test_when_it_changed_is_known_to_those_who_pay_out(club: Club) -> None:
    member = await club.browser()
    codes = await turned_on(club, member)
    read = "SELECT factor_set_at FROM profile"
    first = await club.db.value(read)
    assert club.app.real_now() - first < timedelta(minutes=1)
    await member.post("/user/disable2fa", code=codes[0])
    assert await club.db.value(read) > first
