"""The embedded Postgres: it comes back from a kill, has one owner, serves commands, leaves nothing behind."""

import asyncio
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tradepost import embedded
from tradepost.db import DatabaseGone, Db
from tradepost.embedded.account import Account, server_account
from tradepost.embedded.binaries import find_binaries
from tradepost.embedded.cluster import can_syncfs
from tradepost.embedded.processes import of_cluster, postmaster_pid
from tradepost.embedded.sockets import PATH_BYTES_MAX, SOCKET, socket_dir
from world import MEMORY, in_memory, open_directory

BACK_SECONDS = 5.0  # a tenth of a second on an idle machine; this is for one that is not
pytestmark = pytest.mark.sql  # each runs a server of the version asked for


@pytest.fixture
def empty_home() -> Iterator[Path]:
    """A data directory that is not there yet, in a place that the server's user can reach."""
    path = open_directory(MEMORY if in_memory() else None)
    yield path / "data"
    shutil.rmtree(path)


@pytest.fixture(scope="module")
async def made() -> AsyncIterator[Path]:
    """A data directory with an empty database in it, to be copied: making one takes half a second."""
    path = open_directory(MEMORY if in_memory() else None)
    async with embedded.server(path / "data"):
        pass
    yield path / "data"
    shutil.rmtree(path)


@pytest.fixture
def home(empty_home: Path, made: Path) -> Path:
    """A data directory with an empty database in it."""
    shutil.copytree(made / "postgres", empty_home / "postgres")
    server_account().own(empty_home / "postgres")
    return empty_home


@asynccontextmanager
async def opened(server: embedded.Server) -> AsyncIterator[Db]:
    db = await Db.open(server.dsn, min_size=1)
    try:
        yield db
    finally:
        await db.close()


async def insist(db: Db, sql: str) -> object:
    """The answer to a statement, asked again for as long as the server is away."""
    while True:
        with suppress(DatabaseGone):
            return await db.value(sql)


def processes(server: embedded.Server) -> list[int]:
    """All processes of the server of a data directory."""
    return of_cluster(server.cluster_dir, server.name)


async def until_gone(server: embedded.Server) -> None:
    async with asyncio.timeout(20):
        while processes(server):
            await asyncio.sleep(0.01)


async def test_what_was_committed_is_there_at_the_next_start(empty_home: Path) -> None:
    home = empty_home
    async with embedded.server(home) as server, opened(server) as db:
        await db.execute("create table kept (n int); insert into kept values (7)")
    assert processes(server) == []
    assert sorted(path.name for path in home.iterdir()) == ["lock", "postgres", "postgres.log"]
    async with embedded.server(home) as server, opened(server) as db:
        assert await db.value("select n from kept") == 7


async def test_it_is_durable_sorts_by_bytes_and_lives_in_utc(home: Path) -> None:
    async with embedded.server(home) as server, opened(server) as db:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            assert await db.value(f"show {name}") == "on"
        assert await db.value("show server_encoding") == "UTF8"
        assert await db.value("show log_timezone") == "UTC"
        assert await db.value("show listen_addresses") == ""
        letters = await db.value("select string_agg(l, '' order by l) from unnest('{b,a,Ä,B}'::text[]) l")
        assert letters == "BabÄ"


async def test_a_killed_postmaster_is_back_within_a_second_with_every_commit(home: Path) -> None:
    async with embedded.server(home) as server, opened(server) as db:
        await db.execute("create table done (n int)")
        for n in range(3):
            await db.execute("insert into done values ($1)", n)
            killed = server.pid
            assert killed is not None
            start = time.monotonic()
            os.kill(killed, signal.SIGKILL)
            while server.pid in {killed, None}:
                await asyncio.sleep(0.005)
            assert await insist(db, "select count(*) from done") == n + 1
            assert time.monotonic() - start < BACK_SECONDS


async def test_all_its_processes_killed_at_once_are_back_as_well(home: Path) -> None:
    async with embedded.server(home) as server, opened(server) as db:
        await db.execute("create table done (n int); insert into done values (1)")
        for pid in processes(server):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert await insist(db, "select count(*) from done") == 1


async def test_work_cut_by_a_kill_is_gone_and_pool_and_listener_are_back(home: Path) -> None:
    async with embedded.server(home) as server, opened(server) as db:
        await db.execute("create table done (n int)")
        woken = asyncio.Event()
        listener = await db.listen("changes", woken.set)
        woken.clear()
        with pytest.raises(DatabaseGone) as lost:
            async with db.transaction() as tx:
                await tx.execute("insert into done values (1)")
                for pid in processes(server):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                await tx.execute("insert into done values (2)")
        assert not lost.value.maybe_committed
        # Nothing of it is there; and the pool waits for the server by itself, without an error, for a moment.
        assert await db.value("select count(*) from done") == 0
        await asyncio.wait_for(woken.wait(), BACK_SECONDS)
        await listener.close()


async def test_a_second_owner_is_told_who_is_the_first(home: Path) -> None:
    async with embedded.server(home):
        with pytest.raises(embedded.DataDirBusy, match=f"process {os.getpid()} is already running on {home}"):
            async with embedded.server(home):
                pass
        with pytest.raises(embedded.DataDirBusy):
            embedded.wipe(home)


async def test_a_command_attaches_to_the_server_that_runs_and_leaves_it_running(home: Path) -> None:
    async with embedded.server(home) as server:
        async with embedded.server(home, attach=True) as beside, opened(beside) as db:
            assert beside.attached
            assert beside.dsn == server.dsn
            assert await db.value("select 1") == 1
        assert server.pid is not None


async def test_a_command_with_nothing_beside_it_runs_the_server_itself(home: Path) -> None:
    async with embedded.server(home, attach=True) as server:
        assert not server.attached
    assert processes(server) == []


async def test_a_command_waits_for_a_server_that_is_just_starting(home: Path) -> None:
    async def beside() -> bool:
        async with embedded.server(home, attach=True) as server, opened(server) as db:
            await db.value("select 1")
            return server.attached

    waiting = asyncio.Event()

    async def owner() -> None:
        async with embedded.server(home):
            await waiting.wait()

    owning = asyncio.create_task(owner())
    while not (home / "lock").exists():
        await asyncio.sleep(0)
    assert await beside()
    waiting.set()
    await owning


async def test_who_is_cancelled_while_it_starts_leaves_no_server(home: Path) -> None:
    async def run() -> None:
        async with embedded.server(home):
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    while not (home / "postgres.log").exists():  # the server was asked to start
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with embedded.server(home) as server:  # the directory was let go
        assert server.pid is not None


OWNER = """
import asyncio, sys
from pathlib import Path
from tradepost import embedded

async def main():
    async with embedded.server(Path(sys.argv[1])) as server:
        print(server.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@asynccontextmanager
async def owner_process(home: Path, before: str = "") -> AsyncIterator[tuple[Process, embedded.Server]]:
    """A process of its own that owns the server, and the server as seen from beside it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", before + OWNER, str(home), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip().isdigit()
    async with embedded.server(home, attach=True) as server:
        yield process, server
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_who_was_to_inherit_runs_the_server_once_its_owner_is_gone(
    home: Path, how: signal.Signals
) -> None:
    async with (
        owner_process(home) as (process, _),
        embedded.server(home, attach=True, inherit=True) as server,
        opened(server) as db,
    ):
        assert server.attached
        await db.execute("create table heirloom (id int)")
        process.send_signal(how)
        await process.wait()
        async with asyncio.timeout(20):
            while (home / "lock").read_text() != f"{os.getpid()}\n":
                await asyncio.sleep(0.01)
        assert await insist(db, "select count(*) from heirloom") == 0
    assert processes(server) == []
    async with embedded.server(home) as server:  # the directory was let go
        assert server.pid is not None


async def test_no_server_outlives_an_owner_that_is_terminated(home: Path) -> None:
    async with owner_process(home) as (process, server):
        process.terminate()
        await process.wait()
        await until_gone(server)
    assert "database system is shut down" in (home / "postgres.log").read_text()
    async with embedded.server(home) as again:  # and the next owner finds all in order
        assert again.dsn == server.dsn


async def test_no_server_outlives_an_owner_that_is_killed(home: Path) -> None:
    async with owner_process(home) as (process, server):
        async with opened(server) as db:
            await db.execute("create table kept (n int); insert into kept values (7)")
        process.kill()
        await process.wait()
        # At once, while the old server may still be on its way out.
        async with embedded.server(home) as again, opened(again) as db:
            assert await db.value("select n from kept") == 7
    assert processes(again) == []


async def test_an_orphan_where_the_kernel_does_not_tie_it_is_ended_by_the_next_owner(home: Path) -> None:
    untied = "from tradepost.embedded import postmaster; postmaster._tied_to_us = list\n"
    async with owner_process(home, untied) as (process, server):
        process.kill()
        await process.wait()
        orphan = postmaster_pid(server.cluster_dir)
        assert orphan in processes(server)
        async with embedded.server(home) as again, opened(again) as db:
            assert orphan not in processes(again)
            assert await db.value("select 1") == 1
    assert processes(again) == []


async def test_a_stale_pid_file_that_names_another_process_bars_nothing(home: Path) -> None:
    async with embedded.server(home) as server:
        cluster = server.cluster_dir
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster}\n1\n5432\n\n\n\nready   \n")
    async with embedded.server(home) as server:
        assert server.pid != os.getpid()


async def test_a_start_cut_short_leaves_nothing_half_made(empty_home: Path) -> None:
    half = empty_home / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with embedded.server(empty_home) as server, opened(server) as db:
        assert await db.value("select 1") == 1
    assert not half.exists()


async def test_data_of_another_version_are_refused_and_left_alone(home: Path) -> None:
    (home / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.EmbeddedError, match="the PostgreSQL 9 that made these data was not found"):
        async with embedded.server(home):
            pass
    assert (home / "postgres" / "PG_VERSION").read_text() == "9\n"


async def test_a_server_that_cannot_start_says_why_and_lets_the_directory_go(home: Path) -> None:
    async with embedded.server(home) as server:
        extra = server.cluster_dir / "extra.conf"
    extra.write_text("no_such_setting = 1\n")
    with pytest.raises(embedded.EmbeddedError, match=r"did not start: .*\(see .*postgres.log\)"):
        async with embedded.server(home):
            pass
    extra.unlink()
    async with embedded.server(home) as server:
        assert server.pid is not None


async def test_an_operators_own_settings_are_heeded(home: Path) -> None:
    async with embedded.server(home) as server:
        (server.cluster_dir / "extra.conf").write_text("work_mem = '7MB'\n")
    async with embedded.server(home) as server, opened(server) as db:
        assert await db.value("show work_mem") == "7MB"


async def test_a_long_way_to_the_data_is_no_long_way_to_the_socket(empty_home: Path) -> None:
    far = empty_home / "/".join(["a-rather-long-name-of-a-directory"] * 6)
    async with embedded.server(far) as server, opened(server) as db:
        assert await db.value("select 1") == 1


def test_a_socket_folder_that_somebody_else_put_there_is_not_used(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = empty_home
    account = server_account()
    monkeypatch.setattr("tradepost.embedded.sockets._bases", lambda _: [home])
    home.mkdir()
    first = socket_dir(home / "data", account)
    assert socket_dir(home / "data", account) == first
    assert len(os.fsencode(first / SOCKET)) <= PATH_BYTES_MAX
    first.chmod(0o777)
    assert socket_dir(home / "data", account) != first
    first.rmdir()
    first.symlink_to("/")
    assert socket_dir(home / "data", account) != first


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root borrows another user for Postgres")


@AS_ROOT
async def test_data_in_a_closed_home_are_moved_and_it_is_said() -> None:
    closed = open_directory()
    closed.chmod(0o700)
    said: list[str] = []
    try:
        async with embedded.server(closed / "data", say=said.append) as server, opened(server) as db:
            assert server.moved
            assert await db.value("select 1") == 1
            assert said == [
                f"the user {server_account().name} cannot reach {closed}/data: the database is in {server.cluster_dir}"
            ]
        embedded.wipe(closed / "data")
        assert not server.cluster_dir.exists()
    finally:
        shutil.rmtree(closed)


@AS_ROOT
def test_programs_in_a_closed_home_are_copied_once_to_where_their_user_can_run_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    account = server_account()
    shared = open_directory()
    try:
        monkeypatch.setattr("tradepost.embedded.binaries.SHARED", shared)
        monkeypatch.setattr(Account, "can", lambda *_: False)
        found = find_binaries(account, None)
        assert found.folder.is_relative_to(shared)
        [copy] = shared.iterdir()
        made = copy.stat().st_mtime_ns
        assert find_binaries(account, None) == found
        assert copy.stat().st_mtime_ns == made
    finally:
        shutil.rmtree(shared)


def test_a_user_without_a_name_is_told_before_postgres_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    with pytest.raises(embedded.EmbeddedError, match="user number 4000000 has no name"):
        server_account()


def test_programs_named_and_not_there_are_not_replaced_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", "/nowhere")
    with pytest.raises(embedded.EmbeddedError, match=r"/nowhere \(does not run"):
        find_binaries(server_account(), None)


async def test_wiping_forgets_all(home: Path) -> None:
    async with embedded.server(home) as server, opened(server) as db:
        await db.execute("create table kept (n int)")
    embedded.wipe(home)
    embedded.wipe(home / "never was there")
    async with embedded.server(home) as server, opened(server) as db:
        assert await db.value("select to_regclass('kept')") is None


@pytest.mark.parametrize(
    ("system", "release", "can"),
    [
        ("linux", "5.8.0-63-generic", True),
        ("linux", "6.1.0", True),
        ("linux", "5.7.19", False),  # it tells nobody that something could not be written
        ("linux", "4.19", False),
        ("linux", "wool", False),
        ("darwin", "24.1.0", False),
    ],
)
def test_a_file_system_is_written_down_as_a_whole_only_where_its_faults_are_heard(
    system: str, release: str, can: bool
) -> None:
    assert can_syncfs(system, release) is can


async def test_a_server_that_comes_back_writes_everything_down_by_one_word_where_it_can(home: Path) -> None:
    async with embedded.server(home) as server:
        db = await Db.open(server.dsn, min_size=1)
        try:
            method = await db.value("SHOW recovery_init_sync_method")
        finally:
            await db.close()
    assert method == ("syncfs" if can_syncfs() else "fsync")
