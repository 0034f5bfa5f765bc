"""A merchant's receiver that says ok to everything: `python -m bench.growth.receiver` prints its port and runs until it is ended."""

import asyncio
import signal
from typing import Any

import uvloop

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
BACKLOG = 1024


class Receiver(asyncio.Protocol):
    """One call: its answer is sent when its head is there, as an IPN has no body."""

    def connection_made(self, transport: Any) -> None:
        """Remember whom to answer; uvloop's transports are none of asyncio's."""
        self.transport = transport
        self.head = b""

    def data_received(self, data: bytes) -> None:
        """Answer once the head has ended."""
        self.head += data
        if b"\r\n\r\n" in self.head:
            self.transport.write(OK)
            self.transport.close()


async def main() -> None:
    """Listen until told to stop."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(Receiver, "127.0.0.1", 0, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(main())
