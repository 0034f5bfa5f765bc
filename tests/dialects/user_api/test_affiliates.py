"""Clicks on affiliates' links, as visitors' browsers make them: connected or not, and by no other site."""

import json
from typing import Any

import pytest

from dialects.user_api.club import OTHER, USER, Club, Member
from dialects.web.site import Browser
from tradepost.market import affiliates, profiles

COOKIE = "tradepost_affiliate"


async def famous(club: Club) -> int:
    """USER, whose page has a short name."""
    await club.browser(USER)
    account_id = await club.account_id(USER)
    async with club.db.transaction() as tx:
        await profiles.set_short_name(tx, account_id, "ann42")
    return account_id


async def brought_by(club: Club, steamid: str) -> int | None:
    found = await affiliates.of_account(club.db, await club.account_id(steamid))
    return None if found is None else found.affiliate_id


async def clicks(browser: Browser, ref: str = "ann42", **headers: str) -> Any:
    seen = await browser.ask(
        "POST", "/user/setAffiliates", json={"ref": ref}, headers={"Sec-Fetch-Site": "same-origin", **headers}
    )
    assert seen.status == 200, seen.text
    return json.loads(seen.text)["content"]["affiliate_id"]


async def test_who_comes_by_a_link_and_signs_up_was_brought_by_its_affiliate(club: Club) -> None:
    ann = await famous(club)
    browser = club.site.browser()
    kept = await clicks(browser)
    assert browser.cookie(COOKIE) == kept
    assert await clicks(browser) == kept
    await browser.sign_in(OTHER)
    assert await brought_by(club, OTHER) == ann
    assert browser.cookie(COOKIE) == ""


async def test_who_is_connected_needs_no_cookie(club: Club) -> None:
    ann = await famous(club)
    program = await club.program(OTHER)
    reply = await program.post("/user/setAffiliates", ref="ann42")
    assert set(reply.content) == {"affiliate_id"}
    assert await brought_by(club, OTHER) == ann


async def test_an_affiliate_s_own_browser_brings_nobody(club: Club) -> None:
    await famous(club)
    browser = await club.site.signed_in(USER)
    await clicks(browser)
    await browser.sign_in(OTHER)
    assert await brought_by(club, OTHER) is None
    assert await brought_by(club, USER) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_plants_no_cookie(club: Club, site: str) -> None:
    await famous(club)
    browser = club.site.browser()
    await clicks(browser, **{"Sec-Fetch-Site": site})
    assert browser.cookie(COOKIE) == ""


@pytest.mark.parametrize("planted", ["x", "0" * 32, "' OR 1=1 --", "0" * 5_000])
async def test_a_cookie_that_is_no_click_brings_nobody(club: Club, planted: str) -> None:
    await famous(club)
    browser = club.site.browser()
    browser.plant(COOKIE, planted)
    assert (await browser.sign_in(OTHER)).status == 200
    assert await brought_by(club, OTHER) is None


@pytest.mark.parametrize(
    "ref", ["", "a b", "x" * 65, "ann42;x", "=1+1", "../x", "é", "a\x00b", {"a": 1}, ["a", "b"]]
)
async def test_a_code_that_cannot_be_is_named(club: Club, ref: Any) -> None:
    reply = await club.nobody().post("/user/setAffiliates", ref=ref)
    assert reply.refusal[0] == 300
    assert reply.body["field"].startswith("ref")
    assert await club.db.value("SELECT count(*) FROM affiliate_click") == 0


async def test_a_code_says_nothing_of_whether_somebody_has_it(club: Club) -> None:
    await famous(club)
    nobody: Member = club.nobody()
    known, unknown = await nobody.post("/user/setAffiliates", ref="ann42"), await nobody.post("/user/setAffiliates", ref="bob43")  # fmt: skip
    assert known.content.keys() == unknown.content.keys()
    assert len(known.content["affiliate_id"]) == len(unknown.content["affiliate_id"]) == 32


async def test_a_flood_of_clicks_is_stemmed(club: Club) -> None:
    member = club.nobody()
    statuses = [(await member.post("/user/setAffiliates", ref=f"n{n}")).status for n in range(40)]
    assert statuses.count(200) == 30
    assert set(statuses) == {200, 429}
