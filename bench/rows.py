"""Rows: what a benchmark found, one row a work, as they are kept in `bench/results` and printed."""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import machine

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[1]


class RunHadErrors(Exception):
    """A run in which requests failed is no result, however fast it was."""

    def __init__(self, errors: int, works: Iterable[str]) -> None:
        self.errors = errors
        super().__init__(f"{errors} errors in: {', '.join(works)}; nothing of this run is kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One work, ours beside theirs; a ratio above 1 means that we are better, whatever the unit."""

    work: str
    unit: str  # of `ours` and `theirs`: "requests/s", "ms", ...
    ours: float
    against: str = ""  # what it is compared to; nothing where there is nothing to compare it to
    theirs: float | None = None
    ratio: float | None = None
    goal: float | None = None
    reached: bool | None = None
    spread: float | None = (
        None  # the greatest of the rounds' ratios by the least; 1 would be a perfect repetition
    )
    size: int | None = None  # of what grows: offers, clients, rows
    p50_ms: float | None = None  # ours, as are all figures without a name
    p99_ms: float | None = None
    ours_cpu_us: float | None = None  # of one request, in the server's own processes
    theirs_cpu_us: float | None = None
    ours_memory_mib: float | None = None
    theirs_memory_mib: float | None = None
    errors: int = 0
    note: str = ""
    command: str = ""
    date: str = ""
    commit: str = ""
    machine: str = ""


def write(name: str, rows: Sequence[Row], folder: Path = RESULTS) -> Path:
    """Keep the rows of a run in place of those of the last one; raises RunHadErrors where a request failed."""
    if wrong := [row for row in rows if row.errors]:
        raise RunHadErrors(sum(row.errors for row in wrong), (row.work for row in wrong))
    stamped = stamp(rows)
    lines = [json.dumps(asdict(row), sort_keys=True, ensure_ascii=False) for row in stamped]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    fresh = path.with_suffix(".json.new")
    fresh.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    fresh.rename(path)
    return path


def read(path: Path) -> list[Row]:
    """The rows of a file of results."""
    return [Row(**one) for one in json.loads(path.read_text(encoding="utf-8"))]


def stamp(rows: Iterable[Row]) -> list[Row]:
    """Rows with when, where, from which source and by which command they were made, unless they say so already."""
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    source, here, words = commit(), machine.describe(), command()
    return [
        replace(
            row,
            command=row.command or words,
            date=row.date or date,
            commit=row.commit or source,
            machine=row.machine or here,
            reached=_reached(row) if row.reached is None else row.reached,
        )
        for row in rows
    ]


def _reached(row: Row) -> bool | None:
    return None if row.goal is None or row.ratio is None else row.ratio >= row.goal


def command() -> str:
    """How this process was started, as one would type it again."""
    program = Path(sys.argv[0])
    name = "bench" if program.name == "__main__.py" else f"bench.{program.stem}"
    return " ".join(["python -m", name, *sys.argv[1:]])


def commit() -> str:
    """The source's commit, with a plus where something was changed since; nothing outside of git."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - whichever git is used here
        return done.stdout.strip() if done.returncode == 0 else ""

    found = git("rev-parse", "--short=10", "HEAD")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "bench", ":!bench/results")
    return f"{found}+" if found and changed else found
