"""The till: one visit to a payment, with all whom it concerns, in the language of the page.

It is opened for the payer alone: whoever else comes, signed in or not, is told what he has to know and no more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from tradepost.dialects.fields import Project
from tradepost.dialects.web.desk import moment
from tradepost.dialects.web.pay_texts import Texts, names, texts
from tradepost.dialects.web.visits import STATUSES, Visit
from tradepost.market import advances, gateways, payments, users
from tradepost.market.bans import Ban
from tradepost.market.gateways import Gateway
from tradepost.market.payments import Payment
from tradepost.market.users import Account
from tradepost.rules.games import GAMES, Game
from tradepost.rules.money import read_cents, write_shortest
from tradepost.rules.payment import TOKEN_CHARS
from tradepost.rules.refusals import Refusal

_TOKEN = re.compile(rf"[0-9a-f]{{{TOKEN_CHARS}}}", re.ASCII)


class LinkToken(str):
    """The token of a payment's link."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The token as it is."""
        if not _TOKEN.fullmatch(text):
            raise ValueError(f"must be the {TOKEN_CHARS} hexadecimal digits of a payment's link")
        return cls(text)


class Asked(msgspec.Struct):
    """Which payment a page is asked for, and the items of which game."""

    token: LinkToken
    game: Project | None = None


@dataclass(frozen=True, slots=True)
class Till:
    """A payment on the page of its payer."""

    visit: Visit
    t: Texts
    payment: Payment
    merchant: Account
    payer: Account
    gateway: Gateway
    is_early: bool  # the merchant is credited at acceptance, as far as his reserve allows
    game: str | None  # whose items are asked for

    @property
    def merchant_name(self) -> str:
        """What the merchant is called."""
        return self.merchant.name or self.t("unnamed", steamid=self.merchant.steamid)

    @property
    def url(self) -> str:
        """The payment's own path in this language."""
        return f"/{self.t.lang}/pay?token={self.payment.token}"

    @property
    def amount_cents(self) -> int:
        """The amount that the shop asks for; 0 where it asks for none."""
        return read_cents(self.payment.amount) or 0

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page of this payment."""
        return page(self.visit, self.t, template, status, till=self, **values)

    def game_line(self, project: str) -> str:
        """When the money for a game's items comes."""
        game = GAMES[project]
        if not game.protection_days:
            return self.t("game_free", game=game.name)
        key = "game_accepted" if self.is_early else "game_protected"
        return self.t(key, game=game.name, days=self.t("days", n=game.protection_days))

    def when_lines(self) -> Sequence[str]:
        """When the money comes, for all games: those that have one protection are named together."""
        by_days: dict[int, list[Game]] = {}
        for game in GAMES.values():
            by_days.setdefault(game.protection_days, []).append(game)
        return [self._when(days, by_days[days]) for days in sorted(by_days, reverse=True)]

    def _when(self, days: int, games: Sequence[Game]) -> str:
        named = ", ".join(game.name for game in games)
        if not days:
            return self.t("when_free", games=named)
        key = "when_accepted" if self.is_early else "when_protected"
        return self.t(key, merchant=self.merchant_name, games=named, days=self.t("days", n=days))

    @property
    def fee_percent(self) -> str:
        """The market's fee in percent."""
        return write_shortest(self.visit.app.settings.fee_bps)

    def banned(self, ban: Ban) -> Markup:
        """Until when the payer cannot sell; why is said in the words of who banned him."""
        until = self.t.markup("err_banned", time=moment(ban.until_at))
        return Markup('{} <span lang="en">{}</span>').format(until, ban.reason)


def language(visit: Visit) -> Texts:
    """The texts of the language that the path names."""
    return texts(visit.params.get("lang", ""))


def page(visit: Visit, t: Texts, template: str, status: int = 200, **values: Any) -> Response:
    """A page in its language, with the way to the others."""
    query = visit.scope["query_string"].decode("latin-1")
    tail = f"/pay?{query}" if visit.here != "/" else "/pay"
    languages = [(lang, name, f"/{lang}{tail}") for lang, name in names().items()]
    return visit.page(template, status, t=t, lang=t.lang, languages=languages, **values)


async def open_till(visit: Visit) -> Till | Response:
    """The payment that is asked for, if its payer asks; for anybody else the page that he gets."""
    t = language(visit)
    try:
        asked = visit.query(Asked)
        payment = await payments.by_token(visit.app.db, asked.token)
    except Refusal:
        payment = None
    if payment is None:
        return page(visit, t, "pay_unknown.html", 404)
    db, known = visit.app.db, visit.visitor
    gateway = await gateways.read(db, payment.account_id)
    assert gateway is not None  # noqa: S101 - a payment's merchant has one, says its foreign key
    merchant, payer = await users.by_id(db, payment.account_id), await users.by_id(db, payment.payer_id)
    is_early = gateway.ipn_on == "accepted" and await advances.free_reserve_cents(db, payment.account_id) > 0
    till = Till(visit, t, payment, merchant, payer, gateway, is_early, asked.game)
    is_form = visit.scope["method"] == "POST"
    if known is None:
        return till.page("pay_intro.html", 401 if is_form else 200)
    if known.account_id != payment.payer_id:
        return till.page("pay_stranger.html", 403)
    return till


def status_of(refusal: Refusal) -> int:
    """With which status a refusal is answered."""
    return next(status for kind, status in STATUSES if isinstance(refusal, kind))
