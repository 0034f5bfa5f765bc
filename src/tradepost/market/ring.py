"""The ring: the last events of this process in the order of their ids, and who follows them.

It holds nothing that the table of changes does not: whoever stands before it reads on there (`market/stream.py`). So
a listener needs no queue of his own, however slow he is, and one event is kept once for all who listen.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

EVENTS_KEPT = 5_000  # at least; twice as many before the older half is let go
READERS_MAX = 3  # listeners who read the table at the same time: others need the database, too

Position = tuple[int, int]  # the xid and the id of a change: all events are in the order of it
What = Literal["made", "repriced", "gone"]


@dataclass(frozen=True, slots=True)
class OfferTold:
    """What became of an offer, with its row as the lists show it, at its price of that moment."""

    position: Position
    what: What
    project: str
    name: str
    row: bytes


@dataclass(frozen=True, slots=True)
class TradeTold:
    """A trade that changed, and whose it is: nobody else may hear of it."""

    position: Position
    trade_id: int
    buyer_id: int
    payee_id: int


Event = OfferTold | TradeTold


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody who follows the events with a token, until he leaves or is told why he has to."""

    token_id: int
    address: str  # from where he listens
    ended: "asyncio.Future[str]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, why: str) -> None:
        """Let him go; the first reason is the one that he hears."""
        if not self.ended.done():
            self.ended.set_result(why)


class Ring:
    """The last events of this process, from wherever it begins up to `position`."""

    def __init__(self) -> None:
        self.position: Position = (0, 0)  # all changes up to here were read
        self.is_followed = False  # until somebody listens, events are not worth making
        self.listeners: set[Listener] = set()
        self.closed = ""  # why nobody may listen any more
        self.watcher: asyncio.Task[None] | None = None  # who looks whether the listeners still may
        self.readers = asyncio.Semaphore(READERS_MAX)  # of the table
        self._events: list[Event] = []
        self._begin: Position = (0, 0)  # every event after this one is here
        self._first = 0  # the number of the first event in the list; numbers are this process's own
        self._moved = asyncio.Event()

    def skip(self, position: Position) -> None:
        """Go on to a position without the events up to it: whoever wants them reads them from the table."""
        # One number more than there were events: it stands for what lies between, so that whoever had heard all of the
        # events is before the ring now, too, and does not take it for the next one that he waits for.
        self._first += len(self._events) + 1
        self._events = []
        self._begin = self.position = position
        self._move()

    def add(self, events: Sequence[Event], position: Position) -> None:
        """Add the events between the last position and this one."""
        self._events += events
        self.position = position
        if len(self._events) > 2 * EVENTS_KEPT:
            old = len(self._events) - EVENTS_KEPT
            self._begin = self._events[old - 1].position
            self._first += old
            del self._events[:old]
        self._move()

    def find(self, position: Position) -> int | None:
        """The number of the first event after a position; None for one from before the ring begins."""
        if position < self._begin:
            return None
        return self._first + bisect_right(self._events, position, key=lambda event: event.position)

    def events(self, number: int, most: int) -> Sequence[Event] | None:
        """The events from a number on; None where that one was let go already."""
        start = number - self._first
        return None if start < 0 else self._events[start : start + most]

    async def moved(self) -> None:
        """Wait until the position moves on."""
        await self._moved.wait()

    def open(self) -> None:
        """Let listeners in, where a server that was closed is started again."""
        self.closed = ""

    def close(self, why: str) -> None:
        """Let all listeners go, and no new ones in."""
        self.closed = why
        self.end_all(why)

    def end_all(self, why: str) -> None:
        """Let all listeners go."""
        for listener in self.listeners:
            listener.end(why)

    def _move(self) -> None:
        # Whoever waits now is woken, and whoever comes to wait later waits for the next time.
        self._moved.set()
        self._moved.clear()
