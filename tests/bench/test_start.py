"""What `bench start` says of what it saw: medians against a goal, what an offer takes, processes that are gone."""

import asyncio
import sys

import pytest

from bench.folder import kill, status
from bench.memory import Kept, Memory, memory
from bench.processes import free_port
from bench.start import row

MIB = 1 << 20


def test_a_time_is_held_against_its_goal_by_its_median() -> None:
    found = row("warm start", 7, [0.5, 4.0, 1.0], 1.0)
    assert (found.ours, found.reached, found.spread, found.ratio) == (1.0, True, 8.0, None)
    assert row("warm start", 7, [0.5, 4.0, 1.1], 1.0).reached is False
    assert row("imports", 0, [0.5]).reached is None


def test_an_offer_takes_what_a_server_has_beyond_that_of_an_empty_market() -> None:
    kept = Kept(
        {
            0: [Memory(80 * MIB, 0, 90 * MIB)],
            1024: [Memory(81 * MIB, 0, 82 * MIB), Memory(83 * MIB, 0, 84 * MIB)],
        }
    )
    empty, full = kept.rows()
    assert empty.ours == 80 and full.ours == 82
    assert "2048 bytes an offer, 4096 at most" in full.note
    assert "at most 84 MiB while it started" in full.note


async def test_what_is_killed_is_gone_when_that_is_said() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    assert memory(process.pid).rss > 0
    await kill([process.pid])
    assert await asyncio.wait_for(process.wait(), 5) < 0
    with pytest.raises(OSError, match="No such"):
        memory(process.pid)
    await kill([process.pid])  # nobody is no matter


async def test_nobody_who_answers_is_no_status() -> None:
    assert await status(free_port(), b"/readyz") == 0
