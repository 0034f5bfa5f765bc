"""The Steam Web API on trading: offers, trades, holds and item classes, as api.steampowered.com answers."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, Handler, answer, page, route, whole_number
from tradepost.steam.simulator.descriptions import Json, describe
from tradepost.steam.simulator.entities import Offer, OfferState, TradeStatus, User
from tradepost.steam.simulator.exchange import DAY_SECONDS
from tradepost.steam.simulator.rows import descriptions_of, is_visible, shown_offer, shown_trade

OFFERS_PAGE = 500
TRADES_MAX, TRADES_MAX_WITH_KEY = 100, 500
CLASSES_MAX = 100
NO_MATCH = 42
Deed = Callable[[Call, User], Response]
ACTIVE = frozenset({OfferState.ACTIVE, OfferState.NEEDS_CONFIRMATION, OfferState.IN_ESCROW})
DENIED = (
    "<html><head><title>{title}</title></head><body><h1>{title}</h1>Access is denied. "
    "Retrying will not help. Please verify your <pre>key=</pre> parameter.</body></html>"
)


def with_viewer(deed: Deed) -> Handler:
    """Refuses who brings neither a live access token nor a Web API key."""

    def handler(call: Call) -> Response:
        viewer = call.token_user or call.key_user
        if viewer is not None:
            return deed(call, viewer)
        wrong_key = bool(call.argument("key")) and not call.argument("access_token")
        title, status = ("Forbidden", 403) if wrong_key else ("Unauthorized", 401)
        return page(DENIED.format(title=title), status)

    handler.__name__ = getattr(deed, "__name__", "handler")
    return handler


def get_trade_offers(call: Call, viewer: User) -> Response:
    """IEconService/GetTradeOffers; since 2024 a Web API key sees none."""
    if call.token_user is None:
        return answer({"response": {"next_cursor": 0}})
    cursor = call.number("cursor")
    body: Json = {}
    more, shown = False, []
    for wanted, name, sent in (
        ("get_sent_offers", "trade_offers_sent", True),
        ("get_received_offers", "trade_offers_received", False),
    ):
        if call.flag(wanted):
            offers = [offer for offer in _visible(call, viewer) if (offer.sender == viewer.steamid) == sent]
            offers = [offer for offer in offers if not offer.hidden and _is_wanted(call, offer)]
            page_of = offers[cursor : cursor + OFFERS_PAGE]
            more = more or len(offers) > cursor + OFFERS_PAGE
            shown += page_of
            if page_of:
                body[name] = [shown_offer(call.world, offer, viewer) for offer in page_of]
    if call.flag("get_descriptions"):
        body["descriptions"] = descriptions_of(call.world, [a for offer in shown for a in offer.assets()])
    body["next_cursor"] = cursor + OFFERS_PAGE if more else 0
    return answer({"response": body})


def get_trade_offer(call: Call, viewer: User) -> Response:
    """IEconService/GetTradeOffer."""
    offer = call.world.offers.get(call.number("tradeofferid"))
    if call.token_user is None or offer is None or not is_visible(offer, viewer):
        return answer({"response": {}}, eresult=NO_MATCH)
    body: Json = {"offer": shown_offer(call.world, offer, viewer)}
    if call.flag("get_descriptions") or call.argument("language"):
        body["descriptions"] = descriptions_of(call.world, offer.assets())
    return answer({"response": body})


def get_offers_summary(call: Call, viewer: User) -> Response:
    """IEconService/GetTradeOffersSummary."""
    since = call.number("time_last_visit")
    offers = _visible(call, viewer) if call.token_user else []
    sent = [offer for offer in offers if offer.sender == viewer.steamid]
    received = [offer for offer in offers if offer.recipient == viewer.steamid]

    def count(among: list[Offer], states: frozenset[OfferState], *, historical: bool = False) -> int:
        return sum((offer.state in states) != historical for offer in among)

    pending = frozenset({OfferState.ACTIVE})
    escrow = frozenset({OfferState.IN_ESCROW})
    accepted = frozenset({OfferState.ACCEPTED})
    new_received = [offer for offer in received if offer.created > since]
    updated_received = [offer for offer in received if offer.updated > since]
    updated_sent = [offer for offer in sent if offer.updated > since]
    return answer(
        {
            "response": {
                "pending_received_count": count(received, pending),
                "new_received_count": count(new_received, pending),
                "updated_received_count": count(updated_received, pending, historical=True),
                "historical_received_count": count(received, ACTIVE, historical=True),
                "pending_sent_count": count(sent, pending),
                "newly_accepted_sent_count": count(updated_sent, accepted),
                "updated_sent_count": count(updated_sent, pending, historical=True),
                "historical_sent_count": count(sent, ACTIVE, historical=True),
                "escrow_received_count": count(received, escrow),
                "escrow_sent_count": count(sent, escrow),
            }
        }
    )


def get_trade_status(call: Call, viewer: User) -> Response:
    """IEconService/GetTradeStatus."""
    trade = call.world.trades.get(call.number("tradeid"))
    if trade is None or viewer.steamid not in {trade.sender, trade.recipient}:
        return answer({"response": {}}, eresult=NO_MATCH)
    body: Json = {"trades": [shown_trade(trade, viewer)]}
    if call.flag("get_descriptions"):
        body["descriptions"] = descriptions_of(call.world, trade.give + trade.receive)
    return answer({"response": body})


def get_trade_history(call: Call, viewer: User) -> Response:
    """IEconService/GetTradeHistory: newest first; pages go back in time, or forth with navigating_back."""
    most = TRADES_MAX if call.token_user else TRADES_MAX_WITH_KEY
    wanted = min(call.number("max_trades", most) or most, most)
    trades = call.world.trades_of(viewer.steamid)
    if not call.flag("include_failed"):
        trades = [trade for trade in trades if trade.status != TradeStatus.ESCROW_ROLLBACK]
    total = len(trades)
    start = (call.number("start_after_time"), call.number("start_after_tradeid"))
    back = call.flag("navigating_back")
    if any(start) and back:
        newer = [trade for trade in trades if (trade.time_init, trade.id) > start]
        trades, more = newer[-wanted:], len(newer) > wanted
    else:
        older = [trade for trade in trades if not any(start) or (trade.time_init, trade.id) < start]
        trades, more = older[:wanted], len(older) > wanted
    body: Json = {"more": more, "trades": [shown_trade(trade, viewer) for trade in trades]}
    if call.flag("include_total"):
        body["total_trades"] = total
    if call.flag("get_descriptions"):
        assets = [asset for trade in trades for asset in trade.give + trade.receive]
        body["descriptions"] = descriptions_of(call.world, assets)
    return answer({"response": body})


def get_hold_durations(call: Call, viewer: User) -> Response:
    """IEconService/GetTradeHoldDurations; a missing or wrong trade token gets an empty answer."""
    partner = call.world.users.get(call.argument("steamid_target"))
    if (
        partner is None
        or partner is viewer
        or call.argument("trade_offer_access_token") != partner.trade_token
    ):
        return answer({"response": {}})
    mine, theirs = viewer.hold_days * DAY_SECONDS, partner.hold_days * DAY_SECONDS
    names = {"my_escrow": mine, "their_escrow": theirs, "both_escrow": max(mine, theirs)}
    holds = {
        name: {"escrow_end_duration_seconds": seconds, "escrow_end_date": call.world.now() + seconds}
        for name, seconds in names.items()
    }
    return answer({"response": holds})


def get_asset_class_info(call: Call, _: User) -> Response:
    """ISteamEconomy/GetAssetClassInfo, in its old PHP-like form: texts for numbers, tables for lists."""
    appid = call.number("appid")
    result: Json = {}
    for index in range(min(call.number("class_count"), CLASSES_MAX)):
        classid = whole_number(call.argument(f"classid{index}"))
        instanceid = whole_number(call.argument(f"instanceid{index}") or "0")
        sample = call.world.samples.get((appid, classid or 0))
        if sample is not None and instanceid is not None:
            key = f"{classid}_{instanceid}" if instanceid else str(classid)
            result[key] = _old_form(describe(sample, instanceid))
    if not result:
        return answer({"result": {"error": "Invalid class info requested", "success": False}})
    return answer({"result": result | {"success": True}})


def _visible(call: Call, viewer: User) -> list[Offer]:
    return [offer for offer in call.world.offers_of(viewer.steamid) if is_visible(offer, viewer)]


def _is_wanted(call: Call, offer: Offer) -> bool:
    cutoff = call.number("time_historical_cutoff")
    if call.flag("active_only"):
        return offer.state in ACTIVE or bool(cutoff and offer.updated >= cutoff)
    if call.flag("historical_only"):
        return offer.state not in ACTIVE
    return True


def _old_form(value: Any) -> Any:
    match value:
        case dict():
            names = {"localized_tag_name": "name", "localized_category_name": "category_name"}
            return {names.get(key, key): _old_form(each) for key, each in value.items()}
        case list():
            return {str(index): _old_form(each) for index, each in enumerate(value)} or ""
        case int():
            return str(value)
    return value


def _econ(method: str, deed: Deed, interface: str = "IEconService") -> Route:
    return route(f"/{interface}/{method}/{{version}}", with_viewer(deed), "GET", "POST")


ROUTES: list[Route] = [
    _econ("GetTradeOffers", get_trade_offers),
    _econ("GetTradeOffer", get_trade_offer),
    _econ("GetTradeOffersSummary", get_offers_summary),
    _econ("GetTradeStatus", get_trade_status),
    _econ("GetTradeHistory", get_trade_history),
    _econ("GetTradeHoldDurations", get_hold_durations),
    _econ("GetAssetClassInfo", get_asset_class_info, "ISteamEconomy"),
]
