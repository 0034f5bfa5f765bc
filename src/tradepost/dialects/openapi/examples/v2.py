"""Examples of v2's calls of items, offers and trades."""

from tradepost.dialects.openapi.examples.rows import (
    BOUGHT,
    BOUGHT_ITEM,
    BUY,
    CANCELLED,
    IN_STOCK,
    IVORY,
    OFFER,
    REPRICED,
    STEAMID,
    TRADE,
    VALENCE,
    Example,
    item,
    listed,
    success,
)

V2: dict[str, Example] = {
    "balance": Example(
        {}, success(data={"currency": "USD", "deposit_balance": "200.00", "balance": "100.50"})
    ),
    "inventory": Example(
        {"steamid": STEAMID, "project": "csgo"}, success(data=[IN_STOCK], metadata={"total": 1})
    ),
    "items": Example(
        {"project": "csgo", "search": "valence", "price_to": "0.50", "sort_column": "price_market",
         "sort_dir": "asc", "limit": 20},
        listed(item("0.13")),
    ),
    "item": Example({"id": "297921"}, success(data={"item": item("0.13"), "is_seller_online": True})),
    "catalogue": Example(
        {"project": "csgo", "steam_market_hash_name": [VALENCE, IVORY]},
        listed(
            {"steam_market_hash_name": IVORY, "icon": "-9a81dlWLwJ2UUGcVs_nsVtzdOEdtWwKGZZLQHTx", "price": "0.09"},
            {"steam_market_hash_name": VALENCE, "icon": "-9a81dlWLwJ2UUGcVs_nsVtzdOEdtWwKGZZLQHTy", "price": "0.14"},
            limit=100, total=2,
        ),
    ),
    "buy": Example(
        BUY,
        success(
            id="2235",
            trade_data={
                **BOUGHT,
                "steam_tradeofferids": None,
                "steam_from_steamid": STEAMID,
                "seller_sold": "12",
                "items": [{**BOUGHT_ITEM, "id": "297921", "type": "bid", "item_id": "5538"}],
            },
        ),
    ),
    "own_offers": Example(
        {"steamid": STEAMID, "limit": 20}, listed(item("0.14", steamid=STEAMID))
    ),
    "make_offers": Example(
        {"steamid": STEAMID, "offers": [OFFER, {**OFFER, "id": "40000000008", "currency": "EUR"}]},
        success(created_bid_ids=[297921, 297922]),
    ),
    "reprice_offers": Example(
        {"steamid": STEAMID, "offers": [{"id": "297921", "price": 3.14}, {"id": "297922", "price": 900}]},
        success(
            bids=[
                {"status": "success", **REPRICED},
                {
                    "status": "error",
                    "error_message": "wrong_params",
                    "error_details": "The price of offer 297922: at most 4.20 is possible.",
                    "id": "297922",
                },
            ]
        ),
    ),
    "reprice_offer": Example(
        {"id": "297921", "steamid": STEAMID, "price": 3.14, "currency": "USD"}, success(**REPRICED)
    ),
    "cancel_offers": Example({"steamid": STEAMID, "item_ids": ["297921", "297922"]}, CANCELLED),
    "operations": Example(
        {"states": ["active"], "limit": 20}, listed({**TRADE, "type": "buy"})
    ),
}  # fmt: skip
