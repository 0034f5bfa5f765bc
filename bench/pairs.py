"""Pairs: two programs measured in turn, A B A B, so that what befalls the machine befalls both of them."""

import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.machine import usage
from bench.rows import Row

BUSY_LEAST = 0.95  # of its core: below it the load was too little to show what the server can

Side = Callable[[float], Awaitable["Run"]]  # runs for so many seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of one side gave."""

    value: float  # in the unit of the pair: most often requests a second
    requests: int = 0
    seconds: float = 0.0
    answer_bytes: float = 0.0  # of one answer, headers included
    p50_ms: float | None = None
    p99_ms: float | None = None
    errors: int = 0
    cpu_us: float | None = None  # of one request, in the processes that were watched
    memory_mib: float | None = None
    busy: float | None = None  # the share of one core that they took


async def measured(run: Awaitable[Run], pids: Iterable[int]) -> Run:
    """A run with what these processes, and their children, took for it; the run's own clock says how long it was."""
    watched = list(pids)
    before, begun = usage(watched), time.perf_counter()
    done = await run
    took, seconds = usage(watched) - before, time.perf_counter() - begun
    return replace(
        done,
        cpu_us=took.cpu_seconds / done.requests * 1e6 if done.requests else None,
        memory_mib=took.pss_mib or took.rss_mib,
        busy=took.cpu_seconds / (done.seconds or seconds),
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of a comparison, each the median of its rounds."""

    ours: Run
    theirs: Run
    ratio: float
    spread: float
    note: str = ""

    def row(self, **more: Any) -> Row:
        """The pair as a row; what is given besides is the row's own."""
        return Row(
            **{
                "ours": self.ours.value,
                "theirs": self.theirs.value,
                "ratio": self.ratio,
                "spread": self.spread,
                "p50_ms": self.ours.p50_ms,
                "p99_ms": self.ours.p99_ms,
                "ours_cpu_us": self.ours.cpu_us,
                "theirs_cpu_us": self.theirs.cpu_us,
                "ours_memory_mib": self.ours.memory_mib,
                "theirs_memory_mib": self.theirs.memory_mib,
                "errors": self.ours.errors + self.theirs.errors,
                "note": self.note,
                **more,
            }
        )


async def alternate(
    ours: Side,
    theirs: Side,
    rounds: int = 3,
    *,
    seconds: float = 5.0,
    warm_up_seconds: float = 1.0,
    less_is_better: bool = False,
) -> Pair:
    """Warm both sides up, then run them in turn so many times."""
    mine, others = list[Run](), list[Run]()
    warm = [await ours(warm_up_seconds), await theirs(warm_up_seconds)] if warm_up_seconds else []
    for _ in range(rounds):
        mine.append(await ours(seconds))
        others.append(await theirs(seconds))
    pair = compare(mine, others, less_is_better=less_is_better)
    failed = sum(run.errors for run in warm)  # a server that fails while it warms up fails
    return replace(pair, ours=replace(pair.ours, errors=pair.ours.errors + failed))


def compare(ours: Sequence[Run], theirs: Sequence[Run], *, less_is_better: bool = False) -> Pair:
    """The medians of both sides, and of their rounds' ratios; above 1 ours is the better one.

    Where one of both did not have its core full, the load was what was measured: the ratio is that of the processors' time
    a request then, which says what each could do, and the note says so.
    """
    by_value = [_ratio(a.value, b.value, less_is_better) for a, b in zip(ours, theirs, strict=True)]
    idle = [run.busy for run in (*ours, *theirs) if run.busy is not None and run.busy < BUSY_LEAST]
    times = [b.cpu_us / a.cpu_us for a, b in zip(ours, theirs, strict=True) if a.cpu_us and b.cpu_us]
    ratios, note = by_value, ""
    if idle and len(times) == len(by_value):
        ratios = times
        note = (
            f"by processor time: ours had {_percent(ours)} of its core, theirs {_percent(theirs)};"
            f" by throughput {statistics.median(by_value):.2f}"
        )
    spread = max(ratios) / min(ratios) if min(ratios) > 0 else float("inf")
    return Pair(median(ours), median(theirs), statistics.median(ratios), spread, note)


def _ratio(ours: float, theirs: float, less_is_better: bool) -> float:
    above, below = (theirs, ours) if less_is_better else (ours, theirs)
    return above / below if below else float("inf")


def _percent(runs: Sequence[Run]) -> str:
    return f"{statistics.median(run.busy or 0 for run in runs) * 100:.0f} %"


def median(runs: Sequence[Run]) -> Run:
    """One run that has the median of each figure, and all errors."""

    def middle(name: str) -> float | None:
        found = [value for run in runs if (value := getattr(run, name)) is not None]
        return statistics.median(found) if found else None

    return Run(
        value=statistics.median(run.value for run in runs),
        requests=int(statistics.median(run.requests for run in runs)),
        seconds=statistics.median(run.seconds for run in runs),
        answer_bytes=statistics.median(run.answer_bytes for run in runs),
        p50_ms=middle("p50_ms"),
        p99_ms=middle("p99_ms"),
        errors=sum(run.errors for run in runs),
        cpu_us=middle("cpu_us"),
        memory_mib=middle("memory_mib"),
        busy=middle("busy"),
    )
