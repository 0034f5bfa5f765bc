"""Columns: what filters and sorts read of each offer, a numpy array for each field, indexed by the offer's slot."""

import numpy as np
from numpy.typing import NDArray

from tradepost.market.shelf.values import PRICE_NONE

_ROOM_MIN = 64  # slots
_GROWTH = 5 / 4  # each growth copies everything, and what is not used yet is memory all the same

WORDS_MAX = (
    2**15 - 1
)  # exteriors, rarities and types of a game that can be told apart; Steam has some hundreds

Column = NDArray[np.int64] | NDArray[np.int32] | NDArray[np.int16]


class Columns:
    """The fields of the offers in slots 0 to `used`; a slot whose price is PRICE_NONE holds no offer.

    `row` holds bytes in an array of objects: a list of a million would be walked by every garbage collection.
    """

    id: NDArray[np.int64]
    version: NDArray[np.int64]
    price: NDArray[np.int32]
    time: NDArray[np.int32]
    float: NDArray[np.int32]
    name: NDArray[np.int32]
    exterior: NDArray[np.int16]
    rarity: NDArray[np.int16]
    type: NDArray[np.int16]
    is_stattrak: NDArray[np.int8]
    paintindex: NDArray[np.int64]
    paintseed: NDArray[np.int64]
    seller: NDArray[np.int64]
    account: NDArray[np.int64]
    assetid: NDArray[np.uint64]
    row: NDArray[np.object_]
    is_live: NDArray[
        np.bool_
    ]  # whether a slot holds an offer: what its price says as well, in an eighth of the time

    def __init__(self) -> None:
        self.used = 0
        self._free: list[int] = []
        for field, kind in _KINDS.items():
            setattr(self, field, np.zeros(0, kind))

    def take(self) -> int:
        """A slot that holds no offer."""
        if not self._free:
            return self.take_run(1)
        slot = self._free.pop()
        self.is_live[slot] = True
        return slot

    def take_run(self, count: int) -> int:
        """The first of so many slots in a row that never held an offer."""
        start, self.used = self.used, self.used + count
        if self.used > len(self.price):
            room = max(int(start * _GROWTH), self.used, _ROOM_MIN)
            for field in _KINDS:
                column = getattr(self, field)
                grown = np.zeros(room, column.dtype)
                grown[:start] = column[:start]
                setattr(self, field, grown)
        self.is_live[start : self.used] = True
        return start

    def free(self, slot: int) -> None:
        """Give a slot back, once no key names it any more."""
        self.price[slot] = PRICE_NONE
        self.is_live[slot] = False
        self.row[slot] = None
        self._free.append(slot)


_KINDS: dict[str, type[np.generic]] = {
    "id": np.int64,
    "version": np.int64,
    "price": np.int32,
    "time": np.int32,
    "float": np.int32,
    "name": np.int32,
    "exterior": np.int16,
    "rarity": np.int16,
    "type": np.int16,
    "is_stattrak": np.int8,
    "paintindex": np.int64,
    "paintseed": np.int64,
    "seller": np.int64,
    "account": np.int64,
    "assetid": np.uint64,
    "row": np.object_,
    "is_live": np.bool_,
}
