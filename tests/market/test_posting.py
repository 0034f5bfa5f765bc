"""Mails at a real mail server: taken once, over a guarded way, refused for good or for now, and never two in one."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from market.floor import Floor
from market.post_office import PASSWORD, USER, Office, certificate, office, raw
from stock import Stock
from tradepost.app import App
from tradepost.db import Db
from tradepost.market import mails, posting
from tradepost.market.mails import Mail
from tradepost.rules import mail as rules

pytestmark = pytest.mark.sql
SENDER = "Tradepost · Märkte <market@example.com>"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("mail"))


def app_of(market: Floor, port: int, **more: Any) -> App:
    """The market with a mail server of this machine."""
    settings = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "mail_sender": SENDER}
    market.app.settings = replace(market.app.settings, **{**settings, **more})
    return market.app


async def write(db: Db, now: Any, to: str = "ann@example.org", **more: Any) -> int:
    async with db.transaction() as tx:
        return await mails.queue(tx, to=to, now=now, **{"subject": "Hello", "text": "You have mail.", **more})


async def state(db: Db) -> list[tuple[str, int, str | None]]:
    found = await mails.latest(db, limit=50)
    return [(one.state, one.attempts, one.fault) for one in reversed(found)]


@asynccontextmanager
async def opened(market: Floor, **more: Any) -> AsyncIterator[tuple[App, Office]]:
    async with office() as post:
        yield app_of(market, post.port, **more), post


# What arrives -----------------------------------------------------------------------------------------------


async def test_what_is_written_arrives_as_it_was_meant(market: Floor) -> None:
    async with opened(market) as (app, post):
        subject, text = "Zażółć ★ Karambit " * 5, "Ünïcode\n.\n..\nFrom me\n" + "x" * 3_000 + "\nΩ" * 50
        await write(market.db, app.real_now(), subject=subject, text=text)
        assert await posting.send_mails(app) == 1
        (mail,) = post.mails
        assert mail["Subject"] == rules.one_line(subject)
        assert mail.get_content().replace("\r\n", "\n") == text + "\n"
        assert mail["To"] == "ann@example.org"
        assert mail["From"] == SENDER
        assert mail["Auto-Submitted"] == "auto-generated"
        assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", mail["Message-ID"])
        assert parsedate_to_datetime(mail["Date"]) == app.real_now()
        (envelope,) = post.envelopes
        assert (envelope.mail_from, envelope.rcpt_tos) == ("market@example.com", ["ann@example.org"])
        lines = raw(envelope).split(b"\r\n")
        assert max(map(len, lines)) <= 78
        assert raw(envelope).isascii()
    (sent,) = await mails.latest(market.db, limit=1)
    assert (sent.state, sent.attempts, sent.text) == ("sent", 1, None)  # nothing of a code stays


async def test_a_subject_and_a_text_make_no_header_and_no_second_mail(market: Floor) -> None:
    async with opened(market) as (app, post):
        hostile = "Hi\r\nBcc: all@example.org\r\n\r\n.\r\nMAIL FROM:<x@example.org>"
        await write(market.db, app.real_now(), subject=hostile, text=hostile + "\r\n.\r\nQUIT\r\n")
        await posting.send_mails(app)
        (mail,) = post.mails
        assert set(mail.keys()) == {
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
            "Content-Transfer-Encoding", "MIME-Version",
        }  # fmt: skip
        assert mail["Subject"] == "Hi Bcc: all@example.org . MAIL FROM:<x@example.org>"
        assert "QUIT" in mail.get_content()
        assert post.envelopes[0].rcpt_tos == ["ann@example.org"]


async def test_a_turn_sends_what_is_due_over_one_connection_and_each_once(market: Floor) -> None:
    async with opened(market) as (app, post):
        for number in range(5):
            await write(market.db, app.real_now(), to=f"n{number}@example.org")
        await write(market.db, app.real_now() + timedelta(hours=1), to="later@example.org")
        done = await asyncio.gather(posting.send_mails(app), posting.send_mails(app))
        assert sum(done) == 5
        assert sorted(one.rcpt_tos[0] for one in post.envelopes) == [f"n{n}@example.org" for n in range(5)]
        assert post.connections <= 2
        assert await posting.send_mails(app) == 0


# The way there ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_the_way_is_guarded_and_the_password_right(market: Floor, pem: Path, security: str) -> None:
    async with office(pem, tls_at_once=security == "tls", wants_password=True) as post:
        known = {"smtp_security": security, "smtp_ca_file": pem, "smtp_user": USER, "smtp_password": PASSWORD}
        app = app_of(market, post.port, **known)
        await write(market.db, app.real_now())
        await posting.send_mails(app)
        assert await state(market.db) == [("sent", 1, None)]
        assert post.over_tls == [True]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_whose_certificate_nobody_knows_gets_nothing(
    market: Floor, pem: Path, security: str
) -> None:
    async with office(pem, tls_at_once=security == "tls") as post:
        app = app_of(market, post.port, smtp_security=security)
        await write(market.db, app.real_now())
        await posting.send_mails(app)
        ((shown, attempts, fault),) = await state(market.db)
        assert (shown, attempts) == ("waiting", 1)
        assert fault
        assert not post.envelopes


async def test_certificates_that_are_not_there_let_no_mail_wait_unsaid(market: Floor, tmp_path: Path) -> None:
    app = app_of(market, 25, smtp_security="tls", smtp_ca_file=tmp_path / "none.pem")
    await write(market.db, app.real_now())
    assert await posting.send_mails(app) == 1
    assert await state(market.db) == [("waiting", 1, "The mail server was not reached: FileNotFoundError")]


async def test_a_server_without_starttls_gets_nothing_where_it_is_wanted(market: Floor) -> None:
    async with opened(market, smtp_security="starttls") as (app, post):
        await write(market.db, app.real_now())
        await posting.send_mails(app)
        assert not post.envelopes
        assert (await state(market.db))[0][0] == "waiting"


async def test_a_wrong_password_is_ours_to_mend_and_no_mail_is_lost(market: Floor) -> None:
    async with office(wants_password=True) as post:
        app = app_of(market, post.port, smtp_user=USER, smtp_password="wrong")
        await write(market.db, app.real_now())
        await posting.send_mails(app)
        ((shown, _, fault),) = await state(market.db)
        assert (shown, fault) == (
            "waiting",
            "The mail server answered 535: 5.7.8 Authentication credentials invalid",
        )
        market.clock.tick(61)
        await posting.send_mails(app_of(market, post.port, smtp_user=USER, smtp_password=PASSWORD))
        assert len(post.envelopes) == 1


# Refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("550 5.1.1 No such user here", "given_up"),
        ("554 5.7.1 Relay access denied", "waiting"),
        ("450 4.2.0 Greylisted", "waiting"),
    ],
)
async def test_what_is_refused_for_good_is_given_up_and_the_others_go_on(
    market: Floor, answer: str, shown: str
) -> None:
    async with opened(market) as (app, post):
        post.refusals["gone@example.org"] = answer
        for to in ("gone@example.org", "ann@example.org"):
            await write(market.db, app.real_now(), to=to)
        while await posting.send_mails(app):
            pass
        first, second = await state(market.db)
        assert first == (shown, 1, f"The mail server answered {answer[:3]}: {answer[4:]}")
        assert second == ("sent", 1, None)
        assert [one.rcpt_tos for one in post.envelopes] == [["ann@example.org"]]


async def test_a_server_that_is_away_is_tried_up_the_ladder_and_then_a_mail_is_given_up(
    market: Floor,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]  # nobody listens there any more
    app = app_of(market, port)
    ann = await Stock(market.db).person()
    await write(market.db, app.real_now(), account_id=ann)
    waits = []
    for attempt in range(1, rules.ATTEMPTS_MAX + 1):
        assert await posting.send_mails(app) == 1
        assert await posting.send_mails(app) == 0
        (mail,) = await mails.latest(market.db, limit=1)
        assert mail.attempts == attempt
        if mail.due_at is not None:
            waits.append(mail.due_at - app.real_now())
            market.clock.tick(waits[-1].total_seconds())
    assert tuple(waits) == rules.WAITS
    assert (mail.state, mail.text) == ("given_up", None)
    assert mail.fault
    (told,) = await market.db.fetch("SELECT kind, text FROM operator_alert")
    assert told["kind"] == "mail"
    assert mail.fault in told["text"]


async def test_a_server_that_lets_us_wait_holds_nobody_up_for_long(
    market: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "STEP_SECONDS", 0.2)

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    app = app_of(market, server.sockets[0].getsockname()[1])
    await write(market.db, app.real_now())
    async with asyncio.timeout(5):
        assert await posting.send_mails(app) == 1
    ((shown, _, fault),) = await state(market.db)
    assert shown == "waiting"
    assert fault
    for writer in held:
        writer.close()
    server.close()


async def test_a_worker_that_dies_leaves_a_retry_under_the_same_name(market: Floor) -> None:
    async with opened(market) as (app, post):
        await write(market.db, app.real_now())
        (claimed,) = await posting._claim(app)
        assert await posting.send_mails(app) == 0
        market.clock.tick(61)
        assert await posting.send_mails(app) == 1
        assert post.mails[0]["Message-ID"] == f"<{claimed.name}@example.com>"
        # What came of the first attempt, if that was only slow, changes nothing any more.
        await posting._settle(app, claimed, posting.Fault("late", is_final=True))
        assert await state(market.db) == [("sent", 2, None)]


# Without a server -------------------------------------------------------------------------------------------


async def test_without_a_server_a_mail_waits_and_is_given_up_before_it_is_old_news(market: Floor) -> None:
    app = market.app
    await write(market.db, app.real_now())
    assert await posting.send_mails(app) == 0
    assert await state(market.db) == [("waiting", 0, None)]
    market.clock.tick(rules.KEPT_WAITING.total_seconds() + 1)
    await posting.send_mails(app)
    assert await state(market.db) == [("given_up", 0, "No mail server is set.")]


async def test_a_demo_has_a_mailbox_of_its_own(market: Floor) -> None:
    market.app.settings = replace(market.app.settings, mode="demo")
    await write(market.db, market.app.real_now(), text="Your code is 123456")
    assert await posting.send_mails(market.app) == 1
    (mail,) = await mails.latest(market.db, limit=1)
    assert (mail.state, mail.text) == ("sent", "Your code is 123456\n")


async def test_mails_of_long_ago_are_forgotten(market: Floor) -> None:
    async with opened(market) as (app, _):
        await write(market.db, app.real_now())
        await posting.send_mails(app)
        assert await posting.forget_mails(app) == 0
        market.clock.tick(timedelta(days=31).total_seconds())
        await write(market.db, app.real_now())
        assert await posting.forget_mails(app) == 1
        assert [shown for shown, _, _ in await state(market.db)] == ["waiting"]


def test_a_sender_may_have_a_name_or_none() -> None:
    from tradepost.config import Settings

    def sender(text: str) -> tuple[str, str]:
        found = posting._sender(Settings(mail_sender=text))
        return found.display_name, found.addr_spec

    assert sender("a@example.com") == ("", "a@example.com")
    assert sender("Our Market, Inc. <a@example.com>") == ("Our Market, Inc.", "a@example.com")
    text = posting.letter(
        Settings(mail_sender="Our Market, Inc. <a@example.com>"),
        Mail(1, "0" * 32, None, "b@example.com", "s", "t", "waiting", NOW, None, 1, None, None),
    )
    assert b'From: "Our Market, Inc." <a@example.com>\r\n' in text
