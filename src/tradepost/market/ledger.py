"""The ledger: wallets, transfers and their entries, and the list of what does not add up.

Money moves by `post` alone (and by `buy_batch`, which writes the same rows set-based): the wallets are locked in the
order of their ids, the transfer's key is looked for *after* the locks, and the entries are written in one statement,
which a trigger checks to add up to zero. See docs/ledger.md for the chart of accounts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tradepost.db import Reader, Tx
from tradepost.rules.refusals import Conflicting, TooLittleMoney

Bucket = Literal["deposit", "balance", "held", "payout", "reserve"]
Book = Literal["deposit", "balance", "held", "payout", "reserve", "fees", "world", "fx_rounding", "advances"]
BUCKETS: tuple[Bucket, ...] = ("deposit", "balance", "held", "payout", "reserve")


@dataclass(frozen=True, slots=True)
class Wallet:
    """An account's money, bucket by bucket, in cents."""

    account_id: int
    deposit_cents: int
    balance_cents: int
    held_cents: int
    payout_cents: int
    reserve_cents: int


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg of a transfer; the market's own books have no account."""

    account_id: int | None
    book: Book
    amount_cents: int


_WALLET = "account_id, deposit_cents, balance_cents, held_cents, payout_cents, reserve_cents"


async def wallet(tx: Reader, account_id: int) -> Wallet:
    """Return an account's wallet; an account without one has nothing."""
    found = await tx.row(Wallet, f"SELECT {_WALLET} FROM wallet WHERE account_id = $1", account_id)
    return found or Wallet(account_id, 0, 0, 0, 0, 0)


async def lock_wallets(tx: Tx, account_ids: Iterable[int]) -> dict[int, Wallet]:
    """Lock wallets in the order of their ids, making those that are missing, and return them by account."""
    ids = sorted(set(account_ids))
    await tx.execute(
        "INSERT INTO wallet (account_id) SELECT unnest($1::bigint[]) ORDER BY 1 ON CONFLICT DO NOTHING", ids
    )
    rows = await tx.rows(
        Wallet,
        f"SELECT {_WALLET} FROM wallet WHERE account_id = ANY ($1) ORDER BY account_id FOR NO KEY UPDATE",
        ids,
    )
    return {row.account_id: row for row in rows}


async def post(
    tx: Tx,
    key: str,
    kind: str,
    postings: Sequence[Posting],
    now: datetime,
    *,
    trade_id: int | None = None,
    note: str = "",
) -> bool:
    """Move money once: True if it moved now, False if this very transfer was made before.

    Raises TooLittleMoney when a bucket would fall below zero, Conflicting when the key stands for other postings.
    Postings of the same account and bucket are added up; those that come to nothing are left out.
    """
    sums: dict[tuple[int | None, Book], int] = {}
    for posting in postings:
        place = (posting.account_id, posting.book)
        sums[place] = sums.get(place, 0) + posting.amount_cents
    legs = [(account, book, cents) for (account, book), cents in sums.items() if cents]
    if sum(cents for _, _, cents in legs) or not legs:
        raise ValueError(f"the postings of {key} do not add up to zero, or move nothing")

    wallets = await lock_wallets(tx, [account for account, _, _ in legs if account is not None])
    transfer_id = await tx.value(
        "INSERT INTO transfer (key, kind, trade_id, note, at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (key) DO NOTHING RETURNING id",
        key, kind, trade_id, note, now,
    )  # fmt: skip
    if transfer_id is None:
        await _refuse_other_content(tx, key, legs)
        return False
    for account, book, cents in legs:
        if account is not None and getattr(wallets[account], f"{book}_cents") + cents < 0:
            raise TooLittleMoney
    # The buckets are columns: a leg is added to its own column and its chain goes one further.
    moved = ", ".join(f"{b}_cents = {b}_cents + {b}_sum, {b}_no = {b}_no + {b}_one" for b in BUCKETS)
    added = ", ".join(
        f"coalesce(sum(cents) FILTER (WHERE book = '{b}'), 0)::bigint AS {b}_sum, count(*) FILTER (WHERE book = '{b}') AS {b}_one"
        for b in BUCKETS
    )
    await tx.execute(
        f"""
        WITH leg AS (
            SELECT * FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS leg (account_id, book, cents)
        ), moved AS (
            UPDATE wallet w SET {moved}
              FROM (SELECT account_id, {added} FROM leg WHERE account_id IS NOT NULL GROUP BY account_id) s
             WHERE w.account_id = s.account_id RETURNING w.*
        )
        INSERT INTO entry (transfer_id, account_id, book, amount_cents, no, after_cents)
        SELECT $1, leg.account_id, leg.book, leg.cents,
               CASE leg.book WHEN 'deposit' THEN m.deposit_no WHEN 'balance' THEN m.balance_no WHEN 'held' THEN m.held_no
                             WHEN 'payout' THEN m.payout_no WHEN 'reserve' THEN m.reserve_no END,
               CASE leg.book WHEN 'deposit' THEN m.deposit_cents WHEN 'balance' THEN m.balance_cents WHEN 'held' THEN m.held_cents
                             WHEN 'payout' THEN m.payout_cents WHEN 'reserve' THEN m.reserve_cents END
          FROM leg LEFT JOIN moved m ON m.account_id = leg.account_id
        """,
        transfer_id,
        [account for account, _, _ in legs],
        [book for _, book, _ in legs],
        [cents for _, _, cents in legs],
    )
    return True


async def _refuse_other_content(tx: Tx, key: str, legs: Sequence[tuple[int | None, str, int]]) -> None:
    made = await tx.fetch(
        "SELECT e.account_id, e.book, e.amount_cents FROM entry e JOIN transfer t ON t.id = e.transfer_id WHERE t.key = $1",
        key,
    )
    if {(row["account_id"], row["book"], row["amount_cents"]) for row in made} != set(legs):
        raise Conflicting(f"The key {key} stands for another transfer.")


async def deposit(tx: Tx, account_id: int, cents: int, key: str, now: datetime, note: str = "") -> bool:
    """Add money from outside to an account's deposit, once for its key; True if it was added now."""
    legs = (Posting(account_id, "deposit", cents), Posting(None, "world", -cents))
    return await post(tx, f"deposit:{key}", "deposit", legs, now, note=note)


_FAULTS: tuple[tuple[str, str], ...] = (
    (
        "transfer {} does not add up to zero",
        """SELECT t.key FROM transfer t LEFT JOIN entry e ON e.transfer_id = t.id
            GROUP BY t.id HAVING coalesce(sum(e.amount_cents), 1) <> 0 OR count(*) < 2""",
    ),
    (
        "wallet of account {} is not the sum of its entries",
        """SELECT w.account_id || ' ' || b.book FROM wallet w
            CROSS JOIN LATERAL (VALUES ('deposit', w.deposit_cents, w.deposit_no), ('balance', w.balance_cents, w.balance_no),
                ('held', w.held_cents, w.held_no), ('payout', w.payout_cents, w.payout_no),
                ('reserve', w.reserve_cents, w.reserve_no)) AS b (book, cents, no)
             LEFT JOIN (SELECT account_id, book, sum(amount_cents) AS total, count(*) AS entries, max(no) AS last
                          FROM entry WHERE account_id IS NOT NULL GROUP BY 1, 2) e
                    ON e.account_id = w.account_id AND e.book = b.book
            WHERE b.cents <> coalesce(e.total, 0) OR b.no <> coalesce(e.entries, 0) OR b.no <> coalesce(e.last, 0)""",
    ),
    (
        "entries of account {} have no wallet",
        "SELECT DISTINCT e.account_id FROM entry e LEFT JOIN wallet w USING (account_id) WHERE e.account_id IS NOT NULL AND w.account_id IS NULL",
    ),
    (
        "the chain of account {} is broken",
        """SELECT account_id || ' ' || book || ' at ' || no FROM (
             SELECT account_id, book, no, after_cents, sum(amount_cents) OVER chain AS running, row_number() OVER chain AS place
               FROM entry WHERE account_id IS NOT NULL WINDOW chain AS (PARTITION BY account_id, book ORDER BY no)) c
            WHERE running <> after_cents OR place <> no""",
    ),
    (
        "trade {} does not have the money its state says",
        """SELECT t.id || ' (' || t.state || ')' FROM trade t
             LEFT JOIN (SELECT x.trade_id,
                    sum(e.amount_cents) FILTER (WHERE e.book = 'held') AS held,
                    sum(e.amount_cents) FILTER (WHERE e.book = 'fees') AS fees,
                    sum(e.amount_cents) FILTER (WHERE e.book = 'deposit' AND e.account_id = y.buyer_id) AS from_deposit,
                    sum(e.amount_cents) FILTER (WHERE e.book = 'balance' AND e.account_id = y.buyer_id) AS from_balance,
                    sum(e.amount_cents) FILTER (WHERE e.book IN ('balance', 'deposit') AND e.account_id = y.payee_id) AS paid
                FROM transfer x JOIN entry e ON e.transfer_id = x.id JOIN trade y ON y.id = x.trade_id
               GROUP BY x.trade_id) m ON m.trade_id = t.id
            WHERE CASE
                WHEN t.state IN ('cancelled', 'reversed') THEN (coalesce(m.held, 0), coalesce(m.fees, 0), coalesce(m.from_deposit, 0),
                    coalesce(m.from_balance, 0)) <> (0, 0, 0, 0)
                WHEN t.state = 'finished' AND t.buyer_id = t.payee_id THEN (coalesce(m.held, 0), coalesce(m.fees, 0), coalesce(m.paid, 0))
                    <> (0, t.fee_cents, -t.fee_cents)
                WHEN t.state = 'finished' THEN (coalesce(m.held, 0), coalesce(m.fees, 0), coalesce(m.paid, 0))
                    <> (0, t.fee_cents, t.price_cents - t.fee_cents)
                ELSE (coalesce(m.held, 0), coalesce(m.fees, 0), coalesce(m.from_deposit, 0), coalesce(m.from_balance, 0))
                    <> (t.price_cents, 0, -t.paid_deposit_cents, -t.paid_balance_cents) END""",
    ),
    (
        "held money of account {} is not that of its trades",
        """SELECT w.account_id FROM wallet w
             LEFT JOIN (SELECT buyer_id, sum(price_cents) AS cents FROM trade
                         WHERE state NOT IN ('finished', 'cancelled', 'reversed') GROUP BY buyer_id) t ON t.buyer_id = w.account_id
            WHERE w.held_cents <> coalesce(t.cents, 0)""",
    ),
    (
        "offer {} and its trade disagree",
        """SELECT o.id || ' (' || o.state || ')' FROM offer o
             LEFT JOIN trade t ON t.offer_id = o.id AND t.state NOT IN ('cancelled', 'reversed')
            WHERE CASE o.state WHEN 'reserved' THEN t.id IS NULL OR t.state = 'finished'
                               WHEN 'sold' THEN t.id IS NULL OR t.state <> 'finished'
                               ELSE t.id IS NOT NULL END""",
    ),
    (
        "trade {} and its last event disagree",
        """SELECT t.id FROM trade t LEFT JOIN LATERAL (
             SELECT e.to_state FROM trade_event e WHERE e.trade_id = t.id ORDER BY e.no DESC LIMIT 1) e ON true
            WHERE e.to_state IS DISTINCT FROM t.state""",
    ),
    (
        "day total {} is not that of the finished trades",
        """SELECT coalesce(d.account_id, s.account_id) || ' ' || coalesce(d.day, s.day) FROM day_total d
             FULL JOIN (SELECT account_id, day, sum(bought) AS bought, count(*) FILTER (WHERE bought > 0) AS bought_count,
                               sum(sold) AS sold, count(*) FILTER (WHERE sold > 0) AS sold_count
                          FROM (SELECT buyer_id AS account_id, (ended_at AT TIME ZONE 'UTC')::date AS day, price_cents AS bought, 0 AS sold
                                  FROM trade WHERE state = 'finished'
                                UNION ALL
                                SELECT payee_id, (ended_at AT TIME ZONE 'UTC')::date, 0, price_cents FROM trade WHERE state = 'finished') f
                         GROUP BY account_id, day) s ON s.account_id = d.account_id AND s.day = d.day
            WHERE (d.bought_cents, d.bought_count, d.sold_cents, d.sold_count)
                  IS DISTINCT FROM (s.bought, s.bought_count, s.sold, s.sold_count)""",
    ),
    (
        "account {} has another count of sales than finished trades",
        """SELECT a.id FROM account a LEFT JOIN (SELECT seller_id, count(*) AS sold FROM trade WHERE state = 'finished' GROUP BY 1) t
                ON t.seller_id = a.id WHERE a.sold_count <> coalesce(t.sold, 0)""",
    ),
    (
        "advance of trade {} does not fit its state",
        """SELECT a.trade_id || ' (' || t.state || ')' FROM advance a JOIN trade t ON t.id = a.trade_id
            WHERE a.outcome IS DISTINCT FROM CASE t.state WHEN 'finished' THEN 'settled' WHEN 'reversed' THEN 'reversed' END
               OR t.state NOT IN ('accepted', 'protected', 'finished', 'reversed')
               OR (a.account_id, a.cents) <> (t.payee_id, t.price_cents - t.fee_cents)""",
    ),
    (
        "advances of account {} are more than its reserve",
        """SELECT a.account_id FROM advance a LEFT JOIN wallet w USING (account_id) WHERE a.ended_at IS NULL
            GROUP BY a.account_id, w.reserve_cents HAVING sum(a.cents) > coalesce(w.reserve_cents, 0)""",
    ),
    (
        "the book of advances is not what is outstanding: {}",
        """SELECT e.cents || ' and ' || a.cents FROM
             (SELECT coalesce(-sum(amount_cents), 0) AS cents FROM entry WHERE book = 'advances') e,
             (SELECT coalesce(sum(cents), 0) AS cents FROM advance WHERE ended_at IS NULL) a WHERE e.cents <> a.cents""",
    ),
    (
        "the skin of trade {} and what its merchant was told disagree",
        """SELECT t.id FROM trade t JOIN payment_item i ON i.offer_id = t.offer_id LEFT JOIN advance a ON a.trade_id = t.id
            WHERE (t.state = 'finished' AND (i.told_at IS NULL OR i.trade_id IS DISTINCT FROM t.id))
               OR (i.trade_id = t.id AND i.told_at IS NULL AND a.trade_id IS NOT NULL)
               OR (i.trade_id = t.id AND i.told_at IS NOT NULL AND (i.told_cents <> t.price_cents - t.fee_cents
                   OR (t.state <> 'finished' AND a.trade_id IS NULL)))""",
    ),
    (
        "the IPN of trade {} tells of a skin that its merchant was not credited for",
        """SELECT n.trade_id FROM notice n LEFT JOIN payment_item i ON i.trade_id = n.trade_id
            WHERE n.kind = 'ipn' AND n.trade_id IS NOT NULL AND i.told_at IS NULL""",
    ),
    (
        "buy order {} and its fills disagree",
        """SELECT b.id FROM buy_order b LEFT JOIN (
             SELECT order_id, count(*) FILTER (WHERE given_back_at IS NULL) AS bought, count(*) AS fills, max(no) AS last
               FROM buy_order_fill GROUP BY order_id) f ON f.order_id = b.id
            WHERE (b.bought, coalesce(f.fills, 0)) <> (coalesce(f.bought, 0), coalesce(f.last, 0))""",
    ),
    (
        "trade {} is not what its buy order asked for",
        """SELECT t.id FROM buy_order_fill f JOIN buy_order b ON b.id = f.order_id JOIN trade t ON t.id = f.trade_id
             JOIN offer o ON o.id = t.offer_id
            WHERE (t.buyer_id, t.offer_id, o.steam_item_id) <> (b.account_id, f.offer_id, b.steam_item_id)
               OR t.price_cents > f.limit_cents OR t.buyer_id IN (t.payee_id, t.seller_id)""",
    ),
    (
        "trade {} was made for a buy order that does not know of it",
        """SELECT t.id FROM trade t WHERE t.idempotency_key LIKE 'own order:%'
              AND NOT EXISTS (SELECT 1 FROM buy_order_fill f WHERE f.trade_id = t.id)""",
    ),
    (
        "payout bucket of account {} is not that of its open payouts",
        """SELECT w.account_id FROM wallet w
             LEFT JOIN (SELECT account_id, sum(cents) AS cents FROM payout WHERE ended_at IS NULL GROUP BY 1) p USING (account_id)
            WHERE w.payout_cents <> coalesce(p.cents, 0)""",
    ),
    (
        "payout {} does not have the money its state says",
        """SELECT p.id || ' (' || p.state || ')' FROM payout p
             LEFT JOIN LATERAL (SELECT
                    sum(e.amount_cents) FILTER (WHERE e.book = 'balance' AND e.account_id = p.account_id) AS balance,
                    sum(e.amount_cents) FILTER (WHERE e.book = 'payout' AND e.account_id = p.account_id) AS held,
                    sum(e.amount_cents) FILTER (WHERE e.book = 'world') AS out
                FROM transfer t JOIN entry e ON e.transfer_id = t.id
               WHERE t.key IN ('payout:' || p.id || ':asked', 'payout:' || p.id || ':refused', 'payout:' || p.id || ':paid')) m ON true
            WHERE (coalesce(m.balance, 0), coalesce(m.held, 0), coalesce(m.out, 0)) <> CASE p.state
                WHEN 'paid' THEN ROW(-p.cents::numeric, 0::numeric, p.cents::numeric)
                WHEN 'refused' THEN ROW(0::numeric, 0::numeric, 0::numeric)
                ELSE ROW(-p.cents::numeric, p.cents::numeric, 0::numeric) END""",
    ),
    (
        "payout {} and its last event disagree",
        """SELECT p.id FROM payout p LEFT JOIN LATERAL (
             SELECT e.to_state FROM payout_event e WHERE e.payout_id = p.id ORDER BY e.no DESC LIMIT 1) e ON true
            WHERE e.to_state IS DISTINCT FROM p.state""",
    ),
    (
        "payout {} went on without as many operators as it needs",
        """SELECT p.id FROM payout p WHERE p.state IN ('approved', 'sending', 'unknown', 'paid') AND p.needed >
             (SELECT count(DISTINCT actor) FROM payout_event e WHERE e.payout_id = p.id AND e.step = 'approve')""",
    ),
    (
        "deposit {} was taken back otherwise than it came",
        """SELECT r.key FROM transfer r JOIN entry b ON b.transfer_id = r.id AND b.account_id IS NOT NULL
             LEFT JOIN transfer t ON t.key = 'deposit:' || substr(r.key, 18)
             LEFT JOIN entry d ON d.transfer_id = t.id AND d.account_id IS NOT NULL
            WHERE r.kind = 'deposit_reversed' AND (d.account_id, d.book, -d.amount_cents)
                  IS DISTINCT FROM (b.account_id, b.book, b.amount_cents)""",
    ),
    (
        "checkout {} and its deposit disagree",
        """SELECT coalesce(c.id::text, d.key) FROM (SELECT * FROM checkout WHERE state = 'paid') c
             FULL JOIN (SELECT t.key, e.account_id, e.amount_cents FROM transfer t JOIN entry e ON e.transfer_id = t.id AND e.book = 'deposit'
                         WHERE t.key LIKE 'deposit:stripe:%') d ON d.key = 'deposit:' || c.provider || ':' || c.session
            WHERE (c.account_id, c.cents) IS DISTINCT FROM (d.account_id, d.amount_cents)""",
    ),
    (
        "more fees were taken out than the market earned: {} cents are left",
        """SELECT sum(amount_cents) FROM entry WHERE book = 'fees' HAVING sum(amount_cents) < 0""",
    ),
    (
        "the provider's reference {} is of more than one payout",
        "SELECT method || ' ' || reference FROM payout WHERE reference IS NOT NULL GROUP BY method, reference HAVING count(*) > 1",
    ),
    (
        "money of account {} moved while it was frozen",
        """SELECT e.account_id || ' (' || t.key || ')' FROM freezing f JOIN entry e ON e.account_id = f.account_id
             JOIN transfer t ON t.id = e.transfer_id
            CROSS JOIN LATERAL (SELECT array_position(ARRAY['deposit', 'balance', 'held', 'payout', 'reserve'], e.book) AS at) b
            WHERE e.no > f.from_nos[b.at] AND (f.to_nos IS NULL OR e.no <= f.to_nos[b.at])
              AND (t.kind IN ('reserve', 'payout_asked') OR t.key = 'trade:' || t.trade_id || ':held')""",
    ),
    (
        "account {} is frozen without a word of why, or not frozen with one",
        """SELECT coalesce(a.id, f.account_id) FROM (SELECT id, frozen_at FROM account WHERE frozen_at IS NOT NULL) a
             FULL JOIN (SELECT account_id, frozen_at FROM freezing WHERE thawed_at IS NULL) f ON f.account_id = a.id
            WHERE a.frozen_at IS DISTINCT FROM f.frozen_at""",
    ),
    (
        "correction {} and the money that it moved disagree",
        """SELECT coalesce(c.id::text, m.key) FROM (SELECT * FROM correction WHERE state = 'posted') c
             FULL JOIN (SELECT t.key, e.account_id, e.book, e.amount_cents FROM transfer t
                          JOIN entry e ON e.transfer_id = t.id AND e.account_id IS NOT NULL
                         WHERE t.kind = 'correction') m ON m.key = 'correction:' || c.id
            WHERE (m.account_id, m.book, m.amount_cents) IS DISTINCT FROM (c.account_id, c.bucket, c.amount_cents)""",
    ),
    (
        "commission of trade {} is not owed for it",
        """SELECT c.trade_id FROM commission c JOIN trade t ON t.id = c.trade_id JOIN referral r USING (account_id)
            WHERE t.state <> 'finished' OR c.account_id NOT IN (t.buyer_id, t.payee_id) OR c.affiliate_id <> r.affiliate_id
               OR c.cents > t.fee_cents / 2""",
    ),
    (
        "transfer {} was made for no trade, and its accounts do not list it as theirs",
        """SELECT coalesce(e.transfer_id, l.transfer_id) FROM
             (SELECT DISTINCT e.account_id, e.transfer_id FROM transfer t JOIN entry e ON e.transfer_id = t.id
               WHERE t.trade_id IS NULL AND e.account_id IS NOT NULL) e
             FULL JOIN transfer_of_account l USING (account_id, transfer_id)
            WHERE e.transfer_id IS NULL OR l.transfer_id IS NULL""",
    ),
    (
        "trade {} is awaited by nobody: no time is set and no operator was asked",
        """SELECT id FROM trade WHERE state NOT IN ('finished', 'cancelled', 'reversed') AND due_at IS NULL AND case_at IS NULL""",
    ),
)


async def faults(tx: Reader) -> list[str]:
    """List what does not add up, a sentence each; an empty list is the only good answer.

    In one statement a check sees one moment; between two of them trades may go on, which no check here compares.
    """
    found: list[str] = []
    for sentence, sql in _FAULTS:
        found.extend(sentence.format(row[0]) for row in await tx.fetch(sql))
    return found
