"""The operator's pages: who may see them, what each shows and writes down, what each form does, and what it refuses."""

import re
from datetime import timedelta
from typing import Any

import pytest

import past
from dialects.web.hostile import TEXTS, faults, shows
from dialects.web.operators import CUSTOMER, customer, disputed, make_admin, profiled
from dialects.web.site import OTHER, USER, Browser, Seen, Site
from stock import MARKET_NOW, Stock
from tradepost.market import audit, corrections, ledger, payouts

WHY = "a ticket says so"
PAGES = (
    "/admin",
    "/admin/users",
    f"/admin/users/{CUSTOMER}",
    "/admin/admins",
    "/admin/payouts",
    "/admin/deposits",
    f"/admin/deposits?steamid={CUSTOMER}",
    "/admin/disputes",
    "/admin/corrections",
    "/admin/ledger",
    "/admin/switches",
    "/admin/rates",
    "/admin/alerts",
    "/admin/audit",
)


async def desk(site: Site, steamid: str = USER) -> Browser:
    """An admin who signed in just now."""
    browser = await site.signed_in(steamid)
    await make_admin(site, steamid)
    return browser


async def act(browser: Browser, path: str, page: str = "/admin/users", **fields: Any) -> Seen:
    """A form of a page, sent by its button."""
    seen = await browser.get(page)
    found = re.search(r'name="key" value="([^"]+)"', seen.text)
    form = {"csrf": seen.csrf, **({"key": found[1]} if found else {}), **fields}
    return await browser.post(path, form)


async def deeds(site: Site) -> list[str]:
    """What the audit has, the newest first, without looks."""
    rows = await audit.page(site.db, limit=500)
    return [row.deed for row in rows if not row.deed.startswith("look")]


async def test_they_are_for_admins_who_are_not_frozen_and_say_nothing_to_others(site: Site) -> None:
    await customer(site)
    nobody, stranger = site.browser(), await site.signed_in(OTHER)
    for path in PAGES:
        assert (await nobody.get(path)).status == 401, path
        seen = await stranger.get(path)
        assert seen.status == 403 and "has no role here" in seen.words and "Cay" not in seen.text, path
    assert "/admin" not in (await stranger.get("/sessions")).text
    seen = await act(stranger, f"/admin/users/{CUSTOMER}/freeze", "/sessions", reason=WHY)
    assert seen.status == 403 and await deeds(site) == []
    admin = await desk(site)
    assert '<a href="/admin"' in (await admin.get("/sessions")).text
    for path in PAGES:
        seen = await admin.get(path)
        assert seen.status == 200 and faults(seen.text) == [], (path, seen.words)
        assert len(re.findall("<h1", seen.text)) == 1, path
    await site.db.execute("UPDATE account SET frozen_at = $2 WHERE steamid = $1", USER, site.app.now())
    seen = await admin.get("/admin")
    assert seen.status == 403 and "another admin has to look into it" in seen.words
    await site.db.execute("UPDATE account SET frozen_at = NULL")


async def test_the_overview_shows_what_waits_and_a_month_by_day(site: Site) -> None:
    admin, account = await desk(site), await customer(site, balance_cents=5_000)
    stock = Stock(site.db)
    buyer, seller = await stock.person(deposit_cents=10_000), await stock.person()
    begin = (site.app.now() - timedelta(days=12)).replace(hour=12)  # so that all of it ends on one day
    await past.trades(site.db, buyer, seller, 10, price_cents=400, begin=begin, step=timedelta(minutes=1))
    await profiled(site, account.id)
    await payouts.ask(site.app, account.id, 2_000)
    await site.db.execute("UPDATE switch SET is_off = true, reason = 'a new Steam' WHERE name = 'buying'")
    seen = await admin.get("/admin")
    assert "1 payout open $20.00" in seen.words and "0 cases to decide" in seen.words
    assert "Buying is switched off. a new Steam" in seen.words and "not checked yet" in seen.words
    chart = seen.words.partition("Trades that ended, by day")[2].partition("Volume by day")[0]
    assert re.search(r" 10 0 ", chart) and seen.text.count('class="chart"') == 4
    assert "$40.00" in seen.words.partition("Volume by day")[2] and "Mails" in seen.words


async def test_users_are_found_and_one_is_shown_whole_and_each_look_is_in_the_audit(site: Site) -> None:
    admin, account = await desk(site), await customer(site, balance_cents=5_000)
    await site.db.execute("INSERT INTO profile (account_id, mail) VALUES ($1, 'Cay@example.com')", account.id)
    for search in (CUSTOMER, "ay % _", "cay@example.com"):
        words = (await admin.get("/admin/users", params={"search": search})).words
        assert "Cay % _" in words and "Ann" not in words, search
    assert "Nobody like that" in (await admin.get("/admin/users?search=Cayenne")).words
    assert "Nobody like that" in (await admin.get("/admin/users?frozen=1")).words
    seen = await admin.get(f"/admin/users/{CUSTOMER}")
    assert "$50.00" in seen.words and "Cay@example.com" in seen.words and "No trade yet" in seen.words
    looks = [row for row in await audit.page(site.db) if row.deed == "look /operator/users/{steamid}"]
    assert [(row.actor, row.subject) for row in looks] == [(USER, CUSTOMER)]
    seen = await admin.get(
        f"/admin/audit?subject={CUSTOMER}&actor={USER}&deed=look /operator/users/{{steamid}}"
    )
    assert seen.status == 200 and f"Ann <b>& {USER}" in seen.words and f"Cay % _ {CUSTOMER}" in seen.words
    for path, status, said in (
        ("/admin/users/76561198000000999", 404, "does not know this steamid"),
        ("/admin/users/1", 422, "17 digits"),
        ("/admin/users?before=x", 422, "before"),
        ("/admin/users?frozen=maybe", 422, "frozen"),
        (f"/admin/users?search={'x' * 201}", 422, "search"),
        ("/admin/payouts/99", 404, "no such payout"),
        ("/admin/payouts/9999999999999999999", 404, "no such payout"),
        ("/admin/users?before=9999999999999999999", 200, ""),
        ("/admin/audit?before=9999999999999999999", 200, ""),
        ("/admin/users/76561198000000777?before=9999999999999999999", 200, ""),
        ("/admin/disputes/99", 404, "no such trade"),
        ("/admin/disputes/x", 422, "id"),
        ("/admin/audit?actor=me", 422, "actor"),
        ("/admin/audit?subject=76561198000000999", 404, "does not know"),
        ("/admin/corrections?state=lost", 422, "state"),
        ("/admin/deposits?steamid=7", 422, "steamid"),
        ("/admin/alerts?before=0", 422, "before"),
        ("/admin?done=%3Cb%3E", 200, ""),
    ):
        seen = await admin.get(path)
        assert (seen.status, said in seen.words) == (status, True), (path, seen.status, seen.words)


async def test_a_user_is_banned_told_frozen_and_signed_out_each_once_and_with_a_reason(site: Site) -> None:
    admin, account = await desk(site), await customer(site)
    root = f"/admin/users/{CUSTOMER}"
    page = await admin.get(root)
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key
    banning = {"csrf": page.csrf, "key": key[1], "side": "buyer", "days": "3", "reason": WHY}
    for _ in range(2):  # a double click
        seen = await admin.post(f"{root}/ban", banning)
        assert seen.url.endswith("?done=banned") and "The ban holds from now on." in seen.words
    assert await site.db.value("SELECT count(*) FROM ban WHERE steamid = $1", CUSTOMER) == 1
    assert "banned as buyer" in seen.words and WHY in seen.words
    for path, fields, done in (
        ("lift", {"side": "buyer", "reason": WHY}, "lifted"),
        ("messages", {"text": "Hello,\r\nwe look into it."}, "is sent"),
        ("freeze", {"reason": WHY}, "The account is frozen"),
        ("thaw", {"reason": WHY}, "can act again"),
        ("sign-out", {"reason": WHY}, "are ended"),
    ):
        seen = await act(admin, f"{root}/{path}", root, **fields)
        assert seen.status == 200 and done in seen.words, (path, seen.words)
    assert "we look into it." in seen.words and "not read yet" in seen.words
    assert (await deeds(site))[:6] == [
        "signed out", "account thawed", "account frozen", "message sent", "bans lifted", "ban added",
    ]  # fmt: skip
    seen = await act(admin, f"{root}/thaw", root, reason=WHY)
    assert seen.status == 422 and "is not frozen" in seen.words
    seen = await act(admin, f"{root}/delete", root, typed=USER, reason=WHY)
    assert seen.status == 422 and "must be the SteamID of this user" in seen.words.casefold().replace(
        "steamid", "SteamID"
    )
    seen = await act(admin, f"{root}/delete", root, typed=CUSTOMER, reason=WHY)
    assert seen.status == 200 and seen.url.endswith("/admin/users?done=deleted"), seen.words
    assert await site.db.value("SELECT left_at IS NOT NULL FROM account WHERE id = $1", account.id)


@pytest.mark.parametrize(
    ("path", "page", "fields", "field"),
    [
        ("/admin/users/{c}/ban", "/admin/users/{c}", {"side": "seller", "days": "x", "reason": WHY}, "days"),
        ("/admin/users/{c}/ban", "/admin/users/{c}", {"side": "seller", "days": "3", "reason": "x"}, "reason"),
        ("/admin/users/{c}/ban", "/admin/users/{c}", {"side": "both", "days": "3", "reason": WHY}, "side"),
        ("/admin/users/{c}/messages", "/admin/users/{c}", {"text": "a\tb"}, "text"),
        ("/admin/users/{c}/messages", "/admin/users/{c}", {"text": "x" * 4_001}, "text"),
        ("/admin/users/{c}/freeze", "/admin/users/{c}", {"reason": "y" * 501}, "reason"),
        ("/admin/admins", "/admin/admins", {"steamid": "1", "reason": WHY}, "steamid"),
        ("/admin/deposits", "/admin/deposits", {"steamid": CUSTOMER, "amount": "1e9", "reference": "r", "reason": WHY}, "amount"),
        ("/admin/deposits", "/admin/deposits", {"steamid": CUSTOMER, "amount": "1", "reference": "stripe:1", "reason": WHY}, "reference"),
        ("/admin/deposits", "/admin/deposits", {"steamid": "x", "amount": "1", "reference": "r", "reason": WHY}, "steamid"),
        ("/admin/deposits/reverse", "/admin/deposits", {"reference": "r" * 201, "reason": WHY}, "reference"),
        ("/admin/corrections", "/admin/corrections",
         {"steamid": CUSTOMER, "bucket": "held", "direction": "add", "amount": "1", "reference": "r", "reason": WHY}, "bucket"),
        ("/admin/corrections", "/admin/corrections",
         {"steamid": CUSTOMER, "bucket": "deposit", "direction": "add", "amount": "-1", "reference": "r", "reason": WHY}, "amount"),
        ("/admin/ledger/fees", "/admin/ledger", {"amount": "0", "reference": "r", "reason": WHY}, "amount"),
        ("/admin/switches/buying", "/admin/switches", {"off": "1", "reason": ""}, "reason"),
        ("/admin/rates/EUR", "/admin/rates", {"rate": "0", "reason": WHY}, "rate"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_field_is_said_beside_what_was_typed(
    site: Site, path: str, page: str, fields: dict[str, str], field: str
) -> None:
    admin = await desk(site)
    await customer(site)
    before = await deeds(site)
    path, page = path.format(c=CUSTOMER), page.format(c=CUSTOMER)
    seen = await act(admin, path, page, **fields)
    assert seen.status == 422 and ('aria-invalid="true"' in seen.text or 'class="wrong"' in seen.text), (
        seen.words
    )
    wrong = re.search(
        rf'name="{field}"[^>]*aria-invalid="true"|name="{field}".*?class="wrong"', seen.text, re.DOTALL
    )
    assert wrong and await deeds(site) == before, (field, seen.words)
    kept = next((name for name in fields if name != field and len(fields[name]) > 1), None)
    assert kept is None or fields[kept] in seen.text


async def test_acts_want_a_sign_in_of_the_last_minutes_and_the_forms_own_token(site: Site) -> None:
    admin = await desk(site)
    await customer(site)
    csrf = (await admin.get("/admin/users")).csrf
    root = f"/admin/users/{CUSTOMER}"
    for fields, headers in (
        ({"reason": WHY}, {}),
        ({"csrf": "0" * 64, "reason": WHY}, {}),
        ({"csrf": csrf, "reason": WHY}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf": csrf, "reason": WHY}, {"Origin": "https://evil.example"}),
    ):
        assert (await admin.post(f"{root}/freeze", fields, headers=headers)).status == 403
    assert (await admin.get(f"{root}/freeze")).status == 405
    await site.age_sign_ins(6)
    seen = await admin.get(root)
    assert "To act, prove once more who you are" in seen.words and "<fieldset disabled>" in seen.text
    seen = await admin.post(f"{root}/freeze", {"csrf": csrf, "reason": WHY})
    assert seen.status == 403 and "sign-in of the last five minutes" in seen.words
    assert "account frozen" not in await deeds(site)


async def test_a_large_payout_takes_two_admins_and_every_step_is_one_button(site: Site) -> None:
    first, second = await desk(site), await desk(site, OTHER)
    account = await customer(site, balance_cents=500_000)
    await profiled(site, account.id)
    large = await payouts.ask(site.app, account.id, site.app.settings.payout_two_from_cents)
    small = await payouts.ask(site.app, account.id, 2_000)
    root = f"/admin/payouts/{large.id}"
    words = (await first.get("/admin/payouts")).words
    assert f"Payout {large.id}" in words and "two admins" in words and "Cay % _" in words
    seen = await act(first, f"{root}/approve", root)
    assert "1 of 2" in seen.words and USER in seen.words and "Another admin has to." in seen.words
    assert f'action="{root}/approve"' not in seen.text
    seen = await act(first, f"{root}/approve", root)
    assert seen.status == 422 and "has approved it already" in seen.words
    seen = await act(second, f"{root}/approve", root)
    assert "2 of 2" in seen.words and "Take in hand" in seen.words
    seen = await act(second, f"{root}/send", root)
    seen = await act(second, f"{root}/lose", root, reason="no answer")
    assert "nobody knows whether it was sent" in seen.words and f'action="{root}/send"' not in seen.text
    seen = await act(second, f"{root}/clear", root, reason="not in the books")
    assert "approved, to be sent" in seen.words
    seen = await act(second, f"{root}/pay", root, reference="SK <1>")
    assert "SK <1>" in seen.words and "It is over." in seen.words
    root = f"/admin/payouts/{small.id}"
    seen = await act(first, f"{root}/refuse", root, reason="no such address")
    assert "the money is in the balance again" in seen.words and "no such address" in seen.words
    assert (await deeds(site))[:2] == ["payout refused", "payout paid"]
    words = (await first.get("/admin/payouts")).words
    assert "No payout waits" in words
    over = words.partition("Payouts that are over")[2]
    assert f"Payout {small.id} Cay % _ $20.00 refused" in over and f"Payout {large.id} Cay % _" in over
    words = (await first.get(f"/admin/payouts?before={small.id}")).words
    assert f"Payout {small.id} " not in words and f"Payout {large.id} " in words and "Newest" in words


async def test_a_dispute_is_decided_by_its_evidence(site: Site) -> None:
    admin = await desk(site)
    await customer(site)
    view = await disputed(site, TEXTS[0])
    seen = await admin.get("/admin/disputes")
    assert f"Trade {view.trade.id}" in seen.words and shows(seen.text, TEXTS[0]) and faults(seen.text) == []
    root = f"/admin/disputes/{view.trade.id}"
    assert (await admin.get(f"/admin/cases?id={view.trade.id}")).url.endswith(root)
    seen = await admin.get(root)
    assert shows(seen.text, TEXTS[0]) and "public_inventory" in seen.words and faults(seen.text) == []
    assert 'value="settle"' in seen.text and 'value="refund"' not in seen.text
    seen = await act(admin, f"{root}/rule", root, verdict="refund", causer="", reason=WHY)
    assert seen.status == 422 and "refund is not possible" in seen.words
    seen = await act(admin, f"{root}/rule", root, verdict="reverse", causer="seller", reason=WHY)
    assert "The trade is decided" in seen.words and "taken back" in seen.words and WHY in seen.words
    assert "Nothing to decide" in (await admin.get("/admin/disputes")).words


async def test_money_is_moved_once_for_a_reference_and_a_correction_by_two(site: Site) -> None:
    first, second = await desk(site), await desk(site, OTHER)
    account = await customer(site)
    deposit = {"steamid": CUSTOMER, "amount": "25.00", "reference": "bank 1", "reason": WHY}
    for _ in range(2):
        seen = await act(first, "/admin/deposits", "/admin/deposits", **deposit)
        assert "The deposit is recorded" in seen.words
    words = (await first.get(f"/admin/deposits?steamid={CUSTOMER}")).words
    assert "bank 1 $25.00" in words and (await ledger.wallet(site.db, account.id)).deposit_cents == 2_500
    seen = await act(first, "/admin/deposits", "/admin/deposits", **deposit | {"amount": "26"})
    assert seen.status in (409, 422)
    asked = {"steamid": CUSTOMER, "bucket": "deposit", "direction": "take", "amount": "5", "reference": "c1", "reason": WHY}  # fmt: skip
    seen = await act(first, "/admin/corrections", "/admin/corrections", **asked)
    assert (
        "Nothing moves until another admin approves it." in seen.words
        and "$5.00 from the deposit" in seen.words
    )
    assert f"Asked for by Ann <b>& {USER}" in seen.words
    (one,) = await corrections.page(site.db)
    approve = f"/admin/corrections/{one.id}/approve"
    assert f'action="{approve}"' not in seen.text
    seen = await act(first, approve, "/admin/corrections", reason=WHY)
    assert seen.status == 403 and "Another admin has to approve what you asked for." in seen.words
    seen = await act(second, approve, "/admin/corrections", reason="seen the ticket")
    assert "its money has moved" in seen.words and "seen the ticket" in seen.words
    assert (await ledger.wallet(site.db, account.id)).deposit_cents == 2_000
    seen = await act(first, "/admin/deposits/reverse", "/admin/deposits", reference="bank 1", reason=WHY)
    assert seen.status == 422 and "are spent or held" in seen.words and 'value="bank 1"' in seen.text
    seen = await act(first, "/admin/ledger/fees", "/admin/ledger", amount="1", reference="f1", reason=WHY)
    assert seen.status == 409 and "Take fees out" in seen.words and faults(seen.text) == []
    seen = await act(first, "/admin/ledger", "/admin/ledger")
    assert "The ledger adds up" in seen.words and "was checked just now" in seen.words


async def test_switches_rates_and_roles_are_changed_and_said(site: Site) -> None:
    admin = await desk(site)
    await customer(site)
    seen = await act(admin, "/admin/switches/buying", "/admin/switches", off="1", reason="a new Steam")
    assert "Callers are told: “a new Steam”" in seen.words
    seen = await act(admin, "/admin/switches/buying", "/admin/switches", off="0", reason="it works")
    assert "Callers are told: " not in seen.words
    seen = await act(admin, "/admin/rates/EUR", "/admin/rates", rate="0.9215", reason=WHY)
    assert "0.9215" in seen.words and "in use" in seen.words and f"operator {USER}" in seen.words
    seen = await act(admin, "/admin/admins", "/admin/admins", steamid=CUSTOMER, reason=WHY)
    assert "is an admin now" in seen.words and "Cay % _" in seen.words
    assert "Cay" not in (await admin.get("/admin/alerts")).words
    assert f"User {CUSTOMER} is an admin now" in (await admin.get("/admin/alerts")).words
    seen = await act(admin, f"/admin/admins/{CUSTOMER}/revoke", "/admin/admins", reason=WHY)
    assert "is no admin any more" in seen.words
    seen = await act(admin, f"/admin/admins/{USER}/revoke", "/admin/admins", reason=WHY)
    assert seen.status == 422 and "last admin" in seen.words
    for path, said in (("/admin/switches/all", "name"), ("/admin/rates/USD", "currency")):
        seen = await act(admin, path, "/admin/switches", off="1", rate="1", reason=WHY)
        assert seen.status == 422 and said in seen.words, path


async def test_hostile_texts_stay_texts(site: Site) -> None:
    said = " ".join(" ".join(TEXTS).split())[:480]
    admin, account = await desk(site), await customer(site, balance_cents=5_000, name=TEXTS[0])
    root = f"/admin/users/{CUSTOMER}"
    csrf = (await admin.get(root)).csrf
    for path, fields in (
        (f"{root}/freeze", {"reason": said}),
        (f"{root}/thaw", {"reason": said}),
        (f"{root}/messages", {"text": "\n".join(TEXTS), "key": "k1"}),
        (f"{root}/ban", {"side": "seller", "days": "1", "reason": said, "key": "k2"}),
        (f"{root}/ban", {"side": "seller", "days": said, "reason": said, "key": "k3"}),
        ("/admin/switches/api", {"off": "1", "reason": said}),
        ("/admin/switches/api", {"off": "0", "reason": said}),
        ("/admin/deposits", {"steamid": CUSTOMER, "amount": "1", "reference": said[:190], "reason": said}),
        ("/admin/deposits", {"steamid": said, "amount": said, "reference": said, "reason": said}),
        ("/admin/corrections", {"steamid": CUSTOMER, "bucket": "balance", "direction": "add", "amount": "1",
                                "reference": said[:100], "reason": said}),
    ):  # fmt: skip
        seen = await admin.post(path, {"csrf": csrf, **fields})
        assert seen.status in (200, 422) and faults(seen.text) == [], (path, seen.words)
    await profiled(site, account.id)
    asked = await payouts.ask(site.app, account.id, 2_000)
    await site.db.execute(
        "INSERT INTO operator_alert (ref, kind, at, text) VALUES ($1, 'case', $2, $1)", said, MARKET_NOW
    )
    await site.db.execute(
        "INSERT INTO ledger_check (at, milliseconds, faults) VALUES ($2, 1, ARRAY[$1])", said, MARKET_NOW
    )
    for path in (*PAGES, f"/admin/users?search={'%3Cb%3E%27%22'}", "/admin/audit?deed=%3Cb%3E%27%22"):
        seen = await admin.get(path)
        assert seen.status == 200 and faults(seen.text) == [], (path, faults(seen.text))
    for path in ("/admin/audit", "/admin/alerts", "/admin/ledger", "/admin/corrections", root):
        assert shows((await admin.get(path)).text, said), path
    for text in TEXTS:
        await site.db.execute("UPDATE account SET name = $2 WHERE id = $1", account.id, text[:64])
        for path in ("/admin/users", root, f"/admin/payouts/{asked.id}"):
            seen = await admin.get(path)
            assert seen.status == 200 and faults(seen.text) == [] and shows(seen.text, text[:64]), path
    await site.db.execute("DELETE FROM ledger_check")
