"""Changes as a market has them, from a process of their own: `python -m bench.changing DSN PER_SECOND [SECONDS]`.

Of twenty changes fourteen reprice an offer, three sell one and three list another. Each kind is a transaction of its own,
fifty times a second, and followers are woken after them, as the market does. SIGTERM ends it; it says how many changes it
made, and in how many seconds. The first thousand are left alone, and only a fifth of the others can be sold: whoever asks for an
offer by its number while this runs must find it.
"""

import asyncio
import json
import random
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tradepost.db import Db
from tradepost.market.wakeup import CHANNEL

TICK_SECONDS = 0.02
SECONDS_MAX = 7200.0
QUIET = 1_000  # of the first offers, the oldest, nothing changes
SOLD_STEP = 5  # every so many can be sold
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
    RETURNING id
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
        dice = Dice(last, random.Random(time.time_ns()))  # noqa: S311 - which offers change guards nothing
        while not stop.is_set() and (passed := time.perf_counter() - begun) < most:
            # What is due by now, so that a slow moment is made up for.
            if (due := int(passed * per_second) - done) > 0:
                done += await change(db, dice, min(due, int(per_second)))
                await db.execute(f"NOTIFY {CHANNEL}")
            await asyncio.sleep(TICK_SECONDS)
    finally:
        await db.close()
    print(json.dumps([done, round(time.perf_counter() - begun, 3)]))


def is_lasting(offer_id: int) -> bool:
    """Whether an offer that the town was filled with stays on sale, whatever its price."""
    return offer_id % SOLD_STEP != 0 or offer_id <= QUIET


@dataclass(slots=True)
class Dice:
    """Which offers change, drawn anew in each process."""

    last: int  # of the offers that the town was filled with
    random: random.Random
    listed: deque[int] = field(
        default_factory=deque
    )  # by us, the oldest first: half of what is sold is of these

    def repriced(self, count: int) -> tuple[list[int], list[int]]:
        """Offers, and by how many cents each changes."""
        ids = [
            self.random.randint(min(QUIET, self.last) + 1, max(self.last, QUIET + 1)) for _ in range(count)
        ]
        ids = list(dict.fromkeys(ids))
        return ids, [self.random.randint(1, 9) * self.random.choice((-1, 1)) for _ in ids]

    def sold(self, count: int) -> list[int]:
        """Offers that are taken off the market."""
        steps = range(QUIET // SOLD_STEP + 1, max(self.last // SOLD_STEP, QUIET // SOLD_STEP + 1) + 1)
        ours = [self.listed.popleft() for _ in range(min(count // 2 + 1, len(self.listed)))]
        others = (SOLD_STEP * self.random.choice(steps) for _ in range(count - len(ours)))
        return list(dict.fromkeys([*ours, *others]))

    def copied(self, count: int) -> list[int]:
        """Offers like which others are listed."""
        return [self.random.randint(1, self.last) for _ in range(count)]


async def change(db: Db, dice: Dice, count: int) -> int:
    """Make so many changes; return how many were made, as an offer that is drawn may be gone."""
    few, more = divmod(count * 3, 20)
    sold = few + (dice.random.randrange(20) < more)
    listed = few + (dice.random.randrange(20) < more)
    done = await db.execute(REPRICE, *dice.repriced(max(count - sold - listed, 0)))
    if sold:
        done += await db.execute(SELL, dice.sold(sold))
    if listed:
        fresh = time.time_ns()
        assets = [fresh + n for n in range(listed)]
        made = await db.fetch(LIST, dice.copied(listed), assets, datetime.now(UTC))
        dice.listed.extend(row["id"] for row in made)
        done += len(made)
    return done


if __name__ == "__main__":
    asyncio.run(main())
