"""Which Steam offer is a trade's: by partner, exact items and message together, never by one of them alone."""

from collections.abc import Iterable, Sequence

from tradepost.agent.market_wire import Item
from tradepost.agent.steam_answers import Asset, Exchange, SteamOffer


def is_of_trade(offer: SteamOffer, partner_steamid: str, items: Sequence[Item], message: str) -> bool:
    """Say whether an own offer is the one that was asked for: these items, for nothing, to him, so named."""
    return (
        offer.is_ours
        and offer.partner_steamid == partner_steamid
        and offer.message == message
        and not offer.theirs
        and keys_of_assets(offer.mine) == keys_of_items(items)
    )


def is_received_of_trade(offer: SteamOffer, partner_steamid: str, items: Sequence[Item]) -> bool:
    """Say whether an offer that came in is the one that was bought: these items, for nothing, from him."""
    return (
        not offer.is_ours
        and offer.partner_steamid == partner_steamid
        and not offer.mine
        and keys_of_assets(offer.theirs) == keys_of_items(items)
    )


def find(
    offers: Iterable[SteamOffer], partner_steamid: str, items: Sequence[Item], message: str
) -> SteamOffer | None:
    """Return the trade's offer among own ones: where there were several, the newest."""
    found = [offer for offer in offers if is_of_trade(offer, partner_steamid, items, message)]
    return max(found, key=lambda offer: int(offer.id), default=None)


def moved(exchange: Exchange, role: str, items: Sequence[Item]) -> list[Item] | None:
    """Return the trade's items as an exchange moved them, with their new ids; None if it moved others."""
    assets = exchange.mine if role == "seller" else exchange.theirs
    if keys_of_assets(assets) != keys_of_items(items):
        return None
    return [as_item(asset) for asset in assets]


def as_item(asset: Asset) -> Item:
    """An item of Steam's as the market is told of it."""
    return Item(
        appid=asset.appid,
        contextid=asset.contextid,
        assetid=asset.assetid,
        amount=asset.amount,
        new_assetid=asset.new_assetid,
        new_contextid=asset.new_contextid,
    )


def as_asset(item: Item) -> Asset:
    """An item of the market's as Steam is told of it."""
    return Asset(item.appid, item.contextid, item.assetid, item.amount)


def keys_of_items(items: Iterable[Item]) -> list[tuple[int, str, str, int]]:
    """What identifies items, in an order of their own; a list, so that the same item twice is not once."""
    return sorted((item.appid, item.contextid, item.assetid, item.amount) for item in items)


def keys_of_assets(assets: Iterable[Asset]) -> list[tuple[int, str, str, int]]:
    """The same of Steam's assets."""
    return sorted(asset.key for asset in assets)
