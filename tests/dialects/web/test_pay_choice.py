"""Choosing skins on the payment page by forms alone: what is shown of each, its price, and putting them on sale."""

import asyncio
import re
from typing import Any

import pytest

from dialects.web.counter import ASIIMOV, SHOP, SLATE, VALENCE, Counter, Payer, fates, picks, pieces
from dialects.web.site import OTHER, Seen
from tradepost.market import sessions, steam_items
from tradepost.market.offers import OFFERS_MAX
from tradepost.rules.payment import net_cents

UNPRICED = "Operation Breakout Weapon Case"


def totals(seen: Seen) -> tuple[str, str, str]:
    """The sums of a selection: prices, fee, and what the merchant gets."""
    found = dict(re.findall(r'data-total="(\w+)">([^<]+)<', seen.text))
    return found["price"], found["fee"], found["net"]


# The inventory -----------------------------------------------------------------------------------------------------


async def test_an_item_is_shown_with_its_prices_and_what_it_brings(counter: Counter) -> None:
    await counter.others_sell(SLATE, 399)
    payer = await counter.payer(SLATE, VALENCE)
    await counter.give(payer.steamid, ASIIMOV, float=0.5123456)
    seen = await payer.look()
    dear, slate, valence = pieces(seen)  # the dearest first
    assert dear.startswith("AWP | Asiimov Battle-Scarred · Float 0.512345")
    assert dear.endswith("$89.00 brings $84.55")
    assert slate.startswith("AK-47 | Slate Field-Tested")
    assert slate.endswith("$4.12 brings $3.91 Lowest here: $3.99")
    assert valence.endswith("$0.37 brings $0.35")
    pictures = re.findall(r'<img class="shot" src="([^"]+)"[^>]*loading="lazy"', seen.text)
    assert pictures and all(one.endswith("/96fx96f") for one in pictures)


async def test_what_cannot_be_chosen_says_why(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE, UNPRICED)
    await counter.give(payer.steamid, "Gamma Case", tradable=False)
    await counter.change(payer.steamid, payer.assets[SLATE], listed=True)
    await counter.till.on_sale(payer.payment, 37, assets=[payer.assets[VALENCE]])
    seen = await payer.look("en", "&game=csgo")
    reasons = dict(
        re.findall(
            r'<span class="what"><strong>([^<]+)</strong>.*?<span class="reason">([^<]+)</span>', seen.text
        )
    )
    assert reasons == {
        "AK-47 | Slate": "It is listed on Steam&#39;s own market.",
        "P250 | Valence": "It is on sale already.",
        UNPRICED: "We know no Steam price for it, so no price can be set.",
        "Gamma Case": "Steam does not let it be traded at the moment.",
    }
    assert "4 items that cannot be chosen now" in seen.words
    assert "Nothing of Counter-Strike 2 in your inventory can be sold right now." in seen.words


async def test_an_item_that_steam_holds_says_until_when(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    await counter.change(payer.steamid, payer.assets[SLATE], tradable_after=4_000_000_000)
    assert "Steam lets it be traded again from 2096-10-02 07:" in (await payer.look("en")).words
    assert "Steam pozwoli go znów wymieniać od 2096-10-02 07:" in (await payer.look("pl")).words


async def test_each_game_has_its_own_inventory(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    await counter.give(payer.steamid, "Mann Co. Supply Crate Key", appid=440)
    seen = await payer.look("en", "&game=tf2")
    assert "Mann Co. Supply Crate Key" in seen.words and "AK-47" not in seen.words
    assert 'aria-current="page">Team Fortress 2' in seen.text
    empty = await payer.look("en", "&game=rust")
    assert "Steam shows nothing of Rust in your inventory." in empty.words and "Try again" in empty.words
    assert 'value="sell"' not in empty.text


async def test_a_private_inventory_is_told_from_an_empty_one(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    await counter.site.box.sim.control("POST", f"/_sim/users/{payer.steamid}", {"private": True})
    seen = await payer.look()
    assert seen.status == 403
    assert "Your Steam inventory is private" in seen.words and "Open Steam's privacy settings" in seen.words
    assert f"/profiles/{payer.steamid}/edit/settings" in seen.text and "Try again" in seen.words


async def test_a_steam_that_fails_is_a_sentence_and_a_way_to_try_again(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    await counter.site.box.sim.control(
        "POST", "/_sim/faults", {"mode": "status", "code": 503, "path_prefix": "/inventory/", "times": 0}
    )
    for seen in (await payer.look("de"), await payer.do("sell", "de", **payer.skins("1.00"))):
        assert seen.status == 503
        assert "Steam zeigt uns dein Inventar gerade nicht" in seen.words
        assert "Noch einmal versuchen" in seen.words


async def test_a_thousand_items_are_one_page(counter: Counter) -> None:
    payer = await counter.payer()
    for _ in range(4):
        order = [{"appid": 730, "market_hash_name": SLATE}] * 300
        await counter.site.box.sim.control("POST", f"/_sim/users/{payer.steamid}/items", order)
    seen = await payer.look()
    assert seen.status == 200 and len(pieces(seen)) == 1200
    assert len(seen.text) < 2_500_000
    assets = re.findall(r'name="items" value="(\d+)"', seen.text)
    many = await payer.do("prices", game="csgo", items=assets[:250])
    assert many.status == 200 and len(picks(many)) == 250
    more = await payer.do("prices", game="csgo", items=assets[:251])
    assert more.status == 422 and f"At most {OFFERS_MAX} skins" in more.words
    all_of_them = await payer.do("sell", game="csgo", items=assets)
    assert all_of_them.status == 422 and f"At most {OFFERS_MAX} skins" in all_of_them.words
    assert await counter.offers() == []


async def test_inventories_are_not_looked_at_by_the_hundred(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    seen = await payer.look()
    for _ in range(150):
        if (seen := await payer.look()).status != 200:
            break
    assert seen.status == 429 and "That was too much at once. Try again in" in seen.words


# An amount ---------------------------------------------------------------------------------------------------------


async def test_an_amount_preselects_what_reaches_it(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE, ASIIMOV, amount="4.12")
    seen = await payer.look()
    assert chosen(seen) == {
        payer.assets[SLATE],
        payer.assets[VALENCE],
    }  # 3.91 and 0.35: what they bring counts
    assert "We have chosen skins that come to about this amount" in seen.words
    priced = await payer.do("prices", game="csgo", items=sorted(chosen(seen)))
    assert "$4.26 of $4.12" in priced.words
    assert "whatever is sold is credited, be it more or less" in priced.words


def chosen(seen: Seen) -> set[str]:
    return set(re.findall(r'name="items" value="(\d+)" checked', seen.text))


async def test_an_amount_out_of_reach_preselects_nothing(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE, amount="1000.00")
    seen = await payer.look()
    assert chosen(seen) == set() and "We have chosen" not in seen.words


async def test_without_an_amount_nothing_is_preselected(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE)
    seen = await payer.look()
    assert chosen(seen) == set() and "<progress" not in seen.text


async def test_what_is_under_way_counts_toward_the_amount(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE, amount="4.20")
    await payer.do("sell", **payer.skins("4.12"))
    seen = await payer.look("en", "&game=csgo")
    assert chosen(seen) == set()
    priced = await payer.do("prices", game="csgo", items=[payer.assets[VALENCE]])
    assert (
        "$4.26 of $4.20" in priced.words
        and "$3.91 of it is on sale, on its way or credited already." in priced.words
    )


# Prices ------------------------------------------------------------------------------------------------------------


async def test_chosen_skins_come_with_the_suggested_price_and_sums_to_the_cent(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE, ASIIMOV)
    seen = await payer.do("prices", game="csgo", items=[payer.assets[VALENCE], payer.assets[SLATE]])
    assert re.findall(r'data-field="price"[^>]* value="([^"]+)"', seen.text) == ["0.37", "4.12"]
    assert totals(seen) == ("$4.49", "−$0.23", "$4.26")
    assert "Put 2 skins on sale" in seen.words and f"{SHOP} gets $4.26" in seen.words
    assert await counter.offers() == []  # that was a look, and nothing is on sale


async def test_all_can_be_set_to_the_suggested_price_or_a_cent_below_the_lowest(counter: Counter) -> None:
    await counter.others_sell(SLATE, 399)
    await counter.others_sell(VALENCE, 2)
    payer = await counter.payer(SLATE, VALENCE, ASIIMOV)
    under = await payer.do("undercut", **payer.skins("9.00", "9.00", "9.00"))
    # The least price is 0.02; and where nobody else sells one, or all are dear, it is the suggested price.
    assert re.findall(r'data-field="price"[^>]* value="([^"]+)"', under.text) == ["3.98", "0.02", "89.00"]
    suggested = await payer.do("suggested", **payer.skins("x", "", "9.00"))
    assert re.findall(r'data-field="price"[^>]* value="([^"]+)"', suggested.text) == ["4.12", "0.37", "89.00"]
    again = await payer.do("sums", **payer.skins("1.00", "0.99"))
    assert totals(again) == ("$1.99", "−$0.10", "$1.89")


PRICE = "Enter a price such as 3.14: digits, a point, and at most two digits after it."
NOTHING = "At this price nothing would remain after the fee. It has to be at least $0.02."
WRONG = (
    ("", PRICE),
    ("abc", PRICE),
    ("NaN", PRICE),
    ("1e3", PRICE),
    ("-1", PRICE),
    ("1.999", PRICE),
    ("1,000", PRICE),
    ("1,000.00", "The price can be at most $123.60."),
    ("１.00", PRICE),
    ('"><script>', PRICE),
    ("0", NOTHING),
    ("0.01", NOTHING),
    ("123.61", "The price can be at most $123.60."),
    ("99999999", "The price can be at most $123.60."),
    ("10000000000.00", "The price can be at most $123.60."),
    ("2.", PRICE),
    ("1" + " " * 39 + "2", PRICE),
)


async def test_a_price_that_is_none_is_told_beside_its_skin_and_nothing_is_put_on_sale(
    counter: Counter,
) -> None:
    payer = await counter.payer(SLATE, VALENCE)
    for typed, sentence in WRONG:
        seen = await payer.do("sell", **payer.skins(typed, "0.37"))
        assert seen.status == 422, typed
        wrong, right = picks(seen)
        assert sentence in wrong and sentence not in right
        assert 'aria-invalid="true" aria-describedby="fault-0"' in seen.text and 'id="fault-0"' in seen.text
        assert "Nothing has been put on sale yet" in seen.words and 'value="0.37"' in seen.text
    assert await counter.offers() == []


@pytest.mark.parametrize(("typed", "cents"), [("1,5", 150), (" $2.50 ", 250), ("3", 300), ("4,12", 412)])
async def test_a_price_may_be_typed_as_people_write_it(counter: Counter, typed: str, cents: int) -> None:
    payer = await counter.payer(SLATE)
    seen = await payer.do("sell", "de", **payer.skins(typed))
    assert seen.status == 200, seen.words
    assert [offer["price_cents"] for offer in await counter.offers()] == [cents]


async def test_a_cent_below_the_lowest_is_never_more_than_suggested(counter: Counter) -> None:
    await counter.others_sell(SLATE, 9_000)
    payer = await counter.payer(SLATE)
    seen = await payer.do("undercut", **payer.skins("1.00"))
    assert re.findall(r'data-field="price"[^>]* value="([^"]+)"', seen.text) == ["4.12"]
    assert "Suggested: $4.12 · Lowest here: $90.00" in seen.words  # which a browser without a script shows


async def test_sums_are_of_the_prices_that_are_good(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE, ASIIMOV)
    seen = await payer.do("sell", **payer.skins("1.00", "0.01", "1e9"))
    assert seen.status == 422 and totals(seen) == ("$1.00", "−$0.05", "$0.95")
    assert "brings" not in picks(seen)[1] and seen.text.count(" autofocus") == 1


async def test_one_skin_at_two_prices_is_not_put_on_sale_at_either(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    again = {name.replace("[0]", "[1]"): value for name, value in payer.skins("9.00").items()}
    seen = await payer.do("sell", **payer.skins("1.00"), **again)
    assert seen.status == 422
    (row,) = picks(seen)
    assert "It was sent twice, with two prices. Enter the one that counts." in row
    assert await counter.offers() == []
    same = {name: "1.00" if name.endswith("[price]") else value for name, value in again.items()}
    assert (await payer.do("sell", **payer.skins("1.00"), **same)).status == 200
    assert [row["price_cents"] for row in await counter.offers()] == [100]


async def test_what_cannot_be_read_is_named_as_the_page_names_it(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    fields = {f"{name}[x]" if name.endswith("[price]") else name: v for name, v in payer.skins("1").items()}
    for lang, words in (
        ("en", "This could not be read: Price in USD."),
        ("de", "Das ließ sich nicht lesen: Preis in USD."),
    ):
        seen = await payer.do("sell", lang, **fields)
        assert seen.status == 422 and words in seen.words


async def test_a_skin_that_is_gone_or_cannot_be_sold_is_named(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE)
    fields = payer.skins("4.12", "0.37")
    fields |= {"skins[2][id]": "123456789", "skins[2][game]": "csgo", "skins[2][price]": "1.00"}
    seen = await payer.do("sell", **fields)
    assert seen.status == 422 and "123456789: It is no longer in your inventory." in seen.words
    await payer.do("sell", **payer.skins("4.12"))
    again = await payer.do("sell", **payer.skins("4.12", "0.37"))
    assert again.status == 422
    assert "It is on sale already." in picks(again)[0] and len(await counter.offers()) == 1


async def test_nothing_chosen_is_said(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    for deed in ("prices", "sell", "undercut"):
        seen = await payer.do(deed, game="csgo")
        assert seen.status == 422 and "Choose at least one skin." in seen.words and pieces(seen)


# On sale -----------------------------------------------------------------------------------------------------------


async def test_what_is_put_on_sale_is_the_merchants_offer_at_the_price_that_was_typed(
    counter: Counter,
) -> None:
    payer = await counter.payer(SLATE, VALENCE, ASIIMOV)
    seen = await payer.do("sell", **payer.skins("4.00", "0.37"))
    assert seen.url == f"{counter.site.url}{payer.path()}" and seen.status == 200
    rows = await counter.offers()
    assert [(row["assetid"], row["price_cents"], row["state"]) for row in rows] == [
        (payer.assets[SLATE], 400, "on_sale"),
        (payer.assets[VALENCE], 37, "on_sale"),
    ]
    assert {row["account_id"] for row in rows} == {counter.till.merchant}
    assert {row["payment_id"] for row in rows} == {payer.payment.id}
    assert {row["ip"] for row in rows} == {"127.0.0.1"}
    assert [fate[:14] for fate in fates(seen)] == ["P250 | Valence", "AK-47 | Slate "]
    assert "Still expected $0.00 On sale $4.15" in seen.words and "Credited $0.00" in seen.words
    # What the page said it brings is what the market will pay out: price less fee.
    assert net_cents(400, 500) + net_cents(37, 500) == 415
    assert not pieces(seen) and "Sell more skins" in seen.words
    assert len(pieces(await payer.look("en", "&game=csgo"))) == 1


async def test_skins_of_several_games_are_put_on_sale_at_once(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    key = "Mann Co. Supply Crate Key"
    made = await counter.give(payer.steamid, key, appid=440)
    async with counter.db.transaction() as tx:
        await steam_items.set_prices(tx, "tf2", {key: 200}, counter.app.real_now())
    fields = payer.skins("4.12")
    fields |= {"skins[1][id]": made[key], "skins[1][game]": "tf2", "skins[1][price]": "2.00"}
    seen = await payer.do("sell", **fields)
    assert seen.status == 200 and len(fates(seen)) == 2
    assert sorted(row["price_cents"] for row in await counter.offers()) == [200, 412]


async def test_sent_twice_at_once_it_is_on_sale_once_and_the_second_gets_a_sentence(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    form = {"csrf": (await payer.look()).csrf, "do": "sell", **payer.skins("4.12")}
    both = await asyncio.gather(*(payer.browser.post(payer.path(), form) for _ in range(2)))
    assert sorted(seen.status for seen in both) == [200, 422]
    assert len(await counter.offers()) == 1


async def test_what_the_market_refuses_in_the_end_is_said_in_its_words(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE)
    await payer.look()
    # It vanishes from Steam while the page is open, and what was seen a moment ago is remembered.
    await counter.change(payer.steamid, payer.assets[SLATE], listed=True)
    await counter.db.execute("UPDATE steam_item SET price_cents = 1 WHERE market_hash_name = $1", VALENCE)
    seen = await payer.do("sell", **payer.skins("4.12", "0.37"))
    assert seen.status == 422
    assert await counter.offers() == []


async def test_the_merchant_may_do_nothing_else_with_the_payers_items(counter: Counter) -> None:
    payer = await counter.payer(SLATE, VALENCE)
    await payer.do("sell", **payer.skins("4.12"))
    grants = await counter.db.fetch("SELECT merchant_id, seller_id, given_by FROM seller_grant")
    assert [tuple(row) for row in grants] == [(counter.till.merchant, payer.id, "payment")]


# Withdrawn ---------------------------------------------------------------------------------------------------------


async def sold(counter: Counter, *prices: int) -> tuple[Payer, list[int]]:
    payer = await counter.payer(SLATE, VALENCE, ASIIMOV)
    offers = await counter.till.on_sale(
        payer.payment, *prices, assets=list(payer.assets.values())[: len(prices)]
    )
    return payer, offers


async def test_what_is_not_sold_is_withdrawn_one_by_one_or_all_at_once(counter: Counter) -> None:
    payer, offers = await sold(counter, 412, 37, 8900)
    seen = await payer.do("withdraw", offers=offers[1])
    assert seen.status == 200 and [row["state"] for row in await counter.offers()] == [
        "on_sale",
        "ended",
        "on_sale",
    ]
    assert "Withdrawn You have taken it off sale." in seen.words
    await counter.till.buy(offers[0])
    seen = await payer.do("withdraw_all")
    assert [row["state"] for row in await counter.offers()] == ["reserved", "ended", "ended"]
    assert "Still expected $3.91" in seen.words


async def test_what_was_sold_a_moment_ago_is_not_withdrawn_and_that_is_said(counter: Counter) -> None:
    payer, offers = await sold(counter, 412)
    await counter.till.buy(offers[0])
    seen = await payer.do("withdraw", "fr", offers=offers[0])
    assert seen.status == 409 and f"{SLATE} ne peut plus être retiré" in seen.words


async def test_a_withdrawal_of_nothing_is_told(counter: Counter) -> None:
    payer, offers = await sold(counter, 412)
    sentence = "There is nothing here to withdraw"
    for fields in ({}, {"offers": 999_999}, {"offers": [offers[0] + 1]}):
        seen = await payer.do("withdraw", **fields)
        assert seen.status == 422 and sentence in seen.words and "Waiting for a buyer" in seen.words
    await counter.till.buy(offers[0])
    assert sentence in (await payer.do("withdraw_all")).words
    assert [row["state"] for row in await counter.offers()] == ["reserved"]
    other = await counter.payer(SLATE)  # who has nothing on sale at all
    seen = await other.do("withdraw_all", "pl")
    assert seen.status == 422 and "Nie ma tu czego wycofać" in seen.words


async def test_nobody_elses_offers_are_withdrawn(counter: Counter) -> None:
    payer, _ = await sold(counter, 412)
    other, others = await sold(counter, 400)
    seen = await payer.do("withdraw", offers=[others[0], 999_999])
    assert seen.status == 422
    assert [row["state"] for row in await counter.offers()] == ["on_sale", "on_sale"]
    assert other.id != payer.id


# Whose form it is --------------------------------------------------------------------------------------------------


async def test_a_form_without_its_token_or_with_anothers_does_nothing(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    other = await counter.payer(SLATE)
    csrf = (await other.look()).csrf
    for token in ("", "0" * 64, csrf):
        form = {"do": "sell", **payer.skins("4.12")} | ({"csrf": token} if token else {})
        seen = await payer.browser.post(payer.path(), form)
        assert seen.status == 403 and "This page was out of date" in seen.words and pieces(seen)
    seen = await payer.browser.post(
        payer.path(),
        {"csrf": (await payer.look()).csrf, "do": "sell", **payer.skins("4.12")},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert seen.status == 403
    assert await counter.offers() == []


async def test_only_the_payer_can_do_anything(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    thief = counter.site.browser()
    await thief.sign_in(OTHER)
    csrf = (await thief.get("/sessions")).csrf
    for deed in ("sell", "withdraw_all", "code", "trade_url", "prices"):
        form = {"csrf": csrf, "do": deed, "trade_url": "x", **payer.skins("4.12")}
        seen = await thief.post(payer.path(), form)
        assert seen.status == 403 and "This link is for another Steam account" in seen.words
        nobody = await counter.site.browser().post(payer.path(), form)
        assert nobody.status == 401 and "Sign in through Steam" in nobody.words
    assert await counter.offers() == [] and not await counter.db.value("SELECT count(*) FROM pairing_code")


async def test_who_was_signed_out_meanwhile_signs_in_and_is_back_at_the_payment(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    form = {"csrf": (await payer.look()).csrf, "do": "sell", **payer.skins("4.12")}
    async with counter.db.transaction() as tx:
        await sessions.end_others(tx, payer.id, 0)
    seen = await payer.browser.post(payer.path(), form)
    assert seen.status == 401
    assert f"next=%2Fen%2Fpay%3Ftoken%3D{payer.payment.token}" in seen.text


FORMS: tuple[dict[str, Any], ...] = (
    {"do": "rob"},
    {"do": ""},
    {},
    {"do": ["sell", "withdraw"]},
    {"do": "sell", "items": "1"},
    {"do": "sell", "game": "csgo", "items": "abc"},
    {"do": "sell", "game": "chess", "items": "1"},
    {"do": "sell", "skins": "1"},
    {"do": "sell", "skins[0]": "1"},
    {"do": "sell", "skins[0][id]": "1"},
    {"do": "sell", "skins[0][id]": "1", "skins[0][game]": "csgo", "skins[0][price]": "1" * 41},
    {"do": "sell", "skins[0][id]": "9" * 19, "skins[0][game]": "csgo", "skins[0][price]": "1"},
    {"do": "sell", "skins[0][id]": "1\x00", "skins[0][game]": "csgo", "skins[0][price]": "1"},
    {"do": "withdraw", "offers": "-1"},
    {"do": "withdraw", "offers": "9223372036854775808"},
    {"do": "withdraw"},
    {"do": "code", "x": "y" * 1000},
    {"do[x]": "sell"},
    {"do": "trade_url", "trade_url[]": ["a", "b"]},
)


async def test_no_form_makes_the_page_fail(counter: Counter) -> None:
    payer = await counter.payer(SLATE)
    csrf = (await payer.look()).csrf
    for fields in FORMS:
        pairs = [("csrf", csrf)]
        for name, value in fields.items():
            pairs += [(name, one) for one in (value if isinstance(value, list) else [value])]
        own = {"Sec-Fetch-Site": "same-origin"}
        seen = await payer.browser.ask("POST", payer.path("pl"), data=pairs, headers=own)
        assert seen.status in (200, 422), (fields, seen.status, seen.words)
        assert '<html lang="pl">' in seen.text
    assert await counter.offers() == []
