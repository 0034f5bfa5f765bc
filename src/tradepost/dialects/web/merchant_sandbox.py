"""The sandbox's console: a merchant lets time pass and Steam fail, and sees what becomes of his trades; never in production."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp

from tradepost.app import App
from tradepost.dialects.fields import ID_MAX, Id, SteamId, Whole
from tradepost.dialects.shapes import COMMAS, Rows
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.live import Looking
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.merchant import HOME
from tradepost.dialects.web.sandbox_samples import LANGUAGES, TOKEN, Language, Own, samples
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import clock, operations, simulated, trades, users
from tradepost.market.onlookers import Onlooker, Onlookers
from tradepost.market.operations import OperationsQuery
from tradepost.market.shelf import Query
from tradepost.market.simulated import SLOW_SECONDS, DeedName, Fault, FaultName
from tradepost.market.trade_view import TradeView
from tradepost.rules import outlook
from tradepost.rules.refusals import Malformed, NotFound, Refusal
from tradepost.rules.trade import State

SANDBOX = f"{HOME}/sandbox"
TRADES_SHOWN = 12
OFFERS_TRIED = 20  # until one is found that is not the visitor's own
UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
FAULTS: Mapping[FaultName, tuple[str, str]] = {
    "down": ("Steam is down", "Every call is answered 503, signing in too, until you end it."),
    "slow": ("Steam is slow", f"Every answer comes {SLOW_SECONDS} seconds late, until you end it."),
    "busy": ("Too many requests", "The next five looks at an inventory are answered 429."),
    "blind": ("Offers cannot be read", "Nobody can say how an offer stands, until you end it."),
    "refused": ("Sending is refused", "The next offer is refused with error 26: the item is not there."),
    "unsure": ("Sent, and not said so", "The next offer is made, and answered with error 16 all the same."),
    "holds": ("Holds are not told", "The next three questions for a trade hold fail."),
}
DEEDS: Mapping[DeedName, str] = {
    "accept": "The buyer accepts the Steam offer",
    "decline": "The buyer declines it",
    "cancel": "The seller cancels it",
    "expire": "It expires",
    "confirm": "The seller's phone confirms it",
    "reject": "The seller's phone says no",
    "reverse_by_buyer": "The buyer takes the trade back",
    "reverse_by_seller": "The seller takes the trade back",
    "offline": "The seller's program loses Steam",
    "online": "It reaches Steam again",
    "escrow": "Steam holds what this buyer trades",
    "no_escrow": "Steam holds nothing of his any more",
}
_ANY: tuple[DeedName, ...] = ("offline", "online", "escrow", "no_escrow")
_BACK: tuple[DeedName, ...] = ("reverse_by_buyer", "reverse_by_seller", "offline", "online")
# What is offered for a trade in each of its states: of the rest Steam itself would say that it cannot be.
POSSIBLE: Mapping[State, tuple[DeedName, ...]] = {
    State.CREATED: _ANY,
    State.SENDING: _ANY,
    State.NEEDS_CONFIRMATION: ("confirm", "reject", "cancel", *_ANY),
    State.SENT: ("accept", "decline", "cancel", "expire", *_ANY),
    State.ACCEPTED: _BACK,
    State.PROTECTED: _BACK,
    State.FINISHED: (),
    State.CANCELLED: (),
    State.REVERSED: (),
}
DONE = {
    "clock": "The clock is moved, for the market, its worker and Steam together.",
    "fault": "It is broken. What it meets is counted below.",
    "mended": "It works again.",
    "played": "Done on Steam. Watch what the market makes of it.",
}
STATES: Mapping[str, tuple[str, str]] = {
    "created": ("to be sent", "wait"),
    "sending": ("being sent", "far"),
    "needs_confirmation": ("to be confirmed", "wait"),
    "sent": ("offered on Steam", "far"),
    "accepted": ("accepted", "far"),
    "protected": ("protected", "far"),
    "finished": ("done", "good"),
    "cancelled": ("cancelled", ""),
    "reversed": ("taken back", "bad"),
}


class Asked(msgspec.Struct):
    """In which language code is shown, and what was just done."""

    code: Language = "curl"
    done: Mark | None = None


async def show(visit: Visit, refusal: Refusal | None = None, at: str = "") -> Response:
    """The clock, what fails, and the newest trades, each with what can happen to it."""
    account_id, app = visit.signed_in().account_id, visit.app
    asked = visit.query(Asked)
    await clock.read(app)
    newest = await _newest(app, account_id)
    values = await _values(visit, newest)
    names: dict[str, str] = {name: title for name, (title, _) in FAULTS.items()}
    return visit.page(
        "merchant_sandbox.html",
        422 if refusal else 200,
        done=DONE.get(asked.done or "", ""),
        refused=refusal.sentence if refusal else "",
        at=at,
        typed=visit.typed,
        faults=FAULTS,
        units=list(UNITS),
        language=asked.code,
        languages={name: title for name, (title, _) in LANGUAGES.items()},
        samples=samples(
            app.settings.base_url,
            app.settings.steam_control_url,
            names,
            await _own(app, account_id, newest),
            asked.code,
        ),
        token=TOKEN,
        **values,
    )


async def _newest(app: App, account_id: int) -> list[TradeView]:
    query = OperationsQuery(kinds=("buy", "sell"), limit=TRADES_SHOWN)
    found, _ = await operations.operations(app, account_id, query)
    return [one.view for one in found]


async def _own(app: App, account_id: int, newest: list[TradeView]) -> Own:
    """What the samples are filled in with."""
    page = app.shelves.page(Query("csgo", sort="price", descending=False, limit=OFFERS_TRIED))
    offers = filter(None, map(app.shelves.offer, page.ids))
    cheapest = next((one for one in offers if one.account_id != account_id), None)
    return Own(await users.by_id(app.db, account_id), cheapest, newest)


async def _values(visit: Visit, shown: list[TradeView]) -> dict[str, Any]:
    app = visit.app
    waiting: list[Fault] | None
    try:
        waiting = await simulated.faults(app)
    except Refusal:
        waiting = None  # the page is worth having without
    return {
        "trades": shown,
        "explained": {one.trade.id: outlook.explained(one.trade, app.now()) for one in shown},
        "words": STATES,
        "deeds": DEEDS,
        "possible": POSSIBLE,
        "waiting": waiting,
        "market_now": app.now(),
        "ahead_seconds": int(app.clock.offset.total_seconds()),
    }


# As it changes -----------------------------------------------------------------------------------------------


class Followed(msgspec.Struct):
    """Which trades the page shows."""

    trades: Annotated[list[Id], COMMAS, Rows(TRADES_SHOWN)] = []


async def follow(onlookers: Onlookers, visit: Visit) -> ASGIApp:
    """What changes on the page: how each trade stands, what fails and how often, the clock."""
    visitor, app = visit.signed_in(), visit.app
    ids = [int(one) for one in visit.query(Followed).trades if one <= ID_MAX]
    onlookers.refuse_too_many(visitor.session_id)

    async def parts(_: Onlooker) -> dict[str, object]:
        found = await trades.read_many(app.db, ids)
        mine = [view for view in found.values() if _is_of(view, visitor.account_id)]
        values = await _values(visit, mine)
        made: dict[str, object] = {
            f"trade-{view.trade.id}": _html(visit.page("sandbox_trade.html", view=view, **values))
            for view in mine
        }
        newest = await _newest(app, visitor.account_id)
        fresh = sum(view.trade.id not in ids for view in newest)
        return made | {
            name: _html(visit.page(f"sandbox_{name}.html", fresh=fresh, **values))
            for name in ("clock", "faults", "fresh")
        }

    return Looking(app, onlookers, Onlooker(visitor.session_id, visitor.account_id, all_trades=True), parts)


def _is_of(view: TradeView, account_id: int) -> bool:
    return account_id in (view.trade.buyer_id, view.trade.payee_id, view.trade.seller_id)


def _html(answer: Response) -> str:
    return bytes(answer.body).decode()


# Deeds -------------------------------------------------------------------------------------------------------


class Passing(msgspec.Struct):
    """How much time passes."""

    amount: Whole
    unit: Literal["seconds", "minutes", "hours", "days"] = "seconds"


async def pass_time(visit: Visit) -> Response:
    """Let time pass for the market, its worker and Steam together."""
    try:
        asked = await visit.form(Passing)
        seconds = int(asked.amount) * UNITS[asked.unit]
        if not 0 < seconds <= clock.ADVANCE_SECONDS_MAX:
            raise Malformed("amount", f"must come to 1 second to {clock.ADVANCE_SECONDS_MAX // 86_400} days")
        await clock.advance(visit.app, seconds)
    except Malformed as refusal:
        return await show(visit, refusal, "clock")
    return visit.redirect(f"{SANDBOX}?done=clock#clock")


class Breaking(msgspec.Struct):
    """What fails, and for whom."""

    fault: FaultName
    steamid: SteamId | None = None


async def break_steam(visit: Visit) -> Response:
    """Let Steam fail."""
    try:
        asked = await visit.form(Breaking)
    except Malformed as refusal:
        return await show(visit, refusal, "steam")
    await simulated.break_steam(visit.app, asked.fault, asked.steamid or "")
    return visit.redirect(f"{SANDBOX}?done=fault#steam")


class Mending(msgspec.Struct):
    """Which fault ends; none named: all."""

    id: Id | None = None


async def mend(visit: Visit) -> Response:
    """Let Steam work again."""
    asked = await visit.form(Mending)
    await simulated.mend(visit.app, asked.id)
    return visit.redirect(f"{SANDBOX}?done=mended#steam")


class Playing(msgspec.Struct):
    """What happens on Steam, to which trade."""

    trade: Id
    deed: DeedName


async def play(visit: Visit) -> Response:
    """Do on Steam what somebody at the other end would."""
    visitor = visit.signed_in()
    asked = await visit.form(Playing)
    if asked.trade > ID_MAX:
        raise NotFound(simulated.NO_TRADE)
    try:
        await simulated.play(visit.app, visitor.account_id, int(asked.trade), asked.deed)
    except NotFound:
        raise
    except Refusal as refusal:
        return await show(visit, refusal, f"trade-{asked.trade}")
    return visit.redirect(f"{SANDBOX}?done=played#trade-{asked.trade}")


def pages(app: App, desk: Desk, onlookers: Onlookers) -> list[Page]:
    """The console and its forms; a production server has none."""
    if app.settings.mode == "production":
        return []
    forms = {"clock": pass_time, "faults": break_steam, "mend": mend, "trades": play}
    return [
        Page(app, desk, SANDBOX, get=show),
        Page(app, desk, f"{SANDBOX}/live", get=partial(follow, onlookers), home=SANDBOX),
        *(
            Page(app, desk, f"{SANDBOX}/{name}", post=handler, home=SANDBOX)
            for name, handler in forms.items()
        ),
    ]
