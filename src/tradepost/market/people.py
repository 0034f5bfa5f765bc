"""People, as operators look at them: found by steamid or by a part of the name, and all that is known of one."""

from dataclasses import dataclass
from datetime import datetime

from tradepost.db import Reader
from tradepost.market import bans, freezing, ledger, messages, profiles, roles, second_factor
from tradepost.market.bans import PastBan
from tradepost.market.freezing import Freezing
from tradepost.market.ledger import BUCKETS, Wallet
from tradepost.market.profiles import Profile
from tradepost.market.trade_view import LIVE
from tradepost.market.users import Account
from tradepost.steam.ids import is_steamid

PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One of those found."""

    account_id: int
    steamid: str
    name: str
    known_by: str
    created_at: datetime
    sold_count: int
    frozen_at: datetime | None
    left_at: datetime | None
    is_admin: bool
    is_banned: bool  # on either side


@dataclass(frozen=True, slots=True)
class Counts:
    """How much an account has open."""

    trades_open: int
    offers_on_sale: int
    orders_live: int
    payouts_open: int
    tokens: int
    sessions: int


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is known of a user."""

    account: Account
    wallet: Wallet
    profile: Profile
    is_admin: bool
    has_factor: bool
    frozen_at: datetime | None
    freezings: list[Freezing]
    bans: list[PastBan]
    counts: Counts
    unread_messages: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A line of an account's ledger."""

    transfer_id: int
    key: str
    kind: str
    trade_id: int | None
    note: str
    at: datetime
    bucket: str
    amount_cents: int
    after_cents: int


async def search(
    tx: Reader,
    text: str,
    now: datetime,
    *,
    frozen: bool | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[PersonRow]:
    """Return users, the newest first: the one with this steamid, or those whose name has this text in it, or whose mail it is.

    `before` is the account_id that the page before ended with.
    """
    by_steamid = text if is_steamid(text) else None
    part = None if by_steamid or not text else "%" + _literal(text) + "%"
    mail = text.lower() if "@" in text else None
    return await tx.rows(
        PersonRow,
        "SELECT a.id AS account_id, a.steamid, a.name, a.known_by, a.created_at, a.sold_count, a.frozen_at, a.left_at,"
        " EXISTS (SELECT FROM role r WHERE r.account_id = a.id AND r.role = $6) AS is_admin,"
        " EXISTS (SELECT FROM ban b WHERE b.steamid = a.steamid AND b.lifted_at IS NULL AND b.until_at > $5) AS is_banned"
        " FROM account a WHERE ($1::text IS NULL OR a.steamid = $1) AND ($2::text IS NULL OR a.name ILIKE $2 ESCAPE '\\'"
        " OR ($8::text IS NOT NULL AND a.id IN (SELECT account_id FROM profile WHERE lower(mail) = $8)))"
        " AND ($3::boolean IS NULL OR (a.frozen_at IS NOT NULL) = $3) AND ($4::bigint IS NULL OR a.id < $4)"
        " ORDER BY a.id DESC LIMIT $7",
        by_steamid, part, frozen, before, now, roles.ADMIN, max(1, min(limit, PAGE_MAX)), mail,
    )  # fmt: skip


async def dossier(tx: Reader, account: Account) -> Dossier:
    """Return all that is known of a user."""
    frozen_at: datetime | None = await tx.value("SELECT frozen_at FROM account WHERE id = $1", account.id)
    return Dossier(
        account=account,
        wallet=await ledger.wallet(tx, account.id),
        profile=await profiles.read(tx, account.id),
        is_admin=await roles.is_admin(tx, account.id),
        has_factor=await second_factor.is_on(tx, account.id),
        frozen_at=frozen_at,
        freezings=await freezing.of_account(tx, account.id),
        bans=await bans.of_steamid(tx, account.steamid),
        counts=await counts(tx, account),
        unread_messages=await messages.unread(tx, account.id),
    )


_SIDES = ("t.buyer_id = $1", "t.payee_id = $1", "t.seller_id = $1", "t.buyer_steamid = $2")


async def counts(tx: Reader, account: Account) -> Counts:
    """Return how much an account has open."""
    found = await tx.row(
        Counts,
        # Each side by the index of what is under way there: together they were planned as a walk over all trades.
        "SELECT (SELECT count(*) FROM ("
        + " UNION ".join(f"SELECT t.id FROM trade t WHERE {side} AND {LIVE}" for side in _SIDES)
        + ") open) AS trades_open,"
        " (SELECT count(*) FROM offer o WHERE (o.account_id = $1 OR o.seller_id = $1) AND o.state = 'on_sale') AS offers_on_sale,"
        " (SELECT count(*) FROM buy_order WHERE account_id = $1 AND state = 'live') AS orders_live,"
        " (SELECT count(*) FROM payout WHERE account_id = $1 AND ended_at IS NULL) AS payouts_open,"
        " (SELECT count(*) FROM api_token WHERE account_id = $1 AND revoked_at IS NULL) AS tokens,"
        " (SELECT count(*) FROM session WHERE account_id = $1) AS sessions",
        account.id,
        account.steamid,
    )
    return found or Counts(0, 0, 0, 0, 0, 0)


async def entries(
    tx: Reader, account_id: int, *, before: int | None = None, limit: int = 100
) -> list[EntryRow]:
    """Return an account's ledger, the newest first; `before` is the transfer_id that the page before ended with.

    A transfer is on a page as a whole, which may be longer by that.
    """
    return await tx.rows(
        EntryRow,
        # The newest of all buckets are among the newest of each, which are the end of its chain.
        "SELECT t.id AS transfer_id, t.key, t.kind, t.trade_id, t.note, t.at, e.book AS bucket, e.amount_cents, e.after_cents"
        " FROM (SELECT newest.* FROM unnest($4::text[]) AS b (book) CROSS JOIN LATERAL (SELECT * FROM entry WHERE account_id = $1"
        "   AND book = b.book AND ($2::bigint IS NULL OR transfer_id < $2) ORDER BY no DESC LIMIT $3) newest"
        "   ORDER BY transfer_id DESC FETCH FIRST ($3) ROWS WITH TIES) e JOIN transfer t ON t.id = e.transfer_id ORDER BY t.id DESC, e.book",
        account_id, before, max(1, min(limit, PAGE_MAX)), list(BUCKETS),
    )  # fmt: skip


def _literal(text: str) -> str:
    """A text in which no letter is a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
