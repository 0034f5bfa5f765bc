"""Cookies of the pages: a session's, a browser's that is on its way to Steam and back, and whose link it came by.

They are for our own host alone, out of reach of scripts, and stay away from what other sites send here, but for a
click that leads here. Where the market is served over TLS, no other host beside ours can plant one (`__Host-`).
"""

import re
from urllib.parse import urlsplit

from starlette.types import Scope

from tradepost.config import Settings
from tradepost.dialects.edge import Header, header_values

SESSION, BROWSER = "tradepost_session", "tradepost_browser"
AFFILIATE = "tradepost_affiliate"  # the click on an affiliate's link that this browser came by
VALUE_CHARS_MAX = 100

_VALUE = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


def is_secure(settings: Settings) -> bool:
    """Whether users reach the market over TLS."""
    return urlsplit(settings.base_url).scheme == "https"


def read(scope: Scope, settings: Settings, name: str) -> str:
    """The value of a cookie of ours; nothing where there is none, or where two differ and one is planted."""
    name = _name(settings, name)
    pairs = [pair.partition("=") for line in header_values(scope, b"cookie") for pair in line.split(";")]
    values = {value.strip() for key, _, value in pairs if key.strip() == name}
    value = values.pop() if len(values) == 1 else ""
    return value if _VALUE.fullmatch(value) else ""


def write(settings: Settings, name: str, value: str, seconds: int) -> Header:
    """The header that sets a cookie for so many seconds; none of them take it away."""
    secure = "; Secure" if is_secure(settings) else ""
    text = f"{_name(settings, name)}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", text.encode()


def _name(settings: Settings, name: str) -> str:
    return f"__Host-{name}" if is_secure(settings) else name
