"""Notices: written in the transaction that they tell of, listed, and sent again by hand; `sending` delivers them."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec

from tradepost import log
from tradepost.app import App
from tradepost.db import Conditions, Reader, Tx
from tradepost.market import gateways, idempotency, telling
from tradepost.market.idempotency import Claim
from tradepost.market.receivers import NO_RECEIVER, Kind
from tradepost.market.seals import SealBroken
from tradepost.market.trade_view import TradeView
from tradepost.rules import notice, payment
from tradepost.rules.payment import Ipn
from tradepost.rules.refusals import Conflicting, NotFound, SwitchedOff
from tradepost.rules.trade import State

PINGS_MAX = (
    5  # of one account that wait, or were sent within `PING_SPAN`: a test must not become somebody's load
)
PING_SPAN = timedelta(minutes=1)
NOWHERE: dict[str, str] = {"webhook": NO_RECEIVER, "ipn": gateways.NO_GATEWAY}
ATTEMPTS_SHOWN_MAX = 24  # of one notice, the last ones: three times up the ladder

logger = log.get(__name__)

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Notice:
    """What an account is told: the row of the table `notice`, without what only the sender needs."""

    id: int
    name: str
    kind: str
    type: str
    payment_id: int | None
    payload: bytes | None
    made_at: datetime
    state: str
    due_at: datetime | None
    attempts: int
    attempts_most: int
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a notice; where `milliseconds` is None nobody knows how it ended, or it has not ended yet."""

    notice_id: int
    no: int
    at: datetime
    request: str
    status: int | None
    answer: str | None
    fault: str | None
    milliseconds: int | None


Told = tuple[Notice, list[Attempt]]  # with every attempt at it


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of an account's notices have not arrived; tests are not counted, as nobody lacks what they told."""

    waiting: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class NoticesQuery:
    """Which of an account's notices, newest first, and which page of them."""

    ids: tuple[int, ...] | None = None
    kinds: tuple[Kind, ...] | None = None
    order_ids: tuple[str, ...] | None = None  # of the payments that they tell of
    payment_ids: tuple[int, ...] | None = None
    states: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    time_from: datetime | None = None
    time_to: datetime | None = None  # inclusive
    limit: int = 100
    offset: int = 0


_COLUMNS = ", ".join(column.name for column in fields(Notice))
_ATTEMPT = ", ".join(column.name for column in fields(Attempt))


# Made --------------------------------------------------------------------------------------------------------


async def tell(tx: Tx, view: TradeView, before: State, no: int, now: datetime) -> None:
    """Write the notices of what has just become of a trade, for those of its sides that want to be told."""
    type_ = notice.told_as(before, view.trade.state)
    if type_ is None:
        return
    trade = view.trade
    wanting = await tx.fetch(
        "SELECT account_id FROM receiver WHERE account_id = ANY ($1) AND kind = 'webhook' AND $2 = ANY (types)",
        [trade.buyer_id, trade.payee_id],
        type_,
    )
    for row in wanting:
        payload = payload_of(type_, row["account_id"], view, now, timedelta(0))
        await tx.execute(
            "INSERT INTO notice (account_id, kind, type, trade_id, event_no, payload, made_at, due_at, attempts_most)"
            " VALUES ($1, 'webhook', $2, $3, $4, $5, $6, $6, $7)",
            row["account_id"], type_, trade.id, no, payload, now, notice.ATTEMPTS_MAX,
        )  # fmt: skip


def payload_of(type_: str, account_id: int, view: TradeView, made_at: datetime, send: timedelta) -> bytes:
    """What an account is told of a trade: the row that its list of operations shows, `send` being the time to send it."""
    shown = telling.as_bought(view, send) if type_ == notice.CREATED else view
    row = telling.row("buy" if account_id == view.trade.buyer_id else "sell", shown, made_at)
    return _payload(type_, made_at, row)


def _payload(type_: str, made_at: datetime, data: dict[str, object]) -> bytes:
    return _encode({"type": type_, "timestamp": made_at.replace(microsecond=0), "data": data})


async def ping(
    app: App, account_id: int, claim: Claim[Told] | None = None, *, kind: Kind = "webhook"
) -> Told:
    """Make a notice that tells nothing, to be sent at once and only once; raises NotFound without a receiver.

    For an IPN that is one of an order that there is not, of no money: its hash and signature are those of a real one.
    """
    now = app.now()
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        url = await tx.value(
            "SELECT url FROM receiver WHERE account_id = $1 AND kind = $2 FOR NO KEY UPDATE", account_id, kind
        )
        if url is None:
            raise NotFound(NOWHERE[kind])
        # Whoever's address it is did not ask for them: they are few a minute, whether they are received or not.
        lately: int = await tx.value(
            "SELECT count(*) FROM notice WHERE account_id = $1 AND type = $2 AND (state = 'waiting' OR made_at > $3)",
            account_id, notice.PING, now - PING_SPAN,
        )  # fmt: skip
        if lately >= PINGS_MAX:
            raise Conflicting(
                f"{lately} test notices wait, or were sent this minute: see what became of them first."
            )
        made = await tx.row(
            Notice,
            "INSERT INTO notice (account_id, kind, type, payload, made_at, due_at, attempts_most)"
            f" VALUES ($1, $2, $3, $4, $5, $5, 1) RETURNING {_COLUMNS}",
            account_id, kind, notice.PING, await _ping_payload(app, tx, account_id, kind), now,
        )  # fmt: skip
        if made is None:
            raise RuntimeError("a notice that was written is not there")
        told: Told = (made, [])
        await idempotency.keep(tx, claim, told, app.real_now())
    return told


async def _ping_payload(app: App, tx: Tx, account_id: int, kind: str) -> bytes:
    now = app.now()
    if kind == "webhook":
        return _payload(notice.PING, now, {})
    (gateway,) = await tx.fetch(f"SELECT {gateways.SECRETS} FROM gateway WHERE account_id = $1", account_id)
    try:
        secret = gateways.hashing_secret(app.settings, gateway, app.real_now())
    except SealBroken as broken:
        logger.error("seal_broken", reason=str(broken))
        raise SwitchedOff("Our keys do not open your secret; the operator has to see to it.") from None
    test = Ipn(
        amount_cents=0,
        token=secrets.token_hex(payment.TOKEN_CHARS // 2),
        account="0",
        order_id=f"test-{secrets.token_hex(4)}",
        trade_id=secrets.token_hex(payment.TRADE_ID_CHARS // 2),
        transaction_id=str(uuid4()),
        created_at=now,
        ip=payment.NO_ADDRESS,
        is_test=True,
    )
    return payment.ipn_query(test, secret).encode()


# Looked at, and sent again -----------------------------------------------------------------------------------


async def page(app: App, account_id: int, query: NoticesQuery) -> tuple[list[Told], int]:
    """Return a page of an account's notices with their attempts, and how many there are in all."""
    where = Conditions("account_id = $1", account_id)
    where.if_given("id = ANY ({})", query.ids)
    where.if_given("kind = ANY ({})", query.kinds)
    of_orders = "payment_id IN (SELECT id FROM payment WHERE account_id = $1 AND order_id = ANY ({}))"
    where.if_given(of_orders, query.order_ids)
    where.if_given("payment_id = ANY ({})", query.payment_ids)
    where.if_given("state = ANY ({})", query.states)
    where.if_given("type = ANY ({})", query.types)
    where.if_given("made_at >= {}", query.time_from)
    where.if_given("made_at <= {}", query.time_to)
    found = f"FROM notice WHERE {where.sql}"
    total = await app.db.value(f"SELECT count(*) {found}", *where.values)
    page_of, values = where.page(query.limit, query.offset)
    rows = await app.db.rows(
        Notice, f"SELECT {_COLUMNS} {found} ORDER BY made_at DESC, id DESC {page_of}", *values
    )
    return await _with_attempts(app.db, rows), total


async def counts(tx: Reader, account_id: int, *kinds: Kind) -> Counts:
    """Return how many notices of an account wait and were set aside, of some kinds or of all."""
    found = await tx.row(
        Counts,
        # Each by its own index: most of an account's notices were delivered.
        "SELECT "
        + ", ".join(
            f"(SELECT count(*) FROM notice WHERE state = '{state}' AND account_id = $1 AND type <> $2"
            f" AND (kind = ANY ($3) OR $3 = '{{}}')) AS {state}"
            for state in ("waiting", "set_aside")
        ),
        account_id, notice.PING, list(kinds),
    )  # fmt: skip
    return found or Counts(0, 0)


async def stamps(
    tx: Reader, notice_ids: Collection[int], account_ids: Collection[int]
) -> tuple[dict[int, str], dict[int, int]]:
    """Return by each notice's id what changes with every attempt at it, and by each account's the newest of its notices."""
    rows = await tx.fetch(
        "SELECT id, concat_ws(' ', state, attempts, due_at, in_hand_until) AS stamp FROM notice WHERE id = ANY ($1)",
        list(notice_ids),
    )
    newest = await tx.fetch(
        "SELECT a.id AS account_id, n.id FROM unnest($1::bigint[]) AS a (id) CROSS JOIN LATERAL (SELECT id FROM notice"
        " WHERE account_id = a.id ORDER BY made_at DESC, id DESC LIMIT 1) AS n",
        list(account_ids),
    )
    return {row["id"]: row["stamp"] for row in rows}, {row["account_id"]: row["id"] for row in newest}


async def _with_attempts(db: Reader, rows: Sequence[Notice]) -> list[Told]:
    attempts: dict[int, list[Attempt]] = {row.id: [] for row in rows}
    for attempt in await db.rows(
        Attempt,
        f"SELECT {_ATTEMPT} FROM unnest($1::bigint[]) AS asked (id) CROSS JOIN LATERAL (SELECT {_ATTEMPT}"
        " FROM notice_attempt WHERE notice_id = asked.id ORDER BY no DESC LIMIT $2) AS last ORDER BY notice_id, no",
        list(attempts),
        ATTEMPTS_SHOWN_MAX,
    ):
        attempts[attempt.notice_id].append(attempt)
    return [(row, attempts[row.id]) for row in rows]


async def resend(app: App, account_id: int, notice_id: int, claim: Claim[Told] | None = None) -> Told:
    """Send a notice again, now: one that waits is only hastened, one that ended goes up the whole ladder anew.

    An IPN's bytes are made anew in either case: it may have failed because its hash was made with a secret that the site
    has not any more. Raises NotFound for another's, and where there is no receiver that it could be sent to.
    """
    now = app.now()
    async with app.db.transaction() as tx:
        await idempotency.take(tx, claim)
        found = await tx.row(
            Notice,
            f"SELECT {_COLUMNS} FROM notice WHERE id = $1 AND account_id = $2 FOR NO KEY UPDATE",
            notice_id,
            account_id,
        )
        if found is None:
            raise NotFound("There is no such notice.")
        kinds = await tx.fetch("SELECT kind FROM receiver WHERE account_id = $1", account_id)
        if found.kind not in {row["kind"] for row in kinds}:
            raise NotFound(NOWHERE[found.kind])
        if found.kind == "ipn":
            found = replace(found, payload=await _made_anew(app, tx, account_id, found))
        if found.state == "waiting":
            await tx.execute("UPDATE notice SET due_at = least(due_at, $2) WHERE id = $1", found.id, now)
            again = replace(found, due_at=min(now, found.due_at or now))
        else:
            most = found.attempts + (1 if found.type == notice.PING else notice.ATTEMPTS_MAX)
            await tx.execute(
                "UPDATE notice SET state = 'waiting', due_at = $2, ended_at = NULL, ladder_from = attempts,"
                " attempts_most = $3 WHERE id = $1",
                found.id, now, most,
            )  # fmt: skip
            again = replace(found, state="waiting", due_at=now, ended_at=None, attempts_most=most)
        (told,) = await _with_attempts(tx, [again])
        await idempotency.keep(tx, claim, told, app.real_now())
    return told


async def _made_anew(app: App, tx: Tx, account_id: int, found: Notice) -> bytes | None:
    """An IPN's bytes for its next attempts: made at the first of them, those of a test at once."""
    payload = found.payload
    if found.payment_id is not None:
        payload = None
    elif found.type == notice.PING:
        payload = await _ping_payload(app, tx, account_id, found.kind)
    await tx.execute("UPDATE notice SET payload = $2 WHERE id = $1", found.id, payload)
    return payload
