"""Around every request: an id, one line without secrets, bounds on head, body and pace; and a stop that loses nothing."""

import asyncio
import io
import json
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Match, Route

from box import market
from dialects.shop import Shop, serving
from tradepost import log, patience, server, stopping
from tradepost.app import App, Clock
from tradepost.db import DatabaseGone, Db
from tradepost.dialects import edge
from tradepost.dialects.pace import Paces
from tradepost.dialects.shadowpay.ways import Below, calls_of
from tradepost.market import feed, ledger
from tradepost.routes import routes


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, a JSON object a line."""
    stream = io.StringIO()
    log.setup("json", "info", stream)
    yield stream
    log.setup("console", "warning")


def requests(lines: io.StringIO) -> list[dict[str, Any]]:
    return [
        line for text in lines.getvalue().splitlines() if (line := json.loads(text))["event"] == "request"
    ]


async def test_every_request_has_one_line_with_what_happened(shop: Shop, lines: io.StringIO) -> None:
    own = await shop.get("items/77?project=csgo", headers={"X-Request-ID": "my-request.1"})
    made = await shop.get("items?search=secret%20name", headers={"X-Request-ID": "bad id\t"})
    nowhere = await shop.call("PUT", "/nowhere", token="")
    assert own.headers["X-Request-ID"] == "my-request.1"
    assert made.headers["X-Request-ID"] not in ("", "bad id\t")
    first, second, third = requests(lines)
    assert (first["route"], first["path"], first["status"], first["word"]) == (
        "/api/v2/items/{id}", "/api/v2/items/77", 404, "no_item",
    )  # fmt: skip
    assert (first["request_id"], first["account_id"], first["query"]) == (
        "my-request.1",
        shop.merchant,
        "project=csgo",
    )
    assert first["milliseconds"] > 0
    assert (second["query"], second["request_id"]) == ("search=***", made.headers["X-Request-ID"])
    assert (third["method"], third["status"], third["route"], nowhere.status) == ("PUT", 404, "", 404)


async def test_no_token_reaches_a_log(
    shop: Shop, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = shop.token
    await shop.get(f"items?token={token}", token="")
    await shop.get(f"items?a[token]={token}&x={token}", token="")
    await shop.get("items?x=1", token="", headers={"Authorization": f"Bearer {token}"})
    await shop.get(f"{token}/{token}")
    await shop.call("POST", "buy", token="", data=b'{"token": "' + token.encode() + b'", ')
    await shop.call("POST", "buy", token="", json={"token": token, "id": 1})

    async def fail(*_: Any) -> None:
        raise RuntimeError(f"while looking for {token}")

    monkeypatch.setattr(ledger, "wallet", fail)
    assert (await shop.get("account/balance")).status == 500
    assert "request_failed" in lines.getvalue()
    assert len(requests(lines)) == 7
    assert token not in lines.getvalue()
    assert token[5:] not in lines.getvalue()


async def test_every_answer_has_the_headers_that_keep_it_private(shop: Shop) -> None:
    for path in ("items", "/healthz", "/nowhere", "nothing", "account/balance"):
        headers = (await shop.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == ("private, no-cache" if path == "items" else "no-store")
        assert "Server" not in headers
        assert headers["X-Request-ID"]


async def test_paths_of_no_dialect_are_404_in_json(shop: Shop) -> None:
    for method, path in (("GET", "/nowhere"), ("POST", "/api/v3/items"), ("GET", "/api/v2"), ("GET", "//"), ("GET", "/%00"), ("DELETE", "/healthz")):  # fmt: skip
        reply = await shop.call(method, path)
        assert reply.status in (404, 405)
        assert reply.body["error_message"] == "wrong_method"


async def test_a_call_that_is_found_by_its_path_is_the_one_that_its_route_leads_to(shop: Shop) -> None:
    ways = routes(shop.app, Paces(shop.app.settings))
    calls = calls_of(ways)
    assert {"/api/v1/buy_item", "/api/v2/buy", "/api/v2/items"} <= calls.keys()
    for path, call in calls.items():
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "root_path": ""}
        first = next(route for route in ways if route.matches(scope)[0] is not Match.NONE)
        assert isinstance(first, Below)
        inner = next(way for way in first.routes if way.matches({**scope, **first.matches(scope)[1]})[0] is Match.FULL)  # fmt: skip
        assert isinstance(inner, Route)
        assert inner.app is call


async def test_every_host_is_served(shop: Shop) -> None:
    for host in ("shadowpay.com", "api.shadowpay.com", "evil.example", "[::1]:9"):
        assert (await shop.get("items", headers={"Host": host})).status == 200


async def test_a_head_request_has_the_length_and_no_body(shop: Shop) -> None:
    await shop.foreign()
    whole, head = await shop.get("items"), await shop.call("HEAD", "items")
    assert (head.status, head.headers["Content-Length"]) == (200, whole.headers["Content-Length"])


async def test_a_database_that_is_away_is_503_and_may_be_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for maybe_committed, words in ((True, "may have been carried out"), (False, "nothing was done")):

        async def gone(*_: Any, maybe_committed: bool = maybe_committed) -> None:
            raise DatabaseGone("away", maybe_committed=maybe_committed)

        monkeypatch.setattr(ledger, "wallet", gone)
        reply = await shop.get("account/balance")
        assert reply.refusal == (503, "disabled")
        assert reply.headers["Retry-After"] == "1"
        assert words in reply.body["error_details"]


async def test_a_server_just_starting_refuses_rather_than_show_empty_lists(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tradepost.dialects.shadowpay import ways

    await shop.app.shelves_ready.wait()
    shop.app.shelves_ready.clear()
    waiting = asyncio.create_task(shop.get("items"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    shop.app.shelves_ready.set()
    assert (await waiting).status == 200
    shop.app.shelves_ready.clear()
    monkeypatch.setattr(ways, "READY_SECONDS", 0.01)
    assert (await shop.get("items")).refusal == (503, "disabled")


async def test_a_feed_that_breaks_is_begun_anew_with_empty_shelves(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = feed.follow, asyncio.Event()

    async def follow(app: Any) -> None:
        if not broken.is_set():
            broken.set()
            raise RuntimeError("a bug of ours")
        await whole(app)

    monkeypatch.setattr(feed, "follow", follow)
    monkeypatch.setattr(server, "AGAIN_SECONDS", 0.01)
    async with market(db) as box:
        offer = await box.stock.offer(await box.stock.person())
        before = box.app.shelves
        async with serving(box.app):
            await asyncio.wait_for(box.app.shelves_ready.wait(), 5)
            assert box.app.shelves is not before
            assert box.app.shelves.row(offer) is not None


# The head and the body ---------------------------------------------------------------------------------------


async def test_half_a_head_is_not_waited_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.2)
    clock = asyncio.get_running_loop().time
    for half in (b"", b"GET /api/v2/items HTTP/1.1\r\nHost: x\r\n", b"GET"):
        start = clock()
        assert await shop.raw(half) == b""
        assert 0.1 < clock() - start < 2
    assert (await shop.get("items")).status == 200


async def test_a_connection_may_rest_between_two_requests_and_not_inside_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(shop.url.rpartition(":")[2]))
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    writer.write(request)
    assert (await reader.readuntil(b'{"status":"ok"}')).startswith(b"HTTP/1.1 200 ")
    await asyncio.sleep(0.4)
    writer.write(request)
    assert (await reader.readuntil(b'{"status":"ok"}')).startswith(b"HTTP/1.1 200 ")
    writer.write(request[:20])
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % n for n in range(101)) + b"\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * (2 << 20), b"too long"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\nHost: x\n\n", b"40"),
        (b"POST /api/v2/buy HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01", b"400"),
        (b"GET /" + b"x" * (1 << 17) + b" HTTP/1.1\r\n\r\n", b"400"),
    ],
)
async def test_a_head_out_of_bounds_is_refused(shop: Shop, head: bytes, word: bytes) -> None:
    answer = await shop.raw(head)
    assert answer.startswith(b"HTTP/1.1 4")
    assert word in answer
    assert (await shop.get("/healthz")).status == 200


async def test_a_query_longer_than_the_parser_counts_is_read(shop: Shop) -> None:
    offer = await shop.foreign()
    names = "&".join(f"steam_market_hash_name[]={'x' * 90}{n}" for n in range(1_500))
    head = f"GET /api/v2/items?{names}&steam_market_hash_name[]=P250+%7C+Valence+(Field-Tested) HTTP/1.1\r\n"
    assert len(head) > 1 << 17
    answer = await shop.raw(f"{head}Host: x\r\nToken: {shop.token}\r\nConnection: close\r\n\r\n".encode())
    assert f'"id":"{offer}"'.encode() in answer


async def test_a_body_that_does_not_come_is_not_waited_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BODY_SECONDS", 0.2)
    head = f"POST /api/v2/buy HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\nContent-Length: 100\r\n\r\nid=1"
    answer = await shop.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 422 ")
    assert b"did not arrive" in answer


async def test_a_caller_who_leaves_in_the_middle_hurts_nobody(shop: Shop, lines: io.StringIO) -> None:
    port = int(shop.url.rpartition(":")[2])
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /api/v2/buy HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nid=1")
        await writer.drain()
        writer.transport.abort()
    assert (await shop.get("items")).status == 200
    assert "request_failed" not in lines.getvalue()


async def test_who_asks_before_he_sends_too_much_is_told_no(shop: Shop) -> None:
    head = f"POST /api/v2/buy HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
    answer = await shop.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer


async def test_a_compressed_body_is_refused(shop: Shop) -> None:
    reply = await shop.call("POST", "buy", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert reply.refusal == (422, "validation_error")
    assert "Content-Encoding" in reply.body["error_details"]


async def test_an_answer_that_nobody_takes_is_given_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "TAKE_SECONDS", 0.2)
    made = [await shop.box.stock.offer(shop.stranger) for _ in range(300)]
    await feed.put(shop.app, made)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", int(shop.url.rpartition(":")[2])))
        client.settimeout(10)
        asked = f"GET /api/v2/items?limit=15000 HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\n\r\n".encode()
        await asyncio.to_thread(client.sendall, asked * 400)  # 20 MB of answers, and not a byte of them taken
        await asyncio.sleep(1.5)
        assert await asyncio.to_thread(bytes_until_the_end, client) < 400 * 50_000
    assert (await shop.get("items?limit=15000")).status == 200


def bytes_until_the_end(client: socket.socket) -> int:
    """How much still comes before the connection ends."""
    read = 0
    try:
        while piece := client.recv(1 << 20):
            read += len(piece)
    except ConnectionResetError:
        pass
    return read


# Stopping ----------------------------------------------------------------------------------------------------


async def test_sigterm_lets_a_request_be_answered_and_the_program_go_on(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, asked, go_on = ledger.wallet, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any) -> Any:
        asked.set()
        await go_on.wait()
        return await whole(*args)

    monkeypatch.setattr(ledger, "wallet", slow)
    with server.listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    async with market(db, port=port) as box:
        token = await token_of(box.app, await box.stock.person())
        serving_it = asyncio.create_task(server.serve(box.app))
        await asyncio.wait_for(box.app.shelves_ready.wait(), 5)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /api/v2/account/balance HTTP/1.1\r\nHost: x\r\nToken: {token}\r\n\r\n".encode())
        await asyncio.wait_for(asked.wait(), 5)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.2)
        assert not serving_it.done()
        go_on.set()
        assert b'"deposit_balance":"0.00"' in await asyncio.wait_for(reader.read(), 5)
        await asyncio.wait_for(serving_it, 5)
        writer.close()
        assert await db.value("SELECT 1") == 1


async def test_a_server_that_is_told_to_stop_does_not_first_look_at_the_clock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "TICK_SECONDS", 60.0)
    async with (
        asyncio.timeout(30),
        serving(App(shop.app.settings, shop.app.db, shop.app.steam, Clock())) as url,
        shop.http.get(url + "/healthz") as answer,
    ):
        assert answer.status == 200


async def test_a_stop_does_not_wait_for_who_takes_nothing_of_his_answers(shop: Shop) -> None:
    made = [await shop.box.stock.offer(shop.stranger) for _ in range(300)]
    await feed.put(shop.app, made)
    loop, other = asyncio.get_running_loop(), App(shop.app.settings, shop.app.db, shop.app.steam, Clock())
    asked = f"GET /api/v2/items?limit=15000 HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\n\r\n".encode()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        async with serving(other) as url:
            await asyncio.wait_for(other.shelves_ready.wait(), 5)
            client.connect(("127.0.0.1", int(url.rpartition(":")[2])))
            await asyncio.to_thread(
                client.sendall, asked * 400
            )  # 20 MB of answers, and not a byte of them taken
            await asyncio.sleep(0.5)
            began = loop.time()
        assert loop.time() - began < server.GRACE_SECONDS


async def test_a_stop_waits_for_who_takes_his_answer_slowly(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "STOP_TAKE_SECONDS", 0.2)
    made = [await shop.box.stock.offer(shop.stranger) for _ in range(300)]
    await feed.put(shop.app, made)
    other = App(shop.app.settings, shop.app.db, shop.app.steam, Clock())
    stopping = asyncio.Event()

    async def take(url: str) -> bytes:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", int(url.rpartition(":")[2])))
            head = f"GET /api/v2/items?limit=15000 HTTP/1.1\r\nHost: x\r\nToken: {shop.token}\r\n\r\n"
            await loop.sock_sendall(client, head.encode())
            await stopping.wait()
            taken = b""
            while piece := await loop.sock_recv(client, 4096):
                taken += piece
                await asyncio.sleep(0.01)
            return taken

    loop = asyncio.get_running_loop()
    async with serving(other) as url:
        await asyncio.wait_for(other.shelves_ready.wait(), 5)
        taking = asyncio.create_task(take(url))
        await asyncio.sleep(0.5)
        stopping.set()
    head, _, body = (await taking).partition(b"\r\n\r\n")
    assert b"200 OK" in head and body.endswith(b"}")


async def token_of(app: Any, account_id: int) -> str:
    from tradepost.market import merchants

    async with app.db.transaction() as tx:
        return await merchants.make_token(tx, account_id, app.now(), test=True)


def test_an_address_that_is_taken_is_said_in_a_sentence() -> None:
    with server.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {port}: "):
            server.listen("127.0.0.1", port)
