"""Waiting within a time: what comes in time is returned, what does not is given up and cleans up after itself."""

import asyncio

import pytest

from tradepost.within import within


async def test_what_is_there_already_is_returned_without_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    async def there() -> int:
        return 7

    monkeypatch.delattr(asyncio, "timeout")
    assert await within(1.0, there()) == 7


async def test_what_comes_in_time_is_returned() -> None:
    first, second = asyncio.Event(), asyncio.Event()

    async def answers() -> str:
        await first.wait()
        first.clear()
        await second.wait()
        await asyncio.sleep(0)
        return "in time"

    waiting = asyncio.create_task(within(60.0, answers()))
    await asyncio.sleep(0)
    first.set()
    await asyncio.sleep(0)
    assert not waiting.done()
    second.set()
    assert await waiting == "in time"


async def test_what_comes_too_late_is_given_up_and_cleans_up() -> None:
    ended: list[str] = []

    async def never() -> bool:
        try:
            return await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    assert await within(0.0, never()) is None
    assert ended == ["cleaned up"]


@pytest.mark.parametrize("first_waits", [False, True])
async def test_what_goes_wrong_is_raised(first_waits: bool) -> None:
    async def fails() -> None:
        if first_waits:
            await asyncio.sleep(0)
        raise LookupError("nothing there")

    with pytest.raises(LookupError):
        await within(60.0, fails())


async def test_who_is_cancelled_cancels_what_he_waits_for() -> None:
    ended: list[type[BaseException]] = []

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            ended.append(type(error))
            raise

    waiting = asyncio.create_task(within(60.0, never()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == [asyncio.CancelledError]
