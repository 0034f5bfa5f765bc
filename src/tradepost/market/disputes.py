"""Disputes: a buyer says that something is wrong with what he got, and an operator rules before the seller is paid.

A dispute is open as long as `trade.disputed_at` says so, and a trade is disputed once. Its evidence is that of every
case (`cases.evidence`): the time line, whose word each line is, and what the buyer says.
"""

from dataclasses import dataclass
from datetime import datetime

from tradepost.app import App
from tradepost.db import Reader
from tradepost.market import alerts, idempotency, trades
from tradepost.market.idempotency import Claim
from tradepost.rules.refusals import Conflicting, Malformed, NotFound
from tradepost.rules.trade import Disputed, State

TEXT_CHARS_MAX = 2_000
NO_TRADE = "There is no such trade of yours."
ONCE = "This trade was disputed already."


@dataclass(frozen=True, slots=True)
class Dispute:
    """What a buyer says of a trade: the row of the table `dispute`, field for column."""

    trade_id: int
    account_id: int
    text: str
    at: datetime


async def begin(
    app: App, account_id: int, trade_id: int, text: str, claim: Claim[Dispute] | None = None
) -> Dispute:
    """Let a buyer dispute a trade while Steam protects it: it waits for an operator's ruling from now on.

    Raises NotFound for a trade that is not his, Conflicting for one that cannot be disputed (any more).
    """
    if not 1 <= len(text) <= TEXT_CHARS_MAX:
        raise Malformed("text", f"must have 1 to {TEXT_CHARS_MAX} characters")
    now = app.now()
    dispute = Dispute(trade_id, account_id, text, now)
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        view = await trades.lock(tx, trade_id)
        if view is None or view.trade.buyer_id != account_id:
            raise NotFound(NO_TRADE)
        if await tx.value("SELECT EXISTS (SELECT FROM dispute WHERE trade_id = $1)", trade_id):
            raise Conflicting(ONCE)
        decision = await trades.happened(tx, app.settings, trade_id, Disputed(), witness="buyer", now=now)
        if decision.refused:
            raise Conflicting(decision.refused)
        await tx.execute(
            "INSERT INTO dispute (trade_id, account_id, text, at) VALUES ($1, $2, $3, $4)",
            trade_id, account_id, text, now,
        )  # fmt: skip
        # An operator may have been asked for another reason before.
        await tx.execute(
            "UPDATE operator_case SET reason = $2 WHERE trade_id = $1 AND closed_at IS NULL",
            trade_id, decision.trade.explanation,
        )  # fmt: skip
        ref, name = f"dispute:{trade_id}", view.market_hash_name
        await alerts.tell(
            tx, account_id, "review", f"An operator looks at your dispute about trade {trade_id} ({name}).", now, ref=ref
        )  # fmt: skip
        if view.trade.payee_id != account_id:
            said = (
                f"The buyer disputes trade {trade_id} ({name}): you are paid when an operator has ruled so."
            )
            await alerts.tell(tx, view.trade.payee_id, "review", said, now, ref=ref)
        await idempotency.keep(tx, claim, dispute, app.real_now())
    await trades.after(app, decision)
    return dispute


async def of_trade(tx: Reader, trade_id: int) -> Dispute | None:
    """Return what was said of a trade by its buyer, open or ruled on; None where it was never disputed."""
    return await tx.row(
        Dispute, "SELECT trade_id, account_id, text, at FROM dispute WHERE trade_id = $1", trade_id
    )


async def open_disputes(tx: Reader) -> list[Dispute]:
    """Return the disputes that wait for a ruling, the oldest first."""
    return await tx.rows(
        Dispute,
        "SELECT d.trade_id, d.account_id, d.text, d.at FROM dispute d JOIN trade t ON t.id = d.trade_id"
        " WHERE t.disputed_at IS NOT NULL ORDER BY d.at, d.trade_id",
    )


@dataclass(frozen=True, slots=True)
class DisputeShown:
    """A dispute as either side of its trade is shown it: what the buyer said is for him and operators alone."""

    trade_id: int
    item: str
    price_cents: int
    is_buyer: bool
    text: str
    at: datetime
    is_open: bool
    state: State
    explanation: str
    ended_at: datetime | None


async def of_account(
    tx: Reader, account_id: int, *, first: int, count: int
) -> tuple[list[DisputeShown], int]:
    """Return a page of the disputes about what an account bought or is paid for, the newest first, and how many there are."""
    whose = "d.account_id = $1 OR t.payee_id = $1"
    rows = await tx.rows(
        DisputeShown,
        "SELECT d.trade_id, i.market_hash_name AS item, t.price_cents, d.account_id = $1 AS is_buyer,"
        " CASE WHEN d.account_id = $1 THEN d.text ELSE '' END AS text, d.at, t.disputed_at IS NOT NULL AS is_open, t.state,"
        " t.explanation, t.ended_at FROM dispute d JOIN trade t ON t.id = d.trade_id JOIN offer o ON o.id = t.offer_id"
        f" JOIN steam_item i ON i.id = o.steam_item_id WHERE {whose} ORDER BY d.at DESC, d.trade_id DESC OFFSET $2 LIMIT $3",
        account_id, first, count,
    )  # fmt: skip
    total: int = await tx.value(
        f"SELECT count(*) FROM dispute d JOIN trade t ON t.id = d.trade_id WHERE {whose}", account_id
    )
    return rows, total
