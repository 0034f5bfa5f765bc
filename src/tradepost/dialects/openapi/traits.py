"""What no signature says of a call: the codes that it can be refused with, and whether its answers have an ETag."""

from tradepost.dialects.shadowpay.calls import Method
from tradepost.dialects.shadowpay.meanings import MEANINGS
from tradepost.dialects.shadowpay.words import INTERNAL_ERROR

EVERY = frozenset(
    {"validation_error", "wrong_params", "wrong_token", "no_access", "disabled", INTERNAL_ERROR}
)
KEYED = frozenset({"custom_id_exist"})  # every write takes an Idempotency-Key
BUY = KEYED | {
    "buyer_has_buy_items_ban",
    "no_item",
    "empty_user_data",
    "need_sum",
    "seller_offline_error",
    "need_apikey",
    "invalid_trade_seller_link",
    "no_item_in_inventory",
    "trade_yourself",
    "invalid_tradelink",
    "buy_items_disabled",
}
STEAM = frozenset({"error_steam_or_bot", "empty_user_data"})  # Steam fails, or knows nobody of this steamid
ABSENT = frozenset({"no_item"})

# By the handler's module and name; a call that is not here has no codes of its own.
MORE: dict[str, frozenset[str]] = {
    "v2.lists.inventory": STEAM,
    "v2.lists.item": ABSENT,
    "v2.deeds.buy": BUY,
    "v2.deeds.make_offers": STEAM | ABSENT,
    "v2.deeds.reprice_offer": ABSENT,
    "v2.webhook.remove_webhook": ABSENT,
    "v2.webhook.ping": ABSENT,
    "v2.notices.resend": ABSENT,
    "v2.payments.payment": ABSENT,
    "v2.payments.test_ipn": ABSENT,
    "v1.lists.inventory": STEAM,
    "v1.lists.item": ABSENT,
    "v1.deeds.buy": BUY,
    "v1.deeds.sell": STEAM | ABSENT,
    "v1.deeds.reprice": ABSENT,
}


ETAGS: frozenset[str] = frozenset(
    {
        "v2.lists.items",
        "v2.lists.catalogue",
        "v2.lists.own_offers",
        "v2.prices.prices",
        "v2.prices.sales_history",
        "v1.lists.of_name",
        "v1.lists.of_names",
        "v1.lists.of_price",
        "v1.lists.on_sale",
        "v1.lists.filtered",
        "v1.lists.mine",
        "v1.lists.steam_prices",
    }
)
"""Calls that answer 304 to who has the present answer already."""

# What a caller must know before he relies on a call.
WARNINGS: dict[str, str] = {
    "v1.lists.filtered": "**Beware:** without `steamid` (or `mine=1`) these are everybody's offers, not yours. A program that reprices or cancels its own must read `/get_my_items_on_sale`, or this call by POST.",
    "v1.lists.mine": "These are always your own offers. By GET, `/get_items_on_sale_filtered` without `steamid` lists everybody's instead.",
}

# Headers that are parameters, beside those that all of a kind have: name, and what it means.
HEADERS: dict[str, tuple[str, str]] = {
    "v2.stream.stream": (
        "Last-Event-ID",
        "The id of the last event that you have: what came after it is told first.",
    ),
}


def key_of(method: Method) -> str:
    """A call's name in these tables."""
    return f"{method.handler.__module__.partition('.shadowpay.')[2]}.{method.handler.__name__}"


def words_of(method: Method) -> frozenset[str]:
    """The codes that a call can be refused with; any, for one whose answers nobody described yet."""
    if method.answers is None:
        return frozenset(MEANINGS)
    keyed = frozenset[str]() if method.scope == "read" else KEYED
    return EVERY | MORE.get(key_of(method), frozenset()) | keyed
