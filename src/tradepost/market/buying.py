"""Buying by group apply: all buys that wait in this process at one moment go to Postgres in one statement.

See sql/0002_buy_batch.sql for the decision itself. Each buy carries a key, the caller's or one made here, so that a
batch whose answer was lost with the connection can be sent again: what was bought is then found, not bought twice.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tradepost.config import Settings
from tradepost.db import DatabaseGone, Db, Reader

BATCH_MAX = 128
BATCHES_IN_FLIGHT = 2
COMPANY_SECONDS = 0.005  # that a batch which could go waits for others, as long as a larger one is on its way
ATTEMPTS = 4  # of a batch whose connection was lost; the pool waits for the server between them
WAITING_MAX = 4096  # buys in one process before a caller is told to come back


@dataclass(frozen=True, slots=True)
class Buy:
    """One wish to buy: who pays, which offer, who receives, and what makes twice once."""

    buyer_id: int
    offer_id: int
    steamid: str
    trade_token: str
    ceiling_cents: int | None
    custom_id: str | None
    idempotency_key: str | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a buy: a code of `buy_batch`, and the trade where there is one, with what is shown of it."""

    code: str
    trade_id: int | None
    view: Any = None


@dataclass(frozen=True, slots=True)
class Now:
    """The two times that a buy is decided by."""

    market: datetime
    real: datetime


@dataclass(frozen=True, slots=True)
class Desk:
    """What a batch is decided with: the database, the settings, the time, and what is done once it is committed."""

    db: Db
    settings: Settings
    now: Callable[[], Now]
    # Given the trades of a committed batch, shows them to the shelf and returns what is shown of each.
    finish: Callable[[list[int]], Awaitable[Mapping[int, Any]]] | None = None


class TooManyWaiting(Exception):
    """More buys wait in this process than it will hold."""


_MINE = secrets.token_hex(16)  # of this process: what it numbers nobody else does
_numbers = count(1)

Waiting = tuple[Buy, "asyncio.Future[Outcome]"]


@dataclass(slots=True)
class Batches:
    """The buys waiting in this process, and those on their way."""

    waiting: deque[Waiting] = field(default_factory=deque)
    in_flight: dict[asyncio.Task[None], int] = field(default_factory=dict)  # and how many each has
    pump: asyncio.Handle | None = None  # that was asked for and did not run yet
    patience: asyncio.TimerHandle | None = None

    async def decide(self, desk: Desk, buy: Buy) -> Outcome:
        """Return what came of the buy, once it is committed.

        Raises TooManyWaiting when the queue is full, and the database's own errors when it stays unreachable.
        """
        if len(self.waiting) >= WAITING_MAX:
            raise TooManyWaiting
        if buy.idempotency_key is None:
            # A space: no header can carry this key, so it cannot meet a caller's.
            buy = replace(buy, idempotency_key=f"own {_MINE} {next(_numbers)}")
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.waiting.append((buy, outcome))
        if self.pump is None:
            # Not at once: those whose requests came in the same moment go with it.
            self.pump = asyncio.get_running_loop().call_soon(self._pump, desk)
        return await outcome

    def _pump(self, desk: Desk, *, is_patient: bool = True) -> None:
        """Send off what waits, as far as batches may be on their way.

        What a batch costs is hardly more for many than for one. Those whose answers came together ask again one after
        another, and the first of them would go alone, each time: so it waits for as many as are on their way already, or
        until those are back. Not for long, as these may be waiting for a lock that somebody holds.
        """
        if self.pump is not None:
            self.pump.cancel()
            self.pump = None
        while self.waiting and len(self.in_flight) < BATCHES_IN_FLIGHT:
            if is_patient and len(self.waiting) < min(BATCH_MAX, max(self.in_flight.values(), default=0)):
                if self.patience is None:
                    loop = asyncio.get_running_loop()
                    self.patience = loop.call_later(COMPANY_SECONDS, self._lose_patience, desk)
                return
            batch = [self.waiting.popleft() for _ in range(min(BATCH_MAX, len(self.waiting)))]
            task = asyncio.create_task(self._run(desk, batch), name="buy batch")
            self.in_flight[task] = len(batch)
            task.add_done_callback(lambda done: self._landed(done, desk))
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None

    def _lose_patience(self, desk: Desk) -> None:
        self.patience = None
        self._pump(desk, is_patient=False)

    def _landed(self, task: asyncio.Task[None], desk: Desk) -> None:
        del self.in_flight[task]
        self._pump(desk)

    async def _run(self, desk: Desk, batch: list[Waiting]) -> None:
        try:
            outcomes = await _apply(desk, [buy for buy, _ in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, DatabaseGone):
                _fail(batch, error)
                return
            # One buy must not spoil the others': each by itself, and the culprit alone hears of it.
            for one in batch:
                await self._run(desk, [one])
            return
        try:
            bought = [outcome.trade_id for outcome in outcomes if outcome.trade_id is not None]
            views = await desk.finish(bought) if desk.finish and bought else {}
        except Exception as error:
            _fail(batch, error)
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if not future.done():
                if outcome.trade_id is not None:
                    outcome = Outcome(outcome.code, outcome.trade_id, views.get(outcome.trade_id))  # noqa: PLW2901 - the same, shown
                future.set_result(outcome)


def _fail(batch: list[Waiting], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)


async def _apply(desk: Desk, buys: list[Buy]) -> list[Outcome]:
    maybe_committed = False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await ask(desk.db, desk.settings, desk.now(), buys)
        except DatabaseGone as error:
            # That the last attempt did not even reach the server says nothing about those before it.
            maybe_committed |= error.maybe_committed
            if attempt == ATTEMPTS:
                raise DatabaseGone(str(error), maybe_committed=maybe_committed) from error
    raise AssertionError("unreachable: the last attempt returns or raises")


async def ask(tx: Reader, settings: Settings, now: Now, buys: Sequence[Buy]) -> list[Outcome]:
    """Let `buy_batch` decide these buys and write what was bought, in this transaction or in one of its own."""
    rows = await tx.fetch(
        "SELECT no, code, trade_id FROM buy_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ORDER BY no",
        now.market,
        now.real - timedelta(seconds=2 * settings.heartbeat_ttl_seconds),
        now.real - timedelta(minutes=settings.presence_minutes),
        now.market + timedelta(minutes=settings.send_minutes),
        settings.fee_bps,
        [buy.buyer_id for buy in buys],
        [buy.offer_id for buy in buys],
        [buy.steamid for buy in buys],
        [buy.trade_token for buy in buys],
        [buy.ceiling_cents for buy in buys],
        [buy.custom_id for buy in buys],
        [buy.idempotency_key for buy in buys],
        [buy.digest for buy in buys],
    )
    return [Outcome(row["code"], row["trade_id"]) for row in rows]


async def trade_of(tx: Reader, buyer_id: int, offer_id: int) -> int | None:
    """Return the trade by which an account bought an offer, or None."""
    found: int | None = await tx.value(
        "SELECT id FROM trade WHERE offer_id = $1 AND buyer_id = $2 ORDER BY id DESC LIMIT 1",
        offer_id,
        buyer_id,
    )
    return found
