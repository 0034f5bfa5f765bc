"""How many trades an account bought or sold in all: counted once, and from then on only those that came since.

A trade is never removed and never changes its sides. So of all trades up to a number below which nobody is writing any
more, an account's count stays what it is; only what lies behind that number is counted anew, which is little. The first
count of an account with a million trades walks along its index for a tenth of a second, the next ones ask a few pages.
"""

import asyncio
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from tradepost.db import Db, Reader

WORTH = 5_000  # trades of an account: fewer are counted as fast as they are remembered
BEHIND = 1_000  # trades of the whole market behind a number that is remembered, before a later one is taken
BEHIND_MAX = 20_000  # after which counting what came since costs more than it is worth
KEPT_SECONDS = (
    600.0  # then it is counted as a whole again: no error of ours or of a restored backup's outlives that
)
KNOWN_MAX = 1_000  # accounts remembered in one process

# Where the table ends, and which transactions might still write before that.
_EDGE = (
    "(SELECT coalesce(max(id), 0) FROM trade) AS last, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,"
    " pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next"
)
_WHOLE = "SELECT count(*) AS whole, count(*) FILTER (WHERE t.id <= $2) AS written, {edge} FROM trade t WHERE {side}"
# By number, whatever the account's own index promises: these are the last few of the table.
_SINCE = (
    "SELECT count(*) AS since, count(*) FILTER (WHERE t.id <= $3) AS written, {edge}"
    " FROM (SELECT * FROM trade WHERE id > $2 ORDER BY id DESC LIMIT {most}) t WHERE {side}"
)


@dataclass(slots=True)
class _Known:
    """An account's count of trades up to a number, and when it was last counted as a whole."""

    upto: int
    count: int
    counted_at: float


@dataclass(slots=True)
class _Counts:
    """What is known of one database."""

    written: int = 0  # every trade up to this number is there, or never will be
    waiting: tuple[int, int] | None = (
        None  # a later one, and the transaction before which all have to end for it
    )
    known: dict[tuple[str, int], _Known] = field(default_factory=dict)

    def learn(self, last: int, oldest: int, upcoming: int) -> None:
        """Hear where the table ends; whoever might still write before that is waited for."""
        if self.waiting is not None and oldest >= self.waiting[1]:
            self.written, self.waiting = max(self.written, self.waiting[0]), None
        if self.waiting is None and last > self.written + BEHIND:
            # A number is drawn within a transaction that has locked something, so that it is one of those that run.
            self.waiting = (last, upcoming)

    def keep(self, key: tuple[str, int], known: _Known) -> None:
        """Remember an account's count, and forget the oldest where there are too many."""
        self.known.pop(key, None)
        self.known[key] = known
        if len(self.known) > KNOWN_MAX:
            del self.known[next(iter(self.known))]


_counts: WeakKeyDictionary[Db, _Counts] = WeakKeyDictionary()


async def count(tx: Reader, side: str, account_id: int) -> int:
    """Return how many trades an account has on a side, a condition on `trade t` with the account as $1; exactly."""
    if not isinstance(tx, Db):
        found: int = await tx.value(f"SELECT count(*) FROM trade t WHERE {side}", account_id)
        return found
    counts, key = _counts.setdefault(tx, _Counts()), (side, account_id)
    known, now = counts.known.get(key), asyncio.get_running_loop().time()
    if known is None or now - known.counted_at > KEPT_SECONDS:
        return await _count_whole(tx, counts, key, now)
    written = counts.written
    (row,) = await tx.fetch(
        _SINCE.format(edge=_EDGE, most=BEHIND_MAX, side=side), account_id, known.upto, written
    )
    if row["last"] - known.upto >= BEHIND_MAX:
        return await _count_whole(tx, counts, key, now)
    total: int = known.count + row["since"]
    if written > known.upto + BEHIND:
        counts.keep(key, _Known(written, known.count + row["written"], known.counted_at))
    counts.learn(row["last"], row["oldest"], row["next"])
    return total


async def _count_whole(db: Db, counts: _Counts, key: tuple[str, int], now: float) -> int:
    side, account_id = key
    if not counts.written and counts.waiting is not None:
        (edge,) = await db.fetch(f"SELECT {_EDGE}")
        counts.learn(edge["last"], edge["oldest"], edge["next"])
    written = counts.written
    (row,) = await db.fetch(_WHOLE.format(edge=_EDGE, side=side), account_id, written)
    if row["whole"] >= WORTH and written:
        counts.keep(key, _Known(written, row["written"], now))
    counts.learn(row["last"], row["oldest"], row["next"])
    whole: int = row["whole"]
    return whole
