"""Corrections: money that one admin asks to be moved, and another one moves; the world is on the other side.

For what no other verb can put right: a deposit that was booked twice, a goodwill payment. Never below zero, never by one
person alone, never by the one who gets it. A frozen account is corrected as any other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market import audit, ledger, roles
from tradepost.market.ledger import Posting
from tradepost.rules.money import CENTS_MAX, write_cents
from tradepost.rules.refusals import (
    Conflicting,
    Forbidden,
    KeyUsed,
    Malformed,
    NotFound,
    TooLittleMoney,
)

CORRECTED: tuple["CorrectedBucket", ...] = ("deposit", "balance")
REFERENCE_CHARS_MAX = 100
PAGE_MAX = 500

CorrectedBucket = Literal["deposit", "balance"]
State = Literal["asked", "posted", "refused"]


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction, with the steamids of those who have to do with it."""

    id: int
    reference: str
    account_id: int
    steamid: str
    bucket: CorrectedBucket
    amount_cents: int
    reason: str
    state: State
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decided_reason: str


_SELECT = (
    "SELECT c.id, c.reference, c.account_id, a.steamid, c.bucket, c.amount_cents, c.reason, c.state,"
    " b.steamid AS asked_by, c.asked_at, d.steamid AS decided_by, c.decided_at, c.decided_reason"
    " FROM correction c JOIN account a ON a.id = c.account_id JOIN account b ON b.id = c.asked_by"
    " LEFT JOIN account d ON d.id = c.decided_by"
)


async def ask(
    app: App,
    actor_id: int,
    account_id: int,
    *,
    bucket: CorrectedBucket,
    amount_cents: int,
    reason: str,
    reference: str,
) -> Correction:
    """Ask for a correction, once for its reference; nothing moves until another admin approves it.

    Raises Malformed, KeyUsed where the reference stands for another correction.
    """
    if not 0 < abs(amount_cents) <= CENTS_MAX:
        raise Malformed("amount_cents", f"must be a whole number of cents, not zero, up to {CENTS_MAX}")
    if not 1 <= len(reference) <= REFERENCE_CHARS_MAX:
        raise Malformed("reference", f"must have 1 to {REFERENCE_CHARS_MAX} characters")
    async with app.db.transaction() as tx:
        made: int | None = await tx.value(
            "INSERT INTO correction (reference, account_id, bucket, amount_cents, reason, asked_by, asked_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (reference) DO NOTHING RETURNING id",
            reference, account_id, bucket, amount_cents, reason, actor_id, app.now(),
        )  # fmt: skip
        if made is None:
            there = await tx.row(Correction, f"{_SELECT} WHERE c.reference = $1", reference)
            if there is None or (there.account_id, there.bucket, there.amount_cents, there.reason) != (
                account_id,
                bucket,
                amount_cents,
                reason,
            ):
                raise KeyUsed("This reference stands for another correction.")
            return there
        detail = {"correction": made, "bucket": bucket, "amount_cents": amount_cents, "reference": reference}
        await audit.note(
            tx, actor_id=actor_id, subject_id=account_id, deed="correction asked", detail=detail, reason=reason,
            now=app.real_now(),
        )  # fmt: skip
        return await _read(tx, made)


async def approve(app: App, actor_id: int, correction_id: int, *, reason: str) -> Correction:
    """Move the money of a correction that another admin asked for.

    Raises Forbidden for who asked for it or gets it, and for an admin of the same hand (roles.py), TooLittleMoney where the bucket would fall below zero (it stays
    asked for, and can be refused), Conflicting where it was decided before.
    """
    now = app.now()
    async with app.db.transaction() as tx:
        one = await _open(tx, correction_id)
        account = await tx.value("SELECT steamid FROM account WHERE id = $1", actor_id)
        if account == one.asked_by:
            raise Forbidden("Another admin has to approve what you asked for.")
        asked_by: int = await tx.value("SELECT asked_by FROM correction WHERE id = $1", one.id)
        if await roles.are_of_one_hand(tx, actor_id, asked_by):
            raise Forbidden(roles.ONE_HAND.format(other=one.asked_by))
        if actor_id == one.account_id:
            raise Forbidden("Nobody approves a correction of his own account.")
        legs = (
            Posting(one.account_id, one.bucket, one.amount_cents),
            Posting(None, "world", -one.amount_cents),
        )
        try:
            await ledger.post(tx, f"correction:{one.id}", "correction", legs, now, note=one.reason)
        except TooLittleMoney:
            missing = f"The {one.bucket} has less than the {write_cents(-one.amount_cents)} USD that are to be taken from it."
            raise TooLittleMoney(missing) from None
        return await _decide(tx, app, one, "posted", actor_id, reason)


async def refuse(app: App, actor_id: int, correction_id: int, *, reason: str) -> Correction:
    """Refuse a correction that was asked for, or take one's own back. Raises Conflicting where it was decided before."""
    async with app.db.transaction() as tx:
        return await _decide(tx, app, await _open(tx, correction_id), "refused", actor_id, reason)


async def page(
    tx: Reader,
    *,
    state: State | None = None,
    account_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Correction]:
    """Return corrections, the newest first; `before` is the id that the page before ended with."""
    return await tx.rows(
        Correction,
        f"{_SELECT} WHERE ($1::text IS NULL OR c.state = $1) AND ($2::bigint IS NULL OR c.account_id = $2)"
        " AND ($3::bigint IS NULL OR c.id < $3) ORDER BY c.id DESC LIMIT $4",
        state, account_id, before, max(1, min(limit, PAGE_MAX)),
    )  # fmt: skip


async def _open(tx: Tx, correction_id: int) -> Correction:
    """Lock a correction that nobody has decided on yet, and return it."""
    state = await tx.value("SELECT state FROM correction WHERE id = $1 FOR NO KEY UPDATE", correction_id)
    if state is None:
        raise NotFound("There is no such correction.")
    if state != "asked":
        raise Conflicting(f"This correction is {state} already.")
    return await _read(tx, correction_id)


async def _read(tx: Tx, correction_id: int) -> Correction:
    found = await tx.row(Correction, f"{_SELECT} WHERE c.id = $1", correction_id)
    if found is None:
        raise RuntimeError(f"the correction {correction_id} was written and is not there")
    return found


async def _decide(tx: Tx, app: App, one: Correction, state: State, actor_id: int, reason: str) -> Correction:
    await tx.execute(
        "UPDATE correction SET state = $2, decided_by = $3, decided_at = $4, decided_reason = $5 WHERE id = $1",
        one.id, state, actor_id, app.now(), reason,
    )  # fmt: skip
    await audit.note(
        tx, actor_id=actor_id, subject_id=one.account_id, deed=f"correction {state}",
        detail={"correction": one.id, "bucket": one.bucket, "amount_cents": one.amount_cents},
        reason=reason or one.reason, now=app.real_now(),
    )  # fmt: skip
    return await _read(tx, one.id)
