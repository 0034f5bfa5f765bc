"""What merchants ask for, as lists of addresses: each kind of list call, drawn from a seed, no two in a row the same.

The names and values are those of `bench.shelf`, whose offers the town has.
"""

import random
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from bench.changing import QUIET, is_lasting
from bench.shelf import EXTERIORS, RARITIES, START, WEAPONS

ITEMS = "/api/v2/items"
PAGE = 20
SEARCHED = 200  # as far as people look through what they searched for
DUMP = 15_000
# The cheapest first is what everybody asks for. Of the oldest, nothing changes (`bench.changing`), nor how many they are.
HOT = f"{ITEMS}?limit={PAGE}&sort_column=price_market&sort_dir=asc"
STILL = (
    f"{ITEMS}?limit={PAGE}&sort_column=time_created&sort_dir=asc&date_to={START.timestamp() + QUIET // 4:.0f}"
)
ALL = f"{ITEMS}?limit={DUMP}"

SORTS = tuple(
    (column, way) for column in ("price_market", "time_created", "floatvalue") for way in ("asc", "desc")
)
TERMS = (
    *(weapon.lower().removeprefix("★ ").removeprefix("stattrak™ ") for weapon in WEAPONS),
    "redline", "finish 1", "finish 31", "field-tested", "factory new", "awp | finish", "karambit | finish 2",
)  # fmt: skip
# Who asks at random asks for these, in these parts.
MIX = {"pages": 70, "search": 15, "items": 10, "filters": 3, "groups": 2}


def pages(dice: random.Random, offers: int) -> Iterator[str]:
    """Pages of 20 anywhere in the market, by any sort."""
    while True:
        column, way = dice.choice(SORTS)
        offset = dice.randrange(max(offers - PAGE, 1))
        yield f"{ITEMS}?limit={PAGE}&offset={offset}&sort_column={column}&sort_dir={way}"


def search(dice: random.Random, offers: int) -> Iterator[str]:
    """One of the first ten pages of what has a term in its name that was asked for before, wherever it begins."""
    while True:
        column, way = dice.choice(SORTS)
        offset = dice.randrange(min(SEARCHED, max(offers // 1_000, 1)))
        asked = {
            "search": dice.choice(TERMS),
            "limit": PAGE,
            "offset": offset,
            "sort_column": column,
            "sort_dir": way,
        }
        yield f"{ITEMS}?{urlencode(asked)}"


def filters(dice: random.Random, offers: int) -> Iterator[str]:
    """Pages of what is in a range of prices or floats, or has an exterior and a rarity, or a type."""
    del offers

    def price() -> dict[str, object]:
        low = dice.randrange(1, 500)
        return {"price_from": f"{low / 10:.2f}", "price_to": f"{low * dice.uniform(1.5, 6) / 10:.2f}"}

    def looks() -> dict[str, object]:
        return {"exteriors[]": dice.choice(EXTERIORS), "rarities[]": dice.choice(RARITIES)}

    def wear() -> dict[str, object]:
        low = dice.uniform(0, 0.9)
        return {"float_from": f"{low:.4f}", "float_to": f"{low + 0.05:.4f}"}

    def kind() -> dict[str, object]:
        return {"types[]": dice.choice(WEAPONS), "is_stattrak": dice.randrange(2)}

    each: tuple[Callable[[], dict[str, object]], ...] = (price, looks, wear, kind)
    while True:
        column, way = dice.choice(SORTS)
        asked = {
            **dice.choice(each)(),
            "limit": PAGE,
            "offset": dice.randrange(200),
            "sort_column": column,
            "sort_dir": way,
        }
        yield f"{ITEMS}?{urlencode(asked)}"


def groups(dice: random.Random, offers: int) -> Iterator[str]:
    """Pages of names, each with its cheapest offer."""
    names = min(offers, 15_000)
    while True:
        column, way = dice.choice(SORTS[:4])
        offset = dice.randrange(max(names - PAGE, 1))
        yield (
            f"{ITEMS}?group_by=steam_market_hash_name&limit={PAGE}&offset={offset}&sort_column={column}&sort_dir={way}"
        )


def items(dice: random.Random, offers: int) -> Iterator[str]:
    """Single offers, of those that are not sold meanwhile."""
    while True:
        if is_lasting(number := dice.randint(1, offers)):
            yield f"{ITEMS}/{number}"


KINDS: dict[str, Callable[[random.Random, int], Iterator[str]]] = {
    "pages": pages, "search": search, "filters": filters, "groups": groups, "items": items,
}  # fmt: skip


def drawn(kind: str, offers: int, count: int) -> list[str]:
    """So many different addresses of one kind, or as many as there are."""
    found: dict[str, None] = {}
    source = KINDS[kind](random.Random(f"{kind} {offers}"), offers)  # noqa: S311 - the same every time, which guards nothing
    for _ in range(count * 4):
        found.setdefault(next(source))
        if len(found) == count:
            break
    return list(found)


def mixed(lists: dict[str, list[str]], count: int) -> list[str]:
    """So many addresses of those that were drawn, in the parts of `MIX`, in a random order."""
    dice = random.Random(count)  # noqa: S311 - as above
    found = [dice.choice(lists[kind]) for kind, parts in MIX.items() for _ in range(count * parts // 100)]
    dice.shuffle(found)
    return found
