"""The user API's calls about money: what one is told of it, how it comes and goes, and what is disputed."""

from typing import Annotated, Any

import msgspec

from tradepost.dialects.fields import ID_MAX, Code, Id, Limit, Whole
from tradepost.dialects.shapes import Also
from tradepost.dialects.user_api import money_answers as answers
from tradepost.dialects.user_api.answers import Done
from tradepost.dialects.user_api.calls import Call, Calls, Content, Method, Nothing
from tradepost.dialects.user_api.money_fields import PayoutMethod, RequestKey, Said
from tradepost.market import alerts, checkouts, disputes, payouts
from tradepost.market.alerts import Kind
from tradepost.market.disputes import Dispute
from tradepost.market.payouts import Payout
from tradepost.rules.money import write_cents

COUNT_MAX = 50


class MoneyPage(msgspec.Struct):
    """Which page, and how many an each."""

    page: Whole = Whole(0)
    count: Limit = Limit(COUNT_MAX)


# What one is told --------------------------------------------------------------------------------------------


async def notifications(call: Call, asked: Nothing) -> Content:
    """How many payment alerts and payment reviews are unread."""
    found = await alerts.counts(call.app.db, call.me.account_id)
    return {"count": found.alerts, "paymentReviews": found.reviews}


async def list_alerts(call: Call, asked: MoneyPage) -> Content:
    """One's payment alerts, the newest first: what came of payouts, deposits and disputes."""
    return await _alerts(call, asked, "alert")


async def list_reviews(call: Call, asked: MoneyPage) -> Content:
    """One's payment reviews, the newest first: who looks at one's money, and how far it is."""
    return await _alerts(call, asked, "review")


async def _alerts(call: Call, asked: MoneyPage, kind: Kind) -> Content:
    count = min(asked.count, COUNT_MAX)
    found, total = await alerts.page(
        call.app.db, call.me.account_id, kind, first=asked.page * count, count=count
    )
    rows = [
        {"id": one.id, "text": one.text, "timestamp": int(one.at.timestamp()), "closed": one.closed_at is not None}
        for one in found
    ]  # fmt: skip
    return {"informations": rows, "page": asked.page, "count": count, "total": total}


class AlertNamed(msgspec.Struct):
    """Which payment alert."""

    id: Id


async def close_alert(call: Call, asked: AlertNamed) -> Content:
    """Mark a payment alert as read; once more changes nothing."""
    async with call.app.db.transaction() as tx:
        await alerts.close_alert(tx, call.me.account_id, min(asked.id, ID_MAX), call.app.now())
    return {"message": "The payment alert is closed."}


async def close_reviews(call: Call, asked: Nothing) -> Content:
    """Mark all payment reviews as read."""
    async with call.app.db.transaction() as tx:
        await alerts.close_reviews(tx, call.me.account_id, call.app.now())
    return {"message": "The payment reviews are closed."}


# Payouts -----------------------------------------------------------------------------------------------------


class CashoutAsked(msgspec.Struct):
    """A payout to be made."""

    amount: Whole
    method: PayoutMethod = PayoutMethod("skrill")
    idempotency_key: Annotated[RequestKey | None, Also("idempotencyKey"), Also("key")] = None
    code: Code | None = None


async def cashout(call: Call, asked: CashoutAsked) -> Content:
    """Ask for a payout of earned money, which is held until an operator has looked at it."""

    def told(payout: Payout) -> dict[str, Any]:
        message = f"{write_cents(payout.cents)} USD are held; you are told when they are paid."
        return {"message": message, "informations": _payout(payout)}

    return told(await payouts.ask(call.app, call.me.account_id, asked.amount, call.claim(told)))


async def list_payouts(call: Call, asked: MoneyPage) -> Content:
    """One's payouts, the newest first."""
    count = min(asked.count, COUNT_MAX)
    found, total = await payouts.page(call.app.db, call.me.account_id, first=asked.page * count, count=count)
    rows = [_payout(one) for one in found]
    return {"informations": rows, "page": asked.page, "count": count, "total": total}


def _payout(payout: Payout) -> dict[str, Any]:
    return {
        "id": payout.id,
        "amount": payout.cents,
        "method": payout.method,
        "address": payout.address,
        "state": payout.state.value,
        "reason": payout.reason,
        "reference": payout.reference,
        "timestamp": int(payout.asked_at.timestamp()),
        "changed": int(payout.changed_at.timestamp()),
    }


# Deposits ----------------------------------------------------------------------------------------------------


class DepositAsked(msgspec.Struct):
    """A deposit to be paid."""

    amount: Whole


async def deposit(call: Call, asked: DepositAsked) -> Content:
    """Begin a deposit by card: its address leads to the page of the provider of payments."""
    return {"url": await checkouts.begin(call.app, call.me.account_id, asked.amount)}


async def stripe_says(call: Call, asked: Nothing) -> Content:
    """Where Stripe says what became of deposits: its webhook, believed by its signature."""
    is_ours = await checkouts.heard(call.app, call.body, call.header("stripe-signature"))
    return {"message": "Noted." if is_ours else "This is about nothing of ours."}


# Disputes ----------------------------------------------------------------------------------------------------


class DisputeAsked(msgspec.Struct):
    """What is wrong with a trade."""

    trade: Annotated[Id, Also("id"), Also("trade_id")]
    text: Said


async def dispute(call: Call, asked: DisputeAsked) -> Content:
    """Dispute what one bought, while Steam protects the trade: the seller is not paid before an operator has ruled."""

    def told(begun: Dispute) -> dict[str, Any]:
        message = f"An operator looks at trade {begun.trade_id}; the seller is not paid before he has ruled."
        return {"message": message, "trade": begun.trade_id, "timestamp": int(begun.at.timestamp())}

    trade_id, claim = min(asked.trade, ID_MAX), call.claim(told)
    return told(await disputes.begin(call.app, call.me.account_id, trade_id, asked.text, claim))


CALLS: Calls = {
    "/user/notifications": {"GET": Method(notifications, answers=answers.Notifications)},
    "/user/getPaymentAlerts": {"GET": Method(list_alerts, answers=answers.AlertsShown)},
    "/user/getPaymentReviews": {"GET": Method(list_reviews, answers=answers.AlertsShown)},
    "/user/closePaymentAlert": {"POST": Method(close_alert, scope="sell", answers=Done)},
    "/user/closePaymentReviews": {"POST": Method(close_reviews, scope="sell", answers=Done)},
    "/user/cashout": {
        "POST": Method(cashout, scope="sell", step_up="yes", per_minute=10, answers=answers.PayoutAsked)
    },
    "/user/deposit": {"POST": Method(deposit, scope="buy", per_minute=10, answers=answers.DepositBegun)},
    "/user/deposit/stripe": {"POST": Method(stripe_says, who="anybody", reads_body=False, answers=Done)},
    "/user/dispute": {"POST": Method(dispute, scope="sell", per_minute=10, answers=answers.DisputeBegun)},
    "/user/getPayouts": {"GET": Method(list_payouts, answers=answers.PayoutsShown)},
}
