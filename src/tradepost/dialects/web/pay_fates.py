"""What has become of each skin of a payment, in words for its payer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tradepost.dialects.web.desk import usd
from tradepost.dialects.web.pay_texts import Texts
from tradepost.market.payment_items import Skin

STEPS = 6
# Of each state how far it is (0 where it came to nothing), and the class of its tag.
_STATES = {
    "on_sale": (1, "wait"),
    "sold": (2, "far"),
    "confirm": (2, "wait"),
    "sent": (3, "far"),
    "accepted": (4, "far"),
    "protected": (5, "far"),
    "credited": (STEPS, "good"),
    "withdrawn": (0, ""),
    "ended": (0, "bad"),
    "reversed": (0, "bad"),
}
# The market's own sentences, as far as they are said to a payer in his language; any other is shown as it is.
_ENDED = {
    "The item is not in the seller's tradable inventory any more.": "ended_gone",
    "The item is not in the seller's inventory any more.": "ended_gone",
    "The seller's program did not send the offer in time.": "ended_unsent",
    "The seller did not confirm the offer in time.": "ended_unconfirmed",
    "The owner of the item does not let this merchant act for it any more.": "ended_grant",
    "The seller took his grant back.": "ended_grant",
    "The seller is banned from selling.": "ended_banned",
}
_REVERSED = re.compile(r"The trade was reversed by the (seller|buyer) ")


@dataclass(frozen=True, slots=True)
class Fate:
    """A skin and how it stands."""

    skin: Skin
    name: str
    state: str  # the skin's, or `confirm` where the payer has something to do
    label: str
    tone: str  # the class of its tag
    step: int  # of STEPS; 0 where it came to nothing
    text: str
    is_foreign: bool  # the text is the market's own sentence, in English
    until: datetime | None
    left: str  # until then; nothing where a script fills it in
    said: str  # for who hears the page

    @property
    def can_withdraw(self) -> bool:
        """Whether nobody has bought it."""
        return self.skin.state == "on_sale"


def fates(t: Texts, merchant_name: str, skins: Sequence[Skin], now: datetime | None) -> list[Fate]:
    """How the skins stand, those under way before those that are done; without `now` no time that is left is told."""
    made = [_fate(t, merchant_name, skin, now) for skin in skins]
    return sorted(made, key=lambda one: (one.step in (0, STEPS), one.step == 0, -one.skin.offer_id))


def _fate(t: Texts, merchant_name: str, skin: Skin, now: datetime | None) -> Fate:
    state = "confirm" if skin.to_confirm else skin.state
    until = skin.protected_until if state == "protected" else None
    text, is_foreign = _text(t, merchant_name, skin, state)
    is_early = _is_early(skin, state)
    label, tone = (
        t("state_credited" if is_early else f"state_{state}"),
        "good" if is_early else _STATES[state][1],
    )
    name, step = skin.market_hash_name, _STATES[state][0]
    return Fate(
        skin,
        name,
        state,
        label,
        tone,
        step,
        text,
        is_foreign,
        until,
        left(t, until, now) if until is not None and now is not None else "",
        t("said", name=name, state=label),
    )


def _is_early(skin: Skin, state: str) -> bool:
    """Whether it is credited although it can still be taken back."""
    return state in ("accepted", "protected") and skin.told_at is not None


def _text(t: Texts, merchant_name: str, skin: Skin, state: str) -> tuple[str, bool]:
    if state == "ended":
        said = (skin.explanation or "").removesuffix(" The buyer has his money back.")
        key = _ENDED.get(said)
        return (skin.explanation or "", True) if key is None else (t(key, merchant=merchant_name), False)
    if state == "reversed":
        who = _REVERSED.match(skin.explanation or "")
        how = t(f"more_reversed_{who[1]}" if who else "more_reversed")
        # What was credited early had to be given back; what was not never came.
        money = t("reversed_unpaid" if skin.told_at is None else "reversed_paid", merchant=merchant_name)
        return f"{how} {money}", False
    if _is_early(skin, state):
        return t("more_advanced" if state == "protected" else "more_advanced_accepted"), False
    amount = usd(skin.told_cents if skin.told_cents is not None else skin.net_cents)
    return t(f"more_{state}", merchant=merchant_name, amount=amount), False


def left(t: Texts, until: datetime, now: datetime) -> str:
    """How long it is until a moment; a script of the page says the same, second by second."""
    minutes = max(timedelta(0), until - now) // timedelta(minutes=1)
    if not minutes:
        return t("left_none")
    hours, days = minutes // 60, minutes // 1440
    if days:
        return t("left_days", d=days, h=hours % 24)
    return t("left_hours", h=hours, m=minutes % 60) if hours else t("left_minutes", m=minutes)
