"""The feed: keeps this process's shelves in step with Postgres, and tells agents that something awaits them.

Changes are read from the table `change` in commit order (rules.md 18): rows whose transaction lies below the oldest
one still running, by (xid, id). A change names only *what* changed; how it is now is read from the offer itself, whose
version says which of two readings is the newer one. A NOTIFY only wakes; it is sent after the commit, never inside the
money's own transaction, and polling alone would do.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.market import clock
from tradepost.market.shelf import ShelfOffer, Shelves
from tradepost.market.wakeup import CHANNEL, wake

CHANGES_MAX = 5000  # read at once
POLL_SECONDS = 0.5  # unasked, because a notice may be lost
BATCH_SECONDS = 0.01  # changes that arrive together are applied together
_LAST_ID = 2**63 - 1

logger = log.get(__name__)

_OFFER = """
    SELECT o.id, o.version, o.state, o.project, i.market_hash_name, o.price_cents, o.created_at, o.float_text, o.paintindex,
           o.paintseed, i.exterior, i.rarity, i.type, i.is_stattrak, o.seller_steamid, o.account_id, o.assetid
      FROM offer o JOIN steam_item i ON i.id = o.steam_item_id
"""


class FellBehind(Exception):
    """Changes were forgotten before this process had read them: only filling the shelves anew helps."""


@dataclass(slots=True)
class Cursor:
    """The last change that was read."""

    xid: int
    id: int

    @property
    def is_change(self) -> bool:
        """Whether it stands on a row of the table, and not where the shelves were filled."""
        return self.id != _LAST_ID


def _shelf_offer(row: Any) -> ShelfOffer:
    return ShelfOffer(
        id=row["id"],
        version=row["version"],
        project=row["project"],
        market_hash_name=row["market_hash_name"],
        price_cents=row["price_cents"],
        time_created=row["created_at"],
        float_text=row["float_text"],
        paintindex=row["paintindex"],
        paintseed=row["paintseed"],
        exterior=row["exterior"],
        rarity=row["rarity"],
        type=row["type"],
        is_stattrak=row["is_stattrak"],
        seller_steamid=row["seller_steamid"],
        account_id=row["account_id"],
        assetid=row["assetid"],
    )


async def put(app: App, offer_ids: Sequence[int]) -> None:
    """Put offers on this process's shelves as they are in the database now, or take them off."""
    if not offer_ids:
        return
    rows = await app.db.fetch(f"{_OFFER} WHERE o.id = ANY ($1)", list(set(offer_ids)))
    app.shelves.apply(
        [_shelf_offer(row) for row in rows if row["state"] == "on_sale"],
        [(row["id"], row["version"]) for row in rows if row["state"] != "on_sale"],
    )


async def tell(app: App, offer_ids: Sequence[int]) -> None:
    """After a commit: put the changed offers on this process's shelves and wake the other processes.

    A database that goes away now changes nothing of what is done: the shelves follow when it is back.
    """
    try:
        await put(app, offer_ids)
    except (DatabaseGone, DatabaseBusy) as error:
        logger.warning("shelf_waits_for_the_database", error=str(error))
        return
    await wake(app)


async def load(app: App) -> Cursor:
    """Fill new shelves with everything on sale, and show them; return where in the changes to go on."""
    # The horizon is taken first: what commits while the shelves are filled is read again as a change.
    horizon = await app.db.value("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
    rows = await app.db.fetch(f"{_OFFER} WHERE o.state = 'on_sale' ORDER BY o.id")
    shelves = Shelves()
    shelves.apply([_shelf_offer(row) for row in rows], [])
    shelves.settle()
    app.shelves = shelves
    return Cursor(int(horizon) - 1, _LAST_ID)


async def catch_up(app: App, cursor: Cursor, trades: list[int] | None = None) -> list[int]:
    """Apply the changes since the cursor, move it on, and return the trades that changed, added to those given.

    Raises FellBehind where changes were forgotten that were not read yet.
    """
    trades = [] if trades is None else trades
    while True:
        rows = await app.db.fetch(
            "SELECT xid::text AS xid, id, kind, ref_id,"
            " (SELECT c.xid::text FROM change c ORDER BY c.xid, c.id LIMIT 1) AS oldest_xid"
            " FROM change WHERE (xid, id) > ($1::text::xid8, $2)"
            " AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, id LIMIT $3",
            str(cursor.xid),
            cursor.id,
            CHANGES_MAX,
        )
        if not rows:
            return trades
        if cursor.is_change and int(rows[0]["oldest_xid"]) > cursor.xid:
            raise FellBehind
        await put(app, [row["ref_id"] for row in rows if row["kind"] == "offer"])
        trades.extend(row["ref_id"] for row in rows if row["kind"] == "trade")
        cursor.xid, cursor.id = int(rows[-1]["xid"]), rows[-1]["id"]


async def follow(app: App) -> None:
    """Keep the shelves, the clock and the waiting agents in step, until cancelled."""
    from tradepost.market import agents  # noqa: PLC0415 - it stands above the feed

    woken = asyncio.Event()
    listener = await app.db.listen(CHANNEL, woken.set)
    cursor: Cursor | None = None
    changed: list[
        int
    ] = []  # trades whose people were not woken yet: a database that goes away must not swallow them
    try:
        while True:
            woken.clear()
            try:
                await clock.read(app)
                if cursor is None:
                    cursor = await load(app)
                    app.shelves_ready.set()
                await agents.wake(app, await _people(app, await catch_up(app, cursor, changed)))
                changed.clear()
            except FellBehind:
                logger.warning("feed_fell_behind")
                cursor = None
                continue
            except (DatabaseGone, DatabaseBusy) as error:
                logger.warning("feed_waits_for_the_database", error=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), POLL_SECONDS)
            await asyncio.sleep(BATCH_SECONDS)
    finally:
        await listener.close()


async def _people(app: App, trade_ids: list[int]) -> list[int]:
    """Return the accounts whose agents may have something to do because these trades changed."""
    if not trade_ids:
        return []
    rows = await app.db.fetch(
        "SELECT seller_id AS id FROM trade WHERE id = ANY ($1)"
        " UNION SELECT a.id FROM trade t JOIN account a ON a.steamid = t.buyer_steamid WHERE t.id = ANY ($1)",
        trade_ids,
    )
    return [row["id"] for row in rows]
