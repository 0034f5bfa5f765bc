"""The example of a link, with a signature that is really that of its secret hash."""

from tradepost.dialects.openapi.examples.rows import RECEIVER, Example, success
from tradepost.rules.payment import link_signature, signed_text

SECRET_HASH = "0123456789abcdef" * 4  # nobody's: it stands in the documentation
TOKEN = "a1d579731b5fd7b7cb8f64c641f73111"  # noqa: S105 - of no payment, as above
ORDER = {"order_id": "order-1001", "amount": "6.66", "currency": "USD"}

PAY: dict[str, Example] = {
    "link": Example(
        {
            "account": "2048",
            **ORDER,
            "security_steam_id": RECEIVER,
            "signature": link_signature(signed_text(**ORDER), SECRET_HASH),
        },
        success(token=TOKEN, url=f"https://market.example/en/pay?token={TOKEN}", success=True),
    )
}
