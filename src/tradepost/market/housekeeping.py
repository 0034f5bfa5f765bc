"""Housekeeping: small chores that keep the market's tables true and short."""

from datetime import timedelta

from tradepost.app import App
from tradepost.market import feed, offers
from tradepost.rules.games import GAMES
from tradepost.steam.answers import NoPrice, Person, PriceOverview, RateLimited, Unavailable

CHANGE_ROWS_KEPT = 200_000  # a process that fell behind by more than this reads the shelf anew when it starts
PRICE_AGE_HOURS = 24  # a Steam price older than this is asked for again
PROFILES_MAX = 20  # read in one go, one page each


async def end_offers_of_banned(app: App) -> int:
    """End the offers of sellers who were banned (rules.md 5); return how many sellers there were."""
    now = app.now()
    rows = await app.db.fetch(
        "SELECT DISTINCT steamid FROM ban WHERE side = 'seller' AND lifted_at IS NULL AND offers_ended_at IS NULL"
        " AND from_at <= $1 AND until_at > $1 LIMIT 20",
        now,
    )
    for row in rows:
        async with app.db.transaction() as tx:
            ended = await offers.end_all_of_seller(tx, row["steamid"], "The seller is banned from selling.")
            await tx.execute("UPDATE ban SET offers_ended_at = $2 WHERE steamid = $1 AND side = 'seller' AND offers_ended_at IS NULL",
                             row["steamid"], now)  # fmt: skip
        await feed.tell(app, ended)
    return len(rows)


async def learn_profiles(app: App) -> int:
    """Read the names and pictures of accounts that have none yet; return how many were read."""
    rows = await app.db.fetch(
        "SELECT steamid FROM account WHERE name = '' ORDER BY id DESC LIMIT $1", PROFILES_MAX
    )
    for row in rows:
        person = await app.steam.person(row["steamid"])
        if isinstance(person, RateLimited | Unavailable):
            return 0
        name, avatar = (
            (person.name, person.avatar_url) if isinstance(person, Person) else (row["steamid"], "")
        )
        await app.db.execute(
            "UPDATE account SET name = $2, avatar = $3 WHERE steamid = $1", row["steamid"], name, avatar
        )
    return len(rows)


async def refresh_prices(app: App) -> int:
    """Ask Steam's market for the price of what is on sale and was priced longest ago; one item, as Steam is slow.

    A jump is not believed at once: thin markets are pushed up to sell on dearly elsewhere, so a price moves at most
    by half, or to half as much again, from one reading to the next.
    """
    rows = await app.db.fetch(
        "SELECT i.id, i.project, i.market_hash_name, i.price_cents FROM steam_item i WHERE (i.priced_at IS NULL OR i.priced_at < $1)"
        " AND EXISTS (SELECT 1 FROM offer o WHERE o.steam_item_id = i.id AND o.state = 'on_sale')"
        " ORDER BY i.priced_at NULLS FIRST LIMIT 1",
        app.real_now() - timedelta(hours=PRICE_AGE_HOURS),
    )
    for row in rows:
        answer = await app.steam.price_overview(GAMES[row["project"]].appid, row["market_hash_name"])
        if not isinstance(answer, PriceOverview | NoPrice):
            return 0
        told = (answer.median_cents or answer.lowest_cents) if isinstance(answer, PriceOverview) else None
        known = row["price_cents"]
        price = (
            known
            if told is None
            else told
            if known is None
            else max(known // 2, 1, min(told, known * 3 // 2))
        )
        await app.db.execute(
            "UPDATE steam_item SET price_cents = $2, priced_at = $3 WHERE id = $1",
            row["id"],
            price,
            app.real_now(),
        )
    return len(rows)


async def forget_changes(app: App) -> int:
    """Remove old rows from the table of changes; every process has read them long ago."""
    horizon = await app.db.value(
        "SELECT xid::text FROM change ORDER BY xid DESC, id DESC OFFSET $1 LIMIT 1", CHANGE_ROWS_KEPT
    )
    if horizon is None:
        return 0
    return await app.db.execute("DELETE FROM change WHERE xid < $1::text::xid8", horizon)


async def close_cases(app: App) -> int:
    """Close operators' cases whose trade has ended by itself meanwhile; return how many there were."""
    return await app.db.execute(
        "UPDATE operator_case c SET closed_at = $1, ruling = 'ended by itself' FROM trade t WHERE t.id = c.trade_id AND c.closed_at IS NULL"
        " AND t.state = 'finished' AND t.changed_at < $2",
        app.now(), app.now() - timedelta(minutes=1),
    )  # fmt: skip
