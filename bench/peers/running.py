"""A shop that runs: started as its operator would, until its first answer, and stopped at the end of the block."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bench.peers.ground import HOME, SERVER_CPU, Ground
from bench.peers.install import bring
from bench.peers.shops import Peer, Shop, Wish
from bench.processes import Process, free_port, started
from bench.town import Town

FIRST_ANSWER_SECONDS = 180.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Running:
    """Where it is, its processes, and how long it took until its first answer."""

    shop: Shop
    port: int
    pids: list[int]
    first_answer_seconds: float

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def peer(here: Ground, shop: Peer, database: str) -> AsyncIterator[Running]:
    """Run a peer's one server on the server's core."""
    home, port = bring(shop), free_port()
    async with here.open(here.dsn(database)) as db:
        await shop.know(db)
    environ = shop.environ(home, here.door(database), port)
    command = ["env", f"--chdir={home}", *shop.serve(home, port)]
    log = home / "serve.log"
    begun = time.perf_counter()
    async with started(command, cpus=(SERVER_CPU,), environ=environ, log=log) as process:
        await first_answer(port, shop.listing(), process)
        yield Running(shop, port, [process.pid], time.perf_counter() - begun)


@asynccontextmanager
async def ours(t: Town, shop: Shop) -> AsyncIterator[Running]:
    """Run our one server on the server's core."""
    begun = time.perf_counter()
    async with t.serve(cpus=(SERVER_CPU,)) as serving:
        await first_answer(serving.port, shop.listing(), serving.processes[0])
        yield Running(shop, serving.port, serving.pids, time.perf_counter() - begun)


async def first_answer(port: int, wish: Wish, process: Process) -> None:
    """Ask for a page of the list until it is answered as it should be."""
    until, said = time.monotonic() + FIRST_ANSWER_SECONDS, "nothing"
    while time.monotonic() < until:
        if process.returncode is not None:
            raise RuntimeError(f"it ended with {process.returncode}; its log is in {HOME}")
        try:
            said = await asked(port, wish)
            if wish.expected in said:
                return
        except aiohttp.ClientError as error:
            said = str(error)
        await asyncio.sleep(POLL_SECONDS)
    raise RuntimeError(f"there was no good answer in {FIRST_ANSWER_SECONDS:.0f} s, at last: {said[:500]}")


async def asked(port: int, wish: Wish) -> str:
    """What the first request of a kind is answered."""
    one = wish.requests[0]
    url = f"http://127.0.0.1:{port}{one.path}"
    body = one.body or None
    async with (
        aiohttp.ClientSession() as http,
        http.request(one.method, url, data=body, headers=one.headers, allow_redirects=False) as reply,
    ):
        return await reply.text()
