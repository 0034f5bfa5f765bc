"""Exports: each row once, up to when it began, in a constant memory, by a token that is good for a while and once more no more."""

import csv
import gc
import hashlib
import io
import resource
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from market.floor import Floor
from past import trades
from stock import Stock
from tradepost.db import Db
from tradepost.market import audit, export_rows, exports, ledger, roles
from tradepost.market.export_rows import Kind
from tradepost.market.ledger import Posting
from tradepost.rules.refusals import Conflicting, Forbidden

pytestmark = pytest.mark.sql


async def token_of(market: Floor, account_id: int, made_by: int | None = None) -> str:
    async with market.db.transaction() as tx:
        return await exports.make_token(tx, account_id, made_by or account_id, market.app.real_now())


async def pair(market: Floor, count: int, **more: Any) -> tuple[int, int]:
    """A buyer and a seller with so many trades of 1.00 behind them, the last of them hours ago."""
    stock = Stock(market.db)
    buyer, seller = await stock.person(deposit_cents=100 * count + 50), await stock.person()
    begin = market.app.now() - timedelta(days=30)
    await trades(market.db, buyer, seller, count, begin=begin, step=timedelta(seconds=1), **more)
    return buyer, seller


async def exported(market: Floor, account_id: int, kind: Kind) -> list[dict[str, str]]:
    download = await exports.begin(market.app, await token_of(market, account_id), kind)
    text = b"".join([piece async for piece in exports.stream(market.app, download)]).decode()
    await settled()
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def settled() -> None:
    """The ends of exports are written."""
    while exports._ending:
        await next(iter(exports._ending))


# What is in it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 4, 5, 11])
async def test_every_trade_is_there_once_in_order(
    market: Floor, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_rows, "AT_ONCE", 5)
    buyer, seller = await pair(market, count)
    sales, purchases = await exported(market, seller, "sales"), await exported(market, buyer, "purchases")
    assert len(sales) == count
    assert [row["time"] for row in sales] == sorted({row["time"] for row in sales})
    for sale, purchase in zip(sales, purchases, strict=True):
        assert (sale["price_usd"], sale["fee_usd"], sale["amount_usd"], sale["state"]) == ("1.00", "0.05", "0.95", "finished")  # fmt: skip
        assert purchase.items() <= sale.items()
    assert await exported(market, buyer, "sales") == []
    (newest, *_) = await exports.latest(market.db, seller, market.app.real_now())
    assert (newest.kind, newest.state, newest.sent_rows, newest.all_rows) == ("sales", "done", count, count)


async def test_the_balance_adds_up_line_by_line_over_both_buckets(
    market: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_rows, "AT_ONCE", 3)
    buyer, _ = await pair(market, 4)
    async with market.db.transaction() as tx:
        for number in range(5):
            legs = (
                Posting(buyer, "balance", 40),
                Posting(buyer, "deposit", -10),
                Posting(None, "world", -30),
            )
            await ledger.post(tx, f"test:{number}", "deposit", legs, market.app.now())
    found = await exported(market, buyer, "balance")
    assert len(found) == 1 + 4 + 10
    balance = 0
    for row in found:
        came, went = row["in_usd"], row["out_usd"]
        assert bool(came) != bool(went)
        balance += round(float(came or 0) * 100) - round(float(went or 0) * 100)
        assert round(float(row["balance_usd"]) * 100) == balance
    wallet = await ledger.wallet(market.db, buyer)
    assert balance == wallet.deposit_cents + wallet.balance_cents == 200


async def test_what_comes_after_it_began_is_not_in_it(market: Floor) -> None:
    buyer, seller = await pair(market, 3)
    for kind, account_id in (("sales", seller), ("balance", buyer)):
        download = await exports.begin(market.app, await token_of(market, account_id), kind)  # type: ignore[arg-type] # a kind
        before = download.bounds.rows
        market.clock.tick(5)
        async with market.db.transaction() as tx:
            await ledger.deposit(tx, buyer, 100, f"more-{kind}", market.app.now())
        await trades(market.db, buyer, seller, 1, begin=market.app.now(), step=timedelta(hours=1))
        lines = b"".join([piece async for piece in exports.stream(market.app, download)]).count(b"\r\n")
        assert lines == 1 + before
        await settled()


async def test_a_name_that_is_a_formula_is_none_in_the_sheet(market: Floor) -> None:
    _, seller = await pair(market, 1, name='=HYPERLINK("http://evil.example";"a"),\r\n@x')
    (row,) = await exported(market, seller, "sales")
    assert row["item"] == '\'=HYPERLINK("http://evil.example";"a"),  \'@x'


# Memory -----------------------------------------------------------------------------------------------------


async def many_cancelled(market: Floor, count: int) -> int:
    """A seller one of whose offers was bought so many times, and never came to anything."""
    stock = Stock(market.db)
    buyer, seller = await stock.person(), await stock.person()
    offer = await stock.offer(seller)
    patient = await Db.open(market.db.dsn, min_size=1, max_size=1, statement_seconds=300.0)
    try:
        # Whether each of them has its offer and its people, the books say after the test: a trigger a row takes longer than all else.
        await patient.execute("SET session_replication_role = replica")
        await patient.execute(
            "INSERT INTO trade (offer_id, buyer_id, payee_id, seller_id, buyer_steamid, trade_token, price_cents, fee_cents,"
            " paid_deposit_cents, paid_balance_cents, seller_sold_count, digest, state, causer, ended_at, explanation, created_at,"
            " changed_at) SELECT $1, $2, $3, $3, '76561198000000009', 'tokenabc', 100, 5, 100, 0, 0, '\\x00', 'cancelled', 'buyer',"
            " $4::timestamptz, 'It was declined.', $4::timestamptz - n * interval '1 minute', $4 FROM generate_series(1, $5::int) n",
            offer, buyer, seller, market.app.now(), count,
        )  # fmt: skip
        await patient.execute(
            "INSERT INTO trade_event (trade_id, no, event, to_state, witness, at)"
            " SELECT id, 1, 'declined', 'cancelled', 'buyer', ended_at FROM trade"
        )
    finally:
        await patient.close()
    return seller


def resident_bytes() -> int:
    """How much memory this process has now, as the system counts it."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


async def test_two_hundred_thousand_rows_pass_through_a_small_memory(market: Floor) -> None:
    count, most = 200_000, 4 << 20
    seller = await many_cancelled(market, count)
    download = await exports.begin(market.app, await token_of(market, seller), "sales")
    stream = exports.stream(market.app, download)
    bytes_sent, lines, before, grown = 0, 0, 0, 0
    async for piece in stream:
        bytes_sent += len(piece)
        lines += piece.count(b"\r\n")
        if not before and lines > count // 20:  # what a first question loads is there from then on
            gc.collect()
            before = resident_bytes()
        grown = max(grown, resident_bytes() - before) if before else 0
    await settled()
    assert lines == 1 + count
    assert bytes_sent > 4 * most
    assert grown < most, f"{grown:,} bytes of memory more for {bytes_sent:,} of text"


# Who may ----------------------------------------------------------------------------------------------------


async def test_a_token_is_good_for_a_quarter_of_an_hour_and_until_the_next(market: Floor) -> None:
    _, seller = await pair(market, 1)
    first = await token_of(market, seller)
    second = await token_of(market, seller)
    assert first != second
    assert len(second) == 128
    kept = await market.db.fetch("SELECT hash FROM export_token")
    assert [row["hash"] for row in kept] == [hashlib.sha256(second.encode()).digest()]
    with pytest.raises(Forbidden):
        await exports.begin(market.app, first, "sales")
    market.clock.tick(15 * 60 - 1)
    await exports.begin(market.app, second, "sales")
    market.clock.tick(1)
    with pytest.raises(Forbidden):
        await exports.begin(market.app, second, "purchases")
    assert await exports.forget_exports(market.app) == 1


async def test_an_admin_s_token_is_his_own_and_dies_with_his_role(market: Floor) -> None:
    _, seller = await pair(market, 1)
    admin = await Stock(market.db, people=50).person()
    async with market.db.transaction() as tx:
        await roles.grant(tx, admin, market.app.real_now())
    own, admins = await token_of(market, seller), await token_of(market, seller, admin)
    await exports.begin(market.app, own, "sales")
    await exports.begin(market.app, admins, "sales")  # beside it
    (note, *_) = await audit.page(market.db)
    assert note.deed == "export sales"
    async with market.db.transaction() as tx:
        await roles.revoke(tx, admin, market.app.real_now())
    market.clock.tick(61)
    with pytest.raises(Forbidden):
        await exports.begin(market.app, admins, "sales")


# Under way --------------------------------------------------------------------------------------------------


async def test_one_export_at_a_time_and_one_that_nobody_reads_is_over(market: Floor) -> None:
    _, seller = await pair(market, 1)
    token = await token_of(market, seller)
    await exports.begin(market.app, token, "sales")
    with pytest.raises(Conflicting):
        await exports.begin(market.app, token, "balance")
    market.clock.tick(61)
    (shown,) = await exports.latest(market.db, seller, market.app.real_now())
    assert shown.state == "broken"
    await exports.begin(market.app, token, "balance")
    states = [one.state for one in await exports.latest(market.db, seller, market.app.real_now())]
    assert states == ["running", "broken"]


async def test_others_see_how_far_an_export_is_and_that_its_reader_went_away(
    market: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_rows, "AT_ONCE", 2)
    monkeypatch.setattr(exports, "NOTED_SECONDS", -1.0)
    _, seller = await pair(market, 9)
    download = await exports.begin(market.app, await token_of(market, seller), "sales")
    stream: AsyncIterator[bytes] = exports.stream(market.app, download)
    for _ in range(4):  # the head, and three times two rows; the fourth piece is asked for by nobody
        await anext(stream)
    (shown,) = await exports.latest(market.db, seller, market.app.real_now())
    assert (shown.state, shown.sent_rows, shown.all_rows) == ("running", 4, 9)
    await stream.aclose()  # type: ignore[attr-defined] # a generator is closed where its reader goes away
    await settled()
    (shown,) = await exports.latest(market.db, seller, market.app.real_now())
    assert (shown.state, shown.sent_rows) == ("broken", 4)
