"""Paying with skins: how a link is signed, what a notice of a sold skin says, how it is hashed, what is owed.

Both hashes are those of the ShadowPay document ("Create payment link", "Receive IPN"): the texts run together, the secret
behind them. They are weak in three ways, and must stay as they are for the clients there are:

- Nothing divides the texts, so 1 + 23.00 and 12 + 3.00 sign alike: the market takes one order of each such text.
- A link's signature is the hash of a notice with an empty trade_id: whoever receives must demand one.
- A notice's hash covers neither its transaction_id nor its account: receivers tell repeats by trade_id, and take the
  account from their own order.

Whoever can sign better does: `signature_v2` covers every parameter of a link, and Standard Webhooks' headers
(`rules/notice.py`) every byte of a notice.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus, urlencode

from tradepost.rules.money import fee_cents, write_cents

CURRENCY = "USD"
ACCOUNT_MAX = 2**64 - 1  # INT(unsigned) of the document, as wide as such a number gets; a SteamID fits
SECRET_CHARS, TOKEN_CHARS, TRADE_ID_CHARS = 64, 32, 16  # hexadecimal digits
NO_ADDRESS = "0.0.0.0"  # noqa: S104 - what a notice says where the payer's address is not known
# What a notice's parameters are named: a callback URL may have others of its own, and none of these.
IPN_NAMES = frozenset(
    {
        "type", "amount", "token", "account", "order_id", "currency", "trade_id", "create_date", "status",
        "transaction_id", "ip", "test", "hash",
    }
)  # fmt: skip

_ORDER_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{1,20}", re.ASCII)


def is_order_id(text: str) -> bool:
    """Say whether a text can name an order: 1 to 64 of letters, digits and `_ . : -`."""
    return _ORDER_ID.fullmatch(text) is not None


def is_account(text: str) -> bool:
    """Say whether a text is the number of a site's user: digits up to 2^64-1, kept as they were sent."""
    return _ACCOUNT.fullmatch(text) is not None and int(text) <= ACCOUNT_MAX


def net_cents(price_cents: int, fee_bps: int) -> int:
    """Return what the merchant gets of a price: less the fee. It is the amount of the notice, to the cent."""
    return price_cents - fee_cents(price_cents, fee_bps)


def told_early(protected_until: datetime | None) -> str:
    """Say how a skin stands that was credited at its acceptance and may still be taken back."""
    until = (
        "until Steam's protection is over"
        if protected_until is None
        else f"until {protected_until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    )
    return (
        f"The merchant was credited when the buyer accepted; {until} Steam lets either side take it back,"
        " which is then paid for out of the merchant's reserve."
    )


def told_final(explanation: str | None) -> str:
    """Say that what was credited at the acceptance stays, behind what became of the trade."""
    return _behind(explanation, "The merchant was credited when the buyer accepted; that is final now.")


def told_taken_back(explanation: str | None, cents: int) -> str:
    """Say that what was credited at the acceptance was taken back, behind what became of the trade."""
    return _behind(
        explanation,
        f"{write_cents(cents)} {CURRENCY}, which the merchant was credited with when the buyer accepted, was taken out of his reserve.",
    )


def _behind(explanation: str | None, sentence: str) -> str:
    return f"{explanation} {sentence}" if explanation else sentence


# Links -------------------------------------------------------------------------------------------------------


def signed_text(order_id: str, amount: str, currency: str) -> str:
    """Return what a link's signature is made of, before the secret: the texts exactly as they were sent."""
    return f"{order_id}{amount}{currency}"


def link_signature(signed: str, secret: str) -> str:
    """Return a link's signature: lower-hex SHA-256 over the signed text and the secret."""
    return hashlib.sha256(f"{signed}{secret}".encode()).hexdigest()


def link_signature_v2(parameters: Mapping[str, str], secret: str) -> str:
    """Return the signature over all other parameters, `signature` among them: lower-hex HMAC-SHA256 of `key=value` lines.

    The lines are sorted by the keys' bytes, with a newline between two of them; the values are as they were sent.
    """
    lines = (
        f"{key}={parameters[key]}" for key in sorted(parameters, key=str.encode) if key != "signature_v2"
    )
    return hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def which_fits(given: str, candidates: Iterable[str]) -> int | None:
    """Return the place of the signature that a text is, in either case of letters; None where it is none of them.

    Each is compared in constant time, whether one before it fitted or not.
    """
    place: int | None = None
    lower = given.lower().encode()
    for number, candidate in enumerate(candidates):
        if hmac.compare_digest(lower, candidate.encode()) and place is None:
            place = number
    return place


# Notices -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ipn:
    """What a merchant is told of one sold skin."""

    amount_cents: int
    token: str
    account: str
    order_id: str
    trade_id: str
    transaction_id: str
    created_at: datetime  # of the payment
    ip: str
    is_test: bool = False  # credits nothing, and says so


def ipn_hash(order_id: str, amount: str, currency: str, trade_id: str, secret: str) -> str:
    """Return a notice's hash: lower-hex SHA-256 over the four texts and the secret."""
    return hashlib.sha256(f"{order_id}{amount}{currency}{trade_id}{secret}".encode()).hexdigest()


def ipn_query(ipn: Ipn, secret: str) -> str:
    """Return a notice's query, in the document's spelling: blanks as `+`, the rest percent-encoded."""
    return urlencode(ipn_parameters(ipn, secret))


def ipn_parameters(ipn: Ipn, secret: str) -> Sequence[tuple[str, str]]:
    """Return a notice's parameters in their order, its hash the last."""
    amount = write_cents(ipn.amount_cents)
    return (
        ("type", "payment"),
        ("amount", amount),
        ("token", ipn.token),
        ("account", ipn.account),
        ("order_id", ipn.order_id),
        ("currency", CURRENCY),
        ("trade_id", ipn.trade_id),
        ("create_date", f"{ipn.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"),
        ("status", "complete"),
        ("transaction_id", ipn.transaction_id),
        ("ip", ipn.ip),
        *((("test", "1"),) if ipn.is_test else ()),
        ("hash", ipn_hash(ipn.order_id, amount, CURRENCY, ipn.trade_id, secret)),
    )


def called_with(url: str, query: str) -> str:
    """Return the address that is called: the merchant's own, whose query, if it has one, goes first."""
    joint = "?" if "?" not in url else "" if url.endswith(("?", "&")) else "&"
    return f"{url}{joint}{query}"


def doubled_name(url: str) -> str | None:
    """Return the name of a notice's parameter that an address has in its own query, or None.

    Receivers would read the one for the other, so each is meant that some program takes for it: percent-encoded, in
    capitals, with PHP's brackets, blanks and points (`amount[]`, `order.id`), behind a semicolon.
    """
    for pair in re.split("[&;]", query_of(url)):
        name = unquote_plus(pair.partition("=")[0]).partition("\0")[0].strip().lower()
        for spelling in (name.partition("[")[0], name.replace("[", "_")):
            read = spelling.replace(".", "_").replace(" ", "_")
            if read in IPN_NAMES:
                return read
    return None


def query_of(url: str) -> str:
    """Return an address's query as it stands on the wire: what a notice's headers are made over."""
    return url.partition("?")[2]
