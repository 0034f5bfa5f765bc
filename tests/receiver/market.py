"""The market as its merchants' receivers meet it: genuine notices, made and signed by the market's own rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from tradepost.rules import notice, payment
from tradepost.rules.payment import Ipn

SECRET, OLD_SECRET = "5ec3e7" * 10 + "abcd", "0123456789abcdef" * 4
KEY, OLD_KEY = b"k" * 32, b"o" * 32
NOW = 1_795_262_460
IPN = Ipn(
    amount_cents=666,
    token="6764d01a08bdfc506764d01a08bdfc50",
    account="1001",
    order_id="order-7-o",
    trade_id="786f1d3cccb2828c",
    transaction_id="45f7fa62-622f-48bc-b606-dccd2c662bad",
    created_at=datetime(2026, 11, 21, 12, tzinfo=UTC),
    ip="203.0.113.7",
)


@dataclass(frozen=True)
class Call:
    """One call as it goes over the wire."""

    query: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def but(self, query: bytes) -> "Call":
        """The same headers over another query: what a forger can make of a call that he has seen."""
        return replace(self, query=query)


def hashed(parameters: Mapping[str, str], secret: str = SECRET) -> str:
    """Parameters with the hash that the document's formula gives them, whatever they are."""
    text = "".join(parameters.get(name, "") for name in ("order_id", "amount", "currency", "trade_id"))
    return urlencode({**parameters, "hash": payment.link_signature(text, secret)})


def parameters(**other: str | None) -> dict[str, str]:
    """The parameters of a notice without its hash, with others in their place; None takes one away."""
    found = {**dict(payment.ipn_parameters(IPN, SECRET)), **other}
    found.pop("hash", None)
    return {name: value for name, value in found.items() if value is not None}


def signed(query: bytes, *keys: bytes, at: int = NOW, name: str = "msg_1") -> Call:
    """A call with the headers that the market's keys give its query."""
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(at),
        "webhook-signature": notice.signatures(keys or (KEY,), name, at, query),
    }
    return Call(query, headers)


def told(ipn: Ipn = IPN, secret: str = SECRET, own: str = "") -> Call:
    """The call that tells of a skin, at a callback URL with a query of its own or without."""
    url = payment.called_with(f"https://shop.example/ipn{own}", payment.ipn_query(ipn, secret))
    return signed(payment.query_of(url).encode())
