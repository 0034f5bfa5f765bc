"""Deposits: once for a reference, told to their owner, and taken back whole or not at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from agent.selling import an_app
from stock import MARKET_NOW, Stock, moment, wish
from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import alerts, deposits, freezing, ledger
from tradepost.market.buying import Batches, Desk
from tradepost.market.deposits import Deposit
from tradepost.rules.refusals import Conflicting, Malformed, NotFound

pytestmark = pytest.mark.sql


@dataclass
class Bank:
    """A market, and somebody who sends it money."""

    app: App
    stock: Stock
    account: int

    @property
    def db(self) -> Db:
        return self.app.db

    async def record(self, cents: int = 1_000, reference: str = "wire 7", account: int | None = None) -> bool:
        async with self.db.transaction() as tx:
            return await deposits.record(
                tx, account or self.account, cents, reference, by="anna", note="seen", now=self.app.now()
            )

    async def reverse(self, reference: str = "wire 7", reason: str = "charged back") -> Deposit:
        async with self.db.transaction() as tx:
            return await deposits.reverse(tx, reference, by="bert", reason=reason, now=self.app.now())

    async def cents(self) -> int:
        return (await ledger.wallet(self.db, self.account)).deposit_cents

    async def told(self) -> list[str]:
        found, _ = await alerts.page(self.db, self.account, "alert", first=0, count=50)
        return [one.text for one in reversed(found)]


@pytest.fixture
async def bank(db: Db) -> AsyncIterator[Bank]:
    async with an_app(db) as app:
        stock = Stock(db)
        yield Bank(app, stock, await stock.person())


async def test_a_deposit_is_recorded_once_and_its_owner_is_told(bank: Bank) -> None:
    assert await bank.record()
    assert not await bank.record()
    assert await bank.cents() == 1_000
    assert await bank.told() == ["10.00 USD were added to your deposit."]
    (found,) = await deposits.of_account(bank.db, bank.account)
    assert (found.reference, found.cents, found.note, found.reversed_at) == ("wire 7", 1_000, "anna: seen", None)  # fmt: skip


async def test_one_reference_from_sixteen_sides_is_one_deposit(bank: Bank) -> None:
    assert sum(await asyncio.gather(*(bank.record() for _ in range(16)))) == 1
    assert await bank.cents() == 1_000


async def test_a_reference_stands_for_one_deposit(bank: Bank) -> None:
    await bank.record()
    with pytest.raises(Conflicting):
        await bank.record(1_001)
    with pytest.raises(Conflicting):
        await bank.record(account=await bank.stock.person())
    assert await bank.cents() == 1_000


@pytest.mark.parametrize("reference", ["", "x" * 201, "a\nb", "stripe:cs_1", "stripe"])
async def test_a_reference_that_no_operator_can_use_is_refused(bank: Bank, reference: str) -> None:
    with pytest.raises(Malformed, match="reference"):
        await bank.record(reference=reference)


async def test_a_deposit_is_taken_back_once(bank: Bank) -> None:
    await bank.record()
    done = await bank.reverse()
    assert (done.cents, done.reversed_note) == (1_000, "bert: charged back")
    assert await bank.reverse(reason="once more") == done
    assert await bank.cents() == 0
    assert (await bank.told())[-1] == "A deposit of 10.00 USD was taken back: charged back"
    assert not await bank.record()  # the reference is used up


async def test_a_deposit_taken_back_from_sixteen_sides_goes_once(bank: Bank) -> None:
    await bank.record()
    await bank.record(reference="wire 8")
    await asyncio.gather(*(bank.reverse() for _ in range(16)))
    assert await bank.cents() == 1_000


async def test_what_is_spent_is_not_taken_back_and_it_is_said_how_much_is_missing(bank: Bank) -> None:
    await bank.record()
    await bank.stock.online(seller := await bank.stock.person())
    offer = await bank.stock.offer(seller, 400)
    receiver = await bank.stock.steamid_of(bank.account)
    bought = await Batches().decide(Desk(bank.db, Settings(), moment), wish(bank.account, offer, receiver))
    assert bought.code == "bought"
    with pytest.raises(Conflicting, match=r"4\.00 USD of this deposit's 10\.00 USD are spent or held: 6\.00"):
        await bank.reverse()
    assert await bank.cents() == 600
    await bank.record(400, "wire 8")
    await bank.reverse()
    assert await bank.cents() == 0


async def test_earnings_do_not_pay_for_a_deposit_that_never_came(bank: Bank) -> None:
    rich = await bank.stock.person(balance_cents=5_000)
    await bank.record(account=rich)
    async with bank.db.transaction() as tx:
        legs = (ledger.Posting(rich, "deposit", -1), ledger.Posting(None, "world", 1))
        await ledger.post(tx, "spent", "test", legs, MARKET_NOW)
    with pytest.raises(Conflicting, match=r"0\.01 USD"):
        await bank.reverse()


async def test_a_deposit_of_a_frozen_account_is_taken_back(bank: Bank) -> None:
    await bank.record()
    await freezing.freeze(bank.app, bank.account, actor_id=None, reason="a stolen card")
    await bank.reverse()
    assert await bank.cents() == 0


async def test_what_there_is_not_is_not_taken_back(bank: Bank) -> None:
    with pytest.raises(NotFound):
        await bank.reverse("wire 9")
    await bank.record()
    with pytest.raises(Malformed, match="must say why"):
        await bank.reverse(reason="")


async def test_what_a_provider_reports_is_another_deposit_than_what_an_operator_records(bank: Bank) -> None:
    await bank.record(reference="cs_1")
    await bank.db.execute(
        "INSERT INTO checkout (account_id, provider, cents, state, session, made_at, ended_at)"
        " VALUES ($1, 'stripe', 500, 'paid', 'cs_1', $2, $2)",
        bank.account, MARKET_NOW,
    )  # fmt: skip
    for moved in (True, False):
        async with bank.db.transaction() as tx:
            assert await deposits.report(tx, "stripe", bank.account, 500, "cs_1", now=MARKET_NOW) is moved
    assert await bank.cents() == 1_500
    assert (await bank.reverse("stripe:cs_1")).cents == 500


@pytest.mark.broken_books
async def test_a_deposit_that_went_otherwise_than_it_came_is_found(bank: Bank) -> None:
    await bank.record()
    await bank.reverse()
    assert await ledger.faults(bank.db) == []
    await bank.db.execute("ALTER TABLE transfer DISABLE TRIGGER USER")
    await bank.db.execute("UPDATE transfer SET key = key || 'x' WHERE kind = 'deposit_reversed'")
    assert any("otherwise than it came" in fault for fault in await ledger.faults(bank.db))
