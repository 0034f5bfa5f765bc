"""Labels: what the fields of our forms are called on the pages, so that an error names one as its reader knows it."""

from collections.abc import Mapping

from tradepost.rules.refusals import Malformed, Refusal

LABELS: Mapping[str, str] = {
    "account": "Account",
    "addresses": "Addresses",
    "amount": "Amount",
    "balance_url": "Balance URL",
    "callback_url": "Callback URL",
    "code": "Code",
    "confirm": "Your SteamID",
    "date_from": "From",
    "date_to": "To",
    "days": "Days",
    "discord": "Discord number",
    "discordtag": "Discord name",
    "floor": "Least price",
    "game": "Game",
    "label": "Name",
    "mail": "Mail address",
    "merchant": "Merchant",
    "order_id": "Order id",
    "scopes": "Rights",
    "shorturl": "Short name",
    "skrill": "Skrill address",
    "tradeurl": "Trade URL",
    "until": "Until",
}


def say(refusal: Refusal) -> str:
    """A refusal's sentence, with the label of the field that it is about; what has no label keeps its name."""
    label = LABELS.get(refusal.field) if isinstance(refusal, Malformed) else None
    if label is None or not isinstance(refusal, Malformed):
        return refusal.sentence
    clause = refusal.sentence.removeprefix(f"{refusal.field}: ")
    return f"{label} {clause}{'' if clause.endswith('.') else '.'}"
