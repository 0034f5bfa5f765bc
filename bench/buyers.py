"""A crowd of buyers in a process of its own: `python -m bench.buyers`, told what to do on its input, in JSON.

Each buyer is one kept connection with one token. He buys the next offer of his own row as soon as the last buy is
answered, and at the end waits for his last answer: so what was acknowledged and what was bought can be compared to the
single trade, which no generator does that drops its connections when its time is over.
"""

import asyncio
import json
import re
import resource
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import uvloop

from bench.processes import end, tied

ANSWER_SECONDS = 30.0  # for the last answers to come, once the time is over
SUCCESS = b'"status":"success"'
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_ID = re.compile(rb'"id":"([0-9]+)"')


@dataclass(frozen=True, slots=True)
class Errand:
    """What a crowd is sent for."""

    port: int
    tokens: list[str]  # one a buyer
    steamids: list[str]  # who receives the items, one a buyer
    trade_token: str
    first_offer: int
    last_offer: int
    warm_seconds: float
    seconds: float


@dataclass(slots=True)
class Crowd:
    """All buyers of an errand, and what came of their buys."""

    errand: Errand
    begun: float = 0.0
    until: float = 0.0
    times: list[tuple[float, float]] = field(default_factory=list)  # of an answer, and what it took
    trades: list[int] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    buying: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def leave(self) -> None:
        """One buyer goes home."""
        self.buying -= 1
        if not self.buying:
            self.done.set()


class Buyer(asyncio.Protocol):
    """One of the crowd."""

    def __init__(self, crowd: Crowd, place: int) -> None:
        self._crowd = crowd
        errand = crowd.errand
        self._offer = errand.first_offer + place
        self._head = (
            "POST /api/v2/buy HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Token: {errand.tokens[place]}\r\nContent-Length: "
        )
        self._tail = (
            f',"steamid":"{errand.steamids[place]}","trade_token":"{errand.trade_token}","custom_id":"'
        )
        self._got = b""
        self._sent = 0.0
        self._is_home = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Buy for the first time."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is none by its class
        self._buy()

    def _buy(self) -> None:
        offer, errand = self._offer, self._crowd.errand
        if offer > errand.last_offer:
            self._fail("no offers left")
            return
        self._offer = offer + len(errand.tokens)
        body = f'{{"id":"{offer}"{self._tail}{offer}"}}'
        self._sent = time.perf_counter()
        self._transport.write(f"{self._head}{len(body)}\r\n\r\n{body}".encode())

    def data_received(self, data: bytes) -> None:
        """Read an answer, which may come in pieces, and buy again."""
        self._got += data
        head, gap, body = self._got.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not gap or length is None or len(body) < int(length[1]):
            return
        self._got = b""
        now, crowd = time.perf_counter(), self._crowd
        trade = _ID.search(body)
        if head.startswith(b"HTTP/1.1 200") and SUCCESS in body and trade is not None:
            crowd.times.append((now, now - self._sent))
            crowd.trades.append(int(trade[1]))
        else:
            crowd.errors[(head[9:12] + b" " + body[:100]).decode()] += 1
        if now < crowd.until:
            self._buy()
        else:
            self._go_home()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection that is closed before its time is an error."""
        if not self._is_home:
            self._fail(f"connection lost: {exc}")

    def _fail(self, reason: str) -> None:
        self._crowd.errors[reason] += 1
        self._go_home()

    def _go_home(self) -> None:
        if not self._is_home:
            self._is_home = True
            self._transport.close()
            self._crowd.leave()


async def run(errand: Errand) -> dict[str, Any]:
    """Let a crowd buy, and tell what came of it; what is timed lies between the warm-up and the end."""
    crowd = Crowd(errand, buying=len(errand.tokens))
    loop = asyncio.get_running_loop()
    crowd.begun = time.perf_counter()
    crowd.until = crowd.begun + errand.warm_seconds + errand.seconds
    for place in range(len(errand.tokens)):
        await loop.create_connection(lambda place=place: Buyer(crowd, place), "127.0.0.1", errand.port)  # type: ignore[misc]  # a lambda with a default has no type
    try:
        async with asyncio.timeout(errand.warm_seconds + errand.seconds + ANSWER_SECONDS):
            await crowd.done.wait()
    except TimeoutError:
        crowd.errors["no answer"] += crowd.buying
    since = crowd.begun + errand.warm_seconds
    spent = sorted(took for at, took in crowd.times if since <= at < crowd.until)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "per_second": len(spent) / errand.seconds,
        "p50_ms": share(spent, 0.50) * 1000,
        "p99_ms": share(spent, 0.99) * 1000,
        "trades": crowd.trades,
        "errors": dict(crowd.errors),
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
    }


def share(ordered: list[float], part: float) -> float:
    """The value below which that part of them lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


async def send(errand: Errand) -> bytes:
    """Let a crowd do an errand in a process of its own; return what it told, in JSON."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *tied(), sys.executable, "-m", "bench.buyers", stdin=pipe, stdout=pipe
    )
    try:
        told, _ = await process.communicate(json.dumps(asdict(errand)).encode())
    finally:
        await asyncio.shield(end(process))
    if process.returncode:
        raise RuntimeError(f"the crowd ended with {process.returncode}")
    return told


if __name__ == "__main__":
    json.dump(uvloop.run(run(Errand(**json.load(sys.stdin)))), sys.stdout)
