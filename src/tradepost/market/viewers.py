"""Viewers: pages of the market that are open in browsers and follow what is on sale, anybody's, and how many may be.

Whoever is signed in goes with his session (rules.md 20); whoever is nobody is counted by the address he comes from.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.market import sessions
from tradepost.rules.client_address import neighbours
from tradepost.rules.refusals import SwitchedOff, TooManyRequests

OF_SESSION_MAX = 4  # browsers open no more than six connections to a site, and other pages need some of them
OF_ADDRESS_MAX = 24  # a household, or an office, of people who are not signed in
ALL_MAX = 1_000  # in one process
CHECK_SECONDS = 0.4  # between two looks whether sessions still live: within a second it has to be seen
FULL_SECONDS = 30

GONE, STOPPING = "signed_out", "stopping"  # why a viewer has to go

logger = log.get(__name__)


@dataclass(eq=False, slots=True)
class Viewer:
    """An open page, until it is closed or has to go."""

    address: str
    session_id: int | None
    ended: "asyncio.Future[str]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, why: str) -> None:
        """Let it go; the first reason is the one that counts."""
        if not self.ended.done():
            self.ended.set_result(why)


class Viewers:
    """All open pages of the market of this process."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._here: set[Viewer] = set()
        self._watcher: asyncio.Task[None] | None = None

    def refuse_too_many(self, address: str, session_id: int | None) -> None:
        """Raise TooManyRequests where one more page would be one too many, SwitchedOff where the server stops."""
        if self._app.ring.closed:
            raise SwitchedOff(self._app.ring.closed)
        if session_id is None:
            near = neighbours(address)
            own = sum(one.session_id is None and neighbours(one.address) == near for one in self._here)
            is_full = own >= OF_ADDRESS_MAX
        else:
            is_full = sum(one.session_id == session_id for one in self._here) >= OF_SESSION_MAX
        if is_full or len(self._here) >= ALL_MAX:
            raise TooManyRequests(FULL_SECONDS)

    @contextmanager
    def looking(self, viewer: Viewer) -> Iterator[None]:
        """Have a viewer among them as long as the block lasts; raises what `refuse_too_many` raises."""
        self.refuse_too_many(viewer.address, viewer.session_id)
        self._here.add(viewer)
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch(), name="watch over the market's viewers")
        try:
            yield
        finally:
            self._here.discard(viewer)

    async def _watch(self) -> None:
        """Look for all of them, as long as there is anybody."""
        while self._here:
            try:
                await self._check()
            except (DatabaseGone, DatabaseBusy):
                pass  # nobody is told anything new without it either
            except Exception:
                logger.exception("market_viewers_not_watched")
                for one in list(self._here):
                    one.end(STOPPING)
            await asyncio.sleep(CHECK_SECONDS)

    async def _check(self) -> None:
        here = list(self._here)  # and not who comes while it is asked
        if self._app.ring.closed:
            for one in here:
                one.end(STOPPING)
            return
        ids = {one.session_id for one in here if one.session_id is not None}
        if not ids:
            return
        live = await sessions.standing(self._app.db, self._app.settings, ids, self._app.real_now())
        for one in here:
            if one.session_id is not None and one.session_id not in live:
                one.end(GONE)
