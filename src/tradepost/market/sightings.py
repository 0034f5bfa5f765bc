"""What agents saw on Steam: each word is compared with the trade before it may become an event of it.

A seller's agent speaks for the one who is paid: it can claim, and it can speak against itself. A buyer's is
the witness of a delivery and of nothing else: all else that it could say gives its user the money back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tradepost import log
from tradepost.app import App
from tradepost.db import Tx, UniqueViolationError
from tradepost.market import trades, witness
from tradepost.market.agents import Agent
from tradepost.market.directives import message_of, witness_of
from tradepost.market.trade_view import TradeView
from tradepost.rules.trade import (
    DELIVERED,
    Decision,
    Delivered,
    Event,
    OfferSeen,
    SettlementKnown,
    Side,
    State,
    TakenBack,
)

CLOCK_SKEW_SECONDS = 300
EVENTS_MAX = (
    500  # of one side in a trade's time line: a program that reports without end is not heard for ever
)

ACCEPTED, ROLLED_BACK = 3, 12  # in both of Steam's lists of states: of offers, and of exchanges
OFFER_CODES = range(1, 13)
TOO_OFTEN = "This trade has been reported on too often."
ANOTHERS_OFFER = "This Steam offer belongs to another trade."

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the market makes of one report: taken or not, and why."""

    accepted: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SeenItem:
    """An item that goes from seller to buyer, as an offer or an exchange names it."""

    appid: int
    contextid: int
    assetid: str
    new_assetid: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an agent saw of one trade on Steam: the raw code of its offer, or of its exchange."""

    trade_id: int
    axis: Literal["offer", "history"]
    code: int
    partner_steamid: str
    items: tuple[SeenItem, ...]
    steam_tradeofferid: str | None
    steam_tradeid: str | None
    observed_at: datetime
    time_settlement: datetime | None = None
    time_mod: datetime | None = None
    rollback_trade: str | None = None
    message: str | None = None

    @property
    def new_assetid(self) -> str | None:
        """What the item is called where it went, if that was seen."""
        return self.items[0].new_assetid if len(self.items) == 1 else None

    @property
    def is_reversal(self) -> bool:
        """Whether it says that the exchange was undone: by its code, or by a second one that undoes it."""
        return self.code == ROLLED_BACK or self.rollback_trade is not None

    def detail(self) -> dict[str, Any]:
        """Return what the trade's time line keeps of it."""
        told = {
            "axis": self.axis,
            "code": self.code,
            "steam_tradeofferid": self.steam_tradeofferid,
            "steam_tradeid": self.steam_tradeid,
            "new_assetid": self.new_assetid,
            "time_settlement": self.time_settlement,
            "time_mod": self.time_mod,
            "rollback_trade": self.rollback_trade,
            "observed_at": self.observed_at,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Report:
    """A sighting with the trade it speaks of, locked, and with whose word it is."""

    view: TradeView
    side: Side
    agent: Agent
    sighting: Sighting

    @property
    def witness(self) -> str:
        return witness_of(self.agent, self.side)


async def seen(app: App, agent: Agent, sighting: Sighting) -> Verdict:
    """Let what an agent saw happen to its trade; what does not fit is answered with its reason."""
    initiator = await _initiator(app, agent, sighting)
    decisions: list[Decision] = []
    try:
        async with app.db.transaction() as tx:
            view = await trades.lock(tx, sighting.trade_id)
            side = None if view is None else side_of(view, agent)
            if view is None or side is None:
                return Verdict(False, "There is no such trade of yours.")
            report = _Report(view, side, agent, sighting)
            fault = _fault(report, app.now()) or await ids_fault(tx, view, sighting.steam_tradeofferid)
            if fault is None and await is_overlong(tx, view.trade.id, side):
                fault = TOO_OFTEN
            if fault is not None:
                logger.info("sighting_refused", trade_id=view.trade.id, agent_id=agent.id, reason=fault)
                return Verdict(False, fault)
            verdict = await _take(tx, app, report, initiator, decisions)
    except UniqueViolationError:  # two trades were told the same Steam offer at the same moment
        return Verdict(False, ANOTHERS_OFFER)
    for decision in decisions:
        await trades.after(app, decision)
    return verdict


def side_of(view: TradeView, agent: Agent) -> Side | None:
    """Say on which side of a trade an agent's user stands, or None: then it is not his."""
    if view.trade.seller_id == agent.account_id:
        return "seller"
    return "buyer" if view.trade.buyer_steamid == agent.steamid else None


def identity_fault(view: TradeView, side: Side, partner: str, items: Sequence[SeenItem]) -> str | None:
    """Say why an offer is not this trade's: another partner, or other items (the fake-offer guard)."""
    if partner != (view.trade.buyer_steamid if side == "seller" else view.seller_steamid):
        return "The Steam offer is with another partner than the trade's."
    if [(each.appid, each.contextid, each.assetid) for each in items] != [
        (view.appid, view.contextid, view.assetid)
    ]:
        return "The Steam offer has other items than the trade's."
    return None


async def ids_fault(tx: Tx, view: TradeView, steam_tradeofferid: str | None) -> str | None:
    """Say why a Steam offer cannot be this trade's because of what is known of offers already."""
    if steam_tradeofferid is None:
        return None
    if view.trade.steam_tradeofferid not in (None, steam_tradeofferid):
        return "The trade has another Steam offer."
    other = await tx.value(
        "SELECT id FROM trade WHERE steam_tradeofferid = $1 AND id <> $2", steam_tradeofferid, view.trade.id
    )
    return None if other is None else ANOTHERS_OFFER


def _fault(report: _Report, now: datetime) -> str | None:
    trade, sighting = report.view.trade, report.sighting
    skew = timedelta(seconds=CLOCK_SKEW_SECONDS)
    known = trade.steam_tradeid
    faults = (
        (
            not trade.created_at - skew <= sighting.observed_at <= now + skew,
            "observed_at is not between the purchase and now: check the clock.",
        ),
        (
            sighting.message not in (None, message_of(trade.id)),
            "The Steam offer's message names another trade.",
        ),
        (
            sighting.axis == "offer" and sighting.steam_tradeofferid is None,
            "An offer was seen, so it has a steam_tradeofferid.",
        ),
        (
            sighting.axis == "history" and sighting.steam_tradeid is None,
            "An exchange was seen, so it has a steam_tradeid.",
        ),
        (
            None not in (known, sighting.steam_tradeid)
            and known not in (sighting.steam_tradeid, sighting.rollback_trade),
            "The trade has another exchange on Steam.",
        ),
    )
    return identity_fault(report.view, report.side, sighting.partner_steamid, sighting.items) or next(
        (sentence for is_so, sentence in faults if is_so), None
    )


async def _initiator(app: App, agent: Agent, sighting: Sighting) -> Side | None:
    """Ask Steam who reversed an exchange, before any transaction: it does not tell the agents either."""
    if not sighting.is_reversal:
        return None
    view = await trades.read(app.db, sighting.trade_id)
    if view is None or view.trade.seller_id != agent.account_id or view.trade.state not in DELIVERED:
        return None
    return await witness.initiator(app, view)


async def _take(
    tx: Tx, app: App, report: _Report, initiator: Side | None, decisions: list[Decision]
) -> Verdict:
    """Let happen what a sighting means, adding to the decisions; note one that means nothing."""
    if report.side == "buyer":
        events, reason = _buyers_events(report)
    else:
        names = await _names_first(tx, report)
        events, reason = _sellers_events(report, initiator, names=names), None
    if not events:
        if reason is None:
            await _note(tx, report, app.now())
        return Verdict(reason is None, reason)
    for event in events:
        decision = await trades.happened(
            tx,
            app.settings,
            report.view.trade.id,
            event,
            witness=report.witness,
            now=app.now(),
            detail=report.sighting.detail(),
        )
        if decision.refused is None:
            decisions.append(decision)
        else:
            reason = decision.refused
    # A claim that was taken stands, even if the settlement told with it does not fit yet: `reason` says so.
    return Verdict(bool(decisions), reason)


def _buyers_events(report: _Report) -> tuple[list[Event], str | None]:
    trade, sighting = report.view.trade, report.sighting
    if sighting.code != ACCEPTED or sighting.is_reversal:
        return [], "A buyer's program is believed about a delivery, and about nothing that ends a trade."
    if report.agent.account_id in (trade.payee_id, trade.seller_id):
        return [], "Who is paid for a trade cannot be the witness of its delivery."
    if trade.state is State.CANCELLED:
        # It would take the price from who pays once more, and he need not be who receives: the seller, who has
        # every reason to, tells of such an acceptance, and a look at the inventory settles it.
        return [], "The trade was cancelled: a delivery after that is the seller's to claim."
    if sighting.new_assetid is None:
        return [], "A delivery is believed with the item's new_assetid."
    if trade.new_assetid is None:
        return [Delivered(sighting.new_assetid)], None
    return [], None if trade.new_assetid == sighting.new_assetid else "The item has another new_assetid."


def _sellers_events(report: _Report, initiator: Side | None, *, names: bool) -> list[Event]:
    """Return what a seller's sighting means; nothing for a code that changes nothing or is unknown."""
    trade, sighting = report.view.trade, report.sighting
    offerid, code = sighting.steam_tradeofferid or trade.steam_tradeofferid, sighting.code
    offer = OfferSeen(code, offerid, sighting.steam_tradeid) if offerid and code in OFFER_CODES else None
    if sighting.is_reversal:
        # The word of who loses by it. The offer's own code comes second: alone it names no initiator.
        return [TakenBack(initiator), *([offer] if offer and sighting.axis == "offer" else [])]
    if code == ACCEPTED:
        # Told again with nothing new, it would only start the search for a witness once more.
        told = trade.claimed_at is not None and sighting.steam_tradeid in (None, trade.steam_tradeid)
        events: list[Event] = [offer] if offer and (names or not told) else []
        if sighting.time_settlement is not None and sighting.time_settlement != trade.protected_until:
            events.append(SettlementKnown(sighting.time_settlement))
        return events
    return [offer] if offer and sighting.axis == "offer" else []


async def _names_first(tx: Tx, report: _Report) -> bool:
    """Say whether a claimed acceptance is told again with what was not known of it: the item's new name."""
    trade, sighting = report.view.trade, report.sighting
    if sighting.new_assetid is None or trade.claimed_at is None or trade.accepted_at is not None:
        return False
    named: int = await tx.value(
        "SELECT count(*) FROM trade_event WHERE trade_id = $1 AND detail ? 'new_assetid'", trade.id
    )
    return not named


async def _note(tx: Tx, report: _Report, now: datetime) -> None:
    """Write a code that changes nothing into the time line, once."""
    trade, sighting = report.view.trade, report.sighting
    known = await tx.value(
        "SELECT count(*) FROM trade_event WHERE trade_id = $1 AND witness = $2 AND detail->>'axis' = $3"
        " AND detail->>'code' = $4",
        trade.id, report.witness, sighting.axis, str(sighting.code),
    )  # fmt: skip
    if not known:
        await tx.execute(
            "INSERT INTO trade_event (trade_id, no, event, from_state, to_state, witness, detail, at)"
            " SELECT $1, max(no) + 1, 'code_seen', $2, $2, $3, $4, $5 FROM trade_event WHERE trade_id = $1",
            trade.id, trade.state.value, report.witness, sighting.detail(), now,
        )  # fmt: skip


async def is_overlong(tx: Tx, trade_id: int, side: Side) -> bool:
    """Say whether one side's programs have told as much of a trade as they may; the other side is still heard."""
    told: int = await tx.value(
        "SELECT count(*) FROM trade_event WHERE trade_id = $1 AND starts_with(witness, $2)",
        trade_id, f"{side}_agent:",
    )  # fmt: skip
    return told >= EVENTS_MAX
