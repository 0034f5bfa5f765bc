"""What the readers must refuse: for each kind of parameter texts that are none, and the calls that take such a one.

Rows of the threat model, for both versions of the API. A call is written down with its form's names; the ways that
parameters can be passed, and how each spells a name back, are in `ways.py`.
"""

import dataclasses
from dataclasses import dataclass
from itertools import product

from dialects.shop import BUYER

# Numbers -----------------------------------------------------------------------------------------------------

SPACES = ["\t", "\n", "\r", "\v", "\f", "\x00", "\x1c", "\x85", "\xa0", "\u1680", "\u2003", "\u2028", "\u200b", "\u3000", "\ufeff", " "]  # fmt: skip
SIGNS = [
    "-",
    "+",
    "--",
    "+-",
    "\u2212",
    "\u2013",
    "\uff0d",
    "\u2795",
    "$",
    "€",
    "~",
    "#",
    "'",
    '"',
    "=",
    "<",
    "!",
    "(",
    "/",
    "\\",
]
EXPONENTS = ["e0", "E0", "e1", "e+1", "e-1", "E400", "e-400", "e", "d1", "p1", "^2", "*10", "x10", "i", "j", "f", "L", "n", "%", "\u00bd"]  # fmt: skip
SEPARATED = ["1_000", "1__0", "_1", "1_", "1,000", "1,00", "1.000,00", "1'000", "1 000", "1\u00a0000", "1\u202f000", "1;0", "1:0", "1/2", "1-2"]  # fmt: skip
SCRIPTS = ["１２", "１２.５0", "٣", "٣.١٤", "१२", "৩", "๓", "𝟏", "①", "Ⅷ", "²", "½", "¾", "一", "〇", "1０", "１.0", "1．5", "1。5", "1·5", "1٫5"]  # fmt: skip
BASES = ["0x1", "0X1F", "0b1", "0o7", "1h", "0x1p3", "0x", "&h1", "1e", "1E", "0e0", "0e1", "00", "00.10", "01", "007", "0001.00", "00.00"]  # fmt: skip
POINTS = [".5", "5.", ".", "..", "1..5", "1.5.5", "0.", ".0", "1.+5", "1.-5", "1. 5", "1 .5", ",5", "1,5"]
FINE = [
    "0.001",
    "0.005",
    "0.010",
    "1.000",
    "1.234",
    "0.0000001",
    "1.10000000000000000000001",
    "3.141592653589793",
    "19.999",
]
HUGE = [
    "10000000",
    "10000000.00",
    "99999999",
    "9999999999999999999999999999",
    "9" * 5000,
    "1" + "0" * 400,
    "1." + "0" * 5000,
]
WORDS = ["NaN", "nan", "-NaN", "sNaN", "NAN", "Infinity", "-Infinity", "inf", "-inf", "INF", "∞", "1e400", "-1e400", "1E-400",
         "null", "None", "true", "false", "undefined", "x", "one", "free", "[]", "{}", "[1]", "1=1", "' OR 1=1 --", "1; DROP TABLE offer",
         "%31", "&#49;", "\\u0031", "${1}", "{{1}}", "$(1)", "`1`", "1\x7f", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
         "\u202e1", "1\u202e", "1\u0301", "-0", "-0.00", "-1", "-0.01", "+1", "+0.5"]  # fmt: skip
NUMBERS = list(dict.fromkeys([
    *(space + "1" for space in SPACES), *("1" + space for space in SPACES), *("0.5" + space for space in SPACES),
    *(sign + number for sign, number in product(SIGNS, ("1", "0.50"))),
    *(number + exponent for number, exponent in product(("1", "2.5"), EXPONENTS)),
    *(start + number for start, number in product(("0", "00", "0x", "1_", "1e", "x", "\\x"), ("12", "0.5", "7", "3.14"))),
    *(number + end for number, end in product(("7", "3.14"), (" USD", "USD", "c", "€", "$", "k", "M", ";", "&", "?", "\n\n", "\t\n"))),
    *SEPARATED, *SCRIPTS, *BASES, *POINTS, *FINE, *HUGE, *WORDS,
]))  # fmt: skip
A_FEW_NUMBERS = ["NaN", "-1", "+1", "1e1", "1_0", "１", "1\n", " 1", "01", "0x1", "true", "9" * 5000]

# What JSON can say beside texts. First what is no number of ours, then what is not even JSON.
LEXEMES = ["-1", "-0", "-0.5", "1e2", "1E2", "1e400", "-1e400", "1E-400", "1e0", "0.001", "1.000", "19.999", "10000000", "9" * 5000,
           "1" + "0" * 400, "NaN", "Infinity", "-Infinity", "true", "false", "[]", "[1]", "{}", '{"a":1}', "[[1]]", '["1"]']  # fmt: skip
NOT_JSON = ["01", "+1", ".5", "5.", "0x1", "1_000", "１", "1e", "--1", "nan", "inf", "None", "True", "undefined", "'1'", "1,", "1 2", "[1", "{", "\\u0031", "/*1*/1"]  # fmt: skip

# Texts -------------------------------------------------------------------------------------------------------

CONTROLS = ["a\x00b", "\x00", "a\nb", "a\r\nb", "\t", "a\x1bb", "a\x7f", "a\x80b", "a\x85b", "a\x9f"]
INVALID_UTF8 = [b"%FF", b"a%FFb", b"%C0%80", b"%C3", b"%E2%98", b"%ED%A0%80", b"%ED%B0%80", b"%F4%90%80%80", b"%F8%88%80%80%80", b"%80", b"\xff", b"\xc3"]  # fmt: skip
STEAMIDS = [*A_FEW_NUMBERS, "0", "7656119806492987", "765611980649298740", "86561198064929874", "7656119806492987a", "７6561198064929874", "76561198064929874\n",
            " 76561198064929874", "76561198064929874.0", "7.6561198064929874e16", "STEAM_0:0:52332073", "[U:1:104664146]", "76561190000000000", "0x110000106"]  # fmt: skip
IDS = [
    *A_FEW_NUMBERS,
    "0",
    "1.0",
    "1.5",
    "9" * 20,
    "00",
    "-9223372036854775808",
    "1e18",
    "0b1",
    "' OR 1=1 --",
    "../1",
    "1;2",
]

BAD: dict[str, list[str]] = {
    "price": [*NUMBERS, "0", "0.0", "0.00"],
    "bound": NUMBERS,
    "id": IDS,
    "steamid": STEAMIDS,
    "trade_token": ["abcde", "x" * 17, "abc def", "abcdeé", "abcdef!", "abcdef\u200b", "zPvo+jv3", "../../x", "ａｂｃｄｅｆ"],
    "custom_id": ["a,b", ",", "x" * 65, "é" * 65, *CONTROLS],
    "custom_ids": ["x" * 65, "é" * 65, *CONTROLS],
    "project": ["CSGO", "csgo ", " csgo", "730", "half-life", "csgo,dota2", "сsgo", "csgo;dota2", "%"],
    "projects": ["CSGO", "730", "csgo;dota2", "csgo,730", "сsgo", "%"],
    "currency": ["usd", "BTC", "USDT", "US", "$", "USD ", "EUR,USD"],
    "limit": ["0", "-1", "+1", "01", "1.5", "1e3", "ten", "１", " 5", "5\n", "0x5", "NaN", "1_0"],
    "offset": ["-1", "+1", "01", "1.5", "1e3", "ten", "１", " 5", "5\n", "9" * 19, "9" * 5000, "NaN"],
    "moment": ["yesterday", "now", "-1", "1.5", "1e9", "999999999999", "9" * 5000, "2020-13-01", "2020-02-30", "2021-02-29", "2020-1-1", "0000-01-01",
               "2020-01-01T00:00:00", "2020-01-01 24:00:00", "2020-01-01 00:60:00", "2020-01-01 00:00:60", "2020-01-01 00:00:00Z", "2020-01-01 00:00",
               "２020-01-01", "2020-01-01\n", "01/02/2020", "NaN", "infinity", "epoch"],
    "float": ["-0.1", "NaN", "inf", "1e5", ".5", "0,5", "0.07 ", "1e-400", "99999", "０.1", "0x1p3", "a-b"],
    "whole": ["-1", "01", "1.0", "9999999999", "x", "１", "1_0"],
    "flag": ["yes", "2", "True", "on", "-1", "TRUE"],
    "order": ["up", "ASC", "asc;", "asc, id desc", "desc--", "asc\n"],
    "column": ["price;drop table offer", "price desc", "1", "PRICE", "id,price", "(select 1)", "price_cents", "secret", "price\x00"],
    "group": ["price", "state", "1", "steam_market_hash_name,price", "custom_id desc"],
    "name": ["x" * 301, *CONTROLS],
    "search": ["x" * 201, "x" * 100_000, *CONTROLS],
    "states": ["sleeping", "ACTIVE", "active finished", "created"],
    "url": ["x" * 5_000, *CONTROLS],
    "code": ["x" * 41, "1" * 5_000, *CONTROLS],
    "event": ["x", "1", "-1", "1-", "-", "1-2-3", "１-2", "1-2\n", "9" * 5000, "1.5-2", "0x1-2"],
    "type": ["steal", "BUY", "buy,sell"],
    "order_id": ["a b", "a/b", "é", "x" * 65, "x" * 10_000, "１", "a=b", *CONTROLS],
}  # fmt: skip


# Who takes what ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taker:
    """A call that has a parameter of some kind, and the parameters that it needs besides."""

    version: str
    method: str  # as documented; v1 takes GET and POST for any call
    path: str
    field: str
    kind: str
    others: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """The call and its parameter."""
        return f"{self.version} {self.method} {self.path} {self.field}"


def takers(
    version: str, method: str, path: str, fields: dict[str, str], others: dict[str, str]
) -> list[Taker]:
    """A taker for each parameter of a call; the rest of them stand beside it, well formed."""
    return [
        Taker(version, method, path, name, kind, {one: text for one, text in others.items() if one != name})
        for name, kind in fields.items()
    ]


BUY = {"id": "77", "steamid": BUYER, "trade_token": "abcdef"}
ROW = {"steamid": BUYER, "offers[0][id]": "77", "offers[0][price]": "1"}
NEW_ROW = {**ROW, "offers[0][project]": "csgo"}
REPRICE = {"steamid": BUYER, "price": "1"}
NAMED = {"steam_market_hash_name": "x"}
PAGED = {"limit": "limit", "offset": "offset"}

TAKERS = [
    # v1
    *takers("v1", "POST", "inventory", {"steamid": "steamid", "game": "project"}, {"steamid": BUYER, "game": "csgo"}),
    *takers("v1", "POST", "search_item", {"steam_market_hash_name": "name", "project": "project"}, {"steam_market_hash_name": "x"}),
    *takers("v1", "POST", "search_items_by_list_names",
            {"steam_market_hash_name[1]": "name", "project": "project", "from": "moment", "to": "moment"}, {}),
    *takers("v1", "POST", "search_similar_items", {"price_from": "bound", "price_to": "bound", "project": "project", "limit": "limit"}, {}),
    *takers("v1", "GET", "get_items_on_sale", {"project": "project", **PAGED}, {}),
    *takers("v1", "GET", "get_items_on_sale_filtered",
            {"project": "project", "search": "search", "price_from": "bound", "price_to": "bound", "float": "float",
             "sort": "order", "sort_column": "column", "steamid": "steamid", **PAGED}, {}),
    *takers("v1", "GET", "get_steam_prices", {"project": "project", **PAGED}, {"project": "csgo"}),
    *takers("v1", "GET", "get_item_by_id", {"id": "id"}, {}),
    *takers("v1", "POST", "buy_item",
            {"id": "id", "price": "price", "custom_id": "custom_id", "steamid": "steamid", "trade_token": "trade_token"}, BUY),
    *takers("v1", "POST", "sell_items",
            {"steamid": "steamid", "offers[0][id]": "id", "offers[0][project]": "project", "offers[0][price]": "price"}, NEW_ROW),
    *takers("v1", "POST", "cancel_items", {"steamid": "steamid", "items[0][id]": "id"}, {"steamid": BUYER, "items[0][id]": "1"}),
    *takers("v1", "POST", "change_item_price",
            {"steamid": "steamid", "id": "id", "price": "price", "currency": "currency"}, {**REPRICE, "id": "77"}),
    *takers("v1", "POST", "list_buy_info_by_custom_id", {"custom_id": "custom_ids"}, {}),
    # v2
    *takers("v2", "GET", "account/inventory", {"steamid": "steamid", "project": "project"}, {"steamid": BUYER, "project": "csgo"}),
    *takers("v2", "GET", "items",
            {"project": "project", "steam_market_hash_name[0]": "name", "search": "search", "price_from": "bound",
             "price_to": "bound", "date_from": "moment", "date_to": "moment", "sort_column": "column", "sort_dir": "order",
             "sort": "order", "group_by": "group", "float_from": "float", "float_to": "float", "paintseed": "whole",
             "paintindex": "whole", "exteriors[7]": "name", "rarities": "name", "types[]": "name", "is_stattrak": "flag", **PAGED}, {}),
    *takers("v2", "GET", "steam_items",
            {"project": "project", "steam_market_hash_name": "name", "search": "search", "sort_column": "column",
             "sort_dir": "order", **PAGED}, {}),
    *takers("v2", "POST", "buy",
            {"id": "id", "price": "price", "custom_id": "custom_id", "steamid": "steamid", "trade_token": "trade_token"}, BUY),
    *takers("v2", "POST", "offers",
            {"steamid": "steamid", "offers[0][id]": "id", "offers[0][project]": "project", "offers[0][price]": "price",
             "offers[0][currency]": "currency"}, NEW_ROW),
    *takers("v2", "GET", "offers", {"steamid": "steamid", "sort_column": "column", "sort_dir": "order", **PAGED}, {}),
    *takers("v2", "DELETE", "offers", {"steamid": "steamid", "item_ids[3]": "id"}, {"steamid": BUYER, "item_ids[3]": "1"}),
    *takers("v2", "PATCH", "offers",
            {"steamid": "steamid", "offers[0][id]": "id", "offers[0][price]": "price", "offers[0][currency]": "currency"}, ROW),
    *takers("v2", "PATCH", "offers/77", {"steamid": "steamid", "price": "price", "currency": "currency"}, REPRICE),
    *takers("v2", "GET", "operations",
            {"states": "states", "custom_ids": "custom_ids", "date_from": "moment", "date_to": "moment",
             "sort_column": "column", "sort_dir": "order", "group_by": "group", "type": "type", **PAGED}, {}),
    # What goes beyond the seed, and the second names of what is above.
    *takers("v1", "POST", "inventory", {"project": "project"}, {"steamid": BUYER, "project": "csgo"}),
    *takers("v1", "POST", "search_item", {"game": "project"}, NAMED),
    *takers("v1", "POST", "search_items_by_list_names", {"game": "project"}, {}),
    *takers("v1", "POST", "search_similar_items", {"game": "project", "offset": "offset"}, {}),
    *takers("v1", "GET", "get_items_on_sale", {"game": "project"}, {}),
    *takers("v1", "GET", "get_items_on_sale_filtered", {"game": "project", "sort_dir": "order"}, {}),
    *takers("v1", "GET", "get_my_items_on_sale",
            {"project": "project", "game": "project", "search": "search", "price_from": "bound", "price_to": "bound",
             "float": "float", "sort": "order", "sort_dir": "order", "sort_column": "column", "steamid": "steamid", **PAGED}, {}),
    *takers("v1", "GET", "get_steam_prices", {"game": "project"}, {"game": "csgo"}),
    *takers("v1", "POST", "sell_items", {"offers[0][currency]": "currency"}, NEW_ROW),
    *takers("v1", "POST", "sell_items", {"offers[0][game]": "project"}, {**ROW, "offers[0][game]": "csgo"}),
    *takers("v1", "POST", "operations_history", PAGED, {}),
    *takers("v2", "GET", "account/inventory", {"game": "project"}, {"steamid": BUYER, "game": "csgo"}),
    *takers("v2", "GET", "items", {"game": "project"}, {}),
    *takers("v2", "GET", "steam_items", {"game": "project", "sort": "order"}, {}),
    *takers("v2", "GET", "offers", {"sort": "order"}, {}),
    *takers("v2", "GET", "operations", {"sort": "order"}, {}),
    *takers("v2", "POST", "offers", {"offers[0][game]": "project"}, {**ROW, "offers[0][game]": "csgo"}),
    *takers("v2", "GET", "prices",
            {"project": "project", "game": "project", "steam_market_hash_name[]": "name", "search": "search", **PAGED}, {}),
    *takers("v2", "GET", "sales_history",
            {"steam_market_hash_name": "name", "project": "project", "game": "project", "date_from": "moment",
             "date_to": "moment", "group_by": "group", "limit": "limit"}, NAMED),
    *takers("v2", "GET", "notices",
            {"ids": "id", "kinds": "type", "order_ids": "order_id", "order_id": "order_id", "payment_ids": "id", "states": "states",
             "types": "type", "date_from": "moment", "date_to": "moment", **PAGED}, {}),
    *takers("v2", "GET", "payments",
            {"ids": "id", "order_ids": "order_id", "order_id": "order_id", "states": "states", "steamid": "steamid", "date_from": "moment",
             "date_to": "moment", **PAGED}, {}),
    *takers("v2", "PUT", "webhook", {"url": "url", "events": "type", "rotate_secret": "flag", "code": "code"}, {"url": "https://shop.example/"}),
    *takers("v2", "DELETE", "webhook", {"code": "code"}, {}),
    *takers("v2", "GET", "stream",
            {"project": "projects", "game": "projects", "events": "type", "steam_market_hash_name": "name",
             "last_event_id": "event"}, {}),
]  # fmt: skip
