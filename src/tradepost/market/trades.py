"""Trades: bought, told what happened to them, and read.

`happened` is the one way in which a trade changes: it locks the trade and its offer, lets rules/machine.py decide, and
writes the row, the event and the deeds (money, offer, strikes) in the same transaction.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tradepost.app import App
from tradepost.config import Settings
from tradepost.db import DatabaseBusy, DatabaseGone, Reader, Tx
from tradepost.market import advances, affiliates, alerts, bans, buying, feed, ipn, ledger, notices
from tradepost.market.buying import Buy
from tradepost.market.ledger import Posting
from tradepost.market.trade_view import (
    FROM_VIEW,
    RECEIPT_COLUMNS,
    TRADE_FIELDS,
    VIEW_COLUMNS,
    Receipt,
    TradeView,
    as_view,
)
from tradepost.rules import refusals
from tradepost.rules.games import GAMES
from tradepost.rules.machine import decide
from tradepost.rules.trade import Decision, Deed, Delivered, Event, LookFailed, State, Terms, Trade

__all__ = ["Buy", "Receipt", "TradeView", "buy", "happened", "is_bought", "read", "read_many"]

BUYER_HOLD_DAYS = 15  # Steam's own length of a trade hold


async def read_many(tx: Reader, trade_ids: list[int]) -> dict[int, TradeView]:
    """Return trades with their items, by id; unknown ids are left out."""
    rows = await tx.fetch(f"SELECT {VIEW_COLUMNS} {FROM_VIEW} WHERE t.id = ANY ($1)", trade_ids)
    return {row["id"]: as_view(row) for row in rows}


async def read(tx: Reader, trade_id: int) -> TradeView | None:
    """Return one trade with its item, or None."""
    return (await read_many(tx, [trade_id])).get(trade_id)


# Buying ------------------------------------------------------------------------------------------------------

_REFUSED: dict[str, type[refusals.Refusal]] = {
    "key_used": refusals.KeyUsed,
    "no_item": refusals.NotFound,
    "frozen": refusals.Frozen,
    "unknown_user": refusals.UnknownUser,
    "dearer": refusals.Dearer,
    "seller_offline": refusals.SellerOffline,
    "seller_signed_out": refusals.SellerSignedOut,
    "seller_trade_url": refusals.SellerTradeUrl,
    "not_in_inventory": refusals.NotInInventory,
    "too_little_money": refusals.TooLittleMoney,
}


async def buy(app: App, wish: Buy) -> Receipt:
    """Buy an offer; the answer comes after the commit, and the same wish with the same key is the same trade.

    Raises the refusals of buying, each as rules.md and contract.md name it.
    """
    desk = buying.Desk(
        app.db,
        app.settings,
        now=lambda: buying.Now(app.now(), app.real_now()),
        finish=lambda trade_ids: _bought(app, trade_ids),
    )
    try:
        outcome = await app.buys.decide(desk, wish)
    except buying.TooManyWaiting:
        raise refusals.TooManyRequests(1) from None
    if outcome.code == "buyer_banned":
        found = await bans.current(app.db, wish.steamid, "buyer", app.now())
        raise refusals.BuyerBanned(found.until_at, found.reason) if found else refusals.Forbidden
    if outcome.code == "buyer_on_hold":
        raise refusals.BuyerTradeUrl(
            "Steam holds this buyer's trades for days; the market does not sell into a hold."
        )
    if outcome.code == "own_item":
        raise await _own_item(app, wish)
    if outcome.code in _REFUSED:
        raise _REFUSED[outcome.code]
    if not isinstance(outcome.view, Receipt):
        raise RuntimeError(f"buy_batch answered {outcome.code} without a trade")
    return outcome.view


async def is_bought(tx: Reader, buyer_id: int, custom_id: str) -> bool:
    """Say whether an account has bought something under a custom id."""
    found: bool = await tx.value(
        "SELECT EXISTS (SELECT FROM trade WHERE buyer_id = $1 AND custom_id = $2)", buyer_id, custom_id
    )
    return found


async def _own_item(app: App, wish: Buy) -> refusals.OwnItem:
    """Why a buy is a trade with oneself."""
    offers = await app.db.fetch("SELECT account_id, seller_steamid FROM offer WHERE id = $1", wish.offer_id)
    if any(offer["seller_steamid"] == wish.steamid for offer in offers):
        return refusals.OwnItem("The steamid is that of this item's seller: nobody can buy from himself.")
    if any(offer["account_id"] == wish.buyer_id for offer in offers):
        return refusals.OwnItem("This item is listed by your own account.")
    return refusals.OwnItem("This item belongs to your own account.")


_BOUGHT = f"SELECT o.version, o.state = 'on_sale' AS is_on_sale, {RECEIPT_COLUMNS} {FROM_VIEW} WHERE t.id = ANY ($1)"


async def _bought(app: App, trade_ids: list[int]) -> dict[int, Receipt]:
    """Once for a whole batch: read what is answered, take its offers off the shelf, and have the others woken."""
    try:
        rows = await app.db.fetch(_BOUGHT, trade_ids)
    except (DatabaseGone, DatabaseBusy) as error:
        raise DatabaseGone(f"trades {trade_ids} were bought: {error}", maybe_committed=True) from error
    told, gone, again = dict[int, Receipt](), list[tuple[int, int]](), list[int]()
    for version, is_on_sale, *shown in rows:
        receipt = Receipt(*shown)
        told[receipt.id] = receipt
        if is_on_sale:  # of a buy that was told once more
            again.append(receipt.offer_id)
        else:
            gone.append((receipt.offer_id, version))
    feed.take_off(app, gone)
    if again:
        with suppress(DatabaseGone, DatabaseBusy):  # the feed catches up
            await feed.put(app, again)
    app.waking.soon(app.db)
    return told


# What happens to a trade -------------------------------------------------------------------------------------


def terms(settings: Settings, project: str) -> Terms:
    """Return the terms of a trade: the settings' deadlines and its game's protection."""
    return Terms(
        protection=timedelta(days=GAMES[project].protection_days),
        send=timedelta(minutes=settings.send_minutes),
        confirm=timedelta(minutes=settings.confirm_minutes),
        accept=timedelta(minutes=settings.accept_minutes),
        fallback=timedelta(days=settings.settlement_fallback_days),
    )


async def lock(tx: Tx, trade_id: int) -> TradeView | None:
    """Lock a trade, then its offer, and return both as they are now."""
    if await tx.value("SELECT offer_id FROM trade WHERE id = $1 FOR NO KEY UPDATE", trade_id) is None:
        return None
    await tx.execute(
        "SELECT 1 FROM offer WHERE id = (SELECT offer_id FROM trade WHERE id = $1) FOR NO KEY UPDATE",
        trade_id,
    )
    return await read(tx, trade_id)


async def happened(
    tx: Tx,
    settings: Settings,
    trade_id: int,
    event: Event,
    *,
    witness: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> Decision:
    """Let an event happen to a trade and write all that follows; a decision that was refused wrote nothing."""
    view = await lock(tx, trade_id)
    if view is None:
        raise refusals.NotFound("There is no such trade.")
    trade = view.trade
    if isinstance(event, Delivered) and await _came_otherwise(tx, trade, event.new_assetid):
        return Decision(trade, refused="The asset in the buyer's hands came by another trade.")
    if isinstance(event, Delivered) and trade.state is State.CANCELLED:
        event = replace(event, can_hold_again=await _can_hold_again(tx, trade))
    decision = decide(trade, event, now, terms(settings, view.project))
    after = decision.trade
    if decision.refused is not None or (after == trade and not decision.deeds):
        return decision
    if isinstance(event, LookFailed) and after.explanation == trade.explanation and not decision.deeds:
        # Once more nothing was seen: the time line said so already, and nobody has anything to do because of it.
        await _write(tx, trade, replace(after, changed_at=now))
        return decision
    no = 1 + await tx.value("SELECT max(no) FROM trade_event WHERE trade_id = $1", trade_id)
    if Deed.HOLD_AGAIN in decision.deeds:
        after = await _hold_again(tx, after, no, now)
    after = replace(after, changed_at=now)
    await _write(tx, trade, after)
    await tx.execute(
        "INSERT INTO trade_event (trade_id, no, event, from_state, to_state, witness, detail, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        trade_id, no, _word(event), trade.state.value, after.state.value, witness, dict(detail or {}), now,
    )  # fmt: skip
    for deed in decision.deeds:
        await _do(tx, settings, deed, view, after, no, now)
    if trade.disputed_at is not None and after.disputed_at is None:
        for account_id in {after.buyer_id, after.payee_id}:
            text = f"The dispute about trade {after.id} has ended. {after.explanation}"
            await alerts.tell(tx, account_id, "alert", text, now, ref=f"dispute:{after.id}:ended")
    await notices.tell(tx, replace(view, trade=after), trade.state, no, now)
    late = Deed.HOLD_AGAIN in decision.deeds  # the buyer's wallet is locked: no other may be locked after it
    await ipn.follow(tx, replace(view, trade=after), trade.state, no, now, may_advance=not late)
    await tx.execute("INSERT INTO change (kind, ref_id) VALUES ('trade', $1)", trade_id)
    return replace(decision, trade=after)


async def after(app: App, decision: Decision) -> None:
    """After the commit of `happened`: show the offer's change here at once, and wake whoever waits."""
    await feed.tell(app, [decision.trade.offer_id])


def _word(event: Event) -> str:
    """The event's name in a time line: OfferSeen is "offer_seen"."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in type(event).__name__).lstrip("_")


async def _write(tx: Tx, before: Trade, after: Trade) -> None:
    changed = [name for name in TRADE_FIELDS if getattr(before, name) != getattr(after, name)]
    if not changed:  # a deed alone, at the very moment of the last change
        return
    sets = ", ".join(f"{name} = ${place}" for place, name in enumerate(changed, 2))
    await tx.execute(
        f"UPDATE trade SET {sets} WHERE id = $1", after.id, *(getattr(after, name) for name in changed)
    )


async def _came_otherwise(tx: Tx, trade: Trade, assetid: str | None) -> bool:
    """Say whether an asset was counted as another trade's delivery; who asks of the same asset meanwhile waits."""
    if assetid is None:
        return False
    # Two looks at one inventory see the same asset, and each found it to be no other trade's: one of them is late.
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{trade.buyer_steamid} {assetid}"
    )
    found: bool = await tx.value(
        "SELECT count(*) > 0 FROM trade WHERE buyer_steamid = $1 AND new_assetid = $2 AND id <> $3",
        trade.buyer_steamid, assetid, trade.id,
    )  # fmt: skip
    return found


async def _can_hold_again(tx: Tx, trade: Trade) -> bool:
    # An item that was listed anew meanwhile is another offer's, which may be in a trade already. And a payment's skin
    # has one notice: if that told of another trade, which was reversed since, this one could not be told of.
    state = await tx.value(
        "SELECT o.state FROM offer o WHERE o.id = $1 AND NOT EXISTS (SELECT 1 FROM offer x WHERE x.appid = o.appid"
        " AND x.contextid = o.contextid AND x.assetid = o.assetid AND x.state IN ('on_sale', 'reserved') AND x.id <> o.id)"
        " AND NOT EXISTS (SELECT 1 FROM payment_item i WHERE i.offer_id = o.id AND i.told_at IS NOT NULL AND i.trade_id <> $2)",
        trade.offer_id, trade.id,
    )  # fmt: skip
    purse = (await ledger.lock_wallets(tx, [trade.buyer_id]))[trade.buyer_id]
    return state in ("on_sale", "ended") and purse.deposit_cents + purse.balance_cents >= trade.price_cents


async def _hold_again(tx: Tx, trade: Trade, no: int, now: datetime) -> Trade:
    purse = await ledger.wallet(tx, trade.buyer_id)  # locked by _can_hold_again
    from_deposit = min(purse.deposit_cents, trade.price_cents)
    trade = replace(
        trade, paid_deposit_cents=from_deposit, paid_balance_cents=trade.price_cents - from_deposit
    )
    legs = (
        Posting(trade.buyer_id, "deposit", -trade.paid_deposit_cents),
        Posting(trade.buyer_id, "balance", -trade.paid_balance_cents),
        Posting(trade.buyer_id, "held", trade.price_cents),
    )
    await ledger.post(tx, f"trade:{trade.id}:held:{no}", "held", legs, now, trade_id=trade.id)
    return trade


async def _do(
    tx: Tx, settings: Settings, deed: Deed, view: TradeView, trade: Trade, no: int, now: datetime
) -> None:
    match deed:
        case Deed.REFUND:
            legs: tuple[Posting, ...] = (
                Posting(trade.buyer_id, "held", -trade.price_cents),
                Posting(trade.buyer_id, "deposit", trade.paid_deposit_cents),
                Posting(trade.buyer_id, "balance", trade.paid_balance_cents),
                *advances.repaid_by_reserve(trade, await advances.of_trade(tx, trade.id)),
            )
            await ledger.post(tx, f"trade:{trade.id}:refunded:{no}", "refunded", legs, now, trade_id=trade.id)
            await advances.ended(tx, trade.id, "reversed", now)
        case Deed.PAY:
            legs = _pay(trade, was_advanced=bool(await advances.of_trade(tx, trade.id)))
            await ledger.post(tx, f"trade:{trade.id}:finished", "finished", legs, now, trade_id=trade.id)
            await advances.ended(tx, trade.id, "settled", now)
            await _count(tx, trade, now)
            await affiliates.earn(tx, settings, trade, now)
        case Deed.HOLD_AGAIN | Deed.ASK_CANCEL:
            pass  # the first was done before the row was written; the second is the row itself, which agents read
        case Deed.OFFER_BACK:
            # Not without the owner's word, nor for a seller who was banned meanwhile. The grant is held, so that who
            # takes it back at this moment either is seen here, or waits and finds the offer on sale.
            await tx.execute(
                "SELECT 1 FROM seller_grant g JOIN offer o ON o.account_id = g.merchant_id AND o.seller_id = g.seller_id"
                " WHERE o.id = $1 FOR SHARE OF g",
                trade.offer_id,
            )
            await tx.execute(
                "UPDATE offer o SET state = CASE WHEN x.reason IS NULL THEN 'on_sale' ELSE 'ended' END, ended_reason = x.reason"
                " FROM (SELECT CASE WHEN EXISTS (SELECT 1 FROM ban b WHERE b.steamid = p.seller_steamid AND b.side = 'seller'"
                " AND b.lifted_at IS NULL AND b.from_at <= $2 AND b.until_at > $2) THEN 'The seller is banned from selling.'"
                " WHEN p.account_id <> p.seller_id AND NOT EXISTS (SELECT 1 FROM seller_grant g WHERE g.merchant_id = p.account_id"
                " AND g.seller_id = p.seller_id AND g.revoked_at IS NULL) THEN 'The seller took his grant back.' END AS reason"
                " FROM offer p WHERE p.id = $1) x WHERE o.id = $1 AND o.state = 'reserved'",
                trade.offer_id, now,
            )  # fmt: skip
        case Deed.OFFER_ENDS:
            await tx.execute("UPDATE offer SET state = 'ended', ended_reason = $2 WHERE id = $1 AND state = 'reserved'",
                             trade.offer_id, trade.explanation)  # fmt: skip
        case Deed.OFFER_SOLD:
            await tx.execute("UPDATE offer SET state = 'sold' WHERE id = $1", trade.offer_id)
        case Deed.OFFER_TAKEN:
            await tx.execute(
                "UPDATE offer SET state = 'reserved', ended_reason = NULL WHERE id = $1", trade.offer_id
            )
        case Deed.STRIKE_SELLER:
            await bans.strike(tx, view.seller_steamid, "seller", trade.id, trade.explanation, now, settings)
        case Deed.STRIKE_BUYER:
            await bans.strike(tx, trade.buyer_steamid, "buyer", trade.id, trade.explanation, now, settings)
        case Deed.BAN_SELLER:
            await bans.ban(
                tx,
                view.seller_steamid,
                "seller",
                f"trade {trade.id} was reversed",
                now,
                timedelta(days=settings.reversal_ban_days),
            )
        case Deed.BAN_BUYER:
            await bans.ban(
                tx,
                trade.buyer_steamid,
                "buyer",
                f"trade {trade.id} was reversed",
                now,
                timedelta(days=settings.reversal_ban_days),
            )
        case Deed.BUYER_HOLD:
            await tx.execute(
                "UPDATE account SET hold_until = $2 WHERE steamid = $1",
                trade.buyer_steamid,
                now + timedelta(days=BUYER_HOLD_DAYS),
            )
        case Deed.OPEN_CASE:
            await tx.execute(
                "INSERT INTO operator_case (trade_id, reason, opened_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                trade.id, trade.explanation, now,
            )  # fmt: skip


def _pay(trade: Trade, *, was_advanced: bool) -> tuple[Posting, ...]:
    proceeds = trade.price_cents - trade.fee_cents
    legs = (Posting(trade.buyer_id, "held", -trade.price_cents), Posting(None, "fees", trade.fee_cents))
    if was_advanced:
        return (*legs, Posting(None, "advances", proceeds))
    if trade.buyer_id != trade.payee_id:
        return (*legs, Posting(trade.payee_id, "balance", proceeds))
    # A merchant trading with himself must not turn deposit into earnings (rules.md 10): back where it came from,
    # the fee out of the earned part first.
    to_balance = max(0, trade.paid_balance_cents - trade.fee_cents)
    return (
        *legs,
        Posting(trade.payee_id, "balance", to_balance),
        Posting(trade.payee_id, "deposit", proceeds - to_balance),
    )


async def _count(tx: Tx, trade: Trade, now: datetime) -> None:
    await tx.execute(
        "INSERT INTO day_total (account_id, day, bought_cents, bought_count, sold_cents, sold_count)"
        " SELECT a, ($4::timestamptz AT TIME ZONE 'UTC')::date, sum(b), count(nullif(b, 0)), sum(s), count(nullif(s, 0))"
        " FROM (VALUES ($1::bigint, $3::bigint, 0::bigint), ($2, 0, $3)) AS v (a, b, s) GROUP BY a ORDER BY a"
        " ON CONFLICT (account_id, day) DO UPDATE SET bought_cents = day_total.bought_cents + excluded.bought_cents,"
        " bought_count = day_total.bought_count + excluded.bought_count,"
        " sold_cents = day_total.sold_cents + excluded.sold_cents, sold_count = day_total.sold_count + excluded.sold_count",
        trade.buyer_id, trade.payee_id, trade.price_cents, now,
    )  # fmt: skip
    await tx.execute("UPDATE account SET sold_count = sold_count + 1 WHERE id = $1", trade.seller_id)
