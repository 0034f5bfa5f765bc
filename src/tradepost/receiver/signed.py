"""Standard Webhooks: the headers that cover every byte of a notice, and the time at which it was sent.

`webhook-signature` is HMAC-SHA256 over `webhook-id.webhook-timestamp.content`; the content of an IPN is its query exactly
as it was on the wire, the callback URL's own included, that of a webhook its body.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .notice import Refused

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300  # how old, or how far ahead, a notice's timestamp may be
SIGNATURES_MAX = 8
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def key_of(secret: str) -> bytes:
    """Return the key in a secret such as `whsec_...`; raises ValueError for what is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not key:
        raise ValueError(f"a secret for notices begins with {PREFIX} and goes on in base64")
    return key


def check(headers: Mapping[str, str], content: bytes, keys: Sequence[bytes], now: float) -> None:
    """Raise Refused where headers, whose names are in lower case, are not the market's over this content, and of now."""
    id_, at, given = (headers.get(name, "") for name in NAMES)
    if not (_ID.fullmatch(id_) and _TIMESTAMP.fullmatch(at) and given.isascii()):
        raise Refused(
            401, "The headers webhook-id, webhook-timestamp and webhook-signature are not all there."
        )
    if abs(now - int(at)) > TOLERANCE_SECONDS:
        raise Refused(
            401, f"The timestamp is more than {TOLERANCE_SECONDS} seconds off: an old call, or a wrong clock."
        )
    signed = f"{id_}.{at}.".encode() + content
    good = [b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys]
    fits = [
        hmac.compare_digest(one.encode(), ours) for one in given.split(" ")[:SIGNATURES_MAX] for ours in good
    ]
    if not any(fits):
        raise Refused(401, "The signature in the headers does not fit: this is not what the market sent.")


def verified_webhook(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> dict[str, Any]:
    """Return what a webhook tells (`type`, `timestamp`, `data`); raises Refused for one that is not the market's."""
    lower = {name.lower(): value for name, value in headers.items()}
    check(lower, body, [key_of(one) for one in secrets], time.time() if now is None else now)
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Refused(400, "The body is no JSON object.")
    return told
