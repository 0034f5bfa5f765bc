"""What each parameter means, in a sentence: by its name, unless a struct means something of its own by it."""

import msgspec

from tradepost.dialects.openapi.operator_sentences import OF_OPERATOR_STRUCTS, OF_OPERATORS
from tradepost.dialects.openapi.user_sentences import OF_USER_STRUCTS, OF_USERS

USERS, OPERATORS = (
    "tradepost.dialects.user_api.",
    "tradepost.dialects.operator_api.",
)  # whose structs mean something else by many a name

SENTENCES: dict[str, str] = {
    # whose, and of which game
    "steamid": "The SteamID64 of your user.",
    "project": "The game.",
    "game": "The game.",
    # items on sale
    "steam_market_hash_name": "Only these names, each matched whole.",
    "search": "Only names that contain this text, in any case; `%` and `_` are letters like others.",
    "price_from": "Only what costs at least this, in USD.",
    "price_to": "Only what costs at most this, in USD; without it there is no limit.",
    "date_from": "Only what is of this moment or later; UTC.",
    "date_to": "Only what is of this moment or earlier; of a date, the whole day; UTC.",
    "from": "Only what was put on sale at this moment or later; UTC.",
    "to": "Only what was put on sale at this moment or earlier; of a date, the whole day; UTC.",
    "float": "Only this wear, or wears from one value to another.",
    "float_from": "Only wears of at least this.",
    "float_to": "Only wears of at most this.",
    "paintseed": "Only this paint seed.",
    "paintindex": "Only this paint index.",
    "exteriors": "Only these exteriors, such as `Field-Tested`.",
    "rarities": "Only these rarities, such as `Mil-Spec`.",
    "types": "Only these types, such as `Pistol`.",
    "is_stattrak": "Only items with a StatTrak counter, or only those without.",
    "mine": "1 for your own offers instead of everybody's.",
    # pages
    "sort_column": "What the rows are sorted by.",
    "sort_dir": "Upwards or downwards.",
    "sort": "Upwards or downwards.",
    "limit": "How many rows at most; one above what the call gives is lowered, and `metadata` has the one used.",
    "offset": "How many rows lie before the page.",
    "group_by": "Answers an object with one row for each value of this column.",
    # buying and selling
    "id": "The offer's id.",
    "price": "The price, in `currency`.",
    "currency": "The currency of the price; it becomes USD at the rate of the moment, rounded down.",
    "trade_token": "The token of the receiver's trade URL, what stands behind `token=`.",
    "custom_id": "Your own name for the purchase, used once: a repeat of the same request buys nothing more.",
    "offers": "The offers.",
    "items": "The offers.",
    "item_ids": "The ids of the offers.",
    # notices
    "url": "Where notices are sent: an https address.",
    "events": "Of what notices tell; without it of everything that becomes of your trades.",
    "code": "Where your account has a second factor: six digits of your program for codes, or a recovery code.",
    "rotate_secret": "1 for a new secret; the old one signs as well for 24 hours.",
    "ids": "Only the notices with these ids.",
    # the stream
    "last_event_id": "The id of the last event that you have: what came after it is told first. The header `Last-Event-ID` goes before it.",
    # operations
    "type": "Only what you bought, or only what you sold.",
    "states": "Only trades in these states.",
    "custom_ids": "Only purchases with these custom ids.",
}

OF_STRUCTS: dict[str, dict[str, str]] = {
    "BuyAsked": {
        "steamid": "The SteamID64 of the user who receives the item.",
        "price": "The most that you will pay, in USD: if the item is dearer, nothing is bought.",
    },
    "BoughtAsked": {"custom_id": "The custom ids of the purchases."},
    "LinkAsked": {
        "account": "The number that your user has at your site; it comes back in each IPN as you sent it.",
        "order_id": "Your own name for this order: one order is one payment, however often you ask.",
        "security_steam_id": "The SteamID64 of your user, who alone can pay with the link.",
        "currency": "What your order is in: USD.",
        "signature": "SHA-256 over `order_id`, `amount`, `currency` and your secret hash, run together as they are sent.",
        "steam_trade_token": "The token of your user's trade URL, if you know it: what stands behind `token=`.",
        "amount": "What you would like to be paid, in USD: it is shown and preselects skins, but neither limits nor completes a payment.",
        "signature_v2": "HMAC-SHA256 over all other parameters, as sorted lines of `key=value`; needed where you demand it in your settings.",
    },
    "PaymentsAsked": {
        "ids": "Only the payments with these ids.",
        "order_ids": "Only the payments of these orders of yours.",
        "states": "Only payments in these states.",
        "steamid": "Only the payments of this user of yours.",
        "date_from": "Only payments that were made at this moment or later; UTC.",
        "date_to": "Only payments that were made at this moment or earlier; of a date, the whole day; UTC.",
    },
    "PaymentAsked": {"id": "The payment's id."},
    "NoticesAsked": {
        "kinds": "Only webhooks, or only the IPNs of payments.",
        "order_ids": "Only those of the payments of these orders of yours.",
        "payment_ids": "Only those of these payments.",
        "states": "Only notices in these states.",
        "types": "Only notices of these types.",
    },
    "NoticeAsked": {"id": "The notice's id."},
    "StreamAsked": {
        "project": "Only offers of these games.",
        "events": "Only these events; without it all.",
        "steam_market_hash_name": "Only offers of these names, each matched whole.",
    },
    "SalesAsked": {
        "steam_market_hash_name": "The name, matched whole.",
        "date_from": "Only sales of this moment or later; without it those of the last 90 days; UTC.",
        "group_by": "One row a day, or one row a sale.",
        "limit": "How many sales at most, with `group_by=sale`.",
    },
    "NameAsked": {"steam_market_hash_name": "The name, matched whole."},
    "NewOffer": {"id": "The asset's id on Steam."},
    "OffersAsked": {"steamid": "Only the offers of this user of yours."},
    "MineAsked": {"steamid": "Only the offers of this user of yours."},
    "FilteredAsked": {
        "steamid": "With it you get your own offers, those of this user, instead of everybody's."
    },
}


# Of the agent API, whose structs have no other place for it.
OF_AGENT: dict[str, str] = {
    "accepted": "Whether it counts.",
    "amount": "How many of it: always one.",
    "appid": "The game's app on Steam.",
    "assetid": "The item's id in the seller's inventory.",
    "axis": "`offer` where `code` is an ETradeOfferState of Steam's, `history` where it is an ETradeStatus.",
    "blocking": "The word for why the session is no good.",
    "capabilities": "What this program can do.",
    "cause": "Why the directive came to nothing, in a word.",
    "code": "Steam's own code, as it gave it.",
    "contextid": "The context of the inventory.",
    "device_id": "The program's own name for its device, the same as when it was paired.",
    "directive_id": "The directive that this answers.",
    "eresult": "Steam's own result, where it gave one.",
    "error": "Why the directive came to nothing.",
    "events": "What was seen, each taken or refused by itself.",
    "expires_at": "Until when the session is good.",
    "http_status": "The HTTP status that Steam answered.",
    "items": "What goes from the seller to the buyer.",
    "message": "The text of the Steam offer.",
    "new_assetid": "The item's id in the buyer's inventory.",
    "new_contextid": "The context that it is in there.",
    "observed_at": "When it was seen.",
    "ok": "Whether offers can be sent.",
    "partner_steamid": "The SteamID64 of the other side.",
    "platform": "What the program runs on.",
    "present_assetids": "Every item that is there.",
    "results": "What came of directives, each taken or refused by itself.",
    "retry_seconds": "After how many seconds it wants to be asked again.",
    "rollback_trade": "The trade on Steam that took this one back.",
    "scan_complete": "Whether the whole inventory was read; only then is something known to be missing.",
    "session": "How the Steam session is; never the session itself.",
    "status": "What came of it.",
    "steam_tradeid": "The number of the exchange on Steam.",
    "steam_tradeofferid": "The number of the offer on Steam.",
    "steamid": "Whose Steam session the program has.",
    "text": "What else there is to say, for a person.",
    "time_mod": "When Steam last changed the exchange.",
    "time_settlement": "When Steam can no longer reverse it.",
    "trade_id": "The market's number of the trade.",
    "version": "The program's version.",
}
PAIRING_CODE = "The pairing code, which its user was given."


def sentence_of(kind: type[msgspec.Struct], name: str) -> str:
    """What a struct means by a parameter; nothing for one that nobody described, which a test finds."""
    if kind.__module__.startswith(USERS):
        return OF_USER_STRUCTS.get(kind.__name__, {}).get(name) or OF_USERS.get(name, "")
    if kind.__module__.startswith(OPERATORS):
        return OF_OPERATOR_STRUCTS.get(kind.__name__, {}).get(name) or OF_OPERATORS.get(name, "")
    return OF_STRUCTS.get(kind.__name__, {}).get(name) or SENTENCES.get(name, "")
