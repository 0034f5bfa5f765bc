"""Users: one account a steamid, and what we know of the person behind it."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from tradepost.db import Reader, Tx
from tradepost.rules.refusals import Malformed
from tradepost.steam.ids import is_steamid
from tradepost.steam.trade_url import is_trade_token

NAME_CHARS_MAX = 64  # Steam's own limit is 32
AVATAR_CHARS_MAX = 512

KnownBy = Literal["sign_in", "payment", "operator"]


@dataclass(frozen=True, slots=True)
class Account:
    """A Steam user as the market knows him: the row of the table `account`, field for column."""

    id: int
    steamid: str
    name: str
    avatar: str
    trade_token: str | None
    trade_token_refused_at: datetime | None
    hold_until: datetime | None
    known_by: KnownBy
    sold_count: int
    may_trade_with_self: bool
    created_at: datetime


_SELECT = f"SELECT {', '.join(field.name for field in fields(Account))} FROM account"


async def by_steamid(tx: Reader, steamid: str) -> Account | None:
    """Return the account of a steamid, or None for a steamid that we do not know."""
    if not is_steamid(steamid):  # a text that Postgres would not take is no steamid either
        return None
    return await tx.row(Account, f"{_SELECT} WHERE steamid = $1", steamid)


async def by_id(tx: Reader, account_id: int) -> Account:
    """Return an account by its id; an id that we gave out ourselves is always there."""
    found = await tx.row(Account, f"{_SELECT} WHERE id = $1", account_id)
    if found is None:
        raise LookupError(f"there is no account {account_id}")
    return found


async def steamids(tx: Reader, account_ids: Collection[int]) -> dict[int, str]:
    """Return the steamids of accounts, by their ids."""
    rows = await tx.fetch("SELECT id, steamid FROM account WHERE id = ANY ($1)", list(account_ids))
    return {row["id"]: row["steamid"] for row in rows}


async def names(tx: Reader, steamids: Collection[str]) -> dict[str, str]:
    """Return what people call themselves, by their steamids; who has no name that we know is left out."""
    rows = await tx.fetch(
        "SELECT steamid, name FROM account WHERE steamid = ANY ($1) AND name <> ''", list(steamids)
    )
    return {row["steamid"]: row["name"] for row in rows}


async def by_ids(tx: Reader, account_ids: Collection[int]) -> dict[int, Account]:
    """Return accounts by their ids."""
    found = await tx.rows(Account, f"{_SELECT} WHERE id = ANY ($1)", list(set(account_ids)))
    return {account.id: account for account in found}


async def know(
    tx: Tx, steamid: str, known_by: KnownBy, now: datetime, *, name: str = "", avatar: str = ""
) -> Account:
    """Return the account of a steamid, made now with its wallet if it is new; a name or avatar given is kept.

    How we came to know a steamid is written once: the first way stays.
    """
    if not is_steamid(steamid):
        raise Malformed("steamid", "must be the 17 digits of a person's SteamID64")
    name, avatar = _shown(name, NAME_CHARS_MAX), _shown(avatar, AVATAR_CHARS_MAX)
    await tx.execute(
        "INSERT INTO account (steamid, name, avatar, known_by, created_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (steamid) DO UPDATE SET name = coalesce(nullif(excluded.name, ''), account.name),"
        " avatar = coalesce(nullif(excluded.avatar, ''), account.avatar)"
        " WHERE excluded.name NOT IN ('', account.name) OR excluded.avatar NOT IN ('', account.avatar)",
        steamid, name, avatar, known_by, now,
    )  # fmt: skip
    account = await tx.row(Account, f"{_SELECT} WHERE steamid = $1", steamid)
    if account is None:
        raise RuntimeError(f"the account of {steamid} was written and is not there")
    await tx.execute("INSERT INTO wallet (account_id) VALUES ($1) ON CONFLICT DO NOTHING", account.id)
    return account


async def set_trade_token(tx: Tx, account_id: int, token: str | None) -> None:
    """Keep the token of a user's own trade URL, or forget it; what Steam said of the one before is forgotten."""
    if token is not None and not is_trade_token(token):
        raise Malformed("trade_token", "must be the 6 to 16 characters after token= in a trade URL")
    await tx.execute(
        "UPDATE account SET trade_token = $2, trade_token_refused_at = NULL WHERE id = $1", account_id, token
    )


def _shown(text: str, chars_max: int) -> str:
    """A stranger's text without what cannot be seen, cannot be stored, or turns the text around it about."""
    return "".join(char for char in text if char.isprintable())[:chars_max]
