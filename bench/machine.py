"""The machine that is measured on: what it is, which cores a program gets, and what a program took of it."""

import os
import platform
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.options import NotRun

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20
# What Debian calls the packages of programs that benchmarks need, where the two names differ.
PACKAGES = {
    "nginx": "nginx-light",
    "pgbench": "postgresql-contrib",
    "node": "nodejs",
    "taskset": "util-linux",
}
ALSO_IN = ("/usr/sbin", "/usr/local/sbin", "/sbin")  # where a user's PATH often does not look


def describe() -> str:
    """The machine in one line: cores, processor, memory, kernel, Python."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines(PROC / "cpuinfo") if "model name" in line), ""
    )
    kibibytes = next(
        (int(line.split()[1]) for line in _lines(PROC / "meminfo") if line.startswith("MemTotal")), 0
    )
    system = next((line.partition("=")[2].strip('"') for line in _lines(Path("/etc/os-release")) if line.startswith("PRETTY_NAME")), platform.system())  # fmt: skip
    cores = os.cpu_count() or 1
    return (
        f"{cores} cores of {model or platform.machine()}, {kibibytes / (1 << 20):.0f} GiB, {system},"
        f" Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}"
    )


def load() -> float:
    """How many processes wanted to run in the last minute, on average: above the number of cores nothing is measured."""
    return os.getloadavg()[0]


def find(program: str) -> str | None:
    """Where a program is, also if it is one for administrators."""
    return shutil.which(program) or shutil.which(program, path=os.pathsep.join(ALSO_IN))


def missing(programs: Iterable[str]) -> list[str]:
    """Those of these programs that are not on this machine."""
    return [program for program in programs if find(program) is None]


def need(*programs: str) -> None:
    """Raise NotRun, saying what to install, where one of these programs is missing."""
    if lacking := missing(programs):
        packages = " ".join(dict.fromkeys(PACKAGES.get(program, program) for program in lacking))
        raise NotRun(f"{', '.join(lacking)} is missing here: apt install {packages}")


def pinned(cpus: Iterable[int] | None) -> list[str]:
    """What stands before a command so that it and its children run on these cores alone; nothing for all cores."""
    # A machine with one core has no other to give: everything runs on it then, and the figures say little.
    chosen = sorted(set(cpus or ()) & set(range(os.cpu_count() or 1)))
    return ["taskset", "--cpu-list", ",".join(map(str, chosen))] if chosen else []


@dataclass(frozen=True, slots=True)
class Usage:
    """What some processes, with all their children, had taken up to a moment."""

    cpu_seconds: float
    rss_bytes: int
    pss_bytes: int  # what several share is divided among them
    kernel_seconds: float = 0.0  # of the processor time: sending, receiving, waiting

    def __sub__(self, earlier: "Usage") -> "Usage":
        """The time taken since an earlier moment; memory is that of now."""
        return Usage(
            self.cpu_seconds - earlier.cpu_seconds,
            self.rss_bytes,
            self.pss_bytes,
            self.kernel_seconds - earlier.kernel_seconds,
        )

    @property
    def rss_mib(self) -> float:
        """Memory in MiB."""
        return self.rss_bytes / MIB

    @property
    def pss_mib(self) -> float:
        """Memory in MiB, what is shared divided."""
        return self.pss_bytes / MIB


def usage(pids: Iterable[int]) -> Usage:
    """What these processes and all that they started have taken so far."""
    cpu, kernel, rss, pss = 0.0, 0.0, 0, 0
    for pid in family(pids):
        try:
            # Behind the name, which may have blanks and brackets in it.
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        # utime, stime, and those of children that are gone and were waited for.
        user_ticks, kernel_ticks, gone_user_ticks, gone_kernel_ticks = map(int, fields[11:15])
        kernel += (kernel_ticks + gone_kernel_ticks) / TICKS_PER_SECOND
        cpu += (user_ticks + kernel_ticks + gone_user_ticks + gone_kernel_ticks) / TICKS_PER_SECOND
        rss += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        pss += _pss_bytes(pid)
    return Usage(cpu, rss, pss, kernel)


def family(pids: Iterable[int]) -> set[int]:
    """These processes, and whoever descends from them."""
    known, waiting = set[int](), list(pids)
    while waiting:
        pid = waiting.pop()
        if pid in known:
            continue
        known.add(pid)
        with suppress(OSError):  # a process may end while it is looked at
            for children in (PROC / str(pid) / "task").glob("*/children"):
                waiting.extend(int(child) for child in _text(children).split())
    return known


def _pss_bytes(pid: int) -> int:
    for line in _lines(PROC / str(pid) / "smaps_rollup"):
        if line.startswith("Pss:"):
            return int(line.split()[1]) << 10
    return 0


def _lines(path: Path) -> list[str]:
    return _text(path).splitlines()


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
