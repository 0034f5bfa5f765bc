"""Lists over HTTP beside nginx: the program as operators run it against files with the same bytes.

Each server in its turn has core 0, the load, Postgres and the changes have core 1; 500 changes a second arrive through
Postgres from a process of their own all the while. Options: `offers=1m` for one size, `works=pages,dump` for some works,
`changes=0`, `seconds=8`, `connections=32`.
"""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

from bench import asking
from bench.copies import Differs
from bench.machine import need, usage
from bench.options import NotRun, Options
from bench.pairs import Pair, Side, alternate
from bench.rows import Row
from bench.sides import GZIP, Sides, sides, tag, under
from bench.town import town
from bench.wrk import Request, Wishes

SIZES, SHORT_SIZES = (100_000, 1_000_000), (20_000,)
SECONDS, WARM_UP_SECONDS = 4.0, 1.0
SETTLED_SECONDS = 1.0  # after the last change, until the shelves must show it
CHANGES_PER_SECOND = 500
CONNECTIONS, DUMP_CONNECTIONS = 32, 8  # a dump of three megabytes keeps a core busy with fewer
COUNTS = {"pages": 12_000, "search": 6_000, "filters": 4_000, "groups": 3_000, "items": 10_000}
MIXED = 10_000  # and no work asks for more addresses than nginx may keep files open for, by the limit of most systems
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
    "fast-path": "random mix, by the fast path",
}
AGAINST = {"dump-gzip": "nginx, identity", "fast-path": "ours without it"}
GOALS = {"pages": 0.70, "hot": 0.95, "search": 0.20, "items": 0.95, "dump": 1.2, "dump-gzip": 5.0, "mix": 0.40, "fast-path": 1.5}  # fmt: skip
# How many times as dear a work may be at the greater size.
GROWTH = {"pages": 1.2, "dump": 1.2, "items": 2.5}


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
    async with town(offers) as market, sides(market) as both:
        lists = await _lists(both, works, 4 if options.short else 1)
        pairs: dict[str, Pair] = {}
        async with market.changes(per_second) if per_second else nullcontext() as changing:
            following = await _following(both, per_second)
            for name in works:
                measure = _without if name == "fast-path" else _pair
                pairs[name] = await measure(name, lists[name], both, options)
            behind = await both.behind()
        await asyncio.sleep(SETTLED_SECONDS)
        await both.check_truth()
    told = f"{changing.per_second:.0f} changes/s" if changing is not None else "nothing changes"
    if behind:
        told += f", shelves {behind} offers behind at the end"
    return following + [
        pair.row(
            work=NAMES[name],
            against=AGAINST.get(name, "nginx"),
            unit="requests/s",
            size=offers,
            goal=GOALS.get(name),
            note="; ".join(filter(None, (pair.note, told))),
        )
        for name, pair in pairs.items()
    ]


async def _following(both: Sides, per_second: int) -> list[Row]:
    """What a change costs a server that nobody asks anything."""
    if not per_second:
        return []
    await asyncio.sleep(WARM_UP_SECONDS)
    quiet = usage(both.ours.pids)
    await asyncio.sleep(SECONDS)
    took = usage(both.ours.pids) - quiet
    share = took.cpu_seconds / SECONDS * 100
    note = f"{per_second} a second take {share:.0f} % of the core while nobody asks"
    cost = took.cpu_seconds / (per_second * SECONDS) * 1e6
    return [Row(work="a change through Postgres", unit="us", ours=cost, size=both.market.offers, note=note)]


async def _lists(both: Sides, works: Sequence[str], part: int) -> dict[str, list[str]]:
    """What is asked for each work; both sides have it."""
    is_mixed = bool({"mix", "fast-path"} & set(works))
    kinds = [kind for kind in COUNTS if kind in works or is_mixed]
    lists = {kind: asking.drawn(kind, both.market.offers, COUNTS[kind] // part) for kind in kinds}
    lists |= {"hot": [asking.HOT], "still": [asking.STILL], "dump": [asking.ALL], "dump-gzip": [asking.ALL]}
    for paths in lists.values():
        await both.copy(paths)
    await both.check_gzip()
    if is_mixed:
        lists["mix"] = lists["fast-path"] = asking.mixed(lists, MIXED // part)
    return lists


async def _pair(name: str, paths: Sequence[str], both: Sides, options: Options) -> Pair:
    """Measure one work: ours, nginx, ours, nginx."""
    mine, others = dict(both.token), dict(both.token)
    places = both.copies.places
    if name == "still":
        mine["If-None-Match"] = await tag(both.ours.url + asking.STILL, both.token)
        others["If-None-Match"] = await tag(both.their_url + places[asking.STILL], both.token)
    if name == "dump-gzip":
        mine |= GZIP
    connections = DUMP_CONNECTIONS if name.startswith("dump") else options.whole("connections", CONNECTIONS)
    with (
        Wishes((Request(path, mine) for path in paths), both.ours.port) as we,
        Wishes((Request(places[path], others) for path in paths), both.theirs.port) as they,
    ):
        pair = await _alternate(
            under(we, both.ours, connections), under(they, both.theirs, connections), options
        )
    if name == "still" and pair.ours.answer_bytes > STILL_BYTES_MAX:
        raise Differs("a page was sent again of which nothing changes")
    if name == "dump-gzip":
        return replace(pair, note="; ".join(filter(None, (pair.note, await _pressed(both, pair)))))
    return pair


async def _without(name: str, paths: Sequence[str], both: Sides, options: Options) -> Pair:
    """Measure our server beside itself without its fast path."""
    del name
    connections = options.whole("connections", CONNECTIONS)
    async with both.market.serve(cpus=(0,), settings={"fast_path": "off"}) as slow:
        with (
            Wishes((Request(path, both.token) for path in paths), both.ours.port) as we,
            Wishes((Request(path, both.token) for path in paths), slow.port) as they,
        ):
            return await _alternate(
                under(we, both.ours, connections), under(they, slow, connections), options
            )


async def _alternate(ours: Side, theirs: Side, options: Options) -> Pair:
    return await alternate(
        ours, theirs, options.rounds, seconds=options.seconds(SECONDS), warm_up_seconds=WARM_UP_SECONDS
    )


async def _pressed(both: Sides, pair: Pair) -> str:
    """What nginx does with a file that is compressed already, for information."""
    place = both.copies.press(asking.ALL)
    with Wishes([Request(place, both.token)], both.theirs.port) as wishes:
        done = await under(wishes, both.theirs, DUMP_CONNECTIONS)(WARM_UP_SECONDS)
    return (
        f"nginx sends a file compressed before {done.value:,.0f} times a second, ours {pair.ours.value:,.0f}"
    )
