"""The community pages' posts on trade offers: send, accept, decline, cancel, and the acknowledgement."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from tradepost.rules.games import BY_APPID
from tradepost.steam.simulator.calls import Call, Handler, answer, route, whole_number
from tradepost.steam.simulator.entities import LIVE, Item, Offer, OfferState, User
from tradepost.steam.simulator.exchange import item_named
from tradepost.steam.simulator.faults import str_error
from tradepost.steam.simulator.rows import is_visible
from tradepost.steam.simulator.trading import (
    EMAIL,
    MOBILE,
    Draft,
    accept_offer,
    create_offer,
    is_banned,
    withdraw,
)

OPEN_PER_PARTNER_MAX = 5
OPEN_MAX = 30
MESSAGE_CHARS_MAX = 128
SIDE_ASSETS_MAX = 1_000

# Steam's EResult, as strErrors and refusals name it.
FAIL, INVALID_STATE, ACCESS_DENIED, LIMIT, ITEMS_GONE, ALREADY, NO_MATCH = 2, 11, 15, 25, 26, 28, 42

TOO_MANY = (
    "You have sent too many trade offers, or have too many outstanding trade offers with {name}. "
    "Please cancel some before sending more."
)
PARTNER_BANNED = "You cannot trade with {name} because they have a trade ban."
NOT_AVAILABLE = (
    "{name} is not available to trade. More information will be shown to {name} if they invite you to trade."
)
NEW_DEVICE = (
    "You have logged in from a new device. In order to protect the items in your inventory, "
    "you will be unable to trade from this device for 7 days."
)


class Complaint(Exception):
    """What Steam answers in a strError: a number, or a sentence without one."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text or str(code))
        self.code = code
        self.text = text


class AssetOrder(msgspec.Struct):
    """An item of json_tradeoffer."""

    appid: int
    contextid: str | int
    assetid: str | int
    amount: int = 1


class SideOrder(msgspec.Struct):
    """One side of json_tradeoffer."""

    assets: list[AssetOrder] = []


class OfferOrder(msgspec.Struct):
    """json_tradeoffer."""

    me: SideOrder
    them: SideOrder


def send(call: Call) -> Response:
    """POST /tradeoffer/new/send."""
    if call.visitor is None:
        return answer(None, 401, None)
    if not call.is_csrf_safe or not _refers_to_partner(call):
        return answer(None, 403, None)
    try:
        countered = _countered(call, call.visitor)
        offer = create_offer(call.world, _draft(call, call.visitor, countered))
    except Complaint as complaint:
        return _complain("sending your trade offer", complaint)
    if countered is not None:
        offer.countered = countered.id
        call.world.set_offer_state(countered, OfferState.COUNTERED)
    return answer({"tradeofferid": str(offer.id)} | _awaited(offer), eresult=None)


def accept(call: Call) -> Response:
    """POST /tradeoffer/{id}/accept."""
    offer, number = _offer_at(call), call.path["offerid"]
    is_from_its_page = f"/tradeoffer/{number}" in call.request.headers.get("referer", "")
    if call.visitor is None or not call.is_csrf_safe or not is_from_its_page:
        return answer(None, 403, None)
    known = offer is not None and offer.recipient == call.visitor.steamid and is_visible(offer, call.visitor)
    if offer is None or not known or call.field("partner") not in {"", offer.sender}:
        return _complain("accepting this trade offer", Complaint(INVALID_STATE), 404)
    try:
        check_acceptance(call, offer)
    except Complaint as complaint:
        return _complain("accepting this trade offer", complaint)
    trade = accept_offer(call.world, offer)
    return answer({"tradeid": str(trade.id)} if trade else _awaited(offer), eresult=None)


def check_acceptance(call: Call, offer: Offer) -> None:
    """Complains, as Steam would, if the recipient cannot accept this offer now."""
    world, sender, recipient = call.world, call.world.users[offer.sender], call.world.users[offer.recipient]
    if offer.state in {OfferState.ACCEPTED, OfferState.IN_ESCROW}:
        raise Complaint(ALREADY)
    if offer.state != OfferState.ACTIVE:
        raise Complaint(INVALID_STATE)
    if is_banned(recipient, world.now()) or recipient.inventory_full:
        raise Complaint(ACCESS_DENIED)
    if is_banned(sender, world.now()):
        raise Complaint(ACCESS_DENIED, PARTNER_BANNED.format(name=sender.name))
    for owner, side in ((offer.sender, offer.give), (offer.recipient, offer.receive)):
        items = [item_named(world, owner, asset) for asset in side]
        if any(item is None or not item.is_tradable(world.now()) for item in items):
            world.set_offer_state(offer, OfferState.INVALID_ITEMS)
            raise Complaint(ITEMS_GONE)


def _ending(state: OfferState, *, by_sender: bool) -> Handler:
    """The handler of /cancel or /decline; a 200 with another `success` than 1 is Steam's refusal."""

    def end(call: Call) -> Response:
        if call.visitor is None:
            return answer(None, 401, None)
        if not call.is_csrf_safe:
            return answer(None, 403, None)
        offer = _offer_at(call)
        if offer is None or call.visitor.steamid != (offer.sender if by_sender else offer.recipient):
            return answer({"success": NO_MATCH}, eresult=None)
        if (not by_sender and offer.state == OfferState.NEEDS_CONFIRMATION) or not withdraw(
            call.world, offer, state
        ):
            return answer({"success": INVALID_STATE}, eresult=None)
        return answer({"tradeofferid": str(offer.id)}, eresult=None)

    return end


def acknowledge(call: Call) -> Response:
    """POST /trade/new/acknowledge: the visitor has read what trade protection is."""
    if call.visitor is None:
        return answer(None, 401, None)
    if not call.is_csrf_safe or call.field("message") != "1":
        return answer(None, 403, None)
    call.visitor.acknowledged = True
    call.world.touch(call.visitor)
    return answer({"success": 1}, eresult=None)


def _refers_to_partner(call: Call) -> bool:
    """Whether the Referer is the page of an offer to the very partner whom the form names."""
    referer = urlsplit_or_none(call.request.headers.get("referer", ""))
    partner = call.world.users.get(call.field("partner"))
    if referer is None or not referer.path.startswith("/tradeoffer/"):
        return False
    countered = call.field("tradeofferid_countered")
    if countered and referer.path.rstrip("/") == f"/tradeoffer/{countered}":
        return True
    named = parse_qs(referer.query).get("partner", [""])[-1]
    return partner is not None and named == str(partner.accountid)


def urlsplit_or_none(address: str) -> Any:
    """The parts of an address; None for what is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _countered(call: Call, visitor: User) -> Offer | None:
    """The offer that this one answers; it must be alive and addressed to the visitor."""
    number = call.field("tradeofferid_countered")
    if not number:
        return None
    offer = call.world.offers.get(whole_number(number) or 0)
    if offer is None or offer.recipient != visitor.steamid or offer.sender != call.field("partner"):
        raise Complaint(INVALID_STATE)
    if offer.state != OfferState.ACTIVE:
        raise Complaint(INVALID_STATE)
    return offer


def _draft(call: Call, sender: User, countered: Offer | None) -> Draft:
    """The offer that a form asks for, or Steam's complaint about it."""
    recipient = call.world.users.get(call.field("partner"))
    if recipient is None or recipient is sender:
        raise Complaint(ACCESS_DENIED)
    try:
        order = msgspec.json.decode(call.field("json_tradeoffer"), type=OfferOrder)
    except (msgspec.MsgspecError, UnicodeError):
        raise Complaint(FAIL) from None
    _check_parties(call, sender, recipient, needs_token=countered is None)
    give = _items(call, sender, order.me.assets)
    receive = _items(call, recipient, order.them.assets)
    _check_items(give + receive)
    _check_limits(call, sender, recipient)
    return Draft(sender, recipient, give, receive, call.field("tradeoffermessage")[:MESSAGE_CHARS_MAX])


def _check_parties(call: Call, sender: User, recipient: User, *, needs_token: bool) -> None:
    now = call.world.now()
    if sender.new_device:
        raise Complaint(ACCESS_DENIED, NEW_DEVICE)
    if is_banned(recipient, now):
        raise Complaint(ACCESS_DENIED, PARTNER_BANNED.format(name=recipient.name))
    if not recipient.available:
        raise Complaint(ACCESS_DENIED, NOT_AVAILABLE.format(name=recipient.name))
    token = recipient.trade_token
    if needs_token and _given_token(call.field("trade_offer_create_params")) != token:
        raise Complaint(ACCESS_DENIED)
    if is_banned(sender, now) or recipient.inventory_full:
        raise Complaint(ACCESS_DENIED)


def _given_token(params: str) -> str | None:
    try:
        found = msgspec.json.decode(params or "{}", type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError):
        return None
    token = found.get("trade_offer_access_token")
    return token if isinstance(token, str) else None


def _items(call: Call, owner: User, orders: list[AssetOrder]) -> list[Item]:
    if len(orders) > SIDE_ASSETS_MAX:
        raise Complaint(LIMIT)
    items = []
    for order in orders:
        contextid, assetid = whole_number(str(order.contextid)), whole_number(str(order.assetid))
        item = call.world.item_of(owner.steamid, order.appid, contextid or 0, assetid or 0)
        if item is None or order.amount != 1 or not item.is_tradable(call.world.now()):
            raise Complaint(ITEMS_GONE)
        items.append(item)
    return items


def _check_items(items: list[Item]) -> None:
    if not items or len({item.assetid for item in items}) != len(items):
        raise Complaint(FAIL)
    games = [BY_APPID.get(item.appid) for item in items]
    levels = {(game.protection_days, game.protected_contextid) if game else (0, None) for game in games}
    if len(levels) > 1:  # Steam takes no offer whose items are protected differently
        raise Complaint(INVALID_STATE)


def _check_limits(call: Call, sender: User, recipient: User) -> None:
    live = [
        offer
        for offer in call.world.offers_of(sender.steamid)
        if offer.sender == sender.steamid and offer.state in LIVE
    ]
    if sum(offer.recipient == recipient.steamid for offer in live) >= OPEN_PER_PARTNER_MAX:
        raise Complaint(LIMIT, TOO_MANY.format(name=recipient.name))
    if len(live) >= OPEN_MAX:
        raise Complaint(LIMIT)


def _offer_at(call: Call) -> Offer | None:
    return call.world.offers.get(whole_number(call.path["offerid"]) or 0)


def _awaited(offer: Offer) -> dict[str, Any]:
    if not offer.awaiting:
        return {}
    return {
        "needs_mobile_confirmation": offer.awaiting_method == MOBILE,
        "needs_email_confirmation": offer.awaiting_method == EMAIL,
        "email_domain": "example.com",
    }


def _complain(deed: str, complaint: Complaint, status: int = 500) -> Response:
    body = str_error(deed, complaint.code, complaint.text)
    return Response(body, status, media_type="application/json; charset=utf-8")


ROUTES: list[Route] = [
    route("/tradeoffer/new/send", send, "POST"),
    route("/tradeoffer/{offerid}/accept", accept, "POST"),
    route("/tradeoffer/{offerid}/decline", _ending(OfferState.DECLINED, by_sender=False), "POST"),
    route("/tradeoffer/{offerid}/cancel", _ending(OfferState.CANCELED, by_sender=True), "POST"),
    route("/trade/new/acknowledge", acknowledge, "POST"),
]
