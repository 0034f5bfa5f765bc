"""Made-up requests, drawn from the user API's own document: no fault of ours, and nothing undocumented."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dialects.notations import NO_LIMIT
from dialects.test_fuzz import BEYOND, CASES, EACH, PROGRAM, SECONDS_MAX, SEED
from dialects.user_api.authorization import Things
from dialects.user_api.club import OTHER, USER, Club, club_on
from dialects.user_api.test_authorization import things_of
from tradepost.db import Db
from tradepost.dialects.pace import Pace
from tradepost.dialects.user_api import ways
from tradepost.market import ledger

SHARE = 3  # of the cases of v2: the API is smaller, and each case of it writes more


async def fuzz(club: Club, token: str, known: dict[str, list[str]], where: Path) -> dict[str, Any]:
    """Run the program on the user API; what it says."""
    asked = {"url": club.url, "token": token, "version": "user", "seed": SEED, "known": known,
             "cases": CASES["v2"] // SHARE, "each": EACH}  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, cwd=where,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(json.dumps(asked).encode()), SECONDS_MAX)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()[-3000:]
    said: dict[str, Any] = json.loads(out)
    return said


async def test_made_up_requests_find_no_fault_and_nothing_undocumented(
    db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "Pace", lambda _: Pace(10_000_000))
    async with club_on(db, **NO_LIMIT) as club:
        await club.browser(USER)
        mine: Things = await things_of(club, USER)
        await club.browser(OTHER)
        # Money to pay out, and a sign-in that stays fresh for as long as this takes.
        async with db.transaction() as tx:
            await ledger.deposit(tx, await club.account_id(), 50_000, "fuzz", club.app.now())
        await db.execute("UPDATE session SET signed_in_at = signed_in_at + interval '1 hour'")
        program = await club.program(USER)
        token = program.headers["Authorization"].removeprefix("Bearer ")
        items = [str(mine.item), *BEYOND]
        known = {
            "userid": [USER, OTHER], "id": [mine.session, str(mine.alert), str(mine.message), *items], "itemid": items, "item": items,
            "value": ["300", "450"], "amount": ["2", "1000"], "prefix": [mine.key], "count": ["10"], "page": ["0", "1"],
            "period": ["1W", "all"], "skrill": ["ann@example.com"], "tradeurl": ["https://steamcommunity.com/tradeoffer/new/?partner=39734373&token=abcdefgh"],
        }  # fmt: skip
        begun = time.monotonic()
        said = await fuzz(club, token, known, tmp_path)
        told = f"FUZZ_SEED={SEED}, {said['cases']} cases in {time.monotonic() - begun:.0f} s"
        print(told, said["words"])
        assert not said["failures"], "\n\n".join([told, *said["failures"]])
        assert said["words"]["success"] > said["cases"] / 10, said["words"]
        assert {"300", "404"} <= said["words"].keys()
        assert not {"500", "502", "503", "nothing"} & said["words"].keys(), said["words"]
        assert (await program.get("/user/balance")).status == 200
