"""The example shop, run for real: each skin is credited exactly once, however badly its notices come."""

import asyncio
import json
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from examples.running import ROBIN, TONI, WEBHOOK_KEY, Market, Running, market, shop
from receiver.market import IPN, KEY, SECRET, Call, hashed, parameters, signed, told
from tradepost.rules import payment
from tradepost.rules.payment import Ipn

OK, ERROR = "ok", "error"


@pytest.fixture(scope="module")
async def beside() -> AsyncIterator[Market]:
    async with market() as found:
        yield found


@pytest.fixture(params=["with headers", "by the hash alone"])
async def running(tmp_path: Path, beside: Market, request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    keys = (KEY,) if request.param == "with headers" else ()
    async with shop(tmp_path, beside, notice_keys=keys) as found:
        yield found


@pytest.fixture
async def strict(tmp_path: Path, beside: Market) -> AsyncIterator[Running]:
    async with shop(tmp_path, beside) as found:
        yield found


def skin(order_id: str, number: int = 1, **other: object) -> Ipn:
    made = replace(IPN, order_id=order_id, trade_id=f"{number:016x}", amount_cents=600 + number)
    return replace(made, **other)  # type: ignore[arg-type]  # each is one of its fields


def now(call: Call) -> Call:
    """A call signed with the time of now, as the shop has a real clock."""
    return signed(call.query, at=int(time.time()))


def tell(ipn: Ipn) -> Call:
    return now(told(ipn))


# Notices -----------------------------------------------------------------------------------------------------


async def test_good_repeated_and_reordered_notices_credit_each_skin_once(
    running: Running, beside: Market
) -> None:
    order_id = await running.order(beside)
    calls = [tell(skin(order_id, number)) for number in (3, 1, 2, 1, 3, 3)]
    assert [await running.told(call) for call in calls] == [OK] * 6
    assert await running.balance("1001") == "18.06"
    assert await running.balance("1002") == "0.00"


async def test_many_at_the_same_instant_credit_once(running: Running, beside: Market) -> None:
    order_id = await running.order(beside)
    calls = [tell(skin(order_id, number)) for number in range(1, 6) for _ in range(8)]
    assert set(await asyncio.gather(*(running.told(call) for call in calls))) == {OK}
    assert await running.balance("1001") == "30.15"


async def test_nothing_that_is_forged_or_nonsense_credits_anything(running: Running, beside: Market) -> None:
    order_id = await running.order(beside)
    other_order = await running.order(beside, "1002")
    genuine = tell(skin(order_id))
    known = {"order_id": order_id, "trade_id": "1" * 16}
    link = payment.link_signature(payment.signed_text(order_id, "6.01", "USD"), SECRET)
    forged = [
        genuine.query.replace(b"amount=6.01", b"amount=600.01"),
        genuine.query[:-1] + (b"0" if genuine.query[-1:] != b"0" else b"1"),
        genuine.query.replace(order_id.encode(), other_order.encode()),
        hashed(parameters(**known | {"trade_id": "", "amount": "6.01"})).encode(),
        hashed(parameters(**known | {"amount": "6.01"}), "x" * 64).encode(),
        genuine.query.replace(genuine.query[-64:], link.encode()),
        *(
            hashed(parameters(**known | {"amount": amount})).encode()
            for amount in ("NaN", "1e9", "-1.00", "6.6666", "inf", "")
        ),
        *(
            hashed(parameters(**known | {"status": status})).encode()
            for status in ("reversed", "pending", "")
        ),
        hashed(parameters(**known | {"order_id": "unknown-o"})).encode(),
        genuine.query + b"&amount=600.01",
        b"amount=600.01&" + genuine.query,
        genuine.query + b"&trade_id=" + b"2" * 16,
        b"",
        b"%00%ff%zz&&&=",
        b"x" * 8_000,
    ]
    for query in forged:
        assert await running.told(genuine.but(query)) == ERROR, query
        assert await running.told(now(Call(query))) == ERROR, query  # even with the market's own headers
    assert (await running.balance("1001"), await running.balance("1002")) == ("0.00", "0.00")
    assert await running.told(genuine) == OK
    assert await running.balance("1001") == "6.01"


async def test_a_replay_with_another_transaction_id_or_account_credits_nothing_more(
    running: Running, beside: Market
) -> None:
    order_id = await running.order(beside)
    await running.order(beside, "1002")
    genuine = tell(skin(order_id))
    to_another = genuine.but(genuine.query.replace(b"account=1001", b"account=1002"))
    again = genuine.but(genuine.query.replace(IPN.transaction_id.encode(), b"0" * 36))
    assert await running.told(to_another) == ERROR
    assert await running.told(genuine) == OK
    assert await running.told(to_another) == ERROR
    assert await running.told(again) in {OK, ERROR}
    assert await running.told(genuine) == OK
    assert (await running.balance("1001"), await running.balance("1002")) == ("6.01", "0.00")


async def test_one_who_hangs_up_before_the_answer_and_comes_again_credits_once(
    running: Running, beside: Market
) -> None:
    order_id = await running.order(beside)
    call = tell(skin(order_id))
    lines = "".join(f"{name}: {value}\r\n" for name, value in call.headers.items())
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(f"GET /ipn?{call.query.decode()} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        await writer.drain()
        writer.close()
    assert await running.told(call) == OK
    assert await running.balance("1001") == "6.01"


async def test_garbage_and_callers_who_say_nothing_hold_up_nobody(strict: Running, beside: Market) -> None:
    order_id = await strict.order(beside)
    silent = [await asyncio.open_connection("127.0.0.1", strict.port) for _ in range(20)]
    for number, (_, writer) in enumerate(silent):
        writer.write(
            [b"", b"GET /ipn?type=pay", b"GET /ipn HTTP/1.1\r\nx: y", b"\x16\x03\x01\x00"][number % 4]
        )
    for data in (
        b"\x00\xff\xfe\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /ipn?\xff HTTP/1.1\r\n\r\n",
        b"G" * 70_000 + b"\r\n\r\n",
    ):
        assert b" 200 " not in await strict.raw(data)
    many = b"".join(b"x%d: y\r\n" % number for number in range(200))
    assert b" 200 " not in await strict.raw(b"GET /ipn HTTP/1.1\r\n" + many + b"\r\n")
    assert await strict.told(tell(skin(order_id))) == OK
    assert await strict.balance("1001") == "6.01"
    for _, writer in silent:
        writer.close()


async def test_what_was_credited_is_there_and_credited_no_second_time_when_the_shop_starts_again(
    tmp_path: Path, beside: Market
) -> None:
    async with shop(tmp_path, beside) as first:
        order_id = await first.order(beside)
        assert await first.told(tell(skin(order_id))) == OK
        first.process.kill()
        await first.process.wait()
    async with shop(tmp_path, beside) as second:
        assert await second.told(tell(skin(order_id))) == OK
        assert await second.balance("1001") == "6.01"


async def test_a_reversed_skin_is_taken_back_by_a_webhook_that_the_market_signed(
    strict: Running, beside: Market
) -> None:
    order_id = await strict.order(beside)
    assert [await strict.told(tell(skin(order_id, number))) for number in (1, 2)] == [OK, OK]
    body = json.dumps(
        {"type": "payment.reversed", "data": {"trade_id": f"{1:016x}", "credited": True}}
    ).encode()

    async def notify(call: Call, body: bytes) -> int:
        lines = "".join(f"{name}: {value}\r\n" for name, value in call.headers.items())
        head = f"POST /notices HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode()
        return int((await strict.raw(head + body)).split(b" ")[1])

    good = signed(body, WEBHOOK_KEY, at=int(time.time()))
    assert await notify(signed(body, KEY, at=int(time.time())), body) == 401
    assert await notify(good, body.replace(b"reversed", b"credited")) == 401
    assert await notify(Call(b""), body) == 401
    assert await strict.balance("1001") == "12.03"
    assert [await notify(good, body) for _ in range(2)] == [204, 204]
    assert await strict.balance("1001") == "6.02"
    ping = b'{"type":"ping","data":[]}'
    assert await notify(signed(ping, WEBHOOK_KEY, at=int(time.time())), ping) == 204


# Pages -------------------------------------------------------------------------------------------------------


async def test_a_click_makes_an_order_asks_for_its_link_and_leads_there(
    strict: Running, beside: Market
) -> None:
    order_id = await strict.order(beside, "1002", "12.50")
    asked = beside.links[order_id]
    assert (asked["account"], asked["security_steam_id"], asked["amount"]) == ("1002", TONI, "12.50")
    other = beside.links[await strict.order(beside)]
    assert (other["account"], other["security_steam_id"]) == ("1001", ROBIN) and "amount" not in other
    assert order_id in (await strict.ask("/?player=1002"))[2]
    assert order_id not in (await strict.ask("/?player=1001"))[2]


async def test_the_page_follows_a_credit_by_its_panel(strict: Running, beside: Market) -> None:
    order_id = await strict.order(beside)
    before = (await strict.ask("/panel?player=1001"))[2]
    assert "Nothing credited yet" in before
    assert await strict.told(tell(skin(order_id))) == OK
    after = (await strict.ask("/panel?player=1001"))[2]
    assert "</span>6.01<" in after and "+6.01" in after and after in (await strict.ask("/"))[2]


async def test_what_others_wrote_is_text_and_nothing_runs_inline(strict: Running, beside: Market) -> None:
    status, head, page = await strict.ask("/")
    assert status == 200 and "Robin &lt;script&gt;" in page and "<script>" not in page
    policy = head["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and beside.url in policy
    assert not re.search(r"<[^>]*\s(on\w+|style)=", page)
    for path in ("/shop.css", "/shop.js", "/mark.svg"):
        assert (await strict.ask(path))[0] == 200
    assert (await strict.ask("/", method="HEAD"))[2] == ""


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/?player=7", None, 404), ("/?player=<b>", None, 404), ("/panel?player=x", None, 404),
        ("/nowhere", None, 404), ("/static/../shop.py", None, 404), ("/balance", None, 400),
        ("/balance?account=1%20", None, 400), ("/balance?account=-1", None, 400),
        ("/pay", {"player": "7"}, 404), ("/pay", {"player": "1001", "amount": "NaN"}, 400),
        ("/pay", {"player": "1001", "amount": "1e9"}, 400), ("/pay", {"player": "1001", "amount": "<b>"}, 400),
        ("/pay", {"player": "1001", "amount": "6.6666"}, 400),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_said_in_a_sentence(
    strict: Running, beside: Market, path: str, form: dict[str, str] | None, status: int
) -> None:
    before = len(beside.links)
    found, _, page = await strict.ask(path, form=form)
    assert found == status and "<p>" in page and "<b>" not in page
    assert len(beside.links) == before


async def test_another_site_s_form_begins_nothing(strict: Running, beside: Market) -> None:
    before = len(beside.links)
    for path in ("/pay", "/seven-days"):
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            assert (await strict.ask(path, headers, {"player": "1001"}))[0] == 403
    assert len(beside.links) == before and beside.clock_moved == []
    assert (await strict.ask("/pay", {"Content-Length": "99999999"}, None, "POST"))[0] == 413


@pytest.mark.parametrize(
    "amount", ["0", "0.0", "0.00", "-1", "1e9", "NaN", "6.6666", "00.10", "1,50", "6.66 USD"]
)
async def test_an_amount_that_is_none_is_the_player_s_own_to_mend(
    strict: Running, beside: Market, tmp_path: Path, amount: str
) -> None:
    before, kept_before = len(beside.links), kept(tmp_path)
    status, _, page = await strict.ask("/pay", form={"player": "1001", "amount": amount})
    assert status == 400 and "An amount looks like 12.50" in page and len(beside.links) == before
    assert kept(tmp_path) == kept_before and ".." not in page


def kept(folder: Path) -> int:
    """How many orders and links there are in a shop's books."""
    with closing(sqlite3.connect(folder / "shop.db")) as books:
        found: int = books.execute(
            "SELECT (SELECT count(*) FROM shop_order) + (SELECT count(*) FROM link)"
        ).fetchone()[0]
    return found


async def test_a_market_that_refuses_or_is_away_is_said_and_begins_nothing(
    beside: Market, tmp_path: Path
) -> None:
    beside.refuses = "wrong_params"
    try:
        async with shop(tmp_path, beside) as refused:
            status, _, page = await refused.ask("/pay", form={"player": "1001"})
    finally:
        beside.refuses = None
    assert kept(tmp_path) == 0, "an order that nobody can pay is not kept"
    assert status == 502 and "wrong_params: &lt;b&gt;No.&lt;/b&gt;" in page and ".." not in page
    async with shop(tmp_path, Market("http://127.0.0.1:1")) as alone:
        status, _, page = await alone.ask("/pay", form={"player": "1001"})
        assert status == 502 and "does not answer" in page and kept(tmp_path) == 0
        status, _, page = await alone.ask("/")
        assert status == 200 and "You have not paid with skins yet" in page and "seven days pass" not in page


async def test_in_a_sandbox_seven_days_pass_at_a_click(strict: Running, beside: Market) -> None:
    assert "Let seven days pass" in (await strict.ask("/"))[2]
    status, head, _ = await strict.ask("/seven-days", form={"player": "1002"})
    assert (status, head["location"]) == (303, "/?player=1002")
    assert beside.clock_moved.pop() == 604_800


async def test_a_player_keeps_his_number_whoever_comes_beside_him(tmp_path: Path, beside: Market) -> None:
    async with shop(tmp_path, beside) as running:
        assert (
            ROBIN in (await running.ask("/?player=1001"))[2]
            and TONI in (await running.ask("/?player=1002"))[2]
        )
    async with shop(tmp_path, beside, players={TONI: "Toni", ROBIN: "Rob"}) as again:
        assert (
            ROBIN in (await again.ask("/?player=1001"))[2] and TONI in (await again.ask("/?player=1002"))[2]
        )
        assert "<b>Rob</b>" in (await again.ask("/"))[2]
