"""Making offers: each order at most one request to Steam, and none before it is sure that none was made before.

A directive is carried out at most once, whatever happens: its intent is in the journal before the request leaves,
and from then on it is only ever looked for (searching.py). If the offer is surely not there, the market hears
"absent" and gives a new directive if it still wants the offer.
"""

import logging
from datetime import datetime, timedelta

import msgspec

from tradepost.agent import market_wire as wire
from tradepost.agent.account import Account, Order
from tradepost.agent.errors import MarketRefused, MarketSilent, SteamSilent
from tradepost.agent.matching import as_asset, as_item, find
from tradepost.agent.pressure import too_many
from tradepost.agent.steam_answers import NEEDS_CONFIRMATION, Refused, Sent, SteamOffer, Unknown
from tradepost.agent.steam_session import TOO_MANY_REQUESTS, SteamTradeSession

BPS = 10_000
MARGIN = timedelta(hours=1)  # by which Steam's clock may be behind the market's
RETRY_SECONDS = 60
RETRY_SIGNED_OUT_SECONDS = 30
RETRY_LIMIT_SECONDS = 60
TEXT_CHARS_MAX = 512


async def send_all(account: Account, steam: SteamTradeSession) -> None:
    """Carry out the creates that wait, as many as one cycle may; an order that has to wait is left."""
    waiting = [order for order in account.orders.values() if order.directive.action == "create_offer"]
    fresh = [order for order in waiting if not _is_known(account, order)]
    fresh = [order for order in fresh if not _is_refused(account, order)]
    if not fresh:
        return
    offers = await steam.sent_offers(searched_since([order.directive for order in fresh]))
    sent = 0
    for order in fresh:
        if account.stop.is_set():
            return
        if _is_settled_by(account, order, offers):
            continue
        if sent >= account.settings.creates_per_cycle_max:
            return
        if account.monotonic() >= order.until:  # it comes again, with a new lease
            account.orders.pop(order.directive.directive_id, None)
            continue
        made = await _send(account, steam, order.directive)
        sent += 1
        if made is not None:
            offers.append(made)


def searched_since(directives: list[wire.Directive]) -> datetime | None:
    """Return since when an offer of these trades can have been made; None if that is not known of one."""
    times = [directive.bought_at for directive in directives]
    known = [at for at in times if at is not None]
    return min(known) - MARGIN if known and len(known) == len(times) else None


def _is_known(account: Account, order: Order) -> bool:
    """Whether the journal knows this directive: then it is told again, or being looked for."""
    directive = order.directive
    entry = account.journal.get(directive.directive_id)
    if entry is not None:
        account.tell_again(entry.id)
        return True
    # Where another order for the same trade has an unknown outcome, that one comes first.
    is_waiting = any(one.state != "done" for one in account.journal.of_trade(directive.trade_id or ""))
    if is_waiting:
        account.orders.pop(directive.directive_id, None)
    return is_waiting


def _is_refused(account: Account, order: Order) -> bool:
    """Whether the order is refused without a word to Steam; the market hears why."""
    refusal = _refusal(account, order.directive)
    if refusal is None:
        return False
    finish(account, order.directive, refusal)
    return True


def _refusal(account: Account, directive: wire.Directive) -> wire.Result | None:
    fault = _malformed(account, directive)
    if fault is not None:
        return refused(directive, "malformed", "other", fault)
    if fault := floor_fault(account, directive):
        account.say(f"trade {directive.trade_id} is not sent: {fault}.", logging.WARNING)
        return refused(directive, "failed", "floor", fault, retry_seconds=1_800)
    if directive.send_until is not None and account.market_now() >= directive.send_until:
        return refused(directive, "deferred", "other", "it is too late to send this")
    if wait := account.cooldown.left(account.monotonic()):
        return refused(
            directive, "deferred", "account_limit", "Steam said too many", retry_seconds=int(wait) + 1
        )
    return None


def _malformed(account: Account, directive: wire.Directive) -> str | None:
    if not (directive.trade_id and directive.partner_steamid and directive.trade_token and directive.items):
        return "the order lacks its trade, partner, token or items"
    if directive.message != f"#{directive.trade_id}":
        return "the order's message is not the trade's"
    if directive.partner_steamid == account.steamid or not directive.partner_steamid.isdecimal():
        return "the order's partner cannot be"
    if any(item.amount != 1 for item in directive.items):
        return "the order asks for a part of a stack"
    return None


def floor_fault(account: Account, directive: wire.Directive) -> str | None:
    """Say why a sale is under a floor that this device keeps, whatever the market thinks of it."""
    floor_bps = account.place.floors().of(directive.merchant_steamid or "")
    if not floor_bps:
        return None
    price, steam_price = directive.price_cents, directive.steam_price_cents
    if price is None or steam_price is None:
        return "the market does not name the item's price and its Steam price, so no floor can be kept"
    least = -(-steam_price * floor_bps // BPS)
    return f"{price} cents are less than the floor of {least} cents" if price < least else None


def _is_settled_by(account: Account, order: Order, offers: list[SteamOffer]) -> bool:
    """Whether what is on Steam settles an order: the offer is there already, or there is no room for it."""
    directive = order.directive
    partner = directive.partner_steamid or ""
    offer = find(offers, partner, directive.items, directive.message or "")
    if offer is not None:
        finish(account, directive, found(directive, offer))
        return True
    cause = too_many(offers, partner, account.settings)
    if cause is not None:
        text = "as many offers are open as Steam allows"
        finish(
            account, directive, refused(directive, "deferred", cause, text, retry_seconds=RETRY_LIMIT_SECONDS)
        )
    return cause is not None


async def _send(account: Account, steam: SteamTradeSession, directive: wire.Directive) -> SteamOffer | None:
    """Make one offer; returns it if it was made."""
    partner, token = directive.partner_steamid or "", directive.trade_token or ""
    held = await _held(steam, directive, partner, token)
    if held is not None:
        finish(account, directive, held)
        return None
    body = msgspec.to_builtins(directive)
    account.journal.intend(directive.directive_id, directive.trade_id or "", body, account.real_now())
    items = tuple(as_asset(item) for item in directive.items)
    outcome = await steam.send_offer(partner, token, items, directive.message or "")
    match outcome:
        case Sent(offer_id, needs_confirmation):
            account.cooldown.end()
            made = SteamOffer(
                id=offer_id,
                partner_steamid=partner,
                is_ours=True,
                message=directive.message or "",
                state=NEEDS_CONFIRMATION if needs_confirmation else 2,
                tradeid=None,
                mine=items,
                theirs=(),
            )
            finish(account, directive, found(directive, made))
            confirm = " Confirm it on your phone." if needs_confirmation else ""
            account.say(
                f"sent {directive.market_hash_name} to {partner} for trade {directive.trade_id}.{confirm}"
            )
            return made
        case Refused():
            finish(account, directive, _refused_by_steam(account, directive, outcome))
        case Unknown():
            await _unknown(account, directive, outcome)
    return None


async def _held(
    steam: SteamTradeSession, directive: wire.Directive, partner: str, token: str
) -> wire.Result | None:
    """Return why a trade that Steam would hold for days is not even offered."""
    try:
        holds = await steam.holds(partner, token)
    except SteamSilent:
        return None  # the offer itself will tell
    if holds is None:
        return None
    if holds.theirs_seconds > 0:
        return refused(directive, "failed", "hold", "Steam would hold the trade because of the buyer")
    if holds.mine_seconds > 0:
        text = "Steam would hold the trade because of this account"
        return refused(directive, "failed", "other", text, retry_seconds=600)
    return None


def _refused_by_steam(account: Account, directive: wire.Directive, outcome: Refused) -> wire.Result:
    account.say(
        f"Steam did not take the offer for trade {directive.trade_id}: {outcome.text}", logging.WARNING
    )
    status: wire.Status = "failed"
    retry_seconds: int | None = None
    if outcome.cause in ("partner_limit", "account_limit"):
        status, retry_seconds = "deferred", int(account.cooldown.begin(account.monotonic())) + 1
    elif outcome.cause == "not_logged_in":
        account.signed_out(outcome.text)
        status, retry_seconds = "deferred", RETRY_SIGNED_OUT_SECONDS
    elif outcome.cause == "new_device":
        account.new_device(outcome.text)
    result = refused(directive, status, outcome.cause, outcome.text, retry_seconds=retry_seconds)
    if result.error is not None:
        result.error.http_status, result.error.eresult = outcome.http_status, outcome.eresult
    return result


async def _unknown(account: Account, directive: wire.Directive, outcome: Unknown) -> None:
    """Note that the offer may exist, and let the market know that it is being looked for."""
    account.journal.unknown(directive.directive_id, account.real_now())
    account.orders.pop(directive.directive_id, None)
    if outcome.http_status == TOO_MANY_REQUESTS:
        account.cooldown.begin(account.monotonic())
    account.say(
        f"it is not known whether the offer for trade {directive.trade_id} was made: {outcome.text}. Looking.",
        logging.WARNING,
    )
    fault = wire.Fault(
        cause=outcome.cause, http_status=outcome.http_status, eresult=outcome.eresult, text=outcome.text
    )
    said = wire.Result(directive_id=directive.directive_id, status="failed", error=fault)
    try:
        await account.market.results([said])
    except (MarketSilent, MarketRefused) as error:
        account.say(f"the market did not hear of it: {error}", logging.WARNING)


# What is said of an order ----------------------------------------------------------------------------


def found(directive: wire.Directive, offer: SteamOffer) -> wire.Result:
    """Return the result that tells of a trade's offer, in the state in which Steam has it."""
    return wire.Result(
        directive_id=directive.directive_id,
        status="needs_confirmation" if offer.state == NEEDS_CONFIRMATION else "success",
        steam_tradeofferid=offer.id,
        partner_steamid=offer.partner_steamid,
        items=[as_item(asset) for asset in offer.mine],
        code=offer.state,
    )


def refused(
    directive: wire.Directive,
    status: wire.Status,
    cause: str,
    text: str,
    *,
    retry_seconds: int | None = RETRY_SECONDS,
) -> wire.Result:
    """Return the result of an order that came to nothing, surely."""
    return wire.Result(
        directive_id=directive.directive_id,
        status=status,
        error=wire.Fault(cause=cause, text=text[:TEXT_CHARS_MAX]),
        retry_seconds=None if retry_seconds is None else min(retry_seconds, 1_800),
    )


def finish(account: Account, directive: wire.Directive, result: wire.Result) -> None:
    """Write a result down; it is told to the market until the market has heard it."""
    account.journal.done(
        directive.directive_id,
        directive.action,
        directive.trade_id,
        msgspec.to_builtins(result),
        account.real_now(),
    )
    account.orders.pop(directive.directive_id, None)
