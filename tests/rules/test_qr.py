"""QR codes: the squares are those that another encoder draws, and a reader that shares nothing with ours reads the text."""

import hashlib
from collections.abc import Callable

import pytest

from tradepost.rules import qr

URI = "otpauth://totp/Tradepost:Ann%20B?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Tradepost&algorithm=SHA1&digits=6&period=30"
# Of texts of these lengths: the size, and a digest of the rows under the mask that was chosen, as python-qrcode draws them.
KNOWN = [(1, 21, '697166759f771908'), (42, 29, '319adab3030cdc49'), (123, 49, '0e05201cf0f4af85'), (180, 53, '2d3b3ffbfc32c953'), (400, 77, '8c6a71d0dd0f679f'), (1000, 121, '5473c25e7e88b285'), (2331, 177, '38cec09405ad5b84')]  # fmt: skip


def rows(squares: qr.Matrix) -> list[str]:
    return ["".join("#" if dark else "." for dark in row) for row in squares]


@pytest.mark.parametrize(("length", "size", "digest"), KNOWN)
def test_the_squares_are_those_of_another_encoder(length: int, size: int, digest: str) -> None:
    squares = qr.matrix((URI * 30)[:length])
    assert len(squares) == size and all(len(row) == size for row in squares)
    assert hashlib.sha256("\n".join(rows(squares)).encode()).hexdigest()[:16] == digest


def read(squares: qr.Matrix) -> bytes:
    """The bytes of a code of one block, by the standard's words alone."""
    size, format_ = len(squares), 0
    for x, y in [(8, 0), (8, 1), (8, 2), (8, 3), (8, 4), (8, 5), (8, 7), (8, 8), (7, 8), (5, 8), (4, 8), (3, 8), (2, 8), (1, 8), (0, 8)][::-1]:  # fmt: skip
        format_ = format_ << 1 | squares[y][x]
    mask = (format_ ^ 0x5412) >> 10 & 7
    masks: list[Callable[[int, int], bool]] = [
        lambda r, c: (r + c) % 2 == 0, lambda r, c: r % 2 == 0, lambda r, c: c % 3 == 0, lambda r, c: (r + c) % 3 == 0,
        lambda r, c: (r // 2 + c // 3) % 2 == 0, lambda r, c: r * c % 2 + r * c % 3 == 0,
        lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0, lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
    ]  # fmt: skip
    flips = masks[mask]

    def is_text(r: int, c: int) -> bool:
        corner = (r < 9 and (c < 9 or c > size - 9)) or (r > size - 9 and c < 9)
        aligned = size > 21 and size - 9 <= r <= size - 5 and size - 9 <= c <= size - 5
        return not corner and not aligned and r != 6 and c != 6

    bits, columns, up = [], [c for c in range(size - 1, 0, -2) if c > 6] + [5, 3, 1], True
    for right in columns:
        for r in range(size - 1, -1, -1) if up else range(size):
            bits += [squares[r][c] ^ flips(r, c) for c in (right, right - 1) if is_text(r, c)]
        up = not up
    number = int("".join("1" if bit else "0" for bit in bits[: len(bits) // 8 * 8]), 2).to_bytes(
        len(bits) // 8
    )
    assert number[0] >> 4 == 4  # bytes
    length = (number[0] & 15) << 4 | number[1] >> 4
    return bytes((number[n + 1] & 15) << 4 | number[n + 2] >> 4 for n in range(length))


@pytest.mark.parametrize("text", ["o", "Ann <b>&", "ü€", "otpauth://totp/T:A?secret=ABC", "x" * 42])
def test_what_is_drawn_can_be_read(text: str) -> None:
    assert read(qr.matrix(text)) == text.encode()


def test_a_text_that_no_code_holds_is_refused() -> None:
    assert len(qr.matrix("x" * 2331)) == 177
    with pytest.raises(ValueError, match="too long"):
        qr.matrix("x" * 2332)


def test_the_path_covers_each_dark_square_once() -> None:
    squares = qr.matrix("o")
    covered: dict[tuple[int, int], int] = {}
    for piece in qr.path(squares, margin=0).split("M")[1:]:
        place, _, rest = piece.partition("h")
        x, y = map(int, place.split())
        for n in range(int(rest.partition("v")[0])):
            covered[x + n, y] = covered.get((x + n, y), 0) + 1
    assert covered == {(x, y): 1 for y, row in enumerate(squares) for x, dark in enumerate(row) if dark}
