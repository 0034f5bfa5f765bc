"""Recent: what the database said a moment ago, for what every request asks and hardly ever changes.

The moment is short and named where it is used, as a revocation has to hold within a second (rules.md 20).
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from tradepost.app import App
from tradepost.db import Db

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Answers of the database, reused for a moment; a question that many wait for is asked once.

    A refusal or a failure is told to all who wait for it and never kept: what is unknown now may be made now.
    """

    def __init__(self, seconds: float, entries_max: int) -> None:
        self._life = timedelta(seconds=seconds)
        self._entries_max = entries_max
        # By database, not by process: a test, and a server with its sandbox, has several.
        self._kept: WeakKeyDictionary[Db, dict[K, tuple[datetime, asyncio.Task[V]]]] = WeakKeyDictionary()
        self._renewing: set[tuple[Db, K]] = set()

    async def get(self, app: App, key: K, ask: Callable[[], Awaitable[V]]) -> V:
        """Return the answer kept for a key, or ask now; its age counts from the moment it was asked for."""
        kept = self._kept.get(app.db)
        if kept is None:
            kept = self._kept[app.db] = {}
        now = app.real_now()
        found = kept.get(key)
        # A clock that was set back must not make an answer live longer, so its age has two bounds.
        if found is None or not timedelta(0) <= now - found[0] < self._life:
            task = asyncio.ensure_future(_run(ask))
            task.add_done_callback(lambda done: _forget_failure(kept, key, done))
            kept.pop(key, None)  # to the end: the first entry is always the oldest
            found = kept[key] = (now, task)
            if len(kept) > self._entries_max:
                del kept[next(iter(kept))]
        elif found[1].done():
            return found[1].result()
        # Shielded: one who stops waiting must not take the answer from the others.
        return await asyncio.shield(found[1])

    def known(self, app: App, key: K) -> tuple[V, datetime] | None:
        """Return the answer kept for a key, and until when it may be believed; None where one has to ask.

        For whoever cannot wait: it is the same answer that `get` would give at this moment.
        """
        found = self._kept.get(app.db, {}).get(key)
        if found is None:
            return None
        asked_at, task = found
        if not timedelta(0) <= app.real_now() - asked_at < self._life or not task.done():
            return None
        return None if task.cancelled() or task.exception() else (task.result(), asked_at + self._life)

    async def renew(self, app: App, key: K, ask: Callable[[], Awaitable[V]]) -> None:
        """Ask again beside an answer that is past half of its life, so that nobody has to wait when it ends.

        Where that fails, or is refused, the old answer lives to its end, and whoever asks then hears of it.
        """
        kept, now = self._kept.setdefault(app.db, {}), app.real_now()
        found = kept.get(key)
        is_young = found is not None and timedelta(0) <= now - found[0] < self._life / 2
        if is_young or (app.db, key) in self._renewing:
            return
        self._renewing.add((app.db, key))
        task = asyncio.ensure_future(_run(ask))
        try:
            await asyncio.wait({task})
        finally:
            self._renewing.discard((app.db, key))
        if not task.cancelled() and task.exception() is None:
            kept.pop(key, None)
            kept[key] = (now, task)
            if len(kept) > self._entries_max:
                del kept[next(iter(kept))]

    def forget(self, app: App, which: Callable[[K], bool]) -> None:
        """Keep no answer to these questions any more; who waits for one gets it all the same."""
        kept = self._kept.get(app.db, {})
        for key in [key for key in kept if which(key)]:
            del kept[key]


async def _run(ask: Callable[[], Awaitable[V]]) -> V:
    return await ask()


def _forget_failure(kept: dict[K, tuple[datetime, asyncio.Task[V]]], key: K, done: asyncio.Task[V]) -> None:
    failed = done.cancelled() or done.exception() is not None
    if failed and key in kept and kept[key][1] is done:
        del kept[key]
