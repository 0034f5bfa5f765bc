"""Public Steam clients from npm, unmodified, as a process that a test asks for deeds on the simulator."""

import asyncio
import hashlib
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from steam.sim import Sim

HERE = Path(__file__).parent.parent / "witness"
INSTALL_SECONDS = 300
ANSWER_SECONDS = 30
LINE_BYTES_MAX = 16 * 2**20


class WitnessError(Exception):
    """What a client threw: its text, and what it understood of the cause."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["text"])
        self.text: str = error["text"]
        self.eresult: int | None = None if error.get("eresult") is None else int(error["eresult"])
        self.cause: str | None = error.get("cause")


class Witness:
    """The running clients."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count()

    async def ask(self, deed: str, account: str = "", **arguments: Any) -> Any:
        """Have one client do something; what it says, or its error raised."""
        assert self._process.stdin
        assert self._process.stdout
        order = {"number": next(self._numbers), "do": deed, "account": account, **arguments}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()
        line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_SECONDS)
        if not line:
            raise AssertionError(f"the witness fell silent at {deed}")
        answer = json.loads(line)
        assert answer["number"] == order["number"]
        if "error" in answer:
            raise WitnessError(answer["error"])
        return answer["ok"]

    async def login(self, sim: Sim, account: str, **settings: Any) -> dict[str, Any]:
        """Sign an account in with the cookies that the simulated Steam gives it."""
        signed_in = await sim.login(account)
        await self.ask("login", account, cookies=signed_in["cookies"], **settings)
        return signed_in


@asynccontextmanager
async def witness(sim: Sim) -> AsyncIterator[Witness]:
    """Start the clients against a simulator that speaks TLS."""
    await _install()
    assert sim.tls
    process = await asyncio.create_subprocess_exec(
        "node",
        str(HERE / "witness.js"),
        sim.base_url.rpartition(":")[2],
        str(sim.tls.cert),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
        env=_environment(),
    )
    try:
        yield Witness(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _install() -> None:
    """Put the clients in place as the lock file has them, unless they are there already."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed, so no public Steam client can be asked")
    stamp = HERE / "node_modules" / ".installed"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    process = await asyncio.create_subprocess_exec(
        "npm", "ci", cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), INSTALL_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.skip(f"npm did not install the public Steam clients within {INSTALL_SECONDS} s")
    if process.returncode:
        last_line = output.decode(errors="replace").strip().rpartition("\n")[2]
        pytest.skip(f"npm could not install the public Steam clients: {last_line}")
    stamp.write_text(wanted)


def _environment() -> dict[str, str]:
    """What node needs; no proxy of the machine's, as every connection ends at the simulator."""
    node = shutil.which("node")
    assert node
    return {"PATH": str(Path(node).parent), "NODE_NO_WARNINGS": "1"}
