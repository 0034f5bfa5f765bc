"""The user API's calls about the past: what was sold and bought, and where the money came from and went."""

from datetime import datetime
from typing import Any

import msgspec

from tradepost.dialects.fields import Limit, Whole
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method
from tradepost.dialects.user_api.history_answers import Movements, Purchases, Sales, Transactions
from tradepost.market import histories
from tradepost.market.histories import Movement, Traded, Transaction
from tradepost.rules.outlook import explained
from tradepost.rules.trade import PUBLIC, State

COUNT_MAX = 50


class HistoryPage(msgspec.Struct):
    """Which page, and how many rows an each."""

    page: Whole = Whole(0)
    count: Limit = Limit(COUNT_MAX)

    @property
    def rows(self) -> int:
        """How many rows a page has at most."""
        return min(self.count, COUNT_MAX)

    @property
    def first(self) -> int:
        """How many rows lie before it."""
        return self.page * self.rows


async def sales(call: Call, asked: HistoryPage) -> Content:
    """What was sold for an account, the newest first, with trades that are under way or came to nothing."""
    found, total = await histories.traded(
        call.app.db, call.subject.account_id, "sales", first=asked.first, count=asked.rows
    )
    now = call.app.now()
    rows = [
        {**_traded(one, now), "fee": one.fee_cents, "amount": one.price_cents - one.fee_cents}
        for one in found
    ]
    return _page(asked, rows, total)


async def purchases(call: Call, asked: HistoryPage) -> Content:
    """What an account bought, the newest first, with trades that are under way or came to nothing."""
    found, total = await histories.traded(
        call.app.db, call.subject.account_id, "purchases", first=asked.first, count=asked.rows
    )
    return _page(asked, [_traded(one, call.app.now()) for one in found], total)


async def movements(call: Call, asked: HistoryPage) -> Content:
    """Each movement of the money that an account can spend, the newest first, and what it could spend after it."""
    found, total = await histories.movements(
        call.app.db, call.subject.account_id, first=asked.first, count=asked.rows
    )
    return _page(asked, [_movement(one) for one in found], total)


async def transactions(call: Call, asked: HistoryPage) -> Content:
    """Money of an account that moved for no trade, the newest first: deposits, payouts, corrections."""
    found, total = await histories.transactions(
        call.app.db, call.subject.account_id, first=asked.first, count=asked.rows
    )
    return _page(asked, [_transaction(one) for one in found], total)


def _page(asked: HistoryPage, rows: list[dict[str, Any]], total: int) -> dict[str, Any]:
    return {"informations": rows, "page": asked.page, "count": asked.rows, "total": total}


def _traded(one: Traded, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "itemid": one.steam_item_id,
        "name": one.name,
        "project": one.project,
        "price": one.price_cents,
        "state": PUBLIC[one.state],
        "reversed": one.state is State.REVERSED,
        "explanation": explained(one, now),
        "timestamp": int(one.created_at.timestamp()),
        "ended": None if one.ended_at is None else int(one.ended_at.timestamp()),
    }


def _movement(one: Movement) -> dict[str, Any]:
    return {
        "id": one.transfer_id,
        "type": one.kind,
        "trade": one.trade_id,
        "bucket": one.book,
        "amount": one.amount_cents,
        "after": one.after_cents,
        "balance": one.spendable_cents,
        "timestamp": int(one.at.timestamp()),
    }


def _transaction(one: Transaction) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.kind,
        "deposit": one.deposit_cents,
        "balance": one.balance_cents,
        "payout": one.payout_cents,
        "reserve": one.reserve_cents,
        "timestamp": int(one.at.timestamp()),
    }


CALLS: Calls = {
    "/user/getSalesHistory": {"GET": Method(sales, others=True, answers=Sales)},
    "/user/getPurchaseHistory": {"GET": Method(purchases, others=True, answers=Purchases)},
    "/user/getBalanceHistory": {"GET": Method(movements, others=True, answers=Movements)},
    "/user/getTransactionHistory": {"GET": Method(transactions, others=True, answers=Transactions)},
}
