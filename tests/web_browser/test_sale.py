"""Selling in a real browser: from the inventory to the money, the page that follows the trade, and its buyer's dispute."""

import re
from functools import partial

from playwright.async_api import Browser, Page, expect

from browsers import WAIT_SECONDS, tab_to, visiting
from dialects.web.counter import ASIIMOV, SLATE
from story.stage import until
from tradepost.market import agents
from web_browser.arcade import Arcade
from web_browser.eyes import PHONE, faults

expect.set_options(timeout=WAIT_SECONDS * 1000)


async def come(page: Page, arcade: Arcade, steamid: str, path: str) -> None:
    """Sign in, and arrive at a page."""
    await page.goto(f"{arcade.url}/sign-in?next={path}")
    await page.locator(f"button[value='{steamid}']").click()
    await page.wait_for_url(arcade.url + path)


async def pair(arcade: Arcade) -> str:
    """The code that the page of programs would show."""
    app = arcade.counter.app
    async with arcade.db.transaction() as tx:
        return await agents.make_code(tx, arcade.player.id, app.real_now(), app.settings.pairing_minutes)


async def is_ready(arcade: Arcade) -> bool:
    """Whether the player's program was heard, and has told what he has."""
    found: bool = await arcade.db.value(
        "SELECT EXISTS (SELECT FROM presence p JOIN inventory_scan i ON i.account_id = p.account_id"
        " WHERE p.account_id = $1 AND p.session_ok AND i.project = 'csgo')",
        arcade.player.id,
    )
    return found


async def anything(arcade: Arcade) -> str:
    return str(await arcade.db.fetch("SELECT * FROM presence"))


async def test_the_whole_way_from_the_inventory_to_the_money(chromium: Browser, arcade: Arcade) -> None:
    player, url = arcade.player, arcade.url
    await arcade.counter.others_sell(SLATE, 400)
    async with visiting(chromium) as (page, complaints), visiting(chromium, viewport=PHONE) as (other, odd):
        await come(page, arcade, player.steamid, "/sell")
        complaints.clear()  # of the simulated Steam's page
        await expect(page.get_by_text("No program sends for you yet")).to_be_visible()
        await page.get_by_role("textbox", name="Trade URL").fill("nonsense")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_text("This is not a trade URL.")).to_be_visible()
        complaints.clear()  # the browser tells of the 422
        partner = int(player.steamid) - 76561197960265728
        steams = f"https://steamcommunity.com/tradeoffer/new/?partner={partner}&token=abcdef12"
        await page.get_by_role("textbox", name="Trade URL").fill(steams)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("textbox", name="Trade URL")).to_have_count(0)
        assert await faults(page, name="sell") == []

        # All that the search shows is chosen; then all three, by keyboard.
        await page.get_by_placeholder("Search by name").fill("ak-47")
        await page.get_by_role("button", name="Choose all shown").click()
        await expect(page.locator(".pick")).to_have_count(1)
        await page.get_by_placeholder("Search by name").fill("")
        await tab_to(page, page.get_by_role("button", name="Choose all shown"))
        await page.keyboard.press("Enter")
        await expect(page.locator(".pick")).to_have_count(3)
        prices = page.locator(".pick [data-field=price]")
        for button, wanted in (
            ("A cent below the lowest", ["3.99", "89.00", "0.37"]),
            ("All at the Steam price", ["4.12", "89.00", "0.37"]),
        ):
            await page.get_by_role("button", name=re.compile(button)).first.click()
            assert sorted([await prices.nth(place).input_value() for place in range(3)]) == sorted(wanted)
        await page.get_by_label("All at % of the Steam price").fill("90")
        await page.get_by_role("button", name="Set", exact=True).click()
        # The script rounds as the market does: 370.8, 8010, 33.3 cents.
        assert sorted([await prices.nth(place).input_value() for place in range(3)]) == [
            "0.33",
            "3.71",
            "80.10",
        ]
        await expect(page.locator("[data-total=net]")).to_have_text("$79.92")
        await page.get_by_label("Price of P250 | Valence in USD").fill("0.01")
        await expect(page.get_by_text("It has to be at least $0.02.")).to_be_visible()
        assert await faults(page, name="sell_prices") == []
        await page.get_by_label("Price of P250 | Valence in USD").fill("0,50")
        await page.get_by_role("button", name="Put 3 skins on sale").click()
        await expect(page.get_by_role("heading", name="3 items are on sale")).to_be_visible()
        await expect(page.get_by_text("For $84.31 in all.")).to_be_visible()
        assert await faults(page) == []

        # My offers: one is repriced in its field, one taken off, one priced by a button.
        await page.get_by_role("link", name="My offers").first.click()
        await expect(page.get_by_text("3 on sale for $84.31")).to_be_visible()
        await page.get_by_role("button", name="Take off sale").click()
        await expect(page.locator("#said")).to_contain_text("Choose at least one offer first.")
        price = page.get_by_label("Price of AWP | Asiimov (Battle-Scarred) in USD")
        await price.fill("99999")
        await expect(page.get_by_text("The price can be at most $2,670.00.")).to_be_visible()
        await price.fill("85")
        await expect(page.locator("tr").filter(has=price).locator("output")).to_have_text("$80.75")
        await page.get_by_role("button", name="Save the prices").click()
        await expect(page.get_by_text("1 offer has its new price.")).to_be_visible()
        await page.get_by_role("checkbox", name=re.compile("Choose P250")).check()
        page.once("dialog", lambda dialog: dialog.accept())
        await page.get_by_role("button", name="Take off sale").click()
        await expect(page.get_by_text("1 offer is off sale.")).to_be_visible()
        await page.get_by_role("checkbox", name=re.compile("Choose AK-47")).check()
        await page.get_by_role("button", name="A cent below the lowest").click()
        await expect(page.get_by_label("Price of AK-47 | Slate (Field-Tested) in USD")).to_have_value("3.99")
        assert await faults(page, name="offers") == []
        await page.get_by_label("Show").select_option("ended")
        await expect(page.get_by_text("cancelled by the seller")).to_be_visible()
        assert "view=ended" in page.url
        assert await faults(page) == []

        # Bought: the seller's page follows to the end without being loaded again, and so does the buyer's.
        async with arcade.program(await arcade.pair(await pair(arcade))):
            await page.goto(f"{url}/trades")
            await expect(page.get_by_text("No trades yet")).to_be_visible()
            await page.evaluate("window.neverLoadedAgain = true")
            await until(partial(is_ready, arcade), partial(anything, arcade))
            trade = await arcade.buy(SLATE)
            await page.get_by_role("link", name="AK-47 | Slate").click()
            await page.evaluate("window.neverLoadedAgain = true")
            stand = page.locator("[data-part=stand]")
            await expect(stand.get_by_text("offered on Steam", exact=True)).to_be_visible()
            await expect(stand).to_contain_text(
                re.compile(r"The buyer has (30|29) min \d+ s left to accept it")
            )
            await come(other, arcade, arcade.buyer_steamid, f"/trades/{trade}")
            odd.clear()
            await expect(other.get_by_role("link", name="Open the offer on Steam")).to_have_attribute(
                "href", re.compile(r"/tradeoffer/\d+/$")
            )
            await arcade.accept(trade)
            for each in (page, other):
                await expect(
                    each.locator("[data-part=stand]").get_by_text("protected", exact=True)
                ).to_be_visible()
                await expect(each.locator("[data-part=stand]")).to_contain_text(
                    re.compile(r"protection ends in (7 days and 0 h|6 days and 23 h)")
                )
            await expect(
                other.get_by_text("says Steam's public inventory, read by the market")
            ).to_be_visible()
            assert await faults(page, name="trade") == [] == await faults(other)
            # What somebody writes stays while the page follows.
            await other.get_by_text("Something is wrong with it", exact=True).click()
            await other.get_by_label("What is wrong?").fill("It is not what I bought.")
            await arcade.advance(3_600)
            await expect(other.locator("[data-part=stand]")).to_contain_text("6 days and 22 h")
            await expect(other.get_by_label("What is wrong?")).to_have_value("It is not what I bought.")
            await other.get_by_role("button", name="Ask an operator").click()
            await expect(other.get_by_text("Your dispute is with the operators.")).to_be_visible()
            await expect(
                page.get_by_text("an operator looks at the trade", exact=False).first
            ).to_be_visible()
            assert await faults(other) == []
            second = await arcade.buy(ASIIMOV)
            await page.goto(f"{url}/trades?side=sold")
            await page.evaluate("window.neverLoadedAgain = true")
            await arcade.accept(second)
            row = page.locator(".deal").filter(has_text="AWP | Asiimov")
            await expect(row.get_by_text("protected", exact=True)).to_be_visible()
            await arcade.advance()
            await expect(row.get_by_text("done", exact=True)).to_be_visible()
            await expect(row).to_contain_text("$80.75")
            assert await page.evaluate("window.neverLoadedAgain")
            assert await faults(page, name="trades") == []
        await page.get_by_placeholder("Item, trade number").fill("slate")
        await expect(page.locator(".deal")).to_have_count(1)
        await expect(page.locator(".deal").get_by_text("disputed", exact=True)).to_be_visible()
        assert "search=slate" in page.url
        assert complaints == [] == odd


async def test_selling_works_by_forms_alone(chromium: Browser, arcade: Arcade) -> None:
    async with visiting(chromium, java_script_enabled=False, viewport=PHONE) as (page, _):
        await come(page, arcade, arcade.player.steamid, "/sell")
        await page.locator(".piece").filter(has_text="P250").locator("label").click()
        await page.get_by_role("button", name="Go on to the prices").click()
        await page.get_by_label("All at % of the Steam price").fill("50")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Price of P250 | Valence in USD")).to_have_value("0.37")
        await page.get_by_label("All at % of the Steam price").fill("50")
        await page.get_by_role("button", name="Set", exact=True).click()
        await expect(page.get_by_label("Price of P250 | Valence in USD")).to_have_value("0.19")
        await page.get_by_role("button", name="Put 1 skin on sale").click()
        await expect(page.get_by_role("heading", name="1 item is on sale")).to_be_visible()
        await page.get_by_role("link", name="My offers").first.click()
        await page.get_by_role("checkbox").check()
        await page.get_by_role("button", name="Take off sale").click()
        await expect(page.get_by_text("1 offer is off sale.")).to_be_visible()
