"""Who may do what: for each operation of the merchant API the scope it needs, a request, and what another is told.

A row stands here by itself, not made from the routes: a scope that is changed there has to be changed here too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dialects.shop import BUYER, TOKEN


@dataclass(frozen=True)
class Things:
    """What a request names: the merchant's own, another's, or what nobody has."""

    steamid: str
    offer: int
    custom_id: str
    notice: int
    payment: int
    asset: str
    item: int  # an offer of a stranger, for buying


@dataclass(frozen=True)
class Row:
    """What an operation needs and gives."""

    scope: str
    asked: Callable[[Things], dict[str, Any]] = lambda _: {}
    is_public: bool = False  # everybody sees, or may buy, the same
    needs_grant: bool = False  # who names a user without his grant is told `no_access`
    banned: str = ""  # the word, where those whom it names are banned; without it, a success


def of_user(**more: str) -> Callable[[Things], dict[str, Any]]:
    """Parameters that name the user, and things of his by their names here."""
    return lambda things: (
        {"steamid": things.steamid} | {name: getattr(things, thing) for name, thing in more.items()}
    )


def making(things: Things) -> dict[str, Any]:
    return {
        "steamid": things.steamid,
        "offers": [{"id": things.asset, "project": "csgo", "price": "0.50"}],
    }


def repricing(things: Things) -> dict[str, Any]:
    return {"steamid": things.steamid, "offers": [{"id": things.offer, "price": "1.50"}]}


def buying(things: Things) -> dict[str, Any]:
    return {"id": things.item, "steamid": BUYER, "trade_token": TOKEN}


def priced(things: Things) -> dict[str, Any]:
    return {"steamid": things.steamid, "id": things.offer, "price": "1.25"}


BAN = "buyer_has_buy_items_ban"
NAME = {"steam_market_hash_name": "P250 | Valence (Field-Tested)"}

V1 = {
    "get_balance": Row("read"),
    "inventory": Row("read", lambda things: {"steamid": things.steamid, "game": "csgo"}, needs_grant=True),
    "search_item": Row("read", lambda _: NAME, is_public=True),
    "search_items_by_list_names": Row("read", is_public=True),
    "search_similar_items": Row("read", is_public=True),
    "get_items_on_sale": Row("read", is_public=True),
    "get_my_items_on_sale": Row("read"),
    "get_steam_prices": Row("read", lambda _: {"project": "csgo"}, is_public=True),
    "get_item_by_id": Row("read", lambda things: {"id": things.offer}, is_public=True),
    "buy_item": Row("buy", buying, is_public=True, banned=BAN),
    "sell_items": Row("sell", making, needs_grant=True, banned="no_access"),
    "cancel_items": Row("sell", lambda things: {"steamid": things.steamid, "items": [{"id": things.offer}]}, needs_grant=True),
    "change_item_price": Row("sell", priced, needs_grant=True),
    "list_buy_info_by_custom_id": Row("read", lambda things: {"custom_id": things.custom_id}),
    "operations_history": Row("read"),
}  # fmt: skip

ROWS: dict[str, Row] = {
    **{f"v1 {method} /{call}": row for call, row in V1.items() for method in ("GET", "POST")},
    "v1 GET /get_items_on_sale_filtered": Row("read", is_public=True),
    "v1 POST /get_items_on_sale_filtered": Row("read", of_user()),
    "v2 GET /account/balance": Row("read"),
    "v2 GET /account/inventory": Row("read", lambda things: {"steamid": things.steamid, "project": "csgo"}, needs_grant=True),
    "v2 GET /token": Row("read"),
    "v2 GET /items": Row("read", is_public=True),
    "v2 GET /items/{id}": Row("read", lambda things: {"id": things.offer}, is_public=True),
    "v2 GET /steam_items": Row("read", is_public=True),
    "v2 GET /prices": Row("read", is_public=True),
    "v2 GET /sales_history": Row("read", lambda _: NAME, is_public=True),
    "v2 GET /rates": Row("read", is_public=True),
    "v2 POST /buy": Row("buy", buying, is_public=True, banned=BAN),
    "v2 GET /offers": Row("read", of_user()),
    "v2 POST /offers": Row("sell", making, needs_grant=True, banned="no_access"),
    "v2 PATCH /offers": Row("sell", repricing, needs_grant=True),
    "v2 DELETE /offers": Row("sell", lambda things: {"steamid": things.steamid, "item_ids": [things.offer]}, needs_grant=True),
    "v2 PATCH /offers/{id}": Row("sell", priced, needs_grant=True),
    "v2 GET /operations": Row("read", lambda things: {"custom_ids": things.custom_id}),
    "v2 GET /stream": Row("read", is_public=True),
    "v2 GET /webhook": Row("read"),
    "v2 PUT /webhook": Row("sell", lambda _: {"url": "https://shop.example/notices"}),
    "v2 POST /webhook/test": Row("sell"),
    "v2 DELETE /webhook": Row("sell"),
    "v2 GET /notices": Row("read"),
    "v2 GET /payments": Row("read"),
    "v2 POST /payments/test": Row("sell"),
    "v2 GET /payments/{id}": Row("read", lambda things: {"id": things.payment}),
    "v2 GET /gateway": Row("read"),
    "v2 POST /notices/{id}/resend": Row("sell", lambda things: {"id": things.notice}),
}  # fmt: skip
