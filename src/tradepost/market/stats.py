"""Stats: what an account has on sale, and what it bought and sold by the day.

The chart reads the totals of days, which each settlement adds to (rules.md 17): what it costs depends on how many days
there are, and not on how many trades.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tradepost.app import App
from tradepost.db import Reader
from tradepost.rules import chart
from tradepost.rules.chart import Day, Period


@dataclass(frozen=True, slots=True)
class OnSale:
    """How many items an account has on sale, and their prices together."""

    count: int
    cents: int


@dataclass(frozen=True, slots=True)
class Sums:
    """For how much an account sold in some spans of time, in cents."""

    week_cents: int
    previous_week_cents: int
    month_cents: int
    previous_month_cents: int
    year_cents: int
    all_cents: int


_SUMS = """
    SELECT coalesce(sum(sold_cents) FILTER (WHERE day >= $3), 0)::bigint AS week_cents,
           coalesce(sum(sold_cents) FILTER (WHERE day >= $4 AND day < $3), 0)::bigint AS previous_week_cents,
           coalesce(sum(sold_cents) FILTER (WHERE day >= $5), 0)::bigint AS month_cents,
           coalesce(sum(sold_cents) FILTER (WHERE day >= $6 AND day < $5), 0)::bigint AS previous_month_cents,
           coalesce(sum(sold_cents) FILTER (WHERE day >= $7), 0)::bigint AS year_cents,
           coalesce(sum(sold_cents), 0)::bigint AS all_cents
      FROM day_total WHERE account_id = $1 AND day <= $2
"""
_DAYS = (
    "SELECT day, bought_cents, sold_cents FROM day_total"
    " WHERE account_id = $1 AND day <= $2 AND ($3::date IS NULL OR day >= $3) ORDER BY day"
)


async def on_sale(tx: Reader, account_id: int) -> OnSale:
    """Return what an account has on sale: of its own, and of others who let it sell for them."""
    found = await tx.row(
        OnSale,
        "SELECT count(*) AS count, coalesce(sum(price_cents), 0)::bigint AS cents FROM offer"
        " WHERE account_id = $1 AND state = 'on_sale'",
        account_id,
    )
    return found or OnSale(0, 0)


async def sums(tx: Reader, account_id: int, today: date) -> Sums:
    """Return for how much an account sold, up to and with a day."""
    at = chart.spans(today)
    found = await tx.row(
        Sums, _SUMS, account_id, today, at.week, at.previous_week, at.month, at.previous_month, at.year
    )
    return found or Sums(0, 0, 0, 0, 0, 0)


async def days(tx: Reader, account_id: int, period: Period, today: date) -> list[Day]:
    """Return each day of a period, the oldest first; those without a trade are there with zeros."""
    first = chart.first_day(period, today)
    found: Sequence[Day] = await tx.rows(Day, _DAYS, account_id, today, first)
    return list(chart.filled(found, first, today))


def today(app: App) -> date:
    """Return the day that it is by the market's clock, in UTC: settlements are counted on such days."""
    return app.now().date()
