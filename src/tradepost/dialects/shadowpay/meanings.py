"""What each of the API's error codes means and what to do about it: documents and pages are made from this table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """Why a call is refused with a code, and what a caller does then."""

    cause: str
    remedy: str


MEANINGS: dict[str, Meaning] = {
    "validation_error": Meaning(
        "A value is missing or cannot be read; `error_details` names the field. With HTTP 413 more was sent than is read.",
        "Correct the field that is named; the same request fails again.",
    ),
    "wrong_params": Meaning(
        "Each value can be read, but together they cannot be done: two different tokens, the same item twice, an item dearer than `price`, a price outside of the item's bounds, a signature that does not fit, an order that was asked for with other parameters.",
        "Read `error_details`, which says what does not fit, and ask for something else.",
    ),
    "wrong_token": Meaning(
        "The token is missing, unknown, revoked or expired.",
        "Send the token in the header `Token`; if it was revoked, ask the operator for another.",
    ),
    "no_access": Meaning(
        "The token lacks the scope, or may not be used from this address or in a URL; the user has given you no grant, his Steam inventory is private, or he is banned from selling.",
        "Use a token with the scope that `error_details` names, ask the user for his grant, or let him make his inventory public.",
    ),
    "buyer_has_buy_items_ban": Meaning(
        "The receiver declined trades or let them expire too often; `ban_until` and `ban_reason` say more.",
        "Tell the user until when he cannot buy; a repeat before `ban_until` fails again.",
    ),
    "no_item": Meaning(
        "There is no such item: it was sold, taken off sale, never existed, or is somebody else's. Of a link: no merchant has this public hash.",
        "Choose another item; lists of items on sale are up to date within milliseconds. Of a link: compare the public hash with the one that you were given.",
    ),
    "wrong_method": Meaning(
        "There is no such call, or it wants another HTTP method.",
        "Compare path and method with the table of calls.",
    ),
    "empty_user_data": Meaning(
        "The receiver never signed in here, nor was he named by a payment or an operator; or Steam knows nobody with this steamid.",
        "Let the user sign in once with Steam, then repeat the call.",
    ),
    "need_sum": Meaning(
        "Deposit and balance together are less than the price.",
        "Top up the deposit, then repeat the call.",
    ),
    "custom_id_exist": Meaning(
        "The `custom_id` or `Idempotency-Key` already stands for another request.",
        "Use a new one for a new request; repeat the old one only with exactly the same parameters.",
    ),
    "seller_offline_error": Meaning(
        "The seller's program has not been heard of lately, so nobody could send the item, or the seller is on holiday.",
        "Choose another offer of the same name, or try again later.",
    ),
    "need_apikey": Meaning(
        "The seller's program runs, but Steam wants the seller to sign in again.",
        "Choose another offer of the same name, or try again later.",
    ),
    "invalid_trade_seller_link": Meaning(
        "The seller has no trade URL on file, or Steam refused it.",
        "Choose another offer of the same name.",
    ),
    "no_item_in_inventory": Meaning(
        "The item was not in the seller's inventory when it was last read, or that is too long ago.",
        "Choose another offer of the same name, or try again later.",
    ),
    "trade_yourself": Meaning(
        "The receiver is the seller, or the item is on sale for your own account, and the operator does not let your steamids trade with each other.",
        "Choose an offer of somebody else.",
    ),
    "invalid_tradelink": Meaning(
        "The `trade_token` cannot work, or Steam holds this buyer's trades.",
        "Ask the user for his present trade URL and send the token in it.",
    ),
    "error_steam_or_bot": Meaning(
        "Steam gave no usable answer when it had to be asked.",
        "Try again in a minute; nothing was done.",
    ),
    "buy_items_disabled": Meaning(
        "The operator has switched off buying for now.",
        "Try again later; everything but buying goes on.",
    ),
    "disabled": Meaning(
        "Too many requests, or too many wrong tokens or signatures from your address; the operator has switched off the API; or our database is away.",
        "Wait as long as the header `Retry-After` says; after a write, repeat it with the same `custom_id` or `Idempotency-Key`.",
    ),
    "internal_error": Meaning(
        "A fault of ours, which is in our log under the `X-Request-Id` of the answer.",
        "Tell the operator that id; after a write, look before you repeat it.",
    ),
}
