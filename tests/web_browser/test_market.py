"""The market in a real browser: found as one types, followed as it changes, ordered, bought once, and bearable to all."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from browsers import WAIT_SECONDS, tab_to, visiting
from dialects.web.site import OTHER, USER, Site, site_on
from dialects.web.stall import CASE, KINDS, NEW_SLATE, SLATE, ST_SLATE, VALENCE, Stall, open_stall
from market.sold import history
from tradepost.db import Db
from web_browser.eyes import PHONE, faults

WEARS = {"Factory New": "0.01", "Minimal Wear": "0.09", "Field-Tested": "0.2", "Well-Worn": "0.41"}
WINDOW = {
    "★ Karambit | Doppler (Factory New)": ("Knife", "Covert", 84_900),
    "AWP | Asiimov (Field-Tested)": ("Sniper Rifle", "Covert", 12_867),
    "M4A4 | Howl (Minimal Wear)": ("Rifle", "Contraband", 240_000),
    "Desert Eagle | Crimson Web (Field-Tested)": ("Pistol", "Restricted", 1_210),
    "Glock-18 | Candy Apple (Minimal Wear)": ("Pistol", "Mil-Spec", 92),
    "P90 | Emerald Dragon (Field-Tested)": ("SMG", "Restricted", 3_340),
    "★ Sport Gloves | Vice (Well-Worn)": ("Gloves", "Extraordinary", 61_500),
    "AK-47 | Redline (Field-Tested)": ("Rifle", "Classified", 2_271),
    "Nova | Tempest (Field-Tested)": ("Shotgun", "Industrial Grade", 15),
    "SSG 08 | Blood in the Water (Minimal Wear)": ("Sniper Rifle", "Covert", 7_250),
}
expect.set_options(timeout=WAIT_SECONDS * 1000)


@pytest.fixture
async def stall(db: Db) -> AsyncIterator[Stall]:
    """A market with something of everything, and a buyer with money."""
    async with site_on(db) as site:
        made = await open_stall(site)
        await made.offer(SLATE, 450, float_text="0.25", paintseed=661)
        await made.offer(SLATE, 430, float_text="0.17", paintseed=100)
        await made.offer(NEW_SLATE, 2_100, float_text="0.01", paintseed=3)
        await made.offer(ST_SLATE, 1_400, float_text="0.3", paintseed=9)
        await made.offer(VALENCE, 50, seller=made.away, float_text="0.2", paintseed=661)
        await made.offer(CASE, 102)
        await db.execute("INSERT INTO profile (account_id, shorturl) VALUES ($1, 'annie')", made.seller)
        yield made


async def decorate(stall: Stall) -> None:
    """A window as it would be on a good day, with pictures as the simulated Steam draws them."""
    names = [*KINDS, *WINDOW]
    order = [
        {
            "appid": 730,
            "market_hash_name": name,
            "rarity": (KINDS.get(name) or {}).get("rarity") or WINDOW[name][1],
        }
        for name in names
    ]
    await stall.site.box.sim.control("POST", f"/_sim/users/{OTHER}/items", order)
    for number, (name, (kind, rarity, cents)) in enumerate(WINDOW.items()):
        exterior = name.rpartition(" (")[2].rstrip(")")
        offer = await stall.offer(name, cents, float_text=f"{WEARS[exterior]}{number}", paintseed=37 * number)
        await stall.site.db.execute(
            "UPDATE steam_item SET type = $2, rarity = $3, exterior = $4, price_cents = $5 WHERE market_hash_name = $1",
            name, kind, rarity, exterior, cents * 115 // 100,
        )  # fmt: skip
        await stall.reprice(offer, cents)


async def come(page: Page, site: Site, path: str) -> None:
    """Sign in through Steam's page, and go on where one wanted to."""
    await page.goto(f"{site.url}/sign-in?next={path}")
    await page.locator(f"button[value='{USER}']").click()
    await page.wait_for_url(site.url + path)


async def test_what_is_on_sale_is_found_as_one_types_and_followed_as_it_changes(
    chromium: Browser, stall: Stall
) -> None:
    url = stall.site.url
    async with visiting(chromium) as (page, complaints):
        await page.goto(url)
        await page.get_by_label("Search by name").fill("slate")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{url}/market?search=slate")
        await expect(page.locator(".tile")).to_have_count(4)
        await page.evaluate("window.neverLoadedAgain = true")
        # The list follows each key and each tick; the address says what is shown.
        await page.get_by_label("Search by name").press("End")
        await page.get_by_label("Search by name").press_sequentially(" (f")
        await expect(page.locator(".tile")).to_have_count(4)
        await page.get_by_role("checkbox", name="Field-Tested").check()
        await expect(page.locator(".tile")).to_have_count(3)
        await expect(page.locator("#total")).to_have_text("3 offers")
        await expect(page).to_have_url(
            re.compile(r"/market\?game=csgo&search=slate\+%28f&exterior=Field-Tested$")
        )
        await page.get_by_role("group", name="Price in USD").get_by_label("To").fill("5")
        await expect(page.locator(".tile")).to_have_count(2)
        await page.get_by_label("Paint seed").fill("6x")
        await expect(page.get_by_role("alert")).to_contain_text("Paint seed")
        await page.get_by_label("Paint seed").fill("661")
        await expect(page.locator(".tile")).to_have_count(1)
        await expect(page.get_by_label("Search by name")).to_have_value("slate (f")
        assert await page.evaluate("window.neverLoadedAgain")
        # A new window shows the same; back is the view before, with its form.
        other = await page.context.new_page()
        await other.goto(page.url)
        await expect(other.locator(".tile")).to_have_count(1)
        await expect(other.get_by_label("Paint seed")).to_have_value("661")
        await other.close()
        for before in ("6x", ""):
            await page.evaluate("history.back()")
            await expect(page.get_by_label("Paint seed")).to_have_value(before)
        await expect(page.locator(".tile")).to_have_count(2)
        # A filter is taken away by itself, and rows are another view of the same.
        await page.get_by_role("link", name="up to $5").click()
        await page.get_by_role("link", name="List").click()
        await expect(page.locator(".tiles.list .tile")).to_have_count(3)
        # While one looks: one is gone, one costs less, a new one waits until it is asked for.
        ids = [int(await one.get_attribute("data-offer") or 0) for one in await page.locator(".tile").all()]
        await stall.gone(ids[0])
        await expect(page.locator(".tile.gone")).to_contain_text("Gone")
        await stall.reprice(ids[1], 444)
        await expect(page.locator(f"[data-offer='{ids[1]}'] [data-price]")).to_have_text("$4.44")
        assert await page.locator(".tile").count() == 3
        await stall.offer(SLATE, 399)
        await page.get_by_role("link", name="1 new offer: show").click()
        await expect(page.locator(".tile").first).to_contain_text("$3.99")
        # By keyboard alone from the search to an offer.
        await page.get_by_label("Search by name").focus()
        await tab_to(page, page.locator(".tile a.name").first)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Slate")
        assert complaints == []


async def test_without_a_script_all_of_it_works_by_links_and_forms(chromium: Browser, stall: Stall) -> None:
    async with visiting(chromium, java_script_enabled=False, viewport=PHONE) as (page, complaints):
        await page.goto(f"{stall.site.url}/market")
        await page.get_by_label("Search by name").fill("slate")
        await page.get_by_text("Filters").click()
        await page.get_by_label("Only with").or_(page.locator("#stattrak")).first.select_option("1")
        await page.get_by_role("button", name="Show").last.click()
        await expect(page.locator(".tile")).to_have_count(1)
        await page.locator(".tile a.name").click()
        await expect(page.get_by_role("link", name="Sign in to buy")).to_be_visible()
        assert complaints == []


async def test_somebody_orders_and_buys_once_however_often_he_presses(
    chromium: Browser, stall: Stall
) -> None:
    site = stall.site
    buyer, _ = await stall.buyer(1_000)
    async with visiting(chromium) as (page, complaints):
        await come(page, site, "/market?search=valence")
        complaints.clear()  # of the simulated Steam's page
        await page.locator(".tile a.name").click()
        await expect(page.get_by_text("The seller's program is not online")).to_be_visible()
        await page.get_by_label("Where this is").get_by_role("link", name="Valence").click()
        # An order: what is wrong is said beside its field, and what was typed stays.
        await page.get_by_label("At most, in USD").fill("0,3x")
        await page.get_by_role("button", name="Place").click()
        await expect(page.get_by_label("At most, in USD")).to_have_value("0,3x")
        await expect(page.get_by_text("Write the most that you would pay")).to_be_visible()
        await page.get_by_label("At most, in USD").fill("0,30")
        await page.get_by_label("How many").fill("2")
        await page.get_by_role("button", name="Place").click()
        await expect(page.get_by_text("Your buy order is placed.")).to_be_visible()
        await page.reload()
        await page.goto(f"{site.url}/orders")
        await expect(page.locator(".row")).to_contain_text("Awake")
        await page.get_by_role("searchbox", name="Name").press_sequentially("factory")
        await expect(page.get_by_role("link", name=NEW_SLATE)).to_be_visible()
        await page.get_by_role("button", name=f"Remove the order for {VALENCE}").click()
        await expect(page.get_by_text("Your buy order is removed.")).to_be_visible()
        # A buy: asked for once more; the price changes meanwhile; then pressed twice.
        await page.goto(f"{site.url}/market?search=slate&sort=cheapest")
        offer = int(await page.locator(".tile").first.get_attribute("data-offer") or 0)
        await page.locator(".tile a.name").first.click()
        await page.get_by_role("link", name="Buy for $4.30").click()
        await expect(page.get_by_text("Afterwards")).to_be_visible()
        await stall.reprice(offer, 440)
        await page.get_by_role("button", name="Pay $4.30 now").click()
        await expect(
            page.get_by_text("The price changed from $4.30 to $4.40 while you looked.")
        ).to_be_visible()
        complaints.clear()  # a 409 is one to Chromium
        await page.get_by_role("button", name="Pay $4.40 now").dblclick(no_wait_after=True)
        await page.wait_for_url(re.compile(r"/trades/\d+"))
        rows = await site.db.fetch("SELECT buyer_id, price_cents FROM trade")
        assert [(row["buyer_id"], row["price_cents"]) for row in rows] == [(buyer, 440)]


async def test_every_page_is_bearable_by_day_by_night_on_a_phone_and_to_who_hears_it(
    chromium: Browser, stall: Stall
) -> None:
    site, item = stall.site, await stall.item(SLATE)
    now = site.app.now()
    await decorate(stall)
    await history(
        site.db, *((SLATE, now - timedelta(days=day, hours=1), 400 + 7 * day % 50) for day in range(40))
    )
    buyer, _ = await stall.buyer(1_000)
    _, other = await stall.buyer(1_000, OTHER)
    for cents in ("3.99", "3.80", "3.10"):
        seen = await other.get(f"/market/item/{item}")
        mark = re.findall(r'name="mark" value="([^"]*)"', seen.text)[0]
        form = {
            "csrf": seen.csrf,
            "mark": mark,
            "do": "change" if "Change" in seen.words else "place",
            "price": cents,
            "amount": "3",
        }
        await other.post(f"/market/item/{item}/order", form)
    (offer, gone) = [row["id"] for row in await site.db.fetch("SELECT id FROM offer ORDER BY id LIMIT 2")]
    await site.db.execute(
        "INSERT INTO buy_order (account_id, steam_item_id, price_cents, amount, reach_cents, created_at, changed_at)"
        " VALUES ($1, $2, 300, 2, 300, $3, $3)",
        buyer, item, now,
    )  # fmt: skip
    await stall.gone(gone)
    async with visiting(chromium) as (page, complaints):
        await come(page, site, "/orders")
        complaints.clear()  # of the simulated Steam's page
        for path, name in {
            "/": "home",
            "/market": "market",
            "/market?type=Rifle&price_from=x": "",
            "/market?view=list": "",
            "/market?names=1": "",
            "/market?search=nothing+like+it": "",
            f"/market/item/{item}": "item",
            f"/market/offer/{offer}": "offer",
            f"/market/offer/{offer}?buy=1": "",
            f"/market/offer/{gone}": "",
            "/orders?search=slate": "",
            "/u/annie": "",
        }.items():
            await page.goto(site.url + path)
            assert await faults(page, name=name) == [], path
        assert [one for one in complaints if "410" not in one] == []
