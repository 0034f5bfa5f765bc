"""Outlook: what a trade waits for and for how long, in the words of the APIs' `explanation` and of the pages alike.

What happened last is the trade's own sentence, written by the machine when it happened. How much time is left is not
in it, as that changes with every minute: it is added here, for the moment at which somebody looks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from tradepost.rules.trade import DELIVERED, Side, State

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NONE_LEFT = "a moment"  # what is left of a time that is over, until somebody has acted on it


class Standing(Protocol):
    """As much of a trade as its outlook depends on."""

    @property
    def state(self) -> State: ...
    @property
    def explanation(self) -> str: ...
    @property
    def cancel_reason(self) -> str | None: ...
    @property
    def claimed_at(self) -> datetime | None: ...
    @property
    def protected_until(self) -> datetime | None: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def disputed_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Awaited:
    """What has to happen until a moment, as a sentence around the time that is left."""

    before: str
    until: datetime
    after: str

    def said(self, now: datetime) -> str:
        """The sentence at a moment."""
        return f"{self.before}{left(self.until - now)}{self.after}"


# In which state who has until the deadline to do what.
_STEPS: dict[State, tuple[str, str]] = {
    State.CREATED: ("The seller's program has ", " left to send it."),
    State.SENDING: ("The seller's program has ", " left to send it."),
    State.NEEDS_CONFIRMATION: ("The seller has ", " left to confirm it."),
    State.SENT: ("The buyer has ", " left to accept it."),
}


def awaited(trade: Standing) -> Awaited | None:
    """What a trade waits for, where a clock runs for it."""
    if trade.disputed_at is not None:
        return None
    if trade.state in DELIVERED:
        if trade.protected_until is None:
            return None
        return Awaited("Steam's protection ends in ", trade.protected_until, ".")
    if trade.due_at is None or trade.claimed_at is not None or trade.state not in _STEPS:
        return None  # whoever looks for a witness has no deadline that he could miss
    if trade.cancel_reason is not None:
        return Awaited("If nobody can tell what became of it, an operator is asked in ", trade.due_at, ".")
    before, after = _STEPS[trade.state]
    return Awaited(before, trade.due_at, after)


def is_looked_after(trade: Standing, now: datetime) -> bool:
    """Whether Steam's protection is over, and one more look at the item is all that is missing."""
    return (
        trade.state is State.PROTECTED
        and trade.disputed_at is None
        and trade.protected_until is not None
        and now >= trade.protected_until
    )


def explained(trade: Standing, now: datetime) -> str:
    """Where a trade stands, in sentences: what happened last, and how long it may take until the next."""
    if is_looked_after(trade, now):
        return f"{trade.explanation} The protection is over: the item is looked at once more."
    found = awaited(trade)
    return trade.explanation if found is None else f"{trade.explanation} {found.said(now)}"


def left(span: timedelta) -> str:
    """A span of time as people say it: a minute that has begun counts whole."""
    if span <= timedelta(0):
        return NONE_LEFT
    minutes = -(-span // MINUTE)
    if minutes < 60:  # noqa: PLR2004 - an hour's
        return _counted(minutes, "minute")
    if span < 2 * DAY:
        hours, rest = divmod(minutes, 60)
        return _joined(_counted(hours, "hour"), rest, "minute")
    days, hours = divmod(-(-span // HOUR), 24)
    return _joined(_counted(days, "day"), hours, "hour")


def _joined(first: str, count: int, word: str) -> str:
    return f"{first} and {_counted(count, word)}" if count else first


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


# What to do --------------------------------------------------------------------------------------------------

# Who receives the item, who pays for somebody else to receive it, who sends it or is paid.
Part = Literal["buyer", "payer", "seller"]


class Doable(Standing, Protocol):
    """As much of a trade as decides what its sides can do."""

    @property
    def causer(self) -> Side | None: ...


def to_do(trade: Doable, part: Part, now: datetime) -> str:
    """What one side of a trade can do now, in a sentence or two; and if it is nothing, that it is nothing."""
    if trade.disputed_at is not None:
        return _DISPUTED[part]
    if trade.state is State.CANCELLED:
        return _CANCELLED[part, trade.causer]
    if trade.state is State.SENT and trade.claimed_at is not None:
        return _CLAIMED[part]
    if trade.cancel_reason is not None:
        return "Nothing: as soon as it is certain that the Steam offer is dead, the buyer has his money back."
    if is_looked_after(trade, now):
        return _OVER[part]
    return _TO_DO[trade.state][part]


_BUYER_WAITS = "Nothing yet. The price is held in your wallet, and comes back whole if the item is not sent."
_REVERSED = "Nothing: the item and the money are back where they were."
_WRONG = " If something is wrong with it, say so before Steam's protection ends."
_TO_DO: dict[State, dict[Part, str]] = {
    State.CREATED: {
        "buyer": _BUYER_WAITS,
        "payer": _BUYER_WAITS,
        "seller": "See that your program is running and signed in to Steam: it sends the offer by itself.",
    },
    State.SENDING: {
        "buyer": _BUYER_WAITS,
        "payer": _BUYER_WAITS,
        "seller": "Nothing: your program is sending the offer. Let it run.",
    },
    State.NEEDS_CONFIRMATION: {
        "buyer": "Nothing yet: the seller has to confirm the offer first.",
        "payer": "Nothing yet: the seller has to confirm the offer first.",
        "seller": "Open the Steam app on your phone, and confirm the trade offer there.",
    },
    State.SENT: {
        "buyer": "Accept the trade offer on Steam. It gives you this item and asks for nothing of yours: decline any other.",
        "payer": "Your customer has to accept the trade offer on Steam: tell him that it is there.",
        "seller": "Nothing: the buyer has to accept. If you cancel the offer on Steam, it counts as your fault.",
    },
    State.ACCEPTED: {  # also of games that Steam does not protect
        "buyer": "Look whether the item is the one that you bought.",
        "payer": "Nothing, as long as your customer is content.",
        "seller": "Nothing. Leave the exchange as it is: whoever reverses it on Steam is banned here.",
    },
    State.PROTECTED: {
        "buyer": f"Look whether the item is the one that you bought.{_WRONG}",
        "payer": f"Nothing, as long as your customer is content.{_WRONG}",
        "seller": "Nothing: when the protection ends you are paid. Whoever reverses the exchange on Steam is banned here.",
    },
    State.FINISHED: {
        "buyer": "Nothing: the item is yours.",
        "payer": "Nothing: the item is your customer's.",
        "seller": "Nothing: it is paid.",
    },
    State.REVERSED: {"buyer": _REVERSED, "payer": _REVERSED, "seller": _REVERSED},
}
_DISPUTED: dict[Part, str] = {
    "buyer": "Nothing: an operator reads what you wrote, and you are told how he decides. Keep the item.",
    "payer": "Nothing: an operator reads what you wrote, and you are told how he decides.",
    "seller": "Nothing: an operator looks at the trade, and you are told how he decides.",
}
_CLAIMED: dict[Part, str] = {
    "buyer": "If the item has arrived, make your Steam inventory public for a moment, or confirm it here.",
    "payer": "If your customer has the item, his Steam inventory should be public for a moment; or confirm it here.",
    "seller": "Nothing: the market looks for the item in the buyer's public inventory, and takes nobody's bare word who is paid.",
}
_OVER: dict[Part, str] = {
    "buyer": "Keep your Steam inventory public until the market has seen the item there; then the seller is paid.",
    "payer": "Your customer's Steam inventory should be public until the market has seen the item there.",
    "seller": "Nothing: as soon as the market has seen the item with the buyer you are paid.",
}
_FAULT = "Nothing: your money is back in your wallet."
_CANCELLED: dict[tuple[Part, Side | None], str] = {
    ("buyer", "buyer"): f"{_FAULT} Several trades that end so within a day, and you cannot buy for a while.",
    ("buyer", "seller"): f"{_FAULT} Others sell the same item.",
    ("buyer", None): _FAULT,
    (
        "payer",
        "buyer",
    ): f"{_FAULT} Several trades that end so within a day, and nothing can be bought for this customer for a while.",
    ("payer", "seller"): f"{_FAULT} Others sell the same item.",
    ("payer", None): _FAULT,
    ("seller", "seller"): "The item is off sale. Put it on sale again when your program is running.",
    (
        "seller",
        "buyer",
    ): "Nothing: the item went back on sale at the same price. Your offers say how it stands.",
    ("seller", None): "Nothing: the item went back on sale at the same price. Your offers say how it stands.",
}
