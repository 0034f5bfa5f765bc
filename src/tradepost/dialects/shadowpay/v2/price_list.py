"""The price list of a game: every name on sale as bytes, written anew only where a price or a number has changed.

Thousands of names are on it and something on it changes many times a second, so it is kept in runs of names. A run
begins at the same name every time; one in which nothing changed is the very same bytes again, and was compressed
before.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from tradepost.dialects.edge import encode
from tradepost.dialects.representation import PIECE_ROWS
from tradepost.market.shelf import Shelves
from tradepost.market.steam_items import Catalogue

# Names, cheapest prices in cents, numbers of offers, Steam prices in cents: lists, as thousands of rows take longer.
Columns = tuple[list[str], list[int], list[int], list[int | None]]
Row = tuple[str, int, int, int | None]
Run = tuple[Columns, bytes]

RUNS_AT_ONCE = 4  # written before others have their turn


class PriceList:
    """The names of one game that are on sale, at one moment, in the order of the names."""

    def __init__(self, generation: int, catalogue: Catalogue, columns: Columns) -> None:
        self.columns = columns
        self.pieces: list[bytes] | None = None  # all of them, once they are written
        self._generation = generation
        self._catalogue = catalogue

    def __len__(self) -> int:
        return len(self.columns[0])

    def is_of(self, generation: int, catalogue: Catalogue) -> bool:
        """Whether nothing has changed since."""
        return self._generation == generation and self._catalogue is catalogue


class PriceLists:
    """The present list of each game, and the runs that it is written in."""

    def __init__(self) -> None:
        self._lists: dict[str, PriceList] = {}
        self._runs: dict[str, dict[str, Run]] = {}  # by game and by the name that the run begins at

    def present(self, project: str, shelves: Shelves, catalogue: Catalogue) -> PriceList:
        """The list as it is now."""
        found = self._lists.get(project)
        if found is None or not found.is_of(shelves.generation, catalogue):
            columns = priced(shelves.price_columns(project), catalogue)
            found = self._lists[project] = PriceList(shelves.generation, catalogue, columns)
        return found

    async def written(self, project: str, prices: PriceList) -> list[bytes]:
        """A list as pieces of JSON, with commas between its rows."""
        if prices.pieces is not None:
            return prices.pieces
        known = self._runs.get(project, {})
        runs: dict[str, Run] = {}
        written = 0
        for first, columns in _cut(prices.columns, known):
            run = known.get(first)
            if run is None or run[0] != columns:
                run = columns, b",".join(map(write, zip(*columns, strict=True))) + b","
                written += 1
                if written % RUNS_AT_ONCE == 0:
                    await asyncio.sleep(0)
            runs[first] = run
        self._runs[project] = runs
        pieces = [text for _, text in runs.values()]
        if pieces:
            pieces[-1] = pieces[-1][:-1]
        prices.pieces = pieces
        return pieces


def priced(found: tuple[list[str], list[int], list[int]], catalogue: Catalogue) -> Columns:
    """What the shelves say of some names, with their Steam prices."""
    names, cents, counts = found
    return names, cents, counts, list(map(catalogue.cents.get, names))


def _cut(columns: Columns, known: Iterable[str]) -> Iterator[tuple[str, Columns]]:
    """The columns in runs, each with the name that it begins at: where the last list was cut, and what has grown is."""
    names = columns[0]
    firsts = [(first, bisect_left(names, first)) for first in known]
    if not firsts or firsts[0][1]:
        firsts.insert(0, ("", 0))  # names have come before the first
    for (first, start), (_, stop) in zip(firsts, [*firsts[1:], ("", len(names))], strict=True):
        step = PIECE_ROWS if stop - start > 2 * PIECE_ROWS else max(stop - start, 1)
        for at in range(start, stop, step):
            end = min(at + step, stop)
            run = names[at:end], columns[1][at:end], columns[2][at:end], columns[3][at:end]
            yield first if at == start else names[at], run


def write(row: Row) -> bytes:
    """A row of the list as JSON."""
    name, cents, count, steam_cents = row
    steam_price = b"null" if steam_cents is None else b'"%d.%02d"' % divmod(steam_cents, 100)
    return b'{"steam_market_hash_name":%b,"price":"%d.%02d","count":%d,"steam_price":%b}' % (
        encode(name),
        *divmod(cents, 100),
        count,
        steam_price,
    )


# By shelves, not by process: filled anew they begin to count again.
_lists: WeakKeyDictionary[Shelves, PriceLists] = WeakKeyDictionary()


def of(shelves: Shelves) -> PriceLists:
    """The price lists of this process's shelves."""
    return _lists.setdefault(shelves, PriceLists())
