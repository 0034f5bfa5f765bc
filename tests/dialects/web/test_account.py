"""The account's pages: what each shows and changes, for whom, what it refuses beside which field, and what is shown once."""

import io
import re
import zipfile
from datetime import timedelta
from html import unescape
from typing import Any

import past
from dialects.web.hostile import TEXTS, faults, shows
from dialects.web.site import OTHER, USER, Browser, Seen, Site
from factors import code_of
from tradepost.dialects.web.account_disputes import stands
from tradepost.market import (
    agents,
    alerts,
    freezing,
    holidays,
    ledger,
    merchants,
    messages,
    profiles,
    second_factor,
    steam_items,
    tokens,
    users,
)
from tradepost.market.disputes import DisputeShown
from tradepost.rules.trade import State

PAGES = (
    "/account", "/account/alerts", "/account/alerts?what=reviews", "/account/alerts?what=messages", "/account/security",
    "/account/programs", "/account/grants", "/account/tokens", "/account/disputes", "/account/data",
)  # fmt: skip


async def account_of(site: Site, steamid: str = USER) -> int:
    account = await users.by_steamid(site.db, steamid)
    assert account is not None
    return account.id


async def send(browser: Browser, page: str, path: str, **fields: Any) -> Seen:
    """A form of a page, sent by its button."""
    return await browser.post(path, {"csrf": (await browser.get(page)).csrf, **fields})


def wrong(seen: Seen, field: str) -> str:
    """What is said beside a field, which has to name itself and be told of by the field."""
    found = re.search(rf'<span class="fault" id="wrong-{field}" role="alert">(.*?)</span>', seen.text)
    assert found, seen.words
    assert (
        re.search(rf'name="{field}"[^>]*aria-invalid="true" aria-describedby="wrong-{field}"', seen.text)
        or field == "scopes"
    )
    return unescape(found[1])


async def mailed_code(site: Site) -> str:
    text: str = await site.db.value(
        "SELECT text FROM mail WHERE subject = 'Tradepost: your code' ORDER BY id DESC LIMIT 1"
    )
    return text.partition("Your code is ")[2][:6]


async def test_each_page_is_for_who_is_signed_in_and_shows_him_what_he_lacks(site: Site) -> None:
    for path in PAGES:
        assert (await site.browser().get(path)).status == 401, path
    browser = await site.signed_in()
    for path in PAGES:
        seen = await browser.get(path)
        assert seen.status == 200 and not faults(seen.text), path
        assert seen.text.count("<h1") == 1, path
    words = (await browser.get("/account")).words
    assert "Missing: a trade URL that Steam takes" in words and "Missing: money to spend" in words
    assert (
        "Missing: your program, running and signed in to Steam" in words
        and "Missing: a second factor" in words
    )
    for path in (
        "/account?done=nonsense",
        "/account/alerts?what=all",
        "/account/disputes?offset=-1",
        "/account/alerts?before=0",
    ):
        assert (await browser.get(path)).status == 422, path
    token = (await browser.get("/account")).csrf
    forms = [
        "/account/trade-url", "/account/short-name", "/account/discord", "/account/skrill", "/account/mail", "/account/mail-code",
        "/account/mail-remove", "/account/notices", "/account/holiday", "/account/holiday-end", "/account/alerts/read",
        "/account/security/begin", "/account/security/confirm", "/account/security/codes", "/account/security/off",
        "/account/programs", "/account/programs/unpair", "/account/grants", "/account/grants/floor", "/account/grants/revoke",
        "/account/tokens", "/account/tokens/revoke", "/account/data/file", "/account/data/delete",
    ]  # fmt: skip
    for path in forms:
        seen = await browser.post(path, {"csrf": "0" * 64})
        assert seen.status == 403, path
        seen = await browser.post(path, {"csrf": token}, headers={"Sec-Fetch-Site": "cross-site"})
        assert seen.status == 403, path
        assert (await site.browser().post(path, {"csrf": token})).status == 401, path
    assert await site.db.value("SELECT count(*) FROM api_token") == 0


async def test_what_money_depends_on_wants_a_sign_in_of_the_last_minutes(site: Site) -> None:
    browser = await site.signed_in()
    token = (await browser.get("/account")).csrf
    await site.age_sign_ins(6)
    for path, fields in (
        ("/account/skrill", {"skrill": "thief@example.com"}), ("/account/security/begin", {}), ("/account/security/off", {}),
        ("/account/security/codes", {"seen": "x"}), ("/account/tokens", {"seen": "0", "scopes[]": "buy"}),
        ("/account/grants", {"merchant": OTHER}), ("/account/data/file", {}), ("/account/data/delete", {"confirm": USER}),
    ):  # fmt: skip
        seen = await browser.post(path, {"csrf": token, **fields})
        assert (seen.status, "sign-in of the last five minutes" in seen.words) == (403, True), path
    for path in ("/account", "/account/security", "/account/tokens", "/account/grants", "/account/data"):
        seen = await browser.get(path)
        assert "Sign in again" in seen.words, path
    assert (await profiles.read(site.db, await account_of(site))).skrill == ""


async def test_profile_forms_keep_what_fits_and_say_beside_the_field_what_does_not(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    other = await site.signed_in(OTHER)
    assert "is saved" in (await send(browser, "/account", "/account/short-name", shorturl="ann7")).words
    assert '<a href="/u/ann7">your page</a>' in (await browser.get("/account")).text
    for text, clause in (("admin", "reserved"), ("ANN", "small letters"), ("a" * 13, "1 to 12")):
        seen = await send(other, "/account", "/account/short-name", shorturl=text)
        assert seen.status == 422 and clause in wrong(seen, "shorturl") and f'value="{text}"' in seen.text
    taken = await send(other, "/account", "/account/short-name", shorturl="ann7")
    assert "somebody else's" in wrong(taken, "shorturl")
    assert (
        "is saved"
        in (
            await send(
                browser, "/account", "/account/discord", discord="12345678901234567", discordtag="ann#1234"
            )
        ).words
    )
    assert wrong(await send(browser, "/account", "/account/discord", discord="17"), "discord")
    assert wrong(await send(browser, "/account", "/account/discord", discordtag="@"), "discordtag")
    assert "is saved" in (await send(browser, "/account", "/account/skrill", skrill="ann@example.com")).words
    assert wrong(await send(browser, "/account", "/account/skrill", skrill="nobody"), "skrill")
    profile = await profiles.read(site.db, me)
    assert (profile.shorturl, profile.discord, profile.skrill) == (
        "ann7",
        "12345678901234567",
        "ann@example.com",
    )
    assert "Payouts wait until" in (await browser.get("/account")).words
    await send(browser, "/account", "/account/skrill", skrill="")
    assert (await profiles.read(site.db, me)).skrill == ""

    mine = "https://steamcommunity.com/tradeoffer/new/?partner=39734373&token=zPvo-jv3"
    foreign = mine.replace("39734373", "39734374")
    kept = await send(browser, "/account", "/account/trade-url", tradeurl=mine)
    assert "Your trade URL is saved" in kept.words and unescape(kept.text).count(mine) == 1
    assert "another Steam account" in wrong(
        await send(browser, "/account", "/account/trade-url", tradeurl=foreign), "tradeurl"
    )
    for text in (
        "x",
        "https://evil.example/tradeoffer/new/?partner=39734373&token=zPvo-jv3",
        "javascript:alert(1)",
        mine + "&token=b",
    ):
        assert "must be a trade URL" in wrong(
            await send(browser, "/account", "/account/trade-url", tradeurl=text), "tradeurl"
        )
    assert (await users.by_id(site.db, me)).trade_token == "zPvo-jv3"


async def test_a_contact_mail_is_confirmed_by_its_code_and_can_be_silenced_and_removed(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    assert wrong(await send(browser, "/account", "/account/mail", mail="ann"), "mail")
    asked = await send(browser, "/account", "/account/mail", mail="ann@example.com")
    assert "A code was sent" in asked.words and "mailed to ann@example.com" in asked.words
    real = await mailed_code(site)
    no = await send(
        browser, "/account", "/account/mail-code", code="000000" if real != "000000" else "111111"
    )
    assert "is not the one that was mailed" in wrong(no, "code")
    assert wrong(await send(browser, "/account", "/account/mail-code", code="12"), "code")
    done = await send(browser, "/account", "/account/mail-code", code=real)
    assert "Your contact mail is confirmed" in done.words and "ann@example.com confirmed" in done.words
    assert "already" in (await send(browser, "/account", "/account/mail", mail="ann@example.com")).words
    await send(browser, "/account", "/account/notices")
    assert not (await profiles.read(site.db, me)).mail_notices
    await send(browser, "/account", "/account/notices", status="1")
    assert (await profiles.read(site.db, me)).mail_notices
    late = await send(browser, "/account", "/account/mail-code", code="123456")
    assert late.status == 422 and "No mail address waits for a code" in late.words
    await send(browser, "/account", "/account/mail-remove")
    assert (await profiles.read(site.db, me)).mail == ""


async def test_a_holiday_is_said_on_every_page_until_it_is_over(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    assert "You are on holiday" in (await send(browser, "/account", "/account/holiday", days="3")).words
    holiday = await holidays.current(site.db, me, site.app.now())
    assert holiday is not None and holiday.until is not None
    for path in ("/wallet", "/account/programs"):
        assert "You are on holiday" in (await browser.get(path)).text, path
    assert "You are away until" in (await browser.get("/account")).words
    await send(browser, "/account", "/account/holiday", days="")
    changed = await holidays.current(site.db, me, site.app.now())
    assert changed is not None and changed.until is None and changed.since == holiday.since
    for days in ("2", "-1", "1e3", "365"):
        assert (await send(browser, "/account", "/account/holiday", days=days)).status == 422
    assert "You are back" in (await send(browser, "/account", "/account/holiday-end")).words
    assert "on holiday" not in (await browser.get("/wallet")).text


async def test_the_second_factor_is_turned_on_renewed_and_off_and_its_codes_are_shown_once(
    site: Site,
) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    begun = await send(browser, "/account/security", "/account/security/begin")
    assert '<svg class="qr"' in begun.text
    (secret,) = re.findall(r'<code class="secret" translate="no">([A-Z2-7 ]+)</code>', begun.text)
    known = await second_factor.awaited(site.app, me, "x")
    assert known is not None and secret.replace(" ", "") == known.secret
    assert (
        secret in (await send(browser, "/account/security", "/account/security/begin")).text
    )  # who reloads has it scanned
    await site.db.execute("UPDATE second_factor SET asked_at = asked_at - interval '31 minutes'")
    fresh = await send(browser, "/account/security", "/account/security/begin")
    (secret,) = re.findall(r'<code class="secret" translate="no">([A-Z2-7 ]+)</code>', fresh.text)
    again = await send(browser, "/account/security", "/account/security/confirm", code="000000")
    assert (
        "is not the one of your program" in wrong(again, "code") and secret in again.text
    )  # the same is still shown
    on = await send(
        browser, "/account/security", "/account/security/confirm", code=await code_of(site.app, me)
    )
    codes = re.findall(r"<li>([a-z0-9-]{10,})</li>", on.text)
    assert len(codes) == 10 and "The second factor is on." in on.words
    assert all(code in unescape(on.text.partition("data:text/plain")[2]) for code in codes)
    page = await browser.get("/account/security")
    assert codes[0] not in page.text and "10 recovery codes are left" in page.words
    (seen,) = re.findall(r'name="seen" value="(\w+)"', page.text)
    renewal = {"csrf": page.csrf, "seen": seen}
    anew = await browser.post("/account/security/codes", renewal)
    newer = re.findall(r"<li>([a-z0-9-]{10,})</li>", anew.text)
    assert len(newer) == 10 and not set(newer) & set(codes)
    reloaded = await browser.post("/account/security/codes", renewal)
    assert reloaded.status == 422 and "Nothing was made anew" in reloaded.words
    assert await site.db.value("SELECT count(*) FROM recovery_code") == 10
    await site.db.execute(
        "UPDATE session SET code_given_at = code_given_at - interval '6 minutes', signed_in_at = signed_in_at - interval '6 minutes'"
    )
    stale = await browser.post("/account/security/off", {"csrf": page.csrf})
    assert stale.status == 403 and "code of the last five minutes" in stale.words
    await browser.post("/sign-in/code", {"csrf": page.csrf, "code": newer[0], "next": "/account/security"})
    assert (
        "The second factor is off."
        in (await send(browser, "/account/security", "/account/security/off")).words
    )
    await browser.sign_in()
    off = await send(browser, "/account/security", "/account/security/off")
    assert off.status == 422 and "is not on" in off.words


async def test_a_token_is_shown_once_does_what_was_ticked_and_is_made_once_a_form(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    page = await browser.get("/account/tokens")
    form = {
        "csrf": page.csrf,
        "seen": "0",
        "label": TEXTS[0],
        "scopes[]": ["read", "buy"],
        "addresses": "203.0.113.7, 10.0.0.0/8",
        "days": "30",
    }
    made = await browser.post("/account/tokens", form)
    (text,) = re.findall(r'id="token" translate="no">(test_[A-Za-z0-9_-]{43})<', made.text)
    found = await tokens.caller(site.app, text)
    assert (found.account_id, found.scopes, found.label, found.allow_url) == (
        me,
        frozenset({"read", "buy"}),
        TEXTS[0],
        False,
    )
    assert [str(one) for one in found.allow_addresses] == ["203.0.113.7/32", "10.0.0.0/8"]
    assert found.expires_at is not None
    again = await browser.post("/account/tokens", form)
    assert again.status == 422 and "was made since this page was opened" in again.words
    page = await browser.get("/account/tokens")
    assert (
        text not in page.text
        and text[:13] in page.text
        and shows(page.text, TEXTS[0])
        and not faults(page.text)
    )
    for changes, field, clause in (
        ({"scopes[]": []}, "scopes", "at least one"), ({"scopes[]": ["all"]}, "scopes", "must be one of read, sell, buy"),
        ({"label": "x" * 101}, "label", "at most 100"), ({"addresses": "home"}, "addresses", "not home"),
        ({"addresses": "1.1.1.1 " * 51}, "addresses", "at most 50"), ({"days": "0"}, "days", "from 1 to 3650"),
        ({"days": "3651"}, "days", "from 1 to 3650"),
    ):  # fmt: skip
        seen = await browser.post("/account/tokens", {**form, "seen": "1", "label": "fine", **changes})
        assert seen.status == 422 and clause in wrong(seen, field), (field, seen.words)
    assert (await browser.post("/account/tokens", {**form, "seen": "x"})).status == 422
    other = await site.signed_in(OTHER)
    theirs = await send(other, "/account/tokens", "/account/tokens/revoke", prefix=text[:13])
    assert theirs.status == 404
    assert (
        "The token is revoked"
        in (await send(browser, "/account/tokens", "/account/tokens/revoke", prefix=text[:13])).words
    )
    assert (await send(browser, "/account/tokens", "/account/tokens/revoke", prefix="short")).status == 422
    assert (await send(browser, "/account/tokens", "/account/tokens/revoke", prefix=text[:13])).status == 404


async def test_a_program_is_paired_by_its_code_seen_at_once_and_unpaired(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    shown = await send(browser, "/account/programs", "/account/programs")
    (code,) = re.findall(r'id="pairing" translate="no">([A-Z0-9-]+)<', shown.text)
    assert f"tradepost agent pair --market {site.url} --code {code}" in shown.words
    live = await browser.http.get(f"{site.url}/account/programs/live")
    assert live.status == 200

    async def until(text: str) -> str:
        while text not in (line := (await live.content.readline()).decode()):
            pass
        return line

    assert '"code":' not in await until("No program is connected yet")  # the page keeps what it shows
    async with site.db.transaction() as tx:
        now = site.app.real_now()
        _, agent = await agents.pair(tx, code, TEXTS[1], "linux", TEXTS[2], now=site.app.now(), real_now=now)
        device = agents.Device(USER, TEXTS[2], "linux", True, None, ("create", "watch", "inventory"))
        await agents.heard(tx, agent, device, now, site.app.settings.heartbeat_ttl_seconds)
    assert "good for nothing any more" in await until("Connected: what you have on sale can be bought.")
    live.close()
    page = await browser.get("/account/programs")
    assert shows(page.text, TEXTS[1]) and not faults(page.text) and "ready to send" in page.words
    assert "sends offers, watches what becomes of them, reads your inventory" in page.words
    other = await site.signed_in(OTHER)
    assert (await send(other, "/account/programs", "/account/programs/unpair", id=agent.id)).status == 404
    assert (await send(browser, "/account/programs", "/account/programs/unpair", id="x")).status == 422
    assert (
        "is unpaired"
        in (await send(browser, "/account/programs", "/account/programs/unpair", id=agent.id)).words
    )
    assert (await send(browser, "/account/programs", "/account/programs/unpair", id=agent.id)).status == 404
    assert await site.db.value("SELECT count(*) FROM presence WHERE account_id = $1", me) == 0
    assert (await site.browser().get("/account/programs/live")).status == 401


async def test_a_grant_is_given_changed_and_taken_back_and_ends_what_hangs_on_it(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    shop = await site.box.stock.person()
    steamid = await site.box.stock.steamid_of(shop)
    await site.db.execute("UPDATE account SET name = $2 WHERE id = $1", shop, TEXTS[0])
    page = "/account/grants"
    nobody = await send(browser, page, page, merchant=steamid, floor="70")
    assert "is nobody's who sells for others here" in wrong(
        nobody, "merchant"
    )  # he has neither gateway nor token
    async with site.db.transaction() as tx:
        await merchants.make_token(tx, shop, site.app.now(), test=True)
    for text in ("-1", "lots", "3000.01", "1e2"):
        seen = await send(browser, page, page, merchant=steamid, floor=text)
        assert (
            "must be a percentage from 0 to 3000" in wrong(seen, "floor") and f'value="{text}"' in seen.text
        )
    assert "must be a SteamID64" in wrong(await send(browser, page, page, merchant="7"), "merchant")
    own = await send(browser, page, page, merchant=USER)
    assert own.status == 422
    assert "may sell your items" in (await send(browser, page, page, merchant=steamid, floor="85,5 %")).words
    (grant,) = await merchants.grants_of_seller(site.db, me)
    assert (grant.merchant_id, grant.floor_bps, grant.given_by) == (shop, 8_550, "page")
    offer = await site.box.stock.offer(me, 100, payee_id=shop)
    seen = await browser.get(page)
    assert "1 of your items on sale; for no less than 85.50 % of the Steam price" in seen.words
    assert shows(seen.text, TEXTS[0]) and not faults(seen.text)
    assert "is changed" in (await send(browser, page, f"{page}/floor", id=shop, floor="0")).words
    bad = await send(browser, page, f"{page}/floor", id=shop, floor="x")
    assert bad.status == 422 and "must be a percentage" in bad.words
    other = await site.signed_in(OTHER)
    assert (await send(other, page, f"{page}/floor", id=shop, floor="5")).status == 404
    assert (await send(other, page, f"{page}/revoke", id=shop)).status == 404
    assert (await send(browser, page, f"{page}/revoke", id="0")).status == 422
    assert "is taken back" in (await send(browser, page, f"{page}/revoke", id=shop)).words
    assert await site.db.value("SELECT state FROM offer WHERE id = $1", offer) == "ended"
    assert "No merchant sells for you" in (await browser.get(page)).words


async def test_what_one_is_told_is_read_one_by_one_or_all_at_once(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    async with site.db.transaction() as tx:
        for number in range(32):
            await alerts.tell(tx, me, "alert", f"alert {number} {TEXTS[number % len(TEXTS)]}", site.app.now())
        await alerts.tell(tx, me, "review", "An operator looks at it.", site.app.now())
        await messages.send(tx, me, f"Two\nlines {TEXTS[0]}", actor_id=None, now=site.app.real_now())
    first = await browser.get("/account/alerts")
    assert "32 to read" in first.words and "alert 31 " in first.words and "alert 1 " not in first.words
    assert not faults(first.text) and ": 34 to read" in first.text  # the bell
    older = await browser.get("/account/alerts?what=alerts&offset=30")
    assert "alert 1 " in older.words and "Newest" in older.words
    newest = int(await site.db.value("SELECT max(id) FROM alert WHERE kind = 'alert'"))
    assert (
        await send(browser, "/account/alerts", "/account/alerts/read", what="alerts", id=newest)
    ).status == 200
    assert (await alerts.counts(site.db, me)).alerts == 31
    other = await site.signed_in(OTHER)
    assert (
        await send(other, "/account/alerts", "/account/alerts/read", what="alerts", id=newest)
    ).status == 404
    await send(other, "/account/alerts", "/account/alerts/read", what="alerts", last=newest)
    await send(browser, "/account/alerts", "/account/alerts/read", what="alerts", last=newest - 1)
    assert (await alerts.counts(site.db, me)).alerts == 0
    assert "An operator looks at it." in (await browser.get("/account/alerts?what=reviews")).words
    await send(browser, "/account/alerts", "/account/alerts/read", what="reviews")
    assert (await alerts.counts(site.db, me)).reviews == 0
    told = await browser.get("/account/alerts?what=messages")
    assert shows(told.text, f"Two\nlines {TEXTS[0]}") and not faults(told.text)
    await send(browser, "/account/alerts", "/account/alerts/read", what="messages", last=10**18)
    assert await messages.unread(site.db, me) == 0
    assert "to read" not in (await browser.get("/account/alerts")).text
    for fields in ({"what": "all"}, {"what": "alerts", "id": "x"}, {}):
        assert (await send(browser, "/account/alerts", "/account/alerts/read", **fields)).status == 422


async def test_disputes_of_either_side_are_shown_and_what_the_buyer_said_to_him_alone(site: Site) -> None:
    buyer, seller = await site.signed_in(), await site.signed_in(OTHER)
    me, other = await account_of(site), await account_of(site, OTHER)
    assert "Did something go wrong" in (await buyer.get("/account/disputes")).words
    async with site.db.transaction() as tx:
        await ledger.deposit(tx, me, 1_000, "for a trade", past.BEGIN)
        await steam_items.set_prices(tx, "csgo", {TEXTS[1]: 100}, site.app.real_now())
    await past.trades(site.db, me, other, 1, name=TEXTS[1])
    await site.db.execute("INSERT INTO dispute SELECT id, buyer_id, $1, ended_at FROM trade", TEXTS[0])
    mine, theirs = await buyer.get("/account/disputes"), await seller.get("/account/disputes")
    assert shows(mine.text, TEXTS[0]) and shows(mine.text, TEXTS[1]) and not faults(mine.text)
    assert "bought by you" in mine.words and "sold by you" in theirs.words
    assert not shows(theirs.text, TEXTS[0]) and "decided: the seller is paid" in theirs.words


def test_a_dispute_stands_as_its_trade_does() -> None:
    def of(state: State, *, is_open: bool = False, is_buyer: bool = True) -> str:
        return stands(DisputeShown(1, "x", 1, is_buyer, "", past.BEGIN, is_open, state, "", None))[0]

    assert of(State.PROTECTED, is_open=True) == "an operator looks at it"
    assert of(State.FINISHED) == "decided: the seller is paid"
    assert of(State.REVERSED) == of(State.CANCELLED) == "decided: the buyer has his money back"
    assert of(State.PROTECTED) == "decided: the trade goes on"


async def test_one_has_all_ones_data_and_leaves_once_nothing_is_open(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    token = (await browser.get("/account/data")).csrf
    async with browser.http.post(f"{site.url}/account/data/file", data={"csrf": token}) as answer:
        assert answer.status == 200 and "attachment" in answer.headers["Content-Disposition"]
        with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
            assert "away_since" in archive.read("account.json").decode()
    async with site.db.transaction() as tx:
        await ledger.deposit(tx, me, 500, "in the way", site.app.now())
    page = await browser.get("/account/data")
    assert "5.00 USD in its deposit" in page.words and "Delete my account" not in page.words
    early = await browser.post("/account/data/delete", {"csrf": token, "confirm": USER})
    assert early.status == 422 and "cannot be deleted yet" in early.words
    async with site.db.transaction() as tx:
        legs = (ledger.Posting(me, "deposit", -500), ledger.Posting(None, "world", 500))
        await ledger.post(tx, "deposit_reversed:in the way", "deposit_reversed", legs, site.app.now())
    other = await send(browser, "/account/data", "/account/data/delete", confirm=OTHER)
    assert "is another one" in wrong(other, "confirm") and f'value="{OTHER}"' in other.text
    left = await send(browser, "/account/data", "/account/data/delete", confirm=USER)
    assert left.status == 200 and "Your data are deleted" in left.words and not browser.cookie("session")
    assert (await browser.get("/account")).status == 401
    assert await users.by_steamid(site.db, USER) is None


async def test_hostile_texts_are_text_wherever_an_account_shows_them(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    for text in TEXTS:
        await site.db.execute("UPDATE account SET name = $2, avatar = $3 WHERE id = $1", me, text[:64], text)
        await site.db.execute(
            "INSERT INTO profile (account_id, mail, skrill, skrill_set_at, discord, discordtag) VALUES ($1, $2, $2, now(), $2, $2)"
            " ON CONFLICT (account_id) DO UPDATE SET mail = $2, skrill = $2, skrill_set_at = now(), discord = $2, discordtag = $2",
            me, text,
        )  # fmt: skip
        for path in ("/account", "/account/security", "/wallet/payout"):
            seen = await browser.get(path)
            assert seen.status == 200 and not faults(seen.text), (path, text)
        for path, field in (
            ("/account/short-name", "shorturl"),
            ("/account/trade-url", "tradeurl"),
            ("/account/mail", "mail"),
            ("/account/skrill", "skrill"),
        ):
            seen = await browser.post(path, {"csrf": seen.csrf, field: text})
            assert seen.status == 422 and not faults(seen.text), (path, text)
    await freezing.freeze(site.app, me, actor_id=None, reason=TEXTS[0])
    await site.db.execute(
        "INSERT INTO ban (steamid, side, reason, from_at, until_at) VALUES ($1, 'buyer', $2, $3, $4)",
        USER, TEXTS[1], site.app.now() - timedelta(days=1), site.app.now() + timedelta(days=1),
    )  # fmt: skip
    seen = await browser.get("/account")
    assert "Your account is frozen" in seen.words and shows(seen.text, TEXTS[1]) and not faults(seen.text)
    assert "You cannot buy until" in seen.words
