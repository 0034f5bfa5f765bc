"""Payments with skins: one order is one payment, its skins are its payer's, and each that settles is told of once."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from market.paying import DAY, IP, Till, at_once, open_till, sha256, till
from tradepost.db import Db, UniqueViolationError
from tradepost.market import (
    bans,
    endings,
    housekeeping,
    inspection,
    merchants,
    offers,
    payment_items,
    payments,
    trades,
)
from tradepost.market.inspection import PaymentsQuery
from tradepost.market.offers import Reprice, Wanted
from tradepost.market.payments import Payment
from tradepost.rules import payment as rule
from tradepost.rules.money import fee_cents
from tradepost.rules.refusals import Conflicting, Forbidden, Malformed, NotFound
from tradepost.rules.trade import Deadline, Delivered, Leased, OfferSeen, Settled, TakenBack

pytestmark = pytest.mark.sql
DECLINED = 7


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Till]:
    async with till(db) as found:
        yield found


# Links -------------------------------------------------------------------------------------------------------


async def test_the_same_order_is_the_same_payment_also_when_it_is_asked_for_from_eight_sides(
    shop: Till,
) -> None:
    payer = await shop.payer()
    made = await at_once(*(shop.link(payer, "12", amount="3.00") for _ in range(8)))
    assert {type(one) for one in made} == {Payment} and len({one.token for one in made}) == 1
    assert await shop.db.value("SELECT count(*) FROM payment") == 1


@pytest.mark.parametrize(
    "changes", [{"account": "8"}, {"trade_token": "zPvo-jv3"}, {"amount": "3.1"}, {"amount": ""}], ids=str
)
async def test_an_order_with_other_parameters_is_refused(shop: Till, changes: dict[str, Any]) -> None:
    payer = await shop.payer()
    first = await shop.link(payer, "12", amount="3.00")
    with pytest.raises(Conflicting, match="other parameters"):
        await shop.link(payer, "12", **{"amount": "3.00", **changes})
    assert await payments.by_token(shop.db, first.token) == first


async def test_of_two_orders_that_sign_alike_only_one_can_be(shop: Till) -> None:
    payer = await shop.payer()
    assert sha256("1", "23.00", "USD") == sha256("12", "3.00", "USD")
    made = await at_once(shop.link(payer, "1", amount="23.00"), shop.link(payer, "12", amount="3.00"))
    assert sorted(type(one).__name__ for one in made) == ["Conflicting", "Payment"]
    with pytest.raises(Conflicting, match="run together"):
        await shop.link(
            payer,
            "123.00" if isinstance(made[0], Payment) else "1",
            amount="" if isinstance(made[0], Payment) else "23.00",
        )
    other = await open_till(shop.box)
    await other.link(
        await other.payer(), "12", amount="3.00"
    )  # another merchant's orders are none of this one's


@pytest.mark.parametrize(
    "forged",
    [
        {"signature": ""},
        {"signature": "0" * 64},
        {"signature": sha256("12", "3.00", "USD")},
        {"secret": "0" * 64},
    ],
    ids=["none", "noughts", "without a secret", "another secret"],
)
async def test_a_link_that_the_merchant_did_not_sign_is_refused(shop: Till, forged: dict[str, Any]) -> None:
    with pytest.raises(Conflicting, match="signature does not fit"):
        await shop.link(None, "12", amount="3.00", **forged)
    assert await shop.db.value("SELECT count(*) FROM payment") == 0


async def test_an_ipn_s_hash_is_no_signature_of_a_link(shop: Till) -> None:
    """Unless the trade_id were taken for a part of the currency: and that is USD, before anything is hashed."""
    told = rule.ipn_hash("12", "3.00", "USD", "786f1d3cccb2828c", shop.opened.secret)
    with pytest.raises(Conflicting, match="signature does not fit"):
        await shop.link(None, "12", amount="3.00", signature=told)


async def test_a_public_hash_that_is_nobody_s_is_told_of(shop: Till) -> None:
    asked = payments.Asked("1", "7", "76561198000000001", "USD", "", None, "0" * 64, None)
    for public_hash in ("", "0" * 32, shop.opened.gateway.public_hash.upper()):
        with pytest.raises(NotFound):
            await payments.make(shop.app, public_hash, asked, {}, b"")


async def test_only_a_token_is_a_way_to_a_payment(shop: Till) -> None:
    made = await shop.link()
    for token in (
        made.token.upper(),
        made.token[:-1],
        f"{made.token} ",
        made.token[:-1] + "٠",
        "",
        str(made.id),
    ):
        assert await payments.by_token(shop.db, token) is None


# Skins -------------------------------------------------------------------------------------------------------


async def test_a_payer_s_skins_go_all_the_way_and_the_shop_is_told_of_each(shop: Till) -> None:
    paid = await shop.link(amount="10.00")
    first, second, third = await shop.on_sale(paid, 1000, 333, 21)
    assert await shop.states(paid) == ["on_sale"] * 3
    view = await shop.buy(first)
    assert await shop.states(paid) == ["sold", "on_sale", "on_sale"]
    await shop.happened(view, Leased(), OfferSeen(2, "7"))
    assert await shop.states(paid) == ["sent", "on_sale", "on_sale"]
    await shop.accept(view)
    assert (await shop.states(paid))[0] == "accepted" and await shop.told() == []
    await shop.settle(view)
    (notice,) = await shop.told()
    (skin, *_), purse = await shop.skins(paid), await shop.purse()
    assert (skin.state, skin.told_cents, skin.price_cents, skin.fee_cents) == ("credited", 950, 1000, 50)
    assert purse.balance_cents == 950 and skin.told_at == shop.app.now()
    assert (notice["trade_id"], notice["payment_id"], notice["payload"]) == (view.trade.id, paid.id, None)
    await shop.sell(third)
    await shop.sent(second)
    assert await shop.states(paid) == ["credited", "sent", "credited"]
    ((shown,), total) = await inspection.page(shop.app, shop.merchant, PaymentsQuery())
    assert total == 1 and shown.credited_cents == 950 + 19 and shown.expected_cents == 316
    assert len({skin.ipn_trade_id for skin in shown.skins}) == 3


async def test_what_is_told_is_to_the_cent_what_the_wallet_got_for_any_price_and_fee(shop: Till) -> None:
    """Prices at every edge of rounding and by chance; the fee is that of the moment in which it was bought."""
    chance = random.Random(7)
    prices = [2, 3, 19, 20, 21, 39, 40, 41, 59, 99, 100, 101, 333, 999, 1234, 9_999, 10_001, 99_999, 123_457]
    for fee_bps in (0, 1, 250, 500, 999, 1_500, 5_000, 9_000):
        chosen = [*prices, *(chance.randint(2, 1_500_000) for _ in range(6))]
        shop.app.settings = (await shop.process(fee_bps=fee_bps)).settings
        sold = [price for price in chosen if price > fee_cents(price, fee_bps)]
        paid = await shop.link()
        before = (await shop.purse()).balance_cents
        views = await shop.sell(*await shop.on_sale(paid, *sold))
        skins = {skin.trade_id: skin for skin in await shop.skins(paid)}
        for view, price in zip(views, sold, strict=True):
            got: int = await shop.db.value(
                "SELECT e.amount_cents FROM entry e JOIN transfer t ON t.id = e.transfer_id"
                " WHERE t.trade_id = $1 AND e.account_id = $2 AND e.book = 'balance'",
                view.trade.id, shop.merchant,
            )  # fmt: skip
            skin = skins[view.trade.id]
            assert skin.told_cents == got == price - fee_cents(price, fee_bps) == skin.net_cents > 0
        assert (await shop.purse()).balance_cents - before == sum(
            skin.told_cents or 0 for skin in skins.values()
        )


async def test_cancelled_by_the_buyer_and_sold_again_it_is_told_once(shop: Till) -> None:
    paid = await shop.link()
    (offer,) = await shop.on_sale(paid, 100)
    view = await shop.sent(offer)
    await shop.happened(view, OfferSeen(DECLINED, str(7_000_000_000 + view.trade.id)))
    assert await shop.states(paid) == ["on_sale"] and await shop.told() == []
    (again,) = await shop.sell(offer)
    (notice,) = await shop.told()
    assert notice["trade_id"] == again.trade.id != view.trade.id
    assert (await shop.purse()).balance_cents == 95


async def test_reversed_before_settlement_it_is_never_told(shop: Till) -> None:
    paid = await shop.link()
    (offer,) = await shop.on_sale(paid, 100)
    view = await shop.sent(offer)
    await shop.accept(view)
    await shop.happened(view, TakenBack("seller"))
    assert await shop.states(paid) == ["reversed"] and await shop.told() == []
    assert (await shop.purse()).balance_cents == 0


async def test_a_late_acceptance_is_told_when_it_settles(shop: Till) -> None:
    paid = await shop.link()
    (offer,) = await shop.on_sale(paid, 100)
    view = await shop.sent(offer)
    await shop.happened(view, OfferSeen(DECLINED, str(7_000_000_000 + view.trade.id)))
    await shop.happened(view, Delivered("777", can_hold_again=True))
    assert await shop.states(paid) == ["accepted"]
    await shop.settle(view)
    assert [one["trade_id"] for one in await shop.told()] == [view.trade.id]


async def test_a_skin_that_nobody_sends_in_time_ends_and_says_so(shop: Till) -> None:
    paid = await shop.link()
    (offer,) = await shop.on_sale(paid, 100)
    view = await shop.buy(offer)
    await shop.happened(view, Deadline())
    (skin,) = await shop.skins(paid)
    assert skin.state == "ended" and "did not send the offer in time" in (skin.explanation or "")
    assert await shop.told() == []


async def test_what_is_withdrawn_is_not_sold_and_what_is_sold_is_not_withdrawn(shop: Till) -> None:
    paid = await shop.link()
    one, two, three = await shop.on_sale(paid, 100, 100, 100)
    other = await shop.link()
    (foreign,) = await shop.on_sale(other, 100)
    await shop.buy(two)
    done = await payment_items.withdraw(shop.app, paid, [one, two, foreign, 10**18, one])
    assert done == ([one], [(two, "in a trade"), (foreign, "not found"), (10**18, "not found")])
    assert await shop.states(paid) == ["withdrawn", "sold", "on_sale"] and await shop.states(other) == [
        "on_sale"
    ]
    with pytest.raises(NotFound):
        await shop.buy(one)
    assert await payment_items.withdraw(shop.app, paid, [one]) == ([], [(one, "not on sale any more")])
    assert (await payment_items.withdraw(shop.app, paid, [three]))[0] == [three]


async def test_withdrawn_and_bought_at_one_moment_it_is_one_of_the_two(shop: Till) -> None:
    paid = await shop.link()
    found = await shop.on_sale(paid, *[100] * 10)
    for offer in found:
        bought, (gone, _) = await at_once(shop.buy(offer), payment_items.withdraw(shop.app, paid, [offer]))
        assert (gone == [offer]) == isinstance(bought, NotFound)


async def test_an_item_that_vanished_ends_its_offer_with_the_reason(shop: Till) -> None:
    paid = await shop.link()
    await shop.on_sale(paid, 100)
    async with shop.db.transaction() as tx:
        await endings.end_missing(tx, paid.payer_id, "csgo", [], True, None, shop.app.real_now())
    (skin,) = await shop.skins(paid)
    assert (skin.state, skin.explanation) == ("ended", endings.GONE)


async def test_a_banned_payer_puts_nothing_on_sale_and_what_he_had_there_ends(shop: Till) -> None:
    paid = await shop.link()
    await shop.on_sale(paid, 100)
    async with shop.db.transaction() as tx:
        await bans.ban(tx, shop.payers[paid.payer_id], "seller", "test", shop.app.now() - DAY, 2 * DAY)
    with pytest.raises(Forbidden, match="banned"):
        await shop.on_sale(paid, 100)
    await housekeeping.end_offers_of_banned(shop.app)
    assert await shop.states(paid) == ["ended"]


async def test_a_grant_that_is_taken_back_ends_the_payment_s_offers_and_a_trade_goes_on(shop: Till) -> None:
    paid = await shop.link()
    first, second = await shop.on_sale(paid, 100, 100)
    view = await shop.sent(second)
    assert await shop.revoke(paid.payer_id) == [first]
    assert await shop.states(paid) == ["ended", "sent"]
    await shop.accept(view)
    await shop.settle(view)
    assert len(await shop.told()) == 1
    third = await shop.on_sale(paid, 100)  # his own word, given anew by choosing once more
    assert (await shop.states(paid))[2] == "on_sale" and third


async def test_by_a_payment_s_grant_the_merchant_lists_reprices_and_cancels_nothing(shop: Till) -> None:
    paid = await shop.link()
    (offer,) = await shop.on_sale(paid, 100)
    (asset,) = await shop.items(paid)
    him = shop.payers[paid.payer_id]
    deeds: list[Callable[[], Awaitable[object]]] = [
        lambda: offers.make(shop.app, shop.merchant, him, [Wanted(asset, "csgo", 100)]),
        lambda: offers.reprice(shop.app, shop.merchant, him, [Reprice(offer, 3)]),
        lambda: offers.cancel(shop.app, shop.merchant, him, [offer]),
    ]
    for deed in deeds:
        with pytest.raises(Forbidden):
            await deed()
    assert [skin.price_cents for skin in await shop.skins(paid)] == [100]


async def test_a_payment_neither_widens_a_grant_nor_narrows_one_that_stands(shop: Till) -> None:
    paid = await shop.link()
    async with shop.db.transaction() as tx:
        await merchants.grant(tx, shop.merchant, paid.payer_id, "page", shop.app.now(), floor_bps=500)
    await shop.on_sale(paid, 100)
    assert [(g.given_by, g.floor_bps) for g in await merchants.grants_of_seller(shop.db, paid.payer_id)] == [
        ("page", 500)
    ]
    await shop.revoke(paid.payer_id)
    await shop.on_sale(paid, 100)
    assert [g.given_by for g in await merchants.grants_of_seller(shop.db, paid.payer_id)] == ["payment"]
    with pytest.raises(Forbidden):
        async with shop.db.transaction() as tx:
            await merchants.seller_for(tx, shop.merchant, shop.payers[paid.payer_id])


async def test_nothing_is_on_sale_where_one_of_several_cannot_be(shop: Till) -> None:
    paid = await shop.link()
    (asset,) = await shop.items(paid)
    with pytest.raises(NotFound):
        await payment_items.put_on_sale(
            shop.app, paid, [Wanted(asset, "csgo", 100), Wanted("999", "csgo", 100)], IP
        )
    with pytest.raises(Malformed):
        await payment_items.put_on_sale(shop.app, paid, [], IP)
    assert await shop.skins(paid) == [] and await shop.db.value("SELECT count(*) FROM seller_grant") == 0
    assert await shop.db.value("SELECT state FROM payment") == "open"


async def test_the_same_skin_is_put_on_sale_once_for_whichever_payment(shop: Till) -> None:
    payer = await shop.payer()
    one, two = await shop.link(payer), await shop.link(payer)
    (asset,) = await shop.items(one)
    wanted = [Wanted(asset, "csgo", 100)]
    made = await at_once(*(payment_items.put_on_sale(shop.app, paid, wanted, IP) for paid in (one, two, one)))
    assert sorted(type(each).__name__ for each in made) == ["Conflicting", "Conflicting", "list"]
    assert await shop.db.value("SELECT count(*) FROM payment_item") == 1


async def test_one_payment_has_so_many_skins_and_no_more(shop: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_items, "SKINS_MAX", 2)
    paid = await shop.link()
    await shop.on_sale(paid, 100)
    with pytest.raises(Conflicting, match="can have 2 skins"):
        await shop.on_sale(paid, 100, 100)
    assert len(await shop.skins(paid)) == 1


async def test_the_site_s_trade_token_is_kept_only_where_the_payer_has_none(shop: Till) -> None:
    payer = await shop.payer()
    token = "SELECT trade_token FROM account WHERE id = $1"
    own = await shop.db.value(token, payer)
    await shop.on_sale(await shop.link(payer, trade_token="othertok"), 100)
    assert await shop.db.value(token, payer) == own
    await shop.db.execute("UPDATE account SET trade_token = NULL WHERE id = $1", payer)
    await shop.on_sale(await shop.link(payer, trade_token="othertok"), 100)
    assert await shop.db.value(token, payer) == "othertok"


# Open, active, closed ----------------------------------------------------------------------------------------


async def state_of(shop: Till, paid: Payment) -> str:
    found = await payments.by_token(shop.db, paid.token)
    assert found is not None
    return found.state


async def test_a_link_is_closed_a_day_after_nothing_of_it_is_on_sale_any_more(shop: Till) -> None:
    used, unused = await shop.link(), await shop.link()
    (offer,) = await shop.on_sale(used, 100)
    shop.clock.offset += timedelta(hours=24)
    assert await payments.close_quiet(shop.app) == 1
    assert [await state_of(shop, one) for one in (used, unused)] == ["active", "closed"]
    with pytest.raises(Conflicting, match="not used any more"):
        await shop.on_sale(unused, 100)
    await shop.sell(offer)
    assert await payments.close_quiet(shop.app) == 1 and await state_of(shop, used) == "open"
    shop.clock.offset += timedelta(hours=23, minutes=59)
    assert await payments.close_quiet(shop.app) == 0
    (again,) = await shop.on_sale(used, 100)
    shop.clock.offset += 30 * DAY
    assert await payments.close_quiet(shop.app) == 0 and await state_of(shop, used) == "active"
    await payment_items.withdraw(shop.app, used, [again])
    await payments.close_quiet(shop.app)
    shop.clock.offset += timedelta(hours=24)
    assert await payments.close_quiet(shop.app) == 1 and await state_of(shop, used) == "closed"


async def test_what_is_put_on_sale_while_a_payment_falls_quiet_keeps_it_active(shop: Till) -> None:
    paid = await shop.link()
    (offer,) = await shop.on_sale(paid, 100)
    assets = [skin.assetid for skin in await shop.skins(paid)]
    for _ in range(10):
        await payment_items.withdraw(shop.app, paid, [offer])
        made, _ = await at_once(shop.on_sale(paid, 100, assets=assets), payments.close_quiet(shop.app))
        assert await state_of(shop, paid) == "active"
        assert await payments.close_quiet(shop.app) == 0
        (offer,) = made


# The second witness ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO payment_item SELECT (SELECT max(id) FROM offer), payment_id, ipn_trade_id, ip, listed_at FROM payment_item LIMIT 1",
        "INSERT INTO notice (account_id, kind, type, payment_id, trade_id, event_no, made_at, due_at, attempts_most)"
        " SELECT account_id, kind, type, payment_id, trade_id, 99, made_at, made_at, 8 FROM notice WHERE kind = 'ipn'",
        "UPDATE payment SET transaction_id = (SELECT min(transaction_id) FROM payment)",
        "UPDATE payment SET token = (SELECT min(token) FROM payment)",
    ],
    ids=["a trade_id used again", "a second IPN", "a transaction used again", "a token used again"],
)
async def test_the_database_itself_lets_nothing_be_told_twice(shop: Till, sql: str) -> None:
    paid = await shop.link()
    await shop.sell(*(await shop.on_sale(paid, 100, 100))[:1])
    await shop.box.stock.offer(paid.payer_id)
    await shop.link()
    with pytest.raises(UniqueViolationError):
        await shop.db.execute(sql)


async def test_one_settlement_told_of_from_many_sides_is_one_ipn(shop: Till) -> None:
    paid = await shop.link()
    view = await shop.sent((await shop.on_sale(paid, 100))[0])
    await shop.accept(view)
    shop.clock.offset += 9 * DAY
    await shop.happened(view, Deadline())
    shop.clock.offset += 9 * DAY

    async def settled() -> str | None:
        async with shop.db.transaction() as tx:
            done = await trades.happened(
                tx, shop.app.settings, view.trade.id, Settled(), witness="test", now=shop.app.now()
            )
        return done.refused

    refused = await at_once(*(settled() for _ in range(6)))
    assert sum(one is None for one in refused) == 1, refused
    assert len(await shop.told()) == 1 and (await shop.purse()).balance_cents == 95


async def test_the_ipn_is_written_with_the_money_or_not_at_all(shop: Till) -> None:
    paid = await shop.link()
    view = await shop.sent((await shop.on_sale(paid, 100))[0])
    await shop.accept(view)
    shop.clock.offset += 9 * DAY
    await shop.happened(view, Deadline())
    shop.clock.offset += 9 * DAY
    with pytest.raises(RuntimeError, match="the lights went out"):
        async with shop.db.transaction() as tx:
            await trades.happened(
                tx, shop.app.settings, view.trade.id, Settled(), witness="test", now=shop.app.now()
            )
            assert await tx.value("SELECT count(*) FROM notice WHERE kind = 'ipn'") == 1
            raise RuntimeError("the lights went out")
    assert await shop.told() == [] and (await shop.purse()).balance_cents == 0
    await shop.happened(view, Settled())
    assert len(await shop.told()) == 1


async def test_a_skin_told_of_by_another_trade_is_not_delivered_a_second_time(shop: Till) -> None:
    """Told early, then reversed; an older trade's acceptance that turns up then is an operator's matter."""
    await shop.early(1_000)
    paid = await shop.link()
    (offer,) = await shop.on_sale(paid, 100)
    older = await shop.sent(offer)
    await shop.happened(older, OfferSeen(DECLINED, str(7_000_000_000 + older.trade.id)))
    view = await shop.sent(offer)
    await shop.accept(view)
    await shop.happened(view, TakenBack("seller"))
    await shop.happened(older, Delivered("777", can_hold_again=True))
    assert await shop.db.value("SELECT state FROM trade WHERE id = $1", older.trade.id) == "cancelled"
    assert await shop.db.value("SELECT count(*) FROM operator_case WHERE trade_id = $1", older.trade.id) == 1
    assert [one["trade_id"] for one in await shop.told()] == [view.trade.id]


async def test_who_pays_at_his_own_shop_is_told_like_any_other(shop: Till) -> None:
    shop.payers[shop.merchant] = await shop.box.stock.steamid_of(shop.merchant)
    await shop.box.stock.online(shop.merchant)
    await shop.box.sim.control("POST", f"/_sim/users/{shop.payers[shop.merchant]}", {})
    paid = await shop.link(shop.merchant)
    await shop.sell(*await shop.on_sale(paid, 100))
    assert await shop.states(paid) == ["credited"] and len(await shop.told()) == 1
    assert await shop.db.value("SELECT count(*) FROM seller_grant") == 0
