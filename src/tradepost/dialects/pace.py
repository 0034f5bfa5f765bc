"""How often somebody may call: each token in all and by kind of call, and each address with what is wrong.

For links it is the merchant who is counted, as he has shown by his signature who he is.

Each process counts for itself. Whoever has not called for longest is forgotten first, so that no crowd of callers
fills the memory.
"""

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from tradepost.config import Settings
from tradepost.rules.client_address import neighbours
from tradepost.rules.refusals import TooManyRequests

PACED_MAX = 10_000  # callers whose pace is remembered

Kind = Literal["read", "sell", "buy", "steam", "stream"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86_400
_SECOND_MICROSECONDS = 1_000_000
_MINUTE_MICROSECONDS = 60 * _SECOND_MICROSECONDS


class Allowance(NamedTuple):
    """What is left of a limit, after how many seconds it is whole again, and how long one too many has to wait."""

    limit: int
    remaining: int
    full_seconds: int
    wait_seconds: int


class Pace:
    """How often each caller may call: so many times a minute, all at once if he likes, then evenly.

    One moment is kept a caller: until when what he was allowed is used up. It is counted in microseconds divided by
    the limit, so a call costs a whole number however odd the limit is.
    """

    def __init__(self, per_minute: int, callers_max: int = PACED_MAX) -> None:
        self._limit = per_minute
        self._whole = _MINUTE_MICROSECONDS * per_minute
        self._callers_max = callers_max
        self._used_until: dict[Hashable, int] = {}

    def count(self, caller: Hashable, now: datetime) -> None:
        """Count one call; raises TooManyRequests, saying when to come back, for one too many."""
        if wait_seconds := self.look(caller, now).wait_seconds:
            raise TooManyRequests(wait_seconds)
        self.take(caller, now)

    def look(self, caller: Hashable, now: datetime) -> Allowance:
        """What a caller has left."""
        return self._allowance(self._ahead(caller, self._ticks(now)))

    def take(self, caller: Hashable, now: datetime) -> Allowance:
        """Count a call that is allowed, and return what is left after it."""
        ticks = self._ticks(now)
        ahead = self._ahead(caller, ticks) + _MINUTE_MICROSECONDS
        self._used_until.pop(caller, None)  # to the end: the first is always who has not called for longest
        self._used_until[caller] = ticks + ahead
        if len(self._used_until) > self._callers_max:
            del self._used_until[next(iter(self._used_until))]
        return self._allowance(ahead)

    def _ticks(self, now: datetime) -> int:
        since = now - _EPOCH
        seconds = since.days * _DAY_SECONDS + since.seconds
        return (seconds * _SECOND_MICROSECONDS + since.microseconds) * self._limit

    def _ahead(self, caller: Hashable, ticks: int) -> int:
        # Nobody is ahead by more than the whole, unless the clock was set back.
        return min(max(0, self._used_until.get(caller, 0) - ticks), self._whole)

    def _allowance(self, ahead: int) -> Allowance:
        left, second = self._whole - ahead, _SECOND_MICROSECONDS * self._limit
        return Allowance(
            limit=self._limit,
            remaining=left // _MINUTE_MICROSECONDS,
            full_seconds=-(-ahead // second),
            wait_seconds=max(0, -((left - _MINUTE_MICROSECONDS) // second)),
        )


def limits(settings: Settings) -> dict[Kind | Literal["all"], int]:
    """How many calls of each kind a token may make a minute, and how many in all."""
    return {
        "all": settings.requests_per_minute,
        "read": settings.reads_per_minute,
        "sell": settings.sells_per_minute,
        "buy": settings.buys_per_minute,
        "steam": settings.steam_calls_per_minute,
        "stream": settings.streams_per_minute,
    }


class Paces:
    """All limits of the merchants' APIs in this process; v1 and v2 share them, as it is the token that calls."""

    def __init__(self, settings: Settings) -> None:
        self._limits = {kind: Pace(per_minute) for kind, per_minute in limits(settings).items()}
        self._wrong = Pace(settings.wrong_tokens_per_minute)

    def count(self, caller: Hashable, kind: Kind, now: datetime) -> tuple[Allowance, bool]:
        """Count a call; return what is left of the tighter of its caller's two limits, and whether it was too many.

        The caller is a token's id, or for links what stands for the merchant. A call too many is counted by neither limit.
        """
        both = (self._limits["all"], self._limits[kind])
        full = [seen for limit in both if (seen := limit.look(caller, now)).wait_seconds]
        if full:
            return max(full, key=lambda one: one.wait_seconds), True
        return min((limit.take(caller, now) for limit in both), key=_tightness), False

    def wrong(self, address: str, now: datetime) -> None:
        """Count a wrong token or signature from an address; raises TooManyRequests where there were too many.

        Only wrong ones are refused so: who shares an address with a guesser, and has a right one, is let in.
        """
        self._wrong.count(neighbours(address), now)


def _tightness(left: Allowance) -> tuple[int, int]:
    return left.remaining, -left.full_seconds
