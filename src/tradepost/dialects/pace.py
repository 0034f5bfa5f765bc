"""How often somebody may call: each token in all and by kind of call, and each address with what is wrong.

For links it is the merchant who is counted, as he has shown by his signature who he is.

Each process counts for itself. Whoever has not called for longest is forgotten first, so that no crowd of callers
fills the memory.
"""

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from tradepost.config import Settings
from tradepost.rules.client_address import neighbours
from tradepost.rules.refusals import TooManyRequests

PACED_MAX = 10_000  # callers whose pace is remembered

Kind = Literal["read", "sell", "buy", "steam", "stream"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86_400
_SECOND_MICROSECONDS = 1_000_000
_MINUTE_MICROSECONDS = 60 * _SECOND_MICROSECONDS


class Allowance(msgspec.Struct, frozen=True, gc=False):
    """What is left of a limit, after how many seconds it is whole again, and how long one too many has to wait."""

    limit: int
    remaining: int
    full_seconds: int
    wait_seconds: int


def microseconds(now: datetime) -> int:
    """A moment as microseconds since 1970."""
    since = now - _EPOCH
    return (since.days * _DAY_SECONDS + since.seconds) * _SECOND_MICROSECONDS + since.microseconds


class Pace:
    """How often each caller may call: so many times a minute, all at once if he likes, then evenly.

    One moment is kept a caller: until when what he was allowed is used up. It is counted in microseconds divided by
    the limit, so a call costs a whole number however odd the limit is.
    """

    def __init__(self, per_minute: int, callers_max: int = PACED_MAX) -> None:
        self.limit = per_minute
        self.whole = _MINUTE_MICROSECONDS * per_minute  # further than this nobody may be ahead
        self._second = _SECOND_MICROSECONDS * per_minute
        self._callers_max = callers_max
        self._used_until: dict[Hashable, int] = {}

    def count(self, caller: Hashable, now: datetime) -> None:
        """Count one call; raises TooManyRequests, saying when to come back, for one too many."""
        if wait_seconds := self.look(caller, now).wait_seconds:
            raise TooManyRequests(wait_seconds)
        self.take(caller, now)

    def look(self, caller: Hashable, now: datetime) -> Allowance:
        """What a caller has left."""
        return self.allowance(self.ahead(caller, microseconds(now)))

    def take(self, caller: Hashable, now: datetime) -> Allowance:
        """Count a call that is allowed, and return what is left after it."""
        at = microseconds(now)
        ahead = self.ahead(caller, at) + _MINUTE_MICROSECONDS
        self.put(caller, at, ahead)
        return self.allowance(ahead)

    def ahead(self, caller: Hashable, at: int) -> int:
        """How far a caller is ahead of the even stream at a moment, in its microseconds times the limit."""
        ahead = self._used_until.get(caller, 0) - at * self.limit
        if ahead <= 0:
            return 0
        # Nobody is ahead by more than the whole, unless the clock was set back.
        return ahead if ahead < self.whole else self.whole

    def put(self, caller: Hashable, at: int, ahead: int) -> None:
        """Remember how far a caller is ahead at a moment."""
        used_until = self._used_until
        used_until.pop(caller, None)  # to the end: the first is always who has not called for longest
        used_until[caller] = at * self.limit + ahead
        if len(used_until) > self._callers_max:
            del used_until[next(iter(used_until))]

    def allowance(self, ahead: int) -> Allowance:
        """What somebody has left who is so far ahead."""
        left, second = self.whole - ahead, self._second
        wait = 0 if left >= _MINUTE_MICROSECONDS else -((left - _MINUTE_MICROSECONDS) // second)
        return Allowance(self.limit, left // _MINUTE_MICROSECONDS, -(-ahead // second), wait)


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
        left = self.let(caller, kind, microseconds(now))
        if left is not None:
            return left, False
        both = (self._limits["all"].look(caller, now), self._limits[kind].look(caller, now))
        return max(both, key=lambda one: one.wait_seconds), True

    def let(self, caller: Hashable, kind: Kind, at: int) -> Allowance | None:
        """Count a call at a moment in microseconds, and return what is left; None, and nothing counted, for one too many.

        Every read asks this, so it makes one allowance and no moment.
        """
        every, own = self._limits["all"], self._limits[kind]
        every_ahead = every.ahead(caller, at) + _MINUTE_MICROSECONDS
        own_ahead = own.ahead(caller, at) + _MINUTE_MICROSECONDS
        if every_ahead > every.whole or own_ahead > own.whole:
            return None
        every.put(caller, at, every_ahead)
        own.put(caller, at, own_ahead)
        if every.limit == own.limit:  # then who has less left is who is further ahead
            return own.allowance(own_ahead if own_ahead > every_ahead else every_ahead)
        return min(every.allowance(every_ahead), own.allowance(own_ahead), key=_tightness)

    def wrong(self, address: str, now: datetime) -> None:
        """Count a wrong token or signature from an address; raises TooManyRequests where there were too many.

        Only wrong ones are refused so: who shares an address with a guesser, and has a right one, is let in.
        """
        self._wrong.count(neighbours(address), now)


def _tightness(left: Allowance) -> tuple[int, int]:
    return left.remaining, -left.full_seconds
