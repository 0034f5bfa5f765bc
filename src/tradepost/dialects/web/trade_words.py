"""The words of the pages of trades that no API has: how a trade is called by its state, and what its money did."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tradepost.dialects.web.desk import usd
from tradepost.market.own_trades import Line, Moved, OwnTrade
from tradepost.rules import outlook, timeline
from tradepost.rules.outlook import Awaited, Part
from tradepost.rules.trade import State, Trade

# How a trade stands, in words and in the colour of its tag.
STATES: Mapping[State, tuple[str, str]] = {
    State.CREATED: ("to be sent", "wait"),
    State.SENDING: ("being sent", "far"),
    State.NEEDS_CONFIRMATION: ("to be confirmed", "wait"),
    State.SENT: ("offered on Steam", "far"),
    State.ACCEPTED: ("accepted", "far"),
    State.PROTECTED: ("protected", "far"),
    State.FINISHED: ("done", "good"),
    State.CANCELLED: ("cancelled", ""),
    State.REVERSED: ("reversed", "bad"),
}
STEPS: Mapping[State, int] = {
    State.CREATED: 1,
    State.SENDING: 1,
    State.NEEDS_CONFIRMATION: 2,
    State.SENT: 2,
    State.ACCEPTED: 3,
    State.PROTECTED: 4,
    State.FINISHED: 5,
}
STEP_NAMES = ("Bought", "Offered on Steam", "Accepted", "Protected", "Paid")
# What a transfer of a trade means for whom it moves something.
_MONEY: Mapping[str, str] = {
    "held": "The price was set aside from your wallet.",
    "refunded": "The price came back to your wallet.",
    "finished": "What was set aside was paid to the seller.",
    "advanced": "You were credited early, at the acceptance.",
}


def tag(trade: Trade) -> tuple[str, str]:
    """How a trade stands, and the class of its tag."""
    return ("disputed", "wait") if trade.disputed_at is not None else STATES[trade.state]


def part(one: OwnTrade, account_id: int) -> Part:
    """Which side of a trade somebody is on; of one with himself, the one that waits for the item."""
    if one.trade.buyer_id != account_id:
        return "seller"
    return "buyer" if one.is_owner_receiver else "payer"


def awaited(one: OwnTrade, account_id: int) -> Awaited | None:
    """What a trade waits for, said to somebody who is on one of its sides: what he has to do himself is his."""
    found = outlook.awaited(one.trade)
    if found is None:
        return None
    words = [("The buyer has ", "You have ")] if part(one, account_id) == "buyer" else []
    if one.trade.seller_id == account_id:
        words += [("The seller's program has ", "Your program has "), ("The seller has ", "You have ")]
    return replace(found, before=dict(words).get(found.before, found.before))


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the time line, as it is shown; lines that say the same one after another are one."""

    text: str
    whose: str
    at: datetime
    times: int = 1


def steps(lines: list[Line]) -> list[Step]:
    """A time line in words, the newest first."""
    made: list[Step] = []
    for line in lines:
        text = timeline.what(line.event, line.from_state, line.to_state, line.detail)
        whose = timeline.whose(line.witness)
        if made and (made[-1].text, made[-1].whose) == (text, whose):
            made[-1] = Step(text, whose, line.at, made[-1].times + 1)
        else:
            made.append(Step(text, whose, line.at))
    return made[::-1]


@dataclass(frozen=True, slots=True)
class Paid:
    """What became of somebody's money at one moment."""

    text: str
    cents: int | None  # of what can be spent; none where only what was set aside goes its way
    at: datetime


def paid(one: OwnTrade, moved: list[Moved], side: Part) -> list[Paid]:
    """What a trade did to the money of one of its sides, in words."""
    return [Paid(_money(one, each, side), _cents(each), each.at) for each in moved]


def _money(one: OwnTrade, moved: Moved, side: Part) -> str:
    if moved.kind == "finished" and moved.spendable_cents > 0:
        return f"You were paid: {usd(one.trade.price_cents)} less the fee of {usd(one.trade.fee_cents)}."
    if moved.kind == "refunded" and moved.reserve_cents:
        return "What you were credited with early was taken out of your reserve."
    if moved.kind == "held" and side == "seller":
        return "The price was set aside."
    return _MONEY.get(moved.kind, "Corrected by an operator.")


def _cents(moved: Moved) -> int | None:
    return moved.spendable_cents or moved.reserve_cents or None
