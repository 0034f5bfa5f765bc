"""What the shelf's answers cost with 5 thousand to 5 million offers on it: one process, no HTTP and no database."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from msgspec import structs

from bench import shelf
from bench.growth import timing
from bench.growth.points import Cost, Curves, cost
from bench.shelf import PROJECT, START
from tradepost.market.shelf import Query, Shelves

SIZES = (5_000, 50_000, 500_000, 1_000_000, 2_500_000, 5_000_000)
SHORT = SIZES[:3]
SIZES_ARE = "offers on sale"
UNIT = "microseconds"
DUMP_ROWS = 15_000
WARM = 200  # changes before those that are timed


async def measure(curves: Curves, sizes: Sequence[int]) -> None:
    """Fill a shelf of each size, and ask."""
    for size in sizes:
        shelf.dice.seed(7)
        gc.collect()
        before = shelf.resident()
        shelves = Shelves()
        spent = shelf.load(shelves, size)
        gc.collect()
        gained = shelf.resident() - before
        curves.add("load, an offer", size, cost([spent / size * 1e6]), UNIT)
        curves.add("memory, an offer", size, cost([gained / size]), "bytes")
        for name, ask, work, why in _questions(shelves, size):
            curves.add(name, size, timing.call(ask), UNIT, work=work, why=why)
        for name, change in _changes(shelves, size):
            curves.add(name, size, _each(change), UNIT)
        del shelves


def _questions(shelves: Shelves, size: int) -> Iterator[tuple[str, Callable[[], object], float, str]]:
    page = Query(PROJECT, sort="price", limit=20, descending=False)
    terms = iter(range(10**9))
    asked = {
        "page of 20 by price": lambda: shelves.page(page),
        "page of 20, offset in the middle": lambda: shelves.page(structs.replace(page, offset=size // 2)),
        "search, known term": lambda: shelves.page(structs.replace(page, search="redline")),
        "search, term never seen": lambda: shelves.page(
            structs.replace(page, search=f"finish {next(terms)}")
        ),
        "price range, newest": lambda: shelves.page(
            Query(PROJECT, price_from_cents=100, price_to_cents=5_000, limit=20)
        ),
        "cheapest of each name": lambda: shelves.groups(page),
        "one item": lambda: shelves.row(size // 2),
    }
    for name, ask in asked.items():
        yield name, ask, 0.0, ""
    yield (
        "filter by exterior and rarity",
        lambda: shelves.page(
            structs.replace(page, exteriors=shelf.EXTERIORS[:1], rarities=shelf.RARITIES[:2])
        ),
        1.0,
        "for its exact total both columns of all offers are read, a third to a half of a microsecond for 1,000",
    )
    yield (
        "dump of 15,000",
        lambda: shelves.dump(PROJECT, 0, DUMP_ROWS),
        0.0,
        "below 15,000 offers a dump is shorter",
    )
    middle = START + timedelta(seconds=size // 6)
    yield (
        "date range, by price",
        lambda: shelves.page(structs.replace(page, time_from=middle)),
        1.0,
        "half of all offers are in the range, and are looked through in another order than theirs",
    )


def _changes(shelves: Shelves, size: int) -> Iterator[tuple[str, Callable[[], object]]]:
    known = [offer for offer in map(shelves.offer, shelf.dice.sample(range(1, size), 4_000)) if offer]
    versions, fresh = iter(range(2, 10**9)), iter(range(size + 1, 10**9))

    def reprice() -> None:
        offer, cents = shelf.dice.choice(known), shelf.dice.randrange(3, 20_000)
        shelves.apply([replace(offer, version=next(versions), price_cents=cents)], ())

    def insert() -> None:
        id_ = next(fresh)
        offer = shelf.dice.choice(known)
        shelves.apply([replace(offer, id=id_, time_created=START + timedelta(seconds=id_ // 3))], ())

    yield "one reprice", reprice
    yield "one insert", insert


def _each(change: Callable[[], object]) -> Cost:
    """What one change costs: in rounds of a hundred, as a single one is too short for a clock."""
    for _ in range(WARM):
        change()
    measured = []
    for _ in range(timing.ROUNDS):
        begun = time.perf_counter()
        for _ in range(100):
            change()
        measured.append((time.perf_counter() - begun) / 100 * 1e6)
    return cost(measured)
