"""A way to Postgres that loses what it is told to lose: a request, or the answer to one that was carried out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, quote, urlsplit

from tradepost.embedded.sockets import SOCKET

READY = b"Z"  # the server's word that a statement is over and, outside a transaction, committed

What = Literal["request", "answer", "nothing"]


class Lost(Exception):
    """Something was lost as planned, and the connection with it."""


@dataclass
class Loss:
    """What becomes of the next statements with these words in them, and of the way after the last of them."""

    words: str
    what: What
    times: int
    then_away: bool
    spared: int  # that come before


@dataclass
class Way:
    """A Unix socket in front of that of the server; a connection through it ends when something of it is lost."""

    real: Path
    folder: Path
    losses: list[Loss] = field(default_factory=list)
    lost: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    def lose(
        self, words: str, what: What, *, times: int = 1, then_away: bool = False, spared: int = 0
    ) -> None:
        """Lose the next requests with these words, or their answers; `then_away`: and nothing comes after that."""
        self.losses.append(Loss(words, what, times, then_away, spared))

    async def come(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_unix_server(self._connected, self.folder / SOCKET)

    def go_away(self) -> None:
        """Cut all connections and let none through, as a server that is down."""
        if self._server is not None:
            self._server.close()
        (self.folder / SOCKET).unlink(missing_ok=True)
        for writer in self._writers:
            writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_unix_connection(self.real)
        self._writers |= {writer, onward}
        planned: list[Loss] = []  # what this connection is about to lose
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._requests(reader, onward, planned))
                both.create_task(self._answers(there, writer, planned))
        except* (Lost, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers -= {writer, onward}
            writer.close()
            onward.close()

    async def _requests(
        self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter, planned: list[Loss]
    ) -> None:
        length = await reader.readexactly(4)  # of the first message, which has no kind
        onward.write(length + await reader.readexactly(int.from_bytes(length) - 4))
        statements: dict[bytes, bytes] = {}
        while True:
            kind, message = await _message(reader)
            sql = _carried_out(kind, message[5:], statements)
            loss = next((one for one in self.losses if sql and one.words.encode() in sql), None)
            if loss is not None and loss.spared:
                loss.spared -= 1
            elif loss is not None:
                loss.times -= 1
                if not loss.times:
                    self.losses.remove(loss)
                if loss.what == "request":
                    self._over(loss)
                planned.append(loss)
            onward.write(message)

    async def _answers(
        self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter, planned: list[Loss]
    ) -> None:
        while True:
            kind, message = await _message(reader)
            if not planned or planned[0].what == "nothing":
                onward.write(message)
            if planned and kind == READY:
                self._over(planned[0])

    def _over(self, loss: Loss) -> None:
        self.lost += 1
        if loss.then_away and not loss.times:
            self.go_away()
        raise Lost


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


def _carried_out(kind: bytes, body: bytes, statements: dict[bytes, bytes]) -> bytes:
    """The statement that a message has carried out; nothing for one that only prepares, or does neither."""
    if kind == b"P":
        name, sql = body.split(b"\0", 2)[:2]
        statements[name] = sql
    elif kind == b"B":
        return statements.get(body.split(b"\0", 2)[1], b"")
    return body if kind == b"Q" else b""


@asynccontextmanager
async def way_to(dsn: str, folder: Path) -> AsyncIterator[tuple[Way, str]]:
    """A way to the server of this address, and the address of the same database by that way."""
    parts = urlsplit(dsn)
    way = Way(Path(parse_qs(parts.query)["host"][0]) / SOCKET, folder)
    await way.come()
    try:
        yield way, parts._replace(query=f"host={quote(str(folder), safe='')}").geturl()
    finally:
        way.go_away()
