"""Histories as a user's page and program see them: pages from 0, fifty rows at most, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest

from dialects.user_api.club import OTHER, USER, Club
from past import trades
from tradepost.market import ledger, users

PATHS = ["getSalesHistory", "getPurchaseHistory", "getBalanceHistory", "getTransactionHistory"]


@pytest.fixture
async def traded(club: Club) -> Club:
    """USER sold sixty items for 1.00 each to OTHER, who had topped up 100.00."""
    ids = []
    async with club.db.transaction() as tx:
        for steamid in (USER, OTHER):
            ids.append((await users.know(tx, steamid, "sign_in", club.app.now())).id)
        await ledger.deposit(tx, ids[1], 10_000, "test", club.app.now())
    begin = club.app.now() - timedelta(days=20)
    await trades(club.db, ids[1], ids[0], 60, begin=begin)
    return club


async def rows(club: Club, steamid: str, path: str, **asked: Any) -> list[dict[str, Any]]:
    content = (await (await club.program(steamid)).get(f"/user/{path}", **asked)).content
    found: list[dict[str, Any]] = content["informations"]
    return found


async def test_sales_and_purchases_are_two_sides_of_one_trade(traded: Club) -> None:
    sale = (await rows(traded, USER, "getSalesHistory"))[0]
    purchase = (await rows(traded, OTHER, "getPurchaseHistory"))[0]
    assert {**purchase, "fee": 5, "amount": 95} == sale
    assert (sale["price"], sale["state"], sale["reversed"]) == (100, "finished", False)
    assert sale["ended"] - sale["timestamp"] == 8 * 86_400
    assert await rows(traded, USER, "getPurchaseHistory") == []


@pytest.mark.parametrize(("asked", "shown"), [({}, 50), ({"page": 1}, 10), ({"page": 2}, 0), ({"count": 500}, 50), ({"count": 7, "page": 8}, 4), ({"page": 999_999_999}, 0)])  # fmt: skip
async def test_pages_are_counted_from_zero_and_have_fifty_rows_at_most(
    traded: Club, asked: dict[str, int], shown: int
) -> None:
    member = await traded.program()
    for path in ("getSalesHistory", "getBalanceHistory"):
        content = (await member.get(f"/user/{path}", **asked)).content
        assert len(content["informations"]) == shown
        assert (content["total"], content["page"]) == (60, asked.get("page", 0))
        assert content["count"] == min(asked.get("count", 50), 50)


async def test_a_balance_s_history_says_what_could_be_spent(traded: Club) -> None:
    newest, *_ = await rows(traded, OTHER, "getBalanceHistory")
    assert (newest["bucket"], newest["amount"], newest["balance"]) == ("deposit", -100, 4_000)
    assert (await (await traded.program(OTHER)).get("/user/balance")).content == {"balance": 4_000}
    first = (await rows(traded, OTHER, "getBalanceHistory", page=60, count=1))[0]
    assert (first["type"], first["amount"], first["balance"], first["trade"]) == ("deposit", 10_000, 10_000, None)  # fmt: skip


async def test_transactions_leave_trades_out(traded: Club) -> None:
    (only,) = await rows(traded, OTHER, "getTransactionHistory")
    assert (only["type"], only["deposit"], only["payout"]) == ("deposit", 10_000, 0)
    assert await rows(traded, USER, "getTransactionHistory") == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("name", "value"),
    [("page", "-1"), ("page", "1;2"), ("page", "x"), ("page", "9" * 40), ("page", "1.0"), ("count", "0"), ("count", "-5"), ("count", "5;5"), ("count", "٣")],
)  # fmt: skip
async def test_a_page_that_cannot_be_is_named(club: Club, path: str, name: str, value: str) -> None:
    reply = await (await club.program()).get(f"/user/{path}", **{name: value})
    assert reply.refusal[0] == 300
    assert reply.body["field"] == name


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_sees_another_s_history(traded: Club, path: str) -> None:
    assert (await traded.nobody().get(f"/user/{path}")).refusal[0] == 401
    assert (await (await traded.program()).get(f"/user/{path}/{OTHER}")).refusal[0] == 403
