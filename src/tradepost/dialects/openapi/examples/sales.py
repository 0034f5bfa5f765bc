"""Examples of the user API's calls about sales: what is asked, and the `content` of the answer."""

from typing import Any

from tradepost.dialects.openapi.examples.rows import Example

_STEAMID = "76561198000000101"
_ON_SALE: dict[str, Any] = {"informations": {"nb": 12, "price": 40_312, "user": _STEAMID}}
_GRAPH = [
    {"date": "2026-11-15", "buy": 0, "sale": 431},
    {"date": "2026-11-16", "buy": 0, "sale": 0},
    {"date": "2026-11-17", "buy": 990, "sale": 0},
    {"date": "2026-11-18", "buy": 0, "sale": 0},
    {"date": "2026-11-19", "buy": 0, "sale": 868},
    {"date": "2026-11-20", "buy": 0, "sale": 0},
    {"date": "2026-11-21", "buy": 0, "sale": 431},
]
_CHART: dict[str, Any] = {
    "informations": {
        "week": 1_730,
        "month": 9_912,
        "global": 120_455,
        "previousWeek": 2_210,
        "previousMonth": 8_004,
        "currentYear": 98_377,
        "graph": _GRAPH,
    }
}
_PURCHASE: dict[str, Any] = {
    "id": 4_711,
    "itemid": 8101,
    "name": "AK-47 | Slate (Field-Tested)",
    "project": "csgo",
    "price": 431,
    "state": "finished",
    "reversed": False,
    "explanation": "The trade is finished: the seller was paid.",
    "timestamp": 1_794_571_200,
    "ended": 1_795_262_400,
}
_SALE = {**_PURCHASE, "fee": 22, "amount": 409}
_MOVEMENT = {
    "id": 90_210,
    "type": "finished",
    "trade": 4_711,
    "bucket": "balance",
    "amount": 409,
    "after": 12_345,
    "balance": 14_345,
    "timestamp": 1_795_262_400,
}
_TRANSACTION = {
    "id": 90_333,
    "type": "deposit",
    "deposit": 2_000,
    "balance": 0,
    "payout": 0,
    "reserve": 0,
    "timestamp": 1_795_262_400,
}


def _page(row: dict[str, Any]) -> dict[str, Any]:
    return {"informations": [row], "page": 0, "count": 50, "total": 1}


_HISTORIES = {"Sales": _SALE, "Purchase": _PURCHASE, "Balance": _MOVEMENT, "Transaction": _TRANSACTION}

_TOKEN = {"token": "0123456789abcdef" * 8}

SALES: dict[str, Example] = {
    "user_setAffiliates": Example({"ref": "ann42"}, {"affiliate_id": "0123456789abcdef" * 2}),
    "user_generateCSVToken": Example({}, _TOKEN),
    "user_generateCSVToken_of_user": Example({"userid": _STEAMID}, _TOKEN),
    **{
        f"user_get{name}History": Example({"page": 0, "count": 50}, _page(row))
        for name, row in _HISTORIES.items()
    },
    **{
        f"user_get{name}History_of_user": Example({"userid": _STEAMID, "page": 0, "count": 50}, _page(row))
        for name, row in _HISTORIES.items()
    },
    "user_getSalesInfos": Example({}, _ON_SALE),
    "user_getSalesInfos_of_user": Example({"userid": _STEAMID}, _ON_SALE),
    "user_getSalesChartInfos": Example({"period": "1W"}, _CHART),
    "user_getSalesChartInfos_of_user": Example({"userid": _STEAMID, "period": "1W"}, _CHART),
}
