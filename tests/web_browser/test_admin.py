"""The operator's pages and the merchant's console in a real browser: a day's work, and no page that anybody stumbles over."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

import past
from browsers import WAIT_SECONDS, visiting
from dialects.web.operators import CUSTOMER, customer, disputed, make_admin, profiled
from dialects.web.playing import SELLER, account_of, bought
from dialects.web.site import OTHER, USER, Site, site_on
from stock import Stock
from tradepost.db import Db
from tradepost.market import bans, corrections, merchants, messages, payouts, simulated, trades
from tradepost.rules.trade import Delivered
from web_browser.eyes import PHONE, faults

expect.set_options(timeout=WAIT_SECONDS * 1000)
WHY = "a ticket says so"


@pytest.fixture
async def site(db: Db) -> AsyncIterator[Site]:
    async with site_on(db, callback_networks=("127.0.0.0/8",)) as made:
        yield made


async def come(page: Page, site: Site, path: str, steamid: str = USER) -> None:
    """Sign in through Steam's page, and go on where one wanted to."""
    await page.goto(f"{site.url}/sign-in?next={path}")
    await page.locator(f"button[value='{steamid}']").click()
    await page.wait_for_url(site.url + path)


async def office(site: Site) -> tuple[int, int]:
    """Work that waits for an operator: a payout and a disputed trade, by their numbers, and much else."""
    me, second = await make_admin(site, USER), await make_admin(site, OTHER)
    account, app, stock = await customer(site, balance_cents=50_000), site.app, Stock(site.db)
    await profiled(site, account.id)
    payout = await payouts.ask(app, account.id, 2_000)
    buyer, seller = await stock.person(deposit_cents=100_000), await stock.person()
    begin = app.now() - timedelta(days=20)
    await past.trades(site.db, buyer, seller, 40, price_cents=1_250, begin=begin, step=timedelta(hours=6))
    view = await disputed(site, "It is another one.")
    await corrections.ask(
        app, second, account.id, bucket="deposit", amount_cents=-250, reason=WHY, reference="c-1"
    )
    async with site.db.transaction() as tx:
        await bans.ban(tx, CUSTOMER, "seller", WHY, app.now(), timedelta(days=3))
        await messages.send(tx, account.id, "Hello,\nwe look into it.", actor_id=me, now=app.real_now())
    return payout.id, view.trade.id


async def test_an_operators_day_and_no_page_that_anybody_stumbles_over(chromium: Browser, site: Site) -> None:
    payout, trade = await office(site)
    async with visiting(chromium) as (page, complaints):
        await come(page, site, "/admin")
        complaints.clear()  # of the simulated Steam's page
        await expect(page.locator(".tile").filter(has_text="case to decide")).to_contain_text("1")
        await expect(page.locator(".chart canvas")).to_have_count(4)
        found = {"": await faults(page, name="admin")}
        # A user is found, and banned by the keyboard's Enter; what is wrong is said beside its field first.
        await page.get_by_role("link", name="Users", exact=True).click()
        await page.get_by_label("SteamID, part of the name").fill("ay %")
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name="Cay % _").click()
        await page.get_by_text("Ban, or lift a ban").click()
        ban = page.locator("form[action$='/ban']")
        await ban.get_by_label("buying").check()
        await ban.get_by_label("For how many days").fill("many")
        await ban.get_by_label("Reason").fill(WHY)
        await page.keyboard.press("Enter")
        days = ban.get_by_label("For how many days")
        await expect(days).to_have_attribute("aria-invalid", "true")
        await expect(days).to_have_value("many")
        await days.fill("7")
        await ban.get_by_role("button", name="Ban").click()
        await expect(page.get_by_text("The ban holds from now on.")).to_be_visible()
        # A payout from its approval to the provider's reference.
        await page.get_by_role("link", name="Payouts", exact=True).click()
        await page.get_by_role("link", name=f"Payout {payout}").click()
        for button in ("Approve $20.00", "I pay it now"):
            await page.get_by_role("button", name=button).click()
        await page.get_by_label("The provider's reference").fill("SK-1")
        await page.get_by_role("button", name="Note it as paid").click()
        await expect(page.get_by_text("The payout is paid, and its owner is told.")).to_be_visible()
        # A dispute, asked once more before it is decided.
        await page.get_by_role("link", name="Cases", exact=True).click()
        await page.get_by_role("link", name=f"Trade {trade}").click()
        await page.get_by_label("Say that it was taken back").check()
        await page.get_by_label("Reason").fill(WHY)
        asked = list[str]()

        async def answer(dialog: object) -> None:
            asked.append(dialog.message)  # type: ignore[attr-defined]  # playwright's own dialog
            await dialog.accept()  # type: ignore[attr-defined]  # the same

        page.on("dialog", answer)
        await page.get_by_role("button", name="Decide").click()
        await expect(page.get_by_text("The trade is decided, and its case is closed.")).to_be_visible()
        await page.get_by_role("link", name="Switches", exact=True).click()
        buying = page.locator("form[action$='/buying']")
        await buying.get_by_label("Reason").fill("a new Steam")
        await buying.get_by_role("button").click()
        await expect(page.get_by_text("Callers are told: “a new Steam”")).to_be_visible()
        assert [text.partition("?")[0] for text in asked] == ["Decide this trade", "Switch off: Buying"]
        await page.get_by_role("link", name="Ledger and fees").click()
        await page.get_by_role("button", name="Check it now").click()
        await expect(page.get_by_role("heading", name="The ledger adds up")).to_be_visible()
        # Each page, wide by day and on a phone at night.
        for path, name in (
            ("/users", ""),
            (f"/users/{CUSTOMER}", ""),
            ("/admins", ""),
            (f"/payouts/{payout}", ""),
            ("/disputes", ""),
            (f"/disputes/{trade}", "admin_case"),
            ("/deposits", ""),
            ("/corrections", ""),
            ("/ledger", ""),
            ("/switches", ""),
            ("/rates", ""),
            ("/alerts", ""),
            ("/audit", ""),
        ):
            await page.goto(f"{site.url}/admin{path}")
            await page.evaluate(
                "document.querySelectorAll('main details').forEach(one => { one.open = !one.closest('.chart') })"
            )
            found[path] = await faults(page, name=name)
        assert {path: wrong for path, wrong in found.items() if wrong} == {}
        assert [
            text for text in complaints if "status of 422" not in text
        ] == []  # of the ban that was mistyped


async def test_a_merchant_plays_a_bad_day_and_sees_what_comes_of_it(chromium: Browser, site: Site) -> None:
    view, offer = await bought(site)
    me, app = await account_of(site), site.app
    async with site.db.transaction() as tx:
        await merchants.make_token(tx, me, app.now(), test=True)
    async with visiting(chromium) as (page, complaints):
        await come(page, site, "/merchant/sandbox")
        complaints.clear()
        await page.get_by_role("button", name="Seven days").click()
        await expect(page.get_by_text("7 d 0 h 0 min ahead of real time.")).to_be_visible()
        await page.get_by_role("radio", name="Sending is refused").check()
        await page.get_by_label("For whom").fill(SELLER)
        await page.get_by_role("button", name="Break it").click()
        await expect(page.get_by_text(f"for {SELLER}")).to_be_visible()
        await page.get_by_role("button", name="End it").click()
        await expect(page.get_by_text("Nothing: Steam works.")).to_be_visible()
        # A deed on Steam; the page follows what the market makes of it.
        one = page.locator(f"#trade-{view.trade.id}")
        await expect(one).to_contain_text(view.market_hash_name)
        await one.get_by_role("combobox").select_option(label="The buyer accepts the Steam offer")
        await one.get_by_role("button", name="Do it").click()
        await expect(page.get_by_text("Done on Steam.")).to_be_visible()
        await expect(page.get_by_text("This page updates by itself.")).to_be_visible()
        await page.evaluate("window.neverLoadedAgain = true")
        async with site.db.transaction() as tx:
            event = Delivered("50000000001")
            await trades.happened(tx, app.settings, view.trade.id, event, witness="public_inventory", now=app.now())  # fmt: skip
        await expect(one.get_by_text("accepted", exact=True)).to_be_visible()
        assert await page.evaluate("window.neverLoadedAgain")
        await page.evaluate("scrollTo(0, 0)")
        found = {"/sandbox": await faults(page, name="sandbox")}
        # The code has the token that is typed, and the address has it not.
        await page.get_by_role("link", name="Python").click()
        await page.get_by_label("Your token").fill("test_abc")
        await page.get_by_text("What your wallet has").click()
        await expect(page.locator("pre").first).to_contain_text('"Token": "test_abc"')
        assert "test_abc" not in page.url and await simulated.faults(app) == []
        found["/sandbox with code"] = await faults(page)
        # Somebody is invited, on his phone.
        await page.goto(f"{site.url}/merchant/subsellers")
        link = await page.locator("#invitation").text_content()
        async with visiting(chromium, viewport=PHONE) as (phone, whines):
            await come(phone, site, f"/merchant/invitation/{USER}", OTHER)
            whines.clear()
            assert link == phone.url
            await phone.get_by_label("At least this much").fill("82.5")
            found["/invitation"] = await faults(phone)
            await phone.get_by_role("button", name="Let him sell my items").click()
            await expect(phone.get_by_text("It holds: this merchant may sell your items")).to_be_visible()
            assert whines == []
        await page.reload()
        await expect(page.get_by_role("row").filter(has_text="Ben")).to_contain_text("82.5 % of Steam")
        found["/subsellers"] = await faults(page, name="subsellers")
        await page.get_by_role("link", name="Ben").click()
        await expect(page.get_by_role("heading", name="Give it back")).to_be_visible()
        found["/subseller"] = await faults(page)
        await page.goto(f"{site.url}/merchant")
        found["/merchant"] = await faults(page)
        assert {path: wrong for path, wrong in found.items() if wrong} == {}
        assert complaints == [] and re.fullmatch(r"\d+", offer)
