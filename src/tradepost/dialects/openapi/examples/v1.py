"""Examples of v1's calls."""

from tradepost.dialects.openapi.examples.rows import (
    ASSET,
    BOUGHT,
    BUY,
    CANCELLED,
    IN_STOCK,
    IVORY,
    MOMENT,
    OFFER,
    REPRICED,
    STEAMID,
    TRADE,
    VALENCE,
    Example,
    item,
    listed,
    success,
    without,
)

V1: dict[str, Example] = {
    "get_balance": Example({}, success(currency="USD", balance="100.5", deposit_balance="200")),
    "inventory": Example({"steamid": STEAMID, "game": "csgo"}, success(total="1", inv=[IN_STOCK])),
    "search_item": Example(
        {"steam_market_hash_name": VALENCE},
        success(data=[{"id": "297921", "steam_market_hash_name": VALENCE, "price": "0.13"}]),
    ),
    "search_items_by_list_names": Example(
        {"steam_market_hash_name": [VALENCE, IVORY]},
        success(data={VALENCE: [{"id": "297921", "price": "0.13"}], IVORY: []}),
    ),
    "search_similar_items": Example(
        {"price_from": "0.10", "price_to": "0.50", "limit": 20},
        listed({"id": "297921", "steam_market_hash_name": VALENCE, "price": "0.13", "steam_asset_id": ASSET,
               "time_created": MOMENT}),
    ),
    "get_items_on_sale": Example({"project": "csgo", "limit": 20}, listed(item("0.13"))),
    "get_items_on_sale_filtered": Example(
        {"search": "valence", "float": "0.15-0.18", "limit": 20}, listed(item("0.13"))
    ),
    "get_items_on_sale_filtered_by_post": Example(
        {"steamid": STEAMID, "limit": 20}, listed(item("0.14", steamid=STEAMID))
    ),
    "get_my_items_on_sale": Example(
        {"steamid": STEAMID, "limit": 20}, listed(item("0.14", steamid=STEAMID))
    ),
    "get_steam_prices": Example(
        {"project": "csgo", "limit": 20},
        listed({"steam_market_hash_name": VALENCE, "price": 0.14}),
    ),
    "get_item_by_id": Example({"id": "297921"}, success(item=item(0.13), is_seller_online=True)),
    "buy_item": Example(BUY, success(success=True, id="2235", trade_data=BOUGHT)),
    "sell_items": Example(
        {"steamid": STEAMID, "offers": [OFFER, {**OFFER, "id": "40000000008"}]},
        success(created_bid_ids=["297921", "297922"]),
    ),
    "cancel_items": Example(
        {"steamid": STEAMID, "items": [{"id": "297921"}, {"id": "297922"}]}, CANCELLED
    ),
    "change_item_price": Example(
        {"steamid": STEAMID, "id": "297921", "price": 3.14, "currency": "USD"}, success(**REPRICED)
    ),
    "list_buy_info_by_custom_id": Example(
        {"custom_id": ["order-1001"]},
        success(data={"order-1001": {**without(TRADE, "id"), "steam_from_steamid": STEAMID}}),
    ),
    "operations_history": Example({"limit": 20}, listed(TRADE)),
}  # fmt: skip
