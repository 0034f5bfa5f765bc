"""The axes by name, and what is made of each: its figures, its plot, and a line for what grows faster than its work."""

import importlib
from pathlib import Path

from bench import rows
from bench.growth.page import write_page
from bench.growth.plot import draw
from bench.growth.points import Curves
from bench.options import NotRun, Options
from bench.rows import Row

DOCS = Path(__file__).resolve().parents[2] / "docs"
AXES = {
    "offers": "lists and changes with 5 thousand to 5 million offers on sale (6 minutes, 5 GB of memory)",
    "trades": "buys, lists of trades, charts, wallets and the check with 10 thousand to 1 million trades (15 minutes; most=10m takes 28 GB of disk)",
    "streams": "one event for each of 1 to 2,000 open streams (3 minutes)",
    "agents": "heartbeats and wake-ups with 1 to 5,000 sellers' programs online (5 minutes)",
    "ipns": "sending with 1 to 100 thousand notices due (3 minutes)",
}


async def run(options: Options) -> dict[str, list[Row]]:
    """Measure the axes that are named, `offers most=100k`, without a name all of them; return the rows of each."""
    named = options.words or tuple(AXES)
    if unknown := [name for name in named if name not in AXES]:
        known = "\n".join(f"  {name:8} {sentence}" for name, sentence in AXES.items())
        raise NotRun(f"there is no axis {', '.join(unknown)}; there are\n{known}")
    return {f"growth_{name}": await measure(name, options) for name in named}


async def measure(name: str, options: Options) -> list[Row]:
    """Measure one axis, and say what grows faster than its work; a whole run is drawn, and put on its page."""
    axis = importlib.import_module(f"bench.growth.{name}")
    sizes = axis.SHORT if options.short else axis.SIZES
    if most := options.whole("most", 0):
        sizes = [size for size in (*axis.SIZES, *getattr(axis, "LONG", ())) if size <= most]
    curves = Curves(name, axis.SIZES_ARE)
    await axis.measure(curves, sizes)
    command = f"python -m bench growth {name}" + (f" most={most}" if most else "")
    found = [row for curve in curves.all.values() for row in curve.rows(command)]
    if not options.short:
        draw(curves, DOCS / "growth" / f"{name}.svg")
        write_page(curves, DOCS / "growth.md", rows.stamp(found)[0])
    faster = [curve for curve in curves.all.values() if curve.grows_faster]
    for curve in faster:
        print(f"grows faster than its work: {curve.name}: {curve.verdict}")
    if not faster:
        print(f"{name}: nothing grows faster than its work")
    return found
