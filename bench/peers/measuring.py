"""Ours beside one peer: start, lists, search, items, purchases, the last unit, memory; in turn, on the same Postgres."""

from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.options import Options
from bench.peers import running
from bench.peers.ground import Ground
from bench.peers.install import say
from bench.peers.looking import reads
from bench.peers.selling import purchases
from bench.peers.shops import Peer
from bench.peers.shops.ours import Ours
from bench.peers.sides import Sides
from bench.rows import Row
from bench.town import Town


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
                    rows += await reads(peer, sides, options)
                    rows += await purchases(here, peer, sides, options)
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
