"""The merchant's pages in a real browser: without a script, by the keyboard alone, from a phone to a wide screen."""

import re

from playwright.async_api import Page, expect

from browsers import browsing, tab_to
from dialects.web.site import USER, Site, site_on
from market.paying import NOWHERE, open_till
from market.receiving import answers, receiving
from tradepost.db import Db
from tradepost.market import gateways

OWN = ("127.0.0.0/8",)


async def sign_in(page: Page, site: Site, steamid: str = USER) -> None:
    """From the merchant's page to Steam's and back."""
    await page.goto(f"{site.url}/merchant")
    await page.get_by_role("link", name="Sign in through Steam").click()
    await page.locator(f"button[value='{steamid}']").click()
    await page.wait_for_url(f"{site.url}/merchant")


async def test_a_gateway_is_opened_and_a_secret_changed_by_the_keyboard_without_a_script(db: Db) -> None:
    async with (
        site_on(db, callback_networks=OWN) as site,
        browsing(java_script_enabled=False) as (page, complaints),
    ):
        await sign_in(page, site)
        await tab_to(page, page.get_by_label("Callback URL"))
        await page.keyboard.type(NOWHERE)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Copy these secrets now")).to_be_visible()
        first = await page.locator("code.secret").first.text_content()
        await tab_to(page, page.get_by_role("link", name="I have copied them"))
        await page.keyboard.press("Enter")
        await expect(page.locator("code.secret")).to_have_count(0)
        await tab_to(page, page.get_by_role("button", name="Change Secret hash"))
        await page.keyboard.press("Space")
        await expect(page.locator("code.secret")).to_have_count(1)
        assert await page.locator("code.secret").text_content() != first
        await expect(page.get_by_text("Old and new both hold until")).to_be_visible()
        complaints.clear()
        await page.reload()  # which sends the form again
        await expect(page.get_by_text("This secret was changed since the page was opened")).to_be_visible()
        assert await db.value("SELECT count(*) FROM gateway WHERE old_secret IS NOT NULL") == 1
        assert [one for one in complaints if "422" not in one] == []


async def test_every_page_fits_and_breaks_no_policy(db: Db) -> None:
    async with site_on(db, callback_networks=OWN) as site, receiving(answers(body=b"ok")) as receiver:
        till = await open_till(site.box, receiver.url)
        steamid = await site.box.stock.steamid_of(till.merchant)
        await site.box.sim.control("POST", f"/_sim/users/{steamid}", {})
        payment = await till.link(order_id="an-order-with-a-name-as-long-as-a-name-can-be-which-is-this-long")
        await till.on_sale(payment, 100, 1_234_567)
        await db.execute("UPDATE steam_item SET icon = ''")  # pictures are Steam's
        await gateways.rotate(site.app, till.merchant, "secret")
        async with browsing() as (page, complaints):
            await sign_in(page, site, steamid)
            complaints.clear()  # of the simulated Steam's own pages
            paths = (
                "merchant",
                "merchant/payments",
                f"merchant/payments/{payment.id}",
                "merchant/notices",
                "sessions",
            )
            for path in (*paths, "merchant/doctor", ""):
                await page.goto(f"{site.url}/{path}")
                for width in (320, 390, 768, 1280, 1920):
                    await page.set_viewport_size({"width": width, "height": 900})
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            await page.goto(f"{site.url}/merchant/doctor")
            await page.get_by_label("Order id").fill("order-7")
            await page.get_by_label("Account").fill("7")
            await page.get_by_role("button", name="Examine it").click()
            await expect(page.get_by_text(re.compile(r"Done: \d+ handled rightly"))).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") <= 1920
            await page.get_by_role("button", name="Sign out").click()
            await page.wait_for_url(f"{site.url}/")
            assert complaints == []
