"""The page of growth: the table of an axis is written between its marks in `docs/growth.md`, the prose around it by hand."""

import re
from pathlib import Path

from bench.growth.plot import short
from bench.growth.points import Curve, Curves
from bench.rows import Row


def write_page(curves: Curves, path: Path, stamped: Row) -> None:
    """Put an axis's table in place of the one before; a page without its marks stays as it is."""
    if not path.exists():
        return
    begin, end = f"<!-- growth: {curves.axis} -->", "<!-- end -->"
    found = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    text = path.read_text(encoding="utf-8")
    # A function: in a text of its own, a backslash would be read as the number of a group.
    fresh = found.sub(lambda _: f"{begin}\n{table(curves, stamped)}\n{end}", text)
    path.write_text(fresh, encoding="utf-8")


def table(curves: Curves, stamped: Row) -> str:
    """Return an axis as a table: a line for each curve, a column for each size."""
    drawn = [curve for curve in curves.all.values() if curve.points]
    sizes = sorted({size for curve in drawn for size, _ in curve.points})
    lines = [
        f"| {curves.sizes_are} | {' | '.join(short(size) for size in sizes)} | exponent | its work |",
        "|---|" + "---:|" * (len(sizes) + 2),
        *(_line(curve, sizes) for curve in drawn),
        "",
        f"`{stamped.command}`, {stamped.date} UTC, commit {stamped.commit}; {stamped.machine}.",
    ]
    return "\n".join(lines)


def _line(curve: Curve, sizes: list[int]) -> str:
    costs = {size: one.median for size, one in curve.points}
    cells = " | ".join(_figure(costs[size]) if size in costs else "" for size in sizes)
    exponent = "" if curve.exponent is None else f"{curve.exponent:.2f}"
    if curve.grows_faster:
        exponent = f"**{exponent}**"
    return f"| {curve.name}, {curve.unit} | {cells} | {exponent} | {curve.work:g} |"


def _figure(value: float) -> str:
    """Three digits that count, and never a power of ten."""
    return f"{float(f'{value:.3g}'):,g}" if value < 1e6 else f"{float(f'{value:.3g}'):,.0f}"  # noqa: PLR2004 - `g` writes powers from there
