"""The demo's processes, on small real programs: restarted when they end, stopped when asked, never orphaned."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo.running import is_alive, until
from tradepost.demo import lock, processes
from tradepost.demo.processes import Family
from tradepost.embedded import DataDirBusy
from tradepost.embedded.lock import DirLock

PATIENT = "import time; print('here', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)"
BROKEN = "import sys; sys.exit(3)"


def module(tmp_path: Path, name: str, text: str) -> dict[str, str]:
    """The environment in which a text can be run as a module."""
    (tmp_path / f"{name}.py").write_text(text)
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def said_here(tmp_path: Path, name: str) -> bool:
    return "here" in (tmp_path / "logs" / f"{name}.log").read_text()


@pytest.fixture
async def said() -> list[str]:
    return []


@pytest.fixture
async def family(tmp_path: Path, said: list[str]) -> AsyncIterator[Family]:
    found = Family(tmp_path / "logs", said.append)
    found.lock = await lock.take(tmp_path)
    yield found
    await found.stop()
    os.close(found.lock)


def pid(family: Family, name: str) -> int:
    found = family.pids()[name]
    return found if isinstance(found, int) else 0


async def test_a_process_that_is_killed_is_started_again(
    tmp_path: Path, family: Family, said: list[str]
) -> None:
    await family.add("web", ("patient",), module(tmp_path, "patient", PATIENT))
    first = pid(family, "web")
    os.kill(first, signal.SIGKILL)
    await until(lambda: pid(family, "web") not in (0, first))
    assert "web ended (by signal SIGKILL)" in said[0]
    assert is_alive(pid(family, "web")) and not is_alive(first)


async def test_a_process_that_always_ends_is_started_more_and_more_seldom(
    tmp_path: Path, family: Family, said: list[str]
) -> None:
    await family.add("web", ("broken",), module(tmp_path, "broken", BROKEN))
    began = asyncio.get_running_loop().time()
    await until(lambda: len(said) == 4)
    assert "with status 3" in said[0]
    assert asyncio.get_running_loop().time() - began > sum(processes.PAUSES_SECONDS[1:4])


async def test_a_file_that_is_no_module_is_run_with_its_arguments(tmp_path: Path, family: Family) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys, time; print('here', *sys.argv[1:], __name__, flush=True); time.sleep(60)")
    await family.add("shop", (str(script), "--port", "8002"), dict(os.environ))
    await until(lambda: said_here(tmp_path, "shop"))
    assert (tmp_path / "logs" / "shop.log").read_text() == "here --port 8002 __main__\n"


async def test_who_stops_is_gone_even_if_he_does_not_want_to(
    tmp_path: Path, family: Family, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.3)
    await family.add("worker", ("stubborn",), module(tmp_path, "stubborn", STUBBORN))
    await family.add("agents-0", ("patient",), module(tmp_path, "patient", PATIENT))
    await until(lambda: said_here(tmp_path, "worker") and said_here(tmp_path, "agents-0"))
    running = [pid(family, "worker"), *family.pids()["agents"]]  # type: ignore[misc] # a list, as it is numbered
    await family.stop()
    assert not any(is_alive(one) for one in running if one)
    assert said == ["worker does not stop and is ended"]


async def test_a_log_that_grew_too_long_is_put_aside_while_it_is_written(
    tmp_path: Path, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LOG_BYTES_MAX", 1_000)
    text = "import time\nwhile True: print('x' * 99, flush=True); time.sleep(0.01)"
    await family.add("web", ("writer",), module(tmp_path, "writer", text))
    log_file = tmp_path / "logs" / "web.log"
    await until(lambda: log_file.stat().st_size > 1_000)
    family.trim_logs()
    assert log_file.with_suffix(".log.old").stat().st_size > 1_000
    assert log_file.stat().st_size < 1_000
    await until(lambda: log_file.stat().st_size > 100)
    assert log_file.read_bytes()[:99] == b"x" * 99  # it goes on at the beginning, not where it was


async def test_a_process_ends_with_the_one_that_started_it_and_holds_the_lock_until_then(
    tmp_path: Path,
) -> None:
    environ = module(tmp_path, "patient", PATIENT) | {"HERE": str(tmp_path)}
    supervisor = """
import asyncio, os, sys
from pathlib import Path
from tradepost.demo import lock
from tradepost.demo.processes import Family
async def main():
    here = Path(os.environ["HERE"])
    family = Family(here / "logs", print)
    family.lock = await lock.take(here)
    await family.add("web", ("patient",), os.environ)
    print(family.pids()["web"], flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", supervisor, stdout=asyncio.subprocess.PIPE, env=environ
    )
    assert process.stdout is not None
    orphan = int(await process.stdout.readline())
    await until(lambda: said_here(tmp_path, "web"))
    process.kill()
    await process.wait()
    descriptor = await lock.take(tmp_path)  # waits for the orphan, which is about to end
    assert not is_alive(orphan)
    os.close(descriptor)


async def test_a_directory_with_a_living_supervisor_is_refused_at_once(tmp_path: Path) -> None:
    first = await lock.take(tmp_path)
    own = DirLock.take(tmp_path)
    assert own is not None
    began = asyncio.get_running_loop().time()
    with pytest.raises(DataDirBusy, match=f"process {os.getpid()} is already running"):
        await lock.take(tmp_path)
    assert asyncio.get_running_loop().time() - began < 5
    own.release()
    os.close(first)


async def test_what_does_not_end_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.2)
    first = await lock.take(tmp_path)
    with pytest.raises(lock.StillRunning, match="do not end"):
        await lock.take(tmp_path)
    os.close(first)
