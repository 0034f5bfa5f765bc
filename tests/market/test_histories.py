"""Histories: every row once, in order, whatever page it is on, and what can be spent after each movement."""

from datetime import timedelta

import pytest

from past import BEGIN, trades
from stock import MARKET_NOW, Stock
from tradepost.db import Db
from tradepost.market import histories, ledger
from tradepost.market.histories import Movement, Side
from tradepost.market.ledger import Posting
from tradepost.rules.trade import State


@pytest.fixture
async def pair(db: Db) -> tuple[int, int]:
    """A buyer and a seller with seven trades of 100 behind them."""
    stock = Stock(db)
    buyer, seller = await stock.person(deposit_cents=1_000), await stock.person()
    await trades(db, buyer, seller, 7)
    return buyer, seller


async def all_movements(db: Db, account_id: int, count: int) -> list[Movement]:
    found: list[Movement] = []
    while True:
        rows, total = await histories.movements(db, account_id, first=len(found), count=count)
        if not rows:
            assert len(found) == total
            return found
        found += rows


@pytest.mark.parametrize("side", ["sales", "purchases"])
async def test_what_was_traded_is_there_once_on_some_page(db: Db, pair: tuple[int, int], side: Side) -> None:
    buyer, seller = pair
    account_id, other = (seller, buyer) if side == "sales" else (buyer, seller)
    found = []
    for first in range(0, 9, 3):
        rows, total = await histories.traded(db, account_id, side, first=first, count=3)
        assert total == 7
        found += rows
    assert [one.created_at for one in found] == [BEGIN + timedelta(hours=n) for n in range(7, 0, -1)]
    assert len({one.id for one in found}) == 7
    assert {(one.price_cents, one.fee_cents, one.state) for one in found} == {(100, 5, State.FINISHED)}
    assert await histories.traded(db, other, side, first=0, count=3) == ([], 0)
    assert (await histories.traded(db, account_id, side, first=10**12, count=3))[0] == []


@pytest.mark.parametrize("count", [1, 2, 3, 50])
async def test_after_each_movement_so_much_could_be_spent(db: Db, pair: tuple[int, int], count: int) -> None:
    buyer, seller = pair
    async with db.transaction() as tx:
        # Earned money as well, and a transfer that moves both buckets.
        legs = (Posting(buyer, "balance", 50), Posting(None, "world", -50))
        await ledger.post(tx, "correction:1", "deposit", legs, MARKET_NOW)
        more = (Posting(buyer, "deposit", -30), Posting(buyer, "balance", -20), Posting(None, "world", 50))
        await ledger.post(tx, "correction:2", "deposit", more, MARKET_NOW)
    found = await all_movements(db, buyer, count)
    assert len(found) == 1 + 7 + 1 + 2
    spendable = 0
    buckets = {"deposit": 0, "balance": 0}
    for one in reversed(found):
        buckets[one.book] += one.amount_cents
        assert one.after_cents == buckets[one.book]
        spendable += one.amount_cents
        assert one.spendable_cents == spendable
    assert spendable == 300
    assert [one.spendable_cents for one in await all_movements(db, seller, count)] == [
        95 * n for n in range(7, 0, -1)
    ]


async def test_transactions_are_what_moved_for_no_trade(db: Db, pair: tuple[int, int]) -> None:
    buyer, seller = pair
    async with db.transaction() as tx:
        legs = (Posting(seller, "balance", -300), Posting(seller, "reserve", 300))
        await ledger.post(tx, "reserve:1", "deposit", legs, MARKET_NOW)
    rows, total = await histories.transactions(db, seller, first=0, count=50)
    assert total == 1
    assert (rows[0].balance_cents, rows[0].reserve_cents, rows[0].deposit_cents) == (-300, 300, 0)
    rows, total = await histories.transactions(db, buyer, first=0, count=50)
    assert [(one.kind, one.deposit_cents) for one in rows] == [("deposit", 1_000)]
    assert (await histories.transactions(db, buyer, first=1, count=50)) == ([], 1)


async def test_who_has_done_nothing_has_no_history(db: Db) -> None:
    ann = await Stock(db).person()
    assert await histories.movements(db, ann, first=0, count=50) == ([], 0)
    assert await histories.transactions(db, ann, first=0, count=50) == ([], 0)
    assert await histories.movements(db, 10**9, first=0, count=50) == ([], 0)


@pytest.mark.broken_books
async def test_a_transfer_that_its_account_does_not_list_is_a_fault(db: Db) -> None:
    await Stock(db).person(deposit_cents=500)
    await db.execute("ALTER TABLE transfer_of_account DISABLE TRIGGER the_past_stays")
    await db.execute("DELETE FROM transfer_of_account")
    async with db.transaction() as tx:
        (fault,) = await ledger.faults(tx)
    assert "do not list it" in fault
