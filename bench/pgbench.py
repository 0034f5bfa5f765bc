"""pgbench as the measure of what the database does when nobody stands before it."""

import re
import statistics
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.options import NotRun
from bench.pairs import Run
from bench.processes import output
from tradepost.embedded.errors import EmbeddedError
from tradepost.embedded.tools import find_tool

PATIENCE_SECONDS = 120.0
LEAST_MAJOR = 15


def program() -> Path:
    """The pgbench of this machine: of the wheel that the market brings, or of the system."""
    try:
        return find_tool("pgbench", LEAST_MAJOR)
    except EmbeddedError:
        raise NotRun("pgbench is missing here: apt install postgresql-contrib") from None


async def run(
    dsn: str,
    script: str,
    *,
    clients: int,
    threads: int = 1,
    seconds: float | None = None,
    transactions: int | None = None,
    variables: Mapping[str, object] | None = None,
    protocol: str = "prepared",
    cpus: Sequence[int] | None = None,
) -> Run:
    """Run a script of SQL by so many clients: for so many seconds, or so many transactions for each client."""
    with tempfile.TemporaryDirectory(prefix="bench-pgbench-") as name:
        home = Path(name)
        (home / "script.sql").write_text(script)
        length = (
            ["-t", str(transactions)]
            if transactions is not None
            else ["-T", str(max(1, round(seconds or 1)))]
        )
        given = [f"--define={key}={value}" for key, value in (variables or {}).items()]
        command: list[str | Path] = [
            program(), "-n", "-M", protocol, "-c", str(clients), "-j", str(min(threads, clients)), *length, *given,
            "-f", home / "script.sql", "-l", f"--log-prefix={home}/latency", dsn,
        ]  # fmt: skip
        said = await output(command, cpus=cpus, seconds=(seconds or 600) + PATIENCE_SECONDS)
        lines = (line for path in sorted(home.glob("latency*")) for line in path.read_text().splitlines())
        return parsed(said, lines)


def parsed(said: str, log: Iterable[str] = ()) -> Run:
    """What pgbench said at its end, and the times of each transaction in its log."""
    tps = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
    done = re.search(r"number of transactions actually processed: (\d+)", said)
    failed = re.search(r"number of failed transactions: (\d+)", said)
    if tps is None or done is None:
        raise RuntimeError(f"pgbench gave no result: {said[-500:]}")
    aborted = len(re.findall(r"client \d+ (?:script \d+ )?aborted", said))
    times = [int(parts[2]) / 1000 for line in log if (parts := line.split())[2:3] and parts[2].isdigit()]
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else []
    per_second, requests = float(tps[1]), int(done[1])
    return Run(
        value=per_second,
        requests=requests,
        seconds=requests / per_second if per_second else 0.0,
        p50_ms=cuts[49] if cuts else None,
        p99_ms=cuts[98] if cuts else None,
        errors=aborted + (int(failed[1]) if failed else 0),
    )
