"""The worker: every chore and how often, on one screen.

Work is claimed by row: a due trade is claimed by pushing its `due_at` on, so that a worker that dies leaves it to the
next one, and any number of workers on any number of machines share the work.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost import log
from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone, Tx
from tradepost.market import (
    affiliates,
    beats,
    buy_orders,
    checkouts,
    checks,
    clock,
    exports,
    feed,
    freezing,
    housekeeping,
    idempotency,
    jwts,
    operator_alerts,
    payments,
    payouts,
    posting,
    rate_source,
    retention,
    sending,
    sessions,
    tapfiliate,
    trades,
    witness,
)
from tradepost.market.recent import Recent
from tradepost.market.trade_view import TradeView
from tradepost.rules.trade import DELIVERED, Deadline, Event, LookFailed, State

CLAIM_MAX = 20  # due trades taken at once
CLAIM_SECONDS = 60  # a claim holds so long by the market's clock; a worker that died lets go of it then
AT_ONCE = 8  # looks at Steam at the same time
BASELINE_AGAIN_SECONDS = 20.0  # before a buyer's inventory that could not be read is tried again
BASELINES_MAX = 200  # trades whose buyers' inventories are wanted, newest first
AGAIN_SECONDS = 1.0  # between two attempts to follow the changes

logger = log.get(__name__)


async def attend(app: App) -> int:
    """Attend to the trades that are due: deadlines, looks for a delivery, settlements. Return how many there were."""
    claims = await claim(app)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(claimed: Claim) -> None:
        async with gate:
            try:
                await attend_to(app, claimed)
            except (DatabaseGone, DatabaseBusy):
                raise
            except Exception:
                # One trade must not keep the others waiting; its claim runs out and it is tried again.
                logger.exception("trade_not_attended", trade_id=claimed.id)

    await asyncio.gather(*(one(claimed) for claimed in claims))
    return len(claims)


@dataclass(frozen=True, slots=True)
class Claim:
    """A due trade that this worker attends to, and the time that it was put off to meanwhile."""

    id: int
    due_at: datetime


async def claim(app: App) -> list[Claim]:
    """Claim trades that are due, by putting them off for as long as a claim holds."""
    now = app.now()
    return await app.db.rows(
        Claim,
        # An array: as a set it was planned as a scan of the whole table, once the plan did not know how many there are.
        "UPDATE trade SET due_at = $1 WHERE id = ANY (ARRAY(SELECT id FROM trade WHERE due_at <= $2 ORDER BY due_at"
        " LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)) RETURNING id, due_at",
        now + timedelta(seconds=CLAIM_SECONDS),
        now,
        CLAIM_MAX,
    )


async def attend_to(app: App, claimed: Claim) -> None:
    """Do what a claimed trade is due for."""
    view = await trades.read(app.db, claimed.id)
    if view is None:
        return
    if not looks_at_steam(app, view):
        await pass_deadline(app, claimed)
    elif view.trade.state in DELIVERED:
        await tell(app, claimed, await witness.settlement(app, view))
    else:
        await tell(app, claimed, await witness.delivery(app, view))


def looks_at_steam(app: App, view: TradeView) -> bool:
    """Say whether a due trade waits for a look at Steam, for its delivery or its end; else its time is over."""
    trade = view.trade
    if trade.state is State.ACCEPTED:
        return not trades.terms(app.settings, view.project).protection
    return trade.state is State.PROTECTED or (
        trade.claimed_at is not None and trade.state in (State.SENT, State.CANCELLED)
    )


async def pass_deadline(app: App, claimed: Claim) -> None:
    """Let a trade's time be over, unless it moved on since it was claimed: then what it waits for has a time of its own."""
    async with app.db.transaction() as tx:
        if not await _is_ours(tx, claimed):
            return
        decision = await trades.happened(
            tx, app.settings, claimed.id, Deadline(), witness="clock", now=app.now()
        )
    await trades.after(app, decision)


async def tell(app: App, claimed: Claim, event: Event) -> None:
    """Let what was seen on Steam happen to the trade.

    A look may take longer than a claim holds, or the clock may jump meanwhile: then somebody else looks, too. What
    was seen is true all the same; that nothing was seen is his to say.
    """
    async with app.db.transaction() as tx:
        if isinstance(event, LookFailed) and not await _is_ours(tx, claimed):
            return
        decision = await trades.happened(
            tx, app.settings, claimed.id, event, witness=witness.WITNESS, now=app.now()
        )
    if decision.refused:
        logger.info("look_did_not_fit", trade_id=claimed.id, reason=decision.refused)
        return
    await trades.after(app, decision)


async def _is_ours(tx: Tx, claimed: Claim) -> bool:
    """Lock a claimed trade and say whether it still waits as it was claimed."""
    due_at = await tx.value("SELECT due_at FROM trade WHERE id = $1 FOR NO KEY UPDATE", claimed.id)
    return bool(due_at == claimed.due_at)


_lately: Recent[int, None] = Recent(BASELINE_AGAIN_SECONDS, BASELINES_MAX)


async def remember(app: App) -> int:
    """Read what buyers have before items without a fingerprint are sent to them. Return how many were asked for."""
    rows = await app.db.fetch(
        "SELECT t.id FROM trade t JOIN offer o ON o.id = t.offer_id WHERE t.state IN ('created', 'sending')"
        " AND t.buyer_had IS NULL AND (o.certificate IS NULL OR o.float_text IS NULL) AND t.created_at > $1"
        " ORDER BY t.created_at DESC LIMIT $2",
        app.now() - timedelta(minutes=app.settings.send_minutes),
        BASELINES_MAX,
    )
    views = await trades.read_many(app.db, [row["id"] for row in rows])
    gate, asked = asyncio.Semaphore(AT_ONCE), 0

    async def one(view: TradeView) -> None:
        nonlocal asked
        asked += 1
        async with gate:
            await witness.remember_before(app, view)

    # A private inventory stays private: it is not asked for at every turn, nor does it keep the others waiting.
    await asyncio.gather(
        *(_lately.get(app, view.trade.id, lambda view=view: one(view)) for view in views.values())  # type: ignore[misc] # a bound view
    )
    return asked


async def check(app: App) -> int:
    """Check the ledger and say loudly what does not add up. Return how many faults there are."""
    found = await checks.run(app)
    for fault in found:
        logger.error("ledger_fault", fault=fault)
    return len(found)


async def keep_simulator_in_step(app: App) -> int:
    """Tell the simulated Steam the market's time again, in case it was down when the clock was moved."""
    if app.settings.mode == "production" or not app.settings.steam_control_url:
        return 0
    await clock.tell_simulator(app, app.now())
    return 1


@dataclass(frozen=True, slots=True)
class Chore:
    """Something done again and again; `run` returns how much there was to do."""

    run: Callable[[App], Awaitable[int]]
    every_seconds: float
    full: int | None = None  # so much done in one turn means that more is waiting
    at_changes: bool = False  # and at once when something in the market changed


CHORES = (
    Chore(attend, 0.5, full=CLAIM_MAX),
    Chore(remember, 0.5),
    Chore(buy_orders.fill_buy_orders, 0.5, full=buy_orders.MATCHES_CLAIMED_MAX, at_changes=True),
    Chore(housekeeping.end_offers_of_banned, 5),
    Chore(freezing.end_offers_of_frozen, 5),
    Chore(housekeeping.learn_profiles, 30),
    Chore(housekeeping.refresh_prices, 20),
    Chore(rate_source.refresh_rates, 30),
    Chore(housekeeping.close_cases, 60),
    Chore(housekeeping.forget_changes, 300, full=housekeeping.CHANGES_FORGOTTEN_MAX),
    Chore(housekeeping.forget_directives, 600, full=housekeeping.DIRECTIVES_FORGOTTEN_MAX),
    Chore(idempotency.forget_keys, 3600, full=idempotency.KEYS_FORGOTTEN_MAX),
    Chore(payments.close_quiet, 15, full=payments.QUIETED_MAX),
    Chore(sending.set_aside_left, 30, full=sending.SET_ASIDE_MAX),
    Chore(housekeeping.forget_notices, 600, full=housekeeping.NOTICES_FORGOTTEN_MAX),
    Chore(payouts.tell_of_quiet, 600),
    Chore(operator_alerts.tell_operators, 2, full=operator_alerts.CLAIMED_MAX),
    Chore(retention.forget_events, 3600, full=retention.TRADES_LOOKED_AT),
    Chore(retention.forget_told, 3600, full=retention.FORGOTTEN_MAX),
    Chore(posting.send_mails, 1, full=posting.CLAIMED_MAX),
    Chore(posting.forget_mails, 3600, full=posting.FORGOTTEN_MAX),
    Chore(tapfiliate.tell_of_clicks, 2, full=tapfiliate.CLAIMED_MAX),
    Chore(affiliates.forget_clicks, 3600, full=affiliates.CLICKS_FORGOTTEN_MAX),
    Chore(exports.forget_exports, 600, full=exports.FORGOTTEN_MAX),
    Chore(checkouts.ask_provider, 20, full=checkouts.CLAIMED_MAX),
    Chore(sessions.forget_sign_ins, 600, full=sessions.FORGOTTEN_MAX),
    Chore(jwts.forget_jwts, 600, full=jwts.FORGOTTEN_MAX),
    Chore(beats.beat, 5),
    Chore(keep_simulator_in_step, 15),
    Chore(check, 3600),
)


async def work(app: App, stop: asyncio.Event) -> None:
    """Do all chores, each at its own pace, until told to stop; what is under way is finished."""
    follower = asyncio.create_task(_follow(app), name="follow the changes")
    chores = [asyncio.create_task(_repeat(app, chore, stop), name=chore.run.__name__) for chore in CHORES]
    chores.append(asyncio.create_task(sending.deliver(app, stop), name="send notices"))  # waits for strangers
    try:
        await asyncio.gather(*chores)
    finally:
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower


async def _follow(app: App) -> None:
    """Follow the clock and the changes as long as the worker runs, whatever goes wrong with it at one moment."""
    while True:
        try:
            await feed.follow(app)
        except Exception:
            logger.exception("worker_lost_the_feed")
            await asyncio.sleep(AGAIN_SECONDS)


async def _repeat(app: App, chore: Chore, stop: asyncio.Event) -> None:
    name = chore.run.__name__
    rest = app.changed if chore.at_changes else stop
    while not stop.is_set():
        done = 0
        if chore.at_changes:
            app.changed.clear()
        try:
            done = await chore.run(app)
        except (DatabaseGone, DatabaseBusy) as error:
            logger.warning("chore_waits_for_the_database", chore=name, error=str(error))
        except Exception:
            # A chore that fails is tried again: a worker that dies of one bad row serves nobody.
            logger.exception("chore_failed", chore=name)
        if done:
            logger.info("chore", chore=name, done=done)
        if chore.full is None or done < chore.full:
            with suppress(TimeoutError):
                async with asyncio.timeout(chore.every_seconds):
                    await rest.wait()


def stop_on_signals(stop: asyncio.Event) -> None:
    """Let SIGTERM and SIGINT ask for a stop."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
