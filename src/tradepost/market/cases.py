"""Cases: what nobody but a person can decide, asked of an operator, ruled on or closed by him."""

from dataclasses import dataclass
from datetime import datetime

from tradepost.app import App
from tradepost.market import trades
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


async def rule(app: App, trade_id: int, ruling: Ruled, *, by: str, reason: str) -> Decision:
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
    await trades.after(app, decision)
    return decision


async def close(app: App, trade_id: int, *, by: str, reason: str) -> None:
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
