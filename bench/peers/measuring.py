"""Ours beside one peer: start, lists, search, items, purchases, the last unit, memory; in turn, on the same Postgres."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import wrk
from bench.options import Options
from bench.pairs import Pair, Run, alternate, measured
from bench.peers import buying, finishing, running
from bench.peers.ground import CLIENTS_CPU, Ground
from bench.peers.install import say
from bench.peers.running import Running
from bench.peers.shops import LAST_UNIT, Peer, Wish
from bench.peers.shops.ours import Ours
from bench.rows import Row
from bench.town import Town
from bench.wrk import Wishes

GOAL = 20.0  # of a page of the list and of a finished purchase
CLIENTS = (1, 16)
CROWD = 64
MOST_FINISHED = 2_000
SECONDS, PURCHASE_SECONDS, WARM_SECONDS = 4.0, 8.0, 1.0
FIRST_BOUGHT = 3_000  # items below it are looked at, and not bought


@dataclass(frozen=True, slots=True)
class Sides:
    """Both shops, each with its database."""

    ours: Running
    theirs: Running
    our_dsn: str
    their_dsn: str


async def compare(here: Ground, peer: Peer, options: Options) -> list[Row]:
    """All rows of one peer."""
    rows: list[Row] = []
    database = f"{peer.name}_run"
    with TemporaryDirectory(prefix="tradepost-bench-") as folder:
        await here.copy(here.filled(peer.name), database)
        try:
            async with here.market("ours_run", Path(folder)) as t:
                ours = Ours(t.tokens, t.steamids)
                rows.append(await _start(here, peer, t, ours, database, options))
                async with (
                    running.ours(t, ours) as mine,
                    running.peer(here, peer, database) as others,
                ):
                    sides = Sides(mine, others, t.dsn, here.dsn(database))
                    await _alike(sides)
                    rows += await _reads(peer, sides, options)
                    rows += await _purchases(here, peer, sides, options)
        finally:
            await here.drop(database)
    return [replace(row, against=peer.title) for row in rows]


async def _start(here: Ground, peer: Peer, t: Town, ours: Ours, database: str, options: Options) -> Row:
    """How long it takes from nothing to the first page of the list; files and pages of the database are in memory."""
    mine, others = list[float](), list[float]()
    for _ in range(options.rounds):
        async with running.ours(t, ours) as one:
            mine.append(one.first_answer_seconds)
        async with running.peer(here, peer, database) as other:
            others.append(other.first_answer_seconds)
    ratios = [b / a for a, b in zip(mine, others, strict=True)]
    say(f"{peer.title}: starts measured")
    return Row(
        work="start to the first page of the list",
        unit="s",
        ours=median(mine),
        theirs=median(others),
        ratio=median(ratios),
        spread=max(ratios) / min(ratios),
    )


async def _alike(sides: Sides) -> None:
    """Both lists begin with the same twenty prices."""
    pages = [
        (side.shop, side.shop.prices(await running.asked(side.port, side.shop.listing())))
        for side in (sides.ours, sides.theirs)
    ]
    (_, mine), (shop, others) = pages
    if mine != others:
        raise RuntimeError(f"{shop.title} does not list the same items: {others}, ours {mine}")


async def _reads(peer: Peer, sides: Sides, options: Options) -> list[Row]:
    rows: list[Row] = []
    for work, wishes, goal in (
        ("page of 20 by price", [side.shop.listing() for side in (sides.ours, sides.theirs)], GOAL),
        ("search, page of 20 by price", [side.shop.search() for side in (sides.ours, sides.theirs)], None),
        ("one item", [side.shop.item() for side in (sides.ours, sides.theirs)], None),
    ):
        for clients in CLIENTS:
            pair = await _asking(sides, wishes, clients, options)
            rows.append(
                pair.row(
                    work=f"{work}, {_clients(clients)}",
                    unit="requests/s",
                    size=clients,
                    goal=goal,
                    note=_theirs(pair),
                )
            )
            say(f"{peer.title}: {work}, {_clients(clients)}: {pair.ratio:.1f}")
    return rows


async def _asking(sides: Sides, wishes: list[Wish], clients: int, options: Options) -> Pair:
    mine, others = wishes
    with (
        Wishes(mine.requests, sides.ours.port) as our_file,
        Wishes(others.requests, sides.theirs.port) as their_file,
    ):

        def side(one: Running, file: Path, wish: Wish) -> Callable[[float], Awaitable[Run]]:
            async def run(seconds: float) -> Run:
                load = wrk.run(
                    file,
                    one.port,
                    seconds=seconds,
                    connections=clients,
                    expected=wish.expected,
                    cpus=(CLIENTS_CPU,),
                )
                return _by_throughput(await measured(load, one.pids))

            return run

        return await alternate(
            side(sides.ours, our_file, mine),
            side(sides.theirs, their_file, others),
            options.rounds,
            seconds=max(options.seconds(SECONDS), WARM_SECONDS + 2),
            warm_up_seconds=WARM_SECONDS,
        )


async def _purchases(here: Ground, peer: Peer, sides: Sides, options: Options) -> list[Row]:
    most = (here.items - FIRST_BOUGHT) // (len(CLIENTS) * (options.rounds + 1))
    mine, others = Till(sides.ours, here.items, most), Till(sides.theirs, here.items, most)
    rows, pairs = list[Row](), list[Pair]()
    for clients in CLIENTS:
        pair = await alternate(
            mine.side(clients),
            others.side(clients),
            options.rounds,
            seconds=options.seconds(PURCHASE_SECONDS),
            warm_up_seconds=WARM_SECONDS,
        )
        pairs.append(pair)
        steps = peer.purchase_requests
        per_request = {
            "ours": pair.ours.value * sides.ours.shop.purchase_requests,
            "theirs": pair.theirs.value * steps,
            "ratio": pair.ratio * sides.ours.shop.purchase_requests / steps,
        }
        work = f"finished purchase, {_clients(clients)}"
        rows += [
            pair.row(work=work, unit="purchases/s", size=clients, goal=GOAL, note=f"{_theirs(pair)}; {peer.note}"),
            pair.row(
                work=f"{work}, counted by requests", unit="requests/s", size=clients, note=f"theirs has {steps}",
                p50_ms=None, p99_ms=None, ours_cpu_us=None, theirs_cpu_us=None, **per_request,
            ),
        ]  # fmt: skip
        say(f"{peer.title}: {work}: {pair.ratio:.1f}")
    rows.append(await _last_unit(here, sides, mine, others))
    rows += [await _until_finished(peer, sides, pairs[-1]), _memory(pairs[-1])]
    return rows


class Till:
    """Purchases from one shop: each item is bought once, and what was acknowledged is counted."""

    def __init__(self, one: Running, last_item: int, most: int) -> None:
        self._one, self._most = one, most
        self._items: Iterator[int] = iter(range(last_item, FIRST_BOUGHT, -1))
        self.made = 0

    def side(self, clients: int) -> Callable[[float], Awaitable[Run]]:
        """So many clients who buy."""

        async def run(seconds: float) -> Run:
            one = self._one
            run = await measured(self._shopping(clients, seconds), one.pids)
            return _by_throughput(run)

        return run

    async def _shopping(self, clients: int, seconds: float) -> Run:
        one = self._one
        tally = await buying.shopping(one.shop, one.url, self._items, clients, seconds, self._most)
        self.made += len(tally.took)
        for error, many in tally.errors.most_common(3):
            say(f"{one.shop.title}: {many} times {error}")
        return tally.run()


async def _last_unit(here: Ground, sides: Sides, mine: Till, others: Till) -> Row:
    """How many of a crowd got the one item; and whether all purchases are in the databases, and no others."""
    sold, wrong, told = list[int](), list[str](), list[str]()
    for one, dsn, till in ((sides.ours, sides.our_dsn, mine), (sides.theirs, sides.their_dsn, others)):
        tally = await buying.crowd(one.shop, one.url, LAST_UNIT, CROWD)
        async with here.open(dsn) as db:
            sold.append(await one.shop.sold(db, LAST_UNIT))
            there, made = await one.shop.purchases(db), till.made + len(tally.took)
        if there != made:
            wrong.append(f"{one.shop.title} has {there} purchases and acknowledged {made}")
        told.append(
            f"{one.shop.title} told {tally.refused} that it is gone and failed {tally.errors.total()}"
        )
        for error, many in tally.errors.most_common(3):
            say(f"{one.shop.title}, last unit: {many} times {error}")
    return Row(
        work=f"{CROWD} buyers of the last unit: how many got it",
        unit="buyers",
        size=CROWD,
        ours=sold[0],
        theirs=sold[1],
        errors=int(sold[0] != 1),
        note="; ".join((*told, *wrong)),
    )


async def _until_finished(peer: Peer, sides: Sides, pair: Pair) -> Row:
    """Ours with all that comes after the purchase, beside a peer's purchase; by the rates of both parts."""
    bought = pair.ours.value
    ended = await finishing.finish(sides.our_dsn, min(pair.ours.requests, MOST_FINISHED), CLIENTS[-1])
    ours = 1 / (1 / bought + 1 / ended)
    return Row(
        work=f"purchase until its trade is finished, {_clients(CLIENTS[-1])}",
        unit="purchases/s",
        size=CLIENTS[-1],
        ours=ours,
        theirs=pair.theirs.value,
        ratio=ours / pair.theirs.value if pair.theirs.value else None,
        note=f"ours with the six events that come after it, each its own transaction: {ended:,.0f} trades/s; theirs as above",
    )


def _memory(pair: Pair) -> Row:
    mine, others = pair.ours.memory_mib or 0.0, pair.theirs.memory_mib or 0.0
    return Row(
        work="memory of all server processes after the purchases",
        unit="MiB",
        ours=mine,
        theirs=others,
        ratio=others / mine if mine else None,
    )


def _by_throughput(run: Run) -> Run:
    """A peer waits for Postgres, which is part of its work: throughput is compared, however busy its own processes are."""
    return replace(run, busy=None)


def _theirs(pair: Pair) -> str:
    return f"theirs p50 {pair.theirs.p50_ms or 0:,.0f} ms, p99 {pair.theirs.p99_ms or 0:,.0f} ms"


def _clients(count: int) -> str:
    return f"{count} client{'s' if count > 1 else ''}"
