"""Offers and trades as the Steam Web API shows them to one of their two parties."""

from tradepost.steam.simulator.descriptions import Json, describe, sample_of
from tradepost.steam.simulator.entities import Asset, Offer, OfferState, Trade, User
from tradepost.steam.simulator.world import World


def is_visible(offer: Offer, viewer: User) -> bool:
    """Whether an account can see an offer: while it awaits its sender's confirmation it is his alone."""
    if viewer.steamid == offer.recipient:
        return offer.state != OfferState.NEEDS_CONFIRMATION
    return viewer.steamid == offer.sender


def shown_offer(world: World, offer: Offer, viewer: User) -> Json:
    """An offer as one of its two parties sees it."""
    is_ours = offer.sender == viewer.steamid
    other = world.users[offer.recipient if is_ours else offer.sender]
    mine, theirs = (offer.give, offer.receive) if is_ours else (offer.receive, offer.give)
    shown: Json = {
        "tradeofferid": str(offer.id),
        "accountid_other": other.accountid,
        "message": offer.message,
        "expiration_time": offer.expires,
        "trade_offer_state": offer.state,
        "is_our_offer": is_ours,
        "time_created": offer.created,
        "time_updated": offer.updated,
        "from_real_time_trade": False,
        "escrow_end_date": offer.escrow_end,
        "confirmation_method": offer.awaiting_method if offer.awaiting == viewer.steamid else 0,
        "eresult": 1,
        "delay_settlement": bool(offer.settlement),
    }
    if mine:
        shown["items_to_give"] = [_offered(world, viewer.steamid, asset) for asset in mine]
    if theirs:
        shown["items_to_receive"] = [_offered(world, other.steamid, asset) for asset in theirs]
    if offer.tradeid:
        shown["tradeid"] = str(offer.tradeid)
    if offer.settlement:
        shown["settlement_date"] = offer.settlement
    return shown


def shown_trade(trade: Trade, viewer: User) -> Json:
    """A row of the trade history as one of its two parties sees it."""
    is_sender = trade.sender == viewer.steamid
    given, received = (trade.give, trade.receive) if is_sender else (trade.receive, trade.give)
    shown: Json = {
        "tradeid": str(trade.id),
        "steamid_other": trade.recipient if is_sender else trade.sender,
        "time_init": trade.time_init,
        "status": trade.status,
    }
    for name, assets in (("assets_received", received), ("assets_given", given)):
        if assets:
            shown[name] = [_traded(asset) for asset in assets]
    # A reversed trade loses time_settlement, and no row has a field that does not apply to it.
    for name, moment in (
        ("time_escrow_end", trade.escrow_end),
        ("time_settlement", trade.settlement),
        ("time_mod", trade.time_mod),
    ):
        if moment:
            shown[name] = moment
    if trade.rollback_of:
        shown["rollback_trade"] = str(trade.rollback_of)
    return shown


def _offered(world: World, owner: str, asset: Asset) -> Json:
    price = world.prices.get((asset.appid, asset.market_hash_name))
    shown = _named(asset) | {
        "missing": world.item_of(owner, asset.appid, asset.contextid, asset.assetid) is None
    }
    return shown | ({"est_usd": str(price.price_cents)} if price else {})


def _traded(asset: Asset) -> Json:
    shown = _named(asset)
    if asset.new_assetid:
        shown |= {"new_assetid": str(asset.new_assetid), "new_contextid": str(asset.new_contextid)}
    return shown


def _named(asset: Asset) -> Json:
    return {
        "appid": asset.appid,
        "contextid": str(asset.contextid),
        "assetid": str(asset.assetid),
        "classid": str(asset.classid),
        "instanceid": str(asset.instanceid),
        "amount": "1",
    }


def descriptions_of(world: World, assets: list[Asset]) -> list[Json]:
    """The description of each class and instance among these assets, once."""
    by_class = {(asset.appid, asset.classid, asset.instanceid): asset for asset in assets}
    return [
        describe(sample_of(asset, world.samples.get((appid, classid))), instanceid)
        for (appid, classid, instanceid), asset in by_class.items()
    ]
