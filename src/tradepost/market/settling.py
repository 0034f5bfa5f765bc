"""Settling: what came of calls is written down, in one transaction for all calls that ended at one moment.

A transaction has to reach the disk before it counts, which takes as long for one notice as for many: settled one by one,
the disk would say how many notices a worker sends. As few batches are under way at once, a slow disk makes them larger.
What calls say of their receivers follows in a statement of its own.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone, Tx

if TYPE_CHECKING:  # it claims what is settled here, and stands above this
    from tradepost.market.sending import Claimed

BATCH_MAX = 512  # as many as a worker has under way
BATCHES_IN_FLIGHT = 2
ATTEMPTS = 8  # while the database is away, before a notice is left to its ladder
AGAIN_SECONDS = 1.0

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt; without a fault it was received."""

    status: int | None
    answer: str | None
    fault: str | None
    milliseconds: int


Done = tuple["Claimed", Outcome]

# In the order of their ids: several workers settle, and who removes a receiver sets aside what waits for it.
_LOCK = "SELECT FROM notice WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"
_ATTEMPTS = """
    UPDATE notice_attempt a SET status = d.status, answer = d.answer, fault = d.fault, milliseconds = d.milliseconds
      FROM unnest($1::bigint[], $2::int[], $3::int[], $4::text[], $5::text[], $6::int[])
           AS d (notice_id, no, status, answer, fault, milliseconds)
     WHERE a.notice_id = d.notice_id AND a.no = d.no
"""
_RECEIVED = """
    UPDATE notice SET state = 'delivered', due_at = NULL, in_hand_until = NULL, ended_at = $2
     WHERE id = ANY ($1) AND state = 'waiting'
"""
# Only while it is still in this hand: a later attempt says itself what comes of it.
_FAILED = """
    UPDATE notice n SET in_hand_until = NULL,
           state = CASE WHEN n.attempts < n.attempts_most THEN 'waiting' ELSE 'set_aside' END,
           due_at = CASE WHEN n.attempts < n.attempts_most THEN n.due_at END,
           ended_at = CASE WHEN n.attempts < n.attempts_most THEN NULL ELSE $3::timestamptz END
      FROM unnest($1::bigint[], $2::int[]) AS d (id, attempt)
     WHERE n.id = d.id AND n.attempts = d.attempt AND n.state = 'waiting'
"""
_RECEIVERS = """
    WITH differs AS (
        SELECT r.account_id, r.kind, d.answered FROM receiver r
          JOIN unnest($1::bigint[], $2::text[], $3::boolean[]) AS d (account_id, kind, answered) USING (account_id, kind)
         WHERE (r.silent_at IS NULL) IS DISTINCT FROM d.answered ORDER BY 1, 2 FOR NO KEY UPDATE OF r
    )
    UPDATE receiver r SET silent_at = CASE WHEN d.answered THEN NULL ELSE $4::timestamptz END
      FROM differs d WHERE r.account_id = d.account_id AND r.kind = d.kind
"""


async def settle(app: App, done: Sequence[Done]) -> None:
    """Write down what came of some attempts, and with it whether their notices still wait; twice is once."""
    async with app.db.transaction() as tx:
        await _by_index(tx)
        await tx.fetch(_LOCK, [claimed.id for claimed, _ in done])
        await tx.execute(
            _ATTEMPTS,
            [claimed.id for claimed, _ in done],
            [claimed.attempt for claimed, _ in done],
            [outcome.status for _, outcome in done],
            [outcome.answer for _, outcome in done],
            [outcome.fault for _, outcome in done],
            [outcome.milliseconds for _, outcome in done],
        )
        # What was received first: of two attempts at one notice that end together, the one that arrived counts.
        if received := [claimed.id for claimed, outcome in done if outcome.fault is None]:
            await tx.execute(_RECEIVED, received, app.now())
        if failed := [claimed for claimed, outcome in done if outcome.fault is not None]:
            await tx.execute(_FAILED, [one.id for one in failed], [one.attempt for one in failed], app.now())
    # By itself: who removes a receiver locks it before its notices, we have just done so the other way round.
    answered = {(one.account_id, one.kind): outcome.status is not None for one, outcome in done}
    await app.db.execute(
        _RECEIVERS,
        [account_id for account_id, _ in answered],
        [kind for _, kind in answered],
        list(answered.values()),
        app.real_now(),
    )


async def _by_index(tx: Tx) -> None:
    """Let this transaction find each row by its key, however few rows the last look of the planner found there.

    On a table that was small a moment ago it prefers to read all of it, and goes on so while thousands are added.
    """
    await tx.execute(
        "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"
    )


Waiting = tuple["Claimed", Outcome, "asyncio.Future[None]"]


@dataclass(slots=True)
class Settling:
    """The outcomes of one worker that wait to be written down, and those that are being written."""

    app: App
    waiting: deque[Waiting] = field(default_factory=deque)
    in_flight: set[asyncio.Task[None]] = field(default_factory=set)

    async def settle(self, claimed: "Claimed", outcome: Outcome) -> None:
        """Return once it is written down, or left to the ladder as it could not be."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((claimed, outcome, written))
        self._pump()
        await written

    def _pump(self) -> None:
        while self.waiting and len(self.in_flight) < BATCHES_IN_FLIGHT:
            batch = [self.waiting.popleft() for _ in range(min(BATCH_MAX, len(self.waiting)))]
            task = asyncio.create_task(self._write(batch), name="settle notices")
            self.in_flight.add(task)
            task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self.in_flight.discard(task)
        self._pump()

    async def _write(self, batch: list[Waiting]) -> None:
        try:
            await self._patiently([(claimed, outcome) for claimed, outcome, _ in batch])
        finally:
            for _, _, written in batch:
                if not written.done():
                    written.set_result(None)

    async def _patiently(self, done: list[Done]) -> None:
        """Write some down, while the database is away again and again; what cannot be is sent again by the ladder."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await settle(self.app, done)
            except (DatabaseGone, DatabaseBusy) as error:
                logger.warning("notices_not_settled", notices=len(done), attempt=attempt, error=str(error))
                await asyncio.sleep(AGAIN_SECONDS)
            except Exception:
                if len(done) == 1:
                    logger.exception("notice_not_settled", notice_id=done[0][0].id)
                    return None
                # One must not spoil the others: each by itself, and the culprit alone is lost.
                for one in done:
                    await self._patiently([one])
                return None
        return None

    async def stop(self) -> None:
        """Break off what is not written yet: its attempt is counted, and its next one comes when the ladder says."""
        self.waiting.clear()
        for task in self.in_flight:
            task.cancel()
        await asyncio.gather(*self.in_flight, return_exceptions=True)
