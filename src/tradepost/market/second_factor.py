"""The second factor: six digits out of a program of the user's, asked for where money or secrets depend on it.

The secret lies sealed; a code is good once; of wrong ones five are looked at in a quarter of an hour, whoever tries
them. Ten recovery codes stand in for it, once each: they are shown once and kept as hashes.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Reader, Record, Tx
from tradepost.market import profiles, safety
from tradepost.market.seals import Place, seals
from tradepost.rules import totp
from tradepost.rules.refusals import Conflicting, Malformed, StepUpNeeded, TooManyRequests

ISSUER = "Tradepost"
WRONG_MAX = 5
WRONG_MINUTES = 15
AWAITED_MINUTES = 30  # for which a secret may be shown again that has no code yet
RECOVERY_CODES = 10
RECOVERY_CHARS = 10  # of 32 letters and digits: fifty bits, for five tries in a quarter of an hour
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without those that are taken for one another

WRONG = "The code is wrong, or was used before: take the next one from your program."
NEEDED = "This needs a code: send the six digits of your program, or one of your recovery codes, as `code`."
NOT_ON = "The second factor is not on."

_TOTP = re.compile(r"[0-9]{6}", re.ASCII)
_RECOVERY = re.compile(rf"[{_ALPHABET}]{{{RECOVERY_CHARS}}}")


@dataclass(frozen=True, slots=True)
class Begun:
    """What a user puts into his program for codes."""

    secret: str
    uri: str


async def is_on(tx: Reader, account_id: int) -> bool:
    """Whether an account has a second factor."""
    return bool(
        await tx.value(
            "SELECT EXISTS (SELECT FROM second_factor WHERE account_id = $1 AND since IS NOT NULL)",
            account_id,
        )
    )


async def demand(app: App, account_id: int, *, code: str | None, is_fresh: bool) -> None:
    """Let nobody pass who does not prove that he is the owner; raises StepUpNeeded.

    By a code where the second factor is on, whatever else he has; else by a sign-in of the last minutes.
    """
    if not await is_on(app.db, account_id):
        if not is_fresh:
            raise StepUpNeeded
        return
    if not code:
        raise StepUpNeeded(NEEDED)
    await use(app, account_id, code)


async def use(app: App, account_id: int, code: str) -> None:
    """Use a code or a recovery code up; raises StepUpNeeded for a wrong one, TooManyRequests after too many."""
    wrong = False
    async with app.db.transaction() as tx:
        row = await _locked(tx, account_id)
        if row is None or row["since"] is None:
            raise StepUpNeeded(NOT_ON)
        if not await _fits(tx, app.settings, row, code, app.real_now()):
            wrong = True  # the try is kept: it is no use to roll it back
    if wrong:
        raise StepUpNeeded(WRONG)


# Turning it on and off ---------------------------------------------------------------------------------------


async def begin(app: App, account_id: int, name: str) -> Begun:
    """Make a secret for an account; it counts for nothing before a first code of it was taken."""
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    sealed = seals(app.settings).seal(place(account_id), secret)
    async with app.db.transaction() as tx:
        made = await tx.execute(
            "INSERT INTO second_factor AS f (account_id, secret, asked_at) VALUES ($1, $2, $3)"
            " ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, asked_at = excluded.asked_at"
            " WHERE f.since IS NULL",
            account_id, sealed, app.real_now(),
        )  # fmt: skip
        if not made:
            raise Conflicting("The second factor is on already; turn it off first.")
    return Begun(totp.write_secret(secret), totp.otpauth_uri(secret, ISSUER, name))


async def awaited(app: App, account_id: int, name: str) -> Begun | None:
    """Return the secret that was made lately and waits for its first code, or None; for a page that shows it once more."""
    sealed = await app.db.value(
        "SELECT secret FROM second_factor WHERE account_id = $1 AND since IS NULL AND asked_at > $2",
        account_id,
        app.real_now() - timedelta(minutes=AWAITED_MINUTES),
    )
    if sealed is None:
        return None
    secret = seals(app.settings).open(place(account_id), sealed)
    return Begun(totp.write_secret(secret), totp.otpauth_uri(secret, ISSUER, name))


async def confirm(app: App, account_id: int, code: str) -> list[str]:
    """Turn the second factor on with a first code; return the recovery codes, this once."""
    now, done = app.real_now(), None
    async with app.db.transaction() as tx:
        row = await _locked(tx, account_id)
        if row is None or row["since"] is not None:
            raise Conflicting("There is no second factor to be confirmed: ask for its secret first.")
        if await _fits(tx, app.settings, row, code, now):
            await tx.execute("UPDATE second_factor SET since = $2 WHERE account_id = $1", account_id, now)
            await profiles.note_factor(tx, account_id, now)
            await safety.warn(tx, account_id, "The second factor of your account was turned on.", now)
            done = await _renew(tx, account_id)
    if done is None:
        raise Malformed(
            "code",
            "is not the one of your program: look at its clock, and whether you took the newest secret",
        )
    return done


async def renew_recovery_codes(tx: Tx, account_id: int, real_now: datetime) -> list[str]:
    """Let new recovery codes take the place of all old ones; return them, this once."""
    row = await _locked(tx, account_id)
    if row is None or row["since"] is None:
        raise Conflicting(NOT_ON)
    await safety.warn(tx, account_id, "The recovery codes of your account were made anew.", real_now)
    return await _renew(tx, account_id)


async def turn_off(tx: Tx, account_id: int, real_now: datetime) -> None:
    """Forget an account's second factor and its recovery codes; who may ask for that is the caller's to judge."""
    if not await tx.execute(
        "DELETE FROM second_factor WHERE account_id = $1 AND since IS NOT NULL", account_id
    ):
        raise Conflicting(NOT_ON)
    await profiles.note_factor(tx, account_id, real_now)
    await safety.warn(tx, account_id, "The second factor of your account was turned off.", real_now)


async def recovery_codes_left(tx: Reader, account_id: int) -> int:
    """Return how many recovery codes an account has not used yet."""
    return int(await tx.value("SELECT count(*) FROM recovery_code WHERE account_id = $1", account_id))


async def recovery_mark(tx: Reader, account_id: int) -> str:
    """Return a word that changes with an account's recovery codes, so that a page can tell whether they are still the same."""
    hashes = await tx.value(
        "SELECT string_agg(hash, ''::bytea ORDER BY hash) FROM recovery_code WHERE account_id = $1",
        account_id,
    )
    return hashlib.sha256(hashes or b"").hexdigest()[:16]


# Codes -------------------------------------------------------------------------------------------------------


def place(account_id: int) -> Place:
    """Where an account's secret lies."""
    return Place("second_factor", (account_id,), "secret")


async def _locked(tx: Tx, account_id: int) -> Record | None:
    found = await tx.fetch(
        "SELECT account_id, secret, since, last_step, wrong_at FROM second_factor WHERE account_id = $1 FOR UPDATE",
        account_id,
    )
    return found[0] if found else None


async def _fits(tx: Tx, settings: Settings, row: Record, code: str, now: datetime) -> bool:
    """Use a code up if it fits, else keep that a wrong one was tried; of tries there are only so many."""
    account_id, since = row["account_id"], now - timedelta(minutes=WRONG_MINUTES)
    wrong = sorted(at for at in row["wrong_at"] if at > since)
    if len(wrong) >= WRONG_MAX:
        raise TooManyRequests(max(1, -(-(wrong[-WRONG_MAX] - since) // timedelta(seconds=1))))
    code = re.sub(r"[ -]", "", code).lower()
    if _TOTP.fullmatch(code):
        secret = seals(settings).open(place(account_id), row["secret"])
        step = totp.step_of(secret, code, int(now.timestamp()), row["last_step"])
        if step is not None:
            await tx.execute(
                "UPDATE second_factor SET last_step = $2 WHERE account_id = $1", account_id, step
            )
            return True
    elif (
        row["since"] is not None
        and _RECOVERY.fullmatch(code)
        and await tx.execute(
            "DELETE FROM recovery_code WHERE account_id = $1 AND hash = $2",
            account_id,
            _hash(account_id, code),
        )
    ):
        return True
    await tx.execute(
        "UPDATE second_factor SET wrong_at = $2 WHERE account_id = $1", account_id, [*wrong, now]
    )
    return False


async def _renew(tx: Tx, account_id: int) -> list[str]:
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(RECOVERY_CHARS)) for _ in range(RECOVERY_CODES)]
    await tx.execute("DELETE FROM recovery_code WHERE account_id = $1", account_id)
    await tx.execute(
        "INSERT INTO recovery_code (account_id, hash) SELECT $1, unnest($2::bytea[])",
        account_id, [_hash(account_id, code) for code in codes],
    )  # fmt: skip
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _hash(account_id: int, code: str) -> bytes:
    return hashlib.sha256(f"{account_id} {code}".encode()).digest()
