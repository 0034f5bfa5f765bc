"""What the forms of the payment page send, and what is said where it cannot be done."""

import re
from collections.abc import Iterable
from typing import Literal, Self

import msgspec
from markupsafe import Markup

from tradepost.dialects.fields import AssetId, Id, Project
from tradepost.dialects.web.pay_till import Till
from tradepost.dialects.web.typed import TOO_LONG, TypedPrice
from tradepost.rules.refusals import Forbidden, Malformed, Refusal, SteamUnavailable, TooManyRequests
from tradepost.steam.trade_url import URL_CHARS_MAX

Priced = Literal["prices", "sums", "suggested", "undercut", "sell"]  # deeds about skins that were chosen
Deed = Literal[Priced, "withdraw", "withdraw_all", "trade_url", "code"]


class TypedUrl(str):
    """A trade URL as a person pasted it; whether it is one is said beside the field."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """The text; of one that is absurdly long the beginning, which is then no trade URL either."""
        return cls(text if len(text) <= URL_CHARS_MAX else text[: URL_CHARS_MAX - 1] + TOO_LONG)


# What a person calls a field of a form: the key of its text.
_LABELS = {
    "price": "price",
    "trade_url": "url_label",
    "game": "games",
    "id": "picked",
    "items": "picked",
    "skins": "picked",
    "offers": "live",
}
_PART = re.compile(r"[a-z_]+")


class SkinSent(msgspec.Struct):
    """A skin that was chosen, with the price that was typed."""

    id: AssetId
    game: Project
    price: TypedPrice | None = None


class Sent(msgspec.Struct):
    """What a form of the page asks for."""

    do: Deed
    game: Project | None = None
    items: list[AssetId] = []
    skins: list[SkinSent] = []
    offers: list[Id] = []
    trade_url: TypedUrl | None = None


# By game and asset: the price that was typed, or None where there was no field for one.
Chosen = dict[tuple[str, str], TypedPrice | None]


def chosen_of(sent: Sent) -> Chosen:
    """What was chosen: rows with a price field, or boxes that were ticked."""
    rows: Iterable[SkinSent] = sent.skins
    chosen: Chosen = {(str(one.game), str(one.id)): one.price or TypedPrice("") for one in rows}
    if not chosen and sent.game is not None:
        chosen = {(str(sent.game), str(assetid)): None for assetid in sent.items}
    return chosen


def twice_of(sent: Sent) -> frozenset[tuple[str, str]]:
    """What was sent in two rows with two prices: neither is taken for the other."""
    prices: dict[tuple[str, str], TypedPrice | None] = {}
    rows: Iterable[SkinSent] = sent.skins
    return frozenset(
        key
        for one in rows
        for key in [(str(one.game), str(one.id))]
        if prices.setdefault(key, one.price) != one.price
    )


def trouble_of(till: Till, refusal: Refusal) -> tuple[str, str]:
    """Why an inventory cannot be shown, and where that can be changed, if it is the payer's to change."""
    match refusal:
        case Forbidden():
            steam = till.visit.app.settings.steam_community_url
            return till.t("inventory_private"), f"{steam}/profiles/{till.payer.steamid}/edit/settings"
        case TooManyRequests():
            return till.t("err_pace", n=refusal.retry_after_seconds), ""
        case _:
            return till.t("inventory_down"), ""


def _label(till: Till, field: str) -> str:
    parts = _PART.findall(field)
    key = next((_LABELS[part] for part in reversed(parts) if part in _LABELS), None)
    return till.t(key) if key else field


def said(till: Till, refusal: Refusal) -> Markup:
    """A refusal in the language of the page, as far as it has words for it; else what the market says."""
    t = till.t
    match refusal:
        case TooManyRequests():
            return Markup.escape(t("err_pace", n=refusal.retry_after_seconds))
        case Malformed():
            return Markup.escape(t("err_field", field=_label(till, refusal.field)))
        case SteamUnavailable():
            return Markup.escape(t("inventory_down"))
        case _:
            market = Markup('{} <span lang="en">{}</span>')
            return market.format(t("err_refused"), refusal.sentence)
