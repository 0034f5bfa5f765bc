"""Corrections: asked by one admin, posted by another, never below zero, once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from market.ordering import a_book
from stock import MARKET_NOW, steamid
from tradepost.app import App
from tradepost.db import CheckViolationError, Db
from tradepost.market import audit, corrections, freezing, ledger, roles, users
from tradepost.market.corrections import Correction
from tradepost.market.ledger import Posting
from tradepost.rules.refusals import Conflicting, Forbidden, KeyUsed, Malformed, NotFound, TooLittleMoney


@dataclass
class Office:
    """Two admins, and a user whose money is wrong."""

    app: App
    one: int
    two: int
    user: int

    @property
    def db(self) -> Db:
        return self.app.db

    async def ask(self, cents: int = 250, reference: str = "ticket-1", **more: object) -> Correction:
        asked = {"bucket": "balance", "amount_cents": cents, "reason": "booked twice", "reference": reference}
        account = more.pop("account", self.user)
        return await corrections.ask(self.app, self.one, account, **(asked | more))  # type: ignore[arg-type] # one dict for all

    async def balance(self) -> int:
        return (await ledger.wallet(self.db, self.user)).balance_cents


@pytest.fixture
async def office(db: Db) -> AsyncIterator[Office]:
    async with a_book(db) as shop:
        one, two = await shop.stock.person(), await shop.stock.person()
        yield Office(shop.app, one, two, await shop.stock.person(balance_cents=100))


async def test_what_one_admin_asks_for_another_one_moves(office: Office) -> None:
    asked = await office.ask()
    assert (asked.state, await office.balance()) == ("asked", 100)
    posted = await corrections.approve(office.app, office.two, asked.id, reason="seen the statement")
    assert (posted.state, await office.balance()) == ("posted", 350)
    entries = await office.db.fetch(
        "SELECT e.book, e.amount_cents FROM entry e JOIN transfer t ON t.id = e.transfer_id WHERE t.kind = 'correction' ORDER BY 1"
    )
    assert [tuple(row) for row in entries] == [("balance", 250), ("world", -250)]
    deeds = [(note.deed, note.reason) for note in await audit.page(office.db)]
    assert deeds == [("correction posted", "seen the statement"), ("correction asked", "booked twice")]


async def test_nobody_approves_what_he_asked_for_nor_what_he_gets(office: Office) -> None:
    asked = await office.ask()
    with pytest.raises(Forbidden, match="what you asked for"):
        await corrections.approve(office.app, office.one, asked.id, reason="")
    own = await office.ask(reference="own", account=office.two)
    with pytest.raises(Forbidden):
        await corrections.approve(office.app, office.two, own.id, reason="")
    assert await office.balance() == 100
    # The database says so too.
    for correction, decider in ((asked.id, office.one), (own.id, office.two)):
        with pytest.raises(CheckViolationError, match="nobody approves"):
            await office.db.execute(
                "UPDATE correction SET state = 'posted', decided_by = $2, decided_at = $3 WHERE id = $1",
                correction, decider, MARKET_NOW,
            )  # fmt: skip


async def test_an_admin_whom_another_made_is_no_second_one_beside_him(office: Office) -> None:
    """Whatever way round, through whomever, and whether or not the one between is an admin still."""

    async def person(number: int) -> int:
        async with office.db.transaction() as tx:
            return (await users.know(tx, steamid(900 + number), "sign_in", MARKET_NOW)).id

    between, made, sibling, apart = [await person(number) for number in range(4)]

    async def grant(account: int, by: int | None) -> None:
        async with office.db.transaction() as tx:
            await roles.grant(tx, account, office.app.real_now(), by=by)

    await grant(office.one, None)
    for account, by in ((between, office.one), (made, between), (sibling, office.one), (apart, None)):
        await grant(account, by)
    async with office.db.transaction() as tx:
        await roles.revoke(tx, between, office.app.real_now(), by=office.one)
    asked = await office.ask()
    for account in (made, sibling):
        with pytest.raises(Forbidden, match="count as one"):
            await corrections.approve(office.app, account, asked.id, reason="")
    for number, (asker, approver) in enumerate(((made, office.one), (made, sibling))):
        other = await corrections.ask(office.app, asker, office.user, bucket="balance", amount_cents=5,
                                      reason="booked twice", reference=f"other-{number}")  # fmt: skip
        with pytest.raises(Forbidden, match="count as one"):
            await corrections.approve(office.app, approver, other.id, reason="")
    assert await office.balance() == 100
    await corrections.approve(office.app, apart, asked.id, reason="")
    assert await office.balance() == 350
    await grant(made, None)  # the command line says who he is
    other = await office.ask(reference="third")
    assert (await corrections.approve(office.app, made, other.id, reason="")).state == "posted"


async def test_a_correction_below_zero_moves_nothing_and_can_still_be_refused(office: Office) -> None:
    asked = await office.ask(-101)
    with pytest.raises(TooLittleMoney, match=r"The balance has less than the 1\.01 USD"):
        await corrections.approve(office.app, office.two, asked.id, reason="")
    assert (await corrections.page(office.db, state="asked"))[0].id == asked.id
    refused = await corrections.refuse(office.app, office.one, asked.id, reason="my mistake")
    assert (refused.state, await office.balance()) == ("refused", 100)
    with pytest.raises(Conflicting):
        await corrections.approve(office.app, office.two, asked.id, reason="")


async def test_the_same_reference_is_one_correction(office: Office) -> None:
    first = await office.ask()
    assert (await office.ask()).id == first.id
    with pytest.raises(KeyUsed):
        await office.ask(251)
    assert len(await corrections.page(office.db)) == 1


async def test_approved_from_sixteen_sides_it_is_posted_once(office: Office) -> None:
    asked = await office.ask()
    done = await asyncio.gather(
        *(corrections.approve(office.app, office.two, asked.id, reason="") for _ in range(16)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Correction) for one in done) == 1
    assert await office.balance() == 350


async def test_a_frozen_account_is_corrected(office: Office) -> None:
    await freezing.freeze(office.app, office.user, actor_id=office.one, reason="chargeback")
    asked = await office.ask(-60)
    await corrections.approve(office.app, office.two, asked.id, reason="")
    assert await office.balance() == 40


@pytest.mark.parametrize("cents", [0, 10**9, -(10**9), 2**70])
async def test_an_impossible_amount_is_named(office: Office, cents: int) -> None:
    with pytest.raises(Malformed, match="amount_cents"):
        await office.ask(cents)


async def test_there_is_no_such_correction(office: Office) -> None:
    with pytest.raises(NotFound):
        await corrections.approve(office.app, office.two, 12345, reason="")


@pytest.mark.broken_books
async def test_a_correction_without_its_money_and_money_without_its_correction_are_found(
    office: Office,
) -> None:
    asked = await office.ask()
    await office.db.execute(
        "UPDATE correction SET state = 'posted', decided_by = $2, decided_at = $3 WHERE id = $1",
        asked.id, office.two, MARKET_NOW,
    )  # fmt: skip
    async with office.db.transaction() as tx:
        legs = (Posting(office.user, "balance", 5), Posting(None, "world", -5))
        await ledger.post(tx, "correction:777", "correction", legs, MARKET_NOW)
    found = [fault for fault in await ledger.faults(office.db) if fault.startswith("correction")]
    assert len(found) == 2, found
