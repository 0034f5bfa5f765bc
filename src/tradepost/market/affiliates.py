"""Affiliates: who came by whose link, who brought whom, and what is earned by it.

A click is kept with the code of its link, and the visitor's browser keeps its name. It counts for whoever signs in with
that browser within a month and has not traded yet: the last click before that, once and for good. `clicks` tells
Tapfiliate of it, where that is set.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Reader, Tx
from tradepost.market import profiles, users
from tradepost.rules import affiliate
from tradepost.rules.trade import Trade

CLICKS_FORGOTTEN_MAX = 1_000  # in one turn
_NAME = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Referral:
    """Who brought a user: a row of the table `referral`."""

    account_id: int
    affiliate_id: int
    ref: str
    at: datetime


async def click(app: App, ref: str, *, account_id: int | None, name: str = "") -> str:
    """Keep that somebody came by a link, and return the click's name.

    `name` is that of the click which the visitor's browser keeps already: by the same link again, it is that click.
    """
    now = app.real_now()
    async with app.db.transaction() as tx:
        whose = await _whose(tx, ref)
        known = None
        if _NAME.fullmatch(name):
            known = await tx.value(
                "SELECT name FROM affiliate_click WHERE name = $1 AND ref = $2 AND at > $3",
                name, ref, now - affiliate.CLICK_COUNTS,
            )  # fmt: skip
        made: str = known or await tx.value(
            "INSERT INTO affiliate_click (ref, affiliate_id, account_id, at, due_at) VALUES ($1, $2, $3, $4, $5) RETURNING name",
            ref, whose, account_id, now, now if app.settings.tapfiliate_key else None,
        )  # fmt: skip
        if account_id is not None:
            await _attribute(tx, account_id, whose, ref, now)
    return made


async def signed_in(tx: Tx, account_id: int, name: str, real_now: datetime, *, before: int | None) -> None:
    """Let the click that a browser keeps count for whoever signs in with it; `before` is who was signed in until now."""
    if not _NAME.fullmatch(name):
        return
    rows = await tx.fetch(
        "SELECT ref, affiliate_id, account_id FROM affiliate_click WHERE name = $1 AND at > $2",
        name, real_now - affiliate.CLICK_COUNTS,
    )  # fmt: skip
    # A browser in which the affiliate himself is at home brings nobody but himself, under another name.
    if rows and rows[0]["affiliate_id"] not in (before, rows[0]["account_id"]):
        await _attribute(tx, account_id, rows[0]["affiliate_id"], rows[0]["ref"], real_now)


async def _whose(tx: Reader, ref: str) -> int | None:
    """Whose code a link has: a user's SteamID64, or the short name of his page."""
    if (account := await users.by_steamid(tx, ref)) is not None:
        return account.id
    return await profiles.by_short_name(tx, ref)


async def _attribute(tx: Tx, account_id: int, affiliate_id: int | None, ref: str, now: datetime) -> None:
    """Note who brought a user, unless that is known, or he has traded before, or it would be himself in the end."""
    if affiliate_id is None or affiliate_id == account_id:
        return
    # Both, so that of two who bring each other at one moment the second sees the first.
    for key in sorted((account_id, affiliate_id)):
        await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('referral ' || $1::bigint, 0))", key)
    await tx.execute(
        "INSERT INTO referral (account_id, affiliate_id, ref, at) SELECT $1, $2, $3, $4"
        " WHERE NOT EXISTS (SELECT FROM trade WHERE buyer_id = $1) AND NOT EXISTS (SELECT FROM trade WHERE payee_id = $1)"
        " AND NOT EXISTS (SELECT FROM referral WHERE account_id = $2 AND affiliate_id = $1) ON CONFLICT DO NOTHING",
        account_id, affiliate_id, ref, now,
    )  # fmt: skip


async def of_account(tx: Reader, account_id: int) -> Referral | None:
    """Return who brought a user, or None."""
    return await tx.row(
        Referral, "SELECT account_id, affiliate_id, ref, at FROM referral WHERE account_id = $1", account_id
    )


async def earn(tx: Tx, settings: Settings, trade: Trade, now: datetime) -> None:
    """Note what a trade that finishes earns for those who brought its sides; it is owed, and paid by an operator."""
    cents = affiliate.commission_cents(trade.fee_cents, settings.affiliate_bps)
    if cents:
        await tx.execute(
            "INSERT INTO commission (trade_id, account_id, affiliate_id, cents, at)"
            " SELECT $1, account_id, affiliate_id, $2, $3 FROM referral WHERE account_id = ANY ($4) ORDER BY account_id",
            trade.id, cents, now, [trade.buyer_id, trade.payee_id],
        )  # fmt: skip


async def forget_clicks(app: App) -> int:
    """Remove clicks that count no more and are due nowhere; return how many there were."""
    return await app.db.execute(
        "DELETE FROM affiliate_click WHERE id = ANY (ARRAY(SELECT id FROM affiliate_click WHERE at < $1 AND due_at IS NULL"
        " ORDER BY at LIMIT $2))",
        app.real_now() - affiliate.CLICK_COUNTS,
        CLICKS_FORGOTTEN_MAX,
    )
