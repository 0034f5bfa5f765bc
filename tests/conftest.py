"""What tests share: a database each, whose books are checked at the end, uvloop as in service, strictness."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
import uvloop

from tradepost.db import Db
from world import Databases, databases, faults_of_the_books

STRICT = os.environ.get("STRICT") == "1"  # everything is installed: a test that is skipped is one that fails
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
SPEAK_SQL = {"server", "db"}  # who asks for one of these is marked `sql`
# A file is one process's work (its tests share what takes long to start): what has the longest begins first, so that at
# the end nobody waits for one who is only in the middle of it.
TESTS = Path(__file__).parent
LONGEST = (
    "demo",
    "web_browser",
    "faults",
    "simulation",
    "story",
    "receiver",
    "examples",
    "agent",
    "dialects/test_fuzz.py",
)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SPEAK_SQL & set(getattr(item, "fixturenames", ())):
            item.add_marker("sql")
    items.sort(key=lambda item: _turn(item.path))


def _turn(path: Path) -> int:
    """The turn of a file: that of its folder or its own among the longest, or after them."""
    within = path.relative_to(TESTS).as_posix()
    return next((turn for turn, name in enumerate(LONGEST) if within.startswith(name)), len(LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _strict((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _strict((yield))


def _strict(report: Report) -> Report:
    """A report of a skip as one of a failure, where nothing may be skipped."""
    if STRICT and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, where STRICT=1 allows none: {reason}"
    return report


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Databases]:
    """The run's own Postgres, with a migrated template in it."""
    async with databases() as found:
        yield found


@pytest.fixture
async def db(server: Databases, request: pytest.FixtureRequest) -> AsyncIterator[Db]:
    """A migrated, empty database of the test's own, whose books must add up in the end."""
    async with server.fresh() as fresh:
        yield fresh
        if request.node.get_closest_marker("broken_books") is None:
            assert await faults_of_the_books(fresh) == []
