"""A past: so many trades that finished, with honest books, put straight into the database."""

from datetime import UTC, datetime, timedelta

from stock import NAME, Stock
from tradepost.db import Db
from tradepost.rules.money import fee_cents

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)
PROTECTION = timedelta(days=7)

# Trade n is bought at $4 + n * $5 and settles eight days after that; all cost the same.
_OFFERS = """
    INSERT INTO offer (account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid, instanceid,
                       steam_item_id, price_cents, state, created_at)
    SELECT a.id, a.id, a.steamid, 'csgo', 730, 2, (90000000000 + n + $5)::text, '1', '0', $3, $2, 'sold', $4
      FROM account a, generate_series(1, $6::bigint) n WHERE a.id = $1
"""
_TRADES = """
    INSERT INTO trade (offer_id, buyer_id, payee_id, seller_id, buyer_steamid, trade_token, price_cents, fee_cents,
                       paid_deposit_cents, paid_balance_cents, seller_sold_count, digest, state, accepted_at, protected_until,
                       ended_at, explanation, created_at, changed_at)
    SELECT o.id, b.id, o.account_id, o.seller_id, b.steamid, 'tokenabc', $3, $4, $3, 0, 0, '\\x00', 'finished',
           $5::timestamptz + o.n * $6::interval, $5 + o.n * $6 + $7::interval, $5 + o.n * $6 + $7 + interval '1 day', 'It is done.',
           $5 + o.n * $6, $5 + o.n * $6 + $7 + interval '1 day'
      FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM offer WHERE seller_id = $2 AND state = 'sold'
               AND NOT EXISTS (SELECT FROM trade t WHERE t.offer_id = offer.id)) o, account b WHERE b.id = $1
     ORDER BY o.n
"""
_EVENTS = """
    INSERT INTO trade_event (trade_id, no, event, to_state, witness, at)
    SELECT id, 1, 'settled', 'finished', 'public_inventory', ended_at FROM trade t
     WHERE NOT EXISTS (SELECT FROM trade_event e WHERE e.trade_id = t.id)
"""
_TRANSFERS = """
    INSERT INTO transfer (key, kind, trade_id, at)
    SELECT 'trade:' || t.id || ':' || k.kind, k.kind, t.id, CASE k.kind WHEN 'held' THEN t.created_at ELSE t.ended_at END
      FROM trade t, (VALUES (1, 'held'), (2, 'finished')) AS k (no, kind)
     WHERE NOT EXISTS (SELECT FROM transfer x WHERE x.trade_id = t.id) ORDER BY t.id, k.no
"""
# Of each leg, what it moves; its number and what is in its bucket after it follow from those before.
_ENTRIES = """
    WITH leg AS (
        SELECT x.id, l.account_id, l.book, l.cents FROM trade t JOIN transfer x ON x.trade_id = t.id
         CROSS JOIN LATERAL (VALUES
            ('held', t.buyer_id, 'deposit', -t.price_cents), ('held', t.buyer_id, 'held', t.price_cents),
            ('finished', t.buyer_id, 'held', -t.price_cents), ('finished', t.payee_id, 'balance', t.price_cents - t.fee_cents),
            ('finished', NULL, 'fees', t.fee_cents)) AS l (kind, account_id, book, cents)
         WHERE l.kind = x.kind AND l.cents <> 0 AND NOT EXISTS (SELECT FROM entry e WHERE e.transfer_id = x.id)
    )
    INSERT INTO entry (transfer_id, account_id, book, amount_cents, no, after_cents)
    SELECT leg.id, leg.account_id, leg.book, leg.cents,
           CASE WHEN leg.account_id IS NOT NULL THEN row_number() OVER w + CASE leg.book
               WHEN 'deposit' THEN v.deposit_no WHEN 'balance' THEN v.balance_no ELSE v.held_no END END,
           CASE WHEN leg.account_id IS NOT NULL THEN sum(leg.cents) OVER w + CASE leg.book
               WHEN 'deposit' THEN v.deposit_cents WHEN 'balance' THEN v.balance_cents ELSE v.held_cents END END
      FROM leg LEFT JOIN wallet v ON v.account_id = leg.account_id
    WINDOW w AS (PARTITION BY leg.account_id, leg.book ORDER BY leg.id)
"""
_WALLETS = """
    UPDATE wallet w SET deposit_cents = coalesce(d.cents, 0), deposit_no = coalesce(d.no, 0),
           balance_cents = coalesce(b.cents, 0), balance_no = coalesce(b.no, 0),
           held_cents = coalesce(h.cents, 0), held_no = coalesce(h.no, 0)
      FROM account a
      LEFT JOIN (SELECT account_id, sum(amount_cents) cents, max(no) no FROM entry WHERE book = 'deposit' GROUP BY 1) d ON d.account_id = a.id
      LEFT JOIN (SELECT account_id, sum(amount_cents) cents, max(no) no FROM entry WHERE book = 'balance' GROUP BY 1) b ON b.account_id = a.id
      LEFT JOIN (SELECT account_id, sum(amount_cents) cents, max(no) no FROM entry WHERE book = 'held' GROUP BY 1) h ON h.account_id = a.id
     WHERE w.account_id = a.id
"""
_DAYS = """
    INSERT INTO day_total (account_id, day, bought_cents, bought_count, sold_cents, sold_count)
    SELECT account_id, day, sum(bought), count(nullif(bought, 0)), sum(sold), count(nullif(sold, 0)) FROM (
        SELECT buyer_id AS account_id, (ended_at AT TIME ZONE 'UTC')::date AS day, price_cents AS bought, 0 AS sold FROM trade
         UNION ALL SELECT payee_id, (ended_at AT TIME ZONE 'UTC')::date, 0, price_cents FROM trade) t GROUP BY 1, 2
    ON CONFLICT (account_id, day) DO UPDATE SET bought_cents = excluded.bought_cents, bought_count = excluded.bought_count,
           sold_cents = excluded.sold_cents, sold_count = excluded.sold_count
"""
_COUNTS = """
    UPDATE account a SET sold_count = s.sold FROM (SELECT seller_id, count(*) AS sold FROM trade GROUP BY 1) s
     WHERE s.seller_id = a.id AND a.sold_count <> s.sold
"""


async def trades(
    db: Db,
    buyer_id: int,
    seller_id: int,
    count: int,
    *,
    price_cents: int = 100,
    begin: datetime = BEGIN,
    step: timedelta = timedelta(hours=1),
    name: str = NAME,
) -> None:
    """So many finished trades between two, paid out of the buyer's deposit, which must be enough."""
    stock, fee = Stock(db), fee_cents(price_cents, 500)
    item = await stock.item(name)
    # On a connection of its own: a long past takes longer to write than a statement may else.
    patient = await Db.open(db.dsn, min_size=1, max_size=1, statement_seconds=300.0)
    try:
        async with patient.transaction() as tx:
            before = await tx.value("SELECT count(*) FROM offer")
            await tx.execute(_OFFERS, seller_id, price_cents, item, begin, before, count)
            await tx.execute(_TRADES, buyer_id, seller_id, price_cents, fee, begin, step, PROTECTION)
            for statement in (_EVENTS, _TRANSFERS, _ENTRIES, _WALLETS, _DAYS, _COUNTS):
                await tx.execute(statement)
    finally:
        await patient.close()
