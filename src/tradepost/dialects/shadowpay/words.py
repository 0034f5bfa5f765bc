"""The API's words: a code for each refusal, and how numbers are written, in v1 and v2 alike."""

from datetime import datetime
from typing import Any

import msgspec

from tradepost.dialects.fields import ID_MAX, Id
from tradepost.market.telling import moment
from tradepost.rules import refusals
from tradepost.rules.money import write_shortest
from tradepost.rules.refusals import BuyerBanned, Malformed, NotFound, Refusal

# Each refusal's word is that of the nearest class it descends from.
CODES: dict[type[Refusal], str] = {
    Refusal: "wrong_params",
    refusals.Malformed: "validation_error",
    refusals.Conflicting: "wrong_params",
    refusals.KeyUsed: "custom_id_exist",
    refusals.NotFound: "no_item",
    refusals.Unauthenticated: "wrong_token",
    refusals.Forbidden: "no_access",
    refusals.BuyerBanned: "buyer_has_buy_items_ban",
    refusals.UnknownUser: "empty_user_data",
    refusals.TooLittleMoney: "need_sum",
    refusals.OwnItem: "trade_yourself",
    refusals.SellerOffline: "seller_offline_error",
    refusals.SellerSignedOut: "need_apikey",
    refusals.SellerTradeUrl: "invalid_trade_seller_link",
    refusals.NotInInventory: "no_item_in_inventory",
    refusals.BuyerTradeUrl: "invalid_tradelink",
    refusals.SteamUnavailable: "error_steam_or_bot",
    refusals.SwitchedOff: "disabled",
    refusals.BuyingOff: "buy_items_disabled",
    refusals.TooManyRequests: "disabled",
    refusals.UnknownRoute: "wrong_method",
}
INTERNAL_ERROR = "internal_error"


def word(refusal: Refusal) -> str:
    """The API's word for a refusal."""
    return next(CODES[kind] for kind in type(refusal).__mro__ if kind in CODES)


def refused(refusal: Refusal) -> dict[str, Any]:
    """A refusal in the API's words: the code for a program, the details for a person."""
    content = {"status": "error", "error_message": word(refusal)}
    details = str(refusal) if isinstance(refusal, Malformed) else refusal.sentence
    content["error_details"] = details if details.endswith((".", "!", "?")) else f"{details}."
    if isinstance(refusal, BuyerBanned):
        content |= {"ban_until": moment(refusal.until_at), "ban_reason": refusal.reason}
    return content


def number(cents: int) -> msgspec.Raw:
    """Cents as a JSON number in its shortest form: 16.8, 2."""
    return msgspec.Raw(write_shortest(cents).encode())


def within_ids(id_: Id) -> int:
    """An id as the database can hold it; of one above there is nothing."""
    if id_ > ID_MAX:
        raise NotFound
    return int(id_)


def maybe(at: datetime | None) -> str | None:
    """A moment as it is written, or null."""
    return None if at is None else moment(at)
