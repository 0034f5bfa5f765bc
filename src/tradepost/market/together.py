"""Together: what many want to know of the database at one moment is one question to it.

A question costs the program the same for one key as for fifty: a connection, a call of the system, and being woken.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from tradepost.app import App
from tradepost.db import Db

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Together(Generic[K, V]):
    """A question about many keys at once, for those who ask about one each within one turn of the loop.

    Nobody joins a question that is on its way: its answer may be older than his asking. Where it fails, all who asked
    are told so.
    """

    def __init__(self, ask: Callable[[App, Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._ask = ask
        # By database, as in `Recent`; here is only what was not asked yet.
        self._next: WeakKeyDictionary[Db, tuple[list[K], asyncio.Task[Mapping[K, V]]]] = WeakKeyDictionary()

    async def get(self, app: App, key: K) -> V | None:
        """Return what the database says of a key from now on, or None where it says nothing of it."""
        waiting = self._next.get(app.db)
        if waiting is None:
            task = asyncio.ensure_future(self._run(app))
            waiting = self._next[app.db] = ([], task)
        keys, answers = waiting
        keys.append(key)
        # Shielded: one who stops waiting must not take the answer from the others.
        return (await asyncio.shield(answers)).get(key)

    async def _run(self, app: App) -> Mapping[K, V]:
        keys, _ = self._next.pop(app.db)
        return await self._ask(app, keys)
