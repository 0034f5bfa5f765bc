"""Alerts: what somebody is told of his money, counted until he has read it.

An alert says that something came to an end: a payout was paid or refused, a deposit came, a buy order bought. A review
says that somebody looks at his money or has gone on with it. Both are written in the transaction that they tell of.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tradepost.db import Reader, Tx
from tradepost.market import mails
from tradepost.rules.refusals import NotFound

Kind = Literal["alert", "review"]
SUBJECT = "Tradepost: about your money"
NO_ALERT = "There is no such payment alert."


@dataclass(frozen=True, slots=True)
class Alert:
    """What somebody is told: a row of the table `alert`, without whom and what it is about."""

    id: int
    text: str
    at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many alerts and reviews somebody has not read yet."""

    alerts: int
    reviews: int


async def tell(
    tx: Tx,
    account_id: int,
    kind: Kind,
    text: str,
    now: datetime,
    *,
    ref: str | None = None,
    by_mail: bool = True,
) -> None:
    """Tell an account something of its money; what has the same `ref` is told once. `now` is the market's time.

    An alert goes out by mail as well, to whoever wants to be told so, unless there are too many of its kind for that.
    """
    made = await tx.execute(
        "INSERT INTO alert (account_id, kind, text, ref, at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (account_id, kind, ref) DO NOTHING",
        account_id, kind, text, ref, now,
    )  # fmt: skip
    if made and kind == "alert" and by_mail:
        # Mails are due in real time, which the market's clock may be ahead of.
        ahead = timedelta(seconds=await tx.value("SELECT offset_seconds FROM market_clock"))
        await mails.tell(tx, account_id, subject=SUBJECT, text=text, now=now - ahead)


async def counts(tx: Reader, account_id: int) -> Counts:
    """Return how many alerts and reviews an account has not read yet."""
    found = await tx.row(
        Counts,
        "SELECT count(*) FILTER (WHERE kind = 'alert') AS alerts, count(*) FILTER (WHERE kind = 'review') AS reviews"
        " FROM alert WHERE account_id = $1 AND closed_at IS NULL",
        account_id,
    )
    return found or Counts(0, 0)


async def page(tx: Reader, account_id: int, kind: Kind, *, first: int, count: int) -> tuple[list[Alert], int]:
    """Return a page of what an account was told, the newest first, and how much there is in all."""
    rows = await tx.rows(
        Alert,
        "SELECT id, text, at, closed_at FROM alert WHERE account_id = $1 AND kind = $2"
        " ORDER BY id DESC OFFSET $3 LIMIT $4",
        account_id, kind, first, count,
    )  # fmt: skip
    total: int = await tx.value(
        "SELECT count(*) FROM alert WHERE account_id = $1 AND kind = $2", account_id, kind
    )
    return rows, total


async def close_alert(tx: Tx, account_id: int, alert_id: int, now: datetime) -> None:
    """Let an alert be read; one that was read before stays so. Raises NotFound for none of the account's."""
    closed = await tx.execute(
        "UPDATE alert SET closed_at = coalesce(closed_at, $3) WHERE id = $2 AND account_id = $1 AND kind = 'alert'",
        account_id, alert_id, now,
    )  # fmt: skip
    if not closed:
        raise NotFound(NO_ALERT)


async def close_reviews(tx: Tx, account_id: int, now: datetime) -> int:
    """Let all of an account's reviews be read; return how many there were."""
    return await tx.execute(
        "UPDATE alert SET closed_at = $2 WHERE account_id = $1 AND kind = 'review' AND closed_at IS NULL",
        account_id,
        now,
    )


async def close_alerts(tx: Tx, account_id: int, last_id: int, now: datetime) -> int:
    """Let all of an account's alerts up to one be read; return how many there were."""
    return await tx.execute(
        "UPDATE alert SET closed_at = $3 WHERE account_id = $1 AND kind = 'alert' AND closed_at IS NULL AND id <= $2",
        account_id, last_id, now,
    )  # fmt: skip
