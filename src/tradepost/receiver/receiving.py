"""The receiver: one call is one notice, answered `ok` once it is credited, now or before; mounted as WSGI or ASGI.

Whatever is wrong is answered `error` and nothing else: the reason is the shop's own business and stands in its log
(`tradepost.receiver`). The market then comes again by itself, eight times within 34 hours, so a database that is away for an
hour loses nobody's money.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from . import notice, signed
from .notice import Refused
from .store import Store, take

SECRET_CHARS_LEAST = 16
THREADS = 8  # of the ASGI app, for the store
WAITING_MAX = 64  # calls of the ASGI app that wait for one of them; who comes then is told to come again

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
StartResponse = Callable[[str, list[tuple[str, str]]], object]

logger = logging.getLogger("tradepost.receiver")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is answered: the word `ok`, or `error`."""

    status: int
    body: bytes

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The head of the answer."""
        return [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(self.body))),
            ("Cache-Control", "no-store"),
        ]


OK = Answer(200, b"ok")
ERROR = b"error"


class Receiver:
    """Receives the notices of sold skins for one shop."""

    def __init__(
        self,
        store: Store[Any],
        secrets: Sequence[str],
        notice_secrets: Sequence[str] = (),
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the secret hash, or two of them while it is being rotated, and the secrets of notices' headers (whsec_...).

        Where there is one for the headers, notices without them are refused: they cover what the hash does not.
        """
        if isinstance(secrets, str) or not secrets or any(len(one) < SECRET_CHARS_LEAST for one in secrets):
            raise ValueError(
                f"secrets is a list of one or more secret hashes of at least {SECRET_CHARS_LEAST} characters"
            )
        if isinstance(notice_secrets, str):
            raise ValueError("notice_secrets is a list")
        self._store, self._secrets, self._now = store, list(secrets), now
        self._keys = [signed.key_of(one) for one in notice_secrets]
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ipn")
        self._waiting = 0

    def answer(self, method: str, query: bytes, headers: Mapping[str, str]) -> Answer:
        """Answer one call, of any framework: its method, its query exactly as it came, its headers by their names."""
        headers = {name.lower(): value for name, value in headers.items()}
        try:
            if method != "GET":
                raise Refused(405, "A notice is a GET.")
            if self._keys:
                signed.check(headers, query, self._keys, self._now())
            told = notice.read(query, self._secrets)
            if told.is_test:
                logger.info("a test notice came, and is good")
                return OK
            taken = take(self._store, told)
        except Refused as refused:
            logger.warning("refused: %s", refused.reason)
            return Answer(refused.status, ERROR)
        except Exception:
            logger.exception("a notice could not be taken in; the market will send it again")
            return Answer(500, ERROR)
        logger.info(
            "%s: %d cents of trade %s for order %s",
            taken.value,
            told.amount_cents,
            told.trade_id,
            told.order_id,
        )
        return OK

    def wsgi(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Be a WSGI app: `application = receiver.wsgi`, at the callback URL."""
        headers = {name: environ[key] for name in signed.NAMES if (key := _environ_key(name)) in environ}
        query = str(environ.get("QUERY_STRING", "")).encode("latin-1", "replace")
        answer = self.answer(str(environ["REQUEST_METHOD"]), query, headers)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", answer.headers)
        return [answer.body]

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Be an ASGI app itself: `application = receiver`. Routers and servers do not take a bound method for one."""
        await self.asgi(scope, receive, send)

    async def asgi(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one ASGI call, for who mounts it inside an app of his own."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http":
            answer = await self._in_a_thread(scope)
            head = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
            await send({"type": "http.response.start", "status": answer.status, "headers": head})
            await send({"type": "http.response.body", "body": answer.body})

    async def _in_a_thread(self, scope: Mapping[str, Any]) -> Answer:
        """Answer where waiting for a database holds up nobody else."""
        if self._waiting >= WAITING_MAX:
            logger.warning("refused: %d notices wait already", WAITING_MAX)
            return Answer(503, ERROR)
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value  # as WSGI has it
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self.answer, scope["method"], bytes(scope["query_string"]), headers
            )
        finally:
            self._waiting -= 1


def _environ_key(name: str) -> str:
    return f"HTTP_{name.upper().replace('-', '_')}"


async def _live(receive: Receive, send: Send) -> None:
    """Say that the app is up and that it is down: there is nothing to prepare."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
