"""The overview: how the market does, in figures that an operator looks at first."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tradepost.app import App
from tradepost.db import Reader
from tradepost.market import checks, figures
from tradepost.market.recent import Recent
from tradepost.market.trade_view import LIVE

SECONDS = 2.0  # how old the figures may be: several operators who look are one question
SPANS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}

# What is due and waits for the worker: a name, and when its oldest row was due. {} is the clock that it is due by.
QUEUES: dict[str, tuple[str, bool]] = {  # the statement, and whether it is due by real time
    "trades": ("SELECT min(due_at) FROM trade WHERE due_at <= $1", False),
    "notices": (
        "SELECT min(due_at) FROM notice WHERE state = 'waiting' AND due_at <= $1 AND attempts < attempts_most",
        False,
    ),
    "buy_orders": (
        "SELECT min(due_at) FROM buy_order_match WHERE due_at <= $1 AND due_at > 'epoch'",
        False,
    ),
    "operator_alerts": (
        "SELECT min(due_at) FROM operator_alert WHERE due_at <= $1 AND due_at > 'epoch'",
        True,
    ),
    "mails": ("SELECT min(due_at) FROM mail WHERE due_at <= $1", True),
}


@dataclass(frozen=True, slots=True)
class Span:
    """What happened in a span of time, up to now."""

    bought: int
    finished: int
    volume_cents: int  # of what finished
    fees_cents: int
    cancelled_by_seller: int
    cancelled_by_buyer: int
    cancelled_by_nobody: int
    reversed: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for an operator."""

    cases: int
    payouts: int
    payouts_cents: int
    oldest_payout_at: datetime | None
    corrections: int
    frozen_accounts: int
    notices_set_aside: int


@dataclass(frozen=True, slots=True)
class Overview:
    """How the market does."""

    at: datetime  # the market's clock
    real_at: datetime
    trades: dict[str, int]  # by state
    spans: dict[str, Span]
    wallets_cents: dict[str, int]  # all accounts' money, by bucket
    agents_online: int
    queue_ages_seconds: dict[str, float]
    waiting: Waiting
    switches_off: dict[str, str]  # with their reasons
    last_check: checks.Check | None


_recent: Recent[None, Overview] = Recent(SECONDS, 1)


async def overview(app: App) -> Overview:
    """Return how the market does, some seconds old at most."""
    return await _recent.get(app, None, lambda: _read(app))


async def _read(app: App) -> Overview:
    now, real_now = app.now(), app.real_now()
    known = await figures.figures(app)
    return Overview(
        at=now,
        real_at=real_now,
        trades=known.trades,
        spans={name: await _span(app.db, now - span) for name, span in SPANS.items()},
        wallets_cents=await _wallets(app.db),
        agents_online=known.agents_online,
        queue_ages_seconds=await _ages(app, now, real_now),
        waiting=await _waiting(app.db),
        switches_off={
            row["name"]: row["reason"]
            for row in await app.db.fetch("SELECT name, reason FROM switch WHERE is_off")
        },
        last_check=await checks.newest(app.db),
    )


async def _span(tx: Reader, since: datetime) -> Span:
    found = await tx.row(
        Span,
        # What was bought since and has ended has ended since: neither half looks at what lies before.
        f"SELECT (SELECT count(*) FROM trade t WHERE {LIVE} AND created_at > $1)"
        " + (SELECT count(*) FROM trade WHERE ended_at > $1 AND created_at > $1) AS bought,"
        " count(*) FILTER (WHERE state = 'finished') AS finished,"
        " coalesce(sum(price_cents) FILTER (WHERE state = 'finished'), 0)::bigint AS volume_cents,"
        " coalesce(sum(fee_cents) FILTER (WHERE state = 'finished'), 0)::bigint AS fees_cents,"
        " count(*) FILTER (WHERE state = 'cancelled' AND causer = 'seller') AS cancelled_by_seller,"
        " count(*) FILTER (WHERE state = 'cancelled' AND causer = 'buyer') AS cancelled_by_buyer,"
        " count(*) FILTER (WHERE state = 'cancelled' AND causer IS NULL) AS cancelled_by_nobody,"
        " count(*) FILTER (WHERE state = 'reversed') AS reversed FROM trade WHERE ended_at > $1",
        since,
    )
    return found or Span(0, 0, 0, 0, 0, 0, 0, 0)


async def _wallets(tx: Reader) -> dict[str, int]:
    found = await tx.fetch(
        "SELECT coalesce(sum(deposit_cents), 0)::bigint AS deposit, coalesce(sum(balance_cents), 0)::bigint AS balance,"
        " coalesce(sum(held_cents), 0)::bigint AS held, coalesce(sum(payout_cents), 0)::bigint AS payout,"
        " coalesce(sum(reserve_cents), 0)::bigint AS reserve FROM wallet"
    )
    return dict(found[0])


async def _ages(app: App, now: datetime, real_now: datetime) -> dict[str, float]:
    ages: dict[str, float] = {}
    for name, (sql, is_real) in QUEUES.items():
        clock = real_now if is_real else now
        due_at: datetime | None = await app.db.value(sql, clock)
        ages[name] = round((clock - due_at).total_seconds(), 3) if due_at is not None else 0.0
    return ages


async def _waiting(tx: Reader) -> Waiting:
    row: Any = await tx.fetch(
        "SELECT (SELECT count(*) FROM operator_case WHERE closed_at IS NULL) AS cases,"
        " (SELECT count(*) FROM payout WHERE ended_at IS NULL) AS payouts,"
        " (SELECT coalesce(sum(cents), 0)::bigint FROM payout WHERE ended_at IS NULL) AS payouts_cents,"
        " (SELECT min(asked_at) FROM payout WHERE ended_at IS NULL) AS oldest_payout_at,"
        " (SELECT count(*) FROM correction WHERE state = 'asked') AS corrections,"
        " (SELECT count(*) FROM account WHERE frozen_at IS NOT NULL) AS frozen_accounts,"
        " (SELECT count(*) FROM notice WHERE state = 'set_aside') AS notices_set_aside"
    )
    return Waiting(**dict(row[0]))
