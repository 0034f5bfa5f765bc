"""Obstacles: why nobody can buy what somebody has on sale, as he himself is told it.

Each is one of the reasons for which a buy is refused (`buy_batch`). Beside these an offer has two of its own: its item was
missing at the last look (`missing_at`), and the last look was long ago.
"""

from collections.abc import Collection
from enum import StrEnum

from tradepost.app import App
from tradepost.market import presence


class Obstacle(StrEnum):
    """What stands in the way of a sale; the first of each kind is the one to be mended first."""

    FROZEN = "frozen"
    BANNED = "banned"
    AWAY = "away"  # on holiday
    NO_PROGRAM = "no_program"
    SILENT = "silent"  # the program is not running
    SIGNED_OUT = "signed_out"  # it runs, and Steam wants a new sign-in
    NO_TRADE_URL = "no_trade_url"
    TRADE_URL_REFUSED = "trade_url_refused"


_SELLERS = """
    SELECT a.id, a.trade_token IS NULL AS has_no_url, a.trade_token_refused_at IS NOT NULL AS is_url_refused,
           a.frozen_at IS NOT NULL AS is_frozen,
           EXISTS (SELECT FROM ban b WHERE b.steamid = a.steamid AND b.side = 'seller' AND b.lifted_at IS NULL
                      AND b.from_at <= $2 AND b.until_at > $2) AS is_banned
      FROM account a WHERE a.id = ANY ($1)
"""


async def of_sellers(app: App, account_ids: Collection[int]) -> dict[int, list[Obstacle]]:
    """Return what stands in the way of each of these sellers' sales, of all that they have on sale."""
    programs = await presence.programs(app, account_ids)
    rows = await app.db.fetch(_SELLERS, list(account_ids), app.now())
    return {
        row["id"]: [
            obstacle
            for obstacle, is_so in (
                (Obstacle.FROZEN, row["is_frozen"]),
                (Obstacle.BANNED, row["is_banned"]),
                (Obstacle.AWAY, programs[row["id"]].is_away),
                (Obstacle.NO_PROGRAM, not (programs[row["id"]].is_paired or programs[row["id"]].is_heard)),
                (Obstacle.SILENT, programs[row["id"]].is_paired and not programs[row["id"]].is_heard),
                (Obstacle.SIGNED_OUT, programs[row["id"]].is_heard and not programs[row["id"]].is_online),
                (Obstacle.NO_TRADE_URL, row["has_no_url"]),
                (Obstacle.TRADE_URL_REFUSED, row["is_url_refused"] and not row["has_no_url"]),
            )
            if is_so
        ]
        for row in rows
    }


async def of(app: App, account_id: int) -> list[Obstacle]:
    """Return what stands in the way of one seller's sales."""
    return (await of_sellers(app, [account_id]))[account_id]
