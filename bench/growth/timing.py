"""Timing a question often enough that one disturbance does not decide."""

import time
from collections.abc import Awaitable, Callable

from bench.growth.points import Cost, cost

ROUNDS = 21
ROUND_SECONDS = 0.02  # so long a question is asked again and again for one measurement of it
ALL_SECONDS = 4.0  # after which the rounds are enough, of a question that takes long


def call(ask: Callable[[], object]) -> Cost:
    """Return the microseconds of one call."""
    ask()  # what the first one makes is there for the others
    measured: list[float] = []
    end = time.perf_counter() + ALL_SECONDS
    while len(measured) < ROUNDS and (not measured or time.perf_counter() < end):
        begun, calls = time.perf_counter(), 0
        while not calls or time.perf_counter() - begun < ROUND_SECONDS:
            ask()
            calls += 1
        measured.append((time.perf_counter() - begun) / calls * 1e6)
    return cost(measured)


async def wait(ask: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> Cost:
    """Return the microseconds that one answer is waited for."""
    await ask()  # the first prepares its statements
    measured: list[float] = []
    end = time.perf_counter() + ALL_SECONDS
    while len(measured) < rounds and (not measured or time.perf_counter() < end):
        begun = time.perf_counter()
        await ask()
        measured.append((time.perf_counter() - begun) * 1e6)
    return cost(measured)
