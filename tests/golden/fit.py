"""Whether an answer has the shape of the seed's example: its keys, its JSON types, its forms of text.

What the example cannot show is here beside it: where null may stand, and the keys that are ours. Both are as
`docs/api` tells them to users; a key that stands in neither place is a fault.
"""

import re
from collections.abc import Iterator
from typing import Any

from golden.seed import FORMATS, Shape, below, is_keyed_by_data, word

NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d*[1-9])?")  # in its shortest form: 16.8, 2
WORDS = {
    "decimal": re.compile(r"(0|[1-9]\d*)(\.\d[1-9]|\.[1-9])?"),  # in its shortest form: 100, 100.5
    "wear": re.compile(r"0|1|0\.\d*[1-9]"),  # the shortest text of a 32-bit float
    "public state": re.compile(r"active|finished|cancelled"),
    "item state": re.compile(r"pending|active|finished|cancelled"),
    "side": re.compile(r"seller|buyer"),
}

# What else than in the example may stand in a place: by its last name, or by its whole name.
CONTRACT: dict[str, set[str]] = {
    "floatvalue": {"null", "wear"},
    "paintindex": {"null", "number"},
    "paintseed": {"null", "number"},
    "lowest_price": {"null", "number"},
    "steam_itemtype": {"text"},
    "rarity": {"null", "text"},
    "exterior": {"null", "text"},
    "link": {"null", "text"},
    "skip_reason": {"false", "text"},
    "steam_trade_offer_state": {"null", "digits"},
    "steam_tradeofferid": {"null", "digits"},
    "causer": {"null", "side"},
    "custom_id": {"null", "text"},
    "state": {"public state"},
    "items[].state": {"item state"},
}
# A trade as it was when it was bought: the same answer again, whatever became of it.
JUST_BOUGHT = {"steam_trade_offer_state": {"null"}, "steam_tradeofferid": {"null"}, "causer": {"null"}}
WHERE: dict[str, dict[str, set[str]]] = {
    "POST /api/v1/get_balance": {"balance": {"decimal"}, "deposit_balance": {"decimal"}},
    "POST /api/v1/buy_item": JUST_BOUGHT,
    "POST /api/v2/buy": JUST_BOUGHT | {"steam_tradeofferids": {"null"}},
    "GET /api/v2/operations": {"steam_trade_token": {"text", "null"}},  # a sale's row: it is the buyer's
    "POST /api/v1/cancel_items": {"state": {"cancelled"}},
    "DELETE /api/v2/offers": {"state": {"cancelled"}},
}

# The keys that are ours, each with what stands there.
TRADE = {"explanation": {"text"}, "protected_until": {"null", "moment"}, "reversed": {"flag"}}
CANCELLED = {"cancelled_items[].id": {"digits"}, "not_cancelled_items[].id": {"digits"},
             "not_cancelled_items[].reason": {"text"}, "not_cancelled_items[]": {"object"}}  # fmt: skip
PAGE = {f"metadata.{name}": {"number"} for name in ("limit", "offset", "total")} | {"metadata": {"object"}}
OURS: dict[str, dict[str, set[str]]] = {
    "POST /en/pay/PUBLIC_HASH | Create payment link": {"success": {"flag"}},
    "POST /api/v1/search_similar_items | Search for similar items": PAGE,
    "GET /api/v1/get_items_on_sale | Get items on sale": PAGE,
    "GET /api/v1/get_items_on_sale_filtered | Get items on sale (Filtered)": PAGE,
    "GET /api/v1/get_items_on_sale_filtered | Get my items on sale": PAGE,
    "GET /api/v1/get_steam_prices | Get steam prices": PAGE,
    "POST /api/v1/cancel_items | Cancel items from sale": CANCELLED,
    "POST /api/v1/list_buy_info_by_custom_id | Get operations by custom id": {
        f"data.*.{name}": words for name, words in TRADE.items()
    },
    "POST /api/v1/operations_history | Get operations history": {
        f"data[].{name}": words for name, words in TRADE.items()
    }
    | PAGE,
    "GET /api/v2/items | Grouping": PAGE,
    "DELETE /api/v2/offers | Cancel offers": CANCELLED,
    "GET /api/v2/operations | Operations": {f"data[].{name}": words for name, words in TRADE.items()},
    "GET /api/v2/operations | Grouping": {f"data.*.{name}": words for name, words in TRADE.items()}
    | PAGE
    | {"data.*.type": {"text"}},
}


def faults(name: str, shape: Shape, answer: Any) -> list[str]:
    """What an answer has otherwise than the example of this name."""
    return list(_faults(name, shape, answer, ""))


def _faults(name: str, shape: Shape, value: Any, path: str) -> Iterator[str]:
    if path in shape or not path:
        allowed = _allowed(name, shape, path)
    elif path in OURS.get(name, {}):
        allowed = OURS[name][path]
    else:
        yield f"{path} is neither the seed's nor named as ours"
        return
    if not any(is_word(value, one) for one in allowed):
        yield f"{path} is {value!r}, and must be {' or '.join(sorted(allowed))}"
    if isinstance(value, dict) and not is_keyed_by_data(value):
        yield from (f"{path}.{key} is missing" for key in _keys(shape, path) if key not in value)
    for place, inner in below(path, value):
        yield from _faults(name, shape, inner, place)


def _allowed(name: str, shape: Shape, path: str) -> set[str]:
    here = WHERE.get(name.partition(" | ")[0], {})
    for known in (here, CONTRACT):
        for place in ("items[].state", path.rpartition(".")[2]):
            if path.endswith(place) and place in known:
                return known[place]
    return set(shape.get(path, {"object"}))


def _keys(shape: Shape, path: str) -> set[str]:
    """The names that the example has below a place."""
    above = f"{path}." if path else ""
    names = {place.removeprefix(above) for place in shape if place.startswith(above)}
    return {name for name in names if re.fullmatch("[a-z_]+", name)}


def is_word(value: Any, wanted: str) -> bool:
    """Whether a value is what a word of the shape stands for."""
    if wanted == "false":
        return value is False
    if wanted == "number":
        return word(value) == "number" and bool(NUMBER.fullmatch(str(value)))
    if wanted == "text":
        return isinstance(value, str) and value != ""
    if wanted in FORMATS:
        return isinstance(value, str) and bool(FORMATS[wanted].fullmatch(value))
    if wanted in WORDS:
        return isinstance(value, str) and bool(WORDS[wanted].fullmatch(value))
    return word(value) == wanted if not isinstance(value, str) else value == wanted
