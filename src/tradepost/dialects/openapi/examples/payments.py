"""Examples of v2's calls of payments with skins."""

from datetime import UTC, datetime

from tradepost.dialects.openapi.examples.notices import notice
from tradepost.dialects.openapi.examples.pay import ORDER, SECRET_HASH, TOKEN
from tradepost.dialects.openapi.examples.rows import (
    ASSET,
    MOMENT,
    RECEIVER,
    VALENCE,
    Example,
    listed,
    success,
)
from tradepost.rules.payment import NO_ADDRESS, Ipn, called_with, ipn_parameters, ipn_query

_CALLBACK = "https://shop.example/ipn?shop=7"
_IPN = Ipn(
    amount_cents=666,
    token=TOKEN,
    account="2048",
    order_id=ORDER["order_id"],
    trade_id="786f1d3cccb2828c",
    transaction_id="45f7fa62-622f-48bc-b606-dccd2c662bad",
    created_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    ip="203.0.113.7",
)
_TEST = Ipn(
    0, TOKEN, "0", "test-2c1f0a8b", _IPN.trade_id, _IPN.transaction_id, _IPN.created_at, NO_ADDRESS, True
)
_ATTEMPT = {
    "no": 1,
    "time": "2026-11-28 12:05:00",
    "request": f"GET {called_with(_CALLBACK, ipn_query(_IPN, SECRET_HASH))}",
    "status": 200,
    "answer": "ok",
    "milliseconds": 41,
    "result": "received",
    "reason": None,
}
_SKIN = {
    "trade_id": _IPN.trade_id,
    "offer_id": "297921",
    "operation_id": "2235",
    "state": "credited",
    "steam_market_hash_name": VALENCE,
    "project": "csgo",
    "steam_asset_id": ASSET,
    "price": "7.02",
    "fee": "0.36",
    "amount": "6.66",
    "taken_back": "0.00",
    "protected_until": "2026-11-28 12:04:00",
    "explanation": "The trade is finished; the seller has been paid.",
    "time_listed": MOMENT,
    "time_credited": "2026-11-28 12:05:00",
}
_PAYMENT = {
    "id": "17",
    "order_id": _IPN.order_id,
    "account": _IPN.account,
    "amount": ORDER["amount"],
    "token": TOKEN,
    "url": f"https://market.example/en/pay?token={TOKEN}",
    "transaction_id": _IPN.transaction_id,
    "steamid": RECEIVER,
    "state": "open",
    "time_created": MOMENT,
    "credited": "6.66",
    "expected": "0.00",
    "items": [_SKIN],
}
_TOLD = notice("payment", dict(ipn_parameters(_IPN, SECRET_HASH)), _ATTEMPT, payment_id="17")

PAYMENTS: dict[str, Example] = {
    "list_payments": Example({"order_ids": [_IPN.order_id], "limit": 20}, listed(_PAYMENT)),
    "payment": Example({"id": "17"}, success(data={**_PAYMENT, "notices": [_TOLD]})),
    "test_ipn": Example(
        {}, success(data=notice("ping", dict(ipn_parameters(_TEST, SECRET_HASH)), state="waiting"))
    ),
    "gateway": Example(
        {},
        success(
            data={
                "public_hash": "9f86d081884c7d659a2feaa0c55ad015",
                "callback_url": _CALLBACK,
                "ipn_on": "settled",
                "requires_v2": False,
                "time_created": MOMENT,
                "old_secret_until": None,
                "old_secret_v2_until": None,
                "old_notice_secret_until": None,
                "is_silent": False,
                "reserve": "0.00",
                "outstanding": "0.00",
            }
        ),
    ),
}
