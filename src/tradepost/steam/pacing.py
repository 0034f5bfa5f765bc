"""How often Steam may be asked: limits with names, a pace for each host, a memory of recent answers."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from tradepost.steam.answers import RateLimited

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Limits:
    """What we allow ourselves towards Steam, and what we take from it; each host has its own share."""

    total_seconds: float = 20.0  # one question, its whole answer included
    connect_seconds: float = 5.0
    body_bytes_max: int = 16 * 2**20  # 2,000 items with all their properties are about a third of it
    concurrency: int = 4
    questions_per_second: float = 4.0
    burst: int = 20
    queue_seconds_max: float = 10.0  # a question that would wait longer for its turn is refused instead
    back_off_seconds: int = 30  # after the first 429 without Retry-After, doubling
    back_off_seconds_max: int = 1_800
    inventory_pages_max: int = 30  # of one context
    inventory_ttl_seconds: int = 60
    inventory_items_cached_max: int = 100_000
    profile_ttl_seconds: int = 300
    profiles_cached_max: int = 10_000


class Pace:
    """One host's pace: so many questions at once, so many a second, none while it says that it has enough."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._places = asyncio.Semaphore(limits.concurrency)
        self._turn_at = -math.inf  # when the next question is due if all come evenly
        self._silent_until = -math.inf
        self._refusals = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[RateLimited | None]:
        """Wait for a turn to ask and hold it; or be told at once that there is none."""
        refusal = self._refusal() or await self._queue()
        if refusal:
            yield refusal
            return
        async with self._places:
            yield self._refusal()  # the host may have had enough while we waited

    def answered(self) -> None:
        """The host gave an answer, so it is no longer annoyed."""
        self._refusals = 0

    def refused(self, retry_after_seconds: int | None) -> RateLimited:
        """The host answered 429: be silent for as long as it says, or for longer each time."""
        most = self._limits.back_off_seconds_max
        self._refusals = min(self._refusals + 1, most.bit_length())  # the exponent needs no more
        if retry_after_seconds is None:
            retry_after_seconds = self._limits.back_off_seconds * 2 ** (self._refusals - 1)
        seconds = max(1, min(retry_after_seconds, most))
        self._silent_until = max(self._silent_until, self._monotonic() + seconds)
        return RateLimited(seconds)

    def _refusal(self) -> RateLimited | None:
        left_seconds = self._silent_until - self._monotonic()
        return RateLimited(math.ceil(left_seconds)) if left_seconds > 0 else None

    async def _queue(self) -> RateLimited | None:
        now = self._monotonic()
        interval_seconds = 1 / self._limits.questions_per_second
        turn_at = max(self._turn_at, now - interval_seconds * self._limits.burst) + interval_seconds
        wait_seconds = turn_at - now
        if wait_seconds > self._limits.queue_seconds_max:
            return RateLimited(math.ceil(wait_seconds))
        self._turn_at = turn_at
        if wait_seconds > 0:
            await asyncio.sleep(wait_seconds)
        return None


class Memory(Generic[_K, _V]):
    """Answers remembered for a while; the oldest are forgotten first when they weigh too much together."""

    def __init__(self, ttl_seconds: int, weight_max: int, now: Callable[[], int]) -> None:
        self._ttl_seconds = ttl_seconds
        self._weight_max = weight_max
        self._now = now
        self._weight = 0
        self._entries: OrderedDict[_K, tuple[int, int, _V]] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        """What is remembered under this key and still fresh."""
        entry = self._entries.get(key)
        return entry[2] if entry and self._now() < entry[0] else None

    def put(self, key: _K, value: _V, weight: int = 1) -> None:
        """Remember a value in place of the one before; nothing heavier than all memory is remembered."""
        self.forget(key)
        if weight > self._weight_max:
            return
        self._entries[key] = (self._now() + self._ttl_seconds, weight, value)
        self._weight += weight
        while self._weight > self._weight_max:
            self._weight -= self._entries.popitem(last=False)[1][1]

    def forget(self, key: _K) -> None:
        """Drop what is remembered under this key."""
        entry = self._entries.pop(key, None)
        self._weight -= entry[1] if entry else 0
