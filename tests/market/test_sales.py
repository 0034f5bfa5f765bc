"""Sales: what settled is history at that very moment, and nothing else ever is."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest

from agent.selling import Selling, told
from market.sold import history
from tradepost.market import clock, reports, sales, trades
from tradepost.market.sales import Day, Figures, Sale, SalesQuery
from tradepost.rules.refusals import Malformed
from tradepost.rules.trade import Deadline, Delivered, Event, OfferAbsent, Ruled, Settled, TakenBack

pytestmark = pytest.mark.sql
ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


async def happens(world: Selling, view: Any, event: Event) -> Any:
    app = world.app
    async with app.db.transaction() as tx:
        decision = await trades.happened(
            tx, app.settings, view.trade.id, event, witness="public_inventory", now=app.now()
        )
    assert decision.refused is None, decision.refused
    return decision.trade


async def delivered(world: Selling) -> Any:
    view, create = await world.sold_and_leased()
    assert (await reports.answered(world.app, world.agent, told(create, view))).accepted
    await happens(world, view, Delivered(str(50_000_000_000 + view.trade.id)))
    return view


async def entered(world: Selling) -> list[tuple[int, datetime, int]]:
    rows = await world.app.db.fetch("SELECT trade_id, at, price_cents FROM sale ORDER BY trade_id")
    return [(row["trade_id"], row["at"], row["price_cents"]) for row in rows]


async def test_a_trade_is_history_when_it_settles_and_not_before(world: Selling) -> None:
    view = await delivered(world)
    await clock.advance(world.app, 700)
    await happens(world, view, Deadline())
    assert await entered(world) == []
    await clock.advance(world.app, 9 * 86_400)
    done = await happens(world, view, Settled())
    assert await entered(world) == [(view.trade.id, done.ended_at, view.trade.price_cents)]
    item = await world.app.db.value("SELECT steam_item_id FROM sale")
    assert item == view.steam_item_id
    found = await sales.latest(world.app, SalesQuery("csgo", view.market_hash_name, *ALWAYS))
    assert found == [Sale(done.ended_at, view.trade.price_cents)]
    # What is learned of it afterwards is no second sale.
    await happens(world, view, TakenBack(None))
    assert len(await entered(world)) == 1


async def test_what_was_sold_before_there_was_a_history_is_in_it(world: Selling) -> None:
    view = await delivered(world)
    await clock.advance(world.app, 700)
    await happens(world, view, Deadline())
    await clock.advance(world.app, 9 * 86_400)
    await happens(world, view, Settled())
    before = await entered(world)
    assert len(before) == 1
    await world.app.db.execute("DELETE FROM sale")
    sql = files("tradepost").joinpath("sql/0004_sales_history.sql").read_text(encoding="utf-8")
    await world.app.db.execute(sql[sql.index("INSERT INTO sale ") : sql.index("CREATE FUNCTION")])
    assert await entered(world) == before


@pytest.mark.parametrize("event", [Ruled("refund"), OfferAbsent()], ids=str)
async def test_what_is_called_off_was_never_sold(world: Selling, event: Event) -> None:
    view, _ = await world.sold_and_leased()
    await happens(world, view, event)
    assert await entered(world) == []


async def test_what_is_taken_back_was_never_sold(world: Selling) -> None:
    view = await delivered(world)
    assert (await happens(world, view, TakenBack("buyer"))).state == "reversed"
    assert await entered(world) == []


# Figures -----------------------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def test_a_day_is_summed_up_in_utc_and_rounded_down(world: Selling) -> None:
    await history(
        world.app.db,
        ("A", at("2026-11-20 00:00:00"), 100),
        ("A", at("2026-11-20 23:59:59.999999"), 101),
        ("A", at("2026-11-20 12:00:00"), 301),
        ("A", at("2026-11-20 12:00:01"), 5),
        ("A", at("2026-11-21 00:00:00"), 7),
        ("B", at("2026-11-20 12:00:00"), 9_999),
    )
    everything = SalesQuery("csgo", "A", *ALWAYS)
    assert await sales.days(world.app, everything) == [
        Day(1, 7, 7, 7, 7, date(2026, 11, 21)),
        Day(4, 5, 301, 126, 100, date(2026, 11, 20)),  # 507 / 4 = 126.75, and the lower of 100 and 101
    ]
    assert [sale.price_cents for sale in await sales.latest(world.app, everything)] == [7, 101, 5, 301, 100]
    assert [sale.price_cents for sale in await sales.latest(world.app, everything, 2)] == [7, 101]
    day = SalesQuery("csgo", "A", at("2026-11-20 12:00:00"), at("2026-11-20 12:00:01"))
    assert [(one.count, one.most_cents) for one in await sales.days(world.app, day)] == [(2, 301)]
    assert len(await sales.latest(world.app, day)) == 2
    for name, project in (("C", "csgo"), ("A", "dota2"), ("", "csgo")):
        nothing = SalesQuery(project, name, *ALWAYS)
        assert await sales.days(world.app, nothing) == []
        assert await sales.latest(world.app, nothing) == []
    with pytest.raises(Malformed):
        await sales.days(world.app, SalesQuery("chess", "A", *ALWAYS))


async def test_the_last_weeks_are_counted_from_now(world: Selling) -> None:
    now = world.app.now()
    ages = [
        timedelta(hours=1),
        timedelta(hours=25),
        timedelta(days=8),
        timedelta(days=31),
        timedelta(days=91),
    ]
    await history(world.app.db, *[("A", now - age, 10**place) for place, age in enumerate(ages)])
    spans = [timedelta(days=days) for days in (1, 7, 30, 90)]
    found = await sales.lately(world.app, "csgo", "A", spans)
    assert [one.count for one in found] == [1, 2, 3, 4]
    assert [one.most_cents for one in found] == [1, 10, 100, 1000]
    assert found[1] == Figures(2, 1, 10, 5, 1)
    assert await sales.lately(world.app, "csgo", "nobody", spans[:1]) == [Figures(0, None, None, None, None)]


async def test_single_sales_are_bounded(world: Selling) -> None:
    now = world.app.now()
    await history(world.app.db, *[("A", now - timedelta(minutes=number), 5) for number in range(150)])
    assert len(await sales.latest(world.app, SalesQuery("csgo", "A", *ALWAYS), 10**6)) == sales.LATEST_MAX


@pytest.mark.parametrize("statement", ["_DAYS", "_LATEST"])
async def test_other_names_and_other_times_cost_nothing(world: Selling, statement: str) -> None:
    """However many trades there are, one name's sales of a time are read from the index, and no others."""
    db = world.app.db
    await history(db, ("A", at("2026-11-20 12:00:00"), 5))
    await db.execute(
        "INSERT INTO steam_item (project, market_hash_name) SELECT 'csgo', 'N' || g FROM generate_series(1, 500) g"
    )
    await db.execute(
        "INSERT INTO sale SELECT g + 10, i.id, timestamptz '2026-11-20 12:00+00' - g * interval '1 minute', 5"
        " FROM generate_series(1, 40000) g JOIN steam_item i ON i.market_hash_name = 'N' || (1 + g % 500)"
    )
    await db.execute("ANALYZE sale")
    values: list[object] = ["csgo", "N7", at("2026-11-18 00:00:00"), at("2026-11-30 00:00:00")]
    if statement == "_LATEST":
        values.append(100)
    plan = await db.value(f"EXPLAIN (ANALYZE, FORMAT JSON) {getattr(sales, statement)}", *values)
    nodes = list(walk(plan[0]["Plan"]))
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan" and node["Relation Name"] == "sale"]
    read = [node for node in nodes if node.get("Index Name") == "sale_of_item"]
    assert len(read) == 1
    assert 0 < read[0]["Actual Rows"] <= 10


def walk(node: dict[str, Any]) -> Any:
    yield node
    for child in node.get("Plans", ()):
        yield from walk(child)
