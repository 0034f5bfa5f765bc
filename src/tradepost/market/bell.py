"""The bell: what every page shows of whoever is signed in, besides his name: whether somebody waits to be read by him."""

from dataclasses import dataclass
from datetime import datetime

from tradepost.db import Reader
from tradepost.market import roles


@dataclass(frozen=True, slots=True)
class Bell:
    """What waits for an account, and whether it may act for the market."""

    alerts: int
    reviews: int
    messages: int
    is_admin: bool
    is_away: bool  # on holiday, which every page says

    @property
    def count(self) -> int:
        """How much there is to read in all."""
        return self.alerts + self.reviews + self.messages


async def read(tx: Reader, account_id: int, now: datetime) -> Bell:
    """Look at all of it in one question, as each page asks it."""
    found = await tx.row(
        Bell,
        "SELECT count(*) FILTER (WHERE kind = 'alert') AS alerts, count(*) FILTER (WHERE kind = 'review') AS reviews,"
        " (SELECT count(*) FROM message WHERE account_id = $1 AND read_at IS NULL) AS messages,"
        " EXISTS (SELECT FROM role WHERE account_id = $1 AND role = $2) AS is_admin,"
        " EXISTS (SELECT FROM account a WHERE a.id = $1 AND is_away(a, $3)) AS is_away"
        " FROM alert WHERE account_id = $1 AND closed_at IS NULL",
        account_id,
        roles.ADMIN,
        now,
    )
    assert found is not None  # noqa: S101 - a question for counts has one row
    return found
