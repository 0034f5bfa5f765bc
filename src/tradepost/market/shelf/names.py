"""Names: the market hash names of one game, each kept once, with the offers of each sorted by price.

There are a hundred offers to a name, so searching names instead of offers, and counting by name instead of by
offer, is what makes searches, groups and their totals cheap.
"""

from collections.abc import Iterable
from functools import partial, reduce
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradepost.market.shelf.blocks import NO_KEY, NO_SLOTS, SLOT_MASK, Blocks, HasIds, Keys, Slots, slots_of
from tradepost.rules.letters import fold

Codes = NDArray[np.int64]

TERMS_KEPT_MAX = 256  # answers to searches that are remembered; each is at most 8 bytes a name
TERM_KEPT_CHARS_MAX = 128  # longer terms match next to nothing at once, and would only fill the memory
CHOICES_KEPT_MAX = 64  # until an offer comes, goes or has another price; each is some 20 KB


class Choice(NamedTuple):
    """Names that are asked for and have offers."""

    codes: Codes
    offers: int  # how many they have in all
    is_among: NDArray[np.bool_]  # by the number of a name


class Names:
    """The names of one game, numbered in order of appearance; a number is never given to another name."""

    def __init__(self, ids: HasIds) -> None:
        self._ids = ids
        self._codes: dict[str, int] = {}
        self._folded: list[str] = []
        self._found: dict[str, Codes] = {}
        self._choices: dict[tuple[str | None, tuple[str, ...]], Choice] = {}  # of this very moment
        self._by_name: Codes | None = None
        self.text: list[str] = []
        self.json: list[bytes] = []
        self.offers: list[Blocks] = []  # of each name, by price
        self.count = np.zeros(0, np.int64)  # of offers of each name
        self.floor = np.zeros(0, np.int64)  # key of the cheapest offer of each name, or NO_KEY
        self.cheapest = Blocks(ids)  # all floors, by price

    def __len__(self) -> int:
        return len(self.text)

    def code(self, name: str) -> int:
        """The number of a name, given to it now if it is new."""
        code = self._codes.get(name)
        if code is None:
            self.json.append(msgspec.json.encode(name))  # first, as it refuses what is no text at all
            code = self._codes[name] = len(self.text)
            self.text.append(name)
            self._folded.append(fold(name))
            self.offers.append(Blocks(self._ids))
            if code == len(self.count):
                self.count = np.append(self.count, np.zeros(code + 64, np.int64))
                self.floor = np.append(self.floor, np.full(code + 64, NO_KEY))
            self._found.clear()
            self._choices.clear()
            self._by_name = None
        return code

    def add(self, code: int, key: int, id_: int) -> None:
        """Put an offer among those of its name."""
        self.offers[code].add(key, id_)
        self.count[code] += 1
        self._choices.clear()
        self._refloor(code)

    def discard(self, code: int, key: int, id_: int) -> None:
        """Take an offer out from among those of its name."""
        self.offers[code].discard(key, id_)
        self.count[code] -= 1
        self._choices.clear()
        self._refloor(code)

    def _refloor(self, code: int) -> None:
        before, after = self.floor.item(code), self.offers[code].first()
        if before == after:
            return
        if before != NO_KEY:
            self.cheapest.discard(before, self._ids.id.item(before & SLOT_MASK))
        if after != NO_KEY:
            self.cheapest.add(after, self._ids.id.item(after & SLOT_MASK))
        self.floor[code] = after

    def fill(self, keys: Keys, codes: NDArray[np.int32]) -> None:
        """Take these offers, in order of price, in place of all there were."""
        self._choices.clear()
        order = np.argsort(codes, kind="stable")
        keys = keys[order]
        ends = np.bincount(codes, minlength=len(self.count)).cumsum()
        start = 0
        self.floor[:] = NO_KEY
        for code, end in enumerate(ends[: len(self)].tolist()):
            self.offers[code].fill(keys[start:end])
            self.count[code] = end - start
            if end > start:
                self.floor[code] = keys[start]
            start = end
        floors = self.floor[self.floor != NO_KEY]
        self.cheapest.fill(floors[np.lexsort((self._ids.id[floors & SLOT_MASK], floors >> 32))])

    def choice(
        self, names: tuple[str, ...] | None, search: str | None, words: tuple[str, ...] = ()
    ) -> Choice | None:
        """The names that `wanted` finds, and what there is of them; None when none of it is asked for."""
        key = search, words
        choice = self._choices.get(key) if names is None else None
        if choice is None:
            codes = self.wanted(names, search, words)
            if codes is None:
                return None
            is_among = np.zeros(len(self), np.bool_)
            is_among[codes] = True
            choice = Choice(codes, int(self.count.take(codes).sum()), is_among)
            if names is None and sum(map(len, (search or "", *words))) <= TERM_KEPT_CHARS_MAX:
                if len(self._choices) >= CHOICES_KEPT_MAX:
                    self._choices.clear()
                self._choices[key] = choice
        return choice

    def wanted(
        self, names: Iterable[str] | None, search: str | None, words: Iterable[str] = ()
    ) -> Codes | None:
        """The numbers of these names which hold the term and every word and have offers; None when none of it is asked for."""
        terms = {fold(term) for term in (search or "", *words)} - {""}
        if names is None:
            found = [self._holding(term) for term in terms]
            return reduce(partial(np.intersect1d, assume_unique=True), found) if found else None
        codes = {self._codes[name] for name in names if name in self._codes}
        fitting = [code for code in codes if all(term in self._folded[code] for term in terms)]
        return self._on_sale(np.array(fitting, np.int64))

    def _holding(self, term: str) -> Codes:
        codes = self._found.pop(term, None)
        if codes is None:
            found = [code for code, folded in enumerate(self._folded) if term in folded]
            codes = np.array(found, np.int64)
        if len(term) <= TERM_KEPT_CHARS_MAX:
            self._found[term] = codes  # at the end: the first is the one longest unused
            if len(self._found) > TERMS_KEPT_MAX:
                del self._found[next(iter(self._found))]
        return self._on_sale(codes)

    def _on_sale(self, codes: Codes) -> Codes:
        on_sale: Codes = codes[self.count.take(codes) > 0]
        return on_sale

    def slots(self, codes: Codes) -> Slots:
        """The slots of all offers of these names."""
        pieces = [block.keys for code in codes.tolist() for block in self.offers[code].blocks]
        return slots_of(pieces) if pieces else NO_SLOTS

    def floor_slots(self, codes: Codes | None) -> Slots:
        """The slot of the cheapest offer of each of these names, or of every name."""
        floors = self.floor if codes is None else self.floor.take(codes)
        slots: Slots = floors[floors != NO_KEY] & SLOT_MASK
        return slots

    def floor_cents(self, name: str) -> int | None:
        """The price of the cheapest offer of a name."""
        code = self._codes.get(name)
        if code is None or not self.count[code]:
            return None
        return self.floor.item(code) >> 32

    def by_name(self) -> Codes:
        """The numbers of the names on sale, in the order of the names."""
        if self._by_name is None:
            self._by_name = np.array(sorted(range(len(self)), key=self.text.__getitem__), np.int64)
        return self._on_sale(self._by_name)
