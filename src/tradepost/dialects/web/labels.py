"""Labels: what the fields of our forms are called on the pages, so that an error names one as its reader knows it."""

from collections.abc import Mapping

from tradepost.rules.refusals import Malformed, Refusal

LABELS: Mapping[str, str] = {
    "account": "Account",
    "amount": "Amount",
    "balance_url": "Balance URL",
    "callback_url": "Callback URL",
    "date_from": "From",
    "date_to": "To",
    "order_id": "Order id",
}


def say(refusal: Refusal) -> str:
    """A refusal's sentence, with the label of the field that it is about; what has no label keeps its name."""
    label = LABELS.get(refusal.field) if isinstance(refusal, Malformed) else None
    if label is None or not isinstance(refusal, Malformed):
        return refusal.sentence
    clause = refusal.sentence.removeprefix(f"{refusal.field}: ")
    return f"{label} {clause}{'' if clause.endswith('.') else '.'}"
