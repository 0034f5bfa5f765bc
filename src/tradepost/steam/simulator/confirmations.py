"""Mobile confirmations: the list on the phone, and the word that sends or accepts an offer."""

from html import escape
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, answer, page, route, whole_number
from tradepost.steam.simulator.entities import Confirmation, OfferState, User
from tradepost.steam.simulator.sessions import is_confirmation_key
from tradepost.steam.simulator.trading import confirm, withdraw

TRADE_KIND = 2
BATCH_MAX = 100
LIST_TAGS = frozenset({"list", "getlist", "conf"})
ACCEPT_TAGS, REJECT_TAGS = frozenset({"accept", "allow"}), frozenset({"reject", "cancel"})
NEEDS_AUTH = {
    "success": False,
    "needauth": True,
    "message": "Invalid authenticator",
    "detail": "It looks like your Steam Guard Mobile Authenticator is providing incorrect Steam Guard codes.",
}


def get_list(call: Call) -> Response:
    """GET /mobileconf/getlist."""
    user = _phone_of(call, LIST_TAGS)
    if user is None:
        return answer(NEEDS_AUTH, eresult=None)
    waiting = [each for each in call.world.confirmations.values() if each.steamid == user.steamid]
    return answer({"success": True, "conf": [_shown(call, each) for each in waiting]}, eresult=None)


def act(call: Call) -> Response:
    """GET /mobileconf/ajaxop and POST /mobileconf/multiajaxop: one word for one confirmation or many."""
    operation = call.argument("op")
    user = _phone_of(call, {"allow": ACCEPT_TAGS, "cancel": REJECT_TAGS}.get(operation, frozenset()))
    if user is None:
        return answer(NEEDS_AUTH, eresult=None)
    numbers, nonces = _values(call, "cid"), _values(call, "ck")
    if not numbers or len(numbers) != len(nonces) or len(numbers) > BATCH_MAX:
        return answer({"success": False}, eresult=None)
    found = [_confirmation(call, user, number, nonce) for number, nonce in zip(numbers, nonces, strict=True)]
    done = [_decide(call, user, each, allow=operation == "allow") for each in found]
    return answer({"success": all(done)}, eresult=None)


def get_details(call: Call) -> Response:
    """GET /mobileconf/details/{id}: the offer's page inside JSON."""
    html = _details(call)
    if html is None:
        return answer(NEEDS_AUTH, eresult=None)
    return answer({"success": True, "html": html}, eresult=None)


def get_details_page(call: Call) -> Response:
    """GET /mobileconf/detailspage/{id}: the same as a page of its own."""
    html = _details(call)
    return page(html or "<div>Invalid authenticator</div>", 200)


def _details(call: Call) -> str | None:
    number = call.path["confirmationid"]
    user = _phone_of(call, frozenset({"details", "detail", f"details{number}"}))
    confirmation = call.world.confirmations.get(whole_number(number) or 0)
    if user is None or confirmation is None or confirmation.steamid != user.steamid:
        return None
    offer = call.world.offers[confirmation.offerid]
    names = "".join(
        f'<div class="trade_item">{escape(asset.market_hash_name)}</div>' for asset in offer.assets()
    )
    return (
        '<div class="mobileconf_trade_area"><div class="tradeoffer" '
        f'id="tradeofferid_{offer.id}"><div class="tradeoffer_items">{names}</div></div></div>'
    )


def _phone_of(call: Call, tags: frozenset[str]) -> User | None:
    """The account that is signed in and whose phone signed this request for one of these deeds."""
    user, tag = call.visitor, call.argument("tag")
    if user is None or call.argument("a") != user.steamid or not call.argument("p") or tag not in tags:
        return None
    if not is_confirmation_key(call.world, user, call.argument("t"), tag, call.argument("k")):
        return None
    return user


def _values(call: Call, name: str) -> list[str]:
    """A parameter's values, written once, repeated, or in PHP's way with brackets."""
    for fields in (call.query, call.form):
        indexed = [value for index in range(BATCH_MAX) for value in fields.get(f"{name}[{index}]", [])]
        if values := fields.get(name, []) + fields.get(f"{name}[]", []) + indexed:
            return values
    return []


def _confirmation(call: Call, user: User, number: str, nonce: str) -> Confirmation | None:
    confirmation = call.world.confirmations.get(whole_number(number) or 0)
    if confirmation is None or confirmation.steamid != user.steamid or str(confirmation.nonce) != nonce:
        return None
    return confirmation


def _decide(call: Call, user: User, confirmation: Confirmation | None, *, allow: bool) -> bool:
    if confirmation is None or confirmation.id not in call.world.confirmations:
        return False
    offer = call.world.offers[confirmation.offerid]
    if not allow:
        return withdraw(call.world, offer, OfferState.CANCELED_BY_SECOND_FACTOR)
    return user.acknowledged and confirm(call.world, offer)


def _shown(call: Call, confirmation: Confirmation) -> dict[str, Any]:
    offer = call.world.offers[confirmation.offerid]
    other = call.world.users[offer.sender if confirmation.accepting else offer.recipient]
    given, received = (offer.receive, offer.give) if confirmation.accepting else (offer.give, offer.receive)
    return {
        "type": TRADE_KIND,
        "type_name": "Trade Offer",
        "id": str(confirmation.id),
        "creator_id": str(offer.id),
        "nonce": str(confirmation.nonce),
        "creation_time": confirmation.created,
        "cancel": "Cancel",
        "accept": "Accept Trade" if confirmation.accepting else "Send Offer",
        "icon": f"{call.community}/avatars/{other.accountid:x}_full.jpg",
        "multi": True,
        "headline": other.name,
        "summary": [
            f"You will give up: {', '.join(asset.market_hash_name for asset in given) or 'nothing'}",
            f"You will receive: {', '.join(asset.market_hash_name for asset in received) or 'nothing'}",
        ],
        "warn": None,
    }


ROUTES: list[Route] = [
    route("/mobileconf/getlist", get_list),
    route("/mobileconf/ajaxop", act),
    route("/mobileconf/multiajaxop", act, "POST"),
    route("/mobileconf/details/{confirmationid}", get_details),
    route("/mobileconf/detailspage/{confirmationid}", get_details_page),
]
