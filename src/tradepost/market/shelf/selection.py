"""Selecting: which offers of a shelf a query means, how many they are, and which of them a page shows.

The whole art is to look at few offers. A single filter by name, price, time or float is counted without
looking at any. Of several, the one that leaves the fewest is looked at. A page is walked to along an order
when much of the shelf is wanted, and sorted out of what was found when little is. Only filters that nothing
narrows read whole columns: about a microsecond for 1,000 offers.
"""

from collections.abc import Callable

import numpy as np

from tradepost.market.shelf.blocks import NO_SLOTS, Blocks, Slots
from tradepost.market.shelf.game import Shelf
from tradepost.market.shelf.query import Page, Query
from tradepost.market.shelf.values import FLOAT_NONE, PRICE_CENTS_MAX
from tradepost.market.shelf.wanted import Wanted, Window

Run = tuple[int, int]  # ranks of an order, the second excluded

FIELD = {"price": "price", "time_created": "time", "floatvalue": "float", "id": "id"}
CUT_WHOLE = (
    "price",
    "time",
)  # orders that are cut alike in both directions: those without a float are always last
WALK_SHARE = 2  # so many times the offers wanted are met before sorting them out is the better plan
WALK_RANKS_MIN, WALK_RANKS_MAX = 1024, 65536  # looked at in one step: few at first, as a page is mostly near


def select_page(shelf: Shelf, query: Query) -> Page:
    """The page of offers that a query asks for."""
    return _page(shelf, *select_slots(shelf, query))


def select_rows(shelf: Shelf, query: Query) -> tuple[int, list[bytes]]:
    """How many offers a query asks for, and the rows of those on its page."""
    total, slots = select_slots(shelf, query)
    rows: list[bytes] = shelf.columns.row.take(slots).tolist()
    return total, rows


def select_slots(shelf: Shelf, query: Query) -> tuple[int, Slots]:
    """How many offers a query asks for, and the slots of those on its page."""
    field = FIELD[query.sort]
    if query.is_plain and (field in CUT_WHOLE or (field == "float" and not query.descending)):
        return _cut_whole(
            shelf.orders[field], query
        )  # the most of all: it need not even be asked what is wanted
    wanted = Wanted(shelf, query)
    order, window = shelf.orders.get(field), wanted.windows.get(field)
    if order is not None and wanted.only(field):
        return _cut(order, window, query)
    if field == "price" and wanted.one_name is not None and wanted.only("price", "name"):
        return _cut(shelf.names.offers[wanted.one_name], window, query)  # a name has an order of its own
    total, slots = _counted(wanted)
    # Walking to the page meets about need * len / total offers, sorting it out looks at all that are wanted.
    if order is not None and total * total > (query.offset + query.limit) * len(shelf):
        page = _walk(order, wanted, query, total)
        if page is not None:
            return total, page
    return total, _sort(shelf, slots(), query)


def _counted(wanted: Wanted) -> tuple[int, Callable[[], Slots]]:
    """How many offers are wanted, and what gives the slots of them all: a page may be found without."""
    total = wanted.total()
    if total is not None:
        return total, wanted.slots
    marked = wanted.marked()
    if marked is not None:
        return int(np.count_nonzero(marked)), lambda: np.flatnonzero(marked)
    found = wanted.slots()
    return len(found), lambda: found


def select_groups(shelf: Shelf, query: Query) -> Page:
    """The page of names that a query asks for, each shown by the cheapest of its offers that it means."""
    wanted = Wanted(shelf, query)
    window = wanted.windows.get("price", (0, PRICE_CENTS_MAX))
    if window[0] > 0 or not wanted.only("price", "name"):
        slots = _cheapest_of_each(shelf, wanted.slots())
    elif query.sort == "price" and wanted.codes is None:
        return _page(shelf, *_cut(shelf.names.cheapest, window, query), named=True)
    else:
        slots = shelf.names.floor_slots(wanted.codes)
        slots = slots[shelf.columns.price.take(slots) <= window[1]]
    return _page(shelf, len(slots), _sort(shelf, slots, query), named=True)


def _page(shelf: Shelf, total: int, slots: Slots, named: bool = False) -> Page:
    columns, text = shelf.columns, shelf.names.text
    names = tuple(text[code] for code in columns.name.take(slots).tolist()) if named else ()
    return Page(total, columns.row.take(slots).tolist(), columns.id.take(slots).tolist(), names)


def _runs(order: Blocks, window: Window | None, query: Query) -> list[Run]:
    """The ranks of an order to go through, run after run, each from its end when descending."""
    if window is not None:
        return [(order.rank(window[0]), order.rank(window[1] + 1))]
    if query.sort == "floatvalue" and query.descending:
        floated = order.rank(FLOAT_NONE)
        return [(0, floated), (floated, len(order))]  # nulls last in both directions
    return [(0, len(order))]


def _cut_whole(order: Blocks, query: Query) -> tuple[int, Slots]:
    """How many offers stand in an order, and the page of them."""
    total = len(order)
    taken = min(total - query.offset, query.limit)
    if query.descending:
        return total, order.span(total - query.offset - taken, total - query.offset)[::-1]
    return total, order.span(query.offset, query.offset + taken)


def _cut(order: Blocks, window: Window | None, query: Query) -> tuple[int, Slots]:
    """How many offers stand in a window of an order, and the page of them."""
    pieces, total, skip, room = [], 0, query.offset, query.limit
    for start, stop in _runs(order, window, query):
        total += stop - start
        taken = min(stop - start - skip, room)
        if taken > 0:
            first = stop - skip - taken if query.descending else start + skip
            slots = order.span(first, first + taken)
            pieces.append(slots[::-1] if query.descending else slots)
            room -= taken
        skip = max(skip - (stop - start), 0)
    return total, pieces[0] if len(pieces) == 1 else np.concatenate([NO_SLOTS, *pieces])


def _walk(order: Blocks, wanted: Wanted, query: Query, total: int) -> Slots | None:
    """The page of those offers wanted that are met on the way along an order, unless that is too long a way.

    What is wanted may all lie at the far end, as when somebody searches for knives and sorts by price.
    """
    field, patience = FIELD[query.sort], WALK_SHARE * total
    # Where what is wanted is spread evenly, the first step is all; several short ones would cost more.
    far = (query.offset + query.limit) * len(order) // total * 9 // 8
    pieces, skip, room = [NO_SLOTS], query.offset, query.limit
    step = min(max(far, WALK_RANKS_MIN), WALK_RANKS_MAX)
    for start, stop in _runs(order, wanted.windows.get(field), query):
        seen = 0
        while seen < stop - start and room:
            if patience <= 0:
                return None
            ahead = min(step, stop - start - seen)
            first = stop - seen - ahead if query.descending else start + seen
            slots = order.span(first, first + ahead)
            kept = slots[wanted.keep(slots, passed=field)]
            page = (kept[::-1] if query.descending else kept)[skip : skip + room]
            pieces.append(page)
            skip = max(skip - len(kept), 0)
            room -= len(page)
            seen += ahead
            patience -= ahead
            step = min(step * 2, WALK_RANKS_MAX)
    return np.concatenate(pieces)


def _sort(shelf: Shelf, slots: Slots, query: Query) -> Slots:
    """The page of these slots."""
    field, need = FIELD[query.sort], query.offset + query.limit
    values = getattr(shelf.columns, field).take(slots)
    if query.descending:
        values = ~values  # turns the order of integers round, and unlike the minus sign overflows on none
        if field == "float":
            values[values == ~FLOAT_NONE] = FLOAT_NONE  # nulls last in both directions
    if 0 < need < len(slots) // 2:
        near = values <= np.partition(values, need - 1)[need - 1]
        slots, values = slots[near], values[near]
    ids = shelf.columns.id.take(slots)
    order = np.lexsort((~ids if query.descending else ids, values))
    return slots[order[query.offset : need]]


def _cheapest_of_each(shelf: Shelf, slots: Slots) -> Slots:
    """Of these slots the cheapest of each name, the lowest id of equally cheap ones."""
    columns = shelf.columns
    for column in (columns.price, columns.id):
        codes, values = columns.name.take(slots), column.take(slots).astype(np.int64)
        least = np.full(len(shelf.names), np.iinfo(np.int64).max)
        np.minimum.at(least, codes, values)
        slots = slots[values == least.take(codes)]
    return slots
