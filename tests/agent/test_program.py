"""The command `tradepost agent`, as a person uses it: each verb, and a sentence for everything that is wrong."""

import asyncio
import json
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.town import Town, town
from tradepost.agent.program import main
from tradepost.db import Db
from tradepost.market import agents, merchants

pytestmark = pytest.mark.sql


@pytest.fixture
async def place(db: Db, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(db, tmp_path / "home") as made:
        yield made


async def agent(place: Town, *words: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run the command in this home; returns its status, what it said and what it complained of."""
    command = [sys.executable, "-m", "tradepost", "agent", *words, "--home", str(place.home.path)]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaint = await process.communicate(stdin)
    return process.returncode or 0, out.decode(), complaint.decode()


async def code(place: Town, **more: int) -> str:
    async with place.app.db.transaction() as tx:
        return await agents.make_code(tx, place.seller_id, place.app.real_now(), 10, **more)


async def test_a_person_pairs_signs_in_looks_around_and_leaves(place: Town) -> None:
    urls = f'community_url = "{place.sim.base_url}"\napi_url = "{place.sim.base_url}"\n'
    place.home.prepare()
    (place.home.path / "agent.toml").write_text(urls)
    one_code = await code(place, merchant_id=place.merchant_id, floor_bps=5_000)

    status, out, _ = await agent(place, "pair", "--market", place.market_url, "--code", one_code)
    assert (
        status == 0
        and place.seller_steamid in out
        and "Person 2" in out
        and "50%" in out
        and "sign-in" in out
    )
    status, _, complaint = await agent(place, "pair", "--market", place.market_url, "--code", one_code)
    assert status == 1 and "pairing code" in complaint

    session = json.dumps(await place.sim.login(place.seller_steamid)).encode()
    status, out, _ = await agent(place, "sign-in", stdin=session)
    assert status == 0 and "Steam takes it." in out
    kept = place.home.place(place.seller_steamid).session_path
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    status, out, _ = await agent(place, "status")
    assert status == 0 and "does not run" in out and "last heard of the market: never" in out

    status, out, _ = await agent(place, "grants", "--floor", "80%")
    assert status == 0 and "nothing under 80%" in out
    status, out, _ = await agent(place, "grants", "--floor", "95.5%", "--merchant", "76561198000000002")
    assert status == 0 and "95.5%" in out
    status, _, complaint = await agent(place, "grants", "--floor", "0.8")
    assert status == 1 and "80%" in complaint
    for words in (("--floor", "90%", "--merchant", "7656119"), ("--merchant", "76561198000000002")):
        status, _, complaint = await agent(place, "grants", *words)
        assert status == 1 and "comes with --floor" in complaint

    status, out, _ = await agent(place, "unpair")
    assert status == 0 and not kept.exists()
    assert await place.app.db.value("SELECT count(*) FROM agent WHERE revoked_at IS NULL") == 0
    status, _, complaint = await agent(place, "unpair")
    assert status == 1 and "run `tradepost agent pair` first" in complaint


async def test_it_runs_until_it_is_told_to_stop_and_says_good_bye(place: Town) -> None:
    await place.pair(place.seller_id)
    async with place.app.db.transaction() as tx:
        await merchants.grant(tx, place.merchant_id, place.seller_id, "page", place.app.now())
    urls = f'community_url = "{place.sim.base_url}"\napi_url = "{place.sim.base_url}"\n'
    (place.home.path / "agent.toml").write_text(urls)
    command = [sys.executable, "-m", "tradepost", "agent", "run", "--home", str(place.home.path)]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    while b"session is good" not in await asyncio.wait_for(process.stderr.readline(), 20):
        pass
    status, _, complaint = await agent(place, "run")
    assert status == 1 and "Another agent runs" in complaint
    process.terminate()
    rest = await asyncio.wait_for(process.stderr.read(), 15)
    assert await process.wait() == 0 and b"good-bye" in rest
    assert await place.app.db.value("SELECT count(*) FROM presence") == 0
    status, out, _ = await agent(place, "grants")
    assert "Person 2" in out


async def test_a_program_that_was_unpaired_elsewhere_ends_with_a_sentence(place: Town) -> None:
    await place.pair(place.seller_id)
    await place.app.db.execute("UPDATE agent SET revoked_at = paired_at")
    status, _, complaint = await agent(place, "run")
    assert status == 1 and "does not know this program any more" in complaint


async def test_the_simulator_signs_anybody_in(place: Town) -> None:
    await place.pair(place.seller_id, session=False)
    kept = place.home.place(place.seller_steamid).session_path
    status, out, _ = await agent(place, "sign-in", "--simulator", place.sim.base_url)
    assert status == 0 and "Steam takes it." in out and "is Steam now" in out
    assert json.loads(kept.read_bytes())["identity_secret"] is None
    status, _, _ = await agent(place, "sign-in", "--simulator", place.sim.base_url, "--identity-secret")
    assert status == 0 and json.loads(kept.read_bytes())["identity_secret"]
    # A session of the simulator would be worth nothing where the program is told that Steam is elsewhere.
    (place.home.path / "agent.toml").write_text('community_url = "https://steam.invalid"\n')
    status, _, complaint = await agent(place, "sign-in", "--simulator", place.sim.base_url)
    assert status == 1 and "Steam is elsewhere" in complaint


async def test_a_dead_session_is_said_to_be_one(place: Town) -> None:
    await place.pair(place.seller_id, session=False)
    (place.home.path / "agent.toml").write_text(
        f'community_url = "{place.sim.base_url}"\napi_url = "{place.sim.base_url}"\n'
    )
    session = json.dumps(await place.sim.login(place.seller_steamid)).encode()
    await place.sim.control("POST", f"/_sim/users/{place.seller_steamid}/logout")
    status, _, complaint = await agent(place, "sign-in", stdin=session)
    assert status == 1 and "does not take" in complaint


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run",), "run `tradepost agent pair` first"),
        (("grants",), "run `tradepost agent pair` first"),
        (("pair", "--market", "http://market.example", "--code", "A"), "over https"),
        (("pair", "--market", "market.example", "--code", "A"), "https://market.example"),
        (("pair", "--market", "http://127.0.0.1:9", "--code", "A"), "cannot be reached"),
        (("sign-in", "--file", "/nowhere/at/all"), "cannot be read"),
        (("sign-in", "--simulator", "http://127.0.0.1:9"), "run `tradepost agent pair` first"),
    ],
)
def test_what_is_wrong_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert main([*words, "--home", str(tmp_path / "home")]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("tradepost agent: ") and sentence in said.err and "Traceback" not in said.err


def test_a_home_that_cannot_be_one_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    words = ("pair", "--market", "https://market.example", "--code", "A", "--home", str(file))
    assert main(words) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"tradepost agent: {file}") and said.count("\n") == 1 and "[Errno" not in said


def test_without_a_verb_it_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "sign-in" in capsys.readouterr().out
