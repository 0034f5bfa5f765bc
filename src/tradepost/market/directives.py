"""Directives: what sellers' programs are asked to do, each leased to one device.

A create is the order that can cost an item, so it is given once: the trade becomes `sending` in the
transaction that leases it, one create of a trade is open at a time, and another device may take it over only
when the lease and a margin are over, told to look for the offer first. Nothing is queued: what waits is a row of `trade`.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tradepost.app import App
from tradepost.db import Tx, UniqueViolationError
from tradepost.market import trades
from tradepost.market.agents import Agent
from tradepost.market.trade_view import LIVE, TradeView
from tradepost.rules.games import GAMES
from tradepost.rules.trade import Decision, Leased, Side, Trade

TAKE_OVER_SECONDS = 60  # after the end of a lease: longer than any request to Steam that began within it
CREATES_MAX = 20  # open creates of one account
ATTEMPTS_MAX = 60  # creates of one trade, one after another: its deadline comes first unless a program is mad
OTHERS_MAX = 50  # cancels or confirmations leased at once
BASELINE_SECONDS = 10  # an item without a certificate waits so long for a look at the buyer's inventory


@dataclass(frozen=True, slots=True)
class Directive:
    """What a device is asked to do; `body` is what it needs to know for that."""

    id: str
    action: str
    trade_id: int | None
    body: Mapping[str, Any]
    leased_until: datetime


def witness_of(agent: Agent, side: Side) -> str:
    """Return how an agent's word is signed in a trade's time line."""
    return f"{side}_agent:{agent.device_id}"


def message_of(trade_id: int) -> str:
    """Return the text of a trade's Steam offer, by which it is found again whatever became of an answer."""
    return f"#{trade_id}"


async def lease(app: App, agent: Agent) -> list[Directive]:
    """Return all that an agent has to do now: what it was asked and did not answer, and what is new."""
    real_now, leased = app.real_now(), 0
    # Most programs have nothing to do at most of their heartbeats: one question says so in place of six.
    (waiting,) = await app.db.fetch(_WAITING, agent.account_id)
    if waiting["asked"]:
        await _drop_outdated(app, agent, real_now)
    if not agent.can_send:
        return []
    if waiting["asked"]:
        await _take_over(app, agent, real_now)
    if waiting["trades"]:
        leased += await _lease_creates(app, agent, real_now)
        leased += await _lease_cancels(app, agent, real_now)
        if "confirm" in agent.capabilities:
            leased += await _lease_confirmations(app, agent, real_now)
    if "inventory" in agent.capabilities:
        leased += await _lease_inventories(app, agent, real_now)
    return await _open(app, agent, real_now) if waiting["asked"] or leased else []


# Whether a program was asked something that is open, and whether there is a trade of its account that may want something.
_WAITING = (
    "SELECT EXISTS (SELECT FROM directive WHERE account_id = $1 AND status IS NULL) AS asked,"
    f" EXISTS (SELECT FROM trade t WHERE t.seller_id = $1 AND {LIVE})"
    " OR EXISTS (SELECT FROM trade WHERE seller_id = $1 AND state = 'cancelled' AND offer_maybe_live) AS trades"
)


# What was asked before -------------------------------------------------------------------------------


async def _drop_outdated(app: App, agent: Agent, real_now: datetime) -> None:
    """Close what its trade has no use for any more; a create whose trade is being cancelled, too.

    Its `leased_until` stays: until then its device may still be sending, which the cancel has to respect.
    """
    await app.db.execute(
        "UPDATE directive d SET status = 'void', answered_at = $2 FROM trade t"
        " WHERE d.account_id = $1 AND d.status IS NULL AND t.id = d.trade_id AND CASE d.action"
        "   WHEN 'create_offer' THEN t.state <> 'sending' OR t.cancel_causer IS NOT NULL"
        "   WHEN 'confirm_offer' THEN t.state <> 'needs_confirmation' OR t.cancel_causer IS NOT NULL"
        "   ELSE t.claimed_at IS NOT NULL OR NOT (t.state = 'cancelled' AND t.offer_maybe_live"
        "     OR t.state IN ('sending', 'needs_confirmation', 'sent') AND t.cancel_causer IS NOT NULL) END",
        agent.account_id, real_now,
    )  # fmt: skip


async def _take_over(app: App, agent: Agent, real_now: datetime) -> None:
    """Take what other devices of the account were asked and let run out."""
    await app.db.execute(
        "UPDATE directive SET device_id = $2, body = body || '{\"maybe_sent\": true}', leased_until = $4"
        " WHERE account_id = $1 AND status IS NULL AND device_id <> $2 AND leased_until < $3",
        agent.account_id, agent.device_id, real_now - timedelta(seconds=TAKE_OVER_SECONDS), real_now,
    )  # fmt: skip


async def _open(app: App, agent: Agent, real_now: datetime) -> list[Directive]:
    """Return a device's open directives, cancels first, their leases begun anew.

    A create that was told before says so. An inventory is dear to read, so that is told again only when its
    lease is over.
    """
    rows = await app.db.fetch(
        "UPDATE directive SET leased_until = $3 WHERE account_id = $1 AND device_id = $2 AND status IS NULL"
        "   AND (action <> 'report_inventory' OR leased_until <= $4)"
        " RETURNING id, action, trade_id, body, leased_until, created_at < $4 AS is_again",
        agent.account_id, agent.device_id, real_now + timedelta(seconds=app.settings.lease_seconds), real_now,
    )  # fmt: skip
    directives = []
    for row in rows:
        body = row["body"]
        if row["action"] == "create_offer" and row["is_again"]:
            body = body | {"maybe_sent": True}
        directives.append(Directive(row["id"], row["action"], row["trade_id"], body, row["leased_until"]))
    return sorted(directives, key=lambda each: (each.action != "cancel_offer", each.trade_id or 0))


# What is new -----------------------------------------------------------------------------------------


async def _lease_creates(app: App, agent: Agent, real_now: datetime) -> int:
    now = app.now()
    rows = await app.db.fetch(
        "SELECT t.id FROM trade t JOIN offer o ON o.id = t.offer_id"
        " WHERE t.seller_id = $1 AND t.state = 'created' AND t.due_at > $2"
        "   AND ((o.certificate IS NOT NULL AND o.float_text IS NOT NULL) OR t.buyer_had IS NOT NULL OR t.created_at < $4)"
        # A count: an anti-join was planned as a scan of the whole table on a fresh database.
        "   AND (SELECT count(*) FROM directive d WHERE d.trade_id = t.id AND d.action = 'create_offer'"
        "        AND (d.status IS NULL OR d.leased_until > $3)) = 0"
        "   AND (SELECT count(*) FROM directive d WHERE d.trade_id = t.id AND d.action = 'create_offer') < $6"
        " ORDER BY t.id LIMIT greatest(0, $5 - (SELECT count(*) FROM directive d"
        "        WHERE d.account_id = $1 AND d.status IS NULL AND d.action = 'create_offer'))",
        agent.account_id, now, real_now, now - timedelta(seconds=BASELINE_SECONDS), CREATES_MAX,
        ATTEMPTS_MAX,
    )  # fmt: skip
    for row in rows:
        decision = await _lease_create(app, agent, row["id"], real_now)
        if decision is not None:
            await trades.after(app, decision)
    return len(rows)


async def _lease_create(app: App, agent: Agent, trade_id: int, real_now: datetime) -> Decision | None:
    """Lease a create if the trade still waits for it; the trade is `sending` from that moment on."""
    directive_id = _new_id()
    try:
        async with app.db.transaction() as tx:
            decision = await trades.happened(
                tx,
                app.settings,
                trade_id,
                Leased(),
                witness=witness_of(agent, "seller"),
                now=app.now(),
                detail={"directive_id": directive_id},
            )
            if decision.refused is not None:
                return None
            body = await _create_body(tx, decision.trade)
            await _insert(tx, agent, Directive(directive_id, "create_offer", trade_id, body, real_now))
            return decision
    except UniqueViolationError:  # another device of the account was faster
        return None


async def _create_body(tx: Tx, trade: Trade) -> dict[str, Any]:
    """Return all that the seller's program needs to send an offer, and to refuse to: for whom, for how much."""
    view = await trades.read(tx, trade.id)
    rows = await tx.fetch(
        "SELECT i.price_cents, m.steamid, m.name FROM offer o JOIN steam_item i ON i.id = o.steam_item_id"
        " JOIN account m ON m.id = o.account_id WHERE o.id = $1",
        trade.offer_id,
    )
    if view is None or not rows:
        raise RuntimeError(f"trade {trade.id} was leased and is not there")
    return _offer_body(view) | {
        "trade_token": trade.trade_token,
        "send_until": trade.due_at,
        "market_hash_name": view.market_hash_name,
        "price_cents": trade.price_cents,
        "steam_price_cents": rows[0]["price_cents"],
        "merchant_steamid": rows[0]["steamid"],
        "merchant_name": rows[0]["name"],
    }


async def _lease_cancels(app: App, agent: Agent, real_now: datetime) -> int:
    """Lease a cancel of each Steam offer that must die; without an id it means: look for it, and cancel it.

    That look proves nothing while another device may still be sending, so it waits for that one's lease.
    """
    rows = await app.db.fetch(
        "SELECT t.id FROM trade t WHERE t.id IN ("
        "   SELECT id FROM trade WHERE seller_id = $1 AND state IN ('sending', 'needs_confirmation', 'sent')"
        "      AND cancel_causer IS NOT NULL AND claimed_at IS NULL"
        "   UNION ALL SELECT id FROM trade WHERE seller_id = $1 AND state = 'cancelled' AND offer_maybe_live"
        "      AND claimed_at IS NULL)"
        " AND (SELECT count(*) FROM directive d WHERE d.trade_id = t.id AND d.action = 'cancel_offer'"
        "      AND (d.status IS NULL OR d.leased_until > $2)) = 0"
        " AND (t.steam_tradeofferid IS NOT NULL OR (SELECT count(*) FROM directive d WHERE d.trade_id = t.id"
        "      AND d.action = 'create_offer' AND d.device_id <> $3 AND d.leased_until > $4) = 0)"
        " ORDER BY t.id LIMIT $5",
        agent.account_id, real_now, agent.device_id, real_now - timedelta(seconds=TAKE_OVER_SECONDS),
        OTHERS_MAX,
    )  # fmt: skip
    return await _lease_others(app, agent, "cancel_offer", [row["id"] for row in rows], real_now)


async def _lease_confirmations(app: App, agent: Agent, real_now: datetime) -> int:
    """Lease the confirmation of offers that the market knows as its own, and of no other."""
    rows = await app.db.fetch(
        "SELECT t.id FROM trade t WHERE t.seller_id = $1 AND t.state = 'needs_confirmation'"
        " AND t.cancel_causer IS NULL AND t.steam_tradeofferid IS NOT NULL"
        " AND (SELECT count(*) FROM directive d WHERE d.trade_id = t.id AND d.action = 'confirm_offer'"
        "      AND (d.status IS NULL OR d.leased_until > $2)) = 0 ORDER BY t.id LIMIT $3",
        agent.account_id, real_now, OTHERS_MAX,
    )  # fmt: skip
    return await _lease_others(app, agent, "confirm_offer", [row["id"] for row in rows], real_now)


async def _lease_others(app: App, agent: Agent, action: str, trade_ids: list[int], real_now: datetime) -> int:
    """Lease cancels or confirmations: harmless twice, so they are no event of the trade."""
    for view in (await trades.read_many(app.db, trade_ids)).values():
        body = _offer_body(view) | {"steam_tradeofferid": view.trade.steam_tradeofferid}
        async with app.db.transaction() as tx:
            await _insert(tx, agent, Directive(_new_id(), action, view.trade.id, body, real_now))
    return len(trade_ids)


async def _lease_inventories(app: App, agent: Agent, real_now: datetime) -> int:
    """Ask for the inventory of each game with live offers so often that it is always trusted (rules.md 7)."""
    rows = await app.db.fetch(
        "SELECT o.project, array_agg(o.assetid ORDER BY o.id) AS assetids FROM offer o"
        " WHERE o.seller_id = $1 AND o.state IN ('on_sale', 'reserved')"
        " AND o.project NOT IN (SELECT project FROM inventory_scan WHERE account_id = $1 AND at > $2)"
        " AND o.project NOT IN (SELECT body->>'project' FROM directive WHERE account_id = $1"
        "   AND status IS NULL AND action = 'report_inventory') GROUP BY o.project",
        agent.account_id, real_now - timedelta(minutes=app.settings.presence_minutes) / 2,
    )  # fmt: skip
    for row in rows:
        game = GAMES[row["project"]]
        body = {
            "project": game.project,
            "appid": game.appid,
            "contextid": str(game.contextid),
            "assetids": row["assetids"],
            "asked_at": app.now(),
        }
        async with app.db.transaction() as tx:
            await _insert(tx, agent, Directive(_new_id(), "report_inventory", None, body, real_now))
    return len(rows)


async def _insert(tx: Tx, agent: Agent, directive: Directive) -> None:
    """Write a new directive; its lease begins when it is handed over, at the end of the same heartbeat."""
    await tx.execute(
        "INSERT INTO directive (id, account_id, trade_id, action, device_id, body, leased_until, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        directive.id, agent.account_id, directive.trade_id, directive.action, agent.device_id,
        dict(directive.body), directive.leased_until,
    )  # fmt: skip


def _offer_body(view: TradeView) -> dict[str, Any]:
    """Return what tells a trade's Steam offer from all others: its partner, its item and its message."""
    item = {"appid": view.appid, "contextid": str(view.contextid), "assetid": view.assetid, "amount": 1}
    return {
        "partner_steamid": view.trade.buyer_steamid,
        "items": [item],
        "message": message_of(view.trade.id),
        "bought_at": view.trade.created_at,
    }


def _new_id() -> str:
    return f"dir_{secrets.token_hex(12)}"
