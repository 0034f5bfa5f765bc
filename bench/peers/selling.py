"""Purchases: so many a second, by requests, until ours is finished, and who gets the last unit; the databases are asked."""

from collections.abc import Awaitable, Callable, Iterator

from bench.options import Options
from bench.pairs import Pair, Run, alternate, measured
from bench.peers import buying, finishing
from bench.peers.ground import Ground
from bench.peers.install import say
from bench.peers.running import Running
from bench.peers.shops import LAST_UNIT, Peer
from bench.peers.sides import CLIENTS, GOAL, WARM_SECONDS, Sides, by_throughput, in_words, theirs
from bench.rows import Row

CROWD = 64
MOST_FINISHED = 2_000
SECONDS = 8.0
FIRST_BOUGHT = 3_000  # items below it are looked at, and not bought


async def purchases(here: Ground, peer: Peer, sides: Sides, options: Options) -> list[Row]:
    """Purchases by the same number of clients, then the last unit, then what comes after ours."""
    most = (here.items - FIRST_BOUGHT) // (len(CLIENTS) * (options.rounds + 1))
    mine, others = Till(sides.ours, here.items, most), Till(sides.theirs, here.items, most)
    rows, pairs = list[Row](), list[Pair]()
    for clients in CLIENTS:
        pair = await alternate(
            mine.side(clients),
            others.side(clients),
            options.rounds,
            seconds=options.seconds(SECONDS),
            warm_up_seconds=2 * WARM_SECONDS,
        )
        pairs.append(pair)
        steps = peer.purchase_requests
        per_request = {
            "ours": pair.ours.value * sides.ours.shop.purchase_requests,
            "theirs": pair.theirs.value * steps,
            "ratio": pair.ratio * sides.ours.shop.purchase_requests / steps,
        }
        work = f"finished purchase, {in_words(clients)}"
        rows += [
            pair.row(work=work, unit="purchases/s", size=clients, goal=GOAL, note=f"{theirs(pair)}; {peer.note}"),
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
            return by_throughput(run)

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
    sold, wrong, told, ours_wrong = list[int](), list[str](), list[str](), 0
    for one, dsn, till in ((sides.ours, sides.our_dsn, mine), (sides.theirs, sides.their_dsn, others)):
        tally = await buying.crowd(one.shop, one.url, LAST_UNIT, CROWD)
        async with here.open(dsn) as db:
            sold.append(await one.shop.sold(db, LAST_UNIT))
            there, made = await one.shop.purchases(db), till.made + len(tally.took)
        if there != made:
            ours_wrong += one is sides.ours
            wrong.append(f"{one.shop.title} has {there} purchases and acknowledged {made}")
        told.append(
            f"{one.shop.title}: {sold[-1]} placed orders of a stock of one, {tally.refused} were told that it is gone,"
            f" {tally.errors.total()} failed"
        )
        for error, many in tally.errors.most_common(3):
            say(f"{one.shop.title}, last unit: {many} times {error}")
    return Row(
        work=f"{CROWD} buyers of the last unit: how many got it",
        unit="buyers",
        size=CROWD,
        ours=sold[0],
        theirs=sold[1],
        errors=int(sold[0] != 1) + ours_wrong,
        note="; ".join((*told, *wrong)),
    )


async def _until_finished(peer: Peer, sides: Sides, pair: Pair) -> Row:
    """Ours with all that comes after the purchase, beside a peer's purchase; by the rates of both parts."""
    bought = pair.ours.value
    ended = await finishing.finish(sides.our_dsn, min(pair.ours.requests, MOST_FINISHED), CLIENTS[-1])
    ours = 1 / (1 / bought + 1 / ended)
    return Row(
        work=f"purchase until its trade is finished, {in_words(CLIENTS[-1])}",
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
