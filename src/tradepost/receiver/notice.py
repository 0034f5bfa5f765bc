"""Reads the notice of a sold skin (IPN) from the query of its call, and believes it only with a good hash.

The hash is the document's: SHA-256 over order_id, amount, currency, trade_id and the secret, run together. As nothing
divides the texts and not all of them are in it, its good hash alone makes no notice good:

- A payment link's signature is the hash of a notice whose trade_id is empty, and many have seen it: a trade_id must be
  there, in the form that the market writes.
- Each parameter is there once: of two that differ, one program hashes the first and another credits the second.
- account, transaction_id and status are not covered. So the account comes from the shop's own order, and repeats are told
  by trade_id (both in `store`); who has a secret for notices' headers (`signed`) has them all covered.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

QUERY_BYTES_MAX = 8_192
PARAMETERS_MAX = 64

# What each parameter may look like, in ASCII. One that is not here may be anything: a callback URL has its own.
_FORMS = {
    "type": re.compile(r"payment"),
    "amount": re.compile(r"(?:0|[1-9][0-9]{0,8})\.[0-9]{2}"),
    "token": re.compile(r"[0-9a-f]{16,64}"),
    "account": re.compile(r"[0-9]{1,20}"),
    "order_id": re.compile(r"[A-Za-z0-9_.:-]{1,64}"),
    "currency": re.compile(r"USD"),
    "trade_id": re.compile(r"[0-9a-f]{16,32}"),
    "create_date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
    "status": re.compile(r"complete"),
    "transaction_id": re.compile(r"[0-9A-Za-z-]{1,64}"),
    "hash": re.compile(r"[0-9a-fA-F]{64}"),
}


class Refused(Exception):
    """A notice that is not believed; `status` is what it is answered with, and the text is for the shop's own log."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Notice:
    """One sold skin of one order, as the market tells of it."""

    order_id: str
    trade_id: str  # the skin's: never used for another
    amount_cents: int
    account: str  # not covered by the hash: to be held against the shop's own order
    transaction_id: str  # of the payment; nor is this
    token: str
    create_date: str
    is_test: bool  # of nothing: the merchant asked whether he can be reached


def read(query: bytes, secrets: Sequence[str]) -> Notice:
    """Read a notice from a query as it came; raises Refused for one that is not whole or not the market's."""
    if len(query) > QUERY_BYTES_MAX:
        raise Refused(414, f"The query has more than {QUERY_BYTES_MAX} bytes.")
    values = _parameters(query)
    for name, form in _FORMS.items():
        if name not in values:
            raise Refused(400, f"The notice has no {name}.")
        if not form.fullmatch(values[name]):
            raise Refused(400, f"The notice's {name} is not what the market writes.")
    if not _is_hashed(values, secrets):
        raise Refused(
            403, "The notice's hash does not fit: it is not from the market, or the secret is another."
        )
    amount_cents = int(values["amount"].replace(".", ""))
    # By both, as the hash covers only one of them: nothing else has a `test`, or is of nothing.
    is_test = values.get("test") == "1"
    if "test" in values and not is_test:
        raise Refused(400, "The notice's test is not what the market writes.")
    if is_test and amount_cents:
        raise Refused(400, "The notice says that it is a test, and is not of nothing.")
    if not amount_cents and not is_test:
        raise Refused(400, "The notice is of nothing: its amount is 0.00.")
    return Notice(
        order_id=values["order_id"],
        trade_id=values["trade_id"],
        amount_cents=amount_cents,
        account=values["account"],
        transaction_id=values["transaction_id"],
        token=values["token"],
        create_date=values["create_date"],
        is_test=is_test,
    )


def _parameters(query: bytes) -> dict[str, str]:
    """The parameters of a query, each of which may be there once."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX
        )
    except ValueError:
        raise Refused(400, "The query is not one that can be read.") from None
    values = dict(pairs)
    if len(values) != len(pairs):
        raise Refused(400, "The query has a parameter more than once.")
    return values


def _is_hashed(values: dict[str, str], secrets: Sequence[str]) -> bool:
    """Whether one of the secrets, of which there are two during a rotation, makes this hash."""
    text = values["order_id"] + values["amount"] + values["currency"] + values["trade_id"]
    given = values["hash"].lower()
    fits = [
        hmac.compare_digest(hashlib.sha256((text + secret).encode()).hexdigest(), given) for secret in secrets
    ]
    return any(fits)
