"""The stream: one listener's way through the events, from where he left off and then as they come.

He is a place in the ring of this process. Where he comes from before it, or falls behind it because he reads too
slowly, he goes through the table of changes until he is in the ring again; where even that was forgotten, he is told
that he missed something. Each event reaches him once, and only when it and all before it are committed.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.market import changes, switches, trades
from tradepost.market.changes import FellBehind
from tradepost.market.operations import Operation
from tradepost.market.ring import Event, Listener, OfferTold, Position, TradeTold
from tradepost.rules.client_address import Network, read_address
from tradepost.rules.refusals import SwitchedOff, TooManyRequests

LISTENERS_MAX = 2_000  # in one process
PART_EVENTS_MAX = 500  # handed on at once
TABLE_ROWS_MAX = 1_000  # read from the table at once
CHECK_SECONDS = 0.4  # between two looks whether listeners' tokens still stand (rules.md 20: within a second)
FULL_SECONDS = 5  # after which it is worth trying again, where too many listen

REVOKED = "The token was revoked, has expired, lost the scope read or may not be used from this address."
OFFER_EVENTS = {"made": "offer.made", "repriced": "offer.repriced", "gone": "offer.gone"}
TRADE_EVENT = "trade"

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of what a listener wants to be told; of projects and names no one means every one."""

    account_id: int
    events: frozenset[str]
    projects: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def has_item(self, project: str, name: str) -> bool:
        """Whether he wants to hear of this item."""
        return (not self.projects or project in self.projects) and (not self.names or name in self.names)

    def may_have(self, event: Event) -> bool:
        """Whether he wants to hear of an event, as far as it can be told without looking at the trade."""
        if isinstance(event, OfferTold):
            return OFFER_EVENTS[event.what] in self.events and self.has_item(event.project, event.name)
        return TRADE_EVENT in self.events and self.account_id in (event.buyer_id, event.payee_id)


@dataclass(frozen=True, slots=True)
class TradeNow:
    """A trade that changed, as the listener's side sees it now."""

    position: Position
    operation: Operation


@dataclass(frozen=True, slots=True)
class Part:
    """What comes next, and where the listener stands after it."""

    told: Sequence[OfferTold | TradeNow]
    position: Position
    missed: bool = False  # events before this are forgotten: he has to read the lists anew


class Stream:
    """A listener's way through the events; without a position it begins now."""

    def __init__(self, app: App, wanted: Wanted, position: Position | None = None) -> None:
        app.ring.is_followed = True
        self.position = app.ring.position if position is None else position
        self._app = app
        self._wanted = wanted
        self._number = app.ring.find(self.position)  # in the ring; None while he is in the table
        self._waits_to_be_known = self.position > app.ring.position

    async def part(self, seconds: float) -> Part:
        """What comes next, or an empty part after so many seconds without an event for this listener.

        Raises DatabaseGone or DatabaseBusy; nothing is lost by that, as he still stands where he stood.
        """
        ring, loop = self._app.ring, asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            if self._waits_to_be_known and not await self._is_known():
                return self._lost()
            part = await self._look()
            if part.told or part.missed:
                return part
            left = until - loop.time()
            if left <= 0:
                return part
            if self._number is not None and ring.events(self._number, 1) == []:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await ring.moved()

    async def _look(self) -> Part:
        """What comes next without waiting for it."""
        ring = self._app.ring
        events = None if self._number is None else ring.events(self._number, PART_EVENTS_MAX)
        if self._number is not None and events is not None:
            number = self._number + len(events)
            position = events[-1].position if len(events) == PART_EVENTS_MAX else ring.position
            told = await self._told(events)
            self._number, self.position = number, max(self.position, position)
            return Part(told, self.position)
        self._number = ring.find(self.position)
        if self._number is not None:
            return Part([], self.position)
        return await self._look_in_table(ring.position)

    async def _look_in_table(self, up_to: Position) -> Part:
        async with self._app.ring.readers:
            try:
                read = await changes.read(self._app, self.position, TABLE_ROWS_MAX, up_to)
            except FellBehind:
                return self._lost()
            found = await changes.offers(self._app, [one.ref_id for one in read if one.what is not None])
            events = await changes.events(self._app, read, found)
        told = await self._told(events)
        self.position = read[-1].position if len(read) == TABLE_ROWS_MAX else up_to
        return Part(told, self.position)

    async def _told(self, events: Iterable[Event]) -> Sequence[OfferTold | TradeNow]:
        wanted, position = self._wanted, self.position
        his = [event for event in events if event.position > position and wanted.may_have(event)]
        trade_ids = list({event.trade_id for event in his if isinstance(event, TradeTold)})
        views = await trades.read_many(self._app.db, trade_ids) if trade_ids else {}
        told: list[OfferTold | TradeNow] = []
        for event in his:
            if isinstance(event, OfferTold):
                told.append(event)
                continue
            view = views[event.trade_id]
            if wanted.has_item(view.project, view.market_hash_name):
                side = Operation("buy" if event.buyer_id == wanted.account_id else "sell", view)
                told.append(TradeNow(event.position, side))
        return told

    async def _is_known(self) -> bool:
        """Whether a position that this process has not come to yet can be one that another gave out."""
        if self.position > self._app.ring.position and self.position[0] >= await changes.horizon(self._app):
            return False
        self._waits_to_be_known = False
        return True

    def _lost(self) -> Part:
        ring = self._app.ring
        self._waits_to_be_known = False
        self.position, self._number = ring.position, ring.find(ring.position)
        return Part([], self.position, missed=True)


# Who may listen ---------------------------------------------------------------------------------------------


def refuse_too_many(app: App, token_id: int) -> None:
    """Raise TooManyRequests where one more stream would be one too many, SwitchedOff where the server stops."""
    ring = app.ring
    if ring.closed:
        raise SwitchedOff(ring.closed)
    own = sum(listener.token_id == token_id for listener in ring.listeners)
    if own >= app.settings.streams_per_token or len(ring.listeners) >= LISTENERS_MAX:
        raise TooManyRequests(FULL_SECONDS)


@contextmanager
def listening(app: App, token_id: int, address: str) -> Iterator[Listener]:
    """Give a listener who is ended as soon as his token, the API or the server is no more."""
    ring, listener = app.ring, Listener(token_id, address)
    if ring.closed:
        listener.end(ring.closed)
    ring.listeners.add(listener)
    if ring.watcher is None or ring.watcher.done():
        ring.watcher = asyncio.create_task(_watch(app), name="watch over the listeners")
    try:
        yield listener
    finally:
        ring.listeners.discard(listener)


async def _watch(app: App) -> None:
    """End those who may not listen any more, as long as anybody listens: one question for all of them."""
    ring = app.ring
    while ring.listeners:
        await asyncio.sleep(CHECK_SECONDS)
        try:
            await switches.refuse_if_off(app, "api")
            here = list(ring.listeners)  # and not who comes while it is asked
            networks = await _standing(app, {listener.token_id for listener in here})
        except SwitchedOff as refusal:
            ring.end_all(refusal.sentence)
        except (DatabaseGone, DatabaseBusy):
            continue  # nobody is told anything new without it either
        except Exception:
            logger.exception("listeners_not_watched")
            ring.end_all("Something went wrong on our side.")
        else:
            for listener in here:
                if not _may_listen(listener, networks.get(listener.token_id)):
                    listener.end(REVOKED)


async def _standing(app: App, token_ids: Iterable[int]) -> dict[int, Sequence[Network]]:
    """Those of the tokens that may read, each with the networks that it is bound to."""
    rows = await app.db.fetch(
        "SELECT id, allow_addresses FROM api_token WHERE id = ANY ($1) AND revoked_at IS NULL AND 'read' = ANY (scopes)"
        " AND (expires_at IS NULL OR expires_at > $2)",
        list(token_ids),
        app.real_now(),
    )
    return {row["id"]: row["allow_addresses"] for row in rows}


def _may_listen(listener: Listener, networks: Sequence[Network] | None) -> bool:
    if not networks:
        return networks is not None
    address = read_address(listener.address)
    return address is not None and any(address in network for network in networks)
