"""Code to paste: what the sandbox's console does, and what a merchant's program calls most, in three languages.

The token stays a word to be replaced: the page's script puts in what is typed there, and nothing of it is ever sent.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from tradepost.dialects.openapi.snippets import Request, curl, php, python
from tradepost.market.simulated import FAULTS, HOLD_DAYS, OFFLINE

TOKEN = "YOUR_TOKEN"  # noqa: S105 - what is to be replaced by one
Language = Literal["curl", "php", "python"]
LANGUAGES: Mapping[Language, tuple[str, Callable[[Request], str]]] = {
    "curl": ("curl", curl),
    "php": ("PHP", php),
    "python": ("Python", python),
}


class Sample(NamedTuple):
    """A call: its name on the page, what it does, and its code."""

    name: str
    about: str
    code: str


class _Call(NamedTuple):
    about: str
    method: str
    path: str
    values: Mapping[str, Any]


_API: Mapping[str, _Call] = {
    "balance": _Call("What your wallet has", "GET", "/account/balance", {}),
    "items": _Call("What is on sale", "GET", "/items", {"project": "csgo", "search": "AK-47", "sort_column": "price", "sort_dir": "asc", "limit": 3}),
    "buy": _Call("Buy an offer; the same custom_id twice is one purchase", "POST", "/buy",
                 {"id": 1, "steamid": "76561198000000001", "trade_token": "abcdefgh", "price": "3.14", "custom_id": "order-1"}),
    "operations": _Call("What became of a purchase", "GET", "/operations", {"custom_ids": "order-1"}),
    "offers": _Call("What you have on sale", "GET", "/offers", {"limit": 10}),
    "notices": _Call("What your site was told, with every attempt", "GET", "/notices", {"limit": 10}),
}  # fmt: skip
_CLOCK: Mapping[str, _Call] = {
    "clock": _Call("Read the clock", "GET", "/sandbox/clock", {}),
    "hour": _Call("An hour passes", "POST", "/sandbox/clock", {"advance_seconds": 3_600}),
    "week": _Call("Seven days pass", "POST", "/sandbox/clock", {"advance_seconds": 604_800}),
}
_STEAM: Mapping[str, _Call] = {
    **{name: _Call("", "POST", "/faults", dict(order)) for name, order in FAULTS.items()},
    "offline": _Call("A seller's program cannot reach Steam", "POST", "/faults",
                     {**OFFLINE, "steamid": "76561198000000001"}),
    "mend": _Call("End all faults", "DELETE", "/faults", {}),
    "accept": _Call("The buyer accepts a Steam offer", "POST", "/offers/OFFER_ID/accept", {}),
    "decline": _Call("He declines it", "POST", "/offers/OFFER_ID/decline", {}),
    "reverse": _Call("A trade is taken back", "POST", "/trades/STEAM_TRADE_ID/reverse", {"ban": False}),
    "escrow": _Call("Steam holds what a buyer trades", "POST", "/users/76561198000000001", {"hold_days": HOLD_DAYS}),
}  # fmt: skip


def samples(
    base_url: str, control_url: str, faults: Mapping[str, str], language: Language
) -> Mapping[str, list[Sample]]:
    """The code of each call, in groups; `faults` are the names that the page gives to Steam's."""
    write = LANGUAGES[language][1]

    def made(calls: Mapping[str, _Call], base: str, header: str) -> list[Sample]:
        return [
            Sample(name, call.about or faults[name], _plain(write(_request(call, base, header))))
            for name, call in calls.items()
        ]

    return {
        "Your program's calls": made(_API, f"{base_url}/api/v2", f"Token: {TOKEN}"),
        "The clock": made(_CLOCK, base_url, ""),
        "Steam": made(_STEAM, f"{control_url}/_sim", "") if control_url else [],
    }


def _plain(code: str) -> str:
    """The code, whose token is a text and no variable."""
    return code.replace(f'f"{TOKEN}"', f'"{TOKEN}"')


def _request(call: _Call, base: str, header: str) -> Request:
    url = f"{base}{call.path}"
    if call.method == "GET":
        return Request(call.method, url, header, call.values)
    return Request(call.method, url, header, {}, call.values or None)
