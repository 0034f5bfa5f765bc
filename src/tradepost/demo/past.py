"""The past of the demo: what was sold before it opened, so that charts and histories have something to show.

Each trade is whole: its offer, its time line, its transfers with their entries in the order of time, its sale and its
day's totals, as the market would have written them. `tradepost check` finds nothing wrong with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tradepost.db import Db, Tx
from tradepost.demo import catalogue
from tradepost.demo.dice import Dice
from tradepost.demo.stock import STAPLES, Asset, Stock
from tradepost.demo.world import Role, User, World
from tradepost.rules.games import GAMES
from tradepost.rules.money import fee_cents
from tradepost.steam.floats import float32_text

SEED = 7
SALES = 1_500
DAYS = 89  # from which on there was trade; people and their money were there a day earlier
STAPLE_ONE_IN = 2  # of the sales, so that the staples' charts have points
DEAREST_CENTS = 30_000  # what costs more is not sold every day
FIRST_ASSETID = 21_000_000_000  # below all that is in an inventory now
TREND_DAYS, TREND_PERMILLE = 30, 120  # how long a name's price goes one way, and how far
NOISE_PERMILLE = 160
MINUTES = (2, 9, 11)  # after the purchase: the offer is made, accepted, seen with the buyer


@dataclass(frozen=True, slots=True)
class Past:
    """A sale of the past."""

    seller: User
    buyer: User  # who paid
    customer: User  # who got the item
    asset: Asset
    price_cents: int
    bought_at: datetime

    @property
    def accepted_at(self) -> datetime:
        """When the item was seen with the customer."""
        return self.bought_at + timedelta(minutes=MINUTES[-1])

    @property
    def protected_until(self) -> datetime:
        """When Steam's protection was over."""
        return self.accepted_at + timedelta(days=GAMES[self.asset.item.project].protection_days)

    @property
    def ended_at(self) -> datetime:
        """When the seller was paid."""
        return self.protected_until + timedelta(minutes=1)


async def write(db: Db, world: World, fee_bps: int) -> int:
    """Write the past into a market that has people, catalogue and money, and no trade yet; return how many sales there were."""
    sales = sorted(draw(world), key=lambda sale: sale.bought_at)
    async with db.transaction() as tx:
        await _offers(tx, sales)
        await _trades(tx, sales, fee_bps)
        for statement in (_EVENTS, _TRANSFERS, _ENTRIES, _WALLETS, _SALES, _DAY_TOTALS, _COUNTS):
            await tx.execute(statement)
    await db.execute("ANALYZE")  # as after the first offers: plans made for empty tables are slow ones
    return len(sales)


def draw(world: World) -> Iterator[Past]:
    """Draw who sold what to whom, and when; whoever is paid by a shop sells to customers of shops."""
    dice = Dice(world.seed + SEED)
    stock = Stock(dice, first_assetid=FIRST_ASSETID)
    staples = [catalogue.by_name()["csgo", name] for name in STAPLES]
    sellers, robots = world.with_role(Role.SELLER), world.with_role(Role.ROBOT)
    customers = [one for one in world.with_role(Role.CUSTOMER) if not one.is_private and not one.hold_days]
    slopes: dict[str, int] = {}
    for _ in range(SALES):
        asset = stock.draw() if dice.roll(STAPLE_ONE_IN) else stock.make(dice.pick(staples))
        item = asset.item
        if item.price_cents > DEAREST_CENTS:
            continue
        days = GAMES[item.project].protection_days + 1 + dice.roll(DAYS - GAMES[item.project].protection_days)
        slope = slopes.setdefault(item.market_hash_name, dice.roll(2 * TREND_PERMILLE + 1) - TREND_PERMILLE)
        permille = 1_000 + slope * min(days, TREND_DAYS) // TREND_DAYS - dice.roll(NOISE_PERMILLE)
        yield Past(
            seller=dice.pick(sellers),
            buyer=dice.pick(robots),
            customer=dice.pick(customers),
            asset=asset,
            price_cents=max(2, item.price_cents * permille // 1_000),
            bought_at=world.now - timedelta(days=days, seconds=-dice.roll(86_000)),
        )


async def _offers(tx: Tx, sales: list[Past]) -> None:
    items = await _numbers(tx, "SELECT project || '/' || market_hash_name AS name, id FROM steam_item")
    accounts = await _numbers(tx, "SELECT steamid AS name, id FROM account")

    def row(sale: Past) -> tuple[Any, ...]:
        item, seller = sale.asset.item, sale.seller.steamid
        game = GAMES[item.project]
        wear = sale.asset.float_value
        return (
            *(accounts[seller], accounts[seller], seller, "sold", sale.bought_at - timedelta(days=1), sale.price_cents),
            items[f"{item.project}/{item.market_hash_name}"],
            *(item.project, game.appid, game.contextid, sale.asset.assetid, "1", "0"),
            *(None if wear is None else float32_text(wear), sale.asset.paint_seed, item.paint_index),
        )  # fmt: skip

    columns = (
        "account_id", "seller_id", "seller_steamid", "state", "created_at", "price_cents", "steam_item_id", "project",
        "appid", "contextid", "assetid", "classid", "instanceid", "float_text", "paintseed", "paintindex",
    )  # fmt: skip
    await tx.copy("offer", columns, map(row, sales))


async def _trades(tx: Tx, sales: list[Past], fee_bps: int) -> None:
    offers = await _numbers(tx, "SELECT assetid AS name, id FROM offer WHERE state = 'sold'")
    accounts = await _numbers(tx, "SELECT steamid AS name, id FROM account")
    sold: dict[str, int] = {}

    def row(sale: Past) -> tuple[Any, ...]:
        seller = sale.seller.steamid
        sold[seller] = sold.get(seller, 0) + 1
        return (
            *(offers[sale.asset.assetid], accounts[sale.buyer.steamid], accounts[seller], accounts[seller]),
            *(sale.customer.steamid, sale.customer.trade_token, sale.price_cents),
            *(
                fee_cents(sale.price_cents, fee_bps),
                sale.price_cents,
                0,
                sold[seller] - 1,
                b"\0" * 32,
                "finished",
            ),
            *(sale.accepted_at, sale.protected_until, sale.ended_at, "Done: the seller is paid."),
            *(sale.bought_at, sale.ended_at),
        )

    columns = (
        "offer_id", "buyer_id", "payee_id", "seller_id", "buyer_steamid", "trade_token", "price_cents", "fee_cents",
        "paid_deposit_cents", "paid_balance_cents", "seller_sold_count", "digest", "state", "accepted_at",
        "protected_until", "ended_at", "explanation", "created_at", "changed_at",
    )  # fmt: skip
    await tx.copy("trade", columns, map(row, sales))


async def _numbers(tx: Tx, statement: str) -> Mapping[str, int]:
    return {row["name"]: row["id"] for row in await tx.fetch(statement)}


_EVENTS = f"""
    INSERT INTO trade_event (trade_id, no, event, from_state, to_state, witness, at)
    SELECT t.id, e.no, e.event, e.from_state, e.to_state, e.witness, CASE e.no
               WHEN 1 THEN t.created_at WHEN 5 THEN t.ended_at ELSE t.created_at + e.minutes * interval '1 minute' END
      FROM trade t, (VALUES
        (1, 'bought', NULL, 'created', 'buyer', 0), (2, 'leased', 'created', 'sending', 'seller_agent', {MINUTES[0]}),
        (3, 'offer_seen', 'sending', 'sent', 'seller_agent', {MINUTES[1]}),
        (4, 'delivered', 'sent', 'accepted', 'public_inventory', {MINUTES[2]}),
        (5, 'settled', 'accepted', 'finished', 'public_inventory', 0)) e (no, event, from_state, to_state, witness, minutes)
"""
# A transfer's number is its place in time: balances after each movement are told in the order of these.
_TRANSFERS = """
    INSERT INTO transfer (key, kind, trade_id, at)
    SELECT 'trade:' || t.id || ':' || k.kind, k.kind, t.id, CASE k.kind WHEN 'held' THEN t.created_at ELSE t.ended_at END
      FROM trade t, (VALUES ('held'), ('finished')) AS k (kind) ORDER BY 4, 3
"""
_ENTRIES = """
    WITH leg AS (
        SELECT x.id, l.account_id, l.book, l.cents FROM trade t JOIN transfer x ON x.trade_id = t.id
         CROSS JOIN LATERAL (VALUES
            ('held', t.buyer_id, 'deposit', -t.price_cents), ('held', t.buyer_id, 'held', t.price_cents),
            ('finished', t.buyer_id, 'held', -t.price_cents), ('finished', t.payee_id, 'balance', t.price_cents - t.fee_cents),
            ('finished', NULL, 'fees', t.fee_cents)) AS l (kind, account_id, book, cents)
         WHERE l.kind = x.kind AND l.cents <> 0
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
    UPDATE wallet w SET deposit_cents = e.deposit, deposit_no = e.deposit_no, balance_cents = e.balance,
           balance_no = e.balance_no, held_cents = e.held, held_no = e.held_no
      FROM (SELECT account_id,
                   coalesce(sum(amount_cents) FILTER (WHERE book = 'deposit'), 0) AS deposit,
                   coalesce(max(no) FILTER (WHERE book = 'deposit'), 0) AS deposit_no,
                   coalesce(sum(amount_cents) FILTER (WHERE book = 'balance'), 0) AS balance,
                   coalesce(max(no) FILTER (WHERE book = 'balance'), 0) AS balance_no,
                   coalesce(sum(amount_cents) FILTER (WHERE book = 'held'), 0) AS held,
                   coalesce(max(no) FILTER (WHERE book = 'held'), 0) AS held_no
              FROM entry WHERE account_id IS NOT NULL GROUP BY 1) e
     WHERE e.account_id = w.account_id
"""
_SALES = """
    INSERT INTO sale (trade_id, steam_item_id, at, price_cents)
    SELECT t.id, o.steam_item_id, t.ended_at, t.price_cents FROM trade t JOIN offer o ON o.id = t.offer_id
"""
_DAY_TOTALS = """
    INSERT INTO day_total (account_id, day, bought_cents, bought_count, sold_cents, sold_count)
    SELECT account_id, day, sum(bought), count(nullif(bought, 0)), sum(sold), count(nullif(sold, 0)) FROM (
        SELECT buyer_id AS account_id, (ended_at AT TIME ZONE 'UTC')::date AS day, price_cents AS bought, 0 AS sold FROM trade
         UNION ALL SELECT payee_id, (ended_at AT TIME ZONE 'UTC')::date, 0, price_cents FROM trade) t GROUP BY 1, 2
"""
_COUNTS = """
    UPDATE account a SET sold_count = s.sold FROM (SELECT seller_id, count(*) AS sold FROM trade GROUP BY 1) s
     WHERE s.seller_id = a.id
"""
