"""Where the time of the hottest paths goes: `python -m bench profiles` looks at a running server by py-spy.

The random mix of lists and a dump of 15,000, both while the market changes, and buys of 32 merchants. The server has core
0; py-spy, the load and Postgres have core 1. What is kept is the fifteen functions with the most time of their own, C code
that they call included; what waits is not counted. Being looked at slows a server down: its requests a second say how much. Options: `offers=1m`, `paths=mix,buys,dump`, `seconds=10`.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any

from bench import asking, wrk
from bench.machine import need, usage
from bench.options import NotRun, Options
from bench.pairs import Run
from bench.processes import output
from bench.rows import RESULTS, Row, RunHadErrors, stamp
from bench.town import Town, town
from bench.wrk import Request, Wishes

OFFERS, SHORT_OFFERS = 1_000_000, 20_000
SECONDS = 10.0
SAMPLES_PER_SECOND = 200
SHOWN = 15
BUYERS = 32
BUYS_PER_SECOND_MAX = 12_000  # so many offers are there to be bought
PATIENCE_SECONDS = 60.0
PATHS = ("mix", "buys", "dump")
LOOP = "the event loop and the HTTP parser, in C, with the system calls that they make"


async def run(options: Options) -> list[Row]:
    """Profile each path, print what takes the most, and keep it; there are no rows."""
    need("wrk", "taskset")
    spy = py_spy()
    paths = options.text("paths", ",".join(PATHS)).split(",")
    if unknown := set(paths) - set(PATHS):
        raise NotRun(f"{', '.join(sorted(unknown))}: the paths are {', '.join(PATHS)}")
    offers = options.whole("offers", SHORT_OFFERS if options.short else OFFERS)
    seconds = options.seconds(SECONDS)
    if lists := [path for path in paths if path != "buys"]:
        async with town(offers) as market:
            for path in lists:
                keep(path, await _lists(path, market, seconds, spy), options)
    if "buys" in paths:
        there = int(seconds * BUYS_PER_SECOND_MAX)
        async with town(there, merchants=BUYERS, price_cents=100) as market:
            keep("buys", await _buys(market, seconds, spy), options)
    return []


def py_spy() -> Path:
    """py-spy of this environment, or of the system."""
    beside = Path(sys.executable).parent / "py-spy"
    found = str(beside) if beside.exists() else shutil.which("py-spy")
    if found is None:
        raise NotRun("py-spy is missing here: sh scripts/setup.sh bench")
    return Path(found)


def keep(path: str, text: str, options: Options) -> None:
    """Print a profile, and keep it unless it is a short one's."""
    sys.stdout.write(f"\n{text}")
    if not options.short:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"profile_{path}.txt").write_text(text, encoding="utf-8")


async def _lists(path: str, market: Town, seconds: float, spy: Path) -> str:
    kinds = (
        {kind: asking.drawn(kind, market.offers, 10_000) for kind in asking.KINDS} if path == "mix" else {}
    )
    wanted = asking.mixed(kinds, 10_000) if kinds else [asking.ALL]
    token = {"Token": market.tokens[0]}
    requests = [Request(one, token) for one in wanted]
    async with market.serve(cpus=(0,)) as ours, market.changes():
        with Wishes(requests, ours.port) as wishes:
            load = wrk.run(wishes, ours.port, seconds=seconds + 2, connections=32 if kinds else 8)
            return await _watched(path, f"{market.offers:,} offers", load, ours.pids[0], seconds, spy)


async def _buys(market: Town, seconds: float, spy: Path) -> str:
    async with market.serve(cpus=(0,)) as ours:
        with Wishes(buys(market), ours.port) as wishes:
            load = wrk.run(wishes, ours.port, seconds=seconds + 2, connections=BUYERS, once=True)
            return await _watched("buys", f"{BUYERS} buyers", load, ours.pids[0], seconds, spy)


def buys(market: Town) -> Iterable[Request]:
    """A purchase of each offer, by the merchants in turn."""
    for offer in range(1, market.offers + 1):
        who = offer % len(market.tokens)
        asked = {
            "id": offer,
            "steamid": market.steamids[who],
            "trade_token": "tokenabc",
            "custom_id": f"bench-{offer}",
        }
        headers = {"Token": market.tokens[who], "Content-Type": "application/json"}
        yield Request("/api/v2/buy", headers, "POST", json.dumps(asked).encode())


async def _watched(
    path: str, what: str, load: Coroutine[Any, Any, Run], pid: int, seconds: float, spy: Path
) -> str:
    """The profile of a server under a load, as text."""
    with tempfile.NamedTemporaryFile(prefix="bench-stacks-") as stacks:
        under_load = asyncio.create_task(load)
        await asyncio.sleep(1)  # until it is warm
        before = usage([pid])
        await output(
            [spy, "record", "--pid", str(pid), "--format", "raw", "--function", "--gil", "--output", stacks.name,
             "--rate", str(SAMPLES_PER_SECOND), "--duration", str(round(seconds))],
            seconds=seconds + PATIENCE_SECONDS,
        )  # fmt: skip
        took = usage([pid]) - before
        done = await under_load
        if done.errors:
            raise RunHadErrors(done.errors, [path])
        samples, most = own_times(Path(stacks.name).read_text(encoding="utf-8").splitlines())
    about = stamp([Row(work=path, unit="", ours=0)])[0]
    lines = [
        f"{path}: {what}, {done.value:,.0f} requests/s while py-spy looked {samples:,} times",
        f"{took.kernel_seconds / took.cpu_seconds * 100:.0f} % of its processor time was the kernel's, for sending, receiving and waiting",
        f"{about.command}, {about.date} UTC, commit {about.commit}, {about.machine}",
        "",
        *(f"{share * 100:5.1f} %  {name}" for name, share in most),
    ]
    return "\n".join(lines) + "\n"


def own_times(stacks: Iterable[str]) -> tuple[int, list[tuple[str, float]]]:
    """How many samples there are, and the functions in which most of them were, each with its share."""
    counts = Counter[str]()
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        name = frames.rpartition(";")[2]
        counts[LOOP if name.startswith("Runner.run (asyncio/") else name] += int(count)
    samples = sum(counts.values())
    return samples, [(name, count / samples) for name, count in counts.most_common(SHOWN)]
