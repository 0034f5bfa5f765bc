"""Blocks: a sorted sequence of 64-bit keys that a page can be cut from at any rank, and that changes cheaply.

One flat array would move megabytes for each change, a tree of Python objects would cost ten times the memory.
"""

from array import array
from bisect import bisect_left, bisect_right
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Slots = NDArray[np.int64]
Keys = NDArray[np.int64]
Part = tuple[
    int, int, bool
]  # of a block: its first key, the one behind its last, and whether nothing follows it

SLOT_BITS = 32
SLOT_MASK = (1 << SLOT_BITS) - 1
BLOCK_KEYS_MAX = 1024  # a change moves half of a block at most; a smaller one makes more blocks to count
NO_KEY = -(2**63)  # below every key
NO_SLOTS: Slots = np.empty(0, np.int64)
_ONE_START = np.zeros(1, np.int64)  # where the blocks of all that have only one begin; never written


class HasIds(Protocol):
    """Whoever knows the id of the offer in each slot; ids decide between equal values, and are too long for a key."""

    id: NDArray[np.int64]


class Block:
    """A run of keys, and the texts somebody made of it, which are forgotten when the run changes."""

    __slots__ = ("keys", "texts")

    def __init__(self, keys: "array[int]") -> None:
        self.keys = keys
        self.texts: dict[Part, bytes] = {}


class Blocks:
    """Keys `value << 32 | slot` in order of value, then of the id in the slot.

    `_firsts[i]` is a (value, id) that no key of block i lies below, and every key of the blocks before it does.
    It need not be in the block any more, so only splitting and joining touch it. That of the first block is (),
    which is below everything.
    """

    __slots__ = ("_count", "_firsts", "_ids", "_keys_max", "_starts", "blocks")

    def __init__(self, ids: HasIds, keys_max: int = BLOCK_KEYS_MAX) -> None:
        self._ids = ids
        self._keys_max = keys_max
        self._take([array("q")])

    def fill(self, keys: Keys) -> None:
        """Take these keys, which are in order already, in place of all there were."""
        # A quarter stays free, so that the first changes after a load do not split every block.
        step = self._keys_max * 3 // 4
        self._take(
            [array("q", keys[cut : cut + step].tobytes()) for cut in range(0, max(len(keys), 1), step)]
        )

    def _take(self, pieces: "list[array[int]]") -> None:
        self.blocks = [Block(piece) for piece in pieces]
        self._count = len(pieces[0])
        self._firsts: list[tuple[int, ...]] = [()]
        self._starts = _ONE_START
        if len(pieces) > 1:
            sizes = [len(piece) for piece in pieces]
            self._count = sum(sizes)
            self._firsts += [self._place(piece[0]) for piece in pieces[1:]]
            self._starts = np.cumsum([0, *sizes[:-1]])

    def __len__(self) -> int:
        return self._count

    def add(self, key: int, id_: int) -> None:
        """Put a key in its place; the slot's id must be known by now."""
        index, position = self._find(key, id_)
        block = self.blocks[index]
        block.keys.insert(position, key)
        self._resized(index, 1)
        if len(block.keys) > self._keys_max:
            # Newest offers come at the very end: leave the full block behind them full.
            at_the_end = index == len(self.blocks) - 1 and position == len(block.keys) - 1
            self._split(index, position if at_the_end else len(block.keys) // 2)

    def discard(self, key: int, id_: int) -> None:
        """Take a key out that is in; the slot must still have its id."""
        index, position = self._find(key, id_)
        keys = self.blocks[index].keys
        if keys[position] != key:
            raise LookupError(f"no key {key} of offer {id_}")  # an order out of step would lie for ever after
        del keys[position]
        self._resized(index, -1)
        if len(keys) < self._keys_max // 4 and len(self.blocks) > 1:
            self._join(index)

    def touch(self, key: int, id_: int) -> None:
        """Forget the texts of the block which holds this key: what is shown in its slot has changed."""
        self.blocks[bisect_right(self._firsts, (key >> SLOT_BITS, id_)) - 1].texts.clear()

    def first(self) -> int:
        """The least key, or NO_KEY."""
        return self.blocks[0].keys[0] if self._count else NO_KEY

    def rank(self, value: int) -> int:
        """How many keys have a lower value."""
        index = bisect_left(self._firsts, (value,)) - 1
        return int(self._starts[index]) + bisect_left(self.blocks[index].keys, value << SLOT_BITS)

    def span(self, start: int, stop: int) -> Slots:
        """The slots of ranks start to stop, in order, as a copy."""
        if start >= stop:
            return NO_SLOTS
        index, skipped = self.locate(start)
        wanted = stop - start
        pieces = [self.blocks[index].keys[skipped : skipped + wanted]]
        wanted -= len(pieces[0])
        while wanted > 0:
            index += 1
            keys = self.blocks[index].keys
            pieces.append(keys if len(keys) <= wanted else keys[:wanted])
            wanted -= len(keys)
        return slots_of(pieces)

    def locate(self, rank: int) -> tuple[int, int]:
        """The block in which the key of this rank is, and how many keys stand before it there."""
        index = int(self._starts.searchsorted(rank, "right")) - 1
        return index, rank - int(self._starts[index])

    def _find(self, key: int, id_: int) -> tuple[int, int]:
        """The block and position where this key is or would be."""
        value = key >> SLOT_BITS
        index = bisect_right(self._firsts, (value, id_)) - 1
        keys = self.blocks[index].keys
        low = bisect_left(keys, value << SLOT_BITS)
        if low == len(keys) or keys[low] == key or keys[low] >> SLOT_BITS != value:
            return index, low
        # Slots are reused and say nothing of age: among equal values the ids themselves are compared.
        high = bisect_left(keys, (value + 1) << SLOT_BITS, low)
        id_in = self._ids.id.item
        return index, bisect_left(keys, id_, low, high, key=lambda other: id_in(other & SLOT_MASK))

    def _place(self, key: int) -> tuple[int, int]:
        """The value and id that a key stands for: its place in the order."""
        return key >> SLOT_BITS, self._ids.id.item(key & SLOT_MASK)

    def _resized(self, index: int, by: int) -> None:
        self._count += by
        if len(self.blocks) > 1:
            self._starts[index + 1 :] += by
        if self.blocks[index].texts:
            self.blocks[index].texts.clear()

    def _split(self, index: int, position: int) -> None:
        """Cut a block in two, the second beginning at this position."""
        block = self.blocks[index]
        right = block.keys[position:]
        del block.keys[position:]
        self.blocks.insert(index + 1, Block(right))
        self._firsts.insert(index + 1, self._place(right[0]))
        self._starts = np.insert(self._starts, index + 1, self._starts[index] + position)

    def _join(self, index: int) -> None:
        """Join a block that has become small with a neighbour, if both together leave room to grow."""
        for left in (index - 1, index):
            if not 0 <= left < len(self.blocks) - 1:
                continue
            keys, more = self.blocks[left].keys, self.blocks[left + 1].keys
            # An empty block always goes: the first key is that of the first block.
            if len(keys) + len(more) <= self._keys_max * 3 // 4 or not keys or not more:
                keys.extend(more)
                self.blocks[left].texts.clear()
                del self.blocks[left + 1], self._firsts[left + 1]
                self._starts = np.delete(self._starts, left + 1)
                return


def slots_of(pieces: "list[array[int]]") -> Slots:
    """The slots in these runs of keys, one after another, as an array of their own.

    Joining copies, on purpose: an array which numpy still looks at could not be changed any more.
    """
    return np.frombuffer(b"".join(pieces), np.int64) & SLOT_MASK
