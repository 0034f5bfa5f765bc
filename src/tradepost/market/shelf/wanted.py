"""What a query wants of one shelf, in the shelf's own terms: numbers of names, windows of values, tests of fields."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tradepost.market.shelf.blocks import NO_SLOTS, Slots
from tradepost.market.shelf.columns import Column
from tradepost.market.shelf.game import Shelf
from tradepost.market.shelf.names import Codes
from tradepost.market.shelf.query import Query
from tradepost.market.shelf.values import (
    FLOAT_NONE,
    NUMBER_NONE,
    PRICE_CENTS_MAX,
    VALUE_MAX,
    VALUE_MIN,
    WHOLE_MAX,
    bound_value,
    clamp,
    time_value,
    time_value_up,
    whole,
)

Mask = NDArray[np.bool_]
Test = Callable[[Column], Mask]  # which of these values a filter lets pass
Window = tuple[int, int]  # the least and the greatest value wanted; an empty one has its least just above

SCAN_SHARE = 4  # more than this part of the shelf to look at: reading whole columns is faster than picking
COMPARED_MAX = 8  # comparing with so many numbers in turn is faster than looking each value up


class Wanted:
    """The filters of a query on a shelf, at most one a field, and the offers that pass them.

    Names and windows have orders of their own, so how many offers each of them leaves is known without looking.
    """

    def __init__(self, shelf: Shelf, query: Query) -> None:
        self._shelf = shelf
        choice = shelf.names.choice(query.names, query.search, query.words)
        self.codes = None if choice is None else choice.codes
        self.one_name = None if self.codes is None or len(self.codes) != 1 else self.codes.item()
        self.windows = _windows(query)
        self._sizes: dict[str, int] = {}
        self._tests: dict[str, Test] = {}
        for field, (least, most) in self.windows.items():
            order = shelf.orders[field]
            self._sizes[field] = order.rank(most + 1) - order.rank(least)
            self._tests[field] = partial(_is_between, least, most)
        if choice is not None:
            self._sizes["name"] = choice.offers
            is_few = len(choice.codes) <= COMPARED_MAX
            self._tests["name"] = partial(_is_one_of, choice.codes) if is_few else choice.is_among.take
        for field, number in _numbers(query):
            if number is not None:
                self._tests[field] = partial(_is, int(number))
        for field, words in (
            ("exterior", query.exteriors),
            ("rarity", query.rarities),
            ("type", query.types),
        ):
            if words is not None:
                known = [shelf.words[word] for word in set(words) if word in shelf.words]
                self._tests[field] = _among(known, len(shelf.words))

    def only(self, *fields: str) -> bool:
        """Whether there is no filter but, perhaps, these."""
        return self._tests.keys() <= set(fields)

    def total(self) -> int | None:
        """How many offers are wanted, when that is known without looking at them."""
        if not self._tests:
            return len(self._shelf)
        return next(iter(self._sizes.values())) if len(self._tests) == len(self._sizes) == 1 else None

    def marked(self) -> Mask | None:
        """Which of all slots hold an offer wanted; None where it is faster to pick them."""
        least = min(self._sizes.values(), default=None)
        return None if least is not None and least * SCAN_SHARE <= len(self._shelf) else self._scan()

    def slots(self) -> Slots:
        """The slots of all offers wanted, in no order."""
        shelf, marked = self._shelf, self.marked()
        if marked is not None:
            return np.flatnonzero(marked)
        field = min(self._sizes, key=self._sizes.__getitem__)
        if field == "name":
            slots = NO_SLOTS if self.codes is None else shelf.names.slots(self.codes)
        else:
            order, (least, most) = shelf.orders[field], self.windows[field]
            slots = order.span(order.rank(least), order.rank(most + 1))
        return slots if self.only(field) else slots[self.keep(slots, passed=field)]

    def keep(self, slots: Slots, passed: str | None = None) -> Mask:
        """Which of these slots, all of them with an offer, pass every filter but that of a field they passed."""
        kept = np.ones(len(slots), np.bool_)
        for field, test in self._tests.items():
            if field != passed:
                kept &= test(getattr(self._shelf.columns, field).take(slots))
        return kept

    def _scan(self) -> Mask:
        """Which of all slots hold an offer that passes every filter."""
        columns = self._shelf.columns
        kept = columns.is_live[: columns.used].copy()
        for field, test in self._tests.items():
            kept &= test(getattr(columns, field)[: columns.used])
        return kept


def _is(number: int, values: Column) -> Mask:
    mask: Mask = values == number
    return mask


def _is_between(least: int, most: int, values: Column) -> Mask:
    mask: Mask = values >= least
    mask &= values <= most
    return mask


def _among(numbers: Sequence[int] | Codes, below: int) -> Test:
    """Which values, all of them below a bound, are among the numbers."""
    if len(numbers) <= COMPARED_MAX:
        return partial(_is_one_of, numbers)
    among = np.zeros(below, np.bool_)
    among[numbers] = True
    return among.take


def _is_one_of(numbers: Sequence[int] | Codes, values: Column) -> Mask:
    mask: Mask = values == numbers[0] if len(numbers) else np.zeros(len(values), np.bool_)
    for number in numbers[1:]:
        mask |= values == number
    return mask


def _numbers(query: Query) -> tuple[tuple[str, int | None], ...]:
    """The filters that want one number of a field."""
    seller = None if query.seller_steamid is None else whole(query.seller_steamid, WHOLE_MAX)
    if query.seller_steamid is not None and seller is None:
        seller = NUMBER_NONE  # what is no steamid at all is nobody's
    return (
        ("paintseed", query.paintseed),
        ("paintindex", query.paintindex),
        ("is_stattrak", query.is_stattrak),
        ("account", query.account_id),
        ("seller", seller),
    )


def _windows(query: Query) -> dict[str, Window]:
    """The filters that want a range of a field which has an order."""
    windows: dict[str, Window] = {}
    if query.price_from_cents is not None or query.price_to_cents is not None:
        windows["price"] = _window(
            max(query.price_from_cents or 0, 0),
            PRICE_CENTS_MAX if query.price_to_cents is None else query.price_to_cents,
        )
    if query.time_from is not None or query.time_to is not None:
        windows["time"] = _window(
            VALUE_MIN if query.time_from is None else time_value_up(query.time_from),
            VALUE_MAX if query.time_to is None else time_value(query.time_to),
        )
    least = [bound_value(float(text)) for text in (query.float_from, query.float_exact) if text is not None]
    most = [bound_value(float(text)) for text in (query.float_to, query.float_exact) if text is not None]
    if least or most:
        # An offer without a float is in no range of floats.
        windows["float"] = _window(max(least, default=VALUE_MIN), min(most, default=FLOAT_NONE - 1))
    return windows


def _window(least: int, most: int) -> Window:
    return clamp(least), max(clamp(most), clamp(least) - 1)
