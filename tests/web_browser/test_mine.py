"""One's own wallet and account in a real browser: money, exports, the second factor, a program that connects, a holiday."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

import past
from browsers import WAIT_SECONDS, visiting
from dialects.web.counter import SLATE
from dialects.web.site import USER, Site, site_on
from dialects.web.test_wallet import account_of, earn
from factors import code_of
from tradepost.db import Db
from tradepost.market import alerts, ledger, merchants, messages, profiles
from web_browser.arcade import TRADE_TOKEN, Arcade
from web_browser.eyes import PHONE, faults

expect.set_options(timeout=WAIT_SECONDS * 1000)


async def come(page: Page, site: Site, path: str, steamid: str = USER) -> None:
    """Sign in through Steam's page, and go on where one wanted to."""
    await page.goto(f"{site.url}/sign-in?next={path}")
    await page.locator(f"button[value='{steamid}']").click()
    await page.wait_for_url(site.url + path)


async def furnish(site: Site) -> int:
    """Somebody with a past: sales and purchases, a payout under way, a merchant, a token, and things to read."""
    me, other = await account_of(site), await site.box.stock.person(deposit_cents=900_000)
    await earn(site, me, 50_000)
    async with site.db.transaction() as tx:
        await ledger.deposit(tx, me, 80_000, "a card", past.BEGIN)
        await merchants.make_token(
            tx, me, site.app.now(), test=True, label="repricing", scopes=["read", "sell"]
        )
        await merchants.make_token(tx, other, site.app.now(), test=True)
        await merchants.grant(tx, other, me, "page", site.app.now(), floor_bps=8_500)
        await profiles.set_skrill(tx, me, "ann@example.com", site.app.real_now())
        await alerts.tell(tx, me, "alert", "12.00 USD were added to your deposit.", site.app.now())
        await alerts.tell(tx, me, "review", "An operator looks at your payout of 20.00 USD.", site.app.now())
        await messages.send(tx, me, "Welcome.\nWrite to us.", actor_id=None, now=site.app.real_now())
    await past.trades(site.db, other, me, 60, price_cents=1_250)
    await past.trades(site.db, me, other, 8, price_cents=700)
    await site.db.execute(
        "UPDATE profile SET skrill_set_at = skrill_set_at - interval '9 days', mail = 'ann@example.com'"
    )
    await site.db.execute(
        "INSERT INTO dispute SELECT id, buyer_id, 'It is another one.', ended_at FROM trade WHERE buyer_id = $1 LIMIT 1",
        me,
    )
    return me


async def test_money_is_added_asked_for_followed_and_exported(chromium: Browser, db: Db) -> None:
    async with site_on(db) as site, visiting(chromium, accept_downloads=True) as (page, complaints):
        await come(page, site, "/wallet")
        await furnish(site)
        complaints.clear()  # of the simulated Steam's own page
        await page.get_by_role("link", name="Deposit", exact=True).last.click()
        await page.get_by_label("Amount in USD").fill("0,00")
        await page.get_by_role("button", name="Add play money").click()
        await expect(page.get_by_role("alert")).to_contain_text("Amount must be from 0.01")
        await page.get_by_label("Amount in USD").fill("12,50")
        await page.get_by_role("button", name="Add play money").click()
        await expect(page.get_by_text("Play money was added")).to_be_visible()
        before = await page.locator(".purse .sum").first.text_content()
        await page.reload()
        assert await page.locator(".purse .sum").first.text_content() == before
        await expect(page.locator(".uplot canvas")).to_be_visible()
        await page.evaluate("window.stayed = true")
        await page.get_by_role("link", name="a year").click()
        await expect(page.get_by_text("By day, a year")).to_be_visible()
        await expect(page.locator(".uplot canvas")).to_be_visible()
        assert await page.evaluate("window.stayed")

        await page.get_by_role("link", name="The whole history").click()
        await expect(page.locator(".moves tbody tr")).to_have_count(50)
        await page.get_by_label("Show").select_option("Purchases and refunds")
        await expect(page.locator(".moves tbody tr")).to_have_count(8)
        await page.wait_for_url(re.compile(r"what=purchases"))
        await page.get_by_label("Show").select_option("everything")
        await page.get_by_role("link", name="Older").click()
        await expect(page.get_by_role("link", name="Newest")).to_be_visible()

        await page.get_by_role("link", name="Payout").click()
        await page.get_by_label("Amount in USD").fill("9999")
        await page.get_by_role("button", name="Ask for it").click()
        await expect(page.get_by_label("Amount in USD")).to_have_value("9999")
        await page.get_by_label("Amount in USD").fill("20")
        await page.get_by_role("button", name="Ask for it").dblclick()
        await expect(page.get_by_text("Your payout is asked for.")).to_be_visible()
        assert await db.value("SELECT count(*) FROM payout") == 1
        await page.get_by_role("link", name="Each step").click()
        await expect(page.get_by_text("You asked for it; the money is held.")).to_be_visible()

        await page.get_by_role("link", name="Export").click()
        async with page.expect_download() as coming:
            await page.get_by_role("button", name="Export Sales").click()
        path = await (await coming.value).path()
        assert path.read_text().count("\n") == 61
        await expect(page.get_by_text("60 of 60 rows")).to_be_visible()  # told without a reload
        assert [one for one in complaints if "422" not in one] == []


async def test_who_secures_his_account_sees_codes_once_and_keeps_them(
    chromium: Browser, db: Db, tmp_path: Path
) -> None:
    async with (
        site_on(db) as site,
        visiting(chromium, viewport=PHONE, accept_downloads=True) as (page, complaints),
    ):
        await come(page, site, "/account/security")
        me = await account_of(site)
        complaints.clear()
        await page.get_by_role("button", name="Set it up").click()
        await expect(page.get_by_role("img", name="QR code")).to_be_visible()
        await expect(page.get_by_role("textbox", name="Code")).to_be_focused()
        await page.get_by_role("textbox", name="Code").fill("12345")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("is not the one of your program")
        assert await faults(page, name="account_factor") == []
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.get_by_role("textbox", name="Code").fill(await code_of(site.app, me))
        await page.keyboard.press("Enter")
        await expect(page.locator(".codes-list li")).to_have_count(10)
        first = await page.locator(".codes-list li").first.text_content()
        assert first and await faults(page) == []
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="Download as text").click()
        kept = tmp_path / "codes.txt"
        await (await coming.value).save_as(kept)
        assert first in kept.read_text() and kept.read_text().count("\n") >= 12
        await page.get_by_role("link", name="I have kept them").click()
        await expect(page.get_by_text("10 recovery codes are left.")).to_be_visible()
        await page.get_by_role("link", name="API tokens").first.click()
        await page.get_by_label("Name").fill("my shop")
        await page.get_by_role("checkbox", name=re.compile("^Buy")).check()
        await page.get_by_role("button", name="Make it and show it").click()
        await expect(page.locator("#token")).to_contain_text("test_")
        assert await faults(page) == []
        await page.get_by_role("link", name="I have copied it").click()
        page.on("dialog", lambda dialog: dialog.accept())
        await page.get_by_role("button", name="Revoke my shop").click()
        await expect(page.get_by_text("No token yet")).to_be_visible()
        assert [one for one in complaints if "422" not in one] == []


async def test_a_program_that_connects_is_seen_and_who_is_on_holiday_sells_nothing(
    chromium: Browser, arcade: Arcade
) -> None:
    site, player = arcade.counter.site, arcade.player
    async with visiting(chromium) as (page, complaints):
        await come(page, site, "/account/programs", player.steamid)
        complaints.clear()
        await expect(page.get_by_text("No program is connected yet")).to_be_visible()
        await page.get_by_role("button", name="Connect a program").click()
        code = (await page.locator("#pairing").text_content() or "").strip()
        await expect(page.get_by_text("This page follows by itself.")).to_be_visible()
        assert await faults(page) == []
        place = await arcade.pair(code)
        state = page.locator("[data-part=list]")
        await expect(state).to_contain_text("Not running at the moment")
        async with arcade.program(place):
            await expect(state).to_contain_text("Connected: what you have on sale can be bought.")
            await expect(state).to_contain_text("ready to send")
            await page.goto(f"{site.url}/account")
            await page.get_by_label("Be away").select_option("for a week")
            await page.get_by_role("button", name="Go on holiday").click()
            await expect(page.get_by_text("You are away until")).to_be_visible()
            till = arcade.counter.till
            (offer,) = await till.on_sale(player.payment, 412, assets=[player.assets[SLATE]])
            body = {"id": offer, "steamid": arcade.buyer_steamid, "trade_token": TRADE_TOKEN}
            url, headers = f"{arcade.url}/api/v2/buy", {"Token": arcade.token}
            async with arcade.http.post(url, json=body, headers=headers) as answer:
                assert (answer.status, "seller_offline_error" in await answer.text()) == (409, True)
            await page.goto(f"{site.url}/wallet")
            await expect(page.get_by_text("You are on holiday: nobody can buy")).to_be_visible()
            await page.get_by_role("link", name="See until when, or end it").click()
            await page.get_by_role("button", name="I am back").click()
            await expect(page.get_by_text("You are back:")).to_be_visible()
        assert complaints == []


@pytest.mark.parametrize("script", [True, False])
async def test_every_page_is_bearable_to_all(chromium: Browser, db: Db, script: bool) -> None:
    pages = (
        "/wallet", "/wallet/history", "/wallet/deposit", "/wallet/payout", "/wallet/export", "/account", "/account/alerts",
        "/account/alerts?what=messages", "/account/security", "/account/programs", "/account/grants", "/account/tokens",
        "/account/disputes", "/account/data",
    )  # fmt: skip
    async with site_on(db) as site, visiting(chromium, java_script_enabled=script) as (page, complaints):
        await come(page, site, "/wallet")
        await furnish(site)
        complaints.clear()
        if script:
            for path in pages:
                await page.goto(site.url + path)
                name = path[1:] if path in ("/wallet", "/account") else ""  # of a picture for the docs
                assert await faults(page, name=name) == [], path
            assert complaints == []
            return
        await page.goto(f"{site.url}/wallet/history")
        await page.get_by_label("Show").select_option("Sales")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator(".moves tbody tr")).to_have_count(50)
        await page.goto(f"{site.url}/account/alerts")
        await page.get_by_role("button", name=re.compile("^Read ?:")).first.click()
        await expect(page.get_by_role("button", name=re.compile("^Read ?:"))).to_have_count(0)
        await page.goto(f"{site.url}/account/grants")
        await page.get_by_role("button", name="Take it back").click()
        await expect(page.get_by_text("No merchant sells for you")).to_be_visible()
        assert complaints == []
