"""The gate every request passes: bounds, the clock, faults, the store and the log, around the handlers."""

import asyncio
import re
from collections import Counter, deque
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tradepost.steam.simulator.faults import Fault, Faults, broken_answer
from tradepost.steam.simulator.sessions import user_of_token
from tradepost.steam.simulator.store import Store
from tradepost.steam.simulator.trading import settle_due
from tradepost.steam.simulator.world import World

BODY_BYTES_MAX = 1 << 20
CONTROL_BODY_BYTES_MAX = 64 << 20  # a whole world comes in one body
LOG_ROWS_MAX = 1_000
LOG_KEYS_MAX = 500
CONTROL = "/_sim"
TRANSPORT = "tradepost.transport"  # put into the scope by our own server, so that a fault can cut the line

_SLASHES = re.compile(r"/{2,}")
_DIGITS = re.compile(r"\d+")
_STEAMID = re.compile(r"7656119\d{10}")
_TOKEN = re.compile(r"access_token=([\w.-]+)", re.ASCII)
NAMED_IN_BODY_BYTES = 4_096  # where a form names its partner


class RequestLog:
    """How often each path was asked, and the last requests; credentials are never written down."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.last: deque[dict[str, Any]] = deque(maxlen=LOG_ROWS_MAX)

    def add(self, row: dict[str, Any]) -> None:
        """Notes one answered request."""
        key = f"{row['method']} {_DIGITS.sub('{n}', row['path'])}"
        if key in self.counts or len(self.counts) < LOG_KEYS_MAX:
            self.counts[key] += 1
        self.last.append(row)

    def clear(self) -> None:
        """Starts anew."""
        self.counts.clear()
        self.last.clear()


class Gate:
    """The ASGI program: what happens to a request before and after its handler."""

    def __init__(self, app: ASGIApp, world: World, store: Store, faults: Faults, log: RequestLog) -> None:
        self.app = app
        self.world = world
        self.store = store
        self.faults = faults
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            return
        # Clients write //trade/new/acknowledge and end paths with or without a slash; Steam minds neither.
        scope["path"] = path = _SLASHES.sub("/", scope["path"]).rstrip("/") or "/"
        is_control = path.startswith(CONTROL)
        scope["tradepost.body"] = body = await _read(
            receive, CONTROL_BODY_BYTES_MAX if is_control else BODY_BYTES_MAX
        )
        if body is None:
            await _reply(send, 413, "text/html; charset=utf-8", b"<h1>413 Request Entity Too Large</h1>")
            return
        settle_due(self.world)
        fault = None if is_control else self.faults.take(path, self._steamids(scope, body))
        if fault is not None and not fault.is_after:
            await self._break(fault, scope, receive, send)
            return
        if fault is not None:
            await self.app(scope, receive, _discard)
            self.store.save(self.world)
            await self._break(fault, scope, receive, send)
            return
        await self.app(scope, receive, self._storing(scope, send))

    def close(self) -> None:
        """Lets go of the store."""
        self.store.close()

    def _storing(self, scope: Scope, send: Send) -> Send:
        """A send that stores what changed before the first byte of the answer leaves."""

        async def storing(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.store.save(self.world)
                self._note(scope, message["status"], "")
            await send(message)

        return storing

    def _note(self, scope: Scope, status: int, fault: str) -> None:
        if not scope["path"].startswith(CONTROL):
            row = {"at": self.world.now(), "method": scope["method"], "path": scope["path"], "status": status}
            self.log.add(row | ({"fault": fault} if fault else {}))

    def _steamids(self, scope: Scope, body: bytes) -> set[str]:
        """Every account that a request is signed in as or names."""
        query = scope["query_string"].decode("latin-1")
        cookie = next((value for name, value in scope["headers"] if name == b"cookie"), b"").decode("latin-1")
        text = " ".join((scope["path"], query, cookie, body[:NAMED_IN_BODY_BYTES].decode("latin-1")))
        signed_in = (user_of_token(self.world, token) for token in _TOKEN.findall(query))
        return {user.steamid for user in signed_in if user} | set(_STEAMID.findall(text))

    async def _break(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        mode = fault.order.mode
        if mode in {"timeout", "slow"}:
            gone = await _wait(receive, fault.order.seconds)
            if mode == "slow" and not gone and not fault.is_after:
                await self.app(scope, receive, self._storing(scope, send))
                return
        if mode in {"timeout", "drop"}:
            self._note(scope, 0, mode)
            await _cut(scope, receive, send)
            return
        status, content_type, body = broken_answer(fault)
        self._note(scope, status, mode)
        await _reply(send, status, content_type, body)


async def _read(receive: Receive, bytes_max: int) -> bytes | None:
    """The whole body; None if it is too long or its sender went away."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > bytes_max:
            return None
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _wait(receive: Receive, seconds: float) -> bool:
    """Waits so long, or until the client goes away; says whether it went."""
    try:
        async with asyncio.timeout(seconds):
            await receive()
    except TimeoutError:
        return False
    return True


async def _cut(scope: Scope, receive: Receive, send: Send) -> None:
    """Ends the connection without an answer."""
    transport = scope.get(TRANSPORT)
    if transport is None:  # under a server that is not ours: half an answer is the nearest thing
        headers = [(b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        return
    transport.abort()
    await receive()


async def _reply(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _discard(message: Message) -> None:
    """Takes an answer that nobody will see."""
