"""The fast path answers as the ordinary way does, byte for byte, and leaves to it whatever is not simple."""

import asyncio
import gzip
import io
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.shop import Shop, serving
from tradepost import log, server
from tradepost.dialects import heads, hot_reads
from tradepost.dialects.flat import Flat
from tradepost.dialects.hot_reads import HotReads
from tradepost.dialects.measures import SERVED
from tradepost.dialects.reading import read_all
from tradepost.dialects.shadowpay.v2.lists import ItemsAsked
from tradepost.dialects.shapes import take
from tradepost.market import feed, presence, switches, tokens
from tradepost.market.shelf import Shelves
from tradepost.patience import PatientProtocol

NAMES = ("AK-47 | Redline (Field-Tested)", "P250 | Valence (Field-Tested)", "★ Karambit | Döppler")
OFFERS = 230
ORDINARY = "X-Request-ID: the-ordinary-way"  # who names his request is not answered the short way
# What is another one each time, counts down, or moves on with what happens elsewhere on the market.
OWN = (b"date", b"x-request-id", b"x-ratelimit-remaining", b"x-ratelimit-reset", b"x-last-event-id")


@dataclass
class Reply:
    """An answer as its bytes came."""

    line: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def shown(self) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
        """What two answers to the same request must have in common."""
        return self.line, sorted(pair for pair in self.headers if pair[0] not in OWN), self.body

    @property
    def status(self) -> int:
        return int(self.line.split()[1])

    def value(self, name: bytes) -> bytes:
        return dict(self.headers)[name]


def place(reply: Reply) -> tuple[int, int]:
    """The last event that is in a list."""
    xid, id_ = reply.value(b"x-last-event-id").split(b"-")
    return int(xid), int(id_)


@dataclass
class Caller:
    """A connection to the shop's server, over which bytes are sent as they are."""

    shop: Shop
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    reads: list[HotReads] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """How many requests went the short way so far."""
        return sum(one.answered for one in self.reads)

    def request(self, target: str, *headers: str, method: str = "GET", token: str | None = None) -> bytes:
        given = [f"Token: {token or self.shop.token}"] if token != "" else []
        return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", *given, *headers, "", ""]).encode()

    async def get(self, target: str, *headers: str, token: str | None = None) -> Reply:
        return await self.ask(self.request(target, *headers, token=token))

    async def ask(self, data: bytes) -> Reply:
        self.writer.write(data)
        return await self.reply()

    async def reply(self) -> Reply:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)
        line, *rest = head[:-4].split(b"\r\n")
        headers = [(name, value) for name, _, value in (one.partition(b": ") for one in rest)]
        length = int(dict(headers).get(b"content-length", b"0"))
        return Reply(line, headers, await asyncio.wait_for(self.reader.readexactly(length), 10))

    async def fast(self, target: str, *headers: str, token: str | None = None) -> Reply:
        """An answer that must have gone the short way."""
        before = self.answered
        reply = await self.get(target, *headers, token=token)
        assert self.answered == before + 1, target
        return reply

    async def ordinary(self, data: bytes) -> Reply:
        """An answer that must not."""
        before = self.answered
        reply = await self.ask(data)
        assert self.answered == before, data
        return reply

    async def warm(self, token: str | None = None) -> None:
        """Have it looked up who calls, what is off and who is online: the fast path itself asks nobody."""
        await self.get("/api/v2/items?limit=1", ORDINARY, token=token)
        await self.get("/api/v2/items/1", ORDINARY, token=token)


@asynccontextmanager
async def calling(shop: Shop, url: str = "", reads: list[HotReads] | None = None) -> AsyncIterator[Caller]:
    port = int((url or shop.url).rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    try:
        yield Caller(shop, reader, writer, reads or [])
    finally:
        writer.close()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[HotReads]:
    """The hot reads of every server that is started, whose memory of who calls is a minute long: no slow machine
    makes a request an ordinary one."""
    made: list[HotReads] = []

    class Known(HotReads):
        """Known to the test."""

        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    for kept in (tokens._callers, switches._recent, presence._recent):
        monkeypatch.setattr(kept, "_life", kept._life * 120)
    monkeypatch.setattr(server, "HotReads", Known)
    return made


@pytest.fixture
async def caller(reads: list[HotReads], shop: Shop) -> AsyncIterator[Caller]:
    for at in range(OFFERS):
        wear = {"float_text": f"0.{at:03}", "paintseed": at % 7} if at % 4 else {}
        await shop.foreign(100 + at % 90, NAMES[at % 3], **wear)
    async with calling(shop, reads=reads) as caller:
        await caller.warm()
        yield caller


# The same answers --------------------------------------------------------------------------------------------

TARGETS = (
    "",
    "?",
    "?limit=20",
    "?limit=20&offset=40&sort_column=price_market&sort_dir=asc",
    "?sort_column=floatvalue&sort=desc&limit=50",
    "?game=csgo&limit=3",
    "?project=dota2",
    "?search=redline&limit=5",
    "?search=D%C3%B6ppler&limit=5",
    "?search=d%c3%b6PPLER+&limit=5",
    "?search=",
    "?steam_market_hash_name=P250+%7C+Valence+(Field-Tested)&limit=4",
    "?price_from=1.10&price_to=1.5&limit=7&sort_column=price",
    "?float_from=0.1&float_to=0.15",
    "?paintseed=3&limit=2&offset=1",
    "?group_by=steam_market_hash_name",
    "?exteriors=Field-Tested&is_stattrak=0",
    "?exteriors[]=Field-Tested&rarities%5B%5D=Covert&exteriors[]=Factory+New",
    "?date_from=2020-01-01&date_to=2100-01-01+10:00:00&limit=1",
    "?limit=15000",
    "?limit=15000&offset=229",
    "?limit=99999999&offset=3",
    "?offset=100000",
)


@pytest.mark.parametrize("coding", ["", "Accept-Encoding: gzip, br", "Accept-Encoding: identity;q=0, gzip"])
async def test_a_list_is_the_same_on_both_ways(caller: Caller, coding: str) -> None:
    headers = [coding] if coding else []
    for target in TARGETS:
        ordinary = await caller.ordinary(caller.request(f"/api/v2/items{target}", *headers, ORDINARY))
        assert ordinary.status == 200, target
        for _ in range(2):  # made, and found again
            fast = await caller.fast(f"/api/v2/items{target}", *headers)
            assert fast.shown == ordinary.shown, target
            assert place(ordinary) <= place(fast) <= caller.shop.app.ring.position


async def test_an_item_is_the_same_on_both_ways(caller: Caller) -> None:
    offline = await caller.shop.own()
    await caller.shop.db.execute("DELETE FROM presence WHERE account_id = $1", caller.shop.seller)
    presence._recent.forget(caller.shop.app, lambda _: True)
    await caller.warm()
    for id_, is_online in ((offline, b"false"), (offline - 1, b"true")):
        ordinary = await caller.ordinary(caller.request(f"/api/v2/items/{id_}", ORDINARY))
        fast = await caller.fast(f"/api/v2/items/{id_}")
        assert fast.shown == ordinary.shown
        assert fast.body.endswith(b'"is_seller_online":%b}}' % is_online)


async def test_who_has_a_list_is_not_sent_it_again(caller: Caller) -> None:
    for coding in ((), ("Accept-Encoding: gzip",)):
        whole = await caller.fast("/api/v2/items?limit=15000", *coding)
        tag = whole.value(b"etag").decode()
        for given_ in (tag, f'"other", W/{tag}', "*"):
            have = (*coding, f"If-None-Match: {given_}")
            fast = await caller.fast("/api/v2/items?limit=15000", *have)
            ordinary = await caller.ordinary(caller.request("/api/v2/items?limit=15000", *have, ORDINARY))
            assert (fast.status, fast.body) == (304, b"")
            assert fast.shown == ordinary.shown
        assert (await caller.fast("/api/v2/items?limit=15000", *coding, 'If-None-Match: "x"')).status == 200
    assert gzip.decompress(whole.body).startswith(b'{"data":[')


async def test_what_has_changed_is_seen_by_the_next_request(caller: Caller) -> None:
    target = "/api/v2/items?sort_column=price&sort_dir=asc&limit=1"
    before = await caller.fast(target)
    cheap = await caller.shop.foreign(1)
    after = await caller.fast(target)
    assert json.loads(after.body)["data"][0]["id"] == str(cheap)
    assert before.value(b"etag") != after.value(b"etag")
    assert (await caller.fast(target)).body == after.body
    await caller.shop.db.execute(
        "UPDATE offer SET state = 'ended', ended_reason = 'test' WHERE id = $1", cheap
    )
    await feed.put(caller.shop.app, [cheap])
    assert (await caller.fast(target)).body == before.body
    gone = await caller.ordinary(caller.request(f"/api/v2/items/{cheap}"))
    assert gone.status == 404


async def test_shelves_that_are_filled_anew_are_not_taken_for_the_old_ones(caller: Caller) -> None:
    app, target = caller.shop.app, "/api/v2/items?limit=2"
    assert len(json.loads((await caller.fast(target)).body)["data"]) == 2
    empty = Shelves()
    empty.generation = app.shelves.generation
    app.shelves = empty
    assert json.loads((await caller.fast(target)).body)["data"] == []


SIMPLE = st.sampled_from(
    ["limit=20", "limit=0", "limit=", "limit=7&limit=7", "offset=3", "offset=x", "sort_dir=asc", "sort=desc", "search=a",
     "search=%", "search=%C3", "search=a%26b", "search=a&b", "price_from=1", "price_from=1.001", "price_to=1e3", "project=csgo",
     "game=csgo", "game=dota2", "project=x", "exteriors[]=A", "exteriors%5B%5D=B", "exteriors%5b%5d=C", "exteriors[]=", "limit[]=3", "rarities[]=R", "rarities[][]=R", "exteriors=A", "exteriors=A&exteriors=B", "token=abc", "x=1",
     "paintseed=007", "paintseed=5", "is_stattrak=true", "is_stattrak=1", "group_by=x", "date_from=2026-01-01", "", "=", "limit",
     "float_from=0.1", "limit=٣", "limit=%32%30", "LIMIT=3"]
)  # fmt: skip


@given(st.lists(SIMPLE | st.text("&=[]%+.abclimt019 ", max_size=12), max_size=5))
def test_a_flat_query_says_what_the_ordinary_reader_makes_of_it(pieces: list[str]) -> None:
    query = "&".join(pieces).encode()
    found = FLAT.read(query)
    if found is not None:
        assert found == take(ItemsAsked, read_all(query, b"", ""))


FLAT = Flat(ItemsAsked)


def test_a_flat_query_is_read_unless_it_is_refused_or_odd() -> None:
    for query in (
        b"",
        b"limit=20&offset=3",
        b"search=%C3%B6&sort=asc",
        b"exteriors[]=A&exteriors%5B%5D=B",
        b"rarities=R&price_to=2",
    ):
        assert FLAT.read(query) == take(ItemsAsked, read_all(query, b"", ""))
    for query in (
        b"limit=x",
        b"limit=1&limit=1",
        b"exteriors=A&exteriors[]=B",
        b"limit[]=3",
        b"token=abc",
        b"x=1",
        b"&",
        b"limit",
    ):
        assert FLAT.read(query) is None, query


# What is left to the ordinary way ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        ("Connection: close",),
        ("Content-Length: 0",),
        ("Transfer-Encoding: chunked",),
        ("Expect: 100-continue",),
        ("Connection: Upgrade", "Upgrade: h2c"),
        ("X-Request-ID: abcdefgh",),
        ("Accept-Encoding: gzip", "Accept-Encoding: br"),
        (f"X-Long: {'x' * 2048}",),
    ],
)
async def test_an_unusual_head_is_handed_on(caller: Caller, headers: tuple[str, ...]) -> None:
    data = caller.request("/api/v2/items?limit=1", *headers)
    reply = await caller.ordinary(data + b"0\r\n\r\n" if "chunked" in headers[0] else data)
    assert reply.status == 200
    assert len(json.loads(reply.body)["data"]) == 1


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/api/v2/items?limit=x", 422),
        ("/api/v2/items?exteriors[0]=Field-Tested", 200),
        ("/api/v2/items?limit=1&limit=2", 400),
        ("/api/v2/items?unknown=1", 200),
        ("/api/v2/items/", 404),
        ("/api/v2/items/0", 422),
        ("/api/v2/items/1/2", 404),
        ("/api/v2/items/99999999999999999999", 422),
        ("/api/v2/items/1?x=1", 200),
        ("/api/v2/itemsx", 404),
        ("/api/v2/items%3Flimit=1", 404),
    ],
)  # fmt: skip
async def test_an_unusual_target_is_handed_on(caller: Caller, target: str, status: int) -> None:
    assert (await caller.ordinary(caller.request(target))).status == status


async def test_other_methods_and_versions_are_handed_on(caller: Caller) -> None:
    head = caller.request("/api/v2/items?limit=1", ORDINARY, method="HEAD")
    caller.writer.write(head)
    assert (await asyncio.wait_for(caller.reader.readuntil(b"\r\n\r\n"), 10)).startswith(b"HTTP/1.1 200 ")
    assert (await caller.ordinary(caller.request("/api/v2/items", method="DELETE"))).status == 404
    old = caller.request("/api/v2/items?limit=1").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert (await caller.ordinary(old)).status == 200


async def test_too_many_headers_are_refused_on_both_ways(caller: Caller) -> None:
    many = [f"a{at}: b" for at in range(100)]
    assert (await caller.ordinary(caller.request("/api/v2/items?limit=1", *many))).status == 400


async def test_a_token_is_what_it_is_on_both_ways(caller: Caller) -> None:
    shop, target = caller.shop, "/api/v2/items?limit=1"
    assert (await caller.ordinary(caller.request(target, token=""))).status == 401
    assert (await caller.ordinary(caller.request(target, token="live_" + "x" * 43))).status == 401
    other = await shop.make_token(shop.seller)
    assert (await caller.ordinary(caller.request(target, f"Authorization: Bearer {other}"))).status == 400
    assert (await caller.ordinary(caller.request(f"{target}&token={shop.token}", token=""))).status == 200
    bearer = await caller.fast(target, f"Authorization: Bearer {shop.token}", token="")
    assert bearer.status == 200
    sells = await shop.make_token(shop.merchant, "sell")
    await caller.warm(sells)
    assert (await caller.ordinary(caller.request(target, token=sells))).status == 403
    bound = await shop.make_token(shop.merchant)
    async with shop.db.transaction() as tx:
        await tokens.change_token(tx, bound, allow_addresses=["10.0.0.0/8"])
    assert (await caller.ordinary(caller.request(target, token=bound))).status == 403


async def test_a_revoked_token_is_refused_within_a_second(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens._callers, "_life", tokens._callers._life / 120)
    shop, target = caller.shop, "/api/v2/items?limit=1"
    token = await shop.make_token(shop.merchant)
    await caller.warm(token)
    await caller.fast(target, token=token)
    async with shop.db.transaction() as tx:
        assert await tokens.revoke_token(tx, token, shop.app.now()) == 1
    async with asyncio.timeout(1):
        while (await caller.get(target, token=token)).status == 200:
            await asyncio.sleep(0.01)
    assert (await caller.ordinary(caller.request(target, token=token))).status == 401


async def test_what_is_switched_off_is_off_on_both_ways(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switches._recent, "_life", switches._recent._life / 120)
    await caller.shop.turn("api", off=True, reason="Back at noon.")
    async with asyncio.timeout(1):
        while (await caller.get("/api/v2/items?limit=1")).status == 200:
            await asyncio.sleep(0.01)
    await caller.shop.turn("api", off=False)


async def test_both_ways_count_the_same_calls(reads: list[HotReads], shop: Shop) -> None:
    shop.app.settings = replace(shop.app.settings, requests_per_minute=8)
    async with serving(shop.app) as url, calling(shop, url, reads[1:]) as caller:
        target = "/api/v2/items?limit=1"
        await caller.ordinary(caller.request(target, ORDINARY))
        left = [int((await caller.fast(target)).value(b"x-ratelimit-remaining")) for _ in range(6)]
        assert left == [6, 5, 4, 3, 2, 1]
        assert (await caller.get(target, ORDINARY)).value(b"x-ratelimit-remaining") == b"0"
        for _ in range(3):
            refused = await caller.ordinary(caller.request(target))
            assert (refused.status, refused.value(b"retry-after")) == (429, b"8")


# A connection ------------------------------------------------------------------------------------------------


async def test_requests_in_one_piece_are_answered_in_their_order(caller: Caller) -> None:
    sent = [f"/api/v2/items?limit={1 + at % 5}&offset={at}" for at in range(40)]
    caller.writer.write(b"".join(map(caller.request, sent)))
    for target in sent:
        reply = await caller.reply()
        asked = dict(pair.split("=") for pair in target.partition("?")[2].split("&"))
        assert json.loads(reply.body)["metadata"]["offset"] == int(asked["offset"])
    assert (await caller.fast("/api/v2/items?limit=1")).status == 200


async def test_a_request_in_pieces_is_one_request(caller: Caller) -> None:
    data = caller.request("/api/v2/items?limit=1")
    for cut in (1, 17, 30, len(data) - 1):
        caller.writer.write(data[:cut])
        await asyncio.sleep(0.02)
        caller.writer.write(data[cut:])
        assert (await caller.reply()).status == 200
    # The second of two lies in the piece in which the first one ends.
    caller.writer.write(data[:20])
    await asyncio.sleep(0.02)
    caller.writer.write(data[20:] + data)
    assert [(await caller.reply()).status, (await caller.reply()).status] == [200, 200]


async def test_a_hot_read_does_not_overtake_a_request_under_way(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tradepost.market import ledger

    whole, asked, go_on = ledger.wallet, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any) -> Any:
        asked.set()
        await go_on.wait()
        return await whole(*args)

    monkeypatch.setattr(ledger, "wallet", slow)
    caller.writer.write(caller.request("/api/v2/account/balance"))
    await asyncio.wait_for(asked.wait(), 10)
    caller.writer.write(caller.request("/api/v2/items?limit=1"))
    await asyncio.sleep(0.05)
    go_on.set()
    assert b"deposit_balance" in (await caller.reply()).body
    assert b"metadata" in (await caller.reply()).body


async def test_who_has_said_all_that_he_wanted_to_ask_is_answered(caller: Caller) -> None:
    before = caller.answered
    caller.writer.write(caller.request("/api/v2/items?limit=3"))
    caller.writer.write_eof()
    assert (await caller.reply()).status == 200
    assert await asyncio.wait_for(caller.reader.read(), 10) == b""
    assert caller.answered == before + 1


async def test_many_who_ask_at_one_moment_are_each_answered(caller: Caller) -> None:
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(calling(caller.shop, reads=caller.reads)) for _ in range(50)]
        for at, one in enumerate(crowd):
            one.writer.write(one.request(f"/api/v2/items?limit=1&offset={at}"))
        for at, one in enumerate(crowd):
            assert json.loads((await one.reply()).body)["metadata"]["offset"] == at


async def test_a_connection_rests_as_long_after_a_hot_read_as_after_any(
    reads: list[HotReads], shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "KEEP_ALIVE_SECONDS", 1)
    clock = asyncio.get_running_loop().time
    async with serving(shop.app) as url, calling(shop, url, reads[1:]) as caller:
        await caller.warm()
        begun = clock()
        while clock() - begun < 1.3:  # in use for longer than it may rest
            await caller.fast("/api/v2/items?limit=1")
            await asyncio.sleep(0.1)
        rested = clock()
        assert await asyncio.wait_for(caller.reader.read(), 10) == b""
        assert 0.8 < clock() - rested < 5


async def test_a_connection_that_only_ever_made_hot_reads_rests_no_longer(
    reads: list[HotReads], shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "KEEP_ALIVE_SECONDS", 1)
    async with (
        serving(shop.app) as url,
        calling(shop, url) as other,
        calling(shop, url, reads[1:]) as caller,
    ):
        await other.warm()
        await caller.fast("/api/v2/items?limit=1")
        assert await asyncio.wait_for(caller.reader.read(), 10) == b""


async def test_who_takes_nothing_is_sent_no_more_than_one_answer_ahead(caller: Caller) -> None:
    shop = caller.shop
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", int(shop.url.rpartition(":")[2])))
        before = caller.answered
        for _ in range(400):
            await loop.sock_sendall(client, caller.request("/api/v2/items?limit=15000"))
            await asyncio.sleep(0)
        # 20 MB of answers would be waiting: but for what the kernel takes, it is less than three of them.
        await asyncio.sleep(0.2)
        assert caller.answered - before < 100
    assert (await caller.fast("/api/v2/items?limit=1")).status == 200


# What is told of it ------------------------------------------------------------------------------------------


async def test_the_figures_have_every_hot_read(caller: Caller) -> None:
    def count(route: str, status: str) -> float:
        labels = {"route": route, "method": "GET", "status": status}
        return SERVED.get_sample_value("tradepost_request_seconds_count", labels) or 0

    before = count("/api/v2/items", "200"), count("/api/v2/items", "304"), count("/api/v2/items/{id}", "200")
    tag = (await caller.fast("/api/v2/items?limit=1")).value(b"etag").decode()
    await caller.fast("/api/v2/items?limit=1", f"If-None-Match: {tag}")
    id_ = json.loads((await caller.fast("/api/v2/items?limit=2")).body)["data"][0]["id"]
    await caller.fast(f"/api/v2/items/{id_}")
    after = count("/api/v2/items", "200"), count("/api/v2/items", "304"), count("/api/v2/items/{id}", "200")
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 1, 1]


async def test_the_log_has_a_line_a_second_for_each_caller(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    log.setup("json", "info", stream)
    try:
        monkeypatch.setattr(hot_reads, "TELL_SECONDS", 0.05)
        await asyncio.sleep(1.1)  # until what was answered before is told
        stream.truncate(0)
        for _ in range(5):
            await caller.fast("/api/v2/items?limit=1&search=secret")
        await asyncio.sleep(0.2)
        lines = [json.loads(line) for line in stream.getvalue().replace("\0", "").splitlines()]
    finally:
        log.setup("console", "warning")
    told = [line for line in lines if line["event"] == "hot_reads"]
    assert sum(line["count"] for line in told) == 5
    assert {(line["route"], line["status"], line["account_id"]) for line in told} == {
        ("/api/v2/items", 200, caller.shop.merchant)
    }
    assert "secret" not in stream.getvalue()


async def test_a_fault_of_the_fast_path_is_answered_by_the_ordinary_way(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(hot_reads, "items_now", fail)
    assert (await caller.ordinary(caller.request("/api/v2/items?limit=11"))).status == 200


async def test_what_is_remembered_has_bounds(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    (reads, *_) = caller.reads
    monkeypatch.setattr(hot_reads, "ASKED_MAX", 5)
    monkeypatch.setattr(heads, "HEADS_MAX", 4)
    monkeypatch.setattr(hot_reads, "KEPT_BYTES_MAX", 4_000)
    for at in range(30):
        await caller.fast(f"/api/v2/items?limit=3&offset={at}", f"User-Agent: {at}")
        assert len(reads._asked) <= 5
        assert len(reads._heads) <= 4
        kept = sum(reply.size + len(target) for (target, _), reply in reads._kept.items())
        assert reads._kept_bytes == kept <= 4_000


async def test_without_the_fast_path_there_is_the_ordinary_protocol_alone(shop: Shop) -> None:
    shop.app.settings = replace(shop.app.settings, fast_path="off")
    assert server.server_of(shop.app).config.http is PatientProtocol
    async with serving(shop.app) as url, calling(shop, url) as caller:
        for _ in range(3):
            assert (await caller.get("/api/v2/items")).status == 200
