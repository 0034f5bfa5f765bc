"""API keys: the API tokens that an account makes for itself, and takes back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tradepost.app import App
from tradepost.db import Reader, Tx
from tradepost.market import safety, tokens
from tradepost.market.tokens import PREFIX_CHARS
from tradepost.rules.refusals import Conflicting

KEYS_MAX = 100  # of one account, that are good


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new key may do, from where, and until when."""

    scopes: Iterable[str]
    label: str = ""
    allow_addresses: Iterable[str] = ()
    allow_url: bool = True
    expires_at: datetime | None = None
    seen: int | None = (
        None  # how many keys the account ever had, as the page had it that asks: what is sent again makes none
    )


async def make(app: App, account_id: int, wanted: Wanted) -> str:
    """Make a key and return it, the only time that it can be seen."""
    async with app.db.transaction() as tx:
        await tx.execute("SELECT FROM account WHERE id = $1 FOR NO KEY UPDATE", account_id)
        if wanted.seen is not None and wanted.seen != await ever(tx, account_id):
            raise Conflicting(
                "An API key was made since this page was opened: open it again if you want one more."
            )
        count = await tx.value(
            "SELECT count(*) FROM api_token WHERE account_id = $1 AND revoked_at IS NULL"
            " AND (expires_at IS NULL OR expires_at > $2)",
            account_id, app.real_now(),
        )  # fmt: skip
        if count >= KEYS_MAX:
            raise Conflicting(f"You have {KEYS_MAX} API keys, which is as many as may be: revoke one first.")
        await safety.warn(tx, account_id, "An API key of your account was made.", app.real_now())
        return await tokens.make_token(
            tx,
            account_id,
            app.now(),
            test=app.settings.mode != "production",
            scopes=wanted.scopes,
            label=wanted.label,
            allow_addresses=wanted.allow_addresses,
            allow_url=wanted.allow_url,
            expires_at=wanted.expires_at,
        )


async def ever(tx: Reader, account_id: int) -> int:
    """Return how many keys an account ever had."""
    count: int = await tx.value("SELECT count(*) FROM api_token WHERE account_id = $1", account_id)
    return count


async def revoke(tx: Tx, account_id: int, prefix: str, now: datetime) -> bool:
    """Take one of an account's own keys back, and every JWT made with it; say whether there was one."""
    if len(prefix) != PREFIX_CHARS:
        return False
    return bool(
        await tx.execute(
            "UPDATE api_token SET revoked_at = $3 WHERE account_id = $1 AND prefix = $2 AND revoked_at IS NULL",
            account_id, prefix, now,
        )
    )  # fmt: skip
