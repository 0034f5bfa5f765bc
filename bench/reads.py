"""Lists over HTTP beside nginx: the program as operators run it against files with the same bytes.

Each server in its turn has core 0, the load, Postgres and the changes have core 1; 500 changes a second arrive through
Postgres from a process of their own all the while. Options: `offers=1m` for one size, `works=pages,dump` for some works,
`changes=0`, `seconds=8`, `connections=32`.
"""

import gzip
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from yarl import URL

from bench import asking, wrk
from bench.copies import Copies, Differs, answer
from bench.machine import need
from bench.nginx import Nginx, nginx
from bench.options import NotRun, Options
from bench.pairs import Pair, Run, Side, alternate, measured
from bench.rows import Row
from bench.town import Serving, Town, town
from bench.wrk import Request, Wishes

SIZES, SHORT_SIZES = (100_000, 1_000_000), (20_000,)
SECONDS, WARM_UP_SECONDS = 4.0, 1.0
CHANGES_PER_SECOND = 500
CONNECTIONS, DUMP_CONNECTIONS = 32, 8  # a dump of three megabytes keeps a core busy with fewer
COUNTS = {"pages": 12_000, "search": 6_000, "filters": 4_000, "groups": 3_000, "items": 10_000}
MIXED = 20_000
GZIP: Mapping[str, str] = {"Accept-Encoding": "gzip"}
STILL_BYTES_MAX = 1_200  # of an answer without a body, headers and all

# What each work is called, and what it is to reach beside nginx (docs/performance.md says where the goals are from).
NAMES = {
    "pages": "page of 20, any",
    "hot": "page of 20, hot URL",
    "search": "search page, known term",
    "filters": "filters",
    "groups": "grouped by name",
    "items": "one item",
    "dump": "dump of 15,000",
    "dump-gzip": "dump of 15,000, gzip",
    "still": "304 at a hot URL",
    "mix": "random mix",
}
GOALS = {
    "pages": 0.70,
    "hot": 0.95,
    "search": 0.20,
    "items": 0.95,
    "dump": 1.2,
    "dump-gzip": 5.0,
    "mix": 0.40,
}
# How many times as dear a work may be at the greater size.
GROWTH = {"pages": 1.2, "dump": 1.2, "items": 2.5}


@dataclass(frozen=True, slots=True)
class Sides:
    """Both servers on core 0, of which one waits while the other is asked, and what they are asked for."""

    market: Town
    ours: Serving
    theirs: Nginx
    copies: Copies
    connections: int

    @property
    def their_url(self) -> str:
        """nginx's address."""
        return f"http://127.0.0.1:{self.theirs.port}"

    def side(self, wishes: Path, *, is_ours: bool, connections: int) -> Side:
        """One of both servers under a load of these requests."""
        port, pids = (self.ours.port, self.ours.pids) if is_ours else (self.theirs.port, self.theirs.pids)

        async def run(seconds: float) -> Run:
            return await measured(wrk.run(wishes, port, seconds=seconds, connections=connections), pids)

        return run


async def run(options: Options) -> list[Row]:
    """Measure each size, and what the greatest costs more than the least."""
    need("nginx", "wrk", "taskset")
    works = tuple(filter(None, options.text("works", "").split(","))) or tuple(NAMES)
    if unknown := set(works) - set(NAMES):
        raise NotRun(f"{', '.join(sorted(unknown))}: the works are {', '.join(NAMES)}")
    sizes = SHORT_SIZES if options.short else SIZES
    if "offers" in options.values:
        sizes = (options.whole("offers", 0),)
    found: list[Row] = []
    if least := options.whole("least", 0):  # of this size only what is compared with the greater one
        found += await _size(least, [name for name in works if name in GROWTH], options)
    for offers in sizes:
        found += await _size(offers, works, options)
    return found + growth(found)


def growth(rows: Sequence[Row]) -> list[Row]:
    """How many times as much processor time a work takes at the greatest size as at the least."""
    least, most = min(row.size or 0 for row in rows), max(row.size or 0 for row in rows)
    found: list[Row] = []
    for name, goal in GROWTH.items():
        cost = {row.size: row.ours_cpu_us for row in rows if row.work == NAMES[name]}
        small, great = cost.get(least), cost.get(most)
        if least < most and small and great:
            work = f"cost of {NAMES[name]}, {least:,} to {most:,} offers"
            found.append(
                Row(work=work, against="itself", unit="us", ours=great, theirs=small, ratio=small / great,
                    size=most, goal=round(1 / goal, 3), note=f"{great / small:.2f} times as dear; at most {goal:g}")
            )  # fmt: skip
    return found


async def _size(offers: int, works: Sequence[str], options: Options) -> list[Row]:
    """Measure these works at one size."""
    per_second = options.whole("changes", CHANGES_PER_SECOND)
    async with town(offers) as market, _sides(market, options) as sides:
        lists = await _lists(sides, works, 4 if options.short else 1)
        pairs: dict[str, Pair] = {}
        async with market.changes(per_second) if per_second else nullcontext() as changing:
            for name in works:
                pairs[name] = await _pair(name, lists[name], sides, options)
            behind = await _behind(sides.ours.url)
    told = f"{changing.per_second:.0f} changes/s" if changing is not None else "nothing changes"
    if behind:
        told += f", shelves {behind} offers behind at the end"
    return [
        pair.row(
            work=NAMES[name],
            against="nginx" if name != "dump-gzip" else "nginx, identity",
            unit="requests/s",
            size=offers,
            goal=GOALS.get(name),
            note="; ".join(filter(None, (pair.note, told))),
        )
        for name, pair in pairs.items()
    ]


@asynccontextmanager
async def _sides(market: Town, options: Options) -> AsyncIterator[Sides]:
    copies = Copies(market.home / "files", market.tokens[0])
    async with market.serve(cpus=(0,)) as ours, nginx(copies.root, cpus=(0,)) as theirs:
        yield Sides(market, ours, theirs, copies, options.whole("connections", CONNECTIONS))


async def _lists(sides: Sides, works: Sequence[str], part: int) -> dict[str, list[str]]:
    """What is asked for each work; both sides have it, and answer a sample of it with the same bytes."""
    kinds = [kind for kind in COUNTS if kind in works or "mix" in works]
    lists = {kind: asking.drawn(kind, sides.market.offers, COUNTS[kind] // part) for kind in kinds}
    lists |= {"hot": [asking.HOT], "still": [asking.STILL], "dump": [asking.ALL], "dump-gzip": [asking.ALL]}
    for paths in lists.values():
        await sides.copies.take(sides.ours.url, paths)
        await sides.copies.compare(sides.ours.url, sides.their_url, paths)
    if "mix" in works:
        lists["mix"] = asking.mixed(lists, MIXED // part)
    async with aiohttp.ClientSession(
        headers={"Token": sides.market.tokens[0]}, auto_decompress=False
    ) as http:
        plain = await answer(http, sides.ours.url, asking.ALL, {"Accept-Encoding": "identity"})
        if gzip.decompress(await answer(http, sides.ours.url, asking.ALL, GZIP)) != plain:
            raise Differs("what is compressed is not what is not")
    return lists


async def _pair(name: str, paths: Sequence[str], sides: Sides, options: Options) -> Pair:
    """Measure one work: ours, nginx, ours, nginx."""
    token = {"Token": sides.market.tokens[0]}
    mine, others = dict(token), dict(token)
    if name == "still":
        mine["If-None-Match"] = await _tag(sides.ours.url + asking.STILL, token)
        others["If-None-Match"] = await _tag(sides.their_url + sides.copies.places[asking.STILL], token)
    if name == "dump-gzip":
        mine |= GZIP
    connections = DUMP_CONNECTIONS if name.startswith("dump") else sides.connections
    places = sides.copies.places
    with (
        Wishes((Request(path, mine) for path in paths), sides.ours.port) as we,
        Wishes((Request(places[path], others) for path in paths), sides.theirs.port) as they,
    ):
        ours = sides.side(we, is_ours=True, connections=connections)
        theirs = sides.side(they, is_ours=False, connections=connections)
        pair = await alternate(
            ours, theirs, options.rounds, seconds=options.seconds(SECONDS), warm_up_seconds=WARM_UP_SECONDS
        )
    if name == "still" and pair.ours.answer_bytes > STILL_BYTES_MAX:
        raise Differs(
            f"the page of the oldest was sent again, {pair.ours.answer_bytes:.0f} bytes, though nothing of it changes"
        )
    if name == "dump-gzip":
        return replace(pair, note="; ".join(filter(None, (pair.note, await _pressed(sides, token, pair)))))
    return pair


async def _pressed(sides: Sides, headers: Mapping[str, str], pair: Pair) -> str:
    """What nginx does with a file that is compressed already, for information."""
    place = sides.copies.press(asking.ALL)
    with Wishes([Request(place, headers)], sides.theirs.port) as wishes:
        done = await sides.side(wishes, is_ours=False, connections=DUMP_CONNECTIONS)(WARM_UP_SECONDS)
    return (
        f"nginx sends a file compressed before {done.value:,.0f} times a second, ours {pair.ours.value:,.0f}"
    )


async def _tag(url: str, headers: Mapping[str, str]) -> str:
    async with (
        aiohttp.ClientSession() as http,
        http.get(URL(url, encoded=True), headers={**headers, "Accept-Encoding": "identity"}) as reply,
    ):
        return reply.headers["ETag"]


async def _behind(url: str) -> int:
    """Of the offers that changed last, how many the server does not show as they are."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics") as reply:
        for line in (await reply.text()).splitlines():
            if line.startswith("tradepost_shelf_behind_offers "):
                return int(float(line.split()[1]))
    return 0
