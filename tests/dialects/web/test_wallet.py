"""The wallet's pages: what each shows of one's money and to whom, what they refuse, and that nothing is done twice."""

import csv
import io
import re
from datetime import timedelta

import past
from dialects.web.deals import deals_on
from dialects.web.hostile import TEXTS, faults, shows
from dialects.web.site import OTHER, Browser, Seen, Site, site_on
from market.till import SECRET_KEY, WEBHOOK_SECRET, stripe_till
from tradepost.db import Db
from tradepost.market import clock, deposits, freezing, histories, ledger, payouts, profiles, users
from tradepost.market.ledger import Posting
from tradepost.rules.trade import Settled

PAGES = ("/wallet", "/wallet/history", "/wallet/deposit", "/wallet/payout", "/wallet/export")


async def account_of(site: Site, browser_of: str | None = None) -> int:
    account = await users.by_steamid(site.db, browser_of or "76561198000000101")
    assert account is not None
    return account.id


async def earn(site: Site, account_id: int, cents: int, key: str = "earned") -> None:
    """Somebody has money that can be paid out."""
    async with site.db.transaction() as tx:
        legs = (Posting(account_id, "balance", cents), Posting(None, "world", -cents))
        await ledger.post(tx, f"test-{key}-{account_id}", "deposit", legs, site.app.now())


def marks(seen: Seen, by: str = "") -> dict[str, str]:
    """The hidden fields of a form of the page: the one with this word in it."""
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", seen.text, re.DOTALL)
    (form,) = [one for one in forms if by in one and 'name="key"' in one]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


async def csrf(browser: Browser) -> str:
    return (await browser.get("/wallet")).csrf


async def test_each_page_is_for_who_is_signed_in_and_teaches_who_has_nothing_yet(site: Site) -> None:
    for path in PAGES:
        seen = await site.browser().get(path)
        assert (seen.status, "Sign in through Steam to see this page." in seen.words) == (401, True), path
    browser = await site.signed_in()
    for path in PAGES:
        assert (await browser.get(path)).status == 200, path
    words = (await browser.get("/wallet")).words
    assert "To spend $0.00" in words and "No money has moved yet" in words and "Reserve" not in words
    assert "No payout yet" in (await browser.get("/wallet/payout")).words
    assert "No money has moved yet" in (await browser.get("/wallet/history")).words


async def test_the_history_is_whole_page_by_page_with_what_could_be_spent_after_each(site: Site) -> None:
    browser = await site.signed_in()
    me, other = await account_of(site), await site.box.stock.person(deposit_cents=100_000)
    async with site.db.transaction() as tx:
        await ledger.deposit(tx, me, 50_000, "first", past.BEGIN)
    await past.trades(site.db, other, me, 40, price_cents=300)
    await past.trades(site.db, me, other, 20, price_cents=200, begin=past.BEGIN + timedelta(hours=3))
    async with (
        site.db.transaction() as tx
    ):  # a transfer that moves both buckets has two rows, one after the other
        legs = (Posting(me, "balance", -100), Posting(me, "deposit", 100))
        await ledger.post(tx, "test-both", "deposit", legs, site.app.now())
    known, total = await histories.movements(site.db, me, first=0, count=200)
    assert total == 63
    found, place = list[histories.Moved](), None
    while True:
        rows, place = await histories.moved(site.db, me, before=place, count=7)
        found += rows
        if place is None:
            break
    assert [
        (one.transfer_id, one.book, one.amount_cents, one.after_cents, one.spendable_cents) for one in found
    ] == [
        (one.transfer_id, one.book, one.amount_cents, one.after_cents, one.spendable_cents) for one in known
    ]
    bought, _ = await histories.moved(site.db, me, kinds=["held"], count=100)
    assert [one.spendable_cents for one in bought] == [
        one.spendable_cents for one in known if one.kind == "held"
    ]

    first = await browser.get("/wallet/history")
    assert first.text.count('<th scope="row">') == 50
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first.text)
    second = await browser.get(older.replace("&amp;", "&"))
    assert second.text.count('<th scope="row">') == 13 and "Newest" in second.words
    assert "Deposit for buying" in second.words and "+$500.00" in second.words
    sales = await browser.get("/wallet/history?what=sales")
    assert (
        sales.text.count("Sold: P250") == 40
        and "Bought" not in sales.words.partition("everything")[2].partition("What")[2]
    )
    nothing = await browser.get("/wallet/history?what=payouts")
    assert "There is no movement like that" in nothing.words
    part = await browser.get(
        "/wallet/history?what=sales", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert "<html" not in part.text and part.text.count("Sold: P250") == 40
    for query, field in (
        ("what=nonsense", "what"),
        ("before=1", "before"),
        ("before=1-x", "before"),
        ("before=-1--2", "before"),
    ):
        seen = await browser.get(f"/wallet/history?{query}")
        assert seen.status == 422 and field in seen.words, query
    overview = await browser.get("/wallet")
    assert 'data-chart="' in overview.text and "Sold ever $120.00" in overview.words
    assert (await browser.get("/wallet?period=2W")).status == 422
    chart = await browser.get(
        "/wallet?period=All", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert "<html" not in chart.text and "all time" in chart.words


async def test_play_money_is_added_once_a_form_and_never_where_money_is_real(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    page = await browser.get("/wallet/deposit")
    form = {**marks(page, 'value="play"'), "amount": "12,50"}
    for _ in range(2):  # the second time is a reload
        seen = await browser.post("/wallet/deposit", form)
        assert seen.url.endswith("/wallet?done=played") and "Play money was added" in seen.words
    assert (await ledger.wallet(site.db, me)).deposit_cents == 1_250
    for amount, clause in (
        ("", "missing"),
        ("much", "must be a price"),
        ("1000.01", "1000.00"),
        ("0", "0.01"),
        ("1e3", "must be a price"),
    ):
        seen = await browser.post("/wallet/deposit", {**marks(page, 'value="play"'), "amount": amount})
        assert (
            seen.status == 422 and clause in seen.words and ("amount" in seen.words or "Amount" in seen.words)
        ), amount
    assert (
        'value="much"'
        in (await browser.post("/wallet/deposit", {**marks(page, 'value="play"'), "amount": "much"})).text
    )
    assert (await browser.post("/wallet/deposit", {**form, "by": "luck"})).status == 422
    assert (await browser.post("/wallet/deposit", {**form, "key": "../x"})).status == 422
    assert (await browser.post("/wallet/deposit", {**form, "csrf": "0" * 64})).status == 403
    assert (
        await browser.post("/wallet/deposit", form, headers={"Sec-Fetch-Site": "cross-site"})
    ).status == 403
    other = await site.signed_in(OTHER)
    assert (await other.post("/wallet/deposit", form)).status == 403  # with another's token
    assert (await ledger.wallet(site.db, me)).deposit_cents == 1_250
    async with site.db.transaction() as tx:
        await ledger.deposit(tx, me, deposits.PLAY_CENTS_MAX, "much", site.app.now())
    full = await browser.post(
        "/wallet/deposit", {**marks(await browser.get("/wallet/deposit"), 'value="play"'), "amount": "5"}
    )
    assert full.status == 422 and "have to be enough" in full.words


async def test_a_deposit_by_card_stands_on_the_page_until_it_is_paid(db: Db) -> None:
    async with (
        stripe_till() as till,
        site_on(
            db, stripe_secret_key=SECRET_KEY, stripe_webhook_secret=WEBHOOK_SECRET, stripe_api_url=till.url
        ) as site,
    ):
        browser = await site.signed_in()
        page = await browser.get("/wallet/deposit")
        assert "you pay at stripe" in page.words.lower()
        form = {**marks(page, 'value="card"'), "amount": "25.00", "offer": "7"}
        seen = await browser.post("/wallet/deposit", form)
        assert '<a href="/market/offer/7">Back to the offer</a>' in seen.text  # for which the money is
        assert "Your deposit is begun" in seen.words and "Pay $25.00 at Stripe" in seen.words
        (address,) = await site.db.fetch("SELECT url FROM checkout")
        assert f'href="{address["url"]}"' in seen.text and address["url"].startswith("https://")
        assert "Deposit of $25.00" in (await browser.get("/wallet")).words
        assert "You are back from Stripe" in (await browser.get("/wallet/deposit?deposit=paid")).words
        assert "without paying" in (await browser.get("/wallet/deposit?deposit=cancelled")).words
        assert (
            await ledger.wallet(site.db, await account_of(site))
        ).deposit_cents == 0  # whatever an address says
        assert (await browser.get("/wallet/deposit?deposit=free")).status == 422
        low = await browser.post("/wallet/deposit", {**marks(page, 'value="card"'), "amount": "1.00"})
        assert (
            low.status == 422
            and "Amount must be from 5.00 to 1000.00 USD." in low.words
            and 'value="1.00"' in low.text
        )
        # An address that is none for a browser is no link.
        await site.db.execute("UPDATE checkout SET url = 'javascript:alert(1)'")
        assert "javascript:" not in (await browser.get("/wallet/deposit")).text


async def test_a_payout_wants_an_address_a_wait_and_a_fresh_sign_in_and_is_asked_for_once(site: Site) -> None:
    browser, me = await site.signed_in(), await account_of(site)
    await earn(site, me, 9_000)
    assert "Save your Skrill address" in (await browser.get("/wallet/payout")).words
    async with site.db.transaction() as tx:
        await profiles.set_skrill(tx, me, "ann@example.com", site.app.real_now())
    waiting = await browser.get("/wallet/payout")
    assert "Payouts wait" in waiting.words and "Ask for it" not in waiting.words
    early = await browser.post("/wallet/payout", {"csrf": waiting.csrf, "key": "k", "amount": "20.00"})
    assert early.status == 422 and "payouts wait until" in early.words
    await clock.advance(site.app, 2 * 86_400)  # by the market's clock, as the verb waits
    page = await browser.get("/wallet/payout")
    assert "ann@example.com" in page.words and "Ask for it" in page.words
    form = {**marks(page), "amount": "20.00"}
    await site.age_sign_ins(6)
    aged = await browser.get("/wallet/payout")
    assert (
        "A payout wants a sign-in of the last five minutes" in aged.words
        and "<fieldset disabled" in aged.text
    )
    assert (await browser.post("/wallet/payout", form)).status == 403
    await browser.sign_in(next_path="/wallet/payout")
    page = await browser.get("/wallet/payout")
    form = {**marks(page), "amount": "20.00"}
    for _ in range(2):
        seen = await browser.post("/wallet/payout", form)
        assert (
            seen.url.endswith("/wallet?done=asked") and "Payout of $20.00 waits for an operator" in seen.words
        )
    purse = await ledger.wallet(site.db, me)
    assert (purse.balance_cents, purse.payout_cents) == (7_000, 2_000)
    for amount, clause in (
        ("x", "must be a price"), ("1.00", "must be from 10.00 to 5000.00 USD"), ("70.01", "is too much. You have earned 70.00 USD"),
    ):  # fmt: skip
        seen = await browser.post("/wallet/payout", {**marks(page), "key": "new", "amount": amount})
        assert seen.status == 422 and f"Amount {clause}" in seen.words and f'value="{amount}"' in seen.text, (
            amount
        )
        assert (
            'aria-invalid="true" aria-describedby="wrong-amount"' in seen.text
            and 'id="wrong-amount"' in seen.text
        )
    other = await browser.post("/wallet/payout", {**form, "amount": "30.00"})  # the key of what was asked for
    assert other.status == 422
    ((payout_id,),) = await site.db.fetch("SELECT id FROM payout")
    async with site.db.transaction() as tx:
        await payouts.refuse(tx, payout_id, by="an operator's name", reason=TEXTS[0], now=site.app.now())
    told = await browser.get("/wallet/payout")
    assert "refused" in told.words and shows(told.text, TEXTS[0]) and not faults(told.text)
    assert "an operator's name" not in told.words  # who decided is not for its owner to know
    assert "An operator refused it; the money is back in what you earned." in told.words
    assert (await (await site.signed_in(OTHER)).get("/wallet/payout")).words.count("$20.00") == 0
    await freezing.freeze(site.app, me, actor_id=None, reason="looked into")
    assert "Your account is frozen" in (await browser.get("/wallet/payout")).words


async def test_who_has_sold_sees_what_is_on_its_way_until_it_is_his(db: Db) -> None:
    async with deals_on(db) as deals:
        assert "On its way" not in (await deals.seller.get("/wallet")).words
        trade = await deals.protected(cents=1_000)
        await deals.protected(cents=2_000)
        seen = await deals.seller.get("/wallet")
        assert "On its way from sales $28.50 2 trades that Steam still protects, the next until" in seen.words
        assert "On its way" not in (await deals.buyer.get("/wallet")).words
        deals.site.app.clock.offset += timedelta(days=8)
        await deals.happen(trade, Settled())
        assert "On its way from sales $19.00 1 trade that" in (await deals.seller.get("/wallet")).words


async def test_an_export_is_a_file_and_its_rows_are_counted_on_the_page(site: Site) -> None:
    browser, me, other = (
        await site.signed_in(),
        await account_of(site),
        await site.box.stock.person(deposit_cents=9_000),
    )
    await past.trades(site.db, other, me, 3)
    token = await csrf(browser)
    assert "None yet" in (await browser.get("/wallet/export")).words
    sent = await browser.post("/wallet/export/file", {"csrf": token, "kind": "sales"})
    assert (
        sent.headers["Content-Type"].startswith("text/csv")
        and "attachment" in sent.headers["Content-Disposition"]
    )
    assert len(list(csv.reader(io.StringIO(sent.text)))) == 4
    seen = await browser.get("/wallet/export")
    for _ in range(50):
        if "3 of 3 rows" in seen.words:
            break
        seen = await browser.get("/wallet/export")
    assert "Sales done 3 of 3 rows" in seen.words
    await site.db.execute(
        "UPDATE export SET state = 'running', ended_at = NULL, sent_rows = 2, seen_at = $1",
        site.app.real_now(),
    )
    part = await browser.get("/wallet/export", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert (
        '<progress value="2" max="3"' in part.text
        and "load delay:1s" in part.text
        and "<html" not in part.text
    )
    again = await browser.post("/wallet/export/file", {"csrf": token, "kind": "sales"})
    assert again.status == 422 and "An export is under way" in again.words
    assert (await browser.post("/wallet/export/file", {"csrf": token, "kind": "all"})).status == 422
    assert (await browser.post("/wallet/export/file", {"csrf": "x", "kind": "sales"})).status == 403
    assert "3 of 3" not in (await (await site.signed_in(OTHER)).get("/wallet/export")).words


async def test_hostile_names_of_items_and_reasons_are_text(site: Site) -> None:
    browser, me, other = (
        await site.signed_in(),
        await account_of(site),
        await site.box.stock.person(deposit_cents=9_000),
    )
    for number, text in enumerate(TEXTS):
        await past.trades(site.db, other, me, 1, name=text, begin=past.BEGIN + timedelta(days=number))
        async with site.db.transaction() as tx:
            await deposits.record(
                tx,
                me,
                100 + number,
                f"slip {number}",
                by="desk",
                note=text.replace("\u202e", ""),
                now=site.app.now(),
            )
            await deposits.reverse(
                tx, f"slip {number}", by="desk", reason=text.replace("\u202e", ""), now=site.app.now()
            )
    await site.db.execute("UPDATE profile SET skrill = '' WHERE account_id = $1", me)
    for path in PAGES:
        seen = await browser.get(path)
        assert seen.status == 200 and not faults(seen.text), path
    history = await browser.get("/wallet/history")
    assert all(shows(history.text, text) for text in TEXTS)
