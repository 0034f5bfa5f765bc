"""QR codes (ISO/IEC 18004): a text as the squares that cameras read, drawn here so that no secret leaves the house.

Bytes alone, with error correction M, in the smallest of the forty sizes that holds the text. A square is told by its
column and row; `True` is a dark one. The mask is the one of the eight that the standard's penalties like best.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby, pairwise, repeat

Matrix = list[list[bool]]

VERSIONS = range(1, 41)
_LONG = 10  # the first version whose text's length takes two bytes
_NAMED = 7  # the first that says in its squares which one it is
_DOTS = 6  # the column and the row of the dotted lines
# Where the fifteen bits of what the mask is go, beside the corner's square, from the least on; and once more, from an end.
_BESIDE = (*((8, y) for y in (0, 1, 2, 3, 4, 5, 7, 8)), *((x, 8) for x in (7, 5, 4, 3, 2, 1, 0)))
# Of each version at level M: the check bytes of a block, and how many blocks there are.
_CHECKS = (10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28)  # fmt: skip
_BLOCKS = (1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49)  # fmt: skip
_MASKS: tuple[Callable[[int, int], int], ...] = (
    lambda x, y: (x + y) % 2,
    lambda x, y: y % 2,
    lambda x, y: x % 3,
    lambda x, y: (x + y) % 3,
    lambda x, y: (x // 3 + y // 2) % 2,
    lambda x, y: x * y % 2 + x * y % 3,
    lambda x, y: (x * y % 2 + x * y % 3) % 2,
    lambda x, y: ((x + y) % 2 + x * y % 3) % 2,
)
_RUN = re.compile(r"0{5,}|1{5,}")
_FINDER = re.compile(r"(?=10111010000|00001011101)")  # what a line through a corner's square looks like


def matrix(text: str) -> Matrix:
    """The squares of a text, row by row, without the light margin of four that belongs around them."""
    data = text.encode()
    version = next((one for one in VERSIONS if len(data) <= _room(one)), None)
    if version is None:
        raise ValueError("the text is too long for a QR code")
    bits = _bits(_interleaved(_padded(data, version), version))
    return min(_drawn(version, bits), key=_penalty)


def path(squares: Matrix, margin: int = 4) -> str:
    """The dark squares as the `d` of an SVG path, a line of a row as one piece; its box is `size + 2 * margin` wide."""
    pieces = []
    for y, row in enumerate(squares):
        x = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                pieces.append(f"M{x + margin} {y + margin}h{length}v1h-{length}z")
            x += length
    return "".join(pieces)


# From bytes to code words ------------------------------------------------------------------------------------


def _words(version: int) -> int:
    """How many bytes a version's squares have room for, checks included."""
    squares = (16 * version + 128) * version + 64
    if version > 1:
        lines = version // 7 + 2
        squares -= (25 * lines - 10) * lines - 55
        squares -= 36 if version >= _NAMED else 0
    return squares // 8


def _data_words(version: int) -> int:
    return _words(version) - _CHECKS[version - 1] * _BLOCKS[version - 1]


def _room(version: int) -> int:
    """How many bytes of text a version holds: all but its kind (4 bits) and its length."""
    return _data_words(version) - (2 if version < _LONG else 3)


def _padded(data: bytes, version: int) -> bytes:
    length_bits = 8 if version < _LONG else 16
    number = (0b0100 << length_bits | len(data)) << 8 * len(data) | int.from_bytes(data)
    bits = 4 + length_bits + 8 * len(data)
    number <<= 4  # the end, and what is missing to a whole byte: both are zeros, and four are
    bits += 4
    made = number.to_bytes(bits // 8)
    return made + bytes(0xEC if n % 2 == 0 else 0x11 for n in range(_data_words(version) - len(made)))


def _interleaved(data: bytes, version: int) -> bytes:
    """The blocks' bytes, the first of each, then the second of each, and their checks likewise."""
    count, checks = _BLOCKS[version - 1], _CHECKS[version - 1]
    short, longer = divmod(len(data), count)
    blocks, at = list[bytes](), 0
    for number in range(count):
        size = short + (number >= count - longer)
        blocks.append(data[at : at + size])
        at += size
    divisor = _divisor(checks)
    ends = [_remainder(block, divisor) for block in blocks]
    woven = [block[n] for n in range(short + 1) for block in blocks if n < len(block)]
    return bytes(woven + [end[n] for n in range(checks) for end in ends])


def _times(a: int, b: int) -> int:
    """The product of two bytes in the field of Reed and Solomon."""
    product = 0
    for bit in range(7, -1, -1):
        product = (product << 1) ^ (product >> 7) * 0x11D
        product ^= (b >> bit & 1) * a
    return product


def _divisor(degree: int) -> list[int]:
    factors, root = [0] * (degree - 1) + [1], 1
    for _ in range(degree):
        for n in range(degree):
            factors[n] = _times(factors[n], root) ^ (factors[n + 1] if n + 1 < degree else 0)
        root = _times(root, 2)
    return factors


def _remainder(data: bytes, divisor: Sequence[int]) -> list[int]:
    rest = [0] * len(divisor)
    for byte in data:
        factor = byte ^ rest[0]
        rest = [*rest[1:], 0]
        rest = [one ^ _times(part, factor) for one, part in zip(rest, divisor, strict=True)]
    return rest


def _bits(words: bytes) -> list[bool]:
    return [bool(byte >> bit & 1) for byte in words for bit in range(7, -1, -1)]


# From code words to squares ----------------------------------------------------------------------------------


def _drawn(version: int, bits: Sequence[bool]) -> Iterator[Matrix]:
    """All squares of a version under each of the masks, which lie over those that carry the text."""
    size = 4 * version + 17
    patterns = dict(_patterns(version, size))
    shapes = [patterns | dict(_format(size, mask)) for mask in range(len(_MASKS))]
    free = [place for place in _snake(size) if place not in shapes[0]]
    for mask, fixed in zip(_MASKS, shapes, strict=True):
        squares = [[fixed.get((x, y), False) for x in range(size)] for y in range(size)]
        for (x, y), bit in zip(free, chain(bits, repeat(False)), strict=False):
            squares[y][x] = bit != (mask(x, y) == 0)
        yield squares


def _snake(size: int) -> Iterator[tuple[int, int]]:
    """The squares as the text runs through them: two columns at a time, up and down, from the right."""
    upwards = True
    for right in range(size - 1, 0, -2):
        column = right - (right <= _DOTS)  # the upright line of dots is stepped over
        for y in range(size - 1, -1, -1) if upwards else range(size):
            yield column, y
            yield column - 1, y
        upwards = not upwards


def _patterns(version: int, size: int) -> Iterator[tuple[tuple[int, int], bool]]:
    for n in range(size):
        yield (6, n), n % 2 == 0
        yield (n, 6), n % 2 == 0
    places = _alignments(version, size)
    for cx in places:
        for cy in places:
            if (cx, cy) not in ((6, 6), (6, size - 7), (size - 7, 6)):
                for dx in range(-2, 3):
                    for dy in range(-2, 3):
                        yield (cx + dx, cy + dy), max(abs(dx), abs(dy)) != 1
    for cx, cy in ((3, 3), (size - 4, 3), (3, size - 4)):
        for dx in range(-4, 5):
            for dy in range(-4, 5):
                if 0 <= cx + dx < size and 0 <= cy + dy < size:
                    yield (cx + dx, cy + dy), max(abs(dx), abs(dy)) not in (2, 4)
    if version >= _NAMED:
        number = version << 12 | _check(version, 12, 0x1F25)
        for bit in range(18):
            a, b = size - 11 + bit % 3, bit // 3
            yield (a, b), bool(number >> bit & 1)
            yield (b, a), bool(number >> bit & 1)


def _alignments(version: int, size: int) -> list[int]:
    if version == 1:
        return []
    count = version // 7 + 2
    step = (version * 8 + count * 3 + 5) // (count * 4 - 4) * 2
    return [6, *sorted(size - 7 - n * step for n in range(count - 1))]


def _format(size: int, mask: int) -> Iterator[tuple[tuple[int, int], bool]]:
    number = (mask << 10 | _check(mask, 10, 0x537)) ^ 0x5412  # level M is 00
    again = (*((size - 1 - n, 8) for n in range(8)), *((8, size - 7 + n) for n in range(7)))
    for bit, places in enumerate(zip(_BESIDE, again, strict=True)):
        for place in places:
            yield place, bool(number >> bit & 1)
    yield (8, size - 8), True


def _check(number: int, degree: int, generator: int) -> int:
    rest = number
    for _ in range(degree):
        rest = rest << 1 ^ (rest >> degree - 1) * generator
    return rest


# Which mask --------------------------------------------------------------------------------------------------


def _penalty(squares: Matrix) -> int:
    """How hard a camera finds these squares, as the standard counts it."""
    size, points = len(squares), 0
    rows = ["".join("1" if dark else "0" for dark in row) for row in squares]
    for line in (*rows, *map("".join, zip(*rows, strict=True))):
        points += sum(len(run[0]) - 2 for run in _RUN.finditer(line))
        points += 40 * sum(1 for _ in _FINDER.finditer(line))
    numbers, inner = [int(row, 2) for row in rows], (1 << size - 1) - 1
    for above, below in pairwise(numbers):
        differs = (above ^ below) | (above ^ above >> 1) | (below ^ below >> 1) | (above ^ below) >> 1
        points += 3 * (~differs & inner).bit_count()
    dark = sum(number.bit_count() for number in numbers)
    return points + 10 * ((abs(20 * dark - 10 * size * size) + size * size - 1) // (size * size) - 1)
