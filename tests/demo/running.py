"""A whole demo under test: started as a person starts it, asked over HTTP, stopped by a signal."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

UP_SECONDS = 90.0  # a machine that runs other tests beside this one is slow
LAST_WORDS = "Ctrl-C stops it"


@dataclass
class RunningDemo:
    """A demo's supervisor, what it said until it was up, and where its market is."""

    process: asyncio.subprocess.Process
    data_dir: Path
    said: list[str]
    seconds: float  # until it was up
    http: aiohttp.ClientSession
    draining: "asyncio.Task[None] | None" = field(default=None)

    @property
    def card(self) -> dict[str, Any]:
        """What demo.json says now."""
        found: dict[str, Any] = json.loads((self.data_dir / "demo.json").read_text())
        return found

    @property
    def pids(self) -> dict[str, int]:
        """The numbers of its processes, each by a name of its own."""
        found: dict[str, int] = {}
        for role, numbers in self.card["pids"].items():
            for place, pid in enumerate(numbers if isinstance(numbers, list) else [numbers]):
                found[f"{role}-{place}" if isinstance(numbers, list) else role] = pid
        return found

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """A call of the market with the merchant's token: its status and JSON."""
        card = self.card
        headers = {"Token": card["merchant_token"]}
        async with self.http.request(method, card["base_url"] + path, headers=headers, **options) as answer:
            return answer.status, await answer.json()

    async def steam(self, path: str) -> Any:
        """What the simulated Steam's control API answers."""
        async with self.http.get(self.card["steam_url"] + path) as answer:
            return await answer.json()

    async def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop, as Ctrl-C does; its exit status."""
        self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), 30)


@asynccontextmanager
async def running(data_dir: Path, *options: str) -> AsyncIterator[RunningDemo]:
    """A demo that is up; stopped at the end if nobody stopped it before."""
    clock = asyncio.get_running_loop().time
    began = clock()
    process = await start(data_dir, *options)
    said: list[str] = []
    try:
        async with asyncio.timeout(UP_SECONDS):
            while not said or not said[-1].startswith(LAST_WORDS):
                said.append(await line_of(process))
        seconds = clock() - began
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            demo = RunningDemo(process, data_dir, said, seconds, http)
            demo.draining = asyncio.create_task(_drain(process, said))
            yield demo
            if process.returncode is None:
                assert await demo.stop() == 0
            await demo.draining
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def start(data_dir: Path, *options: str) -> asyncio.subprocess.Process:
    """The process of a demo that is about to start."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradepost", "demo", "--data-dir", str(data_dir), *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environ,
        start_new_session=True,
    )  # fmt: skip


async def line_of(process: asyncio.subprocess.Process) -> str:
    """The next line that it says; an error when it says nothing more."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise AssertionError(f"the demo ended with status {await process.wait()}")
    return line.decode().rstrip("\n")


async def until(what: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What a look gives as soon as it gives something true; a look that fails has seen nothing."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        last: object = None
        try:
            seen = what()
            last = seen = await seen if asyncio.iscoroutine(seen) else seen
            if seen:
                return seen
        except (OSError, aiohttp.ClientError, TimeoutError, AssertionError) as error:
            last = error
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not so within {seconds} s; the last look gave {last!r}")
        await asyncio.sleep(0.1)


def is_alive(pid: int) -> bool:
    """Whether a process runs: one that has ended and was not yet asked how does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody has at this moment, and the one after it neither."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port: int = one.getsockname()[1]
            try:
                with socket.create_server(("127.0.0.1", port + 1)):
                    return port
            except (OSError, OverflowError):
                continue


async def _drain(process: asyncio.subprocess.Process, said: list[str]) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        said.append(line.decode().rstrip("\n"))
