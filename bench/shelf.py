"""What the shelf's answers cost: `python -m bench.shelf 1000000` fills a shelf and times each kind of question.

One process, no HTTP, no database: this is the floor under every list call. Figures are the best of several runs, in
microseconds; memory is what the process gained, so it counts the allocator's waste as well.
"""

import argparse
import gc
import random
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import structs

from tradepost.market.shelf import Query, ShelfOffer, Shelves

NAMES = 16_000
RARE = 1_600  # one name in so many is a Redline
PROJECT = "csgo"
dice = random.Random(7)  # noqa: S311 - the same offers every time, which guard nothing
START = datetime(2026, 1, 1, tzinfo=UTC)
WEAPONS = (
    "AK-47",
    "AWP",
    "M4A4",
    "Glock-18",
    "P250",
    "★ Karambit",
    "StatTrak™ MP9",
    "Nova",
    "Desert Eagle",
    "SSG 08",
)
EXTERIORS = ("Factory New", "Minimal Wear", "Field-Tested", "Well-Worn", "Battle-Scarred")
RARITIES = ("Consumer", "Industrial", "Mil-Spec", "Restricted", "Classified", "Covert")
CHUNK = 10_000  # offers of one batch of the first load
BURST, BURST_SECONDS = 50, 0.002  # calls timed together: few, so that some bursts meet a quiet machine
BURSTS, SECONDS = 60, 0.4


def main() -> None:
    """Fill, ask, change, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("offers", type=int, nargs="?", default=100_000)
    count = parser.parse_args().offers
    print(
        f"a bare loop of 1,000 steps: {best(lambda: [None for _ in range(1000)]):.0f} us (to compare machines by)"
    )
    print(f"5,000 offers from nothing: {load(Shelves(), 5_000) * 1000:.0f} ms")
    gc.collect()
    before = resident()
    shelves = Shelves()
    print(f"{count:,} offers from nothing: {load(shelves, count):.1f} s")
    gc.collect()
    print(f"memory: {(resident() - before) / 1e6:.0f} MB, peak {peak() / 1e6:.0f} MB in all")
    for label, ask in questions(shelves, count):
        print(f"{label:52} {best(ask):10.1f} us")
    for label, change in changes(shelves, count):
        print(f"{label:52} {best(change):10.1f} us")


def offers(count: int) -> Iterator[ShelfOffer]:
    """Offers as a market has them: many cheap ones, a few dear, several in one second."""
    prices = [max(3, int(dice.paretovariate(0.7) * 5)) % 900_000 for _ in range(NAMES)]
    names = [
        f"{WEAPONS[i % 10]} | {'Redline' if i % RARE == RARE // 2 else f'Finish {i // 50}'} {i} ({EXTERIORS[i % 5]})"
        for i in range(NAMES)
    ]
    for id_ in range(1, count + 1):
        name = min(int(dice.paretovariate(0.6)) - 1, NAMES * 10) % NAMES if id_ % 4 == 0 else id_ % NAMES
        floated = id_ % 3 != 0
        yield ShelfOffer(
            id=id_,
            version=1,
            project=PROJECT,
            market_hash_name=names[name],
            price_cents=prices[name] + dice.randrange(max(prices[name] // 3, 1)),
            time_created=START + timedelta(seconds=id_ // 3),
            float_text=f"{dice.random():.9f}" if floated else None,
            paintindex=id_ % 1_200 if floated else None,
            paintseed=dice.randrange(1000) if floated else None,
            exterior=EXTERIORS[name % 5],
            rarity=RARITIES[name % 6],
            type=WEAPONS[name % 10],
            is_stattrak=name % 9 == 0,
            seller_steamid=str(76561197960265728 + id_ % 50_000),
            account_id=id_ % 50_000,
            assetid=str(30_000_000_000 + id_),
        )


def load(shelves: Shelves, count: int) -> float:
    """Seconds it takes to fill the shelves, making the offers not counted."""
    spent, chunk = 0.0, list[ShelfOffer]()
    for offer in offers(count):
        chunk.append(offer)
        if len(chunk) == CHUNK or offer.id == count:
            begun = time.perf_counter()
            shelves.apply(chunk, ())
            spent += time.perf_counter() - begun
            chunk = []
    begun = time.perf_counter()
    shelves.settle()
    return spent + time.perf_counter() - begun


def questions(shelves: Shelves, count: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """What merchants ask, the cheap questions first."""
    page = Query(PROJECT, sort="price", limit=20, descending=False)
    name = shelves.names(PROJECT)[100]
    middle = START + timedelta(seconds=count // 6)
    asked = {
        "page of 20 by price, exact total": page,
        "the same, offset in the middle": structs.replace(page, offset=count // 2),
        "page of 20, newest": Query(PROJECT, limit=20),
        "page of 20 by float, descending": structs.replace(page, sort="floatvalue", descending=True),
        "price range by price": structs.replace(page, price_from_cents=100, price_to_cents=5_000),
        "price range, newest": Query(PROJECT, price_from_cents=100, price_to_cents=5_000, limit=20),
        "narrow price range, newest": Query(PROJECT, price_from_cents=5_000, price_to_cents=5_010, limit=20),
        "date range by price": structs.replace(page, time_from=middle),
        "one name, cheapest first": structs.replace(page, names=(name,)),
        "search, known rare term, by price": structs.replace(page, search="redline"),
        "search, known term, by price": structs.replace(page, search="ak-47"),
        "search, known term, newest": Query(PROJECT, search="ak-47", limit=20),
        "search and price range, newest": Query(PROJECT, search="redline", price_to_cents=5_000, limit=20),
        "search of a tenth and price range, newest": Query(
            PROJECT, search="ak-47", price_to_cents=5_000, limit=20
        ),
        "one paint seed, by float": structs.replace(page, sort="floatvalue", paintseed=661),
        "exterior and rarity, by price": structs.replace(
            page, exteriors=EXTERIORS[:1], rarities=RARITIES[:2]
        ),
        "one seller's offers": Query(PROJECT, seller_steamid=str(76561197960265728 + 77)),
        "price range by float, 15,000 rows, middle": Query(
            PROJECT, price_to_cents=1_000, sort="floatvalue", limit=15_000, offset=count // 5
        ),
    }
    for label, query in asked.items():
        yield label, lambda query=query: shelves.page(query)  # type: ignore[misc]  # a lambda with a default has no type
    terms = iter(range(10**9))
    yield (
        "search, term never seen",
        lambda: shelves.page(structs.replace(page, search=f"finish {next(terms)}")),
    )
    yield "cheapest of each name by price", lambda: shelves.groups(page)
    yield "the same, newest", lambda: shelves.groups(Query(PROJECT, limit=20))
    yield "the same of a price range", lambda: shelves.groups(structs.replace(page, price_from_cents=100))
    yield "dump of 15,000, nothing changed", lambda: shelves.dump(PROJECT, 0, 15_000)
    yield "rows of 15,000 by price", lambda: shelves.page(structs.replace(page, limit=15_000))
    yield "row by id", lambda: shelves.row(count // 2)
    yield "offer by id", lambda: shelves.offer(count // 2)
    yield "lowest price of a name", lambda: shelves.lowest_cents(PROJECT, name)
    yield "prices of all names", lambda: shelves.prices(PROJECT)
    yield "newest 15,000, grouped by name", lambda: shelves.by_names(PROJECT, None, 15_000)


def changes(shelves: Shelves, count: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """What sellers and buyers do, each change a batch of its own."""
    known = [offer for offer in map(shelves.offer, dice.sample(range(1, count), 4_000)) if offer]
    versions, fresh = iter(range(2, 10**9)), iter(range(count + 1, 10**9))

    def reprice() -> None:
        offer = dice.choice(known)
        cents = dice.randrange(3, 20_000)
        shelves.apply([replace(offer, version=next(versions), price_cents=cents)], ())

    def insert() -> None:
        id_ = next(fresh)
        offer = dice.choice(known)
        shelves.apply([replace(offer, id=id_, time_created=START + timedelta(seconds=id_ // 3))], ())

    def remove() -> None:
        shelves.apply((), [(known.pop().id, 10**9)])

    def reprice_and_dump() -> None:
        reprice()
        shelves.dump(PROJECT, 0, 15_000)

    def insert_and_dump() -> None:
        insert()
        shelves.dump(PROJECT, 0, 15_000)

    yield "reprice", reprice
    yield "insert", insert
    yield "reprice, then dump of 15,000", reprice_and_dump
    yield "insert, then dump of 15,000", insert_and_dump
    yield "remove", remove


def best(ask: Callable[[], object]) -> float:
    """Microseconds of one call: the best of many short bursts."""
    means: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(means) < BURSTS and time.perf_counter() < end:
        begun, calls = time.perf_counter(), 0
        while calls < BURST and time.perf_counter() - begun < BURST_SECONDS:
            ask()
            calls += 1
        means.append((time.perf_counter() - begun) / calls)
    return min(means) * 1e6


def resident() -> int:
    """Bytes of memory that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak() -> int:
    """Bytes of memory that the process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
