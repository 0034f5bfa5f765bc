"""Contact mails: an address is a user's once he shows that he reads it, by a code of six digits that was sent there."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market import mails, profiles, safety
from tradepost.rules.contact import MAILED_DIGITS
from tradepost.rules.refusals import Conflicting, Malformed, TooManyRequests

CODE_MINUTES = 30
WRONG_MAX = 5  # of the tries at one code
MAILS_MAX = 5  # an hour: the address may be a stranger's

NONE_AWAITED = (
    "No mail address waits for a code, or its code is too old, or was tried too often: ask for a new one."
)
TEXT = """Your code is {code}

Somebody, probably you, named this address as the contact mail of the Steam user {name} at {base_url}. The code is good
for {minutes} minutes. If it was not you, there is nothing to do.
"""


async def ask(app: App, account_id: int, address: str) -> bool:
    """Send a code to an address that a user names; False for the one that he has already."""
    now, code = app.real_now(), f"{secrets.randbelow(10**MAILED_DIGITS):0{MAILED_DIGITS}}"
    async with app.db.transaction() as tx:
        steamid = await _lock(tx, account_id)
        if (await profiles.read(tx, account_id)).mail == address:
            return False
        sent = await tx.value("SELECT sent_at FROM mail_change WHERE account_id = $1", account_id) or []
        lately = sorted(at for at in sent if at > now - timedelta(hours=1))
        if len(lately) >= MAILS_MAX:
            raise TooManyRequests(_seconds(lately[-MAILS_MAX] + timedelta(hours=1) - now))
        await tx.execute(
            "INSERT INTO mail_change (account_id, mail, hash, sent_at, expires_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (account_id) DO UPDATE SET mail = excluded.mail, hash = excluded.hash, wrong = 0,"
            " sent_at = excluded.sent_at, expires_at = excluded.expires_at",
            account_id, address, _hash(account_id, code), [*lately, now], now + timedelta(minutes=CODE_MINUTES),
        )  # fmt: skip
        text = TEXT.format(code=code, name=steamid, base_url=app.settings.base_url, minutes=CODE_MINUTES)
        await mails.queue(
            tx, to=address, subject="Tradepost: your code", text=text, now=now, account_id=account_id
        )
    return True


async def awaited(tx: Reader, account_id: int, real_now: datetime) -> str:
    """Return the address that waits for the code which was sent to it; nothing where none does."""
    found: str | None = await tx.value(
        "SELECT mail FROM mail_change WHERE account_id = $1 AND expires_at > $2 AND wrong < $3",
        account_id, real_now, WRONG_MAX,
    )  # fmt: skip
    return found or ""


async def confirm(app: App, account_id: int, code: str) -> str:
    """Make the address that a code was sent to the user's contact mail, and return it."""
    now, address = app.real_now(), None
    async with app.db.transaction() as tx:
        await _lock(tx, account_id)
        found = await tx.fetch(
            "SELECT mail, hash, wrong, expires_at FROM mail_change WHERE account_id = $1", account_id
        )
        if not found or found[0]["expires_at"] <= now or found[0]["wrong"] >= WRONG_MAX:
            raise Conflicting(NONE_AWAITED)
        if hmac.compare_digest(found[0]["hash"], _hash(account_id, code)):
            address = str(found[0]["mail"])
            await safety.warn(tx, account_id, f"Your contact mail was changed to {address}.", now)
            await profiles.set_mail(tx, account_id, address)
            await tx.execute("DELETE FROM mail_change WHERE account_id = $1", account_id)
        else:  # the try is kept: it is no use to roll it back
            await tx.execute("UPDATE mail_change SET wrong = wrong + 1 WHERE account_id = $1", account_id)
    if address is None:
        raise Malformed("code", "is not the one that was mailed")
    return address


async def remove(tx: Tx, account_id: int, real_now: datetime) -> None:
    """Forget a user's contact mail, and one that waits for its code."""
    await _lock(tx, account_id)
    await safety.warn(tx, account_id, "Your contact mail was removed.", real_now)
    await profiles.set_mail(tx, account_id, "")
    # Its times stay: who removes it may not send more mails than who does not.
    await tx.execute("UPDATE mail_change SET expires_at = $2 WHERE account_id = $1", account_id, real_now)


async def _lock(tx: Tx, account_id: int) -> str:
    steamid: str = await tx.value("SELECT steamid FROM account WHERE id = $1 FOR NO KEY UPDATE", account_id)
    return steamid


def _seconds(wait: timedelta) -> int:
    return max(1, -(-wait // timedelta(seconds=1)))


def _hash(account_id: int, code: str) -> bytes:
    return hashlib.sha256(f"{account_id} mail {code}".encode()).digest()
