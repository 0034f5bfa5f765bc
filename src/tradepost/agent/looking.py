"""Looking at what became of offers, and telling the market what differs from what it knows.

Nothing is remembered of what was told: the market's watch says what it knows, so a report that was lost is told
again by itself. Only a pause between two tellings of the same thing is kept.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta

from tradepost.agent import market_wire as wire
from tradepost.agent.account import REPLACED, Account
from tradepost.agent.matching import is_of_trade, is_received_of_trade, moved
from tradepost.agent.steam_answers import ACCEPTED, CANCELLED, Exchange, SteamOffer
from tradepost.agent.steam_session import SteamTradeSession

LOOKS_MAX = 40  # trades looked at in one cycle
SINGLE_MAX = 4  # so many are asked for one by one; more are read from Steam's lists
TELL_SECONDS = 10.0  # before the same thing is told again, doubling
TELL_SECONDS_MAX = 600.0
CHANGED_WITHIN = timedelta(days=1)  # Steam's list of offers is read so far back, its history so far:
BEGUN_WITHIN = timedelta(days=16)  # protection, and a week over
COMPLETE = 3
EVENTS_MAX = 50


async def look(account: Account, steam: SteamTradeSession) -> None:
    """Look at the trades whose time has come and tell what the market does not know."""
    now = account.monotonic()
    due = sorted((at, trade_id) for trade_id, at in account.look_at.items() if at <= now)[:LOOKS_MAX]
    rows = [account.watch[trade_id] for _, trade_id in due if trade_id in account.watch]
    if not rows:
        return
    offers = await _offers(account, steam, rows)
    exchanges = await _exchanges(account, steam, rows, offers)
    for row in rows:  # not before Steam has answered: what could not be looked at is still due
        if row.trade_id in account.look_at:
            account.look_at[row.trade_id] = now + account.poll_seconds(row)
    undone = {row.rollback_trade: row for row in exchanges.values() if row.rollback_trade}
    events: list[wire.Event] = []
    for row in rows:
        events += _events(account, row, offers.get(row.steam_tradeofferid), exchanges, undone)
    await _tell(account, events)
    await _warn_of_theft(account, steam, rows, offers)


# Reading ---------------------------------------------------------------------------------------------


async def _offers(
    account: Account, steam: SteamTradeSession, rows: list[wire.Watched]
) -> dict[str, SteamOffer]:
    """Return the offers of these trades by id; one that Steam does not show is left out."""
    wanted = [row.steam_tradeofferid for row in rows if "offer" in row.axes]
    found: dict[str, SteamOffer] = {}
    if len(wanted) > SINGLE_MAX:
        # The open ones and what changed lately; those that are older are asked for one by one.
        changed_since = account.market_now() - CHANGED_WITHIN
        listed = {offer.id: offer for offer in await steam.sent_offers(changed_since)}
        found = {offer_id: listed[offer_id] for offer_id in wanted if offer_id in listed}
    for offer_id in wanted:
        if offer_id not in found and (offer := await steam.offer(offer_id)) is not None:
            found[offer_id] = offer
    return found


async def _exchanges(
    account: Account, steam: SteamTradeSession, rows: list[wire.Watched], offers: dict[str, SteamOffer]
) -> dict[str, Exchange]:
    """Return the exchanges of these trades by tradeid, with those that undo others.

    Joined by tradeid alone: after a reversal the same items stand in two rows, and in more when they are sold
    again.
    """
    wanted: list[str] = []
    for row in rows:
        offer = offers.get(row.steam_tradeofferid)
        tradeid = row.steam_tradeid or (offer.tradeid if offer else None)
        if tradeid is not None and ("history" in row.axes or (offer and offer.state == ACCEPTED)):
            wanted.append(tradeid)
    found: dict[str, Exchange] = {}
    if len(wanted) > SINGLE_MAX:
        async for exchange in steam.history(account.market_now() - BEGUN_WITHIN):
            found[exchange.tradeid] = exchange
    for tradeid in wanted:
        if tradeid not in found and (single := await steam.exchange(tradeid)) is not None:
            found[tradeid] = single
    return found


# Comparing -------------------------------------------------------------------------------------------


def _events(
    account: Account,
    row: wire.Watched,
    offer: SteamOffer | None,
    exchanges: dict[str, Exchange],
    undone: dict[str, Exchange],
) -> Iterable[wire.Event]:
    """Give what is to be told of one trade: what was seen and differs from what the market knows."""
    tradeid = row.steam_tradeid or (offer.tradeid if offer else None)
    exchange = exchanges.get(tradeid) if tradeid else None
    items = moved(exchange, row.role, row.items) if exchange else None
    if exchange is not None and (items is None or exchange.partner_steamid != row.partner_steamid):
        account.say(f"exchange {tradeid} is not trade {row.trade_id}'s.", logging.ERROR)
        exchange = None
    if offer is not None:
        if not _is_trades_own(row, offer):
            account.say(f"offer {offer.id} is not what trade {row.trade_id} is.", logging.ERROR)
            return
        knows = row.last_offer_code == offer.state and (
            offer.tradeid is None or row.steam_tradeid is not None
        )
        is_delivery = row.role == "buyer" and offer.state == ACCEPTED
        if not knows or is_delivery:
            yield _event(account, row, offer.state, items, tradeid=tradeid, offer=offer)
    if exchange is None or row.role == "buyer":
        return
    if exchange.time_settlement is not None:
        account.journal.keep_settlement(exchange.tradeid, exchange.time_settlement, account.real_now())
    if exchange.tradeid in undone:
        undoing = undone[exchange.tradeid]
        event = _event(account, row, undoing.status, items, tradeid=undoing.tradeid, exchange=undoing)
        event.rollback_trade = exchange.tradeid
        yield event
    elif exchange.status != COMPLETE or ("history" in row.axes and _tells_settlement(row, exchange)):
        yield _event(account, row, exchange.status, items, tradeid=tradeid, exchange=exchange)


def _is_trades_own(row: wire.Watched, offer: SteamOffer) -> bool:
    if row.role == "seller":
        return is_of_trade(offer, row.partner_steamid, row.items, row.message)
    return is_received_of_trade(offer, row.partner_steamid, row.items)


def _tells_settlement(row: wire.Watched, exchange: Exchange) -> bool:
    """Whether Steam protects the exchange for longer than the market knows; it takes no shorter time."""
    at = exchange.time_settlement
    return at is not None and (row.protected_until is None or at > row.protected_until)


def _event(
    account: Account,
    row: wire.Watched,
    code: int,
    items: list[wire.Item] | None,
    *,
    tradeid: str | None,
    offer: SteamOffer | None = None,
    exchange: Exchange | None = None,
) -> wire.Event:
    """What is told of a trade's offer, or else of its exchange."""
    settlement = exchange.time_settlement if exchange else None
    if exchange is not None and settlement is None:
        # Steam forgets the end of protection when an exchange is undone; it is told as it was seen before.
        settlement = account.journal.settlement(exchange.tradeid)
    return wire.Event(
        trade_id=row.trade_id,
        axis="offer" if offer else "history",
        code=code,
        partner_steamid=row.partner_steamid,
        items=items or row.items,
        observed_at=account.market_now(),
        steam_tradeofferid=row.steam_tradeofferid,
        steam_tradeid=tradeid,
        time_settlement=settlement,
        time_mod=exchange.time_mod if exchange else None,
        message=offer.message if offer else None,
    )


async def _warn_of_theft(
    account: Account, steam: SteamTradeSession, rows: list[wire.Watched], offers: dict[str, SteamOffer]
) -> None:
    """Stop selling where an own offer was cancelled by nobody we know while its item goes to somebody else.

    So it looks when somebody has got hold of the account's Web API key.
    """
    lost = [
        row
        for row in rows
        if row.role == "seller"
        and (offer := offers.get(row.steam_tradeofferid)) is not None
        and offer.state == CANCELLED
        and row.last_offer_code != CANCELLED
        and not any(entry.action == "cancel_offer" for entry in account.journal.of_trade(row.trade_id))
    ]
    if not lost:
        return
    live = await steam.sent_offers(account.market_now())
    for row in lost:
        assetids = {item.assetid for item in row.items}
        clone = [
            offer
            for offer in live
            if offer.partner_steamid != row.partner_steamid
            and assetids & {asset.assetid for asset in offer.mine}
        ]
        if clone:
            account.block(
                REPLACED,
                f"the offer of trade {row.trade_id} was cancelled and its item offered to {clone[0].partner_steamid}"
                f" (offer {clone[0].id}). If that was not you, somebody has your Web API key: cancel that offer,"
                " revoke the key at steamcommunity.com/dev/apikey, sign out everywhere and sign in anew.",
            )


# Telling ---------------------------------------------------------------------------------------------


async def _tell(account: Account, events: list[wire.Event]) -> None:
    """Tell the market what was seen, each thing not again before a pause is over."""
    now = account.monotonic()
    fresh = [event for event in events if account.told.get(_key(account, event), (0.0, 0.0))[0] <= now]
    for start in range(0, len(fresh), EVENTS_MAX):
        batch = fresh[start : start + EVENTS_MAX]
        verdicts = await account.market.events(batch)
        for event, verdict in zip(batch, verdicts, strict=False):
            _, pause = account.told.get(_key(account, event), (0.0, 0.0))
            pause = min(pause * 2 or TELL_SECONDS, TELL_SECONDS_MAX)
            account.told[_key(account, event)] = (now + pause, pause)
            what = f"trade {event.trade_id}: {event.axis} code {event.code}"
            if verdict.accepted:
                account.say(f"told of {what}{f' ({verdict.reason})' if verdict.reason else ''}.")
            else:
                account.say(f"the market did not take {what}: {verdict.reason}", logging.WARNING)
    if fresh:
        account.beat_now.set()


def _key(account: Account, event: wire.Event) -> tuple[str, ...]:
    """What makes two tellings the same: the event, while the market's own state stands still."""
    row = account.watch.get(event.trade_id)
    settlement = event.time_settlement.isoformat() if event.time_settlement else ""
    new_assetid = event.items[0].new_assetid or "" if event.items else ""
    state = row.state if row else ""
    return (event.trade_id, state, event.axis, str(event.code), settlement, new_assetid)
