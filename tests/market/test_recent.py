"""What is remembered for a moment, and what never is."""

import asyncio
from types import SimpleNamespace
from typing import Any

from market.floor import HandClock
from tradepost.market.recent import Recent


class Asked:
    """A question that counts how often it was asked, and is answered when the test lets it."""

    def __init__(self) -> None:
        self.count = 0
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None

    async def __call__(self) -> int:
        self.count += 1
        number = self.count
        await self.open.wait()
        if self.failure:
            raise self.failure
        return number


class Database:
    """Stands for a database: an object that answers can belong to."""


def an_app() -> Any:
    clock = HandClock()
    return SimpleNamespace(db=Database(), clock=clock, real_now=clock.real_now)


async def test_an_answer_is_used_for_its_moment_and_not_longer() -> None:
    app, ask, recent = an_app(), Asked(), Recent[str, int](0.5, 10)
    assert [await recent.get(app, "a", ask) for _ in range(3)] == [1, 1, 1]
    app.clock.tick(0.499)
    assert await recent.get(app, "a", ask) == 1
    app.clock.tick(0.001)
    assert await recent.get(app, "a", ask) == 2


async def test_its_age_counts_from_the_question_not_from_the_answer() -> None:
    app, ask, recent = an_app(), Asked(), Recent[str, int](0.5, 10)
    ask.open.clear()
    slow = asyncio.create_task(recent.get(app, "a", ask))
    await asyncio.sleep(0)
    app.clock.tick(0.5)
    ask.open.set()
    assert await slow == 1
    assert await recent.get(app, "a", ask) == 2


async def test_an_answer_that_is_renewed_in_time_keeps_nobody_waiting() -> None:
    app, ask, recent = an_app(), Asked(), Recent[str, int](0.5, 10)
    await recent.get(app, "a", ask)
    await recent.renew(app, "a", ask)  # in the first half of its life it is young enough
    assert ask.count == 1
    app.clock.tick(0.3)
    ask.open.clear()
    renewals = [asyncio.create_task(recent.renew(app, "a", ask)) for _ in range(3)]
    await asyncio.sleep(0)
    assert await recent.get(app, "a", ask) == 1  # the old one, meanwhile
    ask.open.set()
    await asyncio.gather(*renewals)
    assert ask.count == 2
    app.clock.tick(0.4)
    found = recent.known(app, "a")
    assert found is not None and found[0] == 2  # its age counts from its own question
    app.clock.tick(0.1)
    assert recent.known(app, "a") is None


async def test_a_renewal_that_fails_leaves_the_old_answer_to_its_end() -> None:
    app, ask, recent = an_app(), Asked(), Recent[str, int](0.5, 10)
    await recent.get(app, "a", ask)
    app.clock.tick(0.3)
    ask.failure = ValueError("refused")
    await recent.renew(app, "a", ask)
    found = recent.known(app, "a")
    assert found is not None and found[0] == 1
    app.clock.tick(0.2)
    assert recent.known(app, "a") is None


async def test_a_clock_set_back_does_not_make_an_answer_live_longer() -> None:
    app, ask, recent = an_app(), Asked(), Recent[str, int](0.5, 10)
    await recent.get(app, "a", ask)
    app.clock.tick(-3600)
    assert await recent.get(app, "a", ask) == 2


async def test_what_many_wait_for_is_asked_once() -> None:
    app, ask, recent = an_app(), Asked(), Recent[str, int](0.5, 10)
    ask.open.clear()
    waiting = [asyncio.create_task(recent.get(app, "a", ask)) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # one who gives up takes nothing from the others
    ask.open.set()
    assert await asyncio.gather(*waiting[1:]) == [1] * 49


async def test_a_failure_is_told_to_all_who_wait_and_never_kept() -> None:
    app, ask, recent = an_app(), Asked(), Recent[str, int](0.5, 10)
    ask.failure = LookupError("no")
    told = await asyncio.gather(*(recent.get(app, "a", ask) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [LookupError] * 3
    assert ask.count == 1
    ask.failure = None
    assert await recent.get(app, "a", ask) == 2


async def test_the_oldest_is_forgotten_first_when_there_are_too_many() -> None:
    app, ask, recent = an_app(), Asked(), Recent[int, int](60, 3)
    for key in (1, 2, 3, 4):
        await recent.get(app, key, ask)
    assert [await recent.get(app, key, ask) for key in (2, 3, 4)] == [2, 3, 4]
    assert await recent.get(app, 1, ask) == 5


async def test_one_databases_answer_is_never_anothers() -> None:
    here, there, ask, recent = an_app(), an_app(), Asked(), Recent[str, int](60, 3)
    assert await recent.get(here, "a", ask) == 1
    assert await recent.get(there, "a", ask) == 2
