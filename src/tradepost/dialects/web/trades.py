"""The pages of trades: what one buys and sells, and of each trade how it stands, what comes next, and what one can do."""

from functools import partial
from typing import Any, Literal, Self
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp

from tradepost.app import App
from tradepost.dialects.fields import ID_MAX, Id, Search, Whole
from tradepost.dialects.web import trade_words
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.live import Looking
from tradepost.dialects.web.typed import TOO_LONG
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import disputes, own_trades, presence, receipts
from tradepost.market.onlookers import Onlooker, Onlookers
from tradepost.market.own_trades import OwnTrade, OwnTradesQuery
from tradepost.rules import outlook
from tradepost.rules.games import GAMES
from tradepost.rules.refusals import NotFound, Refusal
from tradepost.rules.trade import DELIVERED, State

TRADES = "/trades"
ONE = f"{TRADES}/{{id}}"
COMPLAINT_CHARS_KEPT = 2 * disputes.TEXT_CHARS_MAX
NO_TRADE = "You have no such trade."
SIDES = {"": "All", "bought": "Bought", "sold": "Sold"}
DOING = {"": "any", "active": "under way", "finished": "done", "cancelled": "come to nothing"}
SAID = {
    "disputed": "Your dispute is with the operators. The seller is not paid before they have ruled.",
    "received": "Thank you: the item counts as delivered by your word.",
}


class Asked(msgspec.Struct):
    """Which trades, and which page of them."""

    side: Literal["", "bought", "sold"] = ""
    state: Literal["", "active", "finished", "cancelled"] = ""
    search: Search = Search("")
    page: Whole = Whole(1)


class OfTrade(msgspec.Struct):
    """Which trade, and what was just done on its page."""

    id: Id
    said: Literal["", "disputed", "received"] = ""


class Complaint(str):
    """What a buyer says is wrong, as he wrote it; whether it is too long is said beside it."""

    __slots__ = ()
    HAS_LINES = True

    @classmethod
    def read(cls, text: str) -> Self:
        """The text; of one that is absurdly long the beginning, which is then too long still."""
        bare = text.replace("\r\n", "\n").strip()
        return cls(bare if len(bare) <= COMPLAINT_CHARS_KEPT else bare[:COMPLAINT_CHARS_KEPT] + TOO_LONG)


class Told(msgspec.Struct):
    """What a buyer says is wrong."""

    id: Id
    text: Complaint = Complaint("")


class Nothing(msgspec.Struct):
    """A form of one button."""

    id: Id


# The list ----------------------------------------------------------------------------------------------------


async def show_list(visit: Visit) -> Response:
    """What the visitor buys and sells, the newest first."""
    visit.signed_in()
    return visit.page("trades.html", part="list", **await _list(visit))


async def follow_list(onlookers: Onlookers, visit: Visit) -> ASGIApp:
    """The same list, anew whenever one of the trades changes."""
    visitor = visit.signed_in()
    onlookers.refuse_too_many(visitor.session_id)
    visit.query(Asked)

    async def parts(_: Onlooker) -> dict[str, object]:
        return {"list": _html(visit.page("trades_list.html", **await _list(visit)))}

    onlooker = Onlooker(visitor.session_id, visitor.account_id, all_trades=True)
    return Looking(visit.app, onlookers, onlooker, parts)


async def _list(visit: Visit) -> dict[str, Any]:
    asked, account_id = visit.query(Asked), visit.signed_in().account_id
    number = min(max(int(asked.page), 1), own_trades.PAGES_MAX)
    query = OwnTradesQuery(asked.side or None, asked.state or None, asked.search.strip(), number)
    found, has_more = await own_trades.page(visit.app.db, account_id, query)
    given = {"side": asked.side, "state": asked.state, "search": str(asked.search)}

    def at(page: int, **changes: str) -> str:
        values = {name: value for name, value in {**given, **changes}.items() if value}
        return f"{TRADES}?{urlencode(values | ({'page': page} if page > 1 else {}))}".rstrip("?")

    return {
        "trades": found,
        "has_more": has_more,
        "number": number,
        "asked": given,
        "at": at,
        "live": at(number).replace(TRADES, f"{TRADES}/live", 1),
        "me": account_id,
        "sides": SIDES,
        "doing": DOING,
        "tag": trade_words.tag,
        "part_of": trade_words.part,
        "awaited": partial(trade_words.awaited, account_id=account_id),
        "left": outlook.left,
        "now": visit.app.now(),
    }


# One trade ---------------------------------------------------------------------------------------------------


async def show(visit: Visit) -> Response:
    """One trade, for either of its sides."""
    asked = visit.query(OfTrade)
    return await _page(visit, await _read(visit, asked.id), done=SAID.get(asked.said, ""))


async def follow(onlookers: Onlookers, visit: Visit) -> ASGIApp:
    """What changes on a trade's page, as it changes."""
    visitor, trade_id = visit.signed_in(), visit.query(Nothing).id
    await _read(visit, trade_id)
    onlookers.refuse_too_many(visitor.session_id)

    async def parts(_: Onlooker) -> dict[str, object]:
        values = await _values(visit, await _read(visit, trade_id))
        return {
            name: _html(visit.page(f"trade_{name}.html", **values))
            for name in ("stand", "dispute", "line", "money")
        }

    program = (await presence.programs(visit.app, [visitor.account_id]))[visitor.account_id]
    onlooker = Onlooker(visitor.session_id, visitor.account_id, program=program, trade_id=int(trade_id))
    return Looking(visit.app, onlookers, onlooker, parts)


async def dispute(visit: Visit) -> Response:
    """Let the buyer say what is wrong; the trade waits for an operator from then on."""
    told = await visit.form(Told)
    one = await _read(visit, told.id)
    if not told.text:
        return await _page(visit, one, 422, typed="", fault="Say in a few words what is wrong.")
    if len(told.text) > disputes.TEXT_CHARS_MAX:
        fault = f"That is too long: say it in {disputes.TEXT_CHARS_MAX:,} characters."
        return await _page(visit, one, 422, typed=told.text, fault=fault)
    try:
        await disputes.begin(visit.app, visit.signed_in().account_id, told.id, told.text)
    except Refusal as refusal:
        return await _page(visit, await _read(visit, told.id), 409, typed=told.text, problem=refusal.sentence)
    return visit.redirect(f"{TRADES}/{told.id}?said=disputed")


async def receive(visit: Visit) -> Response:
    """Take the word of who pays that the item has arrived."""
    asked = await visit.form(Nothing)
    await _read(visit, asked.id)
    try:
        await receipts.confirm(visit.app, visit.signed_in().account_id, asked.id)
    except Refusal as refusal:
        return await _page(visit, await _read(visit, asked.id), 409, problem=refusal.sentence)
    return visit.redirect(f"{TRADES}/{asked.id}?said=received")


async def _read(visit: Visit, trade_id: Id) -> OwnTrade:
    account_id = visit.signed_in().account_id
    one = await own_trades.read(visit.app.db, account_id, trade_id) if trade_id <= ID_MAX else None
    if one is None:
        raise NotFound(NO_TRADE)
    return one


async def _page(visit: Visit, one: OwnTrade, status: int = 200, **said: Any) -> Response:
    return visit.page("trade.html", status, **(await _values(visit, one) | said))


async def _values(visit: Visit, one: OwnTrade) -> dict[str, Any]:
    """All that a trade's page is made of, or its live parts."""
    app, account_id, trade = visit.app, visit.signed_in().account_id, one.trade
    now, side = app.now(), trade_words.part(one, account_id)
    said = await disputes.of_trade(app.db, trade.id)
    protection = GAMES[one.view.project].protection_days
    is_sender = trade.seller_id == account_id
    programs = await presence.programs(app, [account_id]) if is_sender else {}
    moved = await own_trades.money(app.db, account_id, trade.id)
    return {
        "one": one,
        "trade": trade,
        "side": side,
        "is_payee": trade.payee_id == account_id,
        "is_sender": is_sender,
        "program": programs.get(account_id),
        "tag": trade_words.tag(trade),
        "step": trade_words.STEPS.get(trade.state, 0),
        "step_names": trade_words.STEP_NAMES,
        "awaited": trade_words.awaited(one, account_id),
        "explained": outlook.explained(trade, now),
        "is_over": outlook.is_looked_after(trade, now),
        "left": outlook.left,
        "to_do": outlook.to_do(trade, side, now),
        "steps": trade_words.steps(await own_trades.lines(app.db, trade.id)),
        "paid": trade_words.paid(one, moved, side),
        "offer_url": _offer_url(app, one),
        "can_accept": side == "buyer" and trade.state is State.SENT and trade.claimed_at is None,
        "can_confirm": receipts.can_confirm(trade, account_id),
        "can_dispute": side != "seller"
        and said is None
        and protection > 0
        and trade.state in DELIVERED
        and (trade.protected_until is None or now <= trade.protected_until),
        "dispute": said if said is not None and said.account_id == account_id else None,
        "protection_days": protection,
        "text_chars_max": disputes.TEXT_CHARS_MAX,
        "community": app.settings.steam_community_url,
        "now": now,
    }


def _offer_url(app: App, one: OwnTrade) -> str:
    """Where the Steam offer is, for who sends or receives it, as long as it can be acted on."""
    trade = one.trade
    if trade.steam_tradeofferid is None or trade.state not in (State.NEEDS_CONFIRMATION, State.SENT):
        return ""
    return f"{app.settings.steam_community_url}/tradeoffer/{trade.steam_tradeofferid}/"


def _html(answer: Response) -> str:
    return bytes(answer.body).decode()


def pages(app: App, desk: Desk, onlookers: Onlookers) -> list[Page]:
    """The pages of trades, and what keeps them up to date."""
    return [
        Page(app, desk, TRADES, get=show_list),
        Page(app, desk, f"{TRADES}/live", get=partial(follow_list, onlookers), home=TRADES),
        Page(app, desk, ONE, get=show),
        Page(app, desk, f"{ONE}/live", get=partial(follow, onlookers), home=ONE),
        Page(app, desk, f"{ONE}/dispute", post=dispute, home=ONE),
        Page(app, desk, f"{ONE}/receive", post=receive, home=ONE),
    ]
