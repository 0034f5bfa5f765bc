"""What a market with a long past costs: buys, lists of trades, charts, wallets and the check, with 10 thousand to 10 million trades."""

import asyncio
import hashlib
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from bench.growth import timing
from bench.growth.past import BEGIN, Past
from bench.growth.points import Cost, Curves, cost
from bench.town import SETTINGS, Town, town
from tradepost import worker
from tradepost.app import App, open_app
from tradepost.config import Settings
from tradepost.market import checks, daily, histories, ledger, own_trades, sales, stats, trades
from tradepost.market.buying import Buy
from tradepost.market.operations import OperationsQuery, operations
from tradepost.market.own_trades import OwnTradesQuery
from tradepost.market.sales import SalesQuery

SIZES = (10_000, 100_000, 300_000, 1_000_000)
LONG = (3_000_000, 10_000_000)  # a million takes 2.8 GB
SHORT = (2_000, 20_000)
SIZES_ARE = "trades in the past"
UNIT = "milliseconds"
BUYERS, SELLERS, ITEMS = 64, 1_000, 1_000
ON_SALE = 20_000  # for the buys that are measured
ALONE, TOGETHER, BATCHES = 60, 64, 8
PAGE = 100
CHECK_SECONDS = 3600.0
OWN_COUNT = "its exact total counts the account's own trades that the filter leaves"

Question = tuple[str, Callable[[], Awaitable[object]], float, str]


async def measure(curves: Curves, sizes: Sequence[int]) -> None:
    """Let a market's past grow, and ask at each length of it."""
    async with town(offers=ON_SALE, merchants=BUYERS, price_cents=1_000, cpus=None) as t:
        items = [
            row["id"] for row in await t.db.fetch("SELECT id FROM steam_item ORDER BY id LIMIT $1", ITEMS)
        ]
        past = Past(t.db, t.merchants, range(1, SELLERS + 1), items)
        offers = iter([row["id"] for row in await t.db.fetch("SELECT id FROM offer ORDER BY id")])
        checks.CHECK_SECONDS = CHECK_SECONDS  # as long as it takes
        async with open_app(Settings(mode="sandbox", key=str(SETTINGS["key"])), t.dsn) as app:
            for size in sizes:
                begun = time.perf_counter()
                await past.grow(size)
                mib = await t.db.value("SELECT pg_database_size(current_database()) >> 20")
                print(
                    f"{size:>10,}  a past of {mib:,} MiB, made in {time.perf_counter() - begun:.0f} s",
                    flush=True,
                )
                app.clock.offset = past.now - app.real_now()
                await _ask(app, t, past, curves, size, offers)


async def _ask(app: App, t: Town, past: Past, curves: Curves, size: int, offers: Iterator[int]) -> None:
    def add(name: str, measured: Cost, work: float = 0.0, why: str = "") -> None:
        curves.add(name, size, measured.times(1 / 1000), UNIT, work=work, why=why)

    big, steady = past.buyers[0], past.buyers[1]
    add("buy by the big merchant, one alone", await _alone(app, t, big, offers))
    add("buy, 64 at once, each", await _together(app, t, offers))
    # No seller's program runs here: what was bought is not to be due when the clock goes on with the past.
    await t.db.execute("UPDATE trade SET due_at = '9999-01-01' WHERE due_at < '9999-01-01'")
    for name, ask, work, why in _questions(app, past, big, steady):
        add(name, await timing.wait(ask), work, why)
    before = time.perf_counter()
    found = await checks.run(app)
    if found:
        raise RuntimeError(f"the ledger does not add up: {found[:3]}")
    spent = time.perf_counter() - before
    add("check of the ledger, whole", cost([spent * 1e6]), 1.0, "it looks at every row there is")
    add("check of the ledger, a trade", cost([spent / size * 1e6]))


def _questions(app: App, past: Past, big: int, steady: int) -> Iterator[Question]:
    db, now = app.db, app.now()

    def page(account: int, **asked: Any) -> Callable[[], Awaitable[object]]:
        query = OperationsQuery(limit=PAGE, **asked)
        return lambda: operations(app, account, query)

    yield "operations, first page, of a thousand own", page(steady), 0.0, ""
    yield "operations, first page, of half of all", page(big), 0.0, ""
    yield "operations, first page, under way", page(big, states=("active",)), 0.0, ""
    yield "operations, first page, of a state", page(big, states=("finished",)), 1.0, OWN_COUNT
    yield "operations, first page, of one day", page(big, time_from=now - timedelta(days=8)), 0.0, ""
    yield "operations, first page, by id", page(big, sort="id"), 0.0, ""
    yield (
        "operations, first page, by price",
        page(big, sort="price"),
        1.0,
        "no index has an account's trades by price",
    )
    yield "own trades, a page", lambda: own_trades.page(db, big, OwnTradesQuery()), 0.0, ""
    yield (
        "purchases, a page with total",
        lambda: histories.traded(db, big, "purchases", first=0, count=50),
        0.0,
        "",
    )
    yield from _of_names(app, past)
    yield (
        "account's chart, all days",
        lambda: stats.days(db, big, "All", now.date()),
        1.0,
        "a row a day, however many trades; here a longer past has more days",
    )
    yield "wallet", lambda: ledger.wallet(db, big), 0.0, ""
    yield "wallet's history, a page", lambda: histories.moved(db, big, count=50), 0.0, ""
    yield (
        "wallet's history by numbers, a page",
        lambda: histories.movements(db, big, first=0, count=50),
        0.0,
        "",
    )
    yield "deposits and payouts, a page", lambda: histories.transactions(db, big, first=0, count=50), 0.0, ""
    yield (
        "market by day, for operators",
        lambda: daily._read(app, now.date()),
        0.0,
        "thirty days, whatever lies before",
    )
    yield "worker looks for due trades", lambda: worker.claim(app), 0.0, ""


def _of_names(app: App, past: Past) -> Iterator[Question]:
    async def name(at: int) -> str:
        return str(
            await app.db.value("SELECT market_hash_name FROM steam_item WHERE id = $1", past.items[at])
        )

    async def days(at: int, span: timedelta | None) -> object:
        begin = BEGIN if span is None else app.now() - span
        return await sales.days(app, SalesQuery("csgo", await name(at), begin, app.now()))

    yield (
        "sale chart of a busy name, 30 days",
        lambda: days(0, timedelta(days=30)),
        0.0,
        "3,000 sales from 300 thousand trades on",
    )
    yield "sale chart of a name with a thousand sales", lambda: days(1, None), 0.0, ""


# Buys --------------------------------------------------------------------------------------------------------

_numbers = itertools.count(1)


def _wish(t: Town, buyer: int, offer: int) -> Buy:
    number = next(_numbers)
    steamid = t.steamids[t.merchants.index(buyer)]
    digest = hashlib.sha256(f"{buyer} {offer}".encode()).digest()
    return Buy(buyer, offer, steamid, "tokenabc", None, f"bench-{number}", None, digest)


async def _alone(app: App, t: Town, buyer: int, offers: Iterator[int]) -> Cost:
    measured = []
    for number in range(ALONE + 5):
        wish = _wish(t, buyer, next(offers))
        begun = time.perf_counter()
        await trades.buy(app, wish)
        if number >= 5:  # noqa: PLR2004 - the first prepare their statements
            measured.append((time.perf_counter() - begun) * 1e6)
    return cost(measured)


async def _together(app: App, t: Town, offers: Iterator[int]) -> Cost:
    measured = []
    for number in range(BATCHES + 1):
        wishes = [_wish(t, t.merchants[at % BUYERS], next(offers)) for at in range(TOGETHER)]
        begun = time.perf_counter()
        await asyncio.gather(*(trades.buy(app, wish) for wish in wishes))
        if number:
            measured.append((time.perf_counter() - begun) / TOGETHER * 1e6)
    return cost(measured)
