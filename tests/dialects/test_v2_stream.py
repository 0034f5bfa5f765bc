"""The stream of v2 as a listener sees it, through the real server: what comes, to whom, and until when."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from dialects.shop import Shop, serving, shop_on
from dialects.sse import SECONDS, Listener, Told, listening
from stock import NAME
from tradepost import patience
from tradepost.app import App, Clock
from tradepost.db import DatabaseGone, Db
from tradepost.dialects.shadowpay.v2 import stream as v2_stream
from tradepost.market import feed, tokens, trades
from tradepost.market.wakeup import wake
from tradepost.rules.trade import Ruled
from tradepost.server import GRACE_SECONDS

pytestmark = pytest.mark.sql

IVORY = "P2000 | Ivory (Well-Worn)"


def stream_of(
    shop: Shop, last_event_id: str = "", token: str | None = None, **parameters: Any
) -> AbstractAsyncContextManager[Listener]:
    return listening(shop.http, shop.url, token or shop.token, last_event_id, **parameters)


async def end(shop: Shop, offer: int) -> None:
    await shop.db.execute("UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1", offer)
    await feed.tell(shop.app, [offer])


async def reprice(shop: Shop, offer: int, cents: int) -> None:
    await shop.db.execute("UPDATE offer SET price_cents = $2 WHERE id = $1", offer, cents)
    await feed.tell(shop.app, [offer])


async def all_is_read(shop: Shop) -> None:
    """Return when the server has read every change there is."""
    last = await shop.db.fetch("SELECT xid::text AS xid, id FROM change ORDER BY xid DESC, id DESC LIMIT 1")
    await wake(shop.app)
    async with asyncio.timeout(SECONDS):
        while shop.app.ring.position < (int(last[0]["xid"]), last[0]["id"]):
            await asyncio.sleep(0.01)


async def nobody_listens(app: App) -> None:
    async with asyncio.timeout(SECONDS):
        while app.ring.listeners:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def second_web(shop: Shop) -> AsyncIterator[str]:
    """Another web process on the shop's database, as far as one event loop can have two; its address."""
    app = shop.app
    async with serving(App(app.settings, app.db, app.steam, Clock())) as url:
        yield url


# What is told --------------------------------------------------------------------------------------------------


async def test_offers_made_repriced_and_gone_are_told_in_their_order(shop: Shop) -> None:
    async with stream_of(shop) as listener:
        (hello,) = await listener.take(1)
        assert (hello.name, hello.data) == ("hello", {"last_event_id": hello.id})
        assert listener.retry == "1000"
        offer = await shop.foreign(100)
        row = (await shop.get("items")).body["data"][0]
        await reprice(shop, offer, 314)
        await end(shop, offer)
        told = await listener.take(3)
        assert [one.name for one in told] == ["offer.made", "offer.repriced", "offer.gone"]
        assert told[0].data == row
        assert [one.data for one in told[1:]] == [{**row, "price": "3.14"}] * 2
        await listener.silence()


async def test_a_trade_is_told_as_the_operations_show_it_to_each_of_its_sides(shop: Shop) -> None:
    other = await shop.make_token(shop.seller)
    payee = await shop.make_token(shop.stranger)
    offer = await shop.foreign(100)
    async with (
        stream_of(shop, events="trade") as buying,
        stream_of(shop, token=payee, events="trade") as selling,
        stream_of(shop, token=other, events="trade") as neither,
    ):
        for listener in (buying, selling, neither):
            await listener.take(1)
        bought = await shop.buy(id=offer, custom_id="mine")
        assert bought.status == 200
        (told,) = await buying.take(1)
        operations = await shop.get("operations")
        assert (told.name, told.data) == ("trade", operations.body["data"][0])
        assert operations.headers["x-last-event-id"]
        (sold,) = await selling.take(1)
        assert sold.id == told.id
        assert sold.data == (await shop.get("operations", token=payee)).body["data"][0]
        assert (sold.data["type"], sold.data["steam_trade_token"], sold.data["custom_id"]) == (
            "sell",
            None,
            None,
        )
        async with shop.db.transaction() as tx:
            decision = await trades.happened(
                tx, shop.app.settings, int(told.data["id"]), Ruled("refund"), witness="operator:test", now=shop.app.now()
            )  # fmt: skip
        await trades.after(shop.app, decision)
        assert [(await one.take(1))[0].data["state"] for one in (buying, selling)] == ["cancelled"] * 2
        await neither.silence()


FILTERS: dict[str, tuple[dict[str, Any], Callable[[str, str, str], bool]]] = {
    "nothing named": ({}, lambda *_: True),
    "a game": ({"project": "csgo"}, lambda game, *_: game == "csgo"),
    "two games": ({"project": "csgo,rust"}, lambda game, *_: game in ("csgo", "rust")),
    "a game by its other name": ({"game": "dota2"}, lambda game, *_: game == "dota2"),
    "a name": ({"steam_market_hash_name[]": IVORY}, lambda _, name, __: name == IVORY),
    "a kind": ({"events[]": "offer.gone"}, lambda _, __, kind: kind == "offer.gone"),
    "two kinds": ({"events": "offer.gone,offer.made"}, lambda _, __, kind: kind != "offer.repriced"),
    "all at once": (
        {"project": "csgo", "steam_market_hash_name": NAME, "events": "offer.repriced"},
        lambda game, name, kind: (game, name, kind) == ("csgo", NAME, "offer.repriced"),
    ),
    "what there is none of": ({"project": "tf2"}, lambda *_: False),
}


async def test_filters_leave_of_all_events_those_that_fit_all_of_them(shop: Shop) -> None:
    items = [("csgo", NAME), ("csgo", IVORY), ("dota2", NAME), ("rust", IVORY)]
    async with stream_of(shop) as first:
        start = (await first.take(1))[0].id
    every = []
    for game, name in items:
        offer = await shop.box.stock.offer(shop.stranger, 100, name=name, project=game)
        await reprice(shop, offer, 101)
        await end(shop, offer)
        every += [(game, name, kind) for kind in ("offer.made", "offer.repriced", "offer.gone")]
    for case, (parameters, fits) in FILTERS.items():
        expected = [one for one in every if fits(*one)]
        async with stream_of(shop, start, **parameters) as listener:
            found = await listener.take(len(expected))
            await listener.silence(0.05)
        told = [(one.data["project"], one.data["steam_market_hash_name"], one.name) for one in found]
        assert told == expected, case


async def test_the_head_says_what_it_is_and_keeps_no_proxy_from_passing_it_on(shop: Shop) -> None:
    async with stream_of(shop) as listener:
        headers = listener.response.headers
        assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Accel-Buffering"] == "no"
        assert headers["X-RateLimit-Remaining"]
    head = await shop.call("HEAD", "stream")
    assert (head.status, head.body) == (200, "")
    assert head.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    await nobody_listens(shop.app)


async def test_a_quiet_stream_shows_that_it_lives_and_moves_the_id_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(v2_stream, "HEARTBEAT_SECONDS", 0.05)
    async with stream_of(shop, events="trade") as listener:
        (hello,) = await listener.take(1)
        offer = await shop.foreign(100)
        await reprice(shop, offer, 101)
        async with asyncio.timeout(SECONDS):
            while listener.last_id == hello.id:
                line = await listener.response.content.readline()
                if line.startswith(b"id: "):
                    listener.last_id = line[4:].decode().strip()
                else:
                    assert line in (b": still here\n", b"\n")
    async with stream_of(shop, listener.last_id) as listener:
        await listener.silence()


# Where one left off --------------------------------------------------------------------------------------------


async def test_one_comes_back_by_header_or_parameter_and_the_header_is_the_newer_one(shop: Shop) -> None:
    offer = await shop.foreign(100)
    await all_is_read(shop)
    async with stream_of(shop) as listener:
        (hello,) = await listener.take(1)
        for cents in (101, 102, 103):
            await reprice(shop, offer, cents)
        first, second, third = await listener.take(3)
    ways: list[tuple[str, dict[str, Any]]] = [
        (first.id, {}),
        ("", {"params": {"last_event_id": first.id}}),
        (first.id, {"params": {"last_event_id": hello.id}}),
    ]
    for header, parameters in ways:
        async with stream_of(shop, header, **parameters) as listener:
            assert await listener.take(2) == [second, third]


@pytest.mark.parametrize(
    "id_", ["1", "-", "1-", "a-b", "1-2-3", "01-2", "+1-2", "1-2 ", "9" * 19 + "-1", "１-2"]
)
async def test_an_id_that_none_can_be_is_refused_before_the_stream_begins(shop: Shop, id_: str) -> None:
    reply = await shop.get("stream", params={"last_event_id": id_})
    assert reply.refusal == (422, "validation_error")
    assert "last_event_id" in reply.body["error_details"]
    if id_.isascii() and id_.strip() == id_:
        reply = await shop.get("stream", headers={"Last-Event-ID": id_})
        assert reply.refusal == (422, "validation_error")


async def test_who_was_away_too_long_or_names_the_future_is_told_to_begin_anew(shop: Shop) -> None:
    offer = await shop.foreign(100)
    async with stream_of(shop) as listener:
        (hello,) = await listener.take(1)
    await reprice(shop, offer, 101)
    await all_is_read(shop)
    await shop.db.execute("DELETE FROM change")
    async with second_web(shop) as url:
        for cents, id_ in ((102, hello.id), (103, "100000000000000000-1")):
            async with listening(shop.http, url, shop.token, id_) as listener:
                (told,) = await listener.take(1)
                assert (told.name, told.data) == ("reset", {"last_event_id": told.id})
                await reprice(shop, offer, cents)
                assert (await listener.take(1))[0].data["price"] == f"1.0{cents - 100}"


async def test_two_servers_tell_the_same_events_under_the_same_ids(shop: Shop) -> None:
    async with (
        second_web(shop) as url,
        stream_of(shop) as here,
        listening(shop.http, url, shop.token) as there,
    ):
        for listener in (here, there):
            await listener.take(1)
        for cents in (100, 200, 300):
            offer = await shop.foreign(cents)
            await reprice(shop, offer, cents + 1)
        told = await here.take(6)
        assert await there.take(6) == told
        async with listening(shop.http, url, shop.token, told[1].id) as again:
            assert await again.take(4) == told[2:]


# How long it lasts ---------------------------------------------------------------------------------------------


async def ends(listener: Listener, seconds: float = 1.5) -> str:
    """Why the stream ends, which it does within so many seconds."""
    async with asyncio.timeout(seconds):
        reason: str = (await listener.until("end")).data["reason"]
        assert await listener.next() is None
    return reason


TAKEN = {
    "revoked": "revoked_at = now()",
    "expired": "expires_at = now()",
    "without the scope": "scopes = '{sell,buy}'",
    "bound to other addresses": "allow_addresses = '{10.0.0.0/8}'",
}


@pytest.mark.parametrize("how", TAKEN)
async def test_a_token_that_is_taken_back_ends_its_streams_within_a_second(shop: Shop, how: str) -> None:
    mine = await shop.make_token(shop.merchant)
    async with stream_of(shop, token=mine) as listener, stream_of(shop) as other:
        await listener.take(1)
        await other.take(1)
        await shop.db.execute(f"UPDATE api_token SET {TAKEN[how]} WHERE hash = $1", tokens._hash(mine))
        assert "token" in await ends(listener, 1.0)
        await other.silence()


async def test_a_token_that_loses_nothing_that_matters_keeps_its_stream(shop: Shop) -> None:
    async with stream_of(shop) as listener:
        await listener.take(1)
        async with shop.db.transaction() as tx:
            await tokens.change_token(tx, shop.token, scopes=["read"], allow_addresses=["127.0.0.0/8"])
        await listener.silence(1.2)


async def test_streams_end_where_the_api_is_switched_off(shop: Shop) -> None:
    async with stream_of(shop) as listener:
        await listener.take(1)
        await shop.turn("api", off=True, reason="Back at nine.")
        assert await ends(listener) == "Back at nine."
    assert (await shop.get("stream")).refusal == (503, "disabled")


async def test_a_stop_of_the_server_does_not_wait_for_its_listeners(shop: Shop) -> None:
    app = shop.app
    loop, other = asyncio.get_running_loop(), App(app.settings, app.db, app.steam, Clock())
    async with aiohttp.ClientSession() as http:
        async with serving(other) as url:
            opened = [listening(http, url, shop.token) for _ in range(5)]
            listeners = [await one.__aenter__() for one in opened]
            for listener in listeners:
                await listener.take(1)
            began = loop.time()
        assert loop.time() - began < GRACE_SECONDS
        for listener in listeners:
            assert "stops" in await ends(listener)
        for one in opened:
            await one.__aexit__(None, None, None)
    assert not other.ring.listeners


async def test_who_leaves_is_noticed_at_once(shop: Shop) -> None:
    async with stream_of(shop) as listener:
        await listener.take(1)
        assert len(shop.app.ring.listeners) == 1
    async with asyncio.timeout(SECONDS):
        await nobody_listens(shop.app)


async def test_who_takes_nothing_is_given_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "TAKE_SECONDS", 0.3)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", int(shop.url.rpartition(":")[2])))
    await loop.sock_sendall(
        client, f"GET /api/v2/stream HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\n\r\n".encode()
    )
    offer = await shop.foreign(100, float_text="0." + "1" * 20_000)  # the system's own buffers take megabytes
    async with asyncio.timeout(SECONDS):
        while not shop.app.ring.listeners:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(4 * SECONDS):
        while shop.app.ring.listeners:
            await shop.db.execute(
                "DO $$ BEGIN FOR n IN 1..300 LOOP UPDATE offer SET price_cents = 100 + n % 900; END LOOP; END $$"
            )
            await feed.tell(shop.app, [offer])
    assert (await shop.get("items")).status == 200
    client.close()


async def test_an_endless_body_is_not_listened_to(shop: Shop) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(shop.url.rpartition(":")[2]))
    head = (
        f"GET /api/v2/stream HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\nContent-Length: 100000000\r\n\r\n"
    )
    writer.write(head.encode())
    assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
    writer.write(b"x" * 200_000)
    async with asyncio.timeout(SECONDS):
        await nobody_listens(shop.app)
    writer.transport.abort()


async def test_a_stream_without_its_database_ends_and_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise DatabaseGone("away for a moment")

    offer = await shop.foreign(100)
    await all_is_read(shop)
    async with stream_of(shop) as listener:
        (hello,) = await listener.take(1)
        monkeypatch.setattr(trades, "read_many", away)
        assert (await shop.buy(id=offer)).status == 200  # a buyer's answer is read in another way
        await wake(shop.app)
        assert "database" in await ends(listener, SECONDS)
    monkeypatch.undo()
    async with stream_of(shop, hello.id) as listener:  # and nothing of it is lost
        assert [one.name for one in await listener.take(2)] == ["offer.gone", "trade"]


async def test_a_token_has_so_many_streams_and_no_more(db: Db) -> None:
    async with shop_on(db, streams_per_token=2) as shop:
        async with stream_of(shop) as one, stream_of(shop) as two:
            reply = await shop.get("stream")
            assert reply.refusal == (429, "disabled")
            assert int(reply.headers["Retry-After"]) >= 1
            async with stream_of(shop, token=await shop.make_token(shop.merchant)) as other:
                await other.take(1)
            for listener in (one, two):
                await listener.take(1)
        await nobody_listens(shop.app)
        async with stream_of(shop) as again:
            await again.take(1)


async def test_two_hundred_hear_the_same_at_once_and_leave_nothing_behind(db: Db) -> None:
    async with (
        shop_on(db, streams_per_token=200, streams_per_minute=1000) as shop,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        async with AsyncExitStack() as many:
            opened = [
                await many.enter_async_context(listening(http, shop.url, shop.token)) for _ in range(200)
            ]
            for listener in opened:
                await listener.take(1)
            assert (await shop.get("stream")).refusal == (429, "disabled")
            await feed.tell(shop.app, [await shop.foreign(100)])
            told = [await listener.take(1) for listener in opened]
            assert all(one == told[0] for one in told)
        await nobody_listens(shop.app)
        assert shop.app.ring.watcher is not None
        await asyncio.wait_for(shop.app.ring.watcher, SECONDS)  # who has nobody to watch goes, too


# All of it -----------------------------------------------------------------------------------------------------


EVENTS = 300  # that every copy has applied, from one server or the other


class Copy:
    """A program that keeps a list of what is on sale, by the recipe of the docs: events, idempotently by id."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.seen: list[str] = []
        self.last_id = ""

    def apply(self, told: Told) -> None:
        self.seen.append(told.id)
        self.last_id = told.id
        if told.name == "offer.gone":
            self.rows.pop(told.data["id"], None)
        else:
            self.rows[told.data["id"]] = told.data


@pytest.mark.parametrize("seed", range(3))
async def test_a_copy_kept_by_the_stream_over_two_servers_is_what_the_list_says(db: Db, seed: int) -> None:
    dice = random.Random(seed)
    async with shop_on(db, streams_per_minute=100_000) as shop, second_web(shop) as other:
        offers = [await shop.foreign(100 + n) for n in range(12)]
        stop = asyncio.Event()

        async def trade() -> None:
            """Somebody who changes offers, in transactions that overlap with others'."""
            while not stop.is_set():
                some = sorted(dice.sample(offers, 3))
                async with db.transaction() as tx:
                    await tx.execute("SELECT pg_current_xact_id()")
                    for offer in some:
                        await asyncio.sleep(dice.random() * 0.004)
                        state = "ended" if dice.random() < 0.4 else "on_sale"
                        await tx.execute(
                            "UPDATE offer SET state = $2, ended_reason = $3, price_cents = $4 WHERE id = $1",
                            offer, state, "test" if state == "ended" else None, dice.randint(100, 999),
                        )  # fmt: skip
                await feed.tell(shop.app, some)

        async def keep(copy: Copy) -> None:
            while True:
                url = dice.choice((shop.url, other))
                if not copy.last_id:
                    async with shop.http.get(f"{url}/api/v2/items", headers={"Token": shop.token}) as answer:
                        copy.last_id = answer.headers["X-Last-Event-Id"]
                        copy.rows = {row["id"]: row for row in (await answer.json())["data"]}
                    continue
                async with listening(shop.http, url, shop.token, copy.last_id) as listener:
                    for _ in range(dice.randint(1, 12)):
                        try:
                            told = await listener.next(0.7 if stop.is_set() else SECONDS)
                        except TimeoutError:
                            return  # all is told
                        assert told is not None
                        assert told.name.startswith("offer."), told
                        copy.apply(told)

        copies = [Copy() for _ in range(3)]
        traders = [asyncio.create_task(trade()) for _ in range(3)]
        keepers = [asyncio.create_task(keep(copy)) for copy in copies]
        async with asyncio.timeout(60):
            while min(len(copy.seen) for copy in copies) < EVENTS:
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.gather(*traders)
        await wake(shop.app)
        await asyncio.gather(*keepers)
        page = (await shop.get("items", params={"limit": 15_000})).body["data"]
        truth = {row["id"]: row for row in page}
        for copy in copies:
            assert copy.rows == truth
            assert len(set(copy.seen)) == len(copy.seen)
            order = [tuple(map(int, id_.split("-"))) for id_ in copy.seen]
            assert order == sorted(order)
