"""The feed: keeps this process's shelves in step with Postgres, if it has any, and tells agents that something awaits them.

Changes are read from the table `change` in commit order (rules.md 18): rows whose transaction lies below the oldest
one still running, by (xid, id). How an offer is now is read from the offer itself, whose version says which of two
readings is the newer one; what happened to it the change says, for those who listen (`market/stream.py`). A NOTIFY
only wakes; it is sent after the commit, never inside the money's own transaction, and polling alone would do.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.market import changes, clock
from tradepost.market.changes import ID_LAST, Change, FellBehind, OfferNow
from tradepost.market.ring import Position
from tradepost.market.stocking import stocked
from tradepost.market.wakeup import CHANNEL, wake

CHANGES_MAX = 5000  # read at once
POLL_SECONDS = 0.5  # unasked, because a notice may be lost
BATCH_SECONDS = 0.01  # changes that arrive together are applied together

logger = log.get(__name__)


@dataclass(slots=True)
class Cursor:
    """The last change that was read."""

    xid: int
    id: int

    @property
    def position(self) -> Position:
        """The same as a pair."""
        return (self.xid, self.id)


async def put(app: App, offer_ids: Sequence[int]) -> None:
    """Put offers on this process's shelves as they are in the database now, or take them off."""
    if app.has_shelves:
        _show(app, await changes.offers(app, offer_ids))


def take_off(app: App, gone: Sequence[tuple[int, int]]) -> None:
    """Take offers off this process's shelves that were seen not to be on sale, each with the version that was seen."""
    if app.has_shelves:
        app.shelves.apply([], gone)


def _show(app: App, found: Mapping[int, OfferNow]) -> None:
    app.shelves.apply(
        [one.offer for one in found.values() if one.is_on_sale],
        [(id_, one.offer.version) for id_, one in found.items() if not one.is_on_sale],
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
    """Fill new shelves with everything on sale, where there are any, and show them; return where in the changes to go on."""
    # The horizon is taken first: what commits while the shelves are filled is read again as a change.
    horizon = await changes.horizon(app)
    if app.has_shelves:
        before, shelves = app.shelves, None
        before.keep_journal()
        try:
            shelves = await stocked(app)
        finally:
            before.hand_over(shelves)
        app.shelves = shelves
    cursor = Cursor(horizon - 1, ID_LAST)
    app.ring.skip(cursor.position)
    return cursor


async def catch_up(app: App, cursor: Cursor, trades: list[int] | None = None) -> list[int]:
    """Apply the changes since the cursor, move it on, and return the trades that changed, added to those given.

    Raises FellBehind where changes were forgotten that were not read yet.
    """
    trades = [] if trades is None else trades
    while True:
        read = await changes.read(app, cursor.position, CHANGES_MAX)
        if not read:
            return trades
        was_followed = app.ring.is_followed
        found = await changes.offers(app, _changed(app, read, every=was_followed))
        if (is_followed := app.ring.is_followed) and not was_followed:
            found = await changes.offers(app, _changed(app, read, every=True))
        told = await changes.events(app, read, found) if is_followed else []
        # From here on nothing waits: whoever is told of a position finds the shelves there.
        _show(app, found)
        cursor.xid, cursor.id = read[-1].position
        trades.extend(change.ref_id for change in read if change.kind == "trade")
        if is_followed:
            app.ring.add(told, cursor.position)
        else:
            app.ring.skip(cursor.position)
        if len(read) < CHANGES_MAX:  # that was all; what is committed from now on wakes again
            return trades


def _changed(app: App, read: Sequence[Change], *, every: bool) -> list[int]:
    """The offers that have to be read because of these changes: none that went, as this process knows, unless every one.

    What was bought here is off the shelves already. An offer that came back since has a change that says so.
    """
    if not app.has_shelves:
        return []
    is_gone = app.shelves.is_gone
    return [
        change.ref_id
        for change in read
        if change.kind == "offer" and (every or change.what != "gone" or not is_gone(change.ref_id))
    ]


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
                await catch_up(app, cursor, changed)
                app.shelves_ready.set()  # only now: while they were filled others had offers made, and were told so
                if agents.is_awaited():
                    await agents.wake(app, await _people(app, changed))
                changed.clear()
                app.changed.set()
            except FellBehind:
                logger.warning("feed_fell_behind")
                cursor = None
                continue
            except (DatabaseGone, DatabaseBusy) as error:
                logger.warning("feed_waits_for_the_database", error=str(error))
            # Not by wait_for, which forgets to be cancelled where it is woken at that moment: the server would never stop.
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await woken.wait()
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
