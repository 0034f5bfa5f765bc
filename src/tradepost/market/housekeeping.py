"""Housekeeping: small chores that keep the market's tables true and short."""

from datetime import timedelta

from tradepost.app import App
from tradepost.market import feed, offers
from tradepost.rules.games import GAMES
from tradepost.steam.answers import NoPrice, Person, PriceOverview, RateLimited, Unavailable

CHANGES_FORGOTTEN_MAX = 20_000  # in one turn, so that none takes longer than a statement may
DIRECTIVES_KEPT_HOURS = 24
DIRECTIVES_FORGOTTEN_MAX = 1_000  # in one turn
NOTICES_FORGOTTEN_MAX = 1_000  # in one turn, their attempts with them
PRICES_TRIED_MAX = 5  # until Steam answers for one of them
PRICE_AGE_HOURS = 24  # a Steam price older than this is asked for again
PROFILES_MAX = 20  # read in one go, one page each


async def end_offers_of_banned(app: App) -> int:
    """End what banned sellers have on sale (rules.md 5); return how many sellers there were.

    Not once for each ban: what was being listed, or came back from a trade, at that moment would stay on sale.
    """
    rows = await app.db.fetch(
        "SELECT DISTINCT b.steamid FROM ban b JOIN account a ON a.steamid = b.steamid"
        " JOIN offer o ON o.seller_id = a.id AND o.state = 'on_sale'"
        " WHERE b.side = 'seller' AND b.lifted_at IS NULL AND b.from_at <= $1 AND b.until_at > $1 LIMIT 20",
        app.now(),
    )
    for row in rows:
        async with app.db.transaction() as tx:
            ended = await offers.end_all_of_seller(tx, row["steamid"], "The seller is banned from selling.")
        await feed.tell(app, ended)
    return len(rows)


async def learn_profiles(app: App) -> int:
    """Read the names and pictures of accounts that have none yet, each once; return how many were read."""
    rows = await app.db.fetch(
        "SELECT steamid FROM account WHERE profile_read_at IS NULL AND left_at IS NULL ORDER BY id DESC LIMIT $1",
        PROFILES_MAX,
    )
    for row in rows:
        person = await app.steam.person(row["steamid"])
        if isinstance(person, RateLimited | Unavailable):
            return 0
        name, avatar = (
            (person.name, person.avatar_url) if isinstance(person, Person) else (row["steamid"], "")
        )
        await app.db.execute(
            "UPDATE account SET name = CASE WHEN name = '' THEN $2 ELSE name END,"
            " avatar = CASE WHEN avatar = '' THEN $3 ELSE avatar END, profile_read_at = $4 WHERE steamid = $1",
            row["steamid"], name, avatar, app.real_now(),
        )  # fmt: skip
    return len(rows)


async def refresh_prices(app: App) -> int:
    """Ask Steam's market for the price of what is on sale and was priced longest ago; one item, as Steam is slow.

    An item for which Steam has no answer of any sense must not keep the others waiting, so a few are tried. A jump is not believed at once: thin markets are pushed up to sell on dearly elsewhere, so a price moves at most
    by half, or to half as much again, from one reading to the next.
    """
    rows = await app.db.fetch(
        "SELECT i.id, i.project, i.market_hash_name, i.price_cents FROM steam_item i WHERE (i.priced_at IS NULL OR i.priced_at < $1)"
        " AND EXISTS (SELECT 1 FROM offer o WHERE o.steam_item_id = i.id AND o.state = 'on_sale')"
        " ORDER BY i.priced_at NULLS FIRST, i.id LIMIT $2",
        app.real_now() - timedelta(hours=PRICE_AGE_HOURS),
        PRICES_TRIED_MAX,
    )
    for row in rows:
        answer = await app.steam.price_overview(GAMES[row["project"]].appid, row["market_hash_name"])
        if isinstance(answer, RateLimited):
            return 0
        if not isinstance(answer, PriceOverview | NoPrice):
            continue
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
        return 1
    return 0


async def forget_changes(app: App) -> int:
    """Remove old rows from the table of changes; a process that has not read them fills its shelves anew.

    What nobody can have read yet, because an older transaction is still running, is kept however much it is.
    """
    horizon = await app.db.value(
        "SELECT xid::text FROM change WHERE xid < pg_snapshot_xmin(pg_current_snapshot())"
        " ORDER BY xid DESC, id DESC OFFSET $1 LIMIT 1",
        app.settings.changes_kept,
    )
    if horizon is None:
        return 0
    return await app.db.execute(
        "DELETE FROM change WHERE (xid, id) IN (SELECT xid, id FROM change WHERE xid < $1::text::xid8"
        " ORDER BY xid, id LIMIT $2)",
        horizon,
        CHANGES_FORGOTTEN_MAX,
    )


async def forget_directives(app: App) -> int:
    """Remove what agents answered about inventories long ago; return how many there were.

    Each names all that its seller had on sale; those about trades are few and belong to their time lines.
    """
    return await app.db.execute(
        "DELETE FROM directive WHERE id IN (SELECT id FROM directive WHERE trade_id IS NULL AND status IS NOT NULL"
        " AND answered_at < $1 ORDER BY answered_at LIMIT $2)",
        app.real_now() - timedelta(hours=DIRECTIVES_KEPT_HOURS),
        DIRECTIVES_FORGOTTEN_MAX,
    )


async def forget_notices(app: App) -> int:
    """Remove notices that ended long ago, and the attempts at them; return how many notices there were.

    An IPN that was never received stays: somebody's skin is sold and he has nothing for it, until it is sent again.
    """
    return await app.db.execute(
        "DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE ended_at < $1"
        " AND NOT (kind = 'ipn' AND trade_id IS NOT NULL AND state = 'set_aside') ORDER BY ended_at LIMIT $2)",
        app.now() - timedelta(days=app.settings.notices_kept_days),
        NOTICES_FORGOTTEN_MAX,
    )


async def close_cases(app: App) -> int:
    """Close operators' cases whose trade has ended since they were opened; return how many there were.

    One that was opened at the end or after it (money paid, and then the trade reversed) is for a person to close.
    """
    return await app.db.execute(
        "UPDATE operator_case c SET closed_at = $1, ruling = 'ended by itself' FROM trade t WHERE t.id = c.trade_id AND c.closed_at IS NULL"
        " AND c.opened_at < t.ended_at AND NOT t.offer_maybe_live AND t.changed_at < $2",
        app.now(), app.now() - timedelta(minutes=1),
    )  # fmt: skip
