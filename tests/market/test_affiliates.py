"""Affiliates: who brought whom is known once, never oneself, and each finished trade earns a share of its fee."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent.selling import Selling
from market.floor import Floor
from market.test_sales import delivered, happens
from past import trades
from stock import Stock
from tradepost.app import App
from tradepost.market import affiliates, clock, ledger, profiles
from tradepost.rules.trade import Deadline, Settled

pytestmark = pytest.mark.sql


@pytest.fixture
async def people(market: Floor) -> list[int]:
    """Four users; the first's page has a short name."""
    stock = Stock(market.db)
    made = [await stock.person() for _ in range(4)]
    async with market.db.transaction() as tx:
        await profiles.set_short_name(tx, made[0], "ann42")
    return made


async def signs_in(app: App, account_id: int, name: str, before: int | None = None) -> int | None:
    """Somebody signs in with a browser that keeps a click; who brought him."""
    async with app.db.transaction() as tx:
        await affiliates.signed_in(tx, account_id, name, app.real_now(), before=before)
    found = await affiliates.of_account(app.db, account_id)
    return None if found is None else found.affiliate_id


# Clicks -----------------------------------------------------------------------------------------------------


async def test_a_click_knows_whose_code_it_was(market: Floor, people: list[int]) -> None:
    steamid = await Stock(market.db).steamid_of(people[1])
    for ref, whose in (("ann42", people[0]), (steamid, people[1]), ("elsewhere", None), ("Ann42", None)):
        name = await affiliates.click(market.app, ref, account_id=None)
        assert len(name) == 32
        kept = await market.db.value("SELECT affiliate_id FROM affiliate_click WHERE name = $1", name)
        assert kept == whose


async def test_the_same_link_again_is_the_same_click(market: Floor, people: list[int]) -> None:
    first = await affiliates.click(market.app, "ann42", account_id=None)
    assert await affiliates.click(market.app, "ann42", account_id=None, name=first) == first
    assert await affiliates.click(market.app, "other", account_id=None, name=first) != first
    assert await affiliates.click(market.app, "ann42", account_id=None, name="0" * 32) != first
    assert await affiliates.click(market.app, "ann42", account_id=None, name="' OR 1=1") != first
    market.clock.tick(timedelta(days=31).total_seconds())
    assert await affiliates.click(market.app, "ann42", account_id=None, name=first) != first


# Referrals --------------------------------------------------------------------------------------------------


async def test_the_last_click_before_the_sign_in_counts_once_and_for_good(
    market: Floor, people: list[int]
) -> None:
    ann, ben, visitor, _ = people
    bens = await Stock(market.db).steamid_of(ben)
    first = await affiliates.click(market.app, "ann42", account_id=None)
    last = await affiliates.click(market.app, bens, account_id=None, name=first)
    assert await signs_in(market.app, visitor, last) == ben
    assert await signs_in(market.app, visitor, first) == ben
    assert await signs_in(market.app, ann, "x" * 32) is None


async def test_a_click_of_a_month_ago_counts_no_more(market: Floor, people: list[int]) -> None:
    old = await affiliates.click(market.app, "ann42", account_id=None)
    market.clock.tick(timedelta(days=30).total_seconds())
    assert await signs_in(market.app, people[2], old) is None
    assert await affiliates.forget_clicks(market.app) == 0
    market.clock.tick(1)
    assert await affiliates.forget_clicks(market.app) == 1


async def test_who_has_traded_was_brought_by_nobody(market: Floor, people: list[int]) -> None:
    buyer = await Stock(market.db, people=60).person(deposit_cents=1_000)
    seller = people[2]
    await trades(market.db, buyer, seller, 1)
    name = await affiliates.click(market.app, "ann42", account_id=None)
    for account_id in (buyer, seller):
        assert await signs_in(market.app, account_id, name) is None
        await affiliates.click(market.app, "ann42", account_id=account_id)
        assert await affiliates.of_account(market.db, account_id) is None


async def test_who_is_connected_is_brought_by_the_click_itself(market: Floor, people: list[int]) -> None:
    await affiliates.click(market.app, "ann42", account_id=people[1])
    found = await affiliates.of_account(market.db, people[1])
    assert found is not None
    assert (found.affiliate_id, found.ref) == (people[0], "ann42")


async def test_nobody_brings_himself_whatever_way_he_takes(market: Floor, people: list[int]) -> None:
    ann, second, ben, _ = people
    # By his own code.
    name = await affiliates.click(market.app, "ann42", account_id=ann)
    assert await affiliates.of_account(market.db, ann) is None
    assert await signs_in(market.app, ann, name) is None
    # By his own code under another name: he followed the link while he was signed in.
    assert await signs_in(market.app, second, name) is None
    # Or signed in before with that browser.
    name = await affiliates.click(market.app, "ann42", account_id=None)
    assert await signs_in(market.app, second, name, before=ann) is None
    # By each other.
    bens = await affiliates.click(market.app, await Stock(market.db).steamid_of(ben), account_id=None)
    assert await signs_in(market.app, ann, bens) == ben
    assert await signs_in(market.app, ben, name) is None


async def settles(world: Selling, view: Any) -> None:
    """A trade that was delivered goes on to its end."""
    await clock.advance(world.app, 700)
    await happens(world, view, Deadline())
    await clock.advance(world.app, 9 * 86_400)
    await happens(world, view, Settled())


# Commissions ------------------------------------------------------------------------------------------------


async def test_a_finished_trade_earns_a_share_of_its_fee_for_who_brought_its_sides(world: Selling) -> None:
    app = world.app
    app.settings = replace(app.settings, affiliate_bps=5_000)
    view = await delivered(world)
    stock = Stock(app.db, people=70)
    ann, ben = await stock.person(), await stock.person()
    for account_id, affiliate_id in ((view.trade.buyer_id, ann), (view.trade.payee_id, ben)):
        await app.db.execute(
            "INSERT INTO referral VALUES ($1, $2, 'ann42', $3)", account_id, affiliate_id, app.real_now()
        )
    assert await app.db.value("SELECT count(*) FROM commission") == 0
    await settles(world, view)
    found = await app.db.fetch("SELECT trade_id, account_id, affiliate_id, cents FROM commission ORDER BY 3")
    cents = view.trade.fee_cents // 2
    assert cents > 0
    assert [tuple(row) for row in found] == [
        (view.trade.id, view.trade.buyer_id, ann, cents),
        (view.trade.id, view.trade.payee_id, ben, cents),
    ]


@pytest.mark.parametrize("share", [0, 1])
async def test_what_is_less_than_a_cent_is_nothing(world: Selling, share: int) -> None:
    app = world.app
    app.settings = replace(app.settings, affiliate_bps=share)
    view = await delivered(world)
    ann = await Stock(app.db, people=70).person()
    await app.db.execute(
        "INSERT INTO referral VALUES ($1, $2, 'ann42', $3)", view.trade.buyer_id, ann, app.real_now()
    )
    await settles(world, view)
    assert await app.db.value("SELECT count(*) FROM commission") == 0


@pytest.mark.broken_books
@pytest.mark.parametrize(
    "made",
    [
        "INSERT INTO commission SELECT t.id, r.account_id, r.affiliate_id, 99, t.ended_at FROM trade t, referral r",
        "INSERT INTO commission SELECT t.id, r.account_id, t.payee_id, 1, t.ended_at FROM trade t, referral r",
    ],
)
async def test_a_commission_that_is_not_owed_is_a_fault(market: Floor, people: list[int], made: str) -> None:
    buyer = await Stock(market.db, people=60).person(deposit_cents=1_000)
    await affiliates.click(market.app, "ann42", account_id=buyer)
    await trades(market.db, buyer, people[2], 1)
    async with market.db.transaction() as tx:
        assert await ledger.faults(tx) == []
    await market.db.execute(made)
    async with market.db.transaction() as tx:
        assert [fault for fault in await ledger.faults(tx) if "commission of trade" in fault]
