"""Tables of what was measured, as they stand in `docs/performance.md`: `python -m bench tables`."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.options import NotRun, Options
from bench.rows import RESULTS, ROOT, Row, read

PAGE = ROOT / "docs" / "performance.md"
_PLACE = re.compile(r"(<!-- results: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: Path = PAGE, results: Path = RESULTS) -> list[str]:
    """Write the tables of all results between their marks; return the names of results that the page has no place for."""
    if not page.exists():
        raise NotRun(
            f"{page.name} is not there; it is written by hand, with `<!-- results: NAME -->` where a table goes"
        )
    found = {path.stem: read(path) for path in sorted(results.glob("*.json"))}
    placed = set[str]()

    def put(place: re.Match[str]) -> str:
        name = place[2]
        placed.add(name)
        body = table(found[name]) if name in found else "*Not measured yet.*\n"
        return f"{place[1]}{body}{place[3]}"

    page.write_text(_PLACE.sub(put, page.read_text(encoding="utf-8")), encoding="utf-8")
    # How costs grow has a page of its own, docs/growth.md, which its benchmark writes.
    return sorted(name for name in set(found) - placed if not name.startswith("growth_"))


def table(rows: Sequence[Row]) -> str:
    """Rows as a table in Markdown, with the columns that any of them needs, and whence they are below it."""
    columns = {head: [cell(row) for row in rows] for head, cell in COLUMNS.items()}
    columns = {head: cells for head, cells in columns.items() if any(cells)}
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cells) + " |" for cells in zip(*columns.values(), strict=True)]
    sources = dict.fromkeys((row.command, row.date, row.commit, row.machine) for row in rows)
    lines += [""] + [
        f"`{what}`, {when} UTC, commit {which}, {where}." for what, when, which, where in sources
    ]
    return "\n".join(lines) + "\n"


def plain(rows: Sequence[Row]) -> str:
    """Rows as lines for a terminal."""
    columns = {head: [cell(row) for row in rows] for head, cell in COLUMNS.items()}
    columns = {head: [head, *cells] for head, cells in columns.items() if any(cells)}
    widths = [max(map(len, cells)) for cells in columns.values()]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in zip(*columns.values(), strict=True)
    )


def figure(value: float | None) -> str:
    """A figure with three digits that say something."""
    if value is None:
        return ""
    if abs(value) >= 100:  # noqa: PLR2004 - three digits before the point
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.{1 if abs(value) >= 10 else 2}f}"  # noqa: PLR2004 - as above


def _pair(ours: float | None, theirs: float | None) -> str:
    return " / ".join(filter(None, (figure(ours), figure(theirs))))


def _goal(row: Row) -> str:
    return "" if row.goal is None else f"{row.goal:g}{'' if row.reached else ' (not reached)'}"


COLUMNS: dict[str, Callable[[Row], str]] = {
    "work": lambda row: row.work,
    "size": lambda row: "" if row.size is None else f"{row.size:,}",
    "against": lambda row: row.against,
    "ours": lambda row: f"{figure(row.ours)} {row.unit}",
    "theirs": lambda row: "" if row.theirs is None else f"{figure(row.theirs)} {row.unit}",
    "ratio": lambda row: "" if row.ratio is None else f"{row.ratio:.2f}",
    "goal": _goal,
    "spread": lambda row: "" if row.spread is None else f"{row.spread:.2f}",
    "p50 / p99 ms": lambda row: _pair(row.p50_ms, row.p99_ms),
    "CPU µs each, ours / theirs": lambda row: _pair(row.ours_cpu_us, row.theirs_cpu_us),
    "MiB, ours / theirs": lambda row: _pair(row.ours_memory_mib, row.theirs_memory_mib),
    "note": lambda row: row.note,
}


async def run(options: Options) -> list[Row]:
    """Write the tables; there is nothing to keep."""
    del options
    for name in fill():
        print(f"docs/performance.md has no place for the results of {name}")
    return []
