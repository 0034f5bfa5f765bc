"""Daily: what became of the whole market's trades, day by day, as an operator's charts show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tradepost.app import App
from tradepost.market.recent import Recent

DAYS = 30  # with today
SECONDS = 30.0  # how old the figures may be: each asks all trades that ended in these days


@dataclass(frozen=True, slots=True)
class MarketDay:
    """The trades that ended on a day, in UTC by the market's clock."""

    day: date
    finished: int = 0
    volume_cents: int = 0  # of what finished
    fees_cents: int = 0
    failed_by_seller: int = 0
    failed_by_buyer: int = 0
    failed_by_nobody: int = 0
    reversed: int = 0

    @property
    def failed(self) -> int:
        """How many came to nothing."""
        return self.failed_by_seller + self.failed_by_buyer + self.failed_by_nobody + self.reversed


_recent: Recent[date, Sequence[MarketDay]] = Recent(SECONDS, 2)


async def days(app: App) -> Sequence[MarketDay]:
    """Return the last days, the oldest first; those on which nothing ended are there with zeros."""
    today = app.now().date()
    return await _recent.get(app, today, lambda: _read(app, today))


async def _read(app: App, today: date) -> Sequence[MarketDay]:
    first = today - timedelta(days=DAYS - 1)
    rows = await app.db.rows(
        MarketDay,
        "SELECT (ended_at AT TIME ZONE 'UTC')::date AS day,"
        " count(*) FILTER (WHERE state = 'finished') AS finished,"
        " coalesce(sum(price_cents) FILTER (WHERE state = 'finished'), 0)::bigint AS volume_cents,"
        " coalesce(sum(fee_cents) FILTER (WHERE state = 'finished'), 0)::bigint AS fees_cents,"
        " count(*) FILTER (WHERE state = 'cancelled' AND causer = 'seller') AS failed_by_seller,"
        " count(*) FILTER (WHERE state = 'cancelled' AND causer = 'buyer') AS failed_by_buyer,"
        " count(*) FILTER (WHERE state = 'cancelled' AND causer IS NULL) AS failed_by_nobody,"
        " count(*) FILTER (WHERE state = 'reversed') AS reversed"
        " FROM trade WHERE ended_at >= $1 GROUP BY 1",
        datetime.combine(first, time(), UTC),
    )
    found = {row.day: row for row in rows}
    return [found.get(day, MarketDay(day)) for day in (first + timedelta(days=n) for n in range(DAYS))]
