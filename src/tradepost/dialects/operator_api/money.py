"""Money, as operators act on it: corrections, payouts, the check of the ledger."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from tradepost.db import Reader, Tx
from tradepost.dialects.fields import Id, Limit, SteamId
from tradepost.dialects.operator_api.answers import (
    DepositShown,
    FeesLeft,
    FeesWithdrawn,
    PayoutRow,
    PayoutShown,
    Recorded,
    WithdrawalShown,
)
from tradepost.dialects.operator_api.calls import Call, Calls, Nothing, act, known, look
from tradepost.dialects.operator_api.fields import Cents, Reason, Reference, SignedCents
from tradepost.market import audit, checks, corrections, deposits, fees, payouts, users
from tradepost.market.checks import Check
from tradepost.market.corrections import Correction
from tradepost.market.deposits import Deposit
from tradepost.market.payouts import Payout
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, Forbidden, NotFound


class CorrectionsAsked(msgspec.Struct):
    """Which corrections."""

    state: Literal["asked", "posted", "refused"] | None = None
    steamid: SteamId | None = None
    before: Id | None = None
    limit: Limit = Limit(100)


class CorrectionAsked(msgspec.Struct):
    """A correction that is asked for."""

    steamid: SteamId
    bucket: Literal["deposit", "balance"]
    amount_cents: SignedCents
    reason: Reason
    reference: Reference


class OfUser(msgspec.Struct):
    """A page about a user."""

    steamid: SteamId
    limit: Limit = Limit(50)


class DepositAsked(msgspec.Struct):
    """Money that came from outside, and the name under which it came."""

    steamid: SteamId
    amount_cents: Cents
    reference: Reference
    reason: Reason


class FeesAsked(msgspec.Struct):
    """Fees that are taken out, and the name under which they go."""

    amount_cents: Cents
    reference: Reference
    reason: Reason


class DepositReversed(msgspec.Struct):
    """A deposit that is taken back, and why."""

    reference: Reference
    reason: Reason


class Decided(msgspec.Struct):
    """What is decided on, and why."""

    id: Id
    reason: Reason


class Numbered(msgspec.Struct):
    """One thing, by its number."""

    id: Id


class Paid(msgspec.Struct):
    """A payout that was paid, and what the provider calls it."""

    id: Id
    reference: Reference


async def list_corrections(call: Call, asked: CorrectionsAsked) -> list[Correction]:
    """Corrections, the newest first."""
    account_id = None if asked.steamid is None else (await known(call.app, asked.steamid)).id
    return await corrections.page(
        call.app.db, state=asked.state, account_id=account_id, before=asked.before, limit=asked.limit
    )


async def ask_correction(call: Call, asked: CorrectionAsked) -> Correction:
    """Ask for a correction; nothing moves until another admin approves it. The same reference twice is one correction."""
    account = await known(call.app, asked.steamid)
    return await corrections.ask(
        call.app,
        call.me.account_id,
        account.id,
        bucket=asked.bucket,
        amount_cents=asked.amount_cents,
        reason=asked.reason,
        reference=asked.reference,
    )


async def approve_correction(call: Call, asked: Decided) -> Correction:
    """Move the money of a correction that another admin asked for."""
    return await corrections.approve(call.app, call.me.account_id, asked.id, reason=asked.reason)


async def refuse_correction(call: Call, asked: Decided) -> Correction:
    """Refuse a correction, or take one's own back."""
    return await corrections.refuse(call.app, call.me.account_id, asked.id, reason=asked.reason)


# Deposits ----------------------------------------------------------------------------------------------------


async def list_deposits(call: Call, asked: OfUser) -> list[DepositShown]:
    """A user's deposits, the newest first."""
    found = await deposits.of_account(call.app.db, call.user.id, asked.limit)
    return await _deposits(call.app.db, found)


async def record_deposit(call: Call, asked: DepositAsked) -> Recorded:
    """Record money that came from outside, once for its reference; another deposit under it is refused.

    Not into one's own account, and from the limit of payouts on not alone: that is a correction, which takes two.
    """
    account = await known(call.app, asked.steamid)
    if account.id == call.me.account_id:
        raise Forbidden("Nobody records a deposit of his own account.")
    if asked.amount_cents >= (limit := call.app.settings.payout_two_from_cents):
        raise Conflicting(
            f"From {write_cents(limit)} USD on it takes two admins: ask for a correction instead."
        )
    async with call.app.db.transaction() as tx:
        moved = await deposits.record(
            tx, account.id, asked.amount_cents, asked.reference, by=call.me.steamid, note=asked.reason, now=call.app.now()
        )  # fmt: skip
        if moved:
            detail = {"reference": asked.reference, "cents": asked.amount_cents}
            await _note_money(tx, call, account.id, "deposit recorded", asked.reason, detail)
        found = await deposits.read(tx, asked.reference)
        (shown,) = await _deposits(tx, [found] if found else [])
    return Recorded(recorded=moved, deposit=shown)


async def reverse_deposit(call: Call, asked: DepositReversed) -> DepositShown:
    """Take a deposit back whose money never came, or went back; the same once more changes nothing."""
    async with call.app.db.transaction() as tx:
        done = await deposits.reverse(
            tx, asked.reference, by=call.me.steamid, reason=asked.reason, now=call.app.now()
        )
        detail = {"reference": asked.reference, "cents": done.cents}
        await _note_money(tx, call, done.account_id, "deposit reversed", asked.reason, detail)
        (shown,) = await _deposits(tx, [done])
    return shown


async def _deposits(tx: Reader, found: Sequence[Deposit]) -> list[DepositShown]:
    whose = await users.steamids(tx, {one.account_id for one in found})
    return [
        DepositShown(
            reference=one.reference,
            account_id=one.account_id,
            steamid=whose[one.account_id],
            amount_cents=one.cents,
            note=one.note,
            at=one.at,
            reversed_at=one.reversed_at,
            reversed_note=one.reversed_note,
        )
        for one in found
    ]


async def _note_money(
    tx: Tx, call: Call, subject_id: int | None, deed: str, reason: str, detail: dict[str, Any]
) -> None:
    await audit.note(
        tx, actor_id=call.me.account_id, subject_id=subject_id, deed=deed, detail=detail, reason=reason, now=call.now
    )  # fmt: skip


# Fees --------------------------------------------------------------------------------------------------------


async def show_fees(call: Call, asked: Nothing) -> FeesLeft:
    """What the market earned and was not taken out yet, and what was."""
    async with call.app.db.transaction() as tx:
        return FeesLeft(
            left_cents=await fees.left(tx),
            withdrawn=[
                WithdrawalShown(reference=one.reference, amount_cents=one.cents, note=one.note, at=one.at)
                for one in await fees.withdrawals(tx)
            ],
        )


async def withdraw_fees(call: Call, asked: FeesAsked) -> FeesWithdrawn:
    """Take fees out of the market, once for a reference, and never more than there are."""
    async with call.app.db.transaction() as tx:
        moved = await fees.withdraw(
            tx, asked.amount_cents, asked.reference, by=call.me.steamid, note=asked.reason, now=call.app.now()
        )  # fmt: skip
        if moved:
            detail = {"reference": asked.reference, "cents": asked.amount_cents}
            await _note_money(tx, call, None, "fees withdrawn", asked.reason, detail)
    return FeesWithdrawn(withdrawn=moved)


# Payouts -----------------------------------------------------------------------------------------------------


async def list_payouts(call: Call, asked: Nothing) -> list[PayoutRow]:
    """The payouts that wait for an operator, the oldest first."""
    return await _payouts(call.app.db, await payouts.open_payouts(call.app.db))


async def show_payout(call: Call, asked: Numbered) -> PayoutShown:
    """A payout and its time line."""
    found = await payouts.read(call.app.db, asked.id)
    if found is None:
        raise NotFound("There is no such payout.")
    (shown,) = await _payouts(call.app.db, [found])
    return PayoutShown(payout=shown, events=await payouts.events(call.app.db, asked.id))


async def approve_payout(call: Call, asked: Numbered) -> PayoutRow:
    """Approve a payout; a large one waits for another operator."""
    async with call.app.db.transaction() as tx:
        done = await payouts.approve(tx, asked.id, by=call.me.steamid, now=call.app.now())
        return await _note(tx, call, done, "payout approved")


async def refuse_payout(call: Call, asked: Decided) -> PayoutRow:
    """Refuse a payout that nobody has begun to send: the money goes back, and its owner is told the reason."""
    async with call.app.db.transaction() as tx:
        done = await payouts.refuse(tx, asked.id, by=call.me.steamid, reason=asked.reason, now=call.app.now())
        return await _note(tx, call, done, "payout refused", asked.reason)


async def send_payout(call: Call, asked: Numbered) -> PayoutRow:
    """Take a payout in hand, to pay it at the provider: nobody else can from now on."""
    async with call.app.db.transaction() as tx:
        done = await payouts.send(tx, asked.id, by=call.me.steamid, now=call.app.now())
        return await _note(tx, call, done, "payout taken in hand")


async def lose_payout(call: Call, asked: Decided) -> PayoutRow:
    """Note that nobody can say whether a payout was sent: it is not sent again before the provider's books were read."""
    async with call.app.db.transaction() as tx:
        done = await payouts.lose(tx, asked.id, by=call.me.steamid, reason=asked.reason, now=call.app.now())
        return await _note(tx, call, done, "payout unknown", asked.reason)


async def clear_payout(call: Call, asked: Decided) -> PayoutRow:
    """Note that the provider's books have no such payout: it can be sent, or refused."""
    async with call.app.db.transaction() as tx:
        done = await payouts.clear(tx, asked.id, by=call.me.steamid, reason=asked.reason, now=call.app.now())
        return await _note(tx, call, done, "payout not sent", asked.reason)


async def pay_payout(call: Call, asked: Paid) -> PayoutRow:
    """Note that a payout was paid, under the provider's reference; the same once more changes nothing."""
    async with call.app.db.transaction() as tx:
        done = await payouts.pay(
            tx, asked.id, by=call.me.steamid, reference=asked.reference, now=call.app.now()
        )
        return await _note(tx, call, done, "payout paid", reference=str(asked.reference))


async def _note(tx: Tx, call: Call, payout: Payout, deed: str, reason: str = "", **detail: Any) -> PayoutRow:
    """Write a step into the audit, and return the payout as it is shown after it."""
    await _note_money(
        tx, call, payout.account_id, deed, reason, {"payout": payout.id, "cents": payout.cents, **detail}
    )
    (shown,) = await _payouts(tx, [payout])
    return shown


async def _payouts(tx: Reader, found: Sequence[Payout]) -> list[PayoutRow]:
    whose = await users.steamids(tx, {one.account_id for one in found})
    return [
        PayoutRow(
            id=one.id,
            account_id=one.account_id,
            steamid=whose[one.account_id],
            amount_cents=one.cents,
            method=one.method,
            address=one.address,
            needed=one.needed,
            state=one.state,
            reference=one.reference,
            reason=one.reason,
            asked_at=one.asked_at,
            changed_at=one.changed_at,
            ended_at=one.ended_at,
        )
        for one in found
    ]


# The ledger --------------------------------------------------------------------------------------------------


async def last_check(call: Call, asked: Nothing) -> Check | None:
    """What the newest check of the ledger found; null where none was made yet."""
    return await checks.newest(call.app.db)


async def check_now(call: Call, asked: Nothing) -> Check | None:
    """Check the ledger now; it reads all there is, and may take a while."""
    async with call.app.db.transaction() as tx:
        await audit.note(
            tx, actor_id=call.me.account_id, subject_id=None, deed="ledger checked", now=call.now
        )
    await checks.run(call.app)
    return await checks.newest(call.app.db)


CALLS: Calls = {
    "/operator/corrections": {"GET": look(list_corrections), "POST": act(ask_correction)},
    "/operator/corrections/{id}/approve": {"POST": act(approve_correction)},
    "/operator/corrections/{id}/refuse": {"POST": act(refuse_correction)},
    "/operator/users/{steamid}/deposits": {"GET": look(list_deposits)},
    "/operator/deposits": {"POST": act(record_deposit)},
    "/operator/deposits/reverse": {"POST": act(reverse_deposit)},
    "/operator/fees": {"GET": look(show_fees)},
    "/operator/fees/withdraw": {"POST": act(withdraw_fees)},
    "/operator/payouts": {"GET": look(list_payouts)},
    "/operator/payouts/{id}": {"GET": look(show_payout)},
    "/operator/payouts/{id}/approve": {"POST": act(approve_payout)},
    "/operator/payouts/{id}/refuse": {"POST": act(refuse_payout)},
    "/operator/payouts/{id}/send": {"POST": act(send_payout)},
    "/operator/payouts/{id}/lose": {"POST": act(lose_payout)},
    "/operator/payouts/{id}/clear": {"POST": act(clear_payout)},
    "/operator/payouts/{id}/pay": {"POST": act(pay_payout)},
    "/operator/check": {"GET": look(last_check), "POST": act(check_now)},
}
