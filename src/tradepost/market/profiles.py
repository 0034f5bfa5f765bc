"""Profiles: what users say of themselves, and when they last did anything."""

from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime

from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone, Reader, Tx
from tradepost.market.recent import Recent
from tradepost.rules import contact
from tradepost.rules.refusals import Conflicting, Malformed

ACTIVE_SECONDS = 300  # how exactly it is known when somebody was last active: it is written no more often
ACTIVE_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account says of itself: the row of the table `profile`, field for column."""

    account_id: int
    mail: str = ""  # one that its owner has shown to read
    mail_notices: bool = True
    skrill: str = ""
    skrill_set_at: datetime | None = None
    factor_set_at: datetime | None = None
    discord: str = ""
    discordtag: str = ""
    shorturl: str | None = None
    active_at: datetime | None = None


_COLUMNS = ", ".join(column.name for column in fields(Profile))


async def read(tx: Reader, account_id: int) -> Profile:
    """Return what an account says of itself; of one that has said nothing all is empty."""
    found = await tx.row(Profile, f"SELECT {_COLUMNS} FROM profile WHERE account_id = $1", account_id)
    return found or Profile(account_id)


async def by_short_name(tx: Reader, short_name: str) -> int | None:
    """Return whose page has a short name, or None."""
    if not contact.is_short_name(short_name):
        return None
    found: int | None = await tx.value("SELECT account_id FROM profile WHERE shorturl = $1", short_name)
    return found


# When something was set is kept by the market's clock, by which payouts wait.
_AHEAD = "(SELECT make_interval(secs => offset_seconds) FROM market_clock)"

# Changing it -------------------------------------------------------------------------------------------------


async def set_skrill(tx: Tx, account_id: int, address: str, real_now: datetime) -> bool:
    """Keep where payouts go, or nothing; say whether that changed. When is kept too, as money waits after a change."""
    if address and not contact.is_mail(address):
        raise Malformed("skrill", "must be the mail address of a Skrill account")
    await tx.execute("INSERT INTO profile (account_id) VALUES ($1) ON CONFLICT DO NOTHING", account_id)
    return bool(
        await tx.execute(
            f"UPDATE profile SET skrill = $2, skrill_set_at = $3::timestamptz + {_AHEAD} WHERE account_id = $1 AND skrill <> $2",
            account_id, address, real_now,
        )
    )  # fmt: skip


async def set_discord(tx: Tx, account_id: int, discord: str | None, tag: str | None) -> None:
    """Keep a user's number and name at Discord, as far as they are given; an empty one is forgotten."""
    if discord and not contact.is_discord_id(discord):
        raise Malformed("discord", "must be a Discord user id: 17 to 20 digits")
    if tag and not contact.is_discord_tag(tag):
        raise Malformed("discordtag", "must be a Discord name, such as name or name#1234")
    await _change(
        tx,
        account_id,
        "discord = coalesce($2, profile.discord), discordtag = coalesce($3, profile.discordtag)",
        discord,
        tag,
    )


async def set_short_name(tx: Tx, account_id: int, short_name: str) -> None:
    """Keep the short name of a user's page, or none; raises Conflicting for one that is reserved or another's."""
    if short_name and not contact.is_short_name(short_name):
        raise Malformed("shorturl", "must be 1 to 12 small letters and digits")
    if contact.is_reserved(short_name):
        raise Conflicting("This short URL is reserved: choose another one.")
    taken = await tx.value(
        "SELECT EXISTS (SELECT FROM profile WHERE shorturl = $1 AND account_id <> $2)", short_name, account_id
    )
    if taken or not await _take_short_name(tx, account_id, short_name or None):
        raise Conflicting("This short URL is somebody else's: choose another one.")


async def _take_short_name(tx: Tx, account_id: int, short_name: str | None) -> bool:
    """Write a short name; False where another takes it at this very moment."""
    await tx.execute("INSERT INTO profile (account_id) VALUES ($1) ON CONFLICT DO NOTHING", account_id)
    # One at a time for each name: the second waits here, and sees that it is taken.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"short name {short_name}")
    return bool(
        await tx.execute(
            "UPDATE profile SET shorturl = $2 WHERE account_id = $1 AND NOT EXISTS"
            " (SELECT FROM profile o WHERE o.shorturl = $2 AND o.account_id <> $1)",
            account_id,
            short_name,
        )
    )


async def set_mail_notices(tx: Tx, account_id: int, wanted: bool) -> None:
    """Keep whether a user wants to be told by mail."""
    await _change(tx, account_id, "mail_notices = $2", wanted)


async def set_mail(tx: Tx, account_id: int, mail: str) -> None:
    """Keep a mail address that its owner has shown to read, or none."""
    await _change(tx, account_id, "mail = $2", mail)


async def note_factor(tx: Tx, account_id: int, real_now: datetime) -> None:
    """Note that the second factor was turned on or off now: money waits after that."""
    await _change(tx, account_id, f"factor_set_at = $2::timestamptz + {_AHEAD}", real_now)


async def _change(tx: Tx, account_id: int, assignments: str, *values: object) -> None:
    await tx.execute("INSERT INTO profile (account_id) VALUES ($1) ON CONFLICT DO NOTHING", account_id)
    await tx.execute(f"UPDATE profile SET {assignments} WHERE account_id = $1", account_id, *values)


# When he was last active -------------------------------------------------------------------------------------

_active: Recent[int, None] = Recent(ACTIVE_SECONDS, ACTIVE_MAX)


async def note_activity(app: App, account_id: int) -> None:
    """Note that somebody does something now, once in some minutes."""
    with suppress(DatabaseGone, DatabaseBusy):  # nothing waits, or fails, for this
        await _active.get(app, account_id, lambda: _note_activity(app, account_id))


async def _note_activity(app: App, account_id: int) -> None:
    await app.db.execute(
        "INSERT INTO profile (account_id, active_at) VALUES ($1, $2)"
        " ON CONFLICT (account_id) DO UPDATE SET active_at = greatest(profile.active_at, excluded.active_at)",
        account_id,
        app.real_now(),
    )


# His page ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seller:
    """What everybody may know of somebody who gave his page a short name."""

    account_id: int
    steamid: str
    name: str
    avatar: str
    short_name: str
    sold_count: int
    since: datetime


_SELLER = (
    "SELECT a.id AS account_id, a.steamid, a.name, a.avatar, p.shorturl AS short_name, a.sold_count, a.created_at AS since"
    " FROM account a JOIN profile p ON p.account_id = a.id WHERE a.id = $1 AND p.shorturl IS NOT NULL"
)


async def seller(tx: Reader, account_id: int) -> Seller | None:
    """Return what a seller shows everybody of himself, or None where he shows nothing."""
    return await tx.row(Seller, _SELLER, account_id)
