"""The market, simulated: random people do legal and illegal things at once, and after each step the laws hold.

`TRADEPOST_SIMULATION_SEEDS=1-500` (or `7`, or `3,9,20-40`) runs a longer programme; a failure names its seed and step.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from simulation import money_deeds, skins, steam_deeds, steam_laws
from simulation.deeds import DEEDS, Deed, settle_dust
from simulation.frailty import Died, FrailDb
from simulation.laws import broken, of_shelf
from simulation.steam_town import a_steam_town
from simulation.town import Town, a_town
from tradepost.db import DatabaseGone
from tradepost.market import directives
from tradepost.rules.refusals import Refusal
from world import Databases

pytestmark = pytest.mark.sql

SEEDS, STEPS = "1-5", 220
STEAM_SEEDS, STEAM_STEPS = "1-2", 150
T = TypeVar("T", bound=Town)
CHECKED_EVERY = 10
KEPT = 25  # last deeds told of a failure


def seeds(usual: str) -> list[int]:
    """The seeds of this run: numbers and ranges, with commas between them."""
    found: list[int] = []
    for part in os.environ.get("TRADEPOST_SIMULATION_SEEDS", usual).split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


@pytest.mark.parametrize("seed", seeds(SEEDS))
async def test_whatever_people_do_the_laws_hold(server: Databases, seed: int) -> None:
    async with server.fresh() as db, a_town(db, seed) as town, telling(seed) as told:
        await skins.open_gateways(town)
        await live(town, DEEDS | skins.DEEDS | money_deeds.DEEDS, told, STEPS)
        await settle_dust(town)
        await check(town)
        await at_rest(town)


@pytest.mark.parametrize("seed", seeds(STEAM_SEEDS))
async def test_whoever_lies_about_steam_gains_nothing_by_it(server: Databases, seed: int) -> None:
    async with server.fresh() as db, a_steam_town(db, seed) as town, telling(seed) as told:
        await live(town, steam_deeds.DEEDS, told, STEAM_STEPS)
        await steam_deeds.settle_dust(town)
        await check(town)
        await at_rest(town)
        assert await steam_laws.broken(town) == []


@asynccontextmanager
async def telling(seed: int) -> AsyncIterator[list[str]]:
    """What was done so far, told with the failure."""
    told: list[str] = []
    try:
        yield told
    except Exception as error:
        error.add_note(f"seed {seed}:\n  " + "\n  ".join(told[-KEPT:]))
        raise


async def live(town: T, deeds: Mapping[Callable[[T], Deed | None], int], told: list[str], steps: int) -> None:
    """Let people do what they do, and hold the laws against it."""
    for step in range(steps):
        told.append(f"step {step}")
        await do(town, deeds, told)
        if step % CHECKED_EVERY == 0 or step == steps - 1:
            await check(town)
    told.append("the dust settles")


async def do(town: T, deeds: Mapping[Callable[[T], Deed | None], int], told: list[str]) -> None:
    """One deed, or several at once; now and then the process dies at one of its statements."""
    draw = town.draw
    count = 1 if draw.random() < 0.6 else draw.randint(2, 5)
    plans = draw.choices(list(deeds), list(deeds.values()), k=count)
    planned = [deed for deed in (plan(town) for plan in plans) if deed is not None]
    for app in town.apps:
        assert isinstance(app.db, FrailDb)
        app.db.life.left = draw.randint(0, 12) if draw.random() < 0.06 else None
        app.db.life.loses_answer = draw.random() < 0.05
    told += [deed.words for deed in planned]
    outcomes = await asyncio.gather(*(one(deed) for deed in planned), return_exceptions=True)
    for deed, outcome in zip(planned, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            outcome.add_note(deed.words)
            raise outcome
    for app in town.apps:
        assert isinstance(app.db, FrailDb)
        app.db.life.left, app.db.life.loses_answer = None, False
    await town.look()


async def one(deed: Deed) -> None:
    """Do a deed: to be refused is an answer, to die was planned, all else is a bug."""
    try:
        await deed.act()
    except (Refusal, Died):
        pass
    except DatabaseGone as gone:
        assert "answer was lost" in str(gone), gone


async def check(town: Town) -> None:
    """Nothing is broken, and each process's shelves show what is on sale."""
    found = await broken(town) + await skins.broken(town)
    for app in town.apps:
        found += await of_shelf(town, app)
    assert found == []


async def at_rest(town: Town) -> None:
    """When all is over nobody waits for anything: no trade, no money, no operator, no program."""
    assert [view.trade for view in town.views.values() if view.trade.ended_at is None] == []
    assert await town.db.value("SELECT sum(held_cents) FROM wallet") == 0
    assert await town.db.value("SELECT count(*) FROM advance WHERE ended_at IS NULL") == 0
    assert await town.db.value("SELECT count(*) FROM operator_case WHERE closed_at IS NULL") == 0
    for agent in town.sellers_agents:
        asked = await directives.lease(town.apps[0], agent)
        assert [one for one in asked if one.trade_id is not None] == []
