"""One game's shelf: where each offer is, in every order it can be listed by."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradepost.market.shelf.blocks import SLOT_BITS, Blocks
from tradepost.market.shelf.columns import WORDS_MAX, Columns
from tradepost.market.shelf.names import Names
from tradepost.market.shelf.offer import ShelfOffer, check, float_text, render
from tradepost.market.shelf.values import (
    FLOAT_NONE,
    NUMBER_NONE,
    PRICE_NONE,
    float_value,
    time_of,
    time_value,
)

SEGMENT_ROWS_MAX = 256  # rows in a block of the order of time, hence in a piece of a dump
REFILL_CHANGES_MIN = 256
REFILL_SHARE = 16  # more changes at once than this part of the shelf: sorting anew costs less than one by one

Place = tuple[int, int, int, int]  # an offer's price, time, float and name: all that decides where it stands


class Shelf:
    """The offers of one game that are on sale.

    While `settled` is false the columns are true and the orders are not: many changes are then entered first
    and sorted once, by `settle`.
    """

    def __init__(self) -> None:
        self.columns = Columns()
        self.slot: dict[int, int] = {}
        self.names = Names(self.columns)
        self.orders = {
            "price": Blocks(self.columns),
            "time": Blocks(self.columns, SEGMENT_ROWS_MAX),
            "float": Blocks(self.columns),
        }
        self.words: dict[str | None, int] = {None: 0}  # exteriors, rarities, types; numbered like names
        self._word: list[str | None] = [None]
        self.settled = True

    def __len__(self) -> int:
        return len(self.slot)

    def expect(self, changes: int) -> None:
        """Prepare for so many changes: when they are many, leave the sorting to `settle`."""
        if changes >= REFILL_CHANGES_MIN and changes * REFILL_SHARE >= len(self):
            self.settled = False

    def settle(self) -> None:
        """Sort what was entered unsorted; everybody who reads an order calls this first."""
        if self.settled:
            return
        columns = self.columns
        slots = np.flatnonzero(columns.price[: columns.used] != PRICE_NONE)
        slots = slots[np.argsort(columns.id[slots])]
        for field, order in self.orders.items():
            values = getattr(columns, field)[slots]
            sequence = np.argsort(values, kind="stable")  # stable: equal values stay in order of id
            keys = values[sequence].astype(np.int64) << SLOT_BITS | slots[sequence]
            order.fill(keys)
            if field == "price":
                self.names.fill(keys, columns.name[slots[sequence]])
        self.settled = True

    def version(self, id_: int) -> int | None:
        """The version in which an offer is here."""
        slot = self.slot.get(id_)
        return None if slot is None else self.columns.version.item(slot)

    def put(self, offer: ShelfOffer) -> None:
        """Put an offer on the shelf, in place of what was known of it."""
        seller, assetid = check(offer)
        columns = self.columns
        code = self.names.code(offer.market_hash_name)
        floated = float_value(offer.float_text)
        after = (
            offer.price_cents,
            time_value(offer.time_created),
            FLOAT_NONE if floated is None else floated,
            code,
        )
        row = render(offer, self.names.json[code], has_float=floated is not None)
        slot = self.slot.get(offer.id)
        before = None
        if slot is None:
            slot = self.slot[offer.id] = columns.take()
            columns.id[slot] = offer.id
        else:
            before = self._place(slot)
        columns.price[slot], columns.time[slot], columns.float[slot], columns.name[slot] = after
        columns.row[slot] = row
        columns.version[slot] = offer.version
        columns.exterior[slot] = self._number(offer.exterior)
        columns.rarity[slot] = self._number(offer.rarity)
        columns.type[slot] = self._number(offer.type)
        columns.is_stattrak[slot] = offer.is_stattrak
        columns.paintindex[slot] = NUMBER_NONE if offer.paintindex is None else offer.paintindex
        columns.paintseed[slot] = NUMBER_NONE if offer.paintseed is None else offer.paintseed
        columns.seller[slot] = seller
        columns.account[slot] = offer.account_id
        columns.assetid[slot] = assetid
        if self.settled:
            self._move(slot, before, after)

    def put_new(self, fields: Mapping[str, NDArray[Any] | list[bytes]]) -> None:
        """Put offers on the shelf that are not there yet, told by all their columns; `settle` finds their places."""
        ids = fields["id"]
        start = self.columns.take_run(len(ids))
        slots = range(start, self.columns.used)
        for field, values in fields.items():
            getattr(self.columns, field)[start : self.columns.used] = values
        self.slot.update(zip(np.asarray(ids).tolist(), slots, strict=True))
        self.settled = False

    def numbers(
        self, name: str, exterior: str | None, rarity: str | None, type_: str | None, is_stattrak: bool
    ) -> tuple[int, int, int, int, int]:
        """What the columns say for an item's name and words."""
        words = self._number(exterior), self._number(rarity), self._number(type_)
        return self.names.code(name), *words, int(is_stattrak)

    def remove(self, id_: int) -> None:
        """Take an offer off the shelf."""
        slot = self.slot.pop(id_)
        if self.settled:
            self._move(slot, self._place(slot), None)
        self.columns.free(slot)  # only now: the orders find a key by the id in its slot

    def offer(self, slot: int, project: str) -> ShelfOffer:
        """The offer in a slot, put together again from what is kept of it."""
        columns = self.columns
        paintindex, paintseed = columns.paintindex.item(slot), columns.paintseed.item(slot)
        return ShelfOffer(
            id=columns.id.item(slot),
            version=columns.version.item(slot),
            project=project,
            market_hash_name=self.names.text[columns.name[slot]],
            price_cents=columns.price.item(slot),
            time_created=time_of(columns.time.item(slot)),
            float_text=float_text(columns.row[slot]),
            paintindex=None if paintindex == NUMBER_NONE else paintindex,
            paintseed=None if paintseed == NUMBER_NONE else paintseed,
            exterior=self._word[columns.exterior[slot]],
            rarity=self._word[columns.rarity[slot]],
            type=self._word[columns.type[slot]],
            is_stattrak=bool(columns.is_stattrak[slot]),
            seller_steamid=str(columns.seller[slot]),
            account_id=columns.account.item(slot),
            assetid=str(columns.assetid[slot]),
        )

    def _place(self, slot: int) -> Place:
        columns = self.columns
        return (
            columns.price.item(slot),
            columns.time.item(slot),
            columns.float.item(slot),
            columns.name.item(slot),
        )

    def _move(self, slot: int, before: Place | None, after: Place | None) -> None:
        """Take a slot from where it stood, if it did, to where it stands now, if it does."""
        id_ = self.columns.id.item(slot)
        for at, (field, order) in enumerate(self.orders.items()):
            old = None if before is None else before[at] << SLOT_BITS | slot
            new = None if after is None else after[at] << SLOT_BITS | slot
            if old != new:
                if old is not None:
                    order.discard(old, id_)
                if new is not None:
                    order.add(new, id_)
            elif new is not None and field == "time":
                order.touch(new, id_)  # a dump's texts are made of rows, and the row may have changed
        named_before = None if before is None else (before[3], before[0] << SLOT_BITS | slot)
        named_after = None if after is None else (after[3], after[0] << SLOT_BITS | slot)
        if named_before != named_after:
            if named_before is not None:
                self.names.discard(*named_before, id_)
            if named_after is not None:
                self.names.add(*named_after, id_)

    def _number(self, word: str | None) -> int:
        number = self.words.get(word)
        if number is None:
            if len(self._word) > WORDS_MAX:
                return self.words[
                    None
                ]  # a word too many is none: its offer is shown, and nobody filters by it
            number = self.words[word] = len(self._word)
            self._word.append(word)
        return number
