"""Points and curves: what one question costs at each size, and how fast that grows."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.rows import Row

# Ten times the size may cost twice the work's own growth: what no longer fits into caches costs about so much.
TOLERANCE = 0.3


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs: the median of several measurements, and the span that four of five of them lie in."""

    median: float
    low: float
    high: float

    def times(self, factor: float) -> "Cost":
        """Return the same in another unit."""
        return Cost(self.median * factor, self.low * factor, self.high * factor)


def cost(measured: Sequence[float]) -> Cost:
    """Return what many measurements say; of a single one there is no spread."""
    if len(measured) == 1:
        return Cost(measured[0], measured[0], measured[0])
    cuts = statistics.quantiles(measured, n=10, method="inclusive")
    return Cost(statistics.median(measured), cuts[0], cuts[-1])


@dataclass(slots=True)
class Curve:
    """What one question costs at each size; `work` is how its work grows: 0 for not at all, 1 for as its size."""

    name: str
    unit: str
    work: float = 0.0
    why: str = ""  # what is to be known of it, in a sentence
    points: list[tuple[int, Cost]] = field(default_factory=list)

    @property
    def exponent(self) -> float | None:
        """How the cost grows from the second largest size to the largest; None where there is no telling."""
        if len(self.points) < 2:  # noqa: PLR2004 - a slope has two ends
            return None
        (size, before), (larger, after) = self.points[-2:]
        if before.median <= 0 or after.median <= 0:
            return None
        return math.log(after.median / before.median) / math.log(larger / size)

    @property
    def grows_faster(self) -> bool:
        """Whether the cost grows faster than its work."""
        return self.exponent is not None and self.exponent > self.work + TOLERANCE

    @property
    def verdict(self) -> str:
        """How it grows, and how its work does, in words."""
        if self.exponent is None:
            return ""
        than = "faster than" if self.grows_faster else "no faster than"
        return f"exponent {self.exponent:.2f} between the two largest sizes, {than} its work ({self.work:g})"

    def rows(self, command: str) -> list[Row]:
        """Return a row for each point; that of the largest size says how the curve grows."""
        rows = []
        for size, one in self.points:
            is_last = size == self.points[-1][0]
            rows.append(
                Row(
                    work=self.name,
                    against="itself, smaller" if is_last and self.exponent is not None else "",
                    unit=self.unit,
                    ours=_round(one.median),
                    size=size,
                    spread=_round(one.high / one.low) if one.low > 0 else None,
                    reached=not self.grows_faster if is_last and self.exponent is not None else None,
                    note="; ".join(filter(None, (self.verdict, self.why))) if is_last else "",
                    command=command,
                )
            )
        return rows


class Curves:
    """The curves of one axis, in the order in which they are first measured."""

    def __init__(self, axis: str, sizes_are: str) -> None:
        self.axis = axis
        self.sizes_are = sizes_are  # what is counted along the axis
        self.all: dict[str, Curve] = {}

    def add(
        self, name: str, size: int, measured: Cost, unit: str, *, work: float = 0.0, why: str = ""
    ) -> None:
        """Add a point, and say it; sizes come in their order."""
        curve = self.all.setdefault(name, Curve(name, unit, work, why))
        curve.points.append((size, measured))
        print(
            f"{size:>10,}  {name:58} {measured.median:12,.3f} {unit} ({measured.low:,.3f} to {measured.high:,.3f})",
            flush=True,
        )


def _round(value: float) -> float:
    """Four digits that count: what is behind them no measurement of ours knows."""
    return float(f"{value:.4g}")
