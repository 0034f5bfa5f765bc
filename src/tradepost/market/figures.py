"""Figures: what an operator watches, read from the database and from this process's shelves."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tradepost.app import App
from tradepost.db import migrations
from tradepost.market.recent import Recent
from tradepost.market.trade_view import LIVE
from tradepost.rules import notice
from tradepost.rules.games import GAMES
from tradepost.rules.trade import State

FIGURES_SECONDS = 5.0  # how old they may be: counting is not for every scrape of every server
CHANGES_COMPARED = 100  # of the newest changed offers, how many the shelves do not show yet

# What is under way and what failed stand in indexes of their own; what finished its sellers count (docs/ledger.md), of
# whom there are fewer.
_BY_STATE = (
    f"SELECT state, count(*) AS n FROM trade t WHERE {LIVE} GROUP BY state"
    " UNION ALL SELECT state, count(*) FROM trade WHERE state IN ('cancelled', 'reversed') GROUP BY state"
    " UNION ALL SELECT 'finished', coalesce(sum(sold_count), 0)::bigint FROM account"
)
_recent: "Recent[None, Figures]" = Recent(FIGURES_SECONDS, 1)
_MIGRATIONS = frozenset(step.name for step in migrations())


@dataclass(frozen=True, slots=True)
class Figures:
    """The state of the market in numbers."""

    trades: dict[str, int]  # by state, every state there is
    agents_online: int
    oldest_due_seconds: float  # how long the trade waits that waits longest for the worker
    open_cases: int
    notices_waiting: int
    notices_set_aside: int
    notices_overdue_seconds: float  # how long the notice waits for its attempt that waits longest
    attempts_lately: dict[str, int]  # attempts at notices within the last hour, by result


@dataclass(frozen=True, slots=True)
class ShelfFigures:
    """How this process's shelves stand."""

    generation: int
    offers: dict[str, int]  # by game
    behind: int  # of the newest changed offers, those that are not shown as the database has them


async def figures(app: App) -> Figures:
    """Return the market's numbers, a few seconds old at most."""
    return await _recent.get(app, None, lambda: _read(app))


async def _read(app: App) -> Figures:
    now, heard_after = app.now(), app.real_now() - timedelta(seconds=2 * app.settings.heartbeat_ttl_seconds)
    counts = {row["state"]: row["n"] for row in await app.db.fetch(_BY_STATE)}
    due_at: datetime | None = await app.db.value("SELECT min(due_at) FROM trade WHERE due_at <= $1", now)
    return Figures(
        trades={state.value: counts.get(state.value, 0) for state in State},
        agents_online=await app.db.value(
            "SELECT count(*) FROM presence WHERE session_ok AND heartbeat_at > $1", heard_after
        ),
        oldest_due_seconds=(now - due_at).total_seconds() if due_at is not None else 0.0,
        open_cases=await app.db.value("SELECT count(*) FROM operator_case WHERE closed_at IS NULL"),
        **await _notices(app, now),
    )


async def _notices(app: App, now: datetime) -> dict[str, Any]:
    """Return the figures about notices, by their names."""
    db = app.db
    due_at: datetime | None = await db.value(
        "SELECT min(due_at) FROM notice WHERE state = 'waiting' AND due_at <= $1 AND attempts < attempts_most",
        now,
    )
    lately = await db.fetch(
        "SELECT CASE WHEN milliseconds IS NULL THEN 'unknown' WHEN fault IS NULL THEN 'received' ELSE 'failed' END AS result,"
        " count(*) AS n FROM notice_attempt WHERE real_at > $1 GROUP BY 1",
        app.real_now() - timedelta(hours=1),
    )
    return {
        "notices_waiting": await db.value("SELECT count(*) FROM notice WHERE state = 'waiting'"),
        # Without tests: nobody lacks what they told.
        "notices_set_aside": await db.value(
            "SELECT count(*) FROM notice WHERE state = 'set_aside' AND type <> $1", notice.PING
        ),
        "notices_overdue_seconds": (now - due_at).total_seconds() if due_at is not None else 0.0,
        "attempts_lately": {"received": 0, "failed": 0, "unknown": 0}
        | {row["result"]: row["n"] for row in lately},
    }


async def shelf_figures(app: App) -> ShelfFigures:
    """Return how far this process's shelves are, held against the database itself."""
    rows = await app.db.fetch(
        "SELECT o.id, o.version, o.state FROM offer o WHERE o.id IN (SELECT ref_id FROM change WHERE kind = 'offer'"
        " ORDER BY xid DESC, id DESC LIMIT $1)",
        CHANGES_COMPARED,
    )
    behind = 0
    for row in rows:
        shown = app.shelves.offer(row["id"])
        version = shown.version if shown is not None else None
        behind += version != (row["version"] if row["state"] == "on_sale" else None)
    offers = {project: app.shelves.count(project) for project in GAMES}
    return ShelfFigures(app.shelves.generation, offers, behind)


async def missing_migrations(app: App) -> list[str]:
    """Return the steps of this program's schema that the database lacks."""
    if await app.db.value("SELECT to_regclass('migration') IS NULL"):
        return sorted(_MIGRATIONS)
    applied = {row["name"] for row in await app.db.fetch("SELECT name FROM migration")}
    return sorted(_MIGRATIONS - applied)
