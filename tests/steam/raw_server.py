"""A server that answers whatever a test wants, byte by byte: what no well-behaved simulator would send."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """A running server: where it listens, and every request's head and form as they came."""

    base_url: str = ""
    requests: list[bytes] = field(default_factory=list)


def reply(body: bytes | str, status: int = 200, **headers: str) -> Answer:
    """Answer with one well-formed HTTP message of this body."""
    content = body.encode() if isinstance(body, str) else body

    async def write(_: bytes, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)

    return write


def raw(data: bytes) -> Answer:
    """Answer with these bytes, HTTP or not."""

    async def write(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return write


@asynccontextmanager
async def raw_server(*answers: Answer) -> AsyncIterator[RawServer]:
    """Serve the answers in turn, the last of them for ever; each connection serves one request."""
    server = RawServer()
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            if b"content-length:" in request.lower():
                length = request.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                request += await reader.readexactly(int(length))
            server.requests.append(request)
            await (left.pop(0) if len(left) > 1 else left[0])(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has had enough, which is what some tests are about
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        host, port = listener.sockets[0].getsockname()
        server.base_url = f"http://{host}:{port}"
        yield server
    finally:
        listener.close()
