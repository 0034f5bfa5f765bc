"""What the examples are made of: a request and its answer, and the rows that several answers have."""

from dataclasses import dataclass
from typing import Any

STEAMID, RECEIVER = "76561198000000002", "76561198064929874"
ASSET = "40000000007"
VALENCE, IVORY = "P250 | Valence (Field-Tested)", "P2000 | Ivory (Well-Worn)"
MOMENT = "2026-11-21 12:00:00"


@dataclass(frozen=True, slots=True)
class Example:
    """What a call is asked with, and what it answers."""

    asked: dict[str, Any]
    answered: Any


def item(price: Any, **more: Any) -> dict[str, Any]:
    return {
        **more,
        "id": "297921",
        "steam_market_hash_name": VALENCE,
        "price": price,
        "project": "csgo",
        "floatvalue": "0.1705321",
        "paintindex": 426,
        "paintseed": 612,
        "time_created": MOMENT,
    }


_PAGE = {"limit": 20, "offset": 0, "total": 1}
IN_STOCK = {
    "price": 0.14,
    "lowest_price": 0.13,
    "max_price": 4.2,
    "fee": 5,
    "steam_market_hash_name": VALENCE,
    "assetid": ASSET,
    "project": "csgo",
    "steam_itemtype": "Pistol",
    "rarity": "Mil-Spec",
    "exterior": "Field-Tested",
    "is_stattrak": False,
    "tradable": True,
    "link": f"steam://rungame/730/76561202255233023/+csgo_econ_action_preview%20S{STEAMID}A{ASSET}D5521567954283144992",
    "skip_reason": False,
}
BOUGHT_ITEM = {
    "state": "pending",
    "project": "csgo",
    "steam_market_hash_name": VALENCE,
    "steam_asset_id": ASSET,
    "price": "0.13",
}
BOUGHT = {
    "id": "2235",
    "state": "active",
    "price": "0.13",
    "steam_trade_token": "zPvo-jv3",
    "steam_trade_offer_state": None,
    "steam_tradeofferid": None,
    "steam_to_steamid": RECEIVER,
    "causer": None,
    "time_created": MOMENT,
    "custom_id": "order-1001",
    "items": [BOUGHT_ITEM],
}
TRADE = {
    **BOUGHT,
    "steam_trade_offer_state": "3",
    "steam_tradeofferid": "4285501167",
    "items": [{**BOUGHT_ITEM, "state": "active"}],
    "explanation": "The item has arrived; the trade is finished when Steam can no longer reverse it.",
    "protected_until": "2026-11-28 12:04:00",
    "reversed": False,
}
BUY = {
    "id": "297921",
    "steamid": RECEIVER,
    "trade_token": "zPvo-jv3",
    "price": "0.13",
    "custom_id": "order-1001",
}
CANCELLED = {
    "status": "success",
    "cancelled_items": [{"id": "297921", "assetid": ASSET, "project": "csgo", "state": "cancelled"}],
    "not_cancelled_items": [{"id": "297922", "reason": "in a trade"}],
}
REPRICED = {"id": "297921", "new_price": 3.14, "price_rate": 1}
OFFER = {"id": ASSET, "project": "csgo", "price": 0.14}


def success(**content: Any) -> dict[str, Any]:
    return {"status": "success", **content}


def listed(*rows: dict[str, Any], **page: int) -> dict[str, Any]:
    return success(data=list(rows), metadata={**_PAGE, **page})


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
