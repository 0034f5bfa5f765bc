"""Purchases: buyers who each buy one item after another, the same for every shop; and many who want the last one at once."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from bench.pairs import Run
from bench.peers.shops import Failed, Shop, SoldOut

ANSWER_SECONDS = 60.0
CROWD_SECONDS = 300.0


@dataclass(slots=True)
class Tally:
    """What came of purchases."""

    took: list[float] = field(default_factory=list)  # seconds of each that was made
    refused: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def run(self) -> Run:
        """The same as a run; whoever was told that an item is gone met an error, as every item is there for one buyer."""
        spent, wrong = sorted(self.took), self.refused + self.errors.total()
        return Run(
            value=len(spent) / self.seconds if self.seconds else 0.0,
            requests=len(spent),
            seconds=self.seconds,
            p50_ms=spent[len(spent) // 2] * 1000 if spent else None,
            p99_ms=spent[min(len(spent) - 1, int(len(spent) * 0.99))] * 1000 if spent else None,
            errors=wrong,
        )


async def shopping(
    shop: Shop, url: str, items: Iterator[int], clients: int, seconds: float, most: int
) -> Tally:
    """Let so many clients buy for so long, at most so many items in all, each item once."""
    tally, left = Tally(), [most]
    begun = time.perf_counter()
    until = begun + seconds

    async def client(number: int) -> None:
        async with visitor(shop, number) as http:
            while time.perf_counter() < until and left[0] > 0:
                left[0] -= 1
                await _purchase(shop, http, url, next(items), number, tally)

    await asyncio.gather(*(client(number) for number in range(clients)))
    tally.seconds = time.perf_counter() - begun
    return tally


async def crowd(shop: Shop, url: str, item: int, buyers: int) -> Tally:
    """Let many buyers buy one item at once, each on a connection that is open already."""
    tally, ready = Tally(), asyncio.Barrier(buyers)
    warm = shop.item().requests[0]

    async def buyer(number: int) -> None:
        async with visitor(shop, number) as http:
            body = warm.body if warm.method == "POST" else None
            async with http.request(warm.method, url + warm.path, data=body, headers=warm.headers) as reply:
                await reply.read()
            await ready.wait()
            await _purchase(shop, http, url, item, number, tally)

    begun = time.perf_counter()
    async with asyncio.timeout(CROWD_SECONDS):
        await asyncio.gather(*(buyer(number) for number in range(buyers)))
    tally.seconds = time.perf_counter() - begun
    return tally


def visitor(shop: Shop, number: int) -> aiohttp.ClientSession:
    """A browser of a buyer's own: one connection, his cookies, his headers."""
    return aiohttp.ClientSession(
        headers=dict(shop.visitor(number)),
        connector=aiohttp.TCPConnector(limit=1),
        cookie_jar=aiohttp.CookieJar(unsafe=True),  # ours have no name but a number
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
    )


async def _purchase(
    shop: Shop, http: aiohttp.ClientSession, url: str, item: int, number: int, tally: Tally
) -> None:
    begun = time.perf_counter()
    try:
        await shop.buy(http, url, item, number)
    except SoldOut:
        tally.refused += 1
    except (Failed, aiohttp.ClientError, TimeoutError, KeyError, ValueError) as error:
        tally.errors[f"{type(error).__name__}: {error}"[:200]] += 1
    else:
        tally.took.append(time.perf_counter() - begun)
