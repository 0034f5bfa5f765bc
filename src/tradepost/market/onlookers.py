"""Onlookers: pages that are open in browsers, woken when something of theirs changes.

One task of this process looks for all of them together: it follows the ring, and asks now and then which of the
sessions still live and how their owners' programs stand. An onlooker whose session is no more is told to go (rules.md 20).
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone, Reader
from tradepost.market import notices, presence, sessions
from tradepost.market.presence import Program
from tradepost.market.ring import Event, TradeTold
from tradepost.rules.refusals import SwitchedOff, TooManyRequests

OF_SESSION_MAX = 4  # browsers open no more than six connections to a site, and other pages need some of them
ALL_MAX = 2_000  # in one process
CHECK_SECONDS = 0.4  # between two looks whether sessions still live: within a second it has to be seen
PROGRAM_SECONDS = 2.0  # between two looks how the programs stand
NOTICE_SECONDS = 1.0  # between two looks what became of notices, where a page shows some
FULL_SECONDS = 5
EVENTS_MAX = 1 << 20  # more than a ring holds

GONE, STOPPING = "signed_out", "stopping"  # why an onlooker has to go

logger = log.get(__name__)


@dataclass(eq=False, slots=True)
class Onlooker:
    """An open page, until it is closed or has to go; what it shows decides what wakes it."""

    session_id: int
    account_id: int
    payment_id: int | None = None  # the payment that it shows
    names: frozenset[str] = frozenset()  # of the skins on it: offers of these names may be its own
    program: Program = field(default_factory=Program)  # of its owner, as the page was told last
    trade_id: int | None = None  # the trade that it shows
    all_trades: bool = False  # it shows a list of what its owner buys and sells
    notice_ids: frozenset[int] | None = None  # the notices that it shows, where it is a page of them
    notices: object = None  # how these stand, as the page was told last
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    why: str = ""  # it has to go

    def end(self, why: str) -> None:
        """Let it go; the first reason is the one that counts."""
        self.why = self.why or why
        self.woken.set()


class Onlookers:
    """All open pages of this process that follow what they show."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._here: set[Onlooker] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._offset = timedelta(0)  # by which the market's clock was ahead when they were last told

    def refuse_too_many(self, session_id: int) -> None:
        """Raise TooManyRequests where one more page would be one too many, SwitchedOff where the server stops."""
        if self._app.ring.closed:
            raise SwitchedOff(self._app.ring.closed)
        own = sum(one.session_id == session_id for one in self._here)
        if own >= OF_SESSION_MAX or len(self._here) >= ALL_MAX:
            raise TooManyRequests(FULL_SECONDS)

    @contextmanager
    def looking(self, onlooker: Onlooker) -> Iterator[None]:
        """Wake an onlooker as long as the block lasts; raises what `refuse_too_many` raises."""
        self.refuse_too_many(onlooker.session_id)
        self._app.ring.is_followed = True
        self._here.add(onlooker)
        if self._watcher is None or self._watcher.done():
            self._offset = self._app.clock.offset
            self._watcher = asyncio.create_task(self._watch(), name="watch over open pages")
        try:
            yield
        finally:
            self._here.discard(onlooker)

    async def _watch(self) -> None:
        """Look for all of them, as long as there is anybody."""
        ring, loop = self._app.ring, asyncio.get_running_loop()
        number = ring.find(ring.position)
        check_at = program_at = notices_at = loop.time()
        while self._here:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, check_at - loop.time())):
                    await ring.moved()
            try:
                events = None if number is None else ring.events(number, EVENTS_MAX)
                if number is None or events is None:
                    number = ring.find(ring.position)
                    self._wake(self._here)  # what was missed may have been anybody's
                elif events:
                    number += len(events)
                    await self._tell(events)
                if loop.time() >= check_at:
                    await self._check()
                    check_at = loop.time() + CHECK_SECONDS
                if loop.time() >= program_at:
                    await self._look_at_programs()
                    program_at = loop.time() + PROGRAM_SECONDS
                if loop.time() >= notices_at:
                    await self._look_at_notices()
                    notices_at = loop.time() + NOTICE_SECONDS
            except (DatabaseGone, DatabaseBusy):
                check_at = loop.time() + CHECK_SECONDS  # nobody is told anything new without it either
            except Exception:
                check_at = loop.time() + CHECK_SECONDS
                logger.exception("pages_not_watched")
                for one in list(self._here):
                    one.end(STOPPING)

    async def _tell(self, events: Sequence[Event]) -> None:
        told = [event for event in events if isinstance(event, TradeTold)]
        trade_ids = {event.trade_id for event in told}
        people = {id_ for event in told for id_ in (event.buyer_id, event.payee_id)}
        names = {event.name for event in events if not isinstance(event, TradeTold)}
        # Woken before the question, so that a database that is away swallows nothing.
        self._wake(
            one
            for one in self._here
            if names & one.names or one.trade_id in trade_ids or (one.all_trades and one.account_id in people)
        )
        if trade_ids and any(one.payment_id is not None for one in self._here):
            payments = await _payments_of(self._app.db, list(trade_ids))
            self._wake(one for one in self._here if one.payment_id in payments)

    async def _check(self) -> None:
        if why := self._app.ring.closed:
            logger.info("open_pages_end", reason=why)
            for one in self._here:
                one.end(STOPPING)
            return
        if self._offset != self._app.clock.offset:
            self._offset = self._app.clock.offset
            self._wake(self._here)
        here = list(self._here)  # and not who comes while it is asked
        live = await sessions.standing(
            self._app.db, self._app.settings, {one.session_id for one in here}, self._app.real_now()
        )
        for one in here:
            if one.session_id not in live:
                one.end(GONE)

    async def _look_at_programs(self) -> None:
        here = list(self._here)
        found = await presence.programs(self._app, {one.account_id for one in here})
        for one in here:
            if found[one.account_id] != one.program:
                one.program = found[one.account_id]
                one.woken.set()

    async def _look_at_notices(self) -> None:
        here = [(one, one.notice_ids) for one in self._here if one.notice_ids is not None]
        if not here:
            return
        ids = frozenset[int]().union(*(shown for _, shown in here))
        stamps, newest = await notices.stamps(self._app.db, ids, {one.account_id for one, _ in here})
        for one, shown in here:
            found = [stamps.get(id_) for id_ in sorted(shown)], newest.get(one.account_id)
            if found != one.notices:
                one.notices = found
                one.woken.set()

    @staticmethod
    def _wake(whom: Collection[Onlooker] | Iterator[Onlooker]) -> None:
        for one in whom:
            one.woken.set()


async def _payments_of(tx: Reader, trade_ids: Sequence[int]) -> set[int]:
    """The payments whose skins these trades are about."""
    rows = await tx.fetch(
        "SELECT DISTINCT i.payment_id FROM trade t JOIN payment_item i ON i.offer_id = t.offer_id WHERE t.id = ANY ($1)",
        list(trade_ids),
    )
    return {row["payment_id"] for row in rows}
