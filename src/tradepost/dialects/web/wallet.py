"""The wallet: what one has and where it lies, what is under way, and what was sold and bought by the day."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.web import wallet_deposit, wallet_export, wallet_history, wallet_payout
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.visits import Page, Visit
from tradepost.dialects.web.wallet_words import BOOKS, PAYOUTS, movement
from tradepost.market import checkouts, gateways, histories, ledger, own_trades, payouts, stats
from tradepost.rules.chart import PERIODS, Day

WALLET = "/wallet"
LATEST = 6  # movements on the first page
UNDER_WAY_MAX = 20
NOTES: Mapping[str, str] = {
    "asked": "Your payout is asked for. The money is held until an operator has looked at it; you are told of each step.",
    "played": "Play money was added to what you can spend.",
}
PERIOD_WORDS: Mapping[str, str] = {"1W": "7 days", "1M": "30 days", "1Y": "a year", "All": "all time"}


class Asked(msgspec.Struct):
    """What was just done, and over which time the chart goes."""

    done: Literal["asked", "played"] | None = None
    period: Literal["1W", "1M", "1Y", "All"] = "1M"


async def show(visit: Visit) -> Response:
    """The wallet, bucket by bucket, with what is under way and the newest movements."""
    asked = visit.query(Asked)
    account_id = visit.signed_in().account_id
    if visit.wants_part:
        return visit.page("wallet.html", part="chart", **await _chart(visit.app, account_id, asked.period))
    return visit.page(
        "wallet.html",
        part="chart",
        done=NOTES[asked.done] if asked.done else "",
        **await _money(visit.app, account_id),
        **await _chart(visit.app, account_id, asked.period),
    )


async def _money(app: App, account_id: int) -> dict[str, Any]:
    purse = await ledger.wallet(app.db, account_id)
    moved, _ = await histories.moved(app.db, account_id, count=LATEST)
    paying, _ = await payouts.page(app.db, account_id, first=0, count=UNDER_WAY_MAX)
    return {
        "wallet": purse,
        "spendable_cents": purse.deposit_cents + purse.balance_cents,
        "has_gateway": await gateways.read(app.db, account_id) is not None,
        "coming": await own_trades.coming(app.db, account_id, app.now()),
        "latest": [(one, movement(one)) for one in moved],
        "books": BOOKS,
        "payout_words": PAYOUTS,
        "payouts": [one for one in paying if one.ended_at is None],
        "checkouts": [
            one
            for one in await checkouts.of_account(app.db, account_id, UNDER_WAY_MAX)
            if one.state == "open"
        ],
    }


async def _chart(app: App, account_id: int, period: str) -> dict[str, Any]:
    today = stats.today(app)
    days = await stats.days(app.db, account_id, PERIODS[period.upper()], today)
    return {
        "period": period,
        "periods": PERIOD_WORDS,
        "columns": _columns(days) if any(one.sold_cents or one.bought_cents for one in days) else None,
        "sums": await stats.sums(app.db, account_id, today),
    }


def _columns(days: list[Day]) -> list[list[int]]:
    """The days as a chart wants them: column by column."""
    return [
        [int(datetime.combine(one.day, time(), UTC).timestamp()) for one in days],
        [one.sold_cents for one in days],
        [one.bought_cents for one in days],
    ]


def pages(app: App, desk: Desk) -> list[Page]:
    """All pages of the wallet."""
    return [
        Page(app, desk, WALLET, get=show),
        *wallet_history.pages(app, desk),
        *wallet_deposit.pages(app, desk),
        *wallet_payout.pages(app, desk),
        *wallet_export.pages(app, desk),
    ]
