"""The market itself, as operators run it: figures, cases and their trades, switches, rates, alerts, the audit."""

from typing import Any, Literal

import msgspec

from tradepost.db import Tx
from tradepost.dialects.fields import Flag, Id, Limit, SteamId
from tradepost.dialects.operator_api.answers import CaseClosed, Decision, TradedItem, TradeShown
from tradepost.dialects.operator_api.calls import Call, Calls, Nothing, act, known, look
from tradepost.dialects.operator_api.fields import DeedName, Millionths, Reason
from tradepost.market import audit, cases, operator_alerts, rates, switches, trades
from tradepost.market.audit import Note
from tradepost.market.cases import Case
from tradepost.market.operator_alerts import OperatorAlert
from tradepost.market.overview import Overview, overview
from tradepost.market.rates import Rate
from tradepost.market.switches import SwitchState
from tradepost.rules.outlook import explained
from tradepost.rules.refusals import NotFound
from tradepost.rules.trade import Ruled


class OfTrade(msgspec.Struct):
    """A trade, by its number."""

    id: Id


class Ruling(OfTrade):
    """How an operator decides a trade."""

    verdict: Literal["refund", "deliver", "settle", "reverse"]
    reason: Reason
    causer: Literal["seller", "buyer"] | None = None


class Closed(OfTrade):
    """Why a case is closed."""

    reason: Reason


class Switched(msgspec.Struct):
    """What is switched off, or on again, and what callers are told."""

    name: Literal["buying", "api"]
    off: Flag
    reason: Reason


class Rated(msgspec.Struct):
    """A rate, set by hand."""

    currency: Literal["EUR", "RUB", "PLN"]
    rate: Millionths
    reason: Reason


class AuditAsked(msgspec.Struct):
    """Which lines of the audit."""

    actor: SteamId | None = None
    subject: SteamId | None = None
    deed: DeedName | None = None
    before: Id | None = None
    limit: Limit = Limit(100)


class AlertsAsked(msgspec.Struct):
    """Which page of the alerts."""

    before: Id | None = None
    limit: Limit = Limit(100)


async def show_overview(call: Call, asked: Nothing) -> Overview:
    """How the market does: trades, volume, fees, failures, what waits and for how long."""
    return await overview(call.app)


async def list_cases(call: Call, asked: Nothing) -> list[Case]:
    """What waits for an operator, the oldest first."""
    return await cases.open_cases(call.app)


async def show_trade(call: Call, asked: OfTrade) -> TradeShown:
    """A trade with its time line and whose word each line is, what its agents were asked, and what its buyer disputes."""
    tx = call.app.db
    view = await trades.read(tx, asked.id)
    if view is None:
        raise NotFound("There is no such trade.")
    trade = view.trade
    return TradeShown(
        id=trade.id,
        state=trade.state,
        explanation=explained(trade, call.app.now()),
        item=TradedItem(
            project=view.project,
            assetid=view.assetid,
            new_assetid=trade.new_assetid,
            market_hash_name=view.market_hash_name,
            certificate=view.certificate,
        ),
        offer_id=trade.offer_id,
        seller_steamid=view.seller_steamid,
        buyer_steamid=trade.buyer_steamid,
        price_cents=trade.price_cents,
        fee_cents=trade.fee_cents,
        causer=trade.causer,
        steam_offer_state=trade.steam_offer_state,
        steam_tradeofferid=trade.steam_tradeofferid,
        steam_tradeid=trade.steam_tradeid,
        offer_maybe_live=trade.offer_maybe_live,
        created_at=trade.created_at,
        accepted_at=trade.accepted_at,
        protected_until=trade.protected_until,
        ended_at=trade.ended_at,
        due_at=trade.due_at,
        case_at=trade.case_at,
        evidence=await cases.evidence(tx, asked.id),
    )


async def rule_case(call: Call, asked: Ruling) -> Decision:
    """Decide a trade that waits for an operator."""
    decision = await cases.rule(
        call.app,
        asked.id,
        Ruled(asked.verdict, asked.causer),
        by=call.me.steamid,
        reason=asked.reason,
        actor_id=call.me.account_id,
    )
    return Decision(state=decision.trade.state, explanation=decision.trade.explanation)


async def close_case(call: Call, asked: Closed) -> CaseClosed:
    """Close the case of a trade that has ended, where nothing of it is to be changed."""
    await cases.close(
        call.app, asked.id, by=call.me.steamid, reason=asked.reason, actor_id=call.me.account_id
    )
    return CaseClosed(closed=True)


async def list_switches(call: Call, asked: Nothing) -> list[SwitchState]:
    """What can be switched off, and what is."""
    return await switches.states(call.app.db)


async def turn(call: Call, asked: Switched) -> list[SwitchState]:
    """Switch buying, or the whole of the merchants' and users' APIs, off or on again; callers are told the reason."""
    is_off = bool(asked.off)
    async with call.app.db.transaction() as tx:
        await switches.set_switch(tx, asked.name, is_off, asked.reason if is_off else "")
        await _note(tx, call, f"switched {'off' if is_off else 'on'}", asked.reason, switch=asked.name)
    return await switches.states(call.app.db)


async def list_rates(call: Call, asked: Nothing) -> list[Rate]:
    """The exchange rates, with their sources and ages."""
    return await rates.known(call.app.db, call.now, call.app.settings.rate_max_age_hours)


async def set_rate(call: Call, asked: Rated) -> list[Rate]:
    """Set an exchange rate by hand: it holds until the source says something of a later time."""
    async with call.app.db.transaction() as tx:
        await rates.set_rate(tx, asked.currency, asked.rate, f"operator {call.me.steamid}", call.now)
        await _note(tx, call, "rate set", asked.reason, currency=asked.currency, millionths=int(asked.rate))
    return await list_rates(call, Nothing())


async def list_alerts(call: Call, asked: AlertsAsked) -> list[OperatorAlert]:
    """What operators were told of, the newest first, and whether mail and call went out."""
    return await operator_alerts.page(call.app.db, before=asked.before, limit=asked.limit)


async def read_audit(call: Call, asked: AuditAsked) -> list[Note]:
    """What admins looked at and did, the newest first."""
    return await audit.page(
        call.app.db,
        before=asked.before,
        limit=asked.limit,
        actor_id=None if asked.actor is None else (await known(call.app, asked.actor)).id,
        subject_id=None if asked.subject is None else (await known(call.app, asked.subject)).id,
        deed=asked.deed,
    )


async def _note(tx: Tx, call: Call, deed: str, reason: str, **detail: Any) -> None:
    await audit.note(
        tx,
        actor_id=call.me.account_id,
        subject_id=None,
        deed=deed,
        detail=detail,
        reason=reason,
        now=call.now,
    )


CALLS: Calls = {
    "/operator/overview": {"GET": look(show_overview)},
    "/operator/cases": {"GET": look(list_cases)},
    "/operator/cases/{id}/rule": {"POST": act(rule_case)},
    "/operator/cases/{id}/close": {"POST": act(close_case)},
    "/operator/trades/{id}": {"GET": look(show_trade)},
    "/operator/switches": {"GET": look(list_switches)},
    "/operator/switches/{name}": {"POST": act(turn)},
    "/operator/rates": {"GET": look(list_rates)},
    "/operator/rates/{currency}": {"POST": act(set_rate)},
    "/operator/alerts": {"GET": look(list_alerts)},
    "/operator/audit": {"GET": look(read_audit)},
}
