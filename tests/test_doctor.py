"""The doctor sees what is wrong around a market, says what to do, and is not stopped by what hangs or is away."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from agent.selling import an_app
from stock import Stock
from tradepost import doctor
from tradepost.app import Clock
from tradepost.cli import _parser
from tradepost.config import Settings
from tradepost.db import Db, create_database, drop_database
from tradepost.doctor import Finding
from tradepost.market import beats, checks, gateways, roles, switches
from world import Databases

KEY = "main:" + base64.b64encode(bytes(range(32))).decode()
DEAD = "http://127.0.0.1:9"


async def findings(db: Db | None, **settings: Any) -> dict[str, Finding]:
    chosen = {"mode": "sandbox", "steam_community_url": DEAD, **settings}
    return {found.name: found async for found in doctor.examine(Settings(**chosen), db)}


@asynccontextmanager
async def steam(date: str) -> AsyncIterator[str]:
    """Something that answers with this Date."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{date}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()


@pytest.mark.parametrize(("minutes", "is_good"), [(0, True), (-5, False), (5, False), (None, False)])
async def test_a_clock_that_is_not_steams_is_seen(minutes: int | None, is_good: bool) -> None:
    at = Clock.real_now() + timedelta(minutes=minutes or 0)
    date = "" if minutes is None else f"Date: {format_datetime(at, usegmt=True)}\r\n"
    async with steam(date) as url:
        found = (await findings(None, steam_community_url=url))["Steam and its clock"]
    assert found.is_good is is_good, found
    assert found.is_good or found.remedy


async def test_what_cannot_be_reached_is_bad_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    found = await findings(None, steam_control_url=DEAD, data_dir=tmp_path / "not" / "there")
    assert not found["Steam and its clock"].is_good
    assert not found["simulator"].is_good
    assert found.keys() == doctor.OUTSIDE.keys()


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("addresses", {"base_url": "https://shop.example"}, {"base_url": "http://127.0.0.1:8000"}),
        (
            "addresses",
            {"base_url": "https://shop.example", "allowed_hosts": ("shop.example",)},
            {"base_url": "https://a.shop.example", "allowed_hosts": ("*.shop.example",), "trusted_proxies": ("10.0.0.1",)},
        ),
        ("keys", {"mode": "production"}, {"mode": "production", "key": KEY}),
        ("callback networks", {"callback_networks": ("0.0.0.0/0",)}, {"callback_networks": ("10.1.0.0/16",)}),
        ("callback networks", {"callback_networks": ("127.0.0.0/8",), "mode": "production"}, {"callback_networks": ("127.0.0.0/8",)}),
        ("operators", {}, {"operator_mails": ("a@example.com",)}),
    ],
)  # fmt: skip
async def test_a_setting_that_invites_trouble_is_seen(
    name: str, bad: dict[str, Any], good: dict[str, Any]
) -> None:
    wrong = (await findings(None, **bad))[name]
    assert (wrong.is_good, bool(wrong.remedy)) == (False, True), wrong
    right = (await findings(None, **good))[name]
    assert right.is_good, right


@pytest.mark.parametrize(
    ("says", "is_good"), [(b"220 mail.example ESMTP\r\n", True), (b"", False), (b"HTTP/1.1 400 \r\n", False)]
)
async def test_a_mail_server_greets_as_one(says: bytes, is_good: bool) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        found = (await findings(None, smtp_host="127.0.0.1", smtp_port=port))["mail"]
    assert found.is_good is is_good, found
    assert not (await findings(None, smtp_host="127.0.0.1", smtp_port=port))["mail"].is_good  # it is gone
    assert not (await findings(None))["mail"].is_good
    assert (await findings(None, mode="demo"))["mail"].is_good


async def test_a_full_disk_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISK_FREE_BYTES_MIN", 1 << 60)
    assert not (await findings(None))["disk"].is_good


async def test_a_look_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: Settings) -> doctor.Found:
        await asyncio.sleep(60)
        return True, "", ""

    monkeypatch.setattr(doctor, "LOOK_SECONDS", 0.05)
    monkeypatch.setitem(doctor.OUTSIDE, "keys", hang)
    found = await findings(None)
    assert "nothing was heard" in found["keys"].sentence
    assert "disk" in found


async def test_a_market_without_worker_check_and_admin_is_ill_and_gets_well(db: Db) -> None:
    async with an_app(db) as app:
        before = await findings(db)
        ill = {name for name in ("workers", "ledger", "admins") if not before[name].is_good}
        assert ill == {"workers", "ledger", "admins"}
        assert "forgets" in before["database"].sentence  # a test's server does
        await beats.beat(app)
        await checks.run(app)
        account = await Stock(db).person()
        async with db.transaction() as tx:
            await roles.grant(tx, account, app.real_now())
        after = await findings(db)
        assert after["workers"].is_good and after["ledger"].is_good
        assert "without a second factor" in after["admins"].sentence
        for name in ("schema", "database's clock", "secrets", "due work", "switches"):
            assert after[name].is_good, after[name]
        async with db.transaction() as tx:
            await switches.set_switch(tx, "buying", True, "restored")
        assert not (await findings(db))["switches"].is_good
        await db.execute("UPDATE worker SET beat_at = beat_at - interval '2 minutes'")
        await db.execute("UPDATE ledger_check SET at = at - interval '4 hours'")
        await db.execute("DELETE FROM migration WHERE name LIKE '0013%'")
        old = await findings(db)
        assert not any(old[name].is_good for name in ("workers", "ledger", "schema"))


async def test_secrets_whose_key_is_lost_are_counted(db: Db) -> None:
    async with an_app(db, settings=Settings(mode="sandbox", key=KEY)) as app:
        account = await Stock(db).person()
        await gateways.open_gateway(app, account, "https://shop.example/ipn")
    assert (await findings(db, key=KEY))["secrets"].is_good
    lost = (await findings(db))["secrets"]
    assert not lost.is_good
    assert lost.sentence.startswith("0 of ")


async def test_the_command_says_good_and_bad_and_exits_so(
    db: Db, server: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run(dsn: str) -> str:
        options = _parser().parse_args(["doctor"])
        chosen = Settings(mode="sandbox", steam_community_url=DEAD, database_url=dsn)
        assert await options.verb(chosen, options) == 1
        return capsys.readouterr().out

    said = await run(db.dsn)
    assert "good  schema: all " in said
    assert "BAD   admins: nobody is an admin\n      -> tradepost admin grant STEAMID\n" in said
    assert "BAD   database: " in await run("postgresql://nobody@127.0.0.1:9/nowhere")
    empty = f"empty_{next(server.numbers)}"
    dsn = await create_database(server.server.dsn, empty)
    try:
        assert "there is no market in this database" in await run(dsn)
    finally:
        await drop_database(server.server.dsn, empty)
