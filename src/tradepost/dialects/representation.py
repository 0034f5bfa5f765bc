"""Representations: a list as it is now, sent whole or compressed, or not at all to whoever has it already.

The ETag is made of what is sent, not of a counter: it holds in every process and after a restart, and changes of the
market that do not touch this very page do not change it. It names exact bytes, so it is a strong one, and what is
compressed has another. Who may see the list is asked anew each time: a copy may be kept by the caller alone, and is
not to be used without asking (`private, no-cache`).
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

from starlette.types import Scope

from tradepost.dialects.edge import JOINED_BYTES_MAX, NOT_MODIFIED, Answer, Header, header_values
from tradepost.dialects.pressing import Press

GZIP_BYTES_MIN = 8192  # a shorter answer is a few packets, and is sent sooner than it is compressed
ACCEPTED_CHARS_MAX = 512  # of an Accept-Encoding that is read; browsers send about twenty
ACCEPTED_KEPT_MAX = 256
PIECE_ROWS = 256  # about a third of a millisecond's work, and thirty kilobytes
READING = ("GET", "HEAD")

PRIVATE: Header = (b"cache-control", b"private, no-cache")
VARY: Header = (b"vary", b"accept-encoding")
GZIPPED: Header = (b"content-encoding", b"gzip")

T = TypeVar("T")

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?", re.ASCII)

_press = Press()


class Accepted(NamedTuple):
    """What a caller takes: gzip, if he does not rather have it plain, and the plain text."""

    gzip: bool
    identity: bool


class Represented(NamedTuple):
    """A list as it is sent."""

    pieces: list[bytes]
    length: int  # in bytes
    tag: str
    compressed: bool


async def represent(scope: Scope, answer: Answer) -> Answer:
    """A list in the form that the caller takes, or 304 where he has exactly that; any other answer as it is.

    What a caller can make longer, compressed beside a secret, would tell of the secret: `is_list` is for what holds none.
    """
    if not answer.is_list:
        return answer
    accepted = accepted_by(", ".join(header_values(scope, b"accept-encoding")))
    sent = represent_now(answer.pieces, accepted) or await _represent_later(answer.pieces, accepted)
    headers = [*answer.headers, (b"etag", b'"%b"' % sent.tag.encode()), PRIVATE, VARY]
    if scope["method"] in READING and has(",".join(header_values(scope, b"if-none-match")), sent.tag):
        return Answer([], NOT_MODIFIED, headers)
    return Answer(sent.pieces, answer.status, [*headers, GZIPPED] if sent.compressed else headers)


def represent_now(pieces: list[bytes], accepted: Accepted) -> Represented | None:
    """A list in the form that a caller takes; None where making it would keep everybody else waiting."""
    length = sum(map(len, pieces))
    if length <= JOINED_BYTES_MAX:  # short, and in one piece: then nothing depends on where it was cut
        pieces = [b"".join(pieces)]
    digest = _press.digest_now(pieces)
    if digest is None:
        return None
    if not _is_compressed(length, accepted):
        return Represented(pieces, length, digest.hex(), compressed=False)
    pressed = _press.gzip_now(pieces)
    return None if pressed is None else _pressed(pressed, digest)


async def _represent_later(pieces: list[bytes], accepted: Accepted) -> Represented:
    """The same for what takes so long that it is made in a thread."""
    digest = await _press.digest(pieces)
    length = sum(map(len, pieces))
    if not _is_compressed(length, accepted):
        return Represented(pieces, length, digest.hex(), compressed=False)
    return _pressed(await _press.gzip(pieces), digest)


def _is_compressed(length: int, accepted: Accepted) -> bool:
    return accepted.gzip and (not accepted.identity or length >= GZIP_BYTES_MIN)


def _pressed(pieces: list[bytes], digest: bytes) -> Represented:
    return Represented(pieces, sum(map(len, pieces)), digest.hex() + "-gzip", compressed=True)


async def in_pieces(rows: Sequence[T], write: Callable[[T], bytes]) -> list[bytes]:
    """Rows of a list, written with commas between them in a few pieces; others have their turn after each piece."""
    pieces: list[bytes] = []
    for start in range(0, len(rows), PIECE_ROWS):
        if start:
            pieces[-1] += b","
            await asyncio.sleep(0)
        pieces.append(b",".join(map(write, rows[start : start + PIECE_ROWS])))
    return pieces


def has(given: str, tag: str) -> bool:
    """Whether an If-None-Match says that the caller has the representation with this tag (RFC 9110, 13.1.2)."""
    return given.strip(" \t") == "*" or tag in _TAG.findall(given)


def accepted_by(text: str) -> Accepted:
    """What somebody with this Accept-Encoding takes."""
    return _read(text) if len(text) <= ACCEPTED_CHARS_MAX else Accepted(gzip=False, identity=True)


@lru_cache(ACCEPTED_KEPT_MAX)
def _read(text: str) -> Accepted:
    """What an Accept-Encoding says (RFC 9110, 12.5.3); an element that cannot be read says nothing."""
    quality: dict[str, int] = {}
    for element in text.lower().split(","):
        coding, *parameters = (part.strip(" \t") for part in element.split(";"))
        value = 1000
        for parameter in parameters:
            name, _, number = parameter.partition("=")
            if name.strip(" \t") == "q":
                number = number.strip(" \t")
                value = int(number.replace(".", "").ljust(4, "0")) if _QUALITY.fullmatch(number) else -1
        if value >= 0:
            quality[coding] = value
    gzip = quality.get("gzip", quality.get("x-gzip", quality.get("*", 0)))
    # The plain text is always taken unless it is refused by its name or by the star; where neither names it, what
    # the caller asked for by name is what he would rather have.
    identity = quality.get("identity", 0 if quality.get("*") == 0 else None)
    return Accepted(gzip=gzip > 0 and (identity is None or gzip >= identity), identity=identity != 0)
