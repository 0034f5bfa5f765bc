"""Sales: for how much items were sold, by day and one by one; never to whom.

A sale is a trade that finished. The table is written by the statement that finishes the trade (sql/0004), and one
name's sales of a time are a run of one index: how many trades there are of other names, or before, costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tradepost.app import App
from tradepost.market.steam_items import game_of

LATEST_MAX = 100

# Of the prices of some sales, in whole cents: the average rounded down, and the lower of two middle ones.
_FIGURES = (
    "count(*) AS count, min(price_cents) AS least_cents, max(price_cents) AS most_cents,"
    " div(sum(price_cents), nullif(count(*), 0))::bigint AS average_cents,"
    " percentile_disc(0.5) WITHIN GROUP (ORDER BY price_cents) AS median_cents"
)
_OF_NAME = (
    "FROM sale WHERE steam_item_id = (SELECT id FROM steam_item WHERE project = $1 AND market_hash_name = $2)"
)
_DAYS = (
    f"SELECT (at AT TIME ZONE 'UTC')::date AS day, {_FIGURES} {_OF_NAME} AND at >= $3 AND at <= $4"
    " GROUP BY 1 ORDER BY 1 DESC"
)
_LATEST = (
    f"SELECT at, price_cents {_OF_NAME} AND at >= $3 AND at <= $4 ORDER BY at DESC, trade_id DESC LIMIT $5"
)
_SINCE = (
    "SELECT figures.* FROM unnest($3::timestamptz[]) WITH ORDINALITY AS span (since, place)"
    f" CROSS JOIN LATERAL (SELECT {_FIGURES} {_OF_NAME} AND at > span.since) AS figures ORDER BY place"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What some sales of one name were sold for; nothing but a count where there were none."""

    count: int
    least_cents: int | None
    most_cents: int | None
    average_cents: int | None
    median_cents: int | None


@dataclass(frozen=True, slots=True)
class Day(Figures):
    """The sales of one name on one day, in UTC by the market's clock."""

    day: date


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale: when it settled, and its price."""

    at: datetime
    price_cents: int


@dataclass(frozen=True, slots=True)
class SalesQuery:
    """The sales of one name in a time, both ends included."""

    project: str
    name: str
    time_from: datetime
    time_to: datetime


async def days(app: App, query: SalesQuery) -> list[Day]:
    """Return the days on which a name was sold, the newest first."""
    game_of(query.project)
    return await app.db.rows(Day, _DAYS, query.project, query.name, query.time_from, query.time_to)


async def latest(app: App, query: SalesQuery, limit: int = LATEST_MAX) -> list[Sale]:
    """Return single sales of a name, the newest first."""
    game_of(query.project)
    most = min(limit, LATEST_MAX)
    return await app.db.rows(Sale, _LATEST, query.project, query.name, query.time_from, query.time_to, most)


async def lately(app: App, project: str, name: str, spans: Sequence[timedelta]) -> list[Figures]:
    """Return what a name was sold for in each of these spans of time up to now."""
    game_of(project)
    now = app.now()
    return await app.db.rows(Figures, _SINCE, project, name, [now - span for span in spans])
