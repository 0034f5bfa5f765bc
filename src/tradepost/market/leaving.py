"""Leaving: a user has his data deleted. Money rows stay, without the person; nobody leaves who has something open.

What he said of himself is gone, his steamid is one that nobody has, whatever acted for him is ended. Trades, transfers,
entries and day totals stay as they are, as other people's money hangs on them. A ban stays by the steamid that it was
made for until it is over: who leaves and comes back is still banned.
"""

from tradepost.app import App
from tradepost.db import Db, Reader, Tx
from tradepost.market import (
    audit,
    buy_orders,
    endings,
    feed,
    freezing,
    jwts,
    ledger,
    merchants,
    payouts,
    people,
    roles,
)
from tradepost.market.ledger import BUCKETS
from tradepost.market.users import Account
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting

LEFT = "The owner of the item has left the market."
NAME = "(left)"
WAY_OUT = (
    " What is too little for a payout, or was deposited, an operator can take out for you: write to him."
)
LEAVE_SECONDS = 300.0  # a merchant's past is long

_BUCKET_WORDS = {
    "deposit": "deposit", "balance": "balance", "held": "trades under way", "payout": "payouts", "reserve": "reserve",
}  # fmt: skip


async def open_matters(tx: Reader, account: Account) -> list[str]:
    """Return what keeps an account's owner from leaving, each in a clause; nothing where he can."""
    purse, counts = await ledger.wallet(tx, account.id), await people.counts(tx, account)
    found = [
        f"{write_cents(cents)} USD in its {_BUCKET_WORDS[bucket]}"
        for bucket in BUCKETS
        if (cents := getattr(purse, f"{bucket}_cents"))
    ]
    if counts.trades_open:
        found.append(f"{counts.trades_open} trades under way")
    if counts.payouts_open:
        found.append(f"{counts.payouts_open} payouts under way")
    more = await tx.fetch(
        "SELECT (SELECT count(*) FROM checkout WHERE account_id = $1 AND state IN ('asked', 'open')) AS deposits,"
        " (SELECT count(*) FROM correction WHERE account_id = $1 AND state = 'asked') AS corrections,"
        " (SELECT count(*) FROM payment WHERE (account_id = $1 OR payer_id = $1) AND state <> 'closed') AS payments,"
        " (SELECT count(*) FROM operator_case c JOIN trade t ON t.id = c.trade_id WHERE c.closed_at IS NULL"
        " AND (t.buyer_id = $1 OR t.payee_id = $1 OR t.seller_id = $1 OR t.buyer_steamid = $2)) AS cases",
        account.id,
        account.steamid,
    )
    found += [
        f"{count} {words}"
        for (_, count), words in zip(
            more[0].items(),
            ("deposits under way", "corrections that wait", "payments with skins that are open", "cases that an operator looks at"),
            strict=True,
        )
        if count
    ]  # fmt: skip
    if await freezing.is_frozen(tx, account.id):
        found.append("an operator who looks into the account")
    if await roles.is_admin(tx, account.id):
        found.append("the role of an admin")
    return found


async def leave(app: App, account: Account, *, actor_id: int | None, reason: str) -> None:
    """Delete a user's data; raises Conflicting with what is open, and then nothing was done.

    He has proven that he is the owner (`second_factor.demand`), or an admin has.
    """
    await _refuse_open(app.db, account)
    db = await Db.open(
        app.db.dsn, min_size=1, max_size=1, statement_seconds=LEAVE_SECONDS, name="tradepost leaving"
    )
    try:
        # Offers and orders are locked before accounts; what comes meanwhile is swept away (`end_offers_of_frozen`).
        async with db.transaction() as tx:
            on_sale = await tx.fetch(
                "SELECT id FROM offer WHERE account_id = $1 AND state = 'on_sale'"
                " UNION SELECT id FROM offer WHERE seller_id = $1 AND state = 'on_sale'",
                account.id,
            )
            ended = await endings.end(tx, [row["id"] for row in on_sale], LEFT)
            await buy_orders.end_all(tx, account.id, app.now())
        async with db.transaction() as tx:
            await ledger.lock_wallets(tx, [account.id])
            await _refuse_open(
                tx, account
            )  # looked at again behind the lock, without which no money of his moves
            await _disconnect(tx, app, account)
            await _forget(tx, app, account)
            await audit.note(
                tx, actor_id=actor_id, subject_id=account.id, deed="account left", reason=reason, now=app.real_now()
            )  # fmt: skip
    finally:
        await db.close()
    await feed.tell(app, ended)


async def _refuse_open(tx: Reader, account: Account) -> None:
    if found := await open_matters(tx, account):
        purse = await ledger.wallet(tx, account.id)
        way_out = WAY_OUT if purse.deposit_cents or purse.balance_cents else ""
        raise Conflicting(f"The account cannot be deleted yet. It still has: {'; '.join(found)}.{way_out}")


async def _disconnect(tx: Tx, app: App, account: Account) -> None:
    """End whatever acts for the account, and forget what it was known by."""
    now, real_now = app.now(), app.real_now()
    await jwts.end_others(tx, account.id, None)
    for table in (
        "session",
        "pairing_code",
        "presence",
        "inventory_scan",
        "request_key",
        "export_token",
        "export",
    ):
        await tx.execute(f"DELETE FROM {table} WHERE account_id = $1", account.id)
    await tx.execute("DELETE FROM pairing_code WHERE merchant_id = $1", account.id)
    await tx.execute(
        "UPDATE api_token SET revoked_at = coalesce(revoked_at, $2), label = '', allow_addresses = '{}' WHERE account_id = $1",
        account.id,
        now,
    )
    await tx.execute(
        "UPDATE agent SET revoked_at = coalesce(revoked_at, $2), device_id = id::text, platform = '', version = ''"
        " WHERE account_id = $1",
        account.id,
        now,
    )
    for grant in await merchants.grants_of_seller(tx, account.id):
        await tx.execute(
            "UPDATE seller_grant SET revoked_at = $3 WHERE merchant_id = $1 AND seller_id = $2",
            grant.merchant_id, account.id, now,
        )  # fmt: skip
    await tx.execute(
        "UPDATE seller_grant SET revoked_at = $2 WHERE merchant_id = $1 AND revoked_at IS NULL",
        account.id,
        now,
    )
    # The receivers' secrets go with them; whoever has the gateway's address gets no more links (`refuse_if_frozen`).
    await tx.execute("DELETE FROM notice WHERE account_id = $1", account.id)
    await tx.execute("DELETE FROM receiver WHERE account_id = $1", account.id)
    await tx.execute("DELETE FROM ban WHERE steamid = $1 AND (lifted_at IS NOT NULL OR until_at <= $2)", account.steamid, now)  # fmt: skip
    await tx.execute("DELETE FROM strike WHERE steamid = $1", account.steamid)
    await tx.execute("DELETE FROM openid_nonce WHERE forget_after < $1", real_now)


async def _forget(tx: Tx, app: App, account: Account) -> None:
    """Empty what the account says of the person, and what the past says of him by his steamid."""
    for table in ("profile", "mail_change", "second_factor", "message", "alert", "mail"):
        await tx.execute(f"DELETE FROM {table} WHERE account_id = $1", account.id)
    await payouts.forget_addresses(tx, account.id)
    # A link's code is its affiliate's steamid or short name; whom he brought, and what he earned by it, stays.
    await tx.execute(
        "DELETE FROM affiliate_click WHERE account_id = $1 OR affiliate_id = $1 OR ref = $2",
        account.id,
        account.steamid,
    )
    await tx.execute("UPDATE referral SET ref = 'left' WHERE affiliate_id = $1", account.id)
    await tx.execute("UPDATE dispute SET text = '' WHERE account_id = $1", account.id)
    await tx.execute(
        "UPDATE payment_item SET ip = '0.0.0.0' WHERE payment_id IN (SELECT id FROM payment WHERE payer_id = $1)",
        account.id,
    )
    await tx.execute("UPDATE payment SET trade_token = NULL WHERE payer_id = $1", account.id)
    # What agents were asked names its partner and his trade token.
    await tx.execute(
        "DELETE FROM directive WHERE account_id = $1 OR trade_id IN (SELECT id FROM trade WHERE buyer_steamid = $2)",
        account.id,
        account.steamid,
    )
    nobody: str = await tx.value(
        "UPDATE account SET left_at = $2, steamid = '76561190' || lpad(id::text, 9, '0'), name = $3, avatar = '',"
        " trade_token = NULL, trade_token_refused_at = NULL, hold_until = NULL,"
        " away_since = NULL, away_until = NULL WHERE id = $1 RETURNING steamid",
        account.id, app.now(), NAME,
    )  # fmt: skip
    await tx.execute("UPDATE offer SET seller_steamid = $2 WHERE seller_id = $1", account.id, nobody)
    await tx.execute(
        "UPDATE trade SET buyer_steamid = $2, trade_token = '' WHERE buyer_steamid = $1",
        account.steamid,
        nobody,
    )
