"""The fast path: hot reads are answered where their bytes come in, without an ASGI application in between.

It is uvicorn's own protocol with one question before it: is this a whole request for a hot read, on a connection where
nothing else is under way? Whatever is not, or what the hot reads leave to the ordinary way, is handed to uvicorn as if
nothing had been asked. Off by the setting `fast_path`, or where the log is to have each request; then this module is not
in use at all.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from tradepost import log
from tradepost.dialects.hot_reads import BEGINNING, HotReads
from tradepost.patience import PatientProtocol

logger = log.get(__name__)


class FastPathProtocol(PatientProtocol):
    """The server's protocol, with the short way for hot reads."""

    def __init__(self, reads: HotReads, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reads = reads
        self._is_between = True  # two requests: nothing of another was received
        self._answered_at = 0.0  # in the loop's time
        self._lines_of: list[tuple[bytes, bytes]] | None = None
        self._lines = b""

    def data_received(self, data: bytes) -> None:
        """Answer a hot read at once; hand anything else on."""
        if data.startswith(BEGINNING) and self._is_idle():
            try:
                pieces = self._reads.answer(data, self._own_lines())
            except Exception:
                logger.exception(
                    "fast_path_failed"
                )  # the ordinary way answers, and shows whether it fails, too
                pieces = None
            if pieces is not None:
                self._answer(pieces)
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Note that a request began to arrive."""
        self._is_between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that it is all there."""
        super().on_message_complete()
        self._is_between = True

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless hot reads were answered on it since the timer was set: then wait for the rest."""
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if self._answered_at and left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _is_idle(self) -> bool:
        """Whether nothing is under way here, everything sent was taken, and the server has room for a request."""
        cycle = self.cycle
        return (
            self._is_between
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and (self.limit_concurrency is None or len(self.connections) < self.limit_concurrency)
        )

    def _own_lines(self) -> bytes:
        """The server's own headers, its Date among them; uvicorn makes a new list of them once a second."""
        headers = self.server_state.default_headers
        if headers is not self._lines_of:
            self._lines = b"".join(b"%b: %b\r\n" % header for header in headers)
            self._lines_of = headers
        return self._lines

    def _answer(self, pieces: list[bytes]) -> None:
        self._head_came()
        if len(pieces) == 1:
            self.transport.write(pieces[0])
        else:
            self.transport.writelines(pieces)
        self.server_state.total_requests += 1
        # A timer for each request would cost as much as its answer: the one that runs looks when it is due.
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )


def protocol_of(reads: HotReads) -> Callable[..., FastPathProtocol]:
    """The protocol around the hot reads of a process, as uvicorn takes one."""
    return partial(FastPathProtocol, reads)
