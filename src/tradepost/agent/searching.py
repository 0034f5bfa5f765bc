"""Looking for offers whose making nobody saw the end of, and cancelling: what must be sure before money moves."""

import logging

import msgspec

from tradepost.agent import market_wire as wire
from tradepost.agent.account import Account
from tradepost.agent.errors import SteamSilent
from tradepost.agent.journal import Entry
from tradepost.agent.matching import as_item, find, is_of_trade
from tradepost.agent.sending import finish, found, refused, searched_since
from tradepost.agent.steam_answers import LIVE, SteamOffer
from tradepost.agent.steam_session import SteamTradeSession

ABSENCES_MIN = 2  # complete readings without the offer: Steam's list may lag behind
RETRY_SECONDS = 30


async def resolve(account: Account, steam: SteamTradeSession) -> None:
    """Look for the offers of unknown outcome: found is a success, surely not there is "absent"."""
    now = account.real_now()
    entries = [entry for entry in account.journal.open() if _is_due(account, entry, now)]
    if not entries:
        return
    directives = [(entry, msgspec.convert(entry.body, wire.Directive, strict=False)) for entry in entries]
    offers = await steam.sent_offers(searched_since([directive for _, directive in directives]))
    for entry, directive in directives:
        offer = find(offers, directive.partner_steamid or "", directive.items, directive.message or "")
        if offer is not None:
            finish(account, directive, found(directive, offer))
            account.say(f"the offer for trade {entry.trade_id} is there: {offer.id}.")
        elif _is_absent(account, entry, now):
            result = wire.Result(directive_id=directive.directive_id, status="absent")
            finish(account, directive, result)
            account.say(f"no offer was made for trade {entry.trade_id}.")


def _is_due(account: Account, entry: Entry, now: float) -> bool:
    if entry.state == "intent":
        # Only one request is on its way at a time, and none is now: this one's end was not seen.
        account.journal.unknown(entry.id, now)
        return True
    return entry.looked_at is None or now - entry.looked_at >= account.settings.look_again_seconds


def _is_absent(account: Account, entry: Entry, now: float) -> bool:
    """Note one more reading without the offer, and say whether that is proof by now."""
    absences = entry.absences + 1
    account.journal.looked(entry.id, absences, now)
    since = entry.attempted_at or now
    return absences >= ABSENCES_MIN and now - since >= account.settings.absent_seconds


# Cancelling ------------------------------------------------------------------------------------------


async def cancel_all(account: Account, steam: SteamTradeSession) -> None:
    """Carry out the cancels that wait."""
    for order in [one for one in account.orders.values() if one.directive.action == "cancel_offer"]:
        if account.stop.is_set():
            return
        directive = order.directive
        known = account.journal.get(directive.directive_id)
        if known is not None:
            account.tell_again(known.id)
            continue
        try:
            result = await _cancel(account, steam, directive)
        except SteamSilent as error:
            account.be_quiet(error)
            result = refused(directive, "failed", "service_down", str(error), retry_seconds=RETRY_SECONDS)
        if result is not None:
            finish(account, directive, result)


async def _cancel(
    account: Account, steam: SteamTradeSession, directive: wire.Directive
) -> wire.Result | None:
    """Cancel a trade's offer and say what became of it; None while it is still being looked for."""
    if not (directive.trade_id and directive.partner_steamid and directive.items and directive.message):
        return refused(directive, "malformed", "other", "the order lacks its trade, partner or items")
    if directive.steam_tradeofferid is None:
        if not _is_search_due(account, directive):
            return None
        offer = await _search(steam, directive)
        if offer is None:
            return _absent(account, directive)
    else:
        offer = await steam.offer(directive.steam_tradeofferid)
        if offer is None:
            return refused(directive, "failed", "other", "Steam does not show this offer", retry_seconds=60)
        if not is_of_trade(offer, directive.partner_steamid, directive.items, directive.message):
            account.say(
                f"asked to cancel {offer.id}, which is not trade {directive.trade_id}'s.", logging.ERROR
            )
            return refused(directive, "failed", "other", "this offer is not the trade's", retry_seconds=1_800)
    account.searches.pop(directive.directive_id, None)
    if offer.state in LIVE:
        await steam.cancel_offer(offer.id)
        # Its answer is not proof: between the order and the cancel the buyer may have accepted.
        offer = await steam.offer(offer.id) or offer
    is_dead = offer.state not in LIVE
    if is_dead:
        _close_creates(account, directive.trade_id)
    return wire.Result(
        directive_id=directive.directive_id,
        status="success" if is_dead else "failed",
        steam_tradeofferid=offer.id,
        partner_steamid=offer.partner_steamid,
        items=[as_item(asset) for asset in offer.mine],
        code=offer.state,
        error=None if is_dead else wire.Fault(cause="other", text="Steam did not cancel the offer"),
        retry_seconds=None if is_dead else RETRY_SECONDS,
    )


async def _search(steam: SteamTradeSession, directive: wire.Directive) -> SteamOffer | None:
    offers = await steam.sent_offers(searched_since([directive]))
    return find(offers, directive.partner_steamid or "", directive.items, directive.message or "")


def _is_search_due(account: Account, directive: wire.Directive) -> bool:
    last, count = account.searches.get(directive.directive_id, (0.0, 0))
    return not count or account.real_now() - last >= account.settings.look_again_seconds


def _absent(account: Account, directive: wire.Directive) -> wire.Result | None:
    """Say that there is no such offer, once that is sure: seen twice, and long enough after any attempt."""
    now = account.real_now()
    _, count = account.searches.get(directive.directive_id, (0.0, 0))
    account.searches[directive.directive_id] = (now, count + 1)
    attempts = [
        entry.attempted_at or now
        for entry in account.journal.of_trade(directive.trade_id or "")
        if entry.action == "create_offer" and entry.state != "done"
    ]
    is_recent = any(now - at < account.settings.absent_seconds for at in attempts)
    if count + 1 < ABSENCES_MIN or is_recent:
        return None
    del account.searches[directive.directive_id]
    _close_creates(account, directive.trade_id or "")
    return wire.Result(directive_id=directive.directive_id, status="absent")


def _close_creates(account: Account, trade_id: str) -> None:
    """Close the creates of a trade whose cancel was answered: that answer is theirs too."""
    for entry in account.journal.of_trade(trade_id):
        if entry.action == "create_offer" and entry.state != "done":
            result = msgspec.to_builtins(wire.Result(directive_id=entry.id, status="absent"))
            account.journal.done(entry.id, entry.action, trade_id, result, account.real_now(), is_told=True)
    for directive_id, order in list(account.orders.items()):
        if order.directive.action == "create_offer" and order.directive.trade_id == trade_id:
            account.orders.pop(directive_id, None)
