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

SALES: dict[str, Example] = {
    "user_getSalesInfos": Example({}, _ON_SALE),
    "user_getSalesInfos_of_user": Example({"userid": _STEAMID}, _ON_SALE),
    "user_getSalesChartInfos": Example({"period": "1W"}, _CHART),
    "user_getSalesChartInfos_of_user": Example({"userid": _STEAMID, "period": "1W"}, _CHART),
}
