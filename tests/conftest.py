"""What tests share: a database each, whose books are checked at the end, uvloop as in service, strictness."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from typing import TypeVar

import pytest
import uvloop

from tradepost.db import Db
from world import Databases, databases, faults_of_the_books

STRICT = os.environ.get("STRICT") == "1"  # everything is installed: a test that is skipped is one that fails
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
SPEAK_SQL = {"server", "db"}  # who asks for one of these is marked `sql`


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SPEAK_SQL & set(getattr(item, "fixturenames", ())):
            item.add_marker("sql")


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
