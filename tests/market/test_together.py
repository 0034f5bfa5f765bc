"""What is asked at one moment is one question, and never an older one."""

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tradepost.db import DatabaseBusy
from tradepost.market.together import Together


class Database:
    """Stands for a database that knows words of three letters, and answers when the test lets it."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None


async def lengths(app: Any, words: Sequence[str]) -> Mapping[str, str]:
    app.db.asked.append(list(words))
    answer = {word: f"{word} {len(app.db.asked)}" for word in words if len(word) == 3}
    await app.db.open.wait()
    if app.db.failure:
        raise app.db.failure
    return answer


def an_app() -> Any:
    return SimpleNamespace(db=Database())


async def test_what_many_ask_at_one_moment_is_asked_once_and_each_hears_of_his_own() -> None:
    app, together = an_app(), Together(lengths)
    assert await asyncio.gather(*(together.get(app, word) for word in ("one", "two", "three"))) == [
        "one 1", "two 1", None,
    ]  # fmt: skip
    assert app.db.asked == [["one", "two", "three"]]


async def test_nobody_is_told_what_was_asked_before_he_came() -> None:
    app, together = an_app(), Together(lengths)
    app.db.open.clear()
    early = asyncio.create_task(together.get(app, "one"))
    for _ in range(3):
        await asyncio.sleep(0)
    late = asyncio.create_task(together.get(app, "one"))
    await asyncio.sleep(0)
    app.db.open.set()
    assert [await early, await late] == ["one 1", "one 2"]


async def test_each_database_is_asked_by_itself() -> None:
    first, second, together = an_app(), an_app(), Together(lengths)
    told = await asyncio.gather(together.get(first, "one"), together.get(second, "two"))
    assert list(told) == ["one 1", "two 1"]
    assert [first.db.asked, second.db.asked] == [[["one"]], [["two"]]]


async def test_a_failure_is_everybodys_and_is_over_with_the_question() -> None:
    app, together = an_app(), Together(lengths)
    app.db.failure = DatabaseBusy("all connections are in use")
    told = await asyncio.gather(*(together.get(app, word) for word in ("one", "two")), return_exceptions=True)
    assert [type(one) for one in told] == [DatabaseBusy, DatabaseBusy]
    app.db.failure = None
    assert await together.get(app, "one") == "one 2"


async def test_one_who_stops_waiting_takes_the_answer_from_nobody() -> None:
    app, together = an_app(), Together(lengths)
    app.db.open.clear()
    first, second = (asyncio.create_task(together.get(app, word)) for word in ("one", "two"))
    for _ in range(3):
        await asyncio.sleep(0)
    first.cancel()
    app.db.open.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == "two 1"
