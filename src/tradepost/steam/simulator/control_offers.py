"""The control API's offers: what the other side, a phone or a thief does with them."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, answer, page_limit, route, whole_number
from tradepost.steam.simulator.control import read, user_at
from tradepost.steam.simulator.control_orders import Refused
from tradepost.steam.simulator.control_trades import shown_asset
from tradepost.steam.simulator.descriptions import Json
from tradepost.steam.simulator.entities import LIVE, Item, Offer, OfferState, User
from tradepost.steam.simulator.offers import Complaint, check_acceptance
from tradepost.steam.simulator.trading import (
    Draft,
    accept_offer,
    confirm,
    create_offer,
    withdraw,
)


class OfferOrder(msgspec.Struct, forbid_unknown_fields=True, rename={"sender": "from", "recipient": "to"}):
    """An offer to make on somebody's behalf; items by asset id."""

    sender: str
    recipient: str
    give: list[str | int] = []
    receive: list[str | int] = []
    message: str = ""
    confirmed: bool = True


class OfferDeed(msgspec.Struct, forbid_unknown_fields=True):
    """What a deed on an offer needs to know beside the offer."""

    give: list[str | int] | None = None  # counter: the recipient's items now offered
    receive: list[str | int] | None = None  # counter: the sender's items now asked for
    to: str = ""  # steal: who gets the clone
    confirm: bool = True  # accept, counter: also confirm on the phone


def list_offers(call: Call) -> Response:
    """GET /_sim/offers?steamid=&state=: newest first."""
    steamid, state = call.argument("steamid"), call.number("state")
    found = [
        offer
        for offer in reversed(call.world.offers.values())
        if (not steamid or steamid in {offer.sender, offer.recipient}) and (not state or offer.state == state)
    ]
    return answer({"offers": [_shown_offer(offer) for offer in found[: page_limit(call)]]}, eresult=None)


def show_offer(call: Call) -> Response:
    """GET /_sim/offers/{id}."""
    return answer(_shown_offer(_offer_at(call)), eresult=None)


def make_offer(call: Call) -> Response:
    """POST /_sim/offers: an offer from one account to another, confirmed unless told otherwise."""
    order, world = read(call, OfferOrder), call.world
    sender, recipient = world.users.get(order.sender), world.users.get(order.recipient)
    if sender is None or recipient is None or sender is recipient:
        raise Refused("from and to are two accounts that exist")
    give, receive = _items(call, sender, order.give), _items(call, recipient, order.receive)
    if not give and not receive:
        raise Refused("an offer names at least one item")
    offer = create_offer(world, Draft(sender, recipient, give, receive, order.message))
    if order.confirmed:
        confirm(world, offer)
    return answer(_shown_offer(offer), eresult=None)


def accept(call: Call) -> Response:
    """POST /_sim/offers/{id}/accept: as the recipient, on the phone too unless `confirm` is false."""
    offer, deed = _offer_at(call), read(call, OfferDeed)
    try:
        check_acceptance(call, offer)
    except Complaint as complaint:
        raise Refused(f"Steam would refuse: {complaint}") from None
    accept_offer(call.world, offer)
    if deed.confirm and offer.awaiting:
        confirm(call.world, offer)
    return answer(_shown_offer(offer), eresult=None)


def decline(call: Call) -> Response:
    """POST /_sim/offers/{id}/decline: as the recipient."""
    return _withdrawn(call, OfferState.DECLINED)


def cancel(call: Call) -> Response:
    """POST /_sim/offers/{id}/cancel: as the sender."""
    return _withdrawn(call, OfferState.CANCELED)


def expire(call: Call) -> Response:
    """POST /_sim/offers/{id}/expire: before its fourteen days are over."""
    return _withdrawn(call, OfferState.EXPIRED)


def invalidate(call: Call) -> Response:
    """POST /_sim/offers/{id}/invalidate: Steam cannot read its own offer any more (state 1)."""
    return _withdrawn(call, OfferState.INVALID)


def confirm_offer(call: Call) -> Response:
    """POST /_sim/offers/{id}/confirm: whoever is asked, by phone or e-mail, says yes."""
    offer = _offer_at(call)
    if not confirm(call.world, offer):
        raise Refused("nothing waits for a confirmation here")
    return answer(_shown_offer(offer), eresult=None)


def reject_offer(call: Call) -> Response:
    """POST /_sim/offers/{id}/reject: whoever is asked to confirm says no (state 10)."""
    if not _offer_at(call).awaiting:
        raise Refused("nothing waits for a confirmation here")
    return _withdrawn(call, OfferState.CANCELED_BY_SECOND_FACTOR)


def counter(call: Call) -> Response:
    """POST /_sim/offers/{id}/counter: the recipient answers with an offer of his own."""
    offer, deed, world = _offer_at(call), read(call, OfferDeed), call.world
    if offer.state != OfferState.ACTIVE:
        raise Refused("only an active offer can be countered")
    sender, recipient = world.users[offer.recipient], world.users[offer.sender]
    give = [str(asset.assetid) for asset in offer.receive] if deed.give is None else deed.give
    receive = [str(asset.assetid) for asset in offer.give] if deed.receive is None else deed.receive
    draft = Draft(sender, recipient, _items(call, sender, give), _items(call, recipient, receive), "")
    answering = create_offer(world, draft)
    answering.countered = offer.id
    world.set_offer_state(offer, OfferState.COUNTERED)
    if deed.confirm:
        confirm(world, answering)
    return answer(_shown_offer(answering), eresult=None)


def hide(call: Call) -> Response:
    """POST /_sim/offers/{id}/hide: GetTradeOffers leaves it out, GetTradeOffer does not."""
    offer = _offer_at(call)
    offer.hidden = True
    call.world.touch(offer)
    return answer(_shown_offer(offer), eresult=None)


def steal(call: Call) -> Response:
    """POST /_sim/offers/{id}/steal: the API-key thief cancels an offer and sends its items to himself."""
    offer, deed, world = _offer_at(call), read(call, OfferDeed), call.world
    thief, victim = world.users.get(deed.to), world.users[offer.sender]
    if thief is None or thief is victim or offer.state not in LIVE:
        raise Refused("steal needs a live offer and an account to send it to")
    items = _items(call, victim, [str(asset.assetid) for asset in offer.give])
    withdraw(world, offer, OfferState.CANCELED)
    clone = create_offer(world, Draft(victim, thief, items, [], offer.message))
    return answer(_shown_offer(clone), eresult=None)


def confirm_all(call: Call) -> Response:
    """POST /_sim/users/{steamid}/confirm: says yes to everything this account is asked."""
    user = user_at(call)
    offers = [offer for offer in call.world.offers_of(user.steamid) if offer.awaiting == user.steamid]
    confirmed = [str(offer.id) for offer in offers if confirm(call.world, offer)]
    return answer({"confirmed": confirmed}, eresult=None)


def _withdrawn(call: Call, state: OfferState) -> Response:
    offer = _offer_at(call)
    if not withdraw(call.world, offer, state):
        raise Refused(f"the offer is over already (state {offer.state})")
    return answer(_shown_offer(offer), eresult=None)


def _offer_at(call: Call) -> Offer:
    offer = call.world.offers.get(whole_number(call.path["offerid"]) or 0)
    if offer is None:
        raise Refused("no such offer")
    return offer


def _items(call: Call, owner: User, assetids: Sequence[str | int]) -> list[Item]:
    items = []
    for assetid in dict.fromkeys(str(each) for each in assetids):
        item = call.world.items.get(whole_number(assetid) or 0)
        if item is None or item.owner != owner.steamid or not item.is_tradable(call.world.now()):
            raise Refused(f"{owner.steamid} has no tradable item {assetid}")
        items.append(item)
    return items


def _shown_offer(offer: Offer) -> Json:
    return {
        "id": str(offer.id),
        "from": offer.sender,
        "to": offer.recipient,
        "state": offer.state,
        "give": [shown_asset(asset) for asset in offer.give],
        "receive": [shown_asset(asset) for asset in offer.receive],
        "message": offer.message,
        "awaiting": offer.awaiting or None,
        "created": offer.created,
        "updated": offer.updated,
        "expires": offer.expires,
        "tradeid": str(offer.tradeid) if offer.tradeid else None,
        "escrow_end": offer.escrow_end or None,
        "settlement": offer.settlement or None,
        "countered": str(offer.countered) if offer.countered else None,
        "hidden": offer.hidden,
    }


_DEEDS = {
    "accept": accept,
    "decline": decline,
    "cancel": cancel,
    "expire": expire,
    "invalidate": invalidate,
    "confirm": confirm_offer,
    "reject": reject_offer,
    "counter": counter,
    "hide": hide,
    "steal": steal,
}
ROUTES: list[Route] = [
    route("/_sim/offers", list_offers),
    route("/_sim/offers", make_offer, "POST"),
    route("/_sim/offers/{offerid}", show_offer),
    *(route(f"/_sim/offers/{{offerid}}/{name}", deed, "POST") for name, deed in _DEEDS.items()),
    route("/_sim/users/{steamid}/confirm", confirm_all, "POST"),
]
