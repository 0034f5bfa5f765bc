"""Paying with skins in a real browser: the whole way, by keyboard alone, on a phone, without a script, in each language."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from browsers import WAIT_SECONDS, tab_to, visiting
from dialects.web.counter import ASIIMOV, SHOP, SLATE, VALENCE, Counter, Payer
from tradepost.dialects.web.pay_texts import LANGUAGES, texts
from tradepost.market import sessions
from web_browser.arcade import Arcade

PHONE = {"width": 390, "height": 844}
NARROW = {"width": 360, "height": 740}
expect.set_options(timeout=WAIT_SECONDS * 1000)


async def come(page: Page, counter: Counter, payer: Payer, lang: str = "en") -> None:
    """From the link through Steam's page to the payment."""
    await page.goto(counter.site.url + payer.path(lang))
    await page.get_by_role("link", name=texts(lang)("sign_in")).click()
    await page.locator(f"button[value='{payer.steamid}']").click()
    await page.wait_for_url(counter.site.url + payer.path(lang))


async def fits(page: Page) -> bool:
    """Whether nothing of a page lies beside the screen."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


async def test_the_whole_way_from_the_link_to_the_credited_money(chromium: Browser, arcade: Arcade) -> None:
    counter, player = arcade.counter, arcade.player
    async with visiting(chromium) as (page, complaints):
        await come(page, counter, player)
        complaints.clear()  # of the simulated Steam's page
        # Two skins are proposed for 4.20; a third is added, one is taken out again.
        piece = page.locator(".piece")
        await expect(piece.filter(has_text="AK-47").get_by_role("checkbox")).to_be_checked()
        await expect(page.locator("[data-total=amount]")).to_have_text("$4.26 of $4.20")
        await piece.filter(has_text="AWP | Asiimov").locator("label").click()
        await expect(page.locator(".pick")).to_have_count(3)
        await expect(page.locator(".total .net dd")).to_have_text("$88.81")
        await page.get_by_role("button", name="Remove AWP | Asiimov").click()
        await expect(piece.filter(has_text="AWP | Asiimov").get_by_role("checkbox")).not_to_be_checked()
        # A price is typed, with a comma; the sums follow, by the market's own rounding.
        await page.get_by_label("Price of P250 | Valence in USD").fill("0,5")
        await expect(page.locator(".pick").filter(has_text="P250").locator("output")).to_have_text(
            "brings $0.47"
        )
        await expect(page.locator("[data-total=net]")).to_have_text("$4.38")
        await expect(page.locator("[data-total=fee]")).to_have_text("−$0.24")
        # What is wrong is said beside its skin, and nothing is sent.
        await page.get_by_label("Price of P250 | Valence in USD").fill("0.01")
        await expect(page.get_by_text("It has to be at least $0.02.")).to_be_visible()
        await expect(page.locator("[data-total=net]")).to_have_text(
            "$3.91"
        )  # of what can be sold as it stands
        await page.get_by_role("button", name="1 price needs mending first").click()
        await expect(page.get_by_label("Price of P250 | Valence in USD")).to_be_focused()
        await page.get_by_label("Price of P250 | Valence in USD").fill("0.50")
        await page.get_by_role("button", name="Put 2 skins on sale").click()
        # From here on the page follows by itself: it is never loaded again.
        await expect(page.get_by_role("heading", name="Your skins")).to_be_visible()
        await page.evaluate("window.neverLoadedAgain = true")
        slate = page.locator(".fate").filter(has_text="AK-47")
        await expect(slate.get_by_text("Waiting for a buyer")).to_be_visible()
        await expect(page.get_by_text("This page updates by itself.")).to_be_visible()
        assert [row["price_cents"] for row in await counter.offers()] == [412, 50]
        # In another window the player gives his trade URL and connects his program.
        other = await page.context.new_page()
        await other.goto(counter.site.url + player.path())
        partner = int(player.steamid) - 76561197960265728
        await other.get_by_label("Trade URL").fill(
            f"https://steamcommunity.com/tradeoffer/new/?partner={partner}&token=abcdef12"
        )
        await other.get_by_role("button", name="Save").click()
        await expect(other.get_by_text("It is on file.")).to_be_visible()
        await other.get_by_role("button", name="Connect a program").click()
        code = await other.locator(".pairing").text_content()
        assert code
        await expect(other.get_by_text("Waiting to hear from your program")).to_be_visible()
        async with arcade.program(await arcade.pair(code)):
            for window in (page, other):
                await expect(window.get_by_text("It is running and signed in to Steam.")).to_be_visible()
            await expect(other.get_by_text("Waiting to hear from your program")).to_be_hidden()
            await other.close()
            trade = await arcade.buy(SLATE)
            await expect(slate.get_by_text("Sent", exact=True)).to_be_visible()
            await expect(slate.get_by_role("button")).to_have_count(0)
            await arcade.accept(trade)
            await expect(slate.get_by_text("Protected", exact=True)).to_be_visible()
            await expect(slate.locator(".left")).to_have_text(re.compile(r"^(7 d 0 h|6 d 23 h) left$"))
            await expect(page.locator(".sums")).to_contain_text(re.compile(r"Credited\s*\$0.00"))
            await arcade.advance()
            await expect(slate.get_by_text("Credited", exact=True)).to_be_visible()
        await expect(slate.get_by_text(f"{SHOP} has got $3.91 for it.")).to_be_visible()
        await expect(page.locator(".sums")).to_contain_text(re.compile(r"Credited\s*\$3.91"))
        assert await arcade.db.value("SELECT told_cents FROM payment_item WHERE told_at IS NOT NULL") == 391
        assert await page.evaluate("window.neverLoadedAgain")
        # What nobody bought is withdrawn, and who comes back later is at the same place.
        await page.get_by_role("button", name="Withdraw P250 | Valence (Field-Tested)").click()
        await expect(page.get_by_text("You have taken it off sale.")).to_be_visible()
        await page.goto(counter.site.url + player.path("fr"))
        await expect(page.get_by_text(f"{SHOP} en a reçu $3.91.")).to_be_visible()
        assert complaints == []


async def test_what_is_wrong_with_a_price_is_said_while_it_is_typed_and_is_in_sight_when_it_is_sent(
    chromium: Browser, counter: Counter
) -> None:
    payer = await counter.payer(VALENCE, ASIIMOV)
    await counter.give(payer.steamid, *[SLATE] * 8)
    for viewport in ({"width": 1280, "height": 900}, PHONE):
        async with visiting(chromium, viewport=viewport) as (page, _):
            await come(page, counter, payer)
            for number in range(10):
                await page.locator(".piece label").nth(number).click()
            price = page.get_by_label("Price of AWP | Asiimov in USD")
            row = page.locator(".pick").filter(has_text="AWP | Asiimov")
            sell = page.locator("[data-do=sell]")
            for typed, sentence in (
                ("NaN", "Enter a price such as 3.14"),
                ("1e9", "Enter a price such as 3.14"),
                ("-1", "Enter a price such as 3.14"),
                ("6.6666", "Enter a price such as 3.14"),
                ("2.", "Enter a price such as 3.14"),
                ("0.01", "At this price nothing would remain after the fee"),
                ("2670.01", "The price can be at most $2,670.00."),
                ("1000000000", "The price can be at most $2,670.00."),
            ):
                await price.fill(typed)
                await expect(row.locator(".fault")).to_contain_text(sentence)
                await expect(row.locator("output")).to_have_text("")
                await expect(page.locator("[data-total=net]")).to_have_text("$31.63")
                await expect(sell).to_have_text("1 price needs mending first")
            await page.locator(".pick").last.scroll_into_view_if_needed()
            await sell.click()
            await expect(price).to_be_focused()
            await expect(price).to_be_in_viewport()
            # Neither is it below what stays at the end of the panel.
            field, foot = await price.bounding_box(), await page.locator(".foot").bounding_box()
            fault = await row.locator(".fault").bounding_box()
            assert field and foot and fault and fault["y"] + fault["height"] <= foot["y"] + 1
            assert field["y"] >= 60  # nor under the top of the page
            assert await fits(page)
    assert await counter.offers() == []


async def test_a_short_selection_has_no_scroll_of_its_own(chromium: Browser, counter: Counter) -> None:
    await counter.others_sell(SLATE, 399)
    payer = await counter.payer(SLATE, VALENCE, amount="4.20")
    async with visiting(chromium, viewport={"width": 1280, "height": 900}) as (page, _):
        await come(page, counter, payer)
        await expect(page.locator(".pick")).to_have_count(2)
        panel = page.locator("#panel")
        assert await panel.evaluate("one => one.scrollHeight <= one.clientHeight")


async def test_by_the_keyboard_alone(chromium: Browser, counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE)
    async with visiting(chromium) as (page, _):
        await page.goto(counter.site.url + payer.path())
        await tab_to(page, page.get_by_role("link", name="Sign in through Steam"))
        await page.keyboard.press("Enter")
        await tab_to(page, page.locator(f"button[value='{payer.steamid}']"))
        await page.keyboard.press("Enter")
        await tab_to(page, page.get_by_label("Search by name"))
        await page.keyboard.type("valence field")
        await expect(page.locator(".piece:visible")).to_have_count(1)
        await page.keyboard.press("Enter")  # which sends nothing
        await tab_to(page, page.get_by_role("checkbox", name=re.compile("P250")))
        outline = (
            await page.locator(".piece label").nth(1).evaluate("one => getComputedStyle(one).outlineStyle")
        )
        assert outline == "solid"  # one sees where one is
        await page.keyboard.press("Space")
        price = page.get_by_label("Price of P250 | Valence in USD")
        await tab_to(page, price)
        await page.keyboard.press("Control+A")
        await page.keyboard.type("0.40")
        await expect(page.locator("[data-total=net]")).to_have_text("$0.38")
        await page.keyboard.press("Enter")  # on to the button, and not on sale
        sell = page.get_by_role("button", name="Put 1 skin on sale")
        await expect(sell).to_be_focused()
        assert await counter.offers() == []
        await page.keyboard.press("Enter")
        await tab_to(page, page.get_by_role("button", name="Withdraw P250 | Valence (Field-Tested)"))
        await page.keyboard.press("Space")
        await expect(page.get_by_text("You have taken it off sale.")).to_be_visible()


async def test_a_skin_that_is_taken_out_leaves_the_keyboard_at_its_neighbour(
    chromium: Browser, counter: Counter
) -> None:
    payer = await counter.payer(SLATE, VALENCE, amount="4.00")
    async with visiting(chromium) as (page, _):
        await come(page, counter, payer)
        await expect(page.locator(".pick")).to_have_count(2)
        await page.get_by_role("button", name="Remove AK-47 | Slate").press("Enter")
        await expect(page.get_by_role("button", name="Remove P250 | Valence")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("checkbox", name=re.compile("P250"))).to_be_focused()
        await expect(page.get_by_text("Choose skins, and here you see what they bring.")).to_be_visible()


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_each_language_fits_on_a_phone_and_on_a_wide_screen(
    chromium: Browser, counter: Counter, lang: str
) -> None:
    t = texts(lang)
    await counter.others_sell(SLATE, 399)
    payer = await counter.payer(SLATE, VALENCE, ASIIMOV, amount="85.00")
    await counter.give(payer.steamid, "StatTrak™ M4A1-S | Hyper Beast (Battle-Scarred)", tradable=False)
    offers = await counter.till.on_sale(payer.payment, 412, 37, assets=list(payer.assets.values())[:2])
    await counter.till.sent(offers[0])
    await counter.db.execute("DELETE FROM presence")
    await counter.db.execute("UPDATE account SET trade_token = NULL")
    async with visiting(chromium, viewport=PHONE, locale=lang, color_scheme="dark") as (page, complaints):
        await page.goto(counter.site.url + payer.path(lang))
        assert await fits(page)
        await come(page, counter, payer, lang)
        complaints.clear()
        for size in (NARROW, PHONE, {"width": 1280, "height": 800}):
            await page.set_viewport_size({"width": size["width"], "height": size["height"]})
            await page.goto(counter.site.url + payer.path(lang))
            await expect(page.get_by_text(t("state_on_sale"))).to_be_visible()
            await expect(page.get_by_text(t("live_on"))).to_be_visible()
            assert await fits(page)
            await page.goto(counter.site.url + payer.path(lang, "&game=csgo"))
            await page.locator(".piece label").first.click()
            await expect(page.get_by_role("button", name=t("sell", n=1))).to_be_enabled()
            await page.locator("details summary").click()
            assert await fits(page)
            await page.locator(".piece label").first.click()
        await page.get_by_role("button", name=t("program_get")).click()
        await expect(page.get_by_role("heading", name=t("code_title"))).to_be_visible()
        for size in (NARROW, {"width": 1280, "height": 800}):
            await page.set_viewport_size({"width": size["width"], "height": size["height"]})
            assert await fits(page)
        assert complaints == []


async def test_on_a_phone_the_sum_stays_in_sight_and_leads_to_the_prices(
    chromium: Browser, counter: Counter
) -> None:
    payer = await counter.payer(SLATE, VALENCE)
    await counter.give(payer.steamid, *[ASIIMOV] * 12)
    async with visiting(chromium, viewport=PHONE, has_touch=True, is_mobile=True) as (page, _):
        await come(page, counter, payer)
        bar = page.locator(".bottom")
        await expect(bar).to_be_hidden()
        await page.locator(".piece").nth(3).locator("label").tap()
        await expect(bar).to_be_in_viewport()
        await expect(bar).to_contain_text("$84.55 · 1 skin")
        await bar.get_by_role("link").tap()
        await expect(page.get_by_role("heading", name="Your selection")).to_be_in_viewport()
        await page.get_by_role("button", name="Put 1 skin on sale").tap()
        await expect(page.get_by_text("Waiting for a buyer")).to_be_visible()
        assert await fits(page)


async def test_without_a_script_it_is_one_step_more(chromium: Browser, counter: Counter) -> None:
    await counter.others_sell(VALENCE, 30)
    payer = await counter.payer(SLATE, VALENCE, amount="4.20")
    async with visiting(chromium, java_script_enabled=False, viewport=PHONE) as (page, _):
        await come(page, counter, payer, "de")
        await expect(page.get_by_label("Nach Namen suchen")).to_be_hidden()
        await expect(page.get_by_role("button", name="anbieten")).to_have_count(0)
        await page.get_by_role("button", name="Weiter zu den Preisen").click()
        await expect(page.locator("[data-total=amount]")).to_have_text("$4.26 von $4.20")
        await page.get_by_role("button", name="Alle einen Cent unter dem günstigsten").click()
        await expect(page.get_by_label("Preis von P250 | Valence in USD")).to_have_value("0.29")
        await page.get_by_label("Preis von P250 | Valence in USD").fill("teuer")
        await page.get_by_role("button", name="2 Skins anbieten").click()
        await expect(page.get_by_text("Gib einen Preis wie 3,14 ein")).to_be_visible()
        await page.get_by_label("Preis von P250 | Valence in USD").fill("0,31")
        await page.get_by_role("button", name="Neu berechnen").click()
        await expect(page.locator("[data-total=net]")).to_have_text("$4.20")
        assert await fits(page)
        await page.get_by_role("button", name="2 Skins anbieten").click()
        await expect(page.get_by_text("Wartet auf einen Käufer")).to_have_count(2)
        await page.get_by_role("button", name="Alles zurückziehen, was nicht verkauft ist").click()
        await expect(page.get_by_text("Du hast ihn zurückgezogen.")).to_have_count(2)
        offer = (await counter.till.on_sale(payer.payment, 412, assets=[payer.assets[SLATE]]))[0]
        await counter.till.buy(offer)
        await page.get_by_role("link", name="Aktualisieren").click()
        await expect(page.get_by_text("Dein Programm verschickt ihn an den Käufer.")).to_be_visible()


async def test_what_was_chosen_outlives_a_look_at_another_game_and_ends_with_the_sale(
    chromium: Browser, counter: Counter
) -> None:
    payer = await counter.payer(SLATE, VALENCE)
    async with visiting(chromium) as (page, _):
        await come(page, counter, payer)
        await page.locator(".piece").filter(has_text="AK-47").locator("label").click()
        await page.get_by_label("Price of AK-47 | Slate in USD").fill("4.50")
        await page.get_by_role("link", name="Rust").click()
        await expect(page.get_by_text("Steam shows nothing of Rust in your inventory.")).to_be_visible()
        await page.get_by_role("link", name="Counter-Strike 2").click()
        await expect(page.get_by_label("Price of AK-47 | Slate in USD")).to_have_value("4.50")
        await expect(page.get_by_role("checkbox", name=re.compile("AK-47"))).to_be_checked()
        await page.get_by_role("button", name="Put 1 skin on sale").click()
        await page.get_by_role("link", name="Sell more skins").click()
        await expect(page.get_by_text("Choose skins, and here you see what they bring.")).to_be_visible()
        assert await page.evaluate("sessionStorage.length") <= 1


async def test_who_is_signed_out_elsewhere_is_told_so_at_once(chromium: Browser, counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    await counter.till.on_sale(payer.payment, 412, assets=list(payer.assets.values()))
    async with visiting(chromium) as (page, _):
        await come(page, counter, payer)
        await expect(page.get_by_text("This page updates by itself.")).to_be_visible()
        async with counter.db.transaction() as tx:
            await sessions.end_others(tx, payer.id, 0)
        await expect(
            page.get_by_text("You are signed out, so this page does not update any more.")
        ).to_be_visible()
        await page.get_by_role("link", name="Refresh").click()
        await expect(page.get_by_role("link", name="Sign in through Steam")).to_be_visible()


async def test_hostile_names_are_text_in_the_script_too(chromium: Browser, counter: Counter) -> None:
    evil = '"><img src=x onerror=document.title=1>{{7*7}}'
    await counter.db.execute("UPDATE account SET name = $2 WHERE id = $1", counter.till.merchant, evil)
    payer = await counter.payer(evil, name=evil)
    async with counter.db.transaction() as tx:
        from tradepost.market import steam_items

        await steam_items.set_prices(tx, "csgo", {evil: 250}, counter.app.real_now())
    async with visiting(chromium) as (page, complaints):
        await come(page, counter, payer)
        complaints.clear()
        await page.locator(".piece label").click()
        await expect(page.locator(".pick strong")).to_have_text(evil)
        await page.get_by_role("button", name="Put 1 skin on sale").click()
        await expect(page.locator(".fate strong")).to_have_text(evil)
        await expect(page.get_by_text("This page updates by itself.")).to_be_visible()
        assert await page.locator("img[src=x]").count() == 0 and await page.title() != "1"
        assert complaints == []


async def test_a_thousand_skins_are_searched_at_once(chromium: Browser, counter: Counter) -> None:
    payer = await counter.payer(VALENCE)
    for _ in range(5):
        await counter.give(payer.steamid, *[f"{SLATE}"] * 200)
    async with visiting(chromium) as (page, _):
        await come(page, counter, payer)
        await expect(page.locator(".piece")).to_have_count(1001)
        await page.get_by_label("Search by name").fill("p250")
        await expect(page.locator(".piece:visible")).to_have_count(1)
        await page.get_by_label("Search by name").fill("nothing of the kind")
        await expect(page.get_by_text("None of your skins has this in its name.")).to_be_visible()
