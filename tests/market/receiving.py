"""A merchant's receiver over real sockets, as well or as badly behaved as a test wants it, and notices for it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from standardwebhooks import Webhook

from tradepost.app import App
from tradepost.db import Db
from tradepost.market import receivers, sending, settling
from tradepost.market.receivers import Kind, Put
from tradepost.market.sending import Claimed
from tradepost.market.settling import Outcome
from tradepost.rules import notice

Behaviour = Callable[["Received", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Received:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @property
    def name(self) -> str:
        return self.headers["webhook-id"]

    @property
    def called(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the first question mark, as it was on the wire."""
        return self.path.partition("?")[2]

    @property
    def content(self) -> bytes:
        """What its headers are made over: a webhook's body, an IPN's query."""
        return self.query.encode() if self.method == "GET" else self.body

    @property
    def told(self) -> dict[str, str]:
        """An IPN's parameters, each of which is there once."""
        pairs = parse_qsl(self.query, keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)

    def verified(self, secret: str) -> Any:
        """What it tells, if the standard's own library finds its signature good: a body's JSON, or the IPN's parameters."""
        if self.method == "GET":
            Webhook(secret).verify(self.query, self.headers, json_parse=False)
            return self.told
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """A running receiver: its address, what it received, and how many calls it had at once."""

    behaviour: Behaviour
    url: str = ""
    received: list[Received] = field(default_factory=list)
    under_way: Counter[str] = field(default_factory=Counter)
    most_at_once: Counter[str] = field(default_factory=Counter)
    one_came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.received]


def answers(status: int = 200, body: bytes = b"ok", head: str = "") -> Behaviour:
    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body)
        await writer.drain()

    return behave


async def hangs(_: Received, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(120)


@asynccontextmanager
async def receiving(behaviour: Behaviour | None = None) -> AsyncIterator[Receiver]:
    receiver, talks = Receiver(behaviour or answers()), set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        path = called = ""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            method, path, _ = first.split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            called = path.partition("?")[0]
            receiver.under_way[called] += 1
            receiver.most_at_once[called] = max(receiver.most_at_once[called], receiver.under_way[called])
            request = Received(path, headers, body, method)
            receiver.received.append(request)
            receiver.one_came.set()
            await receiver.behaviour(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            receiver.under_way[called] -= 1
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    try:
        receiver.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/notices"
        yield receiver
    finally:
        listener.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


OK = answers()  # what an IPN's receiver says; a webhook's may say anything
BODY: dict[Kind, bytes] = {
    "webhook": b'{"type":"x"}',
    "ipn": b"type=payment&amount=6.66&create_date=2026-11-21+12%3A00%3A00",
}
TOLD: dict[Kind, Any] = {
    "webhook": {"type": "x"},
    "ipn": {"type": "payment", "amount": "6.66", "create_date": "2026-11-21 12:00:00"},
}


async def put(app: App, account_id: int, url: str, *types: str, rotate: bool = False) -> Put:
    return await receivers.put(app, account_id, url, types or notice.TYPES, rotate=rotate)


async def put_kind(app: App, account_id: int, url: str, kind: Kind) -> str:
    """Where an account is to be told, in one of the two ways; its secret where it is new, else ""."""
    if kind == "webhook":
        return (await put(app, account_id, url)).secret or ""
    async with app.db.transaction() as tx:
        moved = await tx.execute(
            "UPDATE receiver SET url = $2, silent_at = NULL WHERE account_id = $1 AND kind = 'ipn'",
            account_id,
            url,
        )
        if moved:
            return ""
        return await receivers.make(tx, app.settings, account_id, "ipn", url, (notice.PAYMENT,), app.now())


async def make(
    db: Db,
    account_id: int,
    now: datetime,
    count: int = 1,
    body: bytes | None = None,
    *,
    kind: Kind = "webhook",
) -> list[int]:
    """Notices of nothing in particular, due now."""
    rows = await db.fetch(
        "INSERT INTO notice (account_id, kind, type, payload, made_at, due_at, attempts_most)"
        " SELECT $1, $5, CASE $5 WHEN 'ipn' THEN 'payment' ELSE 'trade.finished' END, $3, $2, $2, 8"
        " FROM generate_series(1, $4) RETURNING id",
        account_id, now, BODY[kind] if body is None else body, count, kind,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def turn(app: App) -> list[tuple[Claimed, Outcome]]:
    """What is due is claimed, sent and settled, one after another."""
    done = []
    for claimed in await sending.claim(app):
        outcome = await sending.send(app, claimed)
        await settling.settle(app, [(claimed, outcome)])
        done.append((claimed, outcome))
    return done


@asynccontextmanager
async def delivering(*apps: App) -> AsyncIterator[None]:
    """Workers that send what is due, until the block ends."""
    stop = asyncio.Event()
    workers = [asyncio.create_task(sending.deliver(app, stop)) for app in apps]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*workers)
