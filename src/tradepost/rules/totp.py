"""TOTP (RFC 6238): six digits that a program of the user and we compute alike from a shared secret and the time."""

import base64
import hmac
import struct
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20  # as long as the hash, as RFC 4226 wants it
DRIFT_STEPS = 1  # a user's clock may be so far off, either way


def step_at(unix_seconds: int) -> int:
    """The number of the step that a moment lies in."""
    return unix_seconds // STEP_SECONDS


def code_of(secret: bytes, step: int, digits: int = DIGITS, digest: str = "sha1") -> str:
    """The code of a step."""
    mac = hmac.digest(secret, struct.pack(">Q", step), digest)
    place = mac[-1] & 0xF
    number = int.from_bytes(mac[place : place + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def step_of(secret: bytes, code: str, unix_seconds: int, after: int | None) -> int | None:
    """The step that a code belongs to, of those about now and later than one that was used; None for a wrong code."""
    now = step_at(unix_seconds)
    found = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        # All of them, whichever fits: how long it takes tells nothing.
        fits = hmac.compare_digest(code_of(secret, step).encode(), code.encode("utf-8", "replace"))
        if fits and (after is None or step > after):
            found = step
    return found


def write_secret(secret: bytes) -> str:
    """A secret as users type it into their program."""
    return base64.b32encode(secret).decode().rstrip("=")


def otpauth_uri(secret: bytes, issuer: str, name: str) -> str:
    """What a picture to be scanned says; programs for codes read it."""
    label = f"{quote(issuer, safe='')}:{quote(name, safe='')}"
    return (
        f"otpauth://totp/{label}?secret={write_secret(secret)}&issuer={quote(issuer, safe='')}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    )
