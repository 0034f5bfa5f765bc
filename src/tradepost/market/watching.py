"""What agents are asked to look at on Steam: their trades, with what the market knows of each already."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.app import App
from tradepost.market.agents import Agent
from tradepost.rules.trade import DELIVERED, Side, State

WATCHED_MAX = 1_000  # trades that one heartbeat names
FRESH_SECONDS = 300  # an answer is expected most of all so soon after the last change
POLL_FRESH_SECONDS = 15
POLL_SECONDS = 60
POLL_PROTECTED_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Watched:
    """A trade whose Steam side an agent is to look at: it tells what differs from this."""

    trade_id: int
    role: Side
    state: State
    partner_steamid: str
    appid: int
    contextid: int
    assetid: str
    steam_tradeofferid: str
    steam_tradeid: str | None
    last_offer_code: int | None
    new_assetid: str | None
    protected_until: datetime | None
    changed_at: datetime

    @property
    def is_delivered(self) -> bool:
        """Whether the buyer has the item, so that the exchange is what to look at."""
        return self.state in DELIVERED

    def poll_seconds(self, now: datetime) -> int:
        """Return how often a look is worth it: often while an answer is expected, hourly in protection."""
        if self.protected_until is not None and self.protected_until > now:
            return POLL_PROTECTED_SECONDS
        if self.is_delivered or now - self.changed_at > timedelta(seconds=FRESH_SECONDS):
            return POLL_SECONDS
        return POLL_FRESH_SECONDS


# Steam's history may be behind its offers: an acceptance told without the item's new name is as good as not known, so
# that it is told again with it.
_ROW = (
    "o.appid, o.contextid, o.assetid, t.id AS trade_id, t.state, t.steam_tradeofferid, t.steam_tradeid,"
    " CASE WHEN t.claimed_at IS NULL OR t.accepted_at IS NOT NULL OR EXISTS (SELECT 1 FROM trade_event e"
    "   WHERE e.trade_id = t.id AND e.detail ? 'new_assetid') THEN t.steam_offer_state END AS last_offer_code,"
    " t.new_assetid, t.protected_until, t.changed_at"
    " FROM trade t JOIN offer o ON o.id = t.offer_id WHERE t.steam_tradeofferid IS NOT NULL"
)


async def watched(app: App, agent: Agent) -> list[Watched]:
    """Return the trades whose Steam side an agent should look at, those without an acceptance first."""
    return await app.db.rows(
        Watched,
        f"SELECT 'seller' AS role, t.buyer_steamid AS partner_steamid, {_ROW} AND t.id IN ("
        "   SELECT id FROM trade WHERE seller_id = $1 AND state NOT IN ('finished', 'cancelled', 'reversed')"
        "   UNION ALL SELECT id FROM trade WHERE seller_id = $1 AND state = 'cancelled' AND offer_maybe_live)"
        f" UNION ALL SELECT 'buyer', o.seller_steamid, {_ROW} AND t.buyer_steamid = $2"
        "   AND t.state IN ('sending', 'needs_confirmation', 'sent')"
        " ORDER BY protected_until NULLS FIRST, trade_id LIMIT $3",
        agent.account_id, agent.steamid, WATCHED_MAX,
    )  # fmt: skip
