"""A history of sales, put straight into the database."""

from datetime import datetime

from tradepost.db import Db


async def history(db: Db, *sold: tuple[str, datetime, int]) -> None:
    """Sales (name, time, cents) without their trades, which nobody who reads the history looks at."""
    await db.execute("ALTER TABLE sale DROP CONSTRAINT IF EXISTS sale_trade_id_fkey")
    for name in {name for name, _, _ in sold}:
        await db.execute(
            "INSERT INTO steam_item (project, market_hash_name) VALUES ('csgo', $1) ON CONFLICT DO NOTHING",
            name,
        )
    await db.executemany(
        "INSERT INTO sale SELECT $1, i.id, $3, $4 FROM steam_item i WHERE i.market_hash_name = $2",
        [(number, *one) for number, one in enumerate(sold, 1)],
    )
