"""The community's HTML pages, as far as programs read them."""

import json
from html import escape
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from tradepost.rules.games import BY_APPID, GAMES
from tradepost.steam.simulator.calls import STEAMID_DIGITS, Call, answer, page, redirect, route, whole_number
from tradepost.steam.simulator.descriptions import describe, sample_of
from tradepost.steam.simulator.entities import OfferState, User
from tradepost.steam.simulator.offers import NOT_AVAILABLE, PARTNER_BANNED
from tradepost.steam.simulator.persons import deeds, to_sign_in
from tradepost.steam.simulator.profiles import avatar, xml_profile
from tradepost.steam.simulator.sessions import TOKEN_SECONDS, api_key, first_trade_token, mint_token
from tradepost.steam.simulator.trading import is_banned
from tradepost.steam.simulator.world import STEAMID_BASE

NO_LONGER_VALID = (
    "This Trade URL is no longer valid for sending a trade offer to {name}. The user will need to generate a "
    "new Trade URL."
)


def profile(call: Call) -> Response:
    """GET /profiles/{steamid}: the profile page, or its XML."""
    user = call.world.users.get(call.path["steamid"])
    if call.flag("xml"):
        return xml_profile(call, user)
    if user is None:
        return _sorry("The specified profile could not be found.")
    about = f'<div class="profile_page"><span class="actual_persona_name">{escape(user.name)}</span></div>'
    return page(_layout(call, f"Steam Community :: {escape(user.name)}", about))


def inventory_page(call: Call) -> Response:
    """GET /profiles/{steamid}/inventory: which contexts the account has, in a script's variable."""
    user = call.world.users.get(call.path["steamid"])
    if user is None:
        return _sorry("The specified profile could not be found.")
    if user.private and call.visitor is not user:
        notice = '<div class="profile_private_info">This inventory is currently private.</div>'
        body = f"{notice}\n<script>\n\tvar g_rgAppContextData = {{}};\n</script>"
    else:
        body = f"<script>\n\tvar g_rgAppContextData = {_script(_contexts(call, user))};\n</script>"
    return page(_layout(call, "Steam Community :: Inventory", body))


def trade_privacy(call: Call) -> Response:
    """GET /profiles/{steamid}/tradeoffers/privacy: one's own trade URL."""
    user = _own(call)
    if user is None:
        return _to_sign_in(call)
    address = f"https://steamcommunity.com/tradeoffer/new/?partner={user.accountid}&token={user.trade_token}"
    field = f'<input id="trade_offer_access_url" readonly value="{escape(address)}">'
    return page(_layout(call, "Steam Community :: Trade Offers", field))


def new_trade_url(call: Call) -> Response:
    """POST /profiles/{steamid}/tradeoffers/newtradeurl: a new token; the old one is dead at once."""
    user = _own(call)
    if user is None or not call.is_csrf_safe:
        return answer(None, 403, None)
    user.pending_tokens += 1
    user.trade_token = first_trade_token(user.steamid, user.pending_tokens)
    call.world.touch(user)
    return answer(user.trade_token, eresult=None)


def new_offer_page(call: Call) -> Response:
    """GET /tradeoffer/new: what both sides could trade and how long it would be held, or why not."""
    if call.visitor is None:
        return _to_sign_in(call)
    number = whole_number(call.argument("partner"))
    partner = call.world.users.get(str(STEAMID_BASE + number).zfill(STEAMID_DIGITS)) if number else None
    if partner is None or partner is call.visitor:
        return _trade_error("Could not load the profile of the user you want to trade with.")
    if not partner.available:
        return _trade_error(NOT_AVAILABLE.format(name=partner.name))
    if is_banned(partner, call.world.now()):
        return _trade_error(PARTNER_BANNED.format(name=partner.name))
    if call.argument("token") != partner.trade_token:
        return _trade_error(NO_LONGER_VALID.format(name=partner.name))
    return page(_offer_page(call, call.visitor, partner))


def offer_page(call: Call) -> Response:
    """GET /tradeoffer/{id}: the same page for an offer that exists."""
    visitor, offer = call.visitor, call.world.offers.get(whole_number(call.path["offerid"]) or 0)
    if visitor is None:
        return to_sign_in(call)
    if offer is None or visitor.steamid not in {offer.sender, offer.recipient}:
        return _trade_error("The trade offer does not exist, or the trade offer belongs to another user.")
    if offer.state != OfferState.ACTIVE:
        return _trade_error("The trade offer is no longer valid.")
    other = call.world.users[offer.recipient if visitor.steamid == offer.sender else offer.sender]
    return page(_offer_page(call, visitor, other, deeds(call, offer, visitor, other)))


def receipt(call: Call) -> Response:
    """GET /trade/{id}/receipt: what the visitor received, as a script that builds it."""
    visitor, trade = call.visitor, call.world.trades.get(whole_number(call.path["tradeid"]) or 0)
    if visitor is None:
        return _to_sign_in(call)
    if trade is None or visitor.steamid not in {trade.sender, trade.recipient}:
        return _trade_error("This trade does not exist.")
    lines = []
    for index, asset in enumerate(trade.receive if visitor.steamid == trade.sender else trade.give):
        sample = sample_of(asset, call.world.samples.get((asset.appid, asset.classid)))
        item: dict[str, Any] = describe(sample, asset.instanceid) | {
            "id": str(asset.new_assetid or asset.assetid),
            "contextid": str(asset.new_contextid or asset.contextid),
            "amount": "1",
            "owner": visitor.steamid,
        }
        lines.append(f"oItem = {_script(item)};\n\toItem.appid = {asset.appid};")
        lines.append(f"BuildHover( 'item{index}', oItem, UserYou );\n\t$('item{index}').show();")
    body = "<script>\n\tvar oItem;\n\t" + "\n\t".join(lines) + "\n</script>"
    return page(_layout(call, "Steam Community :: Trade Receipt", body))


def api_key_page(call: Call) -> Response:
    """GET /dev/apikey: one's own Web API key."""
    if call.visitor is None:
        return _to_sign_in(call)
    key = f"<h2>Your Steam Web API Key</h2><p>Key: {api_key(call.visitor)}</p><p>Domain Name: localhost</p>"
    return page(_layout(call, "Steam Community :: Steam Web API Key", key))


def front_page(call: Call) -> Response:
    """GET /: somewhere to begin, for people."""
    links = '<p>A simulated Steam. Its controls are at <a href="/_sim">/_sim</a>.</p>'
    return page(_layout(call, "Steam Community", links))


def _own(call: Call) -> User | None:
    user = call.visitor
    return user if user is not None and user.steamid == call.path["steamid"] else None


def _to_sign_in(call: Call) -> Response:
    return redirect(f"{call.community}/login/home/?goto=")


def _layout(call: Call, title: str, body: str) -> str:
    user = call.visitor
    steamid = json.dumps(user.steamid) if user else "false"
    token = escape(json.dumps(mint_token(call.world, user, TOKEN_SECONDS))) if user else ""
    config = f' data-loyalty_webapi_token="{token}"' if user else ""
    return (
        f'<!DOCTYPE html>\n<html>\n<head>\n<title>{title}</title>\n<script type="text/javascript">\n'
        f"\tg_sessionID = {_script(call.cookies.get('sessionid', ''))};\n"
        f"\tg_steamID = {steamid};\n</script>\n</head>\n"
        f'<body>\n<div id="application_config"{config}></div>\n{body}\n</body>\n</html>\n'
    )


def _offer_page(call: Call, me: User, them: User, deeds: str = "") -> str:
    # Programs find the script by its layout: a new line, a tab, the tag, and g_rgAppContextData first.
    load_url = f"{call.community}/profiles/{me.steamid}/inventory/json/"
    script = (
        f"\t\t\tvar g_rgAppContextData = {_script(_contexts(call, me))};\n"
        f"\t\t\tvar g_rgPartnerAppContextData = {_script(_contexts(call, them))};\n"
        f"\t\t\tvar g_strInventoryLoadURL = {_script(load_url)};\n"
        f"\t\t\tvar g_ulTradePartnerSteamID = '{them.steamid}';\n"
        f"\t\t\tvar g_strTradePartnerPersonaName = {_script(them.name)};\n"
        f"\t\t\tvar g_strYourPersonaName = {_script(me.name)};\n"
        "\t\t\tvar g_bTradePartnerProbation = false;\n"
        f"\t\t\tvar g_daysMyEscrow = {me.hold_days};\n"
        f"\t\t\tvar g_daysTheirEscrow = {them.hold_days};\n"
        f"\t\t\tvar g_daysBothEscrow = {max(me.hold_days, them.hold_days)};\n"
    )
    avatars = "".join(
        f'<img src="{escape(avatar(call, user))}" alt="" data-miniprofile="{user.accountid}">'
        for user in (me, them)
    )
    partner = f'<div class="trade_partner">{avatars}</div>'
    body = f'{partner}\n\t<script type="text/javascript">\n{script}\t</script>{deeds}'
    return _layout(call, f"Trade offer with {escape(them.name)}", body)


def _contexts(call: Call, user: User) -> dict[str, Any]:
    """g_rgAppContextData: for each game its contexts and how many items lie in them."""
    data: dict[str, Any] = {}
    for appid, contextid in call.world.places_of(user.steamid):
        game = BY_APPID.get(appid, GAMES["csgo"])
        app = data.setdefault(str(appid), {"appid": appid, "name": game.name, "trade_permissions": "FULL"})
        count = call.world.inventory_size(user.steamid, appid, contextid)
        app["asset_count"] = app.get("asset_count", 0) + count
        context = {"asset_count": count, "id": str(contextid), "name": "Backpack"}
        app.setdefault("rgContexts", {})[str(contextid)] = context
    return data


def _script(value: Any) -> str:
    """A value as JavaScript that can not end the script it stands in."""
    return json.dumps(value).replace("</", "<\\/").replace("<!--", "<\\!--")


def _sorry(sentence: str) -> Response:
    return page(
        f"<html><head><title>Error</title></head><body><h1>Sorry!</h1>\n<h3>{sentence}</h3></body></html>"
    )


def _trade_error(sentence: str) -> Response:
    message = f'<div id="error_msg">\n\t\t\t{escape(sentence)}\t\t</div>'
    return page(f"<html><head><title>Steam Community :: Error</title></head><body>{message}</body></html>")


ROUTES: list[Route] = [
    route("/", front_page),
    route("/profiles/{steamid}", profile),
    route("/profiles/{steamid}/inventory", inventory_page),
    route("/profiles/{steamid}/tradeoffers/privacy", trade_privacy),
    route("/profiles/{steamid}/tradeoffers/newtradeurl", new_trade_url, "POST"),
    route("/tradeoffer/new", new_offer_page),
    route("/tradeoffer/{offerid}", offer_page),
    route("/trade/{tradeid}/receipt", receipt),
    route("/dev/apikey", api_key_page),
]
