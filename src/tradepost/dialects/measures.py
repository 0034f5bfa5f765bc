"""What this process counts while it serves; `/metrics` shows it, with what it looks up at that moment."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram

SERVED = CollectorRegistry()
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Histogram(
    "tradepost_request_seconds",
    "Requests answered, and how long each took.",
    ("route", "method", "status"),
    registry=SERVED,
    buckets=SECONDS,
)
BUYS = Counter(
    "tradepost_buys", "Buys answered, by what came of them: bought, or the word of the refusal.", ("result",),
    registry=SERVED,
)  # fmt: skip


@cache  # what can come of one are few, and to find the right counter takes longer than to count
def buys(result: str) -> Counter:
    """The buys of which this came."""
    return BUYS.labels(result)
