"""Sellers' programs: paired by a code, known by a token, online while heard of, woken when needed.

All times here are real: the sandbox moves the market's clock, never a code's age or anybody's presence.
"""

import asyncio
import hashlib
import re
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market import merchants, presence
from tradepost.rules.refusals import Conflicting, TooManyRequests, Unauthenticated

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that a person reads as something else
CODE_CHARS = 8
DEVICES_MAX = 10  # living agents of one account
STREAMS_MAX = 4  # open streams of wake-ups of one account, in one process
GUESSES_MAX = 10  # wrong codes from one address in the window
GUESSES_ALL_MAX = 1_000  # and from everywhere: 30^8 codes leave a guesser nothing at this rate
GUESS_WINDOW_SECONDS = 600
TOKEN_PREFIX = "agt_"  # noqa: S105 - how such a token begins, no secret

_CODE = re.compile(f"[{CODE_ALPHABET}]{{{CODE_CHARS}}}", re.ASCII)
_TOKEN = re.compile(rf"{TOKEN_PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)
CREATE = "create"  # the capability without which an agent sends nothing


@dataclass(frozen=True, slots=True)
class Agent:
    """A living agent: the row of `agent` as far as anybody asks, with its account's steamid."""

    id: int
    account_id: int
    steamid: str
    device_id: str
    capabilities: tuple[str, ...]

    @property
    def can_send(self) -> bool:
        """Whether it said in its last heartbeat that it could create offers and had a Steam session."""
        return CREATE in self.capabilities


@dataclass(frozen=True, slots=True)
class Device:
    """What an agent says of itself and of its Steam session."""

    steamid: str
    version: str
    platform: str
    session_ok: bool
    blocking: str | None
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GrantShown:
    """A merchant for whom the user's items may be sent, as his agent shows it."""

    merchant_steamid: str
    merchant_name: str
    floor_bps: int
    given_at: datetime


# Pairing ---------------------------------------------------------------------------------------------


async def make_code(
    tx: Tx,
    account_id: int,
    real_now: datetime,
    minutes: int,
    *,
    merchant_id: int | None = None,
    floor_bps: int = 0,
) -> str:
    """Return a new pairing code; it replaces an unused one that was made for the same merchant."""
    await tx.execute(
        "DELETE FROM pairing_code WHERE account_id = $1 AND (expires_at <= $2 OR used_at IS NOT NULL"
        " OR merchant_id IS NOT DISTINCT FROM $3)",
        account_id, real_now, merchant_id,
    )  # fmt: skip
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_CHARS))
        made = await tx.execute(
            "INSERT INTO pairing_code (hash, account_id, merchant_id, floor_bps, expires_at)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            _sha256(code), account_id, merchant_id, floor_bps, real_now + timedelta(minutes=minutes),
        )  # fmt: skip
        if made:
            return f"{code[:4]}-{code[4:]}"


async def has_code(tx: Reader, account_id: int, real_now: datetime) -> bool:
    """Return whether a program can still be paired by a code that an account made for itself."""
    found: bool = await tx.value(
        "SELECT EXISTS (SELECT FROM pairing_code WHERE account_id = $1 AND merchant_id IS NULL AND used_at IS NULL"
        " AND expires_at > $2)",
        account_id, real_now,
    )  # fmt: skip
    return found


@dataclass(slots=True)
class Guesses:
    """Wrong pairing codes lately, by where they came from; forgotten with the window."""

    tries: deque[tuple[datetime, str]] = field(default_factory=deque)

    def refuse_if_many(self, address: str, real_now: datetime) -> None:
        """Raise TooManyRequests for an address that guessed too often, or when everybody together did."""
        window = timedelta(seconds=GUESS_WINDOW_SECONDS)
        while self.tries and self.tries[0][0] <= real_now - window:
            self.tries.popleft()
        own = [at for at, whose in self.tries if whose == address]
        first = (
            own[0]
            if len(own) >= GUESSES_MAX
            else self.tries[0][0]
            if len(self.tries) >= GUESSES_ALL_MAX
            else None
        )
        if first is not None:
            raise TooManyRequests(max(1, int((first + window - real_now).total_seconds())))

    def wrong(self, address: str, real_now: datetime) -> None:
        """Count a wrong code."""
        self.tries.append((real_now, address))


async def pair(
    tx: Tx, code: str, device_id: str, platform: str, version: str, *, now: datetime, real_now: datetime
) -> tuple[str, Agent]:
    """Use a code up and return a new agent's token; the agent that this device had before is revoked.

    Raises Unauthenticated for a code that is unknown, used or too old: one answer for all three.
    """
    plain = re.sub(r"[\s-]", "", code).upper()
    used = None
    if _CODE.fullmatch(plain):
        found = await tx.fetch(
            "UPDATE pairing_code SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2"
            " RETURNING account_id, merchant_id, floor_bps",
            _sha256(plain), real_now,
        )  # fmt: skip
        used = found[0] if found else None
    if used is None:
        raise Unauthenticated("The pairing code is unknown, used or too old; ask for a new one.")
    account_id = used["account_id"]
    # One pairing of an account at a time, or two of the same device would both be the living one.
    steamid = await tx.value("SELECT steamid FROM account WHERE id = $1 FOR NO KEY UPDATE", account_id)
    await tx.execute(
        "UPDATE agent SET revoked_at = $3 WHERE account_id = $1 AND device_id = $2 AND revoked_at IS NULL",
        account_id, device_id, now,
    )  # fmt: skip
    living = await tx.value(
        "SELECT count(*) FROM agent WHERE account_id = $1 AND revoked_at IS NULL", account_id
    )
    if living >= DEVICES_MAX:
        raise Conflicting(f"This account has {DEVICES_MAX} paired programs already; unpair one first.")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    agent_id = await tx.value(
        "INSERT INTO agent (account_id, device_id, hash, platform, version, paired_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        account_id, device_id, _sha256(token), platform, version, now,
    )  # fmt: skip
    if used["merchant_id"] not in (None, account_id):
        await merchants.grant(
            tx, used["merchant_id"], account_id, "pairing", now, floor_bps=used["floor_bps"]
        )
    return token, Agent(agent_id, account_id, steamid, device_id, ())


async def by_token(tx: Reader, token: str) -> Agent:
    """Return the living agent of a token; read each time, so a revocation holds at once."""
    agent = None
    if _TOKEN.fullmatch(token):
        agent = await tx.row(
            Agent,
            "SELECT g.id, g.account_id, a.steamid, g.device_id, g.capabilities FROM agent g"
            " JOIN account a ON a.id = g.account_id WHERE g.hash = $1 AND g.revoked_at IS NULL",
            _sha256(token),
        )
    if agent is None:
        raise Unauthenticated("The agent token is missing, unknown or revoked: pair the program again.")
    return agent


async def revoke(tx: Tx, agent: Agent, *, now: datetime, real_now: datetime, ttl_seconds: int) -> None:
    """Revoke an agent's token and take it offline."""
    await tx.execute("UPDATE agent SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", agent.id, now)
    await left(tx, agent, real_now, ttl_seconds)


@dataclass(frozen=True, slots=True)
class Program:
    """A paired program as its owner is shown it; `blocking` is what keeps his account from sending anything."""

    id: int
    device_id: str
    platform: str
    version: str
    capabilities: tuple[str, ...]
    paired_at: datetime
    heartbeat_at: datetime | None
    is_heard: bool
    blocking: str | None

    @property
    def can_send(self) -> bool:
        """Whether it was heard of lately and could send an offer now."""
        return self.is_heard and CREATE in self.capabilities


async def of_account(tx: Reader, account_id: int, real_now: datetime, ttl_seconds: int) -> list[Program]:
    """Return an account's living programs, the one that was heard of last first."""
    return await tx.rows(
        Program,
        "SELECT g.id, g.device_id, g.platform, g.version, g.capabilities, g.paired_at, g.heartbeat_at,"
        " coalesce(g.heartbeat_at > $2, false) AS is_heard, p.blocking"
        " FROM agent g LEFT JOIN presence p ON p.account_id = g.account_id"
        " WHERE g.account_id = $1 AND g.revoked_at IS NULL ORDER BY g.heartbeat_at DESC NULLS LAST, g.id DESC",
        account_id, real_now - timedelta(seconds=2 * ttl_seconds),
    )  # fmt: skip


async def unpair(
    tx: Tx, account_id: int, agent_id: int, *, now: datetime, real_now: datetime, ttl_seconds: int
) -> bool:
    """Revoke one of an account's own programs; say whether there was one."""
    found = await tx.row(
        Agent,
        "SELECT g.id, g.account_id, a.steamid, g.device_id, g.capabilities FROM agent g JOIN account a ON a.id = g.account_id"
        " WHERE g.id = $2 AND g.account_id = $1 AND g.revoked_at IS NULL FOR NO KEY UPDATE OF g",
        account_id, agent_id,
    )  # fmt: skip
    if found is None:
        return False
    await revoke(tx, found, now=now, real_now=real_now, ttl_seconds=ttl_seconds)
    return True


async def grants(tx: Reader, account_id: int) -> list[GrantShown]:
    """Return for whom a user's items may be sent, by the merchant's name."""
    return await tx.rows(
        GrantShown,
        "SELECT m.steamid AS merchant_steamid, m.name AS merchant_name, g.floor_bps, g.given_at"
        " FROM seller_grant g JOIN account m ON m.id = g.merchant_id"
        " WHERE g.seller_id = $1 AND g.revoked_at IS NULL ORDER BY m.name, m.id LIMIT 1000",
        account_id,
    )


# Presence --------------------------------------------------------------------------------------------


async def heard(tx: Tx, agent: Agent, device: Device, real_now: datetime, ttl_seconds: int) -> Agent:
    """Note a heartbeat and what it says; return the agent as it is now.

    An account may have several agents. One without a session counts for nothing while another has one, so
    each row keeps what it can do: nothing while Steam does not let it, or lets it do so for somebody else.
    """
    blocking = device.blocking or "no_steam_session"
    can = device.capabilities if device.session_ok else ()
    if device.steamid != agent.steamid:
        can, blocking = (), "account_mismatch"
    await tx.execute(
        "UPDATE agent SET heartbeat_at = $2, version = $3, platform = $4, capabilities = $5 WHERE id = $1",
        agent.id, real_now, device.version, device.platform, list(can),
    )  # fmt: skip
    some_can = bool(await _some_can_send(tx, agent.account_id, real_now, ttl_seconds))
    await presence.heard(
        tx, agent.account_id, real_now, session_ok=some_can, blocking=None if some_can else blocking
    )
    return replace(agent, capabilities=can)


async def left(tx: Tx, agent: Agent, real_now: datetime, ttl_seconds: int) -> None:
    """Note that an agent said good-bye: its account is offline unless another of its agents is heard of."""
    await tx.execute("UPDATE agent SET heartbeat_at = NULL, capabilities = '{}' WHERE id = $1", agent.id)
    some_can = await _some_can_send(tx, agent.account_id, real_now, ttl_seconds)
    if some_can is None:
        await presence.left(tx, agent.account_id)
    elif not some_can:
        await presence.heard(tx, agent.account_id, real_now, session_ok=False, blocking="no_steam_session")


async def _some_can_send(tx: Tx, account_id: int, real_now: datetime, ttl_seconds: int) -> bool | None:
    """Whether an agent of the account that is heard of can send; None where none is heard of at all."""
    answer: bool | None = await tx.value(
        "SELECT bool_or($3 = ANY (capabilities)) FROM agent"
        " WHERE account_id = $1 AND revoked_at IS NULL AND heartbeat_at > $2",
        account_id, real_now - timedelta(seconds=2 * ttl_seconds), CREATE,
    )  # fmt: skip
    return answer


# Waking ----------------------------------------------------------------------------------------------

# By account, in this process. A wake-up only says "ask": one too many, of another database even, is harmless.
_waiting: dict[int, set[asyncio.Event]] = {}


async def wake(app: App, account_ids: Iterable[int]) -> None:
    """Wake the agents of these accounts that wait in this process."""
    for account_id in account_ids:
        for event in _waiting.get(account_id, ()):
            event.set()


def is_awaited() -> bool:
    """Say whether any agent waits in this process."""
    return bool(_waiting)


def is_full(account_id: int) -> bool:
    """Say whether as many streams of an account wait in this process as may."""
    return len(_waiting.get(account_id, ())) >= STREAMS_MAX


@contextmanager
def waiting(account_id: int) -> Iterator[asyncio.Event]:
    """Give an event that is set when an account's agents are woken, for as long as the block lasts."""
    events = _waiting.setdefault(account_id, set())
    event = asyncio.Event()
    events.add(event)
    try:
        yield event
    finally:
        events.discard(event)
        if not events:
            _waiting.pop(account_id, None)


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
