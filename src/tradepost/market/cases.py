"""Cases: what nobody but a person can decide, asked of an operator, ruled on or closed by him."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tradepost.app import App
from tradepost.db import Reader
from tradepost.market import audit, trades
from tradepost.rules.refusals import Conflicting, NotFound
from tradepost.rules.trade import PUBLIC, Decision, Ruled


@dataclass(frozen=True, slots=True)
class Case:
    """What an operator was asked, and when."""

    trade_id: int
    opened_at: datetime
    reason: str


async def open_cases(app: App) -> list[Case]:
    """Return what waits for an operator, the oldest first."""
    return await app.db.rows(
        Case, "SELECT trade_id, opened_at, reason FROM operator_case WHERE closed_at IS NULL ORDER BY id"
    )


async def rule(
    app: App, trade_id: int, ruling: Ruled, *, by: str, reason: str, actor_id: int | None = None
) -> Decision:
    """Let an operator decide a trade, and close its case; raises Conflicting where the ruling is not possible."""
    async with app.db.transaction() as tx:
        decision = await trades.happened(
            tx, app.settings, trade_id, ruling, witness=f"operator:{by}", now=app.now(), detail={"reason": reason}
        )  # fmt: skip
        if decision.refused:
            raise Conflicting(decision.refused)
        await tx.execute(
            "UPDATE operator_case SET closed_at = $2, ruling = $3 WHERE trade_id = $1 AND closed_at IS NULL",
            trade_id, app.now(), f"{ruling.verdict}: {reason}",
        )  # fmt: skip
        detail = {"trade": trade_id, "verdict": ruling.verdict, "causer": ruling.causer, "by": by}
        await audit.note(
            tx, actor_id=actor_id, subject_id=decision.trade.buyer_id, deed="case ruled", detail=detail, reason=reason,
            now=app.real_now(),
        )  # fmt: skip
    await trades.after(app, decision)
    return decision


async def close(app: App, trade_id: int, *, by: str, reason: str, actor_id: int | None = None) -> None:
    """Close the case of a trade that has ended: it was looked at, and nothing of the trade is to be changed.

    Raises NotFound where no case is open, Conflicting where the trade itself still waits for a ruling.
    """
    async with app.db.transaction() as tx:
        view = await trades.lock(tx, trade_id)
        if view is None:
            raise NotFound("There is no such trade.")
        if PUBLIC[view.trade.state] == "active":
            raise Conflicting(f"The trade is {view.trade.state}: it waits for a ruling.")
        closed = await tx.execute(
            "UPDATE operator_case SET closed_at = $2, ruling = $3 WHERE trade_id = $1 AND closed_at IS NULL",
            trade_id, app.now(), f"closed by {by}: {reason}",
        )  # fmt: skip
        if not closed:
            raise NotFound("No case of this trade is open.")
        await audit.note(
            tx, actor_id=actor_id, subject_id=view.trade.buyer_id, deed="case closed", detail={"trade": trade_id, "by": by},
            reason=reason, now=app.real_now(),
        )  # fmt: skip


# Evidence ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A line of a trade's past, and whose word it is."""

    no: int
    event: str
    from_state: str | None
    to_state: str
    witness: str
    detail: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What an agent was asked to do for a trade, and what came of it."""

    id: str
    action: str
    device_id: str
    created_at: datetime
    status: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case of a trade, open or closed."""

    reason: str
    opened_at: datetime
    closed_at: datetime | None
    ruling: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to decide a trade by: its time line, its agents, its cases, and what its buyer says."""

    events: list[TimeLine]
    directives: list[Asked]
    cases: list[PastCase]
    dispute: str | None
    disputed_at: datetime | None


async def evidence(tx: Reader, trade_id: int) -> Evidence:
    """Return what there is to decide a trade by."""
    said = await tx.fetch("SELECT text, at FROM dispute WHERE trade_id = $1", trade_id)
    return Evidence(
        events=await tx.rows(
            TimeLine,
            "SELECT no, event, from_state, to_state, witness, detail, at FROM trade_event WHERE trade_id = $1 ORDER BY no",
            trade_id,
        ),
        directives=await tx.rows(
            Asked,
            "SELECT id, action, device_id, created_at, status, answered_at FROM directive WHERE trade_id = $1"
            " ORDER BY created_at, id",
            trade_id,
        ),
        cases=await tx.rows(
            PastCase,
            "SELECT reason, opened_at, closed_at, ruling FROM operator_case WHERE trade_id = $1 ORDER BY id",
            trade_id,
        ),
        dispute=said[0]["text"] if said else None,
        disputed_at=said[0]["at"] if said else None,
    )
