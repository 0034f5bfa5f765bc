"""My offers: what one has on sale, at which price beside others', why nobody can buy it now; repriced and taken off together."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.fields import Id, Search, Whole
from tradepost.dialects.web.desk import Desk, usd
from tradepost.dialects.web.percent import Percent
from tradepost.dialects.web.sale_words import MISSING, OTHERS, UNREAD, hurdles
from tradepost.dialects.web.typed import TypedPrice
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import obstacles, offers, own_offers, stats
from tradepost.market.obstacles import Obstacle
from tradepost.market.offers import OFFERS_MAX, Reprice, Repriced, price_terms
from tradepost.market.own_offers import OwnOffer
from tradepost.rules.money import write_cents
from tradepost.rules.offer import Bounds, PriceTerms, bounds, part_cents, suggested_cents, undercut_cents
from tradepost.rules.payment import net_cents
from tradepost.rules.refusals import Refusal

OFFERS = "/offers"
NO_PRICE = "Enter a price such as 3.14."
NO_STEAM_PRICE = "No Steam price is known for it: its price stays as it is."
NONE_CHOSEN = "Choose at least one offer first."
REASONS = {
    "in a trade": "is in a trade already",
    "sold": "was sold",
    "not on sale any more": "was off sale already",
    "not found": "is not yours",
}

OF_ACCOUNT = (Obstacle.FROZEN, Obstacle.AWAY)  # which hinder what an account sells for others, too

Deed = Literal["typed", "undercut", "percent", "cancel"]


class Asked(msgspec.Struct):
    """Which of one's offers, and what was just done to some."""

    view: Literal["", "ended"] = ""
    search: Search = Search("")
    page: Whole = Whole(1)
    said: Literal["", "repriced", "cancelled"] = ""
    count: Whole = Whole(0)


class Row(msgspec.Struct):
    """An offer of the form with the price in its field."""

    id: Id
    price: TypedPrice = TypedPrice("")


class Sent(msgspec.Struct):
    """What the form asks for: about the offers that were ticked, or all whose typed price is another."""

    do: Deed = "typed"  # what the key Enter does in a field
    ids: list[Id] = []
    rows: list[Row] = []
    percent: Percent = Percent(95)


async def show(visit: Visit) -> Response:
    """What one has on sale, or had."""
    asked = visit.query(Asked)
    done = ""
    if asked.said:
        what = "has its new price" if asked.count == 1 else "have their new prices"
        if asked.said == "cancelled":
            what = "is off sale" if asked.count == 1 else "are off sale"
        done = f"{int(asked.count)} {'offer' if asked.count == 1 else 'offers'} {what}."
    return await _page(visit, asked, done=done)


async def act(visit: Visit) -> Response:
    """Reprice or cancel what was chosen; what could not be done is said beside each."""
    sent, me, asked = await visit.form(Sent), visit.signed_in().account_id, visit.query(Asked)
    typed = {int(row.id): row.price for row in sent.rows}
    chosen = [int(id_) for id_ in dict.fromkeys(sent.ids)]
    if sent.do == "typed" and not chosen:
        chosen = list(typed)
    found = {one.id: one for one in await own_offers.read(visit.app.db, me, chosen)}
    if not chosen:
        return await _page(visit, asked, 422, problem=NONE_CHOSEN)
    if len(chosen) > OFFERS_MAX:
        return await _page(
            visit, Asked(), 422, problem=f"At most {OFFERS_MAX} offers can be changed at once."
        )
    if sent.do == "cancel":
        count, faults = await _cancel(visit.app, me, found, chosen)
    else:
        prices, faults = _prices(sent, found, typed, price_terms(visit.app.settings))
        count, refused = await _reprice(visit.app, me, found, prices)
        faults |= refused
    if not faults:
        said = {"said": "cancelled" if sent.do == "cancel" else "repriced", "count": str(count)}
        return visit.redirect(_path(asked, int(asked.page), **said))
    what = "taken off sale" if sent.do == "cancel" else "repriced"
    lost = [f"{found[id_].name if id_ in found else f'Offer {id_}'}: {said}" for id_, said in faults.items()]
    problem = f"{len(lost)} could not be {what}; {count} {'was' if count == 1 else 'were'}."
    return await _page(visit, asked, 409, problem=problem, lost=lost, faults=faults, typed=typed)


def _prices(
    sent: Sent, found: Mapping[int, OwnOffer], typed: Mapping[int, TypedPrice], terms: PriceTerms
) -> tuple[dict[int, int], dict[int, str]]:
    """The new price of each offer that gets another one, and what is wrong with the others."""
    prices, faults = dict[int, int](), dict[int, str]()
    for id_, one in found.items():
        if sent.do == "typed":
            cents = typed[id_].cents if id_ in typed else one.price_cents
            if cents is None:
                faults[id_] = NO_PRICE
                continue
        elif one.steam_cents is None:
            faults[id_] = NO_STEAM_PRICE
            continue
        else:
            allowed = bounds(one.steam_cents, terms)
            cents = (
                undercut_cents(one.steam_cents, one.lowest_cents, allowed)
                if sent.do == "undercut"
                else part_cents(one.steam_cents, sent.percent, allowed)
            )
        if cents != one.price_cents:
            prices[id_] = cents
    return prices, faults


async def _reprice(
    app: App, me: int, found: Mapping[int, OwnOffer], prices: Mapping[int, int]
) -> tuple[int, dict[int, str]]:
    """Change the prices, seller by seller; how many were changed, and why the others were not."""
    count, faults = 0, dict[int, str]()
    for steamid, ids in _by_seller(found, prices).items():
        try:
            answers = await offers.reprice(app, me, steamid, [Reprice(id_, prices[id_]) for id_ in ids])
        except Refusal as refusal:
            faults |= dict.fromkeys(ids, refusal.sentence)
            continue
        for answer in answers:
            if isinstance(answer, Repriced):
                count += 1
            else:
                faults[answer[0]] = _said(found[answer[0]], answer[1], app)
    return count, faults


def _said(one: OwnOffer, refusal: Refusal, app: App) -> str:
    """Why a price was refused; where it is out of bounds, the bounds."""
    if one.state == "on_sale" and one.steam_cents is not None:
        allowed = bounds(one.steam_cents, price_terms(app.settings))
        return f"It has to be between {usd(allowed.least_cents)} and {usd(allowed.max_cents)}, and not below the owner's floor."
    return refusal.sentence


async def _cancel(
    app: App, me: int, found: Mapping[int, OwnOffer], chosen: Iterable[int]
) -> tuple[int, dict[int, str]]:
    """Take offers off sale, seller by seller; how many are, and why the others are not."""
    count = 0
    faults = {id_: "It is not yours to change." for id_ in chosen if id_ not in found}
    for steamid, ids in _by_seller(found, found).items():
        try:
            ended, others = await offers.cancel(app, me, steamid, ids)
        except Refusal as refusal:
            faults |= dict.fromkeys(ids, refusal.sentence)
            continue
        count += len(ended)
        faults |= {id_: f"It {REASONS.get(reason, reason)}." for id_, reason in others}
    return count, faults


def _by_seller(found: Mapping[int, OwnOffer], ids: Iterable[int]) -> dict[str, list[int]]:
    sellers: dict[str, list[int]] = {}
    for id_ in ids:
        sellers.setdefault(found[id_].seller_steamid, []).append(id_)
    return sellers


async def _page(visit: Visit, asked: Asked, status: int = 200, **said: Any) -> Response:
    app, me = visit.app, visit.signed_in().account_id
    terms, number = price_terms(app.settings), min(max(int(asked.page), 1), own_offers.PAGES_MAX)
    found, has_more = await own_offers.page(
        app.db, me, ended=asked.view == "ended", search=asked.search.strip(), number=number
    )
    in_the_way = await obstacles.of_sellers(
        app, {me, *(id_ for one in found for id_ in (one.seller_id, one.account_id))}
    )
    unread_before = app.real_now() - timedelta(minutes=app.settings.presence_minutes)

    return visit.page(
        "offers.html",
        status,
        part="list",
        offers=found,
        has_more=has_more,
        number=number,
        at=partial(_path, asked),
        asked=asked,
        me=me,
        total=await stats.on_sale(app.db, me),
        hurdles=hurdles(
            one
            for one in in_the_way[me]
            # A program and a trade URL are the owner's, and who sells for others only needs none.
            if one in OF_ACCOUNT or any(each.seller_id == me for each in found)
        ),
        why_not=lambda one: _why_not(one, me, in_the_way, unread_before),
        allowed=lambda one: None if one.steam_cents is None else bounds(one.steam_cents, terms),
        undercut=lambda one: _undercut(one, terms),
        suggested=lambda one: _suggested(one, terms),
        write=write_cents,
        brings=lambda one: net_cents(one.price_cents, terms.fee_bps),
        fee_bps=terms.fee_bps,
        **{"faults": {}, "typed": {}, "lost": (), **said},
    )


def _path(asked: Asked, page: int, **changes: str) -> str:
    """Where a page of the list is."""
    given = {
        "view": asked.view,
        "search": str(asked.search),
        "page": str(page) if page > 1 else "",
        **changes,
    }
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{OFFERS}?{query}" if query else OFFERS


def _why_not(
    one: OwnOffer, me: int, in_the_way: Mapping[int, list[Obstacle]], unread_before: datetime
) -> str:
    """Why nobody can buy this offer now, beside what holds for all of one's own."""
    if one.state != "on_sale":
        return ""
    if one.missing_at is not None:
        return MISSING
    theirs = [] if one.seller_id == me else in_the_way[one.seller_id]
    if one.account_id != me:
        theirs = [*theirs, *(each for each in in_the_way[one.account_id] if each in OF_ACCOUNT)]
    if theirs:
        return f"Nobody can buy it now: {OTHERS[theirs[0]]}."
    # Of a program that is silent it was said already, for all offers together.
    is_unread = one.read_at is None or one.read_at <= unread_before
    return UNREAD if is_unread and not in_the_way[one.seller_id] else ""


def _bounds(one: OwnOffer, terms: PriceTerms) -> Bounds | None:
    return None if one.steam_cents is None else bounds(one.steam_cents, terms)


def _undercut(one: OwnOffer, terms: PriceTerms) -> int:
    allowed = _bounds(one, terms)
    return 0 if allowed is None else undercut_cents(one.steam_cents or 0, one.lowest_cents, allowed)


def _suggested(one: OwnOffer, terms: PriceTerms) -> int:
    allowed = _bounds(one, terms)
    return 0 if allowed is None else suggested_cents(one.steam_cents or 0, allowed)


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of one's own offers."""
    return [Page(app, desk, OFFERS, get=show, post=act)]
