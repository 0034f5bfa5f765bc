"""An offer: what it is, what buying it takes and leads to, and buying it, once however often its button is pressed."""

import hashlib
import secrets
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.db import DatabaseBusy, DatabaseGone
from tradepost.dialects.fields import ID_MAX, Flag, Id, Price
from tradepost.dialects.measures import buys
from tradepost.dialects.web import offer_needs
from tradepost.dialects.web.desk import Desk, usd
from tradepost.dialects.web.item_views import Shown, certificate_facts, similar
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.order_deeds import ADDED
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import (
    buying,
    idempotency,
    offers,
    profiles,
    steam_items,
    switches,
    trade_urls,
    trades,
    users,
)
from tradepost.market.offers import Offer
from tradepost.market.trades import Buy
from tradepost.rules.games import GAMES
from tradepost.rules.money import write_cents
from tradepost.rules.refusals import Conflicting, Dearer, Malformed, NotFound, Refusal
from tradepost.steam.trade_url import URL_CHARS_MAX, read_trade_url

PATH = "/market/offer/{id}"
GONE = 410


class TypedUrl(str):
    """A trade URL as somebody pasted it; whether it is one is said beside it."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> "TypedUrl":
        """The text, cut where no trade URL is as long."""
        return cls(text[: URL_CHARS_MAX + 1])


class OfferAsked(msgspec.Struct):
    """Which offer, whether its buyer is about to pay, and what was just done for that."""

    id: Id
    buy: Flag = Flag(0)
    done: Literal["played"] | None = None


class OfferSent(msgspec.Struct):
    """What is done about an offer: buy it at the price that was shown, or give one's trade URL first."""

    id: Id
    do: Literal["buy", "trade_url"]
    price: Price | None = None
    mark: Mark | None = None
    trade_url: TypedUrl | None = None


async def show(visit: Visit) -> Response:
    """An offer, and what buying it takes."""
    asked = visit.query(OfferAsked)
    return await _show(
        visit, await _offer(visit, asked.id), confirm=bool(asked.buy), done=ADDED if asked.done else ""
    )


async def act(visit: Visit) -> Response:
    """Buy the offer, or keep the visitor's trade URL."""
    sent = await visit.form(OfferSent)
    if sent.do == "trade_url":
        return await _keep_trade_url(visit, await _offer(visit, sent.id), sent.trade_url or "")
    if sent.price is None or sent.mark is None:
        raise Malformed("price" if sent.price is None else "mark", "is missing")
    try:
        trade_id = await _buy(visit, sent.id, sent.price, sent.mark)
    except NotFound:
        return await _show(visit, await _offer(visit, sent.id), status=409, was_late=True)
    except Dearer:
        offer = await _offer(visit, sent.id)
        problem = f"The price changed from {usd(sent.price)} to {usd(offer.price_cents)} while you looked. Nothing was bought."
        return await _show(visit, offer, status=409, confirm=True, problem=problem)
    except Refusal as refusal:
        return await _show(visit, await _offer(visit, sent.id), status=409, problem=say(refusal))
    return visit.redirect(f"/trades/{trade_id}")


async def _buy(visit: Visit, offer_id: int, price_cents: int, mark: str) -> int:
    """Buy at this price or less; the same form again is the same purchase."""
    app, visitor = visit.app, visit.signed_in()
    result = "internal_error"
    key = f"page {mark}"  # a space: no header of a program can carry this key
    try:
        account = await users.by_id(app.db, visitor.account_id)
        if not await idempotency.bought_before(app.db, account.id, key):
            await switches.refuse_if_off(app, "buying")
        if account.trade_token is None:
            raise Conflicting("Give your trade URL first: the item is sent there.")
        parts = [int(offer_id), account.id, int(price_cents), str(mark)]
        bought = await trades.buy(
            app,
            Buy(
                buyer_id=account.id,
                offer_id=min(offer_id, ID_MAX),
                steamid=account.steamid,
                trade_token=account.trade_token,
                ceiling_cents=price_cents,
                custom_id=None,
                idempotency_key=key,
                digest=hashlib.sha256(msgspec.json.encode(parts)).digest(),
            ),
        )
        result = "bought"
    except Refusal:
        result = "refused"
        raise
    except (DatabaseGone, DatabaseBusy):
        result = "disabled"
        raise
    finally:
        buys(result).inc()
    return bought.id


async def _keep_trade_url(visit: Visit, offer: Offer, typed: str) -> Response:
    visitor, url = visit.signed_in(), read_trade_url(typed)
    account = await users.by_id(visit.app.db, visitor.account_id)
    if (
        account.trade_token is not None
    ):  # another one is given in the account, where it has to be proven who one is
        return visit.redirect(PATH.format(id=offer.id))
    fault = "Paste the whole address, as Steam shows it: it begins with https://steamcommunity.com/tradeoffer/new/"
    if url is not None:
        try:
            await trade_urls.keep(visit.app, account.id, url)
            return visit.redirect(f"{PATH.format(id=offer.id)}?buy=1")
        except Refusal as refusal:
            fault = say(refusal)
    return await _show(visit, offer, status=422, url_fault=fault, url_typed=typed)


async def _offer(visit: Visit, offer_id: int) -> Offer:
    offer = await offers.by_id(visit.app.db, min(int(offer_id), ID_MAX))
    if offer is None:
        raise NotFound("There was never an offer of this number. Perhaps the link was cut off.")
    return offer


async def _show(
    visit: Visit,
    offer: Offer,
    *,
    status: int = 0,
    confirm: bool = False,
    was_late: bool = False,
    **more: Any,
) -> Response:
    app, settings, visitor = visit.app, visit.app.settings, visit.visitor
    item = await steam_items.by_id(app.db, offer.steam_item_id)
    if item is None:
        raise NotFound
    shown = Shown.of(item)
    others = await similar(app, item, own_name=True, without=offer.id)
    if offer.state != "on_sale":
        trade_id = None if visitor is None else await buying.trade_of(app.db, visitor.account_id, offer.id)
        gone: dict[str, Any] = {
            "item": shown,
            "offer": offer,
            "others": others,
            "trade_id": trade_id,
            "was_late": was_late,
            "done": more.get("done", ""),
        }
        return visit.page("offer_gone.html", status or GONE, **gone)
    needs = None if visitor is None else await offer_needs.of(app, visitor, offer)
    values: dict[str, Any] = {
        "item": shown,
        "offer": offer,
        "game": GAMES[offer.project],
        "needs": needs,
        "hurdles": needs.hurdles if needs else await offer_needs.of_nobody(app, offer),
        "seller": await profiles.seller(app.db, offer.seller_id),
        "confirm": confirm and needs is not None and needs.is_ready,
        "mark": secrets.token_urlsafe(16),
        "price": write_cents(offer.price_cents),
        "missing": write_cents(needs.missing_cents) if needs else "",
        "minutes": (settings.send_minutes, settings.accept_minutes),
        "certificate": certificate_facts(offer.certificate),
        "others": others,
        **more,
    }
    return visit.page("offer.html", status or 200, part="till", **values)


def pages(app: App, desk: Desk) -> list[Page]:
    """The page of an offer."""
    return [Page(app, desk, PATH, get=show, post=act)]
