"""Representations: a list as it is now, sent whole or compressed, or not at all to whoever has it already.

The ETag is made of what is sent, not of a counter: it holds in every process and after a restart, and changes of the
market that do not touch this very page do not change it. It names exact bytes, so it is a strong one, and what is
compressed has another. Who may see the list is asked anew each time: a copy may be kept by the caller alone, and is
not to be used without asking (`private, no-cache`).
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from starlette.types import Scope

from tradepost.dialects.edge import NOT_MODIFIED, Answer, Header, header_values
from tradepost.dialects.pressing import Press

GZIP_BYTES_MIN = 8192  # a shorter answer is a few packets, and is sent sooner than it is compressed
ACCEPTED_CHARS_MAX = 512  # of an Accept-Encoding that is read; browsers send about twenty
ACCEPTED_KEPT_MAX = 256
PIECE_ROWS = 256  # about a third of a millisecond's work, and thirty kilobytes
READING = ("GET", "HEAD")

PRIVATE: Header = (b"cache-control", b"private, no-cache")
VARY: Header = (b"vary", b"accept-encoding")

T = TypeVar("T")

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?", re.ASCII)

_press = Press()


async def represent(scope: Scope, answer: Answer) -> Answer:
    """A list in the form that the caller takes, or 304 where he has exactly that; any other answer as it is.

    What a caller can make longer, compressed beside a secret, would tell of the secret: `is_list` is for what holds none.
    """
    if not answer.is_list:
        return answer
    pieces = answer.pieces
    tag = (await _press.digest(pieces)).hex()
    accepted = _accepted(", ".join(header_values(scope, b"accept-encoding")))
    compressed = accepted.gzip and (not accepted.identity or sum(map(len, pieces)) >= GZIP_BYTES_MIN)
    if compressed:
        tag += "-gzip"
    headers = [*answer.headers, (b"etag", b'"%b"' % tag.encode()), PRIVATE, VARY]
    if scope["method"] in READING and _has(scope, tag):
        return Answer([], NOT_MODIFIED, headers)
    if not compressed:
        return Answer(pieces, answer.status, headers)
    return Answer(await _press.gzip(pieces), answer.status, [*headers, (b"content-encoding", b"gzip")])


async def in_pieces(rows: Sequence[T], write: Callable[[T], bytes]) -> list[bytes]:
    """Rows of a list, written with commas between them in a few pieces; others have their turn after each piece."""
    pieces: list[bytes] = []
    for start in range(0, len(rows), PIECE_ROWS):
        if start:
            pieces[-1] += b","
            await asyncio.sleep(0)
        pieces.append(b",".join(map(write, rows[start : start + PIECE_ROWS])))
    return pieces


def _has(scope: Scope, tag: str) -> bool:
    """Whether the caller says that he has the representation with this tag (RFC 9110, 13.1.2)."""
    given = ",".join(header_values(scope, b"if-none-match"))
    return given.strip(" \t") == "*" or tag in _TAG.findall(given)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a caller takes: gzip, if he does not rather have it plain, and the plain text."""

    gzip: bool
    identity: bool


def _accepted(text: str) -> Accepted:
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
