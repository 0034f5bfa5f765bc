"""Payouts: earned money held for its owner, and what operators do with it, step by step (docs/payouts.md).

Asked for, the money lies in the account's `payout` bucket; it leaves it once, to the world or back into the balance.
Every step locks the payout and then the wallet, and leaves an event that nobody can change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Reader, Tx
from tradepost.market import alerts, freezing, idempotency, ledger, profiles, roles, users
from tradepost.market.alerts import Kind
from tradepost.market.idempotency import Claim
from tradepost.market.ledger import Posting
from tradepost.rules.money import write_cents
from tradepost.rules.payout import OPEN, State, Step, approvals_needed, step
from tradepost.rules.refusals import Conflicting, Malformed, NotFound, TooLittleMoney

METHOD = "skrill"
TWO_ADMINS = "So large a payout is approved by two admins, each signed in to the operator API."
OPEN_MAX = 10  # of one account: operators look at each
REFERENCE_CHARS_MAX = 100
REASON_CHARS_MAX = 500


@dataclass(frozen=True, slots=True)
class Payout:
    """Earned money on its way out: the row of the table `payout`, field for column."""

    id: int
    account_id: int
    cents: int
    method: str
    address: str
    needed: int
    state: State
    reference: str | None
    reason: str
    asked_at: datetime
    changed_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PayoutEvent:
    """One step of a payout, as its time line has it."""

    no: int
    step: str
    from_state: str | None
    to_state: str
    actor: str
    reason: str
    at: datetime


_COLUMNS = ", ".join(column.name for column in fields(Payout))


# Asking ------------------------------------------------------------------------------------------------------


async def ask(app: App, account_id: int, cents: int, claim: Claim[Payout] | None = None) -> Payout:
    """Hold earned money for a payout to the account's Skrill address; what was deposited is never paid out.

    Who asks has proven that he is the owner (`second_factor.demand`). Raises Malformed, Conflicting, TooLittleMoney.
    """
    settings, now = app.settings, app.now()
    if not settings.payout_least_cents <= cents <= settings.payout_most_cents:
        least, most = write_cents(settings.payout_least_cents), write_cents(settings.payout_most_cents)
        raise Malformed("amount", f"must be from {least} to {most} USD, in cents")
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        purse = (await ledger.lock_wallets(tx, [account_id]))[account_id]
        await freezing.refuse_if_frozen(tx, account_id)
        address = await _address(tx, settings, account_id, now)
        open_ones = await tx.value(
            "SELECT count(*) FROM payout WHERE account_id = $1 AND ended_at IS NULL", account_id
        )
        if open_ones >= OPEN_MAX:
            raise Conflicting(f"You have {open_ones} payouts under way: wait for one of them to end.")
        if purse.balance_cents < cents:
            raise TooLittleMoney(
                f"You have earned {write_cents(purse.balance_cents)} USD that can be paid out; what was deposited is for buying."
            )
        payout = await tx.row(
            Payout,
            "INSERT INTO payout (account_id, cents, method, address, needed, state, asked_at, changed_at)"
            f" VALUES ($1, $2, $3, $4, $5, 'asked', $6, $6) RETURNING {_COLUMNS}",
            account_id, cents, METHOD, address, approvals_needed(cents, settings.payout_two_from_cents), now,
        )  # fmt: skip
        if payout is None:
            raise RuntimeError("a payout was written and is not there")
        legs = (Posting(account_id, "balance", -cents), Posting(account_id, "payout", cents))
        await ledger.post(tx, f"payout:{payout.id}:asked", "payout_asked", legs, now)
        await _note(tx, payout, 1, "ask", None, "owner", "", now)
        await _tell(tx, payout, "ask", now)
        await idempotency.keep(tx, claim, payout, app.real_now())
    return payout


async def _address(tx: Tx, settings: Settings, account_id: int, now: datetime) -> str:
    profile = await profiles.read(tx, account_id)
    if not profile.skrill:
        raise Conflicting("Save the address of your Skrill account first: payouts go there.")
    changed_at = max(filter(None, (profile.skrill_set_at, profile.factor_set_at)), default=None)
    cool_at = changed_at and changed_at + timedelta(hours=settings.payout_cooling_hours)
    if cool_at and now < cool_at:
        raise Conflicting(
            f"Your payout address or second factor was changed lately: payouts wait until {cool_at:%Y-%m-%d %H:%M:%S} UTC."
        )
    return profile.skrill


# Steps -------------------------------------------------------------------------------------------------------


async def approve(tx: Tx, payout_id: int, *, by: str, now: datetime) -> Payout:
    """Approve a payout; one above the limit waits for another operator, and both have to be admins, by their steamids."""
    payout = await _lock_to_move(tx, payout_id)
    if by == await tx.value("SELECT steamid FROM account WHERE id = $1", payout.account_id):
        raise Conflicting("Nobody approves his own payout.")
    givers = [event.actor for event in await events(tx, payout_id) if event.step == Step.APPROVE]
    if by in givers:
        raise Conflicting(f"{by} has approved it already: another operator has to.")
    if payout.needed > 1:
        await _refuse_one_hand(tx, by, givers)
    return await _take(tx, payout, Step.APPROVE, by=by, now=now, approvals=len(givers))


async def _refuse_one_hand(tx: Tx, by: str, givers: Sequence[str]) -> None:
    """Let two admins agree where two are needed: not a name that nobody has proven, nor one who was made for it."""
    admin = await users.by_steamid(tx, by)
    if admin is None or not await roles.is_admin(tx, admin.id):
        raise Conflicting(TWO_ADMINS)
    for giver in givers:
        before = await users.by_steamid(tx, giver)
        if before is None or await roles.are_of_one_hand(tx, admin.id, before.id):
            raise Conflicting(roles.ONE_HAND.format(other=giver))


async def refuse(tx: Tx, payout_id: int, *, by: str, reason: str, now: datetime) -> Payout:
    """Refuse a payout that nobody has begun to send: the money goes back, and its owner is told why."""
    return await _take(tx, await _lock(tx, payout_id), Step.REFUSE, by=by, now=now, reason=reason)


async def send(tx: Tx, payout_id: int, *, by: str, now: datetime) -> Payout:
    """Take a payout in hand, to pay it at the provider: nobody else can from now on."""
    return await _take(tx, await _lock_to_move(tx, payout_id), Step.SEND, by=by, now=now)


async def lose(tx: Tx, payout_id: int, *, by: str, reason: str, now: datetime) -> Payout:
    """Note that nobody can say whether a payout was sent: it waits until the provider's books were read."""
    return await _take(tx, await _lock(tx, payout_id), Step.LOSE, by=by, now=now, reason=reason)


async def clear(tx: Tx, payout_id: int, *, by: str, reason: str, now: datetime) -> Payout:
    """Note that the provider's books have no such payout: nothing was sent, and it can be sent, or refused."""
    return await _take(tx, await _lock(tx, payout_id), Step.CLEAR, by=by, now=now, reason=reason)


async def pay(tx: Tx, payout_id: int, *, by: str, reference: str, now: datetime) -> Payout:
    """Note that a payout was paid, under the provider's reference; the same once more changes nothing."""
    if not 1 <= len(reference) <= REFERENCE_CHARS_MAX or not reference.isprintable():
        raise Malformed("reference", f"must have 1 to {REFERENCE_CHARS_MAX} printable characters")
    payout = await _lock(tx, payout_id)
    if payout.state is State.PAID and payout.reference == reference:
        return payout
    # One at a time for each reference: the second waits here, and sees whose it is.
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"payout {payout.method} {reference}"
    )
    other = await tx.value(
        "SELECT id FROM payout WHERE method = $1 AND reference = $2", payout.method, reference
    )
    if other is not None:
        raise Conflicting(f"This reference is that of payout {other}.")
    return await _take(tx, payout, Step.PAY, by=by, now=now, reference=reference)


async def _lock(tx: Tx, payout_id: int) -> Payout:
    payout = await read(tx, payout_id, lock=True)
    if payout is None:
        raise NotFound("There is no such payout.")
    return payout


async def _lock_to_move(tx: Tx, payout_id: int) -> Payout:
    """Lock a payout for a step towards its payment, which no frozen account's takes; a freeze waits for the wallet."""
    payout = await _lock(tx, payout_id)
    await ledger.lock_wallets(tx, [payout.account_id])
    await freezing.refuse_if_frozen(tx, payout.account_id)
    return payout


async def _take(
    tx: Tx,
    before: Payout,
    taken: Step,
    *,
    by: str,
    now: datetime,
    reason: str = "",
    reference: str | None = None,
    approvals: int = 0,
) -> Payout:
    if not by or len(reason) > REASON_CHARS_MAX:
        raise Malformed(
            "reason", f"must have at most {REASON_CHARS_MAX} characters, and somebody who says it"
        )
    state = step(before.state, taken, approvals=approvals, needed=before.needed)
    if state is None:
        raise Conflicting(f"The payout is {before.state}: {taken} is not possible.")
    ended_at = None if state in OPEN else now
    after = replace(
        before, state=state, reason=reason, reference=reference, changed_at=now, ended_at=ended_at
    )
    await tx.execute(
        "UPDATE payout SET state = $2, reason = $3, reference = $4, changed_at = $5, ended_at = $6 WHERE id = $1",
        after.id, after.state.value, after.reason, after.reference, now, ended_at,
    )  # fmt: skip
    no = 1 + await tx.value("SELECT max(no) FROM payout_event WHERE payout_id = $1", after.id)
    await _note(tx, after, no, taken, before.state, by, reason or reference or "", now)
    if state is State.REFUSED:
        legs = (
            Posting(after.account_id, "payout", -after.cents),
            Posting(after.account_id, "balance", after.cents),
        )
        await ledger.post(tx, f"payout:{after.id}:refused", "payout_refused", legs, now, note=reason)
    elif state is State.PAID:
        legs = (Posting(after.account_id, "payout", -after.cents), Posting(None, "world", after.cents))
        await ledger.post(tx, f"payout:{after.id}:paid", "payout_paid", legs, now, note=reference or "")
    await _tell(tx, after, taken, now, no)
    return after


async def _note(
    tx: Tx, payout: Payout, no: int, taken: str, before: State | None, by: str, reason: str, now: datetime
) -> None:
    await tx.execute(
        "INSERT INTO payout_event (payout_id, no, step, from_state, to_state, actor, reason, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        payout.id, no, taken, before, payout.state.value, by, reason, now,
    )  # fmt: skip


_TOLD: dict[str, tuple[Kind, str]] = {
    "ask": ("review", "An operator looks at your payout of {usd} USD."),
    Step.APPROVE: ("review", "Your payout of {usd} USD is approved."),
    Step.SEND: ("review", "Your payout of {usd} USD is being sent."),
    Step.LOSE: ("review", "Skrill has not said yet whether your payout of {usd} USD arrived; it is looked into."),
    Step.CLEAR: ("review", "Your payout of {usd} USD was not sent yet; it is tried again."),
    Step.PAY: ("alert", "Your payout of {usd} USD was paid to {address}; Skrill's reference is {reference}."),
    Step.REFUSE: ("alert", "Your payout of {usd} USD was refused: {reason} The money is in your balance again."),
}  # fmt: skip


async def _tell(tx: Tx, payout: Payout, taken: str, now: datetime, no: int = 1) -> None:
    kind, words = _TOLD[taken]
    if taken == Step.APPROVE and payout.state is State.ASKED:
        words = "Your payout of {usd} USD is approved by one operator; a second one looks at it."
    reason = payout.reason if payout.reason.endswith((".", "!", "?")) else f"{payout.reason}."
    text = words.format(
        usd=write_cents(payout.cents), address=payout.address, reference=payout.reference, reason=reason
    )
    await alerts.tell(tx, payout.account_id, kind, text, now, ref=f"payout:{payout.id}:{no}")


# Reading -----------------------------------------------------------------------------------------------------


async def read(tx: Reader, payout_id: int, *, lock: bool = False) -> Payout | None:
    """Return a payout, or None; locked until the transaction ends, if that is asked for."""
    return await tx.row(
        Payout,
        f"SELECT {_COLUMNS} FROM payout WHERE id = $1{' FOR NO KEY UPDATE' if lock else ''}",
        payout_id,
    )


async def events(tx: Reader, payout_id: int) -> list[PayoutEvent]:
    """Return a payout's time line."""
    names = ", ".join(column.name for column in fields(PayoutEvent))
    return await tx.rows(
        PayoutEvent, f"SELECT {names} FROM payout_event WHERE payout_id = $1 ORDER BY no", payout_id
    )


async def tell_of_quiet(app: App) -> int:
    """Tell operators of payouts with which nobody has gone on for long, once for each step; return how many there were."""
    now, hours = app.now(), app.settings.payout_quiet_hours
    return await app.db.execute(
        "INSERT INTO operator_alert (ref, kind, at, text)"
        " SELECT 'payout:' || p.id || ':' || (SELECT max(no) FROM payout_event e WHERE e.payout_id = p.id) || ':quiet',"
        " 'payout', $1, 'Payout ' || p.id || ' has been ' || p.state || ' for more than ' || $3::integer || ' hours: ' ||"
        " CASE p.state WHEN 'asked' THEN 'nobody has approved or refused it.' WHEN 'approved' THEN 'nobody has sent it.'"
        " ELSE 'say whether it was paid, as the provider''s books have it.' END"
        " FROM payout p WHERE p.ended_at IS NULL AND p.changed_at < $2 ON CONFLICT DO NOTHING",
        app.real_now(), now - timedelta(hours=hours), hours,
    )  # fmt: skip


async def open_payouts(tx: Reader) -> list[Payout]:
    """Return the payouts that wait for an operator, the oldest first."""
    return await tx.rows(Payout, f"SELECT {_COLUMNS} FROM payout WHERE ended_at IS NULL ORDER BY id")


async def ended(tx: Reader, *, before: int | None, count: int) -> list[Payout]:
    """Return payouts that are over, the newest first, of all or of those before one."""
    return await tx.rows(
        Payout,
        f"SELECT {_COLUMNS} FROM payout WHERE ended_at IS NOT NULL AND ($1::bigint IS NULL OR id < $1)"
        " ORDER BY id DESC LIMIT $2",
        before, count,
    )  # fmt: skip


async def page(tx: Reader, account_id: int, *, first: int, count: int) -> tuple[list[Payout], int]:
    """Return a page of an account's payouts, the newest first, and how many there are in all."""
    found = await tx.rows(
        Payout,
        f"SELECT {_COLUMNS} FROM payout WHERE account_id = $1 ORDER BY id DESC OFFSET $2 LIMIT $3",
        account_id, first, count,
    )  # fmt: skip
    total: int = await tx.value("SELECT count(*) FROM payout WHERE account_id = $1", account_id)
    return found, total


async def forget_addresses(tx: Tx, account_id: int) -> int:
    """Forget where ended payouts of an account went, as its owner leaves; return how many there were."""
    return await tx.execute(
        "UPDATE payout SET address = '' WHERE account_id = $1 AND ended_at IS NOT NULL", account_id
    )
