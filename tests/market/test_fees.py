"""The market's fees: taken out once for a reference, and never more than were earned."""

import asyncio

import pytest

from stock import MARKET_NOW, Stock
from tradepost.db import Db
from tradepost.market import fees, ledger
from tradepost.market.ledger import Posting
from tradepost.rules.refusals import Conflicting, Malformed, TooLittleMoney


async def earn(db: Db, cents: int, key: str = "fee") -> None:
    """Somebody pays a fee, of whatever."""
    account = await Stock(db).person(deposit_cents=cents)
    async with db.transaction() as tx:
        legs = (Posting(account, "deposit", -cents), Posting(None, "fees", cents))
        await ledger.post(tx, key, "test", legs, MARKET_NOW)


async def take(db: Db, cents: int, reference: str = "october") -> bool:
    async with db.transaction() as tx:
        return await fees.withdraw(tx, cents, reference, by="anna", note="to the bank", now=MARKET_NOW)


async def left(db: Db) -> int:
    async with db.transaction() as tx:
        return await fees.left(tx)


async def test_what_was_earned_is_taken_out_once_for_its_reference(db: Db) -> None:
    await earn(db, 1_000)
    assert await take(db, 600)
    assert not await take(db, 600)  # though only 400 are left
    assert await left(db) == 400
    (one,) = await fees.withdrawals(db)
    assert (one.reference, one.cents, one.note) == ("october", 600, "anna: to the bank")


async def test_more_than_was_earned_is_not_taken_out(db: Db) -> None:
    with pytest.raises(TooLittleMoney, match=r"earned 0\.00 USD"):
        await take(db, 1)
    await earn(db, 1_000)
    with pytest.raises(TooLittleMoney, match=r"earned 10\.00 USD"):
        await take(db, 1_001)
    assert await take(db, 1_000)


async def test_a_reference_stands_for_one_amount(db: Db) -> None:
    await earn(db, 1_000)
    await take(db, 100)
    with pytest.raises(Conflicting):
        await take(db, 101)


async def test_of_many_who_take_all_at_once_one_gets_it(db: Db) -> None:
    await earn(db, 1_000)
    found = await asyncio.gather(*(take(db, 1_000, f"way {n}") for n in range(8)), return_exceptions=True)
    assert sum(one is True for one in found) == 1
    assert sum(isinstance(one, TooLittleMoney) for one in found) == 7


@pytest.mark.parametrize(("cents", "reference"), [(0, "x"), (-1, "x"), (1, ""), (1, "x" * 201), (1, "a\nb")])
async def test_nonsense_is_refused(db: Db, cents: int, reference: str) -> None:
    with pytest.raises(Malformed):
        await take(db, cents, reference)


@pytest.mark.broken_books
async def test_a_book_of_fees_below_zero_is_found(db: Db) -> None:
    async with db.transaction() as tx:
        await ledger.post(tx, "x", "test", (Posting(None, "fees", -5), Posting(None, "world", 5)), MARKET_NOW)
    assert await ledger.faults(db) == ["more fees were taken out than the market earned: -5 cents are left"]
