"""A contact mail is one that its owner has shown to read, and changes of what guards his money are told there."""

import asyncio
import re
from typing import Any

import pytest

import factors
from dialects.user_api.club import OTHER, Club, Member
from tradepost.market import contact_mails

ADDRESS = "ann@example.com"


async def mails(club: Club, to: str = ADDRESS) -> list[Any]:
    """The mails that wait for an address, the newest last."""
    return await club.db.fetch("SELECT subject, text FROM mail WHERE recipient = $1 ORDER BY id", to)


async def code_of(club: Club, to: str = ADDRESS) -> str:
    (found,) = re.findall(r"^Your code is ([0-9]{6})$", (await mails(club, to))[-1]["text"], re.MULTILINE)
    return str(found)


async def confirmed(club: Club, member: Member, address: str = ADDRESS) -> None:
    assert (await member.post("/user/setMailNotification", mail=address)).content["confirmed"] is False
    assert (await member.post("/user/confirmMail", code=await code_of(club, address))).status == 200


async def address_of(member: Member) -> str:
    found: str = (await member.get("/user/getContactMail")).content["address"]
    return found


async def test_an_address_counts_once_its_code_was_given(club: Club) -> None:
    member = await club.browser()
    assert await address_of(member) == ""
    await member.post("/user/setMailNotification", mail=ADDRESS)
    assert await address_of(member) == ""
    done = await member.post("/user/confirmMail", code=await code_of(club))
    assert done.content["address"] == await address_of(member) == ADDRESS
    again = await member.post("/user/setMailNotification", mail=ADDRESS)
    assert again.content["confirmed"] is True
    assert len(await mails(club)) == 1, "nothing was sent for what is known"
    assert (await member.post("/user/confirmMail", code="123456")).refusal == (
        300,
        contact_mails.NONE_AWAITED,
    )


async def test_a_code_is_its_users_and_its_addresss_alone(club: Club) -> None:
    one, two = await club.browser(), await club.browser(OTHER)
    await one.post("/user/setMailNotification", mail=ADDRESS)
    code = await code_of(club)
    assert (await two.post("/user/confirmMail", code=code)).refusal[0] == 300
    await one.post("/user/setMailNotification", mail="other@example.com")
    assert (await one.post("/user/confirmMail", code=code)).refusal[0] == 300 or code == await code_of(
        club, "other@example.com"
    )
    assert await address_of(one) == await address_of(two) == ""


async def test_five_wrong_codes_end_it(club: Club) -> None:
    member = await club.browser()
    await member.post("/user/setMailNotification", mail=ADDRESS)
    code = await code_of(club)
    wrong = [f"{number:06}" for number in range(6) if f"{number:06}" != code][:5]
    for one in wrong:
        reply = await member.post("/user/confirmMail", code=one)
        assert (reply.refusal[0], reply.body["field"]) == (300, "code")
    assert (await member.post("/user/confirmMail", code=code)).refusal == (300, contact_mails.NONE_AWAITED)


async def test_wrong_codes_that_are_sent_at_once_are_five_as_well(club: Club) -> None:
    member = await club.browser()
    await member.post("/user/setMailNotification", mail=ADDRESS)
    account_id, code = await club.account_id(), await code_of(club)
    wrong = [f"{number:06}" for number in range(20) if f"{number:06}" != code]
    done = await asyncio.gather(
        *[contact_mails.confirm(club.app, account_id, one) for one in wrong], return_exceptions=True
    )
    assert sum("is not the one" in str(one) for one in done) == 5


async def test_a_code_is_good_for_half_an_hour(club: Club) -> None:
    member = await club.browser()
    await member.post("/user/setMailNotification", mail=ADDRESS)
    code = await code_of(club)
    await club.db.execute("UPDATE mail_change SET expires_at = $1", club.app.real_now())
    assert (await member.post("/user/confirmMail", code=code)).refusal == (300, contact_mails.NONE_AWAITED)


async def test_strangers_are_not_flooded(club: Club) -> None:
    account_id = await club.account_id() if await club.browser() else 0
    tries = [contact_mails.ask(club.app, account_id, f"stranger{number}@example.com") for number in range(9)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert done.count(True) == 5
    assert await club.db.value("SELECT count(*) FROM mail") == 5
    member = await club.browser()
    await member.post("/user/setMailNotification")  # forgetting it does not make the hour shorter
    reply = await member.post("/user/setMailNotification", mail="stranger@example.com")
    assert reply.refusal[0] == 429
    await club.db.execute(
        "UPDATE mail_change SET sent_at = ARRAY(SELECT at - interval '1 hour' FROM unnest(sent_at) AS at)"
    )
    await contact_mails.ask(club.app, account_id, "stranger@example.com")


async def test_the_address_before_hears_of_the_change(club: Club) -> None:
    member = await club.browser()
    await confirmed(club, member)
    await confirmed(club, member, "new@example.com")
    assert "new@example.com" in (await mails(club))[-1]["text"]
    await member.post("/user/setMailNotification")
    assert await address_of(member) == ""
    assert "removed" in (await mails(club, "new@example.com"))[-1]["subject"]


async def test_what_guards_money_is_told_of_whether_notices_are_wanted_or_not(club: Club) -> None:
    member = await club.browser()
    await confirmed(club, member)
    await member.post("/user/setMailNotificationStatus", status=0)
    await member.post("/user/setSkrill", skrill="ann@example.org")
    await member.post("/user/setSkrill", skrill="ann@example.org")  # which changes nothing
    await member.post("/user/createApiKey")
    codes = await factors.turn_on(club.app, await club.account_id())
    await member.post("/user/isConnected")
    subjects = [row["subject"] for row in await mails(club)][1:]
    assert subjects == [
        "Tradepost: the address that your payouts go to was changed",
        "Tradepost: an API key of your account was made",
        "Tradepost: the second factor of your account was turned on",
    ]
    assert codes


async def test_what_is_kept_of_a_code_is_no_code(club: Club) -> None:
    member = await club.browser()
    await member.post("/user/setMailNotification", mail=ADDRESS)
    assert await code_of(club) not in str(await club.db.fetch("SELECT mail, hash, wrong FROM mail_change"))


@pytest.mark.parametrize("mail", ["x", "a@b.de\r\nBcc: c@d.de", "a@b.de,c@d.de", "a@b.de;c@d.de", "ä@b.de", "a@" + "b" * 260 + ".de", ["a@b.de", "c@d.de"], {"a": 1}])  # fmt: skip
async def test_what_is_no_address_is_refused_named_and_sent_nowhere(club: Club, mail: object) -> None:
    reply = await (await club.browser()).post("/user/setMailNotification", mail=mail)
    assert (reply.refusal[0], reply.body["field"]) == (300, "mail")
    assert await club.db.value("SELECT count(*) FROM mail") == 0


@pytest.mark.parametrize(
    "code", ["12345", "1234567", "１２３４５６", "abcdef", "-12345", "", None, ["123456", "1"]]
)
async def test_what_is_no_code_is_refused_and_named(club: Club, code: object) -> None:
    reply = await (await club.browser()).post("/user/confirmMail", code=code)
    assert (reply.refusal[0], reply.body["field"]) == (300, "code")
