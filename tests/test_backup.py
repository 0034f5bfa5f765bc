"""A backup, and a market that goes on from it: nothing is sent, paid or numbered twice, and all money is there."""

import base64
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.selling import ALL, Selling, an_app, selling
from tradepost.app import App
from tradepost.cli import _parser
from tradepost.cli.backups import _missing
from tradepost.config import Settings
from tradepost.db import Db, create_database, drop_database
from tradepost.embedded import EmbeddedError
from tradepost.embedded.tools import _without_password, find_tool
from tradepost.market import agents, directives, gateways, ledger, payouts, profiles, switches
from tradepost.rules.refusals import Conflicting, SwitchedOff
from world import Databases, faults_of_the_books


async def run(dsn: str, *words: str, **settings: Any) -> int:
    options = _parser().parse_args([*words])
    chosen = Settings(mode="sandbox", database_url=dsn, **settings)
    status: int = await options.verb(chosen, options)
    return status


@dataclass
class Shelter:
    """A market, and an empty database beside it."""

    world: Selling
    empty_dsn: str
    file: Path

    async def save(self, **settings: Any) -> None:
        assert await run(self.world.app.db.dsn, "backup", str(self.file), **settings) == 0

    async def go_on(self, **settings: Any) -> None:
        assert await run(self.empty_dsn, "restore", str(self.file), **settings) == 0

    @asynccontextmanager
    async def restored(self) -> AsyncIterator[App]:
        """The market that goes on from the backup; its books must add up."""
        db = await Db.open(self.empty_dsn, min_size=1, max_size=5)
        try:
            async with an_app(db) as app:
                yield app
            assert await faults_of_the_books(db) == []
        finally:
            await db.close()


@pytest.fixture
async def shelter(server: Databases, db: Db, tmp_path: Path) -> AsyncIterator[Shelter]:
    name = f"restored_{next(server.numbers)}"
    dsn = await create_database(server.server.dsn, name)
    try:
        async with selling(db) as world:
            yield Shelter(world, dsn, tmp_path / "market.backup")
    finally:
        await drop_database(server.server.dsn, name)


async def rows(db: Db, table: str) -> int:
    found: int = await db.value(f"SELECT count(*) FROM {table}")
    return found


async def test_all_money_and_all_trades_come_back(
    shelter: Shelter, capsys: pytest.CaptureFixture[str]
) -> None:
    world = shelter.world
    view = await world.buy()
    await shelter.save()
    assert stat.S_IMODE(shelter.file.stat().st_mode) == 0o600
    before = {
        table: await rows(world.app.db, table) for table in ("account", "transfer", "entry", "trade", "offer")
    }
    purse = await ledger.wallet(world.app.db, world.buyer_id)
    await shelter.go_on()
    async with shelter.restored() as app:
        assert {table: await rows(app.db, table) for table in before} == before
        assert await ledger.wallet(app.db, world.buyer_id) == purse
        with pytest.raises(SwitchedOff, match="restored"):
            await switches.refuse_if_off(app, "buying")
        # What is written once is so there, too.
        with pytest.raises(Exception, match="written once"):
            await app.db.execute("DELETE FROM entry")
        # A number that was given out since the backup is not given out again.
        assert (
            await app.db.value("SELECT nextval(pg_get_serial_sequence('trade', 'id'))")
            > view.trade.id + 999_999
        )
    said = capsys.readouterr().out
    assert "1 trades have a Steam offer that may exist" in said
    assert "tradepost switch buying on" in said


async def test_an_offer_that_may_have_been_sent_since_is_looked_for_and_never_sent_again(
    shelter: Shelter,
) -> None:
    """The backup does not know that the agent was told; the agent's own look says what became of it."""
    world = shelter.world
    view = await world.buy()
    await shelter.save()
    (create,) = await world.lease()  # the market that is lost told the agent to send it
    assert create.action == "create_offer"
    await shelter.go_on()
    async with shelter.restored() as app:
        found = await app.db.fetch("SELECT state, offer_maybe_live, due_at FROM trade")
        assert [(row["state"], row["offer_maybe_live"]) for row in found] == [("sending", True)]
        assert found[0]["due_at"] > app.now()
        agent = await agent_of(app, world)
        for _ in range(3):
            assert [one.action for one in await directives.lease(app, agent)] in ([], ["report_inventory"])
        events = await app.db.fetch("SELECT event, witness FROM trade_event ORDER BY no")
        assert (events[-1]["event"], events[-1]["witness"]) == ("leased", "restore")
        assert view.trade.state == "created"


async def agent_of(app: App, world: Selling) -> Any:
    """The same seller's program, which is heard of again."""
    async with app.db.transaction() as tx:
        device = agents.Device(world.agent.steamid, "1.0", "linux", True, None, ALL)
        return await agents.heard(tx, world.agent, device, app.real_now(), app.settings.heartbeat_ttl_seconds)


async def test_a_payout_that_may_have_been_paid_since_waits_for_the_providers_books(shelter: Shelter) -> None:
    world = shelter.world
    app = world.app
    account = await world.stock.person(balance_cents=10_000)
    async with app.db.transaction() as tx:
        await profiles.set_skrill(tx, account, "ann@example.com", app.real_now())
    await app.db.execute("UPDATE profile SET skrill_set_at = skrill_set_at - interval '30 days'")
    asked, approved, sending = [await payouts.ask(app, account, 2_000) for _ in range(3)]
    async with app.db.transaction() as tx:
        for one in (approved, sending):
            await payouts.approve(tx, one.id, by="operator", now=app.now())
        await payouts.send(tx, sending.id, by="operator", now=app.now())
    await shelter.save()
    await shelter.go_on()
    async with shelter.restored() as restored:
        states = {row["id"]: row["state"] for row in await restored.db.fetch("SELECT id, state FROM payout")}
        assert states == {asked.id: "asked", approved.id: "unknown", sending.id: "unknown"}
        assert "books" in await restored.db.value("SELECT reason FROM payout WHERE id = $1", asked.id)
        async with restored.db.transaction() as tx:
            with pytest.raises(Conflicting):
                await payouts.send(tx, approved.id, by="operator", now=restored.now())


async def test_notices_go_on_under_their_names_and_nobody_is_connected(shelter: Shelter) -> None:
    world = shelter.world
    db, now = world.app.db, world.app.real_now()
    await db.execute(
        "INSERT INTO notice (account_id, kind, type, made_at, due_at, attempts_most) VALUES ($1, 'webhook', 'ping', $2, $2, 8)",
        world.buyer_id, now,
    )  # fmt: skip
    await db.execute(
        "INSERT INTO session (hash, account_id, browser, signed_in_at, seen_at, expires_at)"
        " VALUES (sha256('x'), $1, '', $2, $2, $3)",
        world.buyer_id, now, now + timedelta(days=1),
    )  # fmt: skip
    name = await db.value("SELECT name FROM notice")
    await shelter.save()
    await shelter.go_on()
    async with shelter.restored() as app:
        assert await app.db.value("SELECT name FROM notice WHERE state = 'waiting'") == name
        assert await rows(app.db, "session") == 0
        assert await rows(app.db, "presence") == 0


async def test_secrets_stay_sealed_and_their_keys_are_asked_for(
    shelter: Shelter, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "main:" + base64.b64encode(bytes(range(32))).decode()
    app = shelter.world.app
    app.settings = replace(app.settings, key=key)
    opened = await gateways.open_gateway(app, shelter.world.merchant_id, "https://shop.example/ipn")
    await shelter.save(key=key)
    assert "you need the keys main" in capsys.readouterr().out
    content = shelter.file.read_bytes()
    assert opened.secret.encode() not in content and key.encode() not in content
    await shelter.go_on()
    assert "secrets lie under the key main, which you have not set" in capsys.readouterr().out


async def test_a_sandbox_without_a_key_is_asked_for_none(
    shelter: Shelter, capsys: pytest.CaptureFixture[str]
) -> None:
    app = shelter.world.app
    await gateways.open_gateway(app, shelter.world.merchant_id, "https://shop.example/ipn")
    await shelter.save()
    await shelter.go_on()
    said = capsys.readouterr().out
    assert "you need the keys" not in said and "secrets " not in said
    production = Settings(
        mode="production", key="main:" + base64.b64encode(bytes(32)).decode(), base_url="https://x.example"
    )
    assert _missing(production, ["unset", "main"]) == ["unset"]


async def test_a_backup_is_written_over_nothing_and_restored_over_nothing(shelter: Shelter) -> None:
    await shelter.save()
    with pytest.raises(Conflicting, match="exists"):
        await shelter.save()
    assert sorted(path.name for path in shelter.file.parent.iterdir()) == [shelter.file.name]
    await shelter.go_on()
    with pytest.raises(Conflicting, match="--replace"):
        await shelter.go_on()
    assert await run(shelter.empty_dsn, "restore", str(shelter.file), "--replace") == 0
    with pytest.raises(Conflicting, match="in use"):
        await run(shelter.world.app.db.dsn, "restore", str(shelter.file), "--replace")
    async with shelter.restored():
        pass


async def test_a_damaged_backup_takes_no_market_s_place(
    shelter: Shelter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off anywhere, or whole and then not to be reconciled: what the database had is what it has."""
    await shelter.save()
    await shelter.go_on()
    whole, cut = shelter.file.read_bytes(), shelter.file.with_name("cut")
    db = await Db.open(shelter.empty_dsn, min_size=1, max_size=1)
    try:
        await db.execute("UPDATE account SET name = 'as it was'")
        names = "SELECT count(*) FROM account WHERE name = 'as it was'"
        had = await db.value(names)
        await db.close()
        for share in (0.3, 0.9, 0.999):
            cut.write_bytes(whole[: int(len(whole) * share)])
            with pytest.raises(EmbeddedError):
                await run(shelter.empty_dsn, "restore", str(cut), "--replace")
        with monkeypatch.context() as patch:

            async def fails(app: App) -> None:
                raise RuntimeError("the disk is full")

            patch.setattr("tradepost.market.restoring.reconcile", fails)
            with pytest.raises(RuntimeError, match="full"):
                await run(shelter.empty_dsn, "restore", str(shelter.file), "--replace")
        assert capsys.readouterr().err.count("the database has what it had") == 4
        db = await Db.open(shelter.empty_dsn, min_size=1, max_size=1)
        assert await db.value(names) == had > 0
        await db.execute("CREATE SCHEMA before_restore")
        await db.close()
        with pytest.raises(Conflicting, match="cut off"):
            await run(shelter.empty_dsn, "restore", str(shelter.file), "--replace")
        db = await Db.open(shelter.empty_dsn, min_size=1, max_size=1)
        await db.execute("DROP SCHEMA before_restore")
        await db.close()
        assert await run(shelter.empty_dsn, "restore", str(shelter.file), "--replace") == 0
        db = await Db.open(shelter.empty_dsn, min_size=1, max_size=1)
        assert await db.value(names) == 0
        assert await db.value("SELECT to_regnamespace('before_restore') IS NULL")
    finally:
        await db.close()


async def test_what_is_no_backup_changes_nothing(shelter: Shelter, tmp_path: Path) -> None:
    for content in (b"", b"-- a dump in SQL\n", b"PGDMP" + bytes(range(200))):
        file = tmp_path / "wrong"
        file.write_bytes(content)
        with pytest.raises((Conflicting, EmbeddedError)):
            await run(shelter.empty_dsn, "restore", str(file))
    with pytest.raises(FileNotFoundError):
        await run(shelter.empty_dsn, "restore", str(tmp_path / "nowhere"))
    db = await Db.open(shelter.empty_dsn, min_size=1, max_size=1)
    try:
        assert await db.value("SELECT to_regclass('account') IS NULL")
    finally:
        await db.close()


def test_a_password_is_on_no_command_line() -> None:
    assert _without_password("postgresql://ann:p%40ss@db/x") == ("postgresql://ann@db/x", "p@ss")
    assert _without_password("postgresql://ann@/x?host=/run") == ("postgresql://ann@/x?host=/run", "")


def test_a_program_older_than_the_server_is_not_used() -> None:
    with pytest.raises(EmbeddedError, match="PostgreSQL 99 or newer"):
        find_tool("pg_dump", 99)
