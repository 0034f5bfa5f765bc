"""Changes as a market has them, from a process of their own: `python -m bench.changing DSN PER_SECOND [SECONDS]`.

Of ten changes seven reprice an offer, the others take turns at selling one and at listing another. Each kind is a
transaction of its own, fifty times a second, and followers are woken after it, as the market does. SIGTERM ends it; it
says how many changes it made, and in how many seconds.
"""

import asyncio
import json
import random
import signal
import sys
import time
from datetime import UTC, datetime

from tradepost.db import Db
from tradepost.market.wakeup import CHANNEL

TICK_SECONDS = 0.02
SECONDS_MAX = 7200.0
REPRICE = """
    UPDATE offer o SET price_cents = greatest(3, o.price_cents + u.step)
      FROM unnest($1::bigint[], $2::bigint[]) AS u (id, step) WHERE o.id = u.id AND o.state = 'on_sale'
"""
SELL = "UPDATE offer SET state = 'sold' WHERE id = ANY ($1) AND state = 'on_sale'"
LIST = """
    INSERT INTO offer (account_id, seller_id, seller_steamid, project, appid, contextid, assetid, classid, instanceid,
                       steam_item_id, price_cents, state, float_text, paintseed, paintindex, created_at)
    SELECT o.account_id, o.seller_id, o.seller_steamid, o.project, o.appid, o.contextid, u.assetid::text, o.classid,
           o.instanceid, o.steam_item_id, o.price_cents, 'on_sale', o.float_text, o.paintseed, o.paintindex, $3
      FROM unnest($1::bigint[], $2::bigint[]) AS u (id, assetid) JOIN offer o ON o.id = u.id
"""


async def main() -> None:
    """Change offers until told to stop."""
    dsn, per_second = sys.argv[1], float(sys.argv[2])
    most = float(sys.argv[3]) if len(sys.argv) > 3 else SECONDS_MAX  # noqa: PLR2004 - the third word
    stop = asyncio.Event()
    for how in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(how, stop.set)
    db = await Db.open(dsn, min_size=1, max_size=2)
    begun = time.perf_counter()
    done = 0
    try:
        last = await db.value("SELECT max(id) FROM offer")
        dice = random.Random(time.time_ns())  # noqa: S311 - which offers change guards nothing
        while not stop.is_set() and (passed := time.perf_counter() - begun) < most:
            # What is due by now, so that a slow moment is made up for.
            if (due := int(passed * per_second) - done) > 0:
                done += await change(db, dice, last, min(due, int(per_second)))
                await db.execute(f"NOTIFY {CHANNEL}")
            await asyncio.sleep(TICK_SECONDS)
    finally:
        await db.close()
    print(json.dumps([done, round(time.perf_counter() - begun, 3)]))


async def change(db: Db, dice: random.Random, last: int, count: int) -> int:
    """Make so many changes; return how many were made, as an offer that is drawn may be gone."""
    sold, listed = count * 3 // 20, count * 3 // 20
    if count * 3 % 20 > dice.randrange(20):
        sold, listed = (sold + 1, listed) if dice.random() < 0.5 else (sold, listed + 1)  # noqa: PLR2004 - heads or tails
    ids = dice.sample(range(1, last + 1), min(count, last))
    done = 0
    if repriced := ids[sold + listed :]:
        done += await db.execute(REPRICE, repriced, [dice.randint(-9, 9) or 1 for _ in repriced])
    if sold:
        done += await db.execute(SELL, ids[:sold])
    if listed:
        fresh = time.time_ns()
        assets = [fresh + n for n in range(listed)]
        done += await db.execute(LIST, ids[sold : sold + listed], assets, datetime.now(UTC))
    return done


if __name__ == "__main__":
    asyncio.run(main())
