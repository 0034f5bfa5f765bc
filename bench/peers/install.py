"""Peers are installed by their own clients and filled once: `python -m bench peers install [NAME...]`.

Each gets a folder in `var/bench/peers` with a copy of its project, and a database whose copies are measured. What is there
already is left as it is; `again=yes` makes it anew.
"""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.machine import need
from bench.options import NotRun
from bench.peers.ground import FILES, HOME, Ground, ground, write_items
from bench.peers.shops import Peer
from bench.processes import started

STEP_SECONDS = (
    3_600.0  # Vendure's index of fifty thousand products took a quarter of an hour on a busy machine
)
LEFT_OUT = shutil.ignore_patterns("__pycache__")
NICE = 10  # who installs may be working beside it


async def install(peers: Sequence[Peer], items: int, again: bool) -> None:
    """Install and fill these peers, one after another."""
    need(*{program for peer in peers for program in peer.programs})
    async with ground(items) as here:
        for peer in peers:
            if again or not await installed(here, peer):
                await _install(here, peer)
            else:
                say(f"{peer.title} is there")


async def installed(here: Ground, peer: Peer) -> bool:
    """Whether a peer can be measured."""
    return (HOME / peer.name / "installed").exists() and await here.has(here.filled(peer.name))


async def _install(here: Ground, peer: Peer) -> None:
    begun = time.monotonic()
    home = bring(peer)
    items = HOME / f"items-{here.items}.csv"
    write_items(items, here.items)
    mark = home / "installed"
    if not mark.exists():
        await _steps(peer, peer.install(home), home, {})
        mark.touch()
    half = f"{peer.name}_half"
    await here.empty(half)
    await _steps(peer, peer.fill(home, items), home, peer.environ(home, here.door(half), 0))
    async with here.open(here.dsn(half)) as db:
        for statement in peer.indexes():
            await db.execute(statement)
    await here.keep(half, here.filled(peer.name))
    say(f"{peer.title} is installed and has {here.items:,} items, after {time.monotonic() - begun:.0f} s")


def bring(peer: Peer) -> Path:
    """Copy a peer's project into its home, as it stands here now."""
    home = HOME / peer.name
    shutil.copytree(FILES / peer.name, home, dirs_exist_ok=True, ignore=LEFT_OUT)
    return home


async def _steps(
    peer: Peer, steps: Sequence[Sequence[str | Path]], home: Path, environ: Mapping[str, str]
) -> None:
    log = home / "install.log"
    for step in steps:
        say(f"{peer.title}: {' '.join(Path(word).name if isinstance(word, Path) else word for word in step)}")
        command = ["env", f"--chdir={home}", "nice", "-n", str(NICE), *step]
        # On every core: nothing is measured yet.
        async with started(command, cpus=range(os.cpu_count() or 1), environ=environ, log=log) as process:
            await asyncio.wait_for(process.wait(), STEP_SECONDS)
        if process.returncode:
            tail = log.read_text(errors="replace").strip().splitlines()[-5:]
            raise NotRun(f"{peer.title} could not be installed: {' | '.join(tail)[-600:]} (all of it: {log})")


def say(what: str) -> None:
    """Tell how far it is."""
    sys.stdout.write(what + "\n")
    sys.stdout.flush()
