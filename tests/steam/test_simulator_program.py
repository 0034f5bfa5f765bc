"""The simulator as a program: it starts fast, ends when told, and comes up again with what it had."""

import asyncio
import json
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from steam.sim import Sim, make_certificate, simulator
from steam.visitor import ALICE, BOB, Visitor, people, sent
from tradepost.steam.simulator.program import main
from tradepost.steam.simulator.store import Store, StoreBusy

WEEK = 7 * 86_400
PROGRAM = "import sys; from tradepost.steam.simulator.program import main; sys.exit(main(sys.argv[1:]))"


@asynccontextmanager
async def process(*options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Sim]]:
    """The program in a process of its own; killed in the end if it still lives."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, "--port", "0", *options, stdout=asyncio.subprocess.PIPE
    )
    assert running.stdout is not None
    try:
        line = (await asyncio.wait_for(running.stdout.readline(), 20)).decode()
        assert line.startswith("simulated Steam at http"), line
        address = line.split()[3].rstrip(",")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as http:
            yield running, Sim(address, http)
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def everything(sim: Sim) -> dict[str, Any]:
    """All that the control API shows, but for the clock that runs on."""
    users = (await sim.control("GET", "/_sim/users"))["users"]
    return {
        "users": [await sim.control("GET", f"/_sim/users/{user['steamid']}") for user in users],
        "offers": await sim.control("GET", "/_sim/offers"),
        "trades": await sim.control("GET", "/_sim/trades"),
        "offset": (await sim.control("GET", "/_sim/clock"))["offset_seconds"],
        "check": await sim.control("GET", "/_sim/check"),
    }


async def live(sim: Sim) -> None:
    """A bit of everything that leaves traces."""
    alice, bob, carol = await people(sim, carol={"hold_days": 15})
    items = await alice.items()
    traded = await sent(alice, bob, [(730, 2, items[0])])
    await bob.accept(traded)
    await carol.accept(await sent(alice, carol, [(730, 2, items[1])]))
    await sent(alice, bob, [(730, 2, items[2])])
    await alice.send(bob, [(730, 2, items[3])])
    undone = await sent(alice, bob, [(730, 2, items[4])])
    tradeid = (await bob.accept(undone)).body["tradeid"]
    await sim.advance(3600)
    await sim.control("POST", f"/_sim/trades/{tradeid}/reverse")
    price = {"appid": 730, "market_hash_name": "x", "price_cents": 5}
    await sim.control("POST", "/_sim/prices", {"prices": [price]})
    await sim.control("DELETE", f"/_sim/users/{ALICE}/items/{items[5]}")


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_what_was_acknowledged_is_there_again_however_it_ended(ending: int, tmp_path: Path) -> None:
    async with process("--data-dir", str(tmp_path)) as (running, sim):
        await live(sim)
        before = await everything(sim)
        running.send_signal(ending)
        assert await asyncio.wait_for(running.wait(), 10) == (-ending if ending == signal.SIGKILL else 0)
    async with simulator(data_dir=tmp_path) as sim:
        assert await everything(sim) == before
        alice, bob = [Visitor(sim, await sim.login(steamid)) for steamid in (ALICE, BOB)]
        assert len(await alice.confirmations()) == 1
        await sim.advance(3 * WEEK)
        assert await sim.control("GET", "/_sim/check") == []
        states = [each["state"] for each in (await sim.control("GET", "/_sim/offers"))["offers"]]
        assert sorted(states) == [3, 3, 5, 5, 12]
        assert len(await bob.items()) == 9
        known = {each["id"] for each in before["offers"]["offers"]}
        made = await sim.control(
            "POST", "/_sim/offers", {"from": ALICE, "to": BOB, "give": (await alice.items())[:1]}
        )
        assert made["id"] not in known


async def test_a_kill_in_the_middle_of_requests_loses_none_that_was_answered(tmp_path: Path) -> None:
    answered: list[str] = []
    enough = asyncio.Event()

    async def keep_sending(sim: Sim, alice: Visitor, bob: Visitor) -> None:
        item = (await bob.items())[0]
        while True:
            made = (await alice.send(bob, [], [(730, 2, item)])).body["tradeofferid"]
            answered.append(made)
            if len(answered) == 20:
                enough.set()
            await alice.post(f"/tradeoffer/{made}/cancel")

    async with process("--data-dir", str(tmp_path)) as (running, sim):
        alice, bob, _ = await people(sim)
        sending = asyncio.ensure_future(keep_sending(sim, alice, bob))
        await asyncio.wait_for(enough.wait(), 20)
        running.kill()
        await asyncio.gather(sending, return_exceptions=True)
    async with simulator(data_dir=tmp_path) as sim:
        known = {each["id"] for each in (await sim.control("GET", "/_sim/offers?limit=1000"))["offers"]}
        assert set(answered) <= known
        assert await sim.control("GET", "/_sim/check") == []


async def test_it_is_up_within_a_second_with_eight_thousand_items_stored(tmp_path: Path) -> None:
    users = [
        {
            "steamid": f"765611981{number:08}",
            "items": [{"appid": 730, "market_hash_name": "AWP | Asiimov (Field-Tested)"} for _ in range(134)],
        }
        for number in range(60)
    ]
    async with simulator(data_dir=tmp_path) as sim:
        await sim.control("POST", "/_sim/world", {"users": users})
    began = time.process_time()  # others may keep the processor busy
    async with simulator(data_dir=tmp_path) as sim:
        assert (await sim.control("GET", "/_sim"))["items"] == 8040
        assert time.process_time() - began < 1


async def test_a_second_one_on_the_same_directory_is_told_so(tmp_path: Path) -> None:
    async with simulator(data_dir=tmp_path):
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, "--data-dir", str(tmp_path), stderr=asyncio.subprocess.PIPE
        )
        _, said = await asyncio.wait_for(second.communicate(), 20)
        assert second.returncode == 1
        assert b"another simulated Steam has" in said
        with pytest.raises(StoreBusy):
            Store(tmp_path)


async def test_without_a_directory_nothing_is_kept() -> None:
    async with simulator() as sim:
        await people(sim)
    async with simulator() as sim:
        assert (await sim.control("GET", "/_sim"))["users"] == 0


async def test_it_serves_tls_for_every_host_of_steam(tmp_path: Path) -> None:
    tls = await asyncio.to_thread(make_certificate, tmp_path)
    async with process("--tls-cert", str(tls.cert), "--tls-key", str(tls.key)) as (_, sim):
        assert sim.base_url.startswith("https://")
        alice, _, _ = await people(sim)
        for host in (
            "steamcommunity.com",
            "api.steampowered.com",
            "store.steampowered.com",
            "login.steampowered.com",
        ):
            headers = alice.cookies | {"Host": host}
            async with sim.http.get(f"{sim.base_url}/inventory/{ALICE}/730/2", headers=headers) as reply:
                assert (reply.status, reply.version) == (200, aiohttp.HttpVersion11)
                assert "content-length" in {name.lower() for name in reply.headers}
                assert json.loads(await reply.text())["success"] == 1


def test_a_certificate_without_its_key_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--tls-cert", "x.pem"])
    assert "--tls-cert and --tls-key go together" in capsys.readouterr().err


def test_what_it_cannot_have_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for port in ("-1", "65536"):
        with pytest.raises(SystemExit):
            main(["--port", port])
        assert "--port should be a whole number from 0 to 65535" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["--port", port]) == 1
    said = capsys.readouterr().err
    assert said == f"tradepost steam-sim: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    file = tmp_path / "file"
    file.touch()
    assert main(["--port", "0", "--data-dir", str(file)]) == 1
    assert capsys.readouterr().err == f"tradepost steam-sim: {file}: File exists\n"
