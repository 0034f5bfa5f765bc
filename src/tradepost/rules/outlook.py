"""Outlook: what a trade waits for and for how long, in the words of the APIs' `explanation` and of the pages alike.

What happened last is the trade's own sentence, written by the machine when it happened. How much time is left is not
in it, as that changes with every minute: it is added here, for the moment at which somebody looks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tradepost.rules.trade import DELIVERED, State

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
