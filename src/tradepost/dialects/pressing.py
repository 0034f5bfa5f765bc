"""Pressing: long pieces of answers are digested and compressed once, and found again by what they say.

A dump of thousands of rows is sent from pieces that hardly ever change. Each is compressed by itself, flushed to a
whole byte, so any run of them is one gzip member whose checksum is put together from theirs. Pieces are looked up by
their own bytes: what is asked for again is the very same object, whose hash Python remembers, so nothing has to be
told when the market changes. What nobody asks for any more is the first to be dropped.
"""

import asyncio
import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

LONG_BYTES_MIN = 4096  # a shorter piece is not worth remembering
KEPT_BYTES_MAX = 48 << 20  # of pieces and what they were compressed to
MANY_PIECES_MIN = 8  # so many are put together once, too
WHOLES_MAX = (
    8  # answers of many pieces that are remembered whole: one or two a game, the pieces being the same
)
INLINE_BYTES_MAX = (
    65_536  # more than this is digested and compressed in a thread: a millisecond for everybody else
)
DIGEST_BYTES = 12
LEVEL = 5  # twice as fast as zlib's own choice on rows of offers, and a twentieth longer
STORED_BYTES_MAX = 65_535  # of one block that is not compressed

_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # a gzip member, of no time and no system
_END = b"\x03\0"  # the last block, with nothing in it
_POLYNOMIAL = 0xEDB88320


@dataclass(slots=True)
class Kept:
    """What is remembered of a piece; compressed only once somebody wants it so."""

    digest: bytes
    shift: int = 0  # what a checksum is multiplied with when this piece follows
    checksum: int = 0
    pressed: bytes | None = None


@dataclass(slots=True)
class Whole:
    """What is remembered of an answer of many pieces."""

    digest: bytes | None = None
    pressed: list[bytes] | None = None


class Press:
    """The pieces that were asked for lately, within a bound of memory."""

    def __init__(self, bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._kept: dict[bytes, Kept] = {}  # the one longest unused first
        self._wholes: dict[tuple[bytes, ...], Whole] = {}  # the one longest unused first
        self._bytes = 0
        self._lock = Lock()  # for the dict alone; nobody holds it while he compresses
        # One thread: whoever asks for the same pieces meanwhile waits for the first, and finds them done.
        self._thread = ThreadPoolExecutor(1, "press")

    @property
    def bytes_kept(self) -> int:
        """How much memory the pieces and what was made of them take."""
        return self._bytes

    async def digest(self, pieces: Sequence[bytes]) -> bytes:
        """A digest of the pieces one after another, where they were cut included."""
        return self.digest_now(pieces) or self._digest(pieces, await self._later(pieces, pressed=False))

    async def gzip(self, pieces: Sequence[bytes]) -> list[bytes]:
        """The pieces as one gzip member, in pieces again."""
        return self.gzip_now(pieces) or self._gzip(pieces, await self._later(pieces, pressed=True))

    def digest_now(self, pieces: Sequence[bytes]) -> bytes | None:
        """The same digest; None where so much is new that it takes a thread."""
        if len(pieces) == 1:  # a page: neither its pieces nor anything made of them is met again
            return hashlib.sha256(pieces[0]).digest()[:DIGEST_BYTES]
        whole = self._whole(pieces)
        if whole is not None and whole.digest is not None:
            return whole.digest
        kept = self._now(pieces, pressed=False)
        return None if kept is None else self._digest(pieces, kept)

    def gzip_now(self, pieces: Sequence[bytes]) -> list[bytes] | None:
        """The same member; None where so much is new that it takes a thread."""
        whole = self._whole(pieces)
        if whole is not None and whole.pressed is not None:
            return whole.pressed
        kept = self._now(pieces, pressed=True)
        return None if kept is None else self._gzip(pieces, kept)

    def _digest(self, pieces: Sequence[bytes], kept: Mapping[bytes, Kept]) -> bytes:
        total = hashlib.sha256()
        for piece in pieces:
            found = kept.get(piece)
            total.update(b"%d:%d:" % (found is not None, len(piece)))
            total.update(piece if found is None else found.digest)
        digest = total.digest()[:DIGEST_BYTES]
        whole = self._whole(pieces)
        if whole is not None:
            whole.digest = digest
        return digest

    def _gzip(self, pieces: Sequence[bytes], kept: Mapping[bytes, Kept]) -> list[bytes]:
        made, checksum, length = [_HEAD], 0, 0
        for piece in pieces:
            found = kept.get(piece)
            if found is None:
                made.append(_stored(piece))
                checksum = zlib.crc32(piece, checksum)
            else:
                made.append(found.pressed or b"")
                checksum = _times(found.shift, checksum) ^ found.checksum
            length += len(piece)
        made.append(_END + struct.pack("<LL", checksum, length & 0xFFFFFFFF))
        whole = self._whole(pieces)
        if whole is not None:
            whole.pressed = made
        return made

    def _whole(self, pieces: Sequence[bytes]) -> "Whole | None":
        """What is remembered of many pieces together: to look at each of them takes longer than to send them."""
        if len(pieces) < MANY_PIECES_MIN:
            return None
        key = tuple(pieces)
        whole = self._wholes.pop(key, None) or Whole()
        self._wholes[key] = whole  # at the end
        if len(self._wholes) > WHOLES_MAX:
            del self._wholes[next(iter(self._wholes))]
        return whole

    def _now(self, pieces: Sequence[bytes], *, pressed: bool) -> dict[bytes, Kept] | None:
        """What is remembered of the long ones of these pieces, made now where it is not; None where that is much."""
        kept, missing = self._sorted(pieces, pressed)
        return kept | self._make(missing, pressed) if sum(map(len, missing)) <= INLINE_BYTES_MAX else None

    async def _later(self, pieces: Sequence[bytes], *, pressed: bool) -> dict[bytes, Kept]:
        """The same, made in the thread."""
        kept, missing = self._sorted(pieces, pressed)
        made = await asyncio.get_running_loop().run_in_executor(self._thread, self._make, missing, pressed)
        return kept | made

    def _sorted(self, pieces: Sequence[bytes], pressed: bool) -> tuple[dict[bytes, Kept], list[bytes]]:
        """Of the long ones of these pieces what is remembered, and those that have to be made."""
        kept: dict[bytes, Kept] = {}
        missing: list[bytes] = []
        for piece in pieces:
            if len(piece) >= LONG_BYTES_MIN:
                found = self._find(piece)
                if found is None or (pressed and found.pressed is None):
                    missing.append(piece)
                else:
                    kept[piece] = found
        return kept, missing

    def _find(self, piece: bytes) -> Kept | None:
        with self._lock:
            found = self._kept.pop(piece, None)
            if found is not None:
                self._kept[piece] = found  # at the end
            return found

    def _make(self, pieces: Iterable[bytes], pressed: bool) -> dict[bytes, Kept]:
        made: dict[bytes, Kept] = {}
        for piece in pieces:
            found = self._find(piece)
            if found is None or (pressed and found.pressed is None):
                found = _keep(piece, pressed)
                self._put(piece, found)
            made[piece] = found
        return made

    def _put(self, piece: bytes, kept: Kept) -> None:
        with self._lock:
            before = self._kept.pop(piece, None)
            if before is not None:
                self._bytes -= len(piece) + len(before.pressed or b"")
            self._kept[piece] = kept
            self._bytes += len(piece) + len(kept.pressed or b"")
            while self._bytes > self._bytes_max and self._kept:
                oldest = next(iter(self._kept))
                self._bytes -= len(oldest) + len(self._kept.pop(oldest).pressed or b"")


def _keep(piece: bytes, pressed: bool) -> Kept:
    digest = hashlib.sha256(piece).digest()
    if not pressed:
        return Kept(digest)
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    text = deflate.compress(piece) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return Kept(digest, _power(len(piece)), zlib.crc32(piece), text)


def _stored(piece: bytes) -> bytes:
    """A short piece as blocks that are not compressed: a brackets' worth of text is not made shorter."""
    blocks = [piece[at : at + STORED_BYTES_MAX] for at in range(0, len(piece), STORED_BYTES_MAX)]
    return b"".join(
        b"\0%b%b" % (struct.pack("<HH", len(block), len(block) ^ 0xFFFF), block) for block in blocks
    )


# The checksum of two texts, out of the checksums of each --------------------------------------------------------
#
# A CRC is a polynomial over one bit; a text of n bytes that follows multiplies the checksum so far with x^8n. Bits are
# reflected: the highest is x^0. zlib has had this for long (crc32_combine), the module of Python 3.11 does not show it.


def _times(left: int, right: int) -> int:
    """The product of two polynomials, modulo that of the checksum."""
    product, bit = 0, 1 << 31
    while left:
        if left & bit:
            product ^= right
            left ^= bit
        bit >>= 1
        right = right >> 1 ^ _POLYNOMIAL if right & 1 else right >> 1
    return product


def _squares() -> list[int]:
    """x^8, and each next one the square of the one before."""
    powers = [1 << 23]
    for _ in range(63):
        powers.append(_times(powers[-1], powers[-1]))
    return powers


_SQUARES = _squares()


def _power(length: int) -> int:
    """x^8n, for a text of n bytes."""
    power = 1 << 31
    for place, square in enumerate(_SQUARES):
        if length >> place & 1:
            power = _times(square, power)
    return power
