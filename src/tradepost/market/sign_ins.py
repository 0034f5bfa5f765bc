"""Sign-ins: ways to Steam and back, each tied to the browser that set out by it, and good once."""

import hashlib
import secrets
from datetime import datetime, timedelta

from tradepost.db import Tx

BROWSER_BYTES = 32
WAY_MINUTES = 10  # to choose an account on Steam's page, a second factor included


def new_browser() -> str:
    """What a browser's cookie says that sets out: nobody else can come back for it."""
    return secrets.token_urlsafe(BROWSER_BYTES)


async def set_out(tx: Tx, state: str, browser: str, next_path: str, real_now: datetime) -> None:
    """Remember a way to Steam: its state, the browser that takes it, and where it leads afterwards."""
    await tx.execute(
        "INSERT INTO sign_in (state_hash, browser_hash, next, expires_at) VALUES ($1, $2, $3, $4)",
        _hash(state), _hash(browser), next_path, real_now + timedelta(minutes=WAY_MINUTES),
    )  # fmt: skip


async def come_back(tx: Tx, state: str, browser: str, real_now: datetime) -> str | None:
    """Use a way up and return where it leads; None for one that is unknown, used, too old or another browser's."""
    found = await tx.fetch(
        "DELETE FROM sign_in WHERE state_hash = $1 AND browser_hash = $2 RETURNING next, expires_at",
        _hash(state),
        _hash(browser),
    )
    return found[0]["next"] if found and found[0]["expires_at"] > real_now else None


async def claim_nonce(tx: Tx, nonce: str, forget_after: datetime) -> bool:
    """Keep a nonce that Steam signed; say whether it was new."""
    return bool(
        await tx.execute(
            "INSERT INTO openid_nonce (nonce, forget_after) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            nonce,
            forget_after,
        )
    )


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
