"""The payment page: what a user sees who pays with skins, from the link that a site gave him to the money.

One address a payment, in several languages. Whoever it is for chooses skins, prices them, puts them on sale, and
follows what becomes of them; all of it works by forms alone, and a script makes it quicker. What a form asks for that
cannot be done is said on the page beside it.
"""

from collections.abc import Sequence
from functools import partial

from markupsafe import Markup
from starlette.responses import Response
from starlette.types import ASGIApp

from tradepost.app import App
from tradepost.dialects.edge import note
from tradepost.dialects.pace import Pace
from tradepost.dialects.web import pay_live
from tradepost.dialects.web.chosen import chosen_of, trouble, twice_of, wanted
from tradepost.dialects.web.chosen import picked as picked_of
from tradepost.dialects.web.desk import Desk
from tradepost.dialects.web.pay_forms import Priced, Sent, said
from tradepost.dialects.web.pay_till import Till, open_till, status_of
from tradepost.dialects.web.pieces import Picked, Piece, Use, pieces, why_not
from tradepost.dialects.web.visits import Page, Visit
from tradepost.market import agents, bans, payment_items, users
from tradepost.market.inspection import PaymentShown
from tradepost.market.offers import OFFERS_MAX, price_terms
from tradepost.market.onlookers import Onlookers
from tradepost.rules.games import GAMES
from tradepost.rules.preselection import preselect
from tradepost.rules.refusals import (
    Forbidden,
    Refusal,
    SteamUnavailable,
    TooManyRequests,
    UnknownUser,
)
from tradepost.steam.trade_url import read_trade_url

FIRST_GAME = "csgo"
LOOKS_PER_MINUTE = 60  # at inventories, by one payer; Steam itself is asked once a minute at most
CODES_PER_MINUTE = 10


class PayPage:
    """The payment page of one server."""

    def __init__(self, onlookers: Onlookers) -> None:
        self._looks = Pace(LOOKS_PER_MINUTE)
        self._codes = Pace(CODES_PER_MINUTE)
        self._onlookers = onlookers

    # Seen ----------------------------------------------------------------------------------------------------

    async def show(self, visit: Visit) -> Response:
        """The page: what can be chosen, or what has become of what was chosen."""
        till = await open_till(visit)
        if isinstance(till, Response):
            return till
        return await self._show(till)

    async def live(self, visit: Visit) -> ASGIApp:
        """What changes on the page, as it changes."""
        till = await open_till(visit)
        if isinstance(till, Response):  # a page, for which a script has no use
            return visit.json({"error": "This page is its payer's."}, max(till.status_code, 401))
        return await pay_live.live(self._onlookers, till)

    async def _show(self, till: Till, status: int = 200, **more: str | Markup) -> Response:
        found = await pay_live.shown(till)
        if till.payment.state == "closed":
            return await self._page(till, found, "closed", status)
        if found.skins and till.game is None:
            return await self._page(till, found, "live", status, **more)
        return await self._choose(till, found, status, **more)

    async def _choose(self, till: Till, found: PaymentShown, status: int, **more: str | Markup) -> Response:
        app, game = till.visit.app, till.game or FIRST_GAME
        ban = await bans.current(app.db, till.payer.steamid, "seller", app.now())
        if ban is not None:
            return await self._page(till, found, "banned", 403, banned=till.banned(ban))
        try:
            rows = await self._pieces(till, game)
        except (Forbidden, UnknownUser, SteamUnavailable, TooManyRequests) as refusal:
            why = trouble(till.t, refusal, app.settings, till.payer.steamid)
            return await self._page(till, found, "trouble", status_of(refusal), trouble=why, **more)
        free = [one for one in rows if one.skip is None]
        here = found.credited_cents + found.expected_cents
        chosen = set[str]()
        if till.amount_cents and not found.skins and not more:
            places = preselect([one.net_cents for one in free], till.amount_cents, OFFERS_MAX)
            chosen = {free[place].assetid for place in places}
        return await self._page(
            till, found, "choose", status,
            free=free, fixed=rows[len(free) :], chosen=chosen, before_cents=here, **more,
        )  # fmt: skip

    async def _page(
        self, till: Till, found: PaymentShown, view: str, status: int = 200, **values: object
    ) -> Response:
        how, now = await pay_live.program(till), till.visit.app.now()
        return till.page(
            "pay.html",
            status,
            view=view,
            games=GAMES.values(),
            fee_bps=till.visit.app.settings.fee_bps,
            community=till.visit.app.settings.steam_community_url,
            why_not=why_not,
            none_picked=Picked(),
            **({"game": till.game or FIRST_GAME} | pay_live.values(till, found, how, now) | values),
        )

    async def _pieces(self, till: Till, project: str) -> list[Piece]:
        self._looks.count(till.payer.id, till.visit.app.real_now())
        rows = await payment_items.inventory(till.visit.app, till.payment, project)
        return pieces(rows, price_terms(till.visit.app.settings))

    # Done ----------------------------------------------------------------------------------------------------

    async def act(self, visit: Visit) -> Response:
        """Do what a form of the page asks for; what is wrong with it is said on the page."""
        till = await open_till(visit)
        if isinstance(till, Response):
            return till
        try:
            sent = await visit.form(Sent)
        except Forbidden:  # it is not the form of this sign-in, or not ours at all
            return await self._show(till, 403, problem=till.t("err_form"))
        except Refusal as refusal:
            return await self._refused(till, refusal)
        try:
            match sent.do:
                case "withdraw" | "withdraw_all":
                    return await self._withdraw(till, sent)
                case "trade_url":
                    return await self._keep_trade_url(till, sent)
                case "code":
                    return await self._code(till)
                case deed:
                    return await self._price(till, sent, deed)
        except Refusal as refusal:
            return await self._refused(till, refusal)

    async def _refused(self, till: Till, refusal: Refusal) -> Response:
        note(till.visit.scope).word = type(refusal).__name__
        return await self._show(till, status_of(refusal), problem=said(till, refusal))

    async def _price(self, till: Till, sent: Sent, deed: Priced) -> Response:
        if till.payment.state == "closed":
            return till.visit.redirect(till.url)
        chosen, found, app = (
            chosen_of(sent.skins, sent.game, sent.items),
            await pay_live.shown(till),
            till.visit.app,
        )
        if not chosen:
            return await self._choose(till, found, 422, problem=till.t("err_none"))
        ban = await bans.current(app.db, till.payer.steamid, "seller", app.now())
        if ban is not None:
            return await self._page(till, found, "banned", 403, banned=till.banned(ban))
        use: Use | None = deed if deed in ("suggested", "undercut") else None
        by = None if use is None else partial(Piece.price_cents, use=use)
        picked = await picked_of(till.t, chosen, twice_of(sent.skins), by, partial(self._pieces, till))
        status, problem = 200, Markup("")
        if len(chosen) > OFFERS_MAX:
            status, problem = 422, Markup.escape(till.t("err_many", n=OFFERS_MAX))
        elif deed == "sell" and not picked.is_good:
            status, problem = 422, Markup.escape(till.t("err_marked"))
        elif deed == "sell":
            try:
                await self._put_on_sale(till, picked)
                return till.visit.redirect(till.url)
            except Refusal as refusal:
                note(till.visit.scope).word = type(refusal).__name__
                status, problem = status_of(refusal), said(till, refusal)
        game = next(iter(chosen))[0]
        return await self._page(
            till, found, "prices", status,
            problem=problem, picked=picked, game=game, before_cents=found.credited_cents + found.expected_cents,
        )  # fmt: skip

    async def _put_on_sale(self, till: Till, picked: Picked) -> None:
        await payment_items.put_on_sale(till.visit.app, till.payment, wanted(picked), till.visit.address)

    async def _withdraw(self, till: Till, sent: Sent) -> Response:
        found = await pay_live.shown(till)
        on_sale = [skin.offer_id for skin in found.skins if skin.state == "on_sale"]
        names = {skin.offer_id: skin.market_hash_name for skin in found.skins}
        ids = on_sale if sent.do == "withdraw_all" else [id_ for id_ in sent.offers if id_ in names]
        if not ids:
            return await self._show(till, 422, problem=till.t("err_withdraw_none"))
        _, others = await payment_items.withdraw(till.visit.app, till.payment, ids)
        late = [names[id_] for id_, _ in others]
        if late:
            problem = till.t("err_withdraw", name=", ".join(late))
            return await self._page(till, await pay_live.shown(till), "live", 409, problem=problem)
        return till.visit.redirect(till.url)

    async def _keep_trade_url(self, till: Till, sent: Sent) -> Response:
        given = read_trade_url(sent.trade_url or "")
        fault = (
            till.t("url_wrong")
            if given is None
            else ""
            if given.belongs_to(till.payer.steamid)
            else till.t("url_foreign")
        )
        if given is None or fault:
            return await self._show(till, 422, url_fault=fault, url_typed=sent.trade_url or "")
        async with till.visit.app.db.transaction() as tx:
            await users.set_trade_token(tx, till.payer.id, given.token)
        return till.visit.redirect(till.url if till.game is None else f"{till.url}&game={till.game}")

    async def _code(self, till: Till) -> Response:
        """Make a pairing code, shown this once on a page that waits for the program."""
        app = till.visit.app
        self._codes.count(till.payer.id, app.real_now())
        async with app.db.transaction() as tx:
            code = await agents.make_code(tx, till.payer.id, app.real_now(), app.settings.pairing_minutes)
        return till.page(
            "pay_code.html",
            code=code,
            minutes=app.settings.pairing_minutes,
            simulator=app.settings.steam_control_url,
            **pay_live.values(till, await pay_live.shown(till), await pay_live.program(till), app.now()),
        )


def pages(app: App, desk: Desk, onlookers: Onlookers) -> Sequence[Page]:
    """The payment page, and what keeps it up to date."""
    pay = PayPage(onlookers)
    return [
        Page(app, desk, "/{lang}/pay", get=pay.show, post=pay.act),
        Page(app, desk, "/{lang}/pay/live", get=pay.live),
    ]
