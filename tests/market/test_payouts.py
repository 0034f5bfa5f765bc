"""Payouts: held once, looked at, and paid or given back once, whoever does what at the same moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from agent.selling import Selling, an_app
from stock import MARKET_NOW, Stock, wish
from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.market import (
    alerts,
    clock,
    freezing,
    ledger,
    operator_alerts,
    payouts,
    profiles,
    roles,
    trades,
    users,
)
from tradepost.market.ledger import Wallet
from tradepost.market.payouts import Payout
from tradepost.rules.payout import State
from tradepost.rules.refusals import Conflicting, Frozen, Malformed, NotFound, TooLittleMoney

pytestmark = pytest.mark.sql
SETTINGS = Settings(mode="sandbox", payout_least_cents=100, payout_two_from_cents=50_000)
ADDRESS = "ann@example.com"


@dataclass
class Till:
    """A market, and somebody who has earned something."""

    app: App
    stock: Stock
    account: int

    @property
    def db(self) -> Db:
        return self.app.db

    async def ask(self, cents: int = 1_000) -> Payout:
        return await payouts.ask(self.app, self.account, cents)

    async def do(self, verb: Callable[..., Awaitable[Payout]], payout: Payout, **how: Any) -> Payout:
        """An operator's step; anna's, if nobody else is named."""
        async with self.db.transaction() as tx:
            return await verb(tx, payout.id, **{"by": "anna", "now": self.app.now(), **how})

    async def admin(self, by: int | None = None) -> str:
        """An admin, by the command line's word or another admin's; his steamid."""
        account = await self.stock.person()
        async with self.db.transaction() as tx:
            await roles.grant(tx, account, self.app.real_now(), by=by)
        return await self.stock.steamid_of(account)

    async def wallet(self) -> Wallet:
        return await ledger.wallet(self.db, self.account)

    async def told(self, kind: alerts.Kind) -> list[str]:
        found, _ = await alerts.page(self.db, self.account, kind, first=0, count=50)
        return [one.text for one in reversed(found)]


async def earner(stock: Stock, app: App, balance_cents: int = 10_000, deposit_cents: int = 5_000) -> Till:
    """Somebody with money and a Skrill address of long ago."""
    account = await stock.person(balance_cents=balance_cents, deposit_cents=deposit_cents)
    async with app.db.transaction() as tx:
        await profiles.set_skrill(tx, account, ADDRESS, app.real_now() - timedelta(days=30))
    return Till(app, stock, account)


@pytest.fixture
async def till(db: Db) -> AsyncIterator[Till]:
    async with an_app(db, settings=SETTINGS) as app:
        yield await earner(Stock(db), app)


async def approved(till: Till, cents: int = 1_000) -> Payout:
    return await till.do(payouts.approve, await till.ask(cents))


# Asking ------------------------------------------------------------------------------------------------------


async def test_what_is_asked_for_is_held_and_somebody_looks_at_it(till: Till) -> None:
    payout = await till.ask(4_000)
    assert (payout.state, payout.address, payout.needed) == (State.ASKED, ADDRESS, 1)
    purse = await till.wallet()
    assert (purse.balance_cents, purse.payout_cents, purse.deposit_cents) == (6_000, 4_000, 5_000)
    assert await till.told("review") == ["An operator looks at your payout of 40.00 USD."]
    assert await till.told("alert") == []


async def test_what_was_deposited_is_never_paid_out(till: Till) -> None:
    with pytest.raises(TooLittleMoney, match=r"earned 100\.00 USD"):
        await till.ask(10_001)
    await till.ask(10_000)
    with pytest.raises(TooLittleMoney):
        await till.ask(100)
    assert (await till.wallet()).deposit_cents == 5_000


@pytest.mark.parametrize("cents", [0, 1, 99, 500_001, 10**9])
async def test_a_payout_has_a_least_and_a_most(till: Till, cents: int) -> None:
    with pytest.raises(Malformed, match=r"amount: must be from 1\.00 to 5000\.00 USD"):
        await till.ask(cents)


async def test_without_an_address_there_is_nowhere_to_pay_to(till: Till) -> None:
    async with till.db.transaction() as tx:
        await profiles.set_skrill(tx, till.account, "", MARKET_NOW)
    with pytest.raises(Conflicting, match="Save the address"):
        await till.ask()


@pytest.mark.parametrize("what", ["skrill", "factor"])
async def test_money_waits_after_the_address_or_the_second_factor_was_changed(till: Till, what: str) -> None:
    for hours, waits in ((23, True), (25, False)):
        at = till.app.real_now() - timedelta(hours=hours)
        async with till.db.transaction() as tx:
            if what == "skrill":
                await profiles.set_skrill(tx, till.account, f"thief{hours}@example.com", at)
            else:
                await profiles.note_factor(tx, till.account, at)
        if waits:
            with pytest.raises(Conflicting, match="changed lately"):
                await till.ask()
        else:
            await till.ask()


async def test_money_waits_by_the_market_s_clock_however_far_it_was_moved(till: Till) -> None:
    await clock.advance(till.app, 9 * 86_400)
    async with till.db.transaction() as tx:
        await profiles.set_skrill(tx, till.account, "new@example.com", till.app.real_now())
    await clock.advance(till.app, 23 * 3_600)
    with pytest.raises(Conflicting, match="changed lately"):
        await till.ask()
    await clock.advance(till.app, 2 * 3_600)
    assert (await till.ask()).address == "new@example.com"


async def test_a_payout_goes_where_it_was_asked_to_go(till: Till) -> None:
    payout = await till.ask()
    async with till.db.transaction() as tx:
        await profiles.set_skrill(tx, till.account, "thief@example.com", MARKET_NOW)
    found = await payouts.read(till.db, payout.id)
    assert found is not None and found.address == ADDRESS


async def test_one_account_has_only_so_many_payouts_under_way(till: Till) -> None:
    made = [await till.ask(100) for _ in range(payouts.OPEN_MAX)]
    with pytest.raises(Conflicting, match="10 payouts under way"):
        await till.ask(100)
    await till.do(payouts.refuse, made[0], reason="try")
    await till.ask(100)


# Operators ---------------------------------------------------------------------------------------------------


async def test_an_approved_payout_is_taken_in_hand_and_paid_under_the_provider_s_reference(
    till: Till,
) -> None:
    payout = await approved(till)
    assert (await till.do(payouts.send, payout)).state is State.SENDING
    with pytest.raises(Conflicting, match="sending: send is not possible"):
        await till.do(payouts.send, payout, by="bert")
    paid = await till.do(payouts.pay, payout, reference="SKR-1")
    assert (paid.state, paid.reference, paid.ended_at) == (State.PAID, "SKR-1", paid.changed_at)
    purse = await till.wallet()
    assert (purse.balance_cents, purse.payout_cents) == (9_000, 0)
    assert await till.told("review") == [
        "An operator looks at your payout of 10.00 USD.",
        "Your payout of 10.00 USD is approved.",
        "Your payout of 10.00 USD is being sent.",
    ]
    assert await till.told("alert") == [
        "Your payout of 10.00 USD was paid to ann@example.com; Skrill's reference is SKR-1."
    ]
    line = [(one.step, one.to_state, one.actor) for one in await payouts.events(till.db, payout.id)]
    assert line == [
        ("ask", "asked", "owner"), ("approve", "approved", "anna"), ("send", "sending", "anna"), ("pay", "paid", "anna"),
    ]  # fmt: skip


async def test_a_refused_payout_gives_its_money_back_and_says_why(till: Till) -> None:
    payout = await till.ask()
    await till.do(payouts.refuse, payout, reason="the name at Skrill is another one")
    purse = await till.wallet()
    assert (purse.balance_cents, purse.payout_cents, purse.deposit_cents) == (10_000, 0, 5_000)
    assert await till.told("alert") == [
        "Your payout of 10.00 USD was refused: the name at Skrill is another one. The money is in your balance again."
    ]


async def test_two_different_operators_approve_what_is_above_the_limit(till: Till) -> None:
    async with till.db.transaction() as tx:
        legs = (ledger.Posting(till.account, "balance", 50_000), ledger.Posting(None, "world", -50_000))
        await ledger.post(tx, "more", "deposit", legs, MARKET_NOW)
    payout, anna, bert = await till.ask(50_000), await till.admin(), await till.admin()
    assert payout.needed == 2
    assert (await till.do(payouts.approve, payout, by=anna)).state is State.ASKED
    with pytest.raises(Conflicting, match=f"{anna} has approved it already"):
        await till.do(payouts.approve, payout, by=anna)
    with pytest.raises(Conflicting, match="asked: pay is not possible"):
        await till.do(payouts.pay, payout, reference="SKR-1")
    assert (await till.do(payouts.approve, payout, by=bert)).state is State.APPROVED


async def test_two_are_two_admins_and_not_one_who_made_the_other(till: Till) -> None:
    async with till.db.transaction() as tx:
        legs = (ledger.Posting(till.account, "balance", 50_000), ledger.Posting(None, "world", -50_000))
        await ledger.post(tx, "more", "deposit", legs, MARKET_NOW)
    payout, anna = await till.ask(50_000), await till.admin()
    stranger = await till.stock.steamid_of(await till.stock.person())
    for by in ("bert", "command line (bert)", stranger):
        with pytest.raises(Conflicting, match="approved by two admins"):
            await till.do(payouts.approve, payout, by=by)
    await till.do(payouts.approve, payout, by=anna)
    account = await users.by_steamid(till.db, anna)
    assert account is not None
    made = await till.admin(by=account.id)
    with pytest.raises(Conflicting, match="count as one"):
        await till.do(payouts.approve, payout, by=made)
    found = await payouts.read(till.db, payout.id)
    assert found is not None and found.state is State.ASKED
    assert (await till.do(payouts.approve, payout, by=await till.admin())).state is State.APPROVED


async def test_operators_are_told_of_a_payout_with_which_nobody_goes_on(till: Till) -> None:
    payout = await approved(till)
    await till.do(payouts.send, payout)
    done = await till.do(payouts.approve, await till.ask())
    await till.do(payouts.pay, done, reference="SKR-1")
    await clock.advance(till.app, 23 * 3_600)
    assert await payouts.tell_of_quiet(till.app) == 0
    await clock.advance(till.app, 3_700)
    assert await payouts.tell_of_quiet(till.app) == 1
    assert await payouts.tell_of_quiet(till.app) == 0, "once for each step"
    newest = (await operator_alerts.page(till.db))[0]
    assert (newest.kind, newest.due_at is not None) == ("payout", True)
    assert newest.text == (
        f"Payout {payout.id} has been sending for more than 24 hours: say whether it was paid, as the provider's books have it."
    )
    await till.do(payouts.lose, payout, reason="Skrill timed out")
    await clock.advance(till.app, 25 * 3_600)
    assert await payouts.tell_of_quiet(till.app) == 1, "what is not known is asked after as well"


async def test_nobody_approves_his_own_payout(till: Till) -> None:
    payout = await till.ask()
    with pytest.raises(Conflicting, match="his own"):
        await till.do(payouts.approve, payout, by=await till.stock.steamid_of(till.account))


async def test_what_nobody_knows_of_is_neither_sent_again_nor_given_back(till: Till) -> None:
    payout = await approved(till)
    await till.do(payouts.send, payout)
    await till.do(payouts.lose, payout, reason="Skrill timed out")
    for verb, how in (
        (payouts.send, {}),
        (payouts.refuse, {"reason": "impatient"}),
        (payouts.approve, {"by": "bert"}),
        (payouts.lose, {"reason": "again"}),
    ):
        with pytest.raises(Conflicting, match="unknown"):
            await till.do(verb, payout, **how)
    assert (await till.wallet()).payout_cents == 1_000


async def test_the_provider_s_books_lead_out_of_not_knowing(till: Till) -> None:
    lost, found = await approved(till), await approved(till)
    for payout in (lost, found):
        await till.do(payouts.send, payout)
        await till.do(payouts.lose, payout, reason="Skrill timed out")
    assert (await till.do(payouts.pay, found, reference="SKR-2")).state is State.PAID
    assert (await till.do(payouts.clear, lost, reason="not in Skrill's list")).state is State.APPROVED
    await till.do(payouts.refuse, lost, reason="the account is closed")
    assert (await till.wallet()).balance_cents == 9_000


async def test_a_reference_is_of_one_payout_and_the_same_word_twice_changes_nothing(till: Till) -> None:
    one, other = await approved(till), await approved(till)
    paid = await till.do(payouts.pay, one, reference="SKR-1")
    assert await till.do(payouts.pay, one, reference="SKR-1", by="bert") == paid
    with pytest.raises(Conflicting, match="paid: pay is not possible"):
        await till.do(payouts.pay, one, reference="SKR-9")
    with pytest.raises(Conflicting, match=f"that of payout {one.id}"):
        await till.do(payouts.pay, other, reference="SKR-1")
    assert (await till.wallet()).payout_cents == 1_000


@pytest.mark.parametrize("reference", ["", "x" * 101, "a\nb", "a\x00b"])
async def test_a_reference_that_is_none_is_refused(till: Till, reference: str) -> None:
    payout = await approved(till)
    with pytest.raises(Malformed, match="reference"):
        await till.do(payouts.pay, payout, reference=reference)


async def test_nothing_of_a_frozen_account_is_paid_out(till: Till) -> None:
    asked, in_hand = await till.ask(), await approved(till)
    await freezing.freeze(till.app, till.account, actor_id=None, reason="stolen cards")
    with pytest.raises(Frozen):
        await till.ask()
    for verb, payout in ((payouts.approve, asked), (payouts.send, in_hand)):
        with pytest.raises(Frozen):
            await till.do(verb, payout)
    await till.do(payouts.refuse, asked, reason="stolen cards")
    assert (await till.do(payouts.pay, in_hand, reference="SKR-1")).state is State.PAID  # it was paid already
    await freezing.thaw(till.app, till.account, actor_id=None, reason="a mistake")
    await till.ask()


async def test_a_payout_that_there_is_not_is_not_found(till: Till) -> None:
    async with till.db.transaction() as tx:
        with pytest.raises(NotFound):
            await payouts.approve(tx, 999_999, by="anna", now=MARKET_NOW)


@pytest.mark.parametrize("sql", ["UPDATE payout_event SET actor = 'x'", "DELETE FROM payout_event", "TRUNCATE payout_event"])  # fmt: skip
async def test_the_time_line_of_a_payout_can_not_be_rewritten(till: Till, sql: str) -> None:
    await till.ask()
    with pytest.raises(Exception, match="written once"):
        await till.db.execute(sql)


async def test_who_leaves_leaves_no_address_behind(till: Till) -> None:
    ended, open_one = await till.ask(), await till.ask()
    await till.do(payouts.refuse, ended, reason="he leaves")
    async with till.db.transaction() as tx:
        assert await payouts.forget_addresses(tx, till.account) == 1
    rows, total = await payouts.page(till.db, till.account, first=0, count=10)
    assert ([row.address for row in rows], total) == ([ADDRESS, ""], 2)
    assert [one.id for one in await payouts.open_payouts(till.db)] == [open_one.id]


# At the same moment ------------------------------------------------------------------------------------------


async def outcomes(*deeds: Awaitable[Any]) -> list[Any]:
    return await asyncio.gather(*deeds, return_exceptions=True)


async def test_of_two_cashouts_of_one_balance_one_finds_the_money(till: Till) -> None:
    found = await outcomes(*(till.ask(10_000) for _ in range(8)))
    assert sum(isinstance(one, Payout) for one in found) == 1
    assert sum(isinstance(one, TooLittleMoney) for one in found) == 7
    assert await till.wallet() == Wallet(till.account, 5_000, 0, 0, 10_000, 0)


@pytest.mark.parametrize("_", range(4))
async def test_a_cashout_and_a_buy_never_spend_the_same_money(db: Db, world: Selling, _: int) -> None:
    till = await earner(world.stock, world.app, balance_cents=100_000, deposit_cents=0)
    offer = await world.stock.offer(world.seller_id, 90_000)
    await world.stock.online(world.seller_id)
    receiver = await world.stock.steamid_of(world.buyer_id)
    bought, paid = await outcomes(
        trades.buy(world.app, wish(till.account, offer, receiver)), till.ask(50_000)
    )
    assert isinstance(bought, TooLittleMoney) != isinstance(paid, TooLittleMoney)
    purse = await till.wallet()
    assert purse.balance_cents + purse.held_cents + purse.payout_cents == 100_000


@pytest.mark.parametrize("_", range(4))
async def test_of_an_approval_and_a_refusal_the_first_stands(till: Till, _: int) -> None:
    payout = await till.ask()
    yes, no = await outcomes(
        till.do(payouts.approve, payout), till.do(payouts.refuse, payout, by="bert", reason="no")
    )
    assert isinstance(no, Payout)  # before the approval or after it: nothing was sent yet
    assert isinstance(yes, Payout | Conflicting)
    assert (await till.wallet()).balance_cents == 10_000


async def test_of_a_refusal_and_a_payment_one_happens(till: Till) -> None:
    payout = await approved(till)
    found = await outcomes(
        till.do(payouts.pay, payout, reference="SKR-1"),
        till.do(payouts.refuse, payout, by="bert", reason="no"),
    )
    assert sum(isinstance(one, Payout) for one in found) == 1


async def test_a_payment_told_sixteen_times_is_one(till: Till) -> None:
    payout = await approved(till)
    found = await outcomes(*(till.do(payouts.pay, payout, reference="SKR-1") for _ in range(16)))
    assert all(isinstance(one, Payout) for one in found)
    assert len(await till.told("alert")) == 1
    assert (await till.wallet()).payout_cents == 0


async def test_one_reference_for_two_payouts_at_once_is_taken_once(till: Till) -> None:
    one, other = await approved(till), await approved(till)
    found = await outcomes(
        till.do(payouts.pay, one, reference="SKR-1"), till.do(payouts.pay, other, reference="SKR-1")
    )
    assert sum(isinstance(each, Conflicting) for each in found) == 1
    assert (await till.wallet()).payout_cents == 1_000


async def test_the_same_operator_twice_at_once_is_no_second_operator(till: Till) -> None:
    async with till.db.transaction() as tx:
        legs = (ledger.Posting(till.account, "balance", 50_000), ledger.Posting(None, "world", -50_000))
        await ledger.post(tx, "more", "deposit", legs, MARKET_NOW)
    payout, anna = await till.ask(50_000), await till.admin()
    await outcomes(*(till.do(payouts.approve, payout, by=anna) for _ in range(4)))
    found = await payouts.read(till.db, payout.id)
    assert found is not None and found.state is State.ASKED


# What does not add up ----------------------------------------------------------------------------------------

CORRUPTIONS = {
    "a payout let go": ("UPDATE payout SET state = 'refused', ended_at = asked_at WHERE state = 'asked'", "payout bucket of account"),
    "an amount changed": ("UPDATE payout SET cents = cents + 1 WHERE state = 'paid'", "does not have the money"),
    "a payment made up": ("UPDATE payout SET state = 'paid', reference = 'x', ended_at = asked_at WHERE state = 'asked'", "does not have the money"),
    "a step without its event": ("UPDATE payout SET state = 'sending' WHERE state = 'approved'", "last event"),
    "an approval lost": ("UPDATE payout SET needed = 2 WHERE state = 'approved'", "as many operators"),
}  # fmt: skip


@pytest.mark.broken_books
@pytest.mark.parametrize("name", CORRUPTIONS)
async def test_every_corruption_is_found(till: Till, name: str) -> None:
    await till.ask()
    await approved(till)
    await till.do(payouts.pay, await approved(till), reference="SKR-1")
    assert await ledger.faults(till.db) == []
    sql, sentence = CORRUPTIONS[name]
    await till.db.execute(sql)
    assert any(sentence in fault for fault in await ledger.faults(till.db)), await ledger.faults(till.db)


@pytest.mark.broken_books
async def test_a_reference_of_two_payouts_is_found_where_the_database_does_not_forbid_it(till: Till) -> None:
    for number in range(2):
        await till.do(payouts.pay, await approved(till), reference=f"SKR-{number}")
    await till.db.execute("""DROP INDEX "a provider's reference is of one payout" """)
    await till.db.execute("UPDATE payout SET reference = 'SKR-1'")
    assert any("more than one payout" in fault for fault in await ledger.faults(till.db))
