"""Advances: credited at the acceptance within the reserve, repaid by the settlement, taken back from the reserve."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from market.paying import DAY, Till, at_once, open_till, till
from stock import purchase, wish
from tradepost.db import Db
from tradepost.market import advances, gateways, ledger, trades
from tradepost.rules.refusals import Conflicting
from tradepost.rules.trade import (
    Deadline,
    Delivered,
    Leased,
    OfferSeen,
    Ruled,
    Settled,
    SettlementKnown,
    TakenBack,
)

pytestmark = pytest.mark.sql
REVERTED = 12


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Till]:
    async with till(db) as found:
        yield found


async def outstanding(shop: Till) -> int:
    return await advances.outstanding_cents(shop.db, shop.merchant)


async def book(shop: Till) -> int:
    """What the market has lent, by its own book: never above nothing."""
    found: int = await shop.db.value(
        "SELECT coalesce(sum(amount_cents), 0)::bigint FROM entry WHERE book = 'advances'"
    )
    return found


async def money(shop: Till) -> tuple[int, int]:
    """What the merchant can spend, and what is locked."""
    purse = await shop.purse()
    return purse.balance_cents, purse.reserve_cents


async def kinds(shop: Till, view: trades.TradeView) -> list[str]:
    """Why money of a trade moved."""
    rows = await shop.db.fetch("SELECT kind FROM transfer WHERE trade_id = $1 ORDER BY id", view.trade.id)
    return [row["kind"] for row in rows]


# A life each --------------------------------------------------------------------------------------------------


async def test_within_the_reserve_a_skin_is_credited_and_told_of_when_it_is_accepted(shop: Till) -> None:
    await shop.early(1_000)
    paid = await shop.link()
    view = await shop.sent((await shop.on_sale(paid, 1_000))[0])
    assert await money(shop) == (0, 1_000) and await shop.told() == []
    await shop.accept(view)
    assert await money(shop) == (950, 1_000) and await outstanding(shop) == 950 == -await book(shop)
    (notice,) = await shop.told()
    (skin,) = await shop.skins(paid)
    assert (skin.state, skin.told_cents) == ("accepted", 950) and notice["trade_id"] == view.trade.id
    held: int = await shop.db.value("SELECT held_cents FROM wallet WHERE account_id = $1", shop.buyer)
    assert held == 1_000  # the buyer's money stays where it is until the end
    await shop.settle(view)
    assert await money(shop) == (950, 1_000) and await outstanding(shop) == 0 == await book(shop)
    assert len(await shop.told()) == 1 and await kinds(shop, view) == ["held", "advanced", "finished"]
    assert await shop.db.value("SELECT outcome FROM advance") == "settled"


async def test_each_skin_says_what_becomes_of_money_that_came_early(shop: Till) -> None:
    await shop.early(1_000)
    paid = await shop.link()
    views = [await shop.sent(offer) for offer in await shop.on_sale(paid, 400, 200, 500)]
    for view in views:
        await shop.accept(view)  # the reserve bears the first two and 4.30 more
    await shop.happened(views[0], SettlementKnown(shop.app.now() + 7 * DAY))
    first, second, third = await shop.skins(paid)
    until = f"{shop.app.now() + 7 * DAY:%Y-%m-%d %H:%M:%S} UTC"
    assert f"until {until} Steam lets either side take it back" in (first.explanation or "")
    assert "until Steam's protection is over" in (second.explanation or "")
    assert third.told_at is None and "credited" not in (third.explanation or "")
    await shop.happened(views[0], TakenBack("seller"))
    await shop.settle(*views[1:])
    first, second, third = await shop.skins(paid)
    assert (first.state, first.taken_back_cents, second.taken_back_cents) == ("reversed", 380, 0)
    assert (first.explanation or "").startswith("The trade was reversed by the seller ")
    assert (first.explanation or "").endswith(
        " 3.80 USD, which the merchant was credited with when the buyer accepted, was taken out of his reserve."
    )
    assert (second.explanation or "").endswith(" that is final now.")
    assert third.state == "credited" and "final" not in (third.explanation or "")


async def test_what_was_reversed_before_it_was_credited_takes_nothing_back(shop: Till) -> None:
    await shop.early(0)
    paid = await shop.link()
    view = await shop.sent((await shop.on_sale(paid, 400))[0])
    await shop.accept(view)
    await shop.happened(view, TakenBack("seller"))
    (skin,) = await shop.skins(paid)
    assert (skin.state, skin.taken_back_cents) == ("reversed", 0) and "reserve" not in (
        skin.explanation or ""
    )


async def test_a_reversal_is_paid_for_out_of_the_reserve(shop: Till) -> None:
    await shop.early(1_000)
    paid = await shop.link()
    view = await shop.sent((await shop.on_sale(paid, 400))[0])
    await shop.accept(view)
    buyer = await shop.purse(shop.buyer)
    await shop.happened(view, TakenBack("seller"))
    assert await money(shop) == (380, 620) and await outstanding(shop) == 0 == await book(shop)
    back = await shop.purse(shop.buyer)
    assert (back.deposit_cents - buyer.deposit_cents, back.held_cents) == (400, 0)
    assert await shop.db.value("SELECT outcome FROM advance") == "reversed"
    assert len(await shop.told()) == 1 and await shop.states(paid) == ["reversed"]
    assert await kinds(shop, view) == ["held", "advanced", "refunded"]


@pytest.mark.parametrize(
    "end",
    [
        TakenBack("seller"),
        TakenBack("buyer"),
        TakenBack(),
        OfferSeen(REVERTED, "7"),
        Ruled("reverse", "seller"),
    ],
    ids=["by the seller", "by the buyer", "by nobody knows whom", "seen on the offer", "ruled"],
)
async def test_whoever_takes_it_back_the_advance_is_over(shop: Till, end: Any) -> None:
    await shop.early(1_000)
    view = await shop.buy((await shop.on_sale(await shop.link(), 100))[0])
    await shop.happened(view, Leased(), OfferSeen(2, "7"), Delivered("777"), end)
    assert await money(shop) == (95, 905) and await outstanding(shop) == 0 == await book(shop)


async def test_beyond_the_reserve_a_skin_waits_for_its_settlement(shop: Till) -> None:
    await shop.early(1_000)
    paid = await shop.link()
    first, second, third = [await shop.sent(offer) for offer in await shop.on_sale(paid, 800, 300, 252)]
    for view in (first, second, third):
        await shop.accept(view)
    # 760 and 239 are 999, with 285 between them it would be too much
    assert await money(shop) == (999, 1_000) and await outstanding(shop) == 999
    assert [one["trade_id"] for one in await shop.told()] == [first.trade.id, third.trade.id]
    await shop.settle(first, second, third)
    assert await money(shop) == (760 + 285 + 239, 1_000)
    assert [one["trade_id"] for one in await shop.told()] == [first.trade.id, third.trade.id, second.trade.id]


async def test_the_last_cent_of_the_reserve_counts(shop: Till) -> None:
    await shop.early(95)
    paid = await shop.link()
    first, second = [await shop.sent(offer) for offer in await shop.on_sale(paid, 100, 2)]
    await shop.accept(first)
    await shop.accept(second)
    assert await outstanding(shop) == 95 and len(await shop.told()) == 1


async def test_what_is_free_of_the_reserve_is_what_may_still_be_credited_early(shop: Till) -> None:
    async def free() -> int:
        return await advances.free_reserve_cents(shop.db, shop.merchant)

    assert await free() == 0
    await shop.early(1_000)
    paid = await shop.link()
    view = await shop.sent((await shop.on_sale(paid, 1_000))[0])
    assert await free() == 1_000
    await shop.accept(view)
    assert await free() == 50
    await shop.settle(view)
    assert await free() == 1_000


async def test_without_a_reserve_everything_waits(shop: Till) -> None:
    await shop.early(0)
    view = await shop.sent((await shop.on_sale(await shop.link(), 100))[0])
    await shop.accept(view)
    assert await money(shop) == (0, 0) and await shop.told() == []
    await shop.settle(view)
    assert await money(shop) == (95, 0) and len(await shop.told()) == 1


async def test_a_reserve_alone_credits_nothing_early(shop: Till) -> None:
    await shop.early(1_000)
    await gateways.change(shop.app, shop.merchant, ipn_on="settled")
    view = await shop.sent((await shop.on_sale(await shop.link(), 100))[0])
    await shop.accept(view)
    assert await money(shop) == (0, 1_000) and await shop.told() == []


async def test_switched_back_meanwhile_what_was_credited_early_ends_as_it_began(shop: Till) -> None:
    await shop.early(1_000)
    paid = await shop.link()
    one, two = [await shop.sent(offer) for offer in await shop.on_sale(paid, 100, 100)]
    await shop.accept(one)
    await shop.accept(two)
    await gateways.change(shop.app, shop.merchant, ipn_on="settled")
    await shop.happened(one, TakenBack("seller"))
    await shop.settle(two)
    assert await money(shop) == (190, 905) and len(await shop.told()) == 2 and await outstanding(shop) == 0


async def test_other_sales_of_the_same_merchant_wait_as_ever(shop: Till) -> None:
    await shop.early(1_000)
    seller = await shop.payer()
    view = await shop.sent(await shop.box.stock.offer(seller, 100, payee_id=shop.merchant))
    await shop.accept(view)
    assert await money(shop) == (0, 1_000) and await shop.told() == []


async def test_an_acceptance_seen_after_a_refund_waits_for_its_settlement(shop: Till) -> None:
    """The buyer's wallet is locked by then, and no other may be locked after it."""
    await shop.early(1_000)
    view = await shop.sent((await shop.on_sale(await shop.link(), 100))[0])
    await shop.happened(
        view, OfferSeen(7, str(7_000_000_000 + view.trade.id)), Delivered("777", can_hold_again=True)
    )
    assert await money(shop) == (0, 1_000) and await shop.told() == []
    await shop.settle(view)
    assert await money(shop) == (95, 1_000) and len(await shop.told()) == 1


async def test_a_merchant_s_own_purchase_is_not_lent_to_him(shop: Till) -> None:
    """His money goes back to the buckets that it came from, which only the settlement can sort out."""
    await shop.early(1_000)
    await shop.db.execute("UPDATE account SET may_trade_with_self = true WHERE id = $1", shop.merchant)
    async with shop.db.transaction() as tx:
        await ledger.deposit(tx, shop.merchant, 500, "own", shop.app.now())
    paid = await shop.link()
    (offer,) = await shop.on_sale(paid, 100)
    await shop.box.stock.online(paid.payer_id)
    receiver = await shop.box.stock.steamid_of(shop.buyer)
    view = await purchase(shop.app, wish(shop.merchant, offer, receiver))
    await shop.happened(view, Leased(), OfferSeen(2, "7"), Delivered("777"))
    assert await money(shop) == (0, 1_000) and await shop.told() == []
    await shop.settle(view)
    purse = await shop.purse()
    assert (purse.deposit_cents, purse.balance_cents, purse.held_cents) == (495, 0, 0)
    assert len(await shop.told()) == 1


# At once ------------------------------------------------------------------------------------------------------


async def test_of_acceptances_at_once_so_many_are_credited_as_the_reserve_bears(shop: Till) -> None:
    await shop.early(3 * 95 + 94)
    paid = await shop.link()
    views = [await shop.sent(offer) for offer in await shop.on_sale(paid, *[100] * 10)]
    await asyncio.gather(*(shop.accept(view) for view in views))
    assert await outstanding(shop) == 3 * 95 and len(await shop.told()) == 3
    await shop.settle(*views)
    assert await money(shop) == (950, 3 * 95 + 94) and len(await shop.told()) == 10


async def test_a_reserve_that_is_released_while_skins_are_accepted_never_falls_below_what_is_lent(
    shop: Till,
) -> None:
    await shop.early(2_000)
    paid = await shop.link()
    views = [await shop.sent(offer) for offer in await shop.on_sale(paid, *[200] * 12)]

    async def release(number: int) -> Any:
        await asyncio.sleep(0.002 * number)
        return await gateways.release_reserve(shop.app, shop.merchant, 300, f"release-{number}")

    done = await at_once(*(shop.accept(view) for view in views), *(release(number) for number in range(8)))
    released = sum(one is True for one in done)
    assert all(one is True or isinstance(one, Conflicting) for one in done[12:])
    lent, (_, reserve) = await outstanding(shop), await money(shop)
    assert reserve == 2_000 - 300 * released >= lent and lent + 190 > reserve - 300
    with pytest.raises(Conflicting, match="may still be reversed"):
        await gateways.release_reserve(shop.app, shop.merchant, reserve - lent + 1, "one cent more")
    assert (
        await gateways.release_reserve(shop.app, shop.merchant, reserve - lent, "all but that")
        or reserve == lent
    )
    for view in views[::2]:
        await shop.happened(view, TakenBack("seller"))
    await shop.settle(*views[1::2])
    assert await outstanding(shop) == 0 == await book(shop)


async def test_settlements_reversals_and_acceptances_at_once_leave_the_books_right(shop: Till) -> None:
    """Two merchants who buy of each other: their wallets are locked in one order whoever pays whom."""
    other = await open_till(shop.box)
    other.buyer, shop.buyer = shop.merchant, other.merchant
    for one in (shop, other):
        await one.early(700)
        async with one.db.transaction() as tx:
            await ledger.deposit(tx, one.merchant, 10_000, f"rich-{one.merchant}", one.app.now())
    views = []
    for one in (shop, other):
        offers = await one.on_sale(await one.link(), *[100] * 12)
        views.append([(one, await one.sent(offer)) for offer in offers])
    mixed = [pair for pairs in zip(*views, strict=True) for pair in pairs]
    await asyncio.gather(*(one.accept(view) for one, view in mixed))
    for one in (shop, other):
        assert await outstanding(one) == 7 * 95
    shop.clock.offset += 9 * DAY
    for one, view in mixed[::2]:
        await one.happened(view, Deadline())
    shop.clock.offset += 9 * DAY
    deeds = [
        one.happened(view, Settled() if n % 2 == 0 else TakenBack("seller"))
        for n, (one, view) in enumerate(mixed)
    ]
    done = await at_once(*deeds)
    assert [one for one in done if isinstance(one, Exception)] == []
    for one in (shop, other):
        assert await outstanding(one) == 0
    assert await book(shop) == 0


# What does not add up is found ------------------------------------------------------------------------------------

CORRUPTIONS = {
    "an advance without its trade's state": ("UPDATE advance SET outcome = 'settled', ended_at = at", "does not fit its state"),
    "an advance of another sum": ("UPDATE advance SET cents = cents + 1", "does not fit its state"),
    "an advance of another account": ("UPDATE advance SET account_id = $1", "does not fit its state"),
    "an advance that is lost": ("DELETE FROM advance", "book of advances"),
    "a reserve that was let go": (
        "UPDATE wallet SET reserve_cents = 0, balance_cents = balance_cents + reserve_cents WHERE reserve_cents > 0",
        "more than its reserve",
    ),
    "a book that was rewritten": ("UPDATE entry SET amount_cents = amount_cents - 1 WHERE book = 'advances'", "book of advances"),
    "a notice of another amount": ("UPDATE payment_item SET told_cents = told_cents + 1 WHERE told_cents IS NOT NULL", "was told disagree"),
    "a notice that was not written": ("UPDATE payment_item SET told_at = NULL, told_cents = NULL", "was told disagree"),
    "a notice before its time": (
        "UPDATE payment_item i SET told_at = listed_at, told_cents = 95, trade_id = (SELECT id FROM trade t WHERE t.offer_id = i.offer_id)"
        " WHERE told_at IS NULL",
        "was told disagree",
    ),
    "a delivery of another trade": ("UPDATE payment_item SET trade_id = NULL, told_at = NULL, told_cents = NULL", "was told disagree"),
    "an IPN of nothing": (
        "INSERT INTO notice (account_id, kind, type, payment_id, trade_id, event_no, made_at, due_at, attempts_most)"
        " SELECT p.account_id, 'ipn', 'payment', p.id, t.id, 99, t.created_at, t.created_at, 8"
        " FROM trade t JOIN payment_item i ON i.offer_id = t.offer_id JOIN payment p ON p.id = i.payment_id WHERE i.told_at IS NULL",
        "was not credited for",
    ),
}  # fmt: skip


@pytest.mark.broken_books
@pytest.mark.parametrize("name", CORRUPTIONS)
async def test_every_corruption_is_found(shop: Till, name: str) -> None:
    """One skin finished, one credited early, one accepted and not credited."""
    sql, sentence = CORRUPTIONS[name]
    await shop.early(100)
    paid = await shop.link()
    first, second, third = await shop.on_sale(paid, 100, 100, 100)
    await shop.sell(first)
    for offer in (second, third):
        await shop.accept(await shop.sent(offer))
    assert await ledger.faults(shop.db) == []
    for table in ("entry", "transfer", "trade_event"):
        await shop.db.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await shop.db.execute(sql, *([paid.payer_id] if "$1" in sql else []))
    assert any(sentence in fault for fault in await ledger.faults(shop.db)), await ledger.faults(shop.db)
