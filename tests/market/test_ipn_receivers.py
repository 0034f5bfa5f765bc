"""Receivers as they are met: each way to fail costs eight attempts at the document's times, and credits nothing twice.

All 33 hours and 57 minutes pass for each of them, in virtual time; whoever would never answer is given half a second,
where it is twenty seconds in service.
"""

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import aiohttp.connector
import pytest

from market.paying import DAY, Till, till
from market.receiving import OK, Behaviour, Received, Receiver, answers, receiving, turn
from tradepost import dial
from tradepost.config import Settings
from tradepost.db import Db
from tradepost.dial import Policy
from tradepost.market import gateways, notices
from tradepost.market.notices import NoticesQuery
from wire import Answers, Authority

pytestmark = pytest.mark.sql
SECOND = timedelta(seconds=1)
# As the document has it, counted from the first attempt.
AT = [timedelta(minutes=minutes) for minutes in (0, 1, 5, 17, 57, 177, 597, 2037)]


# Behaviours that are more than an answer -------------------------------------------------------------------------


def drips(before: bytes, drop: bytes) -> Behaviour:
    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(before)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.05)

    return behave


async def resets(_: Received, writer: asyncio.StreamWriter) -> None:
    """Ends the connection as a program does that crashes: by a reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hangs_up(_: Received, writer: asyncio.StreamWriter) -> None:
    """Hears it all, and closes without a word."""


async def pours(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\nok")
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


def says(data: bytes) -> Behaviour:
    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return behave


BOMB = gzip.compress(b"ok" + b" " * 10_000_000)
HASTY_SECONDS = 0.5
TOO_LATE = "within 0.5 seconds"
REDIRECTED = "redirects are not followed"
NOT_OK = "something else than the word ok"


@dataclass(frozen=True)
class Failing:
    """A receiver that fails: what it does, and how each attempt at it is told of."""

    behaviour: Behaviour
    status: int | None
    fault: str
    endlessly: bool = False  # it would go on for as long as one waits


def elsewhere(status: int) -> Failing:
    """It sends its callers to a server on this machine that would say ok."""
    return Failing(answers(status, b"", "Location: http://127.0.0.1:PORT/\r\n"), status, REDIRECTED)


FAILING: dict[str, Failing] = {
    "error": Failing(answers(200, b"error"), 200, "answered error"),
    "error, and a status of its own": Failing(answers(500, b"error"), 500, "answered 500"),
    "html": Failing(answers(200, b"<html><body>ok</body></html>"), 200, NOT_OK),
    "204": Failing(answers(204, b""), 204, NOT_OK),
    "301": elsewhere(301), "302": elsewhere(302), "303": elsewhere(303), "307": elsewhere(307), "308": elsewhere(308),
    "400": Failing(answers(400), 400, "answered 400"),
    "404": Failing(answers(404), 404, "answered 404"),
    "410": Failing(answers(410), 410, "answered 410"),
    "429 with a Retry-After": Failing(answers(429, b"", "Retry-After: 86400\r\n"), 429, "answered 429"),
    "500": Failing(answers(500), 500, "answered 500"),
    "503 with a Retry-After": Failing(answers(503, b"", "Retry-After: 1\r\n"), 503, "answered 503"),
    "a reset": Failing(resets, None, "closed before an answer"),
    "it hangs up": Failing(hangs_up, None, "closed before an answer"),
    "a dripping head": Failing(drips(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), None, TOO_LATE, True),
    "a byte of the body now and then": Failing(drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nok", b" "), 200, "broke off", True),
    "a body without end": Failing(pours, 200, "broke off or was too long"),
    "a gzip bomb": Failing(answers(200, BOMB, "Content-Encoding: gzip\r\n"), 200, NOT_OK),
    "ok, but the connection drops": Failing(says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"), 200, "broke off"),
    "ok in a chunk that is the last but one": Failing(
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), 200, "broke off"
    ),
    "not HTTP": Failing(says(b"ok\r\n"), None, "not HTTP"),
}  # fmt: skip


# A shop with one skin sold, in the document's time ------------------------------------------------------------------


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Till]:
    """The operator has but one address of his own."""
    async with till(db, callback_networks=("127.0.0.1/32",)) as found:
        yield found


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are given up early: for receivers who give no answer however long they have. Others are given their time,
    which on a busy machine they may need.
    """
    whole = dial.policy_of

    def short(settings: Settings) -> Policy:
        return replace(whole(settings), total_seconds=HASTY_SECONDS)

    monkeypatch.setattr(dial, "policy_of", short)


async def sold_at(shop: Till, url: str) -> None:
    """A skin is sold, of which this address is to be told now."""
    await gateways.change(shop.app, shop.merchant, callback_url=url)
    await shop.sell(*await shop.on_sale(await shop.link(), 100))


async def climb(shop: Till, until: int = 8) -> None:
    """Let time pass up to an attempt; each is made when it is due, and not a second earlier."""
    start = shop.app.now()
    for number, at in enumerate(AT[:until], 1):
        if at:
            shop.clock.offset += start + at - SECOND - shop.app.now()
            assert await turn(shop.app) == []
            shop.clock.offset += SECOND
        ((claimed, _),) = await turn(shop.app)
        assert claimed.attempt == number


async def told_of(shop: Till) -> tuple[notices.Notice, list[notices.Attempt]]:
    """The one notice, as its merchant is shown it."""
    ((shown, attempts),), total = await notices.page(shop.app, shop.merchant, NoticesQuery())
    assert total == 1
    return shown, attempts


async def has_failed(shop: Till, status: int | None, fault: str) -> None:
    """Eight attempts at their times, each with its reason; it is set aside, to be seen, and nothing follows."""
    shown, attempts = await told_of(shop)
    assert (shown.state, shown.due_at, len(attempts)) == ("set_aside", None, 8)
    assert [one.at - attempts[0].at for one in attempts] == AT
    assert {one.status for one in attempts} == {status}
    for one in attempts:
        assert one.fault is not None and fault in one.fault and one.fault.endswith("."), one.fault
        assert one.answer is None or len(one.answer) <= 256
    assert len({one.request for one in attempts}) == 1 and shown.payload is not None
    assert attempts[0].request.endswith(shown.payload.decode())
    shop.clock.offset += 30 * DAY
    assert await turn(shop.app) == []
    assert (await shop.purse()).balance_cents == 95  # the money is there all the same


def same_bytes(receiver: Receiver, times: int) -> None:
    """It was told the same each time, under the same name: whoever counts trade_ids counts one."""
    assert len(receiver.received) == times
    assert len({(one.name, one.path) for one in receiver.received}) == 1


# Each behaviour, all the way ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAILING)
async def test_a_receiver_that_fails_is_told_eight_times_the_same_and_set_aside(
    shop: Till, name: str, request: pytest.FixtureRequest
) -> None:
    failing = FAILING[name]
    if failing.endlessly:
        request.getfixturevalue("hasty")
    async with receiving(OK) as inside, receiving(failing.behaviour) as receiver:
        if failing.fault == REDIRECTED:
            port = inside.url.split(":")[2].split("/")[0]
            receiver.behaviour = answers(failing.status or 0, b"", f"Location: http://127.0.0.1:{port}/\r\n")
        await sold_at(shop, receiver.url)
        await climb(shop)
        await has_failed(shop, failing.status, failing.fault)
    assert inside.received == []
    same_bytes(receiver, 8)


async def test_a_receiver_that_says_ok_is_told_once(shop: Till) -> None:
    async with receiving(OK) as receiver:
        await sold_at(shop, receiver.url)
        await climb(shop, 1)
        shop.clock.offset += 30 * DAY
        assert await turn(shop.app) == []
        shown, attempts = await told_of(shop)
    assert (shown.state, [one.fault for one in attempts]) == ("delivered", [None])
    same_bytes(receiver, 1)


@pytest.mark.parametrize("number", range(2, 9))
async def test_ok_at_any_attempt_is_the_end_of_it(shop: Till, number: int) -> None:
    async def at_last(_: Received, writer: asyncio.StreamWriter) -> None:
        behave = OK if len(receiver.received) == number else answers(200, b"error")
        await behave(_, writer)

    async with receiving(at_last) as receiver:
        await sold_at(shop, receiver.url)
        await climb(shop, number)
        shop.clock.offset += 30 * DAY
        assert await turn(shop.app) == []
        shown, attempts = await told_of(shop)
    assert shown.state == "delivered" and [one.fault is None for one in attempts] == [False] * (
        number - 1
    ) + [True]
    same_bytes(receiver, number)


async def test_a_receiver_that_credits_and_never_says_so_has_credited_one_trade(shop: Till) -> None:
    """What the document asks of it: to tell repeats by transaction_id and trade_id."""
    credited: dict[tuple[str, str], str] = {}

    async def credits_and_crashes(request: Received, writer: asyncio.StreamWriter) -> None:
        told = request.told
        credited[told["transaction_id"], told["trade_id"]] = told["amount"]
        await resets(request, writer)

    async with receiving(credits_and_crashes) as receiver:
        await sold_at(shop, receiver.url)
        await climb(shop)
    assert list(credited.values()) == ["0.95"]
    same_bytes(receiver, 8)


# Those that are no HTTP server at all ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("hasty")
async def test_who_accepts_and_never_reads_is_given_up_eight_times(shop: Till) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        await sold_at(shop, f"http://127.0.0.1:{listener.getsockname()[1]}/ipn")
        await climb(shop)
        await has_failed(shop, None, TOO_LATE)


async def test_who_does_not_listen_is_tried_eight_times(shop: Till) -> None:
    await sold_at(shop, "http://127.0.0.1:9/ipn")
    await climb(shop)
    await has_failed(shop, None, "took no connection")


async def test_a_name_that_nobody_has_is_looked_up_eight_times(
    shop: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Answers([])
    monkeypatch.setattr(dial, "_Names", lambda: names)
    await sold_at(shop, "https://shop.example/ipn")
    await climb(shop)
    await has_failed(shop, None, "could not be found")
    assert names.asked == ["shop.example"] * 8


async def test_a_name_that_leads_inside_from_the_second_time_on_is_followed_no_more(
    shop: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up for each attempt, and where it leads is judged at each connect."""
    async with receiving(answers(200, b"error")) as receiver:
        port = int(receiver.url.split(":")[2].split("/")[0])
        names = Answers(["127.0.0.1"], ["127.0.0.2"], ["169.254.169.254"], ["::ffff:127.0.0.2"], ["10.0.0.1"])
        monkeypatch.setattr(dial, "_Names", lambda: names)
        with socket.create_server(("127.0.0.2", port)) as inside:
            inside.setblocking(False)
            await sold_at(shop, f"http://shop.example:{port}/ipn")
            await climb(shop)
            with pytest.raises(BlockingIOError):  # nobody came
                inside.accept()
        shown, attempts = await told_of(shop)
    assert (shown.state, len(names.asked)) == ("set_aside", 8)
    assert [one.status for one in attempts] == [200] + [None] * 7
    assert {"not called" in (one.fault or "") for one in attempts[1:]} == {True}
    same_bytes(receiver, 1)


CERTIFICATES: dict[str, Callable[[Authority, Authority], ssl.SSLContext]] = {
    "its time is over": lambda ours, _: ours.server("127.0.0.1", timedelta(days=-1)),
    "it is for another name": lambda ours, _: ours.server("shop.example"),
    "nobody knows its authority": lambda _, others: others.server("127.0.0.1"),
}


@asynccontextmanager
async def over_tls(
    behaviour: Callable[[asyncio.StreamWriter], Awaitable[None]], context: ssl.SSLContext
) -> AsyncIterator[int]:
    """A server that speaks TLS; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with AsyncExitStack() as stack:
            stack.callback(writer.close)
            await reader.readuntil(b"\r\n\r\n")
            await behaviour(writer)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()


async def says_ok(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    await writer.drain()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that the market trusts, and no other."""
    made = Authority(tmp_path)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", made.trusting())
    return made


@pytest.mark.parametrize("name", CERTIFICATES)
async def test_a_certificate_that_is_not_good_is_never_talked_to(
    shop: Till, authority: Authority, tmp_path: Path, name: str
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    async with over_tls(says_ok, CERTIFICATES[name](authority, Authority(others))) as port:
        await sold_at(shop, f"https://127.0.0.1:{port}/ipn")
        await climb(shop)
        await has_failed(shop, None, "certificate is not valid")


async def test_a_certificate_that_is_good_is_talked_to(shop: Till, authority: Authority) -> None:
    """So that the ones before fail for their own reason."""
    async with over_tls(says_ok, authority.server("127.0.0.1")) as port:
        await sold_at(shop, f"https://127.0.0.1:{port}/ipn")
        await climb(shop, 1)
        assert (await told_of(shop))[0].state == "delivered"


@pytest.mark.usefixtures("hasty")
async def test_who_speaks_no_tls_where_it_is_expected_is_tried_eight_times(shop: Till) -> None:
    async with receiving(OK) as receiver:
        await sold_at(shop, receiver.url.replace("http:", "https:"))
        await climb(shop)
        shown, attempts = await told_of(shop)
        assert (shown.state, len(attempts), receiver.received) == ("set_aside", 8, [])
        assert {one.status for one in attempts} == {None}
