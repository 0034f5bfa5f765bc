"""What operators are told: each thing once, by mail and by call, whatever dies or hangs meanwhile."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from market.floor import HandClock
from market.ordering import Book, a_book
from market.receiving import answers, receiving
from stock import MARKET_NOW
from tradepost.app import App, Clock
from tradepost.db import Db
from tradepost.market import checks, operator_alerts
from tradepost.market.operator_alerts import OperatorAlert
from tradepost.rules.trade import Deadline, Leased

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODk="


@pytest.fixture
async def shop(db: Db) -> AsyncIterator[Book]:
    async with a_book(db) as made:
        made.app.clock = HandClock(real=MARKET_NOW)
        yield made


def set_up(app: App, **settings: Any) -> None:
    app.settings = replace(app.settings, **settings)


async def open_case(shop: Book, reason: str = "nobody knows") -> None:
    await shop.db.execute(
        "INSERT INTO operator_case (reason, opened_at) VALUES ($1, $2)", reason, shop.app.now()
    )


async def alerts(shop: Book) -> list[OperatorAlert]:
    return await operator_alerts.page(shop.db)


async def mails(shop: Book) -> list[tuple[str, str]]:
    return [
        (row["recipient"], row["text"])
        for row in await shop.db.fetch("SELECT recipient, text FROM mail ORDER BY id")
    ]


async def test_a_case_is_told_by_mail_and_by_a_signed_call_once(shop: Book) -> None:
    shop.app.clock = Clock()  # the standard's library has one of its own
    async with receiving() as receiver:
        set_up(
            shop.app,
            operator_mails=("a@example.com", "b@example.com"),
            operator_webhook_url=receiver.url,
            operator_webhook_secret=SECRET,
        )
        await open_case(shop)
        assert await operator_alerts.tell_operators(shop.app) == 1
        assert await operator_alerts.tell_operators(shop.app) == 0
    (call,) = receiver.received
    told = call.verified(SECRET)
    assert told["type"] == "operator.case"
    assert "nobody knows" in told["data"]["text"]
    assert [to for to, _ in await mails(shop)] == ["a@example.com", "b@example.com"]
    (alert,) = await alerts(shop)
    assert alert.due_at is None and alert.called_at and alert.mailed_at


async def test_a_call_that_is_not_taken_is_repeated_under_its_name_and_the_mail_is_not(shop: Book) -> None:
    async with receiving(answers(500)) as receiver:
        set_up(shop.app, operator_mails=("a@example.com",), operator_webhook_url=receiver.url)
        await open_case(shop)
        assert await operator_alerts.tell_operators(shop.app) == 1
        assert "500" in str((await alerts(shop))[0].fault)
        receiver.behaviour = answers(200)
        shop.app.clock.tick(61)  # type: ignore[attr-defined] # a clock in hand
        assert await operator_alerts.tell_operators(shop.app) == 1
    assert len(set(receiver.names)) == 1 and len(receiver.received) == 2
    assert len(await mails(shop)) == 1
    assert (await alerts(shop))[0].due_at is None


async def test_nobody_is_called_for_ever(shop: Book) -> None:
    set_up(shop.app, operator_webhook_url="http://127.0.0.1:9/nobody")
    await open_case(shop)
    tries = 0
    for _ in range(20):
        tries += await operator_alerts.tell_operators(shop.app)
        shop.app.clock.tick(86_401)  # type: ignore[attr-defined] # a clock in hand
    assert tries == operator_alerts.ATTEMPTS_MAX
    (alert,) = await alerts(shop)
    assert (alert.due_at, alert.called_at) == (None, None)
    assert alert.fault


async def test_without_mail_and_call_alerts_wait_to_be_read(shop: Book) -> None:
    await open_case(shop)
    assert await operator_alerts.tell_operators(shop.app) == 1
    (alert,) = await alerts(shop)
    assert (alert.due_at, alert.mailed_at, alert.called_at) == (None, None, None)


async def test_many_workers_tell_of_a_thing_once(shop: Book) -> None:
    async with receiving() as receiver:
        set_up(shop.app, operator_mails=("a@example.com",), operator_webhook_url=receiver.url)
        for number in range(120):
            await open_case(shop, f"case {number}")
        told = await asyncio.gather(*(operator_alerts.tell_operators(shop.app) for _ in range(6)))
        assert sum(told) == 120
    assert len(set(receiver.names)) == len(receiver.received) == 120
    text = "\n".join(text for _, text in await mails(shop))
    assert sorted(int(number) for number in re.findall(r"case ([0-9]+)", text)) == list(range(120))


async def test_a_trade_that_is_stuck_is_told_of(shop: Book) -> None:
    buyer = await shop.buyer()
    order = await shop.order(buyer, 150)
    offer = await shop.offer(100)
    await shop.fill()
    assert (await shop.read(order)).bought == 1
    trade = await shop.trade_of(offer)
    await shop.happen(trade, Leased(), Deadline())
    assert await alerts(shop) == []
    await shop.pass_time(2 * 3_600)
    await shop.happen(trade, Deadline())
    (alert,) = await alerts(shop)
    assert alert.kind == "case"
    assert alert.text.startswith(f"Trade {trade} waits for an operator: ")


async def test_a_notice_that_was_given_up_is_told_and_one_whose_receiver_left_is_not(shop: Book) -> None:
    account = await shop.buyer()
    for attempts in (8, 3):
        await shop.db.execute(
            "INSERT INTO notice (account_id, kind, type, made_at, due_at, attempts, attempts_most)"
            " VALUES ($1, 'webhook', 'trade.sent', $2, $2, $3, 8)",
            account, MARKET_NOW, attempts,
        )  # fmt: skip
    await shop.db.execute("UPDATE notice SET state = 'set_aside', due_at = NULL, ended_at = $1", MARKET_NOW)
    (alert,) = await alerts(shop)
    assert alert.kind == "notice"
    assert "after 8 attempts" in alert.text


@pytest.mark.broken_books
async def test_a_check_tells_of_new_faults_and_not_of_the_same_every_hour(shop: Book) -> None:
    account = await shop.buyer()
    assert await checks.run(shop.app) == []
    await shop.db.execute("UPDATE wallet SET balance_cents = 7 WHERE account_id = $1", account)
    for _ in range(3):
        assert await checks.run(shop.app)
    assert len(await alerts(shop)) == 1
    await shop.db.execute("UPDATE wallet SET balance_cents = 0, held_no = 9 WHERE account_id = $1", account)
    assert await checks.run(shop.app)
    told = await alerts(shop)
    assert [alert.kind for alert in told] == ["check", "check"]
    assert "sum of its entries" in told[0].text
    newest = await checks.newest(shop.db)
    assert newest is not None and newest.faults
    shop.app.clock.tick(91 * 86_400)  # type: ignore[attr-defined] # a clock in hand
    await checks.run(shop.app)
    assert await shop.db.value("SELECT count(*) FROM ledger_check") == 1
