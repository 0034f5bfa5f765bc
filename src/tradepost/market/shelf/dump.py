"""Dumps: everything on sale, newest first, in pieces that are kept and sent again until an offer in them changes.

Joining 15,000 rows anew takes milliseconds of a process that has one thread for everybody; handing out pieces
that are joined already takes microseconds.
"""

from tradepost.market.shelf.blocks import SLOT_MASK, Block, Part
from tradepost.market.shelf.game import Shelf

BLOCKS_KEPT_MAX = 512  # the newest hundred thousand offers or so, in 25 MB
PIECES_KEPT_MAX = 2  # of one block: the whole, and a part where somebody's page ends


class Dump:
    """The dump of one shelf, cut where the blocks of its order of time are."""

    def __init__(self, shelf: Shelf) -> None:
        self._columns = shelf.columns
        self._times = shelf.orders["time"]
        self._kept: dict[Block, None] = {}  # blocks with texts, the one joined longest ago first

    def pieces(self, offset: int, limit: int) -> list[bytes]:
        """The rows of a page, newest first; the pieces one after another are the rows with commas between them."""
        stop = len(self._times) - offset
        wanted = min(limit, stop)
        if wanted <= 0:
            return []
        blocks, pieces = self._times.blocks, []
        index, position = self._times.locate(stop - 1)
        high = position + 1
        while True:
            block, low = blocks[index], max(high - wanted, 0)
            wanted -= high - low
            # One that ends a page is kept without its comma: cut off anew each time, it would be nobody's old friend.
            part = low, high, not wanted
            pieces.append(block.texts.get(part) or self._join(block, part))
            if not wanted:
                return pieces
            index -= 1
            high = len(blocks[index].keys)

    def _join(self, block: Block, part: Part) -> bytes:
        """The rows of a part of a block, newest first; kept, at the cost of older ones."""
        row, (low, high, is_last) = self._columns.row, part
        rows = [row[key & SLOT_MASK] for key in reversed(block.keys[low:high])]
        text = b",".join(rows if is_last else [*rows, b""])
        if len(block.texts) >= PIECES_KEPT_MAX:
            block.texts.clear()
        block.texts[part] = text
        self._kept.pop(block, None)
        self._kept[block] = None
        if len(self._kept) > BLOCKS_KEPT_MAX:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            oldest.texts.clear()
        return text
