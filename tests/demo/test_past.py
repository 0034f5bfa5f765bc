"""The demo's past is a past that the market could have had: its books add up, and what it tells follows the clock."""

from datetime import UTC, datetime, timedelta

from tradepost.db import Db
from tradepost.demo import filling, past
from tradepost.demo import world as worlds
from tradepost.demo.stock import STAPLES

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def test_three_months_of_trade_lie_before_the_first_day_and_the_books_are_right(db: Db) -> None:
    world = worlds.build(now=NOW)
    await filling.settle(db, world, [], [])
    await filling.describe(db, world)
    assert (count := await past.write(db, world, 500)) > 1_000
    trades = await db.fetch(
        "SELECT min(created_at), max(ended_at), count(*), count(DISTINCT state) FROM trade"
    )
    first, last, counted, states = trades[0]
    assert counted == count and states == 1
    assert NOW - timedelta(days=past.DAYS + 1) < first and last < NOW
    # What could be spent after each movement never was less than nothing, and is told in the order of time.
    least, back = (
        await db.fetch(
            "SELECT min(after_cents), count(*) FILTER (WHERE at < before) FROM"
            " (SELECT e.after_cents, x.at, lag(x.at) OVER (PARTITION BY e.account_id, e.book ORDER BY e.no) AS before"
            "    FROM entry e JOIN transfer x ON x.id = e.transfer_id WHERE e.account_id IS NOT NULL) w"
        )
    )[0]
    assert least >= 0 and back == 0
    # A staple's chart has points in every week, and an event of a trade never lies before the one before it.
    weeks = await db.fetch(
        "SELECT count(DISTINCT date_trunc('week', s.at)) AS weeks FROM sale s JOIN steam_item i ON i.id = s.steam_item_id"
        " WHERE i.market_hash_name = ANY ($1) GROUP BY i.id",
        [name for name in STAPLES if not name.startswith("★")],
    )
    assert len(weeks) == len(STAPLES) - 1 and all(row["weeks"] >= 10 for row in weeks)
    assert not await db.value(
        "SELECT count(*) FROM trade_event e JOIN trade_event f ON f.trade_id = e.trade_id AND f.no = e.no + 1 WHERE f.at < e.at"
    )
