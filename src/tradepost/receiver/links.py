"""Payment links: the parameters of the shop's request, signed, and the request itself."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

CURRENCY = "USD"
TIMEOUT_SECONDS = 10.0
ANSWER_BYTES_MAX = 65_536


class LinkRefused(Exception):
    """The market made no link: `code` is for the program, the text for a person."""

    def __init__(self, code: str, details: str) -> None:
        self.code, self.details = code, details
        super().__init__(f"{code}: {details}" if details else code)


@dataclass(frozen=True, slots=True)
class Link:
    """A payment's link: the user is sent to `url`."""

    token: str
    url: str


def new_order_id() -> str:
    """Return an order's id that nobody guesses.

    It ends in a letter: so the amount that follows it in the hash begins where no digit of the id can be taken for its own.
    """
    return f"{secrets.token_hex(10)}-o"


def link_parameters(
    secret: str,
    *,
    order_id: str,
    account: str,
    security_steam_id: str,
    amount: str = "",
    steam_trade_token: str = "",
    secret_v2: str | None = None,
) -> dict[str, str]:
    """Return what is posted for a link: the texts exactly as they are signed. What is empty is not sent.

    With `secret_v2` every parameter is covered, by `signature_v2`: HMAC-SHA256 over the sorted `key=value` lines.
    """
    parameters = {
        "account": account,
        "order_id": order_id,
        "security_steam_id": security_steam_id,
        "currency": CURRENCY,
        "amount": amount,
        "steam_trade_token": steam_trade_token,
        "signature": hashlib.sha256(f"{order_id}{amount}{CURRENCY}{secret}".encode()).hexdigest(),
    }
    parameters = {name: value for name, value in parameters.items() if value}
    if secret_v2 is not None:
        lines = "\n".join(f"{name}={parameters[name]}" for name in sorted(parameters, key=str.encode))
        parameters["signature_v2"] = hmac.new(secret_v2.encode(), lines.encode(), hashlib.sha256).hexdigest()
    return parameters


def ask_link(
    market_url: str,
    public_hash: str,
    parameters: Mapping[str, str],
    *,
    language: str = "en",
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Link:
    """Ask the market for a link; the same order with the same parameters has the same link.

    Raises LinkRefused where the market refuses, and OSError where it does not answer.
    """
    url = f"{market_url.rstrip('/')}/{quote(language, safe='')}/pay/{quote(public_hash, safe='')}"
    if not url.startswith(("https://", "http://")):
        raise ValueError("market_url must begin with https:// or http://")
    request = Request(url, data=urlencode(parameters).encode(), method="POST")  # noqa: S310 - looked at above
    try:
        with urlopen(request, timeout=timeout_seconds) as response:  # noqa: S310 - as above
            answer = _read(response.read(ANSWER_BYTES_MAX))
    except HTTPError as error:
        with error:
            answer = _read(error.read(ANSWER_BYTES_MAX))
    except HTTPException as error:
        raise OSError(f"The market's answer broke off: {error!r}") from error
    if answer.get("status") != "success":
        code, details = answer.get("error_message", "internal_error"), answer.get("error_details", "")
        raise LinkRefused(str(code), str(details))
    return Link(str(answer["token"]), str(answer["url"]))


def _read(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise OSError("The market's answer is no JSON object.")
    return answer
