"""The example shop in a real browser: a click leads to the market, and the page follows what happens by itself."""

import time
from dataclasses import replace
from pathlib import Path

from playwright.async_api import expect

from browsers import browsing
from examples.running import market, shop
from receiver.market import IPN, signed, told

PHONE = 832  # up to this width there is one column: the balance first, then the button


async def test_a_click_leads_to_the_market_and_a_credit_appears_without_a_reload(tmp_path: Path) -> None:
    async with market() as beside, shop(tmp_path, beside) as running, browsing() as (page, complaints):
        await page.goto(running.url)
        await page.get_by_label("About how much").fill("12.50")
        await page.get_by_role("button", name="Pay with skins").press("Enter")
        await page.wait_for_url(f"{beside.url}/en/pay?token=*")
        ((order_id, asked),) = beside.links.items()
        assert asked["amount"] == "12.50"

        await page.goto(running.url)
        await page.evaluate("window.isStillThere = true")
        await page.get_by_role("link", name="Open payment").focus()
        for number, balance in ((1, "$6.66"), (2, "$13.32")):
            ipn = replace(IPN, order_id=order_id, trade_id=f"{number:016x}")
            assert await running.told(signed(told(ipn).query, at=int(time.time()))) == "ok"
            await expect(page.get_by_role("status")).to_have_text(balance)
            await expect(page.get_by_text(f"Skin sold {number:016x}")).to_be_visible()
        await expect(page.get_by_role("link", name="Open payment")).to_be_focused()
        assert await page.evaluate("window.isStillThere")
        assert complaints == []


async def test_in_a_sandbox_a_click_lets_seven_days_pass(tmp_path: Path) -> None:
    async with market() as beside, shop(tmp_path, beside) as running, browsing() as (page, complaints):
        await page.goto(running.url)
        await page.get_by_role("link", name="Toni").click()
        await page.get_by_role("button", name="Let seven days pass").click()
        await expect(page.get_by_text("Playing as Toni")).to_be_visible()
        assert (beside.clock_moved, complaints) == ([604_800], [])


async def test_the_page_fits_from_a_phone_to_a_wide_screen(tmp_path: Path) -> None:
    async with market() as beside, shop(tmp_path, beside) as running, browsing() as (page, _):
        order_id = await running.order(beside, amount="12.50")
        ipn = replace(IPN, order_id=order_id)
        assert await running.told(signed(told(ipn).query, at=int(time.time()))) == "ok"
        await page.goto(running.url)
        await expect(page.get_by_text("+6.66")).to_be_visible()
        for width in (320, 390, 768, 1280, 1920):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            boxes = [
                await page.locator(one).bounding_box() for one in (".balance", ".hero", ".orders", ".how")
            ]
            tops = [box["y"] for box in boxes if box]
            assert len(tops) == 4 and (width > PHONE or tops == sorted(tops))
