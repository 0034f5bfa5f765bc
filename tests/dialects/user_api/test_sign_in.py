"""Signing in by the user API: each forged, replayed or borrowed way back connects nobody, and an honest one once."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from dialects.user_api.club import OTHER, USER, Club
from dialects.web.site import Browser

Query = list[tuple[str, str]]
IDS = "https://steamcommunity.com/openid/id/"


def put(**changes: str) -> Callable[[Query], Query]:
    """Other values in the place of Steam's; `claimed_id` changes the identity with it."""
    if "claimed_id" in changes:
        changes.setdefault("identity", changes["claimed_id"])
    changed = {name if name == "state" else f"openid.{name}": value for name, value in changes.items()}
    return lambda query: [(name, changed.get(name, value)) for name, value in query]


def without(name: str) -> Callable[[Query], Query]:
    return lambda query: [(key, value) for key, value in query if key not in (name, f"openid.{name}")]


def unsigned(name: str) -> Callable[[Query], Query]:
    """A word that Steam did not sign."""
    return lambda query: [
        (key, ",".join(one for one in value.split(",") if one != name) if key == "openid.signed" else value)
        for key, value in query
    ]


def twice(name: str, value: str, *, first: bool = False) -> Callable[[Query], Query]:
    return lambda query: [(f"openid.{name}", value), *query] if first else [*query, (f"openid.{name}", value)]


FORGED: dict[str, Callable[[Query], Query]] = {
    "another mode": put(mode="cancel"),
    "the question's own mode": put(mode="check_authentication"),
    "another namespace": put(ns="http://openid.net/signon/1.1"),
    "no namespace": without("ns"),
    "a provider of one's own": put(op_endpoint="https://evil.example/openid/login"),
    "a provider of a likely name": put(op_endpoint="https://steamcommunity.com.evil/openid/login"),
    "no provider": without("op_endpoint"),
    "another site's sign-in": put(return_to="https://evil.example/sign-in/back?state=x"),
    "no way back": without("return_to"),
    "no state": without("state"),
    "another state": put(state="x" * 43),
    "another user": put(claimed_id=IDS + OTHER),
    "an identity of an address": put(claimed_id=f"http://83.97.20.218:9291/openid/id/{USER}"),
    "an identity of a likely host": put(claimed_id=f"https://steamcommunity.com.evil/openid/id/{USER}"),
    "an identity without TLS": put(claimed_id=f"http://steamcommunity.com/openid/id/{USER}"),
    "an identity and a line end": put(claimed_id=f"{IDS}{USER}\n"),
    "an identity of other digits": put(claimed_id=f"{IDS}7656119800000010\uff11"),
    "two identities": put(identity=IDS + OTHER),
    "no identity": without("claimed_id"),
    "an identity that is not signed": unsigned("claimed_id"),
    "a way back that is not signed": unsigned("return_to"),
    "a provider that is not signed": unsigned("op_endpoint"),
    "a nonce that is not signed": unsigned("response_nonce"),
    "a second identity": twice("claimed_id", IDS + OTHER),
    "a second identity before it": twice("claimed_id", IDS + OTHER, first=True),
    "a second mode": twice("mode", "id_res"),
    "a nonce of last year": put(response_nonce="2025-01-01T00:00:00Zx"),
    "a nonce of next year": put(response_nonce="2036-01-01T00:00:00Zx"),
    "no nonce": without("response_nonce"),
    "another signature": put(sig="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "no signature": without("sig"),
    "nothing signed": put(signed=""),
}


async def back(club: Club, steamid: str = USER) -> tuple[Browser, str]:
    """A browser that set out by the user API, and where Steam sends it back to."""
    browser = club.site.browser()
    out = await browser.get("/user/login", follow=False)
    steam = await browser.get(out.location, follow=False)
    return browser, await browser.choose(steam.location, steamid)


async def is_connected(browser: Browser) -> bool:
    seen = await browser.get("/user/isConnected")
    return '"isConnected":true' in seen.text


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_way_back_connects_nobody(club: Club, name: str) -> None:
    browser, honest = await back(club)
    parts = urlsplit(honest)
    forged = urlencode(FORGED[name](parse_qsl(parts.query, keep_blank_values=True)))
    assert forged != parts.query
    seen = await browser.get(f"{parts.path}?{forged}", follow=False)
    assert (seen.status, seen.cookies) == (403, [])
    assert not await is_connected(browser)
    assert await club.db.value("SELECT count(*) FROM session") == 0


async def test_an_honest_way_back_connects_once(club: Club) -> None:
    browser, honest = await back(club)
    assert (await browser.get(honest)).status == 200
    assert await is_connected(browser)
    again = await browser.get(honest, follow=False)
    assert (again.status, again.cookies) == (403, [])
    other = club.site.browser()
    assert (await other.get(honest, follow=False)).status == 403
    assert not await is_connected(other)


async def test_anothers_way_back_connects_nobody_as_him(club: Club) -> None:
    _, theirs = await back(club, OTHER)
    victim = club.site.browser()
    await victim.get("/user/login", follow=False)
    assert (await victim.get(theirs, follow=False)).status == 403
    assert not await is_connected(victim)


async def test_a_session_from_before_is_worth_nothing_after_a_sign_in(club: Club) -> None:
    browser, honest = await back(club)
    browser.plant("tradepost_session", "x" * 43)
    await browser.get(honest)
    assert browser.cookie("tradepost_session") != "x" * 43
    first = browser.cookie("tradepost_session")
    await browser.sign_in(OTHER)
    assert browser.cookie("tradepost_session") != first
    assert await club.db.value("SELECT count(*) FROM session") == 1
