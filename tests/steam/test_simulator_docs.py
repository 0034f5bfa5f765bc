"""docs/simulator.md says what there is, and its commands work as pasted."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest

from steam.sim import simulator
from tradepost.steam.simulator.faults import KINDS, MODES
from tradepost.steam.simulator.program import ROUTES

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
COMMANDS = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))


def test_every_control_is_on_the_page_and_every_control_on_the_page_exists() -> None:
    names = {"offerid": "id", "tradeid": "id", "fault": "id"}
    served = {
        re.sub(r"{(\w+)}", lambda found: f"{{{names.get(found[1], found[1])}}}", route.path)
        for route in ROUTES
        if route.path.startswith("/_sim")
    }
    prose = re.sub(r"```sh\n.*?```", "", PAGE, flags=re.DOTALL)
    written = set(re.findall(r"(/_sim[\w/{}]*)", prose))
    for deeds in re.findall(r"`POST (/_sim/offers/{id})/\w+`((?:, `/\w+`)+)", PAGE):
        written |= {deeds[0] + deed for deed in re.findall(r"/\w+", deeds[1])}
    assert written == served


def test_every_fault_is_on_the_page() -> None:
    for name in (*KINDS, *MODES):
        assert f"`{name}`" in PAGE


@pytest.mark.skipif(
    not shutil.which("curl") or not shutil.which("bash"), reason="curl and bash are not installed"
)
async def test_the_commands_work_as_pasted() -> None:
    async with simulator() as sim:
        script = COMMANDS.replace("http://127.0.0.1:8001", sim.base_url).replace(
            "curl -s", "curl -sS -w '\\n' --fail"
        )
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "-euo",
            "pipefail",
            "-c",
            script,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(shell.communicate(), 60)
        assert (shell.returncode, err.decode()) == (0, "")
        answers = [json.loads(line) for line in out.decode().splitlines() if line.strip()]
        assert answers[0] == {"users": 2, "users_kept": 0, "items": 2, "prices": 1}
        assert answers[2] == {
            "success": True,
            "lowest_price": "27,09€",
            "median_price": "27,09€",
            "volume": "412",
        }
        protected, settled = answers[4]["assets"][0], answers[6]["assets"][0]
        assert protected["assetid"] == settled["assetid"]
        assert (protected["contextid"], settled["contextid"]) == ("16", "2")
        assert answers[7] == []
        assert (await sim.control("GET", "/_sim/faults"))["faults"] == []
