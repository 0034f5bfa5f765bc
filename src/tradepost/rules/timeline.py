"""The time line of a trade in words: what happened, and whose word it is."""

from collections.abc import Mapping
from typing import Any

from tradepost.rules.machine import ACCEPTED, ACTIVE, IN_ESCROW, NEEDS_CONFIRMATION, REVERTED
from tradepost.rules.trade import State

_CODES: dict[int, str] = {
    ACTIVE: "The Steam offer waits for the buyer.",
    ACCEPTED: "The buyer has accepted the Steam offer, it is reported.",
    4: "The buyer answered the Steam offer with another one.",
    5: "The Steam offer expired.",
    6: "The Steam offer was cancelled on the seller's side.",
    7: "The buyer declined the Steam offer.",
    8: "The item is not available for the Steam offer any more.",
    NEEDS_CONFIRMATION: "The Steam offer was made; the seller has to confirm it on his phone.",
    10: "The Steam offer was not confirmed on the seller's phone.",
    IN_ESCROW: "Steam holds the exchange for days.",
    REVERTED: "The exchange was reversed on Steam.",
}
_DEADLINES: dict[str, str] = {
    State.CREATED: "The time to send the Steam offer was over.",
    State.SENDING: "The time to send the Steam offer was over; it is being cancelled.",
    State.NEEDS_CONFIRMATION: "The time to confirm the Steam offer was over; it is being cancelled.",
    State.SENT: "The time to accept the Steam offer was over; it is being cancelled.",
    State.ACCEPTED: "Steam told no end of its protection; the longest that it can be counts.",
}
_EVENTS: dict[str, str] = {
    "bought": "Bought; the price is held in the buyer's wallet.",
    "leased": "The seller's program took the order to send the Steam offer.",
    "send_refused": "Steam did not take the offer.",
    "send_unknown": "Steam did not say whether the offer was created.",
    "offer_absent": "Steam has no such offer.",
    "offer_seen": "Something new was seen of the Steam offer.",
    "delivered": "The item was seen with the buyer.",
    "settlement_known": "Steam told when its protection ends.",
    "deadline": "A deadline was over.",
    "settled": "The item was still with the buyer after the protection; the seller was paid.",
    "look_failed": "A look at Steam told nothing certain.",
    "taken_back": "The exchange was reversed and the item went back.",
    "disputed": "The buyer disputed the trade.",
    "ruled": "An operator decided.",
    "code_seen": "Something new was seen of the Steam offer.",
}
_RULED: dict[str, str] = {
    State.CANCELLED: "An operator cancelled the trade; the buyer has his money back.",
    State.ACCEPTED: "An operator found the item delivered.",
    State.PROTECTED: "An operator found nothing wrong; the trade goes on.",
    State.FINISHED: "An operator found nothing wrong; the seller was paid.",
    State.REVERSED: "An operator gave the buyer his money back.",
}
_WITNESSES: dict[str, str] = {
    "seller_agent": "the seller's program",
    "buyer_agent": "the buyer's program",
    "public_inventory": "Steam's public inventory, read by the market",
    "clock": "the market's clock",
    "buyer": "the buyer",
    "operator": "an operator",
    "restore": "the market, restored from a backup",
}


def what(event: str, from_state: str | None, to_state: str, detail: Mapping[str, Any]) -> str:
    """A line of a time line: what happened, in a sentence."""
    code = detail.get("code")
    match event:
        case "offer_seen" | "code_seen" if isinstance(code, int) and detail.get("axis", "offer") == "offer":
            return _CODES.get(code, _EVENTS["code_seen"])
        case "offer_seen" if to_state == State.SENT:
            return _CODES[ACTIVE]
        case "offer_seen" if to_state == State.NEEDS_CONFIRMATION:
            return _CODES[NEEDS_CONFIRMATION]
        case "delivered" if from_state == State.CANCELLED and to_state == State.ACCEPTED:
            return "The item was seen with the buyer after the money had gone back; the price is held again."
        case "send_refused" if to_state == State.CANCELLED:
            return "Steam refused the offer; the buyer has his money back."
        case "deadline":
            return _DEADLINES.get(from_state or "", _EVENTS[event])
        case "ruled":
            return _RULED.get(to_state, _EVENTS[event])
        case _:
            return _EVENTS.get(event, "Something happened.")


def whose(witness: str) -> str:
    """Whose word a line is; a program by its side, and not by the name of the device that it runs on."""
    return _WITNESSES.get(witness.partition(":")[0], "the market")
