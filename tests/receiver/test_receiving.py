"""A skin is credited exactly once, to the account of the shop's own order, however its notice comes."""

import asyncio
import io
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from receiver.market import IPN, KEY, NOW, OLD_SECRET, SECRET, Call, hashed, parameters, signed, told
from tradepost.receiver import Answer, Earlier, Notice, Receiver, SqliteStore
from tradepost.receiver.receiving import WAITING_MAX
from tradepost.rules import notice, payment

SECRETS = [notice.write_secret(KEY)]
OK, ERROR = b"ok", b"error"


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    found = SqliteStore(tmp_path / "shop.db")
    found.new_order("1001", IPN.order_id)
    return found


@pytest.fixture
def plain(store: SqliteStore) -> Receiver:
    """A receiver as old shops have them: with the secret hash alone."""
    return Receiver(store, [SECRET])


@pytest.fixture
def strict(store: SqliteStore) -> Receiver:
    return Receiver(store, [SECRET], SECRETS, now=lambda: NOW)


def ask(receiver: Receiver, call: Call, method: str = "GET") -> bytes:
    answer = receiver.answer(method, call.query, call.headers)
    assert (200 <= answer.status < 300) is (answer.body == OK)
    return answer.body


def test_a_skin_is_credited_once_and_repeats_are_answered_as_the_first_time(
    plain: Receiver, store: SqliteStore
) -> None:
    assert [ask(plain, told()) for _ in range(8)] == [OK] * 8
    assert store.balance_cents("1001") == 666
    assert [(one.order_id, one.trade_id, one.amount_cents) for one in store.credits("1001")] == [
        (IPN.order_id, IPN.trade_id, 666)
    ]


def test_each_skin_of_an_order_is_credited_in_whatever_order_they_come(
    plain: Receiver, store: SqliteStore
) -> None:
    skins = [replace(IPN, trade_id=f"{n:016x}", amount_cents=100 + n) for n in range(1, 6)]
    for skin in [*reversed(skins), *skins]:
        assert ask(plain, told(skin)) == OK
    assert store.balance_cents("1001") == sum(100 + n for n in range(1, 6))


def test_of_many_that_come_at_one_instant_one_is_credited(plain: Receiver, store: SqliteStore) -> None:
    for number in range(20):
        call, gate = told(replace(IPN, trade_id=f"{number:016x}")), threading.Barrier(8)

        def one(call: Call = call, gate: threading.Barrier = gate) -> bytes:
            gate.wait(10)
            return ask(plain, call)

        with ThreadPoolExecutor(8) as threads:
            assert {future.result(30) for future in [threads.submit(one) for _ in range(8)]} == {OK}
    assert store.balance_cents("1001") == 20 * 666


def test_a_replay_with_another_transaction_id_credits_nothing_more(
    plain: Receiver, strict: Receiver, store: SqliteStore
) -> None:
    genuine = told()
    other = genuine.but(
        genuine.query.replace(IPN.transaction_id.encode(), b"00000000-0000-4000-8000-000000000000")
    )
    assert ask(plain, genuine) == OK == ask(plain, other)
    assert ask(strict, other) == ERROR
    assert store.balance_cents("1001") == 666


def test_the_account_is_the_own_order_s_and_another_in_the_notice_is_refused(
    plain: Receiver, strict: Receiver, store: SqliteStore
) -> None:
    store.new_order("1002")
    genuine = told()
    other = genuine.but(genuine.query.replace(b"account=1001", b"account=1002"))
    for receiver in (plain, strict):
        assert ask(receiver, other) == ERROR  # though its hash is good
        assert ask(receiver, genuine) == OK
        assert ask(receiver, other) == ERROR
    assert (store.balance_cents("1001"), store.balance_cents("1002")) == (666, 0)


def test_an_order_that_was_never_made_is_refused_until_it_is(plain: Receiver, store: SqliteStore) -> None:
    later = replace(IPN, order_id="later-o")
    assert ask(plain, told(later)) == ERROR
    store.new_order("1001", "later-o")
    assert ask(plain, told(later)) == OK
    assert store.balance_cents("1001") == 666


def test_the_same_skin_told_of_another_order_with_the_same_hash_is_refused(
    plain: Receiver, store: SqliteStore
) -> None:
    """12 + 3.00 and 1 + 23.00 are one text to the hash; such orders may be a forger's own."""
    for order_id in ("12", "1"):
        store.new_order("1001", order_id)
    assert ask(plain, told(replace(IPN, order_id="12", amount_cents=300))) == OK
    assert ask(plain, told(replace(IPN, order_id="1", amount_cents=2300))) == ERROR
    assert store.balance_cents("1001") == 300


def test_where_there_is_a_secret_for_headers_nothing_without_them_is_credited(
    strict: Receiver, store: SqliteStore
) -> None:
    genuine = told()
    for call in (Call(genuine.query), signed(genuine.query, b"x" * 32), signed(genuine.query, at=NOW - 301)):
        assert ask(strict, call) == ERROR
    assert store.balance_cents("1001") == 0
    assert ask(strict, genuine) == OK
    assert ask(strict, told(own="?shop=7")) == OK
    assert ask(strict, signed(hashed(parameters(), OLD_SECRET).encode())) == ERROR  # both are demanded
    assert store.balance_cents("1001") == 666


def test_a_reversed_skin_is_credited_no_more_whichever_notice_comes_first(
    plain: Receiver, store: SqliteStore
) -> None:
    early, late = replace(IPN, trade_id="a" * 16), replace(IPN, trade_id="b" * 16)
    assert ask(plain, told(early)) == OK
    for _ in range(2):
        store.take_back(early.trade_id)
        store.take_back(late.trade_id)
    assert ask(plain, told(late)) == OK
    assert store.balance_cents("1001") == 0
    assert [one.is_reversed for one in store.credits("1001")] == [True, True]


def test_a_test_notice_is_one_that_says_so_and_is_of_nothing(plain: Receiver, store: SqliteStore) -> None:
    test = replace(IPN, order_id="test-7", amount_cents=0, is_test=True)
    assert ask(plain, told(test)) == OK
    for no_test in (
        told(replace(test, is_test=False)),
        told(replace(IPN, is_test=True)),  # of an order of its own, with a good hash
        told(own="?test=1"),
        told(own="?test="),
        told(own="?test=0"),
        told(replace(test, is_test=False), own="?test=true"),
        told(test, own="?test=1"),
    ):
        assert ask(plain, no_test) == ERROR
    assert store.balance_cents("1001") == 0
    assert ask(plain, told()) == OK  # what was refused left nothing behind
    assert store.balance_cents("1001") == 666


def test_only_a_get_is_a_notice(plain: Receiver, store: SqliteStore) -> None:
    for method in ("POST", "HEAD", "PUT", "get", ""):
        assert ask(plain, told(), method) == ERROR
    assert store.balance_cents("1001") == 0


def test_secrets_that_are_none_are_said_at_once(store: SqliteStore) -> None:
    for secrets in ([], ["short"], [SECRET, ""], SECRET):
        with pytest.raises(ValueError, match="secret"):
            Receiver(store, secrets)
    for keys in (["x"], notice.write_secret(KEY)):
        with pytest.raises(ValueError, match="secret"):
            Receiver(store, [SECRET], keys)


# The shop's own database fails -------------------------------------------------------------------------------


class Breaking(SqliteStore):
    """A shop whose crediting does as the test says."""

    breaks: Callable[[], None] = staticmethod(lambda: None)

    def credit(self, tx: sqlite3.Connection, account: str, notice: Notice) -> None:
        tx.execute("CREATE TABLE IF NOT EXISTS wallet (account TEXT, cents INTEGER)")
        tx.execute("INSERT INTO wallet VALUES (?, ?)", (account, notice.amount_cents))
        self.breaks()


def wallet(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT * FROM wallet").fetchall()


def test_a_credit_that_breaks_off_leaves_nothing_and_is_made_when_the_market_comes_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Breaking(tmp_path / "shop.db")
    store.new_order("1001", IPN.order_id)
    receiver = Receiver(store, [SECRET])

    def breaks() -> None:
        raise OSError("the disk is full")

    store.breaks = breaks
    with caplog.at_level(logging.ERROR, "tradepost.receiver"):
        assert receiver.answer("GET", told().query, {}) == Answer(500, ERROR)
    assert "the disk is full" in caplog.text and SECRET not in caplog.text
    assert store.credits("1001") == []
    store.breaks = lambda: None
    assert [ask(receiver, told()) for _ in range(2)] == [OK, OK]
    assert wallet(tmp_path / "shop.db") == [("1001", 666)]


def test_a_locked_database_is_an_error_that_the_market_comes_again_for(
    store: SqliteStore, plain: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradepost.receiver.sqlite.BUSY_SECONDS", 0.05)
    with store.transaction():
        assert ask(plain, told()) == ERROR
    assert ask(plain, told()) == OK


def test_an_own_store_needs_four_methods() -> None:
    from tradepost.receiver import Store

    lock = threading.Lock()

    class InMemory(Store[dict[str, Earlier]]):
        def __init__(self) -> None:
            self.known: dict[str, Earlier] = {}
            self.credited: list[tuple[str, int]] = []

        @contextmanager
        def transaction(self) -> Iterator[dict[str, Earlier]]:
            with lock:
                yield self.known

        def account_of(self, tx: dict[str, Earlier], order_id: str) -> str | None:
            return "1001" if order_id == IPN.order_id else None

        def remember(self, tx: dict[str, Earlier], notice: Notice) -> Earlier | None:
            new = Earlier(notice.order_id, notice.amount_cents)
            found = tx.setdefault(notice.trade_id, new)
            return None if found is new else found

        def credit(self, tx: dict[str, Earlier], account: str, notice: Notice) -> None:
            self.credited.append((account, notice.amount_cents))

    store = InMemory()
    receiver = Receiver(store, [SECRET])
    assert [ask(receiver, told()) for _ in range(3)] == [OK] * 3
    assert store.credited == [("1001", 666)]


# As WSGI and ASGI --------------------------------------------------------------------------------------------


def by_wsgi(
    receiver: Receiver, query: str, headers: dict[str, str], method: str = "GET"
) -> tuple[str, bytes]:
    environ: dict[str, Any] = {
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "wsgi.input": io.BytesIO(b"x" * 10),
    }
    setup_testing_defaults(environ)
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    began: list[Any] = []

    def start(status: str, head: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        began.append((status, head))
        return began.append

    parts: Any = validator(receiver.wsgi)(environ, start)
    try:
        body = b"".join(parts)
    finally:
        parts.close()
    return began[0][0], body


def test_it_is_a_wsgi_app(strict: Receiver, store: SqliteStore) -> None:
    call = told(own="?shop=7")
    assert by_wsgi(strict, call.query.decode(), dict(call.headers)) == ("200 OK", OK)
    assert by_wsgi(strict, call.query.decode(), {}) == ("401 Unauthorized", ERROR)
    assert by_wsgi(strict, "\xff\x00é=€", dict(call.headers))[1] == ERROR
    assert by_wsgi(strict, call.query.decode(), dict(call.headers), "POST") == (
        "405 Method Not Allowed",
        ERROR,
    )
    assert store.balance_cents("1001") == 666


async def by_asgi(
    receiver: Receiver, query: bytes, headers: Sequence[tuple[bytes, bytes]] = (), method: str = "GET"
) -> tuple[int, bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("a receiver has no use for a body")

    scope = {"type": "http", "method": method, "query_string": query, "headers": headers}
    await receiver.asgi(scope, receive, send)
    assert (b"content-length", str(len(sent[1]["body"])).encode()) in sent[0]["headers"]
    return sent[0]["status"], sent[1]["body"]


async def test_it_is_an_asgi_app(strict: Receiver, store: SqliteStore) -> None:
    call = told(own="?shop=7")
    head = [(name.title().encode(), value.encode()) for name, value in call.headers.items()]
    assert await by_asgi(strict, call.query, head) == (200, OK)
    assert await by_asgi(strict, call.query) == (401, ERROR)
    assert await by_asgi(strict, call.query, [*head, head[0]]) == (401, ERROR)  # twice is not once
    assert await by_asgi(strict, b"\xff", head) == (401, ERROR)
    assert await by_asgi(strict, call.query, head, "POST") == (405, ERROR)
    assert store.balance_cents("1001") == 666


async def test_a_database_that_hangs_holds_up_nobody_else_of_an_asgi_server_nor_heaps_up_calls(
    tmp_path: Path,
) -> None:
    store = Breaking(tmp_path / "shop.db")
    store.new_order("1001", IPN.order_id)
    receiver = Receiver(store, [SECRET])
    freed, hanging = threading.Event(), threading.Event()

    def breaks() -> None:
        hanging.set()
        assert freed.wait(30)

    store.breaks = breaks
    try:
        under_way = [asyncio.create_task(by_asgi(receiver, told().query)) for _ in range(WAITING_MAX)]
        await asyncio.to_thread(hanging.wait, 30)
        assert await by_asgi(receiver, told().query) == (503, ERROR)  # the loop is free to say so
    finally:
        freed.set()
    assert set(await asyncio.gather(*under_way)) <= {(200, OK), (500, ERROR)}
    assert await by_asgi(receiver, told().query) == (200, OK)
    assert wallet(tmp_path / "shop.db") == [("1001", 666)]


async def test_an_asgi_server_that_starts_it_alone_finds_it_alive_and_no_websocket(strict: Receiver) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(messages)

    await strict.asgi({"type": "lifespan"}, receive, send)
    await strict.asgi({"type": "websocket"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]


def test_what_was_refused_and_credited_stands_in_the_log_without_the_secret(
    plain: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "tradepost.receiver"):
        ask(plain, told())
        ask(plain, told())
        ask(plain, Call(payment.ipn_query(IPN, OLD_SECRET).encode()))
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith("credited: 666 cents") and said[1].startswith("credited before: 666 cents")
    assert said[2].startswith("refused: ") and SECRET not in caplog.text
