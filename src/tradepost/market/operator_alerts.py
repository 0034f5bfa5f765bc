"""Alerts to operators: a trade that is stuck, a notice that was given up, a ledger that does not add up; each told once.

The rows are written with what they tell of (triggers, `checks`), and are due until the mail is in the post and the call
was taken. A worker claims them by pushing `due_at` on, so one that dies leaves a retry; the call carries the same name
each time. Where neither mail nor call is set, operators read them in the operator API.
"""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

import msgspec

from tradepost import dial, log
from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import Reader
from tradepost.market import mails
from tradepost.rules import notice
from tradepost.rules.callback_address import AddressRefused

CLAIMED_MAX = 50  # in one turn: one mail tells of all of them
CALLS_AT_ONCE = 4
ATTEMPTS_MAX = notice.ATTEMPTS_MAX
SUBJECT = "Tradepost: {count} matters for an operator"
PAGE_MAX = 500
LINE_CHARS_MAX = 1_000  # of one alert in the mail

# The operator's own address, set by him: wherever it leads is his to say.
ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))

_encode = msgspec.json.Encoder().encode
logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class OperatorAlert:
    """What operators are told, and how far that has come."""

    id: int
    ref: str
    kind: str
    text: str
    at: datetime
    due_at: datetime | None
    attempts: int
    mailed_at: datetime | None
    called_at: datetime | None
    fault: str | None


_COLUMNS = "id, ref, kind, text, at, due_at, attempts, mailed_at, called_at, fault"


async def page(tx: Reader, *, before: int | None = None, limit: int = 100) -> list[OperatorAlert]:
    """Return what operators were told of, the newest first; `before` is the id that the page before ended with."""
    return await tx.rows(
        OperatorAlert,
        f"SELECT {_COLUMNS} FROM operator_alert WHERE ($1::bigint IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
        before,
        max(1, min(limit, PAGE_MAX)),
    )


async def tell_operators(app: App) -> int:
    """Tell operators by mail and by a call what waits for them; return how many alerts were due."""
    claimed = await _claim(app)
    if not claimed:
        return 0
    await _mail(app, [one for one in claimed if one.mailed_at is None])
    gate = asyncio.Semaphore(CALLS_AT_ONCE)

    async def one(alert: OperatorAlert) -> None:
        async with gate:
            await _call(app, alert)

    await asyncio.gather(*(one(alert) for alert in claimed if alert.called_at is None))
    await _settle(app, [alert.id for alert in claimed])
    return len(claimed)


async def _claim(app: App) -> list[OperatorAlert]:
    now = app.real_now()
    ladder = [*notice.LADDER, notice.LADDER[-1]]
    return await app.db.rows(
        OperatorAlert,
        "UPDATE operator_alert SET attempts = attempts + 1, due_at = $1 + ($2::interval[])[least(attempts + 1, $3)]"
        " WHERE id = ANY (ARRAY(SELECT id FROM operator_alert WHERE due_at <= $1 ORDER BY due_at, id LIMIT $4"
        f" FOR UPDATE SKIP LOCKED)) RETURNING {_COLUMNS}",
        now, ladder, len(ladder), CLAIMED_MAX,
    )  # fmt: skip


async def _mail(app: App, alerts: Sequence[OperatorAlert]) -> None:
    """Put one mail for each operator into the post, in the transaction that says so: none goes out twice."""
    to = app.settings.operator_mails
    if not alerts or not to:
        return
    lines = "\n\n".join(
        f"{alert.at:%Y-%m-%d %H:%M:%S} UTC\n{alert.text[:LINE_CHARS_MAX]}"
        for alert in sorted(alerts, key=lambda one: one.id)
    )
    subject = SUBJECT.format(count=len(alerts)) if len(alerts) > 1 else f"Tradepost: {alerts[0].text[:150]}"
    async with app.db.transaction() as tx:
        # Looked at again behind the lock: another worker's claim may have overtaken this one's mail.
        rows = await tx.fetch(
            "SELECT id FROM operator_alert WHERE id = ANY ($1) AND mailed_at IS NULL ORDER BY id FOR UPDATE",
            [alert.id for alert in alerts],
        )
        if len(rows) != len(alerts):
            return  # whoever did has told of all of them, or tells of the rest at the next turn
        for address in to:
            await mails.queue(tx, to=address, subject=subject, text=lines, now=app.real_now())
        await tx.execute(
            "UPDATE operator_alert SET mailed_at = $2 WHERE id = ANY ($1)",
            [alert.id for alert in alerts],
            app.real_now(),
        )


async def _call(app: App, alert: OperatorAlert) -> None:
    """Call the operator's address with one alert, signed where a secret is set; keep whether it was taken."""
    url = app.settings.operator_webhook_url
    if not url:
        return
    now = app.real_now()
    body = _encode(
        {
            "type": f"operator.{alert.kind}",
            "timestamp": alert.at,
            "data": {"id": alert.id, "kind": alert.kind, "ref": alert.ref, "text": alert.text},
        }
    )
    # Not by the id alone: after a restored backup ids are given out anew, for other matters.
    name = f"alert_{alert.id}_{int(alert.at.timestamp())}"
    headers = {"Content-Type": "application/json", "webhook-id": name, "webhook-timestamp": str(int(now.timestamp()))}  # fmt: skip
    secret = secret_of(app.settings)
    if secret:
        headers["webhook-signature"] = notice.signatures([secret], name, int(now.timestamp()), body)
    try:
        reply = await dial.call(dial.Policy(ANYWHERE), "POST", url, headers=headers, body=body)
        fault = notice.webhook_fault(reply.status)
    except (dial.CallFailed, AddressRefused) as error:
        fault = str(error)
    await app.db.execute(
        "UPDATE operator_alert SET called_at = CASE WHEN $2::text IS NULL THEN $3::timestamptz END, fault = $2 WHERE id = $1",
        alert.id, fault, now,
    )  # fmt: skip


async def _settle(app: App, ids: Sequence[int]) -> None:
    """Let those be that went out by every way that is set, or were tried often enough."""
    given_up = await app.db.fetch(
        "UPDATE operator_alert SET due_at = NULL WHERE id = ANY ($1) AND ((mailed_at IS NOT NULL OR NOT $2)"
        " AND (called_at IS NOT NULL OR NOT $3) OR attempts >= $4) RETURNING id, called_at IS NULL AND $3 AS given_up",
        list(ids), bool(app.settings.operator_mails), bool(app.settings.operator_webhook_url), ATTEMPTS_MAX,
    )  # fmt: skip
    for row in given_up:
        if row["given_up"]:
            logger.error("operator_alert_given_up", alert_id=row["id"])


def secret_of(settings: Settings) -> bytes:
    """The secret that calls are signed with; nothing where none is set."""
    text = settings.operator_webhook_secret.removeprefix(notice.SECRET_PREFIX)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text.encode()
