"""Code to paste: what the sandbox's console does, and what a merchant's program calls most, in three languages.

Each sample is a program that runs as it stands, and prints what it is answered. What the market knows of who looks at
it is filled in: his steamid, an offer that he can buy, his newest trades. The token stays a word to be replaced: the
page's script puts in what is typed there, and nothing of it is ever sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from tradepost.dialects.openapi.snippets import Request, curl, php, python
from tradepost.market.shelf import ShelfOffer
from tradepost.market.simulated import FAULTS, HOLD_DAYS, OFFLINE
from tradepost.market.trade_view import TradeView
from tradepost.market.users import Account
from tradepost.rules.money import write_cents
from tradepost.rules.trade import State

TOKEN = "YOUR_TOKEN"  # noqa: S105 - what is to be replaced by one
ID, OFFER, TRADE, TRADE_TOKEN = (
    "ITEM_ID",
    "OFFER_ID",
    "STEAM_TRADE_ID",
    "TRADE_TOKEN",
)  # where there is none yet
Language = Literal["curl", "php", "python"]


def _php(asked: Request) -> str:
    return f"<?php\n{php(asked)}\nprint_r($answer);"


def _python(asked: Request) -> str:
    # The token is a text here and no variable.
    return f"{python(asked)}\nprint(answer)".replace(f'f"{TOKEN}"', f'"{TOKEN}"')


LANGUAGES: Mapping[Language, tuple[str, Callable[[Request], str]]] = {
    "curl": ("curl", curl),
    "php": ("PHP", _php),
    "python": ("Python", _python),
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


@dataclass(frozen=True, slots=True)
class Own:
    """What the samples are filled in with: who looks at them, what he can buy, and his newest trades, the newest first."""

    account: Account
    cheapest: ShelfOffer | None
    trades: Sequence[TradeView]

    @property
    def purchase(self) -> Mapping[str, Any]:
        """What a purchase is asked with."""
        offer = self.cheapest
        return {
            "id": offer.id if offer else ID,
            "steamid": self.account.steamid,
            "trade_token": self.account.trade_token or TRADE_TOKEN,
            "price": write_cents(offer.price_cents if offer else 100),
            "custom_id": f"order-{offer.id if offer else 1}",
        }

    @property
    def custom_id(self) -> str:
        """By what his newest purchase is found, or the one that the samples make."""
        made = (one.trade.custom_id for one in self.trades if one.trade.buyer_id == self.account.id)
        return next(filter(None, made), None) or str(self.purchase["custom_id"])

    @property
    def steam_offer(self) -> str:
        """A Steam offer that waits for its answer, or the newest that there was."""
        return self._first(lambda one: one.trade.steam_tradeofferid, State.SENT) or OFFER

    @property
    def steam_trade(self) -> str:
        """A trade on Steam that can be taken back, or the newest that there was."""
        return self._first(lambda one: one.trade.steam_tradeid, State.PROTECTED) or TRADE

    @property
    def seller_steamid(self) -> str:
        """Whose program sends his newest trade; his own where there is none."""
        return next((one.seller_steamid for one in self.trades), self.account.steamid)

    @property
    def buyer_steamid(self) -> str:
        """Who gets the items of his newest trade; he himself where there is none."""
        return next((one.trade.buyer_steamid for one in self.trades), self.account.steamid)

    def _first(self, read: Callable[[TradeView], str | None], best: State) -> str | None:
        found = [one for one in self.trades if read(one)]
        found.sort(key=lambda one: one.trade.state is not best)
        return read(found[0]) if found else None


def _api(own: Own) -> Mapping[str, _Call]:
    buy = "Buy an offer; the same custom_id twice is one purchase"
    if own.cheapest is None:
        buy += f"; {ID} is the id of one on sale"
    if not own.account.trade_token:
        buy += f"; {TRADE_TOKEN} is the end of the buyer's trade URL"
    return {
        "balance": _Call("What your wallet has", "GET", "/account/balance", {}),
        "items": _Call("What is on sale", "GET", "/items", {"project": "csgo", "search": "AK-47", "sort_column": "price", "sort_dir": "asc", "limit": 3}),
        "buy": _Call(buy, "POST", "/buy", own.purchase),
        "operations": _Call("What became of a purchase", "GET", "/operations", {"custom_ids": own.custom_id}),
        "offers": _Call("What you have on sale", "GET", "/offers", {"limit": 10}),
        "notices": _Call("What your site was told, with every attempt", "GET", "/notices", {"limit": 10}),
    }  # fmt: skip


_CLOCK: Mapping[str, _Call] = {
    "clock": _Call("Read the clock", "GET", "/sandbox/clock", {}),
    "hour": _Call("An hour passes", "POST", "/sandbox/clock", {"advance_seconds": 3_600}),
    "week": _Call("Seven days pass", "POST", "/sandbox/clock", {"advance_seconds": 604_800}),
}


def _steam(own: Own) -> Mapping[str, _Call]:
    offer, trade = own.steam_offer, own.steam_trade
    of_offer = f"Steam offer {offer}" if offer != OFFER else f"a Steam offer, {OFFER}"
    of_trade = f"Trade {trade} of Steam" if trade != TRADE else f"A trade of Steam, {TRADE},"
    return {
        **{name: _Call("", "POST", "/faults", dict(order)) for name, order in FAULTS.items()},
        "offline": _Call("A seller's program cannot reach Steam", "POST", "/faults",
                         {**OFFLINE, "steamid": own.seller_steamid}),
        "mend": _Call("End all faults", "DELETE", "/faults", {}),
        "accept": _Call(f"The buyer accepts {of_offer}", "POST", f"/offers/{offer}/accept", {}),
        "decline": _Call("He declines it", "POST", f"/offers/{offer}/decline", {}),
        "reverse": _Call(f"{of_trade} is taken back", "POST", f"/trades/{trade}/reverse", {"ban": False}),
        "escrow": _Call("Steam holds what a buyer trades", "POST", f"/users/{own.buyer_steamid}", {"hold_days": HOLD_DAYS}),
    }  # fmt: skip


def samples(
    base_url: str, control_url: str, faults: Mapping[str, str], own: Own, language: Language
) -> Mapping[str, list[Sample]]:
    """The code of each call, in groups; `faults` are the names that the page gives to Steam's."""
    write = LANGUAGES[language][1]

    def made(calls: Mapping[str, _Call], base: str, header: str) -> list[Sample]:
        return [
            Sample(name, call.about or faults[name], write(_request(call, base, header)))
            for name, call in calls.items()
        ]

    return {
        "Your program's calls": made(_api(own), f"{base_url}/api/v2", f"Token: {TOKEN}"),
        "The clock": made(_CLOCK, base_url, ""),
        "Steam": made(_steam(own), f"{control_url}/_sim", "") if control_url else [],
    }


def _request(call: _Call, base: str, header: str) -> Request:
    url = f"{base}{call.path}"
    if call.method == "GET":
        return Request(call.method, url, header, call.values)
    return Request(call.method, url, header, {}, call.values or None)
