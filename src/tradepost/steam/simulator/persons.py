"""What a person does at the simulated Steam in a browser: signs in, looks at a trade offer, accepts or declines it.

Programs read the same offer page by its scripts and act by its JSON calls; what is here is beside that, for people.
"""

import re
from html import escape
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from tradepost.steam.simulator.calls import Call, page, redirect, route, whole_number
from tradepost.steam.simulator.entities import Asset, Offer, OfferState, User
from tradepost.steam.simulator.offers import Complaint, check_acceptance
from tradepost.steam.simulator.sessions import sign_in
from tradepost.steam.simulator.trading import accept_offer, confirm, withdraw

SESSION_SECONDS = 86_400
CHOICES_MAX = 500
# The browser's cookies go to these pages alone: a market beside this Steam, at another port, has the same host.
COOKIE_PATH = "/tradeoffer"
STYLE = (
    "<style>body{font:16px sans-serif;background:#1b2838;color:#c7d5e0;max-width:40em;margin:2em auto;padding:0 1em}"
    "ul{list-style:none;padding:0}button{width:100%;margin:2px 0;padding:.6em;text-align:left;border:0;font:inherit;"
    "background:#2a475e;color:inherit;cursor:pointer}button:hover{background:#417a9b}small{opacity:.7}"
    "a{color:#66c0f4}</style>"
)

_GOAL = re.compile(r"tradeoffer/[0-9]{1,19}/?", re.ASCII)


def sign_in_page(call: Call) -> Response:
    """GET and POST /login/home: who signs in, in a browser; `goto` is where that leads."""
    user = call.world.users.get(call.argument("steamid"))
    goal = call.argument("goto")
    goal = goal if _GOAL.fullmatch(goal) else ""
    if call.request.method == "POST" and user is not None:
        response = redirect(f"{call.community}/{goal}")
        remember(call, response, user)
        return response
    choices = "".join(
        f'<li><button name="steamid" value="{one.steamid}"><b>{escape(one.name)}</b> <small>{one.steamid}</small></button></li>'
        for one in list(call.world.users.values())[:CHOICES_MAX]
    )
    form = f'<form method="post" action="/login/home"><input type="hidden" name="goto" value="{goal}"><ul>{choices}</ul></form>'
    # Programs know by this line that nobody is signed in.
    script = '<script type="text/javascript">\n\tg_steamID = false;\n</script>'
    return page(_page("Sign In", f"{script}<h1>Simulated Steam</h1><h2>Sign In</h2>{form}"))


def remember(call: Call, response: Response, user: User) -> None:
    """Have the browser signed in here as somebody, for the pages of trade offers."""
    session = sign_in(call.world, user, SESSION_SECONDS)
    for name in ("steamLoginSecure", "sessionid"):
        response.headers.append(
            "Set-Cookie",
            f"{name}={session[name]}; Max-Age={SESSION_SECONDS}; Path={COOKIE_PATH}; HttpOnly; SameSite=Lax",
        )


def to_sign_in(call: Call) -> Response:
    """Send whoever is not signed in to do that, and back to the offer that he asked for."""
    goal = quote(call.request.url.path.strip("/"), safe="")
    return redirect(f"{call.community}/login/home/?goto={goal}")


def deeds(call: Call, offer: Offer, me: User, them: User) -> str:
    """The part of an offer's page that a person reads: what moves, and the buttons of who can decide."""
    names = call.world.samples

    def listed(assets: list[str]) -> str:
        return f"<ul>{''.join(f'<li>{escape(name)}</li>' for name in assets) or '<li>nothing</li>'}</ul>"

    def named(side: list[Asset]) -> list[str]:
        return [
            sample.market_hash_name
            for asset in side
            if (sample := names.get((asset.appid, asset.classid))) is not None
        ]

    gives, gets = (offer.give, offer.receive) if me.steamid == offer.sender else (offer.receive, offer.give)
    buttons = (
        f'<form method="post" action="/tradeoffer/{offer.id}/">'
        f'<input type="hidden" name="sessionid" value="{escape(call.cookies.get("sessionid", ""))}">'
        '<button name="do" value="accept">Accept the trade</button>'
        '<button name="do" value="decline">Decline it</button></form>'
        if me.steamid == offer.recipient
        else "<p>It waits for the other side.</p>"
    )
    return (
        f"{STYLE}<h1>Simulated Steam</h1><h2>Trade offer {offer.id} with {escape(them.name)}</h2>"
        f"<p>You are {escape(me.name)}.</p><h3>You give</h3>{listed(named(gives))}<h3>You get</h3>{listed(named(gets))}{buttons}"
    )


def decide(call: Call) -> Response:
    """POST /tradeoffer/{id}: the recipient accepts or declines in his browser; on his phone he says the same at once."""
    offer = call.world.offers.get(whole_number(call.path["offerid"]) or 0)
    if call.visitor is None:
        return to_sign_in(call)
    if not call.is_csrf_safe or offer is None or call.visitor.steamid != offer.recipient:
        return page(_page("Error", "<h1>Sorry!</h1><h3>This offer is not yours to decide.</h3>"), 403)
    if call.field("do") == "decline":
        done = withdraw(call.world, offer, OfferState.DECLINED)
        return _told("You declined the offer." if done else "The offer was over already.")
    try:
        check_acceptance(call, offer)
    except Complaint as complaint:
        return _told(f"Steam refuses: {complaint}")
    accept_offer(call.world, offer)
    if offer.awaiting:
        confirm(call.world, offer)
    return _told("You accepted the offer: the items have changed hands.")


def _told(sentence: str) -> Response:
    more = "The market sees it by itself: go back to its page."
    return page(_page("Trade offer", f"<h1>Simulated Steam</h1><h2>{escape(sentence)}</h2><p>{more}</p>"))


def _page(title: str, body: str) -> str:
    head = f"<title>{title}</title><meta name=viewport content='width=device-width'>{STYLE}"
    return f"<!DOCTYPE html><html lang=en><head>{head}</head><body>{body}</body></html>"


ROUTES: list[Route] = [
    route("/login/home", sign_in_page, "GET", "POST"),
    route("/tradeoffer/{offerid}", decide, "POST"),
]
