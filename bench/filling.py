"""How a town is filled: offers of 50,000 sellers who are online, merchants with tokens and money; all by COPY."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.shelf import offers as shelf_offers
from tradepost.db import Db, Tx
from tradepost.market import ledger, tokens
from tradepost.market.shelf import ShelfOffer
from tradepost.rules.games import GAMES

SELLERS = 50_000  # as `bench.shelf` numbers them
SELLER_STEAMID = 76561197960265728
MERCHANT_STEAMID = 76561198800000000
TRADE_TOKEN = "tokenabc"  # noqa: S105 - of a trade URL, which guards nothing here
OFFER = (
    "id", "account_id", "seller_id", "seller_steamid", "project", "appid", "contextid", "assetid", "classid",
    "instanceid", "steam_item_id", "price_cents", "state", "float_text", "paintseed", "paintindex", "created_at",
)  # fmt: skip


async def fill(
    db: Db, offers: int, merchants: int, deposit_cents: int, price_cents: int | None = None
) -> tuple[list[int], list[str], list[str]]:
    """Fill a migrated, empty database; return the merchants' accounts, their steamids and their tokens."""
    now = datetime.now(UTC)
    sellers = min(SELLERS, max(offers, 1))
    async with db.transaction() as tx:
        # Neither the keys' own checks nor the changes: all of this was there before anybody listened.
        await tx.execute("SET LOCAL session_replication_role = replica")
        accounts = [
            *((id_, str(SELLER_STEAMID + id_ % SELLERS), f"Seller {id_}", TRADE_TOKEN, "sign_in", now) for id_ in range(1, sellers + 1)),
            *((SELLERS + n, str(MERCHANT_STEAMID + n), f"Merchant {n}", TRADE_TOKEN, "operator", now) for n in range(1, merchants + 1)),
        ]  # fmt: skip
        await tx.copy("account", ("id", "steamid", "name", "trade_token", "known_by", "created_at"), accounts)
        # Heard of in the future: nobody beats for them while it is measured, and none of them goes offline.
        soon = now + timedelta(days=1)
        await tx.copy(
            "presence",
            ("account_id", "heartbeat_at", "session_ok"),
            ((n, soon, True) for n in range(1, sellers + 1)),
        )
        await tx.copy(
            "inventory_scan",
            ("account_id", "project", "at", "complete"),
            ((n, "csgo", soon, True) for n in range(1, sellers + 1)),
        )
        await _offers(tx, offers, price_cents)
        for table in ("account", "offer", "steam_item"):
            await tx.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 1) FROM {table}))"
            )
    for table in ("account", "presence", "inventory_scan", "offer", "steam_item"):
        await db.execute(f"VACUUM ANALYZE {table}")
    await db.execute("CHECKPOINT")  # or it would come in the middle of what is measured
    return await _merchants(db, merchants, deposit_cents, now)


async def _offers(tx: Tx, count: int, price_cents: int | None) -> None:
    """Copy the offers and the items that they are of; indexes are made afterwards, which is several times as fast."""
    found = await tx.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'offer' AND indexname <> 'offer_pkey'"
    )
    for index in found:
        await tx.execute(f'DROP INDEX "{index["indexname"]}"')
    items: dict[str, tuple[int, ShelfOffer]] = {}
    game = GAMES["csgo"]

    def rows() -> Iterator[tuple[object, ...]]:
        for one in shelf_offers(count):
            item_id, _ = items.setdefault(one.market_hash_name, (len(items) + 1, one))
            seller = one.account_id or SELLERS
            yield (
                one.id, seller, seller, one.seller_steamid, one.project, game.appid, game.contextid, one.assetid, "1",
                "0", item_id, price_cents or one.price_cents, "on_sale", one.float_text, one.paintseed, one.paintindex,
                one.time_created,
            )  # fmt: skip

    await tx.copy("offer", OFFER, rows())
    await tx.copy(
        "steam_item",
        (
            "id",
            "project",
            "market_hash_name",
            "type",
            "rarity",
            "exterior",
            "is_stattrak",
            "icon",
            "price_cents",
        ),
        (
            (
                id_,
                one.project,
                name,
                one.type,
                one.rarity,
                one.exterior,
                one.is_stattrak,
                "icon",
                one.price_cents,
            )
            for name, (id_, one) in items.items()
        ),
    )
    for index in found:
        await tx.execute(index["indexdef"])


async def _merchants(
    db: Db, merchants: int, deposit_cents: int, now: datetime
) -> tuple[list[int], list[str], list[str]]:
    accounts = [SELLERS + n for n in range(1, merchants + 1)]
    async with db.transaction() as tx:
        await ledger.lock_wallets(tx, accounts)
        for account in accounts:
            if deposit_cents:
                await ledger.deposit(tx, account, deposit_cents, f"bench-{account}", now)
        made = [await tokens.make_token(tx, account, now, test=False) for account in accounts]
    return accounts, [str(MERCHANT_STEAMID + n) for n in range(1, merchants + 1)], made
