"""What the forms of the payment page send, and what is said where it cannot be done."""

import re
from typing import Literal, Self

import msgspec
from markupsafe import Markup

from tradepost.dialects.fields import AssetId, Id, Project
from tradepost.dialects.web.chosen import SkinSent
from tradepost.dialects.web.pay_till import Till
from tradepost.dialects.web.typed import TOO_LONG
from tradepost.rules.refusals import Malformed, Refusal, SteamUnavailable, TooManyRequests
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


class Sent(msgspec.Struct):
    """What a form of the page asks for."""

    do: Deed
    game: Project | None = None
    items: list[AssetId] = []
    skins: list[SkinSent] = []
    offers: list[Id] = []
    trade_url: TypedUrl | None = None


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
