"""A market's past, put straight into the database: trades that finished, with the money that moved for each of them.

Every second trade is bought by one big merchant, the first thousand of the others by a steady one; the rest by many. So
what grows with an account's own history can be told from what grows with everybody's. The market's clock goes on with
its trades, so many a day: a chart of thirty days has its fill of them from then on, however long the past is.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tradepost.db import Db, Tx
from tradepost.market import ledger
from tradepost.rules.money import fee_cents

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
A_DAY = 10_000  # trades
STEP = timedelta(days=1) / A_DAY
PROTECTION = timedelta(days=7)
STEADY = 1_000  # trades of the steady merchant, and sales of the steady name
PRICE_CENTS = 1_000
FEE_CENTS = fee_cents(PRICE_CENTS, 500)
REST_SECONDS = 2.0  # after all of it was written
CHUNK = 50_000  # trades written in one transaction
# Trade n of all: who buys it, who sells it, and of which name; the accounts and names are arrays, the busy ones first.
_CHUNK = """
    CREATE TEMP TABLE chunk ON COMMIT DROP AS
    SELECT n, nextval(pg_get_serial_sequence('offer', 'id')) AS offer_id, nextval(pg_get_serial_sequence('trade', 'id')) AS trade_id,
           nextval(pg_get_serial_sequence('transfer', 'id')) AS held_id, nextval(pg_get_serial_sequence('transfer', 'id')) AS finished_id,
           ($3::bigint[])[CASE WHEN n % 2 = 0 THEN 1 WHEN n <= 2 * $6 THEN 2 ELSE 3 + n / 2 % (cardinality($3::bigint[]) - 2) END] AS buyer_id,
           ($4::bigint[])[1 + n % cardinality($4::bigint[])] AS payee_id,
           ($5::bigint[])[CASE WHEN n % 100 = 0 THEN 1 WHEN n % 10 = 1 AND n <= 10 * $6 THEN 2 ELSE 3 + n % (cardinality($5::bigint[]) - 2) END] AS item_id,
           $7::timestamptz + n * $8::interval AS at
      FROM generate_series($1::bigint, $2::bigint) n ORDER BY n
"""
_OFFERS = """
    INSERT INTO offer (id, account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid, instanceid,
                       steam_item_id, price_cents, state, created_at) OVERRIDING SYSTEM VALUE
    SELECT offer_id, payee_id, payee_id, a.steamid, 'csgo', 730, 2, (90000000000 + n)::text, '1', '0', item_id, $1, 'sold', at
      FROM chunk JOIN account a ON a.id = payee_id ORDER BY n
"""
_TRADES = """
    INSERT INTO trade (id, offer_id, buyer_id, payee_id, seller_id, buyer_steamid, trade_token, price_cents, fee_cents,
                       paid_deposit_cents, paid_balance_cents, seller_sold_count, custom_id, idempotency_key, digest, state,
                       steam_tradeofferid, new_assetid, accepted_at, protected_until, ended_at, explanation, created_at, changed_at)
           OVERRIDING SYSTEM VALUE
    SELECT trade_id, offer_id, buyer_id, payee_id, payee_id, a.steamid, 'tokenabc', $1, $2, $1, 0, 0, 'order-' || n, 'key-' || n, '\\x00',
           'finished', (7000000000 + n)::text, (60000000000 + n)::text, at, at + $3::interval, at + $3::interval, 'It is done.', at,
           at + $3::interval
      FROM chunk JOIN account a ON a.id = buyer_id ORDER BY n
"""
_EVENTS = """
    INSERT INTO trade_event (trade_id, no, event, from_state, to_state, witness, at)
    SELECT trade_id, e.no, e.event, e.before, e.after, e.witness, at
      FROM chunk CROSS JOIN (VALUES (1, 'bought', NULL, 'created', 'buyer'), (2, 'settled', 'protected', 'finished', 'public_inventory'))
           AS e (no, event, before, after, witness) ORDER BY n, e.no
"""
_SALES = "INSERT INTO sale SELECT trade_id, item_id, at + $2::interval, $1 FROM chunk ORDER BY n"
_TRANSFERS = """
    INSERT INTO transfer (id, key, kind, trade_id, at)
    SELECT k.id, 'trade:' || trade_id || ':' || k.kind, k.kind, trade_id, k.at
      FROM chunk CROSS JOIN LATERAL (VALUES (held_id, 'held', at), (finished_id, 'finished', at + $1::interval)) AS k (id, kind, at)
     ORDER BY n
"""
# What a buyer spends he has paid in before, chunk by chunk.
_DEPOSITS = """
    WITH paid AS (SELECT buyer_id, count(*) * $1::bigint AS cents, min(at) AS at FROM chunk GROUP BY 1),
         made AS (INSERT INTO transfer (key, kind, at) SELECT 'deposit:past:' || $2::bigint || ':' || buyer_id, 'deposit', at FROM paid ORDER BY buyer_id
                  RETURNING id, key),
         found AS (SELECT m.id, p.* FROM made m JOIN paid p ON m.key = 'deposit:past:' || $2::bigint || ':' || p.buyer_id),
         listed AS (INSERT INTO transfer_of_account SELECT buyer_id, id FROM found),
         outside AS (INSERT INTO entry (transfer_id, book, amount_cents) SELECT id, 'world', -cents FROM found),
         inside AS (INSERT INTO entry (transfer_id, account_id, book, amount_cents, no, after_cents)
                    SELECT f.id, f.buyer_id, 'deposit', f.cents, w.deposit_no + 1, w.deposit_cents + f.cents FROM found f JOIN wallet w ON w.account_id = f.buyer_id)
    UPDATE wallet w SET deposit_cents = w.deposit_cents + f.cents, deposit_no = w.deposit_no + 1 FROM found f WHERE w.account_id = f.buyer_id
"""
# Of each leg its number in its bucket's chain, and what is there after it, follow from the wallet before this chunk.
_ENTRIES = """
    INSERT INTO entry (transfer_id, account_id, book, amount_cents, no, after_cents)
    SELECT l.id, l.account_id, l.book, l.cents, l.no, l.after FROM (
        SELECT c.*, row_number() OVER (PARTITION BY buyer_id ORDER BY n) AS b, row_number() OVER (PARTITION BY payee_id ORDER BY n) AS s FROM chunk c) c
      JOIN wallet w ON w.account_id = c.buyer_id JOIN wallet p ON p.account_id = c.payee_id
     CROSS JOIN LATERAL (VALUES
        (held_id, buyer_id, 'deposit', -$1::bigint, w.deposit_no + b, w.deposit_cents - b * $1::bigint),
        (held_id, buyer_id, 'held', $1::bigint, w.held_no + 2 * b - 1, w.held_cents + $1::bigint),
        (finished_id, buyer_id, 'held', -$1::bigint, w.held_no + 2 * b, w.held_cents),
        (finished_id, payee_id, 'balance', $1::bigint - $2::bigint, p.balance_no + s, p.balance_cents + s * ($1::bigint - $2::bigint)),
        (finished_id, NULL, 'fees', $2::bigint, NULL, NULL)) AS l (id, account_id, book, cents, no, after)
     ORDER BY n
"""
_WALLETS = """
    UPDATE wallet w SET deposit_no = w.deposit_no + b.trades, deposit_cents = w.deposit_cents - b.trades * $1::bigint, held_no = w.held_no + 2 * b.trades
      FROM (SELECT buyer_id, count(*) AS trades FROM chunk GROUP BY 1) b WHERE w.account_id = b.buyer_id
"""
_EARNED = """
    UPDATE wallet w SET balance_no = w.balance_no + s.trades, balance_cents = w.balance_cents + s.trades * ($1::bigint - $2::bigint)
      FROM (SELECT payee_id, count(*) AS trades FROM chunk GROUP BY 1) s WHERE w.account_id = s.payee_id
"""
_COUNTS = """
    UPDATE account a SET sold_count = a.sold_count + s.trades
      FROM (SELECT payee_id, count(*) AS trades FROM chunk GROUP BY 1) s WHERE a.id = s.payee_id
"""
_DAYS = """
    INSERT INTO day_total (account_id, day, bought_cents, bought_count, sold_cents, sold_count)
    SELECT account_id, ((at + $2::interval) AT TIME ZONE 'UTC')::date, sum(bought) * $1::bigint, sum(bought), sum(sold) * $1::bigint, sum(sold) FROM (
        SELECT buyer_id AS account_id, at, 1 AS bought, 0 AS sold FROM chunk UNION ALL SELECT payee_id, at, 0, 1 FROM chunk) t GROUP BY 1, 2
    ON CONFLICT (account_id, day) DO UPDATE SET bought_cents = day_total.bought_cents + excluded.bought_cents,
       bought_count = day_total.bought_count + excluded.bought_count, sold_cents = day_total.sold_cents + excluded.sold_cents,
       sold_count = day_total.sold_count + excluded.sold_count
"""
TABLES = ("offer", "trade", "trade_event", "transfer", "transfer_of_account", "entry", "sale", "wallet", "account", "day_total")  # fmt: skip


@dataclass(slots=True)
class Past:
    """A past that can be made longer: the market's clock stands at its end."""

    db: Db
    buyers: Sequence[int]  # the big one, the steady one, and others
    sellers: Sequence[int]
    items: Sequence[int]  # one of a hundred sales is of the first; the second has a steady number
    trades: int = 0

    @property
    def now(self) -> datetime:
        """The market's time: all that was bought has settled."""
        return BEGIN + self.trades * STEP + PROTECTION + timedelta(seconds=1)

    async def grow(self, trades: int, say: Callable[[str], None] = lambda _: None) -> None:
        """Write as many more trades as are lacking, and let Postgres look at what there is."""
        async with self.db.transaction() as tx:
            await ledger.lock_wallets(tx, [*self.buyers, *self.sellers])
        while self.trades < trades:
            last = min(self.trades + CHUNK, trades)
            async with self.db.transaction() as tx:
                await self._write(tx, self.trades + 1, last)
            self.trades = last
            say(f"{last:,} trades")
        for table in TABLES:
            await self.db.execute(f"VACUUM ANALYZE {table}")
        await self.db.execute("CHECKPOINT")
        # Or the disk would still be busy with all of that when the first buy waits for it.
        await asyncio.to_thread(os.sync)
        await asyncio.sleep(REST_SECONDS)

    async def _write(self, tx: Tx, first: int, last: int) -> None:
        # Neither the keys' own checks nor what tells of changes: all of this was there before anybody listened.
        await tx.execute("SET LOCAL session_replication_role = replica")
        await tx.execute("SET LOCAL synchronous_commit = off")
        await tx.execute(
            _CHUNK, first, last, self.buyers, self.sellers, self.items, STEADY, BEGIN, STEP
        )  # fmt: skip
        await tx.execute(_OFFERS, PRICE_CENTS)
        await tx.execute(_TRADES, PRICE_CENTS, FEE_CENTS, PROTECTION)
        await tx.execute(_EVENTS)
        await tx.execute(_SALES, PRICE_CENTS, PROTECTION)
        await tx.execute(_DEPOSITS, PRICE_CENTS, first)
        await tx.execute(_TRANSFERS, PROTECTION)
        await tx.execute(_ENTRIES, PRICE_CENTS, FEE_CENTS)
        await tx.execute(_WALLETS, PRICE_CENTS)
        await tx.execute(_EARNED, PRICE_CENTS, FEE_CENTS)
        await tx.execute(_COUNTS)
        await tx.execute(_DAYS, PRICE_CENTS, PROTECTION)
