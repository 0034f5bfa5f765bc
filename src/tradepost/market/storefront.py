"""The storefront's figures: what was sold so far, how many sellers are here, and since when; anybody may know them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.market.recent import Recent

FIGURES_SECONDS = 300.0  # how old they may be: a count of a week's sales is not for every visitor


@dataclass(frozen=True, slots=True)
class Figures:
    """The market in numbers."""

    sold: int
    sold_week: int
    sellers_online: int
    since: datetime | None  # when the first trade was made


_recent: Recent[None, Figures] = Recent(FIGURES_SECONDS, 1)


async def figures(app: App) -> Figures:
    """Return the figures, minutes old at most."""
    return await _recent.get(app, None, lambda: _read(app))


async def _read(app: App) -> Figures:
    db = app.db
    heard_after = app.real_now() - timedelta(seconds=2 * app.settings.heartbeat_ttl_seconds)
    (sales,) = await db.fetch(
        # Its sellers count what they sold: the sales themselves grow with the past.
        "SELECT (SELECT coalesce(sum(sold_count), 0)::bigint FROM account) AS sold,"
        " (SELECT count(*) FROM trade WHERE ended_at > $1 AND state = 'finished') AS sold_week",
        app.now() - timedelta(days=7),
    )
    return Figures(
        sold=sales["sold"],
        sold_week=sales["sold_week"],
        sellers_online=await db.value(
            "SELECT count(*) FROM presence WHERE session_ok AND heartbeat_at > $1", heard_after
        ),
        since=await db.value("SELECT created_at FROM trade ORDER BY id LIMIT 1"),
    )
