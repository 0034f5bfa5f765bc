"""Waiting within a time, for what is most often there already: a clock is set for those alone who have to wait."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what a coroutine returns, or None where it takes longer; one that has to wait for nothing sets no clock."""
    try:
        awaited = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    try:
        async with asyncio.timeout(seconds):
            return await _Rest(work, awaited)
    except TimeoutError:
        return None


class _Rest(Generic[T]):
    """The rest of a coroutine that was begun: what it awaits is awaited in its place, and it goes on with what came of it."""

    def __init__(self, work: Coroutine[Any, Any, T], awaited: Any) -> None:
        self._work, self._awaited = work, awaited

    def __await__(self) -> Generator[Any, Any, T]:
        work, awaited = self._work, self._awaited
        try:
            while True:
                try:
                    sent = yield awaited
                except GeneratorExit:
                    work.close()
                    raise
                except BaseException as error:
                    awaited = work.throw(error)
                else:
                    awaited = work.send(sent)
        except StopIteration as done:
            result: T = done.value
            return result
