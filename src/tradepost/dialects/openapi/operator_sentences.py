"""What each parameter of the operator API means, in a sentence: by its struct and its name."""

# Of every struct that does not mean something of its own by the name.
OF_OPERATORS: dict[str, str] = {
    "steamid": "The user's SteamID64.",
    "reason": "Why it is done: it is kept in the audit.",
    "before": "Only what is older than the row of this id, with which the page before ended.",
    "limit": "How many rows at most; one above what the call gives is lowered.",
    "amount_cents": "How much, in cents.",
    "side": "As whom: who sells, or who buys.",
    "code": "Where the admin has a second factor: six digits of his program for codes, or a recovery code.",
}

OF_OPERATOR_STRUCTS: dict[str, dict[str, str]] = {
    "OfTrade": {"id": "The trade's number."},
    "Ruling": {
        "id": "The trade's number.",
        "verdict": "What becomes of the trade: the money back, the item taken for delivered, settled now, or reversed.",
        "causer": "Whose fault it is; without it nobody's.",
    },
    "Closed": {"id": "The trade's number."},
    "Switched": {
        "name": "What is switched: buying alone, or the merchants' and the users' APIs.",
        "off": "1 to switch it off, 0 to switch it on again.",
        "reason": "Why: callers are told while it is off.",
    },
    "Rated": {
        "currency": "The currency of the rate.",
        "rate": "What one USD costs in it.",
    },
    "AuditAsked": {
        "actor": "Only what this admin did or looked at.",
        "subject": "Only what was done to this user, or looked at of him.",
        "deed": "Only these deeds, such as `ban added`.",
    },
    "UsersAsked": {
        "search": "A SteamID64, a part of a name in which nothing is a wildcard, or a whole mail address; without it all users.",
        "frozen": "1 for frozen accounts alone, 0 for the others.",
        "before": "Only users whose `account_id` is below this, with which the page before ended.",
    },
    "BanAsked": {
        "reason": "Why: whoever meets the ban is told.",
        "until": "Until when it holds; this or `days`.",
        "days": "For how many days it holds; this or `until`.",
    },
    "MessageAsked": {"text": "What he is told, over several lines if need be."},
    "CorrectionsAsked": {
        "state": "Only those that wait, were posted, or were refused.",
        "steamid": "Only this user's.",
    },
    "CorrectionAsked": {
        "bucket": "Which of his buckets is corrected.",
        "amount_cents": "What is added, in cents; below zero it is taken.",
        "reference": "Your own name for it: the same twice is one correction.",
    },
    "DepositAsked": {"reference": "The name under which it came: the same twice is one deposit."},
    "DepositReversed": {
        "reference": "The name under which it was recorded.",
        "reason": "Why: its owner is told.",
    },
    "FeesAsked": {"reference": "Your own name for it: the same twice moves the money once."},
    "Decided": {
        "id": "The number of what is decided on.",
        "reason": "Why; the owner of a refused payout is told.",
    },
    "Numbered": {"id": "The payout's number."},
    "Paid": {"id": "The payout's number.", "reference": "What the provider calls the payment."},
}
