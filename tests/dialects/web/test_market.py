"""The market's pages: what is found and shown, what each says where there is nothing, and that a buy is one buy."""

import asyncio
import re

import aiohttp
import pytest
from pytest import MonkeyPatch

from dialects.sse import Listener
from dialects.web.hostile import TEXTS, faults, shows
from dialects.web.site import OTHER, Seen, Site
from dialects.web.stall import CASE, NEW_SLATE, SLATE, ST_SLATE, STICKER, VALENCE, Stall, open_stall
from tradepost.market import buy_orders, feed, freezing, switches, viewers
from tradepost.steam.simulator.items import CS2, icon_of


@pytest.fixture
async def stall(site: Site) -> Stall:
    return await open_stall(site)


def ids(seen: Seen) -> list[int]:
    """The offers that a page shows, in their order."""
    return [int(one) for one in re.findall(r'data-offer="(\d+)"', seen.text)]


def hidden(seen: Seen, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', seen.text)
    assert found, seen.text
    return found[1]


async def test_the_market_finds_filters_and_sorts_what_is_on_sale(stall: Stall) -> None:
    browser = stall.site.browser()
    assert "Nothing of this game is on sale yet" in (await browser.get("/market")).words
    a = await stall.offer(SLATE, 450, float_text="0.25", paintseed=661)
    b = await stall.offer(NEW_SLATE, 2_100, float_text="0.01", paintseed=3)
    c = await stall.offer(ST_SLATE, 1_400, float_text="0.3", paintseed=9)
    d = await stall.offer(VALENCE, 50, seller=stall.away, float_text="0.2", paintseed=661)
    e = await stall.offer(CASE, 102)
    f = await stall.offer(SLATE, 430, float_text="0.17", paintseed=100)
    whole = await browser.get("/market")
    assert ids(whole) == [f, e, d, c, b, a] and "6 offers" in whole.words
    assert "$4.50 −10 % Seller online" in whole.words and "$0.50 +25 % Seller away" in whole.words
    assert (
        "0.25" in whole.words
        and "661" in whole.words
        and f"/economy/image/{icon_of(CS2, SLATE)}/256fx256f" in whole.text
    )
    for query, found in {
        "search=slate": [f, c, b, a],
        "search=ak-47+%7C+SLATE&sort=cheapest": [f, a, c, b],
        "search=slate++AK&sort=cheapest": [f, a, c, b],
        "search=stattrak+slate": [c],
        "search=slate+valence": [],
        "search=a+b+c+d+e+f+g+h+i+j+k": [],
        "search=%25": [],
        "sort=dearest": [b, c, a, f, e, d],
        "sort=float_low": [b, f, d, a, c, e],
        "sort=float_high": [c, a, d, f, b, e],
        "type=Pistol&type=Container": [e, d],
        "exterior=Factory+New": [b],
        "rarity=Restricted&stattrak=0": [f, b, a],
        "stattrak=1": [c],
        "price_from=4.50&price_to=14": [c, a],
        "price_to=1,02": [e, d],
        "float_from=0,15&float_to=0.25": [f, d, a],
        "seed=661": [d, a],
        "game=dota2": [],
        "page=2": [],
    }.items():
        assert ids(await browser.get(f"/market?{query}")) == found, query
    # Of each name the cheapest, with how many there are; a name leads to its item.
    grouped = await browser.get("/market?names=1&sort=cheapest")
    assert ids(grouped) == [d, e, f, c, b] and "from $4.30 −14 % 2 offers" in grouped.words
    assert f"/market/item/{await stall.item(SLATE)}" in grouped.text
    # Options are what there is, each with how many it would leave.
    narrowed = await browser.get("/market?type=Rifle&view=list")
    assert 'class="tiles list"' in narrowed.text and "Souvenir" not in narrowed.words
    options = " ".join(re.findall(r'<fieldset class="choice">.*?</fieldset>', narrowed.text, re.DOTALL))
    assert [re.sub(r"<[^>]*>", " ", one).split() for one in re.findall(r"<label.*?</label>", options)] == [
        ["Factory", "New", "1"], ["Field-Tested", "3"],
        ["Container", "1"], ["Pistol", "1"], ["Rifle", "4"],
        ["Restricted", "4"], ["Mil-Spec", "0"], ["Base", "Grade", "0"],
    ]  # fmt: skip
    # A filter in force is taken away by itself.
    chips = await browser.get("/market?type=Rifle&type=Pistol&search=a&seed=661")
    ways = re.findall(r'<li><a href="([^"]*)">([^<]*)<span', chips.text)
    assert [text for _, text in ways] == ["“a”", "seed 661", "Rifle", "Pistol"]
    assert ways[2][0] == "/market?game=csgo&amp;search=a&amp;type=Pistol&amp;seed=661"
    assert "Nothing on sale fits" in (await browser.get("/market?search=nosuchthing")).words
    assert "There is no page 2" in (await browser.get("/market?page=2")).words


async def test_a_search_leads_to_the_game_that_has_it_and_counts_in_every_game(stall: Stall) -> None:
    browser = stall.site.browser()
    await stall.offer(SLATE, 450)
    found = await stall.offer("Exalted Manifold Paradox", 900, project="dota2")
    tabs = r'<nav class="sub games".*?</nav>'

    def counted(seen: Seen) -> str:
        return " ".join(re.sub(r"<[^>]*>", " ", re.findall(tabs, seen.text, re.DOTALL)[0]).split())

    seen = await browser.get("/market?search=manifold")  # as the first page's search asks
    assert ids(seen) == [found] and '<input type="hidden" name="game" value="dota2">' in seen.text
    assert "Counter-Strike 2 0 Dota 2 1 Team Fortress 2 0" in counted(seen)
    assert ids(await browser.get("/market?search=slate")) != [found]
    # Whoever looks in a game himself stays in it, and reads where it is.
    seen = await browser.get("/market?game=csgo&search=manifold&price_to=3&view=list")
    assert "Nothing on sale fits 1 offer in Dota 2" in seen.words
    assert 'href="/market?game=dota2&amp;search=manifold&amp;view=list"' in seen.text
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    seen = await browser.get("/market?game=csgo&search=manifold", headers=part)
    assert 'id="games" hx-swap-oob="innerHTML"' in seen.text and "Dota 2 <span" in seen.text
    assert "1 offer in Dota 2" in seen.words
    seen = await browser.get("/market?search=nosuchthing")
    assert "Counter-Strike 2 0 Dota 2 0" in counted(seen) and "Nothing on sale fits Take" in seen.words
    assert "Counter-Strike 2 1 Dota 2 1" in counted(await browser.get("/market"))


async def test_a_tile_says_no_word_twice(stall: Stall) -> None:
    await stall.offer(STICKER, 30)
    seen = await stall.site.browser().get("/market")
    assert "Sticker Lucaozy | Paris 2023 High Grade" in seen.words


async def test_a_part_of_the_market_is_the_list_alone_at_the_one_address_of_what_it_shows(
    stall: Stall,
) -> None:
    await stall.offer(SLATE, 450)
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    seen = await stall.site.browser().get(
        "/market?game=csgo&view=grid&search=SLATE&price_from=&float_from=&sort=newest&seed=", headers=part
    )
    assert seen.headers["HX-Push-Url"] == "/market?game=csgo&search=SLATE"
    assert (
        "<html" not in seen.text
        and '<div id="list"' in seen.text
        and 'hx-swap-oob="innerHTML">1 offer</p>' in seen.text
    )
    restored = await stall.site.browser().get(
        "/market", headers={**part, "HX-History-Restore-Request": "true"}
    )
    assert "<html" in restored.text


async def test_what_is_wrong_in_the_address_is_said_and_named(stall: Stall) -> None:
    browser, offer = stall.site.browser(), await stall.offer(SLATE, 450)
    item = await stall.item(SLATE)
    # What a person types is kept, and said beside it.
    for name, typed in {"price_from": "cheap", "price_to": "99999999999", "float_from": "0.", "float_to": "-1",
                        "seed": "1.5"}.items():  # fmt: skip
        seen = await browser.get("/market", params={name: typed})
        assert (seen.status, ids(seen)) == (200, [offer]), name
        assert (
            f'value="{typed}"' in seen.text
            and f'id="{name}-fault"' in seen.text
            and 'aria-invalid="true"' in seen.text
        )
    # What no form of ours sends is refused.
    for path, field in {
        "/market?game=chess": "game", "/market?sort=random": "sort", "/market?page=0": "page", "/market?page=x": "page",
        "/market?stattrak=maybe": "stattrak", "/market?names=2": "names", "/market?view=cloud": "view",
        "/market?search=" + "x" * 201: "search", "/market?type=" + "x" * 301: "type", "/market?rarity=" + "x" * 301: "rarity",
        "/market?exterior=" + "x" * 301: "exterior",
        "/market/live?shown=a": "shown", "/market/live?after=0": "after", "/market/live?since=soon": "since",
        "/market/live?shown=" + ",".join(map(str, range(1, 60))): "shown",
        "/market/offer/0": "id", "/market/offer/x": "id", "/market/offer/1?buy=x": "buy",
        "/market/item/-1": "id", f"/market/item/{item}?sort=x": "sort", f"/market/item/{item}?period=2W": "period",
        f"/market/item/{item}?done=well": "done", "/u/x?game=chess": "game", "/u/x?page=0": "page",
    }.items():  # fmt: skip
        seen = await browser.get(path)
        assert seen.status == 422 and field in seen.words, (path, seen.status, seen.words)
    for path in (f"/market/item/{10**18}", "/market/item/9223372036854775807", f"/market/offer/{10**18}",
                 "/market/offer/9999999999999999999", "/u/nobody", "/u/76561198000000101", "/u/%00"):  # fmt: skip
        seen = await browser.get(path)
        assert seen.status == 404, (path, seen.status)
    # The largest and the oddest that is well formed is answered.
    odd = await browser.get("/market?page=999999999999999999&seed=999999999&float_to=9999e-99&price_to=0")
    assert odd.status == 200 and ids(odd) == []


async def test_texts_from_outside_stay_texts_on_every_page(stall: Stall) -> None:
    buyer, browser = await stall.buyer()
    await stall.site.db.execute(
        "INSERT INTO profile (account_id, shorturl) VALUES ($1, 'annie')", stall.seller
    )
    for number, text in enumerate(TEXTS, 1):
        offer = await stall.offer(text, 100 + number)
        item = await stall.item(text)
        await stall.site.db.execute(
            "UPDATE steam_item SET type = $2, rarity = $2, icon = $2, price_cents = 90 WHERE id = $1",
            item,
            text,
        )
        await stall.site.db.execute(
            "UPDATE account SET name = $2, avatar = $2 WHERE id = $1", stall.seller, text
        )
        await stall.site.db.execute(
            "INSERT INTO buy_order (account_id, steam_item_id, price_cents, amount, reach_cents, created_at, changed_at)"
            " VALUES ($1, $2, 90, 2, 90, now(), now())",
            buyer, item,
        )  # fmt: skip
        for path in ("/", f"/market/offer/{offer}", f"/market/item/{item}", "/u/annie", "/orders"):
            seen = await browser.get(path)
            assert seen.status == 200 and faults(seen.text) == [], (path, text)
        seen = await browser.get("/market", params={"search": text, "type": text, "price_from": text})
        assert faults(seen.text) == [] and shows(seen.text, text.strip()), text
        seen = await browser.get("/orders", params={"search": text})
        assert faults(seen.text) == [] and shows(seen.text, text), text
    assert shows((await browser.get("/market")).text, TEXTS[0])


async def test_an_offer_says_what_buying_takes_and_is_bought_once(stall: Stall) -> None:
    site, offer = stall.site, await stall.offer(SLATE, 450, float_text="0.25", paintseed=661)
    path = f"/market/offer/{offer}"
    seen = await site.browser().get(path)
    assert "Sign in to buy" in seen.words and "Steam protects the trade for 7 days" in seen.words
    assert "buy=1" not in seen.text
    # What is missing comes one after another: the trade URL, the money.
    browser = await site.signed_in()
    seen = await browser.get(path)
    assert "Where is it sent?" in seen.words
    for typed in (
        "",
        "http://example.com",
        "https://steamcommunity.com/tradeoffer/new/?partner=5&token=abcdef12",
    ):
        wrong = await browser.post(path, {"csrf": seen.csrf, "do": "trade_url", "trade_url": typed})
        assert (
            wrong.status == 422
            and 'id="url-fault"' in wrong.text
            and f'value="{typed.replace("&", "&amp;")}"' in wrong.text
        )
    await site.box.sim.control("POST", "/_sim/users/76561198000000101", {"trade_token": "abcdef12"})
    url = f"https://steamcommunity.com/tradeoffer/new/?partner={76561198000000101 - 76561197960265728}&token=abcdef12"
    kept = await browser.post(path, {"csrf": seen.csrf, "do": "trade_url", "trade_url": url})
    assert kept.status == 200 and "Missing $4.50" in kept.words
    # The money comes where it is missing, and leads back to what it is for, and to nothing else.
    way = re.search(r'href="(/wallet/deposit[^"]*)"', kept.text)
    assert way is not None and way[1] == f"/wallet/deposit?amount=4.50&amp;offer={offer}"
    till = await browser.get(way[1].replace("&amp;", "&"))
    assert (
        '<a href="/wallet/deposit" aria-current="page">' in till.text
    )  # it is an address of ours, to come back to
    assert 'value="4.50"' in till.text and f'<a href="{path}">Back to the offer</a>' in till.text
    money = {
        "csrf": till.csrf,
        "key": hidden(till, "key"),
        "by": "play",
        "amount": "4.00",
        "offer": str(offer),
    }
    wrong = await browser.post("/wallet/deposit", {**money, "amount": "much"})
    assert wrong.status == 422 and f'<a href="{path}">Back to the offer</a>' in wrong.text
    for field in ("offer", "item"):
        for other in ("https://example.com", "//example.com", "0", "-1", f"{offer}/.."):
            assert (await browser.get("/wallet/deposit", params={field: other})).status == 422, other
            refused = await browser.post("/wallet/deposit", {**money, field: other}, follow=False)
            assert refused.status == 422 and field in refused.words, other
    paid = await browser.post("/wallet/deposit", money)
    assert paid.url.endswith(f"{path}?done=played")
    assert "Play money was added to what you can spend." in paid.words and "Missing $0.50" in paid.words
    buyer, browser = await stall.buyer(600)
    assert "Buy for $4.50 You have $10.00" in (await browser.get(path)).words
    sure = await browser.get(f"{path}?buy=1")
    assert "In your wallet now $10.00 You pay −$4.50 Afterwards $5.50" in sure.words
    form = {"csrf": sure.csrf, "do": "buy", "price": hidden(sure, "price"), "mark": hidden(sure, "mark")}
    # What is wrong with the form is named, and a foreign one refused.
    for field, value in {"price": "0", "mark": "a b", "do": "steal"}.items():
        wrong = await browser.post(path, {**form, field: value})
        assert wrong.status == 422 and field in wrong.words, field
    assert "price: is missing" in (await browser.post(path, {**form, "price": ""})).words
    for how in ({"csrf": "0" * 64}, {"csrf": ""}):
        assert (await browser.post(path, {**form, **how})).status == 403
    assert (await browser.post(path, form, headers={"Sec-Fetch-Site": "cross-site"})).status == 403
    assert (await site.browser().post(path, form)).status == 401
    # The price went up meanwhile: nothing is bought, and it is asked for anew.
    await stall.reprice(offer, 460)
    dearer = await browser.post(path, form)
    assert (
        dearer.status == 409
        and "The price changed from $4.50 to $4.60 while you looked. Nothing was bought." in dearer.words
    )
    form |= {"price": hidden(dearer, "price"), "mark": hidden(dearer, "mark")}
    assert form["price"] == "4.60"
    # Twice is once: both presses lead to the one trade.
    first, second = [await browser.post(path, form, follow=False) for _ in range(2)]
    assert first.status == second.status == 303 and first.location == second.location
    assert re.fullmatch(r"/trades/\d+", first.location)
    assert await site.db.value("SELECT count(*) FROM trade WHERE buyer_id = $1", buyer) == 1
    mine = await browser.get(path)
    assert mine.status == 410 and "You bought this one" in mine.words and first.location in mine.text
    # Whoever was slower hears so, and what else there is.
    await stall.offer(SLATE, 480)
    _, late = await stall.buyer(steamid=OTHER)
    gone = await late.get(path)
    assert gone.status == 410 and "This offer is gone" in gone.words and "$4.80" in gone.words
    form["csrf"] = (await late.get("/orders")).text.partition('name="csrf" value="')[2][:64]
    slow = await late.post(path, form)
    assert slow.status == 409 and "Somebody was faster" in slow.words and "Nothing was paid" in slow.words


async def test_every_hurdle_on_the_way_to_a_buy_is_said_in_words(stall: Stall) -> None:
    site = stall.site
    buyer, browser = await stall.buyer()
    away = await stall.offer(CASE, 100, seller=stall.away)
    own = await stall.offer(VALENCE, 50, seller=buyer)
    open_ = await stall.offer(SLATE, 450)
    await site.box.stock.online(buyer)
    assert "The seller's program is not online" in (await browser.get(f"/market/offer/{away}")).words
    assert "This is your own offer" in (await browser.get(f"/market/offer/{own}")).words
    for sql, words in {
        "UPDATE switch SET is_off = true, reason = 'Steam is down.' WHERE name = 'buying'": "Buying is switched off for now: Steam is down.",
        "UPDATE account SET hold_until = '2099-01-02T03:04:05Z' WHERE steamid = '76561198000000101'": "Steam holds your trades until 2099-01-02 03:04:00 UTC",
        "INSERT INTO ban (steamid, side, reason, from_at, until_at) VALUES ('76561198000000101', 'buyer', 'Declined thrice.', '2000-01-01', '2099-01-02T03:04:05Z')": "You cannot buy until 2099-01-02 03:04:00 UTC : Declined thrice.",
    }.items():  # fmt: skip
        before = await browser.get(f"/market/offer/{open_}?buy=1")
        await site.db.execute(sql)
        await asyncio.sleep(
            switches.SECONDS if "switch" in sql else 0
        )  # so long what was said of it is believed
        seen = await browser.get(f"/market/offer/{open_}?buy=1")
        assert words in seen.words and "Pay $4.50 now" not in seen.words, words
        if 'name="mark"' in before.text:
            form = {"csrf": before.csrf, "do": "buy", "price": "4.50", "mark": hidden(before, "mark")}
            refused = await browser.post(f"/market/offer/{open_}", form)
            assert refused.status in (403, 409, 503) and 'role="alert"' in refused.text, words
    await freezing.freeze(site.app, buyer, actor_id=None, reason="A look.")
    assert "This account is frozen" in (await browser.get(f"/market/offer/{open_}")).words
    assert await site.db.value("SELECT count(*) FROM trade") == 0


async def test_an_item_shows_its_offers_its_orders_and_one_s_own(stall: Stall) -> None:
    site = stall.site
    await stall.offer(SLATE, 450, float_text="0.25", paintseed=661)
    await stall.offer(SLATE, 430, float_text="0.16", paintseed=1)
    await stall.offer(NEW_SLATE, 2_000)
    item = await stall.item(SLATE)
    path, form_path = f"/market/item/{item}", f"/market/item/{item}/order"
    seen = await site.browser().get(path)
    assert (
        seen.words.index("$4.30") < seen.words.index("$4.50")
        and "Sign in through Steam to order" in seen.words
    )
    assert "Nobody waits for one" in seen.words and "None was sold here in this time" in seen.words
    assert "Like it" in seen.words and "Factory New" in seen.words
    fits = await site.browser().get(f"{path}?float_from=0.2&seed=661")
    assert "$4.50" in fits.words and "0.16" not in fits.words
    assert "None of its offers fits" in (await site.browser().get(f"{path}?seed=7")).words
    # Others' orders are a depth, nobody's names.
    _, other = await stall.buyer(0, steamid=OTHER)
    page = await other.get(path)
    poor = await other.post(
        form_path,
        {"csrf": page.csrf, "mark": hidden(page, "mark"), "do": "place", "price": "3.99", "amount": "3"},
    )
    short = "Cannot pay Your wallet has $0.00: $3.99 is missing to buy one at this price."
    assert short in poor.words and short in (await other.get("/orders")).words
    till = await other.get(f"/wallet/deposit?amount=3.99&item={item}")
    assert f"/wallet/deposit?amount=3.99&amp;item={item}" in poor.text and "Back to the item" in till.words
    money = {"csrf": till.csrf, "key": hidden(till, "key"), "by": "play", "amount": "3.99", "item": str(item)}
    rich = await other.post("/wallet/deposit", money)
    assert "Play money was added" in rich.words and "Awake Waiting for an offer" in rich.words
    buyer, browser = await stall.buyer()
    page = await browser.get(path)
    assert "$3.99 3" in page.words and "Best order" in page.words
    form = {"csrf": page.csrf, "mark": hidden(page, "mark"), "do": "place", "price": "4,10", "amount": "2"}
    for field, value, words in (("price", "much", "Write the most that you would pay"), ("price", "0.001", "Write the most"),
                                ("price", "99999999", "The price has to be from $0.02 to $100,000.00."), ("amount", "0", "Write how many you want"),
                                ("amount", "1001", "from 1 to 1,000"), ("price", "5.00", "is on sale for $4.30: buy that instead of ordering it for $5.00.")):  # fmt: skip
        wrong = await browser.post(form_path, {**form, field: value})
        assert wrong.status == 422 and words in wrong.words and f'value="{value}"' in wrong.text, (
            field,
            value,
            wrong.words,
        )
    for field, value in {"do": "win", "mark": ""}.items():
        wrong = await browser.post(form_path, {**form, field: value})
        assert wrong.status == 422 and field in wrong.words
    assert (await browser.post(form_path, {**form, "csrf": "0" * 64})).status == 403
    done = await browser.post(form_path, form)
    assert (
        done.status == 200 and done.url.endswith("?done=placed") and "Your buy order is placed." in done.words
    )
    again = await browser.post(form_path, form)  # pressed twice: placed once, and said so
    assert "Your buy order is placed." in again.words
    assert await site.db.value("SELECT sum(amount) FROM buy_order WHERE account_id = $1", buyer) == 2
    assert "$4.10 2" in done.words and "Waiting for an offer at this price or less" in done.words
    # All of them stand on one page, where they are changed and removed, and another item is found.
    mine = await browser.get("/orders?search=slate+ak-47")
    assert (
        SLATE in mine.words and "On sale from $4.30 now" in mine.words and "Steam price $20.00" in mine.words
    )
    change = {
        "csrf": mine.csrf,
        "id": str(item),
        "mark": hidden(mine, "mark"),
        "do": "change",
        "price": "4.20",
        "amount": "5",
    }
    wrong = await browser.post("/orders", {**change, "amount": "many"})
    assert wrong.status == 422 and "Write how many you want" in wrong.words and 'value="many"' in wrong.text
    assert "Your buy order is changed." in (await browser.post("/orders", change)).words
    assert (
        "No buy order found"
        in (
            await browser.post(
                "/orders", {**change, "mark": "other", "id": str(await stall.item(NEW_SLATE)), "price": "1"}
            )
        ).words
    )
    await site.db.execute(
        "UPDATE buy_order SET asleep = 'money', reach_cents = 0 WHERE account_id = $1", buyer
    )
    assert "Asleep Your wallet could not pay" in (await browser.get("/orders")).words
    # What an order buys stands beside it, and leads to its trade.
    await site.db.execute(
        "UPDATE buy_order SET asleep = NULL, reach_cents = price_cents, amount = 1 WHERE account_id = $1",
        buyer,
    )
    await stall.offer(SLATE, 400)
    while await buy_orders.fill_buy_orders(site.app):
        pass
    trade = await site.db.value("SELECT id FROM trade WHERE buyer_id = $1", buyer)
    for where, words in ((path, "Bought one for $4.00"), ("/orders", f"{SLATE} bought for $4.00")):
        seen = await browser.get(where)
        assert words in seen.words and f'<a href="/trades/{trade}">see the trade' in seen.text, where
        assert "see the trade" not in (await other.get(where)).words, where
    at_once = await browser.get(f"{path}?done=placed")
    assert "Your buy order has bought what it was for." in at_once.words
    order = {"csrf": seen.csrf, "mark": "anew", "do": "place", "price": "4.20", "amount": "5"}
    assert "Your buy order is placed." in (await browser.post(form_path, {**order, "id": str(item)})).words
    gone = {**change, "mark": "another", "do": "remove"}
    assert "Your buy order is removed." in (await browser.post("/orders", gone)).words
    assert "You have no buy orders" in (await browser.get("/orders")).words
    assert (await site.browser().get("/orders")).status == 401
    # Another's order is not there for him: it is named by its item, and everybody has his own.
    assert "No buy order found" in (await browser.post("/orders", {**gone, "mark": "third"})).words


async def test_a_seller_who_named_his_page_has_one_and_the_others_stay_unnamed(stall: Stall) -> None:
    site = stall.site
    offer = await stall.offer(SLATE, 450)
    await stall.offer(CASE, 100, seller=stall.away)
    assert "Sold by" not in (await site.browser().get(f"/market/offer/{offer}")).words
    await site.db.execute("INSERT INTO profile (account_id, shorturl) VALUES ($1, 'annie')", stall.seller)
    seen = await site.browser().get("/u/annie")
    assert ids(seen) == [offer] and "Online: what is on sale can be bought now" in seen.words
    assert "Sold by Person 1 · 0 sold" in (await site.browser().get(f"/market/offer/{offer}")).words
    assert "There is no page 2" in (await site.browser().get("/u/annie?page=2")).words
    await stall.gone(offer)
    assert "Nothing is on sale here now" in (await site.browser().get("/u/annie")).words


async def test_the_first_page_says_what_is_true(stall: Stall) -> None:
    browser = stall.site.browser()
    assert "Nothing is on sale yet" in (await browser.get("/")).words
    for cents in (450, 460, 470):
        await stall.offer(SLATE, cents)
    await stall.offer(CASE, 100)
    seen = await browser.get("/")
    assert (
        "4 on sale now" in " ".join(reversed(seen.words.split("on sale now")[0].split()))
        or "on sale now 4" in seen.words
    )
    assert len(ids(seen)) == 2 and "keeps 5 %" in seen.words  # one of each name
    assert len(seen.text.encode()) < 40_000


async def test_an_open_market_hears_what_is_gone_repriced_and_new(stall: Stall) -> None:
    a, b = await stall.offer(SLATE, 450), await stall.offer(SLATE, 460)
    seen = await stall.site.browser().get("/market?search=slate")
    live = re.search(r'data-live="([^"]*)"', seen.text)
    assert live is not None
    address = stall.site.url + live[1].replace("&amp;", "&")
    async with stall.site.browser().http.get(address, timeout=aiohttp.ClientTimeout(total=None)) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        stream = Listener(answer)
        first = await stream.next()
        assert first is not None
        assert first.data == {"prices": {str(a): "$4.50", str(b): "$4.60"}}
        await feed.load(stall.site.app)  # other shelves take the place of those that the page was made of
        await stall.gone(a)
        await stall.reprice(b, 455)
        await stall.offer(CASE, 100)  # not what is looked for
        await stall.offer(SLATE, 470)
        told: dict[str, object] = {}
        while not {"gone", "prices", "new"} <= told.keys():
            one = await stream.next()
            assert one is not None
            told |= one.data
        assert told == {"gone": [a], "prices": {str(b): "$4.55"}, "new": 1}


async def test_open_markets_are_bounded_and_end_with_their_session(
    stall: Stall, monkeypatch: MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers, "OF_SESSION_MAX", 1)
    monkeypatch.setattr(viewers, "OF_ADDRESS_MAX", 2)
    await stall.offer(SLATE, 450)
    path, endless = stall.site.url + "/market/live", aiohttp.ClientTimeout(total=None)
    nobody, somebody = stall.site.browser(), await stall.site.signed_in()
    async with (
        nobody.http.get(path, timeout=endless) as first,
        nobody.http.get(path, timeout=endless) as second,
        somebody.http.get(path, timeout=endless) as own,
    ):
        assert first.status == second.status == own.status == 200
        for browser in (nobody, somebody):
            full = await browser.get("/market/live")
            assert full.status == 429 and full.headers["Retry-After"] == "30"
        # An address that is full is nobody else's: who is signed in is counted by his session.
        other = await stall.site.signed_in(OTHER)
        async with other.http.get(path, timeout=endless) as others:
            assert others.status == 200
        # What nobody may see any more because he signed out, ends within a second, and says so.
        listener = Listener(own)
        csrf = (await somebody.get("/sessions")).csrf
        await somebody.post("/sign-out", {"csrf": csrf})
        told = await listener.next()
        while told is not None and told.name == "market":
            told = await listener.next()
        assert told is not None and told.name == "end"
        assert await listener.next() is None
    # A tab that was closed leaves its place to another.
    async with asyncio.timeout(10):
        while (await nobody.ask("HEAD", "/market/live")).status != 200:
            await asyncio.sleep(0.05)
