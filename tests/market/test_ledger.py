"""The ledger: money moves once, never below zero, and whatever does not add up is found."""

import asyncio

import pytest

from stock import MARKET_NOW, Stock, moment, wish
from tradepost.config import Settings
from tradepost.db import CheckViolationError, Db
from tradepost.market import ledger
from tradepost.market.buying import Batches, Desk
from tradepost.market.ledger import Posting
from tradepost.rules.refusals import Conflicting, TooLittleMoney


async def move(db: Db, key: str, *legs: Posting) -> bool:
    async with db.transaction() as tx:
        return await ledger.post(tx, key, "test", legs, MARKET_NOW)


async def test_a_transfer_is_made_once_for_its_key(db: Db) -> None:
    account = await Stock(db).person()
    legs = (Posting(account, "deposit", 500), Posting(None, "world", -500))
    assert await move(db, "a", *legs)
    assert not await move(db, "a", *legs)
    assert (await ledger.wallet(db, account)).deposit_cents == 500


async def test_the_same_key_with_other_content_is_refused(db: Db) -> None:
    account = await Stock(db).person()
    await move(db, "a", Posting(account, "deposit", 500), Posting(None, "world", -500))
    with pytest.raises(Conflicting):
        await move(db, "a", Posting(account, "deposit", 501), Posting(None, "world", -501))
    assert (await ledger.wallet(db, account)).deposit_cents == 500


async def test_one_key_from_sixteen_sides_moves_money_once(db: Db) -> None:
    account = await Stock(db).person()
    moved = await asyncio.gather(
        *(move(db, "a", Posting(account, "deposit", 5), Posting(None, "world", -5)) for _ in range(16))
    )
    assert sum(moved) == 1


async def test_a_bucket_never_falls_below_zero(db: Db) -> None:
    account = await Stock(db).person(deposit_cents=10)
    with pytest.raises(TooLittleMoney):
        await move(db, "a", Posting(account, "deposit", -11), Posting(None, "world", 11))
    assert (await ledger.wallet(db, account)).deposit_cents == 10


async def test_postings_that_do_not_add_up_are_a_bug(db: Db) -> None:
    account = await Stock(db).person(deposit_cents=10)
    with pytest.raises(ValueError, match="add up"):
        await move(db, "a", Posting(account, "deposit", -5), Posting(None, "world", 4))


async def test_opposite_transfers_between_two_wallets_never_deadlock(db: Db) -> None:
    stock = Stock(db)
    one, two = await stock.person(deposit_cents=1000), await stock.person(deposit_cents=1000)

    async def pay(number: int, payer: int, payee: int) -> None:
        await move(db, f"p{number}", Posting(payer, "deposit", -1), Posting(payee, "deposit", 1))

    await asyncio.gather(*(pay(n, *((one, two) if n % 2 else (two, one))) for n in range(60)))
    assert (await ledger.wallet(db, one)).deposit_cents == 1000


async def test_the_database_itself_refuses_entries_that_do_not_add_up(db: Db) -> None:
    account = await Stock(db).person(deposit_cents=10)
    with pytest.raises(CheckViolationError, match="add up to zero"):
        await db.execute(
            "WITH t AS (INSERT INTO transfer (key, kind, at) VALUES ('x', 'x', $2) RETURNING id)"
            " INSERT INTO entry SELECT id, $1, 'deposit', 5, 2, 15 FROM t", account, MARKET_NOW,
        )  # fmt: skip


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entry SET amount_cents = amount_cents + 1",
        "DELETE FROM entry",
        "TRUNCATE entry CASCADE",
        "UPDATE transfer SET key = key || 'x'",
        "DELETE FROM transfer",
        "UPDATE trade_event SET to_state = 'finished'",
        "UPDATE market_clock SET offset_seconds = -1",
        "DELETE FROM market_clock",
    ],
)
async def test_the_past_can_not_be_rewritten(db: Db, sql: str) -> None:
    await Stock(db).person(deposit_cents=10)
    with pytest.raises(Exception, match=r"written once|forward"):
        await db.execute(sql)


CORRUPTIONS = {
    "an entry changed": ("UPDATE entry SET amount_cents = amount_cents - 1, after_cents = after_cents - 1 WHERE book = 'held'", "add up"),
    "an entry removed": ("DELETE FROM entry WHERE ctid = (SELECT ctid FROM entry WHERE book = 'held' LIMIT 1)", "add up"),
    "an entry doubled": ("INSERT INTO entry SELECT transfer_id, NULL, 'world', -5, NULL, NULL FROM entry LIMIT 1", "add up"),
    "a wallet changed": ("UPDATE wallet SET balance_cents = balance_cents + 1", "sum of its entries"),
    "a count changed": ("UPDATE wallet SET held_no = held_no + 1", "sum of its entries"),
    "a chain reordered": ("UPDATE entry SET after_cents = after_cents + 1 WHERE book = 'held'", "chain"),
    "a number skipped": ("UPDATE entry SET no = no + 5 WHERE book = 'held'", "chain"),
    "a wallet removed": ("DELETE FROM wallet WHERE held_cents > 0", "no wallet"),
    "a price changed": ("UPDATE trade SET price_cents = price_cents + 1, paid_deposit_cents = paid_deposit_cents + 1", "money"),
    "a state changed": ("UPDATE trade SET state = 'cancelled', ended_at = created_at", "money"),
    "a trade's offer let go": ("UPDATE offer SET state = 'on_sale'", "disagree"),
    "a state without event": ("UPDATE trade SET state = 'sending'", "last event"),
    "a day total made up": ("INSERT INTO day_total (account_id, day, sold_cents, sold_count) SELECT id, '2026-01-01', 5, 1 FROM account", "day total"),
    "a count of sales made up": ("UPDATE account SET sold_count = 1", "count of sales"),
    "a trade awaited by nobody": ("UPDATE trade SET due_at = NULL", "awaited by nobody"),
}  # fmt: skip


@pytest.mark.broken_books
@pytest.mark.parametrize("name", CORRUPTIONS)
async def test_every_corruption_is_found(db: Db, name: str) -> None:
    sql, sentence = CORRUPTIONS[name]
    stock = Stock(db)
    seller, buyer = await stock.person(), await stock.person(deposit_cents=1000)
    await stock.online(seller)
    offer = await stock.offer(seller)
    outcome = await Batches().decide(
        Desk(db, Settings(), moment), wish(buyer, offer, await stock.steamid_of(buyer))
    )
    assert outcome.code == "bought"
    assert await ledger.faults(db) == []
    for table in ("entry", "transfer", "trade_event"):
        await db.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await db.execute(sql)
    assert any(sentence in fault for fault in await ledger.faults(db)), await ledger.faults(db)
