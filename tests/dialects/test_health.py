"""A server says that it lives, whether it can be asked, and what it counted."""

import re
from collections.abc import Callable

import pytest

from dialects.shop import Shop
from tradepost.db import DatabaseGone, Db
from tradepost.market import figures
from tradepost.rules.trade import State


def figure(text: str, name: str) -> float:
    """One figure of the metrics, by its name with labels."""
    found = re.search(rf"^{re.escape(name)} ([0-9.e+-]+)$", text, re.MULTILINE)
    assert found is not None, f"{name} is not in\n{text}"
    return float(found[1])


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Takes the database away until the test is over."""

    async def gone(_: Db) -> None:
        raise DatabaseGone("away")

    return lambda: monkeypatch.setattr(Db, "_acquire", gone)


async def test_a_living_process_says_so_without_asking_anybody(
    shop: Shop, no_database: Callable[[], None]
) -> None:
    no_database()
    reply = await shop.get("/healthz", token="")
    assert (reply.status, reply.body) == (200, {"status": "ok"})


async def test_a_server_is_ready_with_database_schema_and_shelves(shop: Shop) -> None:
    await shop.app.shelves_ready.wait()
    reply = await shop.get("/readyz", token="")
    assert reply.status == 200
    assert reply.body == {"status": "ok", "checks": {"shelves": "ok", "database": "ok", "migrations": "ok"}}


async def test_a_server_is_not_ready_while_anything_is_missing(
    shop: Shop, no_database: Callable[[], None]
) -> None:
    await shop.app.shelves_ready.wait()
    shop.app.shelves_ready.clear()
    reply = await shop.get("/readyz", token="")
    assert (reply.status, reply.body["checks"]["shelves"]) == (503, "being filled")
    shop.app.shelves_ready.set()

    await shop.db.execute("DELETE FROM migration WHERE name LIKE '0002%'")
    reply = await shop.get("/readyz", token="")
    assert (reply.status, reply.body["checks"]["migrations"]) == (503, "1 missing")

    no_database()
    reply = await shop.get("/readyz", token="")
    assert (reply.status, reply.body["checks"]["database"]) == (503, "does not answer")


async def test_metrics_tell_requests_buys_trades_and_the_shelf(shop: Shop) -> None:
    before = (await shop.get("/metrics", token="")).body
    offer = await shop.foreign()
    assert (await shop.buy(id=offer)).status == 200
    assert (await shop.buy(id=offer)).status == 404
    await shop.foreign()
    await shop.db.execute("UPDATE trade SET due_at = $1", shop.app.now().replace(year=2020))
    reply = await shop.get("/metrics", token="")
    assert reply.headers["Content-Type"].startswith("text/plain; version=")
    text = reply.body
    buy = 'tradepost_request_seconds_count{method="POST",route="/api/v2/buy",status="%d"}'
    assert figure(text, buy % 200) >= 1
    assert figure(text, buy % 404) >= 1

    def grown(name: str) -> float:
        return figure(text, name) - (figure(before, name) if name in before else 0)

    assert grown('tradepost_buys_total{result="bought"}') == 1
    assert grown('tradepost_buys_total{result="no_item"}') == 1
    assert grown("tradepost_shelf_generation") >= 2
    assert figure(text, 'tradepost_shelf_offers{project="csgo"}') == 1
    assert figure(text, "tradepost_shelf_behind_offers") == 0
    assert figure(text, "tradepost_database_up") == 1
    assert all(f'tradepost_trades{{state="{state}"}}' in text for state in State)


async def test_figures_of_the_market_are_those_of_the_database(shop: Shop) -> None:
    await shop.buy(id=await shop.foreign())
    await shop.db.execute("UPDATE trade SET due_at = $1", shop.app.now().replace(year=2020))
    found = await figures.figures(shop.app)
    assert found.trades == {state.value: int(state is State.CREATED) for state in State}
    assert found.agents_online == 2
    assert found.oldest_due_seconds > 86_400 * 365
    assert found.open_cases == 0


async def test_a_shelf_that_missed_a_change_is_seen_to_lie_behind(shop: Shop) -> None:
    offers = [await shop.foreign(), await shop.foreign()]
    assert (await figures.shelf_figures(shop.app)).behind == 0
    # As if the changes had not come: what this process shows, and what the database says, are not the same.
    shop.app.shelves.apply([], [(offers[0], 10**6)])
    assert (await figures.shelf_figures(shop.app)).behind == 1


async def test_metrics_without_a_database_say_that_it_is_down(
    shop: Shop, no_database: Callable[[], None]
) -> None:
    no_database()
    reply = await shop.get("/metrics", token="")
    assert reply.status == 200
    assert figure(reply.body, "tradepost_database_up") == 0
