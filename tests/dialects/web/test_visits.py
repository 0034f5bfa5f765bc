"""What every page does: forms of ours alone, errors that name the field, a policy that lets nothing in."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dialects.web.site import OTHER, Site, site_on
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.dialects.web.desk import Desk


async def sessions_of(site: Site) -> int:
    return int(await site.db.value("SELECT count(*) FROM session"))


# Forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "0" * 64, "\u00e4" * 64, "x" * 5000, ["a", "b"], "another's"])
async def test_a_form_without_its_sessions_token_is_refused(site: Site, token: Any) -> None:
    browser, other = await site.signed_in(), await site.signed_in(OTHER)
    if token == "another's":
        token = (await other.get("/sessions")).csrf
    fields = {} if token is None else {"csrf": token}
    seen = await browser.post("/sign-out", fields)
    assert seen.status in (403, 422), seen.status  # 422: two values that differ
    assert await sessions_of(site) == 2


async def test_a_token_of_an_earlier_sign_in_is_no_longer_one(site: Site) -> None:
    browser = await site.signed_in()
    old = (await browser.get("/sessions")).csrf
    await browser.sign_in()
    assert (await browser.post("/sign-out", {"csrf": old})).status == 403
    assert (await browser.post("/sign-out", {"csrf": (await browser.get("/sessions")).csrf})).status == 200


async def test_a_token_in_the_address_is_none(site: Site) -> None:
    browser = await site.signed_in()
    csrf = (await browser.get("/sessions")).csrf
    assert (await browser.post(f"/sign-out?csrf={csrf}", {})).status == 403
    assert await sessions_of(site) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (
            {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
            303,
        ),  # what browsers send, as there is no referrer
        ({"Sec-Fetch-Site": "same-origin", "Origin": "own"}, 303),
        ({"Origin": "own"}, 303),
        ({}, 303),  # an old browser, or curl: it knows the token
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "own"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),  # another port is another site
        ({"Origin": ""}, 403),
    ],
)
async def test_a_form_that_another_site_sent_is_refused_even_with_its_token(
    site: Site, headers: dict[str, str], status: int
) -> None:
    browser = await site.signed_in()
    sent = {name: site.url if value == "own" else value for name, value in headers.items()}
    csrf = (await browser.get("/sessions")).csrf
    seen = await browser.ask("POST", "/sign-out", data={"csrf": csrf}, headers=sent, follow=False)
    assert seen.status == status
    assert await sessions_of(site) == (0 if status == 303 else 1)


async def test_nothing_is_done_by_a_link(site: Site) -> None:
    browser = await site.signed_in()
    for path in ("/sign-out", "/sessions/end"):
        for method in ("GET", "HEAD"):
            seen = await browser.ask(method, path)
            assert (seen.status, seen.headers["Allow"]) == (405, "POST")
    assert await sessions_of(site) == 1


async def test_a_form_of_somebody_who_is_not_signed_in_any_more_leads_to_the_sign_in(site: Site) -> None:
    browser = await site.signed_in()
    csrf = (await browser.get("/sessions")).csrf
    await site.db.execute("DELETE FROM session")
    seen = await browser.post("/sessions/end", {"csrf": csrf})
    assert seen.status == 401 and '/sign-in?next=%2Fsessions"' in seen.text


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"id=0", "", 422, "id: must be a whole number above zero"),
        (b"id=1&id=2", "", 422, "id is given more than once"),
        (b"id[0]=1", "", 422, "id: must be a single value"),
        (b"id=%00", "", 422, "id: must not contain control characters"),
        (b"id=%ff", "", 422, "body: is not valid UTF-8"),
        (b"id=" + b"1" * 300_000, "", 422, "body: is longer than 262,144 bytes"),
        (b"&".join(b"a%d=" % n for n in range(2100)), "", 422, "body: has more than 2,000 keys"),
        (b"{", "application/json", 422, "body: is not JSON"),
        (b'{"id": NaN, "csrf": "CSRF"}', "application/json", 422, "id: must be a number"),
    ],
)
async def test_a_wrong_form_is_answered_with_a_page_that_names_the_field(
    site: Site, body: bytes, kind: str, status: int, said: str
) -> None:
    browser = await site.signed_in()
    csrf = (await browser.get("/sessions")).csrf
    body = body.replace(b"CSRF", csrf.encode()) if kind else body + f"&csrf={csrf}".encode()
    headers = {"Content-Type": kind or "application/x-www-form-urlencoded"}
    seen = await browser.ask("POST", "/sessions/end", data=body, headers=headers)
    assert (seen.status, said in seen.words) == (status, True), seen.words
    assert await sessions_of(site) == 1


async def test_a_browser_is_led_on_from_an_address_that_is_wrong_and_a_program_is_told_so_in_json(
    site: Site,
) -> None:
    html = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    browser = await site.signed_in()
    for path in ("/nope", "/account/nope?x=1", "/marketx", "/market/", "/%2f%2fevil.example"):
        seen = await browser.get(path, headers=html)
        assert seen.status == 404 and "There is nothing here" in seen.words and "Ann" in seen.text, path
        assert 'href="/market"' in seen.text.partition("<main")[2] and "Back to the page" not in seen.words
        assert seen.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        seen = await browser.get(path)
        assert (seen.status, seen.headers["Content-Type"]) == (404, "application/json"), path
    assert "Sign in" in (await site.browser().get("/nope", headers=html)).text
    assert (await browser.post("/nope", {}, headers=html)).status == 404
    assert "json" in (await browser.ask("DELETE", "/nope", headers=html)).headers["Content-Type"]
    assert "json" in (await browser.get("/api/v2/nope", headers=html)).headers["Content-Type"]
    seen = await browser.get("/trades/999999999999999999999", headers=html)
    assert "There is nothing here" in seen.words and "trade: " not in seen.words and "id: " not in seen.words
    for path, way_on in (
        ("/merchant/notices?offset=x", "/merchant/notices"),  # without what was wrong
        ("/trades/x", "/market"),
        ("/merchant/payments/99999", "/market"),
    ):
        seen = await browser.get(path)
        assert f'href="{way_on}"' in seen.text.partition("<main")[2], path


async def test_a_pages_script_hears_of_an_error_in_json(site: Site) -> None:
    browser = await site.signed_in()
    csrf = (await browser.get("/sessions")).csrf
    ask = {"Accept": "application/json"}
    seen = await browser.post("/sessions/end", {"csrf": csrf, "id": "x"}, headers=ask)
    assert seen.status == 422 and seen.headers["Content-Type"] == "application/json"
    assert '"field":"id"' in seen.text and '"error":"id: must be' in seen.text
    seen = await site.browser().get("/sessions", headers=ask)
    assert (seen.status, '"error":"Sign in' in seen.text) == (401, True)


@pytest.fixture
async def real(db: Db) -> AsyncIterator[Site]:
    """A site with Steam's own pictures, as everywhere but beside a simulator."""
    async with site_on(db, steam_image_url=Settings().steam_image_url) as made:
        yield made


# What a page may do ----------------------------------------------------------------------------------------------


async def test_every_page_lets_in_nothing_but_its_own(real: Site) -> None:
    browser = await real.signed_in()
    for path in ("/", "/sessions", "/sign-in?next=//evil", "/sign-in/back", "/sign-out", "/static/web.css"):
        seen = await browser.get(path)
        policy = seen.headers["Content-Security-Policy"]
        assert policy == (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self';"
            " img-src 'self' https://*.steamstatic.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ), path
        assert seen.headers["X-Content-Type-Options"] == "nosniff"
        assert seen.headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", seen.text), path


async def test_a_file_of_a_page_is_kept_by_its_address(site: Site) -> None:
    browser = site.browser()
    page = (await browser.get("/")).text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]*)"', page)
    assert len(addresses) >= 2
    for address in addresses:
        seen = await browser.get(address)
        assert seen.status == 200 and "immutable" in seen.headers["Cache-Control"], address
        again = await browser.get(address, headers={"If-None-Match": seen.headers["ETag"]})
        assert (again.status, again.text) == (304, "")
    assert (await browser.get("/static/nothing.css")).status == 404
    assert (await browser.get("/static/..%2fdesk.py")).status == 404


async def test_pictures_come_from_steam_or_who_stands_in_for_it(real: Site) -> None:
    desk = Desk(real.app.settings)
    assert desk.picture("abc") == "https://community.fastly.steamstatic.com/economy/image/abc/96fx96f"
    assert desk.picture("") == ""
    good = "https://avatars.fastly.steamstatic.com/a_full.jpg"
    assert desk.avatar(good) == good
    for bad in (
        "",
        "https://evil.example/a.jpg",
        "https://steamstatic.com.evil.example/a",
        "javascript:1",
        "//x",
    ):
        assert desk.avatar(bad) == ""
    for bad in ("http://avatars.steamstatic.com/a", "https://evilsteamstatic.com/a"):
        assert desk.avatar(bad) == ""


async def test_a_picture_of_the_simulator_is_shown_where_the_settings_say(db: Db) -> None:
    async with site_on(db, steam_image_url="http://127.0.0.1:9") as site:
        seen = await site.browser().get("/")
        assert "img-src 'self' http://127.0.0.1:9;" in seen.headers["Content-Security-Policy"]


async def test_the_lost_database_is_a_page_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from tradepost.db import DatabaseGone
    from tradepost.market import sessions

    browser = await site.signed_in()

    async def gone(*_: Any) -> None:
        raise DatabaseGone("away")

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sessions, "find", gone)
    seen = await browser.get("/sessions")
    assert seen.status == 503 and "database does not answer" in seen.words
    monkeypatch.setattr(sessions, "find", broken)
    seen = await browser.get("/sessions")
    assert seen.status == 500 and "Something went wrong on our side" in seen.words and "Zero" not in seen.text


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("ann@market.example", "mailto:ann@market.example"),
        ("https://market.example/help", "https://market.example/help"),
    ],
)
async def test_every_page_says_how_to_reach_who_runs_the_market_if_that_is_set(
    db: Db, contact: str, link: str
) -> None:
    async with site_on(db, contact=contact) as site:
        for path in ("/", "/market", "/wallet", "/nothing"):
            assert f'href="{link}"' in (await site.browser().get(path, headers={"Accept": "text/html"})).text


async def test_nothing_stands_there_if_it_is_not_set(site: Site) -> None:
    assert "<footer" not in (await site.browser().get("/")).text
