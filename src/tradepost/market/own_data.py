"""One's own data: all that the market keeps of a user, as JSON in a zip, made while it is sent.

Each part is read in short questions, a few hundred rows at a time, each going on where the one before ended; nothing is
held in memory, and no connection to the database while a slow reader takes his time. No secret and no hash is in it,
and of other people what the user was shown of them.
"""

import io
import zipfile
from collections.abc import AsyncIterator

from tradepost.app import App

ROWS_AT_ONCE = 500
# A date that zip can write; when the data were taken stands in the account's own part.
DATE = (1980, 1, 1, 0, 0, 0)

# Each part: what one row is, and the number by which rows are gone through. $1 is the account.
PARTS: dict[str, tuple[str, str]] = {
    "account": (
        "a.id",
        """a.steamid, a.name, a.avatar, a.trade_token, a.hold_until, a.known_by, a.sold_count, a.created_at, a.frozen_at,
           a.away_since, a.away_until,
           w.deposit_cents, w.balance_cents, w.held_cents, w.payout_cents, w.reserve_cents
           FROM account a LEFT JOIN wallet w ON w.account_id = a.id WHERE a.id = $1""",
    ),
    "profile": (
        "p.account_id",
        "p.mail, p.mail_notices, p.skrill, p.discord, p.discordtag, p.shorturl, p.active_at FROM profile p WHERE p.account_id = $1",
    ),
    "sessions": ("s.id", "s.browser, s.signed_in_at, s.seen_at, s.expires_at FROM session s WHERE s.account_id = $1"),
    "api_keys": (
        "k.id",
        """k.prefix, k.label, k.scopes, k.allow_addresses::text[], k.created_at, k.last_used_at, k.expires_at, k.revoked_at
           FROM api_token k WHERE k.account_id = $1""",
    ),
    "programs": (
        "g.id",
        "g.device_id, g.platform, g.version, g.paired_at, g.heartbeat_at, g.revoked_at FROM agent g WHERE g.account_id = $1",
    ),
    "grants": (
        "g.merchant_id",
        """m.steamid AS merchant, g.floor_bps, g.given_by, g.given_at, g.revoked_at
           FROM seller_grant g JOIN account m ON m.id = g.merchant_id WHERE g.seller_id = $1""",
    ),
    "offers": (
        "o.id",
        """o.id, o.seller_steamid, o.project, o.assetid, i.market_hash_name, o.price_cents, o.state, o.ended_reason, o.created_at
           FROM offer o JOIN steam_item i ON i.id = o.steam_item_id WHERE (o.account_id = $1 OR o.seller_id = $1)""",
    ),
    "trades": (
        "t.id",
        """t.id, CASE WHEN t.buyer_id = $1 THEN 'bought' WHEN t.payee_id = $1 THEN 'sold' ELSE 'item sold by a merchant' END AS side,
           t.buyer_steamid, o.seller_steamid, i.market_hash_name, o.project, t.price_cents, t.fee_cents, t.custom_id, t.state,
           t.causer, t.steam_tradeofferid, t.explanation, t.created_at, t.accepted_at, t.protected_until, t.ended_at
           FROM trade t JOIN offer o ON o.id = t.offer_id JOIN steam_item i ON i.id = o.steam_item_id
           WHERE (t.buyer_id = $1 OR t.payee_id = $1 OR t.seller_id = $1)""",
    ),
    "received": (  # what others bought for him
        "t.id",
        """t.id, i.market_hash_name, o.project, t.state, t.created_at, t.ended_at FROM trade t JOIN offer o ON o.id = t.offer_id
           JOIN steam_item i ON i.id = o.steam_item_id
           WHERE t.buyer_steamid = (SELECT steamid FROM account WHERE id = $1) AND t.buyer_id <> $1""",
    ),
    "ledger": (
        "t.id",
        """t.key, t.kind, t.trade_id, t.at, (SELECT json_agg(json_build_object('bucket', e.book, 'amount_cents', e.amount_cents,
           'after_cents', e.after_cents) ORDER BY e.book) FROM entry e WHERE e.transfer_id = t.id AND e.account_id = $1) AS entries
           FROM transfer t WHERE t.id IN (SELECT transfer_id FROM entry WHERE account_id = $1)""",
    ),
    "buy_orders": (
        "b.id",
        """b.id, i.market_hash_name, i.project, b.price_cents, b.amount, b.bought, b.state, b.created_at, b.ended_at
           FROM buy_order b JOIN steam_item i ON i.id = b.steam_item_id WHERE b.account_id = $1""",
    ),
    "payouts": (
        "p.id",
        """p.id, p.cents, p.method, p.address, p.state, p.reference, p.reason, p.asked_at, p.ended_at FROM payout p
           WHERE p.account_id = $1""",
    ),
    "payments": (
        "p.id",
        """p.id, p.order_id, p.account, p.amount, p.currency, p.state, p.created_at, p.closed_at,
           (SELECT json_agg(json_build_object('offer_id', i.offer_id, 'ip', i.ip, 'listed_at', i.listed_at) ORDER BY i.offer_id)
              FROM payment_item i WHERE i.payment_id = p.id) AS skins FROM payment p WHERE p.payer_id = $1""",
    ),
    "link_clicks": ("c.id", "c.ref, c.at FROM affiliate_click c WHERE c.account_id = $1"),
    "brought_by": ("r.account_id", "r.ref, r.at FROM referral r WHERE r.account_id = $1"),
    "commissions": ("c.trade_id", "c.cents, c.at FROM commission c WHERE c.affiliate_id = $1"),
    "corrections": (
        "c.id",
        """c.reference, c.bucket, c.amount_cents, c.reason, c.state, c.asked_at, c.decided_at FROM correction c
           WHERE c.account_id = $1""",
    ),
    "deposits_asked": (
        "c.id",
        "c.provider, c.cents, c.state, c.reason, c.made_at, c.ended_at FROM checkout c WHERE c.account_id = $1",
    ),
    "freezings": ("f.id", "f.reason, f.frozen_at, f.thawed_at FROM freezing f WHERE f.account_id = $1"),
    "disputes": ("d.trade_id", "d.trade_id, d.text, d.at FROM dispute d WHERE d.account_id = $1"),
    "messages": ("m.id", "m.text, m.at, m.read_at FROM message m WHERE m.account_id = $1"),
    "alerts": ("l.id", "l.kind, l.text, l.at, l.closed_at FROM alert l WHERE l.account_id = $1"),
    "mails": ("m.id", "m.recipient, m.subject, m.state, m.made_at, m.ended_at FROM mail m WHERE m.account_id = $1"),
    "bans": (
        "b.id",
        """b.side, b.reason, b.from_at, b.until_at, b.lifted_at FROM ban b
           WHERE b.steamid = (SELECT steamid FROM account WHERE id = $1)""",
    ),
    "strikes": (
        "s.trade_id",
        "s.trade_id, s.side, s.reason, s.at FROM strike s WHERE s.steamid = (SELECT steamid FROM account WHERE id = $1)",
    ),
    "looks_of_operators": (  # what was looked at and done, not by whom
        "n.id",
        "n.at, n.deed, n.reason FROM audit n WHERE n.subject_id = $1 AND n.actor_id IS DISTINCT FROM $1",
    ),
}  # fmt: skip


class _Pipe(io.RawIOBase):
    """What a zip is written into, and taken out of again piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """It can be written, and nothing else."""
        return True

    def write(self, data) -> int:  # type: ignore[no-untyped-def] # whatever has bytes in it, as the class above has it
        """Keep a piece until it is taken."""
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


async def stream(app: App, account_id: int) -> AsyncIterator[bytes]:
    """Yield the zip of a user's data, in pieces, each made when the one before was taken."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in PARTS:
            entry = zipfile.ZipInfo(f"{name}.json", DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                file.write(b"[")
                between = b"\n"
                async for rows in _rows(app, account_id, name):
                    for row in rows:
                        file.write(between + row.encode())
                        between = b",\n"
                    yield pipe.take()
                file.write(b"\n]\n")
    yield pipe.take()


async def _rows(app: App, account_id: int, name: str) -> AsyncIterator[list[str]]:
    number, sql = PARTS[name]
    after = -1
    while True:
        found = await app.db.fetch(
            f"SELECT x.number, (to_jsonb(x) - 'number')::text AS row FROM (SELECT {number} AS number, {sql}"
            f" AND {number} > $2 ORDER BY {number} LIMIT $3) x",
            account_id,
            after,
            ROWS_AT_ONCE,
        )
        if not found:
            return
        after = found[-1]["number"]
        yield [row["row"] for row in found]
