"""Putting items on sale, repricing them and taking them off, alone and all at once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from market.floor import SLATE, VALENCE, Floor, floor
from steam.raw_server import raw_server, reply
from steam.sim import Sim
from stock import wish
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import bans, buying, ledger, merchants, offers, rates, users
from tradepost.market.offers import Offer, Reprice, Repriced, Wanted
from tradepost.market.offers.rows import COLUMNS
from tradepost.market.shelf import Query
from tradepost.market.users import Account
from tradepost.rules.refusals import Conflicting, Forbidden, Malformed, NotFound, Refusal, SteamUnavailable

MANY = 250


def at(price_cents: int, *assetids: str, project: str = "csgo", currency: str = "USD") -> list[Wanted]:
    return [Wanted(assetid, project, price_cents, currency) for assetid in assetids]


async def make(market: Floor, caller: Account, seller: Account, wanted: list[Wanted]) -> list[int]:
    return await offers.make(market.app, caller.id, seller.steamid, wanted)


async def refused(market: Floor, seller: Account, wanted: list[Wanted], kind: type[Refusal]) -> str:
    """Why nothing of this is listed; that nothing was."""
    before = await market.states()
    with pytest.raises(kind) as refusal:
        await make(market, seller, seller, wanted)
    assert type(refusal.value) is kind
    assert await market.states() == before
    return refusal.value.sentence


async def row(market: Floor, offer: int) -> Offer:
    found = await market.db.row(Offer, f"SELECT {COLUMNS} FROM offer WHERE id = $1", offer)
    assert found is not None
    return found


async def set_rate(market: Floor, currency: str, millionths: int, age: timedelta = timedelta(0)) -> None:
    async with market.db.transaction() as tx:
        await rates.set_rate(tx, currency, millionths, "test", market.app.real_now() - age)


async def buyer_with(market: Floor, cents: int) -> Account:
    buyer = await market.person()
    async with market.db.transaction() as tx:
        await ledger.deposit(tx, buyer.id, cents, f"test-{buyer.id}", market.app.now())
    return buyer


async def sellable(market: Floor, seller: Account) -> None:
    """All that a buy asks of a seller besides his offer."""
    async with market.db.transaction() as tx:
        await users.set_trade_token(tx, seller.id, "tokenabc")
    now = market.app.real_now()
    await market.db.execute("INSERT INTO presence VALUES ($1, $2, true, NULL)", seller.id, now)


async def buy(market: Floor, buyer: Account, offer: int) -> str:
    desk = buying.Desk(market.db, Settings(), lambda: buying.Now(market.app.now(), market.app.real_now()))
    outcome = await buying.Batches().decide(desk, wish(buyer.id, offer, buyer.steamid))
    return outcome.code


# Making


async def test_an_offer_keeps_all_that_steam_tells_of_its_item(market: Floor) -> None:
    shop, (alice, (assetid,)) = await market.person(), await market.seller(SLATE)
    await market.grant(shop, alice)
    (id_,) = await make(market, shop, alice, at(250, assetid))
    offer = await row(market, id_)
    assert (offer.account_id, offer.seller_id, offer.seller_steamid) == (shop.id, alice.id, alice.steamid)
    assert (offer.project, offer.appid, offer.contextid, offer.assetid) == ("csgo", 730, 2, assetid)
    assert (offer.price_cents, offer.state, offer.version, offer.created_at) == (
        250,
        "on_sale",
        1,
        market.app.now(),
    )
    on_steam = (await market.sim.control("GET", f"/_sim/users/{alice.steamid}"))["items"]["730/2"][0]
    assert (offer.classid, offer.paintseed, offer.paintindex) == (
        on_steam["classid"], on_steam["paintseed"], on_steam["paintindex"],
    )  # fmt: skip
    assert float(offer.float_text or "") == pytest.approx(on_steam["float"])
    assert offer.certificate == on_steam["certificate"]
    assert offer.link is not None
    assert on_steam["certificate"] in offer.link


async def test_ids_come_in_the_order_asked_and_the_shelf_has_them_at_once(market: Floor) -> None:
    alice, assets = await market.seller(*[SLATE] * 6)
    asked = [assets[n] for n in (3, 0, 5, 1, 4, 2)]
    ids = await make(market, alice, alice, [Wanted(a, "csgo", 100 + n) for n, a in enumerate(asked)])
    assert [(await row(market, id_)).assetid for id_ in ids] == asked
    shown = market.app.shelves.page(Query("csgo", sort="price", descending=False))
    assert shown.ids == ids


async def test_items_of_several_games_are_listed_together(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    await market.price(10, "Axe", project="dota2")
    (axe,) = await market.give(alice, "Axe", appid=570)
    ids = await make(market, alice, alice, [*at(100, assetid), *at(5, axe, project="dota2")])
    assert [(await row(market, id_)).project for id_ in ids] == ["csgo", "dota2"]


async def test_as_many_as_a_call_may_name_are_listed(market: Floor) -> None:
    alice, assets = await market.seller(*[SLATE] * (MANY + 1))
    await refused(market, alice, at(100, *assets), Malformed)
    await refused(market, alice, [], Malformed)
    assert len(set(await make(market, alice, alice, at(100, *assets[:MANY])))) == MANY


async def test_the_same_asset_twice_in_one_request_is_refused(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    wanted = [*at(100, assetid), *at(110, assetid)]
    assert "twice" in await refused(market, alice, wanted, Conflicting)


async def test_one_that_does_not_fit_spoils_all(market: Floor) -> None:
    alice, (good, other) = await market.seller(SLATE, VALENCE)
    for wrong in [Wanted(other, "csgo", 1), Wanted("99999", "csgo", 100), Wanted(other, "csgo", 3001)]:
        await refused(
            market, alice, [*at(100, good), wrong], Conflicting if wrong.assetid == other else NotFound
        )


@pytest.mark.parametrize(
    "assetid", ["", "0", "-1", "1.0", "1\n", "\x00", "\ud800", "\uff11", "9" * 21, "x"], ids=ascii
)
async def test_what_is_no_asset_id_is_malformed(market: Floor, assetid: str) -> None:
    alice, _ = await market.seller(SLATE)
    await refused(market, alice, at(100, assetid), Malformed)
    await refused(market, alice, at(100, "1", project=assetid), Malformed)


async def test_an_item_that_is_somebody_elses_or_nobodys_is_not_found(market: Floor) -> None:
    alice, _ = await market.seller(SLATE)
    _, (of_bob,) = await market.seller(SLATE)
    for assetid in (of_bob, "18446744073709551615"):
        assert f"item {assetid} (csgo)" in await refused(market, alice, at(100, assetid), NotFound)


async def test_what_cannot_be_sent_or_priced_is_refused_with_its_reason(market: Floor) -> None:
    alice, (protected, cooling) = await market.seller(SLATE, VALENCE)
    (unpriced,) = await market.give(alice, "Nobody knows its price")
    await market.change(alice, protected, listed=True)
    await market.change(alice, cooling, tradable_after=4_000_000_000)
    assert "trade-protected" in await refused(market, alice, at(100, protected), Conflicting)
    assert "cannot be traded" in await refused(market, alice, at(100, cooling), Conflicting)
    assert "no known Steam price" in await refused(market, alice, at(100, unpriced), Conflicting)


async def test_an_item_that_came_after_the_last_look_is_found_by_a_fresh_one(market: Floor) -> None:
    alice, (first,) = await market.seller(SLATE)
    await make(market, alice, alice, at(100, first))
    asked = await market.asked(alice)
    (new,) = await market.give(alice, SLATE)
    await make(market, alice, alice, at(100, new))
    assert await market.asked(alice) == 2 * asked, "one look more, of as many questions"


async def test_steam_is_not_asked_again_for_what_a_look_just_showed(market: Floor) -> None:
    alice, assets = await market.seller(SLATE, SLATE, SLATE)
    await make(market, alice, alice, at(100, assets[0]))
    asked = await market.asked(alice)
    await make(market, alice, alice, at(100, *assets[1:]))
    assert await market.asked(alice) == asked


async def test_asking_for_nothing_over_and_over_does_not_use_up_steams_patience(market: Floor) -> None:
    alice, _ = await market.seller(SLATE)
    await refused(market, alice, at(100, "99"), NotFound)
    asked = await market.asked(alice)
    for assetid in range(1, 20):
        await refused(market, alice, at(100, str(assetid)), NotFound)
    assert await market.asked(alice) == asked
    market.clock.tick(2)
    await refused(market, alice, at(100, "99"), NotFound)
    assert await market.asked(alice) > asked


async def test_an_item_unlocked_since_the_last_look_is_listed(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    await market.change(alice, assetid, tradable_after=4_000_000_000)
    await refused(market, alice, at(100, assetid), Conflicting)
    await market.change(alice, assetid, tradable_after=0)
    market.clock.tick(2)
    await make(market, alice, alice, at(100, assetid))


async def test_steam_that_gives_no_answer_is_told_apart_and_nothing_is_listed(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    await market.sim.control("POST", f"/_sim/users/{alice.steamid}", {"private": True})
    assert "private" in await refused(market, alice, at(100, assetid), Forbidden)
    bob, (assetid,) = await market.seller(SLATE)
    await market.fault("garbage")
    assert "no usable answer" in await refused(market, bob, at(100, assetid), SteamUnavailable)
    await market.sim.control("DELETE", "/_sim/faults")
    await market.fault("status", code=429)
    assert "try again in" in await refused(market, bob, at(100, assetid), SteamUnavailable)


async def test_an_item_missing_from_half_an_inventory_may_be_in_the_other_half(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    await market.fault("status", f"/inventory/{alice.steamid}/730/16", code=500)
    assert "a part of this inventory only" in await refused(market, alice, at(100, "99"), SteamUnavailable)
    await make(market, alice, alice, at(100, assetid))


async def test_an_item_that_steam_does_not_describe_is_not_sold_blindly(db: Db, sim: Sim) -> None:
    asset = '{"appid":570,"contextid":"2","assetid":"7","classid":"1","instanceid":"0","amount":"1"}'
    body = f'{{"assets":[{asset}],"descriptions":[],"total_inventory_count":1,"success":1}}'
    async with raw_server(reply(body)) as steam, floor(db, sim, steam.base_url) as market:
        alice = await market.person()
        sentence = await refused(market, alice, at(100, "7", project="dota2"), Conflicting)
        assert "do not understand" in sentence


# Prices


@pytest.mark.parametrize(
    ("price_cents", "clause"),
    [
        (1, "under the least price, 0.02 USD"),
        (2, None),
        (3000, None),
        (3001, "over the greatest price, 30.00 USD"),
        (0, "under"),
        (-5, "under"),
    ],
)
async def test_a_price_lies_between_the_least_and_thirty_steam_prices(
    market: Floor, price_cents: int, clause: str | None
) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    if clause is None:
        await make(market, alice, alice, at(price_cents, assetid))
    else:
        assert clause in await refused(market, alice, at(price_cents, assetid), Conflicting)


async def test_the_sellers_floor_binds_the_merchant_and_not_himself(market: Floor) -> None:
    shop, (alice, (assetid,)) = await market.person(), await market.seller(SLATE)
    await market.grant(shop, alice, floor_bps=8000)
    with pytest.raises(Conflicting, match=r"under the least price, 0\.80 USD"):
        await make(market, shop, alice, at(79, assetid))
    (offer,) = await make(market, shop, alice, at(80, assetid))
    (answer,) = await offers.reprice(market.app, shop.id, alice.steamid, [Reprice(offer, 79)])
    assert isinstance(answer, tuple)
    await offers.cancel(market.app, shop.id, alice.steamid, [offer])
    await make(market, alice, alice, at(2, assetid))


@pytest.mark.parametrize(
    ("currency", "millionths", "cents", "usd_cents"),
    [
        ("EUR", 920_000, 100, 108),
        ("RUB", 92_150_000, 10_000, 108),
        ("PLN", 4_000_000, 403, 100),
        ("USD", 0, 123, 123),
    ],
)
async def test_a_price_in_another_currency_is_rounded_down_to_a_cent(
    market: Floor, currency: str, millionths: int, cents: int, usd_cents: int
) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    if millionths:
        await set_rate(market, currency, millionths)
    (offer,) = await make(market, alice, alice, at(cents, assetid, currency=currency))
    assert (await row(market, offer)).price_cents == usd_cents


async def test_a_price_worth_less_than_the_least_is_refused_after_conversion(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    await set_rate(market, "RUB", 92_150_000)
    assert "0.01 USD is under" in await refused(market, alice, at(184, assetid, currency="RUB"), Conflicting)
    await make(market, alice, alice, at(185, assetid, currency="RUB"))


async def test_a_currency_without_a_rate_or_a_name_is_refused_before_steam_is_asked(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    await set_rate(market, "RUB", 92_150_000, age=timedelta(hours=49))
    assert "no exchange rate" in await refused(market, alice, at(100, assetid, currency="EUR"), Conflicting)
    assert "too old" in await refused(market, alice, at(9000, assetid, currency="RUB"), Conflicting)
    for currency in ("GBP", "usd", "", "\x00"):
        await refused(market, alice, at(100, assetid, currency=currency), Malformed)
    assert await market.asked(alice) == 0


async def test_a_rate_does_not_age_by_the_sandboxs_clock(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    await set_rate(market, "EUR", 1_000_000)
    market.clock.offset = timedelta(days=365)
    await make(market, alice, alice, at(100, assetid, currency="EUR"))


# Who may


async def test_without_a_grant_a_merchant_can_do_nothing_with_anybodys_offers(market: Floor) -> None:
    shop, (alice, (assetid, other)) = await market.person(), await market.seller(SLATE, SLATE)
    (offer,) = await market.list_own(alice, assetid)
    deeds: list[Callable[[str], Any]] = [
        lambda whose: offers.make(market.app, shop.id, whose, at(100, other)),
        lambda whose: offers.reprice(market.app, shop.id, whose, [Reprice(offer, 50)]),
        lambda whose: offers.cancel(market.app, shop.id, whose, [offer]),
    ]
    asked = await market.asked(alice)
    for deed in deeds:
        for whose in (alice.steamid, "76561197999999999", "", "\x00"):
            with pytest.raises(Forbidden):
                await deed(whose)
    assert await market.asked(alice) == asked
    assert (await row(market, offer)).version == 1


async def test_with_a_grant_a_merchant_touches_his_own_offers_only(market: Floor) -> None:
    shop, (alice, (a, b)) = await market.person(), await market.seller(SLATE, SLATE)
    await market.grant(shop, alice)
    (of_alice,) = await market.list_own(alice, a)
    (of_shop,) = await make(market, shop, alice, at(100, b))
    for caller, own, others in [(shop, of_shop, of_alice), (alice, of_alice, of_shop)]:
        answers = await offers.reprice(
            market.app, caller.id, alice.steamid, [Reprice(others, 50), Reprice(own, 60)]
        )
        assert isinstance(answers[0], tuple)
        assert type(answers[0][1]) is NotFound
        assert answers[1] == Repriced(own, 60, 1_000_000)
        assert await offers.cancel(market.app, caller.id, alice.steamid, [others]) == (
            [],
            [(others, "not found")],
        )


async def test_a_grant_taken_back_while_steam_is_asked_stops_the_listing(market: Floor) -> None:
    shop, (alice, (assetid,)) = await market.person(), await market.seller(SLATE)
    await market.grant(shop, alice)
    await market.fault("slow", f"/inventory/{alice.steamid}/730/16", times=1, seconds=0.3)
    listing = asyncio.create_task(make(market, shop, alice, at(100, assetid)))
    while not await market.asked(alice):
        assert not listing.done()
    async with market.db.transaction() as tx:
        await merchants.revoke_grant(tx, shop.id, alice.id, market.app.now())
    with pytest.raises(Forbidden):
        await listing
    assert await market.states() == {}


async def test_a_banned_seller_lists_nothing_until_the_ban_is_over(market: Floor) -> None:
    shop, (alice, (assetid,)) = await market.person(), await market.seller(SLATE)
    await market.grant(shop, alice)
    async with market.db.transaction() as tx:
        await bans.ban(tx, alice.steamid, "seller", "three unsent", market.app.now(), timedelta(days=1))
    for caller in (alice, shop):
        with pytest.raises(Forbidden, match=r"banned until 2026-11-22 12:00:00 UTC: three unsent"):
            await make(market, caller, alice, at(100, assetid))
    assert await market.asked(alice) == 0
    market.clock.offset = timedelta(days=1)
    await make(market, shop, alice, at(100, assetid))


async def test_all_of_a_sellers_offers_end_whoever_made_them(market: Floor) -> None:
    shop, (alice, (a, b, c)) = await market.person(), await market.seller(SLATE, SLATE, SLATE)
    bob, (other,) = await market.seller(SLATE)
    await market.grant(shop, alice)
    one, in_trade = await market.list_own(alice, a, b)
    (two,), (kept,) = await make(market, shop, alice, at(100, c)), await market.list_own(bob, other)
    await market.db.execute("UPDATE offer SET state = 'reserved' WHERE id = $1", in_trade)
    async with market.db.transaction() as tx:
        assert await offers.end_all_of_seller(tx, alice.steamid, "Banned.") == [one, two]
    async with market.db.transaction() as tx:
        assert await offers.end_all_of_seller(tx, alice.steamid, "Banned.") == []
    assert await market.states() == {one: "ended", in_trade: "reserved", two: "ended", kept: "on_sale"}
    assert (await row(market, one)).ended_reason == "Banned."
    await market.db.execute("UPDATE offer SET state = 'on_sale' WHERE id = $1", in_trade)


# One live offer an asset


async def test_an_asset_on_sale_is_named_and_not_listed_again(market: Floor) -> None:
    alice, (a, b) = await market.seller(SLATE, SLATE)
    await market.list_own(alice, a)
    sentence = await refused(market, alice, at(100, b, a), Conflicting)
    assert f"item {a} (csgo)" in sentence
    assert b not in sentence
    assert "already on sale" in sentence


async def test_of_32_who_list_one_asset_at_once_one_does(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    shops = [alice, *[await market.person() for _ in range(3)]]
    for shop in shops[1:]:
        await market.grant(shop, alice)
    answers = await asyncio.gather(
        *(make(market, shops[n % 4], alice, at(100 + n, assetid)) for n in range(32)), return_exceptions=True
    )
    (won,) = [answer for answer in answers if isinstance(answer, list)]
    lost = [answer for answer in answers if not isinstance(answer, list)]
    assert {type(answer) for answer in lost} == {Conflicting}
    assert await market.states() == {won[0]: "on_sale"}


async def test_overlapping_requests_in_any_order_are_each_all_or_nothing(market: Floor) -> None:
    alice, assets = await market.seller(*[SLATE] * 12)
    wishes = [assets[n : n + 6] for n in range(7)] + [assets[n : n + 6][::-1] for n in range(7)]
    answers = await asyncio.gather(
        *(make(market, alice, alice, at(100, *wish)) for wish in wishes), return_exceptions=True
    )
    assert {type(answer) for answer in answers} <= {list, Conflicting}
    listed = [wish for wish, answer in zip(wishes, answers, strict=True) if isinstance(answer, list)]
    live = await market.db.fetch("SELECT assetid FROM offer")
    assert sorted(asset["assetid"] for asset in live) == sorted(asset for wish in listed for asset in wish)
    assert listed


async def test_rows_are_written_in_one_order_whatever_was_asked(market: Floor) -> None:
    # Otherwise two who list the same assets could wait for each other in a circle.
    alice, assets = await market.seller(*[SLATE] * 5)
    ids = dict(zip(asked := assets[::-1], await make(market, alice, alice, at(100, *asked)), strict=True))
    written = [ids[assetid] for assetid in sorted(assets)]
    assert written == sorted(written)


async def test_an_asset_can_be_listed_again_once_its_offer_ended(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (first,) = await market.list_own(alice, assetid)
    await offers.cancel(market.app, alice.id, alice.steamid, [first])
    (second,) = await market.list_own(alice, assetid)
    assert await market.states() == {first: "ended", second: "on_sale"}


# Repricing


async def reprice(market: Floor, seller: Account, *rows: Reprice) -> list[Any]:
    return await offers.reprice(market.app, seller.id, seller.steamid, rows)


async def test_each_row_is_repriced_or_refused_by_itself(market: Floor) -> None:
    alice, (a, b, c, d) = await market.seller(SLATE, SLATE, SLATE, SLATE)
    one, two, in_trade, ended = await market.list_own(alice, a, b, c, d)
    await offers.cancel(market.app, alice.id, alice.steamid, [ended])
    await market.db.execute("UPDATE offer SET state = 'reserved' WHERE id = $1", in_trade)
    await set_rate(market, "EUR", 920_000)
    answers = await reprice(
        market, alice, Reprice(two, 92, "EUR"), Reprice(in_trade, 50), Reprice(10**30, 50), Reprice(one, 3001),
        Reprice(ended, 50), Reprice(-1, 50), Reprice(999_999, 50, "GBP"),
    )  # fmt: skip
    assert answers[0] == Repriced(two, 100, 920_000)
    assert [type(refusal) for _, refusal in answers[1:]] == [
        Conflicting, NotFound, Conflicting, NotFound, NotFound, NotFound,
    ]  # fmt: skip
    assert [id_ for id_, _ in answers[1:]] == [in_trade, 10**30, one, ended, -1, 999_999]
    assert "in a trade" in answers[1][1].sentence
    assert "greatest price" in answers[3][1].sentence
    await market.db.execute("UPDATE offer SET state = 'on_sale' WHERE id = $1", in_trade)


async def test_a_new_price_is_on_the_shelf_with_the_answer(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, assetid, price_cents=100)
    assert await reprice(market, alice, Reprice(offer, 77)) == [Repriced(offer, 77, 1_000_000)]
    shown = market.app.shelves.offer(offer)
    assert shown is not None
    assert (shown.price_cents, shown.version) == (77, 2)


async def test_the_same_price_again_changes_nothing(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, assetid, price_cents=100)
    assert await reprice(market, alice, Reprice(offer, 100)) == [Repriced(offer, 100, 1_000_000)]
    assert (await row(market, offer)).version == 1


async def test_going_to_and_fro_between_currencies_never_raises_a_price(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, assetid, price_cents=1001)
    await set_rate(market, "RUB", 92_155_555)
    cents = 1001
    for _ in range(10):
        (answer,) = await reprice(market, alice, Reprice(offer, cents * 92_155_555 // 1_000_000, "RUB"))
        assert answer.new_price_cents <= cents
        cents = answer.new_price_cents


async def test_a_bad_currency_spoils_its_own_row_alone(market: Floor) -> None:
    alice, (a, b) = await market.seller(SLATE, SLATE)
    one, two = await market.list_own(alice, a, b)
    answers = await reprice(market, alice, Reprice(one, 50, "GBP"), Reprice(two, 50))
    assert isinstance(answers[0], tuple)
    assert isinstance(answers[0][1], Malformed)
    assert answers[1] == Repriced(two, 50, 1_000_000)


async def test_a_request_to_reprice_names_some_and_each_once(market: Floor) -> None:
    alice, (assetid,) = await market.seller(SLATE)
    (offer,) = await market.list_own(alice, assetid)
    with pytest.raises(Conflicting):
        await reprice(market, alice, Reprice(offer, 50), Reprice(offer, 60))
    for rows in ([], [Reprice(id_, 50) for id_ in range(1, MANY + 2)]):
        with pytest.raises(Malformed):
            await reprice(market, alice, *rows)


async def test_a_buyer_pays_the_price_before_or_after_a_change_and_the_answer_says_which(
    market: Floor,
) -> None:
    alice, assets = await market.seller(*[SLATE] * 20)
    ids = await market.list_own(alice, *assets, price_cents=100)
    await sellable(market, alice)
    buyer = await buyer_with(market, 10_000)

    async def change(offer: int) -> Any:
        return (await reprice(market, alice, Reprice(offer, 150)))[0]

    for offer in ids:
        bought, answer = await asyncio.gather(buy(market, buyer, offer), change(offer))
        assert bought == "bought"
        paid = await market.db.value("SELECT price_cents FROM trade WHERE offer_id = $1", offer)
        assert paid == (await row(market, offer)).price_cents
        assert paid == (150 if isinstance(answer, Repriced) else 100)


# Cancelling


async def cancel(market: Floor, seller: Account, *ids: int) -> tuple[list[Offer], list[tuple[int, str]]]:
    return await offers.cancel(market.app, seller.id, seller.steamid, ids)


async def test_what_is_taken_off_is_told_in_the_order_asked_and_off_the_shelf(market: Floor) -> None:
    alice, (a, b, c) = await market.seller(SLATE, SLATE, SLATE)
    one, two, three = await market.list_own(alice, a, b, c)
    before = await row(market, three)
    cancelled, others = await cancel(market, alice, three, one, three)
    assert ([offer.id for offer in cancelled], others) == ([three, one], [])
    assert cancelled[0] == replace(before, state="ended", ended_reason="cancelled by the seller", version=2)
    assert market.app.shelves.page(Query("csgo")).ids == [two]


async def test_what_is_not_taken_off_has_its_reason(market: Floor) -> None:
    alice, assets = await market.seller(*[SLATE] * 3)
    on_sale, in_trade, ended = await market.list_own(alice, *assets)
    await cancel(market, alice, ended)
    await market.db.execute("UPDATE offer SET state = 'reserved' WHERE id = $1", in_trade)
    cancelled, others = await cancel(market, alice, 10**30, in_trade, on_sale, ended, 999_999, 0, -7)
    assert [offer.id for offer in cancelled] == [on_sale]
    assert others == [
        (10**30, "not found"), (in_trade, "in a trade"), (ended, "not on sale any more"), (999_999, "not found"),
        (0, "not found"), (-7, "not found"),
    ]  # fmt: skip
    await market.db.execute("UPDATE offer SET state = 'on_sale' WHERE id = $1", in_trade)


async def test_too_many_or_none_are_refused_whole(market: Floor) -> None:
    alice = await market.person()
    for ids in ((), range(1, MANY + 2)):
        with pytest.raises(Malformed):
            await cancel(market, alice, *ids)


async def test_an_offer_is_bought_or_cancelled_and_never_both(market: Floor) -> None:
    alice, assets = await market.seller(*[SLATE] * 30)
    ids = await market.list_own(alice, *assets, price_cents=100)
    await sellable(market, alice)
    buyer = await buyer_with(market, 10_000)
    bought, (cancelled, others) = await asyncio.gather(
        asyncio.gather(*(buy(market, buyer, offer) for offer in ids)), cancel(market, alice, *ids[::-1])
    )
    sold = {offer for offer, code in zip(ids, bought, strict=True) if code == "bought"}
    assert set(bought) <= {"bought", "no_item"}
    assert {offer.id for offer in cancelled} == set(ids) - sold
    assert dict(others) == dict.fromkeys(sold, "in a trade")


async def test_of_many_who_cancel_at_once_each_offer_is_taken_off_by_one(market: Floor) -> None:
    alice, assets = await market.seller(*[SLATE] * 10)
    ids = await market.list_own(alice, *assets)
    answers = await asyncio.gather(*(cancel(market, alice, *(ids if n % 2 else ids[::-1])) for n in range(8)))
    taken = [offer.id for cancelled, _ in answers for offer in cancelled]
    assert sorted(taken) == ids
