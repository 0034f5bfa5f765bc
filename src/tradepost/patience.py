"""How long the server waits for a request's head, and for its answer to be taken: uvicorn alone waits for ever.

Half a head, sent a byte at a time on many connections, is the cheapest way there is to keep a server busy; an
answer that nobody takes is the next. Bodies have their bounds in `dialects/edge.py`.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tradepost.gathering import GatheringTransport

HEAD_SECONDS = 10.0  # from its first byte to its last; for a new connection also until the first
TAKE_SECONDS = 30.0  # for the other side to take anything at all of an answer that waits
STOP_TAKE_SECONDS = 1.0  # the same once the server stops: somebody waits for that
HEAD_BYTES_MAX = (1 << 20) + (1 << 16)  # a query may be as long as a body, and has headers with it
HEADERS_MAX = 100
URL_PARSED_BYTES_MAX = (1 << 16) - 1  # the parser counts in 16 bits


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._take_timer: asyncio.TimerHandle | None = None
        self._stop_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for the first head."""
        self._gathering = GatheringTransport(transport, self.loop)
        super().connection_made(self._gathering)  # type: ignore[arg-type]  # it is one in all that is asked of it
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._head_came()
        self._taken()
        if self._stop_timer is not None:
            self._stop_timer.cancel()
        self._gathering.forget()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Send what was gathered for whoever has said all that he wanted to: the connection closes now."""
        self._gathering.flush()
        super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head that is not complete; one that grows beyond the bound is refused."""
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._head_came()
                self.send_400_response("The head of the request is too long.")
                return
        super().data_received(data)
        # Not when a head begins: nearly all come whole, and a timer for each would cost as much as to parse it.
        if self._is_in_head and self._head_timer is None:
            self._wait_for_head()

    def on_message_begin(self) -> None:
        """Note that a head began, which is waited for unless the rest of it came as well."""
        self._is_in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; what is raised here becomes uvicorn's answer 400."""
        if len(self.headers) >= HEADERS_MAX:
            raise ValueError("the request has too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop waiting: what follows is the body. A query longer than the parser can take is cut out for it."""
        self._is_in_head = False
        self._head_came()
        path, _, query = self.url.partition(b"?")
        if len(self.url) <= URL_PARSED_BYTES_MAX:
            super().on_headers_complete()
        else:
            self.url = path
            super().on_headers_complete()
            self.scope["query_string"] = query

    def pause_writing(self) -> None:
        """Begin to wait for the other side, which has not taken what was sent already."""
        super().pause_writing()
        if self._take_timer is None:
            self._take_timer = self.loop.call_later(TAKE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: it took some."""
        self._taken()
        super().resume_writing()

    def shutdown(self) -> None:
        """End when the answer under way is sent; whoever takes nothing of it holds up the stop of the server no longer."""
        super().shutdown()
        self._look_if_taken(0)

    def _look_if_taken(self, waited: int) -> None:
        """Give the connection up if as much of its answer waits as a moment ago, and look again in a moment otherwise."""
        waits = self.transport.get_write_buffer_size()
        if waits and 0 < waited <= waits:
            self.transport.abort()
        else:
            self._stop_timer = self.loop.call_later(STOP_TAKE_SECONDS, self._look_if_taken, waits)

    def _taken(self) -> None:
        if self._take_timer is not None:
            self._take_timer.cancel()
            self._take_timer = None

    def _wait_for_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()
