"""Signing in through Steam: who may, what comes of it, and every way in which it must fail."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from dialects.web.site import OTHER, USER, Seen, Site, site_on
from tradepost.db import Db
from tradepost.market import sessions, users


def failed(seen: Seen) -> bool:
    """Whether a browser got the page of all failures, and nobody was signed in by it."""
    assert not any("tradepost_session" in line for line in seen.cookies)
    return seen.status == 403 and "You are not signed in" in seen.text and "/sign-in?next=" in seen.text


async def sessions_of(site: Site) -> int:
    return int(await site.db.value("SELECT count(*) FROM session"))


async def test_a_user_signs_in_and_is_led_on(site: Site) -> None:
    browser = site.browser()
    seen = await browser.sign_in()
    assert (seen.status, seen.url) == (200, f"{site.url}/sessions")
    assert "Ann &lt;b&gt;&amp;" in seen.text and USER in seen.words  # his name, as text
    account = await users.by_steamid(site.db, USER)
    assert account is not None and (account.known_by, account.name) == ("sign_in", "Ann <b>&")
    assert await site.db.value("SELECT count(*) FROM wallet WHERE account_id = $1", account.id) == 1


async def test_somebody_who_was_known_before_stays_who_he_is(site: Site) -> None:
    async with site.db.transaction() as tx:
        known = await users.know(tx, USER, "payment", site.app.now())
    await site.signed_in()
    account = await users.by_steamid(site.db, USER)
    assert account is not None and (account.id, account.known_by) == (known.id, "payment")


async def test_a_page_that_wants_a_sign_in_leads_back_to_itself(site: Site) -> None:
    browser = site.browser()
    seen = await browser.get("/sessions")
    assert seen.status == 401 and "/sign-in?next=%2Fsessions" in seen.text
    back = await browser.choose(await browser.to_steam("/sessions%3Ffrom=a%253Ab"))
    assert (await browser.get(back, follow=False)).location == "/sessions?from=a%3Ab"


async def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    browser = site.browser()
    back = await browser.choose(await browser.to_steam())
    seen = await browser.get(back, follow=False)
    (session,) = [line for line in seen.cookies if line.startswith("tradepost_session=")]
    assert "Path=/; HttpOnly; SameSite=Lax" in session and "Domain" not in session
    assert "Max-Age=2592000" in session and "Secure" not in session
    assert seen.headers["Cache-Control"] == "no-store" and seen.headers["Referrer-Policy"] == "no-referrer"


async def test_over_tls_no_other_host_can_plant_a_cookie(db: Db) -> None:
    async with site_on(db, base_url="https://market.example", allowed_hosts=("market.example",)) as site:
        browser = site.browser()
        there = {"Host": "market.example"}
        out = await browser.get("/sign-in?next=/sessions", follow=False, headers=there)
        (mine,) = out.cookies
        assert mine.startswith("__Host-tradepost_browser=") and mine.endswith("; Secure")
        assert parse_qs(urlsplit(out.location).query)["openid.realm"] == ["https://market.example"]
        assert out.headers["Strict-Transport-Security"].startswith("max-age=")
        # The way back, as the browser would take it: it is TLS that is missing here, nothing else.
        steam = await browser.get(f"{out.location}&steamid={USER}", follow=False)
        back = steam.location.replace("https://market.example", site.url)
        cookie = {"Cookie": mine.partition(";")[0].replace("__Host-", "")}
        assert failed(await browser.get(back, follow=False, headers={**there, **cookie}))  # a planted one
        out = await browser.get("/sign-in?next=/sessions", follow=False, headers=there)
        steam = await browser.get(f"{out.location}&steamid={USER}", follow=False)
        back = steam.location.replace("https://market.example", site.url)
        cookie = {"Cookie": out.cookies[0].partition(";")[0]}
        seen = await browser.get(back, follow=False, headers={**there, **cookie})
        (session,) = [line for line in seen.cookies if "session" in line]
        assert session.startswith("__Host-tradepost_session=") and session.endswith("; Secure")


# What must fail -------------------------------------------------------------------------------------------------


async def test_a_way_back_is_good_once(site: Site) -> None:
    browser = site.browser()
    back = await browser.choose(await browser.to_steam())
    assert (await browser.get(back)).status == 200
    assert failed(await browser.get(back, follow=False))
    assert await sessions_of(site) == 1


async def test_nobody_is_signed_in_by_a_way_that_another_browser_set_out_by(site: Site) -> None:
    attacker, victim = site.browser(), site.browser()
    back = await attacker.choose(
        await attacker.to_steam(), OTHER
    )  # he stops short of it, and sends the link around
    assert failed(await victim.get(back, follow=False))  # a browser without any cookie of ours
    await victim.to_steam()  # and one that is on a way of its own
    assert failed(await victim.get(back, follow=False))
    assert await sessions_of(site) == 0
    assert (await attacker.get(back)).status == 200  # the way is still his own


async def test_a_nonce_that_was_used_signs_nobody_in(site: Site) -> None:
    """Steam would refuse to check it again; here it is asked a Steam that forgot."""
    browser = site.browser()
    back = await browser.choose(await browser.to_steam())
    query = parse_qs(urlsplit(back).query)
    async with site.db.transaction() as tx:
        await tx.execute(
            "INSERT INTO openid_nonce (nonce, forget_after) VALUES ($1, $2)",
            query["openid.response_nonce"][0],
            site.app.real_now(),
        )
    assert failed(await browser.get(back, follow=False))
    assert await sessions_of(site) == 0


async def test_what_steam_did_not_sign_signs_nobody_in(site: Site) -> None:
    browser = site.browser()
    back = await browser.choose(await browser.to_steam())
    assert failed(await browser.get(back.replace(USER, OTHER), follow=False))
    for name in ("openid.mode=cancel", "openid.mode=error", ""):
        await browser.to_steam()
        state = parse_qs(urlsplit(await browser.to_steam()).query)["openid.return_to"][0]
        assert failed(await browser.get(f"{state}&{name}", follow=False))
    assert await sessions_of(site) == 0


async def test_a_state_is_good_for_ten_minutes(site: Site) -> None:
    browser = site.browser()
    back = await browser.choose(await browser.to_steam())
    await site.db.execute("UPDATE sign_in SET expires_at = $1", site.app.real_now())
    assert failed(await browser.get(back, follow=False))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=",
        "state=x&state=y",
        "state=" + "a" * 5000,
        "state=%ff%fe",
        "state=%00",
        "&" * 500,
        "openid.mode=id_res",
        "state[]=a",
        "%",
        "state=\u00e4",
    ],
)
async def test_whatever_somebody_comes_back_with_is_answered_with_the_one_page(
    site: Site, query: str
) -> None:
    browser = site.browser()
    await browser.to_steam()
    assert failed(await browser.get(f"/sign-in/back?{query}", follow=False))


async def test_a_session_that_was_planted_is_worth_nothing_after_the_sign_in(site: Site) -> None:
    attacker, victim = await site.signed_in(OTHER), site.browser()
    planted = attacker.cookie("tradepost_session")
    victim.plant("tradepost_session", planted)
    await victim.sign_in(USER)
    assert victim.cookie("tradepost_session") not in ("", planted)
    assert USER in (await victim.get("/sessions")).words
    assert (await attacker.get("/sessions")).status == 401  # and it is not even his any more


async def test_two_cookies_of_one_name_are_none(site: Site) -> None:
    browser = await site.signed_in()
    own = browser.cookie("tradepost_session")
    twice = {"Cookie": f"tradepost_session={own}; tradepost_session={'A' * 43}"}
    assert (await site.browser().get("/sessions", headers=twice)).status == 401
    assert (
        await site.browser().get("/sessions", headers={"Cookie": f"tradepost_session={own}"})
    ).status == 200


@pytest.mark.parametrize(
    "key", ["", "A" * 43, "A" * 5000, "\u00e4", "a b", "'; DROP TABLE session", "%00" * 15]
)
async def test_a_cookie_that_is_no_sessions_is_nobody(site: Site, key: str) -> None:
    headers = {"Cookie": f"tradepost_session={key}".encode().decode("latin-1")}
    assert (await site.browser().get("/sessions", headers=headers)).status == 401


async def test_steam_that_does_not_answer_is_no_fault_of_the_visitors(site: Site) -> None:
    browser = site.browser()
    back = await browser.choose(await browser.to_steam())
    fault = {"kind": "openid", "mode": "status", "code": 500, "times": 0}
    await site.box.sim.control("POST", "/_sim/faults", fault)
    seen = await browser.get(back, follow=False)
    assert seen.status == 503 and "Steam does not answer" in seen.text and not seen.cookies


async def test_an_address_sets_out_so_often_and_no_more(db: Db) -> None:
    async with site_on(db, sign_ins_per_minute=3) as site:
        browser = site.browser()
        seen = [await browser.get("/sign-in", follow=False) for _ in range(4)]
        assert [one.status for one in seen] == [303, 303, 303, 429]
        assert int(seen[3].headers["Retry-After"]) >= 1
        assert await db.value("SELECT count(*) FROM sign_in") == 3


# Hosts -------------------------------------------------------------------------------------------------------------


async def test_pages_are_served_for_the_allowed_hosts_alone(site: Site) -> None:
    browser = site.browser()
    for path in ("/", "/sign-in", "/sign-in/back", "/sessions", "/static/web.css"):
        seen = await browser.get(path, headers={"Host": "evil.example"}, follow=False)
        assert seen.status == 421 and "evil" not in seen.text, path


async def test_a_sign_in_begins_where_steam_leads_back_to(site: Site) -> None:
    """A cookie of localhost is not seen at 127.0.0.1; and nobody is led around in circles behind a proxy."""
    browser = site.browser()
    port = urlsplit(site.url).port
    seen = await browser.get(f"http://localhost:{port}/sign-in?next=/sessions%3Fa=b", follow=False)
    assert seen.location == f"{site.url}/sign-in?next=%2Fsessions%3Fa%3Db&moved=/"
    seen = await browser.get(f"http://localhost:{port}/sign-in?next=/sessions&moved=/", follow=False)
    assert seen.location.startswith(site.box.sim.base_url)


# Sessions ----------------------------------------------------------------------------------------------------------


async def test_a_session_ends_by_itself_and_without_use(site: Site) -> None:
    browser = await site.signed_in()
    assert (await browser.get("/sessions")).status == 200
    idle, now = timedelta(days=site.app.settings.session_idle_days), site.app.real_now()
    await site.db.execute("UPDATE session SET seen_at = $1", now - idle + timedelta(minutes=1))
    assert (await browser.get("/sessions")).status == 200  # and it is seen
    seen_at = await site.db.value("SELECT seen_at FROM session")
    assert seen_at >= now
    await site.db.execute("UPDATE session SET seen_at = $1", now - idle)
    assert (await browser.get("/sessions")).status == 401
    await site.db.execute("UPDATE session SET seen_at = $1, expires_at = $1", site.app.real_now())
    assert (await browser.get("/sessions")).status == 401


async def test_what_is_seen_is_written_every_few_minutes_only(site: Site) -> None:
    browser = await site.signed_in()
    before = await site.db.value("SELECT seen_at FROM session")
    await browser.get("/sessions")
    assert await site.db.value("SELECT seen_at FROM session") == before


async def test_a_sign_out_ends_the_session_and_not_only_the_cookie(site: Site) -> None:
    browser = await site.signed_in()
    key = browser.cookie("tradepost_session")
    seen = await browser.post("/sign-out", {"csrf": (await browser.get("/sessions")).csrf}, follow=False)
    assert (seen.status, seen.location) == (303, "/")
    assert any("tradepost_session=; Max-Age=0" in line for line in seen.cookies)
    assert (
        await site.browser().get("/sessions", headers={"Cookie": f"tradepost_session={key}"})
    ).status == 401


async def test_one_ends_a_session_elsewhere_or_all_of_them(site: Site) -> None:
    here, phone, work = [await site.signed_in() for _ in range(3)]
    stranger = await site.signed_in(OTHER)
    page = await here.get("/sessions")
    ids = sorted(row["id"] for row in await site.db.fetch("SELECT id FROM session"))
    assert page.text.count("Another browser") == 2 and "Mozilla/5.0 (a test)" in page.text
    await here.post("/sessions/end", {"csrf": page.csrf, "id": ids[3]})  # another's: nothing happens
    assert (await stranger.get("/sessions")).status == 200
    await here.post("/sessions/end", {"csrf": page.csrf, "id": ids[1]})
    assert ((await phone.get("/sessions")).status, (await work.get("/sessions")).status) == (401, 200)
    await here.post("/sessions/end", {"csrf": page.csrf})
    assert ((await here.get("/sessions")).status, (await work.get("/sessions")).status) == (200, 401)
    assert (await stranger.get("/sessions")).status == 200


async def test_an_account_has_so_many_sessions_and_no_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "SESSIONS_MAX", 2)
    first, second, third = [await site.signed_in() for _ in range(3)]
    assert [(await one.get("/sessions")).status for one in (first, second, third)] == [401, 200, 200]


async def test_the_database_knows_no_cookie(site: Site) -> None:
    browser = site.browser()
    await browser.to_steam()
    secret = [browser.cookie("tradepost_browser")]
    await browser.sign_in()
    secret.append(browser.cookie("tradepost_session"))
    assert all(secret)
    dump = ""
    for table in ("session", "sign_in", "openid_nonce", "account"):
        dump += str(await site.db.fetch(f"SELECT * FROM {table}"))
    assert not [one for one in secret if one in dump or one.encode().hex() in dump]


async def test_what_is_over_is_forgotten(site: Site) -> None:
    browser = await site.signed_in()
    await browser.to_steam()
    assert await sessions.forget_sign_ins(site.app) == 0
    past = site.app.real_now() - timedelta(days=31)
    for table, column in (
        ("session", "seen_at"),
        ("sign_in", "expires_at"),
        ("openid_nonce", "forget_after"),
    ):
        assert await site.db.execute(f"UPDATE {table} SET {column} = $1", past) >= 1
    assert await sessions.forget_sign_ins(site.app) == 3
    assert await sessions.forget_sign_ins(site.app) == 0
