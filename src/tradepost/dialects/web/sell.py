"""Selling: what one has on Steam is chosen, priced together, and put on sale, all of it or none.

All of it works by forms alone, and the script that the payment page has, too, makes it quicker. What cannot be done is
said on the page beside it. A sale that is sent twice is one: it has a name, made of the page and of what was chosen.
"""

import hashlib
import secrets
from contextlib import suppress
from functools import partial
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from tradepost.app import App
from tradepost.dialects.edge import encode, note
from tradepost.dialects.fields import AssetId, Project
from tradepost.dialects.pace import Pace
from tradepost.dialects.web import pieces as own
from tradepost.dialects.web.chosen import Chosen, SkinSent, chosen_of, picked, trouble, twice_of, wanted
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.labels import say
from tradepost.dialects.web.marks import Mark
from tradepost.dialects.web.pay_forms import TypedUrl
from tradepost.dialects.web.pay_texts import texts
from tradepost.dialects.web.percent import PERCENT_MAX, Percent
from tradepost.dialects.web.pieces import Picked, Piece, why_not
from tradepost.dialects.web.sale_words import URLS, hurdles
from tradepost.dialects.web.visits import STATUSES, Page, Visit
from tradepost.market import (
    idempotency,
    inventories,
    obstacles,
    offers,
    own_offers,
    scans,
    steam_items,
    users,
)
from tradepost.market.idempotency import Claim, Replay
from tradepost.market.obstacles import Obstacle
from tradepost.market.offers import OFFERS_MAX, price_terms
from tradepost.rules.games import GAMES
from tradepost.rules.money import write_shortest
from tradepost.rules.refusals import Malformed, Refusal
from tradepost.steam.trade_url import read_trade_url

SELL, DONE = "/sell", "/sell/done"
FIRST_GAME = "csgo"
LOOKS_PER_MINUTE = 60  # at inventories, by one seller; Steam itself is asked once a minute at most
EN = texts("en")

Deed = Literal["prices", "sums", "suggested", "undercut", "percent", "sell", "trade_url"]


class Asked(msgspec.Struct):
    """The items of which game, and whether Steam is to be asked anew."""

    game: Project = Project(FIRST_GAME)
    fresh: Literal["", "1"] = ""


class Sent(msgspec.Struct):
    """What a form of the page asks for."""

    do: Deed
    mark: Mark = Mark("none")
    game: Project | None = None
    items: list[AssetId] = []
    skins: list[SkinSent] = []
    percent: str = ""
    trade_url: TypedUrl | None = None


class Sold(msgspec.Struct):
    """Which sale is shown."""

    sale: Mark


class SellPage:
    """The page of selling of one server."""

    def __init__(self) -> None:
        self._looks = Pace(LOOKS_PER_MINUTE)

    # Seen ----------------------------------------------------------------------------------------------------

    async def show(self, visit: Visit) -> Response:
        """What can be put on sale of one game."""
        asked = visit.query(Asked)
        if asked.fresh:
            self._looks.count(visit.signed_in().account_id, visit.app.real_now())
            account = await users.by_id(visit.app.db, visit.signed_in().account_id)
            with suppress(Refusal):  # the page that is made now says why
                await scans.look_again(visit.app, account, steam_items.game_of(asked.game))
        return await self._choose(visit, str(asked.game))

    async def _choose(self, visit: Visit, game: str, status: int = 200, **more: Any) -> Response:
        try:
            rows = await self._pieces(visit, game)
        except Malformed:
            raise
        except Refusal as refusal:
            found = trouble(EN, refusal, visit.app.settings, visit.signed_in().steamid)
            status = _status(refusal) if status == 200 else status  # noqa: PLR2004 - unless it is another's already
            return await self._page(visit, game, "trouble", status, trouble=found, **more)
        free = [one for one in rows if one.skip is None]
        return await self._page(
            visit, game, "choose", status, free=free, fixed=rows[len(free) :], chosen=set(), **more
        )

    async def _page(self, visit: Visit, game: str, view: str, status: int = 200, **values: Any) -> Response:
        app = visit.app
        in_the_way = await obstacles.of(app, visit.signed_in().account_id)
        return visit.page(
            "sell.html",
            status,
            view="banned" if {Obstacle.BANNED, Obstacle.FROZEN} & {*in_the_way} else view,
            t=EN,
            games=GAMES.values(),
            game=game,
            mark=secrets.token_urlsafe(12),
            fee_bps=app.settings.fee_bps,
            fee_percent=write_shortest(app.settings.fee_bps),
            most=OFFERS_MAX,
            protection_days=GAMES[game].protection_days,
            hurdles=hurdles(one for one in in_the_way if one not in URLS),
            url_obstacle=next((str(one) for one in in_the_way if one in URLS), ""),
            community=app.settings.steam_community_url,
            none_picked=Picked(),
            why_not=why_not,
            **{"percent": "95", **values},
        )

    async def _pieces(self, visit: Visit, project: str) -> list[Piece]:
        app, visitor = visit.app, visit.signed_in()
        self._looks.count(visitor.account_id, app.real_now())
        rows = await inventories.of(app, visitor.account_id, visitor.steamid, project)
        return own.pieces(rows, price_terms(app.settings))

    # Done ----------------------------------------------------------------------------------------------------

    async def act(self, visit: Visit) -> Response:
        """Do what a form of the page asks for; what is wrong with it is said on the page."""
        sent = await visit.form(Sent)
        game = str(sent.game or FIRST_GAME)
        if sent.do == "trade_url":
            return await self._keep_trade_url(visit, sent, game)
        chosen = chosen_of(sent.skins, sent.game, sent.items)
        if not chosen:
            return await self._choose(visit, game, 422, problem=EN("err_none"))
        if len(chosen) > OFFERS_MAX:
            return await self._choose(visit, game, 422, problem=EN("err_many", n=OFFERS_MAX))
        game, sale = next(iter(chosen))[0], _sale(sent.mark, chosen)
        if sent.do == "sell" and await idempotency.kept(
            visit.app.db, visit.signed_in().account_id, _key(sale)
        ):
            return visit.redirect(f"{DONE}?sale={sale}")  # it was sent twice, and done once
        percent, fault = _percent(sent)
        by = None if fault else _by(sent.do, percent)
        try:
            found = await picked(EN, chosen, twice_of(sent.skins), by, partial(self._pieces, visit))
        except Malformed:
            raise
        except Refusal as refusal:
            note(visit.scope).word = type(refusal).__name__
            why = trouble(EN, refusal, visit.app.settings, visit.signed_in().steamid)
            return await self._page(visit, game, "trouble", _status(refusal), trouble=why)
        shown: dict[str, Any] = {"picked": found, "percent": sent.percent or "95", "percent_fault": fault}
        if fault:
            return await self._page(visit, game, "prices", 422, **shown)
        if sent.do != "sell":
            return await self._page(visit, game, "prices", **shown)
        if not found.is_good:
            return await self._page(visit, game, "prices", 422, problem=EN("err_marked"), **shown)
        try:
            await self._sell(visit, sale, found)
            return visit.redirect(f"{DONE}?sale={sale}")
        except Refusal as refusal:
            note(visit.scope).word = type(refusal).__name__
            return await self._page(visit, game, "prices", _status(refusal), problem=say(refusal), **shown)

    async def _sell(self, visit: Visit, sale: str, found: Picked) -> None:
        """Put it on sale, under the name of the sale."""
        visitor = visit.signed_in()
        claim: Claim[list[int]] = Claim(
            visitor.account_id, _key(sale), bytes.fromhex(sale), lambda ids: (201, encode(ids))
        )
        with suppress(Replay):  # its twin was faster
            await offers.make(visit.app, visitor.account_id, visitor.steamid, wanted(found), claim)

    async def _keep_trade_url(self, visit: Visit, sent: Sent, game: str) -> Response:
        visitor, typed = visit.signed_in(), sent.trade_url or TypedUrl("")
        given = read_trade_url(typed)
        if given is None or not given.belongs_to(visitor.steamid):
            fault = EN("url_wrong") if given is None else EN("url_foreign")
            return await self._choose(visit, game, 422, url_fault=fault, url_typed=typed)
        async with visit.app.db.transaction() as tx:
            await users.set_trade_token(tx, visitor.account_id, given.token)
        return visit.redirect(f"{SELL}?game={game}")


def _by(deed: Deed, percent: int) -> "partial[int] | None":
    """How a button prices all that was chosen; None where the typed prices stay."""
    if deed == "percent":
        return partial(Piece.part_cents, percent=percent)
    return partial(Piece.price_cents, use=deed) if deed in ("suggested", "undercut") else None


def _percent(sent: Sent) -> tuple[int, str]:
    """The percent that were typed, and what is wrong with them where they count."""
    try:
        return Percent.read(sent.percent), ""
    except ValueError:
        is_wanted = sent.do == "percent"
        return 100, f"Enter a whole number from 1 to {PERCENT_MAX}." if is_wanted else ""


def _status(refusal: Refusal) -> int:
    return next(status for kind, status in STATUSES if isinstance(refusal, kind))


def _sale(mark: Mark, chosen: Chosen) -> str:
    """The name of a sale: the same form with the same prices is the same sale."""
    return hashlib.sha256(repr((str(mark), sorted(chosen.items(), key=repr))).encode()).hexdigest()


def _key(sale: str) -> str:
    """The Idempotency-Key of a sale; the space keeps it from meeting one of a program's."""
    return f"sell {sale}"


async def done(visit: Visit) -> Response:
    """What has just been put on sale, however often the page is loaded."""
    asked, me = visit.query(Sold), visit.signed_in().account_id
    kept = await idempotency.kept(visit.app.db, me, _key(asked.sale))
    ids = msgspec.json.decode(kept, type=list[int]) if kept is not None else []
    if not ids:
        return visit.redirect("/offers")
    found = await own_offers.read(visit.app.db, me, ids)
    in_the_way = await obstacles.of(visit.app, me)
    return visit.page(
        "sell_done.html",
        offers=found,
        cents=sum(one.price_cents for one in found),
        hurdles=hurdles(in_the_way),
    )


def pages(app: App, desk: Desk) -> list[Page]:
    """The pages of selling."""
    page = SellPage()
    return [Page(app, desk, SELL, get=page.show, post=page.act), Page(app, desk, DONE, get=done, home=SELL)]
