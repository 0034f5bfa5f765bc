"""JWTs: what a program of a user holds instead of his API token, for a month, and never for more than the token may do.

One names its row and nothing more than that is believed of it: what it may do is read off its token at each use, so
it dies with the token, and at once when it is revoked. Its header is one of ours, byte for byte, or it is no JWT of
ours: no word in it chooses how it is checked.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tradepost.app import App
from tradepost.config import Settings, keys
from tradepost.db import Reader, Tx
from tradepost.market.recent import Recent
from tradepost.market.seals import UNSET, UNSET_KEY
from tradepost.market.tokens import CALLER_COLUMNS, CALLER_SECONDS, CALLERS_MAX, Caller, caller_of
from tradepost.rules.refusals import Unauthenticated

DAYS = 31
JWTS_MAX = 50  # of one token; the oldest ends when there is one more
ID_BYTES = 18
KEY_BYTES = 32
CHARS_MAX = 1_000
PROGRAM_CHARS_MAX = 200
FORGOTTEN_MAX = 1_000  # in one turn

_JWT = re.compile(r"([A-Za-z0-9_-]{1,200})\.([A-Za-z0-9_-]{1,700})\.([A-Za-z0-9_-]{43})", re.ASCII)


class Claims(msgspec.Struct):
    """What is signed: which row it is, whose, and from when until when."""

    jti: str
    sub: str
    iat: int
    exp: int


@dataclass(frozen=True, slots=True)
class Jwt:
    """A living JWT as its owner is shown it."""

    id: str
    token_prefix: str
    token_label: str
    program: str
    made_at: datetime
    expires_at: datetime


@lru_cache(maxsize=8)
def _signers(settings: Settings) -> Mapping[str, bytes]:
    """The keys that JWTs are signed with, by the header that each is named in; the newest first."""
    given = keys(settings)
    if settings.mode != "production":
        # As with secrets at rest: a sandbox without a key still works. What is signed names a row that nobody guesses.
        given.setdefault(UNSET, UNSET_KEY)
    return {
        _encoded(msgspec.json.encode({"alg": "HS256", "kid": name, "typ": "JWT"})): HKDF(
            SHA256(), KEY_BYTES, salt=None, info=b"tradepost: JWTs of the user API"
        ).derive(key)
        for name, key in given.items()
    }


# Making one --------------------------------------------------------------------------------------------------


async def issue(app: App, caller: Caller, program: str) -> tuple[str, datetime]:
    """Make a JWT for the owner of an API token; return it, and when it ends."""
    now = app.real_now()
    expires_at = now + timedelta(days=DAYS)
    if caller.expires_at is not None:
        expires_at = min(expires_at, caller.expires_at)
    id_ = secrets.token_urlsafe(ID_BYTES)
    async with app.db.transaction() as tx:
        await tx.execute(
            "INSERT INTO jwt (id, token_id, program, made_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
            id_, caller.token_id, _shown(program), now, expires_at,
        )  # fmt: skip
        await tx.execute(
            "DELETE FROM jwt WHERE id IN"
            " (SELECT id FROM jwt WHERE token_id = $1 ORDER BY made_at DESC, id DESC OFFSET $2)",
            caller.token_id, JWTS_MAX,
        )  # fmt: skip
    claims = Claims(id_, caller.steamid, int(now.timestamp()), int(expires_at.timestamp()))
    head, key = next(iter(_signers(app.settings).items()))
    signed = f"{head}.{_encoded(msgspec.json.encode(claims))}"
    return f"{signed}.{_signature(key, signed)}", expires_at


# Using one ---------------------------------------------------------------------------------------------------

_callers: Recent[str, Caller] = Recent(CALLER_SECONDS, CALLERS_MAX)


async def caller(app: App, text: str) -> tuple[str, Caller]:
    """Return a JWT's id, and its token with what that may do now; raises Unauthenticated for one that is no good."""
    claims = _verified(app.settings, text)
    if claims is None or claims.exp <= app.real_now().timestamp():
        raise Unauthenticated
    found = await _callers.get(app, claims.jti, lambda: _look_up(app, claims.jti))
    if found.expires_at is None or found.expires_at <= app.real_now():
        raise Unauthenticated
    return claims.jti, found


def _verified(settings: Settings, text: str) -> Claims | None:
    parts = _JWT.fullmatch(text) if len(text) <= CHARS_MAX else None
    key = _signers(settings).get(parts[1]) if parts else None
    if parts is None or key is None:
        return None
    signed, _, signature = text.rpartition(".")
    if not hmac.compare_digest(_signature(key, signed), signature):
        return None
    try:
        return msgspec.json.decode(_decoded(parts[2]), type=Claims)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return None


async def _look_up(app: App, id_: str) -> Caller:
    found = await app.db.fetch(
        f"SELECT {CALLER_COLUMNS}, least(j.expires_at, t.expires_at) AS expires_at"
        " FROM jwt j JOIN api_token t ON t.id = j.token_id JOIN account a ON a.id = t.account_id"
        " WHERE j.id = $1 AND t.revoked_at IS NULL",
        id_,
    )
    if not found:
        raise Unauthenticated
    return caller_of(*found[0])


# Ending them -------------------------------------------------------------------------------------------------


async def of_account(tx: Reader, account_id: int, real_now: datetime) -> list[Jwt]:
    """Return an account's living JWTs, the newest first."""
    return await tx.rows(
        Jwt,
        "SELECT j.id, t.prefix AS token_prefix, t.label AS token_label, j.program, j.made_at,"
        " least(j.expires_at, t.expires_at) AS expires_at FROM jwt j JOIN api_token t ON t.id = j.token_id"
        " WHERE t.account_id = $1 AND t.revoked_at IS NULL AND least(j.expires_at, t.expires_at) > $2"
        " ORDER BY j.made_at DESC, j.id",
        account_id, real_now,
    )  # fmt: skip


async def key_ends_at(tx: Reader, id_: str) -> datetime | None:
    """Return when the API key ends that a JWT was made with; None where it does not."""
    ends_at: datetime | None = await tx.value(
        "SELECT t.expires_at FROM jwt j JOIN api_token t ON t.id = j.token_id WHERE j.id = $1", id_
    )
    return ends_at


async def end(tx: Tx, account_id: int, id_: str) -> bool:
    """End one of an account's JWTs; say whether there was one. It holds within a second."""
    return bool(
        await tx.execute(
            "DELETE FROM jwt j USING api_token t WHERE j.id = $2 AND t.id = j.token_id AND t.account_id = $1",
            account_id, id_,
        )
    )  # fmt: skip


async def end_others(tx: Tx, account_id: int, id_: str | None) -> int:
    """End all of an account's JWTs, but one where it is named; return how many there were."""
    return await tx.execute(
        "DELETE FROM jwt j USING api_token t WHERE t.id = j.token_id AND t.account_id = $1 AND j.id IS DISTINCT FROM $2",
        account_id, id_,
    )  # fmt: skip


async def forget_jwts(app: App) -> int:
    """Remove JWTs whose time is over; return how many there were."""
    return await app.db.execute(
        "DELETE FROM jwt WHERE id IN (SELECT id FROM jwt WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        app.real_now(), FORGOTTEN_MAX,
    )  # fmt: skip


def _signature(key: bytes, signed: str) -> str:
    return _encoded(hmac.digest(key, signed.encode(), hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _shown(program: str) -> str:
    return "".join(char for char in program if char.isprintable())[:PROGRAM_CHARS_MAX]
