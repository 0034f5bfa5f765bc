"""API tokens: how an account calls the APIs, what each of its tokens may do, from where, and until when."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone, Reader, Tx
from tradepost.market.recent import Recent
from tradepost.market.together import Together
from tradepost.rules.client_address import Network, read_address, read_network
from tradepost.rules.refusals import Forbidden, Malformed, Unauthenticated

TOKEN_BYTES = 32  # 256 bits, so that no guess is worth a request
PREFIX_CHARS = 13  # "live_" and eight more: enough to tell tokens apart, far too little to use one
SCOPES = ("read", "sell", "buy")
LABEL_CHARS_MAX = 100
ADDRESSES_MAX = 50  # networks that one token may be bound to
CALLER_SECONDS = 0.5  # how long a token may be believed after it was looked up
CALLERS_MAX = 10_000
USED_MINUTES = 5  # how exactly it is known when a token was last used: it is written no more often

_TOKEN = re.compile(r"(?:test|live)_[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls an API, and what his token lets him do."""

    token_id: int
    account_id: int
    steamid: str
    scopes: frozenset[str]
    prefix: str = ""
    label: str = ""
    allow_addresses: tuple[Network, ...] = ()
    allow_url: bool = True
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner is shown it: the row of the table `api_token`, without what could be used."""

    prefix: str
    scopes: tuple[str, ...]
    label: str
    allow_addresses: tuple[Network, ...]
    allow_url: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


# Using one --------------------------------------------------------------------------------------------------

_callers: Recent[bytes, Caller] = Recent(CALLER_SECONDS, CALLERS_MAX)


async def caller(app: App, token: str) -> Caller:
    """Return who a token stands for; raises Unauthenticated for a malformed, unknown, revoked or expired one.

    It is looked up by its hash, so no comparison's time depends on how much of a guess was right.
    """
    if not _TOKEN.fullmatch(token):
        raise Unauthenticated
    hash_ = _hash(token)
    found = await _callers.get(app, hash_, lambda: _look_up(app, hash_))
    if found.expires_at is not None and found.expires_at <= app.real_now():
        raise Unauthenticated
    return found


def known(app: App, token: str) -> tuple[Caller, datetime] | None:
    """Return whose token this is and until when that may be believed, where it was looked up a moment ago."""
    found = _callers.known(app, _hash(token)) if _TOKEN.fullmatch(token) else None
    if found is None:
        return None
    caller, until = found
    return caller, until if caller.expires_at is None else min(until, caller.expires_at)


async def renew(app: App, token: str) -> None:
    """Look up again whose token this is, so that it stays known while it is used."""
    hash_ = _hash(token)
    await _callers.renew(app, hash_, lambda: _look_up(app, hash_))


# Of a token `t` and its account `a`; when it expires comes after them, as a JWT of a token may end before it.
CALLER_COLUMNS = "t.id, t.account_id, a.steamid, t.scopes, t.prefix, t.label, t.allow_addresses, t.allow_url"


def caller_of(
    token_id: int,
    account_id: int,
    steamid: str,
    scopes: Iterable[str],
    prefix: str,
    label: str,
    allow_addresses: Iterable[Network],
    allow_url: bool,
    expires_at: datetime | None,
) -> Caller:
    """Return who calls, by `CALLER_COLUMNS` as the database gives them and by when that ends."""
    return Caller(
        token_id,
        account_id,
        steamid,
        frozenset(scopes),
        prefix,
        label,
        tuple(allow_addresses),
        allow_url,
        expires_at,
    )


async def _look_up(app: App, hash_: bytes) -> Caller:
    found = await _valid.get(app, hash_)
    if found is None:
        raise Unauthenticated
    return found


async def _read(app: App, hashes: Sequence[bytes]) -> dict[bytes, Caller]:
    """Whose tokens these are, by their hashes; those that nobody may use are left out."""
    rows = await app.db.fetch(
        f"SELECT t.hash, t.last_used_at, {CALLER_COLUMNS}, t.expires_at"
        " FROM api_token t JOIN account a ON a.id = t.account_id WHERE t.hash = ANY ($1) AND t.revoked_at IS NULL",
        hashes,
    )
    found, unwritten = dict[bytes, Caller](), list[int]()
    now = app.real_now()
    for hash_, used_at, *columns in rows:
        caller = found[hash_] = caller_of(*columns)
        if used_at is None or used_at <= now - timedelta(minutes=USED_MINUTES):
            unwritten.append(caller.token_id)
    if unwritten:
        # Whoever has a row at this moment may keep it: no call waits, or fails, for what a list shows some day.
        with suppress(DatabaseGone, DatabaseBusy):
            await app.db.execute(
                "UPDATE api_token SET last_used_at = $2 WHERE id IN"
                " (SELECT id FROM api_token WHERE id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED)",
                unwritten,
                now,
            )
    return found


_valid: Together[bytes, Caller] = Together(_read)  # of a crowd of callers many have to be looked up at once


def refuse_misplaced(app: App, caller: Caller, address: str, *, in_url: bool) -> None:
    """Raise Forbidden where a token comes from an address, or stands in a place, that it is not made for."""
    if caller.allow_addresses:
        seen = read_address(address)
        if seen is None or not any(seen in network for network in caller.allow_addresses):
            raise Forbidden(
                f"This token may not be used from {seen or 'an unknown address'}:"
                " that is not one of the addresses it is bound to."
            )
    if in_url and not (caller.allow_url and app.settings.tokens_in_urls == "allowed"):
        raise Forbidden(
            "This token may not be sent in a URL, where logs keep it: send it in the header Token or in the body."
        )


# Making and changing them -----------------------------------------------------------------------------------


async def make_token(
    tx: Tx,
    account_id: int,
    now: datetime,
    *,
    test: bool,
    scopes: Iterable[str] = SCOPES,
    label: str = "",
    allow_addresses: Iterable[str] = (),
    allow_url: bool = True,
    expires_at: datetime | None = None,
) -> str:
    """Make an API token and return it, the only time that it can be seen: its hash alone is kept."""
    token = ("test_" if test else "live_") + secrets.token_urlsafe(TOKEN_BYTES)
    await tx.execute(
        "INSERT INTO api_token"
        " (account_id, hash, prefix, scopes, label, created_at, allow_addresses, allow_url, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        account_id, _hash(token), token[:PREFIX_CHARS], _scopes(scopes), _label(label), now,
        _networks(allow_addresses), allow_url, expires_at,
    )  # fmt: skip
    return token


async def change_token(
    tx: Tx,
    token_or_prefix: str,
    *,
    scopes: Iterable[str] | None = None,
    label: str | None = None,
    allow_addresses: Iterable[str] | None = None,
    allow_url: bool | None = None,
) -> int:
    """Change what a token may do, where a value is given; return how many were changed. It holds within a second."""
    if not _can_be_one(token_or_prefix):
        return 0
    return await tx.execute(
        "UPDATE api_token SET scopes = coalesce($3, scopes), label = coalesce($4, label),"
        " allow_addresses = coalesce($5, allow_addresses), allow_url = coalesce($6, allow_url)"
        " WHERE (hash = $1 OR prefix = $2) AND revoked_at IS NULL",
        _hash(token_or_prefix),
        token_or_prefix,
        None if scopes is None else _scopes(scopes),
        None if label is None else _label(label),
        None if allow_addresses is None else _networks(allow_addresses),
        allow_url,
    )


async def revoke_token(tx: Tx, token_or_prefix: str, now: datetime) -> int:
    """Revoke a token, named whole or by its prefix; return how many that were. It holds within a second."""
    if not _can_be_one(token_or_prefix):
        return 0
    return await tx.execute(
        "UPDATE api_token SET revoked_at = $3 WHERE (hash = $1 OR prefix = $2) AND revoked_at IS NULL",
        _hash(token_or_prefix), token_or_prefix, now,
    )  # fmt: skip


async def tokens_of(tx: Reader, account_id: int) -> list[Token]:
    """Return all tokens that an account ever had, the oldest first."""
    return await tx.rows(
        Token,
        "SELECT prefix, scopes, label, allow_addresses, allow_url, created_at, expires_at, last_used_at, revoked_at"
        " FROM api_token WHERE account_id = $1 ORDER BY id",
        account_id,
    )


def _scopes(scopes: Iterable[str]) -> list[str]:
    wanted = set(scopes)
    if not wanted or not wanted <= set(SCOPES):
        raise Malformed("scopes", f"must be one or more of {', '.join(SCOPES)}")
    return sorted(wanted)


def _label(label: str) -> str:
    if len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise Malformed("label", f"must be at most {LABEL_CHARS_MAX} printable characters")
    return label


def _networks(texts: Iterable[str]) -> list[Network]:
    networks: list[Network] = []
    for text in texts:
        network = read_network(text)
        if network is None:
            raise Malformed(
                "allow_addresses", f"must be addresses or networks such as 10.0.0.0/8, not {text}"
            )
        networks.append(network)
    if len(networks) > ADDRESSES_MAX:
        raise Malformed("allow_addresses", f"must be at most {ADDRESSES_MAX} addresses or networks")
    return networks


def _can_be_one(token_or_prefix: str) -> bool:
    return token_or_prefix.isascii() and token_or_prefix.isprintable()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()
