"""Both sides of a comparison, and how their figures are put beside each other."""

from dataclasses import dataclass, replace

from bench.pairs import Pair, Run
from bench.peers.running import Running

GOAL = 20.0  # of a page of the list and of a finished purchase
CLIENTS = (1, 16)
WARM_SECONDS = 3.0  # programs of Node are compiled while they run


@dataclass(frozen=True, slots=True)
class Sides:
    """Both shops, each with its database."""

    ours: Running
    theirs: Running
    our_dsn: str
    their_dsn: str


def by_throughput(run: Run) -> Run:
    """A peer waits for Postgres, which is part of its work: throughput is compared, however busy its own processes are."""
    return replace(run, busy=None)


def theirs(pair: Pair) -> str:
    """How long the peer took, as a row has no column for it."""
    return f"theirs p50 {pair.theirs.p50_ms or 0:,.0f} ms, p99 {pair.theirs.p99_ms or 0:,.0f} ms"


def in_words(count: int) -> str:
    """So many clients in words."""
    return f"{count} client{'s' if count > 1 else ''}"
