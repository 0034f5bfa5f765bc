"""`python -m bench` lists the benchmarks, `python -m bench NAME...` runs some, one after another.

    python -m bench NAME [WORD...] [KEY=VALUE...] [--short] [--rounds N]

Words and options after a name are that benchmark's own.
"""

import argparse
import asyncio
import importlib
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec

from bench import machine, rows, tables
from bench.options import ROUNDS, NotRun, Options


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One line of the list."""

    module: str  # it has `async def run(options: Options) -> list[Row]`, or the rows of several files by their names
    sentence: str
    takes: str
    values: tuple[tuple[str, str], ...] = ()  # options that its name stands for


LONG = "hours"
BENCHMARKS = {
    "reads": Benchmark("reads", "Lists, search, filters, groups, items and dumps over HTTP, beside nginx with the same bytes, at 100 thousand and 1 million offers.", "12 minutes"),
    "reads-5m": Benchmark("reads", "The same at 5 million offers, and what that costs more than 100 thousand.", "20 minutes", (("offers", "5m"), ("least", "100k"))),
    "buys": Benchmark("buys", "Purchases over HTTP by the whole program, beside pgbench with the same SQL.", "5 minutes"),
    "start": Benchmark("start", "How soon the market answers after a start and after a kill, and what memory it takes.", "5 minutes"),
    "jobs": Benchmark("jobs", "Work that is due, claimed and finished, beside pgqueuer.", "2 minutes"),
    "growth": Benchmark("growth", "What costs more as the market grows: `growth AXIS`.", "10 minutes and more an axis"),
    "peers": Benchmark("peers", "Shops of others on the same Postgres with the same items; `peers install` fetches them first.", "an hour"),
    "profiles": Benchmark("profiles", "Where the time of the hottest paths goes, by py-spy.", "3 minutes"),
    "tables": Benchmark("tables", "Writes the tables of all results into docs/performance.md.", "no time"),
}  # fmt: skip


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("words", nargs="*", metavar="NAME [WORD] [KEY=VALUE]")
    parser.add_argument("--short", action="store_true", help="small and quick; its figures are not kept")
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"how often each side has its turn ({ROUNDS})"
    )
    given = parser.parse_intermixed_args()
    if not given.words:
        sys.stdout.write(listed())
        return 0
    try:
        wanted = chosen(given.words, Options(short=given.short, rounds=given.rounds))
        return asyncio.run(_run_all(wanted))
    except NotRun as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("bench: broken off; what it started is stopped\n")
        return 130


def listed() -> str:
    """The list of benchmarks."""
    there = {name: one for name, one in BENCHMARKS.items() if find_spec(f"bench.{one.module}") is not None}
    wide = max(map(len, there), default=0)
    return "".join(f"{name:{wide}}  {one.sentence} ({one.takes})\n" for name, one in there.items())


def chosen(words: Sequence[str], options: Options) -> list[tuple[str, Options]]:
    """The benchmarks that are named, each with the words and options after its name."""
    wanted: list[tuple[str, Options]] = []
    for word in words:
        if word in BENCHMARKS:
            wanted.append((word, replace(options, values=dict(BENCHMARKS[word].values))))
            continue
        if not wanted:
            raise NotRun(f"there is no benchmark {word}; `python -m bench` lists them")
        name, so_far = wanted[-1]
        key, is_option, value = word.partition("=")
        if is_option:
            so_far = replace(so_far, values={**so_far.values, key: value})
        else:
            so_far = replace(so_far, words=(*so_far.words, word))
        wanted[-1] = (name, so_far)
    return wanted


async def _run_all(wanted: Sequence[tuple[str, Options]]) -> int:
    task = asyncio.current_task()
    for how in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(how, task.cancel if task is not None else sys.exit)
    try:
        return max([await _run(name, options) for name, options in wanted])
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _run(name: str, options: Options) -> int:
    """Run one benchmark, print its rows, and keep them unless it was the short form."""
    if find_spec(f"bench.{BENCHMARKS[name].module}") is None:
        raise NotRun(f"the benchmark {name} is not there")
    if (load := machine.load()) > 1:
        sys.stderr.write(
            f"bench: this machine is busy ({load:.1f} processes want to run): figures may be of that\n"
        )
    found = await importlib.import_module(f"bench.{BENCHMARKS[name].module}").run(options)
    code = 0
    for file, made in (found if isinstance(found, dict) else {name: found}).items():
        if not made:
            continue
        sys.stdout.write(f"\n{file}\n{tables.plain(rows.stamp(made))}\n")
        try:
            if not options.short:
                sys.stdout.write(f"kept in {rows.write(file, made).relative_to(rows.ROOT)}\n")
            elif wrong := sum(row.errors for row in made):
                raise rows.RunHadErrors(wrong, (row.work for row in made if row.errors))
        except rows.RunHadErrors as error:
            sys.stderr.write(f"bench: {error}\n")
            code = 1
    return code


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        sys.exit(main())
