"""Chosen: which items a form names to be put on sale, with the prices that were typed for them."""

from collections.abc import Awaitable, Callable, Iterable

import msgspec

from tradepost.config import Settings
from tradepost.dialects.fields import AssetId, Project
from tradepost.dialects.web.pay_texts import Texts
from tradepost.dialects.web.pieces import Pick, Picked, Piece, pick
from tradepost.dialects.web.typed import TypedPrice
from tradepost.market.offers import Wanted
from tradepost.rules.refusals import Forbidden, Refusal, TooManyRequests


class SkinSent(msgspec.Struct):
    """A skin that was chosen, with the price that was typed."""

    id: AssetId
    game: Project
    price: TypedPrice | None = None


# By game and asset: the price that was typed, or None where there was no field for one.
Chosen = dict[tuple[str, str], TypedPrice | None]


def chosen_of(skins: Iterable[SkinSent], game: Project | None, items: Iterable[AssetId]) -> Chosen:
    """What was chosen: rows with a price field, or boxes that were ticked."""
    chosen: Chosen = {(str(one.game), str(one.id)): one.price or TypedPrice("") for one in skins}
    if not chosen and game is not None:
        chosen = {(str(game), str(assetid)): None for assetid in items}
    return chosen


def twice_of(skins: Iterable[SkinSent]) -> frozenset[tuple[str, str]]:
    """What was sent in two rows with two prices: neither is taken for the other."""
    prices: dict[tuple[str, str], TypedPrice | None] = {}
    return frozenset(
        key
        for one in skins
        for key in [(str(one.game), str(one.id))]
        if prices.setdefault(key, one.price) != one.price
    )


async def picked(
    t: Texts,
    chosen: Chosen,
    twice: frozenset[tuple[str, str]],
    by: Callable[[Piece], int] | None,
    inventory: Callable[[str], Awaitable[list[Piece]]],
) -> Picked:
    """What was chosen, of whatever games, held against the inventory of each."""
    picks, gone = list[Pick](), list[str]()
    for project in dict.fromkeys(project for project, _ in chosen):
        by_id = {one.assetid: one for one in await inventory(project)}
        of_game = {assetid: typed for (game, assetid), typed in chosen.items() if game == project}
        doubled = {assetid for game, assetid in twice if game == project}
        found = pick(t, by_id, of_game, by, doubled)
        picks += found.picks
        gone += found.gone
    return Picked(picks, gone)


def wanted(of: Picked) -> list[Wanted]:
    """What was chosen, as it is put on sale."""
    return [
        Wanted(one.piece.assetid, one.piece.project, one.cents) for one in of.picks if one.cents is not None
    ]


def trouble(t: Texts, refusal: Refusal, settings: Settings, steamid: str) -> tuple[str, str]:
    """Why an inventory cannot be shown, and where that can be changed, if it is its owner's to change."""
    match refusal:
        case Forbidden():
            return t("inventory_private"), f"{settings.steam_community_url}/profiles/{steamid}/edit/settings"
        case TooManyRequests():
            return t("err_pace", n=refusal.retry_after_seconds), ""
        case _:
            return t("inventory_down"), ""
