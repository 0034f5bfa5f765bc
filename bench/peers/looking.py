"""Pages of the list, of a search, and single items: what a shop front asks, with wrk as the load."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import wrk
from bench.options import Options
from bench.pairs import Pair, Run, alternate, measured
from bench.peers.ground import CLIENTS_CPU
from bench.peers.install import say
from bench.peers.running import Running
from bench.peers.shops import Peer, Wish
from bench.peers.sides import CLIENTS, GOAL, WARM_SECONDS, Sides, by_throughput, in_words, theirs
from bench.rows import Row
from bench.wrk import Wishes

SECONDS = {1: 4.0, 16: 10.0}  # sixteen clients wait five seconds for the slowest search
SECONDS_LEAST = {1: 3.0, 16: 5.0}
WARM_UP_SECONDS = {1: WARM_SECONDS, 16: 10.0}  # until each of them had an answer


async def reads(peer: Peer, sides: Sides, options: Options) -> list[Row]:
    """What a shop front asks, by the peer's own ways and by ours."""
    rows: list[Row] = []
    for work, wishes, goal in (
        ("page of 20 by price", [side.shop.listing() for side in (sides.ours, sides.theirs)], GOAL),
        ("search, page of 20 by price", [side.shop.search() for side in (sides.ours, sides.theirs)], None),
        ("one item", [side.shop.item() for side in (sides.ours, sides.theirs)], None),
    ):
        for clients in CLIENTS:
            pair = await _asking(sides, wishes, clients, options)
            # No answer at all is no figure, and so an error.
            errors = pair.ours.errors + pair.theirs.errors + (not pair.theirs.value)
            rows.append(
                pair.row(
                    work=f"{work}, {in_words(clients)}",
                    unit="requests/s",
                    size=clients,
                    goal=goal,
                    errors=errors,
                    note=theirs(pair),
                )
            )
            say(f"{peer.title}: {work}, {in_words(clients)}: {pair.ratio:.1f}")
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
                return by_throughput(await measured(load, one.pids))

            return run

        return await alternate(
            side(sides.ours, our_file, mine),
            side(sides.theirs, their_file, others),
            options.rounds,
            seconds=max(options.seconds(SECONDS[clients]), SECONDS_LEAST[clients]),
            warm_up_seconds=WARM_UP_SECONDS[clients],
        )
