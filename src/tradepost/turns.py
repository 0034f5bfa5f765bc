"""Turns: thousands of rows are made into something a few at a time, as one loop answers everybody."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

ROWS_AT_ONCE = 256  # a few milliseconds of the slowest that is made of a row

T = TypeVar("T")
R = TypeVar("R")


async def in_turns(rows: Sequence[T], make: Callable[[T], R]) -> list[R]:
    """Make something of each row; others have their turn after each few."""
    made: list[R] = []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        made += map(make, rows[start : start + ROWS_AT_ONCE])
    return made
