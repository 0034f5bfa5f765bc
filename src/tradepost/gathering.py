"""Gathered writes: what is written to a connection within one turn of the loop goes out at its end, in one piece.

uvicorn writes the head of an answer and then its body, each a call of the system that wakes whoever waits for it; waking
him costs the server more than a short answer itself. Gathered they are one call, and the answers to requests that came
in at the same moment follow one another at once, so that a client with many connections is woken once for all of them.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

AT_ONCE_BYTES_MIN = (
    1 << 16
)  # so much waits for no turn to end: it is a long answer, and the other side may be slow


class GatheringTransport:
    """A connection's transport that keeps what is written until the loop has its next turn."""

    __slots__ = ("_call_soon", "_length", "_pieces", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._call_soon = loop.call_soon
        self._pieces: list[bytes] = []
        self._length = 0

    def __getattr__(self, name: str) -> Any:
        """Whatever is not about writing is the transport's own."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write at the end of this turn, or now if it is much."""
        if not self._pieces:
            self._call_soon(self.flush)
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
