"""Gathered writes: what is written to a connection within one turn of the loop goes out at its end, in one piece.

uvicorn writes the head of an answer and then its body, each a call of the system that wakes whoever waits for it; waking
him costs the server more than a short answer itself. Gathered they are one call, and the answers to requests that came
in at the same moment follow one another at once, so that a client with many connections is woken once for all of them.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from tradepost import log

AT_ONCE_BYTES_MIN = (
    1 << 16
)  # so much waits for no turn to end: it is a long answer, and the other side may be slow

logger = log.get(__name__)


class Turn:
    """The end of a loop's turn, for all connections that were written to in it: one call a connection would cost each."""

    _of: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, "Turn"]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._written: list[GatheringTransport] = []

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "Turn":
        """The one of a loop."""
        turn = cls._of.get(loop)
        if turn is None:
            turn = cls._of[loop] = cls()
        return turn

    def was_written_to(self, transport: "GatheringTransport") -> None:
        """Have a connection flushed when the turn ends."""
        if not self._written:
            asyncio.get_running_loop().call_soon(self._end)
        self._written.append(transport)

    def _end(self) -> None:
        written, self._written = self._written, []
        for transport in written:
            try:
                transport.flush()
            except Exception:
                logger.exception("answer_not_written")  # of one connection; the others have theirs


class GatheringTransport:
    """A connection's transport that keeps what is written until the loop has its next turn."""

    __slots__ = ("_length", "_pieces", "_transport", "_turn")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._turn = Turn.of(loop)
        self._pieces: list[bytes] = []
        self._length = 0

    def __getattr__(self, name: str) -> Any:
        """Whatever is not about writing is the transport's own."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write at the end of this turn, or now if it is much."""
        if not self._pieces:
            self._turn.was_written_to(self)
        self._pieces.append(data)
        self._length += len(data)
        if self._length >= AT_ONCE_BYTES_MIN:
            self.flush()

    def writelines(self, pieces: Iterable[bytes]) -> None:
        """Write pieces one after another, without joining them first."""
        for piece in pieces:
            self._pieces.append(piece)
            self._length += len(piece)
        self.flush()

    def flush(self) -> None:
        """Write now what was gathered, if anything was."""
        pieces, length = self._pieces, self._length
        if not pieces:
            return
        self._pieces, self._length = [], 0
        if len(pieces) == 1:
            self._transport.write(pieces[0])
        elif length < AT_ONCE_BYTES_MIN:
            self._transport.write(b"".join(pieces))
        else:
            self._transport.writelines(pieces)

    def forget(self) -> None:
        """Write nothing of it: nobody is there any more."""
        self._pieces, self._length = [], 0

    def close(self) -> None:
        """Close the connection once all was written."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self.forget()
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether the connection is closed, or about to be."""
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        """How many bytes were not taken yet."""
        return self._length + self._transport.get_write_buffer_size()
