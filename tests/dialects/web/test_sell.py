"""Selling: the inventory, prices set together, put on sale once; and one's offers, repriced and cancelled together."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from typing import cast

import pytest

from dialects.web.counter import ASIIMOV, PRICES, SLATE, VALENCE, parts, pieces
from dialects.web.deals import Deals, deals_on
from dialects.web.hostile import TEXTS, faults
from dialects.web.site import USER, Seen
from tradepost.db import Db
from tradepost.market import bans, feed, steam_items
from tradepost.rules.trade import Leased


@pytest.fixture
async def deals(db: Db) -> AsyncIterator[Deals]:
    async with deals_on(db) as made:
        async with db.transaction() as tx:
            await steam_items.set_prices(tx, "csgo", PRICES, made.site.app.real_now())
        yield made


async def give(deals: Deals, *names: str, **facts: object) -> list[str]:
    """Items in the seller's inventory on Steam; their asset ids."""
    order = [{"appid": 730, "market_hash_name": name, **facts} for name in names]
    made = await deals.site.box.sim.control("POST", f"/_sim/users/{USER}/items", order)
    return [item["assetid"] for item in made["items"]]


async def others_sell(deals: Deals, name: str, cents: int) -> None:
    stock = deals.site.box.stock
    offer = await stock.offer(await stock.person(), cents, name=name)
    async with deals.db.transaction() as tx:
        await steam_items.set_prices(tx, "csgo", PRICES, deals.site.app.real_now())
    await feed.put(deals.site.app, [offer])


def picked(assets: list[str], *prices: str) -> dict[str, str]:
    fields = dict[str, str]()
    for number, (asset, price) in enumerate(zip(assets, prices, strict=True)):
        fields |= {
            f"skins[{number}][id]": asset,
            f"skins[{number}][game]": "csgo",
            f"skins[{number}][price]": price,
        }
    return fields


def typed(seen: Seen) -> list[str]:
    """The prices that stand in the fields of what was chosen."""
    return [unescape(one) for one in re.findall(r'name="skins\[\d+\]\[price\]" value="([^"]*)"', seen.text)]


async def prices(deals: Deals) -> list[int]:
    rows = await deals.db.fetch(
        "SELECT price_cents FROM offer WHERE seller_id = $1 AND state = 'on_sale' ORDER BY id",
        deals.seller_id,
    )
    return [row["price_cents"] for row in rows]


async def test_what_is_chosen_is_priced_together_and_put_on_sale_once(deals: Deals) -> None:
    assets = await give(deals, SLATE, VALENCE, ASIIMOV)
    await give(deals, "No price of this")
    await others_sell(deals, SLATE, 400)
    seen = await deals.seller.get("/sell")
    assert seen.status == 200 and len(pieces(seen)) == 3 and "We know no Steam price" in seen.words
    assert "Lowest here: $4.00" in seen.words and "7 days after the buyer has accepted" in seen.words
    assert "No program sends for you yet" in seen.words and "/account/programs" in seen.text
    csrf = seen.csrf

    async def do(deed: str, fields: dict[str, str] | None = None, **more: object) -> Seen:
        return await deals.seller.post("/sell?game=csgo", {"csrf": csrf, "do": deed, "mark": "m", **(fields or {}), **more})  # fmt: skip

    seen = await do("prices", game="csgo", items=assets[0])
    assert typed(seen) == ["4.12"] and "You get $3.91" in seen.words
    chosen = picked(assets, "1", "1", "1")
    assert typed(await do("suggested", chosen)) == ["4.12", "0.37", "89.00"]
    assert typed(await do("undercut", chosen)) == ["3.99", "0.37", "89.00"]
    assert typed(await do("percent", chosen, percent="95 %")) == ["3.91", "0.35", "84.55"]
    assert typed(await do("percent", chosen, percent="1")) == [
        "0.04",
        "0.02",
        "0.89",
    ]  # the least price holds
    for bad in ("", "0", "3001", "x", "1.5", "-4", "9" * 60):
        seen = await do("percent", chosen, percent=bad)
        assert seen.status == 422 and 'aria-describedby="percent-fault"' in seen.text, bad
        assert typed(seen) == ["1", "1", "1"]
    seen = await do("sell", picked(assets, "4.12", "0.01", "1e9"))
    assert seen.status == 422 and "look at the skins marked" in seen.words
    assert "nothing would remain after the fee" in seen.words and typed(seen) == ["4.12", "0.01", "1e9"]
    assert await prices(deals) == []
    for fields, said in (
        ({}, "Choose at least one"),
        (picked(["99"], "1"), "no longer in your inventory"),
        ({"skins[0][id]": "x", "skins[0][game]": "csgo"}, "id"),
        ({"skins[0][id]": "1", "skins[0][game]": "chess"}, "game"),
        ({"game": "chess", "items": "1"}, "game"),
        ({"game": "csgo", "items": "<b>"}, "items"),
        ({"mark": "<b>", **chosen}, "mark"),
        (picked([str(number) for number in range(1, 252)], *["1"] * 251), "At most 250"),
    ):
        seen = await do("sell", fields)
        assert seen.status == 422 and said in seen.words.lower() + seen.words, fields
    assert (await do("burn")).status == 422
    assert (await deals.seller.get("/sell?game=chess")).status == 422

    good = picked(assets, "4.12", "0,37", "80")
    first, again = await do("sell", good), await do("sell", good)
    assert first.status == again.status == 200 and first.url == again.url
    assert "3 items are on sale" in first.words and "For $84.49 in all" in first.words
    assert await prices(deals) == [412, 37, 8_000]
    assert "3 items are on sale" in (await deals.seller.get(first.url)).words
    assert (await deals.buyer.get(first.url)).url.endswith("/offers")  # nobody else's
    seen = await do("sell", good, mark="other")
    assert seen.status == 422 and "on sale already" in seen.words
    assert "Sell from your inventory" in seen.words


async def test_an_inventory_that_is_private_empty_or_out_of_reach_is_told_with_what_to_do(
    deals: Deals,
) -> None:
    seen = await deals.seller.get("/sell?game=dota2")
    assert seen.status == 200 and "Steam shows nothing of Dota 2" in seen.words
    sim = deals.site.box.sim
    await sim.control("POST", f"/_sim/users/{USER}", {"private": True})
    seen = await deals.seller.get("/sell?game=csgo&fresh=1")
    assert seen.status == 403 and "private" in seen.words and f"/profiles/{USER}/edit/settings" in seen.text
    assert (await deals.seller.get("/sell?fresh=2")).status == 422
    nobody = deals.site.browser()
    for path in ("/sell", "/offers", "/sell/done?sale=x"):
        assert (await nobody.get(path)).status == 401
    for path in ("/sell", "/offers"):
        form = {"csrf": "0" * 64, "do": "sell"}
        assert (await deals.seller.post(path, form)).status == 403
        own = {**form, "csrf": (await deals.seller.get("/sessions")).csrf}
        assert (await deals.seller.post(path, own, headers={"Sec-Fetch-Site": "cross-site"})).status == 403


async def test_who_lacks_a_trade_url_gives_it_there_and_a_wrong_one_is_kept_and_told(deals: Deals) -> None:
    await deals.db.execute("UPDATE account SET trade_token = NULL WHERE id = $1", deals.seller_id)
    seen = await deals.seller.get("/sell")
    assert "Without it nobody can buy from you" in seen.words
    partner = int(USER) - 76561197960265728
    url = "https://steamcommunity.com/tradeoffer/new/?partner={}&token=abcdef12"
    for bad, said in (
        ("x", "not a trade URL"),
        ("", "not a trade URL"),
        (url.format(partner + 1), "another Steam account"),
        ("y" * 600, "not a trade"),
    ):
        form = {"csrf": seen.csrf, "do": "trade_url", "trade_url": bad}
        wrong = await deals.seller.post("/sell", form)
        assert wrong.status == 422 and said in wrong.words and 'aria-describedby="url-fault"' in wrong.text
    form = {"csrf": seen.csrf, "do": "trade_url", "trade_url": url.format(partner)}
    assert "Without it nobody" not in (await deals.seller.post("/sell", form)).words
    assert (
        await deals.db.value("SELECT trade_token FROM account WHERE id = $1", deals.seller_id) == "abcdef12"
    )


async def test_offers_are_repriced_and_cancelled_together_and_what_cannot_be_is_told(deals: Deals) -> None:
    assert "Nothing is on sale" in (await deals.seller.get("/offers")).words
    one, two, three = [
        await deals.offer(cents, name) for cents, name in ((500, SLATE), (50, VALENCE), (9_000, ASIIMOV))
    ]
    await others_sell(deals, SLATE, 300)
    seen = await deals.seller.get("/offers")
    assert "3 on sale for $95.50" in seen.words and "$3.00 lower" in seen.words and "$4.75" in seen.words
    csrf = seen.csrf

    async def do(deed: str, *ids: int, **more: object) -> Seen:
        pairs = [("csrf", csrf), ("do", deed), *[("ids", str(id_)) for id_ in ids], *more.items()]
        return await deals.seller.post(
            "/offers", cast(dict[str, object], pairs)
        )  # as many of a name as there are

    def rows(**by: str) -> dict[str, str]:
        fields = dict[str, str]()
        for number, (id_, price) in enumerate(zip((one, two, three), by.values(), strict=False)):
            fields |= {f"rows[{number}][id]": str(id_), f"rows[{number}][price]": price}
        return fields

    seen = await do("undercut", one, two)
    assert "2 offers have their new prices" in seen.words and await prices(deals) == [299, 37, 9_000]
    await do("percent", two, three, percent="50")
    assert await prices(deals) == [299, 19, 4_450]
    seen = await do("typed", **rows(a="3.50", b="0,20", c="44.50"))
    assert "2 offers have" in seen.words and await prices(deals) == [350, 20, 4_450]
    seen = await do("typed", **rows(a="3.60", b="<b>", c="99999"))
    assert seen.status == 409 and "2 could not be repriced; 1 was" in seen.words
    assert 'value="&lt;b&gt;"' in seen.text and "It has to be between" in seen.words
    assert f'aria-describedby="fault-{two}"' in seen.text and await prices(deals) == [360, 20, 4_450]
    assert (await do("undercut")).status == 422
    for wrong, field in (({"percent": "x"}, "percent"), ({"ids": "x"}, "ids"), ({"rows[0][id]": "0"}, "id")):
        seen = await do("percent", one, **wrong)
        assert seen.status == 422 and field in seen.words.lower(), wrong
    # Another's offers are not his, nor what is in a trade.
    theirs = await deals.db.value("SELECT id FROM offer WHERE seller_id <> $1", deals.seller_id)
    seen = await do("cancel", theirs)
    assert seen.status == 409 and "not yours" in seen.words
    trade = await deals.buy(Leased(), name=ASIIMOV, cents=8_000)
    reserved = await deals.db.value("SELECT offer_id FROM trade WHERE id = $1", trade)
    seen = await do("cancel", reserved, one)
    assert seen.status == 409 and "in a trade already" in seen.words and "1 was" in seen.words
    assert f'href="/trades/{trade}"' in (await deals.seller.get("/offers")).text
    seen = await deals.seller.get("/offers?view=ended")
    assert "cancelled by the seller" in seen.words and "AK-47" in seen.words
    seen = await deals.seller.get("/offers?search=valence")
    assert "P250" in seen.words and "AWP" not in seen.words
    part = await deals.seller.get(
        "/offers?search=x", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert part.text.lstrip().startswith('<div id="list"') and "No offer is like that" in part.words
    for bad in ("view=odd", "page=x", "said=odd", "count=x"):
        assert (await deals.seller.get(f"/offers?{bad}")).status == 422


async def test_an_offer_that_nobody_can_buy_says_why_and_what_to_do(deals: Deals) -> None:
    offer = await deals.offer(500, SLATE)
    assert "Why nobody can buy" not in (await deals.seller.get("/offers")).words

    async def says(sql: str, said: str) -> None:
        await deals.db.execute(sql)
        assert said in (await deals.seller.get("/offers")).words, said

    await says("DELETE FROM inventory_scan", "was not read for a while")
    await says("UPDATE offer SET missing_at = created_at", "does not find the item")
    await says("UPDATE account SET trade_token_refused_at = created_at", "Steam refuses your trade URL")
    await says("UPDATE account SET trade_token = NULL", "Your trade URL is missing")
    await says("UPDATE presence SET session_ok = false", "Steam wants you to sign in again")
    await says("DELETE FROM presence", "No program sends for you yet")
    await says("UPDATE account SET away_since = created_at", "You are on holiday")
    # Who sells for others sees why of each.
    await deals.db.execute(
        "UPDATE offer SET account_id = $1, missing_at = NULL WHERE id = $2", deals.buyer_id, offer
    )
    seen = await deals.buyer.get("/offers")
    assert "Nobody can buy it now: on holiday." in seen.words and "of Ann" in seen.words
    seen = await deals.seller.get("/offers")
    assert "sold for you by Ben" in seen.words and 'name="ids"' not in seen.text
    async with deals.db.transaction() as tx:
        app = deals.site.app
        await bans.ban(tx, USER, "seller", "a test", app.now(), timedelta(days=1))
    seen = await deals.seller.get("/sell")
    assert "You cannot sell at the moment" in seen.words and "Choose items" not in seen.words


async def test_what_others_named_is_text_on_the_pages_of_selling(deals: Deals) -> None:
    await deals.offer(500, SLATE)
    await deals.offer(50, VALENCE)
    csrf = (await deals.seller.get("/sessions")).csrf
    await deals.seller.post("/offers", {"csrf": csrf, "do": "cancel", "ids": "2"})
    await deals.db.execute("UPDATE offer SET account_id = $1 WHERE id = 1", deals.buyer_id)
    for text in TEXTS:
        await deals.db.execute("UPDATE account SET name = $1", text)
        await deals.db.execute("UPDATE steam_item SET market_hash_name = $1 || id, icon = $1", text)
        await deals.db.execute("UPDATE offer SET ended_reason = $1 WHERE state = 'ended'", text)
        for browser in (deals.seller, deals.buyer):
            for path in ("/offers", "/offers?view=ended", "/sell"):
                seen = await browser.get(path)
                assert faults(seen.text) == [], (path, text)
    assert parts(seen, r"<h1>.*?</h1>")
