"""What the pages call money's ways: each kind of movement, of payout and of deposit, in a few words."""

from collections.abc import Mapping, Sequence

from tradepost.market.histories import Moved
from tradepost.rules.payout import State

# Why money moved (docs/ledger.md), as its owner reads it.
KINDS: Mapping[str, str] = {
    "deposit": "Deposit",
    "deposit_reversed": "Deposit taken back",
    "held": "Bought",
    "refunded": "Refund",
    "finished": "Sold",
    "advanced": "Sold, credited early",
    "reserve": "Reserve for early credit",
    "correction": "Correction by an operator",
    "payout_asked": "Payout asked for",
    "payout_refused": "Payout refused, money back",
}
# What a history can be narrowed to.
GROUPS: Mapping[str, tuple[str, Sequence[str]]] = {
    "sales": ("Sales", ("finished", "advanced")),
    "purchases": ("Purchases and refunds", ("held", "refunded")),
    "deposits": ("Deposits", ("deposit", "deposit_reversed")),
    "payouts": ("Payouts", ("payout_asked", "payout_refused")),
    "others": ("Everything else", ("reserve", "correction")),
}
BOOKS: Mapping[str, str] = {"deposit": "for buying", "balance": "earned"}
# How far a payout is, and the colour of its tag.
PAYOUTS: Mapping[State, tuple[str, str]] = {
    State.ASKED: ("waits for an operator", "wait"),
    State.APPROVED: ("approved", "far"),
    State.SENDING: ("being sent", "far"),
    State.UNKNOWN: ("being looked into", "wait"),
    State.PAID: ("paid", "good"),
    State.REFUSED: ("refused", "bad"),
}
STEPS: Mapping[str, str] = {
    "ask": "You asked for it; the money is held.",
    "approve": "An operator approved it.",
    "refuse": "An operator refused it; the money is back in what you earned.",
    "send": "An operator is paying it at Skrill.",
    "lose": "Skrill has not said yet whether it arrived.",
    "clear": "It was not sent yet, and is tried again.",
    "pay": "It was paid.",
}
CHECKOUTS: Mapping[str, tuple[str, str]] = {
    "asked": ("being begun", "wait"),
    "open": ("waits for you to pay", "wait"),
    "paid": ("paid", "good"),
    "failed": ("not paid", ""),
    "doubted": ("looked at by an operator", "wait"),
}


def movement(one: Moved) -> str:
    """What a movement was, in a few words."""
    words = KINDS.get(one.kind, one.kind.replace("_", " ").capitalize())
    return f"{words}: {one.item}" if one.item else words
