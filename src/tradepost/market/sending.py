"""Sending: notices that are due are claimed in one transaction, sent outside any, and settled in another (`settling`).

A webhook is a POST of its payload; an IPN is a GET whose payload is the query that is put behind the callback URL. Both
have the same headers, made over the body or over the query exactly as it is on the wire.

Claiming counts the attempt and pushes `due_at` on by the ladder, so a worker that dies leaves a retry; what it sent is
sent again under the same name, so a receiver hears of everything at least once. A claim also holds in real time, for
longer than a call can take: until then no other worker sends that notice, however far a sandbox's clock is moved.

Receivers are served side by side. Each gets a few places at once, one that gave no answer last time a single one, and
all of those together only a part of the places there are: whoever lets us wait does not let others wait.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tradepost import dial, log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone, Record, Tx
from tradepost.market import ipn, trades
from tradepost.market.notices import payload_of
from tradepost.market.receivers import signing_secrets
from tradepost.market.seals import SealBroken, seals
from tradepost.market.settling import Outcome, Settling
from tradepost.rules import notice, payment
from tradepost.rules.callback_address import AddressRefused

AT_ONCE = 512  # calls of one worker under way
AT_ONCE_SILENT = 256  # of these, calls to receivers that gave no answer last time
EACH_AT_ONCE = 4  # calls to one receiver, of all workers
HAND_SECONDS = 60  # a claim holds so long in real time; no call takes that long
POLL_SECONDS = 0.25  # between two looks for what is due
GATHER_SECONDS = 0.02  # calls that end together are followed by one look
STOP_SECONDS = 5.0  # for calls that are under way when the worker is told to stop
SET_ASIDE_MAX = 1_000  # in one turn

NO_SECRET = "Our keys do not open this receiver's secret, so nothing was sent; the operator has to see to it, or rotate it."  # noqa: S105 - a sentence
OUR_FAULT = "Something went wrong on our side before an answer came; it is in our log."

logger = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this worker has in its hand, and where it goes."""

    id: int
    name: str
    account_id: int
    kind: str
    type: str
    payload: bytes | None  # none where our keys do not open what it is hashed with
    attempt: int
    url: str  # the receiver's
    was_silent: bool
    secrets: Sequence[bytes] = field(repr=False)  # none where our keys do not open them

    @property
    def method(self) -> str:
        """How the receiver is called."""
        return "GET" if self.kind == "ipn" else "POST"

    @property
    def address(self) -> str:
        """What is called: of an IPN, the receiver's own address with the notice behind it."""
        if self.kind != "ipn" or self.payload is None:
            return self.url
        return payment.called_with(self.url, self.payload.decode())


# Claiming ----------------------------------------------------------------------------------------------------

_RECEIVERS = """
    SELECT r.account_id, r.kind, r.url, r.secret, r.old_secret, r.old_secret_until, r.silent_at
      FROM receiver r
     CROSS JOIN LATERAL (SELECT n.due_at FROM notice n WHERE n.account_id = r.account_id AND n.kind = r.kind
                            AND n.state = 'waiting' AND n.due_at <= $1 ORDER BY n.due_at, n.id LIMIT 1) first
     CROSS JOIN LATERAL (SELECT count(*) AS calls FROM notice n WHERE n.account_id = r.account_id AND n.kind = r.kind
                            AND n.in_hand_until > $2) under_way
     WHERE EXISTS (SELECT 1 FROM notice WHERE state = 'waiting' AND due_at <= $1)
       AND under_way.calls < CASE WHEN r.silent_at IS NULL THEN $3::int ELSE 1 END
     ORDER BY r.silent_at IS NOT NULL, under_way.calls, first.due_at LIMIT $4 FOR NO KEY UPDATE OF r SKIP LOCKED
"""
# Of each of these receivers, now that nobody else claims for it, as many as it has room for: the first of each first.
_CLAIM = """
    WITH found AS (
        SELECT n.id, n.due_at, r.place, row_number() OVER (PARTITION BY r.place ORDER BY n.due_at, n.id) AS turn
          FROM unnest($3::bigint[], $4::text[], $5::int[]) WITH ORDINALITY AS r (account_id, kind, most, place)
         CROSS JOIN LATERAL (
            SELECT n.id, n.due_at FROM notice n
             WHERE n.account_id = r.account_id AND n.kind = r.kind AND n.state = 'waiting' AND n.due_at <= $1
               AND n.attempts < n.attempts_most AND (n.in_hand_until IS NULL OR n.in_hand_until <= $2)
             ORDER BY n.due_at, n.id
             LIMIT greatest(r.most - (SELECT count(*) FROM notice h WHERE h.account_id = r.account_id AND h.kind = r.kind
                                         AND h.in_hand_until > $2), 0)
               FOR NO KEY UPDATE SKIP LOCKED) n
    )
    UPDATE notice n SET attempts = n.attempts + 1, in_hand_until = $6,
           due_at = $1 + coalesce(($7::interval[])[n.attempts - n.ladder_from + 1], interval '0')
     WHERE n.id = ANY (ARRAY(SELECT id FROM found ORDER BY turn, place LIMIT $8))
    RETURNING n.id, n.name, n.account_id, n.kind, n.type, n.trade_id, n.payload, n.made_at, n.attempts
"""


async def claim(app: App, places: int = AT_ONCE, silent_places: int = AT_ONCE_SILENT) -> list[Claimed]:
    """Claim notices that are due, at most one for each place; count the attempts and write them down as begun."""
    now, real_now = app.now(), app.real_now()
    each = EACH_AT_ONCE if places > AT_ONCE // 2 else 1  # where it gets crowded everybody has one
    async with app.db.transaction() as tx:
        found = await tx.fetch(_RECEIVERS, now, real_now, each, places)
        silent = [row for row in found if row["silent_at"] is not None]
        served = [row for row in found if row["silent_at"] is None] + silent[: max(silent_places, 0)]
        if not served:
            return []
        rows = await tx.fetch(
            _CLAIM,
            now,
            real_now,
            [row["account_id"] for row in served],
            [row["kind"] for row in served],
            [each if row["silent_at"] is None else 1 for row in served],
            real_now + timedelta(seconds=HAND_SECONDS),
            list(notice.LADDER),
            places,
        )
        payloads = await _payloads(app, tx, rows)
        claimed = _claimed(app, rows, payloads, served)
        await tx.execute(
            "INSERT INTO notice_attempt (notice_id, no, at, real_at, request)"
            " SELECT id, no, $1, $2, request FROM unnest($3::bigint[], $4::int[], $5::text[]) AS begun (id, no, request)",
            now,
            real_now,
            [one.id for one in claimed],
            [one.attempt for one in claimed],
            [f"{one.method} {one.address}" for one in claimed],
        )
    return claimed


async def _payloads(app: App, tx: Tx, rows: Sequence[Record]) -> dict[int, bytes | None]:
    """The payload of each notice; a purchase's and an IPN's are written now, and stay as they are from then on."""
    unwritten = [row for row in rows if row["payload"] is None]
    if not unwritten:
        return {row["id"]: row["payload"] for row in rows}
    send = timedelta(minutes=app.settings.send_minutes)
    sold = [row["trade_id"] for row in unwritten if row["kind"] == "ipn"]
    views = await trades.read_many(tx, [row["trade_id"] for row in unwritten if row["kind"] != "ipn"])
    queries = await ipn.queries(tx, app.settings, sold, app.real_now())
    written = {
        row["id"]: queries[row["trade_id"]]
        if row["kind"] == "ipn"
        else payload_of(row["type"], row["account_id"], views[row["trade_id"]], row["made_at"], send)
        for row in unwritten
        if row["kind"] != "ipn" or row["trade_id"] in queries
    }
    # By each one's key: planned for all of them together, a table that was small a moment ago is read as a whole.
    await tx.executemany("UPDATE notice SET payload = $2 WHERE id = $1", list(written.items()))
    return {row["id"]: row["payload"] for row in rows} | written


def _claimed(
    app: App, rows: Sequence[Record], payloads: dict[int, bytes | None], served: Sequence[Record]
) -> list[Claimed]:
    receivers = {(row["account_id"], row["kind"]): row for row in served}
    secrets: dict[tuple[int, str], list[bytes]] = {}
    for key in {(row["account_id"], row["kind"]) for row in rows}:
        try:
            secrets[key] = signing_secrets(seals(app.settings), receivers[key], app.real_now())
        except SealBroken as broken:
            logger.error("seal_broken", reason=str(broken))
            secrets[key] = []
    claimed = []
    for row in rows:
        key = row["account_id"], row["kind"]
        to = receivers[key]
        claimed.append(
            Claimed(
                row["id"], row["name"], *key, row["type"], payloads[row["id"]], row["attempts"], to["url"],
                to["silent_at"] is not None, secrets[key],
            )
        )  # fmt: skip
    return claimed


# Sending ------------------------------------------------------------------------------------------------------


async def send(app: App, claimed: Claimed) -> Outcome:
    """Call the receiver once and say what came of it; never raises for anything that a receiver does."""
    clock = asyncio.get_running_loop().time
    began = clock()
    status, answer, fault = await _call(app, claimed)
    return Outcome(status, answer, fault, int((clock() - began) * 1000))


async def _call(app: App, claimed: Claimed) -> tuple[int | None, str | None, str | None]:
    if not claimed.secrets or claimed.payload is None:
        return None, None, NO_SECRET
    # Real time, whatever a sandbox's clock says: receivers refuse what is older or newer than five minutes.
    timestamp = int(app.real_now().timestamp())
    address, is_ipn = claimed.address, claimed.kind == "ipn"
    signed = payment.query_of(address).encode() if is_ipn else claimed.payload
    headers = {
        "webhook-id": claimed.name,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": notice.signatures(claimed.secrets, claimed.name, timestamp, signed),
        **({} if is_ipn else {"Content-Type": "application/json"}),
    }
    body = None if is_ipn else claimed.payload
    try:
        reply = await dial.call(
            dial.policy_of(app.settings), claimed.method, address, headers=headers, body=body
        )
    except AddressRefused as refused:
        return None, None, f"The address is not called any more: it {refused}."
    except dial.CallFailed as failed:
        return None, None, str(failed)
    return reply.status, notice.excerpt(reply.body), _fault(claimed, reply)


def _fault(claimed: Claimed, reply: dial.Reply) -> str | None:
    """Why an answer does not count as received, in a sentence; None for one that does."""
    if claimed.kind != "ipn":
        return notice.webhook_fault(reply.status)
    fault_of = notice.ping_fault if claimed.type == notice.PING else notice.ipn_fault
    return fault_of(reply.status, reply.body, whole=reply.whole)


async def set_aside_left(app: App) -> int:
    """Set aside notices that nobody will send: their last attempt was cut off, or their receiver is gone."""
    now: datetime = app.now()
    return await app.db.execute(
        "UPDATE notice SET state = 'set_aside', due_at = NULL, in_hand_until = NULL, ended_at = $1 WHERE id IN"
        " (SELECT n.id FROM notice n WHERE n.state = 'waiting' AND n.due_at <= $1"
        " AND (n.in_hand_until IS NULL OR n.in_hand_until <= $2) AND (n.attempts >= n.attempts_most OR NOT EXISTS"
        " (SELECT 1 FROM receiver r WHERE r.account_id = n.account_id AND r.kind = n.kind))"
        " LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)",
        now,
        app.real_now(),
        SET_ASIDE_MAX,
    )


# All the time ------------------------------------------------------------------------------------------------


async def deliver(app: App, stop: asyncio.Event) -> None:
    """Send what is due until told to stop; calls under way then have a little time to end."""
    under_way: dict[asyncio.Task[None], bool] = {}  # and whether its receiver was silent last time
    settling = Settling(app)
    ended = asyncio.Event()

    def landed(task: asyncio.Task[None]) -> None:
        del under_way[task]
        ended.set()

    while not stop.is_set():
        ended.clear()
        for one in await _claim_patiently(app, AT_ONCE - len(under_way), sum(under_way.values())):
            task = asyncio.create_task(_deliver_one(app, one, settling), name=f"notice {one.id}")
            under_way[task] = one.was_silent
            task.add_done_callback(landed)
        await _first_of(stop, ended)
        await asyncio.sleep(GATHER_SECONDS)
    if under_way:
        await asyncio.wait(list(under_way), timeout=STOP_SECONDS)
    for task in list(under_way):
        task.cancel()  # its attempt is counted, and its next one comes when the ladder says
    await asyncio.gather(*under_way, return_exceptions=True)
    await settling.stop()


async def _claim_patiently(app: App, places: int, silent: int) -> list[Claimed]:
    if places <= 0:
        return []
    try:
        return await claim(app, places, AT_ONCE_SILENT - silent)
    except (DatabaseGone, DatabaseBusy) as error:
        logger.warning("notices_wait_for_the_database", error=str(error))
    except Exception:
        logger.exception("notices_not_claimed")
    return []


async def _deliver_one(app: App, claimed: Claimed, settling: Settling) -> None:
    try:
        outcome = await send(app, claimed)
    except Exception:
        logger.exception("notice_not_sent", notice_id=claimed.id)
        outcome = Outcome(None, None, OUR_FAULT, 0)
    # Written down twice is written down once; what cannot be is sent again by the ladder, even if it was received.
    await settling.settle(claimed, outcome)


async def _first_of(stop: asyncio.Event, ended: asyncio.Event) -> None:
    """Wait until told to stop, until a call has ended, or for a moment."""
    waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(ended.wait())]
    try:
        await asyncio.wait(waits, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
            with suppress(asyncio.CancelledError):
                await wait
