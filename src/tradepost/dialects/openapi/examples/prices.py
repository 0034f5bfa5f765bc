"""Examples of v2's calls of prices, and of the token."""

from typing import Any

from tradepost.dialects.openapi.examples.rows import MOMENT, VALENCE, Example, listed, success


def _sold(count: int, least: str | None, most: str | None, average: str | None) -> dict[str, Any]:
    return {
        "count": count,
        "price_min": least,
        "price_max": most,
        "price_avg": average,
        "price_median": average,
    }


PRICES: dict[str, Example] = {
    "prices": Example(
        {"project": "csgo", "search": "valence", "limit": 20},
        listed({"steam_market_hash_name": VALENCE, "price": "0.13", "count": 12, "steam_price": "0.14"}),
    ),
    "sales_history": Example(
        {"steam_market_hash_name": VALENCE, "date_from": "2026-11-01"},
        success(
            data=[
                {"date": "2026-11-20", **_sold(3, "0.12", "0.14", "0.13")},
                {"date": "2026-11-18", **_sold(1, "0.13", "0.13", "0.13")},
            ],
            summary={
                "last_24_hours": _sold(0, None, None, None),
                "last_7_days": _sold(4, "0.12", "0.14", "0.13"),
                "last_30_days": _sold(19, "0.11", "0.16", "0.13"),
                "last_90_days": _sold(52, "0.10", "0.17", "0.13"),
            },
        ),
    ),
    "exchange_rates": Example(
        {},
        success(
            data=[
                {"currency": "EUR", "rate": 0.92, "source": "operator", "updated_at": MOMENT, "is_usable": True},
                {"currency": "RUB", "rate": 92.15, "source": "operator", "updated_at": MOMENT, "is_usable": True},
            ]
        ),
    ),
    "token": Example(
        {},
        success(
            data={
                "prefix": "test_3kXv",
                "label": "shop",
                "scopes": ["buy", "read", "sell"],
                "allow_addresses": ["203.0.113.0/24"],
                "allow_url": False,
                "expires": None,
                "requests_per_minute": {
                    "all": 6000, "read": 6000, "sell": 600, "buy": 1200, "steam": 60, "stream": 30,
                },
            }
        ),
    ),
}  # fmt: skip
